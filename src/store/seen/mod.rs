//! Every record as last read. Those without a link are the *unlinked* ones; they carry a verdict. [`present`] and its
//! neighbours tell which of them are there, and how many.

mod presence;

use std::collections::BTreeMap;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Connection, StoreError, as_signed, as_unsigned, from_json, parse_stamp, stamp, to_json};
use crate::domain::field::Field;
use crate::domain::plan::{LinkId, RecordRef};
use crate::domain::record::{Fingerprint, Kind, Record, RemoteId, Side, Standing, Version};
use crate::domain::shape::RawHash;
use crate::domain::value::{Locale, Reading, Text};

#[cfg(test)]
pub(super) use presence::{COUNT, GONE, GONE_AMONG, PRESENT, REMOTE_IDS};
pub use presence::{count, gone, gone_among, gone_ids, highest_id, mark_gone, present, remote_ids, unlinked};

/// A row number of `seen`; small and dense, so that a pass remembers what it met in a bitmap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeenId(pub i64);

/// What a walk compares first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Where its id stands among those that were asked for.
    pub place: usize,
    /// The row.
    pub id: SeenId,
    /// The hash of its mapped wire text.
    pub raw_hash: RawHash,
}

/// A record as last read.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The row.
    pub id: SeenId,
    /// Its link.
    pub link: Option<LinkId>,
    /// The hash of its mapped wire text.
    pub raw_hash: RawHash,
    /// The hash of its normal forms.
    pub fingerprint: Fingerprint,
    /// Confirmed gone.
    pub gone: bool,
    /// What was decided about it, without a link.
    pub verdict: Option<String>,
    /// The record.
    pub record: Record,
}

impl Seen {
    /// The record's name in a plan.
    pub fn reference(&self) -> RecordRef {
        RecordRef { side: self.record.side, id: self.record.id.clone(), parent: self.record.parent.clone() }
    }
}

/// A record to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Put {
    /// The row it moves into; `None` for a record that is new.
    pub id: Option<SeenId>,
    /// The record.
    pub record: Record,
    /// The hash of its mapped wire text.
    pub raw_hash: RawHash,
}

pub(super) const COLUMNS: &str = "seen.id, seen.side, seen.kind, seen.remote_id, seen.parent_id, seen.link, seen.raw_hash, \
     seen.fingerprint, seen.version, seen.created, seen.modified, seen.standing, seen.gone, seen.in_scope, \
     seen.stored_id, seen.fields, seen.verdict";

/// A statement over the columns of a record, from what `FROM` names on. The text is made of constants only.
///
/// Lists of ids stand first and the records are joined by `CROSS JOIN`, which `SQLite` never turns round: the other order
/// would compare every record of the state with every id. The query plans are pinned by a test.
pub(super) fn select(from: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM {from}"))
}

pub(super) const BY_REMOTE_ID: &str = "json_each(?3) AS wanted \
     CROSS JOIN seen ON seen.side = ?1 AND seen.kind = ?2 AND seen.remote_id = wanted.value ORDER BY seen.id";

pub(super) const BY_ID: &str = "json_each(?1) AS wanted CROSS JOIN seen ON seen.id = wanted.value ORDER BY seen.id";

pub(super) const BY_LINK: &str = "json_each(?1) AS wanted CROSS JOIN seen ON seen.link = wanted.value ORDER BY seen.id";

pub(super) const CHILDREN: &str = "json_each(?2) AS wanted \
     CROSS JOIN seen ON seen.side = ?1 AND seen.kind = 'contact' AND seen.parent_id = wanted.value AND seen.parent_id > '' \
     WHERE seen.gone = 0 ORDER BY seen.id";

pub(super) const UNLINKED_BEHIND: &str = "seen WHERE side = ?1 AND kind = ?2 AND link IS NULL AND gone = 0 \
     AND (?3 IS NULL OR remote_id GLOB '*[^0-9]*' OR CAST(remote_id AS INTEGER) > ?3) AND id > ?4 ORDER BY id LIMIT ?5";

/// What is known of these ids, what is gone left out: one statement, whatever their number.
///
/// The answer is one row of three lists, because handing over a row costs more than finding it.
pub async fn known(
    connection: &mut Connection,
    side: Side,
    kind: Kind,
    ids: &[&str],
) -> Result<Vec<Known>, StoreError> {
    let row =
        sqlx::query(KNOWN).bind(side.as_str()).bind(kind.as_str()).bind(to_json(ids)).fetch_one(connection).await?;
    let places: Vec<usize> = from_json("seen", row.try_get(0)?)?;
    let rows: Vec<i64> = from_json("seen.id", row.try_get(1)?)?;
    let hashes: Vec<i64> = from_json("seen.raw_hash", row.try_get(2)?)?;
    Ok(places
        .into_iter()
        .zip(rows)
        .zip(hashes)
        .map(|((place, id), hash)| Known { place, id: SeenId(id), raw_hash: RawHash(as_unsigned(hash)) })
        .collect())
}

