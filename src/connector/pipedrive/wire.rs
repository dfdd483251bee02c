//! Pipedrive's envelopes: what every reply has around its data.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::connector::error::{ErrorKind, PortError};

/// A record as Pipedrive shows it.
pub(super) type Item = Map<String, Value>;

/// A reply that succeeded.
#[derive(Debug)]
pub(super) struct Reply<T> {
    pub(super) data: T,
    /// Where the next page begins; `None` at the end.
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Envelope<T> {
    success: bool,
    data: Option<T>,
    #[serde(default)]
    additional_data: Option<Additional>,
}

#[derive(Deserialize)]
struct Additional {
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    pagination: Option<Pagination>,
}

/// The old version's pages go by number.
#[derive(Deserialize)]
struct Pagination {
    #[serde(default)]
    more_items_in_collection: bool,
    #[serde(default)]
    next_start: Option<u64>,
}

/// A refusal in Pipedrive's own words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    success: Option<bool>,
    #[serde(deserialize_with = "any_text")]
    pub(super) error: Option<String>,
    #[serde(deserialize_with = "any_text")]
    pub(super) error_info: Option<String>,
    #[serde(deserialize_with = "any_text")]
    pub(super) code: Option<String>,
}

/// A search.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    #[serde(default)]
    pub(super) items: Vec<Hit>,
}

/// One record that a search found.
#[derive(Debug, Deserialize)]
pub(super) struct Hit {
    pub(super) item: HitItem,
}

/// What of it is of use: contents are read by id.
#[derive(Debug, Deserialize)]
pub(super) struct HitItem {
    pub(super) id: u64,
}

/// Who a token belongs to.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) company_id: u64,
}

/// One field of a kind.
#[derive(Debug, Deserialize)]
pub(super) struct FieldShown {
    pub(super) field_name: String,
    pub(super) field_code: String,
    pub(super) field_type: String,
    #[serde(default)]
    pub(super) options: Option<Vec<Choice>>,
    #[serde(default)]
    pub(super) is_custom_field: bool,
}

/// One choice of a field. Some of Pipedrive's own fields have choices without a number.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    pub(super) id: Value,
    #[serde(default)]
    pub(super) label: String,
}

/// A note at an organization.
#[derive(Debug, Deserialize)]
pub(super) struct Note {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) content: Option<String>,
    #[serde(default)]
    pub(super) active_flag: Option<bool>,
}

/// Decodes a reply.
pub(super) fn reply<T: DeserializeOwned>(body: &[u8]) -> Result<Reply<T>, PortError> {
    let Reply { data, next } = perhaps::<T>(body)?;
    match data {
        Some(data) => Ok(Reply { data, next }),
        None => Err(PortError::new(ErrorKind::Protocol, "Pipedrive's reply has no data")),
    }
}

/// Decodes a reply of the old version, which says null where it has nothing to list.
pub(super) fn perhaps<T: DeserializeOwned>(body: &[u8]) -> Result<Reply<Option<T>>, PortError> {
    let envelope: Envelope<T> = serde_json::from_slice(body).map_err(|error| match refusal(body) {
        // A refusal has no data of the wanted sort.
        Some(refusal) => unsuccessful(&refusal),
        None => not_the_protocol(&error),
    })?;
    if !envelope.success {
        return Err(unsuccessful(&refusal(body).unwrap_or_default()));
    }
    let next = envelope.additional_data.and_then(|additional| {
        let numbered = additional.pagination.filter(|pagination| pagination.more_items_in_collection);
        let start = numbered.and_then(|pagination| pagination.next_start).map(|start| start.to_string());
        additional.next_cursor.or(start).filter(|cursor| !cursor.is_empty())
    });
    Ok(Reply { data: envelope.data, next })
}

/// The refusal that a body is, where it is one in Pipedrive's own words.
pub(super) fn refusal(body: &[u8]) -> Option<Refusal> {
    serde_json::from_slice::<Refusal>(body).ok().filter(|refusal| refusal.success == Some(false))
}

/// A reply that is not what Pipedrive's API describes. Says where, never what: the text may hold personal data.
fn not_the_protocol(error: &serde_json::Error) -> PortError {
    PortError::new(
        ErrorKind::Protocol,
        format!(
            "the reply is not what Pipedrive's API describes (line {}, column {}): check base_url",
            error.line(),
            error.column()
        ),
    )
}

/// A success by its status, and none by its own words: what came of the request is not known.
fn unsuccessful(refusal: &Refusal) -> PortError {
    let words = refusal.error.as_deref().unwrap_or("without a reason");
    PortError::new(
        ErrorKind::Protocol,
        format!("Pipedrive says that it did not succeed: {}", super::error::shortened(words)),
    )
}

/// A text; whatever else stands in its place is written as JSON.
fn any_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Some(other.to_string()),
    })
}
