//! What the user decides: direction, conflict, first and drift policy of a field; creation of a kind. Scope is a file of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::record::Side;

/// In which direction a field travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both systems may change it.
    Both,
    /// Flowtly decides.
    ToCrm,
    /// The CRM decides.
    ToFlowtly,
}

impl Direction {
    /// The side that is written to by a one-way rule; `None` for both.
    pub const fn target(self) -> Option<Side> {
        match self {
            Self::Both => None,
            Self::ToCrm => Some(Side::Crm),
            Self::ToFlowtly => Some(Side::Flowtly),
        }
    }
}

/// Who decides where no rule of time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preference {
    /// Flowtly's value.
    Flowtly,
    /// The CRM's value.
    Crm,
    /// A person.
    Ask,
}

/// What to do where only the target of a one-way field moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// Leave it; its base takes it, so that the next move of the source is written over it.
    Keep,
    /// Write the source's value back.
    Correct,
}

/// The rule of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FieldRule {
    /// In which direction it travels.
    pub direction: Direction,
    /// Both sides moved, and differently.
    pub conflict: Preference,
    /// Never agreed, and different.
    pub first: Preference,
    /// Only the target of a one-way field moved.
    pub drift: Drift,
}

impl Default for FieldRule {
    fn default() -> Self {
        Self { direction: Direction::Both, conflict: Preference::Ask, first: Preference::Ask, drift: Drift::Keep }
    }
}

/// What happens to the partner of a record that is confirmed gone. Nothing is ever deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gone {
    /// Tell it, keep the link.
    Report,
    /// Turn the link into a tombstone.
    Unlink,
}

/// The rules of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRules {
    /// The rule of each field that both sides map. A field without a rule does not travel.
    pub fields: BTreeMap<Field, FieldRule>,
    /// Whether records may be created in Flowtly, and in the CRM.
    pub create_in_flowtly: bool,
    /// Whether records may be created in the CRM.
    pub create_in_crm: bool,
    /// The partner of a record that is gone.
    pub gone: Gone,
    /// Further fields that may serve as match keys, strongest first, after name and country.
    pub match_fields: Vec<Field>,
    /// What a new record on a side is given where the source has nothing: by side, field and text.
    pub defaults: BTreeMap<(Side, Field), super::value::Text>,
}

impl KindRules {
    /// Whether records may be created on a side.
    pub const fn may_create(&self, side: Side) -> bool {
        match side {
            Side::Flowtly => self.create_in_flowtly,
            Side::Crm => self.create_in_crm,
        }
    }
}
