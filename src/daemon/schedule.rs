//! When the next pass begins, and whether it walks everything. Pure: time and chance are arguments.

use std::time::Duration;

/// How soon a pass follows one that left something due.
pub const AGAIN: Duration = Duration::from_secs(1);

/// How often the wait after failures is doubled at most.
const DOUBLINGS: u32 = 16;

/// The beats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Between incremental passes.
    pub interval: Duration,
    /// Between complete ones.
    pub slow_interval: Duration,
    /// How far each wait varies, as a share of it.
    pub jitter: f64,
    last_complete: Option<Duration>,
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

/// The next pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// How long until it begins.
    pub time: Duration,
    /// Whether it walks everything.
    pub complete: bool,
}

impl Schedule {
    /// Beats that have not begun.
    pub const fn new(interval: Duration, slow_interval: Duration, jitter: f64) -> Self {
        Self { interval, slow_interval, jitter, last_complete: None }
    }

    /// A complete pass ended at `now` (time since the start).
    pub const fn completed(&mut self, now: Duration) {
        self.last_complete = Some(now);
    }

    /// How long is waited after a pass, before chance varies it.
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
    pub fn wait(&self, after: After, now: Duration, chance: f64) -> Wait {
        let base = self.base(after);
        let share = 1.0 + self.jitter.clamp(0.0, 1.0) * (2.0 * chance.clamp(0.0, 1.0) - 1.0);
        let time = base.mul_f64(share);
        let complete = self.last_complete.is_none_or(|last| now + time >= last + self.slow_interval);
        Wait { time, complete }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn schedule() -> Schedule {
        Schedule::new(5 * MINUTE, 360 * MINUTE, 0.1)
    }

    #[rstest]
    #[case::an_interval(After::Passed, 5 * MINUTE)]
    #[case::at_once(After::Again, Duration::from_secs(1))]
    #[case::first_failure(After::Failed { failures: 1 }, 5 * MINUTE)]
    #[case::second_failure(After::Failed { failures: 2 }, 10 * MINUTE)]
    #[case::many_failures(After::Failed { failures: 40 }, 360 * MINUTE)]
    #[case::refused_credential(After::Locked, 360 * MINUTE)]
    fn a_wait_follows_from_what_happened(#[case] after: After, #[case] time: Duration) {
        assert_eq!(schedule().wait(after, Duration::ZERO, 0.5).time, time);
    }

    #[test]
    fn chance_varies_a_wait_by_the_jitter_and_no_more() {
        let waits = [0.0, 1.0].map(|chance| schedule().wait(After::Passed, Duration::ZERO, chance).time);
        assert_eq!(waits, [5 * MINUTE * 9 / 10, 5 * MINUTE * 11 / 10]);
    }

    #[test]
    fn everything_is_walked_on_the_slow_beat() {
        let mut schedule = schedule();
        assert!(schedule.wait(After::Passed, Duration::ZERO, 0.5).complete, "nothing was walked yet");
        schedule.completed(MINUTE);
        assert!(!schedule.wait(After::Passed, 2 * MINUTE, 0.5).complete);
        assert!(schedule.wait(After::Passed, 356 * MINUTE, 0.5).complete);
    }
}
