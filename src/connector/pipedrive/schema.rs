//! The account's fields: which of the mapped ones are there, and adding custom ones that are not.

use std::collections::HashSet;

use http::Method;
use serde_json::json;

use super::fields::{Bound, Definition, FieldType, Slot, standard};
use super::layout::Layout;
use super::place::{Path, Place};
use super::settings::Lane;
use super::talk::Talk;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Offered, Presence, Property, PropertySort};
use crate::domain::field::Field;
use crate::domain::record::Kind;

/// Properties that every record shows, whether the list of fields names them so or not.
const DOCUMENTED: [(Kind, &[&str]); 2] = [
    (Kind::Company, &["name", "address", "owner_id", "visible_to", "label_ids", "add_time", "update_time"]),
    (
        Kind::Contact,
        &[
            "name",
            "first_name",
            "last_name",
            "emails",
            "phones",
            "org_id",
            "owner_id",
            "visible_to",
            "label_ids",
            "add_time",
            "update_time",
        ],
    ),
];

/// What is known of the mapped properties, in the order of the shape, and then of the field for our id.
pub(super) async fn properties(talk: &Talk, kind: Kind) -> Result<Vec<Property>, PortError> {
    let layout = talk.layout(kind);
    let bound = talk.bound(kind).await?;
    let slots = bound.slots.iter().chain(&bound.id_field);
    let paths = layout.shape.paths().chain(layout.id_path.as_deref());
    Ok(paths.zip(slots).map(|(path, slot)| known(talk, kind, &bound, path, slot)).collect())
}

/// Every field of a kind; a custom one under its name, or under its key where several have that name.
pub(super) async fn offered(talk: &Talk, kind: Kind) -> Result<Vec<Offered>, PortError> {
    let bound = talk.bound(kind).await?;
    let offered = bound.definitions.iter().map(|definition| {
        let twins =
            bound.definitions.iter().filter(|other| other.custom && other.name.trim() == definition.name.trim());
        let path = match (definition.custom, twins.count()) {
            (false, _) => definition.code.clone(),
            (true, 0 | 1) => format!("custom:{}", definition.name.trim()),
            (true, _) => format!("key:{}", definition.code),
        };
        let slot = if definition.custom {
            Slot::Custom(Box::new(definition.clone()), None)
        } else {
            Slot::Standard(definition.code.clone(), Some(definition.clone()))
        };
        Offered {
            property: known(talk, kind, &bound, &path, &slot),
            label: Some(definition.name.clone()),
            is_custom: definition.custom,
        }
    });
    Ok(offered.collect())
}

/// Adds the custom fields that are mapped by name and missing, and the one for our id. Pipedrive makes a key for each.
pub(super) async fn add_missing(talk: &Talk, kind: Kind) -> Result<Vec<String>, PortError> {
    let layout = talk.layout(kind);
    let bound = talk.fresh(kind).await?;
    let slots = bound.id_field.iter().chain(&bound.slots);
    let paths =
        layout.id_field.iter().zip(layout.id_path.as_deref()).chain(layout.paths.iter().zip(layout.shape.paths()));
    let mut done: HashSet<&str> = HashSet::new();
    let mut added = Vec::new();
    for ((path, text), slot) in paths.zip(slots) {
        // Pipedrive's own properties cannot be added, and a key cannot be chosen.
        let Place::Custom(name) = &path.place else { continue };
        if matches!(slot, Slot::Missing) && done.insert(name) {
            add(talk, layout, name, type_name(layout, path, text)).await?;
            added.push(text.to_owned());
        }
    }
    if !added.is_empty() {
        talk.fresh(kind).await?;
    }
    Ok(added)
}

/// The type of a field that is added: a text that searches find, unless the mapping says more.
fn type_name(layout: &Layout, path: &Path, text: &str) -> &'static str {
    match path.part.as_deref() {
        Some("currency") => "monetary",
        Some("until") => "daterange",
        Some(_) => "address",
        None => {
            let field = layout.shape.cells.iter().find(|cell| cell.path == text).map(|cell| cell.field);
            if matches!(field, Some(Field::Phone | Field::ContactPhone)) { "phone" } else { "varchar" }
        }
    }
}

async fn add(talk: &Talk, layout: &Layout, name: &str, type_name: &str) -> Result<(), PortError> {
    let body = json!({"field_name": name, "field_type": type_name});
    let url = talk.at.fields(layout.kind);
    talk.order(Method::POST, "/api/v2/{type}Fields", url, &body, Lane::Extra).await.map(drop).map_err(|error| {
        let message = if error.kind == ErrorKind::Forbidden {
            format!(
                "the token's user may not add the field \"{name}\": use an administrator's token once, or add it in \
                 Pipedrive's settings ({})",
                error.message
            )
        } else {
            format!("adding the field \"{name}\": {}", error.message)
        };
        PortError { message, ..error }
    })
}

fn known(talk: &Talk, kind: Kind, bound: &Bound, path: &str, slot: &Slot) -> Property {
    let own = |name: &str| {
        let documented = DOCUMENTED.iter().any(|(of, names)| *of == kind && names.contains(&name));
        documented || standard(&bound.definitions, name).is_some()
    };
    let (is_there, definition) = match slot {
        Slot::Missing => (false, None),
        Slot::Custom(definition, _) => (true, Some(definition.as_ref())),
        Slot::Standard(name, definition) => (own(name), definition.as_ref()),
        Slot::Part(name, _) | Slot::Primary(name) => (own(name), standard(&bound.definitions, name)),
    };
    let writable = match slot {
        Slot::Standard(name, _) if name == "first_name" || name == "last_name" => Some(talk.settings.writable_names),
        Slot::Standard(name, _) if ["id", "add_time", "update_time"].contains(&name.as_str()) => Some(false),
        // Whether a user may write it is told by nothing but a write.
        Slot::Standard(name, _) => (name == "name").then_some(true),
        Slot::Part(..) | Slot::Primary(_) | Slot::Custom(..) => Some(true),
        Slot::Missing => None,
    };
    let choices = definition.filter(|known| matches!(known.field_type, FieldType::One | FieldType::Several));
    let choices: Vec<String> =
        choices.iter().flat_map(|known| known.options.iter().map(|(_, label)| label.clone())).collect();
    // A part of a field is not what the whole is.
    let sort = definition.filter(|_| !matches!(slot, Slot::Part(..) | Slot::Custom(_, Some(_)))).and_then(sort);
    Property {
        writable: writable.filter(|_| is_there),
        type_name: definition.map(|known| known.type_name.clone()),
        sort,
        closed: sort == Some(PropertySort::Choice) && !choices.is_empty(),
        choices,
        // A key cannot be chosen, and Pipedrive's own cannot be added.
        addable: path.starts_with("custom:"),
        ..Property::new(path, if is_there { Presence::Present } else { Presence::Missing })
    }
}

/// What Pipedrive's types hold; of a choice its label is what travels.
fn sort(definition: &Definition) -> Option<PropertySort> {
    match definition.field_type {
        FieldType::Text if definition.type_name == "date" => Some(PropertySort::Date),
        FieldType::Text => Some(PropertySort::Text),
        FieldType::Number | FieldType::Money => Some(PropertySort::Number),
        FieldType::Boolean => Some(PropertySort::Boolean),
        FieldType::One => Some(PropertySort::Choice),
        FieldType::Several => Some(PropertySort::Choices),
        FieldType::Reference => Some(PropertySort::Relation),
        FieldType::Address | FieldType::Time | FieldType::Range => None,
    }
}
