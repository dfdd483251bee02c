//! Changes of linked records.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{Instrument, debug, info_span, warn};

use super::guard::{parent_change, target_of};
use super::settle::{Stored, judge, overlay};
use super::{Applying, Refusal, is_belated, step};
use crate::connector::error::{Outcome, PortError};
use crate::connector::port::{Write, Written};
use crate::domain::field::Field;
use crate::domain::lens;
use crate::domain::plan::{Action, ActionId, Change, LinkRef, Op};
use crate::domain::record::{Kind, Record, Side};
use crate::domain::shape::Row;
use crate::domain::value::{Reading, Text};
use crate::store::action::{self, StepOp};
use crate::store::base::{self, Entry};
use crate::store::link::Link;
use crate::store::seen::{self, Put, Seen};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, Store, StoreError, history, intent, link, waiting};
use crate::sync::PassError;
use crate::sync::plan::pair::payload;

/// An update on its way: its action, link and both halves as they are stored now.
pub(super) struct Ready {
    pub(super) action: Action,
    pub(super) changes: Vec<Change>,
    pub(super) link: Link,
    pub(super) target: Seen,
    pub(super) source: Seen,
    pub(super) write: Write,
}

impl Applying<'_> {
    pub(super) async fn updates(&mut self, store: &mut Store, kind: Kind, side: Side) -> Result<(), PassError> {
        let step = step(kind, StepOp::Update, side);
        let batch = self.world.source(side).capabilities().of(kind).update_batch;
        let group = self.group_size(side, batch);
        let mut after = ActionId(0);
        let mut waiting: Vec<Action> = Vec::new();
        loop {
            if self.stop.is_cancelled() {
                return Err(PassError::Stopped);
            }
            if self.is_failing(side, kind) {
                for action in &waiting {
                    self.put_off(store.connection(), action, Why::Interrupted).await?;
                }
                return self.put_off_rest(store, step, after).await;
            }
            let fetched = action::page(store.connection(), step, after, group).await?;
            if let Some(last) = fetched.last() {
                after = last.id;
            }
            let apart = self.world.source(side).capabilities().of(kind).parent_apart;
            waiting
                .extend(fetched.into_iter().flat_map(|action| if apart { parent_apart(action) } else { vec![action] }));
            if waiting.is_empty() {
                return Ok(());
            }
            // A person who belongs to two firms is written once a group: writes to one record stay in order.
            let mut targets = BTreeSet::new();
            let mut now = Vec::new();
            let mut later = Vec::new();
            for action in waiting {
                let id = target_of(&action, side).cloned();
                if now.len() < group as usize && targets.insert(id) { now.push(action) } else { later.push(action) }
            }
            waiting = later;
            let span =
                info_span!("update", side = side.as_str(), kind = kind.as_str(), first = now.first().map(|a| a.id.0));
            let count = now.len() as u64;
            let again = self.update_group(store, kind, side, batch, now).instrument(span).await?;
            waiting.extend(again);
            self.world.progress.applied(count);
        }
    }

    /// Sends a group; returns what is to be sent again: without the fields that a refusal named, or since its turn came late.
    async fn update_group(
        &mut self,
        store: &mut Store,
        kind: Kind,
        side: Side,
        batch: usize,
        actions: Vec<Action>,
    ) -> Result<Vec<Action>, PassError> {
        let ready = self.guard(store, kind, side, actions).await?;
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        let intents: Vec<intent::New> = ready
            .iter()
            .map(|ready| intent::New {
                op: StepOp::Update,
                side,
                link: Some(ready.link.id),
                source: Some(ready.source.id),
                target: Some(ready.target.record.id.clone()),
                body: intent::Body {
                    action: ready.action.clone(),
                    stored_id: None,
                    parent: None,
                    highest: None,
                    copied: Vec::new(),
                    doubt: None,
                },
            })
            .collect();
        let writes: Vec<Write> = ready.iter().map(|ready| ready.write.clone()).collect();
        let (ids, answers) = self.send(store, side, kind, batch, &intents, &writes).await?;
        let mut again = Vec::new();
        let mut transaction = store.begin().await?;
        for ((ready, intent), answer) in ready.into_iter().zip(ids).zip(answers) {
            match answer {
                Written::Stored(row) => {
                    self.unknown_in_a_row = 0;
                    let span = super::span(&ready.action, Some(ready.link.id));
                    self.settle_update(&mut transaction, side, &ready, *row).instrument(span).await?;
                    intent::close(&mut transaction, self.now(), intent, intent::Outcome::Settled).await?;
                }
                Written::Failed(error) if is_belated(&error) => {
                    if self.belated(&mut transaction, intent, &ready.action).await? {
                        again.push(ready.action);
                    }
                }
                Written::Failed(error) if error.superseded && error.kind.outcome() == Outcome::NotApplied => {
                    intent::close(&mut transaction, self.now(), intent, intent::Outcome::Refused).await?;
                    self.applied.superseded += 1;
                    let moved = [Subject::Link(ready.link.id)];
                    todo::arm(&mut transaction, kind, &moved, Why::Superseded, Some(self.now())).await?;
                }
                Written::Failed(error)
                    if error.kind.outcome() == Outcome::NotApplied && error.kind.is_about_record() =>
                {
                    intent::close(&mut transaction, self.now(), intent, intent::Outcome::Refused).await?;
                    again.extend(self.refused_update(&mut transaction, side, ready, &error).await?);
                }
                Written::Failed(error) => {
                    self.interrupted(&mut transaction, intent, &ready.action, side, &error).await?;
                }
            }
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(again)
    }

    /// Only what was sent takes a base; all else of the reply goes to *seen* alone.
    async fn settle_update(
        &mut self,
        connection: &mut Connection,
        side: Side,
        ready: &Ready,
        reply: Row,
    ) -> Result<(), PassError> {
        let kind = ready.link.kind;
        let shape = self.world.shape(side, kind);
        let locale = &self.world.ruling.locale;
        let mut bases = base::load(connection, &[ready.link.id]).await?;
        let mut target_bases = bases.remove(&(ready.link.id, side)).unwrap_or_default();
        let mut source_bases = bases.remove(&(ready.link.id, side.opposite())).unwrap_or_default();
        let source_shape = self.world.shape(side.opposite(), kind);
        let last = base::readings(&source_bases, &ready.source.record, source_shape, locale);
        let stored = self.take_reply(connection, side, ready, reply, &mut target_bases).await?;
        let capabilities = self.world.source(side).capabilities().of(kind);
        let mut entries = Vec::new();
        let mut settled = Vec::new();
        let mut has_more = others_moved(&ready.target.record, &stored, &ready.changes);
        for change in &ready.changes {
            let entry = history::Entry::of(ready.link.id, side, change);
            if change.field == Field::Parent {
                entries.push(entry);
                let entry = Entry { key: base::PARENT_KEY, text: Some(change.after.clone()) };
                target_bases.insert(Field::Parent, entry.clone());
                source_bases.insert(Field::Parent, entry);
                if let Some(parent) = parent_change(&ready.action) {
                    link::set_parent(connection, ready.link.id, parent).await?;
                }
                settled.push(change.field);
                continue;
            }
            let shown = stored.reading(change.field);
            let judged = judge(change.field, &change.after, &change.before, shown, &capabilities, locale);
            has_more |= judged.is_edited_beside();
            // What was ignored changed nothing: three vain tries are not a value that goes to and fro.
            let arrived = judged.arrived(&change.after, &shown.text().unwrap_or_default());
            let reading = |text: &Text| Reading::of(change.field, text.clone(), locale);
            if judged.ignored.is_empty() || !reading(&arrived).same_as(&reading(&change.before)) {
                entries.push(history::Entry { new: arrived, ..entry });
            }
            if matches!(judged.stored, Stored::Ignored | Stored::PartlyIgnored) {
                let words = judged.words();
                self.refused(connection, kind, Subject::Link(ready.link.id), refusal(side, change, &words)).await?;
            }
            if judged.stored == Stored::Ignored {
                continue;
            }
            if judged.stored == Stored::Rewritten {
                self.applied.rewritten += 1;
                warn!(
                    link.id = ready.link.id.0,
                    side.name = side.as_str(),
                    field = change.field.as_str(),
                    "the system stored something of its own of what was sent"
                );
            }
            if let Some(key) = base::key(shape, change.field) {
                target_bases.insert(change.field, Entry { key, text: judged.base.clone() });
            }
            if let Some(key) = base::key(source_shape, change.field) {
                // The value that was planned from; if the source moved on meanwhile, that move still travels.
                let last = last.get(&change.field).and_then(Reading::text).unwrap_or_default();
                let parts = source_shape.parts(change.field);
                let kept = lens::put(change.field, &shown.text().unwrap_or_default(), &change.source, &parts, locale);
                let agreed = judged.source_base(change.field, (&change.source, &last, &kept), locale);
                let unmoved = *ready.source.record.reading(change.field) == reading(&agreed);
                source_bases.insert(change.field, Entry { key, text: if unmoved { None } else { Some(agreed) } });
            }
            if judged.stored == Stored::PartlyIgnored {
                continue;
            }
            settled.push(change.field);
        }
        base::put(connection, &[(ready.link.id, side, target_bases), (ready.link.id, side.opposite(), source_bases)])
            .await?;
        history::add(connection, self.situation.pass, self.now(), &entries).await?;
        let mut cleared: Vec<&str> = settled.iter().map(|field| field.as_str()).collect();
        cleared.push("");
        waiting::clear_failure(connection, Subject::Link(ready.link.id), side, &cleared).await?;
        if has_more {
            // Somebody edited another field, or another part of one, in the same second: it is looked at again.
            let subject = [Subject::Link(ready.link.id)];
            todo::arm(connection, kind, &subject, Why::Staged, Some(self.now())).await?;
        }
        self.applied.written += 1;
        self.applied.wrote.insert((side, kind));
        self.applied.links.insert(ready.link.id);
        debug!(action.fields = ready.changes.len(), "settled");
        Ok(())
    }

    /// What the reply of a write shows is what is seen from now on. Returns the record as it is stored.
    async fn take_reply(
        &mut self,
        connection: &mut Connection,
        side: Side,
        ready: &Ready,
        mut row: Row,
        bases: &mut base::Bases,
    ) -> Result<Record, PassError> {
        let kind = ready.link.kind;
        let shape = self.world.shape(side, kind);
        let wrote_parent = ready.changes.iter().any(|change| change.field == Field::Parent);
        self.hide(side, kind, std::slice::from_mut(&mut row));
        row = self.doubt(side, kind, row, &ready.target.record);
        // The reply of a write need not show relations: the company is the one before, or the one that was written.
        row.parents = if wrote_parent {
            ready.write.parent.iter().map(|parent| parent.to.clone()).collect()
        } else {
            ready.target.record.parent.clone().into_iter().collect()
        };
        let raw_hash = shape.raw_hash(shape.key(), &row);
        let locale = &self.world.ruling.locale;
        let Some(mut record) = shape.records(&row, locale).into_iter().next() else {
            return Ok(ready.target.record.clone());
        };
        // It was carried out, and could not be read back: what was sent is taken as stored, never the value from before.
        for change in ready.changes.iter().filter(|change| change.field != Field::Parent) {
            let shown = record.fields.entry(change.field).or_insert(Reading::Unknown);
            if *shown == Reading::Unknown {
                *shown = Reading::of(change.field, change.after.clone(), locale);
            }
        }
        let stored = overlay(record, &ready.target.record);
        base::hold(bases, &ready.target.record, &stored);
        if wrote_parent {
            // The person may have been seen there already, without a link: that row is this record from now on.
            seen::forget_unlinked(connection, &stored).await?;
        }
        let put = Put { id: Some(ready.target.id), record: stored.clone(), raw_hash };
        seen::put(connection, std::slice::from_ref(&put)).await?;
        if kind == Kind::Company {
            self.put_company_keys(connection, side, &[(ready.target.id, &stored)]).await?;
        }
        Ok(stored)
    }

    /// Fields that the refusal names fail alone; the rest is sent again at once.
    async fn refused_update(
        &mut self,
        connection: &mut Connection,
        side: Side,
        ready: Ready,
        error: &PortError,
    ) -> Result<Option<Action>, PassError> {
        let kind = ready.link.kind;
        let subject = Subject::Link(ready.link.id);
        let shape = self.world.shape(side, kind);
        self.applied.links.insert(ready.link.id);
        let mut named: BTreeMap<Field, &str> = BTreeMap::new();
        for refusal in &error.fields {
            if let Some(cell) = shape.cells.iter().find(|cell| cell.path == refusal.path) {
                named.entry(cell.field).or_insert(refusal.message.as_str());
            }
        }
        let (refused, rest): (Vec<Change>, Vec<Change>) =
            ready.changes.into_iter().partition(|change| named.contains_key(&change.field));
        if refused.is_empty() {
            // Nothing is named: every field of it waits, with the system's words.
            for change in &rest {
                let refusal = refusal(side, change, &error.message);
                self.refused(connection, kind, subject, refusal).await?;
            }
            return Ok(None);
        }
        for change in &refused {
            let message = named.get(&change.field).copied().unwrap_or(error.message.as_str());
            self.refused(connection, kind, subject, refusal(side, change, message)).await?;
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let op = Op::Update { side, changes: rest };
        Ok(Some(Action { op, link: Some(LinkRef::Existing(ready.link.id)), ..ready.action }))
    }
}

/// The fields of an update, and behind them its company: each is refused, or settled, by itself.
fn parent_apart(action: Action) -> Vec<Action> {
    let Op::Update { side, changes } = &action.op else { return vec![action] };
    let (moves, fields): (Vec<Change>, Vec<Change>) =
        changes.iter().cloned().partition(|change| change.field == Field::Parent);
    if moves.is_empty() || fields.is_empty() {
        return vec![action];
    }
    let side = *side;
    [fields, moves].map(|changes| Action { op: Op::Update { side, changes }, ..action.clone() }).into()
}

/// Whether a reply shows another value in a field that was not sent.
fn others_moved(before: &Record, stored: &Record, changes: &[Change]) -> bool {
    stored
        .fields
        .iter()
        .filter(|(field, _)| !changes.iter().any(|change| change.field == **field))
        .any(|(field, reading)| *reading != Reading::Unknown && !reading.same_as(before.reading(*field)))
}

/// A change that its side refused, or does not let us read again.
pub(super) fn refusal<'a>(side: Side, change: &Change, message: &'a str) -> Refusal<'a> {
    Refusal { side, field: change.field.as_str(), payload: payload(change), message }
}
