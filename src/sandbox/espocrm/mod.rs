//! EspoCRM: accounts and contacts over its REST API.
//!
//! The `options` say how it is set up; `hands` are people at work in it, and `crm` is what anybody does in any CRM. A request
//! goes through `login` and `route` to `records`, `links`, `notes` or `metadata`; `php` reads the query, `filter` its
//! conditions by the database's own comparison (`collate`), `input` judges what is to be stored by the `schema`, `render`
//! writes records, `errors` refusals.

mod options;
mod schema;
mod state;
mod collate;
mod errors;
mod php;
mod render;
mod filter;
mod input;
mod records;
mod links;
mod notes;
mod metadata;
mod login;
mod route;
mod hands;
mod crm;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use http::StatusCode;

pub use options::EspoOptions;

use self::state::State;
use super::exchange::{Answer, Ask, Intent, System};
use super::faults::Faults;
use super::log::{Counts, Detail, Log, LoggedRequest};
use super::manners::Manners;
use super::shell::{self, Shell};
use crate::clock::Clock;

/// The most bytes that a request's body may have: PHP's limit.
const BODY_LIMIT: usize = 50 * 1024 * 1024;

/// An EspoCRM. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct EspoServer {
    shell: Arc<Shell<Espo>>,
}

#[derive(Debug)]
struct Espo {
    options: EspoOptions,
    manners: Manners,
    state: Mutex<State>,
}

impl EspoServer {
    /// An empty EspoCRM whose time is `clock`'s.
    pub fn new(options: EspoOptions, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new(State::new(&options));
        let system = Espo { options, manners: Manners::default(), state };
        Self { shell: Arc::new(Shell { system, faults: Faults::default(), log: Log::default(), clock }) }
    }

    /// Its HTTP side.
    pub fn router(&self) -> Router {
        shell::router(Arc::clone(&self.shell))
    }

    /// How it is set up.
    pub fn options(&self) -> &EspoOptions {
        &self.shell.system.options
    }

    /// The switches that make it fail.
    pub fn faults(&self) -> Faults {
        self.shell.faults.clone()
    }

    /// The liberties that it takes with what it is sent, beyond its own; the collections are `Account` and `Contact`.
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

    /// The seconds of the epoch go with the state.
    fn with<R>(&self, act: impl FnOnce(&mut State, i64) -> R) -> R {
        let now = self.shell.clock.now().timestamp();
        act(&mut self.shell.system.state.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

impl System for Espo {
    fn answer(&self, ask: &Ask) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        route::answer(&self.options, &mut state, &self.manners, ask)
    }

    fn intent(&self, ask: &Ask) -> Intent {
        route::intent(ask)
    }

    fn refusal(&self, _ask: &Ask, status: StatusCode) -> Answer {
        route::thrown(status)
    }

    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }
}
