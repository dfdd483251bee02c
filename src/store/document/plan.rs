//! What of the documents a pass is about to send, and what became of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::look::{IS_LIVE, LIVE, refresh_due};
use super::{DocumentId, Row, decode, select};
use crate::domain::plan::LinkId;
use crate::domain::record::RemoteId;
use crate::store::{Connection, StoreError, as_signed, parse_stamp, stamp, to_json};

/// How much a pass would send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planned {
    /// Documents to be shown.
    pub shows: u64,
    /// Documents to be renamed.
    pub renames: u64,
}

/// Takes everything that is wanted and due into the plan of this pass, and forgets every earlier plan.
pub async fn plan(connection: &mut Connection, pass: i64, now: DateTime<Utc>) -> Result<Planned, StoreError> {
    sqlx::query("UPDATE document SET planned = NULL WHERE planned IS NOT NULL").execute(&mut *connection).await?;
    let statement = format!(
        "UPDATE document SET planned = ?1 WHERE state = 'wanted' AND gone = 0 AND (next_try IS NULL OR next_try <= ?2) \
         AND EXISTS (SELECT 1 FROM {LIVE} WHERE {IS_LIVE} AND link.id = document.link)"
    );
    sqlx::query(sqlx::AssertSqlSafe(statement)).bind(pass).bind(stamp(now)).execute(&mut *connection).await?;
    let row = sqlx::query(
        "SELECT count(*) FILTER (WHERE crm_id IS NULL), count(*) FILTER (WHERE crm_id IS NOT NULL) FROM document \
         WHERE planned = ?1",
    )
    .bind(pass)
    .fetch_one(connection)
    .await?;
    let number =
        |column: usize| -> Result<u64, StoreError> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    Ok(Planned { shows: number(0)?, renames: number(1)? })
}

/// What a pass plans to send, in order of companies and rows, after a row.
pub async fn planned(
    connection: &mut Connection,
    pass: i64,
    after: (LinkId, DocumentId),
    limit: u32,
) -> Result<Vec<Row>, StoreError> {
    let from = "document WHERE planned = ?1 AND (link, id) > (?2, ?3) ORDER BY link, id LIMIT ?4";
    let rows =
        sqlx::query(select(from)).bind(pass).bind(after.0.0).bind(after.1.0).bind(limit).fetch_all(connection).await?;
    rows.iter().map(decode).collect()
}

/// Takes rows out of the plan: what they want stays wanted.
pub async fn put_off(connection: &mut Connection, ids: &[DocumentId]) -> Result<(), StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query("UPDATE document SET planned = NULL WHERE id IN (SELECT value FROM json_each(?1))")
        .bind(to_json(&ids))
        .execute(connection)
        .await?;
    Ok(())
}

/// Marks rows as being sent; committed before the socket is used.
pub async fn sending(
    connection: &mut Connection,
    now: DateTime<Utc>,
    provable: DateTime<Utc>,
    ids: &[DocumentId],
) -> Result<(), StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query(
        "UPDATE document SET state = 'sending', sent = ?2, provable = ?3, planned = NULL \
         WHERE id IN (SELECT value FROM json_each(?1))",
    )
    .bind(to_json(&ids))
    .bind(stamp(now))
    .bind(stamp(provable))
    .execute(connection)
    .await?;
    Ok(())
}

/// It is shown, and says what was sent.
pub async fn settled(
    connection: &mut Connection,
    id: DocumentId,
    crm_id: &RemoteId,
    told: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE document SET state = 'shown', crm_id = ?2, told = ?3, planned = NULL, payload = NULL, message = NULL, \
         attempts = 0, since = NULL, next_try = NULL WHERE id = ?1",
    )
    .bind(id.0)
    .bind(crm_id.as_str())
    .bind(as_signed(told))
    .execute(connection)
    .await?;
    Ok(())
}

/// It certainly was not carried out: it is wanted as before. What was proved before it was sent is not proved less.
pub async fn void(connection: &mut Connection, id: DocumentId) -> Result<(), StoreError> {
    sqlx::query("UPDATE document SET state = 'wanted', sent = NULL, provable = NULL, planned = NULL WHERE id = ?1")
        .bind(id.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// The CRM refused it. Returns how often the same wording was refused by now, and since when.
pub async fn refused(
    connection: &mut Connection,
    id: DocumentId,
    payload: u64,
    message: &str,
    now: DateTime<Utc>,
) -> Result<(i64, DateTime<Utc>), StoreError> {
    let row = sqlx::query(
        "UPDATE document SET state = 'wanted', sent = NULL, provable = NULL, planned = NULL, message = ?3, \
         attempts = CASE WHEN payload = ?2 THEN attempts + 1 ELSE 1 END, \
         since = CASE WHEN payload = ?2 THEN since ELSE ?4 END, next_try = ?4, payload = ?2 \
         WHERE id = ?1 RETURNING attempts, coalesce(since, ?4)",
    )
    .bind(id.0)
    .bind(as_signed(payload))
    .bind(message)
    .bind(stamp(now))
    .fetch_one(connection)
    .await?;
    Ok((row.try_get(0)?, parse_stamp("document.since", row.try_get(1)?)?))
}

/// When a refused document is tried again.
pub async fn set_next_try(connection: &mut Connection, id: DocumentId, at: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE document SET next_try = ?2 WHERE id = ?1")
        .bind(id.0)
        .bind(stamp(at))
        .execute(connection)
        .await?;
    Ok(())
}

/// All that the CRM refused are tried again now, and their companies read for that.
pub async fn retry_all(connection: &mut Connection, now: DateTime<Utc>) -> Result<(), StoreError> {
    let rows =
        sqlx::query("UPDATE document SET next_try = ?1 WHERE state = 'wanted' AND payload IS NOT NULL RETURNING link")
            .bind(stamp(now))
            .fetch_all(&mut *connection)
            .await?;
    let links: BTreeSet<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let links: Vec<LinkId> = links.into_iter().map(LinkId).collect();
    refresh_due(connection, &links).await
}

/// Takes everything out of any plan.
pub async fn put_off_all(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("UPDATE document SET planned = NULL WHERE planned IS NOT NULL").execute(connection).await?;
    Ok(())
}

/// How much of a pass's plan is left.
pub async fn left(connection: &mut Connection, pass: i64) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT count(*) FROM document WHERE planned = ?1").bind(pass).fetch_one(connection).await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0))
}
