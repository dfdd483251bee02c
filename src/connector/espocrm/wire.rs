//! EspoCRM's replies beside its records: refusals, the description of fields, posts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::connector::error::{ErrorKind, PortError};

/// The body of a refusal by a validator.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Refusal {
    pub(super) message_translation: Option<Translation>,
}

/// What the user interface would say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Translation {
    pub(super) label: Option<String>,
    pub(super) data: Value,
}

/// The two bodies of a 409: records that look alike, or what the record says by now.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Collision {
    Alike(Vec<Alike>),
    Moved {
        #[serde(rename = "versionNumber")]
        _version: Value,
    },
}

/// A record that looks like the one that was to be made.
#[derive(Debug, Deserialize)]
pub(super) struct Alike {
    pub(super) id: String,
}

/// What the program knows of itself, as far as it concerns us.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) entity_defs: BTreeMap<String, EntityDefinition>,
}

/// An entity type.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct EntityDefinition {
    pub(super) fields: BTreeMap<String, FieldDefinition>,
}

/// A field. A key that has another type than it should is as if it were not there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FieldDefinition {
    #[serde(rename = "type")]
    type_name: Value,
    read_only: Value,
    max_length: Value,
    options: Value,
    disabled: Value,
}

impl FieldDefinition {
    /// EspoCRM's word for its type, and its longest text.
    pub(super) fn type_name(&self) -> Option<String> {
        let name = self.bare_type()?;
        Some(match self.max_length.as_u64() {
            Some(most) => format!("{name}, at most {most} characters"),
            None => name.to_owned(),
        })
    }

    /// EspoCRM's word for its type alone.
    pub(super) fn bare_type(&self) -> Option<&str> {
        self.type_name.as_str()
    }

    /// Whether it leads to one other record.
    pub(super) fn is_link(&self) -> bool {
        matches!(self.bare_type(), Some("link" | "linkParent"))
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.read_only == Value::Bool(true)
    }

    pub(super) fn is_disabled(&self) -> bool {
        self.disabled == Value::Bool(true)
    }

    pub(super) fn choices(&self) -> Vec<String> {
        let options = self.options.as_array().into_iter().flatten();
        options.filter_map(Value::as_str).filter(|option| !option.is_empty()).map(str::to_owned).collect()
    }
}

/// A page of a stream.
#[derive(Debug, Deserialize)]
pub(super) struct Stream {
    pub(super) list: Vec<Note>,
}

/// A post, or another event of a stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Note {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) post: Option<String>,
    pub(super) parent_id: Option<String>,
}

/// Decodes a reply.
pub(super) fn reply<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, PortError> {
    serde_json::from_slice(body).map_err(|error| not_the_protocol(&error))
}

/// A reply that is not what EspoCRM's API describes. Says where, never what: the text may hold personal data.
pub(super) fn not_the_protocol(error: &serde_json::Error) -> PortError {
    PortError::new(
        ErrorKind::Protocol,
        format!(
            "the reply is not what EspoCRM's API describes (line {}, column {}): check base_url and api_path",
            error.line(),
            error.column()
        ),
    )
}
