//! What `check` found.

use std::io::{self, Write};

use serde::Serialize;

use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::style::{Style, Tone};

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It is well.
    Ok,
    /// It works, and somebody should know.
    Warning,
    /// It does not work.
    Failure,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it belongs to: `configuration`, `state`, `Flowtly`, `CRM`.
    pub area: String,
    /// How it stands.
    pub health: Health,
    /// What was found; it may hold a system's words.
    pub message: String,
    /// What to do about it, where there is something.
    pub mend: Option<String>,
}

/// Everything that was looked at, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Whether nothing fails.
    pub ok: bool,
    /// One by one.
    pub findings: Vec<Finding>,
    /// Properties that were added.
    pub added: Vec<String>,
}

/// Shows them; in JSON one object.
pub fn show(listing: &mut Listing<'_>, findings: &Findings) -> io::Result<()> {
    match listing.form {
        Form::Json => json::pretty(listing.out, findings),
        Form::Text(style) => text(listing.out, style, findings),
    }
}

fn text(out: &mut dyn Write, style: Style, findings: &Findings) -> io::Result<()> {
    for added in &findings.added {
        writeln!(out, "added: {}", Clean(added))?;
    }
    for finding in &findings.findings {
        let (word, tone) = match finding.health {
            Health::Ok => ("ok  ", Tone::Good),
            Health::Warning => ("warn", Tone::Ask),
            Health::Failure => ("FAIL", Tone::Bad),
        };
        writeln!(out, "{}  {:<14} {}", style.paint(tone, word), finding.area, Clean(&finding.message))?;
        if let Some(mend) = &finding.mend {
            writeln!(out, "{:21}{}", "", Clean(mend))?;
        }
    }
    Ok(())
}
