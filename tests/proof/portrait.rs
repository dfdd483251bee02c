//! What both systems and the state hold, free of ids and stamps, so that two runs can be compared.

use std::collections::BTreeMap;

use flowtly_sync::domain::plan::LinkId;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::store::{link, waiting};
use serde_json::Value;

use crate::firm::Firm;

/// What is different each time, and says nothing.
const STAMPS: [&str; 8] = [
    "id",
    "createdAt",
    "updatedAt",
    "createdate",
    "hs_lastmodifieddate",
    "lastmodifieddate",
    "hs_object_id",
    "clientContacts",
];

/// Names by side, kind and id.
#[derive(Debug, Default)]
struct Names(BTreeMap<(&'static str, String), String>);

impl Names {
    fn of(&self, place: &'static str, id: &str) -> String {
        self.0.get(&(place, id.to_owned())).cloned().unwrap_or_else(|| format!("{place} unknown"))
    }
}

/// The lines of a portrait, sorted.
pub async fn portrait(firm: &Firm) -> Vec<String> {
    let mut names = Names::default();
    let (clients, people) = (firm.flowtly.clients(), firm.flowtly.contacts());
    let (companies, contacts) = (firm.hubspot.companies(), firm.hubspot.contacts());
    for (place, records) in [("client", &clients), ("person", &people)] {
        for record in records {
            names.0.insert((place, text(&record["id"])), text(&record["name"]));
        }
    }
    for (place, records) in [("company", &companies), ("contact", &contacts)] {
        for record in records {
            let own = &record["properties"];
            let name = if place == "company" { text(&own["name"]) } else { text(&own["email"]) };
            names.0.insert((place, text(&record["id"])), name);
        }
    }
    let mut lines = Vec::new();
    for record in &clients {
        lines.push(format!("flowtly client {}", flowtly_fields(record, &names)));
    }
    for record in &people {
        lines.push(format!("flowtly contact {}", flowtly_fields(record, &names)));
    }
    for record in &companies {
        lines.push(format!("crm company {}", crm_fields(record, &names)));
    }
    for record in &contacts {
        let mut firms: Vec<String> = record["associations"]["companies"]["results"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|firm| format!("{} {}", names.of("company", &text(&firm["id"])), text(&firm["type"])))
            .collect();
        firms.sort();
        lines.push(format!("crm contact {} of {firms:?}", crm_fields(record, &names)));
    }
    let mut store = firm.store().await;
    for link in link::page(store.connection(), LinkId(0), 10_000).await.unwrap() {
        let (ours, theirs) = match link.kind {
            Kind::Company => ("client", "company"),
            Kind::Contact => ("person", "contact"),
        };
        lines.push(format!(
            "link {} {} = {} {:?}",
            link.kind.as_str(),
            names.of(ours, link.flowtly_id.as_str()),
            names.of(theirs, link.crm_id.as_str()),
            link.state
        ));
    }
    for waiting in waiting::conflicts(store.connection(), None).await.unwrap() {
        let conflict = waiting.conflict;
        lines.push(format!("conflict {:?} {:?} {:?}", conflict.field, conflict.flowtly, conflict.crm));
    }
    for waiting in waiting::questions(store.connection()).await.unwrap() {
        lines.push(format!("question {:?} {} candidates", waiting.question.asks, waiting.question.candidates.len()));
    }
    for failure in waiting::failures(store.connection()).await.unwrap() {
        lines.push(format!("failure {} {} {}", failure.side, failure.field, failure.message));
    }
    store.close().await.unwrap();
    lines.sort();
    lines
}

fn flowtly_fields(record: &Value, names: &Names) -> String {
    let fields = record.as_object().unwrap();
    let told = fields
        .iter()
        .filter(|(key, value)| !key.starts_with('@') && !STAMPS.contains(&key.as_str()) && !is_blank(value));
    let told = told.map(|(key, value)| match (key.as_str(), value.as_str()) {
        ("client", Some(iri)) => format!("client={}", names.of("client", iri.rsplit('/').next().unwrap_or_default())),
        _ => format!("{key}={value}"),
    });
    told.collect::<Vec<_>>().join(" ")
}

fn crm_fields(record: &Value, names: &Names) -> String {
    let fields = record["properties"].as_object().unwrap();
    let told = fields.iter().filter(|(key, value)| !STAMPS.contains(&key.as_str()) && !is_blank(value));
    let told = told.map(|(key, value)| match (key.as_str(), value.as_str()) {
        ("flowtly_id", Some(id)) => {
            format!("flowtly_id={}", names.of("client", id.rsplit('/').next().unwrap_or_default()))
        }
        _ => format!("{key}={value}"),
    });
    told.collect::<Vec<_>>().join(" ")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}
