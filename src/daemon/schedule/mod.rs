//! When the next pass begins, and whether it walks everything. Pure: time and chance are arguments.
//!
//! A beat is an interval, or the [`ticks`] of a cron expression. [`quiet`] hours put a pass off, and so does [`thrift`] while a
//! day's requests run low. Whatever was missed meanwhile is one pass.

pub mod quiet;
pub mod thrift;
pub mod ticks;
pub mod zone;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use quiet::Quiet;
use thrift::Thrift;
use ticks::Ticks;

/// How soon a pass follows one that left something due.
pub const AGAIN: Duration = Duration::from_secs(1);

/// How far may a beat be put off while a day's requests run low? They are a day's: after that there are others.
const DAY: Duration = Duration::from_hours(24);

/// How often the wait after failures is doubled at most.
const DOUBLINGS: u32 = 16;

/// The beats.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Between incremental passes. Where these fall by `ticks`, how soon a failed one is tried again.
    pub interval: Duration,
    /// Between complete ones. Where these fall by `slow_ticks`, the longest wait after failures.
    pub slow_interval: Duration,
    /// How far each wait varies, as a share of it. A tick is late by up to this share of `interval`.
    pub jitter: f64,
    ticks: Option<Ticks>,
    slow_ticks: Option<Ticks>,
    quiet: Quiet,
    thrift: Thrift,
    last_complete: Option<DateTime<Utc>>,
}

/// What the last pass came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It ended, and nothing is due.
    Passed,
    /// It ended, and something is due at once.
    Again,
    /// It failed, so many times in a row.
    Failed {
        /// How many times.
        failures: u32,
    },
    /// A credential is refused: asking again soon only locks it.
    Locked,
}

/// Whether there are requests enough for passes at their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// There are.
    Enough,
    /// They run low: passes are put off.
    Short,
}

/// The next pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// How long until it begins.
    pub time: Duration,
    /// Whether quiet hours put it off.
    pub is_quiet: bool,
}

impl Schedule {
    /// Beats by intervals that have not begun, without quiet hours.
    pub const fn new(interval: Duration, slow_interval: Duration, jitter: f64) -> Self {
        Self {
            interval,
            slow_interval,
            jitter,
            ticks: None,
            slow_ticks: None,
            quiet: Quiet::NONE,
            thrift: Thrift::NONE,
            last_complete: None,
        }
    }

    /// The same with passes, and complete ones, at these times instead, where there are any.
    #[must_use]
    pub fn at(self, ticks: Option<Ticks>, slow_ticks: Option<Ticks>) -> Self {
        Self { ticks, slow_ticks, ..self }
    }

    /// The same with quiet hours.
    #[must_use]
    pub fn resting(self, quiet: Quiet) -> Self {
        Self { quiet, ..self }
    }

    /// The same with passes put off while requests run low.
    #[must_use]
    pub fn sparing(self, thrift: Thrift) -> Self {
        Self { thrift, ..self }
    }

    /// When passes are put off because requests run low.
    pub const fn thrift(&self) -> &Thrift {
        &self.thrift
    }

    /// A complete pass ended.
    pub const fn completed(&mut self, now: DateTime<Utc>) {
        self.last_complete = Some(now);
    }

    /// When the quiet hours that a moment lies in end; `None` outside of any.
    pub fn quiet_until(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.quiet.until(moment)
    }

    /// The wait at `now`, after a pass about hints: the beat, which is `left` away, goes on as if nothing had happened, unless hints want
    /// a walk as `soon` as that; in quiet hours only where they may, `in_quiet`.
    pub fn wait_on(&self, left: Duration, soon: Duration, in_quiet: bool, now: DateTime<Utc>) -> Wait {
        let is_allowed = |time| self.quiet.until(later(now, time)).is_none();
        if soon < left && (in_quiet || is_allowed(soon)) {
            return Wait { time: soon, is_quiet: false };
        }
        match self.quiet.until(later(now, left)) {
            Some(end) => Wait { time: until(now, end), is_quiet: true },
            None => Wait { time: left, is_quiet: false },
        }
    }

