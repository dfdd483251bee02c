//! The plan: an ordered list of actions, each with a reason. Plain data.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::record::{Kind, RemoteId, Side};
use super::value::Text;

/// The row of a link in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkId(pub i64);

/// The position of an action in its plan, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionId(pub u32);

/// A link that exists, or that an earlier action of the same plan makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkRef {
    /// In the state.
    Existing(LinkId),
    /// Made by this action.
    Planned(ActionId),
}

/// A record on one side. The parent distinguishes the several records of a CRM person who belongs to several firms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordRef {
    /// Which system.
    pub side: Side,
    /// Its id there.
    pub id: RemoteId,
    /// Its company there (contacts only).
    pub parent: Option<RemoteId>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its position.
    pub id: ActionId,
    /// Company or contact.
    pub kind: Kind,
    /// How a person recognises the record. Personal data: for reports, never for logs.
    pub label: String,
    /// The link that it is about, if there is one or an earlier action makes it.
    pub link: Option<LinkRef>,
    /// The Flowtly record that it is about.
    pub flowtly: Option<RecordRef>,
    /// The CRM record that it is about.
    pub crm: Option<RecordRef>,
    /// What is done.
    pub op: Op,
    /// Why.
    pub reason: Reason,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "op")]
pub enum Op {
    /// Join the two records; what the first policies make of their fields follows as actions of its own.
    Link,
    /// Make a record on `side` from the other side's.
    Create {
        /// Where.
        side: Side,
        /// The text of each field, in the shape of `side`.
        fields: Vec<(Field, Text)>,
        /// A contact's company.
        parent: Option<LinkRef>,
    },
    /// Change fields of a linked record.
    Update {
        /// Where.
        side: Side,
        /// What, and why.
        changes: Vec<Change>,
    },
    /// Write our id into the CRM record.
    Stamp,
    /// Both sides already agree on these fields: the base takes what was seen. Nothing is sent.
    Agree {
        /// Which, and why.
        fields: Vec<(Field, Reason)>,
    },
    /// The linked record continues under another id (merged there).
    Repoint {
        /// Where.
        side: Side,
        /// The new id.
        to: RemoteId,
    },
    /// A linked record was archived: the link rests.
    Pause {
        /// Where.
        side: Side,
    },
    /// It is live again on both sides.
    Resume,
    /// A linked record is confirmed gone and the rule says so: the link becomes a tombstone.
    Unlink {
        /// Where it is gone.
        side: Side,
    },
    /// A field that both sides changed and no rule decides.
    Conflict(Conflict),
    /// Only a person may decide.
    Question(Question),
    /// Nothing is done, and that is worth saying.
    Skip,
}

/// One field's change in an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field.
    pub field: Field,
    /// The target's text as it was planned from (empty where blank).
    pub before: Text,
    /// The target's text as it shall be, in the target's shape (empty to clear).
    pub after: Text,
    /// The source's text that this carries (empty where blank).
    pub source: Text,
    /// Why.
    pub reason: Reason,
}

impl Change {
    /// Whether it clears a value.
    pub fn blanks(&self) -> bool {
        self.after.is_blank() && !self.before.is_blank()
    }
}

/// A field on which a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The field.
    pub field: Field,
    /// Flowtly's text (empty where blank).
    pub flowtly: Text,
    /// The CRM's text (empty where blank).
    pub crm: Text,
    /// Flowtly's text at the last agreement; `None` if never agreed.
    pub flowtly_base: Option<Text>,
    /// The CRM's text at the last agreement; `None` if never agreed.
    pub crm_base: Option<Text>,
}

/// What a person is asked about identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is asked.
    pub asks: Asks,
    /// The record that raised it.
    pub subject: RecordRef,
    /// What it could be.
    pub candidates: Vec<CandidateNote>,
}

/// The sort of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// Several candidates: which of them?
    WhichOf,
    /// One candidate, but the evidence is thin: is it the same?
    SameThing,
    /// The candidate already has a living partner: a duplicate?
    Duplicate,
    /// A second record on the same side shares a strong key: a duplicate?
    Twin,
    /// A linked record's name and key changed together: is it still the same thing?
    StillTheSame,
    /// The outcome of a create is not known: did it arrive?
    LostCreate,
}

/// A candidate, with what speaks for and against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateNote {
    /// Which record.
    pub record: RecordRef,
    /// How a person recognises it.
    pub label: String,
    /// Keys that are equal.
    pub speaks_for: Vec<KeyKind>,
    /// Keys that both have and that differ.
    pub speaks_against: Vec<KeyKind>,
}

/// What a record can be recognised by, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Our id, written into the CRM record.
    StoredId,
    /// A valid tax number (companies).
    TaxNumber,
    /// Name and country (companies).
    NameAndCountry,
    /// Name alone, where a side lacks the country (companies): enough for a question, never for a link.
    Name,
    /// A configured field (companies); its position in the configuration.
    Configured(u8),
    /// Company, e-mail and name (contacts).
    EmailAndName,
    /// Company and e-mail (contacts).
    Email,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoredId => f.write_str("the stored Flowtly id"),
            Self::TaxNumber => f.write_str("tax number"),
            Self::NameAndCountry => f.write_str("name and country"),
            Self::Name => f.write_str("name"),
            Self::Configured(position) => write!(f, "configured key {}", u16::from(*position) + 1),
            Self::EmailAndName => f.write_str("e-mail and name"),
            Self::Email => f.write_str("e-mail"),
        }
    }
}

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
        }
    }
}

/// How much a plan does, by side; the input of the safety limits and the last lines of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Links to be made.
    pub links: u64,
    /// Records to be created, by side.
    pub creates: BTreeMap<Side, u64>,
    /// Records to be updated, by side.
    pub updates: BTreeMap<Side, u64>,
    /// Values to be cleared, by side.
    pub blanked: BTreeMap<Side, u64>,
    /// New conflicts.
    pub conflicts: u64,
    /// New questions.
    pub questions: u64,
    /// Records that are counted and explained, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Fields whose base alone moves.
    pub agreed: u64,
    /// Other local actions: re-points, pauses, resumes, tombstones.
    pub local: u64,
    /// Our id to be written into CRM records.
    pub stamps: u64,
}

impl Totals {
    /// Adds one action.
    pub fn count(&mut self, action: &Action) {
        match &action.op {
            Op::Link => self.links += 1,
            Op::Create { side, .. } => *self.creates.entry(*side).or_default() += 1,
            Op::Update { side, changes } => {
                *self.updates.entry(*side).or_default() += 1;
                let blanked = changes.iter().filter(|change| change.blanks()).count() as u64;
                if blanked > 0 {
                    *self.blanked.entry(*side).or_default() += blanked;
                }
            }
            Op::Stamp => self.stamps += 1,
            Op::Agree { fields } => self.agreed += fields.len() as u64,
            Op::Repoint { .. } | Op::Pause { .. } | Op::Resume | Op::Unlink { .. } => self.local += 1,
            Op::Conflict(_) => self.conflicts += 1,
            Op::Question(_) => self.questions += 1,
            Op::Skip => *self.skipped.entry(action.reason.to_string()).or_default() += 1,
        }
    }

    /// Whether anything would be sent to a system or asked of a person, or a link be made.
    pub fn would_act(&self) -> bool {
        self.links > 0
            || self.stamps > 0
            || self.conflicts > 0
            || self.questions > 0
            || self.local > 0
            || self.creates.values().chain(self.updates.values()).any(|count| *count > 0)
    }
}
