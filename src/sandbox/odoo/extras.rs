//! Writing what stands beside partners: attachments, and custom fields.

use serde_json::{Map, Value, json};

use super::errors::Failure;
use super::fields::{Model, Type};
use super::partners::{Hand, PARTNER};
use super::state::{Attachment, PARTNER_MODEL, State};

/// Makes attachments; all or none.
pub(super) fn attach(state: &mut State, hand: Hand<'_>, list: &[&Map<String, Value>]) -> Result<Vec<u64>, Failure> {
    let mut ready = Vec::new();
    for vals in list {
        let mut one = Attachment { kind: "binary".to_owned(), created: hand.now, ..Attachment::default() };
        put(state, &mut one, vals, hand.now)?;
        if one.name.is_empty() {
            return Err(Failure::validation("Missing required value for the field 'Name' (name)"));
        }
        ready.push(one);
    }
    let insert = |one| {
        let id = state.attachments.next_id();
        state.attachments.insert(id, one);
        id
    };
    Ok(ready.into_iter().map(insert).collect())
}

/// Adds custom text fields of partners.
pub(super) fn add_fields(state: &mut State, list: &[&Map<String, Value>]) -> Result<Vec<u64>, Failure> {
    let text = |vals: &Map<String, Value>, key: &str| vals.get(key).and_then(Value::as_str).map(str::to_owned);
    let known: Vec<String> = state.fields(Model::Field).iter().map(|field| field.name.clone()).collect();
    let mut ids = Vec::new();
    for vals in list {
        if let Some(unknown) = vals.keys().find(|name| !known.contains(name)) {
            return Err(Failure::invalid_field(unknown, Model::Field.name()));
        }
        let name = text(vals, "name").unwrap_or_default();
        if !name.starts_with("x_") {
            return Err(Failure::validation("Custom fields must have a name that starts with 'x_'!"));
        }
        if text(vals, "ttype").as_deref() != Some("char") || vals.get("model_id") != Some(&json!(PARTNER_MODEL)) {
            return Err(Failure::validation("Missing required value for the field 'Model' (model_id)"));
        }
        ids.push(state.add_field(&name, Type::Char));
    }
    Ok(ids)
}

/// Writes the same values to attachments.
pub(super) fn write_attachments(
    state: &mut State,
    hand: Hand<'_>,
    ids: &[u64],
    vals: &Map<String, Value>,
) -> Result<(), Failure> {
    for id in ids {
        let found = state.attachments.get(*id).cloned();
        let mut one = found.ok_or_else(|| Failure::missing(Model::Attachment.name(), *id))?;
        put(state, &mut one, vals, hand.now)?;
        if let Some(place) = state.attachments.get_mut(*id) {
            *place = one;
        }
    }
    Ok(())
}

fn put(state: &State, one: &mut Attachment, vals: &Map<String, Value>, now: i64) -> Result<(), Failure> {
    for (name, value) in vals {
        let text = || match value {
            Value::String(text) => Ok(Some(text.clone())),
            Value::Null | Value::Bool(false) => Ok(None),
            Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(Failure::value(format!("Wrong value for ir.attachment.{name}: {value}")))
            }
        };
        match name.as_str() {
            "name" => one.name = text()?.unwrap_or_default(),
            "type" => one.kind = text()?.unwrap_or_default(),
            "url" => one.url = text()?,
            "description" => one.description = text()?,
            "res_model" => one.res_model = text()?,
            "res_id" => one.res_id = value.as_u64().unwrap_or_default(),
            _ => return Err(Failure::invalid_field(name, Model::Attachment.name())),
        }
    }
    if one.res_model.as_deref() == Some(PARTNER) && !state.has(Model::Partner, one.res_id) {
        return Err(Failure::missing(PARTNER, one.res_id));
    }
    one.written = now;
    Ok(())
}
