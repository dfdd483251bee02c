//! Flowtly: a resource a kind, a request a record; a contact names its client like any other text.

use flowtly_sync::sandbox::LoggedRequest;
use serde_json::Value;

use super::super::evidence::{Kind, Rec, Record, Side, plain};
use super::super::story::{Aim, Came, List, Write};
use super::{Dialect, Kinds, json, shown_of, texts};

#[derive(Debug)]
pub struct Flowtly;

impl Dialect for Flowtly {
    fn record(&self, _kind: Kind, shown: &Value) -> Record {
        let mut texts = texts(shown);
        texts.retain(|key, _| {
            !key.starts_with('@') && !shown[key].is_array() && key != "createdAt" && key != "updatedAt"
        });
        let parents = texts.remove("client").into_iter().collect();
        Record { texts, parents, ..Record::default() }
    }

    fn kinds(&self, collection: &str) -> &'static [Kind] {
        if collection == "clients" { &[Kind::Company] } else { &[Kind::Contact] }
    }

    fn writes(&self, base: &Write, request: &LoggedRequest, reply: &Value, _kinds: &Kinds) -> Vec<Write> {
        let body = json(&request.body);
        let values: Vec<(String, String)> = texts(&body).into_iter().collect();
        let mut stored = shown_of(&values, &texts(reply));
        if reply.get("name").is_some() {
            // The whole record: what it leaves out is blank.
            for (path, _) in &values {
                stored.entry(path.clone()).or_default();
            }
        }
        let base = Write { values, stored, ..base.clone() };
        let made = |kind: Kind| {
            let id = reply.get("id").map(plain).filter(|_| base.came == Came::Done);
            id.map(|id| Rec::new(base.side, kind, id))
        };
        let known = |kind: Kind, id: &str| Some(Rec::new(base.side, kind, id));
        let companies = || body.get("client").map(plain).into_iter().collect();
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        vec![match (request.method.as_str(), steps.as_slice()) {
            ("POST", [.., "clients"]) => Write { aim: Aim::Create, rec: made(Kind::Company), ..base },
            ("POST", [.., "client-contacts"]) => {
                let rec = made(Kind::Contact);
                Write { aim: Aim::Create, kind: Kind::Contact, rec, companies: companies(), ..base }
            }
            ("PATCH", [.., "clients", id]) => Write { aim: Aim::Update, rec: known(Kind::Company, id), ..base },
            ("PATCH", [.., "client-contacts", id]) => {
                let rec = known(Kind::Contact, id);
                Write { aim: Aim::Update, kind: Kind::Contact, rec, companies: companies(), ..base }
            }
            _ => base,
        }]
    }

    fn list(&self, number: u64, request: &LoggedRequest) -> Option<(Kind, List)> {
        let kind = match request.path.rsplit('/').next() {
            Some("clients") => Kind::Company,
            Some("client-contacts") => Kind::Contact,
            _ => return None,
        };
        let query: Vec<(&str, &str)> = request.query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let page = query.iter().find(|(name, _)| *name == "page").and_then(|(_, text)| text.parse().ok());
        Some((kind, List { page: page.unwrap_or(1), ..List::whole(number) }))
    }

    fn shows_no_record(&self, request: &LoggedRequest) -> bool {
        ["/organizations", "/docs.jsonld"].iter().any(|about| request.path.ends_with(about))
    }

    fn reads(&self, request: &LoggedRequest, _kinds: &Kinds) -> Vec<Rec> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match steps.as_slice() {
            [.., "clients", id] => vec![Rec::new(Side::Flowtly, Kind::Company, *id)],
            [.., "client-contacts", id] => vec![Rec::new(Side::Flowtly, Kind::Contact, *id)],
            _ => Vec::new(),
        }
    }
}
