//! The CRMs, one line each, and from a configuration to the two systems. Nothing else decides by a system's name.
//!
//! A new CRM needs:
//!
//! 1. a folder `src/connector/<crm>/` (a `mod` line in `connector/mod.rs`) with a connector over the [`port`](super::port),
//!    one struct of settings that implements [`CrmSettings`], a function that reads it (its section of the configuration, by the
//!    [`Reader`], which notes every problem with its place and mend), and a constant [`CrmSystem`], which says what `init` asks;
//! 2. a file `config/mapping/<crm>.toml`: above, the keys of its section, each with its default and a comment; below, the
//!    `[mapping.company]` and `[mapping.contact]` of what that CRM usually has. A key that the reader takes and the file lacks
//!    fails a test, and so does a key without a comment. A secret `x` has an empty `x` and an empty `x_file` there. The key of the company
//!    property that holds Flowtly's id is called `id_property`;
//! 3. a line in [`SYSTEMS`];
//! 4. a sandbox, `src/sandbox/<crm>/`, with a line in [`EMBEDDED`](crate::sandbox::EMBEDDED);
//! 5. where it sends webhooks, a file `webhook.rs` that implements [`Webhook`], handed out by [`CrmSettings::webhook`].
//!
//! With these it has its choice of `crm.kind`, its defaults, its errors, `check --show-config`, `demo`, `sandbox`, and its place in the contract
//! suite.

use std::fmt;
use std::sync::Arc;

use secrecy::ExposeSecret;
use url::Url;

use super::error::PortError;
use super::espocrm;
use super::flowtly::{Credentials, FlowtlyConnector, FlowtlySettings};
use super::http::metered::Metered;
use super::http::{HttpSettings, NetworkSettings, ReqwestTransport, Transport};
use super::hubspot;
use super::odoo;
use super::pipedrive;
use super::port::Connector;
use super::setup::Setup;
use super::webhook::Webhook;
use crate::clock::Clock;
use crate::config::{FlowtlyCredentials, FlowtlySection, Reader, Settings};
use crate::domain::record::{Kind, Side};
use crate::domain::shape::Shape;
use crate::metrics::Metrics;

/// Every CRM; the first is meant where a configuration names none.
#[rustfmt::skip]
pub const SYSTEMS: &[CrmSystem] = &[
    hubspot::SYSTEM,
    espocrm::SYSTEM,
    odoo::SYSTEM,
    pipedrive::SYSTEM,
];

/// A CRM, as configuration knows it.
#[derive(Debug)]
pub struct CrmSystem {
    /// The choice of `crm.kind`, and the name of its section.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its section with all defaults, and its mapping: `config/mapping/<name>.toml`.
    pub defaults: &'static str,
    /// Reads its section; `None` only where a problem was noted.
    pub read: fn(&mut Reader<'_>) -> Option<Arc<dyn CrmSettings>>,
    /// What `init` asks about it.
    pub setup: Setup,
}

/// What is configured of a CRM.
pub trait CrmSettings: fmt::Debug + Send + Sync {
    /// Where it answers.
    fn base_url(&self) -> &Url;

    /// The company property that holds our id, so that no field may be mapped to it; `None` stores no ids.
    fn id_property(&self) -> Option<&str>;

    /// Makes the connector. Nothing is sent yet.
    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, PortError>;

    /// What reads its webhooks; `None` where none are configured.
    fn webhook(&self) -> Option<Arc<dyn Webhook>> {
        None
    }
}

/// What every connector is made of, beside its settings.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What is mapped of companies.
    pub company: Shape,
    /// What is mapped of contacts.
    pub contact: Shape,
    /// What requests go through.
    pub transport: Arc<dyn Transport>,
    /// Every wait and every stamp.
    pub clock: Arc<dyn Clock>,
    /// How requests are sent.
    pub http: HttpSettings,
}

