//! What is behind which path, and who may see it.
//!
//! | Path | Method | For whom |
//! |---|---|---|
//! | `/healthz` | GET | everybody who reaches it |
//! | `/readyz` | GET | everybody who reaches it |
//! | `/metrics` | GET | who knows the token, where there is one |
//! | `/webhooks/SYSTEM`, `/webhooks/SYSTEM/SECRET` | POST | the system, by its own proof |

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::health::{Health, is_alive, is_passing, is_ready, is_writable};
use super::reply::{json, refusal, reply, unauthorised};
use super::webhooks;
use crate::clock::Clock;
use crate::config::Settings;
use crate::connector::webhook::{Webhook, proof};
use crate::daemon::schedule::Schedule;
use crate::daemon::watch::Watch;
use crate::domain::record::Side;
use crate::metrics::CONTENT_TYPE;

/// How long a pass may take before its beat counts as missed, whatever the interval is.
const PASS_TAKES: Duration = Duration::from_mins(10);

/// What is served. A new configuration is taken up in place: connections stay.
#[derive(Debug)]
pub struct Site {
    pub(super) watch: Watch,
    pub(super) clock: Arc<dyn Clock>,
    state: PathBuf,
    shown: RwLock<Arc<Shown>>,
}

/// What a configuration makes of it.
#[derive(Debug)]
pub(super) struct Shown {
    token: Option<SecretString>,
    pub(super) public_url: Option<Url>,
    stuck_after: Duration,
    /// The interval of passes, and within what time one must end.
    beat: Duration,
    pass_within: Duration,
    /// Whose quiet hours hold hints back; `None` where none do.
    resting: Option<Schedule>,
    /// Who may hint at records of which side.
    pub(super) webhooks: Vec<(Side, Arc<dyn Webhook>)>,
}

impl Site {
    /// The site of a daemon. `clock` is the machine's.
    pub fn new(watch: Watch, settings: &Settings, clock: Arc<dyn Clock>) -> Arc<Self> {
        let shown = RwLock::new(Arc::new(Shown::of(settings, &watch)));
        Arc::new(Self { watch, clock, state: settings.state_path.clone(), shown })
    }

    /// Another configuration holds from now on.
    pub fn reconfigure(&self, settings: &Settings) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Shown::of(settings, &self.watch));
    }

    /// The paths.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .route("/webhooks/{system}", post(webhooks::receive))
            .route("/webhooks/{system}/{secret}", post(webhooks::receive))
            .fallback(async || refusal(StatusCode::NOT_FOUND, "there is nothing here"))
            .with_state(Arc::clone(self))
    }

    /// Whether a pass is under way, and gets on.
    fn is_passing(&self) -> bool {
        is_passing(&self.watch.vitals.signs(), self.clock.elapsed(), self.shown().stuck_after)
    }

    /// Whether hints wait for the end of quiet hours.
    fn holds_hints(&self) -> bool {
        self.shown().resting.as_ref().is_some_and(|schedule| schedule.quiet_until(self.clock.now()).is_some())
    }

    pub(super) fn shown(&self) -> Arc<Shown> {
        Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shown {
    fn of(settings: &Settings, watch: &Watch) -> Self {
        let schedule = &settings.schedule;
        let (stuck_after, missed) =
            settings.web.as_ref().map_or((PASS_TAKES, 1), |web| (web.stuck_after, web.missed_beats));
        let crm = settings.crm.webhook().map(|webhook| (Side::Crm, webhook));
        let flowtly = settings.flowtly.webhook().map(|webhook| (Side::Flowtly, webhook));
        let webhooks: Vec<_> = crm.into_iter().chain(flowtly).collect();
        watch.vitals.counts_as_stuck(stuck_after);
        for (_, webhook) in &webhooks {
            watch.metrics.expects_webhooks(webhook.system());
        }
        Self {
            token: settings.web.as_ref().and_then(|web| web.token.clone()),
            public_url: settings.web.as_ref().and_then(|web| web.public_url.clone()),
            stuck_after,
            beat: schedule.interval,
            pass_within: schedule.interval.mul_f64(f64::from(missed) * (1.0 + schedule.jitter)) + PASS_TAKES,
            resting: (!schedule.hints_in_quiet).then(|| schedule.beats()),
            webhooks,
        }
    }
}

async fn healthz(State(site): State<Arc<Site>>) -> Response {
    answer(&is_alive(&site.watch.vitals.signs(), site.clock.elapsed(), site.shown().stuck_after))
}

async fn readyz(State(site): State<Arc<Site>>) -> Response {
    let state = site.state.clone();
    // A disk that hangs holds up nothing but this answer.
    let writable =
        tokio::task::spawn_blocking(move || is_writable(&state)).await.unwrap_or_else(|error| Err(error.into()));
    let shown = site.shown();
    let signs = site.watch.vitals.signs();
    answer(&is_ready(&signs, site.clock.now(), site.is_passing(), shown.beat, shown.pass_within, writable))
}

fn answer(health: &Health) -> Response {
    json(if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, health)
}

async fn metrics(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    if let Some(token) = &site.shown().token
        && !proof::bears(&headers, token.expose_secret())
    {
        return unauthorised("Bearer", "the token of web.token_file is needed");
    }
    site.watch.metrics.hints(site.watch.hints.waiting(), site.holds_hints());
    site.watch.metrics.passes(site.is_passing());
    reply(StatusCode::OK, CONTENT_TYPE, site.watch.metrics.text())
}
