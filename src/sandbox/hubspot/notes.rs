//! Notes: a text at some companies. They are records of a type of their own; only what hangs on companies is served.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::batch::{envelope, inputs};
use super::errors::{Failure, Invalid};
use super::objects::{answer, properties_of};
use super::render::instant_text;
use super::route::{Scene, object_of};
use super::state::State;
use super::write::{id_of, millis_of};
use crate::sandbox::exchange::Answer;

/// The properties that a note has for callers to set.
const SETTABLE: [&str; 4] = ["hs_timestamp", "hs_note_body", "hubspot_owner_id", "hs_attachment_ids"];

/// The longest text of a note.
const LONGEST: usize = 65_536;

/// The type id of the association from a note to a company.
const NOTE_TO_COMPANY: u64 = 190;

/// The one from a company to a note.
const COMPANY_TO_NOTE: u64 = 189;

/// A note. Times are milliseconds of the epoch.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    pub(super) properties: BTreeMap<String, String>,
    pub(super) companies: Vec<u64>,
    pub(super) archived: bool,
    pub(super) created: i64,
    pub(super) modified: i64,
}

/// What is done with notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route<'path> {
    /// All of them: only making one is served.
    All,
    /// One.
    One(&'path str),
    /// Several by id.
    Read,
    /// The notes of companies.
    OfCompanies,
}

/// `POST …/objects/notes`.
pub(super) fn create(scene: &Scene<'_>, state: &mut State) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let sent = properties_of(&body)?;
    let mut note = Note { created: scene.now(), ..Note::default() };
    set(scene, &mut note, sent)?;
    if !note.properties.contains_key("hs_timestamp") {
        return Err(Failure::validation("Error creating NOTE. Some required properties were not set: [hs_timestamp]"));
    }
    note.companies = match body.get("associations") {
        Some(Value::Array(list)) => companies(state, list)?,
        None if !scene.requires_associations() => Vec::new(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) | None => {
            return Err(Failure::input("Some required fields were not set: [associations]"));
        }
    };
    let id = state.notes.keys().next_back().map_or(70_001, |last| last + 1);
    let shown = shown(id, &note, sent.keys().map(String::as_str));
    state.notes.insert(id, note);
    Ok(answer(StatusCode::CREATED, shown.to_string()))
}

/// `GET`, `PATCH` and `DELETE` of one.
pub(super) fn show(scene: &Scene<'_>, state: &State, id: &str) -> Result<Answer, Failure> {
    let (id, note) = live(state, id)?;
    let asked = scene.ask.parameter("properties").unwrap_or_default();
    Ok(answer(StatusCode::OK, shown(id, note, asked.split(',').map(str::trim)).to_string()))
}

pub(super) fn update(scene: &Scene<'_>, state: &mut State, id: &str) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let sent = properties_of(&body)?;
    let (id, note) = live(state, id)?;
    let mut note = note.clone();
    set(scene, &mut note, sent)?;
    let shown = shown(id, &note, sent.keys().map(String::as_str));
    state.notes.insert(id, note);
    Ok(answer(StatusCode::OK, shown.to_string()))
}

pub(super) fn archive(state: &mut State, id: &str) -> Result<Answer, Failure> {
    let id: u64 = id.parse().map_err(|_| Failure::no_object(id))?;
    if let Some(note) = state.notes.get_mut(&id) {
        note.archived = true;
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// `POST …/objects/notes/batch/read`.
pub(super) fn read(scene: &Scene<'_>, state: &State) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let names: Vec<&str> =
        body.get("properties").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let (mut results, mut missing, mut met) = (Vec::new(), Vec::new(), BTreeSet::new());
    for input in inputs(&body)? {
        let id = input.get("id").and_then(id_of).ok_or_else(|| Failure::input("id is missing"))?;
        match state.notes.get(&id).filter(|note| !note.archived) {
            Some(note) if met.insert(id) => {
                results.push(shown(id, note, names.iter().copied()).to_string().into_bytes());
            }
            Some(_) => {}
            None => missing.push(id.to_string()),
        }
    }
    let errors: Vec<Failure> = if missing.is_empty() {
        Vec::new()
    } else {
        let message = "Could not get some NOTE objects, they may be deleted or not exist. Check that ids are valid.";
        let failure = Failure::new(StatusCode::NOT_FOUND, message, Some("OBJECT_NOT_FOUND"));
        vec![failure.with("ids", &missing)]
    };
    Ok(envelope(scene, StatusCode::OK, results, &errors).page())
}

/// `POST …/associations/companies/notes/batch/read`.
pub(super) fn of_companies(scene: &Scene<'_>, state: &State) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for input in inputs(&body)? {
        let id = input.get("id").and_then(id_of).ok_or_else(|| Failure::input("id is missing"))?;
        let id = state.companies.survivor(id);
        let after = input.get("after").and_then(id_of).and_then(|after| usize::try_from(after).ok()).unwrap_or(0);
        let is_live = state.companies.objects.get(id).is_some_and(|company| company.archived.is_none());
        let notes: Vec<u64> = if is_live { state.notes_of(id).map(|(note, _)| note).collect() } else { Vec::new() };
        if notes.is_empty() {
            errors.push(none_of(id));
            continue;
        }
        let page = scene.options.association_page;
        let type_shown = json!([{"category": "HUBSPOT_DEFINED", "typeId": COMPANY_TO_NOTE, "label": null}]);
        let to: Vec<Value> = notes
            .iter()
            .skip(after)
            .take(page)
            .map(|note| json!({"toObjectId": note, "associationTypes": type_shown}))
            .collect();
        let mut row = json!({"from": {"id": id.to_string()}, "to": to});
        let next = after.saturating_add(page);
        if let Some(row) = row.as_object_mut().filter(|_| next < notes.len()) {
            row.insert("paging".to_owned(), json!({"next": {"after": next.to_string()}}));
        }
        results.push(row.to_string().into_bytes());
    }
    Ok(envelope(scene, StatusCode::OK, results, &errors).page())
}

fn none_of(company: u64) -> Failure {
    let message = format!("No note is associated with company {company}.");
    let failure = Failure::new(StatusCode::NOT_FOUND, message, Some("OBJECT_NOT_FOUND"))
        .with("fromObjectId", &[company.to_string()])
        .with("fromObjectType", &["company".to_owned()])
        .with("toObjectType", &["note".to_owned()]);
    Failure { sub_category: Some("crm.associations.NO_ASSOCIATIONS_FOUND"), ..failure }
}

fn live<'state>(state: &'state State, id: &str) -> Result<(u64, &'state Note), Failure> {
    let number: u64 = id.parse().map_err(|_| Failure::no_object(id))?;
    let note = state.notes.get(&number).filter(|note| !note.archived).ok_or_else(Failure::not_found)?;
    Ok((number, note))
}

