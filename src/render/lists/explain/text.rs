//! An explanation for a terminal.

use std::io::{self, Write};

use super::{Documents, Explanation, FieldSaid, HalfSaid, Since, StandSaid};
use crate::domain::record::Standing;
use crate::domain::rules::{Direction, Drift, FieldRule, Preference};
use crate::render::clean::Clean;
use crate::render::lists::conflicts::halves;
use crate::render::lists::{failures, questions};
use crate::render::style::{Style, Tone};
use crate::render::words::{self, count, when};

/// Shows one.
pub(super) fn text(out: &mut dyn Write, style: Style, said: &Explanation) -> io::Result<()> {
    writeln!(out, "{}", style.paint(Tone::Strong, &said.record.line()))?;
    if let Some(link) = &said.link {
        let parent = link.parent.map_or_else(String::new, |id| format!(", company link {}", id.0));
        writeln!(out, "  link {}{parent}: {}, {}", link.id.0, link.state, Clean(&link.reason))?;
        let reasons =
            if link.reasons.is_empty() { String::new() } else { format!(": {}", Clean(link.reasons.join("; "))) };
        writeln!(out, "  stands: {}{reasons}", link.assessment)?;
    } else {
        let verdict = said.verdict.as_deref().unwrap_or("not judged yet");
        writeln!(out, "  no link: {}", Clean(verdict))?;
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
    let (resting, travelling): (Vec<_>, Vec<_>) =
        said.fields.iter().partition(|field| said.fields.len() > 1 && field.rule.is_none() && field.conflict.is_none());
    travelling.into_iter().try_for_each(|field| self::field(out, style, field))?;
    one_sided(out, style, &resting)?;
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

/// Fields that do not travel, all in one line: each is told by itself where it is asked for.
fn one_sided(out: &mut dyn Write, style: Style, fields: &[&FieldSaid]) -> io::Result<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = fields.iter().map(|said| said.field.as_str()).collect();
    let head = style.paint(Tone::Strong, "On one side only, or without a rule: these do not travel");
    writeln!(out, "\n{head}: {}", names.join(", "))
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
        let writer = value.writer.map_or_else(String::new, |pass| format!("; written by pass {pass}"));
        writeln!(out, "  {side:<8} {} ({}{writer})", Clean(now), Clean(since))?;
    }
    let rule = said.rule.map_or_else(|| "none: it does not travel".to_owned(), rule);
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

fn rule(rule: FieldRule) -> String {
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
                if let Some(StandSaid { says, crm_id, .. }) = &document.stands {
                    let id = crm_id.as_ref().map_or_else(String::new, |id| format!(" (CRM {})", Clean(id)));
                    writeln!(out, "      {}{id}", Clean(says))?;
                }
            }
            Ok(())
        }
    }
}
