//! Whose documents are to be read.

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use crate::domain::plan::LinkId;
use crate::domain::record::RemoteId;
use crate::store::{Connection, StoreError, stamp, to_json};

/// A linked company that is there on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Its link.
    pub link: LinkId,
    /// Its id in Flowtly.
    pub flowtly: RemoteId,
    /// Its id in the CRM.
    pub crm: RemoteId,
}

/// Which companies' documents are read.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// All of them.
    pub complete: bool,
    /// These; beside those that were never looked at, and those that are due.
    pub links: &'a [LinkId],
    /// The time.
    pub now: DateTime<Utc>,
}

/// What a look at a company's documents found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// How many cannot be shown.
    pub incomplete: u64,
    /// What these lack, in words.
    pub lacks: String,
}

/// Live companies that are there on both sides; one that is paused, separated or gone rests. `CROSS JOIN` keeps the links
/// outside, in their order.
pub(super) const LIVE: &str = "link CROSS JOIN seen AS flowtly ON flowtly.link = link.id AND flowtly.side = 'flowtly' \
     CROSS JOIN seen AS crm ON crm.link = link.id AND crm.side = 'crm'";

pub(super) const IS_LIVE: &str = "link.kind = 'company' AND link.state = 'live' AND flowtly.gone = 0 AND crm.gone = 0 \
     AND flowtly.standing = 'live' AND crm.standing = 'live'";

/// The companies whose documents are to be read, in order of their links, after `after`.
pub async fn due(
    connection: &mut Connection,
    which: Due<'_>,
    after: LinkId,
    limit: u32,
) -> Result<Vec<Company>, StoreError> {
    let links: Vec<i64> = which.links.iter().map(|link| link.0).collect();
    let statement = format!(
        "SELECT link.id, link.flowtly_id, link.crm_id FROM {LIVE} LEFT JOIN document_look AS look ON look.link = link.id \
         WHERE {IS_LIVE} AND link.id > ?1 AND (?2 OR look.link IS NULL OR look.due <= ?3 \
         OR link.id IN (SELECT value FROM json_each(?4))) ORDER BY link.id LIMIT ?5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(after.0)
        .bind(which.complete)
        .bind(stamp(which.now))
        .bind(to_json(&links))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Company {
                link: LinkId(row.try_get(0)?),
                flowtly: RemoteId::new(row.try_get::<String, _>(1)?),
                crm: RemoteId::new(row.try_get::<String, _>(2)?),
            })
        })
        .collect()
}

/// Notes a look. Returns whether it lacks something else than at the last one: what is missing is told once.
pub async fn put_look(
    connection: &mut Connection,
    link: LinkId,
    now: DateTime<Utc>,
    looked: &Looked,
) -> Result<bool, StoreError> {
    let before: Option<String> = sqlx::query("SELECT lacks FROM document_look WHERE link = ?1")
        .bind(link.0)
        .fetch_optional(&mut *connection)
        .await?
        .map(|row| row.try_get(0))
        .transpose()?;
    sqlx::query(
        "INSERT INTO document_look (link, looked, incomplete, lacks) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (link) DO UPDATE \
         SET looked = excluded.looked, due = NULL, incomplete = excluded.incomplete, lacks = excluded.lacks",
    )
    .bind(link.0)
    .bind(stamp(now))
    .bind(i64::try_from(looked.incomplete).unwrap_or(i64::MAX))
    .bind(&looked.lacks)
    .execute(connection)
    .await?;
    Ok(before.unwrap_or_default() != looked.lacks)
}

/// What the documents of a company lack that cannot be shown, in words; empty if nothing.
pub async fn incomplete(connection: &mut Connection, link: LinkId) -> Result<String, StoreError> {
    let row =
        sqlx::query("SELECT lacks FROM document_look WHERE link = ?1").bind(link.0).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
}

/// A company of which something is open is read again when that may be known, whatever else happens: at once what was not
/// carried out, later what was refused or is not proved.
pub async fn refresh_due(connection: &mut Connection, links: &[LinkId]) -> Result<(), StoreError> {
    let links: Vec<i64> = links.iter().map(|link| link.0).collect();
    sqlx::query(
        "UPDATE document_look SET due = (SELECT min(CASE state WHEN 'wanted' THEN coalesce(next_try, looked) \
         ELSE coalesce(provable, looked) END) FROM document WHERE document.link = document_look.link \
         AND state IN ('wanted', 'sending', 'moved') AND (NOT gone OR state <> 'wanted')) \
         WHERE link IN (SELECT value FROM json_each(?1))",
    )
    .bind(to_json(&links))
    .execute(connection)
    .await?;
    Ok(())
}

/// A company's documents could not be read: not again before `due`, unless a complete pass comes first or it changes.
pub async fn look_failed(
    connection: &mut Connection,
    link: LinkId,
    now: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO document_look (link, looked, due) VALUES (?1, ?2, ?3) \
         ON CONFLICT (link) DO UPDATE SET due = excluded.due",
    )
    .bind(link.0)
    .bind(stamp(now))
    .bind(stamp(due))
    .execute(connection)
    .await?;
    Ok(())
}

/// Companies that ought to have been looked at and were not are due: these, or all that were not looked at just now.
pub async fn look_again(
    connection: &mut Connection,
    links: Option<&[LinkId]>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let links: Option<Vec<i64>> = links.map(|links| links.iter().map(|id| id.0).collect());
    sqlx::query(
        "UPDATE document_look SET due = ?2 WHERE looked < ?2 AND (due IS NULL OR due < ?2) \
         AND (?1 IS NULL OR link IN (SELECT value FROM json_each(?1)))",
    )
    .bind(links.map(|links| to_json(&links)))
    .bind(stamp(now))
    .execute(connection)
    .await?;
    Ok(())
}
