//! Reading both sides, streaming, a few pages in memory at a time.
//!
//! A hash of the mapped wire text is compared with *seen* first, one query for several pages; what is equal costs a bit in
//! a bitmap. The walk goes on in a task of its own while pages are compared.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, mpsc};
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, info, info_span, warn};

use super::bitmap::Bitmap;
use super::lag::read_again;
use super::stage::{Missing, Stage, Staged, stage};
use super::{Pace, PassError, World, on};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Evidence, Extent, Frontier, Step, Walk, WalkEnd};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::Uneven;
use crate::domain::shape::{RawHash, Row};
use crate::store::{Store, seen};

/// How many rows share one statement.
const ROWS_A_STATEMENT: usize = 400;

/// How many pages are kept while earlier ones are compared: about what one statement shares, so that a walk whose pages name
/// the next one never stands still.
const PAGES_AHEAD: usize = 4;

/// How often a numbered walk whose totals moved is repeated before the pass goes on without knowing that it was whole.
const REPEATED_WALKS: u32 = 2;

/// What a scan of one kind on one side found.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// The rows of `seen` that were met.
    pub(crate) met: Bitmap,
    /// It walked everything, as far as the walk itself can tell.
    pub(crate) complete: bool,
    /// The server's time when it began.
    pub(crate) started: DateTime<Utc>,
    /// From where what appeared since is to be read.
    pub(crate) frontier: Frontier,
    /// Records that differed.
    pub(crate) differing: u64,
    /// Records that were merged into others that were read.
    pub(crate) absorbed: Vec<RemoteId>,
    /// Our ids that were found in new or changed records.
    pub(crate) stored_ids: Vec<String>,
    /// By page number, with totals that agree; `true` also for walks by key.
    pub(crate) consistent: bool,
    /// It went by page number.
    pub(crate) numbered: bool,
    /// How many records the list told of at its end, and how many different ones it showed.
    pub(crate) told: Uneven,
    /// By the position of a property: whether any record showed it; `None` where a blank one is shown too.
    pub(crate) shown: Option<Vec<bool>>,
}

/// All scans of a pass.
pub(crate) type Scans = BTreeMap<(Side, Kind), Scanned>;

/// What the scan needs beside the world.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    /// Flowtly's account.
    pub(crate) organisation: &'a str,
    /// How much each walk shall show, and whether it is this state's first.
    pub(crate) extents: &'a BTreeMap<(Side, Kind), Extent>,
    /// Properties that are missing: their texts are unknown whatever is delivered.
    pub(crate) missing: &'a Missing,
    /// When what differs is due.
    pub(crate) due: DateTime<Utc>,
    /// Kinds that were never walked whole.
    pub(crate) first: &'a BTreeSet<(Side, Kind)>,
    /// Sides whose lists may show what was before the last reads by id and writes.
    pub(crate) restless: &'a BTreeSet<Side>,
}

