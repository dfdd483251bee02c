//! What the program knows of itself: entity types and their fields.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::errors::JSON;
use super::schema::{Entity, Field, FieldType, Visibility};
use super::state::State;
use crate::sandbox::exchange::Answer;
use crate::sandbox::json::{self, Spelling};

/// The whole of it, as the user interface loads it.
pub(super) fn show(state: &State) -> Answer {
    let mut definitions = Map::new();
    for entity in [Entity::Account, Entity::Contact] {
        let mut fields: Map<String, Value> = state
            .drawer(entity)
            .fields
            .iter()
            .filter(|field| field.visibility == Visibility::Shown)
            .map(|field| (named(field).to_owned(), definition(field)))
            .collect();
        for name in ["createdAt", "modifiedAt"] {
            fields.insert(name.to_owned(), json!({"type": "datetime", "readOnly": true}));
        }
        match entity {
            Entity::Account => {
                fields.insert("billingAddress".to_owned(), json!({"type": "address"}));
            }
            Entity::Contact => {
                fields.insert("name".to_owned(), json!({"type": "personName", "isPersonalData": true}));
                fields.insert("account".to_owned(), json!({"type": "link"}));
                fields.insert("accounts".to_owned(), json!({"type": "linkMultiple"}));
            }
        }
        definitions.insert(entity.name().to_owned(), json!({"fields": fields, "links": {}, "collection": {}}));
    }
    let body = json!({
        "app": {"currency": {"precisionMap": {"EUR": 2}}},
        "scopes": {"Account": {"entity": true, "stream": true}, "Contact": {"entity": true, "stream": true}},
        "entityDefs": definitions,
    });
    let mut out = Vec::new();
    json::value(&mut out, &body, Spelling::Plain);
    Answer::new(StatusCode::OK, JSON, out)
}

/// A link is described under its own name, not its attribute's.
fn named(field: &Field) -> &str {
    let link = (field.kind == FieldType::Link).then(|| field.name.strip_suffix("Id")).flatten();
    link.unwrap_or(&field.name)
}

fn definition(field: &Field) -> Value {
    let mut map = Map::new();
    map.insert("type".to_owned(), json!(field.kind.name()));
    if field.required {
        map.insert("required".to_owned(), json!(true));
    }
    if field.read_only {
        map.insert("readOnly".to_owned(), json!(true));
    }
    if let Some(most) = field.max_length {
        map.insert("maxLength".to_owned(), json!(most));
    }
    if let FieldType::Enum(options) = field.kind {
        map.insert("options".to_owned(), json!(options));
    }
    if field.name.starts_with('c') && field.name.chars().nth(1).is_some_and(char::is_uppercase) {
        map.insert("isCustom".to_owned(), json!(true));
    }
    Value::Object(map)
}
