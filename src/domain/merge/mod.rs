//! The merge of one field: one exhaustive table.
//!
//! In this order: what is unknown is never a change; a one-way field goes by its direction; any other field by what each
//! side did since *its own* base. A base on one side only counts as none on both. Whatever comes out as a write then has
//! to pass what may turn it into a conflict: an edited cut copy, a required value that would be cleared, a value that
//! goes to and fro.
//!
//! Own readings are compared with [`Reading::same_as`], readings of two sides with [`Reading::agrees_with`]: the halves
//! may carry different parts of one thing, so that a side can move and still agree.

use super::field::Field;
use super::plan::Reason;
use super::record::Side;
use super::rules::{Direction, Drift, FieldRule, Preference};
use super::value::{Reading, Text};

#[cfg(test)]
mod tests;

/// One side's part in the merge of a field.
#[derive(Debug, Clone, Copy)]
pub struct Half<'a> {
    /// The value at the last agreement (blank or a value), re-normalised; `None` if there is no base.
    pub base: Option<&'a Reading>,
    /// The value now.
    pub now: &'a Reading,
    /// Whether this side demands a value.
    pub required: bool,
    /// The longest text (in characters) that this side keeps, where it cuts.
    pub cut: Option<usize>,
}

/// What surrounds the merge.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances {
    /// The state has not proved itself: nothing that never agreed is overwritten.
    pub adoption: bool,
    /// The value has gone to and fro between two values three times within a day.
    pub alternates: bool,
}

/// What is done about one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing; the reason where there is something to say.
    Nothing(Option<Reason>),
    /// Both bases take what was seen; nothing is sent.
    Agree(Reason),
    /// The other side's value is written to this side.
    Write {
        /// The side that is written to.
        to: Side,
        /// Why.
        reason: Reason,
    },
    /// A person decides.
    Conflict(Reason),
}

/// Decides one field. The table is the same for every field; what a field means is in its readings.
pub fn merge(
    _field: Field,
    rule: &FieldRule,
    flowtly: Half<'_>,
    crm: Half<'_>,
    circumstances: Circumstances,
) -> Verdict {
    if let Some(reason) = unknown(flowtly.now, crm.now) {
        return Verdict::Nothing(Some(reason));
    }
    let past = Past::of(&flowtly, &crm);
    let halves = Halves::of(flowtly.now, crm.now);
    let verdict = match rule.direction {
        Direction::Both => two_way(*rule, past, halves, circumstances.adoption),
        Direction::ToCrm => one_way(Side::Crm, rule.drift, past, halves, circumstances.adoption),
        Direction::ToFlowtly => one_way(Side::Flowtly, rule.drift, past, halves, circumstances.adoption),
    };
    match verdict {
        Verdict::Nothing(_) | Verdict::Agree(_) | Verdict::Conflict(_) => verdict,
        Verdict::Write { to, reason } => {
            let (source, target) = match to {
                Side::Flowtly => (&crm, &flowtly),
                Side::Crm => (&flowtly, &crm),
            };
            objection(past.since(to.opposite()), source, target, circumstances.alternates)
                .map_or(Verdict::Write { to, reason }, Verdict::Conflict)
        }
    }
}

/// What one side did since its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    Same,
    Moved,
}

/// What both sides did since they last agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Past {
    NeverAgreed,
    Agreed { flowtly: Since, crm: Since },
}

impl Past {
    fn of(flowtly: &Half<'_>, crm: &Half<'_>) -> Self {
        match (since(flowtly), since(crm)) {
            (Some(flowtly), Some(crm)) => Self::Agreed { flowtly, crm },
            (None, Some(_) | None) | (Some(_), None) => Self::NeverAgreed,
        }
    }

    const fn since(self, side: Side) -> Option<Since> {
        match (self, side) {
            (Self::NeverAgreed, Side::Flowtly | Side::Crm) => None,
            (Self::Agreed { flowtly, .. }, Side::Flowtly) => Some(flowtly),
            (Self::Agreed { crm, .. }, Side::Crm) => Some(crm),
        }
    }
}

fn since(half: &Half<'_>) -> Option<Since> {
    match half.base {
        // An unknown value cannot have been agreed upon.
        None | Some(Reading::Unknown) => None,
        Some(base @ (Reading::Blank | Reading::Value(_))) => {
            Some(if half.now.same_as(base) { Since::Same } else { Since::Moved })
        }
    }
}

/// How the two present values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halves {
    Equal,
    /// This side alone is blank.
    Blank(Side),
    Different,
}

impl Halves {
    fn of(flowtly: &Reading, crm: &Reading) -> Self {
        match (flowtly.says_nothing(), crm.says_nothing()) {
            (true, false) => Self::Blank(Side::Flowtly),
            (false, true) => Self::Blank(Side::Crm),
            (true, true) => Self::Equal,
            (false, false) if flowtly.agrees_with(crm) => Self::Equal,
            (false, false) => Self::Different,
        }
    }
}

fn unknown(flowtly: &Reading, crm: &Reading) -> Option<Reason> {
    match (flowtly, crm) {
        (Reading::Unknown, Reading::Unknown) => Some(Reason::UnknownOnBoth),
        (Reading::Unknown, Reading::Blank | Reading::Value(_)) => Some(Reason::Unknown { side: Side::Flowtly }),
        (Reading::Blank | Reading::Value(_), Reading::Unknown) => Some(Reason::Unknown { side: Side::Crm }),
        (Reading::Blank | Reading::Value(_), Reading::Blank | Reading::Value(_)) => None,
    }
}

