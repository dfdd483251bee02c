//! The fields of a span or an event, taken down.

use std::fmt::Debug;

use tracing::field::{Field, Visit};

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Taken {
    Text(String),
    Whole(i64),
    Fraction(f64),
    Truth(bool),
}

impl Taken {
    /// It as a text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Fraction(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

/// Fields in the order in which they came; one that is recorded again has its last value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fields(pub(super) Vec<(&'static str, Taken)>);

impl Fields {
    fn put(&mut self, field: &Field, value: Taken) {
        match self.0.iter_mut().find(|(name, _)| *name == field.name()) {
            Some((_, known)) => *known = value,
            None => self.0.push((field.name(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, Taken::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Taken::Text(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Taken::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, i64::try_from(value).map_or_else(|_| Taken::Text(value.to_string()), Taken::Whole));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Taken::Fraction(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Taken::Truth(value));
    }
}
