//! Reads by id and searches: which records, in which order, and with which fields.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::cell::{self, Cell};
use super::domain::{self, Node};
use super::errors::Failure;
use super::fields::{Definition, Model};
use super::methods::{Call, Method};
use super::state::{Record, State};
use crate::sandbox::json::{self, Spelling};

fn names(call: &Call, argument: &str, fields: &[Definition]) -> Result<Vec<String>, Failure> {
    let every = || fields.iter().map(|field| field.name.clone()).filter(|name| !name.is_empty()).collect();
    let listed = match call.arguments.get(argument) {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(every()),
        Some(Value::Array(list)) if list.is_empty() => return Ok(every()),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>(),
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        Some(other) => return Err(Failure::value(format!("Invalid {argument}: {other}"))),
    };
    for name in &listed {
        if name.is_empty() || !fields.iter().any(|field| field.name == *name) {
            return Err(Failure::invalid_field(name, call.model.name()));
        }
    }
    Ok(listed)
}

/// Writes a record with these fields.
pub(super) fn render(out: &mut Vec<u8>, state: &State, record: &Record<'_>, names: &[String]) {
    out.extend_from_slice(b"{\"id\":");
    json::number(out, record.id());
    for name in names.iter().filter(|name| *name != "id") {
        out.push(b',');
        json::string(out, name, Spelling::Raw);
        out.push(b':');
        cell::write(out, state, &record.cell(state, name));
    }
    out.push(b'}');
}

/// Records by id, in the order of the ids; those that are not there are left out.
pub(super) fn read(state: &State, call: &Call) -> Result<Vec<u8>, Failure> {
    let fields = state.fields(call.model);
    let names = names(call, "fields", &fields)?;
    let mut out = Vec::from(b"[");
    let listed =
        if matches!(call.model, Model::Partner | Model::Attachment) { Vec::new() } else { state.records(call.model) };
    for id in &call.ids {
        let record = if call.model == Model::Partner {
            state.partners.get(*id).map(|partner| Record::Partner(*id, partner))
        } else if call.model == Model::Attachment {
            state.attachments.get(*id).map(|one| Record::Attachment(*id, one))
        } else {
            None
        };
        let found = record.as_ref().or_else(|| listed.iter().find(|record| record.id() == *id));
        if let Some(record) = found {
            json::comma(&mut out);
            render(&mut out, state, record, &names);
        }
    }
    out.push(b']');
    Ok(out)
}

/// The records that meet a domain: a page of them, their ids, or how many they are.
pub(super) fn search(state: &State, call: &Call) -> Result<Vec<u8>, Failure> {
    let fields = state.fields(call.model);
    let empty = json!([]);
    let domain = domain::parse(call.model, &fields, call.arguments.get("domain").unwrap_or(&empty))?;
    let limit = limit(call.arguments.get("limit"))?;
    let offset = offset(call.arguments.get("offset"))?;
    let order = order(call, &fields)?;
    let found = matching(state, call, &domain, &order, (order.is_empty() && offset == 0).then_some(limit).flatten());
    if call.method == Method::SearchCount {
        return Ok(found.len().to_string().into_bytes());
    }
    let total = found.len();
    let shown = found.into_iter().skip(offset).take(limit.unwrap_or(usize::MAX));
    let mut out = Vec::from(b"[");
    if call.method == Method::Search {
        for record in shown {
            json::comma(&mut out);
            json::number(&mut out, record.id());
        }
    } else {
        let argument = if call.method == Method::WebSearchRead { "specification" } else { "fields" };
        let names = names(call, argument, &fields)?;
        for record in shown {
            json::comma(&mut out);
            render(&mut out, state, &record, &names);
        }
    }
    out.push(b']');
    if call.method == Method::WebSearchRead {
        let mut whole = format!("{{\"length\":{total},\"records\":").into_bytes();
        whole.append(&mut out);
        whole.push(b'}');
        return Ok(whole);
    }
    Ok(out)
}

