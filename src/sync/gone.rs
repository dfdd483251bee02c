//! What is due and was not delivered is read by id; what a whole walk did not show is read by id; and only what answers
//! "gone" by id, while a canary still answers, is gone. A record that its server stumbles over rests until the next beat.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;
use tracing::{info, warn};

use super::apart::{UNREAD_GAP, each};
use super::canary::Canaries;
use super::scan::{Scans, Scope};
use super::stage::take_in;
use super::{PassError, World, on};
use crate::connector::port::Lookup;
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, RemoteId, Side, Standing};
use crate::domain::safety::FEW;
use crate::domain::shape::Row;
use crate::store::action::StepOp;
use crate::store::intent::{self, Intent};
use crate::store::seen::SeenId;
use crate::store::todo::{Subject, Why};
use crate::store::{Connection, Store, StoreError, seen, todo};

/// How many rows are looked at together.
const CHUNK: u32 = 500;

/// How many row numbers are compared together with what a complete walk met.
const PRESENT: u32 = 10_000;

/// A record that continues under another id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    /// The side.
    pub(crate) side: Side,
    /// Company or contact.
    pub(crate) kind: Kind,
    /// The row of the old id.
    pub(crate) old: SeenId,
    /// The new id.
    pub(crate) into: RemoteId,
}

/// What the reads by id found.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    /// Records that continue under another id.
    pub(crate) merged: Vec<Merged>,
    /// How many known records of a side and kind answered "gone" just now.
    pub(crate) gone: BTreeMap<(Side, Kind), u64>,
    /// How many known records a complete walk did not show, by side and kind.
    pub(crate) not_shown: BTreeMap<(Side, Kind), u64>,
    /// A few of them.
    pub(crate) not_shown_ids: BTreeMap<(Side, Kind), Vec<RemoteId>>,
    /// How many links, and records without one, rest since the server stumbled over the record.
    pub(crate) unread: u64,
}

/// What is known of a side while it is asked for records by their ids.
#[derive(Debug, Clone, Copy)]
struct Hearing {
    /// It answered in this pass: where it then stumbles over a record, that is about this record alone.
    answers: bool,
    /// How many records in a row it stumbled over.
    unread_in_a_row: u32,
}

/// What a side had before the pass, and what of it earlier passes found gone and nobody accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Had<'a> {
    /// Records that were known.
    pub(crate) known: &'a BTreeMap<(Side, Kind), u64>,
    /// Records found gone since a plan was last accepted.
    pub(crate) unaccepted: &'a BTreeMap<(Side, Kind), u64>,
}

impl Had<'_> {
    /// Whether so many are missing that the plan is refused, whatever a read by id says of each of them.
    fn is_shrunken(&self, world: World<'_>, key: (Side, Kind), not_shown: u64) -> bool {
        let of = |counts: &BTreeMap<(Side, Kind), u64>| counts.get(&key).copied().unwrap_or(0);
        let (known, unaccepted) = (of(self.known), of(self.unaccepted));
        not_shown.min(known) + unaccepted > world.ruling.limits.shrink.of(known + unaccepted)
    }
}

/// Reads by id what the scans did not deliver but the pass needs. Where a list shows so few that the plan is refused anyhow
/// (`had` says of how many, where that is not allowed), nothing of it is asked for: a view that hides a hundred thousand
/// records must not cost as many requests with every beat. `walked`: both sides were walked in this pass, so that they answer.
pub(crate) async fn read_missing(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    scans: &mut Scans,
    canaries: &mut Canaries,
    had: Option<Had<'_>>,
    walked: bool,
) -> Result<Missing, PassError> {
    let mut missing = Missing::default();
    for side in Side::BOTH {
        let mut hearing = Hearing { answers: walked, unread_in_a_row: 0 };
        for kind in Kind::BOTH {
            let wanted = wanted(world, store, scope, scans, side, kind, &mut missing).await?;
            let not_shown = missing.not_shown.get(&(side, kind)).copied();
            if let (Some(had), Some(not_shown)) = (had, not_shown)
                && had.is_shrunken(world, (side, kind), not_shown)
            {
                let (side, kind) = (side.as_str(), kind.as_str());
                warn!(
                    side.name = side,
                    kind.name = kind,
                    "{not_shown} records are not shown: none is asked for by its id"
                );
                continue;
            }
            let wanted: Vec<(SeenId, RemoteId)> = wanted.into_iter().collect();
            let batch = world.source(side).capabilities().of(kind).read_batch.max(1) * 4;
            for chunk in wanted.chunks(batch) {
                read(world, store, scope, scans, side, kind, chunk, &mut missing, canaries, &mut hearing).await?;
            }
        }
    }
    Ok(missing)
}

