//! Pipedrive: organizations and persons over version 2 of its API.
//!
//! In reading order: the settings; addresses, what a mapping may name, and the layout (what is asked of a kind); the envelopes
//! of replies; the fields of an account and their values; the line of an address; rows; errors, and the network in front; the conversation itself;
//! lists, reads by id, searches and walks; writes; the schema; documents as notes.
//!
//! What shapes this connector: custom fields have another key in every account, so they are found by name; there is no batch,
//! no upsert and no unique field; every request has a price in tokens of the day, which the whole firm shares; a deleted record
//! is in no list, but is readable by id for 30 days more; lists of e-mail addresses, numbers and the parts of an address are
//! written whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret;

pub use settings::PipedriveSettings;

use self::front::Front;
use self::layout::Layout;
use self::settings::Lane;
use self::talk::{Talk, endpoint_must_exist};
use super::budget::Budget;
use super::error::{ErrorKind, PortError};
use super::http::{HttpClient, HttpSettings};
use super::port::{
    Account, Capabilities, Extent, Find, Frontier, KindCapabilities, Lookup, Offered, Property, Schema, Showing, Shown,
    Sink, Source, Walk, Write, Written,
};
use super::registry::{CrmSystem, Parts};
use super::setup::{self, Setup};
use crate::domain::field::Field;
use crate::domain::planner::Manners;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::{Row, Shape};

mod settings;
mod address;
mod place;
mod layout;
mod wire;
mod fields;
mod value;
mod line;
mod row;
mod error;
mod front;
mod talk;
mod list;
mod read;
mod find;
mod walk;
mod write;
mod schema;
mod notes;
mod webhook;
#[cfg(test)]
mod tests;

/// Pipedrive, as configuration knows it.
pub const SYSTEM: CrmSystem = CrmSystem {
    name: "pipedrive",
    label: "Pipedrive",
    defaults: include_str!("../../../config/mapping/pipedrive.toml"),
    read: |reader| Some(Arc::new(settings::read(reader)?)),
    setup: Setup {
        questions: &[
            setup::url(
                Some("https://api.pipedrive.com"),
                "better your own, https://your-company.pipedrive.com, which answers sooner",
            ),
            setup::secret(
                "token",
                "Pipedrive's API token",
                "pipedrive-token",
                "personal preferences, API, of a user who sees every organization and person",
            ),
        ],
        scopes: &[],
        make: "make it in Pipedrive's settings (a custom field of organizations), or let `init --add-missing` or `check --fix` add it",
        adds: true,
    },
};

/// A Pipedrive company.
#[derive(Debug)]
pub struct PipedriveConnector {
    talk: Arc<Talk>,
    capabilities: Capabilities,
}

impl PipedriveConnector {
    /// A connector that sends within `budget`. Fails with [`ErrorKind::Setting`] where a setting cannot work, the token
    /// included.
    pub fn new(settings: PipedriveSettings, parts: Parts, budget: Budget) -> Result<Self, PortError> {
        let Parts { company, contact, transport, clock, http } = parts;
        if company.kind != Kind::Company || contact.kind != Kind::Contact {
            return Err(PortError::new(ErrorKind::Setting, "the mappings of companies and contacts are mixed up"));
        }
        let capabilities = capabilities(&settings, &http, [&company, &contact]);
        let layout = |kind, shape| Layout::new(kind, shape, settings.id_property.as_deref(), settings.max_text);
        let company = layout(Kind::Company, company);
        let contact = layout(Kind::Contact, contact);
        let front = Arc::new(Front::new(transport, settings.blocked_wait));
        let client = HttpClient::new("Pipedrive", front, clock, budget, http, error::explain);
        let token = settings.token.clone();
        let talk = Talk::new(settings, company, contact, client, token.expose_secret())?;
        Ok(Self { talk: Arc::new(talk), capabilities })
    }
}

fn capabilities(settings: &PipedriveSettings, http: &HttpSettings, shapes: [&Shape; 2]) -> Capabilities {
    let [company_cuts, contact_cuts] = shapes.map(Shape::cuts);
    let company = KindCapabilities {
        changed_since: true,
        shows_archived: false,
        stores_id: settings.id_property.is_some(),
        id_is_unique: false,
        create_batch: 1,
        update_batch: 1,
        read_batch: settings::IDS,
        many_parents: false,
        parent_apart: false,
        manners: Manners { required: BTreeSet::from([Field::Name]), cuts: company_cuts },
        reformats: BTreeSet::new(),
    };
    let contact = KindCapabilities {
        stores_id: false,
        manners: Manners { required: BTreeSet::from([Field::PersonName]), cuts: contact_cuts },
        ..company.clone()
    };
    Capabilities {
        system: "Pipedrive",
        lag: settings.search_lag,
        // Lists do not lag; a search yields ids alone.
        list_lag: std::time::Duration::ZERO,
        longest_request: http.longest_write().saturating_add(settings.late_commit),
        overlap: settings.overlap,
        concurrent_writes: settings.concurrent_writes,
        kinds: BTreeMap::from([(Kind::Company, company), (Kind::Contact, contact)]),
    }
}

#[async_trait]
impl Source for PipedriveConnector {
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
        let url = self.talk.at.path(&self.talk.settings.account_path, None);
        let reply = self.talk.get("/api/v1/users/me", url, Lane::Account).await.map_err(endpoint_must_exist)?;
        let user = wire::reply::<wire::User>(&reply.body)?.data;
        Ok(Account { id: Some(user.company_id.to_string()), server_time: reply.date })
    }

    /// As [`Source::properties`]; behind the mapped ones stands the field for our id, where the kind has one. A field that was
    /// added or removed just now is seen once the list of fields is old enough to be read again.
    async fn properties(&self, kind: Kind) -> Result<Vec<Property>, PortError> {
        schema::properties(&self.talk, kind).await
    }

    async fn walk(&self, kind: Kind, extent: Extent) -> Result<Box<dyn Walk>, PortError> {
        let talk = Arc::clone(&self.talk);
        Ok(Box::new(match extent {
            Extent::Complete => walk::ListWalk::complete(talk, kind),
            Extent::Since(since) => walk::ListWalk::changed(talk, kind, since),
        }))
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

    async fn read_ahead(&self, kind: Kind, texts: &[(String, Option<String>)]) -> Result<(), PortError> {
        write::read_ahead(&self.talk, kind, texts).await
    }

    async fn find(&self, kind: Kind, find: &Find) -> Result<Option<Vec<Row>>, PortError> {
        match find {
            Find::StoredId(id) => find::by_stored_id(&self.talk, kind, id).await,
            Find::Text(text) => find::by_text(&self.talk, kind, text).await.map(Some),
        }
    }

    async fn shown(&self, company: &RemoteId) -> Result<Option<Vec<Shown>>, PortError> {
        notes::shown(&self.talk, company).await.map(Some)
    }
}

#[async_trait]
impl Sink for PipedriveConnector {
    async fn write(&self, kind: Kind, writes: &[Write]) -> Vec<Written> {
        write::write(&self.talk, kind, writes).await
    }

    async fn show(&self, company: &RemoteId, id: Option<&RemoteId>, showing: &Showing) -> Result<Shown, PortError> {
        notes::show(&self.talk, company, id, showing).await
    }
}

#[async_trait]
impl Schema for PipedriveConnector {
    async fn offered(&self, kind: Kind) -> Result<Vec<Offered>, PortError> {
        schema::offered(&self.talk, kind).await
    }

    async fn add_missing(&self, kind: Kind) -> Result<Vec<String>, PortError> {
        schema::add_missing(&self.talk, kind).await
    }
}
