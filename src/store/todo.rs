//! Links and records that are not settled, why, and when they are due.

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::seen::{SeenId, parse_kind};
use super::{Connection, StoreError, as_signed, stamp, to_json};
use crate::domain::plan::LinkId;
use crate::domain::record::Kind;

/// Why something is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A scan found it new or different.
    Staged,
    /// It moved between plan and write.
    Superseded,
    /// A system refused it.
    Refused,
    /// The write was not sent, or its outcome is not known.
    Interrupted,
    /// A person decided.
    Decided,
    /// A webhook says that it went, or went on under another id.
    Hint,
    /// Its company is not linked.
    BlockedByParent,
    /// A person has to decide.
    WaitsForPerson,
    /// Not eligible, out of scope, or nothing may be created there: waits until it changes.
    Rests,
}

impl Why {
    /// The word in the state and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Superseded => "superseded",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
            Self::Decided => "decided",
            Self::Hint => "hint",
            Self::BlockedByParent => "blocked by parent",
            Self::WaitsForPerson => "waits for a person",
            Self::Rests => "rests",
        }
    }
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A link.
    Link(LinkId),
    /// A record without one.
    Seen(SeenId),
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Todo {
    /// Its number, in the order in which things were noticed.
    pub id: i64,
    /// What it is about.
    pub subject: Subject,
}

/// Notes that these are not settled. `due` of `None` waits for a person or a change. What was planned by the pass that is
/// under way is taken out of that, so that the pass's end does not count it as settled.
pub async fn arm(
    connection: &mut Connection,
    kind: Kind,
    subjects: &[Subject],
    why: Why,
    due: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    if subjects.is_empty() {
        return Ok(());
    }
    let links: Vec<i64> = subjects
        .iter()
        .filter_map(|subject| match subject {
            Subject::Link(id) => Some(id.0),
            Subject::Seen(_) => None,
        })
        .collect();
    let seen: Vec<i64> = subjects
        .iter()
        .filter_map(|subject| match subject {
            Subject::Seen(id) => Some(id.0),
            Subject::Link(_) => None,
        })
        .collect();
    let statements = [
        (
            links,
            "INSERT INTO todo (kind, link, why, due) SELECT ?2, value, ?3, ?4 FROM json_each(?1) WHERE true \
             ON CONFLICT (link) DO UPDATE SET why = excluded.why, due = excluded.due, planned = NULL",
        ),
        (
            seen,
            "INSERT INTO todo (kind, seen, why, due) SELECT ?2, value, ?3, ?4 FROM json_each(?1) WHERE true \
             ON CONFLICT (seen) DO UPDATE SET why = excluded.why, due = excluded.due, planned = NULL",
        ),
    ];
    for (ids, statement) in statements {
        if !ids.is_empty() {
            sqlx::query(statement)
                .bind(to_json(&ids))
                .bind(kind.as_str())
                .bind(why.as_str())
                .bind(due.map(stamp))
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Why something is not settled, and when it is due; `None` where it is settled.
pub async fn of(
    connection: &mut Connection,
    subject: Subject,
) -> Result<Option<(String, Option<DateTime<Utc>>)>, StoreError> {
    let (statement, id) = match subject {
        Subject::Link(id) => ("SELECT why, due FROM todo WHERE link = ?1", id.0),
        Subject::Seen(id) => ("SELECT why, due FROM todo WHERE seen = ?1", id.0),
    };
    let Some(row) = sqlx::query(statement).bind(id).fetch_optional(connection).await? else { return Ok(None) };
    let due: Option<String> = row.try_get(1)?;
    Ok(Some((row.try_get(0)?, due.map(|text| super::parse_stamp("todo.due", &text)).transpose()?)))
}

/// Notes that this waits for a person. What of it is due at a time of its own (a refused field beside a conflict) stays due;
/// a record that was forgotten since (a contact's move took its place) waits for nobody.
pub async fn rest(connection: &mut Connection, kind: Kind, subject: Subject) -> Result<(), StoreError> {
    let (link, seen) = match subject {
        Subject::Link(id) => (Some(id.0), None),
        Subject::Seen(id) => (None, Some(id.0)),
    };
    sqlx::query(
        "INSERT INTO todo (kind, link, seen, why) SELECT ?1, ?2, ?3, ?4 \
         WHERE ?3 IS NULL OR EXISTS (SELECT 1 FROM seen WHERE id = ?3) ON CONFLICT DO NOTHING",
    )
    .bind(kind.as_str())
    .bind(link)
    .bind(seen)
    .bind(Why::WaitsForPerson.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Rows of a kind that are due at `now`, in order, after `after`.
pub async fn due(
    connection: &mut Connection,
    kind: Kind,
    now: DateTime<Utc>,
    after: i64,
    limit: u32,
) -> Result<Vec<Todo>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, link, seen FROM todo WHERE kind = ?1 AND id > ?2 AND due IS NOT NULL AND due <= ?3 ORDER BY id LIMIT ?4",
    )
    .bind(kind.as_str())
    .bind(after)
    .bind(stamp(now))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let link: Option<i64> = row.try_get(1)?;
            let seen: Option<i64> = row.try_get(2)?;
            let subject = match (link, seen) {
                (Some(link), _) => Subject::Link(LinkId(link)),
                (None, Some(seen)) => Subject::Seen(SeenId(seen)),
                (None, None) => {
                    return Err(StoreError::Unreadable { place: "todo", message: "a row about nothing".into() });
                }
            };
            Ok(Todo { id: row.try_get(0)?, subject })
        })
        .collect()
}

/// Notes that a pass has planned these.
pub async fn mark_planned(connection: &mut Connection, pass: i64, rows: &[i64]) -> Result<(), StoreError> {
    sqlx::query("UPDATE todo SET planned = ?2 WHERE id IN (SELECT value FROM json_each(?1))")
        .bind(to_json(rows))
        .bind(pass)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that a pass has planned these records, which nothing made due: a pass that stops half way leaves them due.
pub async fn bring(
    connection: &mut Connection,
    kind: Kind,
    pass: i64,
    records: &[SeenId],
    due: DateTime<Utc>,
) -> Result<(), StoreError> {
    let records: Vec<i64> = records.iter().map(|id| id.0).collect();
    sqlx::query(
        "INSERT INTO todo (kind, seen, why, due, planned) SELECT ?2, value, ?3, ?4, ?5 FROM json_each(?1) WHERE true \
         ON CONFLICT (seen) DO UPDATE SET planned = excluded.planned",
    )
    .bind(to_json(&records))
    .bind(kind.as_str())
    .bind(Why::BlockedByParent.as_str())
    .bind(stamp(due))
    .bind(pass)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes out what the pass planned and nothing re-armed since: it is settled.
pub async fn settle_planned(connection: &mut Connection, pass: i64) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM todo WHERE planned = ?1").bind(pass).execute(connection).await?;
    Ok(done.rows_affected())
}

/// A pass that did not apply its plan leaves everything as due as it was.
pub async fn forget_planned(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("UPDATE todo SET planned = NULL WHERE planned IS NOT NULL").execute(connection).await?;
    Ok(())
}

/// Takes out everything about these.
pub async fn remove(connection: &mut Connection, subject: Subject) -> Result<(), StoreError> {
    let (statement, id) = match subject {
        Subject::Link(id) => ("DELETE FROM todo WHERE link = ?1", id.0),
        Subject::Seen(id) => ("DELETE FROM todo WHERE seen = ?1", id.0),
    };
    sqlx::query(statement).bind(id).execute(connection).await?;
    Ok(())
}

/// How many rows there are: due at `now`, due later, waiting for a person, resting.
pub async fn tally(connection: &mut Connection, now: DateTime<Utc>) -> Result<Vec<(String, bool, u64)>, StoreError> {
    let rows = sqlx::query("SELECT why, due IS NOT NULL AND due <= ?1, count(*) FROM todo GROUP BY 1, 2 ORDER BY 1, 2")
        .bind(stamp(now))
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            Ok((row.try_get(0)?, row.try_get::<i64, _>(1)? != 0, u64::try_from(row.try_get::<i64, _>(2)?).unwrap_or(0)))
        })
        .collect()
}

