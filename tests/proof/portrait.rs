//! What both systems and the state hold, free of ids and stamps, so that two runs can be compared.

use std::collections::BTreeMap;

use flowtly_sync::domain::plan::LinkId;
use flowtly_sync::domain::record::Kind as RecordKind;
use flowtly_sync::sandbox::Property;
use flowtly_sync::store::{link, waiting};

use crate::checker::evidence::{Kind, Rec, Record, Side};
use crate::checker::journal::Journal;
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
    let records = Journal::begin(firm).records();
    for (rec, record) in &records {
        let name = match (rec.side, rec.kind) {
            (Side::Crm, Kind::Contact) => email_of(firm, rec),
            (Side::Flowtly, _) | (Side::Crm, Kind::Company) => record.text("name").to_owned(),
        };
        names.0.insert((place(rec), rec.id.clone()), name);
    }
    let mut lines = Vec::new();
    for (rec, record) in &records {
        let told = record.texts.iter().filter(|(key, text)| !is_stamp(key) && !text.is_empty());
        let told = told.map(|(key, text)| match text.rsplit_once('/') {
            // Our id in the CRM.
            Some((_, id)) if names.0.contains_key(&("client", id.to_owned())) => {
                format!("{key}={}", names.of("client", id))
            }
            _ => format!("{key}={text:?}"),
        });
        let told = told.collect::<Vec<_>>().join(" ");
        lines.push(format!("{} {} {told} of {:?}", rec.side.word(), rec.kind.word(), firms(firm, rec, record, &names)));
    }
    let mut store = firm.store().await;
    for link in link::page(store.connection(), LinkId(0), 10_000).await.unwrap() {
        let (ours, theirs) = match link.kind {
            RecordKind::Company => ("client", "company"),
            RecordKind::Contact => ("person", "contact"),
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

fn is_stamp(key: &str) -> bool {
    STAMPS.contains(&key)
}

fn place(rec: &Rec) -> &'static str {
    match (rec.side, rec.kind) {
        (Side::Flowtly, Kind::Company) => "client",
        (Side::Flowtly, Kind::Contact) => "person",
        (Side::Crm, Kind::Company) => "company",
        (Side::Crm, Kind::Contact) => "contact",
    }
}

fn email_of(firm: &Firm, rec: &Rec) -> String {
    let id = firm.crm.id_number(&rec.id);
    id.and_then(|id| firm.crm.text(RecordKind::Contact, id, Property::Email)).unwrap_or_default()
}

/// The companies of a contact by name, the primary one first.
fn firms(firm: &Firm, rec: &Rec, record: &Record, names: &Names) -> Vec<String> {
    let (at, mut ids) = match rec.side {
        Side::Flowtly => ("client", Vec::new()),
        Side::Crm => {
            let id = firm.crm.id_number(&rec.id).filter(|_| rec.kind == Kind::Contact);
            let primary = id.and_then(|id| firm.crm.companies_of(id).first().copied());
            ("company", primary.map(|id| firm.crm.id_text(id)).into_iter().collect())
        }
    };
    let mut others: Vec<String> = record.parents.iter().filter(|id| !ids.contains(id)).cloned().collect();
    others.sort_by_key(|id| names.of(at, id));
    ids.extend(others);
    ids.iter().map(|id| names.of(at, id)).collect()
}
