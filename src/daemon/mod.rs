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
pub mod backups;
mod rest;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::domain::hint::Hint;
use crate::domain::record::Side;
use crate::domain::safety::RefusalName;
use crate::notice::look::{Desk, Ended as PassEnded};
use crate::store::quarantine::Fails;
use crate::store::thrift::Short;
use crate::store::{Store, StoreError};
use crate::sync::apply::Sinks;
use crate::sync::pass::{self, Ending, Report, Request};
use crate::sync::{PassError, World};
use backups::{Backups, Plan};
use control::{Hurry, Inbox, Post};
use hints::pace::Pace;
use pulse::Pulse;
use quarantine::{News, Quarantine};
use rest::{Due, Standing, Woken};
use schedule::thrift::{self, ThriftNews};
use schedule::{After, Means, Schedule, Wait};
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
    /// Whether hints start a pass in quiet hours, too.
    pub hints_in_quiet: bool,
    /// Whether a person has it begin, as by a signal: then the night is not waited for.
    pub woken: bool,
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
    /// Where it is put up what needs a person; nowhere where nobody is to be told.
    pub notices: Option<Desk>,
    /// Who copies the state after passes, and by which plan; nobody where no copies are kept.
    pub backups: Option<(&'a Backups, &'a Plan)>,
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
    /// What is allowed for a first pass that did not come yet.
    pub allow: BTreeSet<RefusalName>,
}

/// Runs passes until `stop`; `wake` reads the configuration again and starts a pass, both at once or when the pass ends that is
/// under way. The service manager is told that it stops as that begins: such a pass may go on for a while.
pub async fn run(
    daemon: Daemon<'_>,
    store: Store,
    stop: &CancellationToken,
    wake: &Arc<Notify>,
) -> Result<Ended, PassError> {
    let notifier = daemon.notifier;
    let mut running = Box::pin(passes(daemon, store, stop, wake));
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        ended = &mut running => {
            if !matches!(ended, Ok(Ended::Reloaded(_))) {
                notifier.stopping();
            }
            return ended;
        }
    }
    notifier.stopping();
    running.await
}

