//! The long-running service: passes on a schedule, woken by signals, watched by systemd.
//!
//! The [`schedule`] and the [`quarantine`] are pure; [`signals`], [`systemd`] and the [`control`] socket are the edges. What
//! runs is told when to stop: the caller injects the shutdown.

pub mod schedule;
mod pulse;
pub mod control;
pub mod quarantine;
pub mod signals;
pub mod systemd;
pub mod hints;
pub mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::domain::hint::Hint;
use crate::domain::safety::RefusalName;
use crate::store::quarantine::Fails;
use crate::store::{Store, StoreError};
use crate::sync::apply::Sinks;
use crate::sync::pass::{self, Ending, Report, Request};
use crate::sync::{PassError, World};
use control::{Hurry, Inbox, Post};
use hints::pace::Pace;
use pulse::Pulse;
use quarantine::{News, Quarantine};
use schedule::{After, Schedule, Wait};
use systemd::Notifier;
use watch::Watch;

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
    /// Who looks at it from outside, and hints at records; nobody where nothing is served.
    pub watch: Option<Watch>,
    /// Reads the configuration again; without it a wake is a wake and nothing more.
    pub reload: Option<&'a dyn Reload>,
}

/// Reads the configuration again.
pub trait Reload: std::fmt::Debug {
    /// Makes ready what another configuration asks for. Fails with what is wrong with it, in lines for people; then
    /// everything stays as it is.
    fn reload(&self) -> Result<(), String>;
}

/// Why [`run`] came back.
#[derive(Debug)]
pub enum Ended {
    /// It was told to stop. The state is closed, unless a pass had to be dropped.
    Stopped,
    /// Another configuration stands ready: who started it goes on with that.
    Reloaded(Box<Handed>),
}

/// What outlives a configuration.
#[derive(Debug)]
pub struct Handed {
    /// The state.
    pub store: Store,
    /// What people asked for.
    pub post: Post,
}

