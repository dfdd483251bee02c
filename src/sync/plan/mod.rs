//! Everything that is due becomes actions, companies first, in chunks, on disk.

mod companies;
mod contacts;
pub(crate) mod pair;
mod pairs;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::bitmap::Bitmap;
use super::gone::Merged;
use super::stage::Missing;
use super::{PassError, World};
use crate::domain::field::Field;
use crate::domain::matching::identifying;
use crate::domain::plan::{Action, ActionId, Asks, LinkId, LinkRef, Op, Question, Reason, RecordRef, Totals};
use crate::domain::record::{Kind, Record, RemoteId, Side};
use crate::domain::safety::Worst;
use crate::domain::value::Text;
use crate::store::seen::{self, Seen, SeenId};
use crate::store::todo::{Subject, Todo};
use crate::store::{Store, action, intent, mark, todo, waiting};

/// How many rows of `todo` are planned together: their records are read by a handful of statements.
const CHUNK: u32 = 250;

/// How long does a record rest of which an open write is in the way? Its recovery brings it back at once; this is for records
/// that only look like it.
const OPEN_GAP: TimeDelta = TimeDelta::minutes(1);

/// What planning needs to know of the pass.
#[derive(Debug, Clone)]
pub(crate) struct Situation {
    /// Flowtly's account.
    pub(crate) organisation: String,
    /// The pass.
    pub(crate) pass: i64,
    /// Now.
    pub(crate) now: DateTime<Utc>,
    /// The state has not proved itself.
    pub(crate) adoption: bool,
    /// Sides and kinds whose records are known to be all there: only there may be created.
    pub(crate) whole: BTreeSet<(Side, Kind)>,
    /// The hash of rules and mappings.
    pub(crate) ruling: u64,
    /// Records that continue under another id.
    pub(crate) merged: Vec<Merged>,
    /// Properties that are missing: their texts are unknown whatever is delivered.
    pub(crate) missing: Missing,
    /// Whether this pass walked everything; else contacts of newly linked companies are read by their company.
    pub(crate) complete: bool,
    /// Whether anything was walked. Where only what is due was read, records without a partner wait for a pass that walks.
    pub(crate) walked: bool,
}

/// What a plan amounts to; its actions are on disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Planned {
    /// The sums.
    pub(crate) totals: Totals,
    /// The worst of it.
    pub(crate) worst: Worst,
    /// Links that were looked at.
    pub(crate) links: BTreeSet<LinkId>,
    /// Links of which every field was looked at: what waits of them and is not kept is over.
    pub(crate) judged: BTreeSet<LinkId>,
    /// Refusals of what is still wanted, by link, side and field.
    pub(crate) kept_failures: Vec<(LinkId, Side, String)>,
    /// Conflicts that stand; the others of these links are over.
    pub(crate) kept_conflicts: Vec<(LinkId, Field)>,
    /// Records whose question stands.
    pub(crate) kept_questions: BTreeSet<SeenId>,
    /// Records that had a question when the pass began.
    pub(crate) questioned: Vec<SeenId>,
    /// What waits for a person after this plan.
    pub(crate) waiting: Vec<(Kind, Subject)>,
}

/// A company link that this plan makes: by the rows of its halves, since a first pass holds one for each company.
#[derive(Debug, Clone, Copy)]
struct NewCompany {
    action: ActionId,
    flowtly: Option<SeenId>,
    crm: Option<SeenId>,
}

/// The plan in the making.
pub(crate) struct Planning<'a> {
    world: World<'a>,
    situation: &'a Situation,
    next: u32,
    buffer: Vec<Action>,
    planned: Planned,
    /// Questions that stand, so that the same one is not asked again.
    asked: HashMap<SeenId, Question>,
    /// Contacts that were looked at already.
    judged: Bitmap,
    /// Records that an action of this plan already uses.
    taken: Bitmap,
    /// Companies that this plan links, by row.
    new_companies: HashMap<SeenId, NewCompany>,
    /// Their rows in order, so that contacts follow in the same order.
    new_order: Vec<SeenId>,
    /// Links whose record was merged into one that has a partner: only a person can say what becomes of them.
    merged_away: HashSet<LinkId>,
    /// Companies of which that is so, by this pass or since an earlier one: their contacts stay where they are.
    adrift: HashSet<LinkId>,
    /// Links whose record continues under another id by this plan.
    repointed: HashSet<LinkId>,
    /// Others may have agreed since this state last did.
    outdated: bool,
    /// Links with an open intent, and records that an open create copies.
    open_links: HashSet<LinkId>,
    open_sources: HashSet<SeenId>,
    /// Records that may be what an open create has made.
    may_have_arrived: HashSet<(Kind, Side, RemoteId)>,
}

