//! HubSpot's replies beside its records: searches, associations, properties and errors.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::connector::error::{ErrorKind, PortError};

/// The category of the association types that HubSpot itself defines.
pub(super) const HUBSPOT_DEFINED: &str = "HUBSPOT_DEFINED";

/// An id, which some replies write as a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WireId(pub(super) String);

impl<'de> Deserialize<'de> for WireId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(u64),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        }))
    }
}

/// How a list goes on.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Paging {
    next: Option<Next>,
}

#[derive(Debug, Clone, Deserialize)]
struct Next {
    after: Option<WireId>,
}

impl Paging {
    /// The cursor of the next page.
    pub(super) fn after(self) -> Option<String> {
        self.next.and_then(|next| next.after).map(|after| after.0).filter(|after| !after.is_empty())
    }
}

/// A whole reply or one input of a batch that failed. All keys are optional, as HubSpot says that they are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Fault {
    pub(super) status: Option<String>,
    pub(super) category: Option<String>,
    pub(super) message: Option<String>,
    pub(super) correlation_id: Option<String>,
    pub(super) policy_name: Option<String>,
    pub(super) sub_category: Value,
    pub(super) context: Value,
    pub(super) errors: Vec<Detail>,
    pub(super) id: Option<WireId>,
    pub(super) object_write_trace_id: Option<String>,
}

/// One sentence of a fault.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Detail {
    pub(super) message: Option<String>,
    pub(super) code: Option<String>,
    pub(super) context: Value,
}

/// The texts below a key of a context, which HubSpot writes as a list or as one text.
pub(super) fn context<'a>(context: &'a Value, key: &str) -> Vec<&'a str> {
    match context.get(key) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text.as_str()],
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

/// A page of a search.
#[derive(Debug, Deserialize)]
pub(super) struct SearchPage {
    /// How many records the query found.
    #[serde(default)]
    pub(super) total: Option<u64>,
    pub(super) results: Vec<Hit>,
    pub(super) paging: Option<Paging>,
}

/// A record as the index shows it, or a note.
#[derive(Debug, Deserialize)]
pub(super) struct Hit {
    pub(super) id: WireId,
    #[serde(default)]
    pub(super) properties: BTreeMap<String, Option<String>>,
}

impl Hit {
    /// What the index says of a property.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Option::as_deref)
    }
}

/// Records by id, with whatever was asked of them.
#[derive(Debug, Deserialize)]
pub(super) struct RecordsReply {
    pub(super) results: Vec<Hit>,
    #[serde(default)]
    pub(super) errors: Vec<Fault>,
}

/// Links of several records.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LinksReply {
    pub(super) results: Vec<LinksFrom>,
    pub(super) errors: Vec<Fault>,
}

/// The links of one record.
#[derive(Debug, Deserialize)]
pub(super) struct LinksFrom {
    pub(super) from: FromRef,
    #[serde(default)]
    pub(super) to: Vec<LinkTo>,
    pub(super) paging: Option<Paging>,
}

/// Whose links they are.
#[derive(Debug, Deserialize)]
pub(super) struct FromRef {
    pub(super) id: WireId,
}

/// One link.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkTo {
    pub(super) to_object_id: WireId,
    #[serde(default)]
    association_types: Vec<LinkTypeShown>,
}

impl LinkTo {
    /// Whether one of its types is this one of HubSpot's own.
    pub(super) fn is_of_type(&self, type_id: u32) -> bool {
        self.association_types
            .iter()
            .any(|shown| shown.type_id == type_id && shown.category.as_deref().is_none_or(|it| it == HUBSPOT_DEFINED))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkTypeShown {
    category: Option<String>,
    type_id: u32,
}

/// All properties of a kind.
#[derive(Debug, Deserialize)]
pub(super) struct PropertiesReply {
    pub(super) results: Vec<PropertyShown>,
}

/// One property of a kind.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PropertyShown {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_name: Option<String>,
    pub(super) field_type: Option<String>,
    pub(super) options: Option<Vec<Choice>>,
    pub(super) calculated: Option<bool>,
    pub(super) archived: Option<bool>,
    pub(super) has_unique_value: Option<bool>,
    pub(super) hubspot_defined: Option<bool>,
    pub(super) label: Option<String>,
    pub(super) modification_metadata: Option<Modification>,
}

/// One choice of a property.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    pub(super) value: String,
}

/// What may be changed of a property.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Modification {
    pub(super) read_only_value: Option<bool>,
}

/// Who the account is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountReply {
    pub(super) portal_id: WireId,
}

/// Decodes a reply.
pub(super) fn reply<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, PortError> {
    serde_json::from_slice(body).map_err(|error| not_the_protocol(&error))
}

/// A reply that is not what HubSpot's API describes. Says where, never what: the text may hold personal data.
pub(super) fn not_the_protocol(error: &serde_json::Error) -> PortError {
    PortError::new(
        ErrorKind::Protocol,
        format!(
            "the reply is not what HubSpot's API describes (line {}, column {}): check base_url and api_version",
            error.line(),
            error.column()
        ),
    )
}
