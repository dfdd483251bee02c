//! The bodies of requests.

use std::collections::BTreeMap;

use serde::Serialize;

use super::wire::HUBSPOT_DEFINED;

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
    pub(super) types: &'a [LinkType],
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
    /// A company of a contact.
    pub(super) const PLAIN: [Self; 1] = [Self { association_category: HUBSPOT_DEFINED, association_type_id: 279 }];

    /// The primary company of a contact, and the plain link that HubSpot keeps beside it. Whichever was primary before is not
    /// any more.
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

/// A note to be made or changed.
#[derive(Debug, Serialize)]
pub(super) struct NoteBody<'a> {
    pub(super) properties: NoteProperties,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) associations: Option<[NoteLink<'a>; 1]>,
}

/// What a note says. The time is required of a new one: it is its place among what happened.
#[derive(Debug, Serialize)]
pub(super) struct NoteProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hs_timestamp: Option<String>,
    pub(super) hs_note_body: String,
}

/// What a new note belongs to.
#[derive(Debug, Serialize)]
pub(super) struct NoteLink<'a> {
    to: IdInput<'a>,
    types: [LinkType; 1],
}

impl<'a> NoteLink<'a> {
    /// A note of a company: HubSpot's own type 190.
    pub(super) const fn to_company(id: &'a str) -> Self {
        let note_to_company = LinkType { association_category: HUBSPOT_DEFINED, association_type_id: 190 };
        Self { to: IdInput { id }, types: [note_to_company] }
    }
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
