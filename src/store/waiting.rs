//! What waits for a person: conflicts, questions, and records that a system refused.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row as _;

use super::seen::SeenId;
use super::todo::Subject;
use super::{Connection, StoreError, as_signed, from_json, parse_stamp, stamp, to_json};
use crate::domain::field::Field;
use crate::domain::plan::{Conflict, LinkId, Question, Reason};
use crate::domain::planner::Decision;
use crate::domain::record::Side;

/// A conflict that waits, or whose decision waits to be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingConflict {
    /// The number that `conflicts resolve` takes.
    pub id: i64,
    /// The link.
    pub link: LinkId,
    /// Values and bases.
    pub conflict: Conflict,
    /// Why no rule decides.
    pub reason: Reason,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What a person decided.
    pub decision: Option<Decision>,
}

/// A question that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingQuestion {
    /// Its number.
    pub id: i64,
    /// What is asked.
    pub question: Question,
    /// How a person recognises the record.
    pub label: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A record or field that a system refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
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

/// Notes a conflict. One that is shown with other values is a new one: an old decision no longer binds.
pub async fn put_conflict(
    connection: &mut Connection,
    link: LinkId,
    conflict: &Conflict,
    reason: &Reason,
    pass: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO conflict (link, field, flowtly, crm, flowtly_base, crm_base, reason, since, pass) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (link, field) DO UPDATE SET \
         decision = CASE WHEN conflict.flowtly = excluded.flowtly AND conflict.crm = excluded.crm THEN conflict.decision END, \
         flowtly = excluded.flowtly, crm = excluded.crm, flowtly_base = excluded.flowtly_base, \
         crm_base = excluded.crm_base, reason = excluded.reason",
    )
    .bind(link.0)
    .bind(to_json(&conflict.field))
    .bind(to_json(&conflict.flowtly))
    .bind(to_json(&conflict.crm))
    .bind(conflict.flowtly_base.as_ref().map(to_json))
    .bind(conflict.crm_base.as_ref().map(to_json))
    .bind(to_json(reason))
    .bind(stamp(now))
    .bind(pass)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes out the conflicts of these links that are not in `kept`: their cause is gone, or they were decided and carried out.
pub async fn keep_conflicts(
    connection: &mut Connection,
    links: &[LinkId],
    kept: &[(LinkId, Field)],
) -> Result<(), StoreError> {
    let links: Vec<i64> = links.iter().map(|id| id.0).collect();
    let kept: Vec<(i64, String)> = kept.iter().map(|(id, field)| (id.0, to_json(field))).collect();
    sqlx::query(
        "DELETE FROM conflict WHERE link IN (SELECT value FROM json_each(?1)) AND NOT EXISTS \
         (SELECT 1 FROM json_each(?2) AS kept WHERE kept.value ->> 0 = conflict.link AND kept.value ->> 1 = conflict.field)",
    )
    .bind(to_json(&links))
    .bind(to_json(&kept))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes out a conflict that was decided and carried out.
pub async fn close_conflict(connection: &mut Connection, link: LinkId, field: Field) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM conflict WHERE link = ?1 AND field = ?2")
        .bind(link.0)
        .bind(to_json(&field))
        .execute(connection)
        .await?;
    Ok(())
}

/// The conflicts, oldest first; of these links only where some are given.
pub async fn conflicts(
    connection: &mut Connection,
    links: Option<&[LinkId]>,
) -> Result<Vec<WaitingConflict>, StoreError> {
    let links: Option<Vec<i64>> = links.map(|links| links.iter().map(|id| id.0).collect());
    let rows = sqlx::query(
        "SELECT id, link, field, flowtly, crm, flowtly_base, crm_base, reason, since, decision FROM conflict \
         WHERE ?1 IS NULL OR link IN (SELECT value FROM json_each(?1)) ORDER BY id",
    )
    .bind(links.map(|links| to_json(&links)))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let base = |column: usize| -> Result<_, StoreError> {
                row.try_get::<Option<String>, _>(column)?.map(|text| from_json("conflict.base", &text)).transpose()
            };
            Ok(WaitingConflict {
                id: row.try_get(0)?,
                link: LinkId(row.try_get(1)?),
                conflict: Conflict {
                    field: from_json("conflict.field", row.try_get(2)?)?,
                    flowtly: from_json("conflict.flowtly", row.try_get(3)?)?,
                    crm: from_json("conflict.crm", row.try_get(4)?)?,
                    flowtly_base: base(5)?,
                    crm_base: base(6)?,
                },
                reason: from_json("conflict.reason", row.try_get(7)?)?,
                since: parse_stamp("conflict.since", row.try_get(8)?)?,
                decision: row
                    .try_get::<Option<String>, _>(9)?
                    .map(|text| from_json("conflict.decision", &text))
                    .transpose()?,
            })
        })
        .collect()
}

