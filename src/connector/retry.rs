//! Delays between tries. The only file that names `backoff`, and only as a calculator of delays.
//!
//! The crate's own loops are not used: they ignore every limit once a server names a time, put the jitter on top of the
//! cap, and measure by a clock that is not ours. What is taken from it is how delays grow; how they are spread, how long
//! and how often to try, and what a server's `Retry-After` means, is decided here.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;

/// How much longer than a server asks for we wait at most, so that callers that it sent away together do not come back
/// together.
const SPREAD: f64 = 0.1;

/// How far our own delays vary to either side, as a share.
const OWN_SPREAD: f64 = 0.5;

/// How long to go on trying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrySettings {
    /// The first delay.
    pub initial: Duration,
    /// The longest delay, jitter included.
    pub max_interval: Duration,
    /// The longest time over all tries of a call, waits included.
    pub max_elapsed: Duration,
    /// The most tries.
    pub max_tries: u32,
}

impl Default for RetrySettings {
    /// Half a second first, half a minute at most, two minutes in all, eight tries.
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(500),
            max_interval: Duration::from_secs(30),
            max_elapsed: Duration::from_mins(2),
            max_tries: 8,
        }
    }
}

/// The delays of one call.
#[derive(Debug)]
pub struct Delays {
    settings: RetrySettings,
    backoff: ExponentialBackoff,
    started: Duration,
    tries: u32,
}

impl Delays {
    /// The delays of a call whose first try begins at `now`, in the time of [`crate::clock::Clock::elapsed`].
    pub fn new(settings: RetrySettings, now: Duration) -> Self {
        let backoff = ExponentialBackoff {
            current_interval: settings.initial,
            initial_interval: settings.initial,
            max_interval: settings.max_interval,
            // Chance comes from one place, so that a run that is seeded can be repeated.
            randomization_factor: 0.0,
            // Its own limit goes by the machine's clock; ours goes by the caller's.
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        Self { settings, backoff, started: now, tries: 0 }
    }

    /// Tries that have failed so far.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// The time since the first try, at `now`.
    pub fn taken(&self, now: Duration) -> Duration {
        now.saturating_sub(self.started)
    }

    /// How long to wait after a try that failed at `now`; `None` if it was the last one.
    ///
    /// A server's `retry_after` is never undercut: if it leads beyond the longest time, there is no further try.
    pub fn after_failure(&mut self, retry_after: Option<Duration>, now: Duration) -> Option<Duration> {
        self.tries = self.tries.saturating_add(1);
        // Asked for every time, so that delays go on growing while a server names its own.
        let grown = self.backoff.next_backoff()?;
        let own = grown.mul_f64(1.0 + OWN_SPREAD * (2.0 * fastrand::f64() - 1.0)).min(self.settings.max_interval);
        if self.tries >= self.settings.max_tries {
            return None;
        }
        let left = self.settings.max_elapsed.saturating_sub(self.taken(now));
        let wait = match retry_after {
            None => own,
            Some(asked) if asked > left => return None,
            Some(asked) => asked.saturating_add(asked.mul_f64(fastrand::f64() * SPREAD)).min(left).max(own),
        };
        (wait <= left).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings() -> RetrySettings {
        RetrySettings {
            initial: Duration::from_millis(100),
            max_interval: Duration::from_secs(2),
            max_elapsed: Duration::from_mins(1),
            max_tries: 100,
        }
    }

    #[test]
    fn gives_up_after_the_most_tries() {
        let mut delays = Delays::new(RetrySettings { max_tries: 3, ..settings() }, Duration::ZERO);
        assert!(delays.after_failure(None, Duration::ZERO).is_some());
        assert!(delays.after_failure(None, Duration::ZERO).is_some());
        assert_eq!(delays.after_failure(None, Duration::ZERO), None);
        assert_eq!(delays.tries(), 3);
    }

    #[test]
    fn gives_up_when_the_time_is_over_by_the_callers_clock() {
        let begun = Duration::from_secs(1000);
        let mut delays = Delays::new(settings(), begun);
        let mut now = begun;
        while let Some(wait) = delays.after_failure(None, now) {
            now += wait;
        }
        assert!(now.checked_sub(begun).unwrap() <= Duration::from_mins(1));
        assert!(now.checked_sub(begun).unwrap() > Duration::from_secs(50), "it went on as long as it may");
        assert!(delays.tries() < 100);
    }

    #[test]
    fn a_server_that_always_names_a_time_is_given_up_too() {
        let mut delays = Delays::new(settings(), Duration::ZERO);
        let mut now = Duration::ZERO;
        let mut waits = 0;
        while let Some(wait) = delays.after_failure(Some(Duration::from_secs(10)), now) {
            assert!(wait >= Duration::from_secs(10) && wait <= Duration::from_secs(11));
            now += wait;
            waits += 1;
        }
        assert!((4..=6).contains(&waits), "{waits} waits of ten seconds in a minute");
    }

    #[test]
    fn a_time_beyond_the_longest_is_not_slept_through() {
        let mut delays = Delays::new(settings(), Duration::ZERO);
        assert_eq!(delays.after_failure(Some(Duration::from_hours(24)), Duration::ZERO), None);
    }

    #[test]
    fn delays_go_on_growing_while_a_server_names_its_own() {
        let mut delays = Delays::new(settings(), Duration::ZERO);
        for _ in 0..12 {
            delays.after_failure(Some(Duration::from_millis(1)), Duration::ZERO);
        }
        assert!(delays.after_failure(None, Duration::ZERO).unwrap() >= Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn no_delay_is_longer_than_the_longest(failures in 1_u32..90) {
            let mut delays = Delays::new(settings(), Duration::ZERO);
            for _ in 0..failures {
                let wait = delays.after_failure(None, Duration::ZERO).unwrap();
                prop_assert!(wait <= Duration::from_secs(2));
            }
        }

        #[test]
        fn a_named_time_is_never_undercut(asked in 0_u64..60_000, failures in 0_u32..20) {
            let mut delays = Delays::new(settings(), Duration::ZERO);
            for _ in 0..failures {
                delays.after_failure(None, Duration::ZERO);
            }
            let asked = Duration::from_millis(asked);
            let wait = delays.after_failure(Some(asked), Duration::ZERO).unwrap();
            prop_assert!(wait >= asked && wait <= Duration::from_mins(1));
        }
    }
}
