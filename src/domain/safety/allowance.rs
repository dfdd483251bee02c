//! An allowance stands for the numbers that a person was shown, and a tenth more.

use serde::{Deserialize, Serialize};

use super::{Refusal, RefusalName};
use crate::domain::record::{Kind, Side};

/// A number of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// What it counts: of a first pass each limited sort, else the refusal's own.
    pub of: RefusalName,
    /// On which side, where it is about one.
    pub side: Option<Side>,
    /// Of which kind, where it is about one.
    pub kind: Option<Kind>,
    /// How many.
    pub found: u64,
}

impl Number {
    fn is_like(&self, other: &Self) -> bool {
        (self.of, self.side, self.kind) == (other.of, other.side, other.kind)
    }

    /// In words: `12 records to be created in CRM`.
    fn words(&self) -> String {
        let kind = self.kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
        let side = self.side.map(|side| format!(" in {side}")).unwrap_or_default();
        format!("{} {}{side}{kind}", self.found, self.of.counts())
    }
}

/// A number that a refused pass showed and nobody has allowed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The refusal.
    pub name: RefusalName,
    /// Its number.
    pub number: Number,
}

/// Whether an allowance that was given at the sight of `shown` still stands for `found`: up to a tenth more.
pub const fn allowance_covers(shown: u64, found: u64) -> bool {
    found <= shown.saturating_add(shown / 10)
}

/// Whether an allowance by name stands for a refusal. What was never shown by a refused pass stands as it was found: whoever
/// allows it looked at `diff`. Else the numbers are held against those that were shown: `Err` says by how much they grew.
pub(super) fn stands(refusal: &Refusal, shown: &[Shown]) -> Result<(), String> {
    let shown: Vec<&Number> =
        shown.iter().filter(|shown| shown.name == refusal.name).map(|shown| &shown.number).collect();
    if shown.is_empty() {
        return Ok(());
    }
    for number in &refusal.numbers {
        let before = shown.iter().find(|before| before.is_like(number)).map_or(0, |before| before.found);
        if !allowance_covers(before, number.found) {
            return Err(format!(
                "the allowance stands for what was shown and a tenth more: that was {before}, now there are {}",
                number.words()
            ));
        }
    }
    Ok(())
}

/// What is remembered as shown after a refused pass. A number that nobody asked for may fall, and never grows unnoticed: a
/// person who saw fifty and allows them must not allow the five thousand that a later pass of the daemon found. Whoever allows
/// and is refused again has been told the new number, which stands from then on.
pub fn remember<'a>(
    shown: &[Shown],
    allowed: impl Fn(RefusalName) -> bool,
    refusals: impl IntoIterator<Item = &'a Refusal>,
) -> Vec<Shown> {
    let mut remembered = shown.to_vec();
    for refusal in refusals {
        let was_shown = shown.iter().any(|shown| shown.name == refusal.name);
        for number in &refusal.numbers {
            let place = remembered.iter().position(|shown| shown.name == refusal.name && shown.number.is_like(number));
            let found = match (place.and_then(|place| remembered.get(place)), was_shown) {
                _ if allowed(refusal.name) => number.found,
                (Some(before), _) => before.number.found.min(number.found),
                (None, false) => number.found,
                // A sort of number that came up later was not in what the person saw.
                (None, true) => 0,
            };
            let number = Number { found, ..number.clone() };
            match place.and_then(|place| remembered.get_mut(place)) {
                Some(before) => before.number = number,
                None => remembered.push(Shown { name: refusal.name, number }),
            }
        }
    }
    remembered
}
