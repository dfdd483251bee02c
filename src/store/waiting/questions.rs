//! Questions about identity, as they were shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row as _;

use crate::domain::plan::Question;
use crate::domain::record::RemoteId;
use crate::store::seen::SeenId;
use crate::store::{Connection, StoreError, from_json, parse_stamp, stamp, to_json};

/// A question that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingQuestion {
    /// The number that `questions answer` takes. It stands for the records as they were when this was asked.
    pub id: i64,
    /// What is asked.
    pub question: Question,
    /// How a person recognises the record.
    pub label: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// A person said: not before then.
    pub postponed: Option<DateTime<Utc>>,
}

impl WaitingQuestion {
    /// Whether a person put it off, and the time has not come.
    pub fn is_postponed(&self, now: DateTime<Utc>) -> bool {
        self.postponed.is_some_and(|until| until > now)
    }
}

/// Notes a question about a record; one record has one question. Another question, and one of which a record moved, has
/// another number; one that a person put off stays so until something else is asked.
pub async fn put_question(
    connection: &mut Connection,
    seen: SeenId,
    question: &Question,
    label: &str,
    pass: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let shown = shown(connection, seen, question).await?;
    let body = to_json(question);
    let known = sqlx::query("UPDATE question SET label = ?4 WHERE seen = ?1 AND body = ?2 AND shown = ?3")
        .bind(seen.0)
        .bind(&body)
        .bind(&shown)
        .bind(label)
        .execute(&mut *connection)
        .await?;
    if known.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query(
        "INSERT OR REPLACE INTO question (seen, body, label, since, pass, shown, postponed) VALUES (?1, ?2, ?3, \
         coalesce((SELECT since FROM question WHERE seen = ?1 AND body = ?2), ?4), ?5, ?6, \
         (SELECT postponed FROM question WHERE seen = ?1 AND body = ?2))",
    )
    .bind(seen.0)
    .bind(&body)
    .bind(label)
    .bind(stamp(now))
    .bind(pass)
    .bind(&shown)
    .execute(connection)
    .await?;
    Ok(())
}

/// Asks again if a record of the question moved since it was asked: it goes on under another number, which is returned.
pub async fn renew_if_moved(connection: &mut Connection, number: i64) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query("SELECT seen, body, shown FROM question WHERE id = ?1")
        .bind(number)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (seen, question) = (SeenId(row.try_get(0)?), from_json("question.body", row.try_get(1)?)?);
    let now_shown = shown(connection, seen, &question).await?;
    if now_shown == row.try_get::<String, _>(2)? {
        return Ok(None);
    }
    let renewed = sqlx::query(
        "INSERT OR REPLACE INTO question (seen, body, label, since, pass, shown) \
         SELECT seen, body, label, since, pass, ?2 FROM question WHERE id = ?1 RETURNING id",
    )
    .bind(number)
    .bind(&now_shown)
    .fetch_one(connection)
    .await?;
    Ok(Some(renewed.try_get(0)?))
}

/// A person said: not before then.
pub async fn postpone(connection: &mut Connection, number: i64, until: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE question SET postponed = ?2 WHERE id = ?1")
        .bind(number)
        .bind(stamp(until))
        .execute(connection)
        .await?;
    Ok(())
}

/// What the records of a question are now: the subject, the other half of its pair, and the candidates.
async fn shown(connection: &mut Connection, subject: SeenId, question: &Question) -> Result<String, StoreError> {
    let candidates: Vec<(&str, &str, &str)> = question
        .candidates
        .iter()
        .map(|candidate| {
            let record = &candidate.record;
            let parent = record.parent.as_ref().map(RemoteId::as_str).unwrap_or_default();
            (record.side.as_str(), record.id.as_str(), parent)
        })
        .collect();
    let row = sqlx::query(
        "SELECT json_group_array(json_array(id, fingerprint, gone, link)) FROM (SELECT id, fingerprint, gone, link \
         FROM seen WHERE id IN (SELECT ?1 UNION \
         SELECT half.id FROM seen AS subject JOIN seen AS half ON half.link = subject.link WHERE subject.id = ?1 UNION \
         SELECT candidate.id FROM seen AS subject CROSS JOIN json_each(?2) AS wanted CROSS JOIN seen AS candidate \
         ON candidate.side = wanted.value ->> 0 AND candidate.kind = subject.kind \
         AND candidate.remote_id = wanted.value ->> 1 AND candidate.parent_id = wanted.value ->> 2 \
         WHERE subject.id = ?1) ORDER BY id)",
    )
    .bind(subject.0)
    .bind(to_json(&candidates))
    .fetch_one(connection)
    .await?;
    Ok(row.try_get(0)?)
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
    let rows =
        sqlx::query("SELECT id, body, label, since, postponed FROM question ORDER BY id").fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(WaitingQuestion {
                id: row.try_get(0)?,
                question: from_json("question.body", row.try_get(1)?)?,
                label: row.try_get(2)?,
                since: parse_stamp("question.since", row.try_get(3)?)?,
                postponed: row
                    .try_get::<Option<String>, _>(4)?
                    .map(|text| parse_stamp("question.postponed", &text))
                    .transpose()?,
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
