//! People at work in Flowtly: changes that do not come through the API.

use serde_json::{Map, Value};

use super::FlowtlyServer;
use super::negotiate::Format;
use super::render::{Pen, Place, Sight};
use super::schema::{CLIENT, CONTACT, Resource, Slot, slot};
use super::state::{Document, Forbidden, State, client_fields, contact_fields};

impl FlowtlyServer {
    /// A person makes a client: an object of API field names; countries, currencies and other references by id or IRI.
    /// Nothing is validated, so that rows from before a rule can be made. Returns the id.
    ///
    /// # Panics
    /// If `fields` is no object or names a field that there is not: the test is wrong.
    pub fn add_client(&self, fields: &Value) -> u64 {
        let pairs = pairs(&CLIENT, fields);
        self.with(|state, _| state.insert_client(client_fields(borrowed(&pairs))))
    }

    /// A person changes one field of a client; null clears it. Whether the client is there.
    ///
    /// # Panics
    /// If there is no such field.
    pub fn edit_client(&self, id: u64, key: &str, value: impl Into<Value>) -> bool {
        let (place, text) = pair(&CLIENT, key, &value.into());
        self.with(|state, _| {
            let Some(client) = state.clients.get_mut(id) else { return false };
            client.fields.set(place, text.as_deref());
            state.revision += 1;
            true
        })
    }

    /// A person changes an attribute of a client; null takes it away. Whether the client is there.
    pub fn edit_attribute(&self, id: u64, name: &str, value: impl Into<Value>) -> bool {
        let value = value.into();
        self.with(|state, _| {
            let Some(client) = state.clients.get_mut(id) else { return false };
            let attributes = client.attributes.get_or_insert_default();
            if value.is_null() {
                attributes.remove(name);
            } else {
                attributes.insert(name.to_owned(), value);
            }
            state.revision += 1;
            true
        })
    }

    /// An attribute of a client.
    pub fn attribute(&self, id: u64, name: &str) -> Option<Value> {
        self.with(|state, _| state.clients.get(id)?.attributes.as_ref()?.get(name).cloned())
    }

    /// A client goes away (support removed it, a backup was restored). Its contacts go with it.
    pub fn remove_client(&self, id: u64) -> bool {
        self.with(|state, _| {
            let Some(client) = state.clients.remove(id) else { return false };
            let people: Vec<u64> = client.contacts.clone();
            let people = people.into_iter().filter_map(|id| Some((id, state.contacts.remove(id)?))).collect();
            state.lost.insert(id, (client, people));
            state.revision += 1;
            true
        })
    }

    /// A client that went away is there again under its own number, with the contacts that it had. Whether it went away.
    pub fn bring_back_client(&self, id: u64) -> bool {
        self.with(|state, _| {
            let Some((client, people)) = state.lost.remove(&id) else { return false };
            state.clients.insert(id, client);
            for (id, contact) in people {
                state.contacts.insert(id, contact);
            }
            state.revision += 1;
            true
        })
    }

    /// A person puts a document to a client; its id, `None` if there is no such client.
    pub fn add_document(&self, client: u64, name: &str) -> Option<u64> {
        self.with(|state, _| {
            let id = state.documents.keys().next_back().map_or(1, |last| last + 1);
            state.clients.get_mut(client)?.documents.push(id);
            let document = Document { name: Some(name.to_owned()), shows_id: true };
            state.documents.insert(id, document);
            state.revision += 1;
            Some(id)
        })
    }

    /// A person renames a document; without a name it is shown without one. Whether it is there.
    pub fn rename_document(&self, id: u64, name: Option<&str>) -> bool {
        self.with(|state, _| {
            let Some(document) = state.documents.get_mut(&id) else { return false };
            document.name = name.map(str::to_owned);
            state.revision += 1;
            true
        })
    }

    /// From now on a document is shown without its id, as storage that was moved in from elsewhere is. Whether it is there.
    pub fn hide_document_id(&self, id: u64) -> bool {
        self.with(|state, _| {
            let Some(document) = state.documents.get_mut(&id) else { return false };
            document.shows_id = false;
            state.revision += 1;
            true
        })
    }

    /// A person takes a document away. Whether it was there.
    pub fn remove_document(&self, id: u64) -> bool {
        self.with(|state, _| {
            state.revision += 1;
            state.documents.remove(&id).is_some()
        })
    }

    /// A person makes a contact of a client. Returns the id.
    ///
    /// # Panics
    /// If `fields` is no object or names a field that there is not: the test is wrong.
    pub fn add_contact(&self, client: u64, fields: &Value) -> u64 {
        let pairs = pairs(&CONTACT, fields);
        self.with(|state, now| state.insert_contact(contact_fields(borrowed(&pairs)), Some(client), now))
    }