/// Rows that have to be read by id: not shown by a complete walk, merged away, or due and not delivered.
async fn wanted(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    scans: &Scans,
    side: Side,
    kind: Kind,
    missing: &mut Missing,
) -> Result<BTreeMap<SeenId, RemoteId>, PassError> {
    let mut wanted = BTreeMap::new();
    let Some(scanned) = scans.get(&(side, kind)) else {
        return Ok(wanted);
    };
    let locale = &world.ruling.locale;
    let mut store = store.lock().await;
    if scanned.complete {
        let shown: &[Standing] = if world.source(side).capabilities().of(kind).shows_archived {
            &[Standing::Live, Standing::Archived]
        } else {
            &[Standing::Live]
        };
        for standing in shown {
            let mut after = SeenId(0);
            loop {
                let present = seen::present(store.connection(), side, kind, *standing, after, PRESENT).await?;
                let Some(last) = present.last() else { break };
                after = *last;
                let unmet: Vec<SeenId> = present.into_iter().filter(|id| !scanned.met.contains(*id)).collect();
                if !unmet.is_empty() {
                    wanted.extend(seen::remote_ids(store.connection(), &unmet).await?);
                }
            }
        }
        missing.not_shown.insert((side, kind), wanted.len() as u64);
        missing.not_shown_ids.insert((side, kind), wanted.values().take(FEW).cloned().collect());
        return Ok(wanted);
    }
    let absorbed: Vec<&str> = scanned.absorbed.iter().map(RemoteId::as_str).collect();
    for row in seen::by_remote_id(store.connection(), locale, side, kind, &absorbed).await? {
        if !row.gone {
            wanted.insert(row.id, row.record.id);
        }
    }
    let mut after = 0;
    loop {
        let rows = todo::due(store.connection(), kind, scope.due, after, CHUNK).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        let links: Vec<LinkId> =
            rows.iter().filter_map(|row| if let Subject::Link(id) = row.subject { Some(id) } else { None }).collect();
        let ids: Vec<SeenId> =
            rows.iter().filter_map(|row| if let Subject::Seen(id) = row.subject { Some(id) } else { None }).collect();
        let mut records = seen::by_link(store.connection(), locale, &links).await?;
        records.extend(seen::by_id(store.connection(), locale, &ids).await?);
        wanted.extend(
            records
                .into_iter()
                .filter(|row| row.record.side == side && !scanned.met.contains(row.id))
                .map(|row| (row.id, row.record.id)),
        );
    }
    Ok(wanted)
}

