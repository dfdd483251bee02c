//! What people did, written down while they do it: the records before and after are compared, so that nobody has to say what
//! a deed changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use flowtly_sync::clock::Clock;
use flowtly_sync::sandbox::{Counts, CrmServer, FlowtlyServer};

use super::dialect::{Dialect, dialect};
use super::evidence::{Kind, Liberty, Rec, Record, Side, plain};
use super::rules::Rules;
use super::state::Link;
use crate::firm::Firm;

/// What somebody did to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is there; its values follow as edits.
    Made,
    /// It was there when the writing down began; its values follow as edits.
    Found,
    /// A property got another text (empty: cleared), under the system's own name.
    Edited {
        property: String,
        old: String,
        new: String,
    },
    /// A contact came to a company, or left one.
    Joined {
        company: String,
    },
    Left {
        company: String,
    },
    /// These records were merged into it, which is new.
    Merged {
        from: Vec<String>,
    },
    Archived,
    Restored,
    /// It is no longer there.
    Removed,
    /// A person decided something about it in the program: a conflict, a question, a link; with a text of their own, or none;
    /// and what it was joined with.
    Decided {
        typed: Option<String>,
        with: Option<Rec>,
    },
}

/// One deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub at: DateTime<Utc>,
    pub rec: Rec,
    pub what: What,
    /// How many requests Flowtly, and how many the CRM, had had by then: its place among them.
    pub after: (u64, u64),
}

/// Whether a person gave a client another name. One whose creation has not been heard of yet is another one then, for all that can
/// be told: Flowtly keeps no id of ours.
pub fn is_renamed(deeds: &[Deed], rec: &Rec) -> bool {
    let is_name = |deed: &&Deed| matches!(&deed.what, What::Edited { property, .. } if property == "name");
    (rec.side, rec.kind) == (Side::Flowtly, Kind::Company) && deeds.iter().filter(is_name).any(|deed| deed.rec == *rec)
}

impl Deed {
    /// Its place among the requests of a side: behind the request of this number, counted from 1.
    pub fn place(&self, side: Side) -> u64 {
        match side {
            Side::Flowtly => self.after.0,
            Side::Crm => self.after.1,
        }
    }
}

/// What one pass cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lap {
    /// How many requests Flowtly, and how many the CRM, had had when it began.
    pub from: (u64, u64),
    pub requests: u64,
    pub writes: u64,
    /// Faults that were thrown.
    pub faults: u64,
    /// Deeds of people since the lap before.
    pub deeds: u64,
    /// Records that there were on both sides.
    pub records: u64,
}

impl Lap {
    /// How many requests a side had had when it began.
    pub fn place(&self, side: Side) -> u64 {
        match side {
            Side::Flowtly => self.from.0,
            Side::Crm => self.from.1,
        }
    }
}

