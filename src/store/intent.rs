//! The journal: what is about to be sent, what was sent, and how it ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::action::StepOp;
use super::seen::{SeenId, parse_kind, parse_side};
use super::{Connection, StoreError, deed, from_json, parse_stamp, stamp, to_json};
use crate::domain::field::Field;
use crate::domain::plan::{Action, LinkId};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::value::Text;

/// What an intent is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The action, with the values before and after and the source's.
    pub action: Action,
    /// Our id, where it is sent along.
    pub stored_id: Option<String>,
    /// A contact's company.
    pub parent: Option<LinkId>,
    /// The highest number among the ids of that side and kind when a create was sent: what it made has a higher one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest: Option<u64>,
    /// What the source of a create showed of the fields that are sent: it may move before the create is recovered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copied: Vec<(Field, Text)>,
    /// Why our id decided nothing when a create was looked for by it. From then on it is no proof either that nobody carries it:
    /// the property may have been made anew, without its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
}

/// Why our id decides nothing about a create; the graver one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Nobody can be looked for by it.
    Unread,
    /// Several carry it, since a copy of a record has it too; or the one that does is another, as a person said. Then the
    /// lists do not say which of them was made.
    Shared,
}

/// A row of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The row.
    pub id: i64,
    /// Company or contact.
    pub kind: Kind,
    /// The side that is written to.
    pub side: Side,
    /// Create, update or stamp.
    pub op: StepOp,
    /// The link.
    pub link: Option<LinkId>,
    /// The record that a create copies.
    pub source: Option<SeenId>,
    /// The record that an update goes to.
    pub target: Option<RemoteId>,
    /// What is sent.
    pub body: Body,
    /// When it was about to be sent; `None` if it certainly was not.
    pub sending: Option<DateTime<Utc>>,
}

/// An intent to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Create, update or stamp.
    pub op: StepOp,
    /// The side that is written to.
    pub side: Side,
    /// The link.
    pub link: Option<LinkId>,
    /// The record that a create copies.
    pub source: Option<SeenId>,
    /// The record that an update goes to.
    pub target: Option<RemoteId>,
    /// What is sent.
    pub body: Body,
}

/// How an intent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Carried out, and remembered.
    Settled,
    /// Certainly not carried out.
    Void,
    /// The system refused it.
    Refused,
    /// Neither what was sent nor what was before: the merge decides anew.
    Overtaken,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Void => "void",
            Self::Refused => "refused",
            Self::Overtaken => "overtaken",
        }
    }
}

/// Writes intents; one commit makes them durable before anything is sent.
pub async fn insert(
    connection: &mut Connection,
    pass: i64,
    now: DateTime<Utc>,
    intents: &[New],
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<_> = intents
        .iter()
        .map(|new| {
            (
                new.body.action.kind.as_str(),
                new.side.as_str(),
                op_word(new.op),
                new.link.map(|id| id.0),
                new.source.map(|id| id.0),
                new.target.as_ref().map(RemoteId::as_str),
                to_json(&new.body),
                new.body.action.op.blanked(),
            )
        })
        .collect();
    let rows = sqlx::query(
        "INSERT INTO intent (pass, made, kind, side, op, link, source, target_id, body, blanked) \
         SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
         value ->> 7 \
         FROM json_each(?3) ORDER BY key RETURNING id",
    )
    .bind(pass)
    .bind(stamp(now))
    .bind(to_json(&rows))
    .fetch_all(connection)
    .await?;
    let mut ids: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// Marks intents as being sent; committed before the socket is used.
pub async fn mark_sending(connection: &mut Connection, now: DateTime<Utc>, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query("UPDATE intent SET sending = ?2 WHERE id IN (SELECT value FROM json_each(?1))")
        .bind(to_json(ids))
        .bind(stamp(now))
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps why our id decides nothing about an open create.
pub async fn doubt(connection: &mut Connection, intent: &Intent, doubt: Doubt) -> Result<(), StoreError> {
    let body = Body { doubt: Some(doubt), ..intent.body.clone() };
    sqlx::query("UPDATE intent SET body = ?2 WHERE id = ?1")
        .bind(intent.id)
        .bind(to_json(&body))
        .execute(connection)
        .await?;
    Ok(())
}

/// Closes an intent.
pub async fn close(
    connection: &mut Connection,
    now: DateTime<Utc>,
    id: i64,
    outcome: Outcome,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE intent SET closed = ?2, outcome = ?3 WHERE id = ?1")
        .bind(id)
        .bind(stamp(now))
        .bind(outcome.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// The open intents, oldest first.
pub async fn open(connection: &mut Connection) -> Result<Vec<Intent>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, kind, side, op, link, source, target_id, body, sending FROM intent WHERE closed IS NULL ORDER BY id",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(decode).collect()
}

/// Forgets closed intents that were closed before `before`: their evidence is no longer needed. What they did stays counted.
/// To be called in a transaction.
pub async fn prune(connection: &mut Connection, before: DateTime<Utc>) -> Result<(), StoreError> {
    deed::take_over(connection, before).await?;
    sqlx::query("DELETE FROM intent WHERE closed IS NOT NULL AND closed < ?1")
        .bind(stamp(before))
        .execute(connection)
        .await?;
    Ok(())
}

const fn op_word(op: StepOp) -> &'static str {
    match op {
        StepOp::Create => "create",
        StepOp::Stamp => "stamp",
        StepOp::Update | StepOp::Local => "update",
    }
}

fn decode(row: &SqliteRow) -> Result<Intent, StoreError> {
    let op: String = row.try_get(3)?;
    let sending: Option<String> = row.try_get(8)?;
    Ok(Intent {
        id: row.try_get(0)?,
        kind: parse_kind(row.try_get(1)?)?,
        side: parse_side(row.try_get(2)?)?,
        op: match op.as_str() {
            "create" => StepOp::Create,
            "stamp" => StepOp::Stamp,
            _ => StepOp::Update,
        },
        link: row.try_get::<Option<i64>, _>(4)?.map(LinkId),
        source: row.try_get::<Option<i64>, _>(5)?.map(SeenId),
        target: row.try_get::<Option<String>, _>(6)?.map(RemoteId::new),
        body: from_json("intent.body", row.try_get(7)?)?,
        sending: sending.map(|text| parse_stamp("intent.sending", &text)).transpose()?,
    })
}
