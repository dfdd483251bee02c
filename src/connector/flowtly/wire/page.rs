//! Collections in all the envelopes that API Platform makes, and single records.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Undecodable;
use super::row::{Decoded, RowSeed, Scribe};
use super::value::{Seen, ValueSeed};

/// One page of a collection.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::connector::flowtly) struct Page<T = Decoded> {
    /// Its records.
    pub(in crate::connector::flowtly) rows: Vec<T>,
    /// Records in all, where it tells.
    pub(in crate::connector::flowtly) total: Option<u64>,
    /// Its links.
    pub(in crate::connector::flowtly) view: View,
    /// Whether it is a bare array, which has neither total nor links.
    pub(in crate::connector::flowtly) bare: bool,
}

/// The links of a page: absolute paths, to be resolved against the origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connector::flowtly) struct View {
    pub(in crate::connector::flowtly) last: Option<Box<str>>,
    pub(in crate::connector::flowtly) previous: Option<Box<str>>,
    pub(in crate::connector::flowtly) next: Option<Box<str>>,
}

/// Decodes a page of records.
pub(in crate::connector::flowtly) fn page(body: &[u8], scribe: &mut Scribe<'_>) -> Result<Page, Undecodable> {
    whole(body, PageSeed { members: RowMembers { scribe } })
}

/// Decodes a page whose members are kept as they are, for small lists.
pub(in crate::connector::flowtly) fn plain_page(body: &[u8]) -> Result<Page<serde_json::Value>, Undecodable> {
    whole(body, PageSeed { members: PlainMembers })
}

/// Decodes one record.
pub(in crate::connector::flowtly) fn item(body: &[u8], scribe: &mut Scribe<'_>) -> Result<Decoded, Undecodable> {
    whole(body, RowSeed { scribe })
}

fn whole<'de, S: DeserializeSeed<'de>>(body: &'de [u8], seed: S) -> Result<S::Value, Undecodable> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// How the members of a page are decoded.
trait Members<'de> {
    type Member;

    fn next<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<Self::Member>, A::Error>;
}

struct RowMembers<'s, 'a> {
    scribe: &'s mut Scribe<'a>,
}

impl<'de> Members<'de> for RowMembers<'_, '_> {
    type Member = Decoded;

    fn next<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<Decoded>, A::Error> {
        list.next_element_seed(RowSeed { scribe: self.scribe })
    }
}

struct PlainMembers;

impl<'de> Members<'de> for PlainMembers {
    type Member = serde_json::Value;

    fn next<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<serde_json::Value>, A::Error> {
        list.next_element()
    }
}

struct PageSeed<M> {
    members: M,
}

impl<'de, M: Members<'de>> DeserializeSeed<'de> for PageSeed<M> {
    type Value = Page<M::Member>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: Members<'de>> Visitor<'de> for PageSeed<M> {
    type Value = Page<M::Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a collection")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(member) = self.members.next(&mut list)? {
            rows.push(member);
        }
        Ok(Page { rows, total: None, view: View::default(), bare: true })
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut rows = None;
        let mut total = None;
        let mut view = View::default();
        while let Some(key) = object.next_key_seed(EnvelopeKey)? {
            match key {
                Envelope::Member => rows = Some(object.next_value_seed(MembersSeed { members: &mut self.members })?),
                Envelope::Total => match object.next_value_seed(ValueSeed { max_text: 32 })? {
                    Seen::Text(text) => total = text.parse().ok(),
                    Seen::Nothing | Seen::Thing(_) | Seen::TooLong | Seen::Odd => {}
                },
                Envelope::View => view = object.next_value_seed(ViewSeed)?,
                Envelope::Other => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        let rows = rows.ok_or_else(|| serde::de::Error::missing_field("member"))?;
        Ok(Page { rows, total, view, bare: false })
    }
}

struct MembersSeed<'m, M> {
    members: &'m mut M,
}

impl<'de, M: Members<'de>> DeserializeSeed<'de> for MembersSeed<'_, M> {
    type Value = Vec<M::Member>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, M: Members<'de>> Visitor<'de> for MembersSeed<'_, M> {
    type Value = Vec<M::Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the records of a page")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(member) = self.members.next(&mut list)? {
            rows.push(member);
        }
        Ok(rows)
    }
}

enum Envelope {
    Member,
    Total,
    View,
    Other,
}

struct EnvelopeKey;

impl<'de> DeserializeSeed<'de> for EnvelopeKey {
    type Value = Envelope;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Envelope, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for EnvelopeKey {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Envelope, E> {
        Ok(match key {
            "member" | "hydra:member" => Envelope::Member,
            "totalItems" | "hydra:totalItems" => Envelope::Total,
            "view" | "hydra:view" => Envelope::View,
            _ => Envelope::Other,
        })
    }
}

struct ViewSeed;

impl<'de> DeserializeSeed<'de> for ViewSeed {
    type Value = View;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<View, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ViewSeed {
    type Value = View;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the links of a page")
    }

    fn visit_unit<E>(self) -> Result<View, E> {
        Ok(View::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<View, A::Error> {
        let mut view = View::default();
        while let Some(key) = object.next_key::<std::borrow::Cow<'de, str>>()? {
            let link = match object.next_value_seed(ValueSeed { max_text: 8 << 10 })? {
                Seen::Text(link) => Some(link),
                Seen::Nothing | Seen::Thing(_) | Seen::TooLong | Seen::Odd => None,
            };
            match key.strip_prefix("hydra:").unwrap_or(&key) {
                "last" => view.last = link,
                "previous" => view.previous = link,
                "next" => view.next = link,
                _ => {}
            }
        }
        Ok(view)
    }
}
