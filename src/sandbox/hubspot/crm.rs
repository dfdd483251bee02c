//! HubSpot as any CRM.

use std::time::Duration;

use axum::Router;
use serde_json::Value;

use super::schema::Kind as Type;
use super::{HubSpotServer, ObjectType};
use crate::domain::record::Kind;
use crate::sandbox::crm::{CrmServer, Import, Property};
use crate::sandbox::faults::Faults;
use crate::sandbox::log::{Counts, Detail, LoggedRequest};
use crate::sandbox::manners::Manners;

/// What a note that shows a document ends with.
const MARK: &str = "flowtly-document:";

impl CrmServer for HubSpotServer {
    fn section(&self) -> &'static str {
        "hubspot"
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

    fn set_lag(&self, lag: Duration) -> bool {
        self.with(|state, _| state.set_lag(lag));
        true
    }

    fn configuration(&self, secret_file: &str) -> String {
        format!("token_file = {secret_file:?}\n")
    }

    fn secret(&self) -> String {
        self.options().token.clone()
    }

    fn id_text(&self, id: u64) -> String {
        id.to_string()
    }

    fn id_number(&self, text: &str) -> Option<u64> {
        text.parse().ok()
    }

    fn place(&self, kind: Kind, property: Property) -> (&'static str, &'static str) {
        let collection = match kind {
            Kind::Company => "companies",
            Kind::Contact => "contacts",
        };
        (collection, name(property))
    }

    fn makes_at(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Company => "/crm/objects/2026-03/companies/batch/create",
            Kind::Contact => "/crm/objects/2026-03/contacts/batch/create",
        }
    }

    fn add(&self, kind: Kind, properties: &[(Property, &str)], company: Option<u64>) -> u64 {
        let properties = named(properties);
        match kind {
            Kind::Company => self.add_company(&properties),
            Kind::Contact => self.add_contact(&properties, company),
        }
    }

    fn import(&self, company: &Import<'_>) -> u64 {
        let mut properties = named(company.properties);
        properties.extend([("domain", company.domain), ("lifecyclestage", "customer")]);
        let stored_id = company.stored_id.filter(|_| self.options().flowtly_id);
        properties.extend(stored_id.map(|id| ("flowtly_id", id)));
        self.add_company(&properties)
    }

    fn edit(&self, kind: Kind, id: u64, property: Property, text: &str) -> bool {
        match kind {
            Kind::Company => self.edit_company(id, name(property), text),
            Kind::Contact => self.edit_contact(id, name(property), text),
        }
    }

    fn type_in(&self, kind: Kind, id: u64, name: &str, text: &str) -> bool {
        match kind {
            Kind::Company => self.edit_company(id, name, text),
            Kind::Contact => self.edit_contact(id, name, text),
        }
    }

    /// A portal holds no e-mail address twice.
    fn is_taken(&self, kind: Kind, property: Property, text: &str, by_other_than: Option<u64>) -> bool {
        (kind, property) == (Kind::Contact, Property::Email)
            && self.ids(kind).into_iter().filter(|id| Some(*id) != by_other_than).any(|id| {
                self.contact_property(id, name(property)).is_some_and(|other| other.eq_ignore_ascii_case(text))
            })
    }

    fn client_mark(&self) -> Option<(&'static str, [&'static str; 2])> {
        Some(("lifecyclestage", ["customer", "lead"]))
    }

    fn record(&self, kind: Kind, id: u64) -> Option<Value> {
        match kind {
            Kind::Company => self.company(id),
            Kind::Contact => self.contact(id),
        }
    }

    fn text(&self, kind: Kind, id: u64, property: Property) -> Option<String> {
        let text = match kind {
            Kind::Company => self.company_property(id, name(property)),
            Kind::Contact => self.contact_property(id, name(property)),
        };
        text.filter(|text| !text.is_empty())
    }

    fn stored_id(&self, company: u64) -> Option<String> {
        self.company_property(company, "flowtly_id").filter(|text| !text.is_empty())
    }

    fn ids(&self, kind: Kind) -> Vec<u64> {
        self.with(|state, _| {
            let objects = state.drawer(of(kind)).objects.iter();
            objects.filter(|(_, object)| object.archived.is_none()).map(|(id, _)| id).collect()
        })
    }

    fn companies_of(&self, contact: u64) -> Vec<u64> {
        self.with(|state, _| {
            let Some(object) = state.contacts.objects.get(contact) else { return Vec::new() };
            let mut links: Vec<_> = state.links(Type::Contacts, object).collect();
            links.sort_by_key(|link| !link.primary);
            links.into_iter().map(|link| link.other).collect()
        })
    }

    fn move_contact(&self, contact: u64, company: Option<u64>) -> bool {
        self.with(|state, _| {
            let Some(object) = state.contacts.objects.get(contact) else { return false };
            let before: Vec<u64> = object.links.iter().map(|link| link.other).collect();
            if company.is_some_and(|company| state.companies.objects.get(company).is_none()) {
                return false;
            }
            for other in before {
                state.unlink(Type::Contacts, contact, other);
            }
            company.is_none_or(|company| state.link(Type::Contacts, contact, company, true))
        })
    }

    fn join(&self, contact: u64, company: u64) -> bool {
        self.associate(contact, company, false)
    }

    fn archive(&self, kind: Kind, id: u64) -> bool {
        self.with(|state, now| state.set_archived(of(kind), id, true, now))
    }

    fn restore(&self, kind: Kind, id: u64) -> bool {
        self.with(|state, now| state.set_archived(of(kind), id, false, now))
    }

    fn remove(&self, kind: Kind, id: u64) -> bool {
        let object = match kind {
            Kind::Company => ObjectType::Company,
            Kind::Contact => ObjectType::Contact,
        };
        self.purge(object, id)
    }

    fn merge(&self, kind: Kind, first: u64, second: u64) -> Option<u64> {
        self.with(|state, now| state.merge(of(kind), first, second, now))
    }

    fn documents(&self, company: u64) -> Vec<String> {
        let title = |body: String| {
            let (first, _) = body.split_once("</p>")?;
            // Ours is a link in a paragraph; what people write is text.
            let (_, behind) = first.split_once("<a ")?;
            let (_, text) = behind.split_once('>')?;
            Some(text.split_once("</a>").map_or(text, |(text, _)| text).to_owned())
        };
        self.notes_of(company)
            .into_iter()
            .filter(|(_, body)| body.contains(MARK))
            .filter_map(|(_, body)| title(body))
            .collect()
    }
}

const fn of(kind: Kind) -> Type {
    match kind {
        Kind::Company => Type::Companies,
        Kind::Contact => Type::Contacts,
    }
}

/// A property's own name; companies and contacts share their names.
const fn name(property: Property) -> &'static str {
    match property {
        Property::Name => "name",
        Property::Country => "country",
        Property::TaxNumber => "vat_number",
        Property::Phone => "phone",
        Property::Street => "address",
        Property::City => "city",
        Property::PostCode => "zip",
        Property::FirstName => "firstname",
        Property::LastName => "lastname",
        Property::Email => "email",
        Property::JobTitle => "jobtitle",
    }
}

fn named<'text>(properties: &[(Property, &'text str)]) -> Vec<(&'static str, &'text str)> {
    properties.iter().map(|(property, text)| (name(*property), *text)).collect()
}
