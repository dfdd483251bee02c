//! What the last passes did, what waits, and how it stands.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::failures::{self, FailureItem};
use crate::domain::plan::Totals;
use crate::domain::record::{Kind, Side};
use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lines::Section;
use crate::render::lists::{Form, Listing};
use crate::render::plan::certificate;
use crate::render::style::{Style, Tone};
use crate::render::words::{count, when};
use crate::store::quarantine::{Fails, Illness, Illnesses};
use crate::store::thrift::Short;
use crate::sync::certificate::Certificate;

/// How many failures are told one by one in text; JSON tells all.
const FAILURES: usize = 20;

/// How it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The accounts that the state belongs to.
    pub accounts: BTreeMap<Side, String>,
    /// Why the state has to prove itself (`new`, `foreign`); `None` once a pass carried out its whole plan.
    pub adoption: Option<String>,
    /// Sides that keep failing.
    pub quarantine: Illnesses,
    /// How little is left of a day's requests, where passes are put off for it.
    pub short: Option<Short>,
    /// The last passes, newest first.
    pub passes: Vec<PassItem>,
    /// What waits for a person.
    pub waiting: Waiting,
    /// What is not settled, by why.
    pub todo: Vec<TodoItem>,
    /// When the next of it is due.
    pub next_due: Option<DateTime<Utc>>,
    /// Writes that were sent and whose outcome is not known yet.
    pub open_writes: u64,
    /// Records and fields that a system refused.
    pub failures: Vec<FailureItem>,
    /// How far each side was read.
    pub cursors: Vec<CursorItem>,
    /// The copies of the state that the daemon keeps; `None` where it keeps none.
    pub backup: Option<BackupItem>,
    /// How every pair stood at the end of the last pass that had one.
    pub certificate: Option<Certificate>,
}

/// A pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassItem {
    /// Its number.
    pub pass: i64,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// `complete` or `incremental`.
    pub extent: String,
    /// `applied`, `partly`, `refused`, `planned`, `failed`; `None` if it did not end.
    pub outcome: Option<String>,
    /// Whether it is under way (or was when the program died).
    pub under_way: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// What its plan held.
    pub totals: Option<Totals>,
}

/// How much waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Waiting {
    /// Fields that both sides changed.
    pub conflicts: u64,
    /// Questions about identity.
    pub questions: u64,
    /// Refused records.
    pub failures: u64,
}

/// How much is not settled, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TodoItem {
    /// Why.
    pub why: String,
    /// Whether it is due now.
    pub due: bool,
    /// How many records and pairs.
    pub count: u64,
}

/// How far a side was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CursorItem {
    /// Which side.
    pub side: Side,
    /// Company or contact.
    pub kind: Kind,
    /// From when on the next incremental read asks.
    pub since: Option<DateTime<Utc>>,
    /// When it was last walked whole.
    pub whole_at: Option<DateTime<Utc>>,
}

/// The copies of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupItem {
    /// Where they are.
    pub directory: PathBuf,
    /// When the newest one was made.
    pub newest: Option<DateTime<Utc>>,
    /// How many there are.
    pub kept: usize,
    /// Why the folder cannot be read.
    pub error: Option<String>,
}

/// Shows it; in JSON one object.
pub fn show(listing: &mut Listing<'_>, status: &Status) -> io::Result<()> {
    match listing.form {
        Form::Json => json::pretty(listing.out, status),
        Form::Text(style) => text(listing.out, style, status),
    }
}

fn text(out: &mut dyn Write, style: Style, status: &Status) -> io::Result<()> {
    accounts(out, style, status)?;
    if !status.quarantine.is_empty() {
        failing(status).text(out, style)?;
    }
    if let Some(short) = &status.short {
        few(short).text(out, style)?;
    }
    passes(status).text(out, style)?;
    waits(status).text(out, style)?;
    unsettled(status).text(out, style)?;
    if !status.failures.is_empty() {
        writeln!(out, "\n{}", style.paint(Tone::Strong, "Refused by a system"))?;
        for failure in status.failures.iter().take(FAILURES) {
            failures::text(out, style, failure)?;
        }
        let more = status.failures.len().saturating_sub(FAILURES);
        if more > 0 {
            writeln!(out, "  … and {more} more; --json lists all")?;
        }
    }
    cursors(status).text(out, style)?;
    if let Some(backup) = &status.backup {
        backups(backup, status.adoption.is_some()).text(out, style)?;
    }
    status.certificate.as_ref().map_or(Ok(()), |certificate_| certificate(certificate_).text(out, style))
}

fn accounts(out: &mut dyn Write, style: Style, status: &Status) -> io::Result<()> {
    for side in Side::BOTH {
        let account = status.accounts.get(&side).map_or_else(|| "not known".to_owned(), |id| Clean(id).to_string());
        writeln!(out, "{side} account: {account}")?;
    }
    match status.adoption.as_deref() {
        None => Ok(()),
        Some("new") => writeln!(
            out,
            "{}",
            style.paint(Tone::Ask, "This state is new: look at `diff`, then `reconcile --allow first-pass`.")
        ),
        Some(why) => {
            let text = format!(
                "This state has to prove itself ({}): it links, fills blanks and asks. Look at `diff`, then `reconcile \
                 --allow first-pass`.",
                Clean(why)
            );
            writeln!(out, "{}", style.paint(Tone::Ask, &text))
        }
    }
}

