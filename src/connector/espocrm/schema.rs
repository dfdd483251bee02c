//! The fields of accounts and contacts: which of the mapped ones are there. Only an administrator can add some.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::error::must_exist;
use super::layout::{Layout, entity};
use super::talk::Talk;
use super::wire::{self, EntityDefinition, FieldDefinition, Metadata};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Offered, Presence, Property, PropertySort};
use crate::domain::record::Kind;

/// For how long the description of the fields is believed: as long as a probe asks for both kinds. It is long, and there is no
/// smaller part to be had.
const BELIEF: Duration = Duration::from_secs(30);

/// Attributes that no field of its own describes.
const SYSTEM: [&str; 8] =
    ["id", "createdAt", "modifiedAt", "versionNumber", "accountId", "accountName", "accountsIds", "name"];

/// What was last read of the description.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Option<(Duration, BTreeMap<String, EntityDefinition>)>>);

/// What is known of the mapped attributes, in the order of the shape, and then of the field for our id.
pub(super) async fn properties(talk: &Talk, known: &Known, kind: Kind) -> Result<Vec<Property>, PortError> {
    let layout = talk.layout(kind);
    let definition = definition(talk, known, kind).await?;
    let paths = layout.shape.paths().chain(layout.id_field.as_deref());
    Ok(paths.map(|path| property(path, &definition)).collect())
}

/// Every field of a kind that is an attribute by itself; links and addresses are several.
pub(super) async fn offered(talk: &Talk, known: &Known, kind: Kind) -> Result<Vec<Offered>, PortError> {
    let definition = definition(talk, known, kind).await?;
    let fields = definition.fields.iter().filter(|(_, field)| {
        !field.is_disabled() && !field.is_link() && !matches!(field.bare_type(), Some("linkMultiple" | "address"))
    });
    let offered = fields.map(|(name, _)| Offered {
        property: property(name, &definition),
        // How fields are called is in the user interface's words, which are another request.
        label: None,
        is_custom: is_custom(name),
    });
    Ok(offered.collect())
}

/// Fails with [`ErrorKind::Setting`], naming the fields, if some are missing: EspoCRM lets its administrators alone add
/// fields, and not through this API.
pub(super) async fn add_missing(talk: &Talk, known: &Known, kind: Kind) -> Result<Vec<String>, PortError> {
    known.forget();
    let properties = properties(talk, known, kind).await?;
    let missing: Vec<&str> = properties
        .iter()
        .filter(|property| property.presence == Presence::Missing)
        .map(|property| property.path.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    Err(PortError::new(ErrorKind::Setting, mend(talk.layout(kind), &missing)))
}

fn mend(layout: &Layout, missing: &[&str]) -> String {
    let entity = layout.entity();
    let (customs, others): (Vec<&str>, Vec<&str>) = missing.iter().partition(|name| is_custom(name));
    let mut mends = Vec::new();
    if !customs.is_empty() {
        // EspoCRM puts the letter in front by itself.
        let typed: Vec<String> = customs.iter().map(|name| typed(name)).collect();
        mends.push(format!(
            "add {} (type Varchar; typed without the c: {}) in Administration > Entity Manager > {entity} > Fields, and give \
             the API user's role access to it",
            customs.join(", "),
            typed.join(", ")
        ));
    }
    if !others.is_empty() {
        mends.push(format!(
            "map other attributes than {}, or give the API user's role access to them",
            others.join(", ")
        ));
    }
    format!("EspoCRM shows no field of that name, and only an administrator can add one: {}", mends.join("; "))
}

/// `vatNumber`: what is typed to make `cVatNumber`.
fn typed(name: &str) -> String {
    let mut characters = name.chars().skip(1);
    let first = characters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(characters).collect()
}

/// `cVatNumber`: what the Entity Manager makes of `vatNumber`.
fn is_custom(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next() == Some('c') && characters.next().is_some_and(char::is_uppercase)
}

async fn definition(talk: &Talk, known: &Known, kind: Kind) -> Result<EntityDefinition, PortError> {
    if let Some(definition) = known.recall(talk.elapsed(), kind) {
        return Ok(definition);
    }
    let reply = talk.get("/Metadata", &["Metadata"], &[]).await.map_err(must_exist)?;
    let mut metadata: Metadata = wire::reply(&reply.body)?;
    let definition = metadata.entity_defs.remove(entity(kind)).ok_or_else(|| {
        let mend = "EspoCRM shows the API user no entity type of that name: give its role read access";
        PortError::new(ErrorKind::Forbidden, format!("{mend} to {}", entity(kind)))
    })?;
    known.remember(talk.elapsed(), metadata.entity_defs);
    Ok(definition)
}

impl Known {
    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn remember(&self, now: Duration, mut definitions: BTreeMap<String, EntityDefinition>) {
        definitions.retain(|name, _| Kind::BOTH.iter().any(|kind| entity(*kind) == name));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, definitions));
    }

    /// Each kind is told once from one reading, so that nobody is told twice of what was.
    fn recall(&self, now: Duration, kind: Kind) -> Option<EntityDefinition> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, definitions) = held.as_mut()?;
        if now.saturating_sub(*read) > BELIEF {
            *held = None;
            return None;
        }
        definitions.remove(entity(kind))
    }
}