/// The journal of one firm. Clones write into the same one.
#[derive(Clone)]
pub struct Journal {
    flowtly: FlowtlyServer,
    crm: Arc<dyn CrmServer>,
    clock: Arc<dyn Clock>,
    /// How many requests each side had had when it began.
    began: (u64, u64),
    /// The firm's configuration; written by its first pass.
    configuration: PathBuf,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    deeds: Vec<Deed>,
    laps: Vec<Lap>,
    /// Where a list showed what was before, by the requests that each side had had.
    lagging: Vec<(u64, u64)>,
    linked: BTreeSet<(Rec, Rec)>,
    liberties: Vec<Liberty>,
    /// Every text of the configuration, and what it says.
    configured: Vec<(String, Rules)>,
    /// Totals when the last lap ended: requests, writes, faults, deeds.
    totals: (u64, u64, u64, u64),
    /// The requests of each side by then.
    from: (u64, u64),
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl Journal {
    /// Begins: what is there now counts as typed by people. The logs of the servers may not be cleared from now on.
    pub fn begin(firm: &Firm) -> Self {
        let clock: Arc<dyn Clock> = firm.clock.clone();
        let inner = Arc::default();
        let configuration = firm.state().with_file_name("flowtly-sync.toml");
        let (flowtly, crm) = (firm.flowtly.clone(), Arc::clone(&firm.crm));
        let began = (flowtly.counts().requests, crm.counts().requests);
        let journal = Self { flowtly, crm, clock, began, configuration, inner };
        let there = journal.records();
        journal.note(&BTreeMap::new(), &there, &What::Found);
        let (requests, writes, faults) = journal.totals();
        journal.with(|inner| {
            inner.totals = (requests, writes, faults, inner.deeds.len() as u64);
            inner.from = began;
        });
        journal
    }

    /// Somebody does something with the hands of either server: whatever that changes is written down.
    pub fn act<R>(&self, deed: impl FnOnce() -> R) -> R {
        let before = self.records();
        let result = deed();
        let after = self.records();
        self.note(&before, &after, &What::Made);
        result
    }

    /// Somebody decided something about a record in the program (`conflicts resolve`, `questions answer`, `links`).
    pub fn decided(&self, rec: Rec, typed: Option<&str>) {
        self.push(rec, What::Decided { typed: typed.map(str::to_owned), with: None });
    }

    /// Somebody merged a record into another one, which goes on under its own id.
    pub fn merged(&self, rec: Rec, from: String) {
        self.push(rec, What::Merged { from: vec![from] });
    }

    /// Somebody said in the program that two records stand for the same thing.
    pub fn joined(&self, rec: Rec, with: Rec) {
        self.push(rec, What::Decided { typed: None, with: Some(with) });
    }

    /// A pass ended.
    pub fn lap(&self) {
        let (requests, writes, faults) = self.totals();
        let records = self.records().len() as u64;
        let to = self.places();
        self.look_around();
        self.with(|inner| {
            let before = inner.totals;
            let deeds = inner.deeds.len() as u64;
            let from = std::mem::replace(&mut inner.from, to);
            inner.laps.push(Lap {
                from,
                requests: requests - before.0,
                writes: writes - before.1,
                faults: faults - before.2,
                deeds: deeds - before.3,
                records,
            });
            inner.totals = (requests, writes, faults, deeds);
        });
    }

    /// How many requests each side had had when the journal began.
    pub fn began(&self) -> (u64, u64) {
        self.began
    }

    pub fn deeds(&self) -> Vec<Deed> {
        self.with(|inner| inner.deeds.clone())
    }

    /// A list of Flowtly shows what was a while ago, within the time that is declared; the server itself was not asked.
    pub fn lags(&self) {
        let places = self.places();
        self.with(|inner| inner.lagging.push(places));
    }

    pub fn lagging(&self) -> Vec<(u64, u64)> {
        self.with(|inner| inner.lagging.clone())
    }

    /// What the state holds as one thing after a pass.
    pub fn holds(&self, links: &[Link]) {
        let halves = links.iter().map(|link| (link.half(Side::Flowtly), link.half(Side::Crm)));
        self.with(|inner| inner.linked.extend(halves));
    }

    pub fn linked(&self) -> BTreeSet<(Rec, Rec)> {
        self.with(|inner| inner.linked.clone())
    }

    pub fn laps(&self) -> Vec<Lap> {
        self.with(|inner| inner.laps.clone())
    }

    /// Every liberty that a server took at any time that the journal looked.
    pub fn liberties(&self) -> Vec<Liberty> {
        self.look_around();
        self.with(|inner| inner.liberties.clone())
    }

    /// All live records of both sides.
    pub fn records(&self) -> BTreeMap<Rec, Record> {
        let mut records = BTreeMap::new();
        for (kind, shown) in [(Kind::Company, self.flowtly.clients()), (Kind::Contact, self.flowtly.contacts())] {
            for shown in &shown {
                let rec = Rec::new(Side::Flowtly, kind, plain(&shown["id"]));
                records.insert(rec, self.dialect(Side::Flowtly).record(kind, shown));
            }
        }
        for kind in Kind::BOTH {
            let recs = self
                .crm
                .ids(kind.of_the_servers())
                .into_iter()
                .map(|id| Rec::new(Side::Crm, kind, self.crm.id_text(id)));
            records.extend(recs.filter_map(|rec| self.record_of_the_crm(&rec).map(|record| (rec, record))));
        }
        records
    }

    /// A record of the CRM, one in its archive too.
    pub fn record_of_the_crm(&self, rec: &Rec) -> Option<Record> {
        let shown = self.crm.record(rec.kind.of_the_servers(), self.crm.id_number(&rec.id)?)?;
        Some(self.dialect(Side::Crm).record(rec.kind, &shown))
    }

    fn dialect(&self, side: Side) -> &'static dyn Dialect {
        dialect(side, self.crm.section())
    }

