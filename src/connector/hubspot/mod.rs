//! HubSpot: companies and contacts over its CRM API.
//!
//! In reading order: the settings; the addresses and the layout (what is asked of a kind); the wire types and the rows
//! that come of them; errors; the conversation itself; reads by id, associations, searches and walks; writes (batches,
//! then the companies of contacts); documents as notes; the schema.
//!
//! What shapes this connector: a list goes by key and shows everything, but not what changed; the search shows what
//! changed, but late, and without archived records; a merge may give the survivor a new id; there is no conditional
//! request. Links between contacts and companies are records of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret;

pub use settings::HubSpotSettings;

use self::layout::Layout;
use self::talk::{Talk, endpoint_must_exist};
use super::budget::Budget;
use super::error::{ErrorKind, PortError};
use super::http::{HttpClient, HttpSettings};
use super::port::{
    Account, Capabilities, Extent, Find, Frontier, KindCapabilities, Lookup, Offered, Property, Schema, Showing, Shown,
    Sink, Source, Walk, Write, Written,
};
use super::registry::{CrmSystem, Parts};
use super::setup::{self, Scope, Setup};
use crate::domain::field::Field;
use crate::domain::planner::Manners;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::{Row, Shape};

mod settings;
mod address;
mod layout;
mod request;
mod wire;
mod text;
mod row;
mod error;
mod talk;
mod associations;
mod read;
mod search;
mod walk;
mod find;
mod batch;
mod parents;
mod write;
mod note;
mod documents;
mod schema;
mod webhook;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;

/// HubSpot, as configuration knows it.
pub const SYSTEM: CrmSystem = CrmSystem {
    name: "hubspot",
    label: "HubSpot",
    defaults: include_str!("../../../config/mapping/hubspot.toml"),
    read: |reader| Some(Arc::new(settings::read(reader)?)),
    setup: Setup {
        questions: &[
            setup::url(Some("https://api.hubapi.com"), "where HubSpot's API is; there is one for all"),
            setup::secret(
                "token",
                "HubSpot's token",
                "hubspot-token",
                "of a service key or private app with the scopes crm.objects.companies and crm.objects.contacts, read and write",
            ),
        ],
        scopes: &[Scope { path: "lifecyclestage", test: "[\"customer\"]", why: "only customers become clients" }],
        make: "make it in HubSpot's settings (a text), or let `init --add-missing` or `check --fix` add it",
        adds: true,
    },
};

/// A HubSpot account.
#[derive(Debug)]
pub struct HubSpotConnector {
    talk: Arc<Talk>,
    capabilities: Capabilities,
}

impl HubSpotConnector {
    /// A connector that sends within `budget`. Fails with [`ErrorKind::Setting`] where a setting cannot work, the token
    /// included.
    pub fn new(settings: HubSpotSettings, parts: Parts, budget: Budget) -> Result<Self, PortError> {
        let Parts { company, contact, transport, clock, http } = parts;
        if company.kind != Kind::Company || contact.kind != Kind::Contact {
            return Err(PortError::new(ErrorKind::Setting, "the mappings of companies and contacts are mixed up"));
        }
        let capabilities = capabilities(&settings, &http, [&company, &contact]);
        let layout = |kind, shape| Layout::new(kind, shape, settings.id_property.as_deref(), settings.max_text);
        let company = layout(Kind::Company, company);
        let contact = layout(Kind::Contact, contact);
        let client = HttpClient::new("HubSpot", transport, clock, budget, http, error::explain);
        let token = settings.token.clone();
        let talk = Talk::new(settings, company, contact, client, token.expose_secret())?;
        Ok(Self { talk: Arc::new(talk), capabilities })
    }
}

