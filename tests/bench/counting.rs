//! A transport that counts what it sends, and remembers it where it is asked to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flowtly_sync::connector::error::PortError;
use flowtly_sync::connector::http::Transport;
use http::{Method, Request};

/// Records that one HubSpot request can create.
const FULL_BATCH: usize = 100;

/// The sums of one side.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    /// Lists of records.
    pub(crate) pages: AtomicU64,
    /// Bytes of replies, as decoded.
    pub(crate) bytes: AtomicU64,
    /// Requests that create, change or remove something.
    pub(crate) writes: AtomicU64,
    /// Batches of creates.
    pub(crate) create_batches: AtomicU64,
    /// Those of them that hold as many records as may be.
    pub(crate) full_batches: AtomicU64,
    /// Records in batches of creates.
    pub(crate) created: AtomicU64,
}

/// Counts, and passes on.
#[derive(Debug)]
pub(crate) struct Counting {
    inner: Arc<dyn Transport>,
    counts: Arc<Counts>,
    kept: Option<Mutex<Vec<Request<Bytes>>>>,
}

impl Counting {
    /// Counts into `counts`; lists of records are remembered if `keep`.
    pub(crate) fn new(inner: Arc<dyn Transport>, counts: Arc<Counts>, keep: bool) -> Self {
        Self { inner, counts, kept: keep.then(Mutex::default) }
    }

    /// The lists of records that were asked for, in order.
    pub(crate) fn kept(&self) -> Vec<Request<Bytes>> {
        self.kept
            .as_ref()
            .map(|kept| std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner)))
            .unwrap_or_default()
    }

    fn count(&self, request: &Request<Bytes>) {
        let add = |counter: &AtomicU64, number: usize| counter.fetch_add(number as u64, Ordering::Relaxed);
        let counts = &self.counts;
        add(&counts.requests, 1);
        let path = request.uri().path();
        let is_get = request.method() == Method::GET;
        let last = path.rsplit('/').next().unwrap_or_default();
        if is_get && matches!(last, "clients" | "client-contacts" | "companies" | "contacts") {
            add(&counts.pages, 1);
            if let Some(kept) = &self.kept {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            }
        }
        // Logging in, searching and reading by ids are POST requests, too.
        let asks = is_get || matches!(last, "login" | "search" | "read");
        add(&counts.writes, usize::from(!asks));
        if path.ends_with("/batch/create") && path.contains("/objects/") {
            let inputs = inputs(request.body());
            add(&counts.create_batches, 1);
            add(&counts.full_batches, usize::from(inputs >= FULL_BATCH));
            add(&counts.created, inputs);
        }
    }
}

fn inputs(body: &Bytes) -> usize {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    body.get("inputs").and_then(serde_json::Value::as_array).map_or(0, Vec::len)
}

#[async_trait]
impl Transport for Counting {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<http::Response<Bytes>, PortError> {
        self.count(&request);
        let reply = self.inner.send(request, timeout, body_limit).await?;
        self.counts.bytes.fetch_add(reply.body().len() as u64, Ordering::Relaxed);
        Ok(reply)
    }
}
