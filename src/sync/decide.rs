//! The first half of a pass: from the question who is there to the verdict on the plan. Nothing is written to a system.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use super::canary::choose;
use super::documents::{DocumentsReport, plan_documents};
use super::gone::{Had, Missing, read_missing};
use super::hinted::read_hinted;
use super::judged::{Found, Judged, judged};
use super::lag::restless;
use super::pass::Request;
use super::plan::{Planned, Situation, plan};
use super::probe::{Probed, probe};
use super::recover::{Recovery, conclude, recover};
use super::scan::{Scans, Scope, no_scan, scan};
use super::standing::{
    first_walks, forget_whole, gone_unaccepted, known, missing_word, note_foreign_ids, shown_otherwise, whole,
};
use super::vanished::{Attempt, look};
use super::{PassError, World};
use crate::connector::port::Extent;
use crate::domain::hint::Hint;
use crate::domain::record::{Kind, Side};
use crate::domain::safety::RefusalName;
use crate::store::mark::Mark;
use crate::store::{Store, mark, todo};

/// What one pass goes by from its beginning to its end.
#[derive(Debug, Clone)]
pub(super) struct Turn<'a> {
    /// What it was asked to do.
    pub(super) request: Request,
    /// What it is about, where it is about hints alone.
    pub(super) hints: Option<&'a BTreeSet<Hint>>,
    /// Its number.
    pub(super) number: i64,
    /// When it began.
    pub(super) started: DateTime<Utc>,
    /// How far each list is walked.
    pub(super) extents: BTreeMap<(Side, Kind), Extent>,
    /// Whether it was to walk everything. A pass about hints never is: what was never walked is no reason to call it complete.
    pub(super) complete: bool,
}

/// What was read, planned and judged.
pub(super) struct Decided {
    pub(super) situation: Situation,
    pub(super) planned: Planned,
    pub(super) documents: Option<DocumentsReport>,
    pub(super) scans: Scans,
    pub(super) missing: Missing,
    pub(super) judged: Judged,
    pub(super) probed: Probed,
    /// A hint names a record that only a walk can find.
    pub(super) unfound: bool,
}

/// Reads, plans and judges.
pub(super) async fn decide(
    world: World<'_>,
    store: &Mutex<Store>,
    turn: &Turn<'_>,
    stop: &CancellationToken,
) -> Result<Decided, PassError> {
    attempt(world, store, turn, stop, Attempt::First).await
}

