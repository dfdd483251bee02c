//! What was: every value that was written or lost a conflict, as text.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::seen::parse_side;
use super::{Connection, StoreError, from_json, parse_stamp, stamp, to_json};
use crate::domain::field::Field;
use crate::domain::plan::{Change, LinkId, Reason};
use crate::domain::record::Side;
use crate::domain::value::Text;

/// One value that gave way to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The link.
    pub link: LinkId,
    /// The side that was written to.
    pub side: Side,
    /// The field.
    pub field: Field,
    /// What was there.
    pub old: Text,
    /// What came.
    pub new: Text,
    /// Why.
    pub reason: Reason,
}

impl Entry {
    /// A change that was carried out as it was planned.
    pub fn of(link: LinkId, side: Side, change: &Change) -> Self {
        let Change { field, before, after, reason, .. } = change;
        Self { link, side, field: *field, old: before.clone(), new: after.clone(), reason: reason.clone() }
    }
}

/// An entry as it is read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The pass.
    pub pass: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub entry: Entry,
}

/// Adds entries.
pub async fn add(
    connection: &mut Connection,
    pass: i64,
    now: DateTime<Utc>,
    entries: &[Entry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry.link.0,
                entry.side.as_str(),
                to_json(&entry.field),
                to_json(&entry.old),
                to_json(&entry.new),
                to_json(&entry.reason),
            )
        })
        .collect();
    sqlx::query(
        "INSERT INTO history (pass, at, link, side, field, old, new, reason) \
         SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?3)",
    )
    .bind(pass)
    .bind(stamp(now))
    .bind(to_json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// The history of a link, newest first; of one field only where one is given.
pub async fn of_link(
    connection: &mut Connection,
    link: LinkId,
    field: Option<Field>,
    limit: u32,
) -> Result<Vec<Written>, StoreError> {
    let rows = sqlx::query(
        "SELECT pass, at, link, side, field, old, new, reason FROM history \
         WHERE link = ?1 AND (?2 IS NULL OR field = ?2) ORDER BY id DESC LIMIT ?3",
    )
    .bind(link.0)
    .bind(field.map(|field| to_json(&field)))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(decode).collect()
}

/// What was written last, newest first; to these links only where some are given. A dissolved link has a negative number.
pub async fn last(
    connection: &mut Connection,
    links: Option<&[LinkId]>,
    limit: u32,
) -> Result<Vec<Written>, StoreError> {
    let links: Option<Vec<i64>> = links.map(|links| links.iter().map(|id| id.0).collect());
    let rows = sqlx::query(
        "SELECT pass, at, link, side, field, old, new, reason FROM history \
         WHERE ?1 IS NULL OR link IN (SELECT value FROM json_each(?1)) ORDER BY id DESC LIMIT ?2",
    )
    .bind(links.map(|links| to_json(&links)))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(decode).collect()
}

/// Fields of these links that since `since` were written three times or more between the same two values: two robots
/// argue through us, or somebody takes back what we write (another record of ours, where one person is two contacts).
pub async fn alternating(
    connection: &mut Connection,
    links: &[LinkId],
    since: DateTime<Utc>,
) -> Result<BTreeMap<LinkId, BTreeSet<Field>>, StoreError> {
    let links: Vec<i64> = links.iter().map(|id| id.0).collect();
    let rows = sqlx::query(
        "SELECT link, field FROM history WHERE link IN (SELECT value FROM json_each(?1)) AND at >= ?2 \
         GROUP BY link, field, min(old, new), max(old, new) HAVING count(*) >= 3",
    )
    .bind(to_json(&links))
    .bind(stamp(since))
    .fetch_all(connection)
    .await?;
    let mut found: BTreeMap<LinkId, BTreeSet<Field>> = BTreeMap::new();
    for row in &rows {
        found.entry(LinkId(row.try_get(0)?)).or_default().insert(from_json("history.field", row.try_get(1)?)?);
    }
    Ok(found)
}

fn decode(row: &SqliteRow) -> Result<Written, StoreError> {
    Ok(Written {
        pass: row.try_get(0)?,
        at: parse_stamp("history.at", row.try_get(1)?)?,
        entry: Entry {
            link: LinkId(row.try_get(2)?),
            side: parse_side(row.try_get(3)?)?,
            field: from_json("history.field", row.try_get(4)?)?,
            old: from_json("history.old", row.try_get(5)?)?,
            new: from_json("history.new", row.try_get(6)?)?,
            reason: from_json("history.reason", row.try_get(7)?)?,
        },
    })
}