fn property(path: &str, definition: &EntityDefinition) -> Property {
    let field = definition.fields.get(path).filter(|field| !field.is_disabled());
    let part = part(path, definition);
    let presence =
        if field.is_some() || SYSTEM.contains(&path) || part.is_some() { Presence::Present } else { Presence::Missing };
    if let (None, Some((ending, link))) = (field, part.filter(|(_, field)| field.is_link())) {
        return match ending {
            "Id" => Property {
                writable: Some(!link.is_read_only()),
                type_name: link.type_name(),
                sort: Some(PropertySort::Relation),
                ..Property::new(path, presence)
            },
            // The name of what is linked is that record's own.
            "Name" => Property {
                writable: Some(false),
                type_name: link.type_name(),
                sort: Some(PropertySort::Text),
                ..Property::new(path, presence)
            },
            _ => Property::new(path, presence),
        };
    }
    let sort = field.and_then(FieldDefinition::bare_type).and_then(sort);
    let choices = field.map(FieldDefinition::choices).unwrap_or_default();
    Property {
        writable: field.map(|field| !field.is_read_only()),
        type_name: field.and_then(FieldDefinition::type_name),
        sort,
        // A field of several choices may be open to more, and each text of it is a list.
        closed: sort == Some(PropertySort::Choice) && !choices.is_empty(),
        choices,
        ..Property::new(path, presence)
    }
}

/// What EspoCRM's types hold, as far as an attribute of the same name holds it.
fn sort(type_name: &str) -> Option<PropertySort> {
    match type_name {
        "varchar" | "text" | "wysiwyg" | "url" | "email" | "phone" | "number" | "personName" => {
            Some(PropertySort::Text)
        }
        "int" | "float" | "currency" | "currencyConverted" | "decimal" | "autoincrement" => Some(PropertySort::Number),
        "date" => Some(PropertySort::Date),
        "datetime" | "datetimeOptional" => Some(PropertySort::Moment),
        "enum" | "enumInt" | "enumFloat" => Some(PropertySort::Choice),
        "multiEnum" | "array" | "checklist" => Some(PropertySort::Choices),
        "bool" => Some(PropertySort::Boolean),
        _ => None,
    }
}

/// What an attribute is a part of, if it is not described by itself: a link or an address; and its ending.
fn part<'d>(path: &str, definition: &'d EntityDefinition) -> Option<(&'static str, &'d FieldDefinition)> {
    let endings = ["Id", "Name", "Ids", "Street", "City", "State", "Country", "PostalCode"];
    endings.into_iter().find_map(|ending| {
        let field = definition.fields.get(path.strip_suffix(ending)?)?;
        let has_parts = field.is_link() || matches!(field.bare_type(), Some("linkMultiple" | "address"));
        has_parts.then_some((ending, field))
    })
}
