//! The merge of one field: one exhaustive table.

use super::field::Field;
use super::plan::Reason;
use super::record::Side;
use super::rules::FieldRule;
use super::value::Reading;

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

/// Decides one field.
pub fn merge(
    _field: Field,
    _rule: &FieldRule,
    _flowtly: Half<'_>,
    _crm: Half<'_>,
    _circumstances: Circumstances,
) -> Verdict {
    Verdict::Nothing(None)
}
