//! What companies can be recognised by: an index over all of them, linked ones and those outside the scope too.

use sqlx::Row as _;

use super::seen::{COLUMNS, Seen, SeenId, decode};
use super::{Connection, StoreError, to_json};
use crate::domain::record::Side;
use crate::domain::value::Locale;

/// Companies that share one of these match keys, with the key that they share; those that are gone only if linked.
pub async fn find(
    connection: &mut Connection,
    locale: &Locale,
    side: Side,
    keys: &[String],
) -> Result<Vec<(String, Seen)>, StoreError> {
    let rows = sqlx::query(by_key()).bind(side.as_str()).bind(to_json(keys)).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(17)?, decode(row, locale)?))).collect()
}

/// The text is made of constants only.
pub(super) fn by_key() -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, match_key.key FROM json_each(?2) AS wanted \
         CROSS JOIN match_key ON match_key.key = wanted.value AND match_key.side = ?1 \
         JOIN seen ON seen.id = match_key.seen WHERE seen.gone = 0 OR seen.link IS NOT NULL ORDER BY seen.id"
    ))
}

/// Replaces the match keys of companies.
pub async fn put(connection: &mut Connection, side: Side, keys: &[(SeenId, Vec<String>)]) -> Result<(), StoreError> {
    let ids: Vec<i64> = keys.iter().map(|(id, _)| id.0).collect();
    sqlx::query("DELETE FROM match_key WHERE seen IN (SELECT value FROM json_each(?1))")
        .bind(to_json(&ids))
        .execute(&mut *connection)
        .await?;
    let rows: Vec<(i64, &String)> = keys.iter().flat_map(|(id, keys)| keys.iter().map(|key| (id.0, key))).collect();
    sqlx::query(
        "INSERT OR IGNORE INTO match_key (side, seen, key) SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2)",
    )
    .bind(side.as_str())
    .bind(to_json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}
