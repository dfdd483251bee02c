//! Sends calls: within the budget, traced, and again where that is safe and may help.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tracing::{Instrument, Span, field};

use super::{Call, ClientEvent, Explain, HttpSettings, Repeat, Reply, Transport, header};
use crate::clock::Clock;
use crate::connector::budget::{Budget, Patience};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::retry::{Delays, RetrySettings};

/// For how long a write may wait for its turn and be tried again. It relies on a look at its record that was taken just
/// before, and a person may work on that record meanwhile: what takes longer is looked at anew by whoever sends it.
pub const WRITES_WAIT: Duration = Duration::from_secs(30);

/// How long after it was handed over a write may set out at the latest: what is read for it or a batch is taken apart for, and what
/// its turn may be waited for then; or, where it waits for one window more, that of a minute.
const WRITES_SET_OUT: Duration = Duration::from_mins(1);

impl HttpSettings {
    /// How long after it was handed over a write may still reach its server: it waits for its turn, is tried again, and may be
    /// under way until it times out.
    pub fn longest_write(&self) -> Duration {
        self.timeout.saturating_add(WRITES_SET_OUT)
    }
}

/// How long a wait for the budget is at least that counts as one: taking a permit is none.
const WORTH_TELLING: Duration = Duration::from_millis(5);

/// The client of one connector.
#[derive(Debug)]
pub struct HttpClient {
    system: &'static str,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    budget: Budget,
    settings: HttpSettings,
    explain: Explain,
}

impl HttpClient {
    /// A client that sends through `transport` within `budget`.
    pub fn new(
        system: &'static str,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        budget: Budget,
        settings: HttpSettings,
        explain: Explain,
    ) -> Self {
        Self { system, transport, budget: budget.with_clock(&clock), clock, settings, explain }
    }

    /// Sends a call, again where that is safe and may help; a reply outside 2xx is an error, explained.
    ///
    /// The error's message says which system was asked for what, and how often; its kind, status, `retry_after` and fields
    /// are those of the last try.
    pub async fn send(&self, call: Call) -> Result<Reply, PortError> {
        let span = tracing::debug_span!(
            "http",
            system = self.system,
            method = call.method.as_str(),
            route = call.route,
            status = field::Empty,
            tries = field::Empty,
            wait_ms = field::Empty,
        );
        self.send_in(call, &span).instrument(span.clone()).await
    }

    /// The clock that the client waits by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The budget that the client sends within, to tell it what replies say of it.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Whether a write that was handed over at `began` may set out now. Whatever is read for it comes between the look that it
    /// relies on and the write; fails as one whose turn comes late does where that took longer than [`WRITES_WAIT`].
    pub fn in_time(&self, began: Duration) -> Result<(), PortError> {
        self.budget.in_time(began, WRITES_WAIT)
    }

    async fn send_in(&self, call: Call, span: &Span) -> Result<Reply, PortError> {
        let began = self.clock.elapsed();
        let mut delays: Option<Delays> = None;
        loop {
            let asked = self.clock.elapsed();
            let taken = delays.as_ref().map_or(Duration::ZERO, |delays| delays.taken(asked));
            let permitted = self.budget.permit_within(call.lane, self.patience(call.repeat, taken)).await;
            self.tell_of_the_budget(self.clock.elapsed().saturating_sub(asked));
            // A read that queues for its first permit is not trying yet; what a write relies on grows old meanwhile.
            let first_try = match call.repeat {
                Repeat::Always | Repeat::Never => self.clock.elapsed(),
                Repeat::IfNotApplied => began,
            };
            let delays = delays.get_or_insert_with(|| Delays::new(self.delays(call.repeat), first_try));
            let permit = match permitted {
                Ok(permit) => permit,
                Err(error) => {
                    span.record("tries", delays.tries());
                    let message = self.told(&call, delays.tries(), delays.taken(self.clock.elapsed()), &error.message);
                    return Err(PortError { message, ..error });
                }
            };
            let tried = self.attempt(&call).await;
            drop(permit);
            let mut error = match tried {
                Ok(reply) => {
                    span.record("status", reply.status.as_u16());
                    span.record("tries", delays.tries().saturating_add(1));
                    return Ok(reply);
                }
                Err(error) => error,
            };
            if error.kind == ErrorKind::RateLimited && error.retry_after.is_some() && call.repeat != Repeat::Never {
                // The account is meant, not this call: everybody waits.
                self.budget.learn(None, error.retry_after);
            }
            let now = self.clock.elapsed();
            let wait = delays.after_failure(error.retry_after, now).filter(|_| may_repeat(call.repeat, error.kind));
            let Some(wait) = wait else {
                if let Some(status) = error.status {
                    span.record("status", status);
                }
                span.record("tries", delays.tries());
                error.message = self.told(&call, delays.tries(), delays.taken(now), &error.message);
                return Err(error);
            };
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            span.record("wait_ms", wait_ms);
            tracing::debug!(kind = ?error.kind, status = error.status, wait_ms, "asking again");
            self.transport.hear(ClientEvent::Again(error.kind));
            self.clock.sleep(wait).await;
        }
    }

