//! Records and fields that a system refused.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row as _;

use crate::domain::plan::LinkId;
use crate::domain::record::Side;
use crate::store::seen::{SeenId, parse_side};
use crate::store::todo::Subject;
use crate::store::{Connection, StoreError, as_signed, as_unsigned, parse_stamp, stamp, to_json};

/// A record or field that a system refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The number that `failures retry` takes.
    pub id: i64,
    /// The link, if it has one.
    pub link: Option<LinkId>,
    /// The row of a record without one.
    #[serde(skip)]
    pub seen: Option<SeenId>,
    /// The system that refused.
    pub side: Side,
    /// The field, where the refusal names one; else empty.
    pub field: String,
    /// Its own words.
    pub message: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it is tried again.
    pub next_try: Option<DateTime<Utc>>,
}

/// Notes a refusal and returns how often the same payload was refused by now.
pub async fn put_failure(
    connection: &mut Connection,
    subject: Subject,
    side: Side,
    field: &str,
    payload: u64,
    message: &str,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let statement = match subject {
        Subject::Link(_) => {
            "INSERT INTO failure (link, side, field, payload, message, attempts, since) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6) \
             ON CONFLICT (link, side, field) WHERE link IS NOT NULL DO UPDATE SET \
             attempts = CASE WHEN failure.payload = excluded.payload THEN failure.attempts + 1 ELSE 1 END, \
             payload = excluded.payload, message = excluded.message RETURNING attempts"
        }
        Subject::Seen(_) => {
            "INSERT INTO failure (seen, side, field, payload, message, attempts, since) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6) \
             ON CONFLICT (seen, side, field) WHERE seen IS NOT NULL DO UPDATE SET \
             attempts = CASE WHEN failure.payload = excluded.payload THEN failure.attempts + 1 ELSE 1 END, \
             payload = excluded.payload, message = excluded.message RETURNING attempts"
        }
    };
    let id = match subject {
        Subject::Link(id) => id.0,
        Subject::Seen(id) => id.0,
    };
    let row = sqlx::query(statement)
        .bind(id)
        .bind(side.as_str())
        .bind(field)
        .bind(as_signed(payload))
        .bind(message)
        .bind(stamp(now))
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// When what was refused is tried again: each field of each side has gaps of its own.
pub async fn set_next_try(
    connection: &mut Connection,
    subject: Subject,
    side: Side,
    field: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (statement, id) = match subject {
        Subject::Link(id) => ("UPDATE failure SET next_try = ?4 WHERE link = ?1 AND side = ?2 AND field = ?3", id.0),
        Subject::Seen(id) => ("UPDATE failure SET next_try = ?4 WHERE seen = ?1 AND side = ?2 AND field = ?3", id.0),
    };
    sqlx::query(statement).bind(id).bind(side.as_str()).bind(field).bind(stamp(at)).execute(connection).await?;
    Ok(())
}

/// When something of this is tried again, after `now`; `None` where nothing is.
pub async fn next_try(
    connection: &mut Connection,
    subject: Subject,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let (statement, id) = match subject {
        Subject::Link(id) => ("SELECT min(next_try) FROM failure WHERE link = ?1 AND next_try > ?2", id.0),
        Subject::Seen(id) => ("SELECT min(next_try) FROM failure WHERE seen = ?1 AND next_try > ?2", id.0),
    };
    let row = sqlx::query(statement).bind(id).bind(stamp(now)).fetch_one(connection).await?;
    let text: Option<String> = row.try_get(0)?;
    text.map(|text| parse_stamp("failure.next_try", &text)).transpose()
}

/// What was refused before of these links and sides: by link, side and field the payload's hash and the next try.
pub async fn refused(
    connection: &mut Connection,
    subjects: &[Subject],
) -> Result<BTreeMap<(Subject, Side, String), (u64, Option<DateTime<Utc>>)>, StoreError> {
    let links: Vec<i64> =
        subjects.iter().filter_map(|s| if let Subject::Link(id) = s { Some(id.0) } else { None }).collect();
    let seen: Vec<i64> =
        subjects.iter().filter_map(|s| if let Subject::Seen(id) = s { Some(id.0) } else { None }).collect();
    let rows = sqlx::query(
        "SELECT link, seen, side, field, payload, next_try FROM failure \
         WHERE link IN (SELECT value FROM json_each(?1)) OR seen IN (SELECT value FROM json_each(?2))",
    )
    .bind(to_json(&links))
    .bind(to_json(&seen))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let subject = match row.try_get::<Option<i64>, _>(0)? {
                Some(link) => Subject::Link(LinkId(link)),
                None => Subject::Seen(SeenId(row.try_get(1)?)),
            };
            let next_try: Option<String> = row.try_get(5)?;
            Ok((
                (subject, parse_side(row.try_get(2)?)?, row.try_get(3)?),
                (
                    as_unsigned(row.try_get(4)?),
                    next_try.map(|text| parse_stamp("failure.next_try", &text)).transpose()?,
                ),
            ))
        })
        .collect()
}

