//! What is sent to be stored: read, judged field by field, and turned into what is kept.

use std::str::FromStr;

use chrono::NaiveDate;
use email_address::EmailAddress;
use phonenumber::metadata::DATABASE;
use serde_json::{Map, Value};

use super::collate::folded;
use super::errors::{Failure, JSON};
use super::render::{Selection, value};
use super::schema::{Entity, Field, FieldType, Visibility};
use super::state::{State, id_number, id_text};
use crate::sandbox::exchange::Ask;
use crate::sandbox::manners::Manners;
use crate::sandbox::packed::Packed;

/// How long a day is, as it is written.
const DAY: usize = 10;

/// The body of a write. Without JSON's media type nobody reads it; what is broken breaks the program.
pub(super) fn body(ask: &Ask) -> Result<Map<String, Value>, Failure> {
    if ask.media_type().as_deref() != Some(JSON) || ask.body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&ask.body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Failure::bad_request("Body is not a JSON object."))
        }
        Err(_) => Err(Failure::broken()),
    }
}

/// The fields of a record after a write. What has no field is dropped without a word.
pub(super) fn fields(
    state: &State,
    manners: &Manners,
    entity: Entity,
    before: &Packed,
    sent: &Map<String, Value>,
) -> Result<Packed, Failure> {
    let mut after = before.clone();
    for (place, field) in (0..).zip(&state.drawer(entity).fields) {
        if field.visibility != Visibility::Shown || field.read_only {
            continue;
        }
        if let Some(given) = sent.get(&field.name) {
            let text = kept(state, entity, field, given)?.unwrap_or_default();
            if let Some(text) = manners.treat(entity.name(), &field.name, &text) {
                after.set(place, Some(text.as_str()).filter(|text| !text.is_empty()));
            }
        }
        if field.required && after.get(place).is_none() {
            return Err(Failure::validation(entity, &field.name, "required"));
        }
    }
    Ok(after)
}

/// What is sent of a contact's primary account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primary {
    Unsaid,
    Nobody,
    Account(u64),
}

/// The primary account that a contact is sent with.
pub(super) fn primary(state: &State, sent: &Map<String, Value>) -> Result<Primary, Failure> {
    match sent.get("accountId") {
        None => Ok(Primary::Unsaid),
        Some(Value::Null) => Ok(Primary::Nobody),
        Some(given) => account(state, given).map(Primary::Account),
    }
}

/// The list of accounts that a contact is sent with.
pub(super) fn accounts(state: &State, sent: &Map<String, Value>) -> Result<Option<Vec<u64>>, Failure> {
    let Some(Value::Array(list)) = sent.get("accountsIds") else { return Ok(None) };
    list.iter().map(|given| account(state, given)).collect::<Result<_, _>>().map(Some)
}

/// The live records that a record looks like: of the same name or the same e-mail address.
pub(super) fn duplicates(state: &State, entity: Entity, fields: &Packed) -> Vec<Value> {
    let drawer = state.drawer(entity);
    let keys = |fields: &Packed| {
        let text = |name: &str| drawer.place(name).and_then(|place| fields.get(place)).map(folded).unwrap_or_default();
        let name = match entity {
            Entity::Account => text("name"),
            Entity::Contact => format!("{} {}", text("firstName"), text("lastName")),
        };
        (name, text("emailAddress"))
    };
    let (name, email) = keys(fields);
    let live = drawer.records.iter().filter(|(_, record)| !record.deleted);
    let alike = live.filter(|(_, record)| {
        let other = keys(&record.fields);
        (!name.trim().is_empty() && name == other.0) || (!email.is_empty() && email == other.1)
    });
    alike.filter_map(|(id, _)| value(state, entity, id, Selection::Columns)).collect()
}

fn account(state: &State, given: &Value) -> Result<u64, Failure> {
    let id = given.as_str().and_then(id_number).filter(|id| state.live(Entity::Account, *id).is_some());
    id.ok_or_else(|| Failure::forbidden("cannotRelateNonExisting"))
}

/// What is kept of a value; `None` for null. An empty text is null.
fn kept(state: &State, entity: Entity, field: &Field, given: &Value) -> Result<Option<String>, Failure> {
    let refused = |kind: &str| Failure::validation(entity, &field.name, kind);
    let text = match given {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => given.to_string(),
        Value::Array(_) | Value::Object(_) => return Err(refused("valid")),
    };
    let text = if field.is_name { text.trim().to_owned() } else { text };
    if text.is_empty() {
        return Ok(None);
    }
    if field.max_length.is_some_and(|most| text.chars().count() > most) {
        return Err(refused("maxLength"));
    }
    if field.is_name && text.contains(['<', '>', '=']) {
        return Err(refused("pattern"));
    }
    match field.kind {
        FieldType::Varchar | FieldType::Text | FieldType::Url => {}
        FieldType::Enum(options) if options.contains(&text.as_str()) => {}
        FieldType::Email if EmailAddress::from_str(text.trim()).is_ok() => return Ok(Some(text.trim().to_owned())),
        FieldType::Email => return Err(refused("emailAddress")),
        FieldType::Phone => return e164(&text).map(Some).ok_or_else(|| refused("valid")),
        FieldType::Int => return whole(&text).map(Some).ok_or_else(|| refused("valid")),
        FieldType::Float => return decimal(&text).map(Some).ok_or_else(|| refused("valid")),
        FieldType::Bool => return Ok((!matches!(text.as_str(), "0" | "false")).then(|| "true".to_owned())),
        FieldType::Date if NaiveDate::parse_from_str(&text, "%Y-%m-%d").is_ok() && text.len() == DAY => {}
        FieldType::Enum(_) | FieldType::Date => return Err(refused("valid")),
        FieldType::Link => return account(state, given).map(|id| Some(id_text(id))),
    }
    Ok(Some(text))
}

/// A number as PHP reads it.
fn decimal(text: &str) -> Option<String> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number.to_string())
}

/// The whole part of one.
fn whole(text: &str) -> Option<String> {
    let number = decimal(text)?;
    number.split('.').next().map(str::to_owned)
}

/// The number as it is stored. A national one is none: the server is set up without a country of its own.
fn e164(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|character| !" -./()\u{a0}".contains(*character)).collect();
    let digits = bare.strip_prefix('+').filter(|digits| digits.len() <= 15)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = phonenumber::parse(None, &bare).ok()?;
    let (code, national) = (number.country().code(), number.national().to_string());
    let length = u16::try_from(national.len()).ok()?;
    let plans = DATABASE.by_code(&code)?;
    let is_possible = plans.iter().map(|plan| plan.descriptors()).any(|sorts| {
        let sorts =
            [sorts.fixed_line(), sorts.mobile(), sorts.toll_free(), sorts.shared_cost(), sorts.voip(), sorts.uan()];
        sorts.into_iter().flatten().any(|sort| sort.possible_length().contains(&length))
    });
    is_possible.then(|| format!("+{code}{national}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stored_in_e164_or_refused() {
        assert_eq!(e164("+49 711 123456").as_deref(), Some("+49711123456"));
        for text in ["0711 123456", "+49", "+48 22 1", "+48 22 123 45 67 ext. 5", "none"] {
            assert_eq!(e164(text), None, "{text}");
        }
    }
}
