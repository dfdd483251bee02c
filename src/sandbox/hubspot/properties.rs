//! Definitions of properties.

use http::StatusCode;
use serde_json::{Value, json};

use super::errors::Failure;
use super::objects::answer;
use super::route::{Scene, object_of};
use super::schema::{Definition, Kind, Sort, Visibility, custom};
use super::state::State;
use crate::sandbox::exchange::Answer;

/// The most unique properties of a type.
const MOST_UNIQUE: usize = 10;

/// `GET` of all.
pub(super) fn list(state: &State, kind: Kind) -> Answer {
    let rows: Vec<Value> = state
        .drawer(kind)
        .definitions
        .iter()
        .filter(|definition| definition.visibility == Visibility::Shown)
        .map(shown)
        .collect();
    answer(StatusCode::OK, json!({"results": rows}).to_string())
}

/// `GET` of one.
pub(super) fn show(state: &State, kind: Kind, name: &str) -> Result<Answer, Failure> {
    let (_, definition) = state.drawer(kind).property(name).ok_or_else(|| missing(name))?;
    Ok(answer(StatusCode::OK, shown(definition).to_string()))
}

/// `POST` of one.
pub(super) fn create(scene: &Scene<'_>, state: &mut State, kind: Kind) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let word = |key: &str| {
        body.get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Failure::input(&format!("Some required fields were not set: [{key}]")))
    };
    let (name, label, group) = (word("name")?, word("label")?, word("groupName")?);
    let sort = Sort::parse(word("type")?).ok_or_else(|| Failure::input("type is unknown"))?;
    word("fieldType")?;
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        return Err(Failure::validation(format!("The name \"{name}\" of a property may have a-z, 0-9 and _ only")));
    }
    let is_unique = body.get("hasUniqueValue").and_then(Value::as_bool).unwrap_or(false);
    let drawer = state.drawer_mut(kind);
    if drawer.definitions.iter().any(|other| other.name == name && other.visibility != Visibility::Removed) {
        let message = format!("A property named '{name}' already exists.");
        let failure = Failure::new(StatusCode::CONFLICT, message, Some("OBJECT_ALREADY_EXISTS"));
        return Err(Failure { sub_category: Some("Properties.PROPERTY_EXISTS"), ..failure });
    }
    if is_unique && drawer.definitions.iter().filter(|other| other.is_unique).count() >= MOST_UNIQUE {
        return Err(Failure::validation(format!("At most {MOST_UNIQUE} unique properties are allowed")));
    }
    let definition = Definition { group: group.to_owned(), sort, is_unique, ..custom(kind, name, label) };
    let body = shown(&definition).to_string();
    drawer.definitions.push(definition);
    Ok(answer(StatusCode::CREATED, body))
}

fn missing(name: &str) -> Failure {
    let message = format!("Property {name} does not exist");
    let failure = Failure::new(StatusCode::NOT_FOUND, message, Some("OBJECT_NOT_FOUND"));
    Failure { sub_category: Some("Properties.PROPERTY_NOT_FOUND"), ..failure.with("propertyName", &[name.to_owned()]) }
}

fn shown(definition: &Definition) -> Value {
    let options: Vec<Value> = definition
        .choices
        .iter()
        .enumerate()
        .map(|(place, choice)| json!({"label": choice, "value": choice, "displayOrder": place, "hidden": false}))
        .collect();
    json!({
        "name": definition.name,
        "label": definition.label,
        "type": definition.sort.as_str(),
        "fieldType": definition.sort.field_type(),
        "groupName": definition.group,
        "description": "",
        "options": options,
        "displayOrder": -1,
        "calculated": false,
        "externalOptions": false,
        "hasUniqueValue": definition.is_unique,
        "hidden": false,
        "hubspotDefined": definition.is_hubspots,
        "formField": !definition.is_read_only,
        "dataSensitivity": "non_sensitive",
        "archived": false,
        "modificationMetadata": {
            "archivable": !definition.is_hubspots,
            "readOnlyDefinition": definition.is_hubspots,
            "readOnlyValue": definition.is_read_only,
        },
    })
}