impl<'a> Scope<'a> {
    /// Where what is read of a side goes.
    pub(crate) fn stage(&self, world: World<'a>, side: Side, kind: Kind) -> Stage<'a> {
        Stage { world, organisation: self.organisation, side, kind, due: self.due, missing: self.missing }
    }
}

/// Scans both sides, at once where the pace allows it.
pub(crate) async fn scan(world: World<'_>, store: &Mutex<Store>, scope: &Scope<'_>) -> Result<Scans, PassError> {
    let [flowtly, crm] = Side::BOTH.map(|side| scan_side(world, store, scope, side));
    let (flowtly, crm) = match world.pace {
        Pace::Together => futures_util::future::try_join(flowtly, crm).await?,
        Pace::InTurn => (flowtly.await?, crm.await?),
    };
    Ok(flowtly.into_iter().chain(crm).collect())
}

async fn scan_side(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    side: Side,
) -> Result<Vec<((Side, Kind), Scanned)>, PassError> {
    let mut scans = Vec::new();
    for kind in Kind::BOTH {
        let span = info_span!("scan", side = side.as_str(), kind = kind.as_str());
        scans.push(((side, kind), scan_kind(world, store, scope, side, kind).instrument(span).await?));
    }
    Ok(scans)
}

async fn scan_kind(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    side: Side,
    kind: Kind,
) -> Result<Scanned, PassError> {
    let extent = scope.extents.get(&(side, kind)).copied().unwrap_or(Extent::Complete);
    let mut scanned = walk_once(world, store, scope, side, kind, extent).await?;
    // A walk by number can miss rows that a shift of pages hides: when its totals moved it is repeated, and a state's
    // first one is done twice, since there is nothing yet that it could be compared with.
    let mut again = u32::from(scope.first.contains(&(side, kind)) && scanned.numbered);
    let mut repeats = 0;
    while scanned.complete && (again > 0 || !scanned.consistent) && repeats < REPEATED_WALKS {
        again = again.saturating_sub(1);
        repeats += 1;
        let repeated = walk_once(world, store, scope, side, kind, extent).await?;
        scanned = scanned.followed_by(repeated);
    }
    if !scanned.consistent {
        warn!(
            side.name = side.as_str(),
            kind.name = kind.as_str(),
            "the list could not be read whole: nothing is taken as gone because of it, and nothing is created there"
        );
    }
    info!(
        scan.met = scanned.met.count(),
        scan.differing = scanned.differing,
        scan.complete = scanned.complete,
        "met {} records, {} differ",
        scanned.met.count(),
        scanned.differing
    );
    Ok(scanned)
}

async fn walk_once(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    side: Side,
    kind: Kind,
    extent: Extent,
) -> Result<Scanned, PassError> {
    let mut ahead = Ahead::of(world.source(side).walk(kind, extent).await.map_err(on(side))?, world.pace);
    let stage = scope.stage(world, side, kind);
    let doubts = scope.restless.contains(&side);
    let mut found = Found { key: world.shape(side, kind).key(), doubts, ..Found::default() };
    let mut rows: Vec<Row> = Vec::new();
    let mut end: Option<WalkEnd> = None;
    while end.is_none() {
        match ahead.next().await.map_err(on(side))? {
            Step::Page(page) => {
                world.progress.scanned(side, kind, page.len());
                rows.extend(page);
            }
            Step::End(reached) => end = Some(reached),
        }
        if rows.len() >= ROWS_A_STATEMENT {
            found.compare(stage, store, std::mem::take(&mut rows)).await?;
        }
    }
    found.compare(stage, store, rows).await?;
    let end = end.ok_or(PassError::Stopped)?;
    let (consistent, numbered, told) = match end.evidence {
        Evidence::Key => (true, false, Uneven { told: None, shown: found.met.count() }),
        Evidence::Numbered { first_total, last_total, distinct } => {
            // Without totals there is nothing that could agree; known ids that were not met are read one by one.
            let agree = first_total.zip(last_total).is_none_or(|(first, last)| first == last && last == distinct);
            (agree, true, Uneven { told: last_total, shown: distinct })
        }
    };
    Ok(Scanned {
        met: found.met,
        complete: extent == Extent::Complete,
        started: end.started,
        frontier: end.frontier,
        differing: found.differing,
        absorbed: found.absorbed,
        stored_ids: found.stored_ids,
        consistent,
        numbered,
        told,
        shown: end.shown,
    })
}

/// A walk: one that goes on by itself while its pages are compared, or one that waits for them.
enum Ahead {
    Going { steps: mpsc::Receiver<Result<Step, PortError>>, _task: AbortOnDropHandle<()> },
    Waiting(Box<dyn Walk>),
}

impl Ahead {
    fn of(mut walk: Box<dyn Walk>, pace: Pace) -> Self {
        if pace == Pace::InTurn {
            return Self::Waiting(walk);
        }
        let (sender, steps) = mpsc::channel(PAGES_AHEAD);
        let going = async move {
            loop {
                let step = walk.next().await;
                let is_page = matches!(step, Ok(Step::Page(_)));
                // Nobody listens any more where the scan was given up.
                if sender.send(step).await.is_err() || !is_page {
                    return;
                }
            }
        };
        Self::Going { steps, _task: AbortOnDropHandle::new(tokio::spawn(going.in_current_span())) }
    }

    async fn next(&mut self) -> Result<Step, PortError> {
        let stopped = || Err(PortError::new(ErrorKind::Cancelled, "the walk was stopped"));
        match self {
            Self::Going { steps, .. } => steps.recv().await.unwrap_or_else(stopped),
            Self::Waiting(walk) => walk.next().await,
        }
    }
}

/// Nothing is walked: what is due is read by id. It proves nothing of what is there, and moves no cursor.
pub(crate) fn no_scan(now: DateTime<Utc>) -> Scans {
    let places = Side::BOTH.into_iter().flat_map(|side| Kind::BOTH.into_iter().map(move |kind| (side, kind)));
    places.map(|place| (place, Scanned::nothing(now))).collect()
}

impl Scanned {
    fn nothing(now: DateTime<Utc>) -> Self {
        Self {
            met: Bitmap::default(),
            complete: false,
            started: now,
            // Never asked for: where nothing was walked nothing is created.
            frontier: Frontier(String::new()),
            differing: 0,
            absorbed: Vec::new(),
            stored_ids: Vec::new(),
            consistent: false,
            numbered: false,
            told: Uneven { told: None, shown: 0 },
            shown: None,
        }
    }

