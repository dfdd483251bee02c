//! From EspoCRM's records to rows, straight from the text: no tree of values in between.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::layout::Layout;
use super::text::{Key, Shown};
use super::wire::not_the_protocol;
use crate::connector::error::PortError;
use crate::domain::record::{Kind, RemoteId, Standing, Version};
use crate::domain::shape::{Delivered, Row};

/// How EspoCRM writes times: UTC, whole seconds.
const STAMP: &str = "%Y-%m-%d %H:%M:%S";

/// One record of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) row: Row,
    /// It was deleted: an administrator's key still sees it.
    pub(super) deleted: bool,
    /// A contact whose list of companies is not shown.
    pub(super) parents_cut: bool,
    /// A text is as long as lists cut them.
    pub(super) text_cut: bool,
    /// Texts that were dropped because they are beyond the limit.
    pub(super) too_long: usize,
}

/// Decodes a list.
pub(super) fn list(layout: &Layout, body: &[u8]) -> Result<Vec<Entry>, PortError> {
    decode(body, ListSeed(layout))
}

/// Decodes a single record.
pub(super) fn single(layout: &Layout, body: &[u8]) -> Result<Entry, PortError> {
    decode(body, EntrySeed(layout))
}

/// A time as EspoCRM writes it.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, STAMP).ok().map(|time| time.and_utc())
}

/// A time as EspoCRM reads it; fractions of a second are cut off.
pub(super) fn stamp(time: DateTime<Utc>) -> String {
    time.format(STAMP).to_string()
}

fn decode<'de, S: DeserializeSeed<'de>>(body: &'de [u8], seed: S) -> Result<S::Value, PortError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = seed.deserialize(&mut json).map_err(|error| not_the_protocol(&error))?;
    json.end().map_err(|error| not_the_protocol(&error))?;
    Ok(value)
}

struct ListSeed<'a>(&'a Layout);

impl<'de> DeserializeSeed<'de> for ListSeed<'_> {
    type Value = Vec<Entry>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Entry>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Entry>, A::Error> {
        let mut entries = None;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            if key.0 == "list" {
                entries = Some(map.next_value_seed(EntriesSeed(self.0))?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        // An empty list says so; a reply that names none is something else.
        entries.ok_or_else(|| A::Error::missing_field("list"))
    }
}

struct EntriesSeed<'a>(&'a Layout);

impl<'de> DeserializeSeed<'de> for EntriesSeed<'_> {
    type Value = Vec<Entry>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Entry>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed<'_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Entry>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element_seed(EntrySeed(self.0))? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

struct EntrySeed<'a>(&'a Layout);

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// What a record says of its companies.
#[derive(Debug, Default)]
struct Accounts {
    primary: Option<String>,
    /// The primary one's name is shown, and there is none: the company is gone.
    nameless: bool,
    all: Option<Vec<String>>,
}

