//! Odoo: companies and contacts, which are one model there (`res.partner`), over JSON-2 or the older JSON-RPC.
//!
//! In reading order: the [`settings`]; calls and the two ways in which they are spelt; errors; the conversation; which fields
//! this Odoo has, what is asked of them, and the rows that come of it; look-up lists; reads by id and by key, walks and searches;
//! what a refusal is about; writes; the schema; documents; the end of the API key.
//!
//! What shapes this connector: everything is a call of a model's method, and each call a transaction. Stamps are those of a
//! transaction's start and shown in whole seconds. A delete leaves no trace, and a list of ids leaves out what is not there. A
//! field that this version lacks makes a whole call fail. There is no conditional request, and no unique id of ours. What makes
//! a partner a company differs between versions: a mark that is set, or, from 19.1 on, that it is filed under nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use settings::{OdooSettings, Protocol};

use self::layout::Layout;
use self::talk::Talk;
use super::budget::{Budget, BudgetSettings, Window};
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
mod call;
mod rpc;
mod error;
mod talk;
mod fields;
mod layout;
mod value;
mod row;
mod lookup;
mod domain;
mod read;
mod walk;
mod find;
mod rights;
mod refusal;
mod write;
mod schema;
mod documents;
mod account;
mod expiry;
mod webhook;
#[cfg(test)]
mod tests;

/// Odoo, as configuration knows it.
pub const SYSTEM: CrmSystem = CrmSystem {
    name: "odoo",
    label: "Odoo",
    defaults: include_str!("../../../config/mapping/odoo.toml"),
    read: |reader| Some(Arc::new(settings::read(reader)?)),
    setup: Setup {
        questions: &[
            setup::url(None, "where Odoo answers, such as https://example.odoo.com"),
            Question {
                key: "database",
                option: "crm-database",
                prompt: "Odoo's database",
                help: "needed before version 19, and where one server has several; empty: none is named",
                answer: Answer::Optional,
            },
            Question {
                key: "login",
                option: "crm-login",
                prompt: "The login of the key's user",
                help: "needed before version 19; empty: none is named",
                answer: Answer::Optional,
            },
            setup::secret(
                "api_key",
                "Odoo's API key",
                "odoo-api-key",
                "Preferences, Account Security, of a user who may read and write contacts",
            ),
        ],
        scopes: &[Scope {
            path: "customer_rank",
            test: "{ above = 0 }",
            why: "only partners that were invoiced become clients: your own company is a partner, too",
        }],
        make: "make it in Odoo (Settings, Technical, Fields); `init --add-missing --id-property x_flowtly_id` and `check --fix` add one that begins with x_",
        adds: true,
    },
};

/// An Odoo.
#[derive(Debug)]
pub struct OdooConnector {
    talk: Arc<Talk>,
    capabilities: Capabilities,
}

impl OdooConnector {
    /// A connector that sends within the budget that its settings say. Fails with [`ErrorKind::Setting`]
    /// where a setting cannot work, the key included.
    pub fn new(settings: OdooSettings, parts: Parts) -> Result<Self, PortError> {
        let Parts { company, contact, transport, clock, http } = parts;
        settings.check()?;
        if company.kind != Kind::Company || contact.kind != Kind::Contact {
            return Err(PortError::new(ErrorKind::Setting, "the mappings of companies and contacts are mixed up"));
        }
        for path in company.paths().chain(contact.paths()) {
            if !settings::is_field_name(path) {
                let message = format!("`{path}` is no name of a field of Odoo: mend the mapping or the scope");
                return Err(PortError::new(ErrorKind::Setting, message));
            }
        }
        let capabilities = capabilities(&settings, &http, [&company, &contact]);
        let layout = |kind, shape| Layout::new(kind, shape, settings.id_property.as_deref(), settings.max_text);
        let company = layout(Kind::Company, company);
        let contact = layout(Kind::Contact, contact);
        let budget = Budget::new(Arc::clone(&clock), budget(&settings));
        let transport = Arc::new(rpc::Unwrapping(transport));
        let client = HttpClient::new("Odoo", transport, clock, budget, http, error::explain);
        Ok(Self { talk: Arc::new(Talk::new(settings, company, contact, client)), capabilities })
    }
}

