//! Flowtly as any other server: what people do there, in the words that all systems share.

use axum::Router;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{Counts, CrmServer, Detail, Faults, FlowtlyServer, LoggedRequest, Manners, Property};
use serde_json::{Map, Value, json};

/// A Flowtly.
#[derive(Debug)]
pub struct Office(pub FlowtlyServer);

impl CrmServer for Office {
    fn section(&self) -> &'static str {
        "flowtly"
    }

    fn router(&self) -> Router {
        self.0.router()
    }

    fn faults(&self) -> Faults {
        self.0.faults()
    }

    fn manners(&self) -> Manners {
        self.0.manners()
    }

    fn settle(&self) {
        self.0.settle();
    }

    fn log(&self) -> Vec<LoggedRequest> {
        self.0.log()
    }

    fn counts(&self) -> Counts {
        self.0.counts()
    }

    fn clear_log(&self) {
        self.0.clear_log();
    }

    fn keep_log(&self, detail: Detail) {
        self.0.keep_log(detail);
    }

    fn configuration(&self, secret_file: &str) -> String {
        let username = &self.0.options().username;
        format!("username = {username:?}\npassword_file = {secret_file:?}\nsearch_parameter = \"query\"\n")
    }

    fn secret(&self) -> String {
        self.0.options().password.clone()
    }

    fn id_text(&self, id: u64) -> String {
        id.to_string()
    }

    fn id_number(&self, text: &str) -> Option<u64> {
        text.parse().ok()
    }

    fn place(&self, kind: Kind, property: Property) -> (&'static str, &'static str) {
        match kind {
            Kind::Company => ("clients", client(property)),
            Kind::Contact => ("client-contacts", contact(property)),
        }
    }

    fn add(&self, kind: Kind, properties: &[(Property, &str)], company: Option<u64>) -> u64 {
        let mut fields = Map::new();
        match kind {
            Kind::Company => {
                for (key, value) in [("country", "PL"), ("currency", "PLN"), ("status", "active"), ("tinType", "vat")] {
                    fields.insert(key.to_owned(), json!(value));
                }
                fields.extend(properties.iter().map(|(property, text)| (client(*property).to_owned(), json!(text))));
                self.0.add_client(&Value::Object(fields))
            }
            Kind::Contact => {
                fields.insert("type".to_owned(), json!("main"));
                for (property, text) in properties {
                    let key = contact(*property);
                    // Given and family name are one field here.
                    let before = fields.get(key).and_then(Value::as_str).map(|before| format!("{before} {text}"));
                    fields.insert(key.to_owned(), json!(before.unwrap_or_else(|| (*text).to_owned())));
                }
                self.0.add_contact(company.unwrap(), &Value::Object(fields))
            }
        }
    }

    fn edit(&self, kind: Kind, id: u64, property: Property, text: &str) -> bool {
        let value = if text.is_empty() { Value::Null } else { json!(text) };
        match kind {
            Kind::Company => self.0.edit_client(id, client(property), value),
            Kind::Contact => self.0.edit_contact(id, contact(property), value),
        }
    }

    fn text(&self, kind: Kind, id: u64, property: Property) -> Option<String> {
        let (record, key) = match kind {
            Kind::Company => (self.0.client(id), client(property)),
            Kind::Contact => (self.0.contact(id), contact(property)),
        };
        record?.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn stored_id(&self, _company: u64) -> Option<String> {
        None
    }

    fn ids(&self, kind: Kind) -> Vec<u64> {
        let records = match kind {
            Kind::Company => self.0.clients(),
            Kind::Contact => self.0.contacts(),
        };
        records.iter().filter_map(|record| record.get("id")?.as_u64()).collect()
    }

    fn companies_of(&self, contact: u64) -> Vec<u64> {
        let parent = self.0.contact(contact).and_then(|record| {
            let client = record.get("client")?;
            let iri = client.as_str().or_else(|| client.get("@id")?.as_str());
            iri.and_then(|iri| iri.rsplit('/').next()?.parse().ok()).or_else(|| client.get("id")?.as_u64())
        });
        parent.into_iter().collect()
    }

    fn move_contact(&self, contact: u64, company: Option<u64>) -> bool {
        company.is_some_and(|company| self.0.edit_contact(contact, "client", json!(company.to_string())))
    }

    fn archive(&self, _kind: Kind, _id: u64) -> bool {
        false
    }

    fn restore(&self, _kind: Kind, _id: u64) -> bool {
        false
    }

    fn remove(&self, kind: Kind, id: u64) -> bool {
        match kind {
            Kind::Company => self.0.remove_client(id),
            Kind::Contact => self.0.remove_contact(id),
        }
    }

    fn merge(&self, _kind: Kind, _first: u64, _second: u64) -> Option<u64> {
        None
    }

    fn documents(&self, _company: u64) -> Vec<String> {
        Vec::new()
    }
}

fn client(property: Property) -> &'static str {
    match property {
        Property::Name => "name",
        Property::Country => "country",
        Property::TaxNumber => "vatNumber",
        Property::Phone => "addressPhoneNumber",
        Property::Street => "addressStreetLine",
        Property::City => "addressCity",
        Property::PostCode => "addressPostCode",
        other @ (Property::FirstName | Property::LastName | Property::Email | Property::JobTitle) => {
            panic!("a client has no {other:?}")
        }
    }
}

fn contact(property: Property) -> &'static str {
    match property {
        Property::FirstName | Property::LastName => "name",
        Property::Email => "email",
        Property::Phone => "phone",
        Property::JobTitle => "title",
        other @ (Property::Name
        | Property::Country
        | Property::TaxNumber
        | Property::Street
        | Property::City
        | Property::PostCode) => panic!("a client's contact has no {other:?}"),
    }
}
