//! Records as rows.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::fields::{Bound, Slot};
use super::layout::Layout;
use super::value::{self, Says};
use super::wire::Item;
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::record::{RemoteId, Standing, Version};
use crate::domain::shape::{Delivered, Row};

/// Records, and what was odd about them.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the rows are what it is about")]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// Texts beyond the limit.
    pub(super) too_long: usize,
    /// Keys and choices that the list of fields does not explain: it may be old.
    pub(super) unexplained: Vec<String>,
}

/// Reads records. Fails with [`ErrorKind::Protocol`] where one has no id.
pub(super) fn rows(layout: &Layout, bound: &Bound, items: &[Item]) -> Result<Rows, PortError> {
    let mut rows = Rows::default();
    for item in items {
        let row = row(layout, bound, item, &mut rows)?;
        rows.rows.push(row);
    }
    Ok(rows)
}

/// A record's id.
pub(super) fn id(item: &Item) -> Result<u64, PortError> {
    item.get("id").and_then(Value::as_u64).ok_or_else(|| {
        PortError::new(ErrorKind::Protocol, "Pipedrive's reply holds a record without an id: check base_url")
    })
}

/// The primary one of a list of addresses or numbers: the one that says so, else the first.
pub(super) fn primary(list: &Value) -> Option<&Value> {
    let entries = list.as_array()?;
    let says_so = entries.iter().find(|entry| entry.get("primary").and_then(Value::as_bool) == Some(true));
    says_so.or_else(|| entries.first())
}

fn row(layout: &Layout, bound: &Bound, item: &Item, found: &mut Rows) -> Result<Row, PortError> {
    let id = id(item)?;
    let texts = bound.slots.iter().map(|slot| delivered(layout, slot, item, found)).collect();
    let stored_id = bound.id_field.as_ref().and_then(|slot| match delivered(layout, slot, item, found) {
        Delivered::Text(text) => Some(text.into_string()),
        Delivered::Blank | Delivered::Unknown => None,
    });
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let is_deleted = item.get("is_deleted").and_then(Value::as_bool) == Some(true);
    Ok(Row {
        id: RemoteId::new(id.to_string()),
        parents: item
            .get("org_id")
            .and_then(Value::as_u64)
            .map(|id| RemoteId::new(id.to_string()))
            .into_iter()
            .collect(),
        version: text("update_time").map(|time| Version(time.to_owned())),
        created: text("add_time").and_then(moment),
        modified: text("update_time").and_then(moment),
        standing: if is_deleted { Standing::Archived } else { Standing::Live },
        stored_id,
        absorbed: Vec::new(),
        texts,
    })
}

fn delivered(layout: &Layout, slot: &Slot, item: &Item, found: &mut Rows) -> Delivered {
    let says = match slot {
        Slot::Missing => return Delivered::Unknown,
        // What is not shown is unknown: some of Pipedrive's own fields are only there where a feature is on.
        Slot::Standard(name, definition) => match (item.get(name), definition) {
            (None, _) => return Delivered::Unknown,
            (Some(shown), Some(definition)) => value::read(definition, None, shown),
            (Some(shown), None) => value::plain(shown),
        },
        Slot::Part(name, part) => match item.get(name) {
            None => return Delivered::Unknown,
            Some(shown) => value::part(shown, part),
        },
        Slot::Primary(name) => match item.get(name) {
            None => return Delivered::Unknown,
            Some(Value::Null) => return Delivered::Blank,
            Some(list @ Value::Array(_)) => {
                primary(list).map_or(Says::Text(String::new()), |entry| value::part(entry, "value"))
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => Says::Odd,
        },
        Slot::Custom(definition, part) => {
            let Some(shown) = item.get("custom_fields").and_then(|fields| fields.get(&definition.code)) else {
                // Deleted since the list of fields was read, or made anew under another key.
                found.unexplained.push(definition.code.clone());
                return Delivered::Unknown;
            };
            value::read(definition, part.as_deref(), shown)
        }
    };
    match says {
        Says::Text(text) if text.is_empty() => Delivered::Blank,
        Says::Text(text) if text.len() > layout.max_text && text.chars().count() > layout.max_text => {
            found.too_long += 1;
            Delivered::Unknown
        }
        Says::Text(text) => Delivered::Text(text.into_boxed_str()),
        Says::UnknownChoice(id) => {
            found.unexplained.push(id.to_string());
            Delivered::Unknown
        }
        Says::Odd => Delivered::Unknown,
    }
}

/// A time as Pipedrive writes it: RFC 3339 in UTC, by the second.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_primary_one_says_so_or_stands_first() {
        let entry = |value: &str, primary: bool| json!({"value": value, "primary": primary});
        assert_eq!(primary(&json!([entry("a", false), entry("b", true)])).unwrap()["value"], "b");
        assert_eq!(primary(&json!([entry("a", false), entry("b", false)])).unwrap()["value"], "a");
        assert_eq!(primary(&json!([])), None);
        assert_eq!(primary(&json!("a")), None);
    }

    #[test]
    fn times_are_read_with_or_without_fractions() {
        assert_eq!(moment("2026-11-23T10:00:00Z"), moment("2026-11-23T10:00:00.000+00:00"));
        assert_eq!(moment("2026-11-23 10:00:00"), None);
    }
}
