//! Carrying out an accepted plan: guard, intent, write, settle.
//!
//! A group is the batch that is sent next: guards first, then its intents in one commit, then the sending mark, then the
//! request at once. Companies come before contacts. A record's failure waits in `todo`; a side that fails stops being
//! written to, and the pass goes on with the other; one that takes no new records is still written to.

mod local;
mod guard;
mod update;
mod create;
mod born;
mod stamp;
mod settle;
mod documents;
mod unwritten;

pub(crate) use documents::show_documents;
pub(crate) use local::wake_contacts;
pub(crate) use stamp::{STAMP_FIELD, stamp_payload};
pub use unwritten::{Uncreated, Unwritten};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::plan::Situation;
use super::stage::Stage;
use super::{PassError, World};
use crate::connector::error::{ErrorKind, Outcome, PortError};
use crate::connector::port::{Frontier, Sink, Write, Written};
use crate::connector::registry::Systems;
use crate::domain::plan::{Action, ActionId, LinkId, LinkRef};
use crate::domain::record::{Kind, Side};
use crate::store::action::{self, Step, StepOp};
use crate::store::deed::Deed;
use crate::store::todo::{Subject, Why};
use crate::store::{Connection, Store, StoreError, intent, todo, waiting};

/// The two systems, to be written. Only this module is given one.
#[derive(Debug, Clone, Copy)]
pub struct Sinks<'a> {
    /// Flowtly.
    pub flowtly: &'a dyn Sink,
    /// The CRM.
    pub crm: &'a dyn Sink,
}

impl<'a> From<&'a Systems> for Sinks<'a> {
    fn from(systems: &'a Systems) -> Self {
        Self { flowtly: systems.flowtly.as_ref(), crm: systems.crm.as_ref() }
    }
}

impl Sinks<'_> {
    fn of(&self, side: Side) -> &dyn Sink {
        match side {
            Side::Flowtly => self.flowtly,
            Side::Crm => self.crm,
        }
    }
}

/// How long a refused payload waits after its first, second, … refusal.
pub(crate) const REFUSAL_GAPS: [TimeDelta; 5] =
    [TimeDelta::minutes(15), TimeDelta::hours(1), TimeDelta::hours(6), TimeDelta::hours(24), TimeDelta::days(7)];

/// After this many writes in a row whose outcome is unknown a side is left alone until the next pass.
const UNKNOWN_IN_A_ROW: u32 = 3;

/// How often a write is looked at anew in one pass because its turn came late? More often than others are under way at once,
/// one of which at least gets its turn each second time.
const LATE_TURNS: u32 = 40;

/// How many local actions share a transaction.
const LOCAL_GROUP: u32 = 250;

/// What was carried out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Applied {
    /// Links that were made or changed.
    pub(crate) links: BTreeSet<LinkId>,
    /// Writes that were carried out.
    pub(crate) written: u64,
    /// Records or fields that a system refused.
    pub(crate) refused: u64,
    /// Values that a system stored otherwise than they were sent.
    pub(crate) rewritten: u64,
    /// Actions that were put off: moved since they were planned, or blocked by their company.
    pub(crate) superseded: u64,
    /// Writes that were not sent, or whose outcome is unknown.
    pub(crate) interrupted: u64,
    /// New records that were not made because their side takes none, or not their company.
    pub(crate) withheld: u64,
    /// Sides that failed, with what they said.
    pub(crate) failing: BTreeMap<Side, PortError>,
    /// Sides and kinds that nothing could be written to.
    pub(crate) unwritten: BTreeMap<(Side, Kind), Unwritten>,
    /// Sides and kinds that took no new records.
    pub(crate) uncreated: BTreeMap<(Side, Kind), Uncreated>,
    /// Sides and kinds that something was written to.
    pub(crate) wrote: BTreeSet<(Side, Kind)>,
}

impl Applied {
    /// Whether the state has proved itself by it: everything was carried out. New records that a side takes from nobody say nothing
    /// of the pairs; they stay planned, and are counted by the limits when they are made.
    pub(crate) fn proves(&self) -> bool {
        self.failing.is_empty() && self.superseded == 0 && self.interrupted == 0
    }
}

/// The apply of one plan.
pub(crate) struct Applying<'a> {
    world: World<'a>,
    sinks: Sinks<'a>,
    situation: &'a Situation,
    frontiers: BTreeMap<(Side, Kind), Frontier>,
    stop: &'a CancellationToken,
    applied: Applied,
    /// What the local group that is under way has done.
    deeds: BTreeMap<Deed, u64>,
    unknown_in_a_row: u32,
    /// How many records in a row could not be read right before they were written.
    unread_in_a_row: BTreeMap<Side, u32>,
    /// How often the turn of an action came too late.
    belated: BTreeMap<ActionId, u32>,
    /// Where something appeared since the plan was made: from then on every create is matched once more.
    appeared: BTreeSet<(Side, Kind)>,
    /// The highest number among the ids of a side and kind, as far as it was asked for.
    highest: BTreeMap<(Side, Kind), Option<u64>>,
}

