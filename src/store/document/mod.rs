//! Documents that are shown in the CRM: what is known of each, when a company's are to be read, and what was done.
//!
//! A row is its own journal: [`sending`] is committed before anything is sent, and a row that is being sent stays so until
//! evidence says what came of it.

mod deeds;
mod look;
mod plan;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Connection, StoreError, as_signed, as_unsigned, parse_stamp, stamp, to_json};
use crate::domain::documents::{Known, Stand, State};
use crate::domain::plan::LinkId;
use crate::domain::record::RemoteId;

pub use deeds::{Deed, add, done_since, last};
pub use look::{Company, Due, Looked, due, incomplete, look_again, look_failed, put_look, refresh_due};
pub use plan::{
    Planned, left, plan, planned, put_off, put_off_all, refused, retry_all, sending, set_next_try, settled, void,
};

/// The number of a document's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct DocumentId(pub i64);

/// A document's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: DocumentId,
    /// Its company's link.
    pub link: LinkId,
    /// What is known of it.
    pub known: Known,
}

/// A document that the CRM refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its company's link.
    pub link: LinkId,
    /// Its id in Flowtly.
    pub document: String,
    /// Its title.
    pub title: String,
    /// The CRM's own words.
    pub message: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it is tried again.
    pub next_try: DateTime<Utc>,
}

const COLUMNS: &str = "document.id, document.link, document.mark, document.document, document.title, document.location, \
     document.company, document.crm_id, document.told, document.state, document.provable, document.gone, \
     document.payload, document.next_try";

/// A statement over a document's columns, from what `FROM` names on. The text is made of constants only.
fn select(from: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM {from}"))
}

/// What is known of a company's documents: those of its link, and those with one of these marks.
pub async fn known(connection: &mut Connection, link: LinkId, marks: &[&str]) -> Result<Vec<Row>, StoreError> {
    let from = "document WHERE link = ?1 OR mark IN (SELECT value FROM json_each(?2)) ORDER BY mark";
    let rows = sqlx::query(select(from)).bind(link.0).bind(to_json(marks)).fetch_all(connection).await?;
    rows.iter().map(decode).collect()
}

/// Writes what is known from now on, and takes it out of any plan. What stands in the journal beside it stays.
pub async fn put(connection: &mut Connection, link: LinkId, known: &Known) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO document (mark, link, document, title, location, company, crm_id, told, state, provable, gone) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (mark) DO UPDATE SET link = excluded.link, \
         document = excluded.document, title = excluded.title, location = excluded.location, company = excluded.company, \
         crm_id = excluded.crm_id, told = excluded.told, state = excluded.state, provable = excluded.provable, \
         gone = excluded.gone, planned = NULL",
    )
    .bind(&known.mark)
    .bind(link.0)
    .bind(&known.document)
    .bind(&known.title)
    .bind(&known.link)
    .bind(known.company.as_str())
    .bind(known.crm_id.as_ref().map(RemoteId::as_str))
    .bind(known.told.map(as_signed))
    .bind(known.state.as_str())
    .bind(known.provable.map(stamp))
    .bind(known.gone)
    .execute(&mut *connection)
    .await?;
    // A wording that was refused and is wanted no more is no refusal any more.
    if known.refused.is_none() {
        sqlx::query(
            "UPDATE document SET payload = NULL, message = NULL, attempts = 0, since = NULL, next_try = NULL \
             WHERE mark = ?1 AND payload IS NOT NULL",
        )
        .bind(&known.mark)
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// How the known documents stand.
pub async fn stand(connection: &mut Connection) -> Result<Stand, StoreError> {
    let row = sqlx::query(
        "SELECT count(*) FILTER (WHERE state = 'shown' AND NOT gone), count(*) FILTER (WHERE state = 'wanted' AND NOT gone), \
         count(*) FILTER (WHERE state = 'wanted' AND NOT gone AND payload IS NOT NULL), \
         count(*) FILTER (WHERE state IN ('sending', 'moved')), count(*) FILTER (WHERE state = 'removed' AND NOT gone), \
         count(*) FILTER (WHERE gone AND state NOT IN ('sending', 'moved')), \
         (SELECT coalesce(sum(incomplete), 0) FROM document_look JOIN link ON link.id = document_look.link \
          WHERE link.state = 'live') FROM document",
    )
    .fetch_one(connection)
    .await?;
    let number =
        |column: usize| -> Result<u64, StoreError> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    Ok(Stand {
        shown: number(0)?,
        wanted: number(1)?,
        refused: number(2)?,
        unknown: number(3)?,
        removed: number(4)?,
        gone: number(5)?,
        incomplete: number(6)?,
    })
}

/// The documents that the CRM refused, oldest first.
pub async fn failures(connection: &mut Connection) -> Result<Vec<Failure>, StoreError> {
    let rows = sqlx::query(
        "SELECT link, document, title, coalesce(message, ''), attempts, since, next_try FROM document \
         WHERE state = 'wanted' AND NOT gone AND payload IS NOT NULL AND since IS NOT NULL AND next_try IS NOT NULL \
         ORDER BY since, id",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Failure {
                link: LinkId(row.try_get(0)?),
                document: row.try_get(1)?,
                title: row.try_get(2)?,
                message: row.try_get(3)?,
                attempts: row.try_get(4)?,
                since: parse_stamp("document.since", row.try_get(5)?)?,
                next_try: parse_stamp("document.next_try", row.try_get(6)?)?,
            })
        })
        .collect()
}

fn decode(row: &SqliteRow) -> Result<Row, StoreError> {
    let state: String = row.try_get(9)?;
    let time = |place, column: usize| -> Result<Option<DateTime<Utc>>, StoreError> {
        row.try_get::<Option<String>, _>(column)?.map(|text| parse_stamp(place, &text)).transpose()
    };
    let payload = row.try_get::<Option<i64>, _>(12)?.map(as_unsigned);
    Ok(Row {
        id: DocumentId(row.try_get(0)?),
        link: LinkId(row.try_get(1)?),
        known: Known {
            mark: row.try_get(2)?,
            document: row.try_get(3)?,
            title: row.try_get(4)?,
            link: row.try_get(5)?,
            company: RemoteId::new(row.try_get::<String, _>(6)?),
            crm_id: row.try_get::<Option<String>, _>(7)?.map(RemoteId::new),
            told: row.try_get::<Option<i64>, _>(8)?.map(as_unsigned),
            state: State::parse(&state)
                .ok_or_else(|| StoreError::Unreadable { place: "document.state", message: state.clone() })?,
            provable: time("document.provable", 10)?,
            gone: row.try_get(11)?,
            refused: payload.zip(time("document.next_try", 13)?),
        },
    })
}
