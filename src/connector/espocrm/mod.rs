//! EspoCRM: accounts and contacts over its REST API.
//!
//! In reading order: the [`settings`]; who we are (`sign`); what is asked of a kind (`layout`), and how a list is asked for
//! (`query`); the wire types and the rows that come of them; errors; the conversation itself; reads by id, walks and searches;
//! writes (creates with the server's own check for duplicates, fields, then the companies of contacts); the schema; documents
//! as posts.
//!
//! What shapes this connector: a page has 200 records at most, and one more is 403; everything goes by key, because ids never
//! move; stamps are whole seconds; deletions leave no trace but a 404 by id; there is no batch; an account has a version
//! number that guards its updates (not strictly: of parallel writes several may pass), a contact has none; a contact has one
//! primary company and any number of others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use settings::{Digest, EspoSettings};

use self::error::must_exist;
use self::layout::Layout;
use self::talk::Talk;
use super::budget::Budget;
use super::error::{ErrorKind, PortError};
use super::http::{HttpClient, HttpSettings};
use super::port::{
    Account, Capabilities, Extent, Find, Frontier, KindCapabilities, Lookup, Offered, Property, Schema, Showing, Shown,
    Sink, Source, Walk, Write, Written,
};
use super::registry::{CrmSystem, Parts};
use super::setup::{self, Answer, Question, Scope, Setup};
use crate::domain::field::Field;
use crate::domain::planner::Manners;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::{Row, Shape};

pub mod settings;
mod sign;
mod layout;
mod query;
mod wire;
mod text;
mod row;
mod error;
mod talk;
mod read;
mod walk;
mod find;
mod write;
mod create;
mod parents;
mod schema;
mod documents;
mod webhook;
#[cfg(test)]
mod tests;

/// EspoCRM, as configuration knows it.
pub const SYSTEM: CrmSystem = CrmSystem {
    name: "espocrm",
    label: "EspoCRM",
    defaults: include_str!("../../../config/mapping/espocrm.toml"),
    read: |reader| Some(Arc::new(settings::read(reader)?)),
    setup: Setup {
        questions: &[
            setup::url(None, "the site as people open it, such as https://crm.example.com"),
            setup::secret(
                "api_key",
                "Key of the API user",
                "espocrm-key",
                "Administration > API Users; its role may read, create and edit accounts and contacts",
            ),
            Question {
                key: "secret_key",
                option: "crm-signing-secret-file",
                prompt: "Secret of the API user",
                help: "where it signs its requests (HMAC); empty: it does not",
                answer: Answer::OptionalSecret("espocrm-secret"),
            },
        ],
        scopes: &[Scope { path: "type", test: "[\"Customer\"]", why: "only customers become clients" }],
        make: "an administrator makes it in Administration > Entity Manager > Account > Fields (type Varchar; the c in front is \
               put there by EspoCRM)",
        adds: false,
    },
};

/// An EspoCRM.
#[derive(Debug)]
pub struct EspoConnector {
    talk: Arc<Talk>,
    fields: schema::Known,
    capabilities: Capabilities,
}

impl EspoConnector {
    /// A connector that sends within its own budget. Fails with [`ErrorKind::Setting`] where a setting
    /// cannot work.
    pub fn new(settings: EspoSettings, parts: Parts) -> Result<Self, PortError> {
        settings.check()?;
        let Parts { company, contact, transport, clock, http } = parts;
        if company.kind != Kind::Company || contact.kind != Kind::Contact {
            return Err(PortError::new(ErrorKind::Setting, "the mappings of companies and contacts are mixed up"));
        }
        let capabilities = capabilities(&settings, &http, [&company, &contact]);
        let layout = |kind, shape| {
            let id_field = settings.id_property.as_deref();
            Layout::new(kind, shape, id_field, settings.max_text, settings.list_text_cut)
        };
        let company = layout(Kind::Company, company);
        let contact = layout(Kind::Contact, contact);
        let budget = Budget::new(Arc::clone(&clock), settings.budget());
        let client = HttpClient::new("EspoCRM", transport, clock, budget, http, error::explain);
        let talk = Arc::new(Talk::new(settings, company, contact, client));
        Ok(Self { talk, fields: schema::Known::default(), capabilities })
    }
}