/// Carries the stored plan out.
pub(crate) async fn apply(
    world: World<'_>,
    sinks: Sinks<'_>,
    store: &mut Store,
    situation: &Situation,
    frontiers: BTreeMap<(Side, Kind), Frontier>,
    stop: &CancellationToken,
) -> Result<Applied, PassError> {
    let mut applying = Applying {
        world,
        sinks,
        situation,
        frontiers,
        stop,
        applied: Applied::default(),
        deeds: BTreeMap::new(),
        unknown_in_a_row: 0,
        unread_in_a_row: BTreeMap::new(),
        belated: BTreeMap::new(),
        appeared: BTreeSet::new(),
        highest: BTreeMap::new(),
    };
    applying.leave_alone(store).await?;
    for kind in Kind::BOTH {
        applying.local(store, kind).await?;
        for side in Side::BOTH {
            applying.creates(store, kind, side).await?;
            applying.updates(store, kind, side).await?;
        }
        if kind == Kind::Company {
            applying.stamps(store).await?;
        }
    }
    // Where some of it arrived, one record was in the way and not the side.
    let Applied { unwritten, wrote, .. } = &mut applying.applied;
    unwritten.retain(|place, _| !wrote.contains(place));
    Ok(applying.applied)
}

impl Applying<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.world.clock.now()
    }

    /// Where what is read of a side goes.
    fn stage(&self, side: Side, kind: Kind) -> Stage<'_> {
        Stage {
            world: self.world,
            organisation: &self.situation.organisation,
            side,
            kind,
            due: self.now(),
            missing: &self.situation.missing,
        }
    }

    /// Everything of a step that is left stays due.
    async fn put_off_rest(&mut self, store: &mut Store, step: Step, mut after: ActionId) -> Result<(), PassError> {
        loop {
            let actions = action::page(store.connection(), step, after, LOCAL_GROUP).await?;
            let Some(last) = actions.last() else { return Ok(()) };
            after = last.id;
            let mut transaction = store.begin().await?;
            for action in &actions {
                self.put_off(&mut transaction, action, Why::Interrupted).await?;
            }
            *self.left(step) += actions.len() as u64;
            transaction.commit().await.map_err(StoreError::from)?;
        }
    }

    /// An action that is not carried out now stays due.
    async fn put_off(&mut self, connection: &mut Connection, action: &Action, why: Why) -> Result<(), PassError> {
        if let Some(subject) = self.subject(connection, action).await? {
            todo::arm(connection, action.kind, &[subject], why, Some(self.now())).await?;
        }
        Ok(())
    }

    /// What `todo` knows an action by: its link, or the record that it copies.
    async fn subject(&self, connection: &mut Connection, action: &Action) -> Result<Option<Subject>, PassError> {
        if let Some(LinkRef::Existing(link)) = action.link {
            return Ok(Some(Subject::Link(link)));
        }
        if let Some(LinkRef::Planned(planned)) = action.link
            && let Some(link) = action::link_made_by(connection, planned).await?
        {
            return Ok(Some(Subject::Link(link)));
        }
        for record in [&action.flowtly, &action.crm].into_iter().flatten() {
            if let Some(seen) = self.seen_of(connection, action.kind, record).await? {
                return Ok(Some(seen.link.map_or(Subject::Seen(seen.id), Subject::Link)));
            }
        }
        Ok(None)
    }

    async fn seen_of(
        &self,
        connection: &mut Connection,
        kind: Kind,
        record: &crate::domain::plan::RecordRef,
    ) -> Result<Option<crate::store::seen::Seen>, StoreError> {
        let rows = crate::store::seen::by_remote_id(
            connection,
            &self.world.ruling.locale,
            record.side,
            kind,
            &[record.id.as_str()],
        )
        .await?;
        Ok(rows.into_iter().find(|row| row.record.parent == record.parent))
    }

    /// The link that an action is about; `None` if the action that should have made it was not carried out.
    async fn link_of(&self, connection: &mut Connection, link: Option<LinkRef>) -> Result<Option<LinkId>, StoreError> {
        match link {
            None => Ok(None),
            Some(LinkRef::Existing(link)) => Ok(Some(link)),
            Some(LinkRef::Planned(planned)) => action::link_made_by(connection, planned).await,
        }
    }

    /// Journals a group, sends it, and returns what became of each write.
    async fn send(
        &mut self,
        store: &mut Store,
        side: Side,
        kind: Kind,
        batch: usize,
        intents: &[intent::New],
        writes: &[Write],
    ) -> Result<(Vec<i64>, Vec<Written>), PassError> {
        let mut transaction = store.begin().await?;
        let ids = intent::insert(&mut transaction, self.situation.pass, self.now(), intents).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        intent::mark_sending(store.connection(), self.now(), &ids).await?;
        let sink = self.sinks.of(side);
        let answers =
            futures_util::future::join_all(writes.chunks(batch.max(1)).map(|chunk| sink.write(kind, chunk))).await;
        Ok((ids, answers.into_iter().flatten().collect()))
    }

    /// How many actions are carried out together on a side: a batch, or as many single requests as may be under way.
    fn group_size(&self, side: Side, batch: usize) -> u32 {
        let single = self.world.source(side).capabilities().concurrent_writes.max(1);
        u32::try_from(if batch > 1 { batch } else { single }).unwrap_or(1)
    }

    /// A write that was not carried out because of its side, or whose outcome is unknown: stays due; the side may be left
    /// alone for the rest of the pass.
    async fn interrupted(
        &mut self,
        connection: &mut Connection,
        intent: i64,
        action: &Action,
        side: Side,
        error: &PortError,
    ) -> Result<(), PassError> {
        self.applied.interrupted += 1;
        match error.kind.outcome() {
            Outcome::NotApplied => {
                intent::close(connection, self.now(), intent, intent::Outcome::Void).await?;
                self.fails(side, action.kind, error);
            }
            Outcome::Unknown => {
                self.unknown_in_a_row += 1;
                if self.unknown_in_a_row >= UNKNOWN_IN_A_ROW {
                    self.fails(side, action.kind, error);
                }
            }
        }
        warn!(side.name = side.as_str(), action.id = action.id.0, error.kind = ?error.kind, "a write was interrupted; it is looked at again");
        self.put_off(connection, action, Why::Interrupted).await
    }

    /// A write that was not sent, since its turn would have come too late: it is looked at again at once, for the look itself
    /// waits until there is room. Whether at once, or in the next pass only.
    async fn belated(&mut self, connection: &mut Connection, intent: i64, action: &Action) -> Result<bool, PassError> {
        intent::close(connection, self.now(), intent, intent::Outcome::Void).await?;
        let times = self.belated.entry(action.id).or_default();
        *times += 1;
        let at_once = *times < LATE_TURNS;
        if !at_once {
            self.applied.superseded += 1;
            self.put_off(connection, action, Why::Superseded).await?;
        }
        Ok(at_once)
    }

    /// A refusal waits with the system's own words; the same payload is tried again with growing gaps.
    async fn refused(
        &mut self,
        connection: &mut Connection,
        kind: Kind,
        subject: Subject,
        refusal: Refusal<'_>,
    ) -> Result<(), PassError> {
        self.applied.refused += 1;
        let now = self.now();
        let Refusal { side, field, payload, message } = refusal;
        let attempts = waiting::put_failure(connection, subject, side, field, payload, message, now).await?;
        let position = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(REFUSAL_GAPS.len() - 1);
        let gap = REFUSAL_GAPS.get(position).copied().unwrap_or(TimeDelta::days(7));
        waiting::set_next_try(connection, subject, side, field, now + gap).await?;
        let next = waiting::next_try(connection, subject, now).await?.unwrap_or(now + gap);
        todo::arm(connection, kind, &[subject], Why::Refused, Some(next)).await?;
        Ok(())
    }
}