/// Plans everything that is due.
pub(crate) async fn plan(world: World<'_>, store: &mut Store, situation: &Situation) -> Result<Planned, PassError> {
    action::clear(store.connection()).await?;
    todo::forget_planned(store.connection()).await?;
    let open = intent::open(store.connection()).await?;
    let mut planning = Planning {
        world,
        situation,
        next: 1,
        buffer: Vec::new(),
        planned: Planned::default(),
        asked: HashMap::new(),
        judged: Bitmap::default(),
        taken: Bitmap::default(),
        new_companies: HashMap::new(),
        new_order: Vec::new(),
        merged_away: HashSet::new(),
        adrift: pair::merged_away(store.connection(), &world.ruling.locale).await?,
        repointed: HashSet::new(),
        outdated: mark::is_outdated(store.connection()).await?,
        open_links: open.iter().filter_map(|intent| intent.link).collect(),
        open_sources: open.iter().filter_map(|intent| intent.source).collect(),
        may_have_arrived: HashSet::new(),
    };
    planning.rearm_questions(store).await?;
    planning.repoints(store).await?;
    planning.adrift.retain(|link| !planning.repointed.contains(link));
    planning.adrift.extend(&planning.merged_away);
    for kind in Kind::BOTH {
        planning.kind(store, kind).await?;
    }
    planning.flush(store).await?;
    Ok(planning.planned)
}

