//! One value of a record, as Odoo writes it: `false` is empty for everything but a boolean, and a link is its id and label.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown<'de> {
    /// `false` or null.
    Nothing,
    /// `true`.
    True,
    /// A text, perhaps an empty one.
    Text(Cow<'de, str>),
    /// A number.
    Number(String),
    /// A link to one record.
    Link(u64, String),
    /// Anything else: links to many records, objects.
    Odd,
}

impl Shown<'_> {
    /// A whole number from 0 on.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.parse().ok(),
            Self::Link(id, _) => Some(*id),
            Self::Nothing | Self::True | Self::Text(_) | Self::Odd => None,
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Text(_) | Self::Nothing | Self::True | Self::Number(_) | Self::Link(..) | Self::Odd => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Shown<'a> {
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
        Ok(Shown::Nothing)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Shown<'de>, E> {
        Ok(if truth { Shown::True } else { Shown::Nothing })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Shown<'de>, E> {
        Ok(Shown::Number(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Shown<'de>, E> {
        Ok(Shown::Number(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Shown<'de>, E> {
        // Rust writes 14.0 as "14".
        Ok(Shown::Number(number.to_string()))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Shown<'de>, E> {
        Ok(Shown::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Shown<'de>, E> {
        Ok(Shown::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shown<'de>, A::Error> {
        let Some(first) = list.next_element::<Shown<'de>>()? else { return Ok(Shown::Nothing) };
        let second = list.next_element::<Shown<'de>>()?;
        let mut more = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(match (first.number(), second) {
            (Some(id), Some(Shown::Text(label))) if !more => Shown::Link(id, label.into_owned()),
            (Some(id), Some(Shown::Nothing)) if !more => Shown::Link(id, String::new()),
            (_, _) => Shown::Odd,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Shown<'de>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Shown::Odd)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("false", Shown::Nothing)]
    #[case("null", Shown::Nothing)]
    #[case("[]", Shown::Nothing)]
    #[case("true", Shown::True)]
    #[case(r#""""#, Shown::Text("".into()))]
    #[case(r#""a\u0026b""#, Shown::Text("a&b".into()))]
    #[case("14", Shown::Number("14".into()))]
    #[case("14.0", Shown::Number("14".into()))]
    #[case("-1", Shown::Number("-1".into()))]
    #[case(r#"[14,"Poland"]"#, Shown::Link(14, "Poland".into()))]
    #[case("[14,false]", Shown::Link(14, String::new()))]
    #[case("[14,15]", Shown::Odd)]
    #[case("[14]", Shown::Odd)]
    #[case(r#"[1,"a",2]"#, Shown::Odd)]
    #[case(r#"{"id":1}"#, Shown::Odd)]
    fn a_value_is_what_odoo_means_by_it(#[case] json: &str, #[case] wanted: Shown<'_>) {
        assert_eq!(serde_json::from_str::<Shown<'_>>(json).unwrap(), wanted);
    }
}
