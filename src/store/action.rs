//! The plan of the pass that is under way: on disk, read in order, so that memory stays flat.

use sqlx::Row as _;

use super::{Connection, StoreError, from_json, to_json};
use crate::domain::plan::{Action, ActionId, LinkId, Op};
use crate::domain::record::{Kind, Side};

/// Which actions a step of the apply reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Company or contact.
    pub kind: Kind,
    /// Create, update, stamp, or everything that is local.
    pub op: StepOp,
    /// The side that is written to; `None` for local actions.
    pub side: Option<Side>,
}

/// The sort of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOp {
    /// Nothing is sent.
    Local,
    /// Records are created.
    Create,
    /// Records are changed.
    Update,
    /// Our id is written.
    Stamp,
}

impl StepOp {
    /// The word in the state and in traces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Create => "create",
            Self::Update => "update",
            Self::Stamp => "stamp",
        }
    }
}

/// The step that carries an action out.
pub fn step(action: &Action) -> Step {
    let (op, side) = match &action.op {
        Op::Create { side, .. } => (StepOp::Create, Some(*side)),
        Op::Update { side, .. } => (StepOp::Update, Some(*side)),
        Op::Stamp => (StepOp::Stamp, Some(Side::Crm)),
        Op::Link
        | Op::Agree { .. }
        | Op::Repoint { .. }
        | Op::Pause { .. }
        | Op::Resume
        | Op::Unlink { .. }
        | Op::Conflict(_)
        | Op::Question(_)
        | Op::Skip => (StepOp::Local, None),
    };
    Step { kind: action.kind, op, side }
}

/// Forgets the plan of an earlier pass.
pub async fn clear(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM action").execute(connection).await?;
    Ok(())
}

/// Appends actions.
pub async fn push(connection: &mut Connection, actions: &[Action]) -> Result<(), StoreError> {
    let rows: Vec<_> = actions
        .iter()
        .map(|action| {
            let step = step(action);
            (action.id.0, step.kind.as_str(), step.op.as_str(), step.side.map(Side::as_str), to_json(action))
        })
        .collect();
    sqlx::query(
        "INSERT INTO action (id, kind, op, side, body) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1)",
    )
    .bind(to_json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// Actions of a step in order, after `after`.
pub async fn page(
    connection: &mut Connection,
    step: Step,
    after: ActionId,
    limit: u32,
) -> Result<Vec<Action>, StoreError> {
    let rows = sqlx::query(
        "SELECT body FROM action WHERE kind = ?1 AND op = ?2 AND side IS ?3 AND id > ?4 ORDER BY id LIMIT ?5",
    )
    .bind(step.kind.as_str())
    .bind(step.op.as_str())
    .bind(step.side.map(Side::as_str))
    .bind(after.0)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| from_json("action.body", row.try_get(0)?)).collect()
}

/// All actions in order, after `after`.
pub async fn all(connection: &mut Connection, after: ActionId, limit: u32) -> Result<Vec<Action>, StoreError> {
    let rows = sqlx::query("SELECT body FROM action WHERE id > ?1 ORDER BY id LIMIT ?2")
        .bind(after.0)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| from_json("action.body", row.try_get(0)?)).collect()
}

/// How many actions of a sort were carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What they do.
    pub op: String,
    /// Where, if they send something, or say something of a side.
    pub side: Option<String>,
    /// Company or contact.
    pub kind: String,
    /// Why: the reason's word, without what it is about.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// What a pass did, by sort and reason. What it sent are the last rows of the journal: the journal is not read from end to end.
pub(super) const TALLY: &str = "SELECT op, side, kind, why, count(*) FROM ( \
     SELECT body -> 'op' ->> 'op' AS op, body -> 'op' ->> 'side' AS side, kind, body -> 'reason' ->> 'why' AS why \
     FROM action WHERE op = 'local' \
     UNION ALL \
     SELECT body -> 'action' -> 'op' ->> 'op', side, kind, body -> 'action' -> 'reason' ->> 'why' FROM intent \
     WHERE sending IS NOT NULL \
     AND id > coalesce((SELECT id FROM intent WHERE pass <> ?1 ORDER BY id DESC LIMIT 1), 0) \
     ) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";

/// What was done of the plan of the last pass, by sort and reason: all that is local, and of what sends something that which
/// was sent. To be asked before [`intent::prune`](super::intent::prune), which forgets what a long pass sent at its beginning.
pub async fn tally(connection: &mut Connection, pass: i64) -> Result<Vec<Tally>, StoreError> {
    let rows = sqlx::query(TALLY).bind(pass).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(Tally {
                op: row.try_get(0)?,
                side: row.try_get(1)?,
                kind: row.try_get(2)?,
                reason: row.try_get(3)?,
                count: u64::try_from(row.try_get::<i64, _>(4)?).unwrap_or(0),
            })
        })
        .collect()
}

/// Notes the link that an action made.
pub async fn made_link(connection: &mut Connection, action: ActionId, link: LinkId) -> Result<(), StoreError> {
    sqlx::query("UPDATE action SET made_link = ?2 WHERE id = ?1")
        .bind(action.0)
        .bind(link.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// The link that an action made, if it was carried out.
pub async fn link_made_by(connection: &mut Connection, action: ActionId) -> Result<Option<LinkId>, StoreError> {
    let row =
        sqlx::query("SELECT made_link FROM action WHERE id = ?1").bind(action.0).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get::<Option<i64>, _>(0)).transpose()?.flatten().map(LinkId))
}
