//! Puts invented clients in, many and fast.

use super::FlowtlyServer;
use super::schema::{CLIENT, CONTACT, slot};
use super::state::{client_fields, contact_fields, currency_id};

/// A client to be put in. Empty texts are null.
#[derive(Debug)]
pub(crate) struct NewClient<'text> {
    pub(crate) name: &'text str,
    pub(crate) country: &'text str,
    pub(crate) currency: &'text str,
    pub(crate) language: &'text str,
    pub(crate) tin: &'text str,
    pub(crate) vat: &'text str,
    pub(crate) phone: &'text str,
    pub(crate) street: &'text str,
    pub(crate) building: &'text str,
    pub(crate) unit: &'text str,
    pub(crate) city: &'text str,
    pub(crate) post_code: &'text str,
}

/// A contact of it.
#[derive(Debug)]
pub(crate) struct NewContact<'text> {
    pub(crate) name: String,
    pub(crate) email: &'text str,
    pub(crate) phone: &'text str,
    pub(crate) title: &'text str,
}

impl FlowtlyServer {
    /// Puts a client with its contacts in. Its id and theirs.
    pub(crate) fn seed(&self, client: &NewClient<'_>, contacts: &[NewContact<'_>]) -> (u64, Vec<u64>) {
        let options = self.options();
        let choice = |choices: &[String], wanted: &str| {
            let found = choices.iter().find(|choice| *choice == wanted).or(choices.first());
            found.map_or_else(|| wanted.to_owned(), Clone::clone)
        };
        let currency = currency_id(options, client.currency).unwrap_or_default();
        let status = choice(&options.statuses, "active");
        let tin_type = choice(&options.tin_types, if client.country == "PL" { "nip" } else { "vat" });
        let contact_type = choice(&options.contact_types, "main");
        let fields = client_fields(places(
            &CLIENT,
            &[
                ("country", client.country),
                ("currency", &currency),
                ("status", &status),
                ("name", client.name),
                ("tinType", &tin_type),
                ("tinCountry", client.country),
                ("tin", client.tin),
                ("documentsLanguage", client.language),
                ("addressPhoneNumber", client.phone),
                ("addressCity", client.city),
                ("addressPostCode", client.post_code),
                ("addressStreetLine", client.street),
                ("addressBuildingNumber", client.building),
                ("addressLocaleNumber", client.unit),
                ("addressCountry", client.country),
                ("vatNumber", client.vat),
            ],
        ));
        self.with(|state, now| {
            let id = state.insert_client(fields);
            let mut ids = Vec::with_capacity(contacts.len());
            for contact in contacts {
                let fields = contact_fields(places(
                    &CONTACT,
                    &[
                        ("type", &contact_type),
                        ("email", contact.email),
                        ("name", &contact.name),
                        ("title", contact.title),
                        ("phone", contact.phone),
                    ],
                ));
                ids.push(state.insert_contact(fields, Some(id), now));
            }
            (id, ids)
        })
    }
}

fn places<'text>(table: &[super::schema::Slot], texts: &[(&str, &'text str)]) -> Vec<(u16, &'text str)> {
    let filled = texts.iter().filter(|(_, text)| !text.is_empty());
    filled.filter_map(|(key, text)| Some((slot(table, key)?.0, *text))).collect()
}
