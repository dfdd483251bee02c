//! The report of a pass or a dry run: begun, then told action by action in the plan's order, then ended. Memory stays flat.
//!
//! [`Format::Json`] is one object. Its keys are stable:
//!
//! | key | |
//! |---|---|
//! | `pass`, `complete`, `ending` | the pass's number; whether it walked everything; `applied`, `partly`, `refused`, `planned` |
//! | `totals` | [`Totals`](crate::domain::plan::Totals): `links`, `creates`, `updates`, `blanked` (by `flowtly`, `crm`), `conflicts`, `questions`, `skipped` (by reason), `agreed`, `local`, `pauses` (by side), `stamps`, `documents` |
//! | `refusals` | what the safety limits refuse: `name`, `side`, `kind`, `found`, `allowed`, `message`, `numbers` (what an allowance stands for: `of`, `side`, `kind`, `found`), `examples` (the worst: `kind`, `label`, `flowtly`, `crm`, `values`) |
//! | `missing` | mapped properties that are missing: `side`, `kind`, `property` |
//! | `not_whole` | lists that could not be read whole: `side`, `kind` |
//! | `transition` | whether rules, mapping or scope changed since a plan was last accepted |
//! | `failing` | sides that failed: `side`, `message` |
//! | `uncreated` | where no new records are taken, while changes are: `side`, `kind`, `message` |
//! | `written`, `refused`, `put_off` | how many writes were carried out, refused, put off |
//! | `waiting` | what waits for a person now: `conflicts`, `questions`, `failures` |
//! | `documents` | what was done about documents ([`DocumentsReport`](crate::sync::documents::DocumentsReport)); null where they are off |
//! | `more` | whether something is due at once |
//! | `certificate` | [`Certificate`](crate::sync::certificate::Certificate): `as_of`, `equal`, `differ`, `reasons`, `waiting`, `pending`, `unexplained`, `unlinked`, `documents` (where they are on) |
//! | `actions` | every [`Action`]: `id`, `kind`, `label`, `link`, `flowtly`, `crm`, `op` (its own `op` names the sort), `reason` (`why`), and the reason in words, `says` |
//! | `planned_documents` | every document to be shown or renamed: `does` (`show`, `rename`), `document`, `title`, `link`, `company` (the CRM's), `crm_id` |

mod json;
mod markdown;
mod summary;
mod text;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use super::style::{Style, Tone};
use super::words;
use crate::domain::documents::Known;
use crate::domain::plan::{Action, Op, Reason};
use crate::domain::record::{RemoteId, Side};
use crate::sync::pass::Report;

pub use summary::certificate;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For an issue or a merge request.
    Markdown,
    /// For a program.
    Json,
}

/// How much of a plan is told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// What sends, asks or links something, and what waits. Fields that merely are agreed, and records that are left alone
    /// by rule, are counted.
    #[default]
    Brief,
    /// Everything.
    Full,
    /// Sums alone: no record, no value, no name, so that it may stand in a log. [`Format::Text`] alone has it.
    Totals,
}

/// A report under way. [`Format::Json`] always tells everything.
#[derive(Debug)]
pub struct PlanReport {
    form: Form,
    detail: Detail,
}

#[derive(Debug)]
enum Form {
    Text(text::Text),
    Markdown(markdown::Markdown),
    Json(json::Json),
}

impl PlanReport {
    /// A report in a form. Only text is coloured.
    pub fn new(format: Format, style: Style, detail: Detail) -> Self {
        let form = match format {
            Format::Text => Form::Text(text::Text::new(style)),
            Format::Markdown => Form::Markdown(markdown::Markdown::default()),
            Format::Json => Form::Json(json::Json::default()),
        };
        Self { form, detail }
    }

    /// Writes what stands before the actions.
    pub fn begin(&mut self, out: &mut dyn Write, report: &Report) -> io::Result<()> {
        match &mut self.form {
            Form::Text(text) => text.begin(out, report),
            Form::Markdown(_) => markdown::Markdown::begin(out, report),
            Form::Json(_) => json::Json::begin(out, report),
        }
    }

    /// Writes one action; to be called for each in the plan's order.
    pub fn action(&mut self, out: &mut dyn Write, action: &Action) -> io::Result<()> {
        let is_told = match self.detail {
            Detail::Full => true,
            Detail::Brief => is_told(action),
            Detail::Totals => false,
        };
        match &mut self.form {
            Form::Json(json) => json.action(out, action),
            Form::Text(text) if is_told => text.action(out, action),
            Form::Markdown(markdown) if is_told => markdown.action(out, action),
            Form::Text(_) | Form::Markdown(_) => Ok(()),
        }
    }

    /// Writes one document that is to be shown or renamed; to be called for each, behind the actions.
    pub fn document(&mut self, out: &mut dyn Write, document: &Known) -> io::Result<()> {
        match &mut self.form {
            Form::Text(_) if self.detail == Detail::Totals => Ok(()),
            Form::Text(text) => text.document(out, document),
            Form::Markdown(markdown) => markdown.document(out, document),
            Form::Json(json) => json.document(out, document),
        }
    }

