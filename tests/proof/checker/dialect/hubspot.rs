//! HubSpot: batches, whose results are told apart by a trace; the companies of a contact are written by requests of their own.

use flowtly_sync::sandbox::LoggedRequest;
use serde_json::Value;

use super::super::evidence::{Kind, Rec, Record, Side, plain};
use super::super::story::{Aim, Came, List, Write};
use super::{Dialect, Kinds, json, shown_of, texts};

#[derive(Debug)]
pub struct HubSpot;

impl Dialect for HubSpot {
    fn record(&self, _kind: Kind, shown: &Value) -> Record {
        let texts = texts(&shown["properties"]);
        let parents = shown.pointer("/associations/companies/results").and_then(Value::as_array);
        let absorbed = texts.get("hs_merged_object_ids").map_or("", String::as_str);
        Record {
            parents: parents.into_iter().flatten().map(|one| plain(&one["id"])).collect(),
            archived: shown.get("archived") == Some(&Value::Bool(true)),
            absorbed: absorbed.split(';').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
            texts,
        }
    }

    fn kinds(&self, collection: &str) -> &'static [Kind] {
        if collection == "companies" { &[Kind::Company] } else { &[Kind::Contact] }
    }

    fn writes(&self, base: &Write, request: &LoggedRequest, reply: &Value, _kinds: &Kinds) -> Vec<Write> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let (kind, aim) = match (request.method.as_str(), steps.as_slice()) {
            ("POST", ["crm", "objects", _, object, "batch", "create"]) => (kind_of(object), Aim::Create),
            ("POST", ["crm", "objects", _, object, "batch", "update"]) => (kind_of(object), Aim::Update),
            ("POST", ["crm", "associations", _, "contacts", "companies", "batch", "create"]) => {
                (Some(Kind::Contact), Aim::Join)
            }
            ("POST", ["crm", "associations", _, "contacts", "companies", "batch", "archive"]) => {
                (Some(Kind::Contact), Aim::Leave)
            }
            _ => (None, Aim::Foreign),
        };
        let Some(kind) = kind else { return vec![base.clone()] };
        let base = Write { kind, aim, ..base.clone() };
        let mut found = Vec::new();
        for (place, input) in inputs(&request.body).iter().enumerate() {
            let mut write = base.clone();
            match aim {
                Aim::Join | Aim::Leave => {
                    write.rec = input.pointer("/from/id").map(|id| Rec::new(Side::Crm, kind, plain(id)));
                    let to = &input["to"];
                    let to = to.as_array().cloned().unwrap_or_else(|| vec![to.clone()]);
                    write.companies = to.iter().map(|company| plain(&company["id"])).collect();
                }
                Aim::Create | Aim::Update | Aim::Foreign => {
                    write.values = texts(&input["properties"]).into_iter().collect();
                    let partners = input.get("associations").and_then(Value::as_array);
                    write.companies = partners
                        .into_iter()
                        .flatten()
                        .filter_map(|partner| Some(plain(partner.pointer("/to/id")?)))
                        .collect();
                    write.rec = (aim == Aim::Update).then(|| Rec::new(Side::Crm, kind, plain(&input["id"])));
                    share_of_the_reply(&mut write, place, input, reply);
                }
            }
            found.push(write);
        }
        found
    }

    fn list(&self, number: u64, request: &LoggedRequest) -> Option<(Kind, List)> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let ["crm", "objects", _, object] = steps.as_slice() else { return None };
        let kind = kind_of(object)?;
        let query: Vec<(&str, &str)> = request.query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let after = query.iter().find(|(name, _)| *name == "after").map(|(_, text)| (*text).to_owned());
        (!query.contains(&("archived", "true"))).then(|| (kind, List { after, ..List::whole(number) }))
    }

    fn shows_no_record(&self, request: &LoggedRequest) -> bool {
        ["/account-info/", "/crm/properties/"].iter().any(|about| request.path.starts_with(about))
    }

    fn reads(&self, request: &LoggedRequest, _kinds: &Kinds) -> Vec<Rec> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match steps.as_slice() {
            [.., object, "batch", "read"] => {
                let Some(kind) = kind_of(object) else { return Vec::new() };
                inputs(&request.body).iter().map(|input| Rec::new(Side::Crm, kind, plain(&input["id"]))).collect()
            }
            [.., object, id] => kind_of(object).map(|kind| Rec::new(Side::Crm, kind, *id)).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn has_several_companies(&self) -> bool {
        true
    }
}

fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "companies" => Some(Kind::Company),
        "contacts" => Some(Kind::Contact),
        _ => None,
    }
}

/// What came of one input of a batch: by its trace where it has one, else by its place.
fn share_of_the_reply(write: &mut Write, place: usize, input: &Value, reply: &Value) {
    if write.came != Came::Done {
        return;
    }
    let trace = input.get("objectWriteTraceId").filter(|trace| trace.is_string());
    let results = reply.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
    let own = match trace {
        Some(trace) => results.iter().find(|result| result.get("objectWriteTraceId") == Some(trace)),
        None => results.get(place),
    };
    if let Some(result) = own {
        write.rec = Some(Rec::new(write.side, write.kind, plain(&result["id"])));
        write.stored = shown_of(&write.values, &texts(&result["properties"]));
        return;
    }
    let errors = reply.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
    let says = |error: &&Value| {
        let traces = error.pointer("/context/objectWriteTraceId").and_then(Value::as_array);
        trace.is_none_or(|trace| traces.is_some_and(|traces| traces.contains(trace)))
    };
    let category = errors.iter().find(says).and_then(|error| error["category"].as_str().map(str::to_owned));
    let status = if category.as_deref() == Some("OBJECT_NOT_FOUND") { 404 } else { 400 };
    write.came = Came::Refused(status);
}

fn inputs(body: &[u8]) -> Vec<Value> {
    json(body).get("inputs").and_then(Value::as_array).cloned().unwrap_or_default()
}