async fn attempt(
    world: World<'_>,
    store: &Mutex<Store>,
    turn: &Turn<'_>,
    stop: &CancellationToken,
    which: Attempt,
) -> Result<Decided, PassError> {
    let before = known(&mut *store.lock().await).await?;
    // What earlier passes found gone and nobody accepted is missing still: a refused pass must not be the next one's measure.
    let unaccepted = gone_unaccepted(&mut *store.lock().await).await?;
    let restless = restless(world, &mut *store.lock().await, turn.started).await?;
    let mut extents = turn.extents.clone();
    let mut hinted = turn.hints;
    let mut probed = {
        let mut store = store.lock().await;
        if mark::adoption(store.connection()).await?.is_some() {
            hinted = None;
        }
        let probed = probe(world, &mut store).await?;
        if is_ruled_anew(world, &mut store, &probed, turn.started, &mut extents).await? {
            hinted = None;
        }
        recover(
            world,
            &mut store,
            Recovery { organisation: &probed.organisation, pass: turn.number, missing: &probed.missing },
        )
        .await?;
        probed
    };
    stopped(stop)?;
    // A walk over all records proves by itself what is shown.
    let walks_all = |place: &(Side, Kind)| hinted.is_none() && extents.get(place) == Some(&Extent::Complete);
    probed.missing.unproven.retain(|place, _| !walks_all(place));
    let first = first_walks(world, &mut *store.lock().await).await?;
    let scope = Scope {
        organisation: &probed.organisation,
        extents: &extents,
        missing: &probed.missing,
        due: turn.started,
        first: &first,
        restless: &restless,
    };
    let allowed = turn.request.allow.contains(&RefusalName::CanaryNotSeen);
    // Where an account is to be taken over, even a single pair must be recognised.
    let strict = !probed.unbound.is_empty();
    let mut canaries = choose(world, &mut *store.lock().await, allowed, strict).await?;
    let began = world.clock.now();
    let mut scans = if hinted.is_some() { no_scan(began) } else { scan(world, store, &scope).await? };
    stopped(stop)?;
    let unfound = match turn.hints {
        Some(hints) => read_hinted(world, store, &scope, &mut scans, hints).await? && hinted.is_some(),
        None => false,
    };
    stopped(stop)?;
    let is_allowed = turn.request.allow.contains(&RefusalName::ShrunkenListing);
    let had = (!is_allowed).then_some(Had { known: &before, unaccepted: &unaccepted });
    let missing = read_missing(world, store, &scope, &mut scans, &mut canaries, had, hinted.is_none()).await?;
    stopped(stop)?;
    if look(world, store, &scope, &scans, which).await? {
        // Nothing was decided from what was read so far. Read again, it says nothing of the property, or what it says now.
        let turn = Turn { extents, ..turn.clone() };
        return Box::pin(attempt(world, store, &turn, stop, Attempt::Again)).await;
    }
    let canaries = canaries.sight(world, store, &scope, &scans).await?;
    let mut store = store.lock().await;
    let recovery = Recovery { organisation: &probed.organisation, pass: turn.number, missing: &probed.missing };
    conclude(world, &mut store, recovery, &scans, began).await?;
    note_foreign_ids(&mut store, &probed.organisation, &scans).await?;
    let adoption = mark::adoption(store.connection()).await?;
    let situation = Situation {
        organisation: probed.organisation.clone(),
        pass: turn.number,
        now: world.clock.now(),
        adoption: adoption.is_some(),
        whole: whole(world, &mut store, &scans).await?,
        ruling: world.ruling_key(),
        merged: missing.merged.clone(),
        missing: probed.missing.clone(),
        complete: turn.complete,
        walked: hinted.is_none(),
    };
    let mut planned = plan(world, &mut store, &situation).instrument(info_span!("plan")).await?;
    let documents = plan_documents(world, &mut store, &situation, &planned.links).await?;
    if let Some(report) = &documents {
        planned.totals.documents = report.planned();
        planned.worst.note_documents(report.examples.clone());
    }
    let sent =
        planned.totals.creates.values().chain(planned.totals.updates.values()).sum::<u64>() + planned.totals.stamps;
    world.progress.planned(sent + planned.totals.documents);
    let found = Found {
        first_pass: adoption.is_some(),
        started: turn.started,
        before: &before,
        unaccepted: &unaccepted,
        scans: &scans,
        missing: &missing,
        canaries,
        probed: &probed,
    };
    let judged = judged(world, &mut store, &planned, found, turn.request.allow.clone()).await?;
    Ok(Decided { situation, planned, documents, scans, missing, judged, probed, unfound })
}

/// A new ruling makes every record be looked at again, and what is shown otherwise than before be walked whole.
async fn is_ruled_anew(
    world: World<'_>,
    store: &mut Store,
    probed: &Probed,
    started: DateTime<Utc>,
    extents: &mut BTreeMap<(Side, Kind), Extent>,
) -> Result<bool, PassError> {
    let ruling = format!("{:016x}{}", world.ruling_key(), missing_word(probed));
    let former = mark::get(store.connection(), Mark::Ruling).await?;
    if former.as_deref() == Some(ruling.as_str()) {
        return Ok(false);
    }
    for key in shown_otherwise(former.as_deref().unwrap_or_default(), &ruling) {
        forget_whole(store, key).await?;
        extents.insert(key, Extent::Complete);
    }
    todo::arm_everything(store.connection(), world.ruling_key(), started).await?;
    mark::set(store.connection(), Mark::Ruling, &ruling).await?;
    Ok(true)
}

fn stopped(stop: &CancellationToken) -> Result<(), PassError> {
    if stop.is_cancelled() { Err(PassError::Stopped) } else { Ok(()) }
}
