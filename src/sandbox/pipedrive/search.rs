//! The search: by an index that may lag, over names, addresses and those custom fields that are texts or numbers.

use serde_json::{Value, json};

use super::errors::{Failure, success};
use super::list::limit;
use super::route::Scene;
use super::state::{Content, Kind, State};
use crate::sandbox::crm::Grant;
use crate::sandbox::exchange::Answer;

/// Custom fields of these types are searched.
const SEARCHABLE: [&str; 7] = ["address", "varchar", "text", "varchar_auto", "double", "monetary", "phone"];

/// Searches one sort of record.
pub(super) fn search(scene: &Scene<'_>, state: &State, kind: Kind) -> Result<Answer, Failure> {
    let ask = scene.ask;
    let exact = match ask.parameter("exact_match").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Failure::invalid("exact_match: Expected boolean")),
    };
    let term = ask.parameter("term").unwrap_or_default().to_lowercase();
    if term.chars().count() < if exact { 1 } else { 2 } {
        return Err(Failure::invalid("term: is too short"));
    }
    let known: &[&str] = match kind {
        Kind::Organizations => &["address", "custom_fields", "notes", "name"],
        Kind::Persons => &["custom_fields", "email", "notes", "phone", "name"],
    };
    let fields: Vec<String> = match ask.parameter("fields") {
        None => known.iter().map(|field| (*field).to_owned()).collect(),
        Some(text) => text.split(',').map(str::to_owned).collect(),
    };
    if let Some(field) = fields.iter().find(|field| !known.contains(&field.as_str())) {
        return Err(Failure::invalid(format!("fields: unknown field '{field}'")));
    }
    let limit = limit(ask, 500)?;
    let holds = |text: &str| {
        let text = text.to_lowercase();
        if exact { text == term } else { text.contains(&term) }
    };
    let now = scene.now();
    let hits: Vec<Value> = state
        .table(kind)
        .iter()
        .filter(|(_, record)| record.grant != Grant::Nothing)
        .filter_map(|(id, record)| Some((id, record.as_indexed(now)?)))
        .filter(|(_, content)| texts(state, kind, content, &fields).iter().any(|text| holds(text)))
        .take(limit)
        .map(|(id, content)| {
            json!({"result_score": 1.0, "item": {
                "id": id,
                "type": if kind == Kind::Organizations { "organization" } else { "person" },
                "name": content.name,
                "visible_to": 3,
                "owner": {"id": 1},
                "custom_fields": [],
                "notes": [],
            }})
        })
        .collect();
    Ok(success(&json!({"items": hits}), &json!({"next_cursor": null})))
}

fn texts(state: &State, kind: Kind, content: &Content, fields: &[String]) -> Vec<String> {
    let mut texts = Vec::new();
    for field in fields {
        match field.as_str() {
            "name" => texts.push(content.name.clone()),
            "email" => texts.extend(content.emails.iter().map(|entry| entry.value.clone())),
            "phone" => texts.extend(content.phones.iter().map(|entry| entry.value.clone())),
            "address" => texts.extend(content.address.values().cloned()),
            "custom_fields" => {
                let searched = state
                    .fields(kind)
                    .iter()
                    .filter(|field| field.custom && SEARCHABLE.contains(&field.field_type.as_str()));
                texts.extend(searched.filter_map(|field| {
                    let stored = content.custom.get(&field.code)?;
                    let value = stored.get("value").unwrap_or(stored);
                    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                }));
            }
            _ => {}
        }
    }
    texts
}
