//! Settling a create: the record, the link, and the agreement on what was sent.

use tracing::{Instrument, debug};

use super::Applying;
use super::create::Ready;
use super::settle::{Stored, judge};
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, Side};
use crate::domain::shape::Row;
use crate::domain::value::Text;
use crate::store::base::{self, Bases, Entry};
use crate::store::link::{self, NewLink};
use crate::store::seen::{self, Put};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, action, history, intent};
use crate::sync::PassError;

impl Applying<'_> {
    /// Remembers what was created: the record, the link, and the agreement on what was sent.
    pub(super) async fn settle_creates(
        &mut self,
        connection: &mut Connection,
        kind: Kind,
        side: Side,
        stored: Vec<(Ready, i64, Row)>,
    ) -> Result<(), PassError> {
        let stored = self.without_known(connection, kind, side, stored).await?;
        if stored.is_empty() {
            return Ok(());
        }
        let shape = self.world.shape(side, kind);
        let key = shape.key();
        let locale = &self.world.ruling.locale;
        let mut puts = Vec::with_capacity(stored.len());
        for (ready, _, row) in &stored {
            let mut row = row.clone();
            self.hide(side, kind, std::slice::from_mut(&mut row));
            row.parents = ready.parent.iter().map(|(_, id)| id.clone()).collect();
            if row.stored_id.is_none() {
                row.stored_id.clone_from(&ready.stored_id);
            }
            let raw_hash = shape.raw_hash(key, &row);
            puts.extend(shape.records(&row, locale).into_iter().map(|record| Put { id: None, record, raw_hash }));
        }
        self.raise_highest(side, kind, puts.iter().map(|put| &put.record.id));
        let ids = seen::put(connection, &puts).await?;
        if kind == Kind::Company {
            let records: Vec<_> = ids.iter().copied().zip(puts.iter().map(|put| &put.record)).collect();
            self.put_company_keys(connection, side, &records).await?;
        }
        let mut bases = Vec::with_capacity(stored.len() * 2);
        let mut entries = Vec::new();
        for (((ready, intent, _), id), put) in stored.into_iter().zip(ids).zip(puts) {
            let new_half = (id, &put.record.id);
            let old_half = (ready.source.id, &ready.source.record.id);
            let (flowtly, crm) = match side {
                Side::Flowtly => (new_half, old_half),
                Side::Crm => (old_half, new_half),
            };
            let parent = ready.parent.as_ref().map(|(link, _)| *link);
            let reason = ready.action.reason.to_string();
            let new = NewLink { kind, parent, flowtly, crm, reason: &reason, pass: self.situation.pass };
            let link = link::insert(connection, &new).await?;
            action::made_link(connection, ready.action.id, link).await?;
            let span = super::span(&ready.action, Some(link));
            self.agree_on_created(connection, side, &ready, link, &put, &mut bases, &mut entries)
                .instrument(span)
                .await?;
            intent::close(connection, self.now(), intent, intent::Outcome::Settled).await?;
            self.applied.written += 1;
            self.applied.wrote.insert((side, kind));
            self.applied.links.insert(link);
        }
        base::put(connection, &bases).await?;
        history::add(connection, self.situation.pass, self.now(), &entries).await?;
        Ok(())
    }

    /// A system that answers a create with a record that has a partner already made nothing: a person is asked.
    async fn without_known(
        &mut self,
        connection: &mut Connection,
        kind: Kind,
        side: Side,
        stored: Vec<(Ready, i64, Row)>,
    ) -> Result<Vec<(Ready, i64, Row)>, PassError> {
        let ids: Vec<&str> = stored.iter().map(|(_, _, row)| row.id.as_str()).collect();
        let known = seen::by_remote_id(connection, &self.world.ruling.locale, side, kind, &ids).await?;
        let mut made = Vec::with_capacity(stored.len());
        for (ready, intent, row) in stored {
            let parent = ready.parent.as_ref().map(|(_, id)| id);
            let has_partner = known
                .iter()
                .any(|old| old.link.is_some() && old.record.id == row.id && old.record.parent.as_ref() == parent);
            if has_partner {
                intent::close(connection, self.now(), intent, intent::Outcome::Overtaken).await?;
                self.ask_about_double(connection, &ready.source, &ready.action.label).await?;
            } else {
                made.push((ready, intent, row));
            }
        }
        Ok(made)
    }

    #[expect(clippy::too_many_arguments, reason = "a step of one loop, split off for reading")]
    async fn agree_on_created(
        &mut self,
        connection: &mut Connection,
        side: Side,
        ready: &Ready,
        link: LinkId,
        put: &Put,
        bases: &mut Vec<(LinkId, Side, Bases)>,
        entries: &mut Vec<history::Entry>,
    ) -> Result<(), PassError> {
        let kind = put.record.kind;
        let locale = &self.world.ruling.locale;
        let shape = self.world.shape(side, kind);
        let source_shape = self.world.shape(side.opposite(), kind);
        let capabilities = self.world.source(side).capabilities().of(kind);
        let mut target_bases = Bases::new();
        let mut source_bases = Bases::new();
        for (field, sent) in &ready.fields {
            let shown = put.record.reading(*field);
            let judged = judge(*field, sent, &Text::default(), shown, &capabilities, locale);
            if judged.is_edited_beside() || !judged.ignored.is_empty() {
                // What was ignored is tried alone by the next pass, and then waits as a failure; what somebody else typed
                // beside it travels.
                todo::arm(connection, kind, &[Subject::Link(link)], Why::Staged, Some(self.now())).await?;
            }
            if judged.stored == Stored::Ignored {
                continue;
            }
            if judged.stored == Stored::Rewritten {
                self.applied.rewritten += 1;
            }
            if let Some(key) = base::key(shape, *field) {
                target_bases.insert(*field, Entry { key, text: judged.base.clone() });
            }
            // A default has no value behind it: that the source is blank is agreed, so that it is not filled by itself.
            if let Some(key) = base::key(source_shape, *field)
                && let Some(planned) = ready.source.record.reading(*field).text()
            {
                let is_partial = judged.stored == Stored::PartlyIgnored;
                let nothing = Text::default();
                let text = is_partial.then(|| judged.source_base(*field, (&planned, &nothing, &nothing), locale));
                source_bases.insert(*field, Entry { key, text });
            }
            entries.push(history::Entry {
                link,
                side,
                field: *field,
                old: Text::default(),
                new: judged.arrived(sent, &shown.text().unwrap_or_default()),
                reason: ready.action.reason.clone(),
            });
        }
        if let Some((parent, _)) = &ready.parent {
            let entry = Entry { key: base::PARENT_KEY, text: Some(Text::whole(parent.0.to_string())) };
            target_bases.insert(Field::Parent, entry.clone());
            source_bases.insert(Field::Parent, entry);
        }
        bases.push((link, side, target_bases));
        bases.push((link, side.opposite(), source_bases));
        debug!(action.fields = ready.fields.len(), "settled");
        Ok(())
    }
}