/// Its query plan (a search of the index for each id) is pinned by a test.
pub(super) const KNOWN: &str = "SELECT json_group_array(wanted.key), json_group_array(seen.id), json_group_array(seen.raw_hash) \
     FROM json_each(?3) AS wanted \
     CROSS JOIN seen ON seen.side = ?1 AND seen.kind = ?2 AND seen.remote_id = wanted.value AND seen.gone = 0";

/// The records with these remote ids.
pub async fn by_remote_id(
    connection: &mut Connection,
    locale: &Locale,
    side: Side,
    kind: Kind,
    ids: &[&str],
) -> Result<Vec<Seen>, StoreError> {
    let rows = sqlx::query(select(BY_REMOTE_ID))
        .bind(side.as_str())
        .bind(kind.as_str())
        .bind(to_json(ids))
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| decode(row, locale)).collect()
}

/// The records without a partner behind a number among the ids of a side and kind (`None`: all), those that are gone left
/// out, in order after `after`. An id that is no number is behind none of them, and may be newer than any.
pub async fn unlinked_behind(
    connection: &mut Connection,
    locale: &Locale,
    (side, kind): (Side, Kind),
    highest: Option<u64>,
    after: SeenId,
    limit: u32,
) -> Result<Vec<Seen>, StoreError> {
    let rows = sqlx::query(select(UNLINKED_BEHIND))
        .bind(side.as_str())
        .bind(kind.as_str())
        .bind(highest.map(as_signed))
        .bind(after.0)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| decode(row, locale)).collect()
}

/// The rows with these numbers.
pub async fn by_id(connection: &mut Connection, locale: &Locale, ids: &[SeenId]) -> Result<Vec<Seen>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(select(BY_ID)).bind(to_json(&ids)).fetch_all(connection).await?;
    rows.iter().map(|row| decode(row, locale)).collect()
}

/// Both halves of these links.
pub async fn by_link(connection: &mut Connection, locale: &Locale, links: &[LinkId]) -> Result<Vec<Seen>, StoreError> {
    let ids: Vec<i64> = links.iter().map(|id| id.0).collect();
    let rows = sqlx::query(select(BY_LINK)).bind(to_json(&ids)).fetch_all(connection).await?;
    rows.iter().map(|row| decode(row, locale)).collect()
}

/// The contacts of these companies on one side, those that are gone left out.
pub async fn children(
    connection: &mut Connection,
    locale: &Locale,
    side: Side,
    companies: &[&str],
) -> Result<Vec<Seen>, StoreError> {
    let rows = sqlx::query(select(CHILDREN)).bind(side.as_str()).bind(to_json(companies)).fetch_all(connection).await?;
    rows.iter().map(|row| decode(row, locale)).collect()
}

pub(super) const MOVE: &str = "UPDATE seen SET parent_id = row.value ->> 4, raw_hash = row.value ->> 5, fingerprint = row.value ->> 6, \
             version = row.value ->> 7, created = row.value ->> 8, modified = row.value ->> 9, standing = row.value ->> 10, \
             in_scope = row.value ->> 11, stored_id = row.value ->> 12, fields = row.value ->> 13, gone = 0 \
             FROM json_each(?1) AS row WHERE seen.id = row.value ->> 0";

pub(super) const VERDICTS: &str =
    "UPDATE seen SET verdict = row.value ->> 1, ruling = ?2 FROM json_each(?1) AS row WHERE seen.id = row.value ->> 0";

/// Keeps records: moves the rows that have one, adds the others. Returns the row of each, in order.
pub async fn put(connection: &mut Connection, puts: &[Put]) -> Result<Vec<SeenId>, StoreError> {
    let mut ids = Vec::with_capacity(puts.len());
    let moved: Vec<_> = puts.iter().filter_map(|put| put.id.map(|id| columns(put, Some(id)))).collect();
    if !moved.is_empty() {
        sqlx::query(MOVE).bind(to_json(&moved)).execute(&mut *connection).await?;
    }
    let added: Vec<_> = puts.iter().filter(|put| put.id.is_none()).map(|put| columns(put, None)).collect();
    let mut made = BTreeMap::new();
    if !added.is_empty() {
        let rows = sqlx::query(
            "INSERT INTO seen (side, kind, remote_id, parent_id, raw_hash, fingerprint, version, created, modified, \
             standing, in_scope, stored_id, fields) \
             SELECT value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, \
             value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13 FROM json_each(?1) WHERE true \
             ON CONFLICT (side, kind, remote_id, parent_id) DO UPDATE SET raw_hash = excluded.raw_hash, \
             fingerprint = excluded.fingerprint, version = excluded.version, created = excluded.created, \
             modified = excluded.modified, standing = excluded.standing, in_scope = excluded.in_scope, \
             stored_id = excluded.stored_id, fields = excluded.fields, gone = 0 \
             RETURNING id, side, kind, remote_id, parent_id",
        )
        .bind(to_json(&added))
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let key: (String, String, String, String) =
                (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
            made.insert(key, SeenId(row.try_get(0)?));
        }
    }
    for put in puts {
        let id = match put.id {
            Some(id) => Some(id),
            None => made.get(&key_of(&put.record)).copied(),
        };
        ids.push(id.ok_or(StoreError::Unreadable { place: "seen.id", message: "a kept record has no row".into() })?);
    }
    Ok(ids)
}

