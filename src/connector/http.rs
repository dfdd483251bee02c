//! One HTTP client for all connectors: time-outs, tracing, redaction, body limits, retry and budgets.
//!
//! It sends through a [`Transport`]: the network, or a sandbox's router in process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, Request, StatusCode};
use url::Url;

use super::budget::Budget;
use super::error::{ErrorKind, PortError};
use super::retry::RetrySettings;
use crate::clock::Clock;

/// Sends one request and returns the whole reply.
#[async_trait]
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends a request with an absolute URI; the reply's body is complete and within `body_limit` bytes. Fails with
    /// [`ErrorKind::Connect`] if nothing was sent, [`ErrorKind::Timeout`], [`ErrorKind::Broken`] or
    /// [`ErrorKind::TooLarge`].
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<http::Response<Bytes>, PortError>;
}

/// Whether a request may be sent again when its outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing: again after every transient failure.
    Always,
    /// It writes: again only if it certainly was not carried out (429, or the connection was never made).
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
        Self { system, transport, clock, budget, settings, explain }
    }

    /// Sends a call, again where that is safe and may help; a reply outside 2xx is an error, explained.
    pub async fn send(&self, call: Call) -> Result<Reply, PortError> {
        let _ = (&self.system, &self.clock, &self.budget, ErrorKind::Connect, &self.settings.retry);
        let mut request = Request::new(call.body.unwrap_or_default());
        *request.method_mut() = call.method;
        *request.uri_mut() =
            call.url.as_str().parse().map_err(|_| PortError::new(ErrorKind::Setting, "the URL is not a URI"))?;
        *request.headers_mut() = call.headers;
        let response = self.transport.send(request, self.settings.timeout, self.settings.body_limit).await?;
        let (parts, body) = response.into_parts();
        let reply = Reply { status: parts.status, headers: parts.headers, body, date: None };
        if reply.status.is_success() { Ok(reply) } else { Err((self.explain)(&reply)) }
    }

    /// The clock that the client waits by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}