    /// What was read by id beside the walk.
    pub(crate) fn took_in(&mut self, staged: Staged) {
        self.differing += staged.differing;
        self.absorbed.extend(staged.absorbed);
        self.stored_ids.extend(staged.stored_ids);
        for id in staged.met {
            self.met.insert(id);
        }
    }

    /// The repeated walk counts; what only the first one met stays met.
    fn followed_by(mut self, repeated: Self) -> Self {
        self.met.join(&repeated.met);
        Self {
            met: self.met,
            complete: repeated.complete,
            // The earlier start: nothing that changed between the two walks may be missed by the next incremental read.
            started: self.started.min(repeated.started),
            frontier: repeated.frontier,
            differing: self.differing + repeated.differing,
            absorbed: self.absorbed.into_iter().chain(repeated.absorbed).collect(),
            stored_ids: self.stored_ids.into_iter().chain(repeated.stored_ids).collect(),
            consistent: repeated.consistent,
            numbered: repeated.numbered,
            told: repeated.told,
            shown: match (self.shown, repeated.shown) {
                (Some(first), Some(second)) => {
                    Some(first.iter().zip(second).map(|(one, other)| *one || other).collect())
                }
                (_, shown) => shown,
            },
        }
    }
}

/// What one walk found so far.
#[derive(Debug, Default)]
struct Found {
    key: u64,
    /// What differs from what is known may be older, and is read by id.
    doubts: bool,
    met: Bitmap,
    differing: u64,
    absorbed: Vec<RemoteId>,
    stored_ids: Vec<String>,
}

impl Found {
    async fn compare(&mut self, to: Stage<'_>, lock: &Mutex<Store>, mut rows: Vec<Row>) -> Result<(), PassError> {
        if rows.is_empty() {
            return Ok(());
        }
        to.hide(&mut rows);
        let shape = to.world.shape(to.side, to.kind);
        let hashed: Vec<(RawHash, Row)> = rows.into_iter().map(|row| (shape.raw_hash(self.key, &row), row)).collect();
        let mut store = lock.lock().await;
        let ids: Vec<&str> = hashed.iter().map(|(_, row)| row.id.as_str()).collect();
        let known = seen::known(store.connection(), to.side, to.kind, &ids).await?;
        // By place: whether every known row of the id (a person has one a company) has the hash that was delivered.
        let mut equal: Vec<Option<bool>> = vec![None; hashed.len()];
        for row in &known {
            if let (Some(equal), Some((hash, _))) = (equal.get_mut(row.place), hashed.get(row.place)) {
                *equal = Some(equal.unwrap_or(true) && row.raw_hash == *hash);
            }
        }
        for row in &known {
            if equal.get(row.place) == Some(&Some(true)) {
                self.met.insert(row.id);
            }
        }
        let mut differing: Vec<(RawHash, Row)> = Vec::new();
        let mut doubtful: Vec<Row> = Vec::new();
        for ((hash, row), equal) in hashed.into_iter().zip(equal) {
            match equal {
                Some(true) => {}
                Some(false) if self.doubts => doubtful.push(row),
                // What could not be read in the list may be readable by its id; without a name nobody is recognised.
                Some(false) | None if to.hides_who_it_is(&row) => doubtful.push(row),
                Some(false) | None => differing.push((hash, row)),
            }
        }
        if !doubtful.is_empty() {
            drop(store);
            let (mut rows, absorbed) = read_again(to, doubtful).await?;
            to.hide(&mut rows);
            differing.extend(rows.into_iter().map(|row| (shape.raw_hash(self.key, &row), row)));
            self.absorbed.extend(absorbed);
            store = lock.lock().await;
        }
        if differing.is_empty() {
            return Ok(());
        }
        let mut transaction = store.begin().await?;
        let staged = stage(&mut transaction, to, &differing).await?;
        transaction.commit().await.map_err(crate::store::StoreError::from)?;
        self.differing += staged.differing;
        self.absorbed.extend(staged.absorbed);
        self.stored_ids.extend(staged.stored_ids);
        for id in staged.met {
            self.met.insert(id);
        }
        Ok(())
    }
}
