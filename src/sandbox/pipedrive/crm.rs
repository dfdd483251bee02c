//! Pipedrive as any CRM: what people do in it, by what properties mean.

use std::time::Duration;

use axum::Router;
use serde_json::Value;

use super::PipedriveServer;
use super::fields::{FLOWTLY_ID, PHONE, VAT};
use super::hands::{kind_of, set};
use super::state::{Content, Kind as Collection};
use crate::domain::record::Kind;
use crate::sandbox::crm::{CrmServer, Grant, Import, Property};
use crate::sandbox::faults::Faults;
use crate::sandbox::log::{Counts, Detail, LoggedRequest};
use crate::sandbox::manners::Manners;

impl CrmServer for PipedriveServer {
    fn section(&self) -> &'static str {
        "pipedrive"
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
        // Where nothing is limited nobody has to wait: the numbers of a real account would make every demonstration slow.
        let limits = self.options().limits;
        let burst = limits.burst.unwrap_or(10_000);
        let search = limits.search.unwrap_or(1_000);
        let daily = limits.daily_tokens.unwrap_or(1_000_000_000);
        format!(
            "token_file = {secret_file:?}\nlimits.burst = {burst}\nlimits.search = {search}\nlimits.daily_tokens = {daily}\n"
        )
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
        (kind_of(kind).plural(), name_of(kind, property))
    }

    fn makes_at(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Company => "/api/v2/organizations",
            Kind::Contact => "/api/v2/persons",
        }
    }

    fn add(&self, kind: Kind, properties: &[(Property, &str)], company: Option<u64>) -> u64 {
        let kind_here = kind_of(kind);
        self.with(|state, now| {
            let mut content = Content { org: company.filter(|_| kind == Kind::Contact), ..Content::default() };
            for (property, text) in properties {
                for (name, text) in typed(kind, *property, text) {
                    set(state, kind_here, &mut content, name, &text);
                }
            }
            state.insert(kind_here, content, now, now)
        })
    }

    fn import(&self, company: &Import<'_>) -> u64 {
        let id = self.add(Kind::Company, company.properties, None);
        if let Some(stored_id) = company.stored_id.filter(|_| self.options().flowtly_id) {
            self.edit_record(Kind::Company, id, FLOWTLY_ID, stored_id);
        }
        id
    }

    fn edit(&self, kind: Kind, id: u64, property: Property, text: &str) -> bool {
        let kind_here = kind_of(kind);
        self.with(|state, now| {
            let Some(record) = state.live(kind_here, id) else { return false };
            let mut content = record.content.clone();
            for (name, text) in typed(kind, property, text) {
                set(state, kind_here, &mut content, name, &text);
            }
            state.store(kind_here, id, content, now)
        })
    }

    fn type_in(&self, kind: Kind, id: u64, name: &str, text: &str) -> bool {
        self.edit_record(kind, id, name, text)
    }

    fn demands(&self, _kind: Kind, property: Property) -> bool {
        matches!(property, Property::Name | Property::FirstName | Property::LastName)
    }

    fn record(&self, kind: Kind, id: u64) -> Option<Value> {
        Self::record(self, kind, id)
    }

    fn text(&self, kind: Kind, id: u64, property: Property) -> Option<String> {
        self.with(|state, now| {
            let content = &state.record(kind_of(kind), id, now)?.content;
            let part = |name: &str| content.address.get(name).cloned().unwrap_or_default();
            let custom =
                |code: &str| content.custom.get(code).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            let text = match (kind, property) {
                (_, Property::Name) => content.name.clone(),
                (_, Property::Country) => part("country"),
                (_, Property::City) => part("locality"),
                (_, Property::PostCode) => part("postal_code"),
                (_, Property::Street) => street_line(&part("route"), &part("street_number"), &part("subpremise")),
                (_, Property::TaxNumber) => custom(VAT),
                (Kind::Company, Property::Phone) => custom(PHONE),
                (Kind::Contact, Property::Phone) => content
                    .phones
                    .iter()
                    .find(|entry| entry.primary)
                    .map(|entry| entry.value.clone())
                    .unwrap_or_default(),
                (_, Property::FirstName) => content.first_name.clone(),
                (_, Property::LastName) => content.last_name.clone(),
                (_, Property::Email) => content
                    .emails
                    .iter()
                    .find(|entry| entry.primary)
                    .map(|entry| entry.value.clone())
                    .unwrap_or_default(),
                (_, Property::JobTitle) => content.job_title.clone(),
            };
            Some(text).filter(|text| !text.is_empty())
        })
    }

    fn stored_id(&self, company: u64) -> Option<String> {
        self.with(|state, now| {
            let record = state.record(Collection::Organizations, company, now)?;
            record.content.custom.get(FLOWTLY_ID)?.as_str().map(str::to_owned)
        })
    }

    fn ids(&self, kind: Kind) -> Vec<u64> {
        self.with(|state, _| {
            let live = state.table(kind_of(kind)).iter().filter(|(_, record)| record.deleted.is_none());
            live.map(|(id, _)| id).collect()
        })
    }

    fn companies_of(&self, contact: u64) -> Vec<u64> {
        self.with(|state, now| {
            let record = state.record(Collection::Persons, contact, now);
            record.and_then(|record| record.content.org).into_iter().collect()
        })
    }

    fn move_contact(&self, contact: u64, company: Option<u64>) -> bool {
        self.with(|state, now| {
            let Some(record) = state.live(Collection::Persons, contact) else { return false };
            let content = Content { org: company, ..record.content.clone() };
            state.store(Collection::Persons, contact, content, now)
        })
    }

    fn add_further(&self, contact: u64, property: Property, text: &str) -> bool {
        let list = name_of(Kind::Contact, property);
        matches!(list, "emails" | "phones") && self.add_entry(contact, list, text, "other")
    }

    fn archive(&self, kind: Kind, id: u64) -> bool {
        self.with(|state, now| state.set_deleted(kind_of(kind), id, true, now))
    }

    fn restore(&self, kind: Kind, id: u64) -> bool {
        self.with(|state, now| state.set_deleted(kind_of(kind), id, false, now))
    }

    fn grant(&self, kind: Kind, id: u64, grant: Grant) -> bool {
        self.with(|state, _| state.grant(kind_of(kind), id, grant))
    }

    fn remove(&self, kind: Kind, id: u64) -> bool {
        self.with(|state, _| state.purge(kind_of(kind), id))
    }

    fn merge(&self, kind: Kind, first: u64, second: u64) -> Option<u64> {
        self.with(|state, now| state.merge(kind_of(kind), second, first, now).then_some(first))
    }

    fn documents(&self, company: u64) -> Vec<String> {
        let title = |note: String| {
            let (_, behind) = note.split_once("<b>")?;
            Some(behind.split_once("</b>")?.0.to_owned())
        };
        self.notes(company).into_iter().filter(|note| note.contains("[flowtly ")).filter_map(title).collect()
    }
}

