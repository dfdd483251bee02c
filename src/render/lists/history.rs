//! What was written, value by value.

use std::io;

use serde::Serialize;

use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::words::{self, Named, when};
use crate::store::history::Written;

/// A value that gave way, and its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryItem {
    /// When, where, what and why.
    #[serde(flatten)]
    pub written: Written,
    /// The pair; `None` if it was dissolved since.
    pub record: Option<Named>,
}

/// Shows them; in JSON an array.
pub fn show(listing: &mut Listing<'_>, items: &[HistoryItem]) -> io::Result<()> {
    if listing.form == Form::Json {
        return json::pretty(listing.out, items);
    }
    if items.is_empty() {
        return writeln!(listing.out, "Nothing was written yet.");
    }
    for HistoryItem { written, record } in items {
        let entry = &written.entry;
        let name = record.as_ref().map_or_else(|| "a pair that is none any more".to_owned(), Named::line);
        let (old, new) = (words::value(entry.field, &entry.old), words::value(entry.field, &entry.new));
        writeln!(listing.out, "{} pass {}  {} of {name}", when(written.at), written.pass, entry.field)?;
        writeln!(listing.out, "    {}: {} -> {} ({})", entry.side, Clean(old), Clean(new), entry.reason)?;
    }
    Ok(())
}
