//! What was really done, for the limits of a sliding day: not what was planned, and also by passes that did not end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::seen::parse_side;
use super::{Connection, StoreError, stamp, to_json};
use crate::domain::plan::Totals;
use crate::domain::record::Side;

/// The sort of a deed that sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// A link was made between records that were there.
    Link,
    /// A person was asked about a field.
    Conflict,
    /// A pair rests, is separated, or goes on with another record, because of what this side shows.
    Pause(Side),
}

impl Deed {
    const fn columns(self) -> (&'static str, &'static str) {
        match self {
            Self::Link => ("link", ""),
            Self::Conflict => ("conflict", ""),
            Self::Pause(side) => ("pause", side.as_str()),
        }
    }
}

/// Adds deeds of a pass, in the transaction that did them.
pub async fn add(
    connection: &mut Connection,
    pass: i64,
    now: DateTime<Utc>,
    deeds: &BTreeMap<Deed, u64>,
) -> Result<(), StoreError> {
    if deeds.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = deeds.iter().map(|(deed, count)| (deed.columns(), count)).collect();
    sqlx::query(
        "INSERT INTO deed (pass, sort, side, count, at) \
         SELECT ?1, value ->> '$[0][0]', value ->> '$[0][1]', value ->> 1, ?2 FROM json_each(?3) WHERE true \
         ON CONFLICT (pass, sort, side) DO UPDATE SET count = count + excluded.count, at = excluded.at",
    )
    .bind(pass)
    .bind(stamp(now))
    .bind(to_json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes over what the journal counts and is about to forget: closed writes from before `before`.
pub(super) async fn take_over(connection: &mut Connection, before: DateTime<Utc>) -> Result<(), StoreError> {
    for (sort, count) in [("op", "count(*)"), ("'blank'", "sum(blanked)")] {
        let statement = format!(
            "INSERT INTO deed (pass, sort, side, count, at) \
             SELECT pass, {sort}, side, {count}, max(closed) FROM intent WHERE closed < ?1 AND {WRITTEN} \
             GROUP BY 1, 2, 3 HAVING {count} > 0 \
             ON CONFLICT (pass, sort, side) DO UPDATE SET count = count + excluded.count, at = max(at, excluded.at)"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(stamp(before)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Closed writes that were carried out, as far as is known: one that was overtaken may have been.
const WRITTEN: &str = "op IN ('create', 'update') AND outcome IN ('settled', 'overtaken')";

/// What was done since a time. A write whose outcome is not known counts: it may have been carried out.
pub async fn done_since(connection: &mut Connection, since: DateTime<Utc>) -> Result<Totals, StoreError> {
    let statement = format!(
        "WITH write AS (SELECT op, side, blanked FROM intent WHERE closed >= ?1 AND {WRITTEN} \
         UNION ALL SELECT op, side, blanked FROM intent \
         WHERE closed IS NULL AND sending IS NOT NULL AND op IN ('create', 'update')) \
         SELECT sort, side, sum(count) FROM (SELECT sort, side, count FROM deed WHERE at >= ?1 \
         UNION ALL SELECT op, side, 1 FROM write UNION ALL SELECT 'blank', side, blanked FROM write WHERE blanked > 0) \
         GROUP BY 1, 2"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(stamp(since)).fetch_all(connection).await?;
    let mut done = Totals::default();
    for row in &rows {
        let (sort, side): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let count = u64::try_from(row.try_get::<i64, _>(2)?).unwrap_or(0);
        match sort.as_str() {
            "link" => done.links += count,
            "conflict" => done.conflicts += count,
            "create" => *done.creates.entry(parse_side(&side)?).or_default() += count,
            "update" => *done.updates.entry(parse_side(&side)?).or_default() += count,
            "blank" => *done.blanked.entry(parse_side(&side)?).or_default() += count,
            "pause" => *done.pauses.entry(parse_side(&side)?).or_default() += count,
            other => return Err(StoreError::Unreadable { place: "deed.sort", message: other.to_owned() }),
        }
    }
    Ok(done)
}

/// Forgets deeds from before `before`.
pub async fn prune(connection: &mut Connection, before: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM deed WHERE at < ?1").bind(stamp(before)).execute(connection).await?;
    Ok(())
}
