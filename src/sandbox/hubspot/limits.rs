//! Rolling windows and the day's quota.

use std::collections::VecDeque;

use http::HeaderName;

use super::options::Limits;
use crate::sandbox::exchange::Answer;

const TEN_SECONDS: i64 = 10_000;
const SECOND: i64 = 1_000;
const DAY: i64 = 86_400_000;

/// What was used of the limits.
#[derive(Debug, Default)]
pub(super) struct Usage {
    burst: VecDeque<i64>,
    search: VecDeque<i64>,
    day: i64,
    today: u64,
}

impl Usage {
    /// Takes a request into account; the policy that refuses it, if one does. Refused ones do not count.
    pub(super) fn admit(&mut self, limits: &Limits, is_search: bool, now: i64) -> Option<&'static str> {
        if self.day != now.div_euclid(DAY) {
            self.day = now.div_euclid(DAY);
            self.today = 0;
        }
        if limits.daily.is_some_and(|most| self.today >= most) {
            return Some("DAILY");
        }
        let (window, length, most, policy) = if is_search {
            (&mut self.search, SECOND, limits.search, "SECONDLY")
        } else {
            (&mut self.burst, TEN_SECONDS, limits.burst, "TEN_SECONDLY_ROLLING")
        };
        while window.front().is_some_and(|at| at + length <= now) {
            window.pop_front();
        }
        if let Some(most) = most {
            if window.len() >= most as usize {
                return Some(policy);
            }
            window.push_back(now);
        }
        self.today += 1;
        None
    }

    /// The rate headers; an answer to a search has none.
    pub(super) fn stamp(&self, limits: &Limits, is_search: bool, mut answer: Answer) -> Answer {
        if is_search {
            return answer;
        }
        let mut put = |name: &'static str, number: u64| {
            answer.headers.insert(HeaderName::from_static(name), number.into());
        };
        if let Some(most) = limits.burst {
            put("x-hubspot-ratelimit-max", u64::from(most));
            put("x-hubspot-ratelimit-remaining", u64::from(most).saturating_sub(self.burst.len() as u64));
            put("x-hubspot-ratelimit-interval-milliseconds", 10_000);
        }
        if let Some(most) = limits.daily {
            put("x-hubspot-ratelimit-daily", most);
            put("x-hubspot-ratelimit-daily-remaining", most.saturating_sub(self.today));
        }
        answer
    }
}
