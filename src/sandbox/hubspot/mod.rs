//! HubSpot's CRM: companies and contacts, and notes at companies.
//!
//! The `options` say how a portal is set up; `hands` are people at work in it, `crm` the same as in any CRM. A request goes
//! through `route` and `limits` to `objects`, `batch`, `search`, `associations`, `notes` or `properties`; `write` judges what is to be
//! stored by the `schema`, `render` writes records, `errors` refusals.

mod schema;
mod options;
mod drawer;
mod state;
mod errors;
mod limits;
mod render;
mod write;
mod objects;
mod batch;
mod filter;
mod search;
mod associations;
mod notes;
mod properties;
mod route;
mod hands;
mod crm;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use http::StatusCode;

pub use hands::ObjectType;
pub use options::{BatchOrder, HubSpotOptions, Limits};

use self::limits::Usage;
use self::state::State;
use super::exchange::{Answer, Ask, Intent, System};
use super::faults::Faults;
use super::log::{Counts, Detail, Log, LoggedRequest};
use super::manners::{Manner, Manners};
use super::shell::{self, Shell};
use crate::clock::Clock;

/// The most bytes that a request's body may have.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// A HubSpot portal. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct HubSpotServer {
    shell: Arc<Shell<HubSpot>>,
}

#[derive(Debug)]
struct HubSpot {
    options: HubSpotOptions,
    manners: Manners,
    state: Mutex<(State, Usage)>,
}

impl HubSpotServer {
    /// An empty portal whose time is `clock`'s. Contacts' e-mail addresses are stored in lower case, as there.
    pub fn new(options: HubSpotOptions, clock: Arc<dyn Clock>) -> Self {
        let manners = Manners::default();
        manners.set("contacts", "email", Manner::LowerCase);
        let state = Mutex::new((State::new(&options), Usage::default()));
        let system = HubSpot { options, manners, state };
        Self { shell: Arc::new(Shell { system, faults: Faults::default(), log: Log::default(), clock }) }
    }

    /// An empty portal as usual, in which an administrator has made the property for tax numbers.
    pub fn furnished(clock: Arc<dyn Clock>) -> Self {
        let server = Self::new(HubSpotOptions::default(), clock);
        server.add_property(ObjectType::Company, "vat_number");
        server
    }

    /// Its HTTP side.
    pub fn router(&self) -> Router {
        shell::router(Arc::clone(&self.shell))
    }

    /// How it is set up.
    pub fn options(&self) -> &HubSpotOptions {
        &self.shell.system.options
    }

    /// The switches that make it fail.
    pub fn faults(&self) -> Faults {
        self.shell.faults.clone()
    }

    /// The liberties that it takes with what it is sent; the collections are `companies` and `contacts`.
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

    /// The milliseconds of the epoch go with the state.
    fn with<R>(&self, act: impl FnOnce(&mut State, i64) -> R) -> R {
        let now = self.shell.clock.now().timestamp_millis();
        act(&mut self.shell.system.state.lock().unwrap_or_else(PoisonError::into_inner).0, now)
    }
}

impl System for HubSpot {
    fn answer(&self, ask: &Ask) -> Answer {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, usage) = &mut *guard;
        route::answer(&self.options, state, usage, &self.manners, ask)
    }

    fn intent(&self, ask: &Ask) -> Intent {
        route::intent(&self.options, ask)
    }

    fn refusal(&self, ask: &Ask, status: StatusCode) -> Answer {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        route::thrown(&self.options, &mut guard.0, ask, status)
    }

    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }
}