fn one_way(target: Side, drift: Drift, past: Past, halves: Halves, adoption: bool) -> Verdict {
    let write = |reason| Verdict::Write { to: target, reason };
    let (Some(source_since), Some(target_since)) = (past.since(target.opposite()), past.since(target)) else {
        return match (halves, adoption) {
            (Halves::Equal, true | false) => Verdict::Agree(Reason::FirstEqual),
            (Halves::Blank(side), true | false) if side == target => write(Reason::Fill),
            (Halves::Blank(_) | Halves::Different, true) => Verdict::Conflict(Reason::FirstDiffers),
            (Halves::Blank(_) | Halves::Different, false) => write(Reason::OneWay),
        };
    };
    match (source_since, target_since, halves, drift) {
        (
            Since::Same,
            Since::Same,
            Halves::Equal | Halves::Blank(_) | Halves::Different,
            Drift::Keep | Drift::Correct,
        ) => Verdict::Nothing(None),
        (Since::Moved, Since::Moved, Halves::Equal, Drift::Keep | Drift::Correct) => Verdict::Agree(Reason::BothEqual),
        (Since::Moved, Since::Same, Halves::Equal, Drift::Keep | Drift::Correct)
        | (Since::Same, Since::Moved, Halves::Equal, Drift::Keep | Drift::Correct) => {
            Verdict::Agree(Reason::NotCarried)
        }
        (
            Since::Moved,
            Since::Same | Since::Moved,
            Halves::Blank(_) | Halves::Different,
            Drift::Keep | Drift::Correct,
        ) => write(Reason::OneWay),
        (Since::Same, Since::Moved, Halves::Blank(_) | Halves::Different, Drift::Keep) => {
            Verdict::Agree(Reason::DriftKept)
        }
        (Since::Same, Since::Moved, Halves::Blank(_) | Halves::Different, Drift::Correct) => {
            write(Reason::DriftCorrected)
        }
    }
}

fn two_way(rule: FieldRule, past: Past, halves: Halves, adoption: bool) -> Verdict {
    let Past::Agreed { flowtly, crm } = past else {
        return first(rule.first, halves, adoption);
    };
    match (flowtly, crm, halves) {
        (Since::Same, Since::Same, Halves::Equal | Halves::Blank(_) | Halves::Different) => Verdict::Nothing(None),
        (Since::Moved, Since::Moved, Halves::Equal) => Verdict::Agree(Reason::BothEqual),
        (Since::Moved, Since::Same, Halves::Equal) | (Since::Same, Since::Moved, Halves::Equal) => {
            Verdict::Agree(Reason::NotCarried)
        }
        (Since::Moved, Since::Same, Halves::Blank(_) | Halves::Different) => {
            Verdict::Write { to: Side::Crm, reason: Reason::Moved { side: Side::Flowtly } }
        }
        (Since::Same, Since::Moved, Halves::Blank(_) | Halves::Different) => {
            Verdict::Write { to: Side::Flowtly, reason: Reason::Moved { side: Side::Crm } }
        }
        (Since::Moved, Since::Moved, Halves::Blank(_) | Halves::Different) => match preferred(rule.conflict) {
            Some(side) => Verdict::Write { to: side.opposite(), reason: Reason::ConflictPolicy { side } },
            None => Verdict::Conflict(Reason::BothMoved),
        },
    }
}

fn first(policy: Preference, halves: Halves, adoption: bool) -> Verdict {
    match (halves, preferred(policy), adoption) {
        (Halves::Equal, Some(_) | None, true | false) => Verdict::Agree(Reason::FirstEqual),
        (Halves::Blank(to), Some(_) | None, true | false) => Verdict::Write { to, reason: Reason::Fill },
        (Halves::Different, Some(_), true) | (Halves::Different, None, true | false) => {
            Verdict::Conflict(Reason::FirstDiffers)
        }
        (Halves::Different, Some(side), false) => {
            Verdict::Write { to: side.opposite(), reason: Reason::FirstPolicy { side } }
        }
    }
}

const fn preferred(preference: Preference) -> Option<Side> {
    match preference {
        Preference::Flowtly => Some(Side::Flowtly),
        Preference::Crm => Some(Side::Crm),
        Preference::Ask => None,
    }
}

/// What turns a write from `source` to `target` into a conflict.
fn objection(source_since: Option<Since>, source: &Half<'_>, target: &Half<'_>, alternates: bool) -> Option<Reason> {
    if source_since == Some(Since::Moved) && was_cut_copy(source, target) {
        Some(Reason::CutCopyMoved)
    } else if source.now.says_nothing() && target.required {
        Some(Reason::RequiredElsewhere)
    } else if alternates {
        Some(Reason::Alternates)
    } else {
        None
    }
}

/// Whether, at the last agreement, `half` held what was left of the other's text after its own system had cut it.
fn was_cut_copy(half: &Half<'_>, other: &Half<'_>) -> bool {
    let (Some(cut), Some(ours), Some(theirs)) =
        (half.cut, half.base.and_then(Reading::value), other.base.and_then(Reading::value))
    else {
        return false;
    };
    is_cut_copy(ours.text(), theirs.text(), cut)
}

/// Whether `ours` is what is left of `theirs` when it is cut after `cut` characters. A whole text may be cut, or one part
/// of it that both sides carry.
pub(crate) fn is_cut_copy(ours: &Text, theirs: &Text, cut: usize) -> bool {
    let cut_from =
        |ours: &str, theirs: &str| theirs.len() > ours.len() && theirs.starts_with(ours) && ours.chars().count() == cut;
    cut_from(&ours.to_string(), &theirs.to_string())
        || ours.parts().any(|(part, text)| theirs.part(part).is_some_and(|longer| cut_from(text, longer)))
}
