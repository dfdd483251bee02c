//! Link, base, seen and rules become what is to be done about one pair.
//!
//! [`plan_pair`] asks first whether a half still is the same thing, then carries out what a person decided, and leaves
//! the rest to the merge, field by field. [`plan_create`] says what a record is born with.

mod identity;
mod pair;
mod create;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::plan::{Change, Conflict, Reason};
use super::record::{Record, Side};
use super::rules::KindRules;
use super::shape::Shape;
use super::value::{Locale, Reading, Text};

pub use create::plan_create;
pub use pair::plan_pair;

#[cfg(test)]
mod tests;

/// The reading of [`Field::Parent`] where the contact's company has no link. It never travels.
pub const OUTSIDE: &str = "outside";

/// What one side can and cannot do with the fields of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manners {
    /// Fields without which a record cannot be created, and that cannot be cleared.
    pub required: BTreeSet<Field>,
    /// The longest text, in characters, of fields that the system cuts.
    pub cuts: BTreeMap<Field, usize>,
}

/// One side of a linked pair.
#[derive(Debug, Clone)]
pub struct PairHalf {
    /// As last read. The reading of [`Field::Parent`] is the *link* of the contact's company, put there by the caller.
    pub record: Record,
    /// By field, the value at the last agreement, with the bases of another mapping already dropped.
    pub base: BTreeMap<Field, Reading>,
}

/// What a person decided about a conflict, bound to what the person was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The side whose value shall hold, or a text of the person's own.
    pub choice: Choice,
    /// Flowtly's text that was shown.
    pub flowtly: Text,
    /// The CRM's text that was shown.
    pub crm: Text,
}

/// The outcome of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// This side's value.
    Side(Side),
    /// This text, on both sides. A side that already shows it counts as shown, so that a decision of which one write
    /// failed is finished by the next pass.
    Text(Text),
}

/// A linked pair, as the planner needs it.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Flowtly's half.
    pub flowtly: PairHalf,
    /// The CRM's half.
    pub crm: PairHalf,
    /// Decisions that wait to be carried out.
    pub decisions: BTreeMap<Field, Decision>,
    /// Fields that went to and fro.
    pub alternating: BTreeSet<Field>,
    /// A person said that it still is the same thing, by the names and keys that both halves show now.
    pub confirmed: bool,
}

/// What the planner knows beside the pair.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The rules of the kind.
    pub rules: &'a KindRules,
    /// Flowtly's mapping.
    pub flowtly: &'a Shape,
    /// The CRM's mapping.
    pub crm: &'a Shape,
    /// Flowtly's manners.
    pub flowtly_manners: &'a Manners,
    /// The CRM's manners.
    pub crm_manners: &'a Manners,
    /// The normal forms' surroundings.
    pub locale: &'a Locale,
    /// See [`Circumstances::adoption`](super::merge::Circumstances::adoption).
    pub adoption: bool,
}

/// What is to be done about a pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PairPlan {
    /// Changes to be written to Flowtly.
    pub to_flowtly: Vec<Change>,
    /// Changes to be written to the CRM.
    pub to_crm: Vec<Change>,
    /// Fields whose base takes what was seen.
    pub agreed: Vec<(Field, Reason)>,
    /// Fields on which a person decides.
    pub conflicts: Vec<(Conflict, Reason)>,
    /// Name and key of one half changed together: a question, and nothing else of the pair is written.
    pub identity_changed: Option<Side>,
    /// Fields about which nothing is done, where there is something to say.
    pub notes: Vec<(Field, Reason)>,
}

impl Pair {
    /// The half of a side.
    pub const fn half(&self, side: Side) -> &PairHalf {
        match side {
            Side::Flowtly => &self.flowtly,
            Side::Crm => &self.crm,
        }
    }
}

impl<'a> Context<'a> {
    /// The mapping of a side.
    pub const fn shape(&self, side: Side) -> &'a Shape {
        match side {
            Side::Flowtly => self.flowtly,
            Side::Crm => self.crm,
        }
    }

    /// The manners of a side.
    pub const fn manners(&self, side: Side) -> &'a Manners {
        match side {
            Side::Flowtly => self.flowtly_manners,
            Side::Crm => self.crm_manners,
        }
    }
}

impl PairPlan {
    /// The changes to be written to a side.
    pub fn changes(&self, side: Side) -> &[Change] {
        match side {
            Side::Flowtly => &self.to_flowtly,
            Side::Crm => &self.to_crm,
        }
    }

    /// Whether nothing is written, agreed or asked; there may be something to say.
    pub const fn is_settled(&self) -> bool {
        self.to_flowtly.is_empty()
            && self.to_crm.is_empty()
            && self.agreed.is_empty()
            && self.conflicts.is_empty()
            && self.identity_changed.is_none()
    }

    const fn changes_mut(&mut self, side: Side) -> &mut Vec<Change> {
        match side {
            Side::Flowtly => &mut self.to_flowtly,
            Side::Crm => &mut self.to_crm,
        }
    }
}
