//! The pairs, as many as there are: shown page by page.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, RemoteId};
use crate::render::clean::Clean;
use crate::render::json::Array;
use crate::render::lists::{Form, Listing};
use crate::render::style::Tone;

/// A pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkItem {
    /// Its number.
    pub id: LinkId,
    /// Company or contact.
    pub kind: Kind,
    /// `live`, `paused` or `tombstone`.
    pub state: &'static str,
    /// Flowtly's id.
    pub flowtly: RemoteId,
    /// The CRM's id.
    pub crm: RemoteId,
    /// A contact's company.
    pub parent: Option<LinkId>,
    /// How a person recognises it.
    pub label: String,
    /// What the last look found: `equal`, `differs`, `waits`, `due`.
    pub assessment: String,
    /// Why they are linked, or separated.
    pub reason: String,
}

/// A list under way; in JSON an array, a line an item.
#[derive(Debug, Default)]
pub struct Links {
    array: Array,
    shown: u64,
}

impl Links {
    /// Shows one.
    pub fn item(&mut self, listing: &mut Listing<'_>, link: &LinkItem) -> io::Result<()> {
        match listing.form {
            Form::Json => self.array.item(listing.out, link)?,
            Form::Text(style) => {
                if self.shown == 0 {
                    let head = heading();
                    writeln!(listing.out, "{}", style.paint(Tone::Strong, &head))?;
                }
                row(listing.out, link)?;
            }
        }
        self.shown += 1;
        Ok(())
    }

    /// Ends the list.
    pub fn end(&mut self, listing: &mut Listing<'_>) -> io::Result<()> {
        match listing.form {
            Form::Json => {
                self.array.end(listing.out)?;
                writeln!(listing.out)
            }
            Form::Text(_) if self.shown == 0 => writeln!(listing.out, "No links yet."),
            Form::Text(_) => Ok(()),
        }
    }
}

fn heading() -> String {
    format!("{:<6} {:<8} {:<10} {:<14} {:<14} {:<8} NAME, REASON", "LINK", "KIND", "STATE", "FLOWTLY", "CRM", "STANDS")
}

fn row(out: &mut dyn Write, link: &LinkItem) -> io::Result<()> {
    writeln!(
        out,
        "{:<6} {:<8} {:<10} {:<14} {:<14} {:<8} {} ({})",
        link.id.0,
        link.kind.as_str(),
        link.state,
        Clean(&link.flowtly).to_string(),
        Clean(&link.crm).to_string(),
        link.assessment,
        Clean(&link.label),
        Clean(&link.reason)
    )
}
