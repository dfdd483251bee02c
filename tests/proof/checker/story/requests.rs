//! What our requests asked for and what came of each, a record at a time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use flowtly_sync::sandbox::LoggedRequest;
use serde_json::{Map, Value};

use super::super::evidence::{Kind, Rec, Side, plain};

/// What a write request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    Create,
    Update,
    /// A contact is put to a company.
    Join,
    /// A contact is taken from a company.
    Leave,
    /// Something that this program has no business to send.
    Foreign,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    Done,
    /// Refused with a status.
    Refused(u16),
    /// The system failed, or a fault swallowed the request: not carried out.
    Failed,
}

/// One record's share of a write request of ours.
#[derive(Debug, Clone)]
pub struct Write {
    pub side: Side,
    pub kind: Kind,
    /// The number of the request on its side, from 1.
    pub number: u64,
    /// When, by the servers' clock.
    pub at: DateTime<Utc>,
    pub aim: Aim,
    /// `None` for a create that came to nothing.
    pub rec: Option<Rec>,
    pub values: Vec<(String, String)>,
    /// What the answer shows of the properties that were sent, where it shows them.
    pub stored: BTreeMap<String, String>,
    /// The companies that a contact is put to, or taken from.
    pub companies: Vec<String>,
    pub came: Came,
    /// Method and path, for the reader.
    pub request: String,
}

/// A request that reads a list of live records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// The number of the request on its side.
    pub number: u64,
    /// It goes on behind this id.
    pub after: Option<u64>,
    /// The number of its page; 1 where pages have none.
    pub page: u64,
}

/// The list that a request reads, if it reads one.
pub fn list_of(side: Side, number: u64, request: &LoggedRequest) -> Option<(Kind, List)> {
    let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let kind = match (side, steps.as_slice()) {
        (Side::Flowtly, [.., "clients"]) => Kind::Company,
        (Side::Flowtly, [.., "client-contacts"]) => Kind::Contact,
        (Side::Crm, ["crm", "objects", _, object]) => object_kind(object)?,
        _ => return None,
    };
    let query: Vec<(&str, &str)> = request.query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let number_at = |key: &str| query.iter().find(|(name, _)| *name == key).and_then(|(_, text)| text.parse().ok());
    let list = List { number, after: number_at("after"), page: number_at("page").unwrap_or(1) };
    (!query.contains(&("archived", "true"))).then_some((kind, list))
}

