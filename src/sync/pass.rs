//! The whole story of one pass.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use super::apply::{Applied, Sinks, Uncreated, Unwritten, apply, evidence_lasts, show_documents};
use super::certificate::{Certificate, assess, certify};
use super::decide::{Decided, Turn, decide};
use super::documents::DocumentsReport;
use super::judged::note;
use super::plan::Planned;
use super::scan::Scans;
use super::standing::extents;
use super::{PassError, World};
use crate::connector::error::PortError;
use crate::connector::port::{Extent, Frontier};
use crate::domain::hint::Hint;
use crate::domain::plan::{LinkId, Totals};
use crate::domain::record::{Kind, Side};
use crate::domain::safety::{Refusal, RefusalName};
use crate::store::mark::Mark;
use crate::store::pass::Cursor;
use crate::store::{Connection, Store, StoreError, action, intent, link, mark, pass, todo, waiting};

/// What a pass is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Walk everything, whatever the cursors say.
    pub complete: bool,
    /// Refusals that the operator allows for this pass.
    pub allow: BTreeSet<RefusalName>,
}

/// How a pass ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The whole plan was carried out.
    Applied,
    /// Some of it waits: a side failed, records moved meanwhile, or the outcome of a write is not known.
    Partly,
    /// The safety limits refused it; nothing was written.
    Refused,
    /// A dry run: nothing was written.
    Planned,
}

impl Ending {
    /// Whether its plan was accepted and carried out, as far as that went.
    pub const fn was_carried_out(&self) -> bool {
        match self {
            Self::Applied | Self::Partly => true,
            Self::Refused | Self::Planned => false,
        }
    }

    const fn as_str(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Partly => "partly",
            Self::Refused => "refused",
            Self::Planned => "planned",
        }
    }
}

/// What a pass has to say.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its number.
    pub pass: i64,
    /// Whether it walked everything.
    pub complete: bool,
    /// How it ended.
    pub ending: Ending,
    /// What the plan holds.
    pub totals: Totals,
    /// Why it was refused.
    pub refusals: Vec<Refusal>,
    /// Mapped properties that are missing.
    pub missing: Vec<(Side, Kind, String)>,
    /// Those among them that no record shows any more, although some had a value.
    pub vanished: Vec<(Side, Kind, String)>,
    /// Lists that could not be read whole: nothing is taken as gone because of them, and nothing is created there.
    pub not_whole: Vec<(Side, Kind)>,
    /// Rules, mapping or scope are others than when a plan was last accepted: what follows from that is a transition, and
    /// nobody's edit.
    pub transition: bool,
    /// Sides that failed while they were written.
    pub failing: BTreeMap<Side, PortError>,
    /// Sides and kinds that nothing could be written to.
    pub unwritten: BTreeMap<(Side, Kind), Unwritten>,
    /// Sides and kinds that took no new records, while what is there was written as planned.
    pub uncreated: BTreeMap<(Side, Kind), Uncreated>,
    /// Writes that were carried out.
    pub written: u64,
    /// Records or fields that were refused.
    pub refused: u64,
    /// Values that a system stored otherwise than they were sent.
    pub rewritten: u64,
    /// Actions that were put off.
    pub put_off: u64,
    /// Conflicts, questions and refusals that wait now.
    pub waiting: (u64, u64, u64),
    /// What was done about documents; `None` where they are off.
    pub documents: Option<DocumentsReport>,
    /// How it stands.
    pub certificate: Certificate,
    /// The links that it counted for that.
    pub links: Vec<link::Tally>,
    /// What was done, by sort and reason.
    pub acted: Vec<action::Tally>,
    /// Whether something is due at once.
    pub more: bool,
}

/// One pass, carried out.
pub async fn run(
    world: World<'_>,
    sinks: Sinks<'_>,
    store: Store,
    request: Request,
    stop: &CancellationToken,
) -> (Store, Result<Report, PassError>) {
    let store = Mutex::new(store);
    let outcome = drive(world, Some(sinks), &store, request, None, stop).await;
    (store.into_inner(), outcome)
}

/// A pass about what hints name, and whatever else is due: both halves of each pair are read by id, and nothing is walked. So
/// it costs a few requests, however many records there are. A record without a partner is only read: to link it or to create
/// its partner takes a pass that walks, which [`Report::more`] asks for. Where the state has not proved itself, or is judged
/// by other rules than before, it walks like any other pass.
pub async fn hinted(
    world: World<'_>,
    sinks: Sinks<'_>,
    store: Store,
    hints: &BTreeSet<Hint>,
    stop: &CancellationToken,
) -> (Store, Result<Report, PassError>) {
    let store = Mutex::new(store);
    let outcome = drive(world, Some(sinks), &store, Request::default(), Some(hints), stop).await;
    (store.into_inner(), outcome)
}