/// Runs passes until `stop`; `wake` reads the configuration again and starts a pass at once.
#[expect(
    clippy::too_many_lines,
    reason = "one loop, from a pass to the wait for the next one, that is read from the top"
)]
pub async fn run(
    mut daemon: Daemon<'_>,
    mut store: Store,
    stop: &CancellationToken,
    wake: &Arc<Notify>,
) -> Result<Ended, PassError> {
    let clock = daemon.world.clock;
    let watch = daemon.watch.clone();
    let pulse = Pulse::new(daemon.notifier, watch.clone(), clock, daemon.world.progress);
    daemon.world.progress = &pulse;
    let known = crate::store::quarantine::load(store.connection()).await?;
    let mut quarantine = Quarantine::after_a_start(known, clock.now());
    keep(&mut store, &quarantine, &[]).await?;
    let mut pace = Pace::default();
    // The hints that the next pass is about; none where it walks.
    let mut about: Option<BTreeSet<Hint>> = None;
    // Whether the last plan was accepted: hints do not have a refused one made again and again.
    let mut is_open = false;
    let mut beat_at = clock.elapsed();
    let mut complete = last_complete_is_old(&mut store, clock, &daemon.schedule).await?;
    daemon.notifier.ready();
    while !stop.is_cancelled() {
        if daemon.inbox.take_up(&mut store).await == Hurry::Pass {
            about = None;
        }
        pulse.begins();
        let begun = clock.elapsed();
        let asks = if let Some(hints) = about.take() {
            Asks::Hinted(hints)
        } else {
            let request = Request { complete, allow: std::mem::take(&mut daemon.allow) };
            Asks::Walk(daemon.inbox.request(request))
        };
        if let Some(watch) = &watch {
            watch.begins(&asks);
        }
        let Some((returned, outcome)) = bounded(&daemon, store, &asks, stop).await else {
            warn!("the pass did not stop in time and was left; the next start recovers it");
            return Ok(Ended::Stopped);
        };
        store = returned;
        let hinted = match &asks {
            Asks::Hinted(_) => {
                pace.hinted(begun, clock.elapsed());
                true
            }
            Asks::Walk(_) => {
                daemon.inbox.passed(&mut store, &outcome).await;
                pace.walked(begun, clock.elapsed());
                false
            }
        };
        if let Some(watch) = &watch {
            watch.passed(&mut store, &asks, &outcome, clock.elapsed().saturating_sub(begun), clock.now()).await?;
        }
        let after = match outcome {
            Ok(report) => {
                let news = quarantine::ended(&mut quarantine, &report, &daemon.schedule, clock.now());
                keep(&mut store, &quarantine, &news).await?;
                tell(daemon.notifier, &report);
                is_open = report.ending.was_carried_out();
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
        if let Some(watch) = &watch {
            watch.quarantine(quarantine.sides());
        }
        let now = clock.elapsed();
        let wait = if hinted && !is_failure(after) {
            // The beat goes on as if nothing had happened; what only a walk can find is not waited for so long.
            let soon = if after == After::Again { pace.until_walk(now) } else { Duration::MAX };
            Wait { time: beat_at.saturating_sub(now).min(soon), complete }
        } else {
            daemon.schedule.wait(after, now, fastrand::f64())
        };
        complete = wait.complete;
        beat_at = now + wait.time;
        if daemon.inbox.is_waited_for() {
            // Somebody waits for the end of what the pass left due.
            continue;
        }
        let is_well = quarantine.sides().is_empty();
        let mut beat = clock.sleep(wait.time);
        // Where nobody looks nothing wakes it between beats.
        let feeding = pulse.feeding();
        let mut hinted = Box::pin(Watch::hinted(watch.as_ref().filter(|_| is_well && is_open), pace, clock));
        loop {
            pulse.feed();
            let fed = async {
                match feeding {
                    Some(time) => clock.sleep(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut beat => break,
                () = fed => {}
                hints = &mut hinted => {
                    about = hints;
                    complete |= about.is_none() && watch.as_ref().is_some_and(|watch| watch.hints.has_overflown());
                    break;
                }
                () = wake.notified() => {
                    if is_reloaded(&daemon) {
                        let post = daemon.inbox.leave();
                        return Ok(Ended::Reloaded(Box::new(Handed { store, post })));
                    }
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
                    Hurry::Decided if is_well => {
                        beat_at = clock.elapsed() + schedule::AGAIN;
                        beat = clock.sleep(schedule::AGAIN);
                    }
                    Hurry::Decided | Hurry::None => {}
                },
            }
        }
    }
    daemon.notifier.stopping();
    store.close().await?;
    Ok(Ended::Stopped)
}

/// What the next pass is to do.
#[derive(Debug)]
enum Asks {
    /// To walk.
    Walk(Request),
    /// To look at what hints name.
    Hinted(BTreeSet<Hint>),
}

const fn is_failure(after: After) -> bool {
    match after {
        After::Failed { .. } | After::Locked => true,
        After::Passed | After::Again => false,
    }
}

/// Has the configuration read again. Whether it is another one, and valid; one that is not valid is told.
fn is_reloaded(daemon: &Daemon<'_>) -> bool {
    let Some(reload) = daemon.reload else { return false };
    daemon.notifier.reloading();
    match reload.reload() {
        Ok(()) => {
            info!("the configuration was read again");
            true
        }
        Err(problems) => {
            error!("the configuration was read again and is not valid; the one before stays in force: {problems}");
            daemon.notifier.ready();
            daemon.notifier.status("the new configuration is not valid (see the log); the one before stays in force");
            false
        }
    }
}

/// A pass that is told to stop ends at the next group; one that does not within the bound is dropped, and recovered later.
async fn bounded(
    daemon: &Daemon<'_>,
    store: Store,
    asks: &Asks,
    stop: &CancellationToken,
) -> Option<(Store, Result<Report, PassError>)> {
    let overdue = async {
        stop.cancelled().await;
        daemon.world.clock.sleep(daemon.stop_within).await;
    };
    let pass = async {
        match asks {
            Asks::Walk(request) => pass::run(daemon.world, daemon.sinks, store, request.clone(), stop).await,
            Asks::Hinted(hints) => pass::hinted(daemon.world, daemon.sinks, store, hints, stop).await,
        }
    };
    tokio::select! {
        ended = pass => Some(ended),
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
