//! What a person answered about two records. An answer holds while both show the identity that they showed then.

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::seen::SeenId;
use super::{Connection, StoreError, as_signed, as_unsigned, stamp, to_json};
use crate::domain::record::Fingerprint;

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Both halves of a pair still are one thing, although name and key of one changed together.
    Same,
    /// They are two things, although they look alike.
    Different,
    /// The first is a second copy of the other: it is left alone.
    Copy,
}

impl Says {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Copy => "copy",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            "same" => Ok(Self::Same),
            "different" => Ok(Self::Different),
            "copy" => Ok(Self::Copy),
            _ => Err(StoreError::Unreadable { place: "answer.says", message: text.to_owned() }),
        }
    }
}

/// A record as it was when it was answered about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The record.
    pub row: SeenId,
    /// What it was recognised by ([`identity`](crate::domain::matching::identity)).
    pub identity: Fingerprint,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The record that was asked about.
    pub one: Shown,
    /// What it was compared with.
    pub other: Shown,
    /// What was answered.
    pub says: Says,
}

/// Remembers an answer, in place of an earlier one about the same two records.
pub async fn put(connection: &mut Connection, answer: &Answer, now: DateTime<Utc>) -> Result<(), StoreError> {
    // About two records there is one answer, whichever of them was asked about.
    sqlx::query("DELETE FROM answer WHERE one = ?1 AND other = ?2")
        .bind(answer.other.row.0)
        .bind(answer.one.row.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT OR REPLACE INTO answer (one, other, says, one_identity, other_identity, at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(answer.one.row.0)
    .bind(answer.other.row.0)
    .bind(answer.says.as_str())
    .bind(as_signed(answer.one.identity.0))
    .bind(as_signed(answer.other.identity.0))
    .bind(stamp(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes back what was answered about two records.
pub async fn remove(connection: &mut Connection, one: SeenId, other: SeenId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM answer WHERE (one = ?1 AND other = ?2) OR (one = ?2 AND other = ?1)")
        .bind(one.0)
        .bind(other.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// What was answered about these records, whether they still show what they showed then or not.
pub async fn about(connection: &mut Connection, rows: &[SeenId]) -> Result<Vec<Answer>, StoreError> {
    let rows: Vec<i64> = rows.iter().map(|id| id.0).collect();
    let rows = sqlx::query(ABOUT).bind(to_json(&rows)).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let shown = |row_at: usize, identity: usize| -> Result<Shown, StoreError> {
                let hash = as_unsigned(row.try_get(identity)?);
                Ok(Shown { row: SeenId(row.try_get(row_at)?), identity: Fingerprint(hash) })
            };
            Ok(Answer { one: shown(0, 3)?, other: shown(1, 4)?, says: Says::parse(row.try_get(2)?)? })
        })
        .collect()
}

/// Two searches of an index for each record: see the pinned query plans.
pub(super) const ABOUT: &str = "SELECT one, other, says, one_identity, other_identity FROM json_each(?1) AS wanted \
     CROSS JOIN answer ON answer.one = wanted.value UNION \
     SELECT one, other, says, one_identity, other_identity FROM json_each(?1) AS wanted \
     CROSS JOIN answer ON answer.other = wanted.value ORDER BY one, other";