    fn note(&self, before: &BTreeMap<Rec, Record>, after: &BTreeMap<Rec, Record>, new: &What) {
        self.look_around();
        for (rec, record) in before {
            if !after.contains_key(rec) {
                let absorbed = |other: &Record| other.absorbed.contains(&rec.id);
                if !after
                    .iter()
                    .any(|(other, record)| other.side == rec.side && other.kind == rec.kind && absorbed(record))
                {
                    let what = if self.is_archived(rec) { What::Archived } else { What::Removed };
                    self.push(rec.clone(), what);
                }
            } else if let Some(now) = after.get(rec) {
                self.note_changes(rec, record, now);
            }
        }
        for (rec, record) in after {
            if before.contains_key(rec) {
                continue;
            }
            let known =
                self.with(|inner| inner.deeds.iter().any(|deed| deed.rec == *rec && deed.what == What::Archived));
            if known {
                self.push(rec.clone(), What::Restored);
                continue;
            }
            let made = if record.absorbed.is_empty() {
                new.clone()
            } else {
                What::Merged { from: record.absorbed.iter().cloned().collect() }
            };
            self.push(rec.clone(), made);
            self.note_changes(rec, &Record::default(), record);
        }
    }

    fn note_changes(&self, rec: &Rec, before: &Record, after: &Record) {
        let names: Vec<&String> = before.texts.keys().chain(after.texts.keys()).collect();
        for property in names.into_iter().collect::<BTreeSet<_>>() {
            let (old, new) = (before.text(property).to_owned(), after.text(property).to_owned());
            if old != new && !STAMPS.contains(&property.as_str()) {
                self.push(rec.clone(), What::Edited { property: property.clone(), old, new });
            }
        }
        for company in after.parents.difference(&before.parents) {
            self.push(rec.clone(), What::Joined { company: company.clone() });
        }
        for company in before.parents.difference(&after.parents) {
            self.push(rec.clone(), What::Left { company: company.clone() });
        }
    }

    fn is_archived(&self, rec: &Rec) -> bool {
        rec.side == Side::Crm && self.record_of_the_crm(rec).is_some()
    }

    fn push(&self, rec: Rec, what: What) {
        let after = self.places();
        let at = self.clock.now();
        self.with(|inner| inner.deeds.push(Deed { at, rec, what, after }));
    }

    /// What was configured at any time that the journal looked.
    pub fn configured(&self) -> Vec<Rules> {
        self.look_around();
        self.with(|inner| inner.configured.iter().map(|(_, rules)| rules.clone()).collect())
    }

    /// Looks at what servers and configuration are like now.
    fn look_around(&self) {
        if let Ok(text) = std::fs::read_to_string(&self.configuration) {
            self.with(|inner| {
                if inner.configured.last().is_none_or(|(last, _)| *last != text) {
                    inner.configured.push((text.clone(), Rules::of(&text)));
                }
            });
        }
        for (side, declared) in
            [(Side::Flowtly, self.flowtly.manners().declared()), (Side::Crm, self.crm.manners().declared())]
        {
            for (collection, property, manner) in declared {
                let dialect = self.dialect(side);
                let property = property.map(|property| dialect.path(&property));
                for kind in dialect.kinds(&collection) {
                    self.take_down(Liberty { side, kind: *kind, property: property.clone(), manner: manner.clone() });
                }
            }
            self.dialect(side).liberties().into_iter().for_each(|liberty| self.take_down(liberty));
        }
    }

    fn take_down(&self, liberty: Liberty) {
        self.with(|inner| {
            if !inner.liberties.contains(&liberty) {
                inner.liberties.push(liberty);
            }
        });
    }

    /// How many requests each side has had.
    fn places(&self) -> (u64, u64) {
        (self.flowtly.counts().requests, self.crm.counts().requests)
    }

    fn totals(&self) -> (u64, u64, u64) {
        let sum = |pick: fn(Counts) -> u64| pick(self.flowtly.counts()) + pick(self.crm.counts());
        let thrown = |counts: BTreeMap<&str, u64>| counts.values().sum::<u64>();
        let faults = thrown(self.flowtly.faults().counts()) + thrown(self.crm.faults().counts());
        (sum(|counts| counts.requests), sum(|counts| counts.writes), faults)
    }

    fn with<R>(&self, act: impl FnOnce(&mut Inner) -> R) -> R {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a system writes by itself.
pub const STAMPS: [&str; 8] = [
    "id",
    "createdate",
    "hs_lastmodifieddate",
    "lastmodifieddate",
    "hs_object_id",
    "hs_merged_object_ids",
    "hs_additional_emails",
    "possibleTypes",
];
