//! The one source of time: every wait, deadline and stamp goes through a [`Clock`].
//!
//! So a simulation needs no socket, no sleep and no paused runtime.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::alarm::Alarm;

/// Time, as the program is given it.
#[async_trait]
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;

    /// Returns after `duration`.
    async fn sleep(&self, duration: Duration);

    /// Returns after `duration` at the latest, the time counted that the machine is suspended, and when its date is set; perhaps
    /// sooner: whoever waits for a date looks again.
    async fn nap(&self, duration: Duration) {
        self.sleep(duration.min(STRETCH)).await;
    }
}

/// How long is slept at a stretch where no alarm tells that the machine was suspended or its date set? It is looked at the clock
/// so often then.
pub const STRETCH: Duration = Duration::from_secs(30);

/// From when [`SystemClock`] counts: one moment of the process, so that what one clock stamped another one can judge.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Waits on this thread for a moment: for what is done before anything runs.
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// The machine's time.
#[derive(Debug)]
pub struct SystemClock(());

impl SystemClock {
    /// A clock like any other of this process.
    pub fn new() -> Self {
        LazyLock::force(&STARTED);
        Self(())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn elapsed(&self) -> Duration {
        STARTED.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn nap(&self, duration: Duration) {
        let rung = match Alarm::after(duration) {
            Ok(alarm) => alarm.rings().await,
            Err(error) => Err(error),
        };
        if rung.is_err() {
            self.sleep(duration.min(STRETCH)).await;
        }
    }
}

/// A time that only moves when somebody waits or moves it: a sleep passes at once and the clock with it.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
    start: i64,
    keeps_turns: AtomicBool,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        let now = now.timestamp_micros();
        Self { micros: AtomicI64::new(now), start: now, keeps_turns: AtomicBool::new(false) }
    }

    /// From now on a sleep gives nobody else a turn: what is under way at once is then done in one order, in every run.
    pub fn keep_turns(&self) {
        self.keeps_turns.store(true, Ordering::SeqCst);
    }

    /// Moves the clock on.
    pub fn advance(&self, duration: Duration) {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::SeqCst)).unwrap_or_default()
    }

    fn elapsed(&self) -> Duration {
        let passed = self.micros.load(Ordering::SeqCst).saturating_sub(self.start);
        Duration::from_micros(u64::try_from(passed).unwrap_or(0))
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
        if !self.keeps_turns.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}

/// A time that stands still until somebody moves it. A short sleep passes at once, a long one never, unless it is to.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct StillClock {
    now: std::sync::Mutex<DateTime<Utc>>,
    /// From what on a sleep is long.
    long: Duration,
    /// Whether long sleeps pass, too, once everybody had a turn.
    pub(crate) is_patient: bool,
}

#[cfg(test)]
impl StillClock {
    /// How many turns others have before a long sleep passes.
    const TURNS: usize = 100;

    /// A clock that shows `now`, by which nothing is ever late.
    pub(crate) fn new(now: DateTime<Utc>, long: Duration) -> Self {
        Self { now: std::sync::Mutex::new(now), long, is_patient: true }
    }

    /// One whose long sleeps pass.
    pub(crate) fn impatient(now: DateTime<Utc>, long: Duration) -> Self {
        Self { is_patient: false, ..Self::new(now, long) }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, DateTime<Utc>> {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Moves it on.
    pub(crate) fn advance(&self, duration: Duration) {
        *self.locked() += duration;
    }
}

#[cfg(test)]
#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        *self.locked()
    }

    fn elapsed(&self) -> Duration {
        (self.now() - DateTime::UNIX_EPOCH).to_std().unwrap_or_default()
    }

    async fn sleep(&self, duration: Duration) {
        if duration < self.long {
            return tokio::task::yield_now().await;
        }
        for _ in 0..Self::TURNS {
            tokio::task::yield_now().await;
        }
        if self.is_patient {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_clock_of_the_process_stamped_another_one_can_judge() {
        let early = SystemClock::new();
        while early.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
        let stamped = early.elapsed();
        assert!(SystemClock::new().elapsed() >= stamped);
    }
}
