//! Dated copies of the state, made after passes by a task of their own: however slow or full their disk is, no pass waits for
//! it, and of what it missed it is asked for the newest.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::copies::{Copies, Kept, stage};
use crate::store::{Store, StoreError};

/// Which copies are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The folder that they are put into.
    pub folder: PathBuf,
    /// How old the newest one is at least, when another one is made.
    pub every: Duration,
    /// How many there are at most.
    pub keep: usize,
}

/// Whoever makes the copies. It outlives a configuration.
#[derive(Debug)]
pub struct Backups {
    asked: watch::Sender<Asked>,
    told: watch::Receiver<Told>,
}

/// What is asked for: copies by this plan, if one is due.
#[derive(Debug, Clone, Default)]
struct Asked {
    number: u64,
    wanted: Option<(Plan, Copies)>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    number: u64,
    fails: bool,
}

impl Backups {
    /// Waits for passes to end.
    pub fn start(state: PathBuf, metrics: Option<Arc<Metrics>>, clock: Arc<dyn Clock>) -> Self {
        let (asked, heard) = watch::channel(Asked::default());
        let (tells, told) = watch::channel(Told::default());
        tokio::spawn(make(state, heard, tells, metrics, clock));
        Self { asked, told }
    }

    /// A pass ended: if a copy is due, it is made from now on. Waits for nothing of it.
    pub async fn passed(&self, plan: &Plan, store: &mut Store) -> Result<(), StoreError> {
        let copies = Copies::of(&plan.folder, store.connection()).await?;
        self.asked.send_modify(|asked| {
            asked.number += 1;
            asked.wanted = Some((plan.clone(), copies));
        });
        Ok(())
    }

    /// Whether the last one that was due could not be made; `None` before the first was asked for and looked after.
    pub fn fails(&self) -> Option<bool> {
        let told = *self.told.borrow();
        (told.number > 0).then_some(told.fails)
    }

    /// Returns when what was asked for is done.
    pub async fn rest(&self) {
        let number = self.asked.borrow().number;
        // Whoever makes them goes only with the runtime.
        let _ = self.told.clone().wait_for(|told| told.number >= number).await;
    }
}

/// What a look came to.
#[derive(Debug)]
enum Came {
    /// The newest copy is as new as it has to be.
    NotDue,
    /// It is made after the next pass.
    Later,
    /// A copy was made.
    Made { path: PathBuf, bytes: u64 },
}

async fn make(
    state: PathBuf,
    mut heard: watch::Receiver<Asked>,
    tells: watch::Sender<Told>,
    metrics: Option<Arc<Metrics>>,
    clock: Arc<dyn Clock>,
) {
    let mut fails = false;
    while heard.changed().await.is_ok() {
        let Asked { number, wanted } = heard.borrow_and_update().clone();
        if let Some((plan, copies)) = wanted {
            let outcome = make_if_due(&state, &plan, copies, clock.now()).await;
            tell(&outcome, &mut fails);
            if let Some(metrics) = &metrics {
                metrics.backup(outcome.as_ref().ok().and_then(|(kept, _)| kept.newest), fails);
            }
        }
        tells.send_replace(Told { number, fails });
    }
}

/// What there is then, and what it came to.
async fn make_if_due(
    state: &Path,
    plan: &Plan,
    copies: Copies,
    now: DateTime<Utc>,
) -> Result<(Kept, Came), StoreError> {
    let kept = on_disk(&plan.folder, {
        let copies = copies.clone();
        move || copies.kept(now)
    })
    .await?;
    let every = TimeDelta::from_std(plan.every).unwrap_or(TimeDelta::MAX);
    if kept.newest.is_some_and(|newest| now - newest < every) {
        return Ok((kept, Came::NotDue));
    }
    let staged = stage(state).await?;
    if staged.is_of_a_pass {
        // It shows intents that the pass is about to close. The end of that pass asks again.
        debug!("a pass began before the copy of the state; it is made after that");
        return Ok((kept, Came::Later));
    }
    let (bytes, keep) = (staged.bytes, plan.keep);
    let placed = tokio::task::spawn_blocking(move || {
        let path = copies.put(&staged, now)?;
        let pruned = copies.prune(keep, now).and_then(|()| copies.kept(now));
        pruned.map(|kept| (kept, path.clone())).map_err(|error| unwritten(&path, &error))
    });
    let (kept, path) = placed.await.unwrap_or_else(|error| Err(unwritten(&plan.folder, &error.into())))?;
    Ok((kept, Came::Made { path, bytes }))
}

async fn on_disk<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.into()));
    done.map_err(|error| unwritten(folder, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::File { path: path.to_path_buf(), message: error.to_string() }
}

/// Told once where it begins to fail, and when it is well again: also where none is due any more, by another plan.
fn tell(outcome: &Result<(Kept, Came), StoreError>, fails: &mut bool) {
    match outcome {
        Ok((_, Came::Later)) => {}
        Ok((_, Came::NotDue)) => {
            if std::mem::take(fails) {
                info!("no copy of the state is due any more");
            }
        }
        Ok((kept, Came::Made { path, bytes })) => {
            if std::mem::take(fails) {
                info!("copies of the state are made again");
            }
            let (path, kept) = (path.display(), kept.count);
            info!(backup.bytes = bytes, backup.kept = kept, "a copy of the state was made: {path} ({bytes} bytes)");
        }
        Err(error) if !std::mem::replace(fails, true) => {
            warn!("no copy of the state can be made, it is tried again after each pass: {error}");
        }
        Err(error) => debug!("still no copy of the state can be made: {error}"),
    }
}
