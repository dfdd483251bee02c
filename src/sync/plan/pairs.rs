//! Linked pairs: the merge of each field, and what follows from archived, gone, merged and refused.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::{Draft, OPEN_GAP, OUTSIDE, Planning, parent_text};
use crate::connector::port::KindCapabilities;
use crate::domain::field::Field;
use crate::domain::plan::{Asks, Change, LinkId, LinkRef, Op, Question, Reason};
use crate::domain::planner::{self, Context, Decision, Manners, Pair, PairHalf, PairPlan};
use crate::domain::record::{Kind, Record, RemoteId, Side, Standing};
use crate::domain::rules::Gone;
use crate::domain::value::{Reading, Text};
use crate::store::base;
use crate::store::link::{Link, LinkState};
use crate::store::seen::Seen;
use crate::store::todo::{Subject, Why};
use crate::store::{Connection, Store, StoreError, history, link, seen, todo, waiting};
use crate::sync::apply::{STAMP_FIELD, stamp_payload};
use crate::sync::{PassError, World};

/// Within this time a value that goes to and fro is stopped.
const ALTERNATES_WITHIN: chrono::TimeDelta = chrono::TimeDelta::hours(24);

/// What earlier refusals say: payload and next try by subject, side and field.
pub(super) type Refused = BTreeMap<(Subject, Side, String), (u64, Option<chrono::DateTime<chrono::Utc>>)>;

/// A linked pair as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredPair {
    /// The link.
    pub(crate) link: Link,
    /// Flowtly's half.
    pub(crate) flowtly: Seen,
    /// The CRM's half.
    pub(crate) crm: Seen,
    /// The planner's view of both.
    pub(crate) pair: Pair,
    /// Flowtly's contact came to a company of which its person in the CRM is a contact already, under another link.
    pub(crate) doubles: bool,
}

/// The manners of both sides for a kind.
pub(crate) struct BothManners {
    flowtly: Manners,
    crm: Manners,
}

impl BothManners {
    /// Asks both sources.
    pub(crate) fn of(world: World<'_>, kind: Kind) -> Self {
        let manners = |capabilities: KindCapabilities| capabilities.manners;
        Self {
            flowtly: manners(world.flowtly.capabilities().of(kind)),
            crm: manners(world.crm.capabilities().of(kind)),
        }
    }

    /// The planner's surroundings.
    pub(crate) fn context<'a>(&'a self, world: World<'a>, kind: Kind, adoption: bool) -> Context<'a> {
        Context {
            rules: world.ruling.of(kind),
            flowtly: world.shape(Side::Flowtly, kind),
            crm: world.shape(Side::Crm, kind),
            flowtly_manners: &self.flowtly,
            crm_manners: &self.crm,
            locale: &world.ruling.locale,
            adoption,
        }
    }
}

/// Loads linked pairs, ready to be planned. A link whose half was never read is left out.
pub(crate) async fn load(
    connection: &mut Connection,
    world: World<'_>,
    kind: Kind,
    links: &[LinkId],
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<StoredPair>, StoreError> {
    let locale = &world.ruling.locale;
    let mut rows = link::by_id(connection, links).await?;
    let mut halves: BTreeMap<(LinkId, Side), Seen> = BTreeMap::new();
    for half in seen::by_link(connection, locale, links).await? {
        if let Some(link) = half.link {
            halves.insert((link, half.record.side), half);
        }
    }
    let mut bases = base::load(connection, links).await?;
    let mut alternating = history::alternating(connection, links, now - ALTERNATES_WITHIN).await?;
    let mut decisions: BTreeMap<LinkId, BTreeMap<Field, Decision>> = BTreeMap::new();
    for conflict in waiting::conflicts(connection, Some(links)).await? {
        if let Some(decision) = conflict.decision {
            decisions.entry(conflict.link).or_default().insert(conflict.conflict.field, decision);
        }
    }
    let mut parents = BTreeMap::new();
    if kind == Kind::Contact {
        for side in Side::BOTH {
            let ids: BTreeSet<&str> = halves
                .values()
                .filter(|half| half.record.side == side)
                .filter_map(|half| half.record.parent.as_ref().map(RemoteId::as_str))
                .collect();
            let ids: Vec<&str> = ids.into_iter().collect();
            parents.insert(side, company_links(connection, world, side, &ids).await?);
        }
    }
    let doubled =
        if kind == Kind::Contact { doubled(connection, &rows, &halves, &parents).await? } else { BTreeSet::new() };
    let mut pairs = Vec::with_capacity(links.len());
    for id in links {
        let Some(link) = rows.remove(id) else { continue };
        let (Some(flowtly), Some(crm)) = (halves.remove(&(*id, Side::Flowtly)), halves.remove(&(*id, Side::Crm)))
        else {
            continue;
        };
        let mut half = |seen: &Seen| {
            let side = seen.record.side;
            let mut record = seen.record.clone();
            if kind == Kind::Contact {
                let nothing = BTreeMap::new();
                let text = parent_text(parents.get(&side).unwrap_or(&nothing), record.parent.as_ref());
                let reading = Reading::of(Field::Parent, text, locale);
                // The person cannot be put to that company a second time: the move is asked about and does not travel.
                let reading = if doubled.contains(id) { Reading::Unknown } else { reading };
                record.fields.insert(Field::Parent, reading);
            }
            let bases = bases.remove(&(*id, side)).unwrap_or_default();
            let base = base::readings(&bases, &record, world.shape(side, kind), locale);
            PairHalf { record, base }
        };
        let pair = Pair {
            flowtly: half(&flowtly),
            crm: half(&crm),
            decisions: decisions.remove(id).unwrap_or_default(),
            alternating: alternating.remove(id).unwrap_or_default(),
        };
        pairs.push(StoredPair { link, flowtly, crm, pair, doubles: doubled.contains(id) });
    }
    Ok(pairs)
}

/// Links whose contact moved in Flowtly to a company of which its person in the CRM is a contact already.
async fn doubled(
    connection: &mut Connection,
    rows: &BTreeMap<LinkId, Link>,
    halves: &BTreeMap<(LinkId, Side), Seen>,
    parents: &BTreeMap<Side, BTreeMap<RemoteId, LinkId>>,
) -> Result<BTreeSet<LinkId>, StoreError> {
    let company = |id: &LinkId, side: Side| {
        let parent = halves.get(&(*id, side))?.record.parent.as_ref()?;
        parents.get(&side)?.get(parent).copied()
    };
    let moved: Vec<(&Link, LinkId)> = rows
        .values()
        .filter_map(|link| Some((link, company(&link.id, Side::Flowtly)?)))
        .filter(|(link, ours)| company(&link.id, Side::Crm) != Some(*ours))
        .collect();
    if moved.is_empty() {
        return Ok(BTreeSet::new());
    }
    let people: Vec<&str> = moved.iter().map(|(link, _)| link.crm_id.as_str()).collect();
    let others = link::by_remote_id(connection, Kind::Contact, Side::Crm, &people).await?;
    Ok(moved
        .into_iter()
        .filter(|(link, company)| {
            others
                .iter()
                .any(|other| other.id != link.id && other.crm_id == link.crm_id && other.parent == Some(*company))
        })
        .map(|(link, _)| link.id)
        .collect())
}

/// The links of companies by their remote id.
pub(crate) async fn company_links(
    connection: &mut Connection,
    world: World<'_>,
    side: Side,
    ids: &[&str],
) -> Result<BTreeMap<RemoteId, LinkId>, StoreError> {
    let rows = seen::by_remote_id(connection, &world.ruling.locale, side, Kind::Company, ids).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.record.id.clone(), row.link?))).collect())
}

