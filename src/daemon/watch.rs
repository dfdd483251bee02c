//! What the daemon shows of itself to whoever serves it over HTTP, and what it hears from there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Asks;
use super::hints::Hints;
use super::hints::pace::Pace;
use crate::clock::Clock;
use crate::domain::hint::Hint;
use crate::domain::record::Side;
use crate::metrics::{Extent, Metrics};
use crate::store::quarantine::Illnesses;
use crate::store::{Store, StoreError};
use crate::sync::PassError;
use crate::sync::pass::{Ending, Report};

/// The daemon's figures, its signs of life, and the hints that come in.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// The signs of life.
    pub vitals: Arc<Vitals>,
    /// The hints.
    pub hints: Arc<Hints>,
}

/// The signs of life.
#[derive(Debug, Default)]
pub struct Vitals {
    state: Mutex<Signs>,
    stuck_after: Mutex<Option<Duration>>,
}

/// What is known of the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signs {
    /// When it last got on, between beats, or with a page or a write of a pass: in the time of [`Clock::elapsed`], as a date may be
    /// set.
    pub turned: Option<Duration>,
    /// Whether a pass is under way.
    pub is_passing: bool,
    /// When a pass that walks last came to its end, whatever it decided.
    pub passed: Option<DateTime<Utc>>,
    /// When the next one is to begin; `None` before the first wait.
    pub due: Option<DateTime<Utc>>,
    /// Sides that keep failing, and since when.
    pub ill: BTreeMap<Side, DateTime<Utc>>,
}

/// Whether hints may have a pass walk before its beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walks {
    /// They may.
    Wanted,
    /// It costs too many requests now.
    NotNow,
}

impl Watch {
    /// Returns when hints have come in and were gathered: what the next pass is to be about, or none where it is to walk. Never
    /// where nobody may hint.
    pub(super) async fn hinted(
        watch: Option<&Self>,
        walks: Walks,
        pace: Pace,
        clock: &dyn Clock,
    ) -> Option<BTreeSet<Hint>> {
        let Some(Self { hints, .. }) = watch else { return std::future::pending().await };
        let named = async {
            hints.named().await;
            clock.sleep(pace.until_hinted(clock.elapsed())).await;
        };
        let walk = async {
            match walks {
                Walks::Wanted => hints.walk_wanted().await,
                Walks::NotNow => std::future::pending().await,
            }
            clock.sleep(pace.until_walk(clock.elapsed())).await;
        };
        tokio::select! {
            // What came while they were gathered is looked at with them.
            () = named => Some(hints.wanted()),
            () = walk => None,
        }
    }

    /// The daemon begins, or goes on with another configuration: what its state says of passes before is shown at once.
    pub(super) async fn begins_with(
        &self,
        store: &mut Store,
        sides: &Illnesses,
        documents: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.quarantine(sides);
        self.metrics.recall(store, documents, now).await
    }

    /// A pass begins: what wanted one has it.
    pub(super) fn begins(&self, asks: &Asks) {
        match asks {
            Asks::Walk(request) => self.hints.walks(request.complete),
            Asks::Hinted(hints) => self.hints.take(hints),
        }
    }

    /// A pass came to its end.
    pub(super) async fn passed(
        &self,
        asks: &Asks,
        outcome: &Result<Report, PassError>,
        took: Duration,
        now: DateTime<Utc>,
    ) {
        self.looked(asks, outcome).await;
        if matches!(outcome, Err(PassError::Stopped)) {
            return;
        }
        let report = outcome.as_ref().ok();
        let extent = match asks {
            Asks::Hinted(_) => Extent::Hinted,
            Asks::Walk(request) if report.map_or(request.complete, |report| report.complete) => Extent::Complete,
            Asks::Walk(_) => Extent::Incremental,
        };
        self.metrics.passed(extent, report, took, now);
        let Some(report) = report else { return };
        self.metrics.links(&report.links);
        self.metrics.acted(&report.acted);
        match asks {
            Asks::Hinted(_) => {}
            Asks::Walk(_) => self.vitals.state().passed = Some(now),
        }
    }

    /// What the pass took of the hints is forgotten, or waits again. A walk takes what waits only where it walks everything, and has looked
    /// at it unless its plan was refused.
    async fn looked(&self, asks: &Asks, outcome: &Result<Report, PassError>) {
        let has_looked = match (asks, outcome) {
            (Asks::Hinted(_), Ok(_)) => true,
            (Asks::Walk(_), Ok(report)) => report.complete && report.ending != Ending::Refused,
            (Asks::Hinted(_) | Asks::Walk(_), Err(_)) => false,
        };
        if !has_looked {
            return self.hints.put_back();
        }
        let hints = Arc::clone(&self.hints);
        // It waits for the disk. What goes wrong there is told there.
        let _ = tokio::task::spawn_blocking(move || hints.looked()).await;
    }

    /// Which sides keep failing.
    pub(super) fn quarantine(&self, sides: &Illnesses) {
        self.vitals.state().ill = sides.iter().map(|(side, illness)| (*side, illness.since)).collect();
        self.metrics.quarantine(sides);
    }
}

impl Vitals {
    /// What is known.
    pub fn signs(&self) -> Signs {
        self.state().clone()
    }

    /// Whoever shows them takes the daemon for stuck after so long without one: signs are given more often than that.
    pub fn counts_as_stuck(&self, after: Duration) {
        *self.stuck_after.lock().unwrap_or_else(PoisonError::into_inner) = Some(after);
    }

    /// After how long without a sign it counts as stuck; `None` where nobody shows them.
    pub(super) fn stuck_after(&self) -> Option<Duration> {
        *self.stuck_after.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The daemon got on; in the time of [`Clock::elapsed`].
    pub(super) fn turned(&self, elapsed: Duration) {
        self.state().turned = Some(elapsed);
    }

    /// A pass begins, or has come to its end.
    pub(super) fn passes(&self, is_passing: bool) {
        self.state().is_passing = is_passing;
    }

    /// The next pass that walks begins then.
    pub(super) fn waits(&self, due: DateTime<Utc>) {
        self.state().due = Some(due);
    }

    fn state(&self) -> MutexGuard<'_, Signs> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
