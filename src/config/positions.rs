//! Where each key of a TOML text stands, and what sort of value it has.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::key::Key;

/// The sort of a value in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Integer,
    Float,
    Switch,
    Date,
    List,
    Table,
}

impl Sort {
    /// The sort of a value, in words.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Float => "a number",
            Self::Switch => "true or false",
            Self::Date => "a date",
            Self::List => "a list",
            Self::Table => "a table",
        }
    }

    /// The sort of a parsed value.
    pub(super) const fn of(value: &toml::Value) -> Self {
        match value {
            toml::Value::String(_) => Self::Text,
            toml::Value::Integer(_) => Self::Integer,
            toml::Value::Float(_) => Self::Float,
            toml::Value::Boolean(_) => Self::Switch,
            toml::Value::Datetime(_) => Self::Date,
            toml::Value::Array(_) => Self::List,
            toml::Value::Table(_) => Self::Table,
        }
    }
}

/// A key that a file sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Line and column, from 1, columns in characters.
    pub(super) position: (usize, usize),
    /// What it is set to.
    pub(super) sort: Sort,
    /// A whole number beyond 64 bits.
    pub(super) overflows: bool,
    /// An empty text, which means "not set".
    pub(super) empty: bool,
}

/// A text that is not TOML: where, and the parser's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Line and column, where the parser tells.
    pub(super) position: Option<(usize, usize)>,
    /// What is wrong.
    pub(super) message: String,
}

/// The keys of a TOML text, tables included; or everything that is wrong with its syntax.
pub(super) fn index(text: &str) -> Result<BTreeMap<Key, Found>, Vec<SyntaxError>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let mut found = BTreeMap::new();
        collect(text, &Key::ROOT, table.get_ref(), &mut found);
        Ok(found)
    } else {
        Err(errors
            .iter()
            .map(|error| SyntaxError {
                position: error.span().map(|span| locate(text, &span)),
                message: error.message().trim().replace('\n', ", "),
            })
            .collect())
    }
}

fn collect(text: &str, parent: &Key, table: &DeTable<'_>, found: &mut BTreeMap<Key, Found>) {
    for (name, value) in table {
        let key = parent.child(name.get_ref());
        let sort = match value.get_ref() {
            DeValue::String(_) => Sort::Text,
            DeValue::Integer(_) => Sort::Integer,
            DeValue::Float(_) => Sort::Float,
            DeValue::Boolean(_) => Sort::Switch,
            DeValue::Datetime(_) => Sort::Date,
            DeValue::Array(_) => Sort::List,
            DeValue::Table(inner) => {
                collect(text, &key, inner, found);
                Sort::Table
            }
        };
        let integer = value.get_ref().as_integer();
        let overflows = integer.is_some_and(|number| i64::from_str_radix(number.as_str(), number.radix()).is_err());
        let empty = value.get_ref().as_str() == Some("");
        found.insert(key, Found { position: locate(text, &name.span()), sort, overflows, empty });
    }
}

fn locate(text: &str, span: &Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
