//! Match keys, vetoes, and the decision among candidates.

use std::collections::BTreeMap;

use super::plan::{Asks, CandidateNote, KeyKind, LinkId, RecordRef};
use super::record::Record;
use super::rules::KindRules;

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

/// The keys of a company. `organisation` is Flowtly's account id, used for the stored id.
pub fn company_keys(_record: &Record, _organisation: &str, _rules: &KindRules) -> MatchKeys {
    MatchKeys::default()
}

/// The keys of a contact whose company is the link `parent`.
pub fn contact_keys(_record: &Record, _parent: LinkId) -> MatchKeys {
    MatchKeys::default()
}

/// Decides about `subject` among all candidates of the other side and all twins of its own.
pub fn decide(_subject: &MatchKeys, _others: &[Candidate], _twins: &[Candidate]) -> Verdict {
    Verdict::None
}
