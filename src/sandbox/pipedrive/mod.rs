//! Pipedrive: organizations and persons.
//!
//! The `options` say how a company is set up; `hands` are people at work in it, `crm` the same by what properties mean. A
//! request goes through `route` and `limits` to `list`, `write`, `search`, `fields` or `notes`; `state` holds and shows
//! records, `errors` words refusals.

mod options;
mod errors;
mod limits;
mod fields;
mod state;
mod list;
mod write;
mod search;
mod notes;
mod route;
mod hands;
mod crm;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use http::StatusCode;

pub use options::{AddressWrites, PipedriveLimits, PipedriveOptions};

use self::limits::Usage;
use self::state::State;
use super::exchange::{Answer, Ask, Intent, System};
use super::faults::Faults;
use super::log::{Counts, Detail, Log, LoggedRequest};
use super::manners::Manners;
use super::shell::{self, Shell};
use crate::clock::Clock;

/// The most bytes that a request's body may have.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// A Pipedrive company. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct PipedriveServer {
    shell: Arc<Shell<Pipedrive>>,
}

#[derive(Debug)]
struct Pipedrive {
    options: PipedriveOptions,
    manners: Manners,
    state: Mutex<(State, Usage)>,
}

impl PipedriveServer {
    /// An empty company whose time is `clock`'s.
    pub fn new(options: PipedriveOptions, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new((State::new(&options), Usage::default()));
        let system = Pipedrive { options, manners: Manners::default(), state };
        Self { shell: Arc::new(Shell { system, faults: Faults::default(), log: Log::default(), clock }) }
    }

    /// Its HTTP side.
    pub fn router(&self) -> Router {
        shell::router(Arc::clone(&self.shell))
    }

    /// How it is set up.
    pub fn options(&self) -> &PipedriveOptions {
        &self.shell.system.options
    }

    /// The switches that make it fail.
    pub fn faults(&self) -> Faults {
        self.shell.faults.clone()
    }

    /// The liberties that it takes with what it is sent; the collections are `organizations` and `persons`.
    pub fn manners(&self) -> Manners {
        self.shell.system.manners.clone()
    }

    /// Carries out what [`Fault::CarriedOutLater`](super::Fault::CarriedOutLater) held back and is due.
    pub fn settle(&self) {
        self.shell.settle();
    }

    /// The requests that it remembers, the oldest first.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shell.log.requests()
    }

    /// Totals since the start or the last [`Self::clear_log`].
    pub fn counts(&self) -> Counts {
        self.shell.log.counts()
    }

    /// Forgets requests and totals.
    pub fn clear_log(&self) {
        self.shell.log.clear();
    }

    /// How much the log keeps from now on.
    pub fn keep_log(&self, detail: Detail) {
        self.shell.log.keep(detail);
    }

    /// Tokens of the day that were used.
    pub fn tokens_used(&self) -> u64 {
        self.shell.system.state.lock().unwrap_or_else(PoisonError::into_inner).1.tokens()
    }

    /// The milliseconds of the epoch go with the state.
    fn with<R>(&self, act: impl FnOnce(&mut State, i64) -> R) -> R {
        let now = self.shell.clock.now().timestamp_millis();
        act(&mut self.shell.system.state.lock().unwrap_or_else(PoisonError::into_inner).0, now)
    }
}

impl System for Pipedrive {
    fn answer(&self, ask: &Ask) -> Answer {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, usage) = &mut *guard;
        route::answer(&self.options, state, usage, &self.manners, ask)
    }

    fn intent(&self, ask: &Ask) -> Intent {
        route::intent(ask)
    }

    fn refusal(&self, _: &Ask, status: StatusCode) -> Answer {
        errors::thrown(status)
    }

    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }
}
