//! The simulation: from a seed follow two systems, a configuration, people, troubles and the ends of the process; after the
//! storm there is calm, in which everything must come to rest, and the end is judged.
//!
//! A run follows from its CRM and its seed alone: chance, time and order are the simulation's own, on one thread. Every tenth
//! seed is run twice, and both runs must send the same requests and end alike.
//!
//! In reading order: the [`world`] of a seed with one of the [`crms`], [`people`] at work in it, the [`weather`] around each
//! request that is [`sent`], one [`life`] of
//! the process, [`decisions`] between lives, and the [`rest`], where the checker judges. [`sim`] holds
//! what they share.

mod world;
mod crms;
mod sim;
mod people;
mod sent;
mod weather;
mod life;
mod decisions;
mod rest;

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flowtly_sync::sandbox::EMBEDDED;
use flowtly_sync::sync::PassError;
use libtest_mimic::{Failed, Trial};
use tokio::runtime::Builder;

use crate::portrait::portrait;
use crate::size::{Size, size};
use crate::{cores, figures, template};
use crms::Seed;
use life::{Life, Lived, live};
use sim::{Noted, Sim};

/// How many seeds a trial runs.
const TRIAL: u64 = 250;

/// Of so many seeds one is run twice.
const TWICE: u64 = 10;

/// How many seeds there are in all.
const SAMPLE: u64 = 60;
const WHOLE: u64 = 10_000;
const LONG: u64 = 100_000;

/// Each CRM but the first has one of so many seeds.
const OTHERS: u64 = 20;

/// Every one of these must have occurred in a whole run, or the simulation does not say what it claims to.
const KINDS: [&str; 53] = [
    "200 with a page",
    "200 with an error inside",
    "429 with Retry-After",
    "429 without Retry-After",
    "5xx",
    "JSON of another type",
    "archive",
    "busy database",
    "clock jumps back",
    "clock jumps forward",
    "configuration changed",
    "connection refused",
    "contact moved",
    "credential refused",
    "death after a request",
    "death before a commit",
    "death before a request",
    "decided a conflict",
    "disk full",
    "edit between passes",
    "edit during a pass",
    "gateway page",
    "half a JSON text",
    "hinted pass",
    "huge text",
    "joined a pair",
    "list lags behind a write",
    "lost create reply",
    "merge",
    "page shifted while it was read",
    "page that points to itself",
    "purge",
    "removal",
    "reply cut",
    "reply lost",
    "request lost",
    "restart",
    "restore",
    "search lags",
    "second instance",
    "separated a pair",
    "server cuts",
    "server ignores",
    "server lower-cases",
    "server rewrites telephones",
    "server trims",
    "slow reply",
    "stopped in the middle",
    "time-out, carried out",
    "time-out, carried out later",
    "time-out, not carried out",
    "write refused",
    "refused by the limits",
];

/// One case for every so many seeds of a CRM; with `PROOF_SEED=N` one for that seed, which tells what happens.
pub fn trials() -> Vec<Trial> {
    let number_in = |name: &str| -> Option<u64> {
        let text = std::env::var(name).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}: a number")))
    };
    let crms = crms::asked();
    if let Some(number) = number_in("PROOF_SEED") {
        let seed = Seed { crm: crms[0], number };
        let name = format!("simulate::{}::seed_{number}", seed.crm);
        return vec![Trial::test(name, move || prove(seed, true).map_err(Failed::from))];
    }
    let asked = number_in("PROOF_SEEDS");
    let of_all = asked.unwrap_or(match size() {
        Size::Sample => SAMPLE,
        Size::Whole => WHOLE,
        Size::Long => LONG,
    });
    let others = crms.len() as u64 - 1;
    let seeds = |crm: &str| {
        // Whoever names one CRM means that one.
        let is_first = crm == EMBEDDED[0].name;
        if crms.len() == 1 {
            of_all
        } else if is_first {
            of_all - others * of_all.div_ceil(OTHERS)
        } else {
            of_all.div_ceil(OTHERS)
        }
    };
    let ranges: Vec<(&'static str, Range<u64>)> = crms
        .iter()
        .flat_map(|crm| {
            let seeds = seeds(crm);
            let starts = (0..seeds).filter(|seed: &u64| seed.is_multiple_of(TRIAL));
            starts.map(move |start| (*crm, start..(start + TRIAL).min(seeds)))
        })
        .collect();
    let is_whole = asked.is_none() && crms.len() == EMBEDDED.len() && size() != Size::Sample;
    let left = Arc::new(AtomicUsize::new(ranges.len()));
    ranges
        .into_iter()
        .map(|(crm, range)| {
            let left = Arc::clone(&left);
            let name = format!("simulate::{crm}::seeds_{:04}_to_{:04}", range.start, range.end - 1);
            Trial::test(name, move || {
                let outcome = prove_all(crm, range);
                // The last one to end knows whether everything occurred.
                let is_last = left.fetch_sub(1, Ordering::SeqCst) == 1;
                outcome.map_err(Failed::from)?;
                if is_last && is_whole { everything_occurred().map_err(Failed::from) } else { Ok(()) }
            })
        })
        .collect()
}

