//! The account's properties: which of the mapped ones are there, and adding those that are not.

use std::collections::HashSet;

use super::layout::Layout;
use super::request::NewProperty;
use super::talk::{Talk, endpoint_must_exist};
use super::wire::{self, PropertiesReply, PropertyShown};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Offered, Presence, Property, PropertySort};
use crate::domain::record::Kind;

const ROUTE: &str = "/crm/properties/{version}/{type}";

/// What is known of the mapped properties, in the order of the shape, and then of the one for our id.
pub(super) async fn properties(talk: &Talk, kind: Kind) -> Result<Vec<Property>, PortError> {
    let layout = talk.layout(kind);
    let shown = shown(talk, kind).await?;
    let paths = layout.shape.paths().chain(layout.id_property.as_deref());
    Ok(paths.map(|path| known(path, shown.iter().find(|property| property.name == path))).collect())
}

/// Every property of a kind.
pub(super) async fn offered(talk: &Talk, kind: Kind) -> Result<Vec<Offered>, PortError> {
    let shown = shown(talk, kind).await?;
    let offered = shown.into_iter().map(|property| Offered {
        property: known(&property.name, Some(&property)),
        is_custom: property.hubspot_defined == Some(false),
        label: property.label,
    });
    Ok(offered.collect())
}

/// Adds the mapped properties, and the one for our id, that the account does not show. Fails with
/// [`ErrorKind::Setting`] if the one for our id is there and is not unique, which HubSpot never changes afterwards.
pub(super) async fn add_missing(talk: &Talk, kind: Kind) -> Result<Vec<String>, PortError> {
    let layout = talk.layout(kind);
    let shown = shown(talk, kind).await?;
    if let Some(ours) = shown.iter().find(|property| Some(property.name.as_str()) == layout.id_property.as_deref())
        && ours.has_unique_value != Some(true)
    {
        return Err(PortError::new(
            ErrorKind::Setting,
            format!("the property {} is there but is not unique: give id_property a name that is free", ours.name),
        ));
    }
    let mut done: HashSet<&str> = shown.iter().map(|property| property.name.as_str()).collect();
    let mut added = Vec::new();
    for path in layout.id_property.as_deref().into_iter().chain(layout.shape.paths()) {
        if done.insert(path) {
            add(talk, layout, path).await?;
            added.push(path.to_owned());
        }
    }
    Ok(added)
}

async fn add(talk: &Talk, layout: &Layout, name: &str) -> Result<(), PortError> {
    let ours = layout.id_property.as_deref() == Some(name);
    let body = NewProperty {
        name,
        label: if ours { "Flowtly id" } else { name },
        description: if ours {
            "The Flowtly record that this one is kept in agreement with. Do not edit."
        } else {
            "Kept in agreement with Flowtly."
        },
        group_name: match layout.kind {
            Kind::Company => "companyinformation",
            Kind::Contact => "contactinformation",
        },
        type_name: "string",
        field_type: "text",
        has_unique_value: ours,
    };
    talk.order(ROUTE, talk.at.properties(layout.kind), &body).await.map(drop).map_err(|error| why(layout, name, error))
}

/// Which scope is missing, where HubSpot says only that something is forbidden.
fn why(layout: &Layout, name: &str, error: PortError) -> PortError {
    if error.kind != ErrorKind::Forbidden {
        return PortError { message: format!("adding the property {name}: {}", error.message), ..error };
    }
    let scope = match layout.kind {
        Kind::Company => "crm.schemas.companies.write",
        Kind::Contact => "crm.schemas.contacts.write",
    };
    let message = format!(
        "the token may not add the property {name}: give it the scope {scope}, or add the property in HubSpot's settings \
         ({})",
        error.message
    );
    PortError { message, ..error }
}

async fn shown(talk: &Talk, kind: Kind) -> Result<Vec<PropertyShown>, PortError> {
    let reply = talk.get(ROUTE, talk.at.properties(kind)).await.map_err(endpoint_must_exist)?;
    let reply: PropertiesReply = wire::reply(&reply.body)?;
    Ok(reply.results.into_iter().filter(|property| property.archived != Some(true)).collect())
}

fn known(path: &str, shown: Option<&PropertyShown>) -> Property {
    let Some(shown) = shown else {
        return Property { addable: true, ..Property::new(path, Presence::Missing) };
    };
    let read_only = shown.modification_metadata.as_ref().and_then(|metadata| metadata.read_only_value);
    let writable = if shown.calculated == Some(true) { Some(false) } else { read_only.map(|read_only| !read_only) };
    let sort = shown.type_name.as_deref().and_then(|name| sort(name, shown.field_type.as_deref()));
    Property {
        writable,
        type_name: shown.type_name.clone(),
        sort,
        choices: shown.options.iter().flatten().map(|choice| choice.value.clone()).collect(),
        closed: matches!(sort, Some(PropertySort::Choice | PropertySort::Choices))
            && shown.options.as_ref().is_some_and(|options| !options.is_empty()),
        ..Property::new(path, Presence::Present)
    }
}

/// HubSpot's types; how an enumeration is shown says whether it has one value or several.
fn sort(type_name: &str, field_type: Option<&str>) -> Option<PropertySort> {
    match (type_name, field_type) {
        ("string" | "phone_number", _) => Some(PropertySort::Text),
        ("number", _) => Some(PropertySort::Number),
        ("date", _) => Some(PropertySort::Date),
        ("datetime", _) => Some(PropertySort::Moment),
        ("bool", _) | ("enumeration", Some("booleancheckbox")) => Some(PropertySort::Boolean),
        ("enumeration", Some("checkbox")) => Some(PropertySort::Choices),
        ("enumeration", _) => Some(PropertySort::Choice),
        _ => None,
    }
}
