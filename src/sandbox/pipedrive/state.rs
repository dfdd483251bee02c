//! What a company holds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::fields::{self, Field};
use super::options::PipedriveOptions;
use crate::sandbox::crm::Grant;
use crate::sandbox::table::Table;

/// For how long a deleted record stays readable, in milliseconds.
const BIN: i64 = 30 * 86_400_000;

/// A sort of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Organizations,
    Persons,
}

impl Kind {
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Persons => "persons",
        }
    }

    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Organizations => "Organization",
            Self::Persons => "Person",
        }
    }
}

/// An e-mail address or a telephone number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) value: String,
    pub(super) primary: bool,
    pub(super) label: String,
}

/// What a record says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Content {
    pub(super) name: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) org: Option<u64>,
    pub(super) emails: Vec<Entry>,
    pub(super) phones: Vec<Entry>,
    pub(super) job_title: String,
    /// The filled parts.
    pub(super) address: BTreeMap<String, String>,
    /// The filled custom fields, by key.
    pub(super) custom: BTreeMap<String, Value>,
    pub(super) labels: Vec<u64>,
}

/// A record. Times are milliseconds of the epoch, shown by the second.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) content: Content,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) deleted: Option<i64>,
    /// What the token's user may do with it, by its visibility and its owner.
    pub(super) grant: Grant,
    /// What searches still show, the oldest first; `None`: nothing.
    pub(super) indexed: Vec<(i64, Option<Box<Content>>)>,
}

impl Record {
    /// What a search shows at a time.
    pub(super) fn as_indexed(&self, now: i64) -> Option<&Content> {
        match self.indexed.iter().find(|(until, _)| *until > now) {
            Some((_, content)) => content.as_deref(),
            None => self.deleted.is_none().then_some(&self.content),
        }
    }

    fn remember(&mut self, now: i64, lag: i64) {
        if lag > 0 {
            self.indexed.retain(|(until, _)| *until > now);
            let content = self.deleted.is_none().then(|| Box::new(self.content.clone()));
            self.indexed.push((now.saturating_add(lag), content));
        }
    }
}

/// A note at an organization.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) org: u64,
    pub(super) content: String,
    pub(super) created: i64,
    pub(super) modified: i64,
}

/// Everything.
#[derive(Debug)]
pub(super) struct State {
    organizations: Table<Record>,
    persons: Table<Record>,
    pub(super) notes: Table<Note>,
    organization_fields: Vec<Field>,
    person_fields: Vec<Field>,
    made_fields: usize,
    lag: i64,
}

impl State {
    pub(super) fn new(options: &PipedriveOptions) -> Self {
        let mut state = Self {
            organizations: Table::starting_at(1),
            persons: Table::starting_at(1),
            notes: Table::starting_at(1),
            organization_fields: fields::standard(Kind::Organizations, options),
            person_fields: fields::standard(Kind::Persons, options),
            made_fields: 0,
            lag: 0,
        };
        state.set_lag(options.search_lag);
        state
    }

    /// How long a change does not show in a search from now on.
    pub(super) fn set_lag(&mut self, lag: Duration) {
        self.lag = i64::try_from(lag.as_millis()).unwrap_or(i64::MAX);
    }

    pub(super) fn table(&self, kind: Kind) -> &Table<Record> {
        match kind {
            Kind::Organizations => &self.organizations,
            Kind::Persons => &self.persons,
        }
    }

    fn table_mut(&mut self, kind: Kind) -> &mut Table<Record> {
        match kind {
            Kind::Organizations => &mut self.organizations,
            Kind::Persons => &mut self.persons,
        }
    }

    pub(super) fn fields(&self, kind: Kind) -> &[Field] {
        match kind {
            Kind::Organizations => &self.organization_fields,
            Kind::Persons => &self.person_fields,
        }
    }

    pub(super) fn fields_mut(&mut self, kind: Kind) -> &mut Vec<Field> {
        match kind {
            Kind::Organizations => &mut self.organization_fields,
            Kind::Persons => &mut self.person_fields,
        }
    }

    /// Adds a custom field; its key.
    pub(super) fn add_field(&mut self, kind: Kind, name: &str, field_type: &str, labels: &[&str]) -> String {
        self.made_fields += 1;
        let number = self.made_fields;
        let code = fields::code(kind, name, number);
        let mut field = Field::new(name, &code, field_type, true);
        field.options = (100 * number as u64..).zip(labels.iter().map(|label| (*label).to_owned())).collect();
        self.fields_mut(kind).push(field);
        code
    }

    /// A record that is live or in the bin.
    pub(super) fn record(&self, kind: Kind, id: u64, now: i64) -> Option<&Record> {
        self.table(kind).get(id).filter(|record| record.deleted.is_none_or(|at| at + BIN > now))
    }

    /// A live record.
    pub(super) fn live(&self, kind: Kind, id: u64) -> Option<&Record> {
        self.table(kind).get(id).filter(|record| record.deleted.is_none())
    }

    /// Changes what the token's user may do with a live record.
    pub(super) fn grant(&mut self, kind: Kind, id: u64, grant: Grant) -> bool {
        let record = self.table_mut(kind).get_mut(id).filter(|record| record.deleted.is_none());
        record.map(|record| record.grant = grant).is_some()
    }

    /// Makes a record.
    pub(super) fn insert(&mut self, kind: Kind, content: Content, created: i64, now: i64) -> u64 {
        let indexed = if self.lag > 0 { vec![(now.saturating_add(self.lag), None)] } else { Vec::new() };
        let table = self.table_mut(kind);
        let id = table.next_id();
        table.insert(id, Record { content, created, modified: now, indexed, ..Record::default() });
        id
    }

