//! What was done with documents.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row as _;

use super::DocumentId;
use crate::domain::documents::Does;
use crate::domain::plan::LinkId;
use crate::domain::record::RemoteId;
use crate::store::{Connection, StoreError, parse_stamp, stamp, to_json};

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// The pass.
    pub pass: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The company's link.
    pub link: LinkId,
    /// The document's id in Flowtly.
    pub document: String,
    /// What shows it in the CRM.
    pub crm_id: Option<RemoteId>,
    /// `show`, `rename` or `adopt`.
    pub did: String,
    /// The title before, where it had one.
    pub old: Option<String>,
    /// The title.
    pub new: String,
}

/// Adds something that was done, in the transaction that settles it. What it was called before is known from the last deed.
pub async fn add(
    connection: &mut Connection,
    pass: i64,
    now: DateTime<Utc>,
    document: DocumentId,
    did: Does,
    new: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO document_deed (pass, at, document, did, old, new) VALUES (?1, ?2, ?3, ?4, \
         (SELECT new FROM document_deed WHERE document = ?3 ORDER BY id DESC LIMIT 1), ?5)",
    )
    .bind(pass)
    .bind(stamp(now))
    .bind(document.0)
    .bind(did.as_str())
    .bind(new)
    .execute(connection)
    .await?;
    Ok(())
}

/// How many were shown or renamed since a time. What was sent and is not known counts: it may have been carried out.
pub async fn done_since(connection: &mut Connection, since: DateTime<Utc>) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM document_deed WHERE at >= ?1 AND did <> 'adopt') \
         + (SELECT count(*) FROM document WHERE state = 'sending' AND sent >= ?1)",
    )
    .bind(stamp(since))
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0))
}

/// What was done last, newest first; of these links only where some are given.
pub async fn last(connection: &mut Connection, links: Option<&[LinkId]>, limit: u32) -> Result<Vec<Deed>, StoreError> {
    let links: Option<Vec<i64>> = links.map(|links| links.iter().map(|id| id.0).collect());
    let rows = sqlx::query(
        "SELECT deed.pass, deed.at, document.link, document.document, document.crm_id, deed.did, deed.old, deed.new \
         FROM document_deed AS deed JOIN document ON document.id = deed.document \
         WHERE ?1 IS NULL OR document.link IN (SELECT value FROM json_each(?1)) ORDER BY deed.id DESC LIMIT ?2",
    )
    .bind(links.map(|links| to_json(&links)))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Deed {
                pass: row.try_get(0)?,
                at: parse_stamp("document_deed.at", row.try_get(1)?)?,
                link: LinkId(row.try_get(2)?),
                document: row.try_get(3)?,
                crm_id: row.try_get::<Option<String>, _>(4)?.map(RemoteId::new),
                did: row.try_get(5)?,
                old: row.try_get(6)?,
                new: row.try_get(7)?,
            })
        })
        .collect()
}