#[expect(
    clippy::too_many_lines,
    reason = "one loop, from a pass to the wait for the next one, that is read from the top"
)]
async fn passes(
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
    if let Some(watch) = &watch {
        let documents = daemon.world.ruling.documents.is_some();
        watch.begins_with(&mut store, quarantine.sides(), documents, clock.now()).await?;
        if daemon.backups.is_none() {
            // Those of a configuration before are nobody's any more.
            watch.metrics.backup(None, false);
        }
    }
    let mut pace = Pace::default();
    // The hints that the next pass is about; none where it walks.
    let mut about: Option<BTreeSet<Hint>> = None;
    // Whether the last plan was accepted: hints do not have a refused one made again and again.
    let outcome = crate::store::pass::last_outcome(store.connection()).await?;
    let mut is_open = matches!(outcome.as_deref(), Some("applied" | "partly"));
    let mut short = crate::store::thrift::load(store.connection()).await?;
    let last = crate::store::pass::last_whole(store.connection()).await?;
    if let Some(last) = last {
        daemon.schedule.completed(last);
    }
    let first = daemon.schedule.wait(After::Again, Means::Enough, clock.now(), 0.0);
    let mut due = Due::after(clock, Duration::ZERO);
    // What is started at night waits for the morning, unless a person started it then.
    let mut rests = first.is_quiet && !daemon.woken;
    daemon.notifier.ready();
    while !stop.is_cancelled() {
        let (wait, line, means, failed) = if std::mem::take(&mut rests) {
            (first, "idle".to_owned(), Means::Enough, false)
        } else {
            if daemon.inbox.take_up(&mut store).await == Hurry::Pass {
                about = None;
            }
            pulse.begins();
            let begun = clock.elapsed();
            let asks = if let Some(hints) = about.take() {
                Asks::Hinted(hints)
            } else {
                // What is due when it begins counts, not what would be by the beat: hints have it begin sooner.
                let complete = daemon.schedule.is_complete_due(due.begins(clock))
                    || is_open && short.is_none() && watch.as_ref().is_some_and(|watch| watch.hints.has_overflown());
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
            pulse.ends();
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
                watch.passed(&asks, &outcome, clock.elapsed().saturating_sub(begun), clock.now()).await;
            }
            let ended = PassEnded::of(&outcome);
            let asked = outcome.as_ref().err().map(quarantine::left_alone).unwrap_or_default();
            let (after, line) = match outcome {
                Ok(report) => {
                    let news = quarantine::ended(&mut quarantine, &report, &daemon.schedule, clock.now());
                    keep(&mut store, &quarantine, &news).await?;
                    let line = told(&report);
                    is_open = report.ending.was_carried_out();
                    if report.complete && report.ending != Ending::Refused {
                        daemon.schedule.completed(clock.now());
                    }
                    let again = report.more && report.ending == Ending::Applied;
                    (if again { After::Again } else { After::Passed }, line)
                }
                Err(PassError::Stopped) => break,
                Err(error @ PassError::Store(_)) => return Err(error),
                Err(error) => {
                    let (after, news) = quarantine.failed(&error, &daemon.schedule, clock.now());
                    keep(&mut store, &quarantine, &news).await?;
                    (after, format!("trying again, slower: {}", error.unquoted()))
                }
            };
            if let Some(watch) = &watch {
                watch.quarantine(quarantine.sides());
            }
            if let Some((backups, plan)) = daemon.backups {
                backups.passed(plan, &mut store).await?;
            }
            if let Some(notices) = &daemon.notices {
                let unsaved = daemon.backups.map_or(Some(false), |(backups, _)| backups.fails());
                notices.passed(&mut store, &daemon.world, quarantine.sides(), unsaved, ended).await?;
            }
            let means = spare(&daemon, &mut short, &mut store).await?;
            let wait = if hinted && !is_failure(after) {
                // The beat goes on as if nothing had happened; what only a walk can find is not waited for so long.
                let left = due.left(clock);
                let soon = match (after, means) {
                    (After::Again, Means::Enough) => pace.until_walk(clock.elapsed()),
                    // A walk costs too many requests now.
                    (After::Again, Means::Short)
                    | (After::Passed | After::Failed { .. } | After::Locked, Means::Enough | Means::Short) => left,
                };
                daemon.schedule.wait_on(left, soon, daemon.hints_in_quiet, clock.now())
            } else {
                daemon.schedule.wait_at_least(asked, after, means, clock.now(), fastrand::f64())
            };
            (wait, line, means, is_failure(after))
        };
        due = Due::after(clock, wait.time);
        announce(&daemon, &pulse, &wait, due, means, failed, line);
        if daemon.inbox.is_waited_for() {
            // Somebody waits for the end of what the pass left due.
            continue;
        }
        store.rest().await?;
        let standing = Standing { quarantine: &mut quarantine, pulse: &pulse, pace, means, is_open };
        match rest::until_next(&mut daemon, &mut store, standing, &mut due, stop, wake).await? {
            Woken::Walk => {}
            Woken::Hinted(hints) => about = Some(hints),
            Woken::Reloaded => {
                let (post, allow) = (daemon.inbox.leave(), daemon.allow);
                return Ok(Ended::Reloaded(Box::new(Handed { store, post, allow })));
            }
            Woken::Stop => break,
        }
    }
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
fn is_reloaded(daemon: &Daemon<'_>, pulse: &Pulse<'_>) -> bool {
    let Some(reload) = daemon.reload else { return false };
    daemon.notifier.reloading();
    let reloaded = reload.reload();
    if let Some(watch) = &daemon.watch {
        watch.metrics.reloaded(reloaded.is_ok());
    }
    match reloaded {
        Ok(()) => {
            info!("the configuration was read again");
            true
        }
        Err(problems) => {
            error!("the configuration was read again and is not valid; the one before stays in force: {problems}");
            daemon.notifier.ready();
            pulse.refused();
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

/// Looks whether a day's requests run low, keeps it, and tells what is new.
async fn spare(daemon: &Daemon<'_>, short: &mut Option<Short>, store: &mut Store) -> Result<Means, StoreError> {
    let share = |side| daemon.world.source(side).share_left().map(|left| (side, left));
    let left: Vec<(Side, f64)> = Side::BOTH.into_iter().filter_map(share).collect();
    let (holds, news) = thrift::judge(daemon.schedule.thrift(), short.take(), &left, daemon.world.clock.now());
    match &news {
        Some(ThriftNews::Short(short)) => warn!(
            side.name = short.side.as_str(),
            budget.left_share = short.left,
            "{}'s requests of the day run low: passes are put off until there are enough",
            short.side
        ),
        Some(ThriftNews::Enough) => info!("there are requests enough again: passes begin at their time"),
        None => {}
    }
    if news.is_some() || holds.is_some() {
        crate::store::thrift::save(store.connection(), holds.as_ref()).await?;
    }
    *short = holds;
    Ok(if short.is_some() { Means::Short } else { Means::Enough })
}

/// Says when the next pass begins, where that is not the usual beat. What failed is awaited since before.
fn announce(
    daemon: &Daemon<'_>,
    pulse: &Pulse<'_>,
    wait: &Wait,
    due: Due,
    means: Means,
    failed: bool,
    mut line: String,
) {
    if let Some(watch) = &daemon.watch {
        watch.vitals.waits(due.at);
        if !failed {
            watch.metrics.expects_pass(due.at);
        }
    }
    let at = due.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    if wait.is_quiet {
        info!("quiet hours: the next pass begins at {at}");
        line = format!("{line}; quiet until {at}");
    }
    if means == Means::Short {
        line = format!("{line}; requests run low, the next pass begins at {at}");
    }
    pulse.tell(&line);
}

/// One line for `systemctl status`; a refusal goes to the log, too.
fn told(report: &Report) -> String {
    let (conflicts, questions, failures) = report.waiting;
    let waits = format!("{conflicts} conflicts, {questions} questions, {failures} failures wait");
    for refusal in &report.refusals {
        warn!(refusal.name = refusal.name.as_str(), "the plan was refused: {}", refusal.message);
    }
    match report.ending {
        Ending::Refused => {
            let names: Vec<&str> = report.refusals.iter().map(|refusal| refusal.name.as_str()).collect();
            format!("pass {} was refused ({}): see `diff`, then allow it; {waits}", report.pass, names.join(", "))
        }
        Ending::Applied | Ending::Partly | Ending::Planned => {
            format!("idle; pass {}: {} written, {waits}", report.pass, report.written)
        }
    }
}

/// Keeps which sides fail, and tells what is new about them.
async fn keep(store: &mut Store, quarantine: &Quarantine, news: &[News]) -> Result<(), StoreError> {
    crate::store::quarantine::save(store.connection(), quarantine.sides()).await?;
    for news in news {
        match news {
            News::Ill { side, illness, told } => {
                let what = match illness.fails {
                    Fails::Reading => "no pass can be made",
                    Fails::Writing if illness.spares_changes() => "new records wait to be made in it",
                    Fails::Writing => "records wait to be written to it",
                };
                error!(side.name = side.as_str(), "{what} until it is well, it is tried ever more slowly: {told}");
            }
            News::Well { side, illness } => {
                info!(side.name = side.as_str(), side.failures = illness.times, "{side} is well again");
            }
        }
    }
    Ok(())
}
