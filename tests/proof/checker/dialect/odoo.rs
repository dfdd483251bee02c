//! Odoo: companies and contacts are one model, a request calls one of its methods, and a write is answered by a bare `true`.
//!
//! Both of its protocols are read: JSON-2 names the method in the path and every argument in the body, JSON-RPC has both in
//! an envelope, and tells errors under the status 200.

use std::collections::BTreeMap;

use flowtly_sync::sandbox::{LoggedRequest, OdooServer};
use serde_json::{Map, Value};

use super::super::evidence::{Kind, Rec, Record, Side, plain};
use super::super::story::{Aim, Came, List, Write};
use super::{Dialect, Kinds, json, moment};

#[derive(Debug)]
pub struct Odoo;

/// What Odoo computes, or writes by itself, or what says which kind a partner is.
const OWN: [&str; 16] = [
    "id",
    "active",
    "is_company",
    "type",
    "lang",
    "parent_id",
    "child_ids",
    "color",
    "commercial_partner_id",
    "create_date",
    "write_date",
    "create_uid",
    "write_uid",
    "display_name",
    "email_normalized",
    "phone_sanitized",
];

/// What a company gives on to its contacts whenever it is written: of a contact it says nothing.
const GIVEN_ON: [&str; 7] = ["street", "street2", "city", "zip", "state_id", "country_id", "vat"];

const PARTNER: &str = "res.partner";

impl Dialect for Odoo {
    fn record(&self, kind: Kind, shown: &Value) -> Record {
        let of = |name: &str| linked(&shown[name]);
        // A person of a department belongs to the firm above it.
        let own = shown.get("id").map(plain);
        let above = || of("commercial_partner_id").filter(|firm| Some(firm) != own.as_ref());
        let firm = of("parent_id").map(|parent| above().unwrap_or(parent));
        Record {
            texts: fields(kind, shown),
            parents: firm.into_iter().filter(|_| kind == Kind::Contact).collect(),
            archived: shown.get("active") == Some(&Value::Bool(false)),
            ..Record::default()
        }
    }

    fn kinds(&self, _collection: &str) -> &'static [Kind] {
        &Kind::BOTH
    }

    fn writes(&self, base: &Write, request: &LoggedRequest, reply: &Value, kinds: &Kinds) -> Vec<Write> {
        let Some(call) = Call::of(request).filter(|call| call.model == PARTNER) else { return vec![base.clone()] };
        let base = Write { came: came_of(base, reply), request: call.to_string(), ..base.clone() };
        let answer = reply.get("result").unwrap_or(reply);
        match call.method.as_str() {
            "create" => {
                let made = answer.as_array().cloned().unwrap_or_else(|| vec![answer.clone()]);
                let list = call.arguments.get("vals_list").cloned().unwrap_or_default();
                let list = list.as_array().cloned().unwrap_or_else(|| vec![list]);
                let write = |(place, vals): (usize, &Value)| {
                    let kind = if vals["is_company"] == Value::Bool(true) { Kind::Company } else { Kind::Contact };
                    let id = made.get(place).filter(|id| base.came == Came::Done && id.is_u64());
                    let rec = id.map(|id| Rec::new(Side::Crm, kind, plain(id)));
                    let values = fields(kind, vals).into_iter().collect();
                    let companies = linked(&vals["parent_id"]).into_iter().collect();
                    Write { kind, aim: Aim::Create, rec, values, companies, ..base.clone() }
                };
                list.iter().enumerate().map(write).collect()
            }
            "write" => {
                let vals = call.arguments.get("vals").cloned().unwrap_or_default();
                call.ids.iter().flat_map(|id| update(&base, kinds.of(id), id, &vals)).collect()
            }
            _ => vec![base],
        }
    }

    fn list(&self, number: u64, request: &LoggedRequest) -> Option<(Kind, List)> {
        let call = Call::of(request).filter(|call| call.model == PARTNER && call.method == "search_read")?;
        // The highest id alone shows nobody else.
        if call.arguments.get("order").is_some_and(|order| order == "id desc") {
            return None;
        }
        let domain = call.arguments.get("domain").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_choice = domain.iter().any(|one| one == "|");
        let (mut kind, mut list) = (None, List::whole(number));
        for leaf in domain.iter().filter_map(Value::as_array) {
            match (leaf.first()?.as_str()?, leaf.get(1)?.as_str()?, leaf.get(2)?) {
                ("is_company", "=", Value::Bool(is_company)) => {
                    kind = Some(if *is_company { Kind::Company } else { Kind::Contact });
                }
                ("type", "in", _) => {}
                // Of several conditions that of the time is enough.
                ("id", ">", id) => list.after = list.after.filter(|_| is_choice).or_else(|| Some(plain(id))),
                ("write_date" | "create_date", ">=", time) => list.since = moment(&plain(time)),
                _ => return None,
            }
        }
        Some((kind?, list))
    }

    fn reads(&self, request: &LoggedRequest, kinds: &Kinds) -> Vec<Rec> {
        let call = Call::of(request).filter(|call| call.model == PARTNER && call.method == "read");
        let ids = call.into_iter().flat_map(|call| call.ids);
        ids.map(|id| Rec::new(Side::Crm, kinds.of(&id), id)).collect()
    }

    fn shows_what_it_stored(&self) -> bool {
        false
    }
}

