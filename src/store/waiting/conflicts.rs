//! Fields on which a person decides, and what was decided.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row as _;

use crate::domain::field::Field;
use crate::domain::plan::{Conflict, LinkId, Reason};
use crate::domain::planner::Decision;
use crate::store::{Connection, StoreError, from_json, parse_stamp, stamp, to_json};

/// A conflict that waits, or whose decision waits to be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingConflict {
    /// The number that `conflicts resolve` takes. It stands for these values: other ones have another number.
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

/// Notes a conflict. One that is shown with other values is a new one, with another number: an old decision no longer binds.
pub async fn put_conflict(
    connection: &mut Connection,
    link: LinkId,
    conflict: &Conflict,
    reason: &Reason,
    pass: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (field, flowtly, crm) = (to_json(&conflict.field), to_json(&conflict.flowtly), to_json(&conflict.crm));
    let flowtly_base = conflict.flowtly_base.as_ref().map(to_json);
    let crm_base = conflict.crm_base.as_ref().map(to_json);
    let known = sqlx::query(
        "UPDATE conflict SET flowtly_base = ?5, crm_base = ?6, reason = ?7 \
         WHERE link = ?1 AND field = ?2 AND flowtly = ?3 AND crm = ?4",
    )
    .bind(link.0)
    .bind(&field)
    .bind(&flowtly)
    .bind(&crm)
    .bind(&flowtly_base)
    .bind(&crm_base)
    .bind(to_json(reason))
    .execute(&mut *connection)
    .await?;
    if known.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query(
        "INSERT OR REPLACE INTO conflict (link, field, flowtly, crm, flowtly_base, crm_base, reason, since, pass) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, \
         coalesce((SELECT since FROM conflict WHERE link = ?1 AND field = ?2), ?8), ?9)",
    )
    .bind(link.0)
    .bind(&field)
    .bind(&flowtly)
    .bind(&crm)
    .bind(&flowtly_base)
    .bind(&crm_base)
    .bind(to_json(reason))
    .bind(stamp(now))
    .bind(pass)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes out the conflicts of these links that are not in `kept`: their cause is gone, or they were decided and carried out.
/// What is kept of other links only costs time.
pub async fn keep_conflicts(
    connection: &mut Connection,
    links: &[LinkId],
    kept: &[(LinkId, Field)],
) -> Result<(), StoreError> {
    let links: Vec<i64> = links.iter().map(|id| id.0).collect();
    let kept: Vec<(i64, String)> = kept.iter().map(|(id, field)| (id.0, to_json(field))).collect();
    sqlx::query(KEEP_CONFLICTS).bind(to_json(&links)).bind(to_json(&kept)).execute(connection).await?;
    Ok(())
}

/// The kept ones become a list once, in which each row is searched.
pub(in crate::store) const KEEP_CONFLICTS: &str = "DELETE FROM conflict WHERE link IN (SELECT value FROM json_each(?1)) \
     AND (link, field) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))";

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
    let rows = match links {
        None => sqlx::query(select("conflict")).fetch_all(connection).await?,
        Some(links) => {
            let links: Vec<i64> = links.iter().map(|id| id.0).collect();
            sqlx::query(select(OF_LINKS)).bind(to_json(&links)).fetch_all(connection).await?
        }
    };
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

/// A statement over a conflict's columns, from what `FROM` names on. The text is made of constants only.
pub(in crate::store) fn select(from: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!(
        "SELECT conflict.id, link, field, flowtly, crm, flowtly_base, crm_base, reason, since, decision FROM {from} \
         ORDER BY conflict.id"
    ))
}

pub(in crate::store) const OF_LINKS: &str =
    "json_each(?1) AS wanted CROSS JOIN conflict ON conflict.link = wanted.value";

/// Writes a person's decision.
pub async fn decide(connection: &mut Connection, conflict: i64, decision: &Decision) -> Result<(), StoreError> {
    sqlx::query("UPDATE conflict SET decision = ?2 WHERE id = ?1")
        .bind(conflict)
        .bind(to_json(decision))
        .execute(connection)
        .await?;
    Ok(())
}
