//! Keys and texts of a reply, borrowed from it where they hold no escape.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A key, borrowed from the reply where it holds no escape.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(|shown| Self(shown.0.unwrap_or_default()))
    }
}

/// A property's text; `None` for null. Numbers and booleans, which HubSpot writes as texts, are taken as texts.
pub(super) struct Shown<'de>(pub(super) Option<Cow<'de, str>>);

impl<'de> Deserialize<'de> for Shown<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Shown<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Shown<'de>, E> {
        Ok(Shown(None))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Shown<'de>, E> {
        Ok(Shown(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Shown<'de>, E> {
        Ok(Shown(Some(Cow::Owned(text.to_owned()))))
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
}
