//! What waits for a person: conflicts, questions, and records that a system refused.
//!
//! A number of a list stands for what was shown under it: a conflict whose values moved, and a question of which a record
//! moved, get another number, and no number is ever used twice. So an answer to an old list decides nothing new.

mod conflicts;
mod questions;
mod failures;

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::{Connection, StoreError, document, stamp};

#[cfg(test)]
pub(super) use conflicts::{KEEP_CONFLICTS, OF_LINKS, select};
pub use conflicts::{WaitingConflict, close_conflict, conflicts, decide, keep_conflicts, put_conflict};
#[cfg(test)]
pub(super) use failures::KEEP_FAILURES;
pub use failures::{Failure, clear_failure, failures, keep_failures, next_try, put_failure, refused, set_next_try};
pub use questions::{
    WaitingQuestion, close_questions, postpone, put_question, question_subjects, questioned, questions, renew_if_moved,
};

/// How many conflicts, questions and refusals wait, those of `documents` among them where these are shown; questions that a person put
/// off beyond `now` are not.
pub async fn counts(
    connection: &mut Connection,
    documents: bool,
    now: DateTime<Utc>,
) -> Result<(u64, u64, u64), StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM conflict), \
         (SELECT count(*) FROM question WHERE postponed IS NULL OR postponed <= ?1), \
         (SELECT count(DISTINCT coalesce(link, -seen)) FROM failure)",
    )
    .bind(stamp(now))
    .fetch_one(&mut *connection)
    .await?;
    let number =
        |column: usize| -> Result<u64, StoreError> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    let of_documents = if documents { document::stand(connection).await?.refused } else { 0 };
    Ok((number(0)?, number(1)?, number(2)? + of_documents))
}

/// The highest numbers among what waits, as [`counts`] counts it: a higher one is new. 0 where nothing waits.
pub async fn newest(connection: &mut Connection, now: DateTime<Utc>) -> Result<(i64, i64, i64), StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT coalesce(max(id), 0) FROM conflict), \
         (SELECT coalesce(max(id), 0) FROM question WHERE postponed IS NULL OR postponed <= ?1), \
         (SELECT coalesce(max(id), 0) FROM failure)",
    )
    .bind(stamp(now))
    .fetch_one(&mut *connection)
    .await?;
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}