fn few(short: &Short) -> Section {
    let mut section = Section::new("Requests that run low");
    let Short { side, left, since } = short;
    let line =
        format!("{side}: {:.0} % of the day's were left; passes are put off since {}", left * 100.0, when(*since));
    section.own_toned(Tone::Ask, line);
    section
}

fn failing(status: &Status) -> Section {
    let mut section = Section::new("Sides that fail");
    for (side, illness) in &status.quarantine {
        let what = fails(illness);
        let times = count(u64::from(illness.times), "time");
        let (since, next_try) = (when(illness.since), when(illness.next_try));
        section.own_toned(Tone::Ask, format!("{side}: {what}, {times} since {since}, tried again at {next_try}"));
        section.own_below(illness.words.clone());
    }
    section
}

fn fails(illness: &Illness) -> String {
    let names =
        |kinds: &mut dyn Iterator<Item = &Kind>| kinds.map(|kind| kind.as_str()).collect::<Vec<_>>().join(" and ");
    match illness.fails {
        Fails::Reading => "no pass can be made".to_owned(),
        Fails::Writing => {
            let written = names(&mut illness.kinds.iter());
            let made = names(&mut illness.uncreated.difference(&illness.kinds));
            let written = (!written.is_empty()).then(|| format!("{written} records are not written to it"));
            let made = (!made.is_empty()).then(|| format!("no new {made} records are made there"));
            written.into_iter().chain(made).collect::<Vec<_>>().join(", ")
        }
    }
}

fn passes(status: &Status) -> Section {
    let mut section = Section::new("Passes");
    if status.passes.is_empty() {
        section.own("none yet");
    }
    for pass in &status.passes {
        let head = format!("{}  {}  {}", pass.pass, when(pass.started), pass.extent);
        match (pass.outcome.as_deref(), pass.under_way) {
            (Some(outcome), _) => {
                let done = pass.totals.as_ref().map_or_else(String::new, |totals| format!(": {}", told(totals)));
                // A failed pass has a plan of nothing.
                let done = if pass.error.is_some() { String::new() } else { done };
                section.own(format!("{head}  {outcome}{done}"));
            }
            (None, true) => section.own(format!("{head}  under way")),
            (None, false) => {
                section.own(format!("{head}  did not end; what it left open is recovered by the next one"));
            }
        }
        if let Some(error) = &pass.error {
            section.own_below(error.clone());
        }
    }
    section
}

fn told(totals: &Totals) -> String {
    let mut parts = Vec::new();
    let mut some = |number: u64, text: String| {
        if number > 0 {
            parts.push(text);
        }
    };
    some(totals.links, count(totals.links, "link"));
    for (what, counts) in [("create", &totals.creates), ("update", &totals.updates)] {
        for (side, number) in counts {
            some(*number, format!("{} in {side}", count(*number, what)));
        }
    }
    some(totals.stamps, count(totals.stamps, "Flowtly id"));
    some(totals.local, format!("{} of other sorts", count(totals.local, "change")));
    some(totals.conflicts, format!("new: {}", count(totals.conflicts, "conflict")));
    some(totals.questions, format!("new: {}", count(totals.questions, "question")));
    some(totals.agreed, format!("{} agreed", count(totals.agreed, "field")));
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}

fn waits(status: &Status) -> Section {
    let Waiting { conflicts, questions, failures } = status.waiting;
    let mut section = Section::new("Waits for a person");
    if conflicts + questions + failures == 0 {
        section.own("nothing");
        return section;
    }
    let mut some = |number: u64, noun: &str, mend: &str| {
        if number > 0 {
            section.own_toned(Tone::Ask, format!("{}{mend}", count(number, noun)));
        }
    };
    some(conflicts, "conflict", ": `flowtly-sync conflicts`");
    some(questions, "question", ": `flowtly-sync questions`");
    some(failures, "refused record", ": `flowtly-sync failures`, or see below");
    section
}

fn unsettled(status: &Status) -> Section {
    let mut section = Section::new("Not settled");
    for item in &status.todo {
        let due = if item.due { "due now" } else { "not due" };
        section.own(format!("{} {} ({due})", item.count, item.why));
    }
    if let Some(due) = status.next_due {
        section.own(format!("the next is due at {}", when(due)));
    }
    if status.open_writes > 0 {
        section.own_toned(Tone::Ask, format!("{} of unknown outcome", count(status.open_writes, "write")));
    }
    section
}

fn cursors(status: &Status) -> Section {
    let mut section = Section::new("Read");
    for cursor in &status.cursors {
        let whole = cursor
            .whole_at
            .map_or_else(|| "never walked whole".to_owned(), |at| format!("walked whole at {}", when(at)));
        let since = cursor.since.map_or_else(String::new, |at| format!(", next read asks from {}", when(at)));
        section.own(format!("{} {}: {whole}{since}", cursor.side, cursor.kind));
    }
    section
}

fn backups(backup: &BackupItem, is_unproved: bool) -> Section {
    let mut section = Section::new("Copies of the state");
    let directory = backup.directory.display();
    match (backup.newest, &backup.error) {
        (_, Some(error)) => section.own_toned(Tone::Ask, format!("{directory} cannot be read: {error}")),
        (Some(newest), None) => {
            section.own(format!("the newest of {} was made at {}", count(backup.kept as u64, "copy"), when(newest)));
            section.own_below(format!("{directory}"));
        }
        (None, None) => section.own_toned(Tone::Ask, format!("none yet in {directory}")),
    }
    if is_unproved {
        section.own_toned(Tone::Ask, "none is made, and none removed, until this state has proved itself: see above");
    }
    section
}
