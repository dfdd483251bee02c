//! The embedded CRMs, one line each.

use std::sync::Arc;

use super::crm::CrmServer;
use super::espocrm::{EspoOptions, EspoServer};
use super::hubspot::HubSpotServer;
use super::odoo::OdooServer;
use super::pipedrive::{PipedriveOptions, PipedriveServer};
use crate::clock::Clock;

/// Every embedded CRM; the first is shown where nobody names one.
pub const EMBEDDED: &[Embedded] = &[
    Embedded { name: "hubspot", start: |clock| Arc::new(HubSpotServer::furnished(clock)) },
    Embedded { name: "espocrm", start: |clock| Arc::new(EspoServer::new(EspoOptions::default(), clock)) },
    Embedded { name: "odoo", start: |clock| Arc::new(OdooServer::furnished(clock)) },
    Embedded { name: "pipedrive", start: |clock| Arc::new(PipedriveServer::new(PipedriveOptions::default(), clock)) },
];

/// A CRM that can be started here.
#[derive(Debug)]
pub struct Embedded {
    /// As `crm.kind` names it.
    pub name: &'static str,
    /// Starts an empty one in which everything is there that the mapping of that CRM names, by the time of a clock.
    pub start: fn(Arc<dyn Clock>) -> Arc<dyn CrmServer>,
}

impl Embedded {
    /// The one of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        EMBEDDED.iter().find(|embedded| embedded.name == name)
    }
}
