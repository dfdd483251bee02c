//! What the service shows of itself while it works: one line of status, and a watchdog that is fed by real progress.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::systemd::Notifier;
use super::watch::Watch;
use crate::clock::Clock;
use crate::domain::record::{Kind, Side};
use crate::sync::Progress;

/// How often the line of status moves at most.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// How often the watchdog is fed within its time, so that one feeding that comes late is no alarm.
pub(super) const FEEDINGS: u32 = 3;

/// How often it says between beats that it is alive, where somebody may look.
const TURNS_EVERY: Duration = Duration::from_secs(10);

/// Hears how a pass goes, tells systemd, and passes it on.
pub(super) struct Pulse<'a> {
    notifier: Notifier,
    watch: Option<Watch>,
    clock: &'a dyn Clock,
    also: &'a dyn Progress,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    read: u64,
    planned: Option<u64>,
    done: u64,
    told: Option<Duration>,
    fed: Option<Duration>,
}

impl<'a> Pulse<'a> {
    pub(super) fn new(notifier: Notifier, watch: Option<Watch>, clock: &'a dyn Clock, also: &'a dyn Progress) -> Self {
        Self { notifier, watch, clock, also, state: Mutex::default() }
    }

    /// How often it is to be fed between beats; never where nobody looks.
    pub(super) fn feeding(&self) -> Option<Duration> {
        let of_watchdog = self.notifier.watchdog().map(|within| within / FEEDINGS);
        let of_watch = self.watch.as_ref().map(|_| TURNS_EVERY);
        of_watchdog.into_iter().chain(of_watch).min()
    }

    /// A pass begins.
    pub(super) fn begins(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { fed: state.fed, ..State::default() };
        drop(state);
        self.notifier.status("a pass is under way: asking both sides");
        self.feed();
    }

    /// The service is alive, and getting on.
    pub(super) fn feed(&self) {
        if let Some(watch) = &self.watch {
            watch.vitals.turned(self.clock.now());
        }
        let Some(within) = self.notifier.watchdog() else { return };
        let now = self.clock.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Progress comes by the page; the watchdog need not hear of each.
        if state.fed.is_none_or(|fed| now.saturating_sub(fed) >= within / (2 * FEEDINGS)) {
            state.fed = Some(now);
            self.notifier.alive();
        }
    }

    fn moved(&self, change: impl FnOnce(&mut State)) {
        let now = self.clock.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        if state.told.is_none_or(|told| now.saturating_sub(told) >= TOLD_EVERY) {
            state.told = Some(now);
            self.notifier.status(&state.line());
        }
        drop(state);
        self.feed();
    }
}

impl State {
    fn line(&self) -> String {
        match self.planned {
            None => format!("a pass is under way: {} records read", self.read),
            Some(planned) => {
                format!("a pass is under way: {} records read, {} of {planned} actions done", self.read, self.done)
            }
        }
    }
}

impl Progress for Pulse<'_> {
    fn scanned(&self, side: Side, kind: Kind, rows: usize) {
        self.also.scanned(side, kind, rows);
        if let Some(watch) = &self.watch {
            watch.metrics.scanned(side, kind, rows);
        }
        self.moved(|state| state.read = state.read.saturating_add(rows as u64));
    }

    fn planned(&self, actions: u64) {
        self.also.planned(actions);
        self.moved(|state| state.planned = Some(actions));
    }

    fn applied(&self, actions: u64) {
        self.also.applied(actions);
        self.moved(|state| state.done = state.done.saturating_add(actions));
    }
}
