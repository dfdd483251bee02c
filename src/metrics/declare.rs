//! The metrics: name, unit, meaning. Base units and suffixes as Prometheus wants them.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::labels::{
    Action, Build, Extent, Links, Pairs, Pass, Records, Request, Retry, Sent, System, Timing, Walk, Webhook,
};

use crate::domain::record::{Kind, Side};

/// Seconds that a pass may take: from one that finds nothing to a first load.
const PASS_SECONDS: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 180.0, 600.0, 1_800.0, 7_200.0];

/// Seconds that a request may take, up to the usual time-out.
const REQUEST_SECONDS: [f64; 9] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Seconds that only grow.
pub(super) type Seconds = Counter<f64, AtomicU64>;

/// A point in time, in seconds since 1970.
pub(super) type Moment = Gauge<f64, AtomicU64>;

/// Makes histograms with these buckets.
#[derive(Clone)]
pub(super) struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// Every metric.
pub(super) struct Figures {
    pub(super) build: Family<Build, Gauge>,
    pub(super) started: Moment,
    pub(super) passes: Family<Pass, Counter>,
    pub(super) pass_time: Family<Walk, Histogram, Buckets>,
    pub(super) last_pass: Family<Pass, Moment>,
    pub(super) last_agreement: Moment,
    pub(super) scanned: Family<Records, Counter>,
    pub(super) actions: Family<Action, Counter>,
    pub(super) sent: Family<Sent, Counter>,
    pub(super) conflicts: Gauge,
    pub(super) questions: Gauge,
    pub(super) failures: Gauge,
    pub(super) links: Family<Links, Gauge>,
    pub(super) pairs: Family<Pairs, Gauge>,
    pub(super) quarantine: Family<System, Gauge>,
    pub(super) near_misses: Counter,
    pub(super) requests: Family<Request, Counter>,
    pub(super) request_time: Family<Timing, Histogram, Buckets>,
    pub(super) retries: Family<Retry, Counter>,
    pub(super) budget_waits: Family<System, Counter>,
    pub(super) budget_time: Family<System, Seconds>,
    pub(super) budget_left: Family<System, Gauge>,
    pub(super) webhooks: Family<Webhook, Counter>,
    pub(super) hints: Gauge,
    pub(super) last_backup: Moment,
    pub(super) backup_fails: Gauge,
    pub(super) expected: Moment,
    pub(super) passing: Gauge,
    pub(super) refused: Gauge,
    pub(super) unexplained: Gauge,
    pub(super) hints_held: Gauge,
    pub(super) reloaded: Gauge,
}

