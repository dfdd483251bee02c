//! Odoo's contacts: companies and people in one model, over JSON-2 (from version 19 on) and JSON-RPC.
//!
//! The `options` say how a firm's Odoo is set up; `hands` are people at work in it, and `crm` what they do as in any CRM. A
//! request goes through `route` to the `methods` of models; `search` and `domain` say which records are meant, `partners` judges
//! and stores (`extras` what stands beside), `vat` is the module that rewrites VAT numbers; `fields` and `lists` are what every Odoo brings, `cell` a value,
//! `errors` refusals.

mod options;
mod lists;
mod fields;
mod cell;
mod state;
mod errors;
mod domain;
mod vat;
mod partners;
mod extras;
mod search;
mod methods;
mod route;
mod hands;
mod crm;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use http::StatusCode;

pub use hands::Pending;
pub use options::OdooOptions;

use self::state::State;
use super::exchange::{Answer, Ask, Intent, System};
use super::faults::Faults;
use super::log::{Counts, Detail, Log, LoggedRequest};
use super::manners::Manners;
use super::shell::{self, Shell};
use crate::clock::Clock;

/// The most bytes that a request's body may have.
const BODY_LIMIT: usize = 128 * 1024 * 1024;

/// An Odoo. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct OdooServer {
    shell: Arc<Shell<Odoo>>,
}

#[derive(Debug)]
struct Odoo {
    options: OdooOptions,
    manners: Manners,
    state: Mutex<State>,
}

impl OdooServer {
    /// An Odoo without contacts whose time is `clock`'s.
    pub fn new(options: OdooOptions, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new(State::new(&options));
        let system = Odoo { options, manners: Manners::default(), state };
        Self { shell: Arc::new(Shell { system, faults: Faults::default(), log: Log::default(), clock }) }
    }

    /// One in which everything is there that the mapping of Odoo names, and a field for ids.
    pub fn furnished(clock: Arc<dyn Clock>) -> Self {
        let options = OdooOptions { id_field: Some("x_flowtly_id".to_owned()), ..OdooOptions::default() };
        Self::new(options, clock)
    }

    /// Its HTTP side.
    pub fn router(&self) -> Router {
        shell::router(Arc::clone(&self.shell))
    }

    /// How it was set up.
    pub fn options(&self) -> &OdooOptions {
        &self.shell.system.options
    }

    /// The switches that make it fail.
    pub fn faults(&self) -> Faults {
        self.shell.faults.clone()
    }

    /// The liberties that it takes with what it is sent; the one collection is `res.partner`.
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

    /// The microseconds of the epoch go with the state.
    fn with<R>(&self, act: impl FnOnce(&mut State, i64) -> R) -> R {
        let now = self.shell.clock.now().timestamp_micros();
        act(&mut self.shell.system.state.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

impl System for Odoo {
    fn answer(&self, ask: &Ask) -> Answer {
        route::answer(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), &self.manners, ask)
    }

    fn intent(&self, ask: &Ask) -> Intent {
        route::intent(ask)
    }

    fn refusal(&self, ask: &Ask, status: StatusCode) -> Answer {
        route::thrown(ask, status)
    }

    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }
}
