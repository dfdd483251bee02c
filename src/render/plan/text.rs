//! The report for a terminal: a block a record, a sign an action, a line a field.

use std::io::{self, Write};

use super::summary::{NOTHING, sections, title};
use super::{Detail, document_ids, document_verb, sign, verb, whereabouts};
use crate::domain::documents::Known;
use crate::domain::field::Field;
use crate::domain::plan::{Action, Op, RecordRef};
use crate::domain::record::Kind;
use crate::domain::value;
use crate::render::clean::Clean;
use crate::render::style::{Style, Tone};
use crate::render::words;
use crate::sync::pass::Report;

/// Which record a block is about.
type Subject = (Kind, Option<RecordRef>, Option<RecordRef>);

#[derive(Debug)]
pub(super) struct Text {
    style: Style,
    block: Option<Subject>,
    has_documents: bool,
}

impl Text {
    pub(super) const fn new(style: Style) -> Self {
        Self { style, block: None, has_documents: false }
    }

    pub(super) fn begin(&self, out: &mut dyn Write, report: &Report) -> io::Result<()> {
        let (title, sentence) = title(report);
        writeln!(out, "{}", self.style.paint(Tone::Strong, &title))?;
        writeln!(out, "{sentence}")
    }

    pub(super) fn action(&mut self, out: &mut dyn Write, action: &Action) -> io::Result<()> {
        let subject = (action.kind, action.flowtly.clone(), action.crm.clone());
        if self.block.as_ref() != Some(&subject) {
            let label = self.style.paint(Tone::Strong, &Clean(&action.label).to_string());
            writeln!(out, "\n{} {label} ({})", action.kind, whereabouts(action))?;
            self.block = Some(subject);
        }
        let (sign, tone) = sign(&action.op);
        let head = self.style.paint(tone, &format!("{sign} {}", verb(action)));
        writeln!(out, "  {head}: {}", action.reason)?;
        body(out, action)
    }

    pub(super) fn document(&mut self, out: &mut dyn Write, document: &Known) -> io::Result<()> {
        self.has_documents = true;
        let (sign, tone, verb) = document_verb(document);
        let title = self.style.paint(Tone::Strong, &Clean(&document.title).to_string());
        writeln!(out, "\ndocument {title} ({})", document_ids(document))?;
        writeln!(out, "  {}", self.style.paint(tone, &format!("{sign} {verb}")))?;
        document.link.as_ref().map_or(Ok(()), |link| writeln!(out, "      link: {}", Clean(link)))
    }

    pub(super) fn end(&self, out: &mut dyn Write, report: &Report, detail: Detail) -> io::Result<()> {
        if self.block.is_none() && !self.has_documents && detail != Detail::Totals {
            writeln!(out, "\n{NOTHING}")?;
        }
        sections(report, detail).iter().try_for_each(|section| section.text(out, self.style))
    }
}

fn body(out: &mut dyn Write, action: &Action) -> io::Result<()> {
    match &action.op {
        Op::Create { fields, .. } => {
            for (field, text) in fields {
                writeln!(out, "      {field}: {}", shown(*field, text))?;
            }
        }
        Op::Update { changes, .. } => {
            for change in changes {
                let (before, after) = (shown(change.field, &change.before), shown(change.field, &change.after));
                writeln!(out, "      {}: {before} -> {after} ({})", change.field, change.reason)?;
            }
        }
        Op::Agree { fields } => {
            for (field, reason) in fields {
                writeln!(out, "      {field}: {reason}")?;
            }
        }
        Op::Conflict(conflict) => {
            let halves =
                [("Flowtly:", &conflict.flowtly, &conflict.flowtly_base), ("CRM:", &conflict.crm, &conflict.crm_base)];
            for (side, now, base) in halves {
                let base = Clean(words::base(conflict.field, base.as_ref())).to_string();
                writeln!(out, "      {side:<8} {} (agreed: {base})", shown(conflict.field, now))?;
            }
        }
        Op::Question(question) => {
            writeln!(out, "      {}", Clean(words::asks(question, action.kind, &action.label)))?;
            for candidate in &question.candidates {
                writeln!(
                    out,
                    "      - {} ({}): {}",
                    Clean(&candidate.label),
                    words::reference(&candidate.record),
                    words::evidence(candidate)
                )?;
            }
        }
        Op::Link | Op::Stamp | Op::Repoint { .. } | Op::Pause { .. } | Op::Resume | Op::Unlink { .. } | Op::Skip => {}
    }
    Ok(())
}

fn shown(field: Field, text: &value::Text) -> String {
    Clean(words::value(field, text)).to_string()
}
