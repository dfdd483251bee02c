//! The task that has notices brought: each carrier is given what is new to it, tried a few times, and again after the next
//! pass. Between passes nothing wakes it but the time of a digest.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tracing::{debug, info, warn};

use super::board::{Plan, Posted};
use super::carrier::{Carrier, Undelivered};
use super::letter::{Digest, Letter, Tally};
use super::memory::{File, Memory, Summed, Told};
use super::topic::{Held, Topic, changes, told};
use crate::clock::Clock;

/// How long is waited before each further try? What is down for longer is tried again after the next pass.
const TRIES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

/// How often is a stop by an error told where that cannot be remembered? A daemon that cannot start is started again and again.
const FORGETFUL: Duration = Duration::from_hours(1);

/// For how long, each time: some seconds more than the units wait before they start it again.
const TOLD_WITHIN: Duration = Duration::from_secs(15);

/// Brings what is put up until nobody puts anything up any more.
pub(super) async fn deliver(plan: Plan, file: File, mut heard: watch::Receiver<Posted>, clock: Arc<dyn Clock>) {
    let mut memory = file.load();
    let mut saved = memory.clone();
    let before = memory.tally;
    let mut failing = BTreeSet::new();
    // When it was last looked whether a digest is due: one that could not be brought is tried again with what the next pass posts.
    let mut looked = None;
    loop {
        let why = tokio::select! {
            biased;
            changed = heard.changed() => match changed {
                Ok(()) => Why::Posted,
                Err(_) => return,
            },
            () = digest_falls(&plan, &memory, looked, clock.as_ref()) => Why::DigestFalls,
        };
        let now = clock.now();
        looked = Some(now);
        let posted = heard.borrow_and_update().clone();
        // Before the first pass of a process only what every start would say again is told.
        if posted.standing.is_none() && !may_tell(&file, &saved, now).await {
            warn!("nothing is told: it cannot be remembered that it was, and every start would tell it again");
            continue;
        }
        memory.tally = before.and(posted.tally);
        let tally = memory.tally;
        let mut brought: FuturesUnordered<_> = (plan.carriers.iter())
            .map(|carrier| {
                let known = memory.carriers.get(carrier.name()).cloned().unwrap_or_default();
                let bring = bring(&plan, carrier.as_ref(), known, &posted, tally, why, clock.as_ref());
                async move { (carrier.name(), bring.await) }
            })
            .collect();
        // One that hangs may be given up before it ends: what the others told is remembered by then.
        while let Some((name, (known, outcome))) = brought.next().await {
            tell(name, outcome, &mut failing);
            memory.carriers.insert(name.to_owned(), known);
            remember(&file, &memory, &mut saved).await;
        }
        remember(&file, &memory, &mut saved).await;
    }
}

/// Keeps it, where it is not what is kept already.
async fn remember(file: &File, memory: &Memory, saved: &mut Memory) {
    if memory == saved {
        return;
    }
    match save(file, memory).await {
        Ok(()) => saved.clone_from(memory),
        Err(error) => warn!("what was told cannot be remembered, and is told again after a restart: {error}"),
    }
}

/// Whether what is told can be remembered; where it cannot, whether it is told all the same: now and then, by the clock alone.
async fn may_tell(file: &File, memory: &Memory, now: DateTime<Utc>) -> bool {
    let into = u64::try_from(now.timestamp()).unwrap_or_default() % FORGETFUL.as_secs();
    save(file, memory).await.is_ok() || into < TOLD_WITHIN.as_secs()
}

/// Who waits for the disk is nobody whom others wait for.
async fn save(file: &File, memory: &Memory) -> std::io::Result<()> {
    let (file, memory) = (file.clone(), memory.clone());
    tokio::task::spawn_blocking(move || file.save(&memory)).await.unwrap_or_else(|error| Err(error.into()))
}

/// Why carriers are looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Something was put up.
    Posted,
    /// The time of a digest came.
    DigestFalls,
}