/// The records that meet a domain, in order; no more than `enough` where nothing is to be sorted or skipped.
fn matching<'a>(
    state: &'a State,
    call: &Call,
    domain: &Node,
    order: &[(String, bool)],
    enough: Option<usize>,
) -> Vec<Record<'a>> {
    let hides = call.model.has_archive()
        && call.context.get("active_test") != Some(&Value::Bool(false))
        && !domain.names_active();
    let meets = |record: &Record<'_>| (!hides || record.is_active()) && domain.holds(state, record);
    let mut found: Vec<Record<'a>> = if call.model == Model::Partner {
        // Long lists are walked by key: what lies before it is not looked at.
        let from = domain.lowest_id().saturating_add(1);
        let visible = state.partners.rows_from(from).filter(|(id, _)| !state.hidden.contains(id));
        let records = visible.map(|(id, partner)| Record::Partner(id, partner));
        records.filter(meets).take(enough.unwrap_or(usize::MAX)).collect()
    } else {
        state.records(call.model).into_iter().filter(meets).collect()
    };
    if !order.is_empty() {
        found.sort_by(|one, other| {
            order.iter().fold(Ordering::Equal, |so_far, (name, down)| {
                so_far.then_with(|| {
                    let ordering = compare(&one.cell(state, name), &other.cell(state, name));
                    if *down { ordering.reverse() } else { ordering }
                })
            })
        });
    }
    found
}

fn compare(one: &Cell<'_>, other: &Cell<'_>) -> Ordering {
    match (one, other) {
        (Cell::Number(one), Cell::Number(other)) | (Cell::Stamp(one), Cell::Stamp(other)) => one.cmp(other),
        (Cell::Decimal(one), Cell::Decimal(other)) => one.total_cmp(other),
        (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
        (Cell::Flag(one), Cell::Flag(other)) => one.cmp(other),
        (Cell::Link(_, one), Cell::Link(_, other)) => one.cmp(other),
        // PostgreSQL puts what is empty last.
        (Cell::Empty, Cell::Empty) => Ordering::Equal,
        (Cell::Empty, _) => Ordering::Greater,
        (_, Cell::Empty) => Ordering::Less,
        (_, _) => Ordering::Equal,
    }
}

/// Field and whether it goes down; empty for the order of ids, in which records stand anyway.
fn order(call: &Call, fields: &[Definition]) -> Result<Vec<(String, bool)>, Failure> {
    let Some(Value::String(text)) = call.arguments.get("order") else { return Ok(Vec::new()) };
    let mut order = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let name = words.next().unwrap_or_default();
        if name.is_empty() || !fields.iter().any(|field| field.name == name) {
            return Err(Failure::invalid_field(name, call.model.name()));
        }
        let down = match words.next().map(str::to_lowercase).as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Failure::user("Invalid \"order\" specified")),
        };
        order.push((name.to_owned(), down));
    }
    if order == [("id".to_owned(), false)] { Ok(Vec::new()) } else { Ok(order) }
}

/// Zero, `false` and nothing mean everything.
fn limit(value: Option<&Value>) -> Result<Option<usize>, Failure> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(None),
        Some(Value::Number(number)) if number.as_u64().is_some() => {
            Ok(number.as_u64().and_then(|number| usize::try_from(number).ok()))
        }
        Some(other) => {
            let class = "psycopg2.errors.InvalidRowCountInLimitClause";
            Err(Failure::database(class, format!("LIMIT must not be {other}")))
        }
    }
}

fn offset(value: Option<&Value>) -> Result<usize, Failure> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(0),
        Some(value) => value.as_u64().and_then(|offset| usize::try_from(offset).ok()).ok_or_else(|| {
            Failure::database("psycopg2.errors.InvalidRowCountInResultOffsetClause", "OFFSET must not be negative")
        }),
    }
}
