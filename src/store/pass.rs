//! Passes and cursors.

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::{Connection, StoreError, as_signed, as_unsigned, from_json, parse_stamp, stamp, to_json};
use crate::domain::plan::Totals;
use crate::domain::record::{Kind, Side};

/// A finished or interrupted pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRecord {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended; `None` if it was interrupted or runs.
    pub ended: Option<DateTime<Utc>>,
    /// `complete` or `incremental`.
    pub extent: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// The certificate, as JSON.
    pub certificate: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// How far a side was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// From when the next incremental read asks.
    pub since: Option<DateTime<Utc>>,
    /// When the side was last walked whole.
    pub whole_at: Option<DateTime<Utc>>,
    /// Under which mapping that was.
    pub whole_shape: Option<u64>,
}

/// Begins a pass.
pub async fn begin(connection: &mut Connection, now: DateTime<Utc>, extent: &str) -> Result<i64, StoreError> {
    let row = sqlx::query("INSERT INTO pass (started, extent) VALUES (?1, ?2) RETURNING id")
        .bind(stamp(now))
        .bind(extent)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// Ends a pass.
pub async fn end(
    connection: &mut Connection,
    pass: i64,
    now: DateTime<Utc>,
    outcome: &str,
    totals: &Totals,
    certificate: Option<&str>,
    error: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE pass SET ended = ?2, outcome = ?3, totals = ?4, certificate = ?5, error = ?6 WHERE id = ?1")
        .bind(pass)
        .bind(stamp(now))
        .bind(outcome)
        .bind(to_json(totals))
        .bind(certificate)
        .bind(error)
        .execute(connection)
        .await?;
    Ok(())
}

/// The last passes, newest first.
pub async fn last(connection: &mut Connection, limit: u32) -> Result<Vec<PassRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, started, ended, extent, outcome, certificate, error FROM pass ORDER BY id DESC LIMIT ?1",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let ended: Option<String> = row.try_get(2)?;
            Ok(PassRecord {
                id: row.try_get(0)?,
                started: parse_stamp("pass.started", row.try_get(1)?)?,
                ended: ended.map(|text| parse_stamp("pass.ended", &text)).transpose()?,
                extent: row.try_get(3)?,
                outcome: row.try_get(4)?,
                certificate: row.try_get(5)?,
                error: row.try_get(6)?,
            })
        })
        .collect()
}

/// The certificate of the last pass that had one, as JSON.
pub async fn last_certificate(connection: &mut Connection) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT certificate FROM pass WHERE certificate IS NOT NULL ORDER BY id DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// When a pass last ended after which nothing waited for the next one.
pub async fn last_agreement(connection: &mut Connection) -> Result<Option<DateTime<Utc>>, StoreError> {
    let row = sqlx::query(
        "SELECT ended FROM pass WHERE outcome = 'applied' AND ended IS NOT NULL \
         AND json_extract(certificate, '$.pending') = 0 AND json_extract(certificate, '$.unexplained') = 0 \
         ORDER BY id DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| parse_stamp("pass.ended", row.try_get(0)?)).transpose()
}

/// How the last pass ended that had a plan to write.
pub async fn last_outcome(connection: &mut Connection) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "SELECT outcome FROM pass WHERE outcome IN ('applied', 'partly', 'refused') ORDER BY id DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// What a pass's plan held; `None` for a pass that did not end.
pub async fn totals(connection: &mut Connection, pass: i64) -> Result<Option<Totals>, StoreError> {
    let row = sqlx::query("SELECT totals FROM pass WHERE id = ?1").bind(pass).fetch_optional(connection).await?;
    let text: Option<String> = row.map(|row| row.try_get(0)).transpose()?.flatten();
    text.map(|text| from_json("pass.totals", &text)).transpose()
}

/// How far a side was read.
pub async fn cursor(connection: &mut Connection, side: Side, kind: Kind) -> Result<Cursor, StoreError> {
    let row = sqlx::query("SELECT since, whole_at, whole_shape FROM cursor WHERE side = ?1 AND kind = ?2")
        .bind(side.as_str())
        .bind(kind.as_str())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else {
        return Ok(Cursor::default());
    };
    let since: Option<String> = row.try_get(0)?;
    let whole_at: Option<String> = row.try_get(1)?;
    Ok(Cursor {
        since: since.map(|text| parse_stamp("cursor.since", &text)).transpose()?,
        whole_at: whole_at.map(|text| parse_stamp("cursor.whole_at", &text)).transpose()?,
        whole_shape: row.try_get::<Option<i64>, _>(2)?.map(as_unsigned),
    })
}

/// Moves a cursor; only in the transaction that closes the pass.
pub async fn set_cursor(
    connection: &mut Connection,
    side: Side,
    kind: Kind,
    cursor: &Cursor,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO cursor (side, kind, since, whole_at, whole_shape) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (side, kind) DO UPDATE SET since = excluded.since, whole_at = excluded.whole_at, \
         whole_shape = excluded.whole_shape",
    )
    .bind(side.as_str())
    .bind(kind.as_str())
    .bind(cursor.since.map(stamp))
    .bind(cursor.whole_at.map(stamp))
    .bind(cursor.whole_shape.map(as_signed))
    .execute(connection)
    .await?;
    Ok(())
}

/// When everything was last walked whole: the oldest of all sides and kinds; `None` if one of them never was.
pub async fn last_whole(connection: &mut Connection) -> Result<Option<DateTime<Utc>>, StoreError> {
    let mut oldest: Option<DateTime<Utc>> = None;
    for side in Side::BOTH {
        for kind in Kind::BOTH {
            let Some(at) = cursor(connection, side, kind).await?.whole_at else { return Ok(None) };
            oldest = Some(oldest.map_or(at, |earlier| earlier.min(at)));
        }
    }
    Ok(oldest)
}
