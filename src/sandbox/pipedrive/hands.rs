//! People at work in Pipedrive: changes that do not come through the API.

use serde_json::{Value, json};

use super::PipedriveServer;
use super::fields::Field;
use super::state::{Content, Entry, Kind, PARTS, State};
use super::write::settle_names;
use crate::domain::record::Kind as RecordKind;

/// Which collection a kind is in.
pub(super) const fn kind_of(kind: RecordKind) -> Kind {
    match kind {
        RecordKind::Company => Kind::Organizations,
        RecordKind::Contact => Kind::Persons,
    }
}

impl PipedriveServer {
    /// A person makes an organization, with properties as requests name them (`name`, `address.locality`, a custom field's key or
    /// name). Returns the id.
    ///
    /// # Panics
    /// If a property is not there: the test is wrong.
    pub fn add_organization(&self, properties: &[(&str, &str)]) -> u64 {
        self.put_in(Kind::Organizations, properties, None, None)
    }

    /// A person imports an organization with the time at which it was made elsewhere, in milliseconds of the epoch: Pipedrive
    /// believes it. Returns the id.
    ///
    /// # Panics
    /// If a property is not there: the test is wrong.
    pub fn import_organization(&self, properties: &[(&str, &str)], made: i64) -> u64 {
        self.put_in(Kind::Organizations, properties, None, Some(made))
    }

    /// A person makes a person, perhaps at an organization. Returns the id.
    ///
    /// # Panics
    /// If a property is not there: the test is wrong.
    pub fn add_person(&self, properties: &[(&str, &str)], organization: Option<u64>) -> u64 {
        self.put_in(Kind::Persons, properties, organization, None)
    }

    /// A person types into a property; an empty text clears it. Whether the record is there.
    ///
    /// # Panics
    /// If the property is not there: the test is wrong.
    pub fn edit_record(&self, kind: RecordKind, id: u64, property: &str, text: &str) -> bool {
        let kind = kind_of(kind);
        self.with(|state, now| {
            let Some(record) = state.live(kind, id) else { return false };
            let mut content = record.content.clone();
            set(state, kind, &mut content, property, text);
            state.store(kind, id, content, now)
        })
    }

    /// A record as a read by id shows it, one in the bin too.
    pub fn record(&self, kind: RecordKind, id: u64) -> Option<Value> {
        let kind = kind_of(kind);
        let options = self.options().clone();
        self.with(|state, now| Some(state.shown(&options, kind, id, state.record(kind, id, now)?, None)))
    }

    /// A person adds another e-mail address or number to a person (`emails`, `phones`), not the primary one.
    pub fn add_entry(&self, person: u64, list: &str, value: &str, label: &str) -> bool {
        self.with(|state, now| {
            let Some(record) = state.live(Kind::Persons, person) else { return false };
            let mut content = record.content.clone();
            let entries = if list == "emails" { &mut content.emails } else { &mut content.phones };
            let primary = entries.is_empty();
            entries.push(Entry { value: value.to_owned(), primary, label: label.to_owned() });
            state.store(Kind::Persons, person, content, now)
        })
    }

    /// An administrator adds a custom field; choices for an `enum` or a `set`. Returns its key.
    pub fn add_field(&self, kind: RecordKind, name: &str, field_type: &str, choices: &[&str]) -> String {
        self.with(|state, _| state.add_field(kind_of(kind), name, field_type, choices))
    }

    /// An administrator adds a choice to a field. Returns its number; `None` where there is no such field.
    pub fn add_choice(&self, kind: RecordKind, field: &str, label: &str) -> Option<u64> {
        self.with(|state, _| {
            let field =
                state.fields_mut(kind_of(kind)).iter_mut().find(|known| known.code == field || known.name == field)?;
            let id = field.options.iter().map(|(id, _)| id + 1).max().unwrap_or(1);
            field.options.push((id, label.to_owned()));
            Some(id)
        })
    }

    /// An administrator deletes a custom field by name or key, and its values with it. Whether it was there.
    pub fn remove_field(&self, kind: RecordKind, field: &str) -> bool {
        self.with(|state, _| {
            let fields = state.fields_mut(kind_of(kind));
            let before = fields.len();
            fields.retain(|known| !(known.custom && (known.code == field || known.name == field)));
            fields.len() != before
        })
    }