#[expect(clippy::too_many_arguments, reason = "a step of one loop, split off for reading")]
async fn read(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    scans: &mut Scans,
    side: Side,
    kind: Kind,
    wanted: &[(SeenId, RemoteId)],
    missing: &mut Missing,
    canaries: &mut Canaries,
    hearing: &mut Hearing,
) -> Result<(), PassError> {
    let ids: Vec<RemoteId> = wanted.iter().map(|(_, id)| id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let answers = each(world, side, kind, &ids, &mut hearing.unread_in_a_row).await.map_err(on(side))?;
    world.progress.looked();
    hearing.answers |= answers.iter().any(Result::is_ok);
    let mut rows: Vec<Row> = Vec::new();
    let (mut gone, mut unread, mut merged) = (Vec::new(), Vec::new(), Vec::new());
    for (id, answer) in ids.iter().zip(answers) {
        let owners = wanted.iter().filter(|(_, theirs)| theirs == id).map(|(row, _)| *row);
        match answer {
            Ok(Lookup::Found(row)) => rows.push(*row),
            Ok(Lookup::Gone) => gone.extend(owners),
            // It is there: what was last seen of it holds.
            Ok(Lookup::Closed(_)) => {}
            Ok(Lookup::MergedInto(into)) => {
                merged.extend(owners.map(|old| Merged { side, kind, old, into: into.clone() }));
            }
            Err(error) => {
                // Where nothing else is known of the side, its canaries tell whether it is the side that fails.
                if !hearing.answers && !canaries.answer(world, scope, side).await? {
                    return Err(on(side)(error));
                }
                hearing.answers = true;
                unread.extend(owners);
            }
        }
    }
    // What a record was merged into is read too: an incremental walk need not have shown it.
    let into: BTreeSet<RemoteId> = merged.iter().map(|merged| merged.into.clone()).collect();
    if !into.is_empty() {
        let into: Vec<RemoteId> = into.into_iter().collect();
        let answers = each(world, side, kind, &into, &mut hearing.unread_in_a_row).await.map_err(on(side))?;
        world.progress.looked();
        for (into, answer) in into.iter().zip(answers) {
            match answer {
                Ok(Lookup::Found(row)) => rows.push(*row),
                Ok(Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_)) => {}
                // Nothing follows a record of which nothing is known.
                Err(_) => unread.extend(merged.extract_if(.., |merged| merged.into == *into).map(|merged| merged.old)),
            }
        }
    }
    // A list that was not whole says nothing about what is missing; a whole one will ask again.
    if scans.get(&(side, kind)).is_some_and(|scanned| scanned.complete && !scanned.consistent) {
        gone.clear();
    }
    if !gone.is_empty() && !canaries.let_go(world, scope, side).await? {
        warn!(side.name = side.as_str(), "the canary does not answer: nothing is taken as gone");
        gone.clear();
    }
    let mut store = store.lock().await;
    let mut transaction = store.begin().await?;
    let staged = take_in(&mut transaction, scope.stage(world, side, kind), rows).await?;
    let olds: Vec<SeenId> = merged.iter().map(|merged| merged.old).collect();
    let absorbed = absorbed(&mut transaction, world, side, kind, &olds).await?;
    seen::mark_gone(&mut transaction, &absorbed).await?;
    missing.merged.extend(merged);
    if !unread.is_empty() {
        // What was last seen of it holds, and nothing is planned with it until it can be read.
        let unread = seen::by_id(&mut transaction, &world.ruling.locale, &unread).await?;
        let subjects: Vec<Subject> =
            unread.iter().map(|row| row.link.map_or(Subject::Seen(row.id), Subject::Link)).collect();
        let due = world.clock.now() + UNREAD_GAP;
        todo::arm(&mut transaction, kind, &subjects, Why::Interrupted, Some(due)).await?;
        missing.unread += subjects.len() as u64;
    }
    if !gone.is_empty() {
        seen::mark_gone(&mut transaction, &gone).await?;
        let links: Vec<Subject> = seen::by_id(&mut transaction, &world.ruling.locale, &gone)
            .await?
            .into_iter()
            .filter_map(|row| row.link.map(Subject::Link))
            .collect();
        todo::arm(&mut transaction, kind, &links, Why::Staged, Some(scope.due)).await?;
        info!(
            side.name = side.as_str(),
            kind.name = kind.as_str(),
            gone = gone.len(),
            "{} records are confirmed gone",
            gone.len()
        );
        *missing.gone.entry((side, kind)).or_default() += gone.len() as u64;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    if let Some(scanned) = scans.get_mut(&(side, kind)) {
        scanned.differing += staged.differing;
        for id in staged.met {
            scanned.met.insert(id);
        }
    }
    Ok(())
}

/// Of rows that continue under another id, those without a link: there is nothing to re-point, and what they last showed is
/// nobody's any more. It must not be matched, asked about or created again beside the record that goes on. One that an open
/// create copies, or may have made, waits for the evidence: its link, once there is one, follows the merge.
async fn absorbed(
    connection: &mut Connection,
    world: World<'_>,
    side: Side,
    kind: Kind,
    merged: &[SeenId],
) -> Result<Vec<SeenId>, StoreError> {
    if merged.is_empty() {
        return Ok(Vec::new());
    }
    let open: Vec<Intent> = intent::open(connection).await?;
    let may_be_made =
        open.iter().any(|intent| intent.op == StepOp::Create && (intent.side, intent.kind) == (side, kind));
    if may_be_made {
        return Ok(Vec::new());
    }
    let is_copied = |row: SeenId| open.iter().any(|intent| intent.source == Some(row));
    let rows = seen::by_id(connection, &world.ruling.locale, merged).await?;
    Ok(rows.into_iter().filter(|row| row.link.is_none() && !is_copied(row.id)).map(|row| row.id).collect())
}
