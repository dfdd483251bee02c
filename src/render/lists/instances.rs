//! All instances on a machine, a line each, and their sums.

use std::io::{self, Write};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::status::Waiting;
use super::{Form, Listing};
use crate::render::clean::Clean;
use crate::render::json;
use crate::render::style::{Style, Tone};
use crate::render::words::{count, when};

/// The heads of the columns.
const HEADS: [&str; 8] =
    ["INSTANCE", "DAEMON", "LAST PASS", "CONFLICTS", "QUESTIONS", "REFUSED", "PAIRS", "NEEDS A PERSON"];

/// One instance: a pair of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// Its name: of `flowtly-sync@NAME`, or `flowtly-sync.service`.
    pub name: String,
    /// The file of its state.
    pub state: PathBuf,
    /// Whether somebody holds its state; `None` where that cannot be seen.
    pub running: Option<bool>,
    /// Why the state has to prove itself (`new`, `restored`, `foreign`); `None` once it did, or where it cannot be read.
    pub adoption: Option<String>,
    /// Since when a pass is under way.
    pub under_way: Option<DateTime<Utc>>,
    /// The last pass that ended.
    pub last_pass: Option<LastPass>,
    /// What waits for a person.
    pub waiting: Option<Waiting>,
    /// How its pairs stood at the end of the last pass that looked.
    pub certificate: Option<Pairs>,
    /// Why it needs a person, the worst first; empty where it does not.
    pub needs: Vec<Need>,
}

/// A pass that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastPass {
    /// Its number.
    pub pass: i64,
    /// When it ended.
    pub ended: DateTime<Utc>,
    /// `complete` or `incremental`.
    pub extent: String,
    /// `applied`, `partly`, `refused`, `planned`, `failed`.
    pub outcome: String,
    /// Why it failed.
    pub error: Option<String>,
}

/// A certificate in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pairs {
    /// When both sides were last walked whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Pairs that are equal.
    pub equal: u64,
    /// Pairs that differ for a stated reason.
    pub differ: u64,
    /// Pairs that wait for a person.
    pub waiting: u64,
    /// Pairs that the next pass goes on with.
    pub pending: u64,
    /// Pairs that differ without a reason.
    pub unexplained: u64,
}

/// Something about an instance that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Of which sort it is.
    pub what: Needs,
    /// It in words, with the mend.
    pub text: String,
}

/// The sorts, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// The configuration is wrong.
    Configuration,
    /// The state cannot be read.
    Unreadable,
    /// No daemon runs.
    Stopped,
    /// A pass, or a side, fails.
    Failed,
    /// No pass ended for long.
    Overdue,
    /// No copy of the state is made.
    Backup,
    /// A plan was refused.
    Refused,
    /// Something waits for a decision.
    Waiting,
}

impl Needs {
    /// The exit code that it calls for, as of any command.
    const fn code(self) -> u8 {
        match self {
            Self::Configuration => 4,
            Self::Unreadable | Self::Stopped | Self::Failed | Self::Overdue | Self::Backup => 1,
            Self::Refused => 3,
            Self::Waiting => 2,
        }
    }
}

impl Instance {
    /// The exit code that it calls for.
    pub fn code(&self) -> u8 {
        self.needs.first().map_or(0, |need| need.what.code())
    }

    /// Its place in the list: the worst first, those that need nobody last.
    pub fn rank(&self) -> (bool, Option<Needs>) {
        (self.needs.is_empty(), self.needs.first().map(|need| need.what))
    }