    /// Stores other contents; the stamp moves whatever changed.
    pub(super) fn store(&mut self, kind: Kind, id: u64, content: Content, now: i64) -> bool {
        let lag = self.lag;
        let Some(record) = self.table_mut(kind).get_mut(id).filter(|record| record.deleted.is_none()) else {
            return false;
        };
        record.remember(now, lag);
        record.content = content;
        record.modified = now.max(record.modified);
        true
    }

    /// Puts a record into the bin, or takes it out; whether that changed anything. The persons of an organization stay, and go
    /// on naming it.
    pub(super) fn set_deleted(&mut self, kind: Kind, id: u64, deleted: bool, now: i64) -> bool {
        let lag = self.lag;
        let Some(record) = self.table_mut(kind).get_mut(id).filter(|record| record.deleted.is_some() != deleted) else {
            return false;
        };
        record.remember(now, lag);
        record.deleted = deleted.then_some(now);
        record.modified = now.max(record.modified);
        true
    }

    /// A record goes for good. Persons lose their organization.
    pub(super) fn purge(&mut self, kind: Kind, id: u64) -> bool {
        let there = self.table_mut(kind).remove(id).is_some();
        if there && kind == Kind::Organizations {
            for person in self.persons.ids().to_vec() {
                if let Some(record) = self.persons.get_mut(person).filter(|record| record.content.org == Some(id)) {
                    record.content.org = None;
                }
            }
        }
        there
    }

    /// Merges a live record into another one, which wins, and takes what it has blank from the loser; the loser goes into the
    /// bin.
    pub(super) fn merge(&mut self, kind: Kind, loser: u64, winner: u64, now: i64) -> bool {
        let (Some(lost), Some(kept)) = (self.live(kind, loser), self.live(kind, winner)) else { return false };
        if loser == winner {
            return false;
        }
        let lost = lost.content.clone();
        let mut content = kept.content.clone();
        if content.address.is_empty() {
            content.address.clone_from(&lost.address);
        }
        for (code, value) in lost.custom {
            content.custom.entry(code).or_insert(value);
        }
        for (entries, more) in [(&mut content.emails, lost.emails), (&mut content.phones, lost.phones)] {
            for entry in more {
                if !entries.iter().any(|known| known.value == entry.value) {
                    let primary = entries.is_empty();
                    entries.push(Entry { primary, ..entry });
                }
            }
        }
        content.org = content.org.or(lost.org);
        if content.job_title.is_empty() {
            content.job_title = lost.job_title;
        }
        self.store(kind, winner, content, now);
        self.set_deleted(kind, loser, true, now);
        if kind == Kind::Organizations {
            for person in self.persons.ids().to_vec() {
                let Some(record) = self.persons.get(person).filter(|record| record.content.org == Some(loser)) else {
                    continue;
                };
                let content = Content { org: Some(winner), ..record.content.clone() };
                self.store(Kind::Persons, person, content, now);
            }
        }
        true
    }

    /// A record as Pipedrive shows it. `selected` are the custom fields that are asked for.
    pub(super) fn shown(
        &self,
        options: &PipedriveOptions,
        kind: Kind,
        id: u64,
        record: &Record,
        selected: Option<&[String]>,
    ) -> Value {
        let content = &record.content;
        let entries = |entries: &[Entry]| -> Vec<Value> {
            entries.iter().map(|it| json!({"value": it.value, "primary": it.primary, "label": it.label})).collect()
        };
        let codes = self.fields(kind).iter().filter(|field| field.custom).map(|field| &field.code);
        let custom: serde_json::Map<String, Value> = codes
            .filter(|code| selected.is_none_or(|selected| selected.contains(code)))
            .map(|code| (code.clone(), content.custom.get(code).cloned().unwrap_or(Value::Null)))
            .collect();
        let mut shown = json!({
            "id": id,
            "name": content.name,
            "owner_id": 1,
            "add_time": stamp(record.created),
            "update_time": stamp(record.modified),
            "is_deleted": record.deleted.is_some(),
            "visible_to": 3,
            "label_ids": content.labels,
            "custom_fields": custom,
        });
        let Some(map) = shown.as_object_mut() else { return shown };
        let mut put = |name: &str, value: Value| {
            map.insert(name.to_owned(), value);
        };
        match kind {
            Kind::Organizations => put("address", address(content)),
            Kind::Persons => {
                put("first_name", json!(content.first_name));
                put("last_name", json!(content.last_name));
                put("org_id", json!(content.org));
                put("emails", json!(entries(&content.emails)));
                put("phones", json!(entries(&content.phones)));
                put("picture_id", Value::Null);
                if options.contact_sync {
                    put("job_title", if content.job_title.is_empty() { Value::Null } else { json!(content.job_title) });
                    put("birthday", Value::Null);
                }
            }
        }
        shown
    }
}

/// The parts of an address; null where there is none.
fn address(content: &Content) -> Value {
    if content.address.is_empty() {
        return Value::Null;
    }
    let parts = PARTS
        .iter()
        .map(|name| ((*name).to_owned(), content.address.get(*name).map_or(Value::Null, |text| json!(text))));
    Value::Object(parts.collect())
}

/// The parts of an address.
pub(super) const PARTS: [&str; 10] = [
    "value",
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
];

/// A time as version 2 writes it.
pub(super) fn stamp(millis: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A full name taken apart as Pipedrive does it: the first word is the given name.
pub(super) fn taken_apart(name: &str) -> (String, String) {
    let name = name.trim();
    name.split_once(' ')
        .map_or_else(|| (name.to_owned(), String::new()), |(first, last)| (first.to_owned(), last.trim().to_owned()))
}
