//! Flowtly: a REST API made with API Platform, of which little is published. What is not known is a setting, and what the
//! server shows is believed more than what is written.
//!
//! In reading order: the [`settings`]; `auth` is being let in; `talk` sends and resolves; `wire` holds the JSON;
//! `lookup` turns ISO codes into references and back; `shared` reads pages and records; `walk` goes over pages, `frontier`
//! marks where it ended; `contacts` knows where contacts are; `read`, `write` and `schema` are the port's three traits;
//! `error` explains refusals.
//!
//! There is no changed-since, no conditional request, no idempotency key and no delete of clients. A client's contacts are
//! never sent with the client: the server would delete them and make them anew.

pub mod settings;
mod auth;
mod expiry;
mod talk;
mod wire;
mod lookup;
mod shared;
mod walk;
mod frontier;
mod contacts;
mod read;
mod write;
mod schema;
mod error;
mod webhook;

pub use webhook::FlowtlyWebhook;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

pub use settings::{Credentials, FlowtlySettings};

use self::lookup::Lookups;
use self::shared::{Learned, Shared, some_at_once};
use self::talk::{SYSTEM, Talk};
use self::wire::layout::Layout;
use super::error::PortError;
use super::http::{HttpSettings, Transport};
use super::port::{
    Account, Capabilities, Document, Extent, Find, Frontier, KindCapabilities, Lookup, Offered, Property, Schema, Sink,
    Source, Walk, Write, Written,
};
use crate::clock::Clock;
use crate::domain::field::Field;
use crate::domain::planner::Manners;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::{Row, Shape};

/// For how long after our time-out may the server still work on a request?
const SERVER_MAY_GO_ON: Duration = Duration::from_mins(1);

/// How far does an incremental read reach back? Clocks differ, and a stamp may be set before its record is saved.
const OVERLAP: Duration = Duration::from_mins(5);

/// One Flowtly organisation.
#[derive(Debug)]
pub struct FlowtlyConnector {
    shared: Arc<Shared>,
}

impl FlowtlyConnector {
    /// A connector; nothing is sent yet. The paths in the shapes are the JSON keys of a client and of a contact.
    pub fn new(
        settings: FlowtlySettings,
        company_shape: Shape,
        contact_shape: Shape,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        http: HttpSettings,
    ) -> Self {
        let capabilities = capabilities(&settings, &http, [&company_shape, &contact_shape]);
        let shared = Shared {
            companies: Layout::new(&company_shape),
            contacts: Layout::new(&contact_shape),
            company_shape,
            contact_shape,
            capabilities,
            lookups: Lookups::default(),
            learned: Mutex::new(Learned::default()),
            talk: Talk::new(settings, transport, clock, http),
        };
        Self { shared: Arc::new(shared) }
    }
}

#[async_trait]
impl Source for FlowtlyConnector {
    fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    fn shape(&self, kind: Kind) -> &Shape {
        match kind {
            Kind::Company => &self.shared.company_shape,
            Kind::Contact => &self.shared.contact_shape,
        }
    }

    fn credential_expires(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.shared.talk.credential_expires()
    }

    async fn probe(&self) -> Result<Account, PortError> {
        read::probe(&self.shared).await
    }

    async fn properties(&self, kind: Kind) -> Result<Vec<Property>, PortError> {
        schema::properties(&self.shared, kind).await
    }

    async fn walk(&self, kind: Kind, extent: Extent) -> Result<Box<dyn Walk>, PortError> {
        Ok(Box::new(read::walk(&self.shared, kind, extent).await?))
    }

    async fn get(&self, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError> {
        read::get(&self.shared, kind, ids).await
    }

    async fn children(&self, companies: &[RemoteId]) -> Result<Vec<Row>, PortError> {
        contacts::children(&self.shared, companies).await
    }

    async fn appeared(&self, kind: Kind, frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError> {
        read::appeared(&self.shared, kind, frontier).await
    }

    async fn read_ahead(&self, kind: Kind, texts: &[(String, Option<String>)]) -> Result<(), PortError> {
        write::read_ahead(&self.shared, kind, texts).await
    }

    async fn find(&self, kind: Kind, find: &Find) -> Result<Option<Vec<Row>>, PortError> {
        match (kind, find) {
            (Kind::Company, Find::Text(text)) => read::search(&self.shared, text).await,
            (Kind::Contact, Find::Text(_)) | (Kind::Company | Kind::Contact, Find::StoredId(_)) => Ok(None),
        }
    }

    async fn documents(&self, company: &RemoteId) -> Result<Option<Vec<Document>>, PortError> {
        read::documents(&self.shared, company).await
    }
}

#[async_trait]
impl Sink for FlowtlyConnector {
    async fn write(&self, kind: Kind, writes: &[Write]) -> Vec<Written> {
        let tasks = writes.iter().map(|write| write::write(&self.shared, kind, write));
        let written = some_at_once(self.shared.capabilities.concurrent_writes, tasks).await;
        written.into_iter().map(|one| one.map_or_else(Written::Failed, |row| Written::Stored(Box::new(row)))).collect()
    }
}

#[async_trait]
impl Schema for FlowtlyConnector {
    async fn offered(&self, kind: Kind) -> Result<Vec<Offered>, PortError> {
        schema::offered(&self.shared, kind).await
    }

    /// Flowtly has no schema to which we could add.
    async fn add_missing(&self, _kind: Kind) -> Result<Vec<String>, PortError> {
        Ok(Vec::new())
    }
}

fn capabilities(settings: &FlowtlySettings, http: &HttpSettings, [company, contact]: [&Shape; 2]) -> Capabilities {
    let kind = |changed_since: bool, shape: &Shape, required: &[Field]| KindCapabilities {
        changed_since,
        create_batch: 1,
        update_batch: 1,
        read_batch: 1,
        manners: Manners { required: required.iter().copied().collect(), cuts: shape.cuts() },
        reformats: BTreeSet::new(),
        ..KindCapabilities::default()
    };
    let company = kind(false, company, &[Field::Name, Field::Country, Field::Currency, Field::Status]);
    let contact_changes = settings.contacts_updated_parameter.is_some();
    let contact = kind(contact_changes, contact, &[Field::Email, Field::PersonName, Field::ContactType]);
    Capabilities {
        system: SYSTEM,
        lag: Duration::from_secs(settings.lag_seconds),
        list_lag: Duration::from_secs(settings.lag_seconds),
        longest_request: http.longest_write().saturating_add(SERVER_MAY_GO_ON),
        overlap: OVERLAP,
        concurrent_writes: settings.concurrent_writes.max(1),
        kinds: BTreeMap::from([(Kind::Company, company), (Kind::Contact, contact)]),
    }
}

#[cfg(test)]
mod tests;
