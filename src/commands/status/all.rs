//! `status --all`: a line for each instance on this machine, what needs a person first.
//!
//! Nothing is written and nobody is waited for: states are opened to be read, a lock is only asked about, and whatever is
//! wrong with one instance is its own line.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, stream};

use super::instances::{Place, Places, found};
use crate::clock::Clock;
use crate::config::{self, Environment, Outline, Problems};
use crate::daemon::schedule::{After, Means};
use crate::render::clean::Word;
use crate::render::lists::Listing;
use crate::render::lists::instances::{Instance, LastPass, Need, Needs, Pairs, show};
use crate::render::lists::status::Waiting;
use crate::render::words::when;
use crate::store::copies::{Copies, Kept};
use crate::store::lock::WriterLock;
use crate::store::mark::Mark;
use crate::store::pass::PassRecord;
use crate::store::quarantine::Illnesses;
use crate::store::{Store, StoreError, mark, pass, quarantine, thrift, waiting};
use crate::sync::certificate::Certificate;

/// How many instances are looked at together?
const AT_ONCE: usize = 16;

/// How long is waited for a state that somebody has to himself? That takes a daemon a moment, as it starts or stops.
const PATIENCE: Duration = Duration::from_millis(500);

/// Of how many passes is the last one that ended looked for? The newest may be under way, and one before it dead.
const PASSES: u32 = 3;

/// How many beats may go by without a pass before it is told, and how long a pass may take beside them.
const MISSED_BEATS: u32 = 3;
const PASS_TAKES: Duration = Duration::from_mins(10);

/// Lists all instances. Exit code: the first of 4, 1, 3, 2 that one of them calls for; 0 where nothing needs a person.
pub async fn all(places: &Places, clock: &dyn Clock, listing: &mut Listing<'_>) -> anyhow::Result<u8> {
    let found = found(places)?;
    let now = clock.now();
    let looks = stream::iter(found).map(|place| look(place, now)).buffer_unordered(AT_ONCE);
    let mut instances: Vec<Instance> = looks.filter_map(std::future::ready).collect().await;
    if instances.is_empty() {
        let folder = places.configurations.display();
        bail!("there is no instance in {folder}: name the folder of the configurations with --all DIR");
    }
    instances.sort_by(|one, other| (one.rank(), &one.name).cmp(&(other.rank(), &other.name)));
    show(listing, &instances)?;
    Ok(instances.first().map_or(0, Instance::code))
}

/// How an instance is. `None` for the service without a name where it is not used.
async fn look(place: Place, now: DateTime<Utc>) -> Option<Instance> {
    let environment = Environment::of_service(&place.configuration, &place.state, &place.secrets());
    let file = place.file();
    let outlined = tokio::task::spawn_blocking(move || config::outline(&file, &environment));
    let outline = outlined.await.ok().flatten()?;
    let mut instance = Instance { name: place.name.clone(), state: outline.state_path.clone(), ..Instance::default() };
    let holder = WriterLock::holder(&outline.state_path);
    instance.running = holder.as_ref().ok().map(Option::is_some);
    let is_used = instance.running != Some(false) || !matches!(outline.state_path.try_exists(), Ok(false));
    if place.is_alone && !is_used {
        return None;
    }
    if let Some(problems) = &outline.problems {
        instance.needs.push(misconfigured(problems, &place, instance.running == Some(true)));
    }
    let seen = see(&outline.state_path, &outline, now).await;
    match seen {
        Ok(seen) => seen.into(&mut instance, &place, &outline, now),
        Err(StoreError::Missing { .. }) if instance.running == Some(false) => {
            let text = format!("it has made no pass yet: `systemctl start {}`, and see its log", place.unit);
            instance.needs.push(Need { what: Needs::Stopped, text });
        }
        Err(error) => instance.needs.push(Need { what: Needs::Unreadable, text: error.to_string() }),
    }
    instance.needs.sort_by_key(|need| need.what);
    Some(instance)
}

fn misconfigured(problems: &Problems, place: &Place, is_running: bool) -> Need {
    let mut told = problems.iter();
    let first = told.next().map(ToString::to_string).unwrap_or_default();
    let more = match told.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let still = if is_running { "; what runs goes by what it read before" } else { "" };
    let check = format!(
        "CONFIGURATION_DIRECTORY={} CREDENTIALS_DIRECTORY={} STATE_DIRECTORY={} flowtly-sync check",
        Word(&place.configuration),
        Word(&place.secrets()),
        Word(&place.state)
    );
    Need { what: Needs::Configuration, text: format!("{first}{more}{still}; `{check}` tells all") }
}

/// What a state says.
struct Seen {
    adoption: Option<String>,
    passes: Vec<PassRecord>,
    under_way: Option<String>,
    waiting: Waiting,
    certificate: Option<Certificate>,
    quarantine: Illnesses,
    means: Means,
    /// The copies, where some are kept.
    copies: Option<Kept>,
}

