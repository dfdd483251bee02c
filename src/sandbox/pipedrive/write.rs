//! Creates, updates and deletes: strict about types, and without any idea of a duplicate.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::errors::{Failure, success};
use super::fields::Field;
use super::list::record_id;
use super::options::AddressWrites;
use super::route::Scene;
use super::state::{Content, Entry, Kind, PARTS, State, taken_apart};
use crate::sandbox::crm::Grant;
use crate::sandbox::exchange::Answer;

/// The longest text of a field of one line.
const LONGEST: usize = 255;

/// The longest text of a large one.
const LONGEST_LARGE: usize = 65_000;

/// Makes a record.
pub(super) fn create(
    scene: &Scene<'_>,
    state: &mut State,
    kind: Kind,
    body: &Map<String, Value>,
) -> Result<Answer, Failure> {
    let content = applied(scene, state, kind, Content::default(), body)?;
    if content.name.is_empty() {
        return Err(Failure::invalid("name: is required"));
    }
    let now = scene.now();
    let id = state.insert(kind, content, now, now);
    answer(scene, state, kind, id)
}

/// Changes what is named.
pub(super) fn update(
    scene: &Scene<'_>,
    state: &mut State,
    kind: Kind,
    id: &str,
    body: &Map<String, Value>,
) -> Result<Answer, Failure> {
    let id = record_id(id)?;
    let record = state.live(kind, id).ok_or_else(|| Failure::not_found(kind.noun()))?;
    if record.grant != Grant::Full {
        return Err(Failure::not_permitted("edit", kind));
    }
    let content = applied(scene, state, kind, record.content.clone(), body)?;
    if content.name.is_empty() {
        return Err(Failure::invalid("name: must not be empty"));
    }
    state.store(kind, id, content, scene.now());
    answer(scene, state, kind, id)
}

/// Puts a record into the bin.
pub(super) fn delete(scene: &Scene<'_>, state: &mut State, kind: Kind, id: &str) -> Result<Answer, Failure> {
    let id = record_id(id)?;
    if state.live(kind, id).is_some_and(|record| record.grant != Grant::Full) {
        return Err(Failure::not_permitted("delete", kind));
    }
    if !state.set_deleted(kind, id, true, scene.now()) {
        return Err(Failure::not_found(kind.noun()));
    }
    Ok(success(&json!({"id": id}), &Value::Null))
}

fn answer(scene: &Scene<'_>, state: &State, kind: Kind, id: u64) -> Result<Answer, Failure> {
    let record = state.live(kind, id).ok_or_else(|| Failure::not_found(kind.noun()))?;
    let selected: Option<&[String]> = if scene.options.replies_whole { None } else { Some(&[]) };
    Ok(success(&state.shown(scene.options, kind, id, record, selected), &Value::Null))
}

