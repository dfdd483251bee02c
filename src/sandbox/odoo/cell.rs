//! A value as a record holds it, and how it is written down.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime};

use super::fields::Model;
use super::state::State;
use crate::sandbox::json::{self, Spelling};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Empty,
    Flag(bool),
    Number(i64),
    Decimal(f64),
    Text(Cow<'a, str>),
    /// Microseconds of the epoch.
    Stamp(i64),
    Link(Model, u64),
    /// Links to many records.
    Many(Vec<u64>),
}

impl<'a> Cell<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
}

/// Writes a value as Odoo does: `false` for what is empty, links with their labels, times in whole seconds.
pub(super) fn write(out: &mut Vec<u8>, state: &State, cell: &Cell<'_>) {
    match cell {
        Cell::Empty | Cell::Flag(false) => out.extend_from_slice(b"false"),
        Cell::Flag(true) => out.extend_from_slice(b"true"),
        Cell::Number(number) => json::number(out, number),
        // Python writes 14.0 as that.
        Cell::Decimal(number) => out.extend_from_slice(format!("{number:?}").as_bytes()),
        Cell::Text(text) => json::string(out, text, Spelling::Raw),
        Cell::Stamp(micros) => json::string(out, &stamp(*micros), Spelling::Raw),
        Cell::Link(model, id) => {
            out.push(b'[');
            json::number(out, id);
            out.push(b',');
            json::string(out, &state.label(*model, *id), Spelling::Raw);
            out.push(b']');
        }
        Cell::Many(ids) => {
            out.push(b'[');
            for id in ids {
                json::comma(out);
                json::number(out, id);
            }
            out.push(b']');
        }
    }
}

/// A time as Odoo writes it.
pub(super) fn stamp(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

/// A time that somebody compares with: a fraction is cut off, a zone is not taken.
pub(super) fn whole_second(text: &str) -> Option<i64> {
    let bare = text.split('.').next().unwrap_or_default().replacen('T', " ", 1);
    let time = NaiveDateTime::parse_from_str(&bare, "%Y-%m-%d %H:%M:%S").ok().or_else(|| {
        chrono::NaiveDate::parse_from_str(&bare, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0))
    })?;
    Some(time.and_utc().timestamp_micros())
}
