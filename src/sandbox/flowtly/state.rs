//! What a tenant's Flowtly holds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::options::{CurrencyIds, FlowtlyOptions};
use super::schema::{CLIENT, CONTACT, Need, PARENT, Resource, Slot};
use crate::sandbox::packed::Packed;
use crate::sandbox::table::Table;

/// The countries that the sandbox knows.
pub(super) const COUNTRIES: [&str; 34] = [
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "UA", "US",
];

/// The currencies that the sandbox knows, in the order of their numbers.
pub(super) const CURRENCIES: [&str; 14] =
    ["EUR", "PLN", "USD", "GBP", "CHF", "CZK", "DKK", "SEK", "NOK", "HUF", "RON", "BGN", "ISK", "UAH"];

/// How many contractors and attribute sets there are.
const REFERENCES: u64 = 5;

/// A client.
#[derive(Debug, Clone, Default)]
pub(super) struct Client {
    pub(super) fields: Packed,
    pub(super) contacts: Vec<u64>,
    pub(super) documents: Vec<u64>,
    /// The object of attributes, where the tenant has one and anything was put into it.
    pub(super) attributes: Option<Box<Map<String, Value>>>,
}

/// A contact.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    /// Its parent stands in `client`, not here.
    pub(super) fields: Packed,
    pub(super) client: Option<u64>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
}

/// A document of a client.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) name: Option<String>,
    pub(super) shows_id: bool,
}

/// What the user who signs in may not do with a record. Lists are not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// To read it by its id, and to write it.
    Everything,
    /// To write it.
    Writing,
}

/// Everything.
#[derive(Debug)]
pub(super) struct State {
    pub(super) clients: Table<Client>,
    pub(super) contacts: Table<Contact>,
    pub(super) documents: BTreeMap<u64, Document>,
    /// Clients that went away, with their contacts: what a backup would bring back.
    pub(super) lost: BTreeMap<u64, (Client, Vec<(u64, Contact)>)>,
    /// What the user who signs in may not do with one record, as `security` with an `object` decides.
    pub(super) forbidden: BTreeMap<(Resource, u64), Forbidden>,
    /// Properties that `security` shows to others alone.
    pub(super) hidden: BTreeSet<(Resource, String)>,
    /// Counts changes, for entity tags.
    pub(super) revision: u64,
    /// Counts rotations of the keys that sign tokens.
    pub(super) key: u64,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            clients: Table::starting_at(1),
            contacts: Table::starting_at(1),
            documents: BTreeMap::new(),
            lost: BTreeMap::new(),
            forbidden: BTreeMap::new(),
            hidden: BTreeSet::new(),
            revision: 0,
            key: 1,
        }
    }

    /// Whether an IRI of that resource and id points to something.
    pub(super) fn has(&self, options: &FlowtlyOptions, resource: Resource, id: &str) -> bool {
        let number: Option<u64> = id.parse().ok();
        match resource {
            Resource::Country => COUNTRIES.contains(&id),
            Resource::Currency => currency_code(options, id).is_some(),
            Resource::Organization => id == options.organization,
            Resource::Contractor | Resource::AttributeSet => number.is_some_and(|id| (1..=REFERENCES).contains(&id)),
            Resource::Client => number.is_some_and(|id| self.clients.get(id).is_some()),
            Resource::ClientContact => number.is_some_and(|id| self.contacts.get(id).is_some()),
        }
    }

    /// Puts a client in; its contacts are added apart.
    pub(super) fn insert_client(&mut self, fields: Packed) -> u64 {
        let id = self.clients.next_id();
        self.clients.insert(id, Client { fields, ..Client::default() });
        self.revision += 1;
        id
    }

    /// Puts a contact in.
    pub(super) fn insert_contact(&mut self, mut fields: Packed, client: Option<u64>, at: DateTime<Utc>) -> u64 {
        let id = self.contacts.next_id();
        fields.set(PARENT, None);
        self.contacts.insert(id, Contact { fields, client, created: at, updated: at });
        if let Some(client) = client.and_then(|client| self.clients.get_mut(client)) {
            client.contacts.push(id);
        }
        self.revision += 1;
        id
    }

    /// Takes a contact out; whether it was there.
    pub(super) fn remove_contact(&mut self, id: u64) -> bool {
        let Some(contact) = self.contacts.remove(id) else { return false };
        if let Some(client) = contact.client.and_then(|client| self.clients.get_mut(client)) {
            client.contacts.retain(|other| *other != id);
        }
        self.revision += 1;
        true
    }

    /// Moves a contact to another client.
    pub(super) fn move_contact(&mut self, id: u64, to: Option<u64>) {
        let Some(contact) = self.contacts.get_mut(id) else { return };
        let from = std::mem::replace(&mut contact.client, to);
        if from == to {
            return;
        }
        if let Some(client) = from.and_then(|client| self.clients.get_mut(client)) {
            client.contacts.retain(|other| *other != id);
        }
        if let Some(client) = to.and_then(|client| self.clients.get_mut(client)) {
            client.contacts.push(id);
        }
        self.revision += 1;
    }
}

/// The code of a currency by its id.
pub(super) fn currency_code(options: &FlowtlyOptions, id: &str) -> Option<&'static str> {
    match options.currency_ids {
        CurrencyIds::Codes => CURRENCIES.into_iter().find(|code| *code == id),
        CurrencyIds::Numbers => {
            let number: usize = id.parse().ok()?;
            CURRENCIES.get(number.checked_sub(1)?).copied()
        }
    }
}

/// The id of a currency by its code.
pub(super) fn currency_id(options: &FlowtlyOptions, code: &str) -> Option<String> {
    let place = CURRENCIES.iter().position(|other| *other == code)?;
    Some(match options.currency_ids {
        CurrencyIds::Codes => code.to_owned(),
        CurrencyIds::Numbers => (place + 1).to_string(),
    })
}

/// The fields of a client whose given ones are these: what is missing takes its default.
pub(super) fn client_fields(given: Vec<(u16, &str)>) -> Packed {
    with_defaults(&CLIENT, given)
}

/// The fields of a contact whose given ones are these.
pub(super) fn contact_fields(given: Vec<(u16, &str)>) -> Packed {
    with_defaults(&CONTACT, given)
}

fn with_defaults<'text>(table: &'text [Slot], mut given: Vec<(u16, &'text str)>) -> Packed {
    for (place, slot) in (0..).zip(table) {
        if let Need::Default(text) = slot.need
            && !given.iter().any(|(other, _)| *other == place)
        {
            given.push((place, text));
        }
    }
    Packed::of(given)
}
