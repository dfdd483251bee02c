//! One HTTP client for all connectors: time-outs, tracing, redaction, body limits, retry and budgets.
//!
//! It sends through a [`Transport`]: the [`network`], or a sandbox's router in process. The [`client`] holds the only loop
//! that sends anything twice; [`header`] reads what servers write into headers, however odd.

pub mod client;
pub mod header;
pub mod metered;
pub mod network;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, Request, StatusCode};
use url::Url;

pub use client::{HttpClient, WRITES_WAIT};
pub use network::{NetworkSettings, ReqwestTransport};

use super::error::{ErrorKind, PortError};
use super::retry::RetrySettings;

/// Sends one request and returns the whole reply.
#[async_trait]
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends a request with an absolute URI; the reply's body is complete and within `body_limit` bytes. Fails with
    /// [`ErrorKind::Connect`] if nothing was sent, or with `Timeout`, `Broken` or `TooLarge`.
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<http::Response<Bytes>, PortError>;

    /// Hears what the client does between requests; for figures.
    fn hear(&self, _event: ClientEvent) {}
}

/// What a client does between requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientEvent {
    /// A request that failed so is going to be sent again.
    Again(ErrorKind),
    /// A request waited so long for the budget.
    Waited(Duration),
    /// So many requests are left of the day's quota.
    Left(u64),
}

/// Whether a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing: again after every transient failure.
    Always,
    /// It changes nothing and is only a help: sent once, no pause is waited out for it, and what it is refused says nothing of other
    /// calls.
    Never,
    /// It writes: again only if it certainly was not carried out (429, or the connection was never made), and not at all
    /// where its turn comes later than [`WRITES_WAIT`].
    IfNotApplied,
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// The route with placeholders, for traces and metrics: no ids, no query.
    pub route: &'static str,
    /// Headers beside the client's own.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
    /// Whether it may be repeated.
    pub repeat: Repeat,
    /// The lane of the budget that it counts in beside the common one (for instance `search`).
    pub lane: Option<&'static str>,
}

/// A complete reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The `Date` header, parsed.
    pub date: Option<DateTime<Utc>>,
}

/// Turns a reply that is not a success into an error, in the system's own words.
pub type Explain = fn(&Reply) -> PortError;

/// What a client is made with.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// How long one request may take.
    pub timeout: Duration,
    /// How many bytes a reply's body may have.
    pub body_limit: usize,
    /// Delays between tries.
    pub retry: RetrySettings,
}

impl HttpSettings {
    /// How long one request may take with all its tries, the last of which may begin just before the others' time is over.
    pub const fn longest(&self) -> Duration {
        self.retry.max_elapsed.saturating_add(self.timeout)
    }
}

impl Default for HttpSettings {
    /// Half a minute a request, 16 MiB a reply.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), body_limit: 16 << 20, retry: RetrySettings::default() }
    }
}

#[cfg(test)]
mod tests;
