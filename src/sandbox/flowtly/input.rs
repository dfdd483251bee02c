//! Reads the body of a write: types first (the first wrong one is named), then the constraints of the whole record.

use std::collections::BTreeMap;

use http::header;
use serde_json::{Map, Value};

use super::errors::{Refusal, Violation};
use super::options::{Attributes, FlowtlyOptions};
use super::schema::{CONTACT, Choice, Need, PARENT, Resource, Slot, Sort, slot};
use super::state::State;
use crate::sandbox::exchange::Ask;
use crate::sandbox::packed::Packed;

/// What a body sets: a field's place, and its text or null.
pub(super) type Given = BTreeMap<u16, Option<String>>;

/// One entry of an embedded list of contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// An IRI: this contact stays, or moves here.
    Keep(u64),
    /// An object: always a new contact, whatever `id` or `@id` it carries.
    New(Given),
}

/// What a request is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'server> {
    pub(super) options: &'server FlowtlyOptions,
    pub(super) state: &'server State,
    pub(super) ask: &'server Ask,
}

/// The body as an object. A list counts as an empty object.
pub(super) fn object(ask: &Ask) -> Result<Map<String, Value>, Refusal> {
    let text = std::str::from_utf8(&ask.body)
        .map_err(|_| Refusal::bad("Malformed UTF-8 characters, possibly incorrectly encoded"))?;
    match serde_json::from_str(text).map_err(|_| Refusal::bad("Syntax error"))? {
        Value::Object(map) => Ok(map),
        Value::Array(_) => Ok(Map::new()),
        Value::String(text) => Err(Refusal::bad(format!("Invalid IRI \"{text}\"."))),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Err(wrong_relation("", &other)),
    }
}