/// A write went through: its earlier refusal is over. `field` empty stands for the whole record.
pub async fn clear_failure(
    connection: &mut Connection,
    subject: Subject,
    side: Side,
    fields: &[&str],
) -> Result<(), StoreError> {
    let (statement, id) = match subject {
        Subject::Link(id) => {
            ("DELETE FROM failure WHERE link = ?1 AND side = ?2 AND field IN (SELECT value FROM json_each(?3))", id.0)
        }
        Subject::Seen(id) => {
            ("DELETE FROM failure WHERE seen = ?1 AND side = ?2 AND field IN (SELECT value FROM json_each(?3))", id.0)
        }
    };
    sqlx::query(statement).bind(id).bind(side.as_str()).bind(to_json(fields)).execute(connection).await?;
    Ok(())
}

/// Takes out refusals of fields of these links that are no longer wanted (not in `kept`): the value was changed back.
pub async fn keep_failures(
    connection: &mut Connection,
    links: &[LinkId],
    kept: &[(LinkId, Side, String)],
) -> Result<(), StoreError> {
    let links: Vec<i64> = links.iter().map(|id| id.0).collect();
    let kept: Vec<(i64, &str, &str)> =
        kept.iter().map(|(id, side, field)| (id.0, side.as_str(), field.as_str())).collect();
    sqlx::query(KEEP_FAILURES).bind(to_json(&links)).bind(to_json(&kept)).execute(connection).await?;
    Ok(())
}

/// The kept ones become lists once, in which each row is searched. A refusal of the whole record stands as long as anything
/// is wanted on its side.
pub(in crate::store) const KEEP_FAILURES: &str = "DELETE FROM failure WHERE link IN (SELECT value FROM json_each(?1)) \
     AND (link, side, field) NOT IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2)) \
     AND (field <> '' OR (link, side) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2)))";

/// All refusals, oldest first.
pub async fn failures(connection: &mut Connection) -> Result<Vec<Failure>, StoreError> {
    let rows =
        sqlx::query("SELECT id, link, seen, side, field, message, attempts, since, next_try FROM failure ORDER BY id")
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| {
            let next_try: Option<String> = row.try_get(8)?;
            Ok(Failure {
                id: row.try_get(0)?,
                link: row.try_get::<Option<i64>, _>(1)?.map(LinkId),
                seen: row.try_get::<Option<i64>, _>(2)?.map(SeenId),
                side: parse_side(row.try_get(3)?)?,
                field: row.try_get(4)?,
                message: row.try_get(5)?,
                attempts: row.try_get(6)?,
                since: parse_stamp("failure.since", row.try_get(7)?)?,
                next_try: next_try.map(|text| parse_stamp("failure.next_try", &text)).transpose()?,
            })
        })
        .collect()
}