fn budget(settings: &OdooSettings) -> BudgetSettings {
    let minute = |limit| Window { limit, period: Duration::from_mins(1) };
    BudgetSettings {
        windows: (settings.requests_per_minute > 0).then(|| minute(settings.requests_per_minute)).into_iter().collect(),
        concurrent: settings.concurrent_requests,
        ..BudgetSettings::default()
    }
}

fn capabilities(settings: &OdooSettings, http: &HttpSettings, shapes: [&Shape; 2]) -> Capabilities {
    let [company_cuts, contact_cuts] = shapes.map(Shape::cuts);
    let company = KindCapabilities {
        changed_since: true,
        shows_archived: true,
        stores_id: settings.id_property.is_some(),
        id_is_unique: false,
        create_batch: settings.create_batch,
        // One record a call: what is refused of one holds up no other, and little lies between its guard and its write.
        update_batch: 1,
        read_batch: read::READ_BATCH,
        many_parents: false,
        parent_apart: false,
        manners: Manners { required: BTreeSet::from([Field::Name]), cuts: company_cuts },
        // The module base_vat writes `be 0477.472.701` as `BE0477472701`.
        reformats: BTreeSet::from([Field::TaxIdentity]),
    };
    let contact = KindCapabilities {
        stores_id: false,
        manners: Manners { required: BTreeSet::from([Field::PersonName]), cuts: contact_cuts },
        reformats: BTreeSet::new(),
        ..company.clone()
    };
    Capabilities {
        system: "Odoo",
        // What is committed is shown; what is not yet is covered by the overlap.
        lag: Duration::ZERO,
        list_lag: Duration::ZERO,
        longest_request: http.longest_write().saturating_add(settings.late_commit),
        overlap: settings.overlap,
        concurrent_writes: settings.concurrent_writes,
        kinds: BTreeMap::from([(Kind::Company, company), (Kind::Contact, contact)]),
    }
}

#[async_trait]
impl Source for OdooConnector {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn shape(&self, kind: Kind) -> &Shape {
        &self.talk.layout(kind).shape
    }

    /// As [`Source::probe`]; warns if the API key ends soon.
    async fn probe(&self) -> Result<Account, PortError> {
        let account = account::account(&self.talk).await?;
        expiry::look(&self.talk).await;
        Ok(account)
    }

    /// As [`Source::properties`]; behind the mapped ones stands the field for our id, where the kind has one.
    async fn properties(&self, kind: Kind) -> Result<Vec<Property>, PortError> {
        schema::properties(&self.talk, kind).await
    }

    async fn walk(&self, kind: Kind, extent: Extent) -> Result<Box<dyn Walk>, PortError> {
        Ok(Box::new(walk::KeyWalk::begin(Arc::clone(&self.talk), kind, extent).await?))
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

    async fn read_ahead(&self, _kind: Kind, texts: &[(String, Option<String>)]) -> Result<(), PortError> {
        let fields = self.talk.fields.known(&self.talk).await?;
        for (path, text) in texts {
            if let (Some(info), Some(text)) = (fields.get(path), text) {
                self.talk.lookups.prepare(&self.talk, path, info, text).await?;
            }
        }
        Ok(())
    }

    async fn find(&self, kind: Kind, find: &Find) -> Result<Option<Vec<Row>>, PortError> {
        find::find(&self.talk, kind, find).await
    }

    async fn shown(&self, company: &RemoteId) -> Result<Option<Vec<Shown>>, PortError> {
        documents::shown(&self.talk, company).await.map(Some)
    }
}

#[async_trait]
impl Sink for OdooConnector {
    async fn write(&self, kind: Kind, writes: &[Write]) -> Vec<Written> {
        write::write(&self.talk, kind, writes).await
    }

    async fn show(&self, company: &RemoteId, id: Option<&RemoteId>, showing: &Showing) -> Result<Shown, PortError> {
        documents::show(&self.talk, company, id, showing).await
    }
}

#[async_trait]
impl Schema for OdooConnector {
    async fn offered(&self, kind: Kind) -> Result<Vec<Offered>, PortError> {
        schema::offered(&self.talk, kind).await
    }

    async fn add_missing(&self, kind: Kind) -> Result<Vec<String>, PortError> {
        schema::add_missing(&self.talk, kind).await
    }
}
