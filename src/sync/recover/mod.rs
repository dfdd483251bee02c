//! Open intents are closed by evidence; nothing is written.
//!
//! An update is judged field by field by a read of its target. A create that carried our id is looked up by it; any other, and
//! one of which such a look proves nothing, waits for what the scan shows. As long as that proves nothing either, it stays open,
//! its record rests, and a person is asked.

mod create;
mod adopt;
mod shown;

pub(crate) use create::conclude;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::info;

use self::shown::{Shown, shows};
use super::stage::{Missing, Stage, take_in};
use super::{PassError, World};
use crate::connector::port::Lookup;
use crate::domain::field::{Field, Part};
use crate::domain::plan::{Change, LinkId, Op, Reason};
use crate::domain::record::{RemoteId, Side};
use crate::domain::shape::Row;
use crate::domain::value::Text;
use crate::store::action::StepOp;
use crate::store::base::{self, Entry};
use crate::store::intent::{self, Intent, Outcome};
use crate::store::seen::{self, Seen};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, Store, StoreError, history, link};

/// What recovery needs beside the world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recovery<'a> {
    /// Flowtly's account.
    pub(crate) organisation: &'a str,
    /// The pass.
    pub(crate) pass: i64,
    /// Properties that are missing: their texts are unknown whatever is delivered.
    pub(crate) missing: &'a Missing,
}