impl Judge<'_> {
    /// The fields that a body sets. What `security` hides may not be set either, and is ignored like an unknown key.
    pub(super) fn given(
        &self,
        resource: Resource,
        table: &[Slot],
        body: &Map<String, Value>,
    ) -> Result<Given, Refusal> {
        let is_hidden = |key: &str| self.state.hidden.iter().any(|(of, hidden)| *of == resource && hidden == key);
        let mut given = Given::new();
        for (key, value) in body.iter().filter(|(key, _)| !is_hidden(key)) {
            if let Some((place, slot)) = slot(table, key) {
                given.insert(place, self.text(slot, value)?);
            }
        }
        Ok(given)
    }

    /// The embedded contacts that a body sets; `None` if it says nothing of them.
    pub(super) fn entries(&self, body: &Map<String, Value>) -> Result<Option<Vec<Entry>>, Refusal> {
        let list = match body.get("clientContacts") {
            None => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_))) => {
                return Err(wrong_type("clientContacts", "array", other));
            }
        };
        let entry = |value: &Value| match value {
            Value::Object(map) => self.given(Resource::ClientContact, &CONTACT, map).map(Entry::New),
            Value::String(iri) => {
                let id = self.iri("clientContacts", Resource::ClientContact, iri)?;
                id.parse().map(Entry::Keep).map_err(|_| Refusal::bad(format!("Invalid IRI \"{iri}\".")))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Err(wrong_relation("clientContacts", value))
            }
        };
        list.iter().map(entry).collect::<Result<_, _>>().map(Some)
    }

    /// The attributes of a client after a write; `None` if the body says nothing of them, or the tenant has none. An empty
    /// list is an empty object to PHP.
    pub(super) fn attributes(
        &self,
        body: &Map<String, Value>,
        before: Option<&Map<String, Value>>,
    ) -> Result<Option<Map<String, Value>>, Refusal> {
        let given = match (self.options.attributes, body.get("attributes")) {
            (Attributes::Absent, _) | (Attributes::Merged | Attributes::Replaced, None) => return Ok(None),
            (Attributes::Merged | Attributes::Replaced, Some(Value::Object(given))) => given.clone(),
            (Attributes::Merged | Attributes::Replaced, Some(Value::Array(list))) if list.is_empty() => Map::new(),
            (Attributes::Merged | Attributes::Replaced, Some(other)) => {
                return Err(wrong_type("attributes", "array", other));
            }
        };
        let mut after = match (self.options.attributes, before) {
            (Attributes::Merged, Some(before)) => before.clone(),
            (Attributes::Absent | Attributes::Merged | Attributes::Replaced, _) => Map::new(),
        };
        for (key, value) in given {
            if value.is_null() && self.options.attributes == Attributes::Merged {
                after.remove(&key);
            } else {
                after.insert(key, value);
            }
        }
        Ok(Some(after))
    }

    /// The constraints that a record breaks; `path` stands before each field's name.
    pub(super) fn violations(&self, table: &[Slot], record: &Packed, path: &str) -> Vec<Violation> {
        let mut found = Vec::new();
        for (place, slot) in (0..).zip(table) {
            // An embedded contact gets its parent from where it stands.
            if place == PARENT && slot.sort == Sort::Iri(Resource::Client) && !path.is_empty() {
                continue;
            }
            let own = || format!("{path}{}", slot.key);
            let Some(text) = record.get(place) else {
                if slot.need == Need::Required {
                    found.push(match slot.sort {
                        Sort::Iri(_) => Violation::null(own()),
                        Sort::Text | Sort::Whole => Violation::blank(own()),
                    });
                }
                continue;
            };
            if slot.need == Need::Required && text.is_empty() {
                found.push(Violation::blank(own()));
            }
            let length = text.chars().count();
            if let Some(most) = slot.most.filter(|most| length > *most) {
                found.push(Violation::long(own(), most));
            }
            if let Some(exactly) = slot.exactly.filter(|exactly| length != *exactly) {
                found.push(Violation::length(own(), exactly));
            }
            if slot.choice.is_some_and(|choice| !self.is_choice(choice, text)) {
                found.push(Violation::choice(own()));
            }
            if slot.email && !text.is_empty() && !is_email(text) {
                found.push(Violation::email(own()));
            }
        }
        found
    }

    fn is_choice(&self, choice: Choice, text: &str) -> bool {
        let choices = match choice {
            Choice::Status => &self.options.statuses,
            Choice::TinType => &self.options.tin_types,
            Choice::ContactType => &self.options.contact_types,
        };
        choices.is_empty() || choices.iter().any(|one| one == text)
    }

    fn text(&self, slot: &Slot, value: &Value) -> Result<Option<String>, Refusal> {
        match (slot.sort, value) {
            (_, Value::Null) if slot.need == Need::Nullable => Ok(None),
            (Sort::Text, Value::String(text)) => Ok(Some(text.clone())),
            (Sort::Text, _) => Err(wrong_type(slot.key, "string", value)),
            (Sort::Whole, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(Some(number.to_string())),
            (Sort::Whole, _) => Err(wrong_type(slot.key, "int", value)),
            (Sort::Iri(resource), Value::String(iri)) => self.iri(slot.key, resource, iri).map(Some),
            (Sort::Iri(_), Value::Object(_) | Value::Array(_)) => Err(Refusal::bad(format!(
                "Nested documents for attribute \"{}\" are not allowed. Use IRIs instead.",
                slot.key
            ))),
            (Sort::Iri(_), Value::Null | Value::Bool(_) | Value::Number(_)) => Err(wrong_relation(slot.key, value)),
        }
    }

    /// The id that an IRI of that resource ends with.
    fn iri(&self, key: &str, resource: Resource, iri: &str) -> Result<String, Refusal> {
        let invalid = || Refusal::bad(format!("Invalid IRI \"{iri}\"."));
        let path = match iri.split_once("://") {
            None => iri,
            Some(("http" | "https", rest)) => {
                let host = self.ask.header(&header::HOST).ok_or_else(invalid)?;
                rest.strip_prefix(host).ok_or_else(invalid)?
            }
            Some(_) => return Err(invalid()),
        };
        let path = path.strip_prefix(self.options.prefix.as_str()).and_then(|path| path.strip_prefix('/'));
        let (segment, id) = path.and_then(|path| path.split_once('/')).ok_or_else(invalid)?;
        let found = Resource::of_segment(segment).ok_or_else(invalid)?;
        let numbered = matches!(found, Resource::Client | Resource::ClientContact);
        if id.is_empty() || id.contains('/') || (numbered && id.parse::<u64>().is_err()) {
            return Err(invalid());
        }
        if !self.state.has(self.options, found, id) {
            return Err(Refusal::bad(format!("Item not found for \"{iri}\".")));
        }
        if found != resource {
            return Err(Refusal::bad(format!(
                "Expected argument of type \"?App\\Entity\\{}\", \"App\\Entity\\{}\" given at property path \"{key}\".",
                resource.type_name(),
                found.type_name()
            )));
        }
        Ok(id.to_owned())
    }
}

/// The record after a write.
pub(super) fn applied(mut record: Packed, given: &Given) -> Packed {
    for (place, text) in given {
        record.set(*place, text.as_deref());
    }
    record
}

fn wrong_type(key: &str, wanted: &str, given: &Value) -> Refusal {
    Refusal::bad(format!("The type of the \"{key}\" attribute must be \"{wanted}\", \"{}\" given.", php_type(given)))
}

fn wrong_relation(key: &str, given: &Value) -> Refusal {
    Refusal::bad(format!(
        "The type of the \"{key}\" attribute must be \"array\" (nested document) or \"string\" (IRI), \"{}\" given.",
        php_type(given)
    ))
}

fn php_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "double",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) | Value::Object(_) => "array",
    }
}

/// Symfony's HTML5 rule: ASCII, one `@`, a dot in the domain.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_ok = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let label_ok = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    !local.is_empty() && local.bytes().all(local_ok) && domain.contains('.') && domain.split('.').all(label_ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_an_address() {
        for good in ["a@b.pl", "jan.nowak+x@firma-a.com.pl", "o'neil@example.ie"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["świat@example.com", "a", "a@b", "@b.pl", "a@b..pl", "a b@c.pl", "a@b@c.pl", "a@-b.pl"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
