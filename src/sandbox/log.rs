//! What a server was asked: for tests that count writes, and for the benchmark.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};

use super::exchange::{Answer, Ask, Content, Intent};

/// How many requests a log remembers; older ones are forgotten first.
const REMEMBERED: usize = 20_000;

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// When, by the server's clock.
    pub at: DateTime<Utc>,
    /// The method.
    pub method: Method,
    /// The path, with the prefix.
    pub path: String,
    /// The raw query, empty where there was none.
    pub query: String,
    /// The status that the server meant to answer with, whatever a fault made of the reply.
    pub status: StatusCode,
    /// Whether the route changes something (create, update, archive, associate), whatever came of it.
    pub writes: bool,
    /// The body, empty where there was none.
    pub body: Bytes,
    /// The body that the server meant to answer a write with, whatever a fault made of it; empty for a read.
    pub reply: Bytes,
}

/// Totals since the start or the last time that it was cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests.
    pub requests: u64,
    /// Requests that were meant to change something.
    pub writes: u64,
    /// Bytes in bodies sent.
    pub bytes_out: u64,
    /// Pages of records sent.
    pub pages: u64,
}

/// How much a log keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// Every request.
    #[default]
    Requests,
    /// Totals only.
    CountsOnly,
}

/// The log of one server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    detail: Detail,
    counts: Counts,
    requests: VecDeque<LoggedRequest>,
}

impl Log {
    pub(crate) fn keep(&self, detail: Detail) {
        self.with(|inner| inner.detail = detail);
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.with(|inner| inner.requests.iter().cloned().collect())
    }

    pub(crate) fn counts(&self) -> Counts {
        self.with(|inner| inner.counts)
    }

    pub(crate) fn clear(&self) {
        self.with(|inner| {
            inner.counts = Counts::default();
            inner.requests.clear();
        });
    }

    pub(crate) fn note(&self, ask: &Ask, intent: Intent, answer: &Answer) {
        let writes = intent == Intent::Write;
        self.with(|inner| {
            inner.counts.requests += 1;
            inner.counts.writes += u64::from(writes);
            inner.counts.bytes_out += answer.body.len() as u64;
            inner.counts.pages += u64::from(answer.content == Content::Page);
            if inner.detail == Detail::CountsOnly {
                return;
            }
            if inner.requests.len() >= REMEMBERED {
                inner.requests.pop_front();
            }
            inner.requests.push_back(LoggedRequest {
                at: ask.at,
                method: ask.method.clone(),
                path: ask.path.clone(),
                query: ask.query.clone(),
                status: answer.status,
                writes,
                body: ask.body.clone(),
                reply: if writes { answer.body.clone() } else { Bytes::new() },
            });
        });
    }

    fn with<R>(&self, act: impl FnOnce(&mut Inner) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
