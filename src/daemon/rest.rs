//! Between two passes: what ends the wait for the next one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::control::Hurry;
use super::hints::pace::Pace;
use super::pulse::Pulse;
use super::quarantine::Quarantine;
use super::schedule::{self, Means, Schedule, Wait};
use super::watch::{Walks, Watch};
use super::{Daemon, announce, is_reloaded, keep};
use crate::clock::Clock;
use crate::domain::hint::Hint;
use crate::store::quarantine::Fails;
use crate::store::{Store, StoreError};

/// When the next beat falls, by the wall and by the time since the start: whichever comes first, so that neither a suspended
/// machine nor a clock that was set back holds it up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) at: DateTime<Utc>,
    by: Duration,
}

impl Due {
    /// Due after that long.
    pub(super) fn after(clock: &dyn Clock, time: Duration) -> Self {
        let at = TimeDelta::from_std(time).ok().and_then(|time| clock.now().checked_add_signed(time));
        Self { at: at.unwrap_or(DateTime::<Utc>::MAX_UTC), by: clock.elapsed().saturating_add(time) }
    }

    /// When a pass that begins now begins: one that is due does at its date, even if the clock lags behind by a little.
    pub(super) fn begins(self, clock: &dyn Clock) -> DateTime<Utc> {
        let now = clock.now();
        if self.left(clock).is_zero() { now.max(self.at) } else { now }
    }

    /// How long until then.
    pub(super) fn left(self, clock: &dyn Clock) -> Duration {
        let by_wall = (self.at - clock.now()).to_std().unwrap_or_default();
        self.by.saturating_sub(clock.elapsed()).min(by_wall)
    }

    /// Returns when it is due.
    pub(super) async fn come(self, clock: &dyn Clock) {
        loop {
            let left = self.left(clock);
            if left.is_zero() {
                return;
            }
            // A machine that was suspended wakes up into a sleep that counted none of it.
            clock.nap(left).await;
        }
    }
}

/// What ended the wait.
#[derive(Debug)]
pub(super) enum Woken {
    /// The beat fell, or somebody or hints want a pass that walks.
    Walk,
    /// Hints want these to be looked at.
    Hinted(BTreeSet<Hint>),
    /// Another configuration stands ready.
    Reloaded,
    /// It is to stop.
    Stop,
}

/// How things stand between two passes.
pub(super) struct Standing<'a, 'p> {
    pub(super) quarantine: &'a mut Quarantine,
    pub(super) pulse: &'a Pulse<'p>,
    pub(super) pace: Pace,
    pub(super) means: Means,
    /// Whether the last plan was accepted: hints do not have a refused one made again and again.
    pub(super) is_open: bool,
}

