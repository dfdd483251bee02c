//! Embedded, stateful servers that answer as Flowtly and the CRMs do: the counterpart of `demo`, tests and benchmarks.
//!
//! They follow what the real systems were seen to do, never what our own connectors happen to send: requests are
//! judged as strictly as there. In reading order: an `exchange` is one request and its answer, the `shell` around
//! all servers carries out [`faults`] and keeps the [`log`]; `packed` and `table` hold the state, `json` writes
//! it; [`manners`] are the liberties that a server takes with what it is sent; [`crm`] is what people do
//! in any CRM; [`flowtly`], [`hubspot`], [`espocrm`], [`odoo`] and [`pipedrive`] are the servers, [`embedded`] lists the
//! CRMs; [`seed`] invents firms to put in; [`transport`] reaches a server in process, `serve` over a socket.
//!
//! Architecture invariant: all state of a server is behind one lock that is never held across an `await`, and every
//! stamp comes from the [`Clock`](crate::clock::Clock) that the server was given.

mod exchange;
mod shell;
pub mod faults;
mod mangle;
pub mod log;
mod packed;
mod table;
mod json;
pub mod manners;
pub mod crm;
pub mod flowtly;
pub mod hubspot;
pub mod espocrm;
pub mod odoo;
pub mod pipedrive;
pub mod embedded;
pub mod seed;
pub mod transport;
mod serve;
#[cfg(test)]
mod tests;

pub use crm::{CrmServer, Grant, Import, Property};
pub use embedded::{EMBEDDED, Embedded};
pub use espocrm::{EspoOptions, EspoServer};
pub use faults::{Fault, Faults, When};
pub use flowtly::{FlowtlyOptions, FlowtlyServer, Forbidden};
pub use hubspot::{HubSpotOptions, HubSpotServer, ObjectType};
pub use log::{Counts, Detail, LoggedRequest};
pub use manners::{Manner, Manners};
pub use odoo::{OdooOptions, OdooServer};
pub use pipedrive::{AddressWrites, PipedriveLimits, PipedriveOptions, PipedriveServer};
pub use seed::{Flavour, Spread, World};
pub use serve::serve;
pub use transport::RouterTransport;

/// The kind of record that [`CrmServer`] is asked for.
pub use crate::domain::record::Kind;
