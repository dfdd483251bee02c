//! What people do in any CRM, done in Odoo.

use axum::Router;
use serde_json::{Map, Value, json};

use super::OdooServer;
use super::partners::PARTNER;
use crate::domain::record::Kind;
use crate::sandbox::crm::{CrmServer, Import, Property};
use crate::sandbox::faults::Faults;
use crate::sandbox::log::{Counts, Detail, LoggedRequest};
use crate::sandbox::manners::Manners;

impl CrmServer for OdooServer {
    fn section(&self) -> &'static str {
        "odoo"
    }

    fn router(&self) -> Router {
        Self::router(self)
    }

    fn faults(&self) -> Faults {
        Self::faults(self)
    }

    fn manners(&self) -> Manners {
        Self::manners(self)
    }

    fn settle(&self) {
        Self::settle(self);
    }

    fn log(&self) -> Vec<LoggedRequest> {
        Self::log(self)
    }

    fn counts(&self) -> Counts {
        Self::counts(self)
    }

    fn clear_log(&self) {
        Self::clear_log(self);
    }

    fn keep_log(&self, detail: Detail) {
        Self::keep_log(self, detail);
    }

    fn configuration(&self, secret_file: &str) -> String {
        let options = self.options();
        let id_field = options.id_field.as_deref().unwrap_or_default();
        format!(
            "database = \"{}\"\nlogin = \"{}\"\napi_key_file = \"{secret_file}\"\nid_property = \"{id_field}\"\n",
            options.database, options.login
        )
    }

    fn secret(&self) -> String {
        self.options().key.clone()
    }

    fn id_text(&self, id: u64) -> String {
        id.to_string()
    }

    fn id_number(&self, text: &str) -> Option<u64> {
        text.parse().ok()
    }

    fn place(&self, _kind: Kind, property: Property) -> (&'static str, &'static str) {
        (PARTNER, field(property))
    }

    fn makes_at(&self, _kind: Kind) -> &'static str {
        "/json/2/res.partner/create"
    }

    fn add(&self, kind: Kind, properties: &[(Property, &str)], company: Option<u64>) -> u64 {
        let mut values = entered(kind, properties);
        if let Some(company) = company {
            values.insert("parent_id".to_owned(), json!(company));
        }
        self.add_partner(&Value::Object(values))
    }

    fn import(&self, company: &Import<'_>) -> u64 {
        let mut values = entered(Kind::Company, company.properties);
        values.insert("website".to_owned(), json!(company.domain));
        if let (Some(field), Some(stored_id)) = (&self.options().id_field, company.stored_id) {
            values.insert(field.clone(), json!(stored_id));
        }
        self.add_partner(&Value::Object(values))
    }

    fn edit(&self, kind: Kind, id: u64, property: Property, text: &str) -> bool {
        if !self.is(kind, id) {
            return false;
        }
        let value = match property {
            Property::FirstName | Property::LastName => {
                json!(renamed(&self.partner_text(id, "name").unwrap_or_default(), property, text))
            }
            Property::Name
            | Property::Country
            | Property::TaxNumber
            | Property::Phone
            | Property::Street
            | Property::City
            | Property::PostCode
            | Property::Email
            | Property::JobTitle => value(property, text),
        };
        self.edit_partner(id, &Value::Object(Map::from_iter([(field(property).to_owned(), value)])))
    }

    fn type_in(&self, kind: Kind, id: u64, name: &str, text: &str) -> bool {
        let value = if text.is_empty() { Value::Bool(false) } else { json!(text) };
        self.is(kind, id) && self.edit_partner(id, &Value::Object(Map::from_iter([(name.to_owned(), value)])))
    }

    fn demands(&self, _kind: Kind, property: Property) -> bool {
        matches!(property, Property::Name | Property::FirstName | Property::LastName)
    }

    fn client_mark(&self) -> Option<(&'static str, [&'static str; 2])> {
        Some(("ref", ["client", "other"]))
    }

    fn record(&self, kind: Kind, id: u64) -> Option<Value> {
        self.partner(id).filter(|_| self.is(kind, id))
    }

    fn text(&self, kind: Kind, id: u64, property: Property) -> Option<String> {
        let text = self.partner_text(id, field(property)).filter(|text| !text.is_empty() && self.is(kind, id))?;
        match property {
            Property::Country => Self::country_code(text.parse().ok()?).map(str::to_owned),
            Property::FirstName => Some(text.rsplit_once(' ').map_or(text.as_str(), |(first, _)| first).to_owned()),
            Property::LastName => text.rsplit_once(' ').map(|(_, last)| last.to_owned()),
            Property::Name
            | Property::TaxNumber
            | Property::Phone
            | Property::Street
            | Property::City
            | Property::PostCode
            | Property::Email
            | Property::JobTitle => Some(text),
        }
    }

    fn stored_id(&self, company: u64) -> Option<String> {
        self.partner_text(company, self.options().id_field.as_deref()?)
    }

    fn ids(&self, kind: Kind) -> Vec<u64> {
        self.partners(kind == Kind::Company)
    }

    fn companies_of(&self, contact: u64) -> Vec<u64> {
        let filed = self.partner_text(contact, "parent_id");
        let firm = self.partner_text(contact, "commercial_partner_id").and_then(|id| id.parse().ok());
        filed.and(firm).into_iter().collect()
    }

    fn move_contact(&self, contact: u64, company: Option<u64>) -> bool {
        if company.is_none() && self.with(|state, _| state.options.computes_companies) {
            // Who leaves the firm is one there, and no contact without any.
            return false;
        }
        let parent = company.map_or(Value::Bool(false), |company| json!(company));
        self.is(Kind::Contact, contact) && self.edit_partner(contact, &json!({"parent_id": parent}))
    }

    fn archive(&self, kind: Kind, id: u64) -> bool {
        self.is(kind, id) && self.archive_partner(id)
    }

    fn restore(&self, kind: Kind, id: u64) -> bool {
        self.is(kind, id) && self.restore_partner(id)
    }

    fn remove(&self, kind: Kind, id: u64) -> bool {
        self.is(kind, id) && self.delete_partner(id)
    }

    fn merge(&self, kind: Kind, first: u64, second: u64) -> Option<u64> {
        if self.is(kind, first) && self.is(kind, second) { self.merge_partners(first, second) } else { None }
    }

    fn documents(&self, company: u64) -> Vec<String> {
        let links = self.links_of(company).into_iter();
        links.filter(|(_, _, description)| description.is_some()).map(|(name, _, _)| name).collect()
    }
}

