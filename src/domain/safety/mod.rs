//! A plan is accepted, or refused with named refusals that say how to go on.
//!
//! [`judge`] holds a plan against [`Limits`] in number and against what was seen of both sides (`sights`); `allowance`
//! says for which numbers a person's allowance stands; `worst` picks what a refusal shows.

mod name;
mod limit;
mod worst;
mod allowance;
mod sights;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::Totals;
use super::record::{Kind, RemoteId, Side};

pub use allowance::{Number, Shown, allowance_covers, remember};
pub use limit::{Limit, Limits};
pub use name::RefusalName;
pub use sights::{Canaries, Uneven};
pub use worst::{Example, FEW, Worst};

#[cfg(test)]
mod tests;

/// What the plan is judged against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// No pass of this state has been applied yet.
    pub first_pass: bool,
    /// Live records that each side had before this pass, by side and kind.
    pub known: BTreeMap<(Side, Kind), u64>,
    /// Records that this pass's walk showed, where it was complete; `None` in the map's value where it could not be told.
    pub listed: BTreeMap<(Side, Kind), Option<u64>>,
    /// Some of the known records that a complete walk did not show.
    pub not_shown: BTreeMap<(Side, Kind), Vec<RemoteId>>,
    /// Complete walks that were not whole, after they were repeated.
    pub not_whole: BTreeMap<(Side, Kind), Uneven>,
    /// What became of the pairs that must be there, by side.
    pub canaries: BTreeMap<Side, Canaries>,
    /// What was done within the sliding day before this plan.
    pub done_today: Totals,
    /// The worst of the plan.
    pub worst: Worst,
    /// What the operator allowed for this pass.
    pub allowed: BTreeSet<RefusalName>,
    /// What earlier passes showed when they were refused.
    pub shown: Vec<Shown>,
}

/// Why a plan is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its name.
    pub name: RefusalName,
    /// On which side, where it is about one.
    pub side: Option<Side>,
    /// Of which kind, where it is about one.
    pub kind: Option<Kind>,
    /// The number that was found.
    pub found: u64,
    /// The number that is allowed.
    pub allowed: u64,
    /// What was found, in a sentence with its numbers, and how to go on. No personal data.
    pub message: String,
    /// The numbers that an allowance stands for.
    pub numbers: Vec<Number>,
    /// The worst of it, a few.
    pub examples: Vec<Example>,
}

impl Refusal {
    /// About one number; how to allow it is added to what is said.
    fn new(
        name: RefusalName,
        side: Option<Side>,
        kind: Option<Kind>,
        (found, allowed): (u64, u64),
        says: &str,
    ) -> Self {
        let message = format!("{says}; to allow it once: `--allow {name}`");
        let numbers = vec![Number { of: name, side, kind, found }];
        Self { name, side, kind, found, allowed, message, numbers, examples: Vec::new() }
    }

    /// The ids of its examples, for logs.
    pub fn ids(&self) -> String {
        let ids: Vec<String> = self.examples.iter().map(Example::ids).collect();
        ids.join("; ")
    }
}

/// Judges a plan: empty means accepted. The refusals come in the order of [`RefusalName::ALL`], then by side and kind.
///
/// What a side is about to get counts together with what it got within the sliding day; a plan that brings nothing of a
/// sort is not refused for what was done before. A limit is exceeded when both its count and its share are; of a side
/// whose records are not known every share is zero, so that the count alone rules.
///
/// The first pass of a state only plans until `first-pass` is allowed; that allowance then stands for the limits in number,
/// and for none other: a list that has shrunk, was not read whole, or whose size could not be told, is refused by its own
/// name. An allowance stands for the numbers that a refused pass showed, and a tenth more; where none did, for the plan.
pub fn judge(totals: &Totals, limits: &Limits, circumstances: &Circumstances) -> Vec<Refusal> {
    let counts = counts(totals, limits, circumstances);
    let mut refusals = Vec::new();
    if circumstances.first_pass {
        refusals.extend(first_pass(totals, &counts, circumstances));
    } else {
        refusals.extend(counts.iter().filter_map(|count| count.exceeded(circumstances)));
    }
    refusals.extend(sights::shrunken(limits.shrink, circumstances));
    refusals.extend(sights::not_whole(totals, circumstances));
    refusals.extend(sights::canaries(circumstances));
    refusals.into_iter().filter_map(|refusal| unless_allowed(refusal, circumstances)).collect()
}