/// A change of fields, a move, or both in one request.
fn update(base: &Write, kind: Kind, id: &str, vals: &Value) -> Vec<Write> {
    let rec = Some(Rec::new(Side::Crm, kind, id));
    let values: Vec<(String, String)> = fields(kind, vals).into_iter().collect();
    let moves = vals.get("parent_id").map(|parent| linked(parent).into_iter().collect());
    let base = Write { kind, rec, ..base.clone() };
    let changed = (!values.is_empty()).then(|| Write { aim: Aim::Update, values, ..base.clone() });
    let joined = moves.map(|companies| Write { aim: Aim::Join, companies, ..base });
    changed.into_iter().chain(joined).collect()
}

fn fields(kind: Kind, shown: &Value) -> BTreeMap<String, String> {
    let is_own = |name: &str| OWN.contains(&name) || (kind == Kind::Contact && GIVEN_ON.contains(&name));
    let shown = shown.as_object().into_iter().flatten().filter(|(name, _)| !is_own(name));
    shown.map(|(name, value)| (name.clone(), text(name, value))).collect()
}

/// An empty field is `false`; a country is known by its code.
fn text(name: &str, value: &Value) -> String {
    match (name, linked(value)) {
        (_, _) if *value == Value::Bool(false) => String::new(),
        ("country_id", Some(id)) => id.parse().ok().and_then(OdooServer::country_code).map_or(id, str::to_owned),
        (_, Some(id)) if value.is_array() => id,
        _ => plain(value),
    }
}

/// The id of a link: bare where it is written, with a label where it is read.
fn linked(value: &Value) -> Option<String> {
    match value {
        Value::Number(_) => Some(plain(value)),
        Value::Array(pair) => pair.first().map(plain),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => None,
    }
}

/// What the envelope says, where there is one: a refusal in the model's own words, or a trouble of the server.
fn came_of(base: &Write, reply: &Value) -> Came {
    match reply.pointer("/error/data/name").and_then(Value::as_str) {
        None => base.came.clone(),
        Some("odoo.exceptions.MissingError") => Came::Refused(404),
        Some("odoo.exceptions.AccessDenied") => Came::Refused(401),
        Some("odoo.exceptions.AccessError") => Came::Refused(403),
        Some(name) if name.starts_with("odoo.exceptions.") => Came::Refused(422),
        Some(_) => Came::Failed,
    }
}

/// A call of a method.
#[derive(Debug)]
struct Call {
    model: String,
    method: String,
    ids: Vec<String>,
    arguments: Map<String, Value>,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.model, self.method)
    }
}

impl Call {
    fn of(request: &LoggedRequest) -> Option<Self> {
        let body = json(&request.body);
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match steps.as_slice() {
            ["json", "2", model, method] => {
                let mut arguments = body.as_object().cloned().unwrap_or_default();
                let ids = ids(arguments.remove("ids").as_ref());
                Some(Self { model: (*model).to_owned(), method: (*method).to_owned(), ids, arguments })
            }
            ["jsonrpc"] => Self::of_envelope(&body),
            _ => None,
        }
    }

    /// `[database, user, key, model, method, by place, by name]`; a method on records takes them first.
    fn of_envelope(body: &Value) -> Option<Self> {
        let given = body.pointer("/params/args")?.as_array()?;
        let (model, method) = (given.get(3)?.as_str()?, given.get(4)?.as_str()?);
        let mut placed = given.get(5).and_then(Value::as_array).cloned().unwrap_or_default().into_iter();
        let names: &[&str] = match method {
            "create" => &["vals_list"],
            "write" => &["vals"],
            "search_read" => &["domain"],
            _ => &[],
        };
        let ids = if matches!(method, "read" | "write") { ids(placed.next().as_ref()) } else { Vec::new() };
        let mut arguments = given.get(6).and_then(Value::as_object).cloned().unwrap_or_default();
        arguments.extend(names.iter().map(|name| (*name).to_owned()).zip(placed));
        Some(Self { model: model.to_owned(), method: method.to_owned(), ids, arguments })
    }
}

fn ids(given: Option<&Value>) -> Vec<String> {
    match given {
        Some(Value::Array(list)) => list.iter().map(plain).collect(),
        Some(one @ Value::Number(_)) => vec![plain(one)],
        Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_)) | None => Vec::new(),
    }
}