/// What a system refused.
#[derive(Debug, Clone, Copy)]
struct Refusal<'a> {
    /// The system.
    side: Side,
    /// The field; empty stands for the whole record.
    field: &'a str,
    /// A hash of what was sent.
    payload: u64,
    /// Its own words.
    message: &'a str,
}

/// The trace of one action: numbers only. What happens while it is settled stands within it.
fn span(action: &Action, link: Option<LinkId>) -> tracing::Span {
    let step = action::step(action);
    tracing::info_span!(
        "action",
        action.id = action.id.0,
        action.op = step.op.as_str(),
        side = step.side.map(Side::as_str),
        kind = action.kind.as_str(),
        link.id = link.map(|link| link.0)
    )
}

/// Whether a write was not sent because its turn would have come too late.
fn is_belated(error: &PortError) -> bool {
    error.superseded && error.kind == ErrorKind::RateLimited
}

/// A step that writes to a side.
const fn step(kind: Kind, op: StepOp, side: Side) -> Step {
    Step { kind, op, side: Some(side) }
}

/// How long evidence about a closed write is kept.
pub(crate) fn evidence_lasts(world: World<'_>) -> Duration {
    Side::BOTH
        .into_iter()
        .map(|side| {
            let capabilities = world.source(side).capabilities();
            capabilities.longest_request + capabilities.lag
        })
        .max()
        .unwrap_or_default()
}