/// The property that holds it, or most of it.
const fn name_of(kind: Kind, property: Property) -> &'static str {
    match (kind, property) {
        // A person's name is written as one text, and taken apart by the server.
        (_, Property::Name | Property::FirstName | Property::LastName) => "name",
        (_, Property::Country) => "address.country",
        (_, Property::City) => "address.locality",
        (_, Property::PostCode) => "address.postal_code",
        (_, Property::Street) => "address.route",
        (_, Property::TaxNumber) => VAT,
        (Kind::Company, Property::Phone) => PHONE,
        (Kind::Contact, Property::Phone) => "phones",
        (_, Property::Email) => "emails",
        (_, Property::JobTitle) => "job_title",
    }
}

/// What is typed where.
fn typed(kind: Kind, property: Property, text: &str) -> Vec<(&'static str, String)> {
    match (kind, property) {
        (Kind::Contact, Property::FirstName) => vec![("first_name", text.to_owned())],
        (Kind::Contact, Property::LastName) => vec![("last_name", text.to_owned())],
        (_, Property::Street) => {
            let (route, number, unit) = street_parts(text);
            vec![("address.route", route), ("address.street_number", number), ("address.subpremise", unit)]
        }
        (_, other) => vec![(name_of(kind, other), text.to_owned())],
    }
}

/// A street line as Pipedrive takes it apart: the number stands behind, a unit behind a slash. Joined again it is the same.
fn street_parts(line: &str) -> (String, String, String) {
    let whole = || (line.to_owned(), String::new(), String::new());
    let Some((route, last)) = line.rsplit_once(' ') else { return whole() };
    if !last.starts_with(|letter: char| letter.is_ascii_digit()) {
        return whole();
    }
    let (number, unit) = last.split_once('/').unwrap_or((last, ""));
    (route.to_owned(), number.to_owned(), unit.to_owned())
}

fn street_line(route: &str, number: &str, unit: &str) -> String {
    let number = if unit.is_empty() { number.to_owned() } else { format!("{number}/{unit}") };
    [route, number.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
