//! A firm whose CRM is any of the embedded ones.

use std::sync::Arc;

use flowtly_sync::clock::Clock;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{CrmServer, Embedded, FlowtlyOptions, HubSpotOptions, HubSpotServer, Property};

use crate::firm::{Firm, clock};

impl Firm {
    /// With a CRM as it starts usually.
    pub fn embedded(crm: &Embedded) -> Self {
        Self::of(FlowtlyOptions::default(), crm.start)
    }

    /// With a CRM that somebody starts.
    pub fn of(flowtly: FlowtlyOptions, crm: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn CrmServer>) -> Self {
        let clock = clock();
        let crm = crm(clock.clone());
        let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
        Self::made(clock, flowtly, crm, idle, "")
    }

    /// Somebody makes a contact at a company of the CRM.
    pub fn contact(&self, first: &str, last: &str, email: &str, company: u64) -> u64 {
        let properties = [(Property::FirstName, first), (Property::LastName, last), (Property::Email, email)];
        self.crm.add(Kind::Contact, &properties, Some(company))
    }
}