/// The same pass up to the check, on a working copy: it is given nothing that can write to a system.
pub async fn dry_run(
    world: World<'_>,
    store: Store,
    request: Request,
    stop: &CancellationToken,
) -> (Store, Result<Report, PassError>) {
    let store = Mutex::new(store);
    let outcome = drive(world, None, &store, request, None, stop).await;
    (store.into_inner(), outcome)
}

async fn drive(
    world: World<'_>,
    sinks: Option<Sinks<'_>>,
    store: &Mutex<Store>,
    request: Request,
    hints: Option<&BTreeSet<Hint>>,
    stop: &CancellationToken,
) -> Result<Report, PassError> {
    let started = world.clock.now();
    let extents = extents(world, &mut *store.lock().await, request.complete).await?;
    let complete = hints.is_none() && extents.values().all(|extent| *extent == Extent::Complete);
    let extent = if complete { "complete" } else { "incremental" };
    let number = {
        let mut store = store.lock().await;
        if mark::get(store.connection(), Mark::Running).await?.is_some() {
            warn!("the last pass did not end: the state is checked for damage, and open writes are recovered");
            store.check_integrity().await?;
        }
        let number = pass::begin(store.connection(), started, extent).await?;
        mark::set(store.connection(), Mark::Running, &number.to_string()).await?;
        number
    };
    let span = info_span!("pass", pass.id = number, pass.extent = extent);
    // On the heap: its state is large, and every caller's would be.
    let turn = Turn { request, hints, number, started, extents, complete };
    let whole = Box::pin(story(world, sinks, store, &turn, stop));
    let outcome = whole.instrument(span).await;
    let mut store = store.lock().await;
    if let Err(error) = &outcome {
        let totals = Totals::default();
        let told = error.to_string();
        // The state may be what failed; the pass's own error is the one that counts.
        let _ = pass::end(store.connection(), number, world.clock.now(), "failed", &totals, None, Some(&told)).await;
    }
    if !matches!(outcome, Err(PassError::Store(_))) {
        mark::clear(store.connection(), Mark::Running).await?;
    }
    outcome
}

async fn story(
    world: World<'_>,
    sinks: Option<Sinks<'_>>,
    store: &Mutex<Store>,
    turn: &Turn<'_>,
    stop: &CancellationToken,
) -> Result<Report, PassError> {
    let mut decided = decide(world, store, turn, stop).await?;
    let mut store = store.lock().await;
    let accepted = decided.judged.accepts_records();
    let applied = match sinks {
        Some(sinks) if accepted => {
            // The outcome of the questions and conflicts first: what is over is taken out before what is new comes in.
            close_what_is_over(&mut store, &decided.planned).await?;
            let frontiers: BTreeMap<(Side, Kind), Frontier> =
                decided.scans.iter().map(|(key, scanned)| (*key, scanned.frontier.clone())).collect();
            let span = info_span!("apply");
            let applied = apply(world, sinks, &mut store, &decided.situation, frontiers, stop).instrument(span).await;
            let applied = applied?;
            if let Some(report) = &mut decided.documents {
                if decided.judged.refusals.is_empty() && !applied.failing.contains_key(&Side::Crm) {
                    let shown = show_documents(world, sinks, &mut store, &decided.situation, report, stop);
                    shown.instrument(info_span!("documents")).await?;
                } else {
                    report.put_off = report.planned();
                }
            }
            Some(applied)
        }
        Some(_) | None => None,
    };
    close(world, &mut store, decided, applied, sinks.is_some()).await
}

impl Report {
    /// Sides and kinds that said in this pass that they take no new records.
    pub fn refusing(&self) -> impl Iterator<Item = (Side, Kind, &PortError)> {
        self.uncreated.iter().filter_map(|((side, kind), why)| match why {
            Uncreated::Refused(error) => Some((*side, *kind, error)),
            Uncreated::Held => None,
        })
    }

    /// Whether a side failed, or takes no new records.
    pub fn has_trouble(&self) -> bool {
        !self.failing.is_empty() || self.refusing().next().is_some()
    }
}

