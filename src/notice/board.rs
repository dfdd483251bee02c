//! Where it is put up how things stand, and the task that has it brought to people.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::carrier::Carrier;
use super::letter::Tally;
use super::memory::File;
use super::post;
use super::topic::{Standing, Topic};
use crate::clock::Clock;
use crate::daemon::schedule::ticks::Ticks;

/// How long may the last notices take when the daemon stops? Its own stop must not be held up.
pub(crate) const LAST: Duration = Duration::from_secs(15);

/// What a board is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who tells it.
    pub name: String,
    /// Who brings it.
    pub carriers: Vec<Arc<dyn Carrier>>,
    /// When a digest goes out; never without.
    pub digest: Option<Ticks>,
    /// The state, beside which it is remembered what was told.
    pub state: PathBuf,
}

/// How things stand, for whoever brings it to people.
#[derive(Debug)]
pub struct Board {
    posted: watch::Sender<Posted>,
    task: JoinHandle<()>,
    clock: Arc<dyn Clock>,
}

/// What is put up.
#[derive(Debug, Clone, Default)]
pub(super) struct Posted {
    /// What needs a person; nothing is known before the first pass.
    pub(super) standing: Option<Standing>,
    /// Of this it is not known: it stands for people as they were told last.
    pub(super) unknown: BTreeSet<Topic>,
    /// Why the daemon stopped, in a word.
    pub(super) stopped: Option<String>,
    /// What passes did since the board was opened.
    pub(super) tally: Tally,
}

impl Board {
    /// Opens a board, and has what is put up brought to people from now on.
    pub fn open(plan: Plan, clock: Arc<dyn Clock>) -> Self {
        Self::after(None, plan, clock)
    }

    /// The same in the place of another one, which has its rest brought before: both remember what was told in one file. Nobody
    /// waits for that.
    pub fn after(before: Option<Self>, plan: Plan, clock: Arc<dyn Clock>) -> Self {
        let (posted, heard) = watch::channel(Posted::default());
        let file = File::beside(&plan.state);
        let its_clock = Arc::clone(&clock);
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                before.close().await;
            }
            post::deliver(plan, file, heard, its_clock).await;
        });
        Self { posted, task, clock }
    }

    /// What was put up last.
    pub fn standing(&self) -> Standing {
        self.posted.borrow().standing.clone().unwrap_or_default()
    }

    /// This is how things stand but for what is not known, and what was done since it was last put up. Waits for nobody.
    pub fn post(&self, standing: Standing, unknown: BTreeSet<Topic>, done: Tally) {
        self.posted.send_modify(|posted| {
            posted.standing = Some(standing);
            posted.unknown = unknown;
            posted.tally = posted.tally.and(done);
        });
    }

    /// The daemon stops by an error, named in a word of ours.
    pub fn stopped(&self, why: &str) {
        self.posted.send_modify(|posted| posted.stopped = Some(why.to_owned()));
    }

    /// Has the rest brought, for as long as a stop may take.
    pub async fn close(self) {
        let Self { posted, mut task, clock } = self;
        drop(posted);
        tokio::select! {
            _ = &mut task => {}
            () = clock.sleep(LAST) => {
                tracing::warn!("the last notices were not sent in time; they are sent after the next start");
                task.abort();
            }
        }
    }
}
