//! Our id, written into the CRM's companies: guarded and journalled like any write, never merged.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use tracing::{Instrument, info_span, warn};

use super::{Applying, Refusal, is_belated, step};
use crate::connector::error::Outcome;
use crate::connector::port::{Lookup, Target, Write, Written};
use crate::domain::plan::{Action, ActionId, LinkId};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::shape::first_eight;
use crate::store::action::{self, StepOp};
use crate::store::link::Link;
use crate::store::seen::{self, Put, Seen};
use crate::store::todo::{Subject, Why};
use crate::store::{Connection, Store, StoreError, intent, link, waiting};
use crate::sync::PassError;
use crate::sync::plan::stored_id;

impl Applying<'_> {
    pub(super) async fn stamps(&mut self, store: &mut Store) -> Result<(), PassError> {
        let step = step(Kind::Company, StepOp::Stamp, Side::Crm);
        let batch = self.world.crm.capabilities().of(Kind::Company).update_batch;
        let group = self.group_size(Side::Crm, batch);
        let mut after = ActionId(0);
        let mut again: Vec<Action> = Vec::new();
        loop {
            if self.stop.is_cancelled() {
                return Err(PassError::Stopped);
            }
            if self.is_failing(Side::Crm, Kind::Company) {
                for action in &again {
                    self.put_off(store.connection(), action, Why::Interrupted).await?;
                }
                return self.put_off_rest(store, step, after).await;
            }
            let mut actions = std::mem::take(&mut again);
            if actions.is_empty() {
                actions = action::page(store.connection(), step, after, group).await?;
                let Some(last) = actions.last() else { return Ok(()) };
                after = last.id;
            }
            let count = actions.len() as u64;
            let span = info_span!("stamp", first = actions.first().map(|a| a.id.0));
            again = self.stamp_group(store, batch, actions).instrument(span).await?;
            self.world.progress.applied(count);
        }
    }

    /// Which of these still need their id: what was there was read just now.
    async fn unstamped(
        &mut self,
        store: &mut Store,
        actions: Vec<Action>,
    ) -> Result<Vec<(Action, Link, String)>, PassError> {
        let mut wanted: Vec<(Action, Link, String)> = Vec::new();
        for action in actions {
            let Some(id) = self.link_of(store.connection(), action.link).await? else { continue };
            let Some(link) = link::by_id(store.connection(), &[id]).await?.remove(&id) else { continue };
            if let Some(text) = stored_id(&self.situation.organisation, &link.flowtly_id) {
                wanted.push((action, link, text));
            }
        }
        let ids: Vec<RemoteId> = wanted.iter().map(|(_, link, _)| link.crm_id.clone()).collect();
        let answers = match self.read_targets(Kind::Company, Side::Crm, &ids).await {
            Ok(answers) => answers,
            Err(error) => {
                for (action, _, _) in &wanted {
                    self.applied.interrupted += 1;
                    self.put_off(store.connection(), action, Why::Interrupted).await?;
                }
                self.applied.failing.insert(Side::Crm, error);
                return Ok(Vec::new());
            }
        };
        let mut there: BTreeMap<RemoteId, Option<String>> = BTreeMap::new();
        let mut unread: BTreeSet<RemoteId> = BTreeSet::new();
        for (id, answer) in ids.into_iter().zip(answers) {
            match answer {
                Ok(Lookup::Found(row)) => _ = there.insert(row.id, row.stored_id),
                Ok(Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_)) => {}
                Err(_) => _ = unread.insert(id),
            }
        }
        let mut ready = Vec::new();
        for (action, link, text) in wanted {
            match there.get(&link.crm_id) {
                Some(present) if present.as_ref() != Some(&text) => ready.push((action, link, text)),
                Some(_) => {
                    let mut transaction = store.begin().await?;
                    self.remember_stamp(&mut transaction, link.id, &text).await?;
                    transaction.commit().await.map_err(StoreError::from)?;
                }
                None if unread.contains(&link.crm_id) => {
                    self.applied.interrupted += 1;
                    self.put_off(store.connection(), &action, Why::Interrupted).await?;
                }
                None => {
                    self.applied.superseded += 1;
                    self.put_off(store.connection(), &action, Why::Superseded).await?;
                }
            }
        }
        Ok(ready)
    }

    /// Sends a group; returns what is to be sent again since its turn came late.
    async fn stamp_group(
        &mut self,
        store: &mut Store,
        batch: usize,
        actions: Vec<Action>,
    ) -> Result<Vec<Action>, PassError> {
        let ready = self.unstamped(store, actions).await?;
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        let intents: Vec<intent::New> = ready
            .iter()
            .map(|(action, link, text)| intent::New {
                op: StepOp::Stamp,
                side: Side::Crm,
                link: Some(link.id),
                source: None,
                target: Some(link.crm_id.clone()),
                body: intent::Body {
                    action: action.clone(),
                    stored_id: Some(text.clone()),
                    parent: None,
                    highest: None,
                    copied: Vec::new(),
                    doubt: None,
                },
            })
            .collect();
        let writes: Vec<Write> = ready
            .iter()
            .map(|(_, link, text)| Write {
                target: Target::Update { id: link.crm_id.clone(), version: None },
                texts: Vec::new(),
                parent: None,
                stored_id: Some(text.clone()),
                apart_from: Vec::new(),
            })
            .collect();
        let (ids, answers) = self.send(store, Side::Crm, Kind::Company, batch, &intents, &writes).await?;
        let mut again = Vec::new();
        let mut transaction = store.begin().await?;
        for (((action, link, text), intent), answer) in ready.into_iter().zip(ids).zip(answers) {
            match answer {
                Written::Stored(_) => {
                    let span = super::span(&action, Some(link.id));
                    self.remember_stamp(&mut transaction, link.id, &text).instrument(span).await?;
                    intent::close(&mut transaction, self.now(), intent, intent::Outcome::Settled).await?;
                    self.applied.written += 1;
                    self.applied.wrote.insert((Side::Crm, Kind::Company));
                }
                Written::Failed(error) if is_belated(&error) => {
                    if self.belated(&mut transaction, intent, &action).await? {
                        again.push(action);
                    }
                }
                Written::Failed(error)
                    if error.kind.outcome() == Outcome::NotApplied && error.kind.is_about_record() =>
                {
                    // Most often another record carries the id already (a copied or merged one).
                    intent::close(&mut transaction, self.now(), intent, intent::Outcome::Refused).await?;
                    warn!(link.id = link.id.0, "the CRM refused our id");
                    let payload = stamp_payload(&text);
                    let refusal = Refusal { side: Side::Crm, field: STAMP_FIELD, payload, message: &error.message };
                    self.refused(&mut transaction, Kind::Company, Subject::Link(link.id), refusal).await?;
                }
                Written::Failed(error) => {
                    self.interrupted(&mut transaction, intent, &action, Side::Crm, &error).await?;
                }
            }
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(again)
    }

    pub(super) async fn remember_stamp(
        &mut self,
        connection: &mut Connection,
        link: LinkId,
        text: &str,
    ) -> Result<(), PassError> {
        let halves = seen::by_link(connection, &self.world.ruling.locale, &[link]).await?;
        let Some(half) = halves.into_iter().find(|half| half.record.side == Side::Crm) else { return Ok(()) };
        let Seen { id, mut record, raw_hash, .. } = half;
        record.stored_id = Some(text.to_owned());
        seen::put(connection, &[Put { id: Some(id), record: record.clone(), raw_hash }]).await?;
        self.put_company_keys(connection, Side::Crm, &[(id, &record)]).await?;
        waiting::clear_failure(connection, Subject::Link(link), Side::Crm, &[STAMP_FIELD]).await?;
        self.applied.links.insert(link);
        Ok(())
    }
}

/// What a refused stamp is recognised by.
pub(crate) fn stamp_payload(stored_id: &str) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(stored_id.as_bytes());
    first_eight(hasher)
}

/// Under which name a refused stamp waits among the failures.
pub(crate) const STAMP_FIELD: &str = "flowtly_id";