    /// A person changes one field of a contact; null clears it, `client` (an id or IRI) moves it. Whether it is there.
    ///
    /// # Panics
    /// If there is no such field.
    pub fn edit_contact(&self, id: u64, key: &str, value: impl Into<Value>) -> bool {
        let (place, text) = pair(&CONTACT, key, &value.into());
        self.with(|state, now| {
            if key == "client" {
                state.move_contact(id, text.as_deref().and_then(|id| id.parse().ok()));
            }
            let Some(contact) = state.contacts.get_mut(id) else { return false };
            if key != "client" {
                contact.fields.set(place, text.as_deref());
            }
            contact.updated = now;
            state.revision += 1;
            true
        })
    }

    /// A person deletes a contact. Whether it was there.
    pub fn remove_contact(&self, id: u64) -> bool {
        self.with(|state, _| state.remove_contact(id))
    }

    /// From now on the user who signs in may not do this with a client; `None` lets him again. Lists show it as before.
    pub fn forbid_client(&self, id: u64, what: Option<Forbidden>) {
        self.forbid(Resource::Client, id, what);
    }

    /// The same of a contact.
    pub fn forbid_contact(&self, id: u64, what: Option<Forbidden>) {
        self.forbid(Resource::ClientContact, id, what);
    }

    fn forbid(&self, resource: Resource, id: u64, what: Option<Forbidden>) {
        self.with(|state, _| {
            match what {
                Some(what) => state.forbidden.insert((resource, id), what),
                None => state.forbidden.remove(&(resource, id)),
            };
        });
    }

    /// From now on the user who signs in is shown no such property of clients, as by `#[ApiProperty(security: …)]`: the key is
    /// left out, as it is where there is no value, and the documentation lists it as before.
    pub fn hide_client_property(&self, key: &str) {
        self.with(|state, _| state.hidden.insert((Resource::Client, key.to_owned())));
    }

    /// The same of contacts.
    pub fn hide_contact_property(&self, key: &str) {
        self.with(|state, _| state.hidden.insert((Resource::ClientContact, key.to_owned())));
    }

    /// Every property is shown again.
    pub fn show_properties(&self) {
        self.with(|state, _| state.hidden.clear());
    }

    /// A client as plain JSON shows it, to somebody who sees everything.
    pub fn client(&self, id: u64) -> Option<Value> {
        self.with(|state, _| {
            let mut out = Vec::new();
            self.pen(state).client(&mut out, id, state.clients.get(id)?, "", Place::Member);
            serde_json::from_slice(&out).ok()
        })
    }

    /// A contact as plain JSON shows it.
    pub fn contact(&self, id: u64) -> Option<Value> {
        self.with(|state, _| {
            let mut out = Vec::new();
            self.pen(state).contact(&mut out, id, state.contacts.get(id)?, Place::Member);
            serde_json::from_slice(&out).ok()
        })
    }

    /// All clients, in the order of their ids.
    pub fn clients(&self) -> Vec<Value> {
        let ids = self.with(|state, _| state.clients.ids().to_vec());
        ids.into_iter().filter_map(|id| self.client(id)).collect()
    }

    /// All contacts, in the order of their ids.
    pub fn contacts(&self) -> Vec<Value> {
        let ids = self.with(|state, _| state.contacts.ids().to_vec());
        ids.into_iter().filter_map(|id| self.contact(id)).collect()
    }

    /// How many clients there are.
    pub fn client_count(&self) -> usize {
        self.with(|state, _| state.clients.len())
    }

    /// How many contacts there are.
    pub fn contact_count(&self) -> usize {
        self.with(|state, _| state.contacts.len())
    }

    /// The keys that sign tokens are changed: every token from a log-in is invalid from now on.
    pub fn rotate_keys(&self) {
        self.with(|state, _| state.key += 1);
    }

    fn pen<'server>(&'server self, state: &'server State) -> Pen<'server> {
        Pen { options: self.options(), state, format: Format::Plain, sight: Sight::Owner }
    }
}

fn pairs(table: &[Slot], fields: &Value) -> Vec<(u16, Option<String>)> {
    let empty = Map::new();
    let map = match fields {
        Value::Object(map) => map,
        Value::Null => &empty,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            panic!("the fields of a record are an object")
        }
    };
    map.iter().map(|(key, value)| pair(table, key, value)).collect()
}

fn pair(table: &[Slot], key: &str, value: &Value) -> (u16, Option<String>) {
    let Some((place, slot)) = slot(table, key) else { panic!("Flowtly has no field {key}") };
    let text = match value {
        Value::Null => None,
        Value::String(text) => Some(match slot.sort {
            super::schema::Sort::Iri(_) => text.rsplit('/').next().unwrap_or_default().to_owned(),
            super::schema::Sort::Text | super::schema::Sort::Whole => text.clone(),
        }),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Some(other.to_string()),
    };
    (place, text)
}

fn borrowed(pairs: &[(u16, Option<String>)]) -> Vec<(u16, &str)> {
    pairs.iter().filter_map(|(place, text)| Some((*place, text.as_deref()?))).collect()
}
