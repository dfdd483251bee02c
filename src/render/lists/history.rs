//! What was written, value by value.

use std::io;

use serde::Serialize;

use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::words::{self, Named, when};
use crate::store::document::Deed;
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

/// What was done with a document, and its company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentItem {
    /// When, what, and under which title.
    #[serde(flatten)]
    pub deed: Deed,
    /// Its company; `None` if the pair was dissolved since.
    pub record: Option<Named>,
}

/// Shows them, values before documents; in JSON an array.
pub fn show(listing: &mut Listing<'_>, items: &[HistoryItem], documents: &[DocumentItem]) -> io::Result<()> {
    if listing.form == Form::Json {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Item<'a> {
            Value(&'a HistoryItem),
            Document(&'a DocumentItem),
        }
        let values = items.iter().map(Item::Value);
        let all: Vec<Item<'_>> = values.chain(documents.iter().map(Item::Document)).collect();
        return json::pretty(listing.out, &all);
    }
    if items.is_empty() && documents.is_empty() {
        return writeln!(listing.out, "Nothing was written yet.");
    }
    for HistoryItem { written, record } in items {
        let entry = &written.entry;
        let name = record.as_ref().map_or_else(|| "a pair that is none any more".to_owned(), Named::line);
        let (old, new) = (words::value(entry.field, &entry.old), words::value(entry.field, &entry.new));
        writeln!(listing.out, "{} pass {}  {} of {name}", when(written.at), written.pass, entry.field)?;
        writeln!(listing.out, "    {}: {} -> {} ({})", entry.side, Clean(old), Clean(new), entry.reason)?;
    }
    for DocumentItem { deed, record } in documents {
        let name = record.as_ref().map_or_else(|| "a pair that is none any more".to_owned(), Named::line);
        writeln!(listing.out, "{} pass {}  document {} of {name}", when(deed.at), deed.pass, Clean(&deed.document))?;
        let did = match deed.did.as_str() {
            "rename" => "renamed in the CRM",
            "adopt" => "found in the CRM",
            _ => "shown in the CRM",
        };
        let old = deed.old.as_ref().map_or_else(String::new, |old| format!("{} -> ", Clean(old)));
        writeln!(listing.out, "    {did}: {old}{}", Clean(&deed.new))?;
    }
    Ok(())
}