fn capabilities(settings: &HubSpotSettings, http: &HttpSettings, shapes: [&Shape; 2]) -> Capabilities {
    let [company_cuts, contact_cuts] = shapes.map(Shape::cuts);
    let company = KindCapabilities {
        changed_since: true,
        // Of complete walks; a search never shows archived records.
        shows_archived: true,
        stores_id: settings.id_property.is_some(),
        id_is_unique: settings.id_property.is_some(),
        create_batch: settings::BATCH,
        update_batch: settings::BATCH,
        read_batch: settings::BATCH,
        many_parents: false,
        parent_apart: false,
        manners: Manners { required: BTreeSet::from([Field::Name]), cuts: company_cuts },
        reformats: BTreeSet::new(),
    };
    let contact = KindCapabilities {
        stores_id: false,
        id_is_unique: false,
        many_parents: true,
        parent_apart: true,
        // One of e-mail, first and last name is enough, so that none of them is required.
        manners: Manners { cuts: contact_cuts, ..Manners::default() },
        // E-mail addresses come back in lower case.
        reformats: BTreeSet::from([Field::Email]),
        ..company.clone()
    };
    Capabilities {
        system: "HubSpot",
        lag: settings.search_lag,
        // A search yields ids, and lists do not lag.
        list_lag: std::time::Duration::ZERO,
        longest_request: http.longest_write().saturating_add(settings.late_commit),
        overlap: settings.overlap,
        concurrent_writes: settings.concurrent_writes,
        kinds: BTreeMap::from([(Kind::Company, company), (Kind::Contact, contact)]),
    }
}

#[async_trait]
impl Source for HubSpotConnector {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn shape(&self, kind: Kind) -> &Shape {
        &self.talk.layout(kind).shape
    }

    fn share_left(&self) -> Option<f64> {
        self.talk.share_left()
    }

    async fn probe(&self) -> Result<Account, PortError> {
        let url = self.talk.at.path(&self.talk.settings.account_path);
        let reply = self.talk.get("account", url).await.map_err(endpoint_must_exist)?;
        let account: wire::AccountReply = wire::reply(&reply.body)?;
        Ok(Account { id: Some(account.portal_id.0), server_time: reply.date })
    }

    /// As [`Source::properties`]; behind the mapped ones stands the property for our id, where the kind has one.
    async fn properties(&self, kind: Kind) -> Result<Vec<Property>, PortError> {
        schema::properties(&self.talk, kind).await
    }

    async fn walk(&self, kind: Kind, extent: Extent) -> Result<Box<dyn Walk>, PortError> {
        let talk = Arc::clone(&self.talk);
        Ok(match extent {
            Extent::Complete => Box::new(walk::ListWalk::new(talk, kind)),
            Extent::Since(since) => Box::new(walk::ChangedWalk::begin(talk, kind, since).await?),
        })
    }

    async fn get(&self, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError> {
        read::get(&self.talk, kind, ids).await
    }

    async fn children(&self, companies: &[RemoteId]) -> Result<Vec<Row>, PortError> {
        find::children(&self.talk, companies).await
    }

    async fn appeared(&self, kind: Kind, frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError> {
        walk::appeared(&self.talk, kind, frontier).await
    }

    async fn find(&self, kind: Kind, find: &Find) -> Result<Option<Vec<Row>>, PortError> {
        match find {
            Find::StoredId(id) => read::by_stored_id(&self.talk, kind, id).await,
            Find::Text(text) => find::by_text(&self.talk, kind, text).await.map(Some),
        }
    }

    async fn shown(&self, company: &RemoteId) -> Result<Option<Vec<Shown>>, PortError> {
        documents::shown(&self.talk, company).await.map(Some)
    }
}

#[async_trait]
impl Sink for HubSpotConnector {
    async fn write(&self, kind: Kind, writes: &[Write]) -> Vec<Written> {
        write::write(&self.talk, kind, writes).await
    }

    async fn show(&self, company: &RemoteId, id: Option<&RemoteId>, showing: &Showing) -> Result<Shown, PortError> {
        documents::show(&self.talk, company, id, showing).await
    }
}

#[async_trait]
impl Schema for HubSpotConnector {
    async fn offered(&self, kind: Kind) -> Result<Vec<Offered>, PortError> {
        schema::offered(&self.talk, kind).await
    }

    async fn add_missing(&self, kind: Kind) -> Result<Vec<String>, PortError> {
        schema::add_missing(&self.talk, kind).await
    }
}