    /// A program stores a value of any sort in a custom field.
    pub fn set_value(&self, kind: RecordKind, id: u64, code: &str, value: Value) -> bool {
        let kind = kind_of(kind);
        self.with(|state, now| {
            let Some(record) = state.live(kind, id) else { return false };
            let mut content = record.content.clone();
            content.custom.insert(code.to_owned(), value);
            state.store(kind, id, content, now)
        })
    }

    /// The notes at an organization, as they are stored.
    pub fn notes(&self, organization: u64) -> Vec<String> {
        self.with(|state, _| {
            let notes = state.notes.iter().filter(|(_, note)| note.org == organization);
            notes.map(|(_, note)| note.content.clone()).collect()
        })
    }

    fn put_in(&self, kind: Kind, properties: &[(&str, &str)], organization: Option<u64>, made: Option<i64>) -> u64 {
        self.with(|state, now| {
            let mut content = Content { org: organization, ..Content::default() };
            for (property, text) in properties {
                set(state, kind, &mut content, property, text);
            }
            state.insert(kind, content, made.unwrap_or(now), now)
        })
    }
}

/// Types a text into a property.
pub(super) fn set(state: &State, kind: Kind, content: &mut Content, property: &str, text: &str) {
    let before = content.clone();
    match (kind, property) {
        (_, "name") => text.clone_into(&mut content.name),
        (Kind::Persons, "first_name") => text.clone_into(&mut content.first_name),
        (Kind::Persons, "last_name") => text.clone_into(&mut content.last_name),
        (Kind::Persons, "job_title") => text.clone_into(&mut content.job_title),
        (Kind::Persons, "emails") => put_primary(&mut content.emails, text),
        (Kind::Persons, "phones") => put_primary(&mut content.phones, text),
        (Kind::Organizations, "address") => {
            for part in PARTS {
                content.address.remove(part);
            }
            put_part(content, "value", text);
        }
        (Kind::Organizations, _) if property.starts_with("address.") => {
            let part = property.trim_start_matches("address.");
            assert!(PARTS.contains(&part), "an address has no part {part}");
            put_part(content, part, text);
            // Who takes away what is left empties the field.
            if text.is_empty() && content.address.keys().all(|part| part == "value") {
                content.address.clear();
            }
        }
        _ => {
            let field = state
                .fields(kind)
                .iter()
                .find(|field| field.custom && (field.code == property || field.name == property));
            let Some(field) = field else { panic!("Pipedrive has no property {property}") };
            if text.is_empty() {
                content.custom.remove(&field.code);
            } else {
                content.custom.insert(field.code.clone(), typed(field, text));
            }
        }
    }
    if kind == Kind::Persons {
        settle_names(&before, content);
    }
}

fn typed(field: &Field, text: &str) -> Value {
    let choice = || field.options.iter().find(|(_, label)| label == text).map(|(id, _)| *id);
    match field.field_type.as_str() {
        "enum" => json!(choice()),
        "set" => json!(choice().into_iter().collect::<Vec<_>>()),
        "double" => json!(text.parse::<f64>().unwrap_or_default()),
        "address" | "time" => json!({"value": text}),
        _ => json!(text),
    }
}

fn put_part(content: &mut Content, part: &str, text: &str) {
    if text.is_empty() {
        content.address.remove(part);
    } else {
        content.address.insert(part.to_owned(), text.to_owned());
    }
}

/// The primary entry; another one takes its place where it is cleared.
fn put_primary(entries: &mut Vec<Entry>, text: &str) {
    let place = entries.iter().position(|entry| entry.primary);
    match (place, text.is_empty()) {
        (Some(place), true) => {
            entries.remove(place);
            if let Some(first) = entries.first_mut() {
                first.primary = true;
            }
        }
        (Some(place), false) => {
            if let Some(entry) = entries.get_mut(place) {
                text.clone_into(&mut entry.value);
            }
        }
        (None, true) => {}
        (None, false) => entries.push(Entry { value: text.to_owned(), primary: true, label: "work".to_owned() }),
    }
}
