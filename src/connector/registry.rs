//! The only `match` on a connector's name: from a configuration to the two systems.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::ExposeSecret;

use super::budget::{Budget, BudgetSettings, Window};
use super::error::PortError;
use super::flowtly::{Credentials, FlowtlyConnector, FlowtlySettings};
use super::http::{NetworkSettings, ReqwestTransport, Transport};
use super::hubspot::{HubSpotConnector, HubSpotSettings, settings as hubspot_limits};
use super::port::Connector;
use crate::clock::Clock;
use crate::config::{CrmSection, FlowtlyCredentials, FlowtlySection, HubSpotSection, Settings};
use crate::domain::record::{Kind, Side};

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
        let plain =
            |url: &url::Url| NetworkSettings { plain_http: url.scheme() == "http", ..NetworkSettings::default() };
        let crm = match &settings.crm {
            CrmSection::HubSpot(section) => &section.base_url,
        };
        Ok(Self {
            flowtly: Arc::new(ReqwestTransport::new(plain(&settings.flowtly.base_url))?),
            crm: Arc::new(ReqwestTransport::new(plain(crm))?),
        })
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
    let crm: Arc<dyn Connector> = match &settings.crm {
        CrmSection::HubSpot(section) => Arc::new(HubSpotConnector::new(
            hubspot_settings(section),
            shape(Side::Crm, Kind::Company),
            shape(Side::Crm, Kind::Contact),
            transports.crm,
            Arc::clone(clock),
            settings.http.clone(),
            hubspot_budget(section, clock),
        )?),
    };
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

fn hubspot_settings(section: &HubSpotSection) -> HubSpotSettings {
    HubSpotSettings {
        base_url: section.base_url.clone(),
        api_version: section.api_version.clone(),
        token: section.token.clone(),
        token_file: None,
        page_size: section.page_size,
        search_page_size: section.search_page_size,
        search_cap: section.search_cap,
        id_property: section.id_property.clone(),
        search_lag: section.search_lag,
        overlap: section.overlap,
        late_commit: section.late_commit,
        max_text: section.max_text,
        list_after_is_id: section.list_after_is_id,
        account_path: section.account_path.clone(),
        concurrent_writes: section.concurrent_writes,
        burst_requests: section.limits.burst,
        search_requests: section.limits.search,
        daily_requests: section.limits.daily,
    }
}

fn hubspot_budget(section: &HubSpotSection, clock: &Arc<dyn Clock>) -> Budget {
    let window = |limit, period| Window { limit, period };
    let search = window(section.limits.search, hubspot_limits::SEARCH_WINDOW);
    let settings = BudgetSettings {
        windows: vec![window(section.limits.burst, hubspot_limits::BURST_WINDOW)],
        lanes: BTreeMap::from([(hubspot_limits::SEARCH_LANE, vec![search])]),
        daily: Some(section.limits.daily),
        // The configured numbers already leave the firm's other tools their part.
        reserve_share: 0.0,
        concurrent: 0,
    };
    Budget::new(Arc::clone(clock), settings)
}