/// Returns when the time of a digest comes for any carrier, once after the last look; at once where one came before this task
/// began, or where a carrier's first day begins.
async fn digest_falls(plan: &Plan, memory: &Memory, looked: Option<DateTime<Utc>>, clock: &dyn Clock) {
    let Some(ticks) = &plan.digest else { return std::future::pending().await };
    loop {
        let now = clock.now();
        let falls = plan.carriers.iter().filter_map(|carrier| {
            let summed = memory.carriers.get(carrier.name()).and_then(|known| known.digest);
            // What is remembered of a clock that was wrong lies in the future.
            match summed.map(|summed| summed.at).max(looked) {
                Some(since) => ticks.after(since.min(now)),
                None => Some(now),
            }
        });
        let Some(left) = falls.min().map(|falls| (falls - now).to_std().unwrap_or_default()) else {
            return std::future::pending().await;
        };
        if left.is_zero() {
            return;
        }
        clock.nap(left).await;
    }
}

/// Has one carrier bring what is new to it; between passes only together with a digest, so that one that is out of order is not
/// tried for ever. Returns what it told of by then; `None` where there was nothing.
async fn bring(
    plan: &Plan,
    carrier: &dyn Carrier,
    mut known: Told,
    posted: &Posted,
    tally: Tally,
    why: Why,
    clock: &dyn Clock,
) -> (Told, Option<Result<(), Undelivered>>) {
    let before = known.standing();
    let mut now = posted.standing.clone().unwrap_or_else(|| before.clone());
    for topic in &posted.unknown {
        if let (false, Some(held)) = (now.contains_key(topic), before.get(topic)) {
            now.insert(*topic, held.clone());
        }
    }
    if let Some(why) = &posted.stopped {
        now.insert(Topic::Stopped, Held::named([why.as_str()]));
    }
    let at = clock.now();
    let digest =
        digest_due(plan, &mut known, tally, at).map(|since| Digest::of(since.at, tally.since(since.tally), &now));
    let is_summed = digest.is_some();
    if why == Why::DigestFalls && !is_summed {
        return (known, None);
    }
    let Some(letter) = Letter::of(&plan.name, at, &changes(&before, &now), digest) else {
        known.tell(told(&before, &now));
        return (known, None);
    };
    let outcome = carry(carrier, &letter, clock).await;
    if outcome.is_ok() {
        known.tell(told(&before, &now));
        if is_summed {
            known.digest = Some(Summed { at, tally });
        }
    }
    (known, Some(outcome))
}

/// From where a digest that is due sums up. The first one is due a day after the start.
fn digest_due(plan: &Plan, known: &mut Told, tally: Tally, now: DateTime<Utc>) -> Option<Summed> {
    let ticks = plan.digest.as_ref()?;
    let since = *known.digest.get_or_insert(Summed { at: now, tally });
    ticks.after(since.at).filter(|due| *due <= now).map(|_| since)
}

/// Tries until it is brought or there is no use in it.
async fn carry(carrier: &dyn Carrier, letter: &Letter, clock: &dyn Clock) -> Result<(), Undelivered> {
    let mut waits = TRIES.iter();
    loop {
        match carrier.carry(letter).await {
            Err(error) if error.again => match waits.next() {
                Some(wait) => clock.sleep(*wait).await,
                None => return Err(error),
            },
            outcome => return outcome,
        }
    }
}

/// A carrier that is out of order is told once, and when it is in order again.
fn tell(name: &'static str, outcome: Option<Result<(), Undelivered>>, failing: &mut BTreeSet<&'static str>) {
    match outcome {
        None => {}
        Some(Ok(())) if failing.remove(name) => info!(notice.carrier = name, "notices are sent by {name} again"),
        Some(Ok(())) => debug!(notice.carrier = name, "a notice was sent by {name}"),
        Some(Err(error)) if failing.insert(name) => {
            warn!(
                notice.carrier = name,
                "notices cannot be sent by {name}, and are tried again after each pass: {error}"
            );
        }
        Some(Err(error)) => debug!(notice.carrier = name, "notices still cannot be sent by {name}: {error}"),
    }
}