impl Planning<'_> {
    async fn kind(&mut self, store: &mut Store, kind: Kind) -> Result<(), PassError> {
        if kind == Kind::Contact {
            self.contacts_of_new_companies(store).await?;
        }
        let mut after = 0;
        loop {
            let rows = todo::due(store.connection(), kind, self.situation.now, after, CHUNK).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let walked = self.situation.walked;
            // A contact that was looked at with its new company, and put off, is due and stays so.
            let is_left = |row: &Todo| match row.subject {
                Subject::Link(_) => true,
                Subject::Seen(id) => walked && !self.judged.contains(id),
            };
            let rows: Vec<Todo> = rows.into_iter().filter(is_left).collect();
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            todo::mark_planned(store.connection(), self.situation.pass, &ids).await?;
            let mut links = Vec::new();
            let mut records = Vec::new();
            for row in rows {
                match row.subject {
                    Subject::Link(id) => links.push(id),
                    Subject::Seen(id) => records.push(id),
                }
            }
            self.pairs(store, kind, &links).await?;
            match kind {
                Kind::Company => self.companies(store, &records).await?,
                Kind::Contact => self.contacts(store, &records).await?,
            }
            self.flush(store).await?;
        }
        Ok(())
    }

    /// Every pass looks again whether the cause of a question is gone.
    async fn rearm_questions(&mut self, store: &mut Store) -> Result<(), PassError> {
        self.asked = waiting::questioned(store.connection()).await?.into_iter().collect();
        let questioned: Vec<SeenId> = self.asked.keys().copied().collect();
        let rows = seen::by_id(store.connection(), &self.world.ruling.locale, &questioned).await?;
        for row in rows.iter().filter(|row| self.open_sources.contains(&row.id)) {
            let question = self.asked.get(&row.id).filter(|question| question.asks == Asks::LostCreate);
            let Some(question) = question else { continue };
            // It stands as long as the create is open, whatever became of the record that it copies.
            self.planned.kept_questions.insert(row.id);
            let candidates = question.candidates.iter();
            let keys = candidates.map(|other| (row.record.kind, other.record.side, other.record.id.clone()));
            self.may_have_arrived.extend(keys);
        }
        if !self.situation.walked {
            // Who else may be meant is not known without a walk: what is asked stands.
            return Ok(());
        }
        self.planned.questioned = questioned;
        for kind in Kind::BOTH {
            let subjects: Vec<Subject> = rows
                .iter()
                .filter(|row| row.record.kind == kind)
                .map(|row| row.link.map_or(Subject::Seen(row.id), Subject::Link))
                .collect();
            todo::arm(store.connection(), kind, &subjects, todo::Why::WaitsForPerson, Some(self.situation.now)).await?;
        }
        Ok(())
    }

    /// Appends an action and counts it.
    fn push(&mut self, draft: Draft) -> ActionId {
        let id = ActionId(self.next);
        self.next += 1;
        let action = Action {
            id,
            kind: draft.kind,
            label: draft.label,
            link: draft.link,
            flowtly: draft.flowtly,
            crm: draft.crm,
            op: draft.op,
            reason: draft.reason,
        };
        self.planned.totals.count(&action);
        self.planned.worst.note(&action);
        self.buffer.push(action);
        id
    }

    async fn flush(&mut self, store: &mut Store) -> Result<(), PassError> {
        if !self.buffer.is_empty() {
            action::push(store.connection(), &self.buffer).await?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Whether the outcome of an open create decides first what becomes of a record: it is copied by one, or may be its record.
    fn is_of_open_create(&self, row: &Seen) -> bool {
        let Record { kind, side, id, .. } = &row.record;
        self.open_sources.contains(&row.id) || self.may_have_arrived.contains(&(*kind, *side, id.clone()))
    }

    /// A side that does not show by what records of a kind are recognised: as long as that is so, none can be told from another.
    fn unrecognisable(&self, kind: Kind) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| {
            let cells = &self.world.shape(*side, kind).cells;
            let missing = self.situation.missing.gone.get(&(*side, kind)).into_iter().flatten();
            let mut fields = missing.filter_map(|position| cells.get(*position)).map(|cell| cell.field);
            fields.any(|field| identifying(kind).contains(&field))
        })
    }

    /// The stored id that a Flowtly company has in the CRM.
    fn stored_id(&self, flowtly_id: &RemoteId) -> Option<String> {
        stored_id(&self.situation.organisation, flowtly_id)
    }
}

/// `organisation/id`; nothing where Flowtly does not tell its organisation.
pub(crate) fn stored_id(organisation: &str, flowtly_id: &RemoteId) -> Option<String> {
    (!organisation.is_empty()).then(|| format!("{organisation}/{flowtly_id}"))
}

/// An action before it has a number.
struct Draft {
    kind: Kind,
    label: String,
    link: Option<LinkRef>,
    flowtly: Option<RecordRef>,
    crm: Option<RecordRef>,
    op: Op,
    reason: Reason,
}

impl Draft {
    /// About one record without a link.
    fn about(seen: &Seen, op: Op, reason: Reason) -> Self {
        let reference = Some(seen.reference());
        let (flowtly, crm) = match seen.record.side {
            Side::Flowtly => (reference, None),
            Side::Crm => (None, reference),
        };
        Self { kind: seen.record.kind, label: seen.record.label(), link: None, flowtly, crm, op, reason }
    }

    /// About a pair.
    fn of_pair(flowtly: &Seen, crm: &Seen, link: LinkRef, op: Op, reason: Reason) -> Self {
        Self {
            kind: flowtly.record.kind,
            label: flowtly.record.label(),
            link: Some(link),
            flowtly: Some(flowtly.reference()),
            crm: Some(crm.reference()),
            op,
            reason,
        }
    }
}

/// The parent field's text: the link of the company, or outside.
fn parent_text(links: &BTreeMap<RemoteId, LinkId>, parent: Option<&RemoteId>) -> Text {
    parent.and_then(|id| links.get(id)).map_or_else(|| Text::whole(OUTSIDE), |link| Text::whole(link.0.to_string()))
}

/// The parent field's text for a contact whose company has no link.
pub(crate) const OUTSIDE: &str = "outside";
