//! Open defects of the engine that the simulation meets. Each is recognised by a signature of its own and counted; its line
//! goes with its mend. Whatever no line describes is a failure.

use crate::checker::evidence::{Rec, Side};
use crate::checker::journal::What;
use crate::checker::{Evidence, Violation};

/// What it is, and what is recognised as it.
type Known = (&'static str, fn(&Evidence, &Violation) -> bool);

/// The table.
const OPEN: [Known; 2] = [
    ("a pair is re-pointed to the record of a merge, and agreed or written in the same plan", is_of_a_merge),
    ("the CRM's half of a pair is merged away, and nothing is asked", is_merged_away),
];

/// The open defect that a violation comes from.
pub fn defect(evidence: &Evidence, violation: &Violation) -> Option<&'static str> {
    OPEN.iter().find(|(_, is_met)| is_met(evidence, violation)).map(|(name, _)| *name)
}

/// A record of the CRM that others were merged into differs from its partner without a reason, or was written without a word in
/// the history: what it showed before it took the place of the old half was taken for agreed.
fn is_of_a_merge(evidence: &Evidence, violation: &Violation) -> bool {
    let signs: &[&str] = match violation.invariant {
        "both_sides_agree" => &["differs, and nothing says why"],
        "no_edit_is_lost" => &["the history has no word of it", "nothing later, no rule and no decision says so"],
        "no_write_outside_the_plan" => &["neither journal nor history knows"],
        _ => return false,
    };
    signs.iter().any(|sign| violation.told.contains(sign))
        && evidence.deeds.iter().any(|deed| {
            matches!(deed.what, What::Merged { .. }) && deed.rec.side == Side::Crm && names(&violation.told, &deed.rec)
        })
}

/// The half of a live link was merged into another record, and the state neither says that it is gone nor asks.
fn is_merged_away(evidence: &Evidence, violation: &Violation) -> bool {
    violation.invariant == "the_state_is_sound"
        && violation.told.contains("is not there and the state does not know")
        && evidence.deeds.iter().any(|deed| match &deed.what {
            What::Merged { from } => from.iter().any(|old| {
                let old = Rec::new(deed.rec.side, deed.rec.kind, old.as_str());
                old.side == Side::Crm && names(&violation.told, &old)
            }),
            What::Made
            | What::Found
            | What::Edited { .. }
            | What::Joined { .. }
            | What::Left { .. }
            | What::Archived
            | What::Restored
            | What::Removed
            | What::Decided { .. } => false,
        })
}

/// Whether a violation is about this record, and not about one whose number begins alike.
fn names(told: &str, rec: &Rec) -> bool {
    let name = rec.to_string();
    told.match_indices(&name).any(|(at, _)| !told[at + name.len()..].starts_with(|next: char| next.is_ascii_digit()))
}
