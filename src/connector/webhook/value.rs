//! Reads JSON that may hold anything.

use serde_json::Value;

use super::Refused;
use crate::domain::record::RemoteId;

/// How many events does one delivery hold at most? HubSpot sends a hundred; what is beyond is not from where it says.
const EVENTS: usize = 5_000;

/// The longest id that any of the systems has.
const ID_BYTES: usize = 64;

/// The objects of a body: a list of them, or one alone.
pub(crate) fn objects(body: &[u8]) -> Result<Vec<Value>, Refused> {
    let objects = match serde_json::from_slice(body) {
        Ok(Value::Array(events)) if events.len() <= EVENTS => events,
        Ok(object @ Value::Object(_)) => vec![object],
        Ok(_) | Err(_) => return Err(Refused::Unreadable),
    };
    if objects.iter().all(Value::is_object) { Ok(objects) } else { Err(Refused::Unreadable) }
}

/// What an object says under a name, where that is a text.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// A number, or a text of one, as the text that a system numbers its records by.
pub(crate) fn number(value: Option<&Value>) -> Option<RemoteId> {
    let number = match value? {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse::<u64>().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (number > 0).then(|| RemoteId::new(number.to_string()))
}

/// A word of letters, digits and hyphens: the id of a system that does not number its records.
pub(crate) fn word(value: Option<&Value>) -> Option<RemoteId> {
    let text = value?.as_str()?;
    let fits = (1..=ID_BYTES).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    fits.then(|| RemoteId::new(text))
}

/// Anything short, as a text that tells it from others.
pub(crate) fn shown(value: Option<&Value>) -> String {
    value.map(Value::to_string).unwrap_or_default()
}
