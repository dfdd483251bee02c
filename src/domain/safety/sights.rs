//! Refusals that are about what was seen of a side, not about how much a plan does.

use super::{Circumstances, Example, FEW, Limit, Refusal, RefusalName};
use crate::domain::plan::Totals;
use crate::domain::record::{Kind, Side};

/// A complete walk that was not whole: what the list told of and what it showed do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uneven {
    /// How many records the list told of at the end; `None` where it told of no number.
    pub told: Option<u64>,
    /// How many different ones it showed.
    pub shown: u64,
}

/// What became of the pairs that must be there on one side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Canaries {
    /// How many there are.
    pub asked: u64,
    /// How many of them were found; `None` where that could not be told.
    pub seen: Option<u64>,
    /// They were named by the configuration: each of them must be there. Else they are the lowest pairs, of which some may
    /// really be gone, and one answer is enough.
    pub named: bool,
    /// Those that were not found.
    pub unseen: Vec<Example>,
}

/// Sides that show far fewer records than they had.
pub(super) fn shrunken(limit: Limit, circumstances: &Circumstances) -> Vec<Refusal> {
    let listed = circumstances.listed.iter();
    listed.filter_map(|(listing, listed)| shrunken_one(*listing, *listed, limit, circumstances)).collect()
}

fn shrunken_one(
    (side, kind): (Side, Kind),
    listed: Option<u64>,
    limit: Limit,
    circumstances: &Circumstances,
) -> Option<Refusal> {
    let known = circumstances.known.get(&(side, kind)).copied().unwrap_or_default();
    let allowed = limit.of(known);
    let (missing, says) = match listed {
        None => (
            known,
            format!("how many {kind} records {side} has could not be told, and it had {known}; repeat the pass first"),
        ),
        Some(listed) => {
            let missing = known.saturating_sub(listed);
            if missing <= allowed {
                return None;
            }
            let says = format!(
                "{side} shows {listed} {kind} records and had {known}: {missing} fewer, at most {allowed} may be missing; \
                 look whether the account, the permissions or a filter changed"
            );
            (missing, says)
        }
    };
    let name = RefusalName::ShrunkenListing;
    let examples = not_shown(circumstances, side, kind);
    Some(Refusal { examples, ..Refusal::new(name, Some(side), Some(kind), (missing, allowed), &says) })
}

/// Nothing is taken as gone from a walk that was not whole, and nothing is created on its side: that needs no refusal. But
/// to recognise a record, and to find that it has no counterpart, every record must be known: what was hidden may be the
/// better candidate, the second one, or the twin.
pub(super) fn not_whole(totals: &Totals, circumstances: &Circumstances) -> Vec<Refusal> {
    let recognises = totals.links > 0 || totals.creates.values().any(|count| *count > 0);
    let uneven = circumstances.not_whole.iter().filter(|_| recognises);
    uneven
        .map(|((side, kind), Uneven { told, shown })| {
            let (side, kind) = (*side, *kind);
            let told_words = told.map_or_else(|| "no number".to_owned(), |told| told.to_string());
            let found = told.map_or(*shown, |told| told.abs_diff(*shown)).max(1);
            let says = format!(
                "the list of {kind} records in {side} could not be read whole: it told of {told_words} and showed {shown}; \
                 the plan links or creates records, for which every one must be known; repeat the pass first"
            );
            let hidden = not_shown(circumstances, side, kind);
            let examples = if hidden.is_empty() { circumstances.worst.overall() } else { hidden };
            let name = RefusalName::WalkNotWhole;
            Refusal { examples, ..Refusal::new(name, Some(side), Some(kind), (found, 0), &says) }
        })
        .collect()
}

/// Sides on which the pairs that must be there are not.
pub(super) fn canaries(circumstances: &Circumstances) -> Vec<Refusal> {
    let sides = circumstances.canaries.iter().filter(|(_, canaries)| canaries.are_lost());
    sides
        .map(|(side, canaries)| {
            let Canaries { asked, seen, named, unseen } = canaries;
            let found = asked.saturating_sub(seen.unwrap_or(0));
            let says = match (seen, named) {
                (None, _) => format!("whether the {asked} pairs that must be there are in {side} could not be told"),
                (Some(seen), true) => format!(
                    "{seen} of the {asked} pairs that limits.canaries names were found in {side}; look whether the account \
                     or the permissions changed, or name others"
                ),
                (Some(_), false) => format!(
                    "none of the {asked} lowest pairs was found in {side}; look whether the account or the permissions \
                     changed"
                ),
            };
            let examples = unseen.iter().take(FEW).cloned().collect();
            let allowed = if *named { 0 } else { asked.saturating_sub(1) };
            let name = RefusalName::CanaryNotSeen;
            Refusal { examples, ..Refusal::new(name, Some(*side), None, (found, allowed), &says) }
        })
        .collect()
}

impl Canaries {
    /// Whether they say that this is not the place that the state knows. A guard that cannot be evaluated trips.
    pub const fn are_lost(&self) -> bool {
        match (self.seen, self.named) {
            (None, _) => self.asked > 0,
            (Some(seen), true) => seen < self.asked,
            (Some(seen), false) => self.asked > 0 && seen == 0,
        }
    }
}

fn not_shown(circumstances: &Circumstances, side: Side, kind: Kind) -> Vec<Example> {
    let ids = circumstances.not_shown.get(&(side, kind)).into_iter().flatten();
    ids.take(FEW).map(|id| Example::of_record(side, kind, id.clone())).collect()
}