/// Writes a person's decision.
pub async fn decide(connection: &mut Connection, conflict: i64, decision: &Decision) -> Result<(), StoreError> {
    sqlx::query("UPDATE conflict SET decision = ?2 WHERE id = ?1")
        .bind(conflict)
        .bind(to_json(decision))
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes a question about a record; one record has one question.
pub async fn put_question(
    connection: &mut Connection,
    seen: SeenId,
    question: &Question,
    label: &str,
    pass: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO question (seen, body, label, since, pass) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (seen) DO UPDATE SET body = excluded.body, label = excluded.label",
    )
    .bind(seen.0)
    .bind(to_json(question))
    .bind(label)
    .bind(stamp(now))
    .bind(pass)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes out the questions of these records: their cause is gone.
pub async fn close_questions(connection: &mut Connection, seen: &[SeenId]) -> Result<(), StoreError> {
    let ids: Vec<i64> = seen.iter().map(|id| id.0).collect();
    sqlx::query("DELETE FROM question WHERE seen IN (SELECT value FROM json_each(?1))")
        .bind(to_json(&ids))
        .execute(connection)
        .await?;
    Ok(())
}

/// The questions, oldest first.
pub async fn questions(connection: &mut Connection) -> Result<Vec<WaitingQuestion>, StoreError> {
    let rows = sqlx::query("SELECT id, body, label, since FROM question ORDER BY id").fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(WaitingQuestion {
                id: row.try_get(0)?,
                question: from_json("question.body", row.try_get(1)?)?,
                label: row.try_get(2)?,
                since: parse_stamp("question.since", row.try_get(3)?)?,
            })
        })
        .collect()
}

/// The record that each question is about, by the question's number.
pub async fn question_subjects(connection: &mut Connection) -> Result<BTreeMap<i64, SeenId>, StoreError> {
    let rows = sqlx::query("SELECT id, seen FROM question").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, SeenId(row.try_get(1)?)))).collect()
}

/// The records that questions are about, with what is asked.
pub async fn questioned(connection: &mut Connection) -> Result<Vec<(SeenId, Question)>, StoreError> {
    let rows = sqlx::query("SELECT seen, body FROM question ORDER BY id").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((SeenId(row.try_get(0)?), from_json("question.body", row.try_get(1)?)?))).collect()
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

/// When a refused record is tried again.
pub async fn set_next_try(connection: &mut Connection, subject: Subject, at: DateTime<Utc>) -> Result<(), StoreError> {
    let (statement, id) = match subject {
        Subject::Link(id) => ("UPDATE failure SET next_try = ?2 WHERE link = ?1", id.0),
        Subject::Seen(id) => ("UPDATE failure SET next_try = ?2 WHERE seen = ?1", id.0),
    };
    sqlx::query(statement).bind(id).bind(stamp(at)).execute(connection).await?;
    Ok(())
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
                (subject, super::seen::parse_side(row.try_get(2)?)?, row.try_get(3)?),
                (
                    super::as_unsigned(row.try_get(4)?),
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
    sqlx::query(
        "DELETE FROM failure WHERE link IN (SELECT value FROM json_each(?1)) AND NOT EXISTS \
         (SELECT 1 FROM json_each(?2) AS kept WHERE kept.value ->> 0 = failure.link AND kept.value ->> 1 = failure.side \
          AND (failure.field = '' OR kept.value ->> 2 = failure.field))",
    )
    .bind(to_json(&links))
    .bind(to_json(&kept))
    .execute(connection)
    .await?;
    Ok(())
}

/// All refusals, oldest first.
pub async fn failures(connection: &mut Connection) -> Result<Vec<Failure>, StoreError> {
    let rows =
        sqlx::query("SELECT link, seen, side, field, message, attempts, since, next_try FROM failure ORDER BY id")
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| {
            let next_try: Option<String> = row.try_get(7)?;
            Ok(Failure {
                link: row.try_get::<Option<i64>, _>(0)?.map(LinkId),
                seen: row.try_get::<Option<i64>, _>(1)?.map(SeenId),
                side: super::seen::parse_side(row.try_get(2)?)?,
                field: row.try_get(3)?,
                message: row.try_get(4)?,
                attempts: row.try_get(5)?,
                since: parse_stamp("failure.since", row.try_get(6)?)?,
                next_try: next_try.map(|text| parse_stamp("failure.next_try", &text)).transpose()?,
            })
        })
        .collect()
}

/// How many conflicts, questions and refusals wait.
pub async fn counts(connection: &mut Connection) -> Result<(u64, u64, u64), StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM conflict), (SELECT count(*) FROM question), \
         (SELECT count(DISTINCT coalesce(link, -seen)) FROM failure)",
    )
    .fetch_one(connection)
    .await?;
    let number =
        |column: usize| -> Result<u64, StoreError> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    Ok((number(0)?, number(1)?, number(2)?))
}