fn unless_allowed(mut refusal: Refusal, circumstances: &Circumstances) -> Option<Refusal> {
    if circumstances.allowed.contains(&refusal.name) {
        let grown = allowance::stands(&refusal, &circumstances.shown).err()?;
        refusal.message = format!("{grown}; {}", refusal.message);
    }
    Some(refusal)
}

/// One number of a plan that has a limit.
struct Count {
    name: RefusalName,
    side: Option<Side>,
    planned: u64,
    done: u64,
    known: u64,
    limit: Limit,
}

/// Every number of a plan that has a limit, in the order of the names, then by side.
fn counts(totals: &Totals, limits: &Limits, circumstances: &Circumstances) -> Vec<Count> {
    let done = &circumstances.done_today;
    let known =
        |side: Side| -> u64 { Kind::BOTH.into_iter().filter_map(|kind| circumstances.known.get(&(side, kind))).sum() };
    let by_side = |name, limit, planned: &BTreeMap<Side, u64>, done: &BTreeMap<Side, u64>| {
        Side::BOTH.map(|side| Count {
            name,
            side: Some(side),
            planned: planned.get(&side).copied().unwrap_or_default(),
            done: done.get(&side).copied().unwrap_or_default(),
            known: known(side),
            limit,
        })
    };
    // A pair is of both sides: there can be no more of them than records on the side that has fewer.
    let pairs = known(Side::Flowtly).min(known(Side::Crm));
    let of_pairs = |name, limit, planned, done| [Count { name, side: None, planned, done, known: pairs, limit }];
    by_side(RefusalName::TooManyCreates, limits.creates, &totals.creates, &done.creates)
        .into_iter()
        .chain(by_side(RefusalName::TooManyUpdates, limits.updates, &totals.updates, &done.updates))
        .chain(by_side(RefusalName::TooManyBlankedValues, limits.blanked, &totals.blanked, &done.blanked))
        .chain(of_pairs(RefusalName::TooManyLinks, limits.links, totals.links, done.links))
        .chain(of_pairs(RefusalName::TooManyConflicts, limits.conflicts, totals.conflicts, done.conflicts))
        .chain(by_side(RefusalName::TooManyPauses, limits.pauses, &totals.pauses, &done.pauses))
        .chain([Count {
            name: RefusalName::TooManyDocuments,
            side: Some(Side::Crm),
            planned: totals.documents,
            done: done.documents,
            known: known(Side::Crm),
            limit: limits.documents,
        }])
        .collect()
}

impl Count {
    fn exceeded(&self, circumstances: &Circumstances) -> Option<Refusal> {
        let Self { name, side, planned, done, known, limit } = *self;
        let found = planned.saturating_add(done);
        let allowed = limit.of(known);
        if planned == 0 || found <= allowed {
            return None;
        }
        let place = side.map(|side| format!(" in {side}")).unwrap_or_default();
        let whole = if side.is_some() { "records" } else { "records of the side that has fewer" };
        let says = format!(
            "{found} {}{place} ({planned} in this plan, {done} within the last day), at most {allowed} of {known} {whole}",
            name.counts(),
        );
        let examples = circumstances.worst.of(name, side);
        Some(Refusal { examples, ..Refusal::new(name, side, None, (found, allowed), &says) })
    }
}

fn first_pass(totals: &Totals, counts: &[Count], circumstances: &Circumstances) -> Option<Refusal> {
    if !totals.would_act() {
        return None;
    }
    let sum = |counts: &BTreeMap<Side, u64>| counts.values().sum::<u64>();
    let (creates, updates) = (sum(&totals.creates), sum(&totals.updates));
    let found = [
        totals.links,
        creates,
        updates,
        totals.stamps,
        totals.conflicts,
        totals.questions,
        totals.local,
        totals.documents,
    ];
    let says = format!(
        "the first pass of a new state only plans: {} links, {creates} creates, {updates} updates, {} cleared values, \
         {} conflicts, {} questions{}; look at `diff`",
        totals.links,
        sum(&totals.blanked),
        totals.conflicts,
        totals.questions,
        if totals.documents > 0 { format!(", {} documents", totals.documents) } else { String::new() },
    );
    // The allowance stands for every limited number of the plan, so each of them is what was shown.
    let numbers = counts
        .iter()
        .map(|count| Number { of: count.name, side: count.side, kind: None, found: count.planned })
        .collect();
    let examples = circumstances.worst.overall();
    let refusal = Refusal::new(RefusalName::FirstPass, None, None, (found.iter().sum(), 0), &says);
    Some(Refusal { numbers, examples, ..refusal })
}
