//! New records.

use std::collections::BTreeMap;

use tracing::{Instrument, info_span};

use super::{Applying, Refusal, is_belated, step};
use crate::connector::error::{Outcome, PortError};
use crate::connector::port::{ParentWrite, Target, Write, Written};
use crate::domain::field::Field;
use crate::domain::matching::Verdict;
use crate::domain::plan::{Action, ActionId, Asks, CandidateNote, LinkId, Op, Question, RecordRef};
use crate::domain::planner;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::value::Text;
use crate::store::action::{self, StepOp};
use crate::store::link::{self};
use crate::store::seen::{self, Seen};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, Store, StoreError, intent, waiting};
use crate::sync::PassError;
use crate::sync::answered::answered;
use crate::sync::bitmap::Bitmap;
use crate::sync::match_up::{match_companies, match_contact};
use crate::sync::plan::pair::BothManners;
use crate::sync::plan::stored_id;
use crate::sync::stage::take_in;

/// A create on its way.
pub(super) struct Ready {
    pub(super) action: Action,
    pub(super) source: Seen,
    pub(super) fields: Vec<(Field, Text)>,
    pub(super) parent: Option<(LinkId, RemoteId)>,
    pub(super) stored_id: Option<String>,
}

impl Applying<'_> {
    pub(super) async fn creates(&mut self, store: &mut Store, kind: Kind, side: Side) -> Result<(), PassError> {
        let step = step(kind, StepOp::Create, side);
        let batch = self.world.source(side).capabilities().of(kind).create_batch;
        let group = self.group_size(side, batch);
        let mut after = ActionId(0);
        let mut again: Vec<Action> = Vec::new();
        loop {
            if self.stop.is_cancelled() {
                return Err(PassError::Stopped);
            }
            if self.makes_none(side, kind) {
                for action in &again {
                    self.put_off(store.connection(), action, Why::Interrupted).await?;
                }
                *self.left(step) += again.len() as u64;
                return self.put_off_rest(store, step, after).await;
            }
            let mut actions = std::mem::take(&mut again);
            if actions.is_empty() {
                actions = action::page(store.connection(), step, after, group).await?;
                if let Some(last) = actions.last() {
                    after = last.id;
                }
            }
            if actions.is_empty() {
                return Ok(());
            }
            let count = actions.len() as u64;
            let span = info_span!(
                "create",
                side = side.as_str(),
                kind = kind.as_str(),
                first = actions.first().map(|a| a.id.0)
            );
            again = self.create_group(store, kind, side, batch, actions).instrument(span).await?;
            self.world.progress.applied(count);
        }
    }

    async fn create_group(
        &mut self,
        store: &mut Store,
        kind: Kind,
        side: Side,
        batch: usize,
        actions: Vec<Action>,
    ) -> Result<Vec<Action>, PassError> {
        let ready = self.prepare(store, kind, side, actions).await?;
        let ready = self.guard_creates(store, kind, side, ready).await?;
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        let shape = self.world.shape(side, kind);
        let highest = self.highest_id(store, side, kind).await?;
        let intents: Vec<intent::New> = ready
            .iter()
            .map(|ready| intent::New {
                op: StepOp::Create,
                side,
                link: None,
                source: Some(ready.source.id),
                target: None,
                body: intent::Body {
                    action: ready.action.clone(),
                    stored_id: ready.stored_id.clone(),
                    parent: ready.parent.as_ref().map(|(link, _)| *link),
                    highest,
                    copied: copied(ready),
                    doubt: None,
                },
            })
            .collect();
        let others = self.known_others(store.connection(), side, &ready).await?;
        let writes: Vec<Write> = ready
            .iter()
            .map(|ready| Write {
                target: Target::Create,
                texts: ready
                    .fields
                    .iter()
                    .flat_map(|(field, text)| shape.send(*field, text))
                    .filter(|(_, text)| text.is_some())
                    .collect(),
                parent: ready.parent.as_ref().map(|(_, id)| ParentWrite { from: None, to: id.clone() }),
                stored_id: ready.stored_id.clone(),
                apart_from: others.get(&ready.source.id).cloned().unwrap_or_default(),
            })
            .collect();
        let (ids, answers) = self.send(store, side, kind, batch, &intents, &writes).await?;
        let mut again = Vec::new();
        let mut stored = Vec::new();
        let mut transaction = store.begin().await?;
        for ((ready, intent), answer) in ready.into_iter().zip(ids).zip(answers) {
            match answer {
                Written::Stored(row) => {
                    self.unknown_in_a_row = 0;
                    stored.push((ready, intent, *row));
                }
                Written::Failed(error) if is_belated(&error) => {
                    if self.belated(&mut transaction, intent, &ready.action).await? {
                        again.push(ready.action);
                    }
                }
                Written::Failed(error)
                    if error.kind.outcome() == Outcome::NotApplied && error.kind.is_about_record() =>
                {
                    intent::close(&mut transaction, self.now(), intent, intent::Outcome::Refused).await?;
                    again.extend(self.refused_create(&mut transaction, side, ready, &error).await?);
                }
                Written::Failed(error)
                    if error.kind.outcome() == Outcome::NotApplied && error.kind.spares_changes() =>
                {
                    self.takes_none(&mut transaction, intent, &ready.action, side, &error).await?;
                }
                Written::Failed(error) => {
                    self.interrupted(&mut transaction, intent, &ready.action, side, &error).await?;
                }
            }
        }
        self.settle_creates(&mut transaction, kind, side, stored).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(again)
    }

    /// The highest known number among the ids of a side and kind: asked for once, and raised by what is met since.
    async fn highest_id(&mut self, store: &mut Store, side: Side, kind: Kind) -> Result<Option<u64>, StoreError> {
        if let Some(highest) = self.highest.get(&(side, kind)) {
            return Ok(*highest);
        }
        let highest = seen::highest_id(store.connection(), side, kind).await?;
        self.highest.insert((side, kind), highest);
        Ok(highest)
    }

    pub(super) fn raise_highest<'a>(&mut self, side: Side, kind: Kind, ids: impl Iterator<Item = &'a RemoteId>) {
        if let Some(highest) = self.highest.get_mut(&(side, kind)) {
            *highest = ids.filter_map(RemoteId::as_number).chain(*highest).max();
        }
    }

    /// Whether the source still shows what the plan copied: a guard may have read it since.
    fn still_shows(&self, source: &Seen, side: Side, fields: &[(Field, Text)]) -> bool {
        let kind = source.record.kind;
        let manners = BothManners::of(self.world, kind);
        let now =
            planner::plan_create(&source.record, side, manners.context(self.world, kind, self.situation.adoption));
        now.is_ok_and(|now| fields.iter().all(|field| now.contains(field)))
    }

    /// Finds source, company and our id; what cannot be created now stays due.
    async fn prepare(
        &mut self,
        store: &mut Store,
        kind: Kind,
        side: Side,
        actions: Vec<Action>,
    ) -> Result<Vec<Ready>, PassError> {
        let source_side = side.opposite();
        let reference = |action: &Action| match source_side {
            Side::Flowtly => action.flowtly.clone(),
            Side::Crm => action.crm.clone(),
        };
        let ids: Vec<String> =
            actions.iter().filter_map(reference).map(|record| record.id.as_str().to_owned()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let locale = &self.world.ruling.locale;
        let sources: BTreeMap<RecordRef, Seen> =
            seen::by_remote_id(store.connection(), locale, source_side, kind, &ids)
                .await?
                .into_iter()
                .map(|row| (row.reference(), row))
                .collect();
        let stores_id = self.world.source(side).capabilities().of(kind).stores_id;
        let mut ready = Vec::with_capacity(actions.len());
        for action in actions {
            let Op::Create { fields, parent, .. } = &action.op else { continue };
            let Some(source) = reference(&action).and_then(|record| sources.get(&record).cloned()) else { continue };
            if source.link.is_some() {
                continue;
            }
            let home = match parent {
                None => None,
                Some(parent) => {
                    let link = self.link_of(store.connection(), Some(*parent)).await?;
                    let links = match link {
                        Some(link) => link::by_id(store.connection(), &[link]).await?,
                        None => BTreeMap::new(),
                    };
                    let Some(company) = link.and_then(|link| links.get(&link)) else {
                        // Its company was not created: it is looked at again with it.
                        if self.withholds(side, Kind::Company) {
                            self.applied.withheld += 1;
                        } else {
                            self.applied.superseded += 1;
                        }
                        let about = [Subject::Seen(source.id)];
                        todo::arm(store.connection(), kind, &about, Why::BlockedByParent, Some(self.now())).await?;
                        continue;
                    };
                    Some((company.id, company.remote_id(side).clone()))
                }
            };
            if let (Some((company, _)), Side::Crm) = (&home, source_side)
                && link::is_taken(store.connection(), &source.record.id, *company).await?
            {
                // A link that an earlier move left behind still holds this person under this company.
                self.ask_about_double(store.connection(), &source, &action.label).await?;
                continue;
            }
            let id = match side {
                Side::Crm if stores_id => stored_id(&self.situation.organisation, &source.record.id),
                Side::Crm | Side::Flowtly => None,
            };
            let fields = fields.clone();
            if !self.still_shows(&source, side, &fields) {
                self.applied.superseded += 1;
                self.put_off(store.connection(), &action, Why::Superseded).await?;
                continue;
            }
            ready.push(Ready { action, source, fields, parent: home, stored_id: id });
        }
        Ok(ready)
    }

    /// The person has a link under that company already: a person says which of the two it is.
    pub(super) async fn ask_about_double(
        &mut self,
        connection: &mut Connection,
        subject: &Seen,
        label: &str,
    ) -> Result<(), PassError> {
        self.applied.superseded += 1;
        let question = Question { asks: Asks::Duplicate, subject: subject.reference(), candidates: Vec::new() };
        let (pass, now) = (self.situation.pass, self.now());
        Ok(waiting::put_question(connection, subject.id, &question, label, pass, now).await?)
    }

    /// What appeared on the target side since its scan began is read and matched before anything is created.
    async fn guard_creates(
        &mut self,
        store: &mut Store,
        kind: Kind,
        side: Side,
        ready: Vec<Ready>,
    ) -> Result<Vec<Ready>, PassError> {
        if ready.is_empty() {
            return Ok(ready);
        }
        let Some(frontier) = self.frontiers.get(&(side, kind)).cloned() else { return Ok(ready) };
        let appeared = match self.read_ahead(kind, side, &ready).await {
            Ok(()) => self.world.source(side).appeared(kind, &frontier).await,
            Err(error) => Err(error),
        };
        let (rows, frontier) = match appeared {
            Ok(appeared) => appeared,
            Err(error) => {
                for ready in &ready {
                    self.applied.interrupted += 1;
                    self.put_off(store.connection(), &ready.action, Why::Interrupted).await?;
                }
                self.applied.failing.insert(side, error);
                return Ok(Vec::new());
            }
        };
        self.frontiers.insert((side, kind), frontier);
        if rows.is_empty() && !self.appeared.contains(&(side, kind)) {
            return Ok(ready);
        }
        self.raise_highest(side, kind, rows.iter().map(|row| &row.id));
        let mut transaction = store.begin().await?;
        let staged = take_in(&mut transaction, self.stage(side, kind), rows).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        if staged.differing > 0 {
            self.appeared.insert((side, kind));
        }
        if !self.appeared.contains(&(side, kind)) {
            return Ok(ready);
        }
        let mut free = Vec::with_capacity(ready.len());
        let subjects: Vec<&Seen> = ready.iter().map(|ready| &ready.source).collect();
        let verdicts = match kind {
            Kind::Company => {
                match_companies(store.connection(), self.world, &self.situation.organisation, &subjects).await?
            }
            Kind::Contact => self.contact_verdicts(store, side, &ready).await?,
        };
        for ready in ready {
            if verdicts.get(&ready.source.id).is_none_or(|verdict| *verdict == Verdict::None) {
                free.push(ready);
            } else {
                self.applied.superseded += 1;
                self.put_off(store.connection(), &ready.action, Why::Superseded).await?;
            }
        }
        Ok(free)
    }

    /// Long lists are read before the guard: what appears meanwhile must not come between the guard and the create.
    async fn read_ahead(&self, kind: Kind, side: Side, ready: &[Ready]) -> Result<(), PortError> {
        let shape = self.world.shape(side, kind);
        let texts = ready.iter().flat_map(|ready| &ready.fields).flat_map(|(field, text)| shape.send(*field, text));
        self.world.source(side).read_ahead(kind, &texts.collect::<Vec<_>>()).await
    }

    async fn contact_verdicts(
        &self,
        store: &mut Store,
        side: Side,
        ready: &[Ready],
    ) -> Result<BTreeMap<seen::SeenId, Verdict>, PassError> {
        let locale = &self.world.ruling.locale;
        let mut verdicts = BTreeMap::new();
        for ready in ready {
            let Some((_, company)) = &ready.parent else { continue };
            let others = seen::children(store.connection(), locale, side, &[company.as_str()]).await?;
            let told = answered(store.connection(), locale, &[&ready.source]).await?;
            let told = told.get(&ready.source.id).cloned().unwrap_or_default();
            let verdict = match_contact(&ready.source, &[], &others, &BTreeMap::new(), &Bitmap::default(), &told);
            verdicts.insert(ready.source.id, verdict);
        }
        Ok(verdicts)
    }

    /// A create that is refused: a duplicate that is named is a candidate; named fields are left out at the second try.
    async fn refused_create(
        &mut self,
        connection: &mut Connection,
        side: Side,
        ready: Ready,
        error: &PortError,
    ) -> Result<Option<Action>, PassError> {
        let kind = ready.source.record.kind;
        let subject = Subject::Seen(ready.source.id);
        let duplicates = self.unanswered(connection, side, &ready, &error.duplicates).await?;
        if !duplicates.is_empty() {
            let candidates = duplicates
                .iter()
                .map(|id| CandidateNote {
                    record: RecordRef { side, id: id.clone(), parent: ready.parent.as_ref().map(|(_, id)| id.clone()) },
                    label: format!("{kind} {id}"),
                    speaks_for: Vec::new(),
                    speaks_against: Vec::new(),
                })
                .collect();
            let question = Question { asks: Asks::Duplicate, subject: ready.source.reference(), candidates };
            let (pass, now) = (self.situation.pass, self.now());
            waiting::put_question(connection, ready.source.id, &question, &ready.action.label, pass, now).await?;
            self.applied.refused += 1;
        }
        let shape = self.world.shape(side, kind);
        let required = &self.world.source(side).capabilities().of(kind).manners.required;
        let named: Vec<Field> = error
            .fields
            .iter()
            .filter_map(|refusal| shape.cells.iter().find(|cell| cell.path == refusal.path))
            .map(|cell| cell.field)
            .collect();
        let can_do_without = !named.is_empty() && !named.iter().any(|field| required.contains(field));
        let had = ready.fields.len();
        let rest: Vec<(Field, Text)> = ready.fields.into_iter().filter(|(field, _)| !named.contains(field)).collect();
        if can_do_without && rest.len() < had && error.duplicates.is_empty() {
            let Op::Create { parent, .. } = ready.action.op else { return Ok(None) };
            return Ok(Some(Action { op: Op::Create { side, fields: rest, parent }, ..ready.action }));
        }
        let payload = ready.source.fingerprint.0;
        let refusal = Refusal { side, field: "", payload, message: &error.message };
        self.refused(connection, kind, subject, refusal).await?;
        Ok(None)
    }

    /// Records of the target side of which a person said that the sources are something else.
    async fn known_others(
        &self,
        connection: &mut Connection,
        side: Side,
        ready: &[Ready],
    ) -> Result<BTreeMap<seen::SeenId, Vec<RemoteId>>, StoreError> {
        let locale = &self.world.ruling.locale;
        let sources: Vec<&Seen> = ready.iter().map(|ready| &ready.source).collect();
        let mut others = BTreeMap::new();
        for (source, told) in answered(connection, locale, &sources).await? {
            let (rows, links): (Vec<_>, Vec<_>) = told.excluded().unzip();
            let links: Vec<_> = links.into_iter().flatten().collect();
            let halves = link::by_id(connection, &links).await?.into_values().map(|link| link.remote_id(side).clone());
            let rows = seen::by_id(connection, locale, &rows).await?.into_iter().map(|row| row.record);
            let alone = rows.filter(|record| record.side == side).map(|record| record.id);
            others.insert(source, alone.chain(halves).collect());
        }
        Ok(others)
    }

    /// Duplicates that a system named, without those of which a person said that they are something else.
    async fn unanswered(
        &self,
        connection: &mut Connection,
        side: Side,
        ready: &Ready,
        named: &[RemoteId],
    ) -> Result<Vec<RemoteId>, StoreError> {
        let locale = &self.world.ruling.locale;
        let told = answered(connection, locale, &[&ready.source]).await?;
        let Some(told) = told.get(&ready.source.id) else { return Ok(named.to_vec()) };
        let ids: Vec<&str> = named.iter().map(RemoteId::as_str).collect();
        let rows = seen::by_remote_id(connection, locale, side, ready.source.record.kind, &ids).await?;
        let is_other = |id: &RemoteId| rows.iter().any(|row| row.record.id == *id && told.excludes(row.id, row.link));
        Ok(named.iter().filter(|id| !is_other(id)).cloned().collect())
    }
}

/// What the source shows of the fields that are sent.
fn copied(ready: &Ready) -> Vec<(Field, Text)> {
    let shown = |field: &Field| Some((*field, ready.source.record.reading(*field).text()?));
    ready.fields.iter().filter_map(|(field, _)| shown(field)).collect()
}