/// A hash of what is sent for a field: the same payload that was refused waits, another one is tried at once.
pub(crate) fn payload(change: &Change) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(change.field.as_str().as_bytes());
    for (part, text) in change.after.parts() {
        hasher.update([0]);
        hasher.update(part.as_str().as_bytes());
        hasher.update([0]);
        hasher.update(text.as_bytes());
    }
    hasher.finalize().iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

impl Planning<'_> {
    pub(super) async fn pairs(&mut self, store: &mut Store, kind: Kind, links: &[LinkId]) -> Result<(), PassError> {
        if links.is_empty() {
            return Ok(());
        }
        let subjects: Vec<Subject> = links.iter().map(|id| Subject::Link(*id)).collect();
        let refused = waiting::refused(store.connection(), &subjects).await?;
        let waiting: BTreeMap<(LinkId, Field), (Text, Text)> = waiting::conflicts(store.connection(), Some(links))
            .await?
            .into_iter()
            .map(|row| ((row.link, row.conflict.field), (row.conflict.flowtly, row.conflict.crm)))
            .collect();
        let pairs = load(store.connection(), self.world, kind, links, self.situation.now).await?;
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
        if link.state == LinkState::Tombstone {
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
            (None, LinkState::Paused) => {
                self.push(Draft::of_pair(flowtly, crm, reference, Op::Resume, Reason::Restored));
            }
            (None, LinkState::Live | LinkState::Tombstone) => {}
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
        if let Some(side) = plan.identity_changed {
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
        for merged in self.situation.merged.clone() {
            let old = seen::by_id(store.connection(), locale, &[merged.old]).await?;
            let Some(old) = old.into_iter().next() else { continue };
            let new = seen::by_remote_id(store.connection(), locale, merged.side, merged.kind, &[merged.into.as_str()])
                .await?;
            let new = new.into_iter().find(|row| row.record.parent == old.record.parent);
            let (Some(link), Some(new)) = (old.link, new) else { continue };
            if let Some(other) = new.link {
                // Both partners of what was merged have a counterpart of their own: two became one on this side only.
                if other != link {
                    let question = Question { asks: Asks::Duplicate, subject: old.reference(), candidates: Vec::new() };
                    self.ask(&old, question, Reason::Merged);
                }
                continue;
            }
            if !self.taken.insert(new.id) {
                let question = Question { asks: Asks::Duplicate, subject: old.reference(), candidates: Vec::new() };
                self.ask(&old, question, Reason::Merged);
                continue;
            }
            let op = Op::Repoint { side: merged.side, to: new.record.id.clone() };
            self.push(Draft { link: Some(LinkRef::Existing(link)), ..Draft::about(&old, op, Reason::Merged) });
        }
        Ok(())
    }
}

/// Whether a contact's half says that its company has no link.
pub(crate) fn is_outside(record: &Record) -> bool {
    record
        .reading(Field::Parent)
        .text()
        .is_some_and(|text| text.part(crate::domain::field::Part::Whole) == Some(OUTSIDE))
}