impl<'a> Recovery<'a> {
    /// Where what is read of an intent's side goes.
    fn stage(&self, world: World<'a>, intent: &Intent) -> Stage<'a> {
        Stage {
            world,
            organisation: self.organisation,
            side: intent.side,
            kind: intent.kind,
            due: world.clock.now(),
            missing: self.missing,
        }
    }
}

/// Closes what evidence closes.
pub(crate) async fn recover(world: World<'_>, store: &mut Store, recovery: Recovery<'_>) -> Result<(), PassError> {
    let open = intent::open(store.connection()).await?;
    for intent in open {
        let Some(sent) = intent.sending else {
            // Without the sending mark it certainly was not sent.
            close(store.connection(), world, &intent, Outcome::Void).await?;
            continue;
        };
        let outcome = match intent.op {
            StepOp::Create => create::create(world, store, recovery, &intent, sent).await?,
            StepOp::Update | StepOp::Local => update(world, store, recovery, &intent, sent).await?,
            StepOp::Stamp => stamp(world, &intent, sent).await?,
        };
        if let Some(outcome) = outcome {
            info!(intent.id = intent.id, intent.outcome = ?outcome, "an open write is closed by evidence: {outcome:?}");
            close(store.connection(), world, &intent, outcome).await?;
        }
    }
    Ok(())
}

async fn close(
    connection: &mut Connection,
    world: World<'_>,
    intent: &Intent,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let now = world.clock.now();
    intent::close(connection, now, intent.id, outcome).await?;
    let subject = match (intent.link, intent.source) {
        (Some(link), _) => Some(Subject::Link(link)),
        (None, Some(seen)) => Some(Subject::Seen(seen)),
        (None, None) => None,
    };
    if let (Some(subject), false) = (subject, intent.op == StepOp::Create && outcome == Outcome::Settled) {
        todo::arm(connection, intent.kind, &[subject], Why::Interrupted, Some(now)).await?;
    }
    Ok(())
}

/// Whether a read of now is late enough to prove that a write never happened.
fn is_over(world: World<'_>, side: Side, sent: DateTime<Utc>) -> bool {
    world.clock.now() > sent + over_after(world, side)
}

/// How long after its sending a request may still be carried out, or not yet show.
fn over_after(world: World<'_>, side: Side) -> TimeDelta {
    let capabilities = world.source(side).capabilities();
    TimeDelta::from_std(capabilities.longest_request + capabilities.lag).unwrap_or(TimeDelta::hours(24))
}

async fn read(world: World<'_>, intent: &Intent) -> Result<Option<Lookup>, PassError> {
    let Some(target) = intent.target.clone() else { return Ok(None) };
    let answers = world.look_up(intent.side, intent.kind, &[target]).await?;
    Ok(answers.into_iter().next())
}

/// Field by field: stored is what was sent: settled; what was before, and the request is certainly over: void; else the
/// merge decides anew.
async fn update(
    world: World<'_>,
    store: &mut Store,
    recovery: Recovery<'_>,
    intent: &Intent,
    sent: DateTime<Utc>,
) -> Result<Option<Outcome>, PassError> {
    let Op::Update { changes, .. } = &intent.body.action.op else { return Ok(Some(Outcome::Overtaken)) };
    let Some(link) = intent.link else { return Ok(Some(Outcome::Overtaken)) };
    let every: Vec<&Change> = changes.iter().collect();
    // Asked before the read: the request may be carried out while that is under way.
    let was_over = is_over(world, intent.side, sent);
    let mut row = match read(world, intent).await? {
        Some(Lookup::Found(row)) => *row,
        // Nothing can be told of it as long as it may not be read.
        Some(Lookup::Closed(_)) => return Ok(None),
        Some(Lookup::Gone | Lookup::MergedInto(_)) | None => {
            return overtaken(store.connection(), world, recovery, intent, link, &every).await;
        }
    };
    recovery.stage(world, intent).hide(std::slice::from_mut(&mut row));
    let shape = world.shape(intent.side, intent.kind);
    let locale = &world.ruling.locale;
    let halves = seen::by_link(store.connection(), locale, &[link]).await?;
    let Some(half) = halves.iter().find(|half| half.record.side == intent.side) else {
        return overtaken(store.connection(), world, recovery, intent, link, &every).await;
    };
    let records = shape.records(&row, locale);
    let Some(record) = records.iter().find(|record| record.parent == half.record.parent).or(records.first()) else {
        return overtaken(store.connection(), world, recovery, intent, link, &every).await;
    };
    let homes = homes(store, intent.side, changes).await?;
    let says = |change: &Change, text: &Text| {
        if change.field == Field::Parent {
            let is_home =
                text.part(Part::Whole).and_then(|link| homes.get(link)).is_some_and(|id| row.parents.contains(id));
            return if is_home { Shown::AsSent } else { Shown::Other };
        }
        shows(change.field, record.reading(change.field), text, locale)
    };
    let is_before = |change: &Change| says(change, &change.before) == Shown::AsSent;
    let has_arrived = |change: &&Change| match says(change, &change.after) {
        Shown::AsSent => true,
        // What may as well be left of the text from before proves nothing.
        Shown::Beginning => says(change, &change.before) == Shown::Other,
        Shown::Other => false,
    };
    let arrived: Vec<&Change> = changes.iter().filter(has_arrived).collect();
    let untouched = changes.iter().all(|change| change.field == Field::Parent || is_before(change));
    if arrived.is_empty() && untouched {
        // What was before may still be overwritten by a request that is under way.
        return Ok(was_over.then_some(Outcome::Void));
    }
    let mut transaction = store.begin().await?;
    settle_arrived(&mut transaction, world, recovery, intent, link, half, &arrived, &row).await?;
    let others: Vec<&Change> = changes.iter().filter(|change| !arrived.contains(change)).collect();
    let outcome = if others.is_empty() {
        Some(Outcome::Settled)
    } else {
        overtaken(&mut transaction, world, recovery, intent, link, &others).await?
    };
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(outcome)
}

/// What was sent shows no more, or not yet: the merge decides anew. The history keeps what may have stood there.
async fn overtaken(
    connection: &mut Connection,
    world: World<'_>,
    recovery: Recovery<'_>,
    intent: &Intent,
    link: LinkId,
    changes: &[&Change],
) -> Result<Option<Outcome>, PassError> {
    let entry = |change: &Change| {
        let planned = Some(Box::new(change.reason.clone()));
        history::Entry { reason: Reason::OutcomeUnknown { planned }, ..history::Entry::of(link, intent.side, change) }
    };
    let entries: Vec<_> = changes.iter().map(|change| entry(change)).collect();
    history::add(connection, recovery.pass, world.clock.now(), &entries).await?;
    Ok(Some(Outcome::Overtaken))
}

/// The companies that a contact was moved between, by the text of their links. A contact of Flowtly has one company, and a read
/// by id shows it; a person of the CRM may have several, and what a move there came to is left to the next plan.
async fn homes(store: &mut Store, side: Side, changes: &[Change]) -> Result<BTreeMap<String, RemoteId>, StoreError> {
    let moves = changes.iter().filter(|change| change.field == Field::Parent && side == Side::Flowtly);
    let texts = moves.flat_map(|change| [&change.before, &change.after]).filter_map(|text| text.part(Part::Whole));
    let ids: Vec<LinkId> = texts.filter_map(|text| text.parse().ok()).map(LinkId).collect();
    let links = link::by_id(store.connection(), &ids).await?;
    Ok(links.into_iter().map(|(id, link)| (id.0.to_string(), link.remote_id(side).clone())).collect())
}

#[expect(clippy::too_many_arguments, reason = "one step of `update`, split off for reading")]
async fn settle_arrived(
    connection: &mut Connection,
    world: World<'_>,
    recovery: Recovery<'_>,
    intent: &Intent,
    link: LinkId,
    half: &Seen,
    arrived: &[&Change],
    row: &Row,
) -> Result<(), PassError> {
    let shape = world.shape(intent.side, intent.kind);
    take_in(connection, recovery.stage(world, intent), vec![row.clone()]).await?;
    let mut bases = base::load(connection, &[link]).await?;
    let mut target = bases.remove(&(link, intent.side)).unwrap_or_default();
    let mut source = bases.remove(&(link, intent.side.opposite())).unwrap_or_default();
    let source_shape = world.shape(intent.side.opposite(), intent.kind);
    for change in arrived {
        if change.field == Field::Parent {
            let entry = Entry { key: base::PARENT_KEY, text: Some(change.after.clone()) };
            target.insert(Field::Parent, entry.clone());
            source.insert(Field::Parent, entry);
            if let Some(parent) = change.after.part(Part::Whole).and_then(|text| text.parse().ok()) {
                link::set_parent(connection, link, LinkId(parent)).await?;
            }
            continue;
        }
        if let Some(key) = base::key(shape, change.field) {
            target.insert(change.field, Entry { key, text: None });
        }
        if let Some(key) = base::key(source_shape, change.field) {
            source.insert(change.field, Entry { key, text: Some(change.source.clone()) });
        }
    }
    base::put(connection, &[(link, intent.side, target), (link, intent.side.opposite(), source)]).await?;
    let entries: Vec<_> = arrived.iter().map(|change| history::Entry::of(link, half.record.side, change)).collect();
    history::add(connection, recovery.pass, world.clock.now(), &entries).await?;
    Ok(())
}

/// A stamp is there, or it is planned again.
async fn stamp(world: World<'_>, intent: &Intent, sent: DateTime<Utc>) -> Result<Option<Outcome>, PassError> {
    let was_over = is_over(world, intent.side, sent);
    let shown = match read(world, intent).await? {
        Some(Lookup::Found(row)) => row.stored_id,
        Some(Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_)) | None => None,
    };
    if shown.is_some() && shown == intent.body.stored_id {
        return Ok(Some(Outcome::Settled));
    }
    Ok(was_over.then_some(Outcome::Void))
}
