//! An EspoCRM as any CRM.

use axum::Router;
use serde_json::Value;

use super::EspoServer;
use super::schema::Entity;
use super::state::{id_number, id_text};
use crate::domain::record::Kind;
use crate::sandbox::crm::{CrmServer, Grant, Import, Property};
use crate::sandbox::faults::Faults;
use crate::sandbox::log::{Counts, Detail, LoggedRequest};
use crate::sandbox::manners::Manners;

/// With this the last line of a post of ours begins; its first line is the document's title.
const MARK: &str = "flowtly-document ";

/// The field of accounts that holds our id.
const FLOWTLY_ID: &str = "cFlowtlyId";

const fn entity(kind: Kind) -> Entity {
    match kind {
        Kind::Company => Entity::Account,
        Kind::Contact => Entity::Contact,
    }
}

const fn field(kind: Kind, property: Property) -> &'static str {
    match (kind, property) {
        (_, Property::Name) => "name",
        (_, Property::Country) => "billingAddressCountry",
        (_, Property::TaxNumber) => "cVatNumber",
        (_, Property::Phone) => "phoneNumber",
        (_, Property::Street) => "billingAddressStreet",
        (_, Property::City) => "billingAddressCity",
        (_, Property::PostCode) => "billingAddressPostalCode",
        (_, Property::FirstName) => "firstName",
        (_, Property::LastName) => "lastName",
        (_, Property::Email) => "emailAddress",
        (_, Property::JobTitle) => "title",
    }
}

impl CrmServer for EspoServer {
    fn section(&self) -> &'static str {
        "espocrm"
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
        format!("api_key_file = \"{secret_file}\"\n")
    }

    fn secret(&self) -> String {
        self.options().api_key.clone()
    }

    fn id_text(&self, id: u64) -> String {
        id_text(id)
    }

    fn id_number(&self, text: &str) -> Option<u64> {
        id_number(text)
    }

    fn place(&self, kind: Kind, property: Property) -> (&'static str, &'static str) {
        (entity(kind).name(), field(kind, property))
    }

    fn makes_at(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Company => "/api/v1/Account",
            Kind::Contact => "/api/v1/Contact",
        }
    }

    fn add(&self, kind: Kind, properties: &[(Property, &str)], company: Option<u64>) -> u64 {
        let fields: Vec<(&str, &str)> =
            properties.iter().map(|(property, text)| (field(kind, *property), *text)).collect();
        match kind {
            Kind::Company => self.add_account(&fields),
            Kind::Contact => self.add_contact(&fields, company),
        }
    }

    fn import(&self, company: &Import<'_>) -> u64 {
        let mut fields: Vec<(&str, &str)> =
            company.properties.iter().map(|(property, text)| (field(Kind::Company, *property), *text)).collect();
        fields.extend([("website", company.domain), ("type", "Customer")]);
        let has_id = self.options().account_fields.iter().any(|name| name == FLOWTLY_ID);
        fields.extend(company.stored_id.filter(|_| has_id).map(|id| (FLOWTLY_ID, id)));
        self.add_account(&fields)
    }

    fn edit(&self, kind: Kind, id: u64, property: Property, text: &str) -> bool {
        self.edit_record(entity(kind), id, field(kind, property), text)
    }

    fn type_in(&self, kind: Kind, id: u64, name: &str, text: &str) -> bool {
        self.edit_record(entity(kind), id, name, text)
    }

    fn demands(&self, kind: Kind, property: Property) -> bool {
        matches!((kind, property), (Kind::Company, Property::Name) | (Kind::Contact, Property::LastName))
    }

    fn client_mark(&self) -> Option<(&'static str, [&'static str; 2])> {
        Some(("type", ["Customer", "Partner"]))
    }

    fn record(&self, kind: Kind, id: u64) -> Option<Value> {
        match kind {
            Kind::Company => self.account(id),
            Kind::Contact => self.contact(id),
        }
    }

    fn text(&self, kind: Kind, id: u64, property: Property) -> Option<String> {
        match kind {
            Kind::Company => self.account_text(id, field(kind, property)),
            Kind::Contact => self.contact_text(id, field(kind, property)),
        }
    }

    fn stored_id(&self, company: u64) -> Option<String> {
        self.account_text(company, FLOWTLY_ID)
    }

    fn ids(&self, kind: Kind) -> Vec<u64> {
        self.with(|state, _| {
            let records = state.drawer(entity(kind)).records.iter();
            records.filter(|(_, record)| !record.deleted).map(|(id, _)| id).collect()
        })
    }

    fn companies_of(&self, contact: u64) -> Vec<u64> {
        self.with(|state, _| {
            let Some(record) = state.live(Entity::Contact, contact) else { return Vec::new() };
            let mut companies = state.partners(Entity::Contact, record);
            companies.sort_by_key(|company| Some(*company) != record.account);
            companies
        })
    }

    fn move_contact(&self, contact: u64, company: Option<u64>) -> bool {
        let there = self.contact(contact).is_some() && company.is_none_or(|company| self.account(company).is_some());
        if there {
            for old in self.companies_of(contact).into_iter().filter(|old| Some(*old) != company) {
                self.unrelate(contact, old);
            }
            self.set_primary(contact, company);
        }
        there
    }

    fn join(&self, contact: u64, company: u64) -> bool {
        self.relate(contact, company)
    }

    /// EspoCRM has no archive.
    fn archive(&self, _kind: Kind, _id: u64) -> bool {
        false
    }

    fn restore(&self, _kind: Kind, _id: u64) -> bool {
        false
    }

    fn grant(&self, kind: Kind, id: u64, grant: Grant) -> bool {
        self.grant_record(entity(kind), id, grant)
    }

    fn remove(&self, kind: Kind, id: u64) -> bool {
        self.with(|state, now| state.delete(entity(kind), id, now))
    }

    fn merge(&self, kind: Kind, first: u64, second: u64) -> Option<u64> {
        self.merge_records(entity(kind), first, second)
    }

    fn documents(&self, company: u64) -> Vec<String> {
        let posts = self.posts(company);
        let ours = posts.iter().filter(|post| post.lines().last().is_some_and(|line| line.starts_with(MARK)));
        ours.filter_map(|post| post.lines().next().map(str::to_owned)).collect()
    }
}