/// Cursors, pass record and certificate, in one transaction.
async fn close(
    world: World<'_>,
    store: &mut Store,
    decided: Decided,
    mut applied: Option<Applied>,
    writes: bool,
) -> Result<Report, PassError> {
    let Decided { situation, planned, documents, scans, missing, judged, probed, unfound } = decided;
    let now = world.clock.now();
    // A record that cannot be read says nothing of the others.
    let proves = applied.as_ref().is_some_and(Applied::proves);
    if let Some(applied) = &mut applied {
        applied.interrupted += missing.unread;
    }
    let is_whole = proves && missing.unread == 0 && applied.as_ref().is_some_and(|applied| applied.withheld == 0);
    let ending = match &applied {
        Some(_) if is_whole && documents.as_ref().is_none_or(DocumentsReport::is_whole) => Ending::Applied,
        Some(_) => Ending::Partly,
        None if writes && !judged.refusals.is_empty() => Ending::Refused,
        None => Ending::Planned,
    };
    let applied = if let Some(applied) = applied {
        let touched: BTreeSet<_> = planned.links.iter().chain(&applied.links).copied().collect();
        // Looked at before they are taken out of todo: whoever stops in between has them looked at again.
        assess(world, store, &situation, &touched).await?;
        todo::settle_planned(store.connection(), situation.pass).await?;
        for (kind, subject) in &planned.waiting {
            todo::rest(store.connection(), *kind, *subject).await?;
        }
        applied
    } else {
        todo::forget_planned(store.connection()).await?;
        assess(world, store, &situation, &planned.links).await?;
        Applied::default()
    };
    let mut transaction = store.begin().await?;
    move_cursors(&mut transaction, world, &scans).await?;
    let as_of = pass::last_whole(&mut transaction).await?;
    let stand = documents.as_ref().map(|report| report.stand);
    let links = link::tally(&mut transaction).await?;
    let certificate = Certificate { documents: stand, ..certify(&mut transaction, as_of, &links).await? };
    let text = crate::store::to_json(&certificate);
    pass::end(&mut transaction, situation.pass, now, ending.as_str(), &planned.totals, Some(&text), None).await?;
    if writes {
        note(&mut transaction, world, now, &judged).await?;
    }
    // Documents prove nothing of the pairs.
    if proves {
        mark::set(&mut transaction, Mark::Adoption, mark::PROVED).await?;
    }
    let acted = if ending.was_carried_out() {
        // Before the journal forgets what a long pass sent at its beginning.
        action::tally(&mut transaction, situation.pass).await?
    } else {
        Vec::new()
    };
    let kept = TimeDelta::from_std(evidence_lasts(world)).unwrap_or_default();
    intent::prune(&mut transaction, now - kept).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    let waiting = waiting::counts(store.connection(), world.ruling.documents.is_some(), now).await?;
    let more = unfound || todo::next_due(store.connection()).await?.is_some_and(|due| due <= now);
    for (side, kind) in missing.gone.keys() {
        info!(
            side.name = side.as_str(),
            kind.name = kind.as_str(),
            "records of this side are gone; their partners were left alone"
        );
    }
    info!(
        pass.ending = ending.as_str(),
        pass.written = applied.written,
        pass.refused = applied.refused,
        certificate.equal = certificate.equal,
        certificate.waiting = certificate.waiting,
        "the pass ended: {}",
        ending.as_str()
    );
    Ok(Report {
        pass: situation.pass,
        complete: situation.complete,
        ending,
        totals: planned.totals,
        refusals: judged.refusals,
        missing: probed.missing_names,
        vanished: probed.vanished,
        not_whole: judged.not_whole,
        transition: judged.transition,
        failing: applied.failing,
        unwritten: applied.unwritten,
        uncreated: applied.uncreated,
        written: applied.written,
        refused: applied.refused,
        rewritten: applied.rewritten,
        put_off: applied.superseded + applied.interrupted + applied.withheld,
        waiting,
        documents,
        certificate,
        links,
        acted,
        more,
    })
}

/// From where the next walks go on.
async fn move_cursors(connection: &mut Connection, world: World<'_>, scans: &Scans) -> Result<(), StoreError> {
    for ((side, kind), scanned) in scans {
        let old = pass::cursor(connection, *side, *kind).await?;
        let overlap = TimeDelta::from_std(world.source(*side).capabilities().overlap).unwrap_or_default();
        let walked_whole = scanned.complete && scanned.consistent;
        // A list that was not read whole may have hidden what no later question for changes would show.
        let cursor = Cursor {
            since: if scanned.consistent { Some(scanned.started - overlap) } else { old.since },
            whole_at: if walked_whole { Some(scanned.started) } else { old.whole_at },
            whole_shape: if walked_whole { Some(world.shape(*side, *kind).key()) } else { old.whole_shape },
        };
        pass::set_cursor(connection, *side, *kind, &cursor).await?;
    }
    Ok(())
}

async fn close_what_is_over(store: &mut Store, planned: &Planned) -> Result<(), PassError> {
    let mut transaction = store.begin().await?;
    let links: Vec<LinkId> = planned.judged.iter().copied().collect();
    for chunk in links.chunks(1_000) {
        let [Some(first), Some(last)] = [chunk.first(), chunk.last()] else { continue };
        let within = |link: &LinkId| (first..=last).contains(&link);
        let conflicts: Vec<_> = planned.kept_conflicts.iter().filter(|(link, _)| within(link)).copied().collect();
        let failures: Vec<_> = planned.kept_failures.iter().filter(|(link, ..)| within(link)).cloned().collect();
        waiting::keep_conflicts(&mut transaction, chunk, &conflicts).await?;
        waiting::keep_failures(&mut transaction, chunk, &failures).await?;
    }
    let over: Vec<_> = planned.questioned.iter().filter(|id| !planned.kept_questions.contains(id)).copied().collect();
    waiting::close_questions(&mut transaction, &over).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(())
}