/// Everything that is wrong is refused at once.
fn set(scene: &Scene<'_>, note: &mut Note, sent: &Map<String, Value>) -> Result<(), Failure> {
    let mut invalid = Vec::new();
    for (name, value) in sent {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) if name == "hs_timestamp" => number.to_string(),
            Value::Null => continue,
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                return Err(Failure::input(&format!("the value of property {name} has to be a string")));
            }
        };
        let mut refuse =
            |code, message| invalid.push(Invalid { name: name.clone(), value: text.clone(), code, message });
        if !SETTABLE.contains(&name.as_str()) {
            refuse("PROPERTY_DOESNT_EXIST", format!("Property \"{name}\" does not exist"));
        } else if name == "hs_timestamp" && millis_of(&text).is_none() {
            refuse("INVALID_LONG", format!("{text} was not a valid long."));
        } else if text.chars().count() > LONGEST {
            refuse("PROPERTY_VALUE_TOO_LONG", format!("Property values may have {LONGEST} characters at most."));
        } else if let Some(text) = scene.desk().manners.treat("notes", name, &text) {
            let text = if name == "hs_timestamp" { millis_of(&text).map_or(text, instant_text) } else { text };
            note.properties.insert(name.clone(), text);
        }
    }
    note.modified = scene.now();
    if invalid.is_empty() { Ok(()) } else { Err(Failure::properties(scene.options.portal, &invalid)) }
}

/// The companies that a new note is put to, which have to be live.
fn companies(state: &State, list: &[Value]) -> Result<Vec<u64>, Failure> {
    list.iter()
        .map(|entry| {
            let id = entry.pointer("/to/id").and_then(id_of).ok_or_else(|| Failure::input("to.id is missing"))?;
            let types = entry.get("types").and_then(Value::as_array).filter(|types| !types.is_empty());
            let types = types.ok_or_else(|| Failure::input("types is missing"))?;
            let is_ours = |one: &Value| {
                one.get("associationCategory").and_then(Value::as_str) == Some("HUBSPOT_DEFINED")
                    && one.get("associationTypeId").and_then(Value::as_u64) == Some(NOTE_TO_COMPANY)
            };
            if !types.iter().all(is_ours) {
                return Err(Failure::validation("invalid association type for associations from object type 0-46"));
            }
            let id = state.companies.survivor(id);
            let company = state.companies.objects.get(id).filter(|company| company.archived.is_none());
            company.map(|_| id).ok_or_else(|| Failure::validation("One or more associations are invalid"))
        })
        .collect()
}

fn shown<'a>(id: u64, note: &Note, names: impl Iterator<Item = &'a str>) -> Value {
    let mut properties = Map::new();
    for name in names.filter(|name| !name.is_empty()) {
        let text = note.properties.get(name).map_or(Value::Null, |text| json!(text));
        properties.insert(name.to_owned(), text);
    }
    properties.insert("hs_object_id".to_owned(), json!(id.to_string()));
    properties.insert("hs_createdate".to_owned(), json!(instant_text(note.created)));
    properties.insert("hs_lastmodifieddate".to_owned(), json!(instant_text(note.modified)));
    json!({
        "id": id.to_string(), "properties": properties, "createdAt": instant_text(note.created),
        "updatedAt": instant_text(note.modified), "archived": note.archived,
    })
}
