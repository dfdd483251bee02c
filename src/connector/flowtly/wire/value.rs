//! One value of a record, as far as it can be one text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::iri;
use super::layout::Relation;
use crate::domain::shape::Delivered;

/// A value as seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// `null`, or an empty list.
    Nothing,
    /// A text, or a number or truth value written as one.
    Text(Box<str>),
    /// An object that says who it is.
    Thing(Thing),
    /// A text beyond the limit.
    TooLong,
    /// Anything else.
    Odd,
}

/// What an embedded object says of who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) iri: Option<Box<str>>,
    pub(super) id: Option<Box<str>>,
    pub(super) code: Option<Box<str>>,
}

impl Seen {
    /// What is delivered of it.
    pub(super) fn deliver(self, relation: Option<Relation>) -> Delivered {
        match (self, relation) {
            (Self::Nothing, _) => Delivered::Blank,
            (Self::Text(text), _) if text.is_empty() => Delivered::Blank,
            (Self::Text(text), None) => Delivered::Text(text),
            (Self::Text(text), Some(_)) => Delivered::Text(iri::id(&text).into()),
            (Self::Thing(thing), relation) => thing.text(relation).map_or(Delivered::Unknown, Delivered::Text),
            (Self::TooLong | Self::Odd, _) => Delivered::Unknown,
        }
    }

    /// The id that it is or refers to.
    pub(super) fn id(self) -> Option<Box<str>> {
        match self.deliver(Some(Relation::Other)) {
            Delivered::Text(id) => Some(id),
            Delivered::Blank | Delivered::Unknown => None,
        }
    }

    /// The text as it is, if it is one.
    pub(super) fn text(self) -> Option<Box<str>> {
        match self.deliver(None) {
            Delivered::Text(text) => Some(text),
            Delivered::Blank | Delivered::Unknown => None,
        }
    }

    /// The IRI, if it shows one.
    pub(super) fn iri(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Thing(thing) => thing.iri.as_deref(),
            Self::Nothing | Self::TooLong | Self::Odd => None,
        }
    }
}

impl Thing {
    fn text(self, relation: Option<Relation>) -> Option<Box<str>> {
        let id = self.id.or_else(|| self.iri.map(|iri| iri::id(&iri).into()));
        let is_code = self.code.as_deref().is_some_and(|code| relation.is_some_and(|r| is_iso(r, code)));
        if is_code { self.code } else { id.or(self.code) }
    }
}

/// Whether a text has the form of the ISO code that a look-up list translates into.
pub(in crate::connector::flowtly) fn is_iso(relation: Relation, text: &str) -> bool {
    let length = match relation {
        Relation::Country => 2,
        Relation::Currency => 3,
        Relation::Other => return false,
    };
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Decodes one value; texts longer than `max_text` bytes are not kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueSeed {
    pub(super) max_text: usize,
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::Nothing)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Seen, E> {
        Ok(Seen::Text(if truth { "true" } else { "false" }.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Seen, E> {
        Ok(Seen::Text(number.to_string().into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Seen, E> {
        Ok(Seen::Text(number.to_string().into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Seen, E> {
        // Rust writes 14.0 as "14".
        Ok(Seen::Text(number.to_string().into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Seen, E> {
        Ok(if text.len() > self.max_text { Seen::TooLong } else { Seen::Text(text.into()) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Seen, A::Error> {
        let mut seen = Seen::Nothing;
        while list.next_element::<IgnoredAny>()?.is_some() {
            seen = Seen::Odd;
        }
        Ok(seen)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Seen, A::Error> {
        let mut thing = Thing::default();
        while let Some(key) = object.next_key_seed(ThingKey)? {
            let place = match key {
                Some(ThingPart::Iri) => &mut thing.iri,
                Some(ThingPart::Id) => &mut thing.id,
                Some(ThingPart::Code) => &mut thing.code,
                None => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if let Seen::Text(text) = object.next_value_seed(self)? {
                *place = Some(text);
            }
        }
        Ok(if thing == Thing::default() { Seen::Odd } else { Seen::Thing(thing) })
    }
}

enum ThingPart {
    Iri,
    Id,
    Code,
}

struct ThingKey;

impl<'de> DeserializeSeed<'de> for ThingKey {
    type Value = Option<ThingPart>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for ThingKey {
    type Value = Option<ThingPart>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(match key {
            "@id" => Some(ThingPart::Iri),
            "id" => Some(ThingPart::Id),
            "code" => Some(ThingPart::Code),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(json: &str) -> Seen {
        ValueSeed { max_text: 8 }.deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    fn text(text: &str) -> Delivered {
        Delivered::Text(text.into())
    }

    #[rstest]
    #[case("null", Delivered::Blank)]
    #[case(r#""""#, Delivered::Blank)]
    #[case("[]", Delivered::Blank)]
    #[case(r#""a\u0026b""#, text("a&b"))]
    #[case("14", text("14"))]
    #[case("-3", text("-3"))]
    #[case("14.0", text("14"))]
    #[case("0.23", text("0.23"))]
    #[case("true", text("true"))]
    #[case(r#""123456789""#, Delivered::Unknown)]
    #[case("[1,[2]]", Delivered::Unknown)]
    #[case(r#"{"x":1}"#, Delivered::Unknown)]
    #[case(r#"{"@type":"Cost","@id":"\/costs\/7","name":"x"}"#, text("7"))]
    #[case(r#"{"id":7}"#, text("7"))]
    #[case(r#"{"code":"X1"}"#, text("X1"))]
    fn a_value_is_delivered_as_one_text_or_not_at_all(#[case] json: &str, #[case] wanted: Delivered) {
        assert_eq!(read(json).deliver(None), wanted);
    }

    #[test]
    fn a_reference_is_its_bare_id_and_an_embedded_country_its_code() {
        assert_eq!(read(r#""\/cs\/PL""#).deliver(Some(Relation::Country)), text("PL"));
        assert_eq!(read(r#""PL""#).deliver(Some(Relation::Country)), text("PL"));
        assert_eq!(read("17").deliver(Some(Relation::Other)), text("17"));
        let embedded = read(r#"{"@id":"\/cs\/1","id":1,"code":"PL"}"#);
        assert_eq!(embedded.clone().deliver(Some(Relation::Country)), text("PL"));
        assert_eq!(embedded.deliver(Some(Relation::Other)), text("1"));
    }
}
