//! From HubSpot's objects to rows, straight from the text: no tree of values in between.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::layout::Layout;
use super::text::{Key, Shown};
use super::wire::{Fault, Paging, WireId, not_the_protocol};
use crate::connector::error::PortError;
use crate::domain::record::{Kind, RemoteId, Standing, Version};
use crate::domain::shape::{Delivered, Row};

/// The type of the primary link of a contact, as lists write it.
const PRIMARY_TYPE: &str = "contact_to_company";

/// One object of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) row: Row,
    /// The trace id that the request gave it.
    pub(super) trace: Option<String>,
    /// Its list of companies goes on elsewhere.
    pub(super) parents_cut: bool,
}

/// The objects of a list, a batch or a single read.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) entries: Vec<Entry>,
    /// Inputs of a batch that failed.
    pub(super) faults: Vec<Fault>,
    /// The cursor of the next page.
    pub(super) after: Option<String>,
    /// Texts that were dropped because they are beyond the limit.
    pub(super) too_long: usize,
}

/// Decodes a list or the reply of a batch.
pub(super) fn objects(layout: &Layout, body: &[u8]) -> Result<Objects, PortError> {
    let decoder = Decoder { layout, too_long: Cell::new(0) };
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut objects = json.deserialize_map(ObjectsVisitor(&decoder)).map_err(|error| not_the_protocol(&error))?;
    json.end().map_err(|error| not_the_protocol(&error))?;
    objects.too_long = decoder.too_long.get();
    Ok(objects)
}

/// Decodes a single object.
pub(super) fn object(layout: &Layout, body: &[u8]) -> Result<Entry, PortError> {
    let decoder = Decoder { layout, too_long: Cell::new(0) };
    let mut json = serde_json::Deserializer::from_slice(body);
    let entry = EntrySeed(&decoder).deserialize(&mut json).map_err(|error| not_the_protocol(&error))?;
    json.end().map_err(|error| not_the_protocol(&error))?;
    Ok(entry)
}

/// Distinct companies, the primary one first, else in the order of the reply.
pub(super) fn primary_first(links: Vec<(RemoteId, bool)>) -> Vec<RemoteId> {
    let (primary, others): (Vec<_>, Vec<_>) = links.into_iter().partition(|(_, primary)| *primary);
    let mut distinct = Vec::with_capacity(primary.len() + others.len());
    for (id, _) in primary.into_iter().chain(others) {
        if !distinct.contains(&id) {
            distinct.push(id);
        }
    }
    distinct
}

struct Decoder<'a> {
    layout: &'a Layout,
    too_long: Cell<usize>,
}

impl Decoder<'_> {
    fn delivered(&self, text: &str) -> Delivered {
        if text.is_empty() {
            Delivered::Blank
        } else if text.len() > self.layout.max_text && text.chars().count() > self.layout.max_text {
            self.too_long.set(self.too_long.get() + 1);
            Delivered::Unknown
        } else {
            Delivered::Text(text.into())
        }
    }
}

struct ObjectsVisitor<'a>(&'a Decoder<'a>);

impl<'de> Visitor<'de> for ObjectsVisitor<'_> {
    type Value = Objects;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with results")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Objects, A::Error> {
        let mut objects = Objects::default();
        let mut shown = false;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            match key.0.as_ref() {
                "results" => {
                    objects.entries = map.next_value_seed(EntriesSeed(self.0))?;
                    shown = true;
                }
                "errors" => objects.faults = map.next_value::<Option<Vec<Fault>>>()?.unwrap_or_default(),
                "paging" => {
                    objects.after = map.next_value::<Option<Paging>>()?.and_then(Paging::after);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        // An empty list says so; a reply that names no results is something else.
        if shown || !objects.faults.is_empty() { Ok(objects) } else { Err(A::Error::missing_field("results")) }
    }
}

struct EntriesSeed<'a>(&'a Decoder<'a>);

impl<'de> DeserializeSeed<'de> for EntriesSeed<'_> {
    type Value = Vec<Entry>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Entry>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed<'_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Entry>, A::Error> {
        let mut entries = Vec::with_capacity(seq.size_hint().unwrap_or(super::settings::BATCH));
        while let Some(entry) = seq.next_element_seed(EntrySeed(self.0))? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

