//! What the service shows of itself while it works: one line of status, and a watchdog that is fed by real progress.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::systemd::Notifier;
use super::watch::Watch;
use crate::clock::Clock;
use crate::domain::record::{Kind, Side};
use crate::sync::Progress;

/// How often the line of status moves at most.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// How often whoever watches is fed within its time, so that one feeding that comes late is no alarm. Not more often: each wakes a
/// machine that has nothing else to do.
const FEEDINGS: u32 = 3;

/// What is added to the line of status until a configuration is taken up.
const NOT_VALID: &str = "the new configuration is not valid (see the log); the one before stays in force";

/// Hears how a pass goes, tells systemd, and passes it on.
pub(super) struct Pulse<'a> {
    notifier: Notifier,
    watch: Option<Watch>,
    clock: &'a dyn Clock,
    also: &'a dyn Progress,
    /// That the configuration was changed into one that is not valid.
    is_refused: AtomicBool,
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
        Self { notifier, watch, clock, also, is_refused: AtomicBool::new(false), state: Mutex::default() }
    }

    /// How often it is to be fed between beats; never where nobody looks.
    pub(super) fn feeding(&self) -> Option<Duration> {
        let of_watch = self.watch.as_ref().and_then(|watch| watch.vitals.stuck_after());
        self.notifier.watchdog().into_iter().chain(of_watch).min().map(|within| within / FEEDINGS)
    }

    /// A pass begins.
    pub(super) fn begins(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { fed: state.fed, ..State::default() };
        drop(state);
        if let Some(watch) = &self.watch {
            watch.vitals.passes(true);
        }
        self.tell("a pass is under way: asking both sides");
        self.feed();
    }

    /// It has come to its end.
    pub(super) fn ends(&self) {
        if let Some(watch) = &self.watch {
            watch.vitals.passes(false);
        }
    }

    /// A new configuration is not valid: that is told with everything else from now on.
    pub(super) fn refused(&self) {
        self.is_refused.store(true, Ordering::Relaxed);
        self.notifier.status(NOT_VALID);
    }

    /// The line of status.
    pub(super) fn tell(&self, line: &str) {
        self.notifier.status(&self.told(line));
    }

    fn told(&self, line: &str) -> String {
        if self.is_refused.load(Ordering::Relaxed) { format!("{line}; {NOT_VALID}") } else { line.to_owned() }
    }

    /// The service is alive, and getting on.
    pub(super) fn feed(&self) {
        if let Some(watch) = &self.watch {
            watch.vitals.turned(self.clock.elapsed());
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
            self.tell(&state.line());
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

    fn looked(&self) {
        self.also.looked();
        self.feed();
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::daemon::hints::Hints;
    use crate::daemon::watch::Vitals;
    use crate::metrics::Metrics;
    use crate::sync::Silent;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_configuration_that_is_not_valid_is_told_until_one_is_taken_up() {
        let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
        let pulse = Pulse::new(Notifier::default(), None, &clock, &Silent);
        assert_eq!(pulse.told("idle; pass 7"), "idle; pass 7");
        pulse.refused();
        pulse.begins();
        assert_eq!(pulse.told("idle; pass 8"), format!("idle; pass 8; {NOT_VALID}"));
    }

    #[test]
    fn between_beats_nothing_wakes_it_more_often_than_whoever_watches_needs() {
        let folder = tempfile::tempdir().unwrap();
        let hints = Hints::beside(&folder.path().join("state.sqlite")).unwrap();
        let watch = Watch { metrics: Arc::new(Metrics::new()), vitals: Arc::new(Vitals::default()), hints };
        let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
        let feeding = |watch: Option<&Watch>, watchdog| {
            Pulse::new(Notifier::watched(watchdog), watch.cloned(), &clock, &Silent).feeding()
        };
        assert_eq!(feeding(None, None), None, "nobody looks");
        assert_eq!(feeding(Some(&watch), None), None, "nobody says when it would be stuck");
        watch.vitals.counts_as_stuck(15 * MINUTE);
        assert_eq!(feeding(Some(&watch), None), Some(5 * MINUTE));
        let pulse = Pulse::new(Notifier::default(), Some(watch.clone()), &clock, &Silent);
        clock.advance(MINUTE);
        pulse.begins();
        assert_eq!(watch.vitals.signs().turned, Some(MINUTE), "no date, which may be set");
        assert!(watch.vitals.signs().is_passing);
        pulse.ends();
        assert!(!watch.vitals.signs().is_passing);
        assert_eq!(feeding(Some(&watch), Some(3 * MINUTE)), Some(MINUTE));
        watch.vitals.counts_as_stuck(MINUTE);
        assert_eq!(feeding(Some(&watch), Some(3 * MINUTE)), Some(MINUTE / 3));
    }
}
