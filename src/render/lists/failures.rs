//! Records and fields that a system refused, in its own words.

use std::io::{self, Write};

use serde::Serialize;

use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::style::{Style, Tone};
use crate::render::words::{Named, count, when};
use crate::store::waiting::Failure;

/// A refusal and its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureItem {
    /// Which side refused what, how often, and when it is tried again.
    #[serde(flatten)]
    pub failure: Failure,
    /// The record.
    pub record: Named,
}

/// Shows them; in JSON an array.
pub fn show(listing: &mut Listing<'_>, failures: &[FailureItem]) -> io::Result<()> {
    let style = match listing.form {
        Form::Json => return json::pretty(listing.out, failures),
        Form::Text(style) => style,
    };
    if failures.is_empty() {
        return writeln!(listing.out, "Nothing was refused.");
    }
    failures.iter().try_for_each(|item| text(listing.out, style, item))?;
    writeln!(listing.out, "\nTo try again now: flowtly-sync failures retry NUMBER, or --all")
}

/// Tells what is tried again.
pub fn retried(out: &mut dyn Write, failures: &[FailureItem]) -> io::Result<()> {
    if failures.is_empty() {
        return writeln!(out, "Nothing was refused: there is nothing to try again.");
    }
    for item in failures {
        let side = item.failure.side;
        writeln!(out, "{}: {} of {}, refused by {side}", item.failure.id, field(&item.failure), item.record.line())?;
    }
    writeln!(out, "The next pass tries it again.")
}

fn field(failure: &Failure) -> String {
    if failure.field.is_empty() { "the record".to_owned() } else { Clean(&failure.field).to_string() }
}

/// Shows one in two lines.
pub(super) fn text(out: &mut dyn Write, style: Style, item: &FailureItem) -> io::Result<()> {
    let failure = &item.failure;
    let field = field(failure);
    let said = style.paint(Tone::Bad, &Clean(&failure.message).to_string());
    writeln!(out, "  {}  {}", style.paint(Tone::Strong, &failure.id.to_string()), item.record.line())?;
    let tries = count(u64::try_from(failure.attempts).unwrap_or(0), "attempt");
    let next = failure
        .next_try
        .map_or_else(|| "tried again when it changes".to_owned(), |at| format!("tried again at {}", when(at)));
    writeln!(out, "      {} refuses {field}: {said} ({tries} since {}; {next})", failure.side, when(failure.since))
}
