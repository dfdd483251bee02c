//! The durable pairs.

use std::collections::BTreeMap;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::seen::{SeenId, parse_kind};
use super::{Connection, StoreError, from_json, to_json};
use crate::domain::plan::{LinkId, Reason};
use crate::domain::record::{Kind, RemoteId, Side};

/// The state of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// In sync.
    Live,
    /// Archived on a side.
    Paused,
    /// Unlinked or gone: ids and base kept, never matched or created again until a person says so, or the half comes back
    /// whose going made a rule cut the link.
    Tombstone,
}

impl LinkState {
    /// The word in the state and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Paused => "paused",
            Self::Tombstone => "tombstone",
        }
    }
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The row.
    pub id: LinkId,
    /// Company or contact.
    pub kind: Kind,
    /// A contact's company.
    pub parent: Option<LinkId>,
    /// Flowtly's id.
    pub flowtly_id: RemoteId,
    /// The CRM's id.
    pub crm_id: RemoteId,
    /// Its state.
    pub state: LinkState,
    /// What the last look found.
    pub assessment: String,
    /// Why it was made.
    pub reason: String,
}

impl Link {
    /// The id on a side.
    pub fn remote_id(&self, side: Side) -> &RemoteId {
        match side {
            Side::Flowtly => &self.flowtly_id,
            Side::Crm => &self.crm_id,
        }
    }

    /// Whether a rule made this tombstone, because a half was gone: the half's return then opens the link again. What a
    /// person separated stays so until a person joins it.
    pub fn is_unlinked_by_rule(&self) -> bool {
        self.state == LinkState::Tombstone
            && Side::BOTH.into_iter().any(|side| self.reason == Reason::Gone { side }.to_string())
    }
}

