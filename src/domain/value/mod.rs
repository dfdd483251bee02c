//! Values: the text as read, and the normal form that is compared.
//!
//! A normal form drops nothing that a person means. It is a small map of [`Facet`]s, because two systems may carry
//! different parts of one thing: two values *agree* when every facet that both have is equal, and they are *the same*
//! (for two readings of one side) when all facets are equal.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::custom::{CustomField, CustomType};
use super::field::{Field, Form, Part};

/// The text of a field, by part, as a system delivered it. A mapped part that is empty is kept as an empty string, so
/// that the text remembers which parts its side carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(BTreeMap<Part, String>);

impl Text {
    /// The text of a simple field.
    pub fn whole(text: impl Into<String>) -> Self {
        Self(BTreeMap::from([(Part::Whole, text.into())]))
    }

    /// A text of several parts.
    pub fn of<const N: usize>(parts: [(Part, &str); N]) -> Self {
        parts.into_iter().map(|(part, text)| (part, text.to_owned())).collect()
    }

    /// A part's text; `None` where the side does not carry the part.
    pub fn part(&self, part: Part) -> Option<&str> {
        self.0.get(&part).map(String::as_str)
    }

    /// Sets a part.
    pub fn set(&mut self, part: Part, text: impl Into<String>) {
        self.0.insert(part, text.into());
    }

    /// All parts in order.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        self.0.iter().map(|(part, text)| (*part, text.as_str()))
    }

    /// Whether every part is empty, white space, or signs that cannot be seen.
    pub fn is_blank(&self) -> bool {
        self.0.values().all(|text| text::is_blank(text))
    }

    /// Whether it is blank but for the type and the country of a tax number, which say nothing without the number.
    pub fn says_nothing(&self) -> bool {
        self.0.iter().all(|(part, text)| matches!(part, Part::TinType | Part::TinCountry) || text::is_blank(text))
    }
}

impl FromIterator<(Part, String)> for Text {
    fn from_iter<I: IntoIterator<Item = (Part, String)>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl fmt::Display for Text {
    /// As a person would write it in one line: the parts that are not empty, joined by a space or, in an address, a comma.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (part, text) in self.parts().filter(|(_, text)| !text.is_empty()) {
            if !first {
                f.write_str(match part {
                    Part::City | Part::PostCode | Part::Country => ", ",
                    Part::Whole
                    | Part::First
                    | Part::Last
                    | Part::Line
                    | Part::Street
                    | Part::Building
                    | Part::Unit
                    | Part::Number
                    | Part::Tin
                    | Part::TinType
                    | Part::TinCountry
                    | Part::VatNumber => " ",
                })?;
            }
            first = false;
            f.write_str(text)?;
        }
        Ok(())
    }
}

/// One comparable aspect of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// The whole of a simple field; of a person's name, first and last in one.
    Whole,
    /// Street, building and unit in one line.
    Line,
    /// City.
    City,
    /// Post code.
    PostCode,
    /// The address's own country.
    Country,
    /// The number that identifies the tax payer, without country prefix.
    TaxNumber,
    /// The country of that number, where it is known.
    TaxCountry,
    /// The type of the national number.
    TaxType,
    /// The national number, where a side carries it apart.
    Tin,
    /// The VAT number with its prefix, where a side carries it apart.
    VatNumber,
}

/// What is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Normal(BTreeMap<Facet, String>);

impl Normal {
    /// A normal form of one facet.
    pub fn whole(text: impl Into<String>) -> Self {
        Self(BTreeMap::from([(Facet::Whole, text.into())]))
    }

    /// A facet's normal text; `None` where the value does not have the facet.
    pub fn facet(&self, facet: Facet) -> Option<&str> {
        self.0.get(&facet).map(String::as_str)
    }

    /// All facets in order.
    pub fn facets(&self) -> impl Iterator<Item = (Facet, &str)> {
        self.0.iter().map(|(facet, text)| (*facet, text.as_str()))
    }