/// The records that a request reads by id.
pub fn read_by_id(side: Side, request: &LoggedRequest) -> Vec<Rec> {
    let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match (side, steps.as_slice()) {
        (Side::Flowtly, [.., "clients", id]) => vec![Rec::new(side, Kind::Company, *id)],
        (Side::Flowtly, [.., "client-contacts", id]) => vec![Rec::new(side, Kind::Contact, *id)],
        (Side::Crm, [.., object, "batch", "read"]) => {
            let Some(kind) = object_kind(object) else { return Vec::new() };
            inputs(&request.body).iter().map(|input| Rec::new(side, kind, plain(&input["id"]))).collect()
        }
        (Side::Crm, [.., object, id]) => {
            object_kind(object).map(|kind| Rec::new(side, kind, *id)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn object_kind(word: &str) -> Option<Kind> {
    match word {
        "companies" => Some(Kind::Company),
        "contacts" => Some(Kind::Contact),
        _ => None,
    }
}

pub fn writes_of(side: Side, number: u64, request: &LoggedRequest) -> Vec<Write> {
    let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let reply: Value = serde_json::from_slice(&request.reply).unwrap_or(Value::Null);
    // A page of a proxy is no answer of the system's, whatever its status says.
    let answered = request.reply.is_empty() || !reply.is_null();
    let came = match request.status.as_u16() {
        status if request.status.is_success() && answered => Some((status, Came::Done)),
        status if (400..500).contains(&status) => Some((status, Came::Refused(status))),
        _ => None,
    };
    let came = came.map_or(Came::Failed, |(_, came)| came);
    let base = Write {
        side,
        kind: Kind::Company,
        number,
        at: request.at,
        aim: Aim::Foreign,
        rec: None,
        values: Vec::new(),
        stored: BTreeMap::new(),
        companies: Vec::new(),
        came,
        request: format!("{} {}", request.method, request.path),
    };
    match side {
        Side::Flowtly => vec![flowtly_write(base, &steps, request, &reply)],
        Side::Crm => crm_writes(&base, &steps, request, &reply),
    }
}

fn flowtly_write(base: Write, steps: &[&str], request: &LoggedRequest, reply: &Value) -> Write {
    let body: Map<String, Value> = serde_json::from_slice(&request.body).unwrap_or_default();
    let values: Vec<(String, String)> = body.iter().map(|(key, value)| (key.clone(), plain(value))).collect();
    let mut stored = shown_of(&values, reply);
    if reply.get("name").is_some() {
        // The whole record: what it leaves out is blank.
        for (path, _) in &values {
            stored.entry(path.clone()).or_default();
        }
    }
    let base = Write { values, stored, ..base };
    let id = reply.get("id").map(plain);
    match (request.method.as_str(), steps) {
        ("POST", [.., "clients"]) => {
            let rec = id.filter(|_| base.came == Came::Done).map(|id| Rec::new(base.side, Kind::Company, id));
            Write { aim: Aim::Create, rec, ..base }
        }
        ("POST", [.., "client-contacts"]) => {
            let rec = id.filter(|_| base.came == Came::Done).map(|id| Rec::new(base.side, Kind::Contact, id));
            let companies = body.get("client").map(plain).into_iter().collect();
            Write { aim: Aim::Create, kind: Kind::Contact, rec, companies, ..base }
        }
        ("PATCH", [.., "clients", id]) => {
            Write { aim: Aim::Update, rec: Some(Rec::new(base.side, Kind::Company, *id)), ..base }
        }
        ("PATCH", [.., "client-contacts", id]) => {
            let rec = Some(Rec::new(base.side, Kind::Contact, *id));
            let companies = body.get("client").map(plain).into_iter().collect();
            Write { aim: Aim::Update, kind: Kind::Contact, rec, companies, ..base }
        }
        _ => base,
    }
}

fn crm_writes(base: &Write, steps: &[&str], request: &LoggedRequest, reply: &Value) -> Vec<Write> {
    let (kind, aim) = match (request.method.as_str(), steps) {
        ("POST", ["crm", "objects", _, object, "batch", "create"]) => (object_kind(object), Aim::Create),
        ("POST", ["crm", "objects", _, object, "batch", "update"]) => (object_kind(object), Aim::Update),
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
    let inputs = inputs(&request.body);
    let mut found = Vec::new();
    for (place, input) in inputs.iter().enumerate() {
        let mut write = base.clone();
        match aim {
            Aim::Join | Aim::Leave => {
                write.rec = input.pointer("/from/id").map(|id| Rec::new(Side::Crm, kind, plain(id)));
                let to = &input["to"];
                let to = to.as_array().cloned().unwrap_or_else(|| vec![to.clone()]);
                write.companies = to.iter().map(|company| plain(&company["id"])).collect();
            }
            Aim::Create | Aim::Update | Aim::Foreign => {
                let properties = input.get("properties").and_then(Value::as_object);
                write.values =
                    properties.into_iter().flatten().map(|(key, value)| (key.clone(), plain(value))).collect();
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
        write.stored = shown_of(&write.values, &result["properties"]);
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

/// What a system shows of the properties that it was sent.
fn shown_of(values: &[(String, String)], shown: &Value) -> BTreeMap<String, String> {
    let shown = |path: &String| Some((path.clone(), plain(shown.get(path)?)));
    values.iter().filter_map(|(path, _)| shown(path)).collect()
}

fn inputs(body: &[u8]) -> Vec<Value> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    body.get("inputs").and_then(Value::as_array).cloned().unwrap_or_default()
}
