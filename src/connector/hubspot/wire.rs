//! HubSpot's JSON beside its records: bodies of requests, and replies of searches, associations, properties and errors.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
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
    pub(super) results: Vec<Hit>,
    pub(super) paging: Option<Paging>,
}

/// A record as the index shows it.
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

/// A search. The specification requires every key but `query`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<&'a str>,
    pub(super) filter_groups: Vec<FilterGroup<'a>>,
    pub(super) sorts: Vec<Sort<'a>>,
    pub(super) properties: Vec<&'a str>,
    pub(super) limit: usize,
    pub(super) after: String,
}

/// Filters that must all hold; one group must.
#[derive(Debug, Serialize)]
pub(super) struct FilterGroup<'a> {
    pub(super) filters: Vec<Filter<'a>>,
}

impl<'a> FilterGroup<'a> {
    /// A group of one filter.
    pub(super) fn one(property: &'a str, operator: &'static str, value: String) -> Self {
        Self { filters: vec![Filter { property, operator, value }] }
    }
}

/// One comparison.
#[derive(Debug, Serialize)]
pub(super) struct Filter<'a> {
    #[serde(rename = "propertyName")]
    pub(super) property: &'a str,
    pub(super) operator: &'static str,
    pub(super) value: String,
}

/// The one order of a search.
#[derive(Debug, Serialize)]
pub(super) struct Sort<'a> {
    #[serde(rename = "propertyName")]
    pub(super) property: &'a str,
    pub(super) direction: &'static str,
}

/// A read by id. The specification requires every key but `idProperty`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadBody<'a> {
    pub(super) properties: &'a [String],
    pub(super) properties_with_history: [&'a str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_property: Option<&'a str>,
    pub(super) inputs: Vec<IdInput<'a>>,
}

/// A record by id.
#[derive(Debug, Serialize)]
pub(super) struct IdInput<'a> {
    pub(super) id: &'a str,
}

/// Inputs of any batch.
#[derive(Debug, Serialize)]
pub(super) struct Inputs<T> {
    pub(super) inputs: Vec<T>,
}

/// A record to be made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateInput<'a> {
    pub(super) object_write_trace_id: String,
    pub(super) properties: BTreeMap<&'a str, &'a str>,
    pub(super) associations: Vec<NewLink<'a>>,
}

/// A record to be changed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateInput<'a> {
    pub(super) id: &'a str,
    pub(super) object_write_trace_id: String,
    pub(super) properties: BTreeMap<&'a str, &'a str>,
}

/// A link of a record that is made with it.
#[derive(Debug, Serialize)]
pub(super) struct NewLink<'a> {
    pub(super) to: IdInput<'a>,
    pub(super) types: [LinkType; 2],
}

/// A link to be made.
#[derive(Debug, Serialize)]
pub(super) struct LinkInput<'a> {
    pub(super) from: IdInput<'a>,
    pub(super) to: IdInput<'a>,
    pub(super) types: [LinkType; 2],
}

/// Links to be taken away.
#[derive(Debug, Serialize)]
pub(super) struct UnlinkInput<'a> {
    pub(super) from: IdInput<'a>,
    pub(super) to: Vec<IdInput<'a>>,
}

/// A type of link that HubSpot defines.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkType {
    association_category: &'static str,
    association_type_id: u32,
}

impl LinkType {
    /// The primary company of a contact, and the plain link that HubSpot keeps beside it.
    pub(super) const PRIMARY: [Self; 2] = [
        Self { association_category: HUBSPOT_DEFINED, association_type_id: 1 },
        Self { association_category: HUBSPOT_DEFINED, association_type_id: 279 },
    ];
}

/// A record whose links are read, from a cursor on.
#[derive(Debug, Serialize)]
pub(super) struct LinksOf {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
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
    pub(super) options: Option<Vec<Choice>>,
    pub(super) calculated: Option<bool>,
    pub(super) archived: Option<bool>,
    pub(super) has_unique_value: Option<bool>,
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

/// A property to be made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewProperty<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) description: &'a str,
    pub(super) group_name: &'static str,
    #[serde(rename = "type")]
    pub(super) type_name: &'static str,
    pub(super) field_type: &'static str,
    pub(super) has_unique_value: bool,
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