/// Both systems, ready to be talked to. Nothing has been sent yet.
#[derive(Debug, Clone)]
pub struct Systems {
    /// Flowtly.
    pub flowtly: Arc<dyn Connector>,
    /// The CRM.
    pub crm: Arc<dyn Connector>,
}

/// The transports of both systems.
#[derive(Debug, Clone)]
pub struct Transports {
    /// Flowtly's.
    pub flowtly: Arc<dyn Transport>,
    /// The CRM's.
    pub crm: Arc<dyn Transport>,
}

impl Transports {
    /// The network. Only a loopback address may be plain HTTP, which the configuration has checked.
    pub fn network(settings: &Settings) -> Result<Self, PortError> {
        let plain = |url: &Url| NetworkSettings { plain_http: url.scheme() == "http", ..NetworkSettings::default() };
        Ok(Self {
            flowtly: Arc::new(ReqwestTransport::new(plain(&settings.flowtly.base_url))?),
            crm: Arc::new(ReqwestTransport::new(plain(settings.crm.base_url()))?),
        })
    }

    /// The same, and what goes through them is counted.
    #[must_use]
    pub fn metered(self, metrics: &Arc<Metrics>, clock: &Arc<dyn Clock>) -> Self {
        let metered = |transport, side| -> Arc<dyn Transport> {
            Arc::new(Metered::new(transport, side, Arc::clone(metrics), Arc::clone(clock)))
        };
        Self { flowtly: metered(self.flowtly, Side::Flowtly), crm: metered(self.crm, Side::Crm) }
    }
}

/// Makes both connectors.
pub fn connect(settings: &Settings, transports: Transports, clock: &Arc<dyn Clock>) -> Result<Systems, PortError> {
    let shape = |side, kind| settings.shape(side, kind).clone();
    let flowtly = FlowtlyConnector::new(
        flowtly_settings(&settings.flowtly),
        shape(Side::Flowtly, Kind::Company),
        shape(Side::Flowtly, Kind::Contact),
        transports.flowtly,
        Arc::clone(clock),
        settings.http.clone(),
    );
    let crm = settings.crm.connect(Parts {
        company: shape(Side::Crm, Kind::Company),
        contact: shape(Side::Crm, Kind::Contact),
        transport: transports.crm,
        clock: Arc::clone(clock),
        http: settings.http.clone(),
    })?;
    Ok(Systems { flowtly: Arc::new(flowtly), crm })
}

fn flowtly_settings(section: &FlowtlySection) -> FlowtlySettings {
    let credentials = match &section.credentials {
        FlowtlyCredentials::Login { username, password } => {
            Credentials::Password { username: username.clone(), password: password.clone() }
        }
        FlowtlyCredentials::Token(token) => Credentials::Token { token: token.clone() },
        FlowtlyCredentials::TokenFile(path) => Credentials::TokenFile { token_file: path.clone() },
    };
    FlowtlySettings {
        base_url: section.base_url.clone(),
        login_path: section.login_path.clone(),
        credentials: Some(credentials),
        organisation: section.organisation.clone(),
        headers: section.headers.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect(),
        accept: section.accept.clone(),
        write_media_type: section.write_media_type.clone(),
        page_size: section.page_size,
        concurrent_pages: section.concurrent_pages,
        concurrent_writes: section.concurrent_writes,
        concurrent_requests: section.concurrent_requests,
        requests_per_minute: section.requests_per_minute,
        clients_path: section.clients_path.clone(),
        contacts_path: section.contacts_path.clone(),
        countries_path: section.countries_path.clone(),
        currencies_path: section.currencies_path.clone(),
        organisations_path: section.organisations_path.clone(),
        search_path: section.search_path.clone(),
        search_parameter: section.search_parameter.clone(),
        documents_path: section.documents_path.clone(),
        docs_path: section.docs_path.clone(),
        contacts_updated_parameter: section.contacts_updated_parameter.clone(),
        max_text: section.max_text,
        lag_seconds: section.lag.as_secs(),
    }
}
