//! What is mapped in this Odoo, and adding the custom fields that are missing.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::json;

use super::call::MethodCall;
use super::error::not_the_protocol;
use super::fields::{self, FieldInfo, PARTNER};
use super::talk::Talk;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Offered, Presence, Property, PropertySort};
use crate::domain::record::Kind;

/// Custom fields that are made through the API begin so.
const CUSTOM: &str = "x_";

/// What is known of the mapped fields, in the order of the mapping; then the field for our id, where the kind has one.
pub(super) async fn properties(talk: &Talk, kind: Kind) -> Result<Vec<Property>, PortError> {
    let fields = talk.fields.read_anew(talk).await?;
    let layout = talk.layout(kind);
    let paths = layout.shape.paths().chain(layout.id_field.as_deref());
    Ok(paths.map(|path| known(path, fields.get(path))).collect())
}

/// Every field of partners, by name: companies and contacts have the same ones.
pub(super) async fn offered(talk: &Talk, _kind: Kind) -> Result<Vec<Offered>, PortError> {
    let fields: BTreeMap<_, _> = fields::every(talk).await?.into_iter().collect();
    let offered = fields.into_iter().map(|(name, info)| Offered {
        property: known(&name, Some(&info)),
        is_custom: name.starts_with(CUSTOM),
        label: info.string,
    });
    Ok(offered.collect())
}

/// Adds the custom fields (`x_…`) that are mapped and missing, and the one for our id. What only a module or another version of
/// Odoo has cannot be added.
pub(super) async fn add_missing(talk: &Talk, kind: Kind) -> Result<Vec<String>, PortError> {
    let fields = talk.fields.read_anew(talk).await?;
    let layout = talk.layout(kind);
    let mut done: HashSet<&str> = HashSet::new();
    let missing: Vec<&str> = layout
        .id_field
        .as_deref()
        .into_iter()
        .chain(layout.shape.paths())
        .filter(|path| !fields.contains_key(*path) && done.insert(*path))
        .collect();
    let (custom, foreign): (Vec<&str>, Vec<&str>) = missing.into_iter().partition(|path| path.starts_with(CUSTOM));
    let mut added = Vec::new();
    if !custom.is_empty() {
        let model = model_id(talk).await.map_err(|error| why(custom.first().copied().unwrap_or_default(), error))?;
        for path in custom {
            add(talk, model, path, layout.id_field.as_deref() == Some(path)).await.map_err(|error| why(path, error))?;
            added.push(path.to_owned());
        }
        talk.fields.read_anew(talk).await?;
    }
    match foreign.first() {
        Some(path) if added.is_empty() => Err(PortError::new(
            ErrorKind::Setting,
            format!(
                "this Odoo has no field {path}, and only fields that begin with x_ can be added: map another one, set \
                 {path} = false, or install the module that brings it"
            ),
        )),
        Some(_) | None => Ok(added),
    }
}

#[derive(Deserialize)]
struct Model {
    id: u64,
}

async fn model_id(talk: &Talk) -> Result<u64, PortError> {
    let call = MethodCall::new("ir.model", "search_read")
        .place("domain", json!([["model", "=", PARTNER]]))
        .with("fields", json!(["id"]))
        .with("limit", json!(1));
    let reply = talk.ask(call).await?;
    let models: Vec<Model> = serde_json::from_slice(&reply.body).map_err(|_| not_the_protocol("a list of models"))?;
    models.first().map(|model| model.id).ok_or_else(|| not_the_protocol("a list with the model of partners"))
}

async fn add(talk: &Talk, model: u64, name: &str, ours: bool) -> Result<(), PortError> {
    let field = json!({
        "name": name,
        "field_description": if ours { "Flowtly id" } else { name },
        "help": if ours {
            "The Flowtly record that this one is kept in agreement with. Do not edit."
        } else {
            "Kept in agreement with Flowtly."
        },
        "model_id": model,
        "ttype": "char",
        "index": ours,
        // A partner that is duplicated by hand is another one.
        "copied": !ours,
    });
    let call = MethodCall::new("ir.model.fields", "create").place("vals_list", json!([field]));
    talk.order(call).await.map(drop)
}

fn why(name: &str, error: PortError) -> PortError {
    if error.kind == ErrorKind::Forbidden {
        let message = format!(
            "the key's user may not add the field {name}: give it the right \"Administration: Settings\" for a moment, or add \
             it yourself (Settings, Technical, Fields: model res.partner, type char) ({})",
            error.message
        );
        return PortError { message, ..error };
    }
    PortError { message: format!("adding the field {name}: {}", error.message), ..error }
}

fn known(path: &str, info: Option<&FieldInfo>) -> Property {
    let presence = if info.is_some() { Presence::Present } else { Presence::Missing };
    let sort = info.and_then(|info| sort(&info.type_name));
    let choices: Vec<String> =
        info.map(|info| info.choices().into_iter().map(|(key, _)| key.to_owned()).collect()).unwrap_or_default();
    Property {
        writable: info.and_then(|info| info.readonly).map(|readonly| !readonly),
        type_name: info.map(|info| info.type_name.clone()),
        sort,
        closed: sort == Some(PropertySort::Choice) && !choices.is_empty(),
        choices,
        addable: path.starts_with(CUSTOM),
        ..Property::new(path, presence)
    }
}

/// What Odoo's types hold.
fn sort(type_name: &str) -> Option<PropertySort> {
    match type_name {
        "char" | "text" | "html" => Some(PropertySort::Text),
        "integer" | "float" | "monetary" => Some(PropertySort::Number),
        "date" => Some(PropertySort::Date),
        "datetime" => Some(PropertySort::Moment),
        "boolean" => Some(PropertySort::Boolean),
        "selection" => Some(PropertySort::Choice),
        "many2one" => Some(PropertySort::Relation),
        _ => None,
    }
}
