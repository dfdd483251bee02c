//! A transport that counts what it sends, and remembers it where it is asked to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flowtly_sync::connector::error::PortError;
use flowtly_sync::connector::http::Transport;
use http::{Method, Request};
use serde_json::Value;

/// The sums of one side.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    requests: AtomicU64,
    pages: AtomicU64,
    bytes: AtomicU64,
    writes: AtomicU64,
    creates: AtomicU64,
    largest: AtomicU64,
    created: AtomicU64,
}

/// The sums so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) requests: u64,
    /// Lists of records.
    pub(crate) pages: u64,
    /// Bytes of replies, as decoded.
    pub(crate) bytes: u64,
    /// Requests that create, change or remove something.
    pub(crate) writes: u64,
    /// Requests that create records.
    pub(crate) creates: u64,
    /// The most records that one of them holds.
    pub(crate) largest: u64,
    /// Records in all of them.
    pub(crate) created: u64,
}

/// What a request is, by the public conventions of its system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// A list of records.
    Lists,
    /// Reads something else, searches, or logs in.
    Asks,
    /// Creates so many records.
    Creates(usize),
    /// Changes or removes something.
    Changes,
}

/// Counts, and passes on.
#[derive(Debug)]
pub(crate) struct Counting {
    inner: Arc<dyn Transport>,
    counts: Counts,
    kept: Option<Mutex<Vec<Request<Bytes>>>>,
}

impl Counting {
    /// Counts; lists of records are remembered if `keep`.
    pub(crate) fn new(inner: Arc<dyn Transport>, keep: bool) -> Self {
        Self { inner, counts: Counts::default(), kept: keep.then(Mutex::default) }
    }

    /// The lists of records that were asked for, in order.
    pub(crate) fn kept(&self) -> Vec<Request<Bytes>> {
        self.kept
            .as_ref()
            .map(|kept| std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner)))
            .unwrap_or_default()
    }

    /// What was counted so far.
    pub(crate) fn sums(&self) -> Sums {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = &self.counts;
        Sums {
            requests: count(&counts.requests),
            pages: count(&counts.pages),
            bytes: count(&counts.bytes),
            writes: count(&counts.writes),
            creates: count(&counts.creates),
            largest: count(&counts.largest),
            created: count(&counts.created),
        }
    }

    fn count(&self, request: &Request<Bytes>) {
        let add = |counter: &AtomicU64, number: usize| counter.fetch_add(number as u64, Ordering::Relaxed);
        let counts = &self.counts;
        add(&counts.requests, 1);
        match does(request) {
            Does::Lists => {
                add(&counts.pages, 1);
                if let Some(kept) = &self.kept {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
                }
            }
            Does::Asks => {}
            Does::Creates(records) => {
                add(&counts.writes, 1);
                add(&counts.creates, 1);
                add(&counts.created, records);
                counts.largest.fetch_max(records as u64, Ordering::Relaxed);
            }
            Does::Changes => {
                add(&counts.writes, 1);
            }
        }
    }
}

/// The collections of records, as all systems' paths name them.
const COLLECTIONS: [&str; 9] = [
    "clients",
    "client-contacts",
    "companies",
    "contacts",
    "Account",
    "Contact",
    "organizations",
    "persons",
    "res.partner",
];

fn does(request: &Request<Bytes>) -> Does {
    let path = request.uri().path();
    let mut segments = path.rsplit('/');
    let last = segments.next().unwrap_or_default();
    let before = segments.next().unwrap_or_default();
    let is_list = COLLECTIONS.contains(&last);
    if request.method() == Method::GET {
        return if is_list { Does::Lists } else { Does::Asks };
    }
    if request.method() != Method::POST {
        return Does::Changes;
    }
    match last {
        // HubSpot's batches, of records and of associations.
        "create" if path.contains("/objects/") => Does::Creates(items(request.body(), "inputs")),
        "create" if before == "batch" => Does::Changes,
        // Odoo's methods.
        "search_read" if before == "res.partner" => Does::Lists,
        "create" => Does::Creates(items(request.body(), "vals_list")),
        "write" | "unlink" => Does::Changes,
        "search" | "read" | "login" => Does::Asks,
        _ if path.contains("/json/2/") => Does::Asks,
        // EspoCRM joins a contact to a company by a list below that one.
        "contacts" => Does::Changes,
        _ if is_list => Does::Creates(1),
        _ => Does::Changes,
    }
}

fn items(body: &Bytes, key: &str) -> usize {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get(key).and_then(Value::as_array).map_or(0, Vec::len)
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
