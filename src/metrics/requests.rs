//! Requests, while they are sent.

use std::time::Duration;

use super::labels::{Request, Retry, System, Timing};
use super::{Metrics, gauge};
use crate::connector::error::ErrorKind;
use crate::domain::record::Side;

impl Metrics {
    /// One try of a request. `status` is the reply's; without one it failed as `failure` says.
    pub(crate) fn request(&self, side: Side, method: &http::Method, answer: Result<u16, ErrorKind>, took: Duration) {
        let (side, method) = (side.as_str(), method_word(method));
        let (status, class) = match answer {
            Ok(status) => (status_word(status), class_word(status)),
            Err(kind) => (failure_word(kind), "none"),
        };
        self.figures.requests.get_or_create(&Request { side, method, status }).inc();
        self.figures.request_time.get_or_create(&Timing { side, method, class }).observe(took.as_secs_f64());
    }

    /// A request is sent again because of this.
    pub(crate) fn retried(&self, side: Side, kind: ErrorKind) {
        self.figures.retries.get_or_create(&Retry { side: side.as_str(), cause: failure_word(kind) }).inc();
    }

    /// A request waited for the budget.
    pub(crate) fn waited(&self, side: Side, time: Duration) {
        let label = System { side: side.as_str() };
        self.figures.budget_waits.get_or_create(&label).inc();
        self.figures.budget_time.get_or_create(&label).inc_by(time.as_secs_f64());
    }

    /// So many requests are left of the day.
    pub(crate) fn left(&self, side: Side, requests: u64) {
        let label = System { side: side.as_str() };
        self.figures.budget_left.get_or_create(&label).set(gauge(requests));
    }
}

fn method_word(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

/// The statuses that say something by themselves; the others by their class, so that a server cannot make up labels.
fn status_word(status: u16) -> &'static str {
    match status {
        200 => "200",
        201 => "201",
        204 => "204",
        207 => "207",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        409 => "409",
        412 => "412",
        422 => "422",
        423 => "423",
        429 => "429",
        500 => "500",
        502 => "502",
        503 => "503",
        504 => "504",
        other => class_word(other),
    }
}

fn class_word(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}

fn failure_word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Connect => "connect",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Broken => "broken",
        ErrorKind::RateLimited => "rate_limited",
        ErrorKind::Quota => "quota",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::TooLarge => "too_large",
        ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::Conflict
        | ErrorKind::Setting
        | ErrorKind::Protocol
        | ErrorKind::Cancelled => "other",
    }
}
