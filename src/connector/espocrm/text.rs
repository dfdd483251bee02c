//! Keys and values of a reply, borrowed from it where they hold no escape.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A key.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(ShownVisitor)? {
            Shown::Text(text) => Ok(Self(text)),
            Shown::Null | Shown::List(_) | Shown::Other => Err(D::Error::custom("a key is no text")),
        }
    }
}

/// An attribute's value.
#[derive(Debug)]
pub(super) enum Shown<'de> {
    /// Blank.
    Null,
    /// A text, or a number or a switch as text.
    Text(Cow<'de, str>),
    /// A list of texts.
    List(Vec<String>),
    /// Anything else.
    Other,
}

impl Shown<'_> {
    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::List(_) | Self::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Shown<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShownVisitor)
    }
}

struct ShownVisitor;

impl<'de> Visitor<'de> for ShownVisitor {
    type Value = Shown<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Shown<'de>, E> {
        Ok(Shown::Null)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Shown<'de>, E> {
        Ok(Shown::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Shown<'de>, E> {
        Ok(Shown::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Shown<'de>, E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Shown<'de>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Shown<'de>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Shown<'de>, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shown<'de>, A::Error> {
        let mut texts = Vec::new();
        let mut is_list = true;
        while let Some(element) = seq.next_element::<Shown<'de>>()? {
            match element {
                Shown::Text(text) => texts.push(text.into_owned()),
                Shown::Null | Shown::List(_) | Shown::Other => is_list = false,
            }
        }
        Ok(if is_list { Shown::List(texts) } else { Shown::Other })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shown<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Shown::Other)
    }
}
