//! Records and fields that a system refused, in its own words.

use std::io::{self, Write};

use serde::Serialize;

use crate::render::clean::Clean;
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

/// Shows one in two lines.
pub(super) fn text(out: &mut dyn Write, style: Style, item: &FailureItem) -> io::Result<()> {
    let failure = &item.failure;
    let field = if failure.field.is_empty() { "the record".to_owned() } else { Clean(&failure.field).to_string() };
    let said = style.paint(Tone::Bad, &Clean(&failure.message).to_string());
    writeln!(out, "  {}", item.record.line())?;
    let tries = count(u64::try_from(failure.attempts).unwrap_or(0), "attempt");
    let next = failure
        .next_try
        .map_or_else(|| "tried again when it changes".to_owned(), |at| format!("tried again at {}", when(at)));
    writeln!(out, "      {} refuses {field}: {said} ({tries} since {}; {next})", failure.side, when(failure.since))
}
