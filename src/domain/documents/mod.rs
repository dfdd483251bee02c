//! Documents, one way: what Flowtly lists of a company is shown in the CRM. They never enter the merge of companies.
//!
//! [`read()`] makes wanted documents of what Flowtly lists, and says what the others lack; [`plan_company`] holds them against
//! what is known and what the CRM shows, and says for each what is to be done and why. Nothing is ever deleted.
//!
//! A document is known by its [mark](Wanted::mark), wherever its company goes. A create whose outcome is not known is not
//! repeated before a complete listing, begun late enough, says that nothing came of it; what carries the mark is adopted.

mod decide;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::record::RemoteId;
use super::shape::first_eight;

pub use decide::{Listing, Verdict, needs_listing, plan_company};
pub use read::{Entry, Incomplete, Readable, Wanted, read};

/// What is known of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its mark.
    pub mark: String,
    /// Its id in Flowtly.
    pub document: String,
    /// Its title, as it is to be shown.
    pub title: String,
    /// Where it can be had, as it is to be shown.
    pub link: Option<String>,
    /// The CRM's company at which it is, or is to be, shown.
    pub company: RemoteId,
    /// What shows it in the CRM.
    pub crm_id: Option<RemoteId>,
    /// The [`fingerprint()`] of what the CRM was made to say, or was found to say when it was adopted.
    pub told: Option<u64>,
    /// How it stands.
    pub state: State,
    /// From when on a complete listing that does not show it proves that it is not there.
    pub provable: Option<DateTime<Utc>>,
    /// Flowtly does not list it any more.
    pub gone: bool,
    /// A refusal: the fingerprint of what was refused, and when that is tried again.
    pub refused: Option<(u64, DateTime<Utc>)>,
}

impl Known {
    /// What tells one wording from another: of what is to be shown.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(&self.title, self.link.as_deref())
    }
}

/// How a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// To be shown, or to be renamed where something shows it already. Certainly not sent.
    Wanted,
    /// Sent, and nobody knows what came of it.
    Sending,
    /// Its company goes on as another record of the CRM, and it was not found there yet.
    Moved,
    /// Shown.
    Shown,
    /// Taken away in the CRM: left alone.
    Removed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Wanted, Self::Sending, Self::Moved, Self::Shown, Self::Removed];

    /// The word in the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Sending => "sending",
            Self::Moved => "moved",
            Self::Shown => "shown",
            Self::Removed => "removed",
        }
    }

    /// The state that [`Self::as_str`] names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What the CRM shows of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What shows it.
    pub id: RemoteId,
    /// The mark that it carries.
    pub mark: String,
    /// The title that it says.
    pub title: String,
    /// The link that it says.
    pub link: Option<String>,
}

/// What is done about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    /// It is shown anew.
    Show,
    /// What shows it gets another title or link.
    Rename,
    /// What carries its mark is taken as its own; nothing is sent.
    Adopt,
    /// Nothing.
    Nothing,
}

impl Does {
    /// The word in the state and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Rename => "rename",
            Self::Adopt => "adopt",
            Self::Nothing => "nothing",
        }
    }

    /// Whether something is sent.
    pub const fn sends(self) -> bool {
        match self {
            Self::Show | Self::Rename => true,
            Self::Adopt | Self::Nothing => false,
        }
    }
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is as it was.
    Same,
    /// Flowtly lists it, and nothing shows it yet.
    New,
    /// Its title or link changed in Flowtly.
    Renamed,
    /// Something in the CRM carries its mark already.
    MarkFound,
    /// It was sent, and a later listing says that nothing came of it.
    NeverArrived,
    /// It was sent, and it is too early to say what came of it.
    OutcomeUnknown,
    /// Its company goes on as another record, and it is too early to say that it did not come along.
    CompanyMoved,
    /// People took it away in the CRM.
    TakenAway,
    /// Flowtly does not list it any more; what shows it is left alone.
    GoneInFlowtly,
    /// The CRM refused it; the same is tried again later.
    WaitsAfterRefusal,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "as it was",
            Self::New => "not shown yet",
            Self::Renamed => "its title or link changed in Flowtly",
            Self::MarkFound => "something there carries its mark already",
            Self::NeverArrived => "it was sent before, and a later listing says that nothing came of it",
            Self::OutcomeUnknown => "it was sent, and it is too early to say what came of it",
            Self::CompanyMoved => {
                "its company goes on as another record, and it is too early to say that it did not come along"
            }
            Self::TakenAway => "it was taken away in the CRM, and is left alone",
            Self::GoneInFlowtly => "Flowtly does not list it any more; what shows it is left alone",
            Self::WaitsAfterRefusal => "the CRM refused it; the same is tried again later",
        })
    }
}

/// How the known documents stand, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// Shown.
    pub shown: u64,
    /// To be shown or renamed.
    pub wanted: u64,
    /// Of these, refused by the CRM.
    pub refused: u64,
    /// Sent, or looked for at another company, and not known yet.
    pub unknown: u64,
    /// Taken away in the CRM.
    pub removed: u64,
    /// Not listed by Flowtly any more.
    pub gone: u64,
    /// Without id or name: not shown.
    pub incomplete: u64,
}

/// A hash of a wording.
pub fn fingerprint(title: &str, link: Option<&str>) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(title.as_bytes());
    hasher.update([0]);
    hasher.update(link.unwrap_or_default().as_bytes());
    first_eight(hasher)
}