/// What a link is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink<'a> {
    /// Company or contact.
    pub kind: Kind,
    /// A contact's company.
    pub parent: Option<LinkId>,
    /// Flowtly's half: row and id.
    pub flowtly: (SeenId, &'a RemoteId),
    /// The CRM's half: row and id.
    pub crm: (SeenId, &'a RemoteId),
    /// Why.
    pub reason: &'a str,
    /// The pass.
    pub pass: i64,
}

const COLUMNS: &str =
    "link.id, link.kind, link.parent, link.flowtly_id, link.crm_id, link.state, link.assessment, link.reason";

/// A statement over a link's columns, from what `FROM` names on. The text is made of constants only.
pub(super) fn select(from: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM {from}"))
}

/// `CROSS JOIN` keeps the ids outside: the other order would compare every link with every id.
pub(super) const BY_ID: &str = "json_each(?1) AS wanted CROSS JOIN link ON link.id = wanted.value";

/// Whether a contact's CRM person has a link under this company already; only one fits.
pub async fn is_taken(connection: &mut Connection, crm_id: &RemoteId, parent: LinkId) -> Result<bool, StoreError> {
    let taken: i64 =
        sqlx::query("SELECT EXISTS (SELECT 1 FROM link WHERE kind = 'contact' AND crm_id = ?1 AND parent = ?2)")
            .bind(crm_id.as_str())
            .bind(parent.0)
            .fetch_one(connection)
            .await?
            .try_get(0)?;
    Ok(taken != 0)
}

/// Makes a link. Fails if one of the records has one already: the unique indexes are the last guard.
pub async fn insert(connection: &mut Connection, new: &NewLink<'_>) -> Result<LinkId, StoreError> {
    let id: i64 = sqlx::query(
        "INSERT INTO link (kind, parent, flowtly_id, crm_id, reason, pass) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
    )
    .bind(new.kind.as_str())
    .bind(new.parent.map(|id| id.0))
    .bind(new.flowtly.1.as_str())
    .bind(new.crm.1.as_str())
    .bind(new.reason)
    .bind(new.pass)
    .fetch_one(&mut *connection)
    .await?
    .try_get(0)?;
    sqlx::query("UPDATE seen SET link = ?1, verdict = NULL WHERE id IN (?2, ?3)")
        .bind(id)
        .bind(new.flowtly.0.0)
        .bind(new.crm.0.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM todo WHERE seen IN (?1, ?2)")
        .bind(new.flowtly.0.0)
        .bind(new.crm.0.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM question WHERE seen IN (?1, ?2)")
        .bind(new.flowtly.0.0)
        .bind(new.crm.0.0)
        .execute(&mut *connection)
        .await?;
    // What the plan still does with the pair (fill, stamp) is settled by the end of the pass that made it. One that dies
    // before leaves the link due.
    sqlx::query(
        "INSERT INTO todo (kind, link, why, due, planned) \
         VALUES (?1, ?2, ?3, coalesce((SELECT started FROM pass WHERE id = ?4), '1970-01-01T00:00:00.000000Z'), ?4) \
         ON CONFLICT DO NOTHING",
    )
    .bind(new.kind.as_str())
    .bind(id)
    .bind(super::todo::Why::Staged.as_str())
    .bind(new.pass)
    .execute(&mut *connection)
    .await?;
    if new.kind == Kind::Company {
        // Contacts that moved to this company before it had a link may follow now.
        follow(connection, LinkId(id), (new.flowtly.1, new.crm.1), new.pass).await?;
    }
    // A create that was refused before and is not needed any more, or went through at last.
    sqlx::query("DELETE FROM failure WHERE seen IN (?1, ?2)")
        .bind(new.flowtly.0.0)
        .bind(new.crm.0.0)
        .execute(&mut *connection)
        .await?;
    Ok(LinkId(id))
}

pub(super) const FOLLOWERS: &str = "INSERT INTO todo (kind, link, why, due) \
     SELECT 'contact', link.id, 'staged', coalesce((SELECT started FROM pass WHERE id = ?4), '1970-01-01T00:00:00.000000Z') \
     FROM (SELECT 'flowtly' AS side, ?1 AS id UNION ALL SELECT 'crm', ?2) AS company \
     CROSS JOIN seen ON seen.side = company.side AND seen.kind = 'contact' AND seen.parent_id = company.id AND seen.parent_id > '' \
     CROSS JOIN link ON link.id = seen.link AND link.parent <> ?3 \
     WHERE true ON CONFLICT (link) DO UPDATE SET due = excluded.due, planned = NULL";

/// Contacts that are at this company, linked under another one, are looked at again: where they belong may read otherwise now.
async fn follow(
    connection: &mut Connection,
    company: LinkId,
    (flowtly, crm): (&RemoteId, &RemoteId),
    pass: i64,
) -> Result<(), StoreError> {
    sqlx::query(FOLLOWERS)
        .bind(flowtly.as_str())
        .bind(crm.as_str())
        .bind(company.0)
        .bind(pass)
        .execute(connection)
        .await?;
    Ok(())
}

/// The links with these numbers.
pub async fn by_id(connection: &mut Connection, ids: &[LinkId]) -> Result<BTreeMap<LinkId, Link>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(select(BY_ID)).bind(to_json(&ids)).fetch_all(connection).await?;
    rows.iter().map(decode).map(|link| link.map(|link| (link.id, link))).collect()
}

/// The links of these remote ids (a CRM person may have several).
pub async fn by_remote_id(
    connection: &mut Connection,
    kind: Kind,
    side: Side,
    ids: &[&str],
) -> Result<Vec<Link>, StoreError> {
    let rows = sqlx::query(select(&of_remote_ids(kind, side))).bind(to_json(ids)).fetch_all(connection).await?;
    rows.iter().map(decode).collect()
}

/// The kind stands in the text, since the indexes of the CRM's ids are partial.
pub(super) fn of_remote_ids(kind: Kind, side: Side) -> String {
    let column = match side {
        Side::Flowtly => "flowtly_id",
        Side::Crm => "crm_id",
    };
    let kind = kind.as_str();
    format!("json_each(?1) AS wanted CROSS JOIN link ON link.kind = '{kind}' AND link.{column} = wanted.value")
}

/// Links in order of their number, after `after`.
pub async fn page(connection: &mut Connection, after: LinkId, limit: u32) -> Result<Vec<Link>, StoreError> {
    let rows = sqlx::query(select("link WHERE link.id > ?1 ORDER BY link.id LIMIT ?2"))
        .bind(after.0)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(decode).collect()
}

/// The links of a company's contacts.
pub async fn of_company(connection: &mut Connection, company: LinkId) -> Result<Vec<Link>, StoreError> {
    let rows = sqlx::query(select("link WHERE link.parent = ?1 ORDER BY link.id"))
        .bind(company.0)
        .fetch_all(connection)
        .await?;
    rows.iter().map(decode).collect()
}

/// The stated reasons of a pair that differs.
pub async fn stated_reasons(connection: &mut Connection, id: LinkId) -> Result<Vec<String>, StoreError> {
    let row = sqlx::query("SELECT reasons FROM link WHERE id = ?1").bind(id.0).fetch_optional(connection).await?;
    let text: Option<String> = row.map(|row| row.try_get(0)).transpose()?.flatten();
    Ok(text.map(|text| from_json("link.reasons", &text)).transpose()?.unwrap_or_default())
}

/// The lowest live company links: the canaries. Several, since one of them may really be gone.
pub async fn canaries(connection: &mut Connection, limit: u32) -> Result<Vec<Link>, StoreError> {
    let rows = sqlx::query(select(CANARIES)).bind(limit).fetch_all(connection).await?;
    rows.iter().map(decode).collect()
}

/// `NOT INDEXED` walks the rows in order and ends at the limit: any index would have all of them sorted first.
pub(super) const CANARIES: &str = "link NOT INDEXED WHERE link.kind = 'company' AND link.state = 'live' \
     AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.link = link.id AND seen.gone <> 0) ORDER BY link.id LIMIT ?1";

/// Changes a link's state. What belongs to a company is looked at again by the next pass: whoever moved there, or away from
/// there, may stand elsewhere now.
pub async fn set_state(
    connection: &mut Connection,
    id: LinkId,
    state: LinkState,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE link SET state = ?2, reason = ?3 WHERE id = ?1")
        .bind(id.0)
        .bind(state.as_str())
        .bind(reason)
        .execute(&mut *connection)
        .await?;
    let link = by_id(connection, &[id]).await?.remove(&id);
    if let Some(link) = link.filter(|link| link.kind == Kind::Company) {
        look_at_contacts(connection, &link).await?;
    }
    Ok(())
}

/// The contacts of a company, by their links and by where they are, are looked at again by the next pass.
async fn look_at_contacts(connection: &mut Connection, company: &Link) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO todo (kind, link, why, due) SELECT 'contact', id, 'staged', '1970-01-01T00:00:00.000000Z' \
         FROM link WHERE parent = ?1 ON CONFLICT (link) DO UPDATE SET due = excluded.due, planned = NULL",
    )
    .bind(company.id.0)
    .execute(&mut *connection)
    .await?;
    follow(connection, company.id, (&company.flowtly_id, &company.crm_id), 0).await
}

