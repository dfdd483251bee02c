//! Which records are there, which are gone, and how many.

use sqlx::Row as _;

use super::{SeenId, parse_kind, parse_side, standing_word};
use crate::domain::record::{Kind, RemoteId, Side, Standing};
use crate::store::{Connection, StoreError, from_json, to_json};

/// Marks records as confirmed gone.
pub async fn mark_gone(connection: &mut Connection, ids: &[SeenId]) -> Result<(), StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query("UPDATE seen SET gone = 1 WHERE id IN (SELECT value FROM json_each(?1))")
        .bind(to_json(&ids))
        .execute(connection)
        .await?;
    Ok(())
}

/// Rows of a side, kind and standing that are not gone, in order of their number, after `after`. One row of the database,
/// as in [`known`](super::known).
pub async fn present(
    connection: &mut Connection,
    side: Side,
    kind: Kind,
    standing: Standing,
    after: SeenId,
    limit: u32,
) -> Result<Vec<SeenId>, StoreError> {
    let row = sqlx::query(PRESENT)
        .bind(side.as_str())
        .bind(kind.as_str())
        .bind(standing_word(standing))
        .bind(after.0)
        .bind(limit)
        .fetch_one(connection)
        .await?;
    let rows: Vec<i64> = from_json("seen.id", row.try_get(0)?)?;
    Ok(rows.into_iter().map(SeenId).collect())
}

/// Reads nothing but the index.
pub(in crate::store) const PRESENT: &str = "SELECT json_group_array(id) FROM (SELECT id FROM seen \
     WHERE side = ?1 AND kind = ?2 AND standing = ?3 AND gone = 0 AND id > ?4 ORDER BY id LIMIT ?5)";

/// The remote ids of these rows.
pub async fn remote_ids(connection: &mut Connection, ids: &[SeenId]) -> Result<Vec<(SeenId, RemoteId)>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(REMOTE_IDS).bind(to_json(&ids)).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((SeenId(row.try_get(0)?), RemoteId::new(row.try_get::<String, _>(1)?)))).collect()
}

pub(in crate::store) const REMOTE_IDS: &str =
    "SELECT seen.id, seen.remote_id FROM json_each(?1) AS wanted CROSS JOIN seen ON seen.id = wanted.value";

/// The highest number among the ids of a side and kind; `None` where none is a number.
pub async fn highest_id(connection: &mut Connection, side: Side, kind: Kind) -> Result<Option<u64>, StoreError> {
    let highest: Option<i64> = sqlx::query(
        "SELECT max(CAST(remote_id AS INTEGER)) FROM seen WHERE side = ?1 AND kind = ?2 AND remote_id NOT GLOB '*[^0-9]*'",
    )
    .bind(side.as_str())
    .bind(kind.as_str())
    .fetch_one(connection)
    .await?
    .try_get(0)?;
    Ok(highest.and_then(|number| u64::try_from(number).ok()))
}

/// How many records are confirmed gone, by side and kind.
pub async fn gone(connection: &mut Connection) -> Result<Vec<(Side, Kind, u64)>, StoreError> {
    let rows = sqlx::query(GONE).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok((
                parse_side(&row.try_get::<String, _>(0)?)?,
                parse_kind(&row.try_get::<String, _>(1)?)?,
                u64::try_from(row.try_get::<i64, _>(2)?).unwrap_or(0),
            ))
        })
        .collect()
}

/// Reads nothing but the index.
pub(in crate::store) const GONE: &str = "SELECT side, kind, count(*) FROM seen WHERE gone = 1 GROUP BY 1, 2";

/// A few records of a side and kind that are confirmed gone, those first whose pairs still have to be looked at because of it.
pub async fn gone_ids(
    connection: &mut Connection,
    side: Side,
    kind: Kind,
    limit: usize,
) -> Result<Vec<RemoteId>, StoreError> {
    let rows = sqlx::query(
        "SELECT seen.remote_id FROM seen LEFT JOIN todo ON todo.link = seen.link AND todo.due IS NOT NULL \
         WHERE seen.gone = 1 AND seen.side = ?1 AND seen.kind = ?2 ORDER BY todo.id IS NULL, seen.id DESC LIMIT ?3",
    )
    .bind(side.as_str())
    .bind(kind.as_str())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(RemoteId::new(row.try_get::<String, _>(0)?))).collect()
}

/// Which of these remote ids belong to a record that was known and is confirmed gone.
pub async fn gone_among(
    connection: &mut Connection,
    side: Side,
    kind: Kind,
    ids: &[&str],
) -> Result<Vec<RemoteId>, StoreError> {
    let rows = sqlx::query(GONE_AMONG)
        .bind(side.as_str())
        .bind(kind.as_str())
        .bind(to_json(ids))
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(RemoteId::new(row.try_get::<String, _>(0)?))).collect()
}

pub(in crate::store) const GONE_AMONG: &str = "SELECT DISTINCT seen.remote_id FROM json_each(?3) AS wanted \
     CROSS JOIN seen ON seen.side = ?1 AND seen.kind = ?2 AND seen.remote_id = wanted.value WHERE seen.gone = 1";

/// How many records of a side and kind are known: live and not gone.
pub async fn count(connection: &mut Connection, side: Side, kind: Kind) -> Result<u64, StoreError> {
    let row = sqlx::query(COUNT).bind(side.as_str()).bind(kind.as_str()).fetch_one(connection).await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0))
}

/// Reads nothing but the index.
pub(in crate::store) const COUNT: &str =
    "SELECT count(*) FROM seen WHERE side = ?1 AND kind = ?2 AND standing = 'live' AND gone = 0";

/// How many records without a link there are, by side, kind and verdict.
pub async fn unlinked(connection: &mut Connection) -> Result<Vec<(Side, Kind, String, u64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT side, kind, coalesce(verdict, 'goes on in the next pass'), count(*) FROM unlinked WHERE gone = 0 \
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok((
                parse_side(&row.try_get::<String, _>(0)?)?,
                parse_kind(&row.try_get::<String, _>(1)?)?,
                row.try_get(2)?,
                u64::try_from(row.try_get::<i64, _>(3)?).unwrap_or(0),
            ))
        })
        .collect()
}