/// The contents after a write.
fn applied(
    scene: &Scene<'_>,
    state: &State,
    kind: Kind,
    mut content: Content,
    body: &Map<String, Value>,
) -> Result<Content, Failure> {
    let before = content.clone();
    for (name, value) in body {
        match (kind, name.as_str()) {
            (_, "name") => {
                let Some(text) = value.as_str() else { return Err(expected("name", "string")) };
                if let Some(text) = treated(scene, kind, "name", text)? {
                    content.name = text;
                }
            }
            (_, "owner_id" | "visible_to") if value.is_u64() => {}
            (_, "add_time" | "update_time") if value.is_string() => {}
            (_, "label_ids") => {
                let ids = value.as_array().map(|ids| ids.iter().map(Value::as_u64).collect::<Option<Vec<_>>>());
                content.labels = ids.flatten().ok_or_else(|| expected("label_ids", "array"))?;
            }
            (Kind::Organizations, "address") => content.address = address(scene, kind, &content, value)?,
            (Kind::Persons, "org_id") => {
                content.org = if value.is_null() {
                    None
                } else {
                    let id = value.as_u64().ok_or_else(|| expected("org_id", "number"))?;
                    if state.live(Kind::Organizations, id).is_none() {
                        return Err(Failure::invalid("org_id: organization does not exist"));
                    }
                    Some(id)
                };
            }
            (Kind::Persons, "emails") => content.emails = entries(scene, &content.emails, "emails", value)?,
            (Kind::Persons, "phones") => content.phones = entries(scene, &content.phones, "phones", value)?,
            (Kind::Persons, "first_name") if scene.options.writable_names => {
                value.as_str().ok_or_else(|| expected("first_name", "string"))?.clone_into(&mut content.first_name);
            }
            (Kind::Persons, "last_name") if scene.options.writable_names => {
                value.as_str().ok_or_else(|| expected("last_name", "string"))?.clone_into(&mut content.last_name);
            }
            (Kind::Persons, "job_title") => {
                if !scene.options.contact_sync {
                    let error = "Contact sync is not enabled for this company";
                    return Err(Failure::new(StatusCode::FORBIDDEN, error, None));
                }
                let text =
                    if value.is_null() { "" } else { value.as_str().ok_or_else(|| expected("job_title", "string"))? };
                if let Some(text) = treated(scene, kind, "job_title", text)? {
                    content.job_title = text;
                }
            }
            (_, "custom_fields") => {
                let given = value.as_object().ok_or_else(|| expected("custom_fields", "object"))?;
                for (code, value) in given {
                    custom(scene, state, kind, &mut content, code, value)?;
                }
            }
            _ => return Err(Failure::invalid(format!("{name}: is not allowed"))),
        }
    }
    if kind == Kind::Persons {
        settle_names(&before, &mut content);
    }
    Ok(content)
}

/// The full name and its parts follow each other; the full name wins.
pub(super) fn settle_names(before: &Content, content: &mut Content) {
    if before.name != content.name {
        (content.first_name, content.last_name) = taken_apart(&content.name);
    } else if (&before.first_name, &before.last_name) != (&content.first_name, &content.last_name) {
        format!("{} {}", content.first_name, content.last_name).trim().clone_into(&mut content.name);
    }
}

/// A text as the server keeps it; `None` where it ignores it.
fn treated(scene: &Scene<'_>, kind: Kind, property: &str, text: &str) -> Result<Option<String>, Failure> {
    if text.chars().count() > LONGEST {
        return Err(Failure::invalid(format!("{property}: must be at most {LONGEST} characters long")));
    }
    Ok(scene.manners.treat(kind.plural(), property, text))
}

fn address(
    scene: &Scene<'_>,
    kind: Kind,
    content: &Content,
    value: &Value,
) -> Result<BTreeMap<String, String>, Failure> {
    if value.is_null() {
        return Ok(BTreeMap::new());
    }
    let given = value.as_object().ok_or_else(|| expected("address", "object"))?;
    let mut address = match scene.options.address_writes {
        AddressWrites::Merge => content.address.clone(),
        AddressWrites::Replace => BTreeMap::new(),
    };
    for (part, value) in given {
        if !PARTS.contains(&part.as_str()) {
            return Err(Failure::invalid(format!("address.{part}: is not allowed")));
        }
        let text = value.as_str().ok_or_else(|| expected(&format!("address.{part}"), "string"))?;
        let property = format!("address.{part}");
        match treated(scene, kind, &property, text)? {
            Some(text) if text.is_empty() => {
                address.remove(part);
            }
            Some(text) => {
                address.insert(part.clone(), text);
            }
            // Ignored: what was there stays.
            None => match content.address.get(part) {
                Some(before) => {
                    address.insert(part.clone(), before.clone());
                }
                None => {
                    address.remove(part);
                }
            },
        }
    }
    Ok(address)
}

