//! Judges and stores the properties of a write.

use chrono::{DateTime, NaiveDate};
use http::StatusCode;
use serde_json::{Map, Value};

use super::drawer::Drawer;
use super::errors::{Failure, Invalid};
use super::options::HubSpotOptions;
use super::render::instant_text;
use super::schema::{Definition, Kind, LIFECYCLE, Sort};
use super::state::State;
use crate::sandbox::manners::Manners;
use crate::sandbox::packed::Packed;

/// The longest text of a property.
const LONGEST: usize = 65_536;

/// What a write is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'server> {
    pub(super) options: &'server HubSpotOptions,
    pub(super) manners: &'server Manners,
    pub(super) now: i64,
}

/// A partner that a create names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Partner {
    id: u64,
    primary: bool,
}

impl Desk<'_> {
    /// Makes a record.
    pub(super) fn create(
        &self,
        state: &mut State,
        kind: Kind,
        properties: &Map<String, Value>,
        partners: &[Partner],
    ) -> Result<u64, Failure> {
        let fields = self.fields(state.drawer(kind), None, properties)?;
        let is_enough = kind.minimum().iter().any(|name| {
            let place = state.drawer(kind).place(name);
            place.and_then(|place| fields.get(place)).is_some_and(|text| !text.is_empty())
        });
        if !is_enough {
            return Err(Failure::validation(format!(
                "Error creating {}. At least one of {:?} must be set.",
                kind.singular().to_uppercase(),
                kind.minimum()
            )));
        }
        let others = &state.drawer(kind.other()).objects;
        if partners.iter().any(|partner| others.get(partner.id).is_none_or(|object| object.archived.is_some())) {
            return Err(Failure::validation("One or more associations are invalid"));
        }
        let id = state.insert(kind, fields, self.now);
        for partner in partners {
            self.associate(state, kind, id, partner.id, partner.primary);
        }
        Ok(id)
    }

    /// Changes a live record.
    pub(super) fn update(
        &self,
        state: &mut State,
        kind: Kind,
        id: u64,
        properties: &Map<String, Value>,
    ) -> Result<(), Failure> {
        if properties.is_empty() {
            let message = "No properties found to update, please provide at least one.";
            return Err(Failure::validation(message).with("properties", &["{}".to_owned()]));
        }
        let fields = self.fields(state.drawer(kind), Some(id), properties)?;
        state.store(kind, id, &fields, self.now);
        Ok(())
    }

    /// Associates; a contact's first company may become its primary one.
    pub(super) fn associate(&self, state: &mut State, from: Kind, id: u64, other: u64, primary: bool) -> bool {
        let contact = match from {
            Kind::Contacts => id,
            Kind::Companies => other,
        };
        let has_primary = state
            .contacts
            .objects
            .get(contact)
            .is_some_and(|object| state.links(Kind::Contacts, object).any(|link| link.primary));
        let primary = primary || (self.options.first_is_primary && !has_primary);
        state.link(from, id, other, primary)
    }

    /// The record's fields after the write. Everything that is wrong is refused at once.
    fn fields(&self, drawer: &Drawer, id: Option<u64>, properties: &Map<String, Value>) -> Result<Packed, Failure> {
        let before = id.and_then(|id| drawer.objects.get(id)).map(|object| object.fields.clone()).unwrap_or_default();
        let mut after = before.clone();
        let mut invalid = Vec::new();
        let mut taken = None;
        for (name, value) in properties {
            let text = match value {
                Value::String(text) => text,
                Value::Null => continue,
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(Failure::input(&format!("the value of property {name} has to be a string")));
                }
            };
            let refuse = |code, message| Invalid { name: name.clone(), value: text.clone(), code, message };
            let Some((place, definition)) = drawer.property(name) else {
                invalid.push(refuse("PROPERTY_DOESNT_EXIST", format!("Property \"{name}\" does not exist")));
                continue;
            };
            if definition.is_read_only {
                let message = format!("\"{name}\" is a read only property; its value cannot be set.");
                invalid.push(refuse("READ_ONLY_VALUE", message));
                continue;
            }
            let text = match stored_text(definition, text) {
                Ok(text) => text,
                Err((code, message)) => {
                    invalid.push(refuse(code, message));
                    continue;
                }
            };
            let Some(text) = self.manners.treat(drawer.kind.plural(), name, &text) else { continue };
            if moves_back(name, before.get(place), &text) {
                continue;
            }
            match drawer.holder(place, &text).filter(|holder| !text.is_empty() && Some(*holder) != id) {
                Some(holder) if definition.name == "email" => taken = Some(holder),
                Some(holder) => {
                    let message = format!(
                        "Cannot set PropertyValueCoordinates{{portalId={}, objectTypeId={}, propertyName={name}, \
                         value={text}}} on {}. {holder} already has that value.",
                        self.options.portal,
                        drawer.kind.type_id(),
                        id.unwrap_or_default()
                    );
                    invalid.push(refuse("CONFLICTING_UNIQUE_VALUE", message));
                }
                None => after.set(place, (!text.is_empty()).then_some(text.as_str())),
            }
        }
        if !invalid.is_empty() {
            return Err(Failure::properties(self.options.portal, &invalid));
        }
        taken.map_or(Ok(after), |holder| Err(Failure::conflict(holder)))
    }
}

