//! How soon hints are followed by a pass, so that a burst starts few and a stream does not start them without end. Pure: time is
//! an argument.

use std::time::Duration;

/// How long are hints gathered before they are looked at? A person's edit often comes as several events.
const GATHER: Duration = Duration::from_millis(250);

/// How much longer than a pass about hints lasts is waited until the next one: so much of the time is left to others.
const REST_OF_HINTED: u32 = 3;

/// The same of a pass that walks because a hint wants it: it costs the systems far more.
const REST_OF_WALK: u32 = 20;

/// How soon may a walk follow another one at all, because hints want it?
const BETWEEN_WALKS: Duration = Duration::from_secs(2);

/// When the last passes ended and how long they took, in the time of [`crate::clock::Clock::elapsed`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    hinted: Option<Ran>,
    walked: Option<Ran>,
}

#[derive(Debug, Clone, Copy)]
struct Ran {
    took: Duration,
    ended: Duration,
}

impl Pace {
    /// A pass about hints ran.
    pub const fn hinted(&mut self, begun: Duration, ended: Duration) {
        self.hinted = Some(Ran { took: ended.saturating_sub(begun), ended });
    }

    /// A pass that walks ran.
    pub const fn walked(&mut self, begun: Duration, ended: Duration) {
        self.walked = Some(Ran { took: ended.saturating_sub(begun), ended });
    }

    /// How long hints that arrive at `now` are gathered.
    pub fn until_hinted(&self, now: Duration) -> Duration {
        let free = self.hinted.map_or(Duration::ZERO, |ran| ran.ended + ran.took * REST_OF_HINTED);
        free.saturating_sub(now).max(GATHER)
    }

    /// How long it takes at `now` until hints may start a walk.
    pub fn until_walk(&self, now: Duration) -> Duration {
        let free = self.walked.map_or(Duration::ZERO, |ran| ran.ended + (ran.took * REST_OF_WALK).max(BETWEEN_WALKS));
        free.saturating_sub(now).max(GATHER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_hint_is_looked_at_almost_at_once() {
        let pace = Pace::default();
        assert_eq!(pace.until_hinted(seconds(5)), GATHER);
        assert_eq!(pace.until_walk(seconds(5)), GATHER);
    }

    #[test]
    fn a_stream_of_hints_leaves_the_systems_three_quarters_of_the_time() {
        let mut pace = Pace::default();
        let (mut now, mut busy) = (Duration::ZERO, Duration::ZERO);
        while now < seconds(1_000) {
            now += pace.until_hinted(now);
            pace.hinted(now, now + seconds(2));
            (now, busy) = (now + seconds(2), busy + seconds(2));
        }
        assert!(busy <= now / 4 + seconds(2), "{busy:?} of {now:?}");
    }

    #[test]
    fn a_walk_that_takes_long_is_not_soon_begun_again() {
        let mut pace = Pace::default();
        pace.walked(Duration::ZERO, seconds(30));
        assert_eq!(pace.until_walk(seconds(30)), seconds(600));
        assert_eq!(pace.until_walk(seconds(700)), GATHER);
        pace.walked(seconds(700), seconds(700));
        assert_eq!(pace.until_walk(seconds(700)), BETWEEN_WALKS);
    }
}