impl Figures {
    /// Declares them all. A counter's name gets its `_total`, and a unit's its suffix, when it is printed.
    pub(super) fn declared_in(registry: &mut Registry) -> Self {
        let figures = Self::unset();
        let Self {
            build,
            started,
            passes,
            pass_time,
            last_pass,
            last_agreement,
            scanned,
            actions,
            sent,
            conflicts,
            questions,
            failures,
            links,
            pairs,
            quarantine,
            near_misses,
            requests,
            request_time,
            retries,
            budget_waits,
            budget_time,
            budget_left,
            webhooks,
            hints,
            last_backup,
            backup_fails,
            expected,
            passing,
            refused,
            unexplained,
            hints_held,
            reloaded,
        } = &figures;
        registry.register("build_info", "The program that runs", build.clone());
        registry.register("start_timestamp_seconds", "When the daemon started", started.clone());

        registry.register("passes", "Passes that ended, by how much they read and how they ended", passes.clone());
        let words = "How long passes took, by how much they read";
        registry.register_with_unit("pass_duration", words, Unit::Seconds, pass_time.clone());
        let words = "When a pass last ended, by how much it read and how it ended";
        registry.register("last_pass_timestamp_seconds", words, last_pass.clone());
        let words = "When a pass last ended after which nothing waited for the next one; 0 before the first";
        registry.register("last_agreement_timestamp_seconds", words, last_agreement.clone());
        let words = "When a pass is to begin after the last one that did not fail: quiet hours, cron expressions and low budgets \
                     put it off, failures do not; 0 before the first";
        registry.register("pass_expected_timestamp_seconds", words, expected.clone());
        registry.register("pass_running", "1 while a pass is under way and gets on", passing.clone());
        let words =
            "1 where the last plan was refused by the safety limits: nothing is written until a person has looked";
        registry.register("plan_refused", words, refused.clone());
        registry.register("records_scanned", "Records that walks delivered", scanned.clone());
        registry.register("actions", "What was done, by reason: of what is sent what was sent", actions.clone());
        registry.register("writes", "What became of writes", sent.clone());
        registry.register(
            "near_misses",
            "Values that a system stored otherwise than they were sent",
            near_misses.clone(),
        );

        registry.register("open_conflicts", "Conflicts that wait for a person", conflicts.clone());
        registry.register("open_questions", "Questions that wait for a person", questions.clone());
        registry.register("open_failures", "Refused records and fields that wait", failures.clone());
        registry.register("links", "Links by state", links.clone());
        registry.register(
            "pairs",
            "Live pairs by how they stand: equal, differs (for a stated reason), waits, due",
            pairs.clone(),
        );
        let words = "Pairs that differ, and nothing says why: anything but 0 is a fault of this program";
        registry.register("unexplained_pairs", words, unexplained.clone());
        registry.register(
            "quarantine",
            "1 where a side keeps failing and is tried ever more slowly",
            quarantine.clone(),
        );

        registry.register("http_requests", "Requests that were sent, each try by itself", requests.clone());
        let words = "How long requests took, each try by itself";
        registry.register_with_unit("http_request_duration", words, Unit::Seconds, request_time.clone());
        registry.register("http_retries", "Requests that were sent again, by what was wrong", retries.clone());
        registry.register("http_budget_waits", "Requests that waited for the budget", budget_waits.clone());
        let words = "Time that requests waited for the budget";
        registry.register_with_unit("http_budget_wait", words, Unit::Seconds, budget_time.clone());
        let words = "Requests that are left of the day's quota, where there is one";
        registry.register("http_daily_budget_remaining", words, budget_left.clone());

        registry.register("webhooks", "Webhooks and their events, by system and what became of them", webhooks.clone());
        registry.register("hints_waiting", "Records that wait to be looked at because of a webhook", hints.clone());
        registry.register("hints_held", "1 while quiet hours keep hints waiting", hints_held.clone());

        let words = "When the newest of the kept copies of the state was made; 0 where there is none";
        registry.register("last_backup_timestamp_seconds", words, last_backup.clone());
        let words = "1 where a copy of the state that is due cannot be made";
        registry.register("backup_failing", words, backup_fails.clone());

        let words =
            "0 where the configuration was changed into one that is not valid, and the one before stays in force";
        registry.register("config_last_reload_successful", words, reloaded.clone());

        let words = "Spans that no collector of traces got";
        registry.register("trace_spans_dropped", words, crate::telemetry::traces::dropped());

        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        figures.begin_at_zero();
        figures
    }

    /// Figures of nothing.
    fn unset() -> Self {
        Self {
            build: Family::default(),
            started: Moment::default(),
            passes: Family::default(),
            pass_time: Family::new_with_constructor(Buckets(&PASS_SECONDS)),
            last_pass: Family::default(),
            last_agreement: Moment::default(),
            scanned: Family::default(),
            actions: Family::default(),
            sent: Family::default(),
            conflicts: Gauge::default(),
            questions: Gauge::default(),
            failures: Gauge::default(),
            links: Family::default(),
            pairs: Family::default(),
            quarantine: Family::default(),
            near_misses: Counter::default(),
            requests: Family::default(),
            request_time: Family::new_with_constructor(Buckets(&REQUEST_SECONDS)),
            retries: Family::default(),
            budget_waits: Family::default(),
            budget_time: Family::default(),
            budget_left: Family::default(),
            webhooks: Family::default(),
            hints: Gauge::default(),
            last_backup: Moment::default(),
            backup_fails: Gauge::default(),
            expected: Moment::default(),
            passing: Gauge::default(),
            refused: Gauge::default(),
            unexplained: Gauge::default(),
            hints_held: Gauge::default(),
            reloaded: Gauge::default(),
        }
    }

    /// What is known before it happens stands at zero, so that its first time is seen as an increase.
    fn begin_at_zero(&self) {
        // Without a valid one nothing is declared.
        self.reloaded.set(1);
        for extent in Extent::ALL.map(Extent::as_str) {
            for outcome in ["applied", "failed", "partly", "refused"] {
                let _ = self.passes.get_or_create(&Pass { extent, outcome });
            }
            let _ = self.pass_time.get_or_create(&Walk { extent });
        }
        for outcome in ["put_off", "refused", "written"] {
            let _ = self.sent.get_or_create(&Sent { outcome });
        }
        for side in Side::BOTH.map(Side::as_str) {
            for kind in Kind::BOTH.map(Kind::as_str) {
                let _ = self.scanned.get_or_create(&Records { side, kind });
            }
            let _ = self.quarantine.get_or_create(&System { side });
            let _ = self.retries.get_or_create(&Retry { side, cause: "timeout" });
            let _ = self.budget_waits.get_or_create(&System { side });
            let _ = self.budget_time.get_or_create(&System { side });
        }
    }
}