async fn see(state: &Path, outline: &Outline, now: DateTime<Utc>) -> Result<Seen, StoreError> {
    let mut store = Store::open_beside(state, PATIENCE).await?;
    let mut snapshot = store.begin().await?;
    let (conflicts, questions, failures) = waiting::counts(&mut snapshot, outline.documents, now).await?;
    let certificate = pass::last_certificate(&mut snapshot).await?;
    let copies = match &outline.backup {
        // A folder that cannot be read holds nothing for whoever looks.
        Some(plan) => Some(Copies::of(&plan.folder, &mut snapshot).await?.kept(now).unwrap_or_default()),
        None => None,
    };
    let seen = Seen {
        adoption: mark::adoption(&mut snapshot).await?,
        passes: pass::last(&mut snapshot, PASSES).await?,
        under_way: mark::get(&mut snapshot, Mark::Running).await?,
        waiting: Waiting { conflicts, questions, failures },
        certificate: certificate.map(|text| crate::store::from_json("pass.certificate", &text)).transpose()?,
        quarantine: quarantine::load(&mut snapshot).await?,
        means: if thrift::load(&mut snapshot).await?.is_some() { Means::Short } else { Means::Enough },
        copies,
    };
    drop(snapshot);
    store.close().await?;
    Ok(seen)
}

impl Seen {
    /// Puts what was seen into the line, and judges it.
    fn into(self, instance: &mut Instance, place: &Place, outline: &Outline, now: DateTime<Utc>) {
        let Self { adoption, passes, under_way, waiting, certificate, quarantine, means, copies } = self;
        let is_running = instance.running == Some(true);
        let mut ended = passes.iter().filter_map(|pass| Some((pass.ended?, pass.outcome.as_deref()?)));
        // By the end of the last pass the copy is made that was due at the end of the one before.
        let before = match (ended.next(), ended.next()) {
            // None was before the pass by which the state proved itself.
            (Some((_, "applied")), Some((_, "refused"))) => None,
            (_, before) => before.map(|(at, _)| at).filter(|_| adoption.is_none()),
        };
        let newest = passes.first().filter(|pass| pass.ended.is_none());
        instance.under_way = newest
            .filter(|pass| is_running && under_way.as_deref() == Some(pass.id.to_string().as_str()))
            .map(|pass| pass.started);
        let last = passes.into_iter().find_map(|pass| {
            let (ended, outcome) = (pass.ended?, pass.outcome?);
            Some(LastPass { pass: pass.id, ended, extent: pass.extent, outcome, error: pass.error })
        });
        let mut need = |what, text| instance.needs.push(Need { what, text });
        if !is_running && !place.is_alone {
            need(Needs::Stopped, format!("no daemon runs: `systemctl start {}`, and see its log", place.unit));
        }
        if let Some(last) = &last {
            match last.outcome.as_str() {
                "failed" => {
                    let words = last.error.as_deref().unwrap_or("its log says why");
                    need(Needs::Failed, format!("the last pass failed: {words}"));
                }
                "refused" => {
                    let why = adoption.as_deref().map(|why| format!(" (the state is {why})")).unwrap_or_default();
                    let text = "a plan was refused by safety limits";
                    let until =
                        if copies.is_some() && adoption.is_some() { "; until then it is not copied" } else { "" };
                    need(Needs::Refused, format!("{text}{why}: look at `diff`, then `reconcile --allow NAME`{until}"));
                }
                _ => {}
            }
            let is_awaited = quarantine.is_empty() && instance.under_way.is_none();
            if is_awaited && now - last.ended > within(outline, place, is_running, means, last.ended) {
                need(Needs::Overdue, format!("no pass has ended since {}: see its log", when(last.ended)));
            }
        }
        if let (Some(Kept { newest, .. }), Some(plan), Some(before)) = (copies, &outline.backup, before)
            && newest.is_none_or(|newest| before - newest > delta(plan.every))
        {
            let since = newest.map_or_else(|| "ever".to_owned(), |newest| format!("since {}", when(newest)));
            let folder = plan.folder.display();
            need(Needs::Backup, format!("no copy of the state was made in {folder} {since}: see its log"));
        }
        for (side, illness) in &quarantine {
            let (since, next) = (when(illness.since), when(illness.next_try));
            need(
                Needs::Failed,
                format!("{side} keeps failing since {since}, tried again at {next}: {}", illness.words),
            );
        }
        if certificate.as_ref().is_some_and(|certificate| certificate.unexplained > 0) {
            need(Needs::Failed, "pairs differ without a reason: report this".to_owned());
        }
        for (count, noun, command) in [
            (waiting.conflicts, "conflicts", "conflicts"),
            (waiting.questions, "questions", "questions"),
            (waiting.failures, "refused records", "failures"),
        ] {
            if count > 0 {
                need(Needs::Waiting, format!("{noun} wait: `flowtly-sync {command}`"));
            }
        }
        instance.adoption = adoption;
        instance.last_pass = last;
        instance.waiting = Some(waiting);
        instance.certificate = certificate.map(|certificate| Pairs {
            as_of: certificate.as_of,
            equal: certificate.equal,
            differ: certificate.differ,
            waiting: certificate.waiting,
            pending: certificate.pending,
            unexplained: certificate.unexplained,
        });
    }
}

/// Within what time after the end of a pass the next one must have ended: quiet hours and a low budget put it off. What no
/// daemon makes is expected as often as a complete pass.
fn within(outline: &Outline, place: &Place, is_running: bool, means: Means, ended: DateTime<Utc>) -> TimeDelta {
    let schedule = &outline.schedule;
    let time = if !is_running && place.is_alone {
        schedule.slow_interval.saturating_mul(2)
    } else {
        let wait = schedule.beats().wait(After::Passed, means, ended, 1.0);
        wait.time.saturating_add(schedule.interval.saturating_mul(MISSED_BEATS))
    };
    delta(time.saturating_add(PASS_TAKES))
}

fn delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}
