//! Pipedrive: a request a record; addresses, e-mail addresses and numbers are written whole, custom fields go by a key.
//!
//! A mapping names a custom field by its name, and of a list of addresses or numbers the primary one is meant.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use flowtly_sync::sandbox::LoggedRequest;
use flowtly_sync::sandbox::pipedrive::CUSTOM_FIELDS;
use serde_json::Value;

use super::super::evidence::{Kind, Rec, Record, Side, plain};
use super::super::normal::tokens;
use super::super::story::{Aim, Came, List, Write};
use super::{Dialect, Kinds, json, parameters, shown_of};

#[derive(Debug)]
pub struct Pipedrive;

/// What Pipedrive writes by itself: the parts of a name are made of the whole.
const OWN: [&str; 13] = [
    "id",
    "owner_id",
    "add_time",
    "update_time",
    "is_deleted",
    "visible_to",
    "label_ids",
    "first_name",
    "last_name",
    "org_id",
    "picture_id",
    "birthday",
    "custom_fields",
];

/// The parts of an address; a part that a write leaves out is gone.
const PARTS: [&str; 9] = [
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
];

/// What the names of the parts of an address begin with.
const ADDRESS: &str = "address.";

/// The one line of an address that people see.
const LINE: &str = "address.value";

/// What stands behind the name of a list for the entries that are not the primary one.
const OTHERS: &str = " others";

impl Dialect for Pipedrive {
    fn record(&self, _kind: Kind, shown: &Value) -> Record {
        let org = shown.get("org_id").filter(|id| id.is_u64());
        let mut texts = fields(shown);
        // Who types into a part leaves the line as it was.
        texts.remove(LINE);
        Record {
            texts,
            parents: org.into_iter().map(plain).collect(),
            archived: shown.get("is_deleted") == Some(&Value::Bool(true)),
            ..Record::default()
        }
    }

    fn kinds(&self, collection: &str) -> &'static [Kind] {
        if collection == "organizations" { &[Kind::Company] } else { &[Kind::Contact] }
    }

    fn path(&self, name: &str) -> String {
        let custom = CUSTOM_FIELDS.iter().find(|(key, _)| *key == name);
        custom.map_or_else(|| name.to_owned(), |(_, name)| format!("custom:{name}"))
    }

    fn writes(&self, base: &Write, request: &LoggedRequest, reply: &Value, _kinds: &Kinds) -> Vec<Write> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let (kind, id) = match (request.method.as_str(), steps.as_slice()) {
            ("POST", ["api", "v2", records]) => (kind_of(records), None),
            ("PATCH", ["api", "v2", records, id]) => (kind_of(records), Some((*id).to_owned())),
            _ => (None, None),
        };
        let Some(kind) = kind else { return vec![base.clone()] };
        let (body, shown) = (json(&request.body), &reply["data"]);
        let values: Vec<(String, String)> = fields(&body).into_iter().collect();
        let moves = body.get("org_id").map(|org| org.as_u64().map(|id| id.to_string()).into_iter().collect::<Vec<_>>());
        let is_new = id.is_none();
        let made = shown.get("id").filter(|_| base.came == Came::Done).map(plain);
        let rec = id.or(made).map(|id| Rec::new(Side::Crm, kind, id));
        let stored = if base.came == Came::Done { shown_of(&values, &fields(shown)) } else { BTreeMap::new() };
        let base = Write { kind, rec, ..base.clone() };
        if is_new {
            return vec![Write { aim: Aim::Create, values, stored, companies: moves.unwrap_or_default(), ..base }];
        }
        let changed = (!values.is_empty()).then(|| Write { aim: Aim::Update, values, stored, ..base.clone() });
        let joined = moves.map(|companies| Write { aim: Aim::Join, companies, ..base });
        changed.into_iter().chain(joined).collect()
    }

    fn list(&self, number: u64, request: &LoggedRequest) -> Option<(Kind, List)> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let ["api", "v2", records] = steps.as_slice() else { return None };
        let kind = kind_of(records)?;
        let asked = parameters(request);
        let of = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str());
        if of("ids").is_some() || of("org_id").is_some() {
            return None;
        }
        let since = of("updated_since").and_then(|time| DateTime::parse_from_rfc3339(time).ok());
        let since = since.map(|time| time.with_timezone(&Utc));
        let behind =
            of("cursor").and_then(|cursor| cursor.split_once('g')).and_then(|(_, id)| u64::from_str_radix(id, 16).ok());
        match (of("sort_direction"), behind) {
            // What is new stood on the first page.
            (Some("desc"), Some(_)) => None,
            // In the order of changes, what is new stands at the end.
            (_, Some(_)) if since.is_some() => Some((kind, List { since, ..List::whole(number) })),
            (_, behind) => Some((kind, List { since, after: behind.map(|id| id.to_string()), ..List::whole(number) })),
        }
    }

    fn reads(&self, request: &LoggedRequest, _kinds: &Kinds) -> Vec<Rec> {
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let rec = |kind: Kind, id: &str| Rec::new(Side::Crm, kind, id);
        match steps.as_slice() {
            ["api", "v2", records] => {
                let Some(kind) = kind_of(records) else { return Vec::new() };
                let asked = parameters(request);
                let ids = asked.iter().filter(|(name, _)| name == "ids").flat_map(|(_, ids)| ids.split(','));
                ids.map(|id| rec(kind, id)).collect()
            }
            ["api", "v2", records, id] => kind_of(records).map(|kind| rec(kind, id)).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn line(&self) -> Option<(&'static str, &'static str)> {
        Some((LINE, ADDRESS))
    }

    fn goes_along(&self, property: &str) -> bool {
        property.starts_with(ADDRESS) || property.ends_with(OTHERS)
    }
}

fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "organizations" => Some(Kind::Company),
        "persons" => Some(Kind::Contact),
        _ => None,
    }
}

/// The texts of what is sent or shown.
fn fields(shown: &Value) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, value) in shown.as_object().into_iter().flatten() {
        match name.as_str() {
            "address" => fields.extend(address(value)),
            "emails" | "phones" => fields.extend(entries(name, value)),
            _ if OWN.contains(&name.as_str()) => {}
            _ => {
                fields.insert(name.clone(), plain(value));
            }
        }
    }
    for (key, value) in shown.get("custom_fields").and_then(Value::as_object).into_iter().flatten() {
        fields.insert(Pipedrive.path(key), plain(value));
    }
    fields
}

/// The parts of an address. The one line that people see is made of the parts; one that says more is a text of its own.
fn address(value: &Value) -> BTreeMap<String, String> {
    let part = |name: &str| value.get(name).map(plain).unwrap_or_default();
    let mut parts: BTreeMap<String, String> =
        PARTS.iter().map(|name| (format!("address.{name}"), part(name))).collect();
    let said: BTreeSet<String> = parts.values().flat_map(|text| tokens(text)).collect();
    let line = part("value");
    if !tokens(&line).is_subset(&said) {
        parts.insert(LINE.to_owned(), line);
    }
    parts
}

/// The primary entry of a list, and the others.
fn entries(name: &str, value: &Value) -> [(String, String); 2] {
    let list: Vec<&Value> = value.as_array().into_iter().flatten().collect();
    let place = list.iter().position(|entry| entry["primary"] == Value::Bool(true)).unwrap_or(0);
    let primary = list.get(place).map(|entry| plain(&entry["value"])).unwrap_or_default();
    let others = list.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, entry)| plain(&entry["value"]));
    [(name.to_owned(), primary), (format!("{name}{OTHERS}"), others.collect::<Vec<_>>().join("; "))]
}
