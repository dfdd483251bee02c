//! Why a record, or one field of it, is what it is.

mod text;

use std::io;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::failures::FailureItem;
use super::questions::QuestionItem;
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::record::{RemoteId, Side, Standing};
use crate::domain::rules::FieldRule;
use crate::domain::value::Text;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::words::Named;
use crate::store::history::Written;
use crate::store::waiting::WaitingConflict;

/// A record with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The record or pair.
    pub record: Named,
    /// Its link; `None` for an unlinked record.
    pub link: Option<LinkSaid>,
    /// What was decided about an unlinked record; `None` if it was not judged yet.
    pub verdict: Option<String>,
    /// Why it is not settled, and when it is due; `None` if it is.
    pub todo: Option<TodoSaid>,
    /// Writes that were sent and whose outcome is not known yet.
    pub open_writes: u64,
    /// One half or both, as last read.
    pub halves: Vec<HalfSaid>,
    /// Its fields; one only where one was asked for.
    pub fields: Vec<FieldSaid>,
    /// What is asked about it.
    pub questions: Vec<QuestionItem>,
    /// What a system refused.
    pub failures: Vec<FailureItem>,
    /// A Flowtly company's documents.
    pub documents: Documents,
}

/// A link in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkSaid {
    /// Its number.
    pub id: LinkId,
    /// `live`, `paused` or `tombstone`.
    pub state: &'static str,
    /// What the last look found.
    pub assessment: String,
    /// The stated reasons, where it differs.
    pub reasons: Vec<String>,
    /// Why they are linked, or separated.
    pub reason: String,
    /// A contact's company.
    pub parent: Option<LinkId>,
}

/// Why something is not settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TodoSaid {
    /// Why.
    pub why: String,
    /// When it is due; `None` if it waits for a person, or for a change.
    pub due: Option<DateTime<Utc>>,
}

/// A half as last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HalfSaid {
    /// Which side.
    pub side: Side,
    /// Its id there.
    pub id: RemoteId,
    /// Its company there.
    pub parent: Option<RemoteId>,
    /// Live or archived.
    pub standing: Standing,
    /// Confirmed gone.
    pub gone: bool,
    /// Whether it may be created on the other side.
    pub in_scope: bool,
    /// Our id in it.
    pub stored_id: Option<String>,
    /// When the system says that it last changed.
    pub modified: Option<DateTime<Utc>>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldSaid {
    /// Which.
    pub field: Field,
    /// What Flowtly shows; `None` without a record there.
    pub flowtly: Option<ValueSaid>,
    /// What the CRM shows; `None` without a record there.
    pub crm: Option<ValueSaid>,
    /// The rule; without one it does not travel.
    pub rule: Option<FieldRule>,
    /// The values that gave way, newest first.
    pub history: Vec<Written>,
    /// The conflict that waits.
    pub conflict: Option<WaitingConflict>,
}

/// A field on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueSaid {
    /// The text as last read; `None` where it is unknown.
    pub now: Option<Text>,
    /// The text at the last agreement; `None` if never agreed.
    pub base: Option<Text>,
    /// What the side did since.
    pub since: Since,
    /// The pass that wrote it there; `None` where people or tools of that system did.
    pub writer: Option<i64>,
}

/// What a side did since the last agreement on a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// Nothing.
    Same,
    /// It changed the value.
    Moved,
    /// There was none.
    NeverAgreed,
    /// The value is not known.
    Unknown,
}

/// A company's documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Documents {
    /// Nobody was asked: no company of Flowtly, or one field was asked for.
    NotAsked,
    /// The system has none to show.
    None,
    /// It could not be asked.
    Failed(String),
    /// These.
    Listed(Vec<DocumentSaid>),
}

/// A document, as far as the system shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentSaid {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Where it can be had.
    pub location: Option<String>,
    /// How it stands in the CRM; `None` where documents were never looked at.
    pub stands: Option<StandSaid>,
}

/// How a document stands in the CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandSaid {
    /// `wanted`, `sending`, `moved`, `shown`, `removed`; `incomplete` for one that cannot be shown.
    pub state: &'static str,
    /// The same in words.
    pub says: String,
    /// What shows it in the CRM.
    pub crm_id: Option<RemoteId>,
    /// Whether Flowtly lists it no more.
    pub gone: bool,
}

/// Shows them; in JSON an array (a person who belongs to two firms is two records).
pub fn show(listing: &mut Listing<'_>, explanations: &[Explanation]) -> io::Result<()> {
    match listing.form {
        Form::Json => json::pretty(listing.out, explanations),
        Form::Text(style) => explanations.iter().enumerate().try_for_each(|(position, explanation)| {
            if position > 0 {
                writeln!(listing.out)?;
            }
            text::text(listing.out, style, explanation)
        }),
    }
}
