//! A plan is accepted, or refused with named refusals that say how to go on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::Totals;
use super::record::{Kind, Side};

#[cfg(test)]
mod tests;

/// The name of a refusal, as `--allow` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalName {
    /// The first pass of a new state only plans.
    FirstPass,
    /// More creates than the limit.
    TooManyCreates,
    /// More updates than the limit.
    TooManyUpdates,
    /// More cleared values than the limit.
    TooManyBlankedValues,
    /// A side shows far fewer records than it had.
    ShrunkenListing,
}

impl RefusalName {
    /// All names, in the order in which they are told.
    pub const ALL: [Self; 5] = [
        Self::FirstPass,
        Self::TooManyCreates,
        Self::TooManyUpdates,
        Self::TooManyBlankedValues,
        Self::ShrunkenListing,
    ];

    /// The word that `--allow` takes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstPass => "first-pass",
            Self::TooManyCreates => "too-many-creates",
            Self::TooManyUpdates => "too-many-updates",
            Self::TooManyBlankedValues => "too-many-blanked-values",
            Self::ShrunkenListing => "shrunken-listing",
        }
    }

    /// The name that [`Self::as_str`] spells.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl fmt::Display for RefusalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A limit in share and count: exceeded when both are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// At least this many are always allowed.
    pub count: u64,
    /// Of the records of that side, 0 to 1.
    pub share: f64,
}

/// All limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Creates a side.
    pub creates: Limit,
    /// Updates a side.
    pub updates: Limit,
    /// Cleared values a side.
    pub blanked: Limit,
    /// Records that a side may have fewer than before, after a whole walk.
    pub shrink: Limit,
}

/// What the plan is judged against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// No pass of this state has been applied yet.
    pub first_pass: bool,
    /// Live records that each side had before this pass, by side and kind.
    pub known: BTreeMap<(Side, Kind), u64>,
    /// Records that this pass's walk showed, where it was complete; `None` in the map's value where it could not be told.
    pub listed: BTreeMap<(Side, Kind), Option<u64>>,
    /// What was done within the sliding day before this plan.
    pub done_today: Totals,
    /// What the operator allowed for this pass.
    pub allowed: BTreeSet<RefusalName>,
}

/// Why a plan is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its name.
    pub name: RefusalName,
    /// On which side, where it is about one.
    pub side: Option<Side>,
    /// The number that was found.
    pub found: u64,
    /// The number that is allowed.
    pub allowed: u64,
    /// What was found, in a sentence with its numbers, and how to go on.
    pub message: String,
}

/// Judges a plan: empty means accepted. The refusals come in the order of [`RefusalName::ALL`], then by side and kind.
///
/// What a side is about to get counts together with what it got within the sliding day; a plan that brings nothing of a
/// sort is not refused for what was done before. A limit is exceeded when both its count and its share are; of a side
/// whose records are not known every share is zero, so that the count alone rules.
///
/// The first pass of a state only plans until `first-pass` is allowed; that allowance then stands for the limits in number,
/// and for none other: a listing that has shrunk, or whose size could not be told, is refused by its own name.
pub fn judge(totals: &Totals, limits: &Limits, circumstances: &Circumstances) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if circumstances.first_pass {
        refusals.extend(first_pass(totals));
    } else {
        let done = &circumstances.done_today;
        let sorts = [
            (RefusalName::TooManyCreates, limits.creates, &totals.creates, &done.creates, "records to be created"),
            (RefusalName::TooManyUpdates, limits.updates, &totals.updates, &done.updates, "records to be updated"),
            (RefusalName::TooManyBlankedValues, limits.blanked, &totals.blanked, &done.blanked, "values to be cleared"),
        ];
        for (name, limit, planned, done, what) in sorts {
            refusals.extend(Side::BOTH.into_iter().filter_map(|side| {
                let of = |counts: &BTreeMap<Side, u64>| counts.get(&side).copied().unwrap_or_default();
                too_many(name, limit, side, of(planned), of(done), known(circumstances, side), what)
            }));
        }
    }
    refusals.extend(
        circumstances
            .listed
            .iter()
            .filter_map(|(listing, listed)| shrunken(*listing, *listed, limits.shrink, circumstances)),
    );
    refusals.retain(|refusal| !circumstances.allowed.contains(&refusal.name));
    refusals
}

