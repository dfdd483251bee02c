//! Actions that send nothing: links, agreements, re-points, pauses, conflicts, questions, verdicts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tracing::Instrument;

use super::{Applying, LOCAL_GROUP};
use crate::domain::field::{Field, Part};
use crate::domain::plan::{Action, ActionId, LinkId, Op, Reason, RecordRef};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::value::{Locale, Text};
use crate::store::action::{self, Step, StepOp};
use crate::store::base::{self, Entry};
use crate::store::deed::{self, Deed};
use crate::store::link::{self, LinkState, NewLink};
use crate::store::seen::{self, Seen, SeenId};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, Store, StoreError, waiting};
use crate::sync::PassError;
use crate::sync::plan::pair;

impl Applying<'_> {
    pub(super) async fn local(&mut self, store: &mut Store, kind: Kind) -> Result<(), PassError> {
        let step = Step { kind, op: StepOp::Local, side: None };
        let mut after = ActionId(0);
        loop {
            if self.stop.is_cancelled() {
                return Err(PassError::Stopped);
            }
            let actions = action::page(store.connection(), step, after, LOCAL_GROUP).await?;
            let Some(last) = actions.last() else { return Ok(()) };
            after = last.id;
            let mut transaction = store.begin().await?;
            let mut verdicts: Vec<(SeenId, String)> = Vec::new();
            let mut records = self.to_be_linked(&mut transaction, kind, &actions).await?;
            for action in &actions {
                let span = super::span(action, None);
                self.local_action(&mut transaction, action, &mut records, &mut verdicts).instrument(span).await?;
            }
            if !verdicts.is_empty() {
                let verdicts: Vec<(SeenId, &str)> = verdicts.iter().map(|(id, text)| (*id, text.as_str())).collect();
                seen::put_verdicts(&mut transaction, self.situation.ruling, &verdicts).await?;
            }
            let deeds = std::mem::take(&mut self.deeds);
            deed::add(&mut transaction, self.situation.pass, self.now(), &deeds).await?;
            transaction.commit().await.map_err(StoreError::from)?;
        }
    }

    /// Counts what the group did, for the limits of the day.
    fn did(&mut self, deed: Deed) {
        *self.deeds.entry(deed).or_default() += 1;
    }

    /// The records that these actions link: one statement a side. Each is used once, so that a record which an earlier
    /// action of the group moved is read again.
    async fn to_be_linked(
        &self,
        connection: &mut Connection,
        kind: Kind,
        actions: &[Action],
    ) -> Result<BTreeMap<RecordRef, Seen>, StoreError> {
        let mut records = BTreeMap::new();
        for side in Side::BOTH {
            let ids: Vec<&str> = actions
                .iter()
                .filter(|action| matches!(action.op, Op::Link))
                .filter_map(|action| match side {
                    Side::Flowtly => action.flowtly.as_ref(),
                    Side::Crm => action.crm.as_ref(),
                })
                .map(|record| record.id.as_str())
                .collect();
            if !ids.is_empty() {
                let rows = seen::by_remote_id(connection, &self.world.ruling.locale, side, kind, &ids).await?;
                records.extend(rows.into_iter().map(|row| (row.reference(), row)));
            }
        }
        Ok(records)
    }

    async fn local_action(
        &mut self,
        connection: &mut Connection,
        action: &Action,
        records: &mut BTreeMap<RecordRef, Seen>,
        verdicts: &mut Vec<(SeenId, String)>,
    ) -> Result<(), PassError> {
        match &action.op {
            Op::Link => self.link(connection, action, records).await,
            Op::Agree { fields } => {
                let Some(link) = self.link_of(connection, action.link).await? else { return Ok(()) };
                let fields: Vec<Field> = fields.iter().map(|(field, _)| *field).collect();
                self.agree(connection, action.kind, link, &fields).await?;
                Ok(())
            }
            Op::Repoint { side, to } => {
                let Some(link) = self.link_of(connection, action.link).await? else { return Ok(()) };
                let rows =
                    seen::by_remote_id(connection, &self.world.ruling.locale, *side, action.kind, &[to.as_str()])
                        .await?;
                let was = match side {
                    Side::Flowtly => action.flowtly.as_ref(),
                    Side::Crm => action.crm.as_ref(),
                };
                let parent = was.and_then(|record| record.parent.clone());
                let new = rows.into_iter().find(|row| row.link.is_none() && !row.gone && row.record.parent == parent);
                if let Some(new) = new {
                    if let Some(home) = self.home_of(connection, link, *side).await?
                        && link::is_taken(connection, to, home).await?
                    {
                        return self.ask_about_double(connection, &new, &action.label).await;
                    }
                    records.remove(&new.reference());
                    let old = self.hold_for_repoint(connection, link, *side, &new, &action.reason).await?;
                    link::repoint(connection, link, *side, (new.id, to)).await?;
                    if let (Some(old), Reason::Merged) = (old, &action.reason) {
                        // What the old id showed last is nobody's any more.
                        seen::mark_gone(connection, &[old]).await?;
                    }
                    self.did(Deed::Pause(*side));
                    todo::arm(connection, action.kind, &[Subject::Link(link)], Why::Staged, Some(self.now())).await?;
                    self.applied.links.insert(link);
                    if action.kind == Kind::Company {
                        self.wake(connection, *side, to).await?;
                    }
                }
                Ok(())
            }
            Op::Pause { side } => {
                self.did(Deed::Pause(*side));
                self.set_state(connection, action, LinkState::Paused).await
            }
            Op::Resume => {
                self.set_state(connection, action, LinkState::Live).await?;
                if action.kind == Kind::Company {
                    for company in [&action.flowtly, &action.crm].into_iter().flatten() {
                        self.wake(connection, company.side, &company.id).await?;
                    }
                }
                Ok(())
            }
            Op::Unlink { side } => {
                self.did(Deed::Pause(*side));
                self.set_state(connection, action, LinkState::Tombstone).await
            }
            Op::Conflict(conflict) => {
                let Some(link) = self.link_of(connection, action.link).await? else { return Ok(()) };
                let (pass, now) = (self.situation.pass, self.now());
                waiting::put_conflict(connection, link, conflict, &action.reason, pass, now).await?;
                self.did(Deed::Conflict);
                self.applied.links.insert(link);
                Ok(())
            }
            Op::Question(question) => {
                let Some(row) = self.seen_of(connection, action.kind, &question.subject).await? else { return Ok(()) };
                let (pass, now) = (self.situation.pass, self.now());
                waiting::put_question(connection, row.id, question, &action.label, pass, now).await?;
                verdicts.push((row.id, action.reason.to_string()));
                Ok(())
            }
            Op::Skip => {
                if action.link.is_none() {
                    for record in [&action.flowtly, &action.crm].into_iter().flatten() {
                        if let Some(row) = self.seen_of(connection, action.kind, record).await? {
                            verdicts.push((row.id, action.reason.to_string()));
                        }
                    }
                }
                Ok(())
            }
            // Sent by their own steps.
            Op::Create { .. } | Op::Update { .. } | Op::Stamp => Ok(()),
        }
    }

    async fn set_state(
        &mut self,
        connection: &mut Connection,
        action: &Action,
        state: LinkState,
    ) -> Result<(), PassError> {
        if let Some(link) = self.link_of(connection, action.link).await? {
            link::set_state(connection, link, state, &action.reason.to_string()).await?;
            self.applied.links.insert(link);
        }
        Ok(())
    }

    async fn wake(&self, connection: &mut Connection, side: Side, company: &RemoteId) -> Result<(), StoreError> {
        let (locale, now) = (&self.world.ruling.locale, self.now());
        wake_contacts(connection, locale, (side, company), Why::BlockedByParent, now).await
    }

    /// The company of a contact's link, where the CRM's half is the one that changes.
    async fn home_of(
        &self,
        connection: &mut Connection,
        link: LinkId,
        side: Side,
    ) -> Result<Option<LinkId>, StoreError> {
        if side == Side::Flowtly {
            return Ok(None);
        }
        Ok(link::by_id(connection, &[link]).await?.remove(&link).and_then(|link| link.parent))
    }

    async fn link(
        &mut self,
        connection: &mut Connection,
        action: &Action,
        records: &mut BTreeMap<RecordRef, Seen>,
    ) -> Result<(), PassError> {
        let (Some(flowtly), Some(crm)) = (&action.flowtly, &action.crm) else { return Ok(()) };
        let parent = match action.kind {
            Kind::Company => None,
            Kind::Contact => {
                let parent = self.link_of(connection, action.link).await?;
                if parent.is_none() {
                    self.applied.superseded += 1;
                    return self.put_off(connection, action, Why::BlockedByParent).await;
                }
                parent
            }
        };
        let mut halves = Vec::with_capacity(2);
        for record in [flowtly, crm] {
            let half = records.remove(record);
            halves.extend(if half.is_some() { half } else { self.seen_of(connection, action.kind, record).await? });
        }
        let [ours, theirs] = halves.as_slice() else { return Ok(()) };
        if ours.link.is_some() || theirs.link.is_some() {
            self.applied.superseded += 1;
            return Ok(());
        }
        if let Some(parent) = parent
            && link::is_taken(connection, &crm.id, parent).await?
        {
            return self.ask_about_double(connection, theirs, &action.label).await;
        }
        let reason = action.reason.to_string();
        let new = NewLink {
            kind: action.kind,
            parent,
            flowtly: (ours.id, &flowtly.id),
            crm: (theirs.id, &crm.id),
            reason: &reason,
            pass: self.situation.pass,
        };
        let link = link::insert(connection, &new).await?;
        self.did(Deed::Link);
        action::made_link(connection, action.id, link).await?;
        if let Some(parent) = parent {
            self.agree_on_parent(connection, link, parent).await?;
        }
        self.applied.links.insert(link);
        Ok(())
    }

    /// Both halves of these fields are agreed as they were seen.
    async fn agree(
        &mut self,
        connection: &mut Connection,
        kind: Kind,
        link: LinkId,
        fields: &[Field],
    ) -> Result<(), StoreError> {
        let mut bases = base::load(connection, &[link]).await?;
        let parent = self.parent_texts(connection, kind, link, fields).await?;
        let mut rows = Vec::new();
        for side in Side::BOTH {
            let shape = self.world.shape(side, kind);
            let mut half = bases.remove(&(link, side)).unwrap_or_default();
            for field in fields {
                if let Some(key) = base::key(shape, *field) {
                    let text = if *field == Field::Parent { parent.get(&side).cloned() } else { None };
                    half.insert(*field, Entry { key, text });
                }
            }
            rows.push((link, side, half));
        }
        base::put(connection, &rows).await?;
        if let (Some(ours), Some(theirs)) = (parent.get(&Side::Flowtly), parent.get(&Side::Crm))
            && ours == theirs
            && let Some(company) = ours.part(Part::Whole).and_then(|text| text.parse().ok())
        {
            link::set_parent(connection, link, LinkId(company)).await?;
        }
        self.applied.links.insert(link);
        Ok(())
    }

    /// The parent field has no property of its own: its base is always a text, the company's link as each half shows it.
    async fn parent_texts(
        &self,
        connection: &mut Connection,
        kind: Kind,
        link: LinkId,
        fields: &[Field],
    ) -> Result<BTreeMap<Side, Text>, StoreError> {
        let mut texts = BTreeMap::new();
        if !fields.contains(&Field::Parent) {
            return Ok(texts);
        }
        let merged_away = pair::merged_away(connection, &self.world.ruling.locale).await?;
        for pair in pair::load(connection, self.world, kind, &[link], &merged_away, self.now()).await? {
            for half in [&pair.pair.flowtly, &pair.pair.crm] {
                if let Some(text) = half.record.reading(Field::Parent).text() {
                    texts.insert(half.record.side, text);
                }
            }
        }
        Ok(texts)
    }

    pub(super) async fn agree_on_parent(
        &mut self,
        connection: &mut Connection,
        link: LinkId,
        parent: LinkId,
    ) -> Result<(), StoreError> {
        let mut bases = base::load(connection, &[link]).await?;
        let text = Text::from_iter([(Part::Whole, parent.0.to_string())]);
        let rows: Vec<_> = Side::BOTH
            .into_iter()
            .map(|side| {
                let mut half = bases.remove(&(link, side)).unwrap_or_default();
                half.insert(Field::Parent, Entry { key: base::PARENT_KEY, text: Some(text.clone()) });
                (link, side, half)
            })
            .collect();
        base::put(connection, &rows).await
    }

    /// The new half may show other values than the old one did: bases that say "as seen" take the old text. What was entered
    /// anew and left blank was cleared by nobody: it counts as never agreed, and is filled. Returns the old half's row.
    async fn hold_for_repoint(
        &self,
        connection: &mut Connection,
        link: LinkId,
        side: Side,
        new: &Seen,
        reason: &Reason,
    ) -> Result<Option<SeenId>, StoreError> {
        let halves = seen::by_link(connection, &self.world.ruling.locale, &[link]).await?;
        let Some(old) = halves.into_iter().find(|half| half.record.side == side) else { return Ok(None) };
        let mut bases = base::load(connection, &[link]).await?;
        if let Some(mut half) = bases.remove(&(link, side)) {
            base::hold(&mut half, &old.record, &new.record);
            if matches!(reason, Reason::Matched { .. }) {
                half.retain(|field, _| !new.record.reading(*field).says_nothing());
            }
            base::put(connection, &[(link, side, half)]).await?;
        }
        Ok(Some(old.id))
    }
}

/// Contacts that waited for their company are looked at now; `why` is what `todo` says of them.
pub(crate) async fn wake_contacts(
    connection: &mut Connection,
    locale: &Locale,
    (side, company): (Side, &RemoteId),
    why: Why,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let children = seen::children(connection, locale, side, &[company.as_str()]).await?;
    let asleep: Vec<Subject> =
        children.iter().filter(|row| row.link.is_none()).map(|row| Subject::Seen(row.id)).collect();
    todo::arm(connection, Kind::Contact, &asleep, why, Some(now)).await
}