    fn cells(&self) -> [String; 8] {
        let unknown = || "?".to_owned();
        let daemon = match (self.running, self.under_way) {
            (Some(true), Some(_)) => "in a pass",
            (Some(true), None) => "running",
            (Some(false), _) => "stopped",
            (None, _) => "?",
        };
        let last = match (&self.last_pass, &self.waiting) {
            (Some(last), _) => format!("{} {}", when(last.ended), Clean(&last.outcome)),
            (None, Some(_)) => "none yet".to_owned(),
            (None, None) => unknown(),
        };
        let waits = |number: fn(&Waiting) -> u64| self.waiting.as_ref().map_or_else(unknown, |w| number(w).to_string());
        let pairs = self.certificate.map_or_else(unknown, |pairs| {
            let all = pairs.equal + pairs.differ + pairs.waiting + pairs.pending + pairs.unexplained;
            format!("{} of {all} equal", pairs.equal)
        });
        let needs: Vec<String> = self.needs.iter().map(|need| Clean(&need.text).to_string()).collect();
        let needs = if needs.is_empty() { "-".to_owned() } else { needs.join("; ") };
        [
            Clean(&self.name).to_string(),
            daemon.to_owned(),
            last,
            waits(|waiting| waiting.conflicts),
            waits(|waiting| waiting.questions),
            waits(|waiting| waiting.failures),
            pairs,
            needs,
        ]
    }
}

/// The sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Totals {
    instances: u64,
    need_a_person: u64,
    running: u64,
    waiting: Waiting,
    certificate: Pairs,
}

impl Totals {
    fn of(instances: &[Instance]) -> Self {
        let mut totals = Self::default();
        for instance in instances {
            totals.instances += 1;
            totals.need_a_person += u64::from(!instance.needs.is_empty());
            totals.running += u64::from(instance.running == Some(true));
            let waiting = instance.waiting.unwrap_or_default();
            totals.waiting.conflicts += waiting.conflicts;
            totals.waiting.questions += waiting.questions;
            totals.waiting.failures += waiting.failures;
            let pairs = instance.certificate.unwrap_or_default();
            totals.certificate.equal += pairs.equal;
            totals.certificate.differ += pairs.differ;
            totals.certificate.waiting += pairs.waiting;
            totals.certificate.pending += pairs.pending;
            totals.certificate.unexplained += pairs.unexplained;
        }
        totals
    }
}

#[derive(Serialize)]
struct Everything<'a> {
    instances: &'a [Instance],
    totals: Totals,
}

/// Shows them in the order in which they are given; in JSON one object.
pub fn show(listing: &mut Listing<'_>, instances: &[Instance]) -> io::Result<()> {
    let totals = Totals::of(instances);
    match listing.form {
        Form::Json => json::pretty(listing.out, &Everything { instances, totals }),
        Form::Text(style) => text(listing.out, style, instances, &totals),
    }
}

fn text(out: &mut dyn Write, style: Style, instances: &[Instance], totals: &Totals) -> io::Result<()> {
    let rows: Vec<[String; 8]> = instances.iter().map(Instance::cells).collect();
    let heads = HEADS.map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    writeln!(out, "{}", style.paint(Tone::Strong, &line(&heads)))?;
    for (row, instance) in rows.iter().zip(instances) {
        match instance.code() {
            0 => writeln!(out, "{}", line(row))?,
            2 | 3 => writeln!(out, "{}", style.paint(Tone::Ask, &line(row)))?,
            _ => writeln!(out, "{}", style.paint(Tone::Bad, &line(row)))?,
        }
    }
    let Totals { instances, need_a_person, running, waiting, certificate } = totals;
    let Pairs { equal, differ, waiting: wait, pending, unexplained, .. } = certificate;
    writeln!(out, "\n{}: {running} running, {need_a_person} in need of a person", count(*instances, "instance"))?;
    let (conflicts, questions) = (count(waiting.conflicts, "conflict"), count(waiting.questions, "question"));
    writeln!(out, "{conflicts}, {questions}, {}", count(waiting.failures, "refused record"))?;
    writeln!(
        out,
        "pairs: {equal} equal, {differ} differ for a stated reason, {wait} wait for a person, {pending} go on in the next \
         pass, {unexplained} differ without a reason"
    )
}
