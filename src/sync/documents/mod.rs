//! Documents, one way: read in Flowtly, planned, and after the plan of the companies was carried out shown in the CRM.
//!
//! In order: `plan` reads the documents of the companies that changed (of all in a complete pass) and decides; `hold` is
//! for a side that does not let documents be read or shown at all. What is wanted is carried out by
//! [`super::apply`], within its own safety limit: a flood of documents holds nothing else back.
//!
//! Architecture invariant: with documents off nothing is asked, neither of a system nor of the state.

pub(crate) mod hold;
mod plan;

use serde::Serialize;

use crate::connector::port;
use crate::domain::documents::{Found, Stand};
use crate::domain::safety::Example;

pub(crate) use plan::{plan_documents, settling};

/// What the user decides about documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentRules {
    /// How many companies' documents are read at once.
    pub at_once: usize,
}

/// What a pass did about documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DocumentsReport {
    /// Companies whose documents were read.
    pub companies: u64,
    /// Documents that the plan shows.
    pub shows: u64,
    /// Documents that the plan renames.
    pub renames: u64,
    /// Documents that were found to be shown already.
    pub adopted: u64,
    /// Documents that were shown.
    pub shown: u64,
    /// Documents that were renamed.
    pub renamed: u64,
    /// Documents that the CRM refused.
    pub refused: u64,
    /// Documents that were sent, and nobody knows what came of it.
    pub unknown: u64,
    /// Documents that were not sent, and wait for the next pass.
    pub put_off: u64,
    /// Companies whose documents could not be read.
    pub unread: u64,
    /// Why documents were left alone, or not all of them carried out.
    pub trouble: Option<String>,
    /// How all known documents stand.
    pub stand: Stand,
    /// A few of what the plan sends, for a refusal to show.
    #[serde(skip)]
    pub(crate) examples: Vec<Example>,
}

impl DocumentsReport {
    /// How many documents the plan sends.
    pub const fn planned(&self) -> u64 {
        self.shows + self.renames
    }

    /// Whether everything that was planned was carried out, or refused by the CRM and waits.
    pub(crate) const fn is_whole(&self) -> bool {
        self.unknown == 0 && self.put_off == 0 && self.trouble.is_none()
    }
}

/// What the CRM shows, as the domain takes it.
pub(crate) fn found(shown: Vec<port::Shown>) -> Vec<Found> {
    shown
        .into_iter()
        .map(|shown| Found {
            id: shown.id,
            mark: shown.showing.mark,
            title: shown.showing.title,
            link: shown.showing.link,
        })
        .collect()
}
