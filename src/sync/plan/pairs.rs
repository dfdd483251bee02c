//! Linked pairs: the merge of each field, and what follows from archived, gone, merged and refused.

use std::collections::BTreeMap;

use super::pair::{BothManners, StoredPair, forget_outdated, load, payload};
use super::{Draft, OPEN_GAP, Planning};
use crate::domain::field::Field;
use crate::domain::plan::{Asks, LinkId, LinkRef, Op, Question, Reason};
use crate::domain::planner::{self, PairPlan};
use crate::domain::record::{Kind, Side, Standing};
use crate::domain::rules::Gone;
use crate::domain::value::Text;
use crate::store::link::LinkState;
use crate::store::seen::Seen;
use crate::store::todo::{Subject, Why};
use crate::store::{Store, link, seen, todo, waiting};
use crate::sync::PassError;
use crate::sync::apply::{STAMP_FIELD, stamp_payload};

/// What earlier refusals say: payload and next try by subject, side and field.
pub(super) type Refused = BTreeMap<(Subject, Side, String), (u64, Option<chrono::DateTime<chrono::Utc>>)>;

impl Planning<'_> {
    pub(super) async fn pairs(&mut self, store: &mut Store, kind: Kind, links: &[LinkId]) -> Result<(), PassError> {
        if links.is_empty() {
            return Ok(());
        }
        if self.outdated {
            forget_outdated(store.connection(), self.world, kind, links, &self.adrift, self.situation.now).await?;
        }
        let subjects: Vec<Subject> = links.iter().map(|id| Subject::Link(*id)).collect();
        let refused = waiting::refused(store.connection(), &subjects).await?;
        let waiting: BTreeMap<(LinkId, Field), (Text, Text)> = waiting::conflicts(store.connection(), Some(links))
            .await?
            .into_iter()
            .map(|row| ((row.link, row.conflict.field), (row.conflict.flowtly, row.conflict.crm)))
            .collect();
        let pairs = load(store.connection(), self.world, kind, links, &self.adrift, self.situation.now).await?;
        for stored in pairs {
            self.planned.links.insert(stored.link.id);
            self.pair(store, kind, &stored, &refused, &waiting).await?;
        }
        Ok(())
    }

    async fn pair(
        &mut self,
        store: &mut Store,
        kind: Kind,
        stored: &StoredPair,
        refused: &Refused,
        waiting: &BTreeMap<(LinkId, Field), (Text, Text)>,
    ) -> Result<(), PassError> {
        let StoredPair { link, flowtly, crm, pair, doubles } = stored;
        let subject = [Subject::Link(link.id)];
        let reference = LinkRef::Existing(link.id);
        if self.open_links.contains(&link.id) {
            self.push(Draft::of_pair(flowtly, crm, reference, Op::Skip, Reason::OpenIntent));
            let due = self.situation.now + OPEN_GAP;
            todo::arm(store.connection(), kind, &subject, Why::Interrupted, Some(due)).await?;
            return Ok(());
        }
        // What a rule cut because a half was gone goes on where it was once both halves are there again.
        let is_over = link.state == LinkState::Tombstone && !(link.is_unlinked_by_rule() && !flowtly.gone && !crm.gone);
        if is_over {
            return Ok(());
        }
        if self.merged_away.contains(&link.id) {
            // There is nothing left to write to; the question about it stands.
            self.push(Draft::of_pair(flowtly, crm, reference, Op::Skip, Reason::Merged));
            self.planned.waiting.push((kind, Subject::Link(link.id)));
            return Ok(());
        }
        if self.repointed.contains(&link.id) {
            // What the new record shows may be another's, brought by the merge: nothing is written or agreed before the pair
            // is planned from it.
            self.planned.kept_questions.extend([flowtly.id, crm.id].iter().filter(|id| self.asked.contains_key(id)));
            todo::arm(store.connection(), kind, &subject, Why::Superseded, Some(self.situation.now)).await?;
            return Ok(());
        }
        if let Some(half) = [flowtly, crm].into_iter().find(|half| half.gone) {
            let side = half.record.side;
            match self.world.ruling.of(kind).gone {
                Gone::Report => {
                    self.push(Draft::of_pair(flowtly, crm, reference, Op::Skip, Reason::Gone { side }));
                    self.planned.waiting.push((kind, Subject::Link(link.id)));
                }
                Gone::Unlink => {
                    self.push(Draft::of_pair(flowtly, crm, reference, Op::Unlink { side }, Reason::Gone { side }));
                }
            }
            return Ok(());
        }
        let archived = [flowtly, crm].into_iter().find(|half| half.record.standing == Standing::Archived);
        match (archived, link.state) {
            (Some(half), LinkState::Live) => {
                let side = half.record.side;
                self.push(Draft::of_pair(flowtly, crm, reference, Op::Pause { side }, Reason::Archived { side }));
                return Ok(());
            }
            (Some(_), LinkState::Paused | LinkState::Tombstone) => return Ok(()),
            (None, LinkState::Paused | LinkState::Tombstone) => {
                self.push(Draft::of_pair(flowtly, crm, reference, Op::Resume, Reason::Restored));
            }
            (None, LinkState::Live) => {}
        }
        let manners = BothManners::of(self.world, kind);
        let plan = planner::plan_pair(pair, manners.context(self.world, kind, self.situation.adoption));
        if *doubles {
            // Two contacts of one company that are one person in the CRM: which of them is to go, only a person can say.
            let question = Question { asks: Asks::Duplicate, subject: flowtly.reference(), candidates: Vec::new() };
            self.ask(flowtly, question, Reason::Ambiguous);
        }
        let put_off = self.emit(reference, flowtly, crm, plan, refused, waiting);
        if let Some(due) = put_off {
            todo::arm(store.connection(), kind, &subject, Why::Refused, Some(due)).await?;
        }
        Ok(())
    }

    /// Turns a pair's plan into actions. Returns when something that was refused before is to be tried again.
    pub(super) fn emit(
        &mut self,
        link: LinkRef,
        flowtly: &Seen,
        crm: &Seen,
        plan: PairPlan,
        refused: &Refused,
        waiting: &BTreeMap<(LinkId, Field), (Text, Text)>,
    ) -> Option<chrono::DateTime<chrono::Utc>> {
        let mut put_off = None;
        if let Some(side) = plan.identity_changed {
            // No field was looked at: what waits of them, and what was decided, stands until the question is answered.
            let subject = match side {
                Side::Flowtly => flowtly,
                Side::Crm => crm,
            };
            self.ask(
                subject,
                Question { asks: Asks::StillTheSame, subject: subject.reference(), candidates: Vec::new() },
                Reason::IdentityChanged,
            );
            return None;
        }
        if let LinkRef::Existing(id) = link {
            self.planned.judged.insert(id);
            for (side, changes) in [(Side::Flowtly, &plan.to_flowtly), (Side::Crm, &plan.to_crm)] {
                let wanted = changes.iter().map(|change| (id, side, change.field.as_str().to_owned()));
                self.planned.kept_failures.extend(wanted);
                // A decision is over when it is carried out, not when it is planned: the write may not arrive.
                let decided = changes.iter().filter(|change| change.reason == Reason::Decided);
                self.planned.kept_conflicts.extend(decided.map(|change| (id, change.field)));
            }
        }
        for (side, changes) in [(Side::Flowtly, plan.to_flowtly), (Side::Crm, plan.to_crm)] {
            let mut due_changes = Vec::new();
            for change in changes {
                let earlier = match link {
                    LinkRef::Existing(id) => refused
                        .get(&(Subject::Link(id), side, change.field.as_str().to_owned()))
                        .or_else(|| refused.get(&(Subject::Link(id), side, String::new()))),
                    LinkRef::Planned(_) => None,
                };
                match earlier {
                    Some((payload_then, Some(next_try)))
                        if *payload_then == payload(&change) && *next_try > self.situation.now =>
                    {
                        put_off =
                            Some(put_off.map_or(*next_try, |earliest: chrono::DateTime<_>| earliest.min(*next_try)));
                    }
                    Some(_) | None => due_changes.push(change),
                }
            }
            if !due_changes.is_empty() {
                let reason = due_changes.first().map_or(Reason::New, |change| change.reason.clone());
                self.push(Draft::of_pair(flowtly, crm, link, Op::Update { side, changes: due_changes }, reason));
            }
        }
        if !plan.agreed.is_empty() {
            let reason = plan.agreed.first().map_or(Reason::FirstEqual, |(_, reason)| reason.clone());
            self.push(Draft::of_pair(flowtly, crm, link, Op::Agree { fields: plan.agreed }, reason));
        }
        for (conflict, reason) in plan.conflicts {
            if let LinkRef::Existing(id) = link {
                self.planned.kept_conflicts.push((id, conflict.field));
                self.planned.waiting.push((flowtly.record.kind, Subject::Link(id)));
                // One that already waits with these values is not asked again.
                if waiting
                    .get(&(id, conflict.field))
                    .is_some_and(|shown| *shown == (conflict.flowtly.clone(), conflict.crm.clone()))
                {
                    continue;
                }
            }
            self.push(Draft::of_pair(flowtly, crm, link, Op::Conflict(conflict), reason));
        }
        let stamp_again = self.stamp(link, flowtly, crm, refused);
        put_off.into_iter().chain(stamp_again).min()
    }

    /// Our id belongs into the CRM's company, where there is a property for it. Returns when one that was refused is tried
    /// again.
    fn stamp(
        &mut self,
        link: LinkRef,
        flowtly: &Seen,
        crm: &Seen,
        refused: &Refused,
    ) -> Option<chrono::DateTime<chrono::Utc>> {
        let kind = crm.record.kind;
        if kind != Kind::Company || !self.world.crm.capabilities().of(kind).stores_id {
            return None;
        }
        let wanted = self.stored_id(&flowtly.record.id)?;
        if crm.record.stored_id.as_ref() == Some(&wanted) {
            return None;
        }
        if let LinkRef::Existing(id) = link {
            self.planned.kept_failures.push((id, Side::Crm, STAMP_FIELD.to_owned()));
            if let Some((payload, Some(next_try))) =
                refused.get(&(Subject::Link(id), Side::Crm, STAMP_FIELD.to_owned()))
                && *payload == stamp_payload(&wanted)
                && *next_try > self.situation.now
            {
                return Some(*next_try);
            }
        }
        self.push(Draft::of_pair(flowtly, crm, link, Op::Stamp, Reason::StampMissing));
        None
    }

    /// Asks a person about a record; one that is asked already is not asked again.
    pub(super) fn ask(&mut self, subject: &Seen, question: Question, reason: Reason) {
        self.planned.kept_questions.insert(subject.id);
        let about = subject.link.map_or(Subject::Seen(subject.id), Subject::Link);
        self.planned.waiting.push((subject.record.kind, about));
        if self.asked.get(&subject.id) == Some(&question) {
            return;
        }
        self.push(Draft::about(subject, Op::Question(question), reason));
    }

    /// Links whose record continues under another id.
    pub(super) async fn repoints(&mut self, store: &mut Store) -> Result<(), PassError> {
        let locale = &self.world.ruling.locale;
        let mut followed = Vec::new();
        for merged in self.situation.merged.clone() {
            let old = seen::by_id(store.connection(), locale, &[merged.old]).await?;
            let Some(old) = old.into_iter().next() else { continue };
            let links: Vec<LinkId> = old.link.into_iter().collect();
            let halves = seen::by_link(store.connection(), locale, &links).await?;
            let is_cut =
                link::by_id(store.connection(), &links).await?.values().any(|l| l.state == LinkState::Tombstone);
            let is_over = is_cut || halves.iter().any(|half| half.record.side != merged.side && half.gone);
            followed.push((is_over, merged, old));
        }
        // Of two that became one, the link goes on that is in use: the other's partner went too, or was separated before.
        followed.sort_by_key(|(is_over, ..)| *is_over);
        for (is_over, merged, old) in followed {
            let new = seen::by_remote_id(store.connection(), locale, merged.side, merged.kind, &[merged.into.as_str()])
                .await?;
            let new = new.into_iter().find(|row| !row.gone && row.record.parent == old.record.parent);
            let Some(link) = old.link else { continue };
            if is_over && new.as_ref().is_none_or(|new| new.link.is_some() || self.taken.contains(new.id)) {
                // Nothing is left of this pair that could be a duplicate: that its half is gone is told with the pair.
                continue;
            }
            if new.as_ref().is_some_and(|new| new.link == Some(link)) {
                continue;
            }
            let home = link::by_id(store.connection(), &[link]).await?.get(&link).and_then(|link| link.parent);
            let is_taken = match home {
                Some(home) => link::is_taken(store.connection(), &merged.into, home).await?,
                None => false,
            };
            let Some(new) = new.filter(|new| new.link.is_none() && !is_taken && self.taken.insert(new.id)) else {
                // Both partners of what was merged have a counterpart of their own (two became one on this side only), or
                // it is no longer at the company where its partner is.
                let question = Question { asks: Asks::Duplicate, subject: old.reference(), candidates: Vec::new() };
                self.ask(&old, question, Reason::Merged);
                self.merged_away.insert(link);
                continue;
            };
            self.repointed.insert(link);
            let op = Op::Repoint { side: merged.side, to: new.record.id.clone() };
            self.push(Draft { link: Some(LinkRef::Existing(link)), ..Draft::about(&old, op, Reason::Merged) });
        }
        Ok(())
    }
}