/// The partners that a create names: `[{to: {id}, types: [{associationCategory, associationTypeId}]}]`.
pub(super) fn partners(kind: Kind, list: &[Value]) -> Result<Vec<Partner>, Failure> {
    list.iter()
        .map(|entry| {
            let id = entry.pointer("/to/id").and_then(id_of).ok_or_else(|| Failure::input("to.id is missing"))?;
            let types = entry.get("types").and_then(Value::as_array);
            let primary = primary_of(kind, types.ok_or_else(|| Failure::input("types is missing"))?)?;
            Ok(Partner { id, primary })
        })
        .collect()
}

/// Whether the types of an association name the primary one.
pub(super) fn primary_of(from: Kind, types: &[Value]) -> Result<bool, Failure> {
    let (unlabelled, primary) = from.association_types();
    let mut is_primary = false;
    for one in types {
        let category = one.get("associationCategory").and_then(Value::as_str);
        let id = one.get("associationTypeId").and_then(Value::as_u64);
        match (category, id) {
            (Some("HUBSPOT_DEFINED"), Some(id)) if id == unlabelled => {}
            (Some("HUBSPOT_DEFINED"), Some(id)) if id == primary => is_primary = true,
            _ => {
                let message = format!("invalid association type for associations from object type {}", from.type_id());
                return Err(Failure::new(StatusCode::BAD_REQUEST, message, Some("VALIDATION_ERROR")));
            }
        }
    }
    if types.is_empty() { Err(Failure::input("types may not be empty")) } else { Ok(is_primary) }
}

/// An id as a body gives it: a text of digits, or a number.
pub(super) fn id_of(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A time in milliseconds: of the epoch, or ISO 8601, or a date.
pub(super) fn millis_of(text: &str) -> Option<i64> {
    if let Ok(millis) = text.parse::<i64>() {
        return Some(millis);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

/// What is stored of a valid text; else code and message.
fn stored_text(definition: &Definition, text: &str) -> Result<String, (&'static str, String)> {
    if text.is_empty() {
        return Ok(String::new());
    }
    if text.chars().count() > LONGEST {
        return Err(("PROPERTY_VALUE_TOO_LONG", format!("Property values may have {LONGEST} characters at most.")));
    }
    match definition.sort {
        Sort::Text if definition.name == "email" && !is_email(text) => {
            Err(("INVALID_EMAIL", format!("Email address {text} is invalid")))
        }
        Sort::Text => Ok(text.to_owned()),
        Sort::Number if text.trim().parse::<f64>().is_err() => {
            Err(("INVALID_INTEGER", format!("{text} was not a valid number.")))
        }
        Sort::Number => Ok(text.trim().to_owned()),
        Sort::DateTime => {
            millis_of(text).map(instant_text).ok_or_else(|| ("INVALID_LONG", format!("{text} was not a valid long.")))
        }
        Sort::Enumeration if definition.choices.is_empty() || definition.choices.iter().any(|one| one == text) => {
            Ok(text.to_owned())
        }
        Sort::Enumeration => {
            let message = format!("{text} was not one of the allowed options: [{}]", definition.choices.join(", "));
            Err(("INVALID_OPTION", message))
        }
    }
}

/// A lifecycle stage only moves forward; a step back is ignored.
fn moves_back(name: &str, before: Option<&str>, after: &str) -> bool {
    let place = |text: &str| LIFECYCLE.iter().position(|stage| *stage == text);
    match (before.and_then(place), place(after)) {
        (Some(before), Some(after)) => name == "lifecyclestage" && after < before,
        (Some(_) | None, _) => false,
    }
}

fn is_email(text: &str) -> bool {
    match text.trim().rsplit_once('@') {
        Some((local, domain)) => {
            !local.is_empty() && domain.contains('.') && !text.trim().contains(char::is_whitespace)
        }
        None => false,
    }
}