pub(super) const TOUCH: &str = "UPDATE seen SET raw_hash = row.value ->> 1, version = row.value ->> 2, gone = 0 FROM json_each(?1) AS row \
         WHERE seen.id = row.value ->> 0";

/// The same normal forms under another wire text: only the hash and the version move.
pub async fn touch(connection: &mut Connection, rows: &[(SeenId, RawHash, Option<Version>)]) -> Result<(), StoreError> {
    let rows: Vec<_> =
        rows.iter().map(|(id, hash, version)| (id.0, as_signed(hash.0), version.as_ref().map(|v| &v.0))).collect();
    sqlx::query(TOUCH).bind(to_json(&rows)).execute(connection).await?;
    Ok(())
}

/// Writes what was decided about records without a link, and by which rules.
pub async fn put_verdicts(
    connection: &mut Connection,
    ruling: u64,
    verdicts: &[(SeenId, &str)],
) -> Result<(), StoreError> {
    let rows: Vec<(i64, &str)> = verdicts.iter().map(|(id, verdict)| (id.0, *verdict)).collect();
    sqlx::query(VERDICTS).bind(to_json(&rows)).bind(as_signed(ruling)).execute(connection).await?;
    Ok(())
}

/// Forgets rows without a link: nothing refers to them any more.
pub async fn forget(connection: &mut Connection, ids: &[SeenId]) -> Result<(), StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query("DELETE FROM seen WHERE link IS NULL AND id IN (SELECT value FROM json_each(?1))")
        .bind(to_json(&ids))
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets the row that stands where this record shall stand, if it has no link.
pub async fn forget_unlinked(connection: &mut Connection, record: &Record) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM seen WHERE side = ?1 AND kind = ?2 AND remote_id = ?3 AND parent_id = ?4 AND link IS NULL",
    )
    .bind(record.side.as_str())
    .bind(record.kind.as_str())
    .bind(record.id.as_str())
    .bind(record.parent.as_ref().map(RemoteId::as_str).unwrap_or_default())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) fn parse_side(text: &str) -> Result<Side, StoreError> {
    Side::parse(text).ok_or_else(|| StoreError::Unreadable { place: "side", message: text.to_owned() })
}

pub(super) fn parse_kind(text: &str) -> Result<Kind, StoreError> {
    Kind::parse(text).ok_or_else(|| StoreError::Unreadable { place: "kind", message: text.to_owned() })
}

fn key_of(record: &Record) -> (String, String, String, String) {
    (
        record.side.as_str().to_owned(),
        record.kind.as_str().to_owned(),
        record.id.as_str().to_owned(),
        record.parent.as_ref().map(RemoteId::as_str).unwrap_or_default().to_owned(),
    )
}

const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Live => "live",
        Standing::Archived => "archived",
    }
}

/// One row as a JSON array, in the order that [`put`] reads.
fn columns(put: &Put, id: Option<SeenId>) -> serde_json::Value {
    let record = &put.record;
    let fields: BTreeMap<Field, Text> =
        record.fields.iter().filter_map(|(field, reading)| Some((*field, reading.text()?))).collect();
    serde_json::json!([
        id.map(|id| id.0),
        record.side.as_str(),
        record.kind.as_str(),
        record.id.as_str(),
        record.parent.as_ref().map(RemoteId::as_str).unwrap_or_default(),
        as_signed(put.raw_hash.0),
        as_signed(record.fingerprint().0),
        record.version.as_ref().map(|version| &version.0),
        record.created.map(stamp),
        record.modified.map(stamp),
        standing_word(record.standing),
        i32::from(record.in_scope),
        record.stored_id,
        to_json(&fields),
    ])
}

