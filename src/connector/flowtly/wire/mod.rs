//! Flowtly's JSON, private to this connector: pure functions between bytes and rows.
//!
//! [`iri`] takes references apart; a [`layout`] says which key of a record goes where; [`value`], `nested`, [`row`], `embedded`
//! and [`page`] decode replies straight into rows, without a tree in between; [`outgoing`] makes the bodies of writes; [`entry`]
//! reads the small lists (countries, currencies, organisations); [`sample`] and [`docs`] say what properties there are;
//! [`documents`] reads whatever the documents' path answers; [`problem`] reads refusals.

pub(super) mod iri;
pub(super) mod layout;
pub(super) mod value;
mod nested;
pub(super) mod row;
mod embedded;
pub(super) mod page;
pub(super) mod outgoing;
pub(super) mod entry;
pub(super) mod sample;
pub(super) mod docs;
pub(super) mod documents;
pub(super) mod problem;

use std::fmt;

use serde_json::error::Category;

/// A reply that is not what the protocol says. Says where, never what: the content may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// It ends in the middle.
    Half,
    /// It is no JSON.
    NotJson,
    /// It is JSON of another shape.
    Shape {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
}

impl From<serde_json::Error> for Undecodable {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            Category::Eof => Self::Half,
            Category::Syntax | Category::Io => Self::NotJson,
            Category::Data => Self::Shape { line: error.line(), column: error.column() },
        }
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Half => f.write_str("the reply is only half of a JSON text"),
            Self::NotJson => f.write_str("the reply is not JSON"),
            Self::Shape { line, column } => {
                write!(f, "the reply is JSON of another shape than expected (line {line}, column {column})")
            }
        }
    }
}
