//! The plan: an ordered list of actions, each with a reason. Plain data.

mod reason;
mod totals;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::record::{Kind, RemoteId, Side};
use super::value::Text;

pub use reason::Reason;
pub use totals::Totals;

#[cfg(test)]
mod tests;

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
    /// It is live again on both sides: the link goes on where it was, also one that a rule had cut.
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

impl Op {
    /// How many values it clears.
    pub fn blanked(&self) -> usize {
        if let Self::Update { changes, .. } = self {
            changes.iter().filter(|change| change.blanks()).count()
        } else {
            0
        }
    }
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
        self.after.says_nothing() && !self.before.says_nothing()
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