    fn tell_of_the_budget(&self, waited: Duration) {
        if waited >= WORTH_TELLING {
            self.transport.hear(ClientEvent::Waited(waited));
        }
        if let Some(left) = self.budget.left() {
            self.transport.hear(ClientEvent::Left(left));
        }
    }

    /// For how long a call that was under way for `taken` waits for its turn.
    fn patience(&self, repeat: Repeat, taken: Duration) -> Patience {
        match repeat {
            Repeat::Always => Patience::Pause(self.settings.retry.max_elapsed.saturating_sub(taken)),
            Repeat::Never => Patience::Pause(Duration::ZERO),
            Repeat::IfNotApplied => Patience::Turn(WRITES_WAIT.saturating_sub(taken)),
        }
    }

    fn delays(&self, repeat: Repeat) -> RetrySettings {
        let retry = self.settings.retry;
        match repeat {
            Repeat::Always | Repeat::Never => retry,
            Repeat::IfNotApplied => RetrySettings { max_elapsed: retry.max_elapsed.min(WRITES_WAIT), ..retry },
        }
    }

    /// One try.
    async fn attempt(&self, call: &Call) -> Result<Reply, PortError> {
        let uri = call.url.as_str().parse::<http::Uri>();
        let uri = uri.map_err(|_| PortError::new(ErrorKind::Setting, "the URL cannot be used, mend the base URL"))?;
        let mut request = Request::new(call.body.clone().unwrap_or_default());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = call.headers.clone();
        let response = self.transport.send(request, self.settings.timeout, self.settings.body_limit).await?;
        let (parts, body) = response.into_parts();
        if body.len() > self.settings.body_limit {
            return Err(too_large(self.settings.body_limit).with_status(parts.status.as_u16()));
        }
        let date = header::date(&parts.headers);
        let reply = Reply { status: parts.status, headers: parts.headers, body, date };
        if reply.status.is_success() {
            return Ok(reply);
        }
        let mut error = (self.explain)(&reply);
        error.status.get_or_insert(reply.status.as_u16());
        error.retry_after = error.retry_after.or_else(|| header::retry_after(&reply.headers, self.clock.now()));
        Err(error)
    }

    fn told(&self, call: &Call, tries: u32, took: Duration, message: &str) -> String {
        let Self { system, .. } = self;
        let Call { method, route, .. } = call;
        if tries > 1 {
            format!("{system}: {method} {route}: {message} (tried {tries} times in {} s)", took.as_secs())
        } else {
            format!("{system}: {method} {route}: {message}")
        }
    }
}

/// The error of a reply beyond the size limit.
pub(super) fn too_large(limit: usize) -> PortError {
    PortError::new(ErrorKind::TooLarge, format!("the reply is longer than {limit} bytes, ask for smaller pages"))
}

/// Whether a call may be sent again after such a failure. An answer of 503 with a `Retry-After` is no proof that a write
/// was not carried out, so it is not repeated either.
fn may_repeat(repeat: Repeat, kind: ErrorKind) -> bool {
    match repeat {
        Repeat::Always => kind.is_transient(),
        Repeat::Never => false,
        Repeat::IfNotApplied => match kind {
            ErrorKind::RateLimited | ErrorKind::Connect => true,
            ErrorKind::Timeout
            | ErrorKind::Broken
            | ErrorKind::Quota
            | ErrorKind::Unavailable
            | ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::Conflict
            | ErrorKind::Setting
            | ErrorKind::Protocol
            | ErrorKind::TooLarge
            | ErrorKind::Cancelled => false,
        },
    }
}
