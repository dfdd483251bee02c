//! Dated copies of the state, made after passes by a task of their own: however slow or full their disk is, no pass waits for
//! it, and of what it missed it is asked for the newest.
//!
//! A state that has to prove itself is not copied, and nothing is removed for its sake: it may stand in the place of one that was
//! lost, which comes back from the very copies that would go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::copies::{Copies, Kept, stage};
use crate::store::{Store, StoreError, mark};

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
    wanted: Option<Wanted>,
}

#[derive(Debug, Clone)]
struct Wanted {
    plan: Plan,
    copies: Copies,
    /// Whether the state has proved itself.
    is_proved: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    number: u64,
    fails: Option<bool>,
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
        let is_proved = mark::adoption(store.connection()).await?.is_none();
        self.asked.send_modify(|asked| {
            asked.number += 1;
            asked.wanted = Some(Wanted { plan: plan.clone(), copies, is_proved });
        });
        Ok(())
    }

    /// Whether the last one that was due could not be made; `None` where that cannot be told: before the first was looked after,
    /// and while the state has to prove itself.
    pub fn fails(&self) -> Option<bool> {
        self.told.borrow().fails
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
    /// None is, until the state has proved itself.
    Unproved,
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
    let mut stand = Stand::default();
    while heard.changed().await.is_ok() {
        let Asked { number, wanted } = heard.borrow_and_update().clone();
        if let Some(wanted) = wanted {
            let outcome = make_if_due(&state, wanted, clock.now()).await;
            tell(&outcome, &mut stand);
            if let Some(metrics) = &metrics {
                let newest = outcome.as_ref().ok().and_then(|(kept, _)| kept.newest);
                metrics.backup(newest, stand.fails == Some(true));
            }
        }
        tells.send_replace(Told { number, fails: stand.fails });
    }
}

/// What there is then, and what it came to.
async fn make_if_due(state: &Path, wanted: Wanted, now: DateTime<Utc>) -> Result<(Kept, Came), StoreError> {
    let Wanted { plan, copies, is_proved } = wanted;
    let kept = on_disk(&plan.folder, {
        let copies = copies.clone();
        move || copies.kept(now)
    })
    .await?;
    if !is_proved {
        return Ok((kept, Came::Unproved));
    }
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
    if !staged.is_proved {
        return Ok((kept, Came::Unproved));
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

/// What was told.
#[derive(Debug, Default)]
struct Stand {
    /// Whether the last copy that was due could not be made.
    fails: Option<bool>,
    /// That none is made until the state has proved itself.
    is_put_off: bool,
}

/// Told once where it begins to fail, and when it is well again: also where none is due any more, by another plan.
fn tell(outcome: &Result<(Kept, Came), StoreError>, stand: &mut Stand) {
    match outcome {
        Ok((_, Came::Later)) => {}
        Ok((kept, Came::Unproved)) => {
            stand.fails = None;
            if !std::mem::replace(&mut stand.is_put_off, true) {
                info!(
                    backup.kept = kept.count,
                    "the state has to prove itself: no copy of it is made, and none is removed ({} are there), until a plan of it \
                     was allowed and carried out",
                    kept.count
                );
            }
        }
        Ok((_, Came::NotDue)) => {
            stand.is_put_off = false;
            if stand.fails.replace(false) == Some(true) {
                info!("no copy of the state is due any more");
            }
        }
        Ok((kept, Came::Made { path, bytes })) => {
            stand.is_put_off = false;
            if stand.fails.replace(false) == Some(true) {
                info!("copies of the state are made again");
            }
            let (path, kept) = (path.display(), kept.count);
            info!(backup.bytes = bytes, backup.kept = kept, "a copy of the state was made: {path} ({bytes} bytes)");
        }
        Err(error) if stand.fails.replace(true) != Some(true) => {
            warn!("no copy of the state can be made, it is tried again after each pass: {error}");
        }
        Err(error) => debug!("still no copy of the state can be made: {error}"),
    }
}
