//! What the checker judges by: plain data, gathered once everything is at rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use flowtly_sync::sandbox::{LoggedRequest, Manner};
use serde_json::Value;

use super::journal::{Deed, Journal, Lap, What};
use super::rules::{Field, Rules};
use super::state::State;
use crate::firm::Firm;

/// One of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Flowtly,
    Crm,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Flowtly, Self::Crm];

    pub fn other(self) -> Self {
        match self {
            Self::Flowtly => Self::Crm,
            Self::Crm => Self::Flowtly,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Flowtly => "flowtly",
            Self::Crm => "crm",
        }
    }

    pub fn of_word(word: &str) -> Self {
        if word == "flowtly" { Self::Flowtly } else { Self::Crm }
    }
}

/// Company (a Flowtly client) or contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Company,
    Contact,
}

impl Kind {
    pub const BOTH: [Self; 2] = [Self::Company, Self::Contact];

    pub fn word(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Contact => "contact",
        }
    }

    /// As the embedded servers call it.
    pub fn of_the_servers(self) -> flowtly_sync::sandbox::Kind {
        match self {
            Self::Company => flowtly_sync::sandbox::Kind::Company,
            Self::Contact => flowtly_sync::sandbox::Kind::Contact,
        }
    }

    pub fn of_word(word: &str) -> Self {
        if word == "company" { Self::Company } else { Self::Contact }
    }
}

/// A record of one side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rec {
    pub side: Side,
    pub kind: Kind,
    pub id: String,
}

impl Rec {
    pub fn new(side: Side, kind: Kind, id: impl Into<String>) -> Self {
        Self { side, kind, id: id.into() }
    }
}

impl fmt::Display for Rec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.side.word(), self.kind.word(), self.id)
    }
}

/// A record as it stands in the end: the texts of its properties under the system's own names, references as bare ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub texts: BTreeMap<String, String>,
    /// The companies of a contact.
    pub parents: BTreeSet<String>,
    pub archived: bool,
    /// The ids of records that were merged into it.
    pub absorbed: BTreeSet<String>,
}

impl Record {
    /// A property's text, empty where it is blank.
    pub fn text(&self, property: &str) -> &str {
        self.texts.get(property).map_or("", String::as_str)
    }
}

/// A JSON value as text: null is empty, a reference is the id that it ends with.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with('/') || text.starts_with("http://sandbox/") => {
            text.rsplit('/').next().unwrap_or_default().to_owned()
        }
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A liberty that a server takes with what it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liberty {
    pub side: Side,
    pub kind: Kind,
    /// `None`: every text.
    pub property: Option<String>,
    pub manner: Manner,
}

/// How much work is enough. All figures are generous: they tell an endless loop, not a wasted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Passes until nothing more is written.
    pub passes: usize,
    /// Requests that a pass makes whatever there is: log-in, look-ups, schema, pages of the smallest firm.
    pub per_pass: u64,
    /// Requests for one record that there is (a page holds at least one).
    pub per_record: u64,
    /// Requests for one thing that a person did, or that failed.
    pub per_event: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { passes: 12, per_pass: 80, per_record: 3, per_event: 40 }
    }
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What both systems hold in the end, archived records that anybody knows of too.
    pub records: BTreeMap<Rec, Record>,
    /// What Flowtly was asked, the oldest first.
    pub flowtly_log: Vec<LoggedRequest>,
    /// What the CRM was asked, the oldest first.
    pub crm_log: Vec<LoggedRequest>,
    /// Requests that were forgotten by the logs: they cannot be judged.
    pub forgotten: u64,
    /// How many requests Flowtly, and how many the CRM, had had when the journal began: they are not judged.
    pub began: (u64, u64),
    /// What people did, in order.
    pub deeds: Vec<Deed>,
    /// What each pass cost, in order.
    pub laps: Vec<Lap>,
    /// Where a list of Flowtly showed what was a while ago, by the requests that each side had had.
    pub lagging: Vec<(u64, u64)>,
    /// Two halves of a link, as the state held it when a pass had ended: of what was merged and purged it has no word later.
    pub linked: BTreeSet<(Rec, Rec)>,
    /// What the servers make of what they are sent.
    pub liberties: Vec<Liberty>,
    /// What is configured in the end.
    pub rules: Rules,
    /// What was configured at other times: a write may have been right under any of it.
    pub former: Vec<Rules>,
    pub bounds: Bounds,
    pub state: State,
}

impl Evidence {
    /// Gathers everything from a firm at rest. No pass may be under way.
    pub async fn of(firm: &Firm, journal: &Journal, rules: Rules) -> Self {
        let state = State::read(&firm.state()).await;
        let mut records = journal.records();
        // Archived records are shown by id alone: ask for every id that anybody ever named.
        let deeds = journal.deeds();
        let named = deeds.iter().map(|deed| &deed.rec).chain(state.seen.iter().map(|seen| &seen.rec));
        for rec in named.filter(|rec| rec.side == Side::Crm).collect::<BTreeSet<_>>() {
            if !records.contains_key(rec)
                && let Some(record) = journal.record_of_the_crm(rec)
            {
                records.insert(rec.clone(), record);
            }
        }
        let (flowtly_log, crm_log) = (firm.flowtly.log(), firm.crm.log());
        let all = firm.flowtly.counts().requests + firm.crm.counts().requests;
        let forgotten = all.saturating_sub((flowtly_log.len() + crm_log.len()) as u64);
        let (laps, lagging, linked) = (journal.laps(), journal.lagging(), journal.linked());
        let (liberties, began) = (journal.liberties(), journal.began());
        let bounds = Bounds::default();
        let former = journal.configured();
        Self {
            records,
            flowtly_log,
            crm_log,
            forgotten,
            began,
            deeds,
            laps,
            lagging,
            linked,
            liberties,
            rules,
            former,
            bounds,
            state,
        }
    }

    /// All that was ever configured, what is so in the end first.
    pub fn rules_ever(&self) -> impl Iterator<Item = &Rules> {
        std::iter::once(&self.rules).chain(&self.former)
    }

    /// The field that a property carries, or carried.
    pub fn field_of(&self, side: Side, kind: Kind, path: &str) -> Option<&Field> {
        let all = || self.rules_ever().filter_map(|rules| rules.field_of(side, kind, path));
        all().find(|field| field.is_shared()).or_else(|| all().next())
    }

    /// Whether something held for a field at any time.
    pub fn ever(&self, field: &Field, holds: impl Fn(&Field) -> bool) -> bool {
        let same = |other: &&Field| other.kind == field.kind && other.name == field.name;
        self.rules_ever().flat_map(|rules| rules.fields.iter()).filter(same).any(holds)
    }

    pub fn log(&self, side: Side) -> &[LoggedRequest] {
        match side {
            Side::Flowtly => &self.flowtly_log,
            Side::Crm => &self.crm_log,
        }
    }

    /// Whether a deed only wrote down what was typed before: when the journal began, or into a record that was merged.
    pub fn was_found(&self, deed: usize) -> bool {
        let typed = &self.deeds[deed];
        let at_once = |one: &&Deed| {
            one.rec == typed.rec
                && (one.at, one.after) == (typed.at, typed.after)
                && !matches!(&one.what, What::Edited { old, .. } if !old.is_empty())
        };
        let mut begin = self.deeds.iter().take(deed + 1).rev().take_while(at_once);
        begin.any(|one| matches!(one.what, What::Found | What::Merged { .. }))
    }

    /// A record that is there and not archived.
    pub fn live(&self, rec: &Rec) -> Option<&Record> {
        self.records.get(rec).filter(|record| !record.archived)
    }
}
