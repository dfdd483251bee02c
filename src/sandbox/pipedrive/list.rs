//! Lists and reads by id. A cursor holds the key of the last record, so that a page goes on behind it whatever happened since.

use chrono::DateTime;
use http::StatusCode;
use serde_json::{Value, json};

use super::errors::{Failure, success};
use super::route::Scene;
use super::state::{Kind, Record, State};
use crate::sandbox::crm::Grant;
use crate::sandbox::exchange::{Answer, Ask};

/// The cursor of the first page, which no answer gives.
const BEGINNING: &str = "0";

/// The parameters that a list takes.
const PARAMETERS: [&str; 15] = [
    "filter_id",
    "ids",
    "owner_id",
    "org_id",
    "deal_id",
    "updated_since",
    "updated_until",
    "sort_by",
    "sort_direction",
    "include_fields",
    "custom_fields",
    "include_option_labels",
    "include_labels",
    "limit",
    "cursor",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Id,
    Updated,
    Added,
}

impl Sort {
    fn key(self, id: u64, record: &Record) -> (i64, u64) {
        let seconds = |millis: i64| millis.div_euclid(1_000);
        match self {
            Self::Id => (0, id),
            Self::Updated => (seconds(record.modified), id),
            Self::Added => (seconds(record.created), id),
        }
    }
}

/// Lists records.
pub(super) fn list(scene: &Scene<'_>, state: &State, kind: Kind) -> Result<Answer, Failure> {
    let ask = scene.ask;
    if let Some((name, _)) = ask.parameters().iter().find(|(name, _)| !PARAMETERS.contains(&name.as_str())) {
        return Err(Failure::invalid(format!("{name}: is not allowed")));
    }
    let limit = limit(ask, 500)?;
    let sort = match ask.parameter("sort_by").as_deref() {
        None | Some("id") => Sort::Id,
        Some("update_time") => Sort::Updated,
        Some("add_time") => Sort::Added,
        Some(_) => return Err(Failure::invalid("sort_by: must be one of id, update_time, add_time")),
    };
    let descending = match ask.parameter("sort_direction").as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(Failure::invalid("sort_direction: must be one of asc, desc")),
    };
    let since = seconds(ask, "updated_since")?;
    let until = seconds(ask, "updated_until")?;
    let org = number(ask, "org_id")?;
    let ids = ids(ask)?;
    let selected = selected(state, ask, kind)?;
    let after =
        ask.parameter("cursor").filter(|cursor| cursor != BEGINNING).map(|cursor| parse(&cursor)).transpose()?;
    let is_wanted = |id: u64, record: &Record| {
        let updated = record.modified.div_euclid(1_000);
        record.deleted.is_none()
            && record.grant != Grant::Nothing
            && since.is_none_or(|since| updated >= since)
            && until.is_none_or(|until| updated < until)
            && org.is_none_or(|org| kind == Kind::Persons && record.content.org == Some(org))
            && ids.as_ref().is_none_or(|ids| ids.contains(&id))
    };
    let table = state.table(kind);
    // One more than a page, so that it is known whether there are more.
    let page: Vec<(u64, &Record)> = if sort == Sort::Id && !descending {
        let from = after.map_or(0, |(_, id)| id + 1);
        table.rows_from(from).filter(|(id, record)| is_wanted(*id, record)).take(limit + 1).collect()
    } else {
        let mut all: Vec<(u64, &Record)> = table.iter().filter(|(id, record)| is_wanted(*id, record)).collect();
        all.sort_by_key(|(id, record)| sort.key(*id, record));
        if descending {
            all.reverse();
        }
        let is_behind = |key: (i64, u64)| after.is_none_or(|after| if descending { key < after } else { key > after });
        all.into_iter().filter(|(id, record)| is_behind(sort.key(*id, record))).take(limit + 1).collect()
    };
    let has_more = page.len() > limit;
    let page = page.get(..page.len().min(limit)).unwrap_or_default();
    let next = page.last().filter(|_| has_more).map(|(id, record)| write(sort.key(*id, record)));
    let shown: Vec<Value> =
        page.iter().map(|(id, record)| state.shown(scene.options, kind, *id, record, selected.as_deref())).collect();
    Ok(success(&json!(shown), &json!({"next_cursor": next})).page())
}

/// Shows a record, one in the bin too.
pub(super) fn show(scene: &Scene<'_>, state: &State, kind: Kind, id: &str) -> Result<Answer, Failure> {
    let id = record_id(id)?;
    let record = state.record(kind, id, scene.now()).ok_or_else(|| Failure::not_found(kind.noun()))?;
    if record.grant == Grant::Nothing {
        return Err(Failure::not_permitted("see", kind));
    }
    let selected = selected(state, scene.ask, kind)?;
    Ok(success(&state.shown(scene.options, kind, id, record, selected.as_deref()), &Value::Null))
}

/// An id in a path.
pub(super) fn record_id(text: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| Failure::invalid("id: Expected number, received nan"))
}

/// How many records a page shall have.
pub(super) fn limit(ask: &Ask, most: usize) -> Result<usize, Failure> {
    let Some(text) = ask.parameter("limit") else { return Ok(100) };
    text.parse()
        .ok()
        .filter(|limit| (1..=most).contains(limit))
        .ok_or_else(|| Failure::invalid(format!("limit: must be a number from 1 to {most}")))
}

fn number(ask: &Ask, name: &str) -> Result<Option<u64>, Failure> {
    let Some(text) = ask.parameter(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Failure::invalid(format!("{name}: Expected number, received nan")))
}

/// A time with whole seconds; fractions are refused.
fn seconds(ask: &Ask, name: &str) -> Result<Option<i64>, Failure> {
    let Some(text) = ask.parameter(name) else { return Ok(None) };
    let time = DateTime::parse_from_rfc3339(&text).ok().filter(|_| !text.contains('.'));
    time.map(|time| Some(time.timestamp())).ok_or_else(|| Failure::invalid(format!("{name}: is not a valid datetime")))
}

fn ids(ask: &Ask) -> Result<Option<Vec<u64>>, Failure> {
    let Some(text) = ask.parameter("ids") else { return Ok(None) };
    let ids: Result<Vec<u64>, _> = text.split(',').map(str::parse).collect();
    let ids = ids.map_err(|_| Failure::invalid("ids: Expected numbers"))?;
    if ids.len() > 100 {
        return Err(Failure::invalid("ids: must contain at most 100 items"));
    }
    Ok(Some(ids))
}

/// The custom fields that are asked for: at most 15, and each has to be there.
fn selected(state: &State, ask: &Ask, kind: Kind) -> Result<Option<Vec<String>>, Failure> {
    let Some(text) = ask.parameter("custom_fields") else { return Ok(None) };
    let codes: Vec<String> = text.split(',').map(str::to_owned).collect();
    if codes.len() > 15 {
        return Err(Failure::invalid("custom_fields: must contain at most 15 items"));
    }
    let is_known = |code: &String| state.fields(kind).iter().any(|field| field.custom && field.code == *code);
    match codes.iter().find(|code| !is_known(code)) {
        Some(code) => Err(Failure::invalid(format!("custom_fields: unknown field '{code}'"))),
        None => Ok(Some(codes)),
    }
}

fn write((key, id): (i64, u64)) -> String {
    format!("{key:x}g{id:x}")
}

fn parse(cursor: &str) -> Result<(i64, u64), Failure> {
    let parts = cursor.split_once('g');
    parts
        .and_then(|(key, id)| Some((i64::from_str_radix(key, 16).ok()?, u64::from_str_radix(id, 16).ok()?)))
        .ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, "Invalid cursor", None))
}
