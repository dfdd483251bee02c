//! Why a record, or one field of it, is what it is.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::conflicts::halves;
use super::failures::{self, FailureItem};
use super::questions::{self, QuestionItem};
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::record::{RemoteId, Side, Standing};
use crate::domain::rules::{Direction, Drift, FieldRule, Preference};
use crate::domain::value::Text;
use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::style::{Style, Tone};
use crate::render::words::{self, Named, count, when};
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
}

/// Shows them; in JSON an array (a person who belongs to two firms is two records).
pub fn show(listing: Listing<'_>, explanations: &[Explanation]) -> io::Result<()> {
    match listing.form {
        Form::Json => json::pretty(listing.out, explanations),
        Form::Text(style) => explanations.iter().enumerate().try_for_each(|(position, explanation)| {
            if position > 0 {
                writeln!(listing.out)?;
            }
            text(listing.out, style, explanation)
        }),
    }
}

fn text(out: &mut dyn Write, style: Style, said: &Explanation) -> io::Result<()> {
    writeln!(out, "{}", style.paint(Tone::Strong, &said.record.line()))?;
    match &said.link {
        Some(link) => {
            let parent = link.parent.map_or_else(String::new, |id| format!(", company link {}", id.0));
            writeln!(out, "  link {}{parent}: {}, {}", link.id.0, link.state, Clean(&link.reason))?;
            let reasons =
                if link.reasons.is_empty() { String::new() } else { format!(": {}", Clean(link.reasons.join("; "))) };
            writeln!(out, "  stands: {}{reasons}", link.assessment)?;
        }
        None => {
            let verdict = said.verdict.as_deref().unwrap_or("not judged yet");
            writeln!(out, "  no link: {}", Clean(verdict))?;
        }
    }
    if let Some(todo) = &said.todo {
        let due = todo.due.map_or_else(|| "not due".to_owned(), |at| format!("due at {}", when(at)));
        writeln!(out, "  not settled: {} ({due})", todo.why)?;
    }
    if said.open_writes > 0 {
        writeln!(
            out,
            "  open: {} of unknown outcome; nothing is planned before it is known",
            count(said.open_writes, "write")
        )?;
    }
    said.halves.iter().try_for_each(|half| self::half(out, half))?;
    said.fields.iter().try_for_each(|field| self::field(out, style, field))?;
    if !said.questions.is_empty() {
        writeln!(out, "\nQuestion")?;
    }
    said.questions.iter().try_for_each(|question| questions::text(out, style, question))?;
    if !said.failures.is_empty() {
        writeln!(out, "\nRefused by a system")?;
    }
    said.failures.iter().try_for_each(|failure| failures::text(out, style, failure))?;
    documents(out, &said.documents)
}

fn half(out: &mut dyn Write, half: &HalfSaid) -> io::Result<()> {
    let mut notes = Vec::new();
    if half.gone {
        notes.push("gone".to_owned());
    }
    if half.standing == Standing::Archived {
        notes.push("archived".to_owned());
    }
    if !half.in_scope {
        notes.push("outside the scope".to_owned());
    }
    notes.extend(half.parent.as_ref().map(|parent| format!("of company {}", Clean(parent))));
    notes.extend(half.stored_id.as_ref().map(|id| format!("carries the Flowtly id {}", Clean(id))));
    notes.extend(half.modified.map(|at| format!("changed at {}", when(at))));
    let notes = if notes.is_empty() { String::new() } else { format!(": {}", notes.join(", ")) };
    writeln!(out, "  {} {}{notes}", half.side, Clean(&half.id))
}

fn field(out: &mut dyn Write, style: Style, said: &FieldSaid) -> io::Result<()> {
    writeln!(out, "\n{}", style.paint(Tone::Strong, said.field.as_str()))?;
    for (side, value) in [("Flowtly:", &said.flowtly), ("CRM:", &said.crm)] {
        let Some(value) = value else { continue };
        let now = value.now.as_ref().map_or_else(|| "(unknown)".to_owned(), |text| words::value(said.field, text));
        let since = match value.since {
            Since::Same => "unchanged since it was agreed".to_owned(),
            Since::Moved => format!("changed since; agreed: {}", words::base(said.field, value.base.as_ref())),
            Since::NeverAgreed => "never agreed".to_owned(),
            Since::Unknown => format!("not shown; agreed: {}", words::base(said.field, value.base.as_ref())),
        };
        writeln!(out, "  {side:<8} {} ({})", Clean(now), Clean(since))?;
    }
    let rule = said.rule.as_ref().map_or_else(|| "none: it does not travel".to_owned(), rule);
    writeln!(out, "  rule:    {rule}")?;
    if let Some(conflict) = &said.conflict {
        writeln!(out, "  conflict {}, since {}: {}", conflict.id, when(conflict.since), conflict.reason)?;
        halves(out, conflict)?;
    }
    for written in &said.history {
        let (old, new) = (words::value(said.field, &written.entry.old), words::value(said.field, &written.entry.new));
        writeln!(
            out,
            "  {} pass {}: {} {} -> {} ({})",
            when(written.at),
            written.pass,
            written.entry.side,
            Clean(old),
            Clean(new),
            written.entry.reason
        )?;
    }
    Ok(())
}

fn rule(rule: &FieldRule) -> String {
    let preference = |preference: Preference| match preference {
        Preference::Flowtly => "Flowtly",
        Preference::Crm => "the CRM",
        Preference::Ask => "a person",
    };
    match rule.direction {
        Direction::Both => format!(
            "both ways; {} decides conflicts, {} the first meeting",
            preference(rule.conflict),
            preference(rule.first)
        ),
        Direction::ToCrm | Direction::ToFlowtly => {
            let way = if rule.direction == Direction::ToCrm { "Flowtly to CRM" } else { "CRM to Flowtly" };
            let drift = match rule.drift {
                Drift::Keep => "left",
                Drift::Correct => "written back",
            };
            format!("{way} only; a change of the target is {drift}")
        }
    }
}

fn documents(out: &mut dyn Write, documents: &Documents) -> io::Result<()> {
    match documents {
        Documents::NotAsked => Ok(()),
        Documents::None => writeln!(out, "\nDocuments: Flowtly shows none"),
        Documents::Failed(message) => writeln!(out, "\nDocuments: cannot be read: {}", Clean(message)),
        Documents::Listed(documents) => {
            writeln!(out, "\nDocuments: {}", documents.len())?;
            for document in documents {
                let shown: Vec<&str> = [&document.id, &document.name, &document.location]
                    .into_iter()
                    .filter_map(|text| text.as_deref())
                    .collect();
                writeln!(out, "  {}", Clean(shown.join("  ")))?;
            }
            Ok(())
        }
    }
}