impl Accounts {
    /// The companies, the primary one first, without one that is gone.
    fn parents(self) -> Vec<RemoteId> {
        let all = self.all.unwrap_or_default();
        let primary = self.primary.filter(|primary| !self.nameless || all.contains(primary));
        let mut distinct: Vec<RemoteId> = Vec::with_capacity(all.len() + 1);
        for id in primary.into_iter().chain(all).map(RemoteId::new) {
            if !distinct.contains(&id) {
                distinct.push(id);
            }
        }
        distinct
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let layout = self.0;
        let mut id = None;
        let (mut created, mut modified, mut revision) = (None, None, None);
        let mut deleted = false;
        let mut accounts = Accounts::default();
        let mut stored_id = None;
        let mut texts = Texts { layout, texts: vec![Delivered::Unknown; layout.width], too_long: 0, cut: false };
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let shown = map.next_value::<Shown<'de>>()?;
            let text = shown.text().filter(|text| !text.is_empty());
            match key.0.as_ref() {
                "id" => id = text.map(str::to_owned),
                "deleted" => deleted = text == Some("true"),
                "createdAt" => created = text.and_then(moment),
                "modifiedAt" => modified = text.map(str::to_owned),
                "versionNumber" if layout.kind == Kind::Company => revision = text.map(str::to_owned),
                "accountId" => accounts.primary = text.map(str::to_owned),
                "accountName" => accounts.nameless = text.is_none(),
                _ => {}
            }
            if layout.id_field.as_deref() == Some(key.0.as_ref()) {
                stored_id = text.map(str::to_owned);
            }
            texts.put(&key.0, &shown);
            if let (Shown::List(ids), "accountsIds") = (shown, key.0.as_ref()) {
                accounts.all = Some(ids);
            }
        }
        let id = id.ok_or_else(|| A::Error::missing_field("id"))?;
        let is_contact = layout.kind == Kind::Contact;
        Ok(Entry {
            deleted,
            parents_cut: is_contact && accounts.all.is_none(),
            text_cut: texts.cut,
            too_long: texts.too_long,
            row: Row {
                id: RemoteId::new(id),
                parents: if is_contact { accounts.parents() } else { Vec::new() },
                version: revision.or_else(|| modified.clone()).map(Version),
                created,
                modified: modified.as_deref().and_then(moment),
                standing: Standing::Live,
                stored_id,
                absorbed: Vec::new(),
                texts: texts.texts,
            },
        })
    }
}

#[expect(clippy::struct_field_names, reason = "the texts are what it gathers")]
struct Texts<'a> {
    layout: &'a Layout,
    texts: Vec<Delivered>,
    too_long: usize,
    cut: bool,
}

impl Texts<'_> {
    fn put(&mut self, attribute: &str, shown: &Shown<'_>) {
        let places = self.layout.places(attribute);
        if places.is_empty() {
            return;
        }
        let delivered = match shown {
            Shown::Null => Delivered::Blank,
            Shown::Text(text) if text.is_empty() => Delivered::Blank,
            Shown::Text(text) => self.delivered(text),
            Shown::List(_) | Shown::Other => Delivered::Unknown,
        };
        for position in places {
            if let Some(place) = self.texts.get_mut(*position) {
                place.clone_from(&delivered);
            }
        }
    }

    fn delivered(&mut self, text: &str) -> Delivered {
        let shortest = self.layout.max_text.min(self.layout.list_text_cut);
        if text.len() >= shortest {
            let length = text.chars().count();
            self.cut |= length >= self.layout.list_text_cut;
            if length > self.layout.max_text {
                self.too_long += 1;
                return Delivered::Unknown;
            }
        }
        Delivered::Text(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parents(primary: Option<&str>, nameless: bool, all: Option<&[&str]>) -> Vec<String> {
        let all = all.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        let accounts = Accounts { primary: primary.map(str::to_owned), nameless, all };
        accounts.parents().iter().map(|id| id.as_str().to_owned()).collect()
    }

    #[test]
    fn the_primary_company_stands_first_and_a_dangling_one_not_at_all() {
        assert_eq!(parents(Some("b"), false, Some(&["a", "b"])), ["b", "a"]);
        assert_eq!(parents(Some("b"), true, Some(&["a"])), ["a"], "the company is gone");
        assert_eq!(parents(Some("b"), true, Some(&["b"])), ["b"], "its name is hidden, not gone");
        assert_eq!(parents(Some("b"), false, None), ["b"]);
        assert_eq!(parents(None, true, None), Vec::<String>::new());
    }

    #[test]
    fn times_are_utc_and_whole_seconds() {
        let time = moment("2026-11-23 19:29:50").unwrap();
        assert_eq!(time.to_rfc3339(), "2026-11-23T19:29:50+00:00");
        assert_eq!(stamp(time + chrono::Duration::milliseconds(999)), "2026-11-23 19:29:50");
        assert_eq!(moment("yesterday"), None);
    }
}
