//! The names of refusals.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a refusal, as `--allow` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalName {
    /// The first pass of a new state only plans.
    FirstPass,
    /// More creates than the limit.
    TooManyCreates,
    /// More updates than the limit.
    TooManyUpdates,
    /// More cleared values than the limit.
    TooManyBlankedValues,
    /// More links than the limit.
    TooManyLinks,
    /// More new conflicts than the limit.
    TooManyConflicts,
    /// More pairs that are archived, gone or merged on a side than the limit.
    TooManyPauses,
    /// More documents to be shown than the limit: they wait, and nothing else does.
    TooManyDocuments,
    /// A side shows far fewer records than it had.
    ShrunkenListing,
    /// A list could not be read whole, and the plan recognises or creates records.
    WalkNotWhole,
    /// The pairs that must be there are not.
    CanaryNotSeen,
}

impl RefusalName {
    /// All names, in the order in which they are told.
    pub const ALL: [Self; 11] = [
        Self::FirstPass,
        Self::TooManyCreates,
        Self::TooManyUpdates,
        Self::TooManyBlankedValues,
        Self::TooManyLinks,
        Self::TooManyConflicts,
        Self::TooManyPauses,
        Self::TooManyDocuments,
        Self::ShrunkenListing,
        Self::WalkNotWhole,
        Self::CanaryNotSeen,
    ];

    /// Whether it is about documents alone: these wait then, and everything else is carried out.
    pub const fn is_about_documents(self) -> bool {
        matches!(self, Self::TooManyDocuments)
    }

    /// The word that `--allow` takes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstPass => "first-pass",
            Self::TooManyCreates => "too-many-creates",
            Self::TooManyUpdates => "too-many-updates",
            Self::TooManyBlankedValues => "too-many-blanked-values",
            Self::TooManyLinks => "too-many-links",
            Self::TooManyConflicts => "too-many-conflicts",
            Self::TooManyPauses => "too-many-pauses",
            Self::TooManyDocuments => "too-many-documents",
            Self::ShrunkenListing => "shrunken-listing",
            Self::WalkNotWhole => "walk-not-whole",
            Self::CanaryNotSeen => "canary-not-seen",
        }
    }

    /// What its numbers count.
    pub const fn counts(self) -> &'static str {
        match self {
            Self::FirstPass => "actions",
            Self::TooManyCreates => "records to be created",
            Self::TooManyUpdates => "records to be updated",
            Self::TooManyBlankedValues => "values to be cleared",
            Self::TooManyLinks => "links to be made",
            Self::TooManyConflicts => "new conflicts",
            Self::TooManyPauses => "pairs archived, gone or merged",
            Self::TooManyDocuments => "documents to be shown",
            Self::ShrunkenListing => "records not shown",
            Self::WalkNotWhole => "records told of and not shown, or the other way round",
            Self::CanaryNotSeen => "pairs not found",
        }
    }

    /// The name that [`Self::as_str`] spells.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl fmt::Display for RefusalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