struct EntrySeed<'a>(&'a Decoder<'a>);

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut id = None;
        let mut properties = None;
        let mut created = None;
        let mut updated: Option<String> = None;
        let mut standing = Standing::Live;
        let mut links = Vec::new();
        let mut parents_cut = false;
        let mut trace = None;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            match key.0.as_ref() {
                "id" => id = Some(map.next_value::<WireId>()?.0),
                "properties" => properties = map.next_value_seed(PropertiesSeed(self.0))?,
                "createdAt" => created = map.next_value::<Shown<'de>>()?.0.and_then(|text| moment(&text)),
                "updatedAt" => updated = map.next_value::<Shown<'de>>()?.0.map(Cow::into_owned),
                "archived" if map.next_value::<Option<bool>>()?.unwrap_or(false) => standing = Standing::Archived,
                "archived" => {}
                "objectWriteTraceId" => trace = map.next_value::<Shown<'de>>()?.0.map(Cow::into_owned),
                // A company has companies of its own (parents, partners); none of them is what a contact's company is.
                "associations" if self.0.layout.kind == Kind::Contact => {
                    let companies = map.next_value::<Option<Associations>>()?.and_then(|links| links.companies);
                    if let Some(companies) = companies {
                        parents_cut = companies.paging.and_then(Paging::after).is_some();
                        links = companies
                            .results
                            .into_iter()
                            .map(|link| (RemoteId::new(link.id.0), link.label.as_deref() == Some(PRIMARY_TYPE)))
                            .collect();
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let id = id.ok_or_else(|| A::Error::missing_field("id"))?;
        let properties = properties.unwrap_or_else(|| Properties::new(self.0.layout.width));
        let modified = updated.as_deref().and_then(moment);
        Ok(Entry {
            row: Row {
                id: RemoteId::new(id),
                parents: primary_first(links),
                modified: modified.or_else(|| properties.version.as_deref().and_then(moment)),
                version: properties.version.or(updated).map(Version),
                created,
                standing,
                stored_id: properties.stored_id,
                absorbed: properties.absorbed,
                texts: properties.texts,
            },
            trace,
            parents_cut,
        })
    }
}

struct Properties {
    texts: Vec<Delivered>,
    stored_id: Option<String>,
    absorbed: Vec<RemoteId>,
    version: Option<String>,
}

impl Properties {
    fn new(width: usize) -> Self {
        Self { texts: vec![Delivered::Unknown; width], stored_id: None, absorbed: Vec::new(), version: None }
    }
}

struct PropertiesSeed<'a>(&'a Decoder<'a>);

impl<'de> DeserializeSeed<'de> for PropertiesSeed<'_> {
    type Value = Option<Properties>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for PropertiesSeed<'_> {
    type Value = Option<Properties>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of properties")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut properties = Properties::new(self.0.layout.width);
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let Some(slot) = self.0.layout.slot(&key.0) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let shown = map.next_value::<Shown<'de>>()?.0;
            let text = shown.as_deref().unwrap_or_default();
            if let [only] = slot.texts.as_slice() {
                if let Some(place) = properties.texts.get_mut(*only) {
                    *place = self.0.delivered(text);
                }
            } else {
                for position in &slot.texts {
                    if let Some(place) = properties.texts.get_mut(*position) {
                        *place = self.0.delivered(text);
                    }
                }
            }
            if text.is_empty() {
                continue;
            }
            if slot.stored_id {
                properties.stored_id = Some(text.to_owned());
            }
            if slot.merged {
                properties.absorbed = merged_ids(text);
            }
            if slot.modified {
                properties.version = Some(text.to_owned());
            }
        }
        Ok(Some(properties))
    }
}

/// The ids in the property of merged ids.
pub(super) fn merged_ids(text: &str) -> Vec<RemoteId> {
    text.split(';').map(str::trim).filter(|id| !id.is_empty()).map(RemoteId::new).collect()
}

/// A time as HubSpot writes it: RFC 3339 in UTC, or milliseconds since 1970.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .ok()
        .or_else(|| text.parse().ok().and_then(DateTime::from_timestamp_millis))
}

#[derive(Deserialize)]
struct Associations {
    companies: Option<AssociationList>,
}

#[derive(Deserialize)]
struct AssociationList {
    #[serde(default)]
    results: Vec<AssociationRef>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct AssociationRef {
    id: WireId,
    #[serde(rename = "type")]
    label: Option<String>,
}
