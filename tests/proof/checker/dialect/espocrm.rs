//! `EspoCRM`: a request a record; a contact names its primary account, and its other accounts are linked by requests of their own.
//!
//! Numbers are stored bare, names without blanks around, addresses without them too.

use std::collections::BTreeMap;

use flowtly_sync::sandbox::{LoggedRequest, Manner};
use serde_json::Value;

use super::super::evidence::{Kind, Liberty, Rec, Record, Side, plain};
use super::super::story::{Aim, Came, List, Write};
use super::{Dialect, Kinds, json, liberty, moment, parameters, shown_of, texts};

#[derive(Debug)]
pub struct Espo;

/// What it writes by itself, and what names a contact's accounts.
const OWN: [&str; 11] = [
    "id",
    "deleted",
    "createdAt",
    "modifiedAt",
    "createdById",
    "modifiedById",
    "versionNumber",
    "accountId",
    "accountName",
    "accountsIds",
    "accountsNames",
];

impl Dialect for Espo {
    fn record(&self, kind: Kind, shown: &Value) -> Record {
        let mut parents: Vec<String> =
            shown.get("accountsIds").and_then(Value::as_array).into_iter().flatten().map(plain).collect();
        // A primary account without a name is none any more: it was deleted.
        let is_there = shown.get("accountName").is_some_and(Value::is_string);
        parents.extend(shown.get("accountId").map(plain).filter(|id| is_there && !id.is_empty()));
        Record { texts: fields(kind, shown), parents: parents.into_iter().collect(), ..Record::default() }
    }

    fn kinds(&self, collection: &str) -> &'static [Kind] {
        if collection == "Account" { &[Kind::Company] } else { &[Kind::Contact] }
    }

    fn writes(&self, base: &Write, request: &LoggedRequest, reply: &Value, _kinds: &Kinds) -> Vec<Write> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').skip(2).collect();
        let body = json(&request.body);
        match (request.method.as_str(), steps.as_slice()) {
            ("POST", [entity]) => match kind_of(entity) {
                Some(kind) => vec![record_write(base, kind, None, &body, reply)],
                None => vec![base.clone()],
            },
            ("PUT" | "PATCH", [entity, id]) => match kind_of(entity) {
                Some(kind) => vec![record_write(base, kind, Some(id), &body, reply)],
                None => vec![base.clone()],
            },
            (method @ ("POST" | "DELETE"), ["Account", account, "contacts"]) => {
                let aim = if method == "POST" { Aim::Join } else { Aim::Leave };
                let one = body.get("id").into_iter();
                let ids = one.chain(body.get("ids").and_then(Value::as_array).into_iter().flatten()).map(plain);
                let asked = parameters(request).into_iter().filter(|(name, _)| name == "id").map(|(_, id)| id);
                let write = |id: String| {
                    let rec = Some(Rec::new(Side::Crm, Kind::Contact, id));
                    Write { kind: Kind::Contact, aim, rec, companies: vec![(*account).to_owned()], ..base.clone() }
                };
                ids.chain(asked).map(write).collect()
            }
            _ => vec![base.clone()],
        }
    }

    fn list(&self, number: u64, request: &LoggedRequest) -> Option<(Kind, List)> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').skip(2).collect();
        let [entity] = steps.as_slice() else { return None };
        let kind = kind_of(entity)?;
        let mut list = List::whole(number);
        for condition in conditions(request).values() {
            match (condition.sort.as_str(), condition.attribute.as_str(), condition.values.as_slice()) {
                ("greaterThan", "id", [id]) => list.after = Some(id.clone()),
                ("greaterThanOrEquals", "modifiedAt" | "createdAt", [time]) => list.since = moment(time),
                // Some records alone.
                _ => return None,
            }
        }
        Some((kind, list))
    }

    fn reads(&self, request: &LoggedRequest, _kinds: &Kinds) -> Vec<Rec> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').skip(2).collect();
        let rec = |kind: Kind, id: &str| Rec::new(Side::Crm, kind, id);
        match steps.as_slice() {
            [entity] => {
                let Some(kind) = kind_of(entity) else { return Vec::new() };
                let conditions = conditions(request);
                let ids = conditions.values().filter(|condition| condition.sort == "in" && condition.attribute == "id");
                ids.flat_map(|condition| &condition.values).map(|id| rec(kind, id)).collect()
            }
            [entity, id] => kind_of(entity).map(|kind| rec(kind, id)).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn liberties(&self) -> Vec<Liberty> {
        vec![
            liberty(Kind::Company, "phoneNumber", Manner::BarePhone),
            liberty(Kind::Contact, "phoneNumber", Manner::BarePhone),
            liberty(Kind::Company, "name", Manner::Trim),
            liberty(Kind::Contact, "firstName", Manner::Trim),
            liberty(Kind::Contact, "lastName", Manner::Trim),
            liberty(Kind::Contact, "emailAddress", Manner::Trim),
        ]
    }

    fn has_several_companies(&self) -> bool {
        true
    }
}

fn kind_of(entity: &str) -> Option<Kind> {
    match entity {
        "Account" => Some(Kind::Company),
        "Contact" => Some(Kind::Contact),
        _ => None,
    }
}

/// The name of a contact is made of its parts.
fn fields(kind: Kind, shown: &Value) -> BTreeMap<String, String> {
    let mut fields = texts(shown);
    fields.retain(|name, _| !OWN.contains(&name.as_str()) && (kind == Kind::Company || name != "name"));
    fields
}

fn record_write(base: &Write, kind: Kind, id: Option<&str>, body: &Value, reply: &Value) -> Write {
    let values: Vec<(String, String)> = fields(kind, body).into_iter().collect();
    let companies: Vec<String> = body.get("accountId").map(plain).into_iter().collect();
    let aim = match id {
        None => Aim::Create,
        Some(_) if values.is_empty() && !companies.is_empty() => Aim::Join,
        Some(_) => Aim::Update,
    };
    let made = reply.get("id").filter(|_| base.came == Came::Done).map(plain);
    let rec = id.map(str::to_owned).or(made).map(|id| Rec::new(Side::Crm, kind, id));
    let stored = shown_of(&values, &texts(reply));
    Write { kind, aim, rec, values, stored, companies, ..base.clone() }
}

/// One condition of a list.
#[derive(Debug, Default)]
struct Condition {
    sort: String,
    attribute: String,
    values: Vec<String>,
}

/// The conditions of a list by their place: `where[0][type]`, `where[0][attribute]`, `where[0][value]` or `where[0][value][]`.
fn conditions(request: &LoggedRequest) -> BTreeMap<String, Condition> {
    let mut found: BTreeMap<String, Condition> = BTreeMap::new();
    for (name, text) in parameters(request) {
        let steps: Vec<&str> = name.split(['[', ']']).filter(|step| !step.is_empty()).collect();
        let ["where", place, what] = steps.as_slice() else { continue };
        let condition = found.entry((*place).to_owned()).or_default();
        match *what {
            "type" => condition.sort = text,
            "attribute" => condition.attribute = text,
            _ => condition.values.push(text),
        }
    }
    found
}
