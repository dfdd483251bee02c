//! What was tried and what came of it: counted by every part, printed as one line at the end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::Conclusion;
use serde_json::json;

#[derive(Debug, Default)]
struct Figures {
    counts: BTreeMap<&'static str, u64>,
    faults: BTreeMap<String, u64>,
    seeds_by_crm: BTreeMap<&'static str, u64>,
}

static FIGURES: Mutex<Figures> =
    Mutex::new(Figures { counts: BTreeMap::new(), faults: BTreeMap::new(), seeds_by_crm: BTreeMap::new() });

fn with<R>(act: impl FnOnce(&mut Figures) -> R) -> R {
    act(&mut FIGURES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Counts what was tried (`crash_points`, `kills`, `seeds`, `invariants`, …).
pub fn count(what: &'static str, times: u64) {
    with(|figures| *figures.counts.entry(what).or_default() += times);
}

/// Counts a fault that occurred.
pub fn fault(kind: &str, times: u64) {
    with(|figures| *figures.faults.entry(kind.to_owned()).or_default() += times);
}

/// Counts a seed whose CRM has this name.
pub fn seed_of(crm: &'static str) {
    with(|figures| *figures.seeds_by_crm.entry(crm).or_default() += 1);
}

/// How many seeds each CRM had so far.
pub fn seeds_by_crm() -> BTreeMap<&'static str, u64> {
    with(|figures| figures.seeds_by_crm.clone())
}

/// How often each fault occurred so far.
pub fn faults() -> BTreeMap<String, u64> {
    with(|figures| figures.faults.clone())
}

/// The last line of a run.
pub fn print(conclusion: &Conclusion, took: Duration) {
    let mut line = serde_json::Map::new();
    with(|figures| {
        for what in ["crash_points", "crash_scenarios", "kills", "seeds", "seeds_repeated", "invariants"] {
            line.insert(what.to_owned(), json!(figures.counts.get(what).copied().unwrap_or_default()));
        }
        for (what, times) in &figures.counts {
            line.insert((*what).to_owned(), json!(times));
        }
        line.insert("seeds_by_crm".to_owned(), json!(figures.seeds_by_crm));
        line.insert("faults".to_owned(), json!(figures.faults));
    });
    line.insert("cases".to_owned(), json!(conclusion.num_passed + conclusion.num_failed));
    line.insert("failures".to_owned(), json!(conclusion.num_failed));
    line.insert("seconds".to_owned(), json!(took.as_secs()));
    println!("{}", serde_json::Value::Object(line));
}