    /// How long is waited after a pass, before ticks and chance vary it.
    pub fn base(&self, after: After) -> Duration {
        match after {
            After::Passed => self.interval,
            After::Again => AGAIN.min(self.interval),
            After::Failed { failures } => {
                let doublings = failures.saturating_sub(1).min(DOUBLINGS);
                self.interval.saturating_mul(1 << doublings).min(self.slow_interval)
            }
            After::Locked => self.slow_interval,
        }
    }

    /// The wait after a pass that ended at `now`; `chance` is from 0 to 1.
    pub fn wait(&self, after: After, means: Means, now: DateTime<Utc>, chance: f64) -> Wait {
        self.wait_at_least(Duration::ZERO, after, means, now, chance)
    }

    /// The same where a side asked to be left alone for so long.
    pub fn wait_at_least(&self, asked: Duration, after: After, means: Means, now: DateTime<Utc>, chance: f64) -> Wait {
        let chance = chance.clamp(0.0, 1.0);
        let time = match after {
            After::Passed => self.beat(means, now, chance),
            After::Again | After::Failed { .. } | After::Locked => self.vary(self.base(after), chance),
        };
        let time = time.max(asked);
        let begin = later(now, time);
        let Some(end) = self.quiet.until(begin) else {
            return Wait { time, is_quiet: false };
        };
        // Several daemons do not begin at the same second; one that would hit the next quiet hours does not wait for long.
        let late = later(end, self.lateness(chance));
        let begin = if self.quiet.contains(late) { end } else { late };
        Wait { time: until(now, begin), is_quiet: true }
    }

    /// From the end of a pass to the next beat.
    fn beat(&self, means: Means, now: DateTime<Utc>, chance: f64) -> Duration {
        let usual = self.usual_beat(now, chance);
        match means {
            Means::Enough => usual,
            // The complete pass that falls meanwhile is the next beat; a beat that is a day away is not put off.
            Means::Short => usual.max(self.spared_beat(now, chance)),
        }
    }

    fn usual_beat(&self, now: DateTime<Utc>, chance: f64) -> Duration {
        let tick = |ticks: &Ticks| {
            let falls = ticks.after(now)?;
            Some(until(now, falls).saturating_add(self.lateness(chance)))
        };
        let beat = self.ticks.as_ref().and_then(tick).unwrap_or_else(|| self.vary(self.interval, chance));
        let slow = self.slow_ticks.as_ref().and_then(tick);
        slow.map_or(beat, |slow| slow.min(beat))
    }

    /// The beat that is as many beats away as requests that run low put it off to, or the last one of a day.
    fn spared_beat(&self, now: DateTime<Utc>, chance: f64) -> Duration {
        let times = self.thrift.factor.max(1);
        let Some(ticks) = &self.ticks else {
            return self.vary(self.interval.saturating_mul(times).min(DAY), chance);
        };
        let falls = std::iter::successors(ticks.after(now), |tick| ticks.after(*tick)).map(|tick| until(now, tick));
        let last = falls.take(usize::try_from(times).unwrap_or(usize::MAX)).take_while(|time| *time <= DAY).last();
        last.map_or(Duration::ZERO, |time| time.saturating_add(self.lateness(chance)))
    }

    /// Whether a pass that walks and begins at `begin` walks everything.
    pub fn is_complete_due(&self, begin: DateTime<Utc>) -> bool {
        let Some(last) = self.last_complete else { return true };
        match &self.slow_ticks {
            // A clock that was set back must not put it off for long.
            _ if last > begin => true,
            Some(ticks) => ticks.after(last).is_some_and(|tick| tick <= begin),
            None => begin - last >= delta(self.slow_interval),
        }
    }

    fn vary(&self, time: Duration, chance: f64) -> Duration {
        time.mul_f64(1.0 + self.jitter.clamp(0.0, 1.0) * (2.0 * chance - 1.0))
    }

    fn lateness(&self, chance: f64) -> Duration {
        self.interval.mul_f64(self.jitter.clamp(0.0, 1.0) * chance)
    }
}

fn delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

fn later(moment: DateTime<Utc>, time: Duration) -> DateTime<Utc> {
    moment.checked_add_signed(delta(time)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn until(now: DateTime<Utc>, then: DateTime<Utc>) -> Duration {
    (then - now).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests;
