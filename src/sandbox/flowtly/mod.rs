//! Flowtly as API Platform serves it.
//!
//! The `options` say how a tenant is set up; `hands` are people at work in it. A request goes through `route`,
//! `login` and `negotiate` to `clients`, `contacts`, `lookups` or `docs`; `input` reads bodies by the
//! `schema`, `collection` and `render` write answers, `errors` refusals.

mod schema;
mod options;
mod state;
mod errors;
mod negotiate;
mod login;
mod input;
mod render;
mod collection;
mod clients;
mod contacts;
mod lookups;
mod docs;
mod route;
mod hands;
mod sow;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};

pub(crate) use sow::{NewClient, NewContact};

pub use options::{Attributes, ContactsShown, CurrencyIds, Dialect, FlowtlyOptions, Formats, Totals};
pub use state::Forbidden;

use self::state::State;
use super::exchange::{Answer, Ask, Intent, System};
use super::faults::Faults;
use super::log::{Counts, Detail, Log, LoggedRequest};
use super::manners::Manners;
use super::shell::{self, Shell};
use crate::clock::Clock;

/// A body beyond this is refused by the proxy in front.
const BODY_LIMIT: usize = 1024 * 1024;

/// A Flowtly of one organisation. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct FlowtlyServer {
    shell: Arc<Shell<Flowtly>>,
}

#[derive(Debug)]
struct Flowtly {
    options: FlowtlyOptions,
    manners: Manners,
    state: Mutex<State>,
}

impl FlowtlyServer {
    /// An empty Flowtly whose time is `clock`'s.
    pub fn new(options: FlowtlyOptions, clock: Arc<dyn Clock>) -> Self {
        let system = Flowtly { options, manners: Manners::default(), state: Mutex::new(State::new()) };
        Self { shell: Arc::new(Shell { system, faults: Faults::default(), log: Log::default(), clock }) }
    }

    /// Its HTTP side.
    pub fn router(&self) -> Router {
        shell::router(Arc::clone(&self.shell))
    }

    /// How it is set up.
    pub fn options(&self) -> &FlowtlyOptions {
        &self.shell.system.options
    }

    /// The switches that make it fail.
    pub fn faults(&self) -> Faults {
        self.shell.faults.clone()
    }

    /// The liberties that it takes with what it is sent; the collections are `clients` and `client-contacts`.
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

    fn with<R>(&self, act: impl FnOnce(&mut State, DateTime<Utc>) -> R) -> R {
        let now = self.shell.clock.now();
        act(&mut self.shell.system.state.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

impl System for Flowtly {
    fn answer(&self, ask: &Ask) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        route::answer(&self.options, &mut state, &self.manners, ask)
    }

    fn intent(&self, ask: &Ask) -> Intent {
        let reads = ask.method == Method::GET || ask.method == Method::HEAD || ask.method == Method::OPTIONS;
        if reads || route::is_login(&self.options, ask) { Intent::Read } else { Intent::Write }
    }

    fn refusal(&self, ask: &Ask, status: StatusCode) -> Answer {
        route::thrown(&self.options, ask, status)
    }

    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }
}
