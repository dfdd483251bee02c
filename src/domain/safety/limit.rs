//! Limits in share and count.

use serde::{Deserialize, Serialize};

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
    /// Links; the share is of the records of the side that has fewer.
    pub links: Limit,
    /// New conflicts; the share is of the records of the side that has fewer.
    pub conflicts: Limit,
    /// Pairs that are paused, separated or go on with another record because of what a side shows.
    pub pauses: Limit,
    /// Documents that are shown or renamed in the CRM; the share is of the records there.
    pub documents: Limit,
    /// Records that a side may have fewer than before, after a whole walk.
    pub shrink: Limit,
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
    pub(crate) fn of(self, known: u64) -> u64 {
        let share = if (0.0..=1.0).contains(&self.share) { self.share } else { 0.0 };
        // 29 % of 100 is 28.999… in binary.
        self.count.max((share * known as f64 + 1e-6).floor() as u64)
    }
}