fn everything_occurred() -> Result<(), String> {
    let faults = figures::faults();
    let missing: Vec<&str> = KINDS.into_iter().filter(|kind| !faults.contains_key(*kind)).collect();
    let seeds = figures::seeds_by_crm();
    let idle = EMBEDDED.iter().map(|crm| crm.name).filter(|crm| !seeds.contains_key(crm));
    let missing: Vec<&str> = missing.into_iter().chain(idle).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("these never occurred: {}", missing.join(", "))) }
}

fn prove_all(crm: &'static str, seeds: Range<u64>) -> Result<(), String> {
    // Told at once too: whoever waits for the whole can look into it meanwhile.
    let told = |problem: &String| eprintln!("{problem}");
    let seeds = seeds.map(|number| Seed { crm, number });
    let problems: Vec<String> = seeds.filter_map(|seed| prove(seed, false).err().inspect(told)).collect();
    if problems.is_empty() {
        return Ok(());
    }
    let shown = problems.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    Err(format!("{} seeds end badly:\n{shown}", problems.len()))
}

/// One seed.
fn prove(seed: Seed, is_loud: bool) -> Result<(), String> {
    let wrong = |problems: &[String]| {
        let Seed { crm, number } = seed;
        format!("seed {number} ({crm}): {}\n  {}", problems.join("; "), seed.replay())
    };
    let first = run(seed, is_loud).map_err(|problem| wrong(&[problem]))?;
    figures::count("seeds", 1);
    figures::seed_of(seed.crm);
    for (kind, times) in &first.counts {
        figures::fault(kind, *times);
    }
    let mut problems = first.wrongs.clone();
    if seed.number.is_multiple_of(TWICE) || is_loud {
        let second = run(seed, false).map_err(|problem| wrong(&[problem]))?;
        figures::count("seeds_repeated", 1);
        problems.extend(differ(&first, &second));
    }
    if problems.is_empty() { Ok(()) } else { Err(wrong(&problems)) }
}

/// What a seed came to.
struct Outcome {
    wrongs: Vec<String>,
    requests: Vec<Noted>,
    portrait: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

fn differ(first: &Outcome, second: &Outcome) -> Option<String> {
    if let Some(place) = (0..first.requests.len().max(second.requests.len()))
        .find(|place| first.requests.get(*place) != second.requests.get(*place))
    {
        let line = |run: &Outcome| run.requests.get(place).map_or("nothing", |noted| noted.line.as_str()).to_owned();
        return Some(format!("run twice, request {place} is {} and {}", line(first), line(second)));
    }
    (first.portrait != second.portrait).then(|| "run twice, it ends in two ways".to_owned())
}

fn run(seed: Seed, is_loud: bool) -> Result<Outcome, String> {
    cores::stay();
    let runtime = Builder::new_current_thread().build().unwrap();
    catch_unwind(AssertUnwindSafe(|| cores::in_turn(&runtime, story(seed, is_loud)))).map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("panicked: {}", said.unwrap_or_default())
    })
}

async fn story(seed: Seed, is_loud: bool) -> Outcome {
    let sim = Arc::new(Sim::of(seed, is_loud));
    template::copy_to(&sim.firm.state());
    // The engine's own chance (delays) follows from the seed too, once nobody else draws from it (names of folders).
    fastrand::seed(seed.number);
    let lives = sim.chance(|rng| rng.usize(2..=4));
    for number in 0..lives {
        for _ in 0..sim.chance(|rng| rng.u32(0..4)) {
            sim.somebody_acts("between passes");
        }
        if number > 0 {
            sim.count("restart");
            if sim.chance(|rng| rng.u32(0..10)) == 0 {
                sim.reconfigure();
            }
            decisions::maybe(&sim).await;
        }
        sim.firm.clock.advance(Duration::from_secs(sim.chance(|rng| *rng.choice(&[1, 60, 900, 10_000]).unwrap())));
        let life = sim.chance(Life::stormy);
        sim.say(|| format!("life {number}: {life:?}"));
        judge(&sim, &live(&sim, life).await);
        if is_loud {
            let mut store = sim.firm.store().await;
            rest::show(&sim, store.connection()).await;
            store.close().await.unwrap();
        }
    }
    rest::come_to_rest(&sim).await;
    let portrait = portrait(&sim.firm).await;
    sim.say(|| format!("in the end:\n{}", portrait.join("\n")));
    Outcome { wrongs: sim.wrongs(), requests: sim.requests(), portrait, counts: sim.counts() }
}

/// In a storm a pass may fail, but only for what the storm did.
fn judge(sim: &Sim, lived: &Lived) {
    sim.say(|| match lived {
        Lived::Ended(report) => format!("it ends: {:?} {:?} {:?}", report.ending, report.refusals, report.totals),
        Lived::Failed(error) => format!("it fails: {error}"),
        Lived::Died => "it died".to_owned(),
    });
    match lived {
        Lived::Ended(report) => {
            if !report.refusals.is_empty() {
                sim.count("refused by the limits");
            }
        }
        Lived::Died | Lived::Failed(PassError::Side { .. } | PassError::Stopped) => {}
        Lived::Failed(PassError::Store(error)) => {
            let told = error.to_string();
            if !told.contains("full") && !told.contains("locked") {
                sim.wrong(format!("the state failed: {told}"));
            }
        }
        Lived::Failed(error) => sim.wrong(format!("a pass failed: {error}")),
    }
}