    /// Whether every facet that both have is equal, and they have one in common.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let mut shared =
            self.0.iter().filter_map(|(facet, text)| other.0.get(facet).map(|theirs| (text, theirs))).peekable();
        shared.peek().is_some() && shared.all(|(ours, theirs)| ours == theirs)
    }
}

impl FromIterator<(Facet, String)> for Normal {
    fn from_iter<I: IntoIterator<Item = (Facet, String)>>(facets: I) -> Self {
        Self(facets.into_iter().collect())
    }
}

/// A value that is there: its text and its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    text: Text,
    normal: Normal,
}

impl Value {
    /// The text as read.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// What is compared.
    pub fn normal(&self) -> &Normal {
        &self.normal
    }
}

/// A field as one side showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Not delivered, not readable, not mapped: never a change.
    Unknown,
    /// Delivered, and empty.
    Blank,
    /// A value.
    Value(Value),
}

impl Reading {
    /// Reads a field's text: blank if every part is, else a value with its normal form.
    pub fn of(field: Field, text: Text, locale: &Locale) -> Self {
        if text.is_blank() {
            return Self::Blank;
        }
        let normal = normal::normalise(field, &text, locale);
        Self::Value(Value { text, normal })
    }

    /// The text, empty where blank; `None` where unknown.
    pub fn text(&self) -> Option<Text> {
        match self {
            Self::Unknown => None,
            Self::Blank => Some(Text::default()),
            Self::Value(value) => Some(value.text.clone()),
        }
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Unknown | Self::Blank => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Whether it is known to say nothing: blank, or the type of a tax number without the number.
    pub fn says_nothing(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Blank => true,
            Self::Value(value) => value.text.says_nothing(),
        }
    }

    /// Whether two readings *of one side* are the same. Unknown is the same as nothing, not even as itself.
    pub fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) | (Self::Blank, Self::Value(_)) | (Self::Value(_), Self::Blank) => {
                false
            }
            (Self::Blank, Self::Blank) => true,
            (Self::Value(ours), Self::Value(theirs)) => ours.normal == theirs.normal,
        }
    }

    /// Whether readings *of two sides* say the same thing, as far as both can say it.
    pub fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => false,
            (Self::Value(ours), Self::Value(theirs)) if !self.says_nothing() && !other.says_nothing() => {
                ours.normal.agrees_with(&theirs.normal)
            }
            (Self::Blank | Self::Value(_), Self::Blank | Self::Value(_)) => self.says_nothing() && other.says_nothing(),
        }
    }
}

/// What a normal form needs to know of the firm: fixed for a pair of accounts, so that a text has one normal form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locale {
    /// The country (ISO 3166-1 alpha-2, upper case) in which a national telephone number is dialled.
    pub region: Option<String>,
    /// What sort of values the fields have that the configuration declares.
    pub customs: BTreeMap<CustomField, CustomType>,
}

impl Locale {
    /// How a field's text becomes its normal form; never [`Form::Custom`]. A field that is no longer declared has text.
    pub fn form(&self, field: Field) -> Form {
        match field.custom() {
            Some(custom) => self.customs.get(&custom).copied().unwrap_or(CustomType::Text).form(),
            None => field.form(),
        }
    }
}

pub(crate) mod normal;
pub mod text;
pub mod phone;
pub mod email;
pub mod country;
pub mod currency;
pub mod language;
pub mod number;
pub mod date;
pub mod boolean;
pub mod choice;
pub mod person;
pub mod postal;
pub(crate) mod street;
pub mod tax;
pub(crate) mod vat;
mod vat_check;
mod vat_key;
pub mod placeholder;
pub mod company_key;

pub use company_key::{match_name, match_person};
pub use country::{country_code, country_name};
pub use email::is_valid_email;
pub use placeholder::is_placeholder;
pub use tax::tax_key;

#[cfg(test)]
mod tests;
