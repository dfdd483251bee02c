//! The burst, the day's tokens, and the block of those who do not listen.

use std::collections::VecDeque;

use http::{HeaderName, StatusCode};

use super::errors::{blocked, thrown};
use super::options::PipedriveLimits;
use crate::sandbox::exchange::Answer;

const WINDOW: i64 = 2_000;
const DAY: i64 = 86_400_000;

/// What was used of the limits.
#[derive(Debug, Default)]
pub(super) struct Usage {
    burst: VecDeque<i64>,
    search: VecDeque<i64>,
    day: i64,
    tokens: u64,
    refused: u32,
    blocked_until: i64,
}

impl Usage {
    /// Takes a request into account; the refusal, if there is one. Refused ones cost nothing.
    pub(super) fn admit(&mut self, limits: &PipedriveLimits, cost: u64, is_search: bool, now: i64) -> Option<Answer> {
        if now < self.blocked_until {
            return Some(blocked());
        }
        if self.day != now.div_euclid(DAY) {
            self.day = now.div_euclid(DAY);
            self.tokens = 0;
        }
        for window in [&mut self.burst, &mut self.search] {
            while window.front().is_some_and(|at| at + WINDOW <= now) {
                window.pop_front();
            }
        }
        let is_full =
            |window: &VecDeque<i64>, most: Option<u32>| most.is_some_and(|most| window.len() >= most as usize);
        let over = is_full(&self.burst, limits.burst)
            || (is_search && is_full(&self.search, limits.search))
            || limits.daily_tokens.is_some_and(|most| self.tokens + cost > most);
        if over {
            self.refused += 1;
            if let Some((_, length)) = limits.block.filter(|(after, _)| self.refused >= *after) {
                self.refused = 0;
                self.blocked_until = now.saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
                return Some(blocked());
            }
            return Some(self.stamp(limits, now, thrown(StatusCode::TOO_MANY_REQUESTS)));
        }
        self.refused = 0;
        self.burst.push_back(now);
        if is_search {
            self.search.push_back(now);
        }
        self.tokens += cost;
        None
    }

    /// The rate headers. There is no `Retry-After`.
    pub(super) fn stamp(&self, limits: &PipedriveLimits, now: i64, mut answer: Answer) -> Answer {
        let mut put = |name: &'static str, number: u64| {
            answer.headers.insert(HeaderName::from_static(name), number.into());
        };
        if let Some(most) = limits.burst {
            let reset = self.burst.front().map_or(WINDOW, |first| first + WINDOW - now);
            put("x-ratelimit-limit", u64::from(most));
            put("x-ratelimit-remaining", u64::from(most).saturating_sub(self.burst.len() as u64));
            put("x-ratelimit-reset", u64::try_from(reset.max(0)).unwrap_or(0).div_ceil(1_000));
        }
        if let Some(most) = limits.daily_tokens.filter(|_| limits.tells_tokens) {
            put("x-daily-ratelimit-token-remaining", most.saturating_sub(self.tokens));
        }
        answer
    }

    /// Tokens used today.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }
}
