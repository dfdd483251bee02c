//! The guard of updates: the targets are read again just before they are written, and what moved is dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::Applying;
use super::update::{Ready, refusal};
use crate::connector::error::PortError;
use crate::connector::port::{Lookup, ParentWrite, Target, Write};
use crate::domain::field::{Field, Part};
use crate::domain::plan::{Action, Change, LinkId, Op};
use crate::domain::record::{Kind, Record, RemoteId, Side};
use crate::domain::shape::Row;
use crate::domain::value::Reading;
use crate::store::link::Link;
use crate::store::seen::{self, Seen, SeenId};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, Store, StoreError, link};
use crate::sync::PassError;
use crate::sync::apart::each;
use crate::sync::match_up::index_companies;
use crate::sync::stage::take_in;

impl Applying<'_> {
    /// Re-reads the targets and drops what moved since it was planned; what was read is staged.
    pub(super) async fn guard(
        &mut self,
        store: &mut Store,
        kind: Kind,
        side: Side,
        actions: Vec<Action>,
    ) -> Result<Vec<Ready>, PassError> {
        let mut links: Vec<(Action, LinkId)> = Vec::new();
        for action in actions {
            if let Some(link) = self.link_of(store.connection(), action.link).await? {
                links.push((action, link));
            } else {
                self.applied.superseded += 1;
                self.put_off(store.connection(), &action, Why::Superseded).await?;
            }
        }
        let ids: Vec<LinkId> = links.iter().map(|(_, link)| *link).collect();
        let rows = link::by_id(store.connection(), &ids).await?;
        let before = halves(store.connection(), self, &ids).await?;
        let targets: BTreeSet<RemoteId> = rows.values().map(|link| link.remote_id(side).clone()).collect();
        let targets: Vec<RemoteId> = targets.into_iter().collect();
        let read = match self.read_ahead_of(kind, side, &links).await {
            Ok(()) => self.read_targets(kind, side, &targets).await,
            Err(error) => Err(error),
        };
        let answers = match read {
            Ok(answers) => answers,
            Err(error) => {
                for (action, _) in &links {
                    self.applied.interrupted += 1;
                    self.put_off(store.connection(), action, Why::Interrupted).await?;
                }
                self.applied.failing.insert(side, error);
                return Ok(Vec::new());
            }
        };
        let mut shown: Vec<Row> = Vec::new();
        let mut closed: BTreeMap<RemoteId, String> = BTreeMap::new();
        let mut failed: BTreeSet<RemoteId> = BTreeSet::new();
        for (id, answer) in targets.into_iter().zip(answers) {
            match answer {
                Ok(Lookup::Found(row)) => shown.push(*row),
                Ok(Lookup::Closed(words)) => {
                    closed.insert(id, words);
                }
                Ok(Lookup::Gone | Lookup::MergedInto(_)) => {}
                Err(_) => {
                    failed.insert(id);
                }
            }
        }
        let there: BTreeSet<RemoteId> = shown.iter().map(|row| row.id.clone()).collect();
        let shape = self.world.shape(side, kind);
        let mut transaction = store.begin().await?;
        take_in(&mut transaction, self.stage(side, kind), shown).await?;
        let after = halves(&mut transaction, self, &ids).await?;
        let mut parents = BTreeMap::new();
        for parent in links.iter().filter_map(|(action, _)| parent_change(action)) {
            parents.extend(link::by_id(&mut transaction, &[parent]).await?);
        }
        let mut ready = Vec::new();
        for (action, id) in links {
            let halves =
                (rows.get(&id), before.get(&(id, side)), after.get(&(id, side)), after.get(&(id, side.opposite())));
            let (Some(link), Some(old), Some(target), Some(source)) = halves else { continue };
            let Op::Update { changes, .. } = &action.op else { continue };
            if let Some(words) = closed.get(&target.record.id) {
                // What may not be read right before a write is not written: it waits like what the system refused.
                for change in changes {
                    self.refused(&mut transaction, kind, Subject::Link(id), refusal(side, change, words)).await?;
                }
                self.applied.links.insert(id);
                continue;
            }
            if failed.contains(&target.record.id) {
                self.applied.interrupted += 1;
                self.put_off(&mut transaction, &action, Why::Interrupted).await?;
                continue;
            }
            let moved = old.fingerprint != target.fingerprint
                || old.record.parent != target.record.parent
                || !self.is_as_planned(&target.record, changes);
            if moved || !there.contains(&target.record.id) {
                self.applied.superseded += 1;
                todo::arm(&mut transaction, kind, &[Subject::Link(id)], Why::Superseded, Some(self.now())).await?;
                continue;
            }
            let changes = changes.clone();
            let write = write_of(shape, &changes, target, side, &parents);
            ready.push(Ready {
                action,
                changes,
                link: link.clone(),
                target: target.clone(),
                source: source.clone(),
                write,
            });
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(ready)
    }

    /// One answer for each target. A record that alone cannot be read holds up no others, and not the rest of the pass.
    pub(super) async fn read_targets(
        &mut self,
        kind: Kind,
        side: Side,
        targets: &[RemoteId],
    ) -> Result<Vec<Result<Lookup, PortError>>, PortError> {
        each(self.world, side, kind, targets, self.unread_in_a_row.entry(side).or_default()).await
    }

    /// Long lists are read before the targets are: what is typed meanwhile must not come between the guard and the write.
    async fn read_ahead_of(&self, kind: Kind, side: Side, links: &[(Action, LinkId)]) -> Result<(), PortError> {
        let shape = self.world.shape(side, kind);
        let mut texts = Vec::new();
        for (action, _) in links {
            let Op::Update { changes, .. } = &action.op else { continue };
            let fields = changes.iter().filter(|change| change.field != Field::Parent);
            texts.extend(fields.flat_map(|change| shape.send(change.field, &change.after)));
        }
        self.world.source(side).read_ahead(kind, &texts).await
    }

    /// Whether a target shows what the plan was made from. What is staged may have moved since, too: an earlier step of the
    /// same plan re-points a link, or reads its half again.
    fn is_as_planned(&self, target: &Record, changes: &[Change]) -> bool {
        let locale = &self.world.ruling.locale;
        changes.iter().filter(|change| change.field != Field::Parent).all(|change| {
            let now = target.reading(change.field);
            now.same_as(&Reading::of(change.field, change.before.clone(), locale))
        })
    }

    pub(super) async fn put_company_keys(
        &self,
        connection: &mut Connection,
        side: Side,
        records: &[(SeenId, &Record)],
    ) -> Result<(), StoreError> {
        index_companies(connection, self.world, &self.situation.organisation, side, records.iter().copied()).await
    }

    /// What a missing property shows is unknown.
    pub(super) fn hide(&self, side: Side, kind: Kind, rows: &mut [Row]) {
        self.stage(side, kind).hide(rows);
    }

    /// So is a blank that proves nothing.
    pub(super) fn doubt(&self, side: Side, kind: Kind, row: Row, before: &Record) -> Row {
        self.stage(side, kind).doubted(&row, &std::iter::once(before)).unwrap_or(row)
    }
}

