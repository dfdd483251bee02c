//! Records and fields that a system refused, in its own words.

use std::io::{self, Write};

use serde::Serialize;

use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::style::{Style, Tone};
use crate::render::words::{Named, count, when};
use crate::store::document;
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

/// A document that the CRM refused to show, and its company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentFailureItem {
    /// Which, why, how often, and when it is tried again.
    #[serde(flatten)]
    pub failure: document::Failure,
    /// Its company; `None` if the pair was dissolved since.
    pub record: Option<Named>,
}

impl DocumentFailureItem {
    fn company(&self) -> String {
        self.record.as_ref().map_or_else(|| "a pair that is none any more".to_owned(), Named::line)
    }
}

/// Shows them, records before documents; in JSON an array.
pub fn show(listing: &mut Listing<'_>, failures: &[FailureItem], documents: &[DocumentFailureItem]) -> io::Result<()> {
    let style = match listing.form {
        Form::Json => {
            #[derive(Serialize)]
            #[serde(untagged)]
            enum Item<'a> {
                Record(&'a FailureItem),
                Document(&'a DocumentFailureItem),
            }
            let records = failures.iter().map(Item::Record);
            let items: Vec<Item<'_>> = records.chain(documents.iter().map(Item::Document)).collect();
            return json::pretty(listing.out, &items);
        }
        Form::Text(style) => style,
    };
    if failures.is_empty() && documents.is_empty() {
        return writeln!(listing.out, "Nothing was refused.");
    }
    failures.iter().try_for_each(|item| text(listing.out, style, item))?;
    documents.iter().try_for_each(|item| document(listing.out, style, item))?;
    if failures.is_empty() {
        return writeln!(listing.out, "\nTo try again now: flowtly-sync failures retry --all");
    }
    writeln!(listing.out, "\nTo try again now: flowtly-sync failures retry NUMBER, or --all")
}

/// Tells what is tried again.
pub fn retried(out: &mut dyn Write, failures: &[FailureItem], documents: &[DocumentFailureItem]) -> io::Result<()> {
    if failures.is_empty() && documents.is_empty() {
        return writeln!(out, "Nothing was refused: there is nothing to try again.");
    }
    for item in failures {
        let side = item.failure.side;
        writeln!(out, "{}: {} of {}, refused by {side}", item.failure.id, field(&item.failure), item.record.line())?;
    }
    for item in documents {
        let title = Clean(&item.failure.title);
        writeln!(out, "document {}: {title} of {}", Clean(&item.failure.document), item.company())?;
    }
    writeln!(out, "The next pass tries it again.")
}

fn field(failure: &Failure) -> String {
    if failure.field.is_empty() { "the record".to_owned() } else { Clean(&failure.field).to_string() }
}

fn document(out: &mut dyn Write, style: Style, item: &DocumentFailureItem) -> io::Result<()> {
    let (failure, company) = (&item.failure, item.company());
    let said = style.paint(Tone::Bad, &Clean(&failure.message).to_string());
    let (id, title) = (Clean(&failure.document).to_string(), Clean(&failure.title).to_string());
    writeln!(out, "  document {id}  {} of {company}", style.paint(Tone::Strong, &title))?;
    let tries = count(u64::try_from(failure.attempts).unwrap_or(0), "attempt");
    let (since, next) = (when(failure.since), when(failure.next_try));
    writeln!(out, "      CRM refuses it: {said} ({tries} since {since}; tried again at {next})")
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