fn entries(scene: &Scene<'_>, before: &[Entry], name: &str, value: &Value) -> Result<Vec<Entry>, Failure> {
    let list = value.as_array().ok_or_else(|| expected(name, "array"))?;
    let mut entries = Vec::new();
    for item in list {
        let item = item.as_object().ok_or_else(|| expected(name, "object"))?;
        if let Some(key) = item.keys().find(|key| !["value", "primary", "label"].contains(&key.as_str())) {
            return Err(Failure::invalid(format!("{name}.{key}: is not allowed")));
        }
        let value =
            item.get("value").and_then(Value::as_str).ok_or_else(|| expected(&format!("{name}.value"), "string"))?;
        let primary = match item.get("primary") {
            None => false,
            Some(flag) => flag.as_bool().ok_or_else(|| expected(&format!("{name}.primary"), "boolean"))?,
        };
        let label = match item.get("label") {
            None => "work",
            Some(label) => label.as_str().ok_or_else(|| expected(&format!("{name}.label"), "string"))?,
        };
        match treated(scene, Kind::Persons, name, value)? {
            Some(value) => entries.push(Entry { value, primary, label: label.to_owned() }),
            None => return Ok(before.to_vec()),
        }
    }
    // Somebody is always the primary one, and only one.
    let first = entries.iter().position(|entry| entry.primary).unwrap_or(0);
    for (place, entry) in entries.iter_mut().enumerate() {
        entry.primary = place == first;
    }
    Ok(entries)
}

fn custom(
    scene: &Scene<'_>,
    state: &State,
    kind: Kind,
    content: &mut Content,
    code: &str,
    value: &Value,
) -> Result<(), Failure> {
    let field = state.fields(kind).iter().find(|field| field.custom && field.code == code);
    let field = field.ok_or_else(|| Failure::invalid(format!("custom_fields.{code}: is not allowed")))?;
    check(field, value)?;
    if value.is_null() {
        // A server that ignores a field ignores that it is cleared, too.
        if scene.manners.treat(kind.plural(), code, "").is_some() {
            content.custom.remove(code);
        }
        return Ok(());
    }
    let stored = match value.as_str() {
        Some(text) => scene.manners.treat(kind.plural(), code, text).map(|text| json!(text)),
        None => Some(value.clone()),
    };
    match stored {
        Some(stored) if stored.as_str() == Some("") => {
            content.custom.remove(code);
        }
        Some(stored) => {
            content.custom.insert(code.to_owned(), stored);
        }
        None => {}
    }
    Ok(())
}

/// Whether a value is of the field's type.
fn check(field: &Field, value: &Value) -> Result<(), Failure> {
    let wrong = |expected: &str, what: &str| {
        Err(Failure::invalid(format!(
            "custom_fields: Expected '{expected}' as value for {what} custom field '{}'",
            field.code
        )))
    };
    let is_option = |id: &Value| id.as_u64().is_some_and(|id| field.options.iter().any(|(known, _)| *known == id));
    if value.is_null() {
        return Ok(());
    }
    match field.field_type.as_str() {
        "enum" if !value.is_u64() => wrong("number", "single option"),
        "enum" if !is_option(value) => wrong("existing option", "single option"),
        "set" => match value.as_array() {
            Some(ids) if !ids.is_empty() && ids.iter().all(is_option) => Ok(()),
            Some(_) | None => wrong("non-empty array of options", "multiple option"),
        },
        "double" | "int" | "user" | "org" | "people" if !value.is_number() => wrong("number", "numeric"),
        "monetary" => {
            let is_money =
                value.get("value").is_some_and(Value::is_number) && value.get("currency").is_some_and(Value::is_string);
            if is_money { Ok(()) } else { wrong("object", "monetary") }
        }
        "address" | "time" if !value.get("value").is_some_and(Value::is_string) => wrong("object", "address or time"),
        "daterange" | "timerange" if !value.get("until").is_some_and(Value::is_string) => wrong("object", "range"),
        "varchar" | "varchar_auto" | "phone" | "text" | "date" => {
            let most = if field.field_type == "text" { LONGEST_LARGE } else { LONGEST };
            let is_date = |text: &str| text.parse::<chrono::NaiveDate>().is_ok();
            match value.as_str() {
                None => wrong("string", "text"),
                Some(text) if text.chars().count() > most => wrong("shorter string", "text"),
                Some(text) if field.field_type == "date" && !is_date(text) => wrong("YYYY-MM-DD", "date"),
                Some(_) => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn expected(name: &str, sort: &str) -> Failure {
    Failure::invalid(format!("{name}: Expected {sort}"))
}