fn capabilities(settings: &EspoSettings, http: &HttpSettings, shapes: [&Shape; 2]) -> Capabilities {
    let [company_cuts, contact_cuts] = shapes.map(Shape::cuts);
    let company = KindCapabilities {
        changed_since: true,
        // There is no archive; what is deleted is shown to nobody.
        shows_archived: false,
        // A field of its own, and not a unique one: a search by it still finds, and two that carry one id are a question.
        stores_id: settings.id_property.is_some(),
        id_is_unique: false,
        create_batch: 1,
        update_batch: 1,
        read_batch: settings.read_batch,
        many_parents: false,
        parent_apart: false,
        manners: Manners { required: BTreeSet::from([Field::Name]), cuts: company_cuts },
        // Names are trimmed, numbers are stored in E.164.
        reformats: BTreeSet::from([Field::Name, Field::Phone]),
    };
    let contact = KindCapabilities {
        stores_id: false,
        many_parents: true,
        parent_apart: true,
        manners: Manners { required: BTreeSet::from([Field::PersonName]), cuts: contact_cuts },
        reformats: BTreeSet::from([Field::PersonName, Field::ContactPhone]),
        ..company.clone()
    };
    Capabilities {
        system: "EspoCRM",
        lag: settings.late_commit,
        // Lists and reads are made from one database.
        list_lag: Duration::ZERO,
        longest_request: http.longest_write().saturating_add(settings.late_request),
        overlap: settings.overlap,
        concurrent_writes: settings.concurrent_writes,
        kinds: BTreeMap::from([(Kind::Company, company), (Kind::Contact, contact)]),
    }
}

#[async_trait]
impl Source for EspoConnector {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn shape(&self, kind: Kind) -> &Shape {
        &self.talk.layout(kind).shape
    }

    /// An installation has no id that it tells an API user: its pairs stand in for it.
    async fn probe(&self) -> Result<Account, PortError> {
        let mut date = None;
        for kind in Kind::BOTH {
            let query = [("select", "id"), ("maxSize", "1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
            let layout = self.talk.layout(kind);
            let reply = self.talk.get("/{entity}", &[layout.entity()], &query).await.map_err(must_exist)?;
            // A page of HTML that says 200 is no answer.
            row::list(layout, &reply.body)?;
            date = reply.date;
        }
        Ok(Account { id: None, server_time: date })
    }

    /// As [`Source::properties`]; behind the mapped ones stands the field for our id, where the kind has one.
    async fn properties(&self, kind: Kind) -> Result<Vec<Property>, PortError> {
        schema::properties(&self.talk, &self.fields, kind).await
    }

    async fn walk(&self, kind: Kind, extent: Extent) -> Result<Box<dyn Walk>, PortError> {
        let since = match extent {
            Extent::Complete => None,
            Extent::Since(since) => Some(since),
        };
        Ok(Box::new(walk::KeyWalk::new(Arc::clone(&self.talk), kind, since)))
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
            Find::StoredId(id) => find::by_stored_id(&self.talk, kind, id).await,
            Find::Text(text) => find::by_text(&self.talk, kind, text).await.map(Some),
        }
    }

    async fn shown(&self, company: &RemoteId) -> Result<Option<Vec<Shown>>, PortError> {
        documents::shown(&self.talk, company).await
    }
}

#[async_trait]
impl Sink for EspoConnector {
    async fn write(&self, kind: Kind, writes: &[Write]) -> Vec<Written> {
        write::write(&self.talk, kind, writes).await
    }

    async fn show(&self, company: &RemoteId, id: Option<&RemoteId>, showing: &Showing) -> Result<Shown, PortError> {
        documents::show(&self.talk, company, id, showing).await
    }
}

#[async_trait]
impl Schema for EspoConnector {
    async fn offered(&self, kind: Kind) -> Result<Vec<Offered>, PortError> {
        schema::offered(&self.talk, &self.fields, kind).await
    }

    async fn add_missing(&self, kind: Kind) -> Result<Vec<String>, PortError> {
        schema::add_missing(&self.talk, &self.fields, kind).await
    }
}
