//! Figures for Prometheus: all metrics are declared here, and nowhere else.
//!
//! Most are taken from what a pass reports when it has ended, and from the state; only requests are counted while they are
//! sent. Labels name sides, kinds, sorts and outcomes: never a record, a person or a value.
//!
//! What outlives a configuration counts on through a reload: the daemon's figures are one [`Metrics`] a process.

mod labels;
mod declare;
mod pass;
mod requests;

use std::fmt;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use declare::Figures;
pub use labels::{Extent, WebhookOutcome};

/// How the names of all metrics begin.
pub const PREFIX: &str = "flowtly_sync";

/// What the text of [`Metrics::text`] is: `OpenMetrics`, which Prometheus reads.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every figure of the process. Counting takes a shared lock and an addition.
pub struct Metrics {
    registry: Registry,
    figures: Figures,
}

impl Metrics {
    /// Figures that stand at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let figures = Figures::declared_in(&mut registry);
        Self { registry, figures }
    }

    /// All figures as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A `String` takes everything.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// Webhooks of a system may come.
    pub(crate) fn expects_webhooks(&self, system: &'static str) {
        for outcome in WebhookOutcome::ALL {
            self.webhook(system, outcome, 0);
        }
    }

    /// Events of a webhook, or a whole one, came to this.
    pub(crate) fn webhook(&self, system: &'static str, outcome: WebhookOutcome, events: u64) {
        let label = labels::Webhook { system, outcome: outcome.as_str() };
        self.figures.webhooks.get_or_create(&label).inc_by(events);
    }

    /// How many records wait to be looked at because of webhooks, and whether that is because of quiet hours.
    pub(crate) fn hints(&self, waiting: usize, are_held: bool) {
        self.figures.hints.set(gauge(waiting as u64));
        self.figures.hints_held.set(i64::from(are_held));
    }

    /// Whether a pass is under way, and gets on.
    pub(crate) fn passes(&self, is_passing: bool) {
        self.figures.passing.set(i64::from(is_passing));
    }

    /// The configuration was read again; whether it is valid.
    pub(crate) fn reloaded(&self, is_valid: bool) {
        self.figures.reloaded.set(i64::from(is_valid));
    }

    /// When the newest copy of the state was made, where that is known, and whether another one that is due cannot be.
    pub(crate) fn backup(&self, newest: Option<DateTime<Utc>>, fails: bool) {
        if let Some(newest) = newest {
            self.figures.last_backup.set(seconds(newest));
        }
        self.figures.backup_fails.set(i64::from(fails));
    }

    /// When a pass is to begin, whatever fails until then.
    pub(crate) fn expects_pass(&self, due: DateTime<Utc>) {
        self.figures.expected.set(seconds(due));
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus counts seconds as floating point")]
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}

/// A count as a gauge takes it.
fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