pub(super) fn decode(row: &SqliteRow, locale: &Locale) -> Result<Seen, StoreError> {
    let fields: BTreeMap<Field, Text> = from_json("seen.fields", row.try_get(15)?)?;
    let parent: String = row.try_get(4)?;
    let created: Option<String> = row.try_get(9)?;
    let modified: Option<String> = row.try_get(10)?;
    let standing: String = row.try_get(11)?;
    Ok(Seen {
        id: SeenId(row.try_get(0)?),
        link: row.try_get::<Option<i64>, _>(5)?.map(LinkId),
        raw_hash: RawHash(as_unsigned(row.try_get(6)?)),
        fingerprint: Fingerprint(as_unsigned(row.try_get(7)?)),
        gone: row.try_get::<i64, _>(12)? != 0,
        verdict: row.try_get(16)?,
        record: Record {
            side: parse_side(row.try_get(1)?)?,
            kind: parse_kind(row.try_get(2)?)?,
            id: RemoteId::new(row.try_get::<String, _>(3)?),
            parent: (!parent.is_empty()).then(|| RemoteId::new(parent)),
            version: row.try_get::<Option<String>, _>(8)?.map(Version),
            created: created.map(|text| parse_stamp("seen.created", &text)).transpose()?,
            modified: modified.map(|text| parse_stamp("seen.modified", &text)).transpose()?,
            standing: if standing == "archived" { Standing::Archived } else { Standing::Live },
            stored_id: row.try_get(14)?,
            in_scope: row.try_get::<i64, _>(13)? != 0,
            fields: fields.into_iter().map(|(field, text)| (field, Reading::of(field, text, locale))).collect(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::lock::WriterLock;

    fn person(id: &str, company: &str, hash: u64) -> Put {
        let record = Record { parent: Some(RemoteId::new(company)), ..Record::bare(Side::Crm, Kind::Contact, id) };
        Put { id: None, record, raw_hash: RawHash(hash) }
    }

    async fn store() -> (Store, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let lock = WriterLock::take(&directory.path().join("state.sqlite")).unwrap();
        (Store::open(&lock).await.unwrap(), directory)
    }

    #[tokio::test]
    async fn a_page_is_answered_by_place_and_a_person_of_two_firms_by_two_rows() {
        let (mut store, _directory) = store().await;
        let puts = [person("7", "1", u64::MAX), person("8", "1", 2), person("7", "2", u64::MAX)];
        let ids = put(store.connection(), &puts).await.unwrap();
        let mut known = known(store.connection(), Side::Crm, Kind::Contact, &["9", "8", "7"]).await.unwrap();
        known.sort_by_key(|row| row.id);
        let row = |place, id: SeenId, hash| Known { place, id, raw_hash: RawHash(hash) };
        assert_eq!(known, [row(2, ids[0], u64::MAX), row(1, ids[1], 2), row(2, ids[2], u64::MAX)]);
    }

    #[tokio::test]
    async fn what_is_gone_is_neither_known_nor_present_nor_counted() {
        let (mut store, _directory) = store().await;
        let ids = put(store.connection(), &[person("7", "1", 1), person("8", "1", 2)]).await.unwrap();
        mark_gone(store.connection(), &ids[..1]).await.unwrap();
        let known = known(store.connection(), Side::Crm, Kind::Contact, &["7", "8"]).await.unwrap();
        assert_eq!(known.iter().map(|row| row.id).collect::<Vec<_>>(), ids[1..]);
        let live = present(store.connection(), Side::Crm, Kind::Contact, Standing::Live, SeenId(0), 10).await.unwrap();
        assert_eq!(live, ids[1..]);
        let archived = present(store.connection(), Side::Crm, Kind::Contact, Standing::Archived, SeenId(0), 10).await;
        assert_eq!(archived.unwrap(), []);
        assert_eq!(count(store.connection(), Side::Crm, Kind::Contact).await.unwrap(), 1);
        assert_eq!(remote_ids(store.connection(), &ids).await.unwrap().len(), 2);
    }

    /// `EspoCRM`'s ids are hexadecimal, and now and then one has no letter: it is the highest number from then on.
    #[tokio::test]
    async fn an_id_that_is_no_number_is_behind_every_number_and_pages_go_on_where_they_ended() {
        let (mut store, _directory) = store().await;
        let ids = ["5f3c9a0be17d", "40", "100", "7e1"].map(|id| person(id, "1", 1));
        let ids = put(store.connection(), &ids).await.unwrap();
        let mut found = Vec::new();
        let mut after = SeenId(0);
        loop {
            let connection = store.connection();
            let contacts = (Side::Crm, Kind::Contact);
            let page = unlinked_behind(connection, &Locale::default(), contacts, Some(50), after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.id;
            found.extend(page.into_iter().map(|row| row.id));
        }
        assert_eq!(found, [ids[0], ids[2], ids[3]]);
    }
}
