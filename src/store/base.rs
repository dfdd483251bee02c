//! The last agreement, by half and field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::Row as _;

use super::seen::parse_side;
use super::{Connection, StoreError, from_json, to_json};
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::record::{Record, Side};
use crate::domain::shape::{FieldKey, Shape};
use crate::domain::value::{Locale, Reading, Text};

/// The base of one field: under which mapping it was agreed, and on what text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Remote path and lens; a base under another key does not count.
    #[serde(rename = "k")]
    pub key: FieldKey,
    /// The text; `None` stands for "as seen".
    #[serde(rename = "t", skip_serializing_if = "Option::is_none", default)]
    pub text: Option<Text>,
}

/// The bases of one half.
pub type Bases = BTreeMap<Field, Entry>;

/// The key of the parent field, which no property maps.
pub const PARENT_KEY: FieldKey = FieldKey(0);

/// The key of a field in a mapping.
pub fn key(shape: &Shape, field: Field) -> Option<FieldKey> {
    if field == Field::Parent { Some(PARENT_KEY) } else { shape.field_key(field) }
}

/// Reads the bases of these links.
pub async fn load(
    connection: &mut Connection,
    links: &[LinkId],
) -> Result<BTreeMap<(LinkId, Side), Bases>, StoreError> {
    let ids: Vec<i64> = links.iter().map(|id| id.0).collect();
    let rows = sqlx::query("SELECT link, side, fields FROM base WHERE link IN (SELECT value FROM json_each(?1))")
        .bind(to_json(&ids))
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let key = (LinkId(row.try_get(0)?), parse_side(row.try_get(1)?)?);
            Ok((key, from_json("base.fields", row.try_get(2)?)?))
        })
        .collect()
}

/// Replaces the bases of halves.
pub async fn put(connection: &mut Connection, rows: &[(LinkId, Side, Bases)]) -> Result<(), StoreError> {
    let rows: Vec<(i64, &str, String)> =
        rows.iter().map(|(link, side, bases)| (link.0, side.as_str(), to_json(bases))).collect();
    sqlx::query(
        "INSERT INTO base (link, side, fields) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true \
         ON CONFLICT (link, side) DO UPDATE SET fields = excluded.fields",
    )
    .bind(to_json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// The bases as the planner takes them: bases of another mapping dropped, "as seen" resolved, texts normalised anew.
pub fn readings(bases: &Bases, seen: &Record, shape: &Shape, locale: &Locale) -> BTreeMap<Field, Reading> {
    bases
        .iter()
        .filter(|(field, entry)| key(shape, **field) == Some(entry.key))
        .filter_map(|(field, entry)| {
            let reading = match &entry.text {
                Some(text) => Reading::of(*field, text.clone(), locale),
                // Where the property cannot be read any more, a base of "as seen" says nothing.
                None => Some(seen.reading(*field)).filter(|reading| **reading != Reading::Unknown)?.clone(),
            };
            Some((*field, reading))
        })
        .collect()
}

/// Before a half's reading moves from `old` to `new`: bases that say "as seen" take the old text. Returns whether any did.
pub fn hold(bases: &mut Bases, old: &Record, new: &Record) -> bool {
    let mut held = false;
    for (field, entry) in bases.iter_mut().filter(|(_, entry)| entry.text.is_none()) {
        let before = old.reading(*field);
        if before != new.reading(*field)
            && let Some(text) = before.text()
        {
            entry.text = Some(text);
            held = true;
        }
    }
    held
}
