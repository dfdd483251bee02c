//! Switches that make a server fail, and how often each one was thrown.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;

use super::exchange::Ask;

/// One way to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A proxy's HTML page with this status (502, 503, 504, 429, …), without `Retry-After`; not carried out.
    Gateway(u16),
    /// The system's own error with this status, and perhaps a `Retry-After` in its own notation; not carried out.
    Refusal {
        /// The status.
        status: u16,
        /// The text of the `Retry-After` header: seconds, or an HTTP date.
        retry_after: Option<String>,
    },
    /// Carried out at once, answered after this time; a caller with less patience gets no answer.
    Delay(Duration),
    /// Never answered.
    TimeOut {
        /// Whether the request was carried out nevertheless.
        carried_out: bool,
    },
    /// Never answered, and carried out this long after it was sent: at the first request from then on, or when the
    /// server is told to `settle`.
    CarriedOutLater(Duration),
    /// The connection is never made: in process only; over a socket the same as [`Fault::DropBefore`].
    Unreachable,
    /// The connection closes without a byte; not carried out.
    DropBefore,
    /// The connection closes without a byte, after the request was carried out.
    DropAfter,
    /// Carried out; the body ends in the middle, short of its `Content-Length`.
    Truncate,
    /// 200 with an HTML page; not carried out.
    Html,
    /// Carried out; the body is complete for HTTP and only half of a JSON text.
    HalfJson,
    /// Carried out; a JSON value of another type than the protocol says.
    WrongType,
    /// Carried out; the page's link to the next one points to the page itself.
    EndlessNext,
    /// Carried out; a text of this many bytes stands in the place of the first name.
    HugeText(usize),
}

impl Fault {
    /// The word under which it is counted.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Gateway(_) => "gateway",
            Self::Refusal { .. } => "refusal",
            Self::Delay(_) => "delay",
            Self::TimeOut { .. } => "time-out",
            Self::CarriedOutLater(_) => "carried-out-later",
            Self::Unreachable => "unreachable",
            Self::DropBefore => "drop-before",
            Self::DropAfter => "drop-after",
            Self::Truncate => "truncate",
            Self::Html => "html",
            Self::HalfJson => "half-json",
            Self::WrongType => "wrong-type",
            Self::EndlessNext => "endless-next",
            Self::HugeText(_) => "huge-text",
        }
    }
}

/// Which requests a fault meets, and how many of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    method: Option<Method>,
    path: Option<String>,
    exactly: bool,
    skip: u32,
    times: Option<u32>,
}

impl When {
    /// Every request, for ever.
    pub fn always() -> Self {
        Self::default()
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only requests whose path begins like this.
    #[must_use]
    pub fn path(mut self, prefix: &str) -> Self {
        self.path = Some(prefix.to_owned());
        self
    }

    /// Only requests of this path, and none below it.
    #[must_use]
    pub fn exactly(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self.exactly = true;
        self
    }

    /// Not the first ones that would be met.
    #[must_use]
    pub fn skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// No more than this many requests.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = Some(requests);
        self
    }

    fn meets(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self
                .path
                .as_ref()
                .is_none_or(|wanted| if self.exactly { path == wanted } else { path.starts_with(wanted.as_str()) })
    }
}

/// The switches of one server, shared with whoever holds the server.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    rules: Vec<(When, Fault)>,
    counts: BTreeMap<&'static str, u64>,
    parked: Vec<Parked>,
}

/// A request that is carried out later.
#[derive(Debug)]
struct Parked {
    due: Duration,
    ask: Ask,
}

impl Faults {
    /// The next request fails like this.
    pub fn next(&self, fault: Fault) {
        self.when(When::always().times(1), fault);
    }

    /// The next requests fail like this.
    pub fn next_times(&self, requests: u32, fault: Fault) {
        self.when(When::always().times(requests), fault);
    }

    /// Requests of this sort fail like this. Of several switches that meet a request the oldest acts.
    pub fn when(&self, when: When, fault: Fault) {
        self.with(|inner| inner.rules.push((when, fault)));
    }

    /// Nothing fails any more. What is still to be carried out later stays so.
    pub fn clear(&self) {
        self.with(|inner| inner.rules.clear());
    }

    /// How often each fault was thrown, by [`Fault::name`], since the start.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.with(|inner| inner.counts.clone())
    }

    /// How many requests are still to be carried out later.
    pub fn parked(&self) -> usize {
        self.with(|inner| inner.parked.len())
    }

    /// The fault that meets a request; it counts as thrown.
    pub(crate) fn take(&self, method: &Method, path: &str) -> Option<Fault> {
        self.with(|inner| {
            let place = inner.rules.iter_mut().position(|(when, _)| {
                let meets = when.meets(method, path);
                let skipped = meets && when.skip > 0;
                if skipped {
                    when.skip -= 1;
                }
                meets && !skipped
            })?;
            let (when, fault) = inner.rules.get_mut(place)?;
            let fault = fault.clone();
            let spent = when.times.as_mut().is_some_and(|times| {
                *times = times.saturating_sub(1);
                *times == 0
            });
            if spent {
                inner.rules.remove(place);
            }
            *inner.counts.entry(fault.name()).or_default() += 1;
            Some(fault)
        })
    }

    /// Keeps a request until the clock shows `due`.
    pub(crate) fn park(&self, due: Duration, ask: Ask) {
        self.with(|inner| inner.parked.push(Parked { due, ask }));
    }

    /// The requests whose time has come, the earliest first.
    pub(crate) fn take_due(&self, elapsed: Duration) -> Vec<Ask> {
        self.with(|inner| {
            if inner.parked.is_empty() {
                return Vec::new();
            }
            let (mut due, later): (Vec<_>, Vec<_>) =
                std::mem::take(&mut inner.parked).into_iter().partition(|parked| parked.due <= elapsed);
            inner.parked = later;
            due.sort_by_key(|parked| parked.due);
            due.into_iter().map(|parked| parked.ask).collect()
        })
    }

    fn with<R>(&self, act: impl FnOnce(&mut Inner) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meets_only_what_it_is_told_to_and_only_so_often() {
        let faults = Faults::default();
        faults.when(When::always().method(Method::POST).path("/clients").skip(1).times(2), Fault::Html);
        let mut met = Vec::new();
        for (method, path) in [
            (Method::GET, "/clients"),
            (Method::POST, "/clients"),
            (Method::POST, "/login"),
            (Method::POST, "/clients"),
            (Method::POST, "/clients/1"),
            (Method::POST, "/clients"),
        ] {
            met.push(faults.take(&method, path).is_some());
        }
        assert_eq!(met, [false, false, false, true, true, false]);
        assert_eq!(faults.counts(), BTreeMap::from([("html", 2)]));
    }
}