/// A contact's link follows it to another company. Where its person already is a contact of that company under another link,
/// the old company stays written down: the two links must not become one.
pub async fn set_parent(connection: &mut Connection, id: LinkId, parent: LinkId) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE link SET parent = ?2 WHERE id = ?1 AND kind = 'contact' AND NOT EXISTS (SELECT 1 FROM link AS other \
         WHERE other.kind = 'contact' AND other.crm_id = link.crm_id AND other.parent = ?2 AND other.id <> ?1)",
    )
    .bind(id.0)
    .bind(parent.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The link continues with another record on one side: that half's row is exchanged, the bases stay.
pub async fn repoint(
    connection: &mut Connection,
    id: LinkId,
    side: Side,
    to: (SeenId, &RemoteId),
) -> Result<(), StoreError> {
    sqlx::query("UPDATE seen SET link = NULL WHERE link = ?1 AND side = ?2")
        .bind(id.0)
        .bind(side.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE seen SET link = ?1, verdict = NULL WHERE id = ?2")
        .bind(id.0)
        .bind(to.0.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM todo WHERE seen = ?1").bind(to.0.0).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM question WHERE seen = ?1").bind(to.0.0).execute(&mut *connection).await?;
    let query = match side {
        Side::Flowtly => "UPDATE link SET flowtly_id = ?2 WHERE id = ?1",
        Side::Crm => "UPDATE link SET crm_id = ?2 WHERE id = ?1",
    };
    sqlx::query(query).bind(id.0).bind(to.1.as_str()).execute(&mut *connection).await?;
    let link = by_id(connection, &[id]).await?.remove(&id);
    if let Some(link) = link.filter(|link| link.kind == Kind::Company) {
        look_at_contacts(connection, &link).await?;
    }
    Ok(())
}

/// Takes links out for good: their halves are records without a link again, which were not judged yet. Of a company all
/// links of its contacts must be among them. Their history stays, under the negative number, since a number that is free
/// may be given again.
pub async fn forget(connection: &mut Connection, links: &[LinkId]) -> Result<(), StoreError> {
    const STATEMENTS: [&str; 9] = [
        "DELETE FROM base WHERE link IN (SELECT value FROM json_each(?1))",
        "DELETE FROM conflict WHERE link IN (SELECT value FROM json_each(?1))",
        "DELETE FROM failure WHERE link IN (SELECT value FROM json_each(?1))",
        "DELETE FROM todo WHERE link IN (SELECT value FROM json_each(?1))",
        "UPDATE intent SET link = NULL WHERE link IN (SELECT value FROM json_each(?1))",
        "UPDATE history SET link = -link WHERE link IN (SELECT value FROM json_each(?1))",
        "UPDATE seen SET link = NULL, verdict = NULL WHERE link IN (SELECT value FROM json_each(?1))",
        "DELETE FROM link WHERE kind = 'contact' AND id IN (SELECT value FROM json_each(?1))",
        "DELETE FROM link WHERE id IN (SELECT value FROM json_each(?1))",
    ];
    let ids: Vec<i64> = links.iter().map(|id| id.0).collect();
    let ids = to_json(&ids);
    for statement in STATEMENTS {
        sqlx::query(statement).bind(&ids).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Writes what the look at a pair found.
pub async fn assess(connection: &mut Connection, rows: &[(LinkId, &str, Option<String>)]) -> Result<(), StoreError> {
    let rows: Vec<(i64, &str, &Option<String>)> =
        rows.iter().map(|(id, assessment, reasons)| (id.0, *assessment, reasons)).collect();
    sqlx::query(
        "UPDATE link SET assessment = row.value ->> 1, reasons = row.value ->> 2 FROM json_each(?1) AS row \
         WHERE link.id = row.value ->> 0",
    )
    .bind(to_json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// How many links of a kind are in a state, stand in a way, and differ for the same reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Whose links.
    pub kind: Kind,
    /// `live`, `paused` or `tombstone`.
    pub state: String,
    /// `equal`, `differs`, `waits` or `due`.
    pub standing: String,
    /// As JSON; `None` where they do not differ.
    pub reasons: Option<String>,
    /// How many.
    pub count: u64,
}

/// How many links there are. Reads an entry of an index for each: once a pass is often enough.
pub async fn tally(connection: &mut Connection) -> Result<Vec<Tally>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, state, assessment, reasons, count(*) FROM link GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Tally {
                kind: parse_kind(row.try_get(0)?)?,
                state: row.try_get(1)?,
                standing: row.try_get(2)?,
                reasons: row.try_get(3)?,
                count: u64::try_from(row.try_get::<i64, _>(4)?).unwrap_or(0),
            })
        })
        .collect()
}

/// How many links there are at all.
pub async fn count(connection: &mut Connection) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query("SELECT count(*) FROM link").fetch_one(connection).await?.try_get(0)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn decode(row: &SqliteRow) -> Result<Link, StoreError> {
    let state: String = row.try_get(5)?;
    Ok(Link {
        id: LinkId(row.try_get(0)?),
        kind: parse_kind(row.try_get(1)?)?,
        parent: row.try_get::<Option<i64>, _>(2)?.map(LinkId),
        flowtly_id: RemoteId::new(row.try_get::<String, _>(3)?),
        crm_id: RemoteId::new(row.try_get::<String, _>(4)?),
        state: match state.as_str() {
            "paused" => LinkState::Paused,
            "tombstone" => LinkState::Tombstone,
            _ => LinkState::Live,
        },
        assessment: row.try_get(6)?,
        reason: row.try_get(7)?,
    })
}