/// Waits until the next pass is to begin, and moves `due` where a decision wants it sooner.
pub(super) async fn until_next(
    daemon: &mut Daemon<'_>,
    store: &mut Store,
    standing: Standing<'_, '_>,
    due: &mut Due,
    stop: &CancellationToken,
    wake: &Arc<Notify>,
) -> Result<Woken, StoreError> {
    let Standing { quarantine, pulse, pace, means, is_open } = standing;
    let clock = daemon.world.clock;
    let schedule = daemon.schedule.clone();
    let watch = daemon.watch.clone();
    let is_well = quarantine.sides().is_empty();
    // What cannot be written holds up its kind alone, and is left alone by a pass about hints, too.
    let is_read = quarantine.sides().values().all(|illness| illness.fails != Fails::Reading);
    let walks = match means {
        Means::Enough => Walks::Wanted,
        Means::Short => Walks::NotNow,
    };
    let hears = watch.as_ref().filter(|_| is_read && is_open);
    let hinted = hinted(hears, walks, daemon.hints_in_quiet, &schedule, pace, clock);
    let mut hinted = Box::pin(hinted);
    let mut beat = Box::pin(due.come(clock));
    // Where nobody looks nothing wakes it between beats.
    let feeding = pulse.feeding();
    loop {
        pulse.feed();
        let fed = async {
            match feeding {
                Some(time) => clock.sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = &mut beat => match slept_into(&schedule, *due, clock.now()) {
                None => return Ok(Woken::Walk),
                Some(end) => {
                    let wait = Wait { time: (end - clock.now()).to_std().unwrap_or_default(), is_quiet: true };
                    *due = Due::after(clock, wait.time);
                    announce(daemon, pulse, &wait, *due, means, !is_well, "idle".to_owned());
                    beat = Box::pin(due.come(clock));
                }
            },
            () = fed => {}
            hints = &mut hinted => return Ok(hints.map_or(Woken::Walk, Woken::Hinted)),
            () = wake.notified() => {
                // Another configuration may take it for stuck sooner than this one.
                pulse.feed();
                if is_reloaded(daemon, pulse) {
                    return Ok(Woken::Reloaded);
                }
                info!("woken: a pass begins at once");
                quarantine.hurry(clock.now());
                keep(store, quarantine, &[]).await?;
                return Ok(Woken::Walk);
            }
            () = stop.cancelled() => return Ok(Woken::Stop),
            () = daemon.inbox.arrived() => match daemon.inbox.take_up(store).await {
                Hurry::Pass => {
                    quarantine.hurry(clock.now());
                    keep(store, quarantine, &[]).await?;
                    return Ok(Woken::Walk);
                }
                // A side that fails is not asked sooner because of a decision, and at night nobody is.
                Hurry::Decided if is_well && schedule.quiet_until(clock.now() + schedule::AGAIN).is_none() => {
                    *due = Due::after(clock, schedule::AGAIN);
                    beat = Box::pin(due.come(clock));
                }
                Hurry::Decided | Hurry::None => {}
            },
        }
    }
}

/// The end of quiet hours that a beat which was due before them lies in by now: a machine that slept, or was held up, woke up in them.
/// A pass that was to begin in them, as hints may want, does.
fn slept_into(schedule: &Schedule, due: Due, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    schedule.quiet_until(now).filter(|_| schedule.quiet_until(due.at).is_none())
}

/// Returns when hints have come in, were gathered, and may start a pass: what it is to be about, or none where it is to walk.
async fn hinted(
    watch: Option<&Watch>,
    walks: Walks,
    in_quiet: bool,
    schedule: &Schedule,
    pace: Pace,
    clock: &dyn Clock,
) -> Option<BTreeSet<Hint>> {
    loop {
        let hints = Watch::hinted(watch, walks, pace, clock).await;
        let now = clock.now();
        match schedule.quiet_until(now).filter(|_| !in_quiet) {
            // What comes meanwhile is looked at with them.
            Some(end) => Due::after(clock, (end - now).to_std().unwrap_or_default()).come(clock).await,
            None => return hints,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use async_trait::async_trait;

    use super::super::schedule::quiet::Quiet;
    use super::super::schedule::zone::Zone;
    use super::*;
    use crate::clock::STRETCH;

    /// A machine that is suspended in its second sleep: the wall goes on, the time since the start does not.
    #[derive(Debug, Default)]
    struct Suspended {
        wall: AtomicI64,
        elapsed: AtomicU64,
        sleeps: AtomicU64,
        asleep: i64,
    }

    #[async_trait]
    impl Clock for Suspended {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH + TimeDelta::seconds(self.wall.load(Ordering::SeqCst))
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.elapsed.load(Ordering::SeqCst))
        }

        async fn sleep(&self, duration: Duration) {
            let seconds = duration.as_secs().max(1);
            self.elapsed.fetch_add(seconds, Ordering::SeqCst);
            self.wall.fetch_add(i64::try_from(seconds).unwrap(), Ordering::SeqCst);
            if self.sleeps.fetch_add(1, Ordering::SeqCst) == 1 {
                self.wall.fetch_add(self.asleep, Ordering::SeqCst);
            }
        }
    }

    #[tokio::test]
    async fn a_machine_that_slept_begins_the_pass_that_is_overdue() {
        let clock = Suspended { asleep: 8 * 3_600, ..Suspended::default() };
        Due::after(&clock, Duration::from_hours(6)).come(&clock).await;
        assert_eq!(clock.elapsed(), 2 * STRETCH, "at once, not six hours after it woke up");
    }

    #[test]
    fn a_machine_that_slept_into_quiet_hours_waits_for_their_end() {
        let quiet = Quiet::parse(&["22:00-06:00".to_owned()], Zone::UTC).unwrap();
        let schedule = Schedule::new(Duration::from_mins(5), Duration::from_hours(6), 0.0).resting(quiet);
        let at = |time: &str| format!("2026-11-24T{time}Z").parse::<DateTime<Utc>>().unwrap();
        let due = |time| Due { at: at(time), by: Duration::ZERO };
        let end = "2026-11-25T06:00:00Z".parse().ok();
        assert_eq!(slept_into(&schedule, due("21:58:00"), at("21:58:00")), None);
        assert_eq!(slept_into(&schedule, due("21:58:00"), at("22:10:00")), end);
        assert_eq!(slept_into(&schedule, due("22:05:00"), at("22:10:00")), None, "it was meant to begin then");
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_holds_no_pass_up() {
        let clock = Suspended { asleep: -30 * 86_400, ..Suspended::default() };
        Due::after(&clock, Duration::from_mins(5)).come(&clock).await;
        assert_eq!(clock.elapsed(), Duration::from_mins(5));
    }
}