    /// Writes what stands behind the actions.
    pub fn end(&mut self, out: &mut dyn Write, report: &Report) -> io::Result<()> {
        match &mut self.form {
            Form::Text(text) => text.end(out, report, self.detail),
            Form::Markdown(markdown) => markdown.end(out, report),
            Form::Json(json) => json.end(out),
        }
    }
}

/// Whether an action is told one by one in a brief report: what merely is agreed, and what is left alone by rule, is not.
fn is_told(action: &Action) -> bool {
    match &action.op {
        Op::Agree { .. } => false,
        Op::Skip => !is_left_by_rule(&action.reason),
        Op::Link
        | Op::Create { .. }
        | Op::Update { .. }
        | Op::Stamp
        | Op::Repoint { .. }
        | Op::Pause { .. }
        | Op::Resume
        | Op::Unlink { .. }
        | Op::Conflict(_)
        | Op::Question(_) => true,
    }
}

/// Whether a record is left alone as the rules want it: nothing waits, and nobody has to do anything.
const fn is_left_by_rule(reason: &Reason) -> bool {
    match reason {
        Reason::OutOfScope
        | Reason::CreationOff { .. }
        | Reason::Archived { .. }
        | Reason::BlockedByParent
        | Reason::LeftAlone
        | Reason::OutcomeUnknown { .. } => true,
        Reason::Moved { .. }
        | Reason::Fill
        | Reason::FirstPolicy { .. }
        | Reason::ConflictPolicy { .. }
        | Reason::OneWay
        | Reason::DriftCorrected
        | Reason::DriftKept
        | Reason::Decided
        | Reason::BothEqual
        | Reason::FirstEqual
        | Reason::NotCarried
        | Reason::BothMoved
        | Reason::FirstDiffers
        | Reason::CutCopyMoved
        | Reason::RequiredElsewhere
        | Reason::Alternates
        | Reason::Unknown { .. }
        | Reason::UnknownOnBoth
        | Reason::NotWritable
        | Reason::Matched { .. }
        | Reason::LinkedByHand
        | Reason::New
        | Reason::NotEligible { .. }
        | Reason::NoWholeScan { .. }
        | Reason::Adoption
        | Reason::OpenIntent
        | Reason::Merged
        | Reason::Restored
        | Reason::Gone { .. }
        | Reason::StampMissing
        | Reason::IdentityChanged
        | Reason::Ambiguous
        | Reason::WaitsAfterRefusal => false,
    }
}

/// The sign of an action and its tone.
const fn sign(op: &Op) -> (&'static str, Tone) {
    match op {
        Op::Create { .. } => ("+", Tone::Good),
        Op::Update { .. } | Op::Stamp => ("~", Tone::Change),
        Op::Link => ("=", Tone::Good),
        Op::Agree { .. } => (".", Tone::Quiet),
        Op::Repoint { .. } | Op::Resume => (">", Tone::Change),
        Op::Question(_) => ("?", Tone::Ask),
        Op::Conflict(_) => ("!", Tone::Ask),
        Op::Pause { .. } | Op::Unlink { .. } | Op::Skip => ("-", Tone::Quiet),
    }
}

/// What an action does, in a few words that need no cleaning.
fn verb(action: &Action) -> String {
    match &action.op {
        Op::Link => "link".to_owned(),
        Op::Create { side, .. } => format!("create in {side}"),
        Op::Update { side, .. } => format!("update in {side}"),
        Op::Stamp => "write the Flowtly id into the CRM".to_owned(),
        Op::Agree { fields } => format!("agree on {}", words::count(fields.len() as u64, "field")),
        Op::Repoint { side, to } => format!("go on with {side} {}", super::clean::Clean(to)),
        Op::Pause { side } => format!("pause, archived in {side}"),
        Op::Resume => "resume".to_owned(),
        Op::Unlink { side } => format!("separate, gone in {side}"),
        Op::Conflict(conflict) => format!("conflict in {}", conflict.field),
        Op::Question(_) => "question".to_owned(),
        Op::Skip => "leave".to_owned(),
    }
}

/// What is done about a document that is wanted.
const fn document_verb(document: &Known) -> (&'static str, Tone, &'static str) {
    match document.crm_id {
        None => ("+", Tone::Good, "show in the CRM"),
        Some(_) => ("~", Tone::Change, "rename in the CRM"),
    }
}

/// The ids that a document is about.
fn document_ids(document: &Known) -> String {
    let (id, company) = (super::clean::Clean(&document.document), super::clean::Clean(&document.company));
    format!("Flowtly document {id}, CRM company {company}")
}

/// The ids that an action is about, and the company of a contact.
fn whereabouts(action: &Action) -> String {
    let id = |side: Side| -> Option<&RemoteId> {
        match side {
            Side::Flowtly => action.flowtly.as_ref(),
            Side::Crm => action.crm.as_ref(),
        }
        .map(|record| &record.id)
    };
    let ids = words::ids(id(Side::Flowtly), id(Side::Crm));
    let parents: Vec<String> = [&action.flowtly, &action.crm]
        .into_iter()
        .flatten()
        .filter_map(|record| Some(format!("{} {}", record.side, super::clean::Clean(record.parent.as_ref()?))))
        .collect();
    if parents.is_empty() { ids } else { format!("{ids}; of company {}", parents.join(", ")) }
}