/// When the next row becomes due.
pub async fn next_due(connection: &mut Connection) -> Result<Option<DateTime<Utc>>, StoreError> {
    let text: Option<String> = sqlx::query("SELECT min(due) FROM todo").fetch_one(connection).await?.try_get(0)?;
    text.map(|text| super::parse_stamp("todo.due", &text)).transpose()
}

/// The rules, a mapping or the scope changed: everything is looked at again.
pub async fn arm_everything(connection: &mut Connection, ruling: u64, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO todo (kind, link, why, due) SELECT kind, id, 'staged', ?1 FROM link WHERE state <> 'tombstone' \
         ON CONFLICT (link) DO UPDATE SET due = excluded.due",
    )
    .bind(stamp(now))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO todo (kind, seen, why, due) SELECT kind, id, 'staged', ?1 FROM seen \
         WHERE link IS NULL AND gone = 0 AND ruling IS NOT ?2 ON CONFLICT (seen) DO UPDATE SET due = excluded.due",
    )
    .bind(stamp(now))
    .bind(as_signed(ruling))
    .execute(connection)
    .await?;
    Ok(())
}

/// The kind of every row, for tests and checks: how many rows a kind has.
pub async fn count(connection: &mut Connection) -> Result<Vec<(Kind, u64)>, StoreError> {
    let rows = sqlx::query("SELECT kind, count(*) FROM todo GROUP BY 1 ORDER BY 1").fetch_all(connection).await?;
    rows.iter()
        .map(|row| Ok((parse_kind(row.try_get(0)?)?, u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0))))
        .collect()
}
