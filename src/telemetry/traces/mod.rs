//! Spans for a collector: OTLP over HTTP, as JSON (the OpenTelemetry protocol's `/v1/traces`).
//!
//! Written here and not by `opentelemetry-otlp`: with its SDK, protobuf and the bridge from `tracing` that is seventeen crates
//! more, its batches are sent from a thread of their own by a blocking client, and it tells nobody how many spans it dropped.
//! What is needed of it is a page of JSON.
//!
//! The [`layer`] notes spans as they end and puts them into a queue that never waits: a span that finds it full is dropped and
//! counted. The [`sender`] empties the queue, a batch at a time; whatever a batch meets, no pass hears of it.

pub(super) mod layer;
pub(super) mod sender;
mod encode;

use std::sync::LazyLock;

use prometheus_client::metrics::counter::Counter;

use super::fields::Fields;

static DROPPED: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Spans of this process that no collector got.
pub(crate) fn dropped() -> Counter {
    DROPPED.clone()
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    trace: u128,
    id: u64,
    parent: Option<u64>,
    name: &'static str,
    target: &'static str,
    /// Nanoseconds since 1970.
    began: i64,
    ended: i64,
    fields: Fields,
    /// An error was logged within it.
    failed: bool,
}

#[cfg(test)]
mod tests;
