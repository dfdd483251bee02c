//! Why an action is what it is, as data and as words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::KeyKind;
use crate::domain::field::Field;
use crate::domain::record::Side;

/// Why an action is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Reason {
    /// This side changed it, the other did not.
    Moved {
        /// The side that changed it.
        side: Side,
    },
    /// Never agreed, and blank on the target.
    Fill,
    /// Never agreed and different; the first policy prefers this side.
    FirstPolicy {
        /// The preferred side.
        side: Side,
    },
    /// Both changed it; the conflict policy prefers this side.
    ConflictPolicy {
        /// The preferred side.
        side: Side,
    },
    /// A one-way field: the source decides.
    OneWay,
    /// A one-way field whose target drifted is written back.
    DriftCorrected,
    /// A one-way field whose target drifted is left.
    DriftKept,
    /// A person decided.
    Decided,
    /// Both changed it to the same.
    BothEqual,
    /// Never agreed, and equal.
    FirstEqual,
    /// Only what the other side cannot carry changed.
    NotCarried,
    /// Both changed it, differently.
    BothMoved,
    /// Never agreed, and different.
    FirstDiffers,
    /// A half that is a cut copy of the other was edited.
    CutCopyMoved,
    /// Cleared on one side, required on the other.
    RequiredElsewhere,
    /// The value goes to and fro between two values.
    Alternates,
    /// Unknown on this side.
    Unknown {
        /// The side that did not show it.
        side: Side,
    },
    /// Unknown on both sides.
    UnknownOnBoth,
    /// The remote property cannot be written.
    NotWritable,
    /// Records of the two sides were recognised as the same.
    Matched {
        /// By what.
        by: KeyKind,
    },
    /// A person linked them.
    LinkedByHand,
    /// It has no counterpart.
    New,
    /// It is outside the scope of creation.
    OutOfScope,
    /// The rules do not create records there.
    CreationOff {
        /// Where.
        side: Side,
    },
    /// Required values are missing and no default is configured.
    NotEligible {
        /// The fields that are missing.
        missing: Vec<Field>,
    },
    /// The company that a contact belongs to is not linked (yet).
    BlockedByParent,
    /// The target side has not been walked whole since the state was made or the mapping changed.
    NoWholeScan {
        /// The side that must be walked.
        side: Side,
    },
    /// The state has to prove itself first.
    Adoption,
    /// A write whose outcome is not known is open.
    OpenIntent,
    /// The remote merged the record.
    Merged,
    /// The remote archived it.
    Archived {
        /// Where.
        side: Side,
    },
    /// The remote brought it back.
    Restored,
    /// The remote no longer has it.
    Gone {
        /// Where.
        side: Side,
    },
    /// Our id has to be written into the CRM.
    StampMissing,
    /// Name and key of a linked record changed together.
    IdentityChanged,
    /// Several candidates, or one that is taken.
    Ambiguous,
    /// It was refused before; the same payload waits.
    WaitsAfterRefusal,
    /// A person said that it is to be left alone: separated, or a copy of another record.
    LeftAlone,
    /// It was sent, and the record could not be read any more to see what came of it.
    OutcomeUnknown {
        /// Why it was sent; what older versions wrote does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        planned: Option<Box<Self>>,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved { side } => write!(f, "changed in {side}"),
            Self::Fill => f.write_str("blank there"),
            Self::FirstPolicy { side } => write!(f, "never agreed, the first policy prefers {side}"),
            Self::ConflictPolicy { side } => write!(f, "changed on both sides, the conflict policy prefers {side}"),
            Self::OneWay => f.write_str("one-way field"),
            Self::DriftCorrected => f.write_str("one-way field, the target's own change is written back"),
            Self::DriftKept => f.write_str("one-way field, the target's own change is left"),
            Self::Decided => f.write_str("decided by a person"),
            Self::BothEqual => f.write_str("changed to the same on both sides"),
            Self::FirstEqual => f.write_str("equal at first sight"),
            Self::NotCarried => f.write_str("only what the other side cannot carry changed"),
            Self::BothMoved => f.write_str("changed on both sides, differently"),
            Self::FirstDiffers => f.write_str("different at first sight"),
            Self::CutCopyMoved => f.write_str("a shortened copy was edited"),
            Self::RequiredElsewhere => f.write_str("cleared here, required on the other side"),
            Self::Alternates => f.write_str("goes to and fro between two values"),
            Self::Unknown { side } => write!(f, "not readable in {side}"),
            Self::UnknownOnBoth => f.write_str("not readable on either side"),
            Self::NotWritable => f.write_str("the remote property cannot be written"),
            Self::Matched { by } => write!(f, "recognised by {by}"),
            Self::LinkedByHand => f.write_str("linked by hand"),
            Self::New => f.write_str("no counterpart"),
            Self::OutOfScope => f.write_str("outside the scope"),
            Self::CreationOff { side } => write!(f, "the rules create nothing in {side}"),
            Self::NotEligible { missing } => {
                f.write_str("not eligible, missing ")?;
                for (position, field) in missing.iter().enumerate() {
                    write!(f, "{}{field}", if position == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::BlockedByParent => f.write_str("its company is not linked"),
            Self::NoWholeScan { side } => write!(f, "{side} has not been walked whole yet"),
            Self::Adoption => f.write_str("the state has to prove itself first"),
            Self::OpenIntent => f.write_str("a write of unknown outcome is open"),
            Self::Merged => f.write_str("merged there"),
            Self::Archived { side } => write!(f, "archived in {side}"),
            Self::Restored => f.write_str("live again"),
            Self::Gone { side } => write!(f, "gone in {side}"),
            Self::StampMissing => f.write_str("the Flowtly id is not in the CRM yet"),
            Self::IdentityChanged => f.write_str("name and key changed together"),
            Self::Ambiguous => f.write_str("not decidable by rule"),
            Self::WaitsAfterRefusal => f.write_str("refused before, waits"),
            Self::LeftAlone => f.write_str("left alone, as a person said"),
            Self::OutcomeUnknown { planned: Some(planned) } => {
                write!(f, "{planned}; sent, and what came of it could not be seen any more")
            }
            Self::OutcomeUnknown { planned: None } => {
                f.write_str("sent, and what came of it could not be seen any more")
            }
        }
    }
}
