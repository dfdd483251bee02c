//! A plan is accepted, or refused with named refusals that say how to go on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::Totals;
use super::record::{Kind, Side};

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

/// Judges a plan: empty means accepted.
pub fn judge(_totals: &Totals, _limits: &Limits, _circumstances: &Circumstances) -> Vec<Refusal> {
    Vec::new()
}