/// Whether an allowance that was given at the sight of `shown` still stands for `found`: up to a tenth more.
pub const fn allowance_covers(shown: u64, found: u64) -> bool {
    found <= shown.saturating_add(shown / 10)
}

fn first_pass(totals: &Totals) -> Option<Refusal> {
    if !totals.would_act() {
        return None;
    }
    let sum = |counts: &BTreeMap<Side, u64>| counts.values().sum::<u64>();
    let (creates, updates) = (sum(&totals.creates), sum(&totals.updates));
    let found = [totals.links, creates, updates, totals.stamps, totals.conflicts, totals.questions, totals.local];
    Some(Refusal {
        name: RefusalName::FirstPass,
        side: None,
        found: found.iter().sum(),
        allowed: 0,
        message: format!(
            "the first pass of a new state only plans: {} links, {creates} creates, {updates} updates, {} cleared values, \
             {} conflicts, {} questions; look at `diff`, then {}",
            totals.links,
            sum(&totals.blanked),
            totals.conflicts,
            totals.questions,
            how_to_allow(RefusalName::FirstPass),
        ),
    })
}

fn too_many(
    name: RefusalName,
    limit: Limit,
    side: Side,
    planned: u64,
    done: u64,
    known: u64,
    what: &str,
) -> Option<Refusal> {
    let found = planned.saturating_add(done);
    let allowed = limit.of(known);
    (planned > 0 && found > allowed).then(|| Refusal {
        name,
        side: Some(side),
        found,
        allowed,
        message: format!(
            "{found} {what} in {side} ({planned} in this plan, {done} within the last day), at most {allowed} of {known} \
             records; {}",
            how_to_allow(name)
        ),
    })
}

fn shrunken(
    (side, kind): (Side, Kind),
    listed: Option<u64>,
    limit: Limit,
    circumstances: &Circumstances,
) -> Option<Refusal> {
    let name = RefusalName::ShrunkenListing;
    let known = circumstances.known.get(&(side, kind)).copied().unwrap_or_default();
    let allowed = limit.of(known);
    let refusal = |found, what| Refusal {
        name,
        side: Some(side),
        found,
        allowed,
        message: format!("{what}; {}", how_to_allow(name)),
    };
    match listed {
        None => Some(refusal(
            known,
            format!("how many {kind} records {side} has could not be told, and it had {known}; repeat the pass first"),
        )),
        Some(listed) => {
            let missing = known.saturating_sub(listed);
            (missing > allowed).then(|| {
                refusal(
                    missing,
                    format!(
                        "{side} shows {listed} {kind} records and had {known}: {missing} fewer, at most {allowed} may be \
                         missing; look whether the account, the permissions or a filter changed"
                    ),
                )
            })
        }
    }
}

fn how_to_allow(name: RefusalName) -> String {
    format!("to allow it once: `--allow {name}`")
}

fn known(circumstances: &Circumstances, side: Side) -> u64 {
    Kind::BOTH.into_iter().filter_map(|kind| circumstances.known.get(&(side, kind))).sum()
}

impl Limit {
    /// The greatest number that does not exceed it among `known` records: its count, or its share of them if that is more.
    /// A share that is not a number between 0 and 1 cannot be evaluated and allows nothing.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of fewer than 2^53 records is exact enough, not negative, and not more than they are"
    )]
    fn of(self, known: u64) -> u64 {
        let share = if (0.0..=1.0).contains(&self.share) { self.share } else { 0.0 };
        // 29 % of 100 is 28.999… in binary.
        self.count.max((share * known as f64 + 1e-6).floor() as u64)
    }
}
