//! Fields on which a person decides.

use std::io::{self, Write};

use serde::Serialize;

use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::style::{Style, Tone};
use crate::render::words::{self, Named, when};
use crate::store::waiting::WaitingConflict;

/// A conflict and its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictItem {
    /// Number, values, bases, reason, since when, decision.
    #[serde(flatten)]
    pub waiting: WaitingConflict,
    /// Whose field it is.
    pub record: Named,
}

/// Shows them; in JSON an array.
pub fn show(listing: &mut Listing<'_>, conflicts: &[ConflictItem]) -> io::Result<()> {
    match listing.form {
        Form::Json => json::pretty(listing.out, conflicts),
        Form::Text(style) => text(listing.out, style, conflicts),
    }
}

fn text(out: &mut dyn Write, style: Style, conflicts: &[ConflictItem]) -> io::Result<()> {
    if conflicts.is_empty() {
        return writeln!(out, "No conflicts.");
    }
    for ConflictItem { waiting, record } in conflicts {
        let field = waiting.conflict.field;
        let number = style.paint(Tone::Strong, &waiting.id.to_string());
        writeln!(out, "{number}  {field} of {}", record.line())?;
        writeln!(out, "    since {}: {}", when(waiting.since), waiting.reason)?;
        halves(out, waiting)?;
        if let Some(decision) = &waiting.decision {
            let decided = Clean(words::decision(field, decision)).to_string();
            writeln!(out, "    {}", style.paint(Tone::Good, &format!("decided: {decided} (the next pass does it)")))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "To decide: flowtly-sync conflicts resolve NUMBER --take flowtly|crm, or --value TEXT")
}

/// Both values and what was agreed, a line each.
pub(super) fn halves(out: &mut dyn Write, waiting: &WaitingConflict) -> io::Result<()> {
    let conflict = &waiting.conflict;
    let halves = [("Flowtly:", &conflict.flowtly, &conflict.flowtly_base), ("CRM:", &conflict.crm, &conflict.crm_base)];
    for (side, now, base) in halves {
        let now = words::value(conflict.field, now);
        let base = words::base(conflict.field, base.as_ref());
        writeln!(out, "    {side:<8} {} (agreed: {})", Clean(now), Clean(base))?;
    }
    Ok(())
}

/// Tells what was decided.
pub fn decided(out: &mut dyn Write, conflicts: &[ConflictItem]) -> io::Result<()> {
    for ConflictItem { waiting, record } in conflicts {
        let field = waiting.conflict.field;
        if let Some(decision) = &waiting.decision {
            let decided = words::decision(field, decision);
            writeln!(out, "{}: {field} of {}: {}, instead of:", waiting.id, record.line(), Clean(decided))?;
            halves(out, waiting)?;
        }
    }
    writeln!(out, "The next pass carries it out, if these values are still there.")
}
