//! One EspoCRM's conversation: signed calls, sent through the one HTTP client.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::layout::Layout;
use super::settings::EspoSettings;
use super::sign::Signer;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::{Call, HttpClient, Repeat, Reply};
use crate::domain::record::Kind;

const NO_TOTAL: HeaderName = HeaderName::from_static("x-no-total");

/// What every part of the conversation needs.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) settings: EspoSettings,
    company: Layout,
    contact: Layout,
    http: HttpClient,
    signer: Signer,
}

/// A write.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) method: Method,
    pub(super) route: &'static str,
    pub(super) path: &'a [&'a str],
    pub(super) body: Value,
    pub(super) header: Option<(HeaderName, HeaderValue)>,
}

impl Talk {
    pub(super) fn new(settings: EspoSettings, company: Layout, contact: Layout, http: HttpClient) -> Self {
        let signer = Signer::new(&settings.api_key, &settings.secret_key, settings.digest);
        // From here on nobody needs them in the settings.
        let empty = SecretString::default;
        let settings = EspoSettings { api_key: empty(), secret_key: empty(), ..settings };
        Self { settings, company, contact, http, signer }
    }

    /// What is asked of a kind.
    pub(super) fn layout(&self, kind: Kind) -> &Layout {
        match kind {
            Kind::Company => &self.company,
            Kind::Contact => &self.contact,
        }
    }

    /// Our time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.http.clock().now()
    }

    /// Time since some fixed moment.
    pub(super) fn elapsed(&self) -> Duration {
        self.http.clock().elapsed()
    }

    /// Whether a write that was handed over at `began` may set out now.
    pub(super) fn in_time(&self, began: Duration) -> Result<(), PortError> {
        self.http.in_time(began)
    }

    /// Reads.
    pub(super) async fn get(
        &self,
        route: &'static str,
        path: &[&str],
        query: &[(String, String)],
    ) -> Result<Reply, PortError> {
        let mut headers = self.headers(&Method::GET, path)?;
        // Nobody looks at the total, and counting is slow.
        headers.insert(NO_TOTAL, HeaderValue::from_static("true"));
        let url = self.url(path, query);
        let call = Call { method: Method::GET, url, route, headers, body: None, repeat: Repeat::Always, lane: None };
        self.http.send(call).await
    }

    /// Writes: never again when its outcome is not known.
    pub(super) async fn order(&self, order: Order<'_>) -> Result<Reply, PortError> {
        let Order { method, route, path, body, header } = order;
        let mut headers = self.headers(&method, path)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some((name, value)) = header {
            headers.insert(name, value);
        }
        let url = self.url(path, &[]);
        let body = Some(Bytes::from(body.to_string()));
        self.http.send(Call { method, url, route, headers, body, repeat: Repeat::IfNotApplied, lane: None }).await
    }

    fn headers(&self, method: &Method, path: &[&str]) -> Result<HeaderMap, PortError> {
        let (name, value) = self.signer.header(method, &path.join("/"))?;
        let mut headers = HeaderMap::new();
        headers.insert(name, value);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(headers)
    }

    fn url(&self, path: &[&str], query: &[(String, String)]) -> Url {
        let mut url = self.settings.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            let root = self.settings.api_path.split('/').filter(|segment| !segment.is_empty());
            segments.pop_if_empty().extend(root).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// When a request was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    now: DateTime<Utc>,
    elapsed: Duration,
}

impl Began {
    pub(super) fn now(talk: &Talk) -> Self {
        Self { now: talk.now(), elapsed: talk.elapsed() }
    }

    /// The server's time when it was sent: what its reply told less the time since; ours where it told none.
    pub(super) fn server_time(self, talk: &Talk, date: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let since = talk.elapsed().saturating_sub(self.elapsed);
        date.map_or(self.now, |date| date - chrono::Duration::from_std(since).unwrap_or_default())
    }
}

/// A reply that names another record than the one that was asked for.
pub(super) fn another_record() -> PortError {
    PortError::new(ErrorKind::Protocol, "EspoCRM's reply is about another record than the one that was asked for")
}
