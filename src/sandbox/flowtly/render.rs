//! Writes clients and contacts straight from the state.

use serde_json::Value;

use super::negotiate::Format;
use super::options::{Attributes, ContactsShown, FlowtlyOptions};
use super::schema::{CLIENT, CONTACT, Resource, Slot, Sort};
use super::state::{Client, Contact, State};
use crate::sandbox::json::{self, Spelling};

/// Where a record is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Alone: with its context.
    Item,
    /// In a list or in another record.
    Member,
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Whoever signs in: properties may be hidden.
    User,
    /// Somebody who sees everything.
    Owner,
}

/// How a request wants its records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen<'server> {
    pub(super) options: &'server FlowtlyOptions,
    pub(super) state: &'server State,
    pub(super) format: Format,
    pub(super) sight: Sight,
}

impl Pen<'_> {
    pub(super) fn spelling(&self) -> Spelling {
        match self.format {
            Format::Linked => Spelling::Linked,
            Format::Plain => Spelling::Plain,
        }
    }

    /// Writes `{` and what JSON-LD puts before a record's own fields.
    pub(super) fn open(&self, out: &mut Vec<u8>, resource: Resource, id: &str, tail: &str, place: Place) {
        out.push(b'{');
        if self.format == Format::Plain {
            return;
        }
        if place == Place::Item {
            json::key(out, "@context");
            self.text(out, &format!("{}/contexts/{}", self.options.prefix, resource.type_name()));
        }
        json::key(out, "@id");
        out.push(b'"');
        self.iri(out, resource, id);
        json::escaped(out, tail, self.spelling());
        out.push(b'"');
        json::key(out, "@type");
        self.text(out, resource.type_name());
    }

    /// A client; `tail` is what its own IRI ends with here (`/documents`, or nothing).
    pub(super) fn client(&self, out: &mut Vec<u8>, id: u64, client: &Client, tail: &str, place: Place) {
        self.open(out, Resource::Client, &id.to_string(), tail, place);
        json::key(out, "id");
        json::number(out, id);
        self.slots(out, Resource::Client, &CLIENT, client.fields.iter());
        match (self.options.attributes, &client.attributes) {
            (Attributes::Absent, _) => {}
            (Attributes::Merged | Attributes::Replaced, attributes) => {
                json::key(out, "attributes");
                match attributes {
                    Some(object) if !object.is_empty() => {
                        json::value(out, &Value::Object((**object).clone()), self.spelling());
                    }
                    // As PHP writes an empty array.
                    Some(_) | None => out.extend_from_slice(b"[]"),
                }
            }
        }
        json::key(out, "clientContacts");
        out.push(b'[');
        for contact in &client.contacts {
            match (self.options.contacts, self.state.contacts.get(*contact)) {
                (ContactsShown::Embedded, Some(row)) => {
                    json::comma(out);
                    self.contact(out, *contact, row, Place::Member);
                }
                (ContactsShown::Iris, Some(_)) => {
                    json::comma(out);
                    out.push(b'"');
                    self.iri(out, Resource::ClientContact, &contact.to_string());
                    out.push(b'"');
                }
                (ContactsShown::Embedded | ContactsShown::Iris, None) => {}
            }
        }
        out.push(b']');
        if !tail.is_empty() {
            self.documents(out, client);
        }
        out.push(b'}');
    }

    /// A contact.
    pub(super) fn contact(&self, out: &mut Vec<u8>, id: u64, contact: &Contact, place: Place) {
        self.open(out, Resource::ClientContact, &id.to_string(), "", place);
        json::key(out, "id");
        json::number(out, id);
        if let Some(client) = contact.client {
            json::key(out, "client");
            out.push(b'"');
            self.iri(out, Resource::Client, &client.to_string());
            out.push(b'"');
        }
        self.slots(out, Resource::ClientContact, &CONTACT, contact.fields.iter());
        for (key, at) in [("createdAt", contact.created), ("updatedAt", contact.updated)] {
            json::key(out, key);
            json::number(out, at.format("\"%Y-%m-%dT%H:%M:%S+00:00\""));
        }
        json::key(out, "possibleTypes");
        out.push(b'[');
        for choice in &self.options.contact_types {
            json::comma(out);
            self.text(out, choice);
        }
        out.extend_from_slice(b"]}");
    }

    /// An IRI, without quotes.
    pub(super) fn iri(&self, out: &mut Vec<u8>, resource: Resource, id: &str) {
        json::escaped(out, &self.options.prefix, self.spelling());
        out.extend_from_slice(b"\\/");
        out.extend_from_slice(resource.segment().as_bytes());
        out.extend_from_slice(b"\\/");
        json::escaped(out, id, self.spelling());
    }

    pub(super) fn text(&self, out: &mut Vec<u8>, text: &str) {
        json::string(out, text, self.spelling());
    }

    /// Null is skipped, and so is what `security` hides: a reply does not tell one from the other.
    fn slots<'text>(
        &self,
        out: &mut Vec<u8>,
        resource: Resource,
        table: &[Slot],
        texts: impl Iterator<Item = (u16, &'text str)>,
    ) {
        let hidden = &self.state.hidden;
        let is_hidden =
            |key: &str| self.sight == Sight::User && hidden.iter().any(|(of, hidden)| *of == resource && hidden == key);
        for (place, text) in texts {
            let Some(slot) = table.get(usize::from(place)).filter(|slot| !is_hidden(slot.key)) else { continue };
            json::key(out, slot.key);
            match slot.sort {
                Sort::Text => self.text(out, text),
                Sort::Whole => out.extend_from_slice(text.as_bytes()),
                Sort::Iri(resource) => {
                    out.push(b'"');
                    self.iri(out, resource, text);
                    out.push(b'"');
                }
            }
        }
    }

    /// What a document looks like is not public: an id, a name and a place to fetch it from.
    fn documents(&self, out: &mut Vec<u8>, client: &Client) {
        json::key(out, "documents");
        out.push(b'[');
        for id in &client.documents {
            let Some(document) = self.state.documents.get(id) else { continue };
            json::comma(out);
            out.push(b'{');
            if self.format == Format::Linked && document.shows_id {
                json::key(out, "@id");
                self.text(out, &format!("{}/documents/{id}", self.options.prefix));
                json::key(out, "@type");
                out.extend_from_slice(b"\"Document\"");
            }
            if document.shows_id {
                json::key(out, "id");
                json::number(out, id);
            }
            if let Some(name) = &document.name {
                json::key(out, "name");
                self.text(out, name);
            }
            json::key(out, "url");
            self.text(out, &format!("{}/documents/{id}/download", self.options.prefix));
            out.push(b'}');
        }
        out.push(b']');
    }
}
