//! The report for an issue or a merge request: one table, a row a field.

use std::fmt::Display;
use std::io::{self, Write};

use super::summary::{NOTHING, sections, title};
use super::{Detail, document_ids, document_verb, sign, verb, whereabouts};
use crate::domain::documents::Known;
use crate::domain::field::Field;
use crate::domain::plan::{Action, Op};
use crate::domain::value::Text;
use crate::render::clean::Cell;
use crate::render::words;
use crate::sync::pass::Report;

#[derive(Debug, Default)]
pub(super) struct Markdown {
    has_table: bool,
}

impl Markdown {
    pub(super) fn begin(out: &mut dyn Write, report: &Report) -> io::Result<()> {
        let (title, sentence) = title(report);
        writeln!(out, "# {title}\n\n{sentence}")
    }

    pub(super) fn action(&mut self, out: &mut dyn Write, action: &Action) -> io::Result<()> {
        self.table(out)?;
        let row =
            |out: &mut dyn Write, field: &dyn Display, from: &dyn Display, to: &dyn Display, why: &dyn Display| {
                let (sign, _) = sign(&action.op);
                let record = format!("{} {} ({})", action.kind, action.label, whereabouts(action));
                writeln!(
                    out,
                    "| `{sign}` | {} | {} | {} | {} | {} | {} |",
                    Cell(record),
                    Cell(verb(action)),
                    Cell(field),
                    Cell(from),
                    Cell(to),
                    Cell(why)
                )
            };
        match &action.op {
            Op::Create { fields, .. } if !fields.is_empty() => {
                for (field, text) in fields {
                    row(out, field, &"", &shown(*field, text), &action.reason)?;
                }
                Ok(())
            }
            Op::Update { changes, .. } if !changes.is_empty() => {
                for change in changes {
                    let (before, after) = (shown(change.field, &change.before), shown(change.field, &change.after));
                    row(out, &change.field, &before, &after, &change.reason)?;
                }
                Ok(())
            }
            Op::Agree { fields } if !fields.is_empty() => {
                for (field, reason) in fields {
                    row(out, field, &"", &"", reason)?;
                }
                Ok(())
            }
            Op::Conflict(conflict) => {
                let half = |now: &Text, base: Option<&Text>| {
                    format!("{} (agreed: {})", shown(conflict.field, now), words::base(conflict.field, base))
                };
                let flowtly = format!("Flowtly: {}", half(&conflict.flowtly, conflict.flowtly_base.as_ref()));
                let crm = format!("CRM: {}", half(&conflict.crm, conflict.crm_base.as_ref()));
                row(out, &conflict.field, &flowtly, &crm, &action.reason)
            }
            Op::Question(question) => {
                let asks = words::asks(question, action.kind, &action.label);
                let candidates: Vec<String> = question
                    .candidates
                    .iter()
                    .map(|candidate| {
                        let reference = words::reference(&candidate.record);
                        format!("{} ({reference}): {}", candidate.label, words::evidence(candidate))
                    })
                    .collect();
                row(out, &"", &asks, &candidates.join("; "), &action.reason)
            }
            Op::Create { .. }
            | Op::Update { .. }
            | Op::Agree { .. }
            | Op::Link
            | Op::Stamp
            | Op::Repoint { .. }
            | Op::Pause { .. }
            | Op::Resume
            | Op::Unlink { .. }
            | Op::Skip => row(out, &"", &"", &"", &action.reason),
        }
    }

    pub(super) fn document(&mut self, out: &mut dyn Write, document: &Known) -> io::Result<()> {
        self.table(out)?;
        let (sign, _, verb) = document_verb(document);
        let record = format!("document {} ({})", document.title, document_ids(document));
        let link = document.link.as_deref().unwrap_or_default();
        writeln!(out, "| `{sign}` | {} | {verb} |  |  | {} |  |", Cell(record), Cell(link))
    }

    fn table(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if !self.has_table {
            writeln!(out, "\n| | Record | Does | Field | From | To | Why |\n|---|---|---|---|---|---|---|")?;
            self.has_table = true;
        }
        Ok(())
    }

    pub(super) fn end(&self, out: &mut dyn Write, report: &Report) -> io::Result<()> {
        if !self.has_table {
            writeln!(out, "\n{NOTHING}")?;
        }
        sections(report, Detail::Brief).iter().try_for_each(|section| section.markdown(out))
    }
}

fn shown(field: Field, text: &Text) -> String {
    words::value(field, text)
}
