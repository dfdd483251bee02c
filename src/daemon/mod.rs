//! The long-running service: passes on a schedule, woken by signals, watched by systemd.
//!
//! The [`schedule`] and the [`quarantine`] are pure; [`signals`], [`systemd`] and the [`control`] socket are the edges. What
//! runs is told when to stop: the caller injects the shutdown.

pub mod schedule;
pub mod control;
pub mod quarantine;
pub mod signals;
pub mod systemd;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::domain::safety::RefusalName;
use crate::store::quarantine::Fails;
use crate::store::{Store, StoreError};
use crate::sync::apply::Sinks;
use crate::sync::pass::{self, Ending, Report, Request};
use crate::sync::{PassError, World};
use control::{Hurry, Inbox};
use quarantine::{News, Quarantine};
use schedule::{After, Schedule};
use systemd::Notifier;

/// What the daemon is given.
#[derive(Debug)]
pub struct Daemon<'a> {
    /// Sources, rules, time.
    pub world: World<'a>,
    /// The systems, to be written.
    pub sinks: Sinks<'a>,
    /// When passes run.
    pub schedule: Schedule,
    /// How long a pass that is told to stop may go on.
    pub stop_within: Duration,
    /// What is allowed for the first pass.
    pub allow: BTreeSet<RefusalName>,
    /// Who is told how it goes.
    pub notifier: Notifier,
    /// What people ask for meanwhile.
    pub inbox: Inbox<'a>,
}

/// Runs passes until `stop`; `wake` starts one at once.
pub async fn run(
    mut daemon: Daemon<'_>,
    mut store: Store,
    stop: &CancellationToken,
    wake: &Arc<Notify>,
) -> Result<(), PassError> {
    let clock = daemon.world.clock;
    let known = crate::store::quarantine::load(store.connection()).await?;
    let mut quarantine = Quarantine::after_a_start(known, clock.now());
    keep(&mut store, &quarantine, &[]).await?;
    let mut complete = last_complete_is_old(&mut store, clock, &daemon.schedule).await?;
    daemon.notifier.ready();
    while !stop.is_cancelled() {
        daemon.inbox.take_up(&mut store).await;
        daemon.notifier.status("a pass is under way");
        let request = daemon.inbox.request(Request { complete, allow: std::mem::take(&mut daemon.allow) });
        let Some((returned, outcome)) = bounded(&daemon, store, request, stop).await else {
            warn!("the pass did not stop in time and was left; the next start recovers it");
            return Ok(());
        };
        store = returned;
        daemon.inbox.passed(&mut store, &outcome).await;
        let after = match outcome {
            Ok(report) => {
                let news = quarantine::ended(&mut quarantine, &report, &daemon.schedule, clock.now());
                keep(&mut store, &quarantine, &news).await?;
                tell(daemon.notifier, &report);
                if report.complete && report.ending != Ending::Refused {
                    daemon.schedule.completed(clock.elapsed());
                }
                if report.more && report.ending == Ending::Applied { After::Again } else { After::Passed }
            }
            Err(PassError::Stopped) => break,
            Err(error @ PassError::Store(_)) => return Err(error),
            Err(error) => {
                let (after, news) = quarantine.failed(&error, &daemon.schedule, clock.now());
                keep(&mut store, &quarantine, &news).await?;
                daemon.notifier.status(&format!("trying again, slower: {error}"));
                after
            }
        };
        let wait = daemon.schedule.wait(after, clock.elapsed(), fastrand::f64());
        complete = wait.complete;
        if daemon.inbox.is_waited_for() {
            // Somebody waits for the end of what the pass left due.
            continue;
        }
        let is_well = quarantine.sides().is_empty();
        let mut beat = clock.sleep(wait.time);
        loop {
            tokio::select! {
                () = &mut beat => break,
                () = wake.notified() => {
                    info!("woken: a pass begins at once");
                    quarantine.hurry(clock.now());
                    keep(&mut store, &quarantine, &[]).await?;
                    break;
                }
                () = stop.cancelled() => break,
                () = daemon.inbox.arrived() => match daemon.inbox.take_up(&mut store).await {
                    Hurry::Pass => {
                        quarantine.hurry(clock.now());
                        keep(&mut store, &quarantine, &[]).await?;
                        break;
                    }
                    // A side that fails is not asked sooner because of a decision.
                    Hurry::Decided if is_well => beat = clock.sleep(schedule::AGAIN),
                    Hurry::Decided | Hurry::None => {}
                },
            }
        }
    }
    daemon.notifier.stopping();
    store.close().await?;
    Ok(())
}

/// A pass that is told to stop ends at the next group; one that does not within the bound is dropped, and recovered later.
async fn bounded(
    daemon: &Daemon<'_>,
    store: Store,
    request: Request,
    stop: &CancellationToken,
) -> Option<(Store, Result<Report, PassError>)> {
    let overdue = async {
        stop.cancelled().await;
        daemon.world.clock.sleep(daemon.stop_within).await;
    };
    tokio::select! {
        ended = pass::run(daemon.world, daemon.sinks, store, request, stop) => Some(ended),
        () = overdue => None,
    }
}

async fn last_complete_is_old(store: &mut Store, clock: &dyn Clock, schedule: &Schedule) -> Result<bool, PassError> {
    let last = crate::store::pass::last_whole(store.connection()).await?;
    let slow = chrono::TimeDelta::from_std(schedule.slow_interval).unwrap_or(chrono::TimeDelta::MAX);
    Ok(last.is_none_or(|at| clock.now() - at >= slow))
}

/// One line for `systemctl status`.
fn tell(notifier: Notifier, report: &Report) {
    let (conflicts, questions, failures) = report.waiting;
    let waits = format!("{conflicts} conflicts, {questions} questions, {failures} failures wait");
    for refusal in &report.refusals {
        warn!(refusal.name = refusal.name.as_str(), "the plan was refused: {}", refusal.message);
    }
    let status = match report.ending {
        Ending::Refused => {
            let names: Vec<&str> = report.refusals.iter().map(|refusal| refusal.name.as_str()).collect();
            format!("pass {} was refused ({}): see `diff`, then allow it; {waits}", report.pass, names.join(", "))
        }
        Ending::Applied | Ending::Partly | Ending::Planned => {
            format!("idle; pass {}: {} written, {waits}", report.pass, report.written)
        }
    };
    notifier.status(&status);
}

/// Keeps which sides fail, and tells what is new about them.
async fn keep(store: &mut Store, quarantine: &Quarantine, news: &[News]) -> Result<(), StoreError> {
    crate::store::quarantine::save(store.connection(), quarantine.sides()).await?;
    for news in news {
        match news {
            News::Ill { side, illness } => {
                let what = match illness.fails {
                    Fails::Reading => "no pass can be made",
                    Fails::Writing => "records wait to be written to it",
                };
                error!(
                    side.name = side.as_str(),
                    "{what} until it is well, it is tried ever more slowly: {}", illness.words
                );
            }
            News::Well { side, illness } => {
                info!(side.name = side.as_str(), side.failures = illness.times, "{side} is well again");
            }
        }
    }
    Ok(())
}