impl OdooServer {
    fn is(&self, kind: Kind, id: u64) -> bool {
        let is_firm = self.with(|state, _| state.partners.get(id).map(|partner| state.is_firm(partner)));
        is_firm == Some(kind == Kind::Company)
    }
}

/// What a person enters for a new record.
fn entered(kind: Kind, properties: &[(Property, &str)]) -> Map<String, Value> {
    let mut values = Map::new();
    values.insert("is_company".to_owned(), json!(kind == Kind::Company));
    let (mut first, mut last) = ("", "");
    for (property, text) in properties {
        match property {
            Property::FirstName => first = *text,
            Property::LastName => last = *text,
            Property::Name
            | Property::Country
            | Property::TaxNumber
            | Property::Phone
            | Property::Street
            | Property::City
            | Property::PostCode
            | Property::Email
            | Property::JobTitle => {
                values.insert(field(*property).to_owned(), value(*property, text));
            }
        }
    }
    let name = joined(first, last);
    if !name.is_empty() {
        values.insert("name".to_owned(), json!(name));
    }
    values
}

const fn field(property: Property) -> &'static str {
    match property {
        Property::Name | Property::FirstName | Property::LastName => "name",
        Property::Country => "country_id",
        Property::TaxNumber => "vat",
        Property::Phone => "phone",
        Property::Street => "street",
        Property::City => "city",
        Property::PostCode => "zip",
        Property::Email => "email",
        Property::JobTitle => "function",
    }
}

/// What a person enters: a country is chosen from the list, by its code or its name.
fn value(property: Property, text: &str) -> Value {
    if text.is_empty() {
        return Value::Bool(false);
    }
    match property {
        Property::Country => {
            let code = crate::domain::value::country_code(text).unwrap_or_default();
            OdooServer::country(code).map_or(Value::Bool(false), |id| json!(id))
        }
        Property::Name
        | Property::TaxNumber
        | Property::Phone
        | Property::Street
        | Property::City
        | Property::PostCode
        | Property::FirstName
        | Property::LastName
        | Property::Email
        | Property::JobTitle => json!(text),
    }
}

/// A person's one name with another first or last word; the last one is the family name.
fn renamed(name: &str, property: Property, text: &str) -> String {
    let (first, last) = name.rsplit_once(' ').unwrap_or((name, ""));
    let (first, last) = if property == Property::LastName { (first, text) } else { (text, last) };
    joined(first, last)
}

fn joined(first: &str, last: &str) -> String {
    [first, last].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