async fn halves(
    connection: &mut Connection,
    applying: &Applying<'_>,
    links: &[LinkId],
) -> Result<BTreeMap<(LinkId, Side), Seen>, StoreError> {
    let rows = seen::by_link(connection, &applying.world.ruling.locale, links).await?;
    Ok(rows.into_iter().filter_map(|row| Some(((row.link?, row.record.side), row))).collect())
}

pub(super) fn target_of(action: &Action, side: Side) -> Option<&RemoteId> {
    match side {
        Side::Flowtly => action.flowtly.as_ref(),
        Side::Crm => action.crm.as_ref(),
    }
    .map(|record| &record.id)
}

/// The company link that a contact shall belong to.
pub(super) fn parent_change(action: &Action) -> Option<LinkId> {
    let Op::Update { changes, .. } = &action.op else { return None };
    let change = changes.iter().find(|change| change.field == Field::Parent)?;
    change.after.part(Part::Whole)?.parse().ok().map(LinkId)
}

fn write_of(
    shape: &crate::domain::shape::Shape,
    changes: &[Change],
    target: &Seen,
    side: Side,
    parents: &BTreeMap<LinkId, Link>,
) -> Write {
    let mut texts = Vec::new();
    let mut parent = None;
    for change in changes {
        if change.field == Field::Parent {
            let link: Option<LinkId> = change.after.part(Part::Whole).and_then(|text| text.parse().ok()).map(LinkId);
            parent = link
                .and_then(|link| parents.get(&link))
                .map(|link| ParentWrite { from: target.record.parent.clone(), to: link.remote_id(side).clone() });
            continue;
        }
        // Only the parts that change: the spelling of the others is left alone.
        let unchanged: BTreeSet<&str> = shape
            .cells
            .iter()
            .filter(|cell| cell.field == change.field)
            .filter(|cell| {
                let before = change.before.part(cell.part).unwrap_or_default();
                change.after.part(cell.part).unwrap_or_default() == before
            })
            .map(|cell| cell.path.as_str())
            .collect();
        texts.extend(
            shape.send(change.field, &change.after).into_iter().filter(|(path, _)| !unchanged.contains(path.as_str())),
        );
    }
    Write {
        target: Target::Update { id: target.record.id.clone(), version: target.record.version.clone() },
        texts,
        parent,
        stored_id: None,
        apart_from: Vec::new(),
    }
}
