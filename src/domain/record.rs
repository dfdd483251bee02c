//! Sides, kinds, ids and the record as the engine sees it.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::field::Field;
use super::value::Reading;

/// One of the two systems that are kept in agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The PSA/ERP.
    Flowtly,
    /// The firm's CRM, whichever it is.
    Crm,
}

impl Side {
    /// Both sides, in the order in which they are always named.
    pub const BOTH: [Self; 2] = [Self::Flowtly, Self::Crm];

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Flowtly => Self::Crm,
            Self::Crm => Self::Flowtly,
        }
    }

    /// The word used in configuration, state and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flowtly => "flowtly",
            Self::Crm => "crm",
        }
    }

    /// The side that [`Self::as_str`] names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|side| side.as_str() == text)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flowtly => "Flowtly",
            Self::Crm => "CRM",
        })
    }
}

/// What is kept in agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A firm: a Flowtly *Client*.
    Company,
    /// A person at a firm: a Flowtly *ClientContact*.
    Contact,
}

impl Kind {
    /// Both kinds, parents first.
    pub const BOTH: [Self; 2] = [Self::Company, Self::Contact];

    /// The word used in configuration, state and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Contact => "contact",
        }
    }

    /// The kind that [`Self::as_str`] names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A system's own id, bare: never an IRI, never with a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RemoteId(String);

impl RemoteId {
    /// Wraps an id as the system writes it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as the system writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Ordering evidence where the system numbers its records: `None` for ids that are not decimal numbers.
    pub fn as_number(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A system's own word for a record's revision (a stamp, a counter): compared for equality only, never part of a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub String);

/// Whether a system shows a record among its live ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// An ordinary record.
    Live,
    /// Archived or put into a bin from which it can come back: seen, not absent.
    Archived,
}

/// Says that two readings of a record are equal in everything that is compared: a hash of the normal forms and the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub u64);

/// A record as the engine sees it. A CRM person who belongs to two firms is two of these.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Which system delivered it.
    pub side: Side,
    /// Company or contact.
    pub kind: Kind,
    /// Its id there.
    pub id: RemoteId,
    /// The company (same side) that a contact belongs to; always `None` for a company, and for a contact without one.
    pub parent: Option<RemoteId>,
    /// The revision as the system names it.
    pub version: Option<Version>,
    /// When the system says that it was made.
    pub created: Option<DateTime<Utc>>,
    /// When the system says that it last changed.
    pub modified: Option<DateTime<Utc>>,
    /// Live or archived.
    pub standing: Standing,
    /// Our id, `organisation/id` of the Flowtly record, where the system has a property for it and it is filled.
    pub stored_id: Option<String>,
    /// Whether it may be *created* on the other side (rule of scope); matching ignores this.
    pub in_scope: bool,
    /// What is mapped, by canonical field.
    pub fields: BTreeMap<Field, Reading>,
}

#[cfg(test)]
impl Record {
    /// A live record in scope that shows nothing, for tests to fill.
    pub(crate) fn bare(side: Side, kind: Kind, id: &str) -> Self {
        Self {
            side,
            kind,
            id: RemoteId::new(id),
            parent: None,
            version: None,
            created: None,
            modified: None,
            standing: Standing::Live,
            stored_id: None,
            in_scope: true,
            fields: BTreeMap::new(),
        }
    }
}

impl Record {
    /// The reading of a field; unknown where the side does not map it.
    pub fn reading(&self, field: Field) -> &Reading {
        self.fields.get(&field).unwrap_or(&Reading::Unknown)
    }

    /// How a person recognises the record: its name, else its id.
    pub fn label(&self) -> String {
        let field = match self.kind {
            Kind::Company => Field::Name,
            Kind::Contact => Field::PersonName,
        };
        match self.reading(field) {
            Reading::Value(value) => value.text().to_string(),
            Reading::Unknown | Reading::Blank => format!("{} {}", self.kind, self.id),
        }
    }
}
