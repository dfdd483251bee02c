//! Match keys, vetoes, and the decision among candidates.
//!
//! A record is recognised by keys, strongest first: our stored id, tax number, name and country, configured fields; a
//! contact by company, e-mail and name, then by company and e-mail. A stronger key that both have and that differs is a
//! veto. A name alone is worth a question, never a link. Whatever is not plain is asked: nothing here guesses.

mod keys;
mod decide;
mod identity;

use std::collections::BTreeMap;

use super::plan::{Asks, CandidateNote, KeyKind, LinkId, RecordRef};

pub use decide::decide;
pub use identity::{identifying, identity};
pub use keys::{company_keys, contact_keys};

#[cfg(test)]
mod tests;

/// What a record can be recognised by: valid keys only, no placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatchKeys {
    /// By kind of key, its normal text.
    pub keys: BTreeMap<KeyKind, String>,
}

/// A record that might be the counterpart or the twin of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which record.
    pub record: RecordRef,
    /// How a person recognises it.
    pub label: String,
    /// Its keys.
    pub keys: MatchKeys,
    /// Whether it has a partner.
    pub bond: Bond,
}

/// Whether a record has a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// It has none.
    Free,
    /// It has one, and the partner lives.
    Linked(LinkId),
    /// It has one, and the partner is confirmed gone, or merged into the subject.
    Widowed(LinkId),
    /// A person or a rule separated it: never matched nor created again.
    Tombstone(LinkId),
}

/// What becomes of a record without a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Join it with this one.
    Link {
        /// The counterpart.
        with: RecordRef,
        /// The strongest key that is equal.
        by: KeyKind,
    },
    /// The candidate's partner is gone: the link continues with this record.
    Repoint {
        /// The link.
        link: LinkId,
        /// The strongest key that is equal.
        by: KeyKind,
    },
    /// A person decides.
    Ask {
        /// What is asked.
        asks: Asks,
        /// Among which.
        candidates: Vec<CandidateNote>,
    },
    /// It belongs to a tombstone: nothing until a person says so.
    Rest,
    /// It has no counterpart.
    None,
}
