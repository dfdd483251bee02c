//! Calls to Flowtly: addresses, headers, the token, and replies decoded.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use url::Url;

use super::auth::Auth;
use super::error::explain;
use super::settings::FlowtlySettings;
use super::wire::page::{self, Page};
use super::wire::{Undecodable, iri};
use crate::clock::Clock;
use crate::connector::budget::{Budget, BudgetSettings, Window};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::{Call, HttpClient, HttpSettings, Repeat, Reply, Transport};

/// The name of the system, as people write it.
pub(super) const SYSTEM: &str = "Flowtly";

/// The most pages that a look-up list may have: a server that never ends one is wrong.
const MOST_LIST_PAGES: usize = 200;

/// Everything that a call needs.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) settings: FlowtlySettings,
    http: HttpClient,
    auth: Auth,
    /// The configured headers, or why they cannot be sent.
    extra: Result<HeaderMap, PortError>,
}

impl Talk {
    /// Prepares calls; nothing is sent.
    pub(super) fn new(
        settings: FlowtlySettings,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        http: HttpSettings,
    ) -> Self {
        let minute = |limit| Window { limit, period: Duration::from_mins(1) };
        let budget = BudgetSettings {
            windows: settings.requests_per_minute.map(minute).into_iter().collect(),
            concurrent: settings.concurrent_requests,
            ..BudgetSettings::default()
        };
        let budget = Budget::new(clock.clone(), budget);
        let auth = Auth::new(settings.credentials.clone(), under(&settings.base_url, &settings.login_path));
        let extra = headers(&settings);
        let http = HttpClient::new(SYSTEM, transport, clock, budget, http, explain);
        Self { settings, http, auth, extra }
    }

    /// When the credential ends, where that can be seen.
    pub(super) fn credential_expires(&self) -> Option<DateTime<Utc>> {
        self.auth.expires()
    }

    /// The clock that everything waits by.
    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        self.http.clock()
    }

    /// A path under the base URL.
    pub(super) fn url(&self, path: &str) -> Url {
        under(&self.settings.base_url, path)
    }

    /// One record under a collection's path.
    pub(super) fn item(&self, path: &str, id: &str) -> Url {
        self.url(&iri::join(&format!("{}/", path.trim_end_matches('/')), id))
    }

    /// The first page of a collection, with the configured page size.
    pub(super) fn first_page(&self, path: &str) -> Url {
        let mut url = self.url(path);
        if let Some(size) = self.settings.page_size {
            url.query_pairs_mut().append_pair("itemsPerPage", &size.to_string());
        }
        url
    }

    /// A link of a reply: always on our own origin, whatever host it names, so that no token goes anywhere else.
    pub(super) fn resolve(&self, link: &str) -> Result<Url, PortError> {
        let named = self.settings.base_url.join(link);
        let named = named.map_err(|_| self.protocol("a link in the reply is no address"))?;
        let mut url = self.settings.base_url.clone();
        url.set_path(named.path());
        url.set_query(named.query());
        Ok(url)
    }

    /// What the records of a collection begin their IRIs with, as far as the configuration tells.
    pub(super) fn prefix(&self, path: &str) -> String {
        format!("{}/", self.url(path).path().trim_end_matches('/'))
    }

    /// Reads one address.
    pub(super) async fn get(&self, url: Url, route: &'static str) -> Result<Reply, PortError> {
        self.call(Self::reading(url, route), None).await
    }

    /// Reads one address that is only a help: asked once, and a refusal says nothing of the token.
    pub(super) async fn get_once(&self, url: Url, route: &'static str) -> Result<Reply, PortError> {
        let extra = self.extra.as_ref().map_err(Clone::clone)?;
        let mut call = Self::reading(url, route);
        call.headers.extend(extra.clone());
        call.repeat = Repeat::Never;
        let pass = self.auth.pass(&self.http, extra).await?;
        self.send(&call, None, pass.header).await
    }

    /// Reads one address and decodes the reply; a reply that cannot be decoded is asked for once more.
    pub(super) async fn read<T>(
        &self,
        url: Url,
        route: &'static str,
        mut decode: impl FnMut(&Reply) -> Result<T, Undecodable> + Send,
    ) -> Result<(T, Reply), PortError> {
        let reply = self.get(url.clone(), route).await?;
        if let Ok(decoded) = decode(&reply) {
            return Ok((decoded, reply));
        }
        let reply = self.get(url, route).await?;
        match decode(&reply) {
            Ok(decoded) => Ok((decoded, reply)),
            Err(error) => Err(self.undecodable(route, &reply, error)),
        }
    }

    /// Reads all entries of a small list, page by page.
    pub(super) async fn list(&self, path: &str, route: &'static str) -> Result<Vec<serde_json::Value>, PortError> {
        let mut entries = Vec::new();
        let mut url = self.first_page(path);
        for number in 2..=MOST_LIST_PAGES {
            let (page, _) = self.read(url.clone(), route, |reply| page::plain_page(&reply.body)).await?;
            let Page { rows, view, bare, .. } = page;
            let repeated = rows.first().is_some_and(|first| entries.contains(first));
            if rows.is_empty() || repeated {
                return Ok(entries);
            }
            entries.extend(rows);
            url = match view.next {
                Some(link) => self.resolve(&link)?,
                None if bare => numbered(url, number),
                None => return Ok(entries),
            };
        }
        Err(self.protocol(&format!("{route} has no end")))
    }

    /// Time since some fixed moment.
    pub(super) fn elapsed(&self) -> Duration {
        self.http.clock().elapsed()
    }

    /// Writes what was handed over at `began`: never again if the outcome is unknown.
    pub(super) async fn write(
        &self,
        began: Duration,
        method: Method,
        url: Url,
        route: &'static str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Reply, PortError> {
        let mut call = Self::reading(url, route);
        let media_type = HeaderValue::from_str(media_type)
            .map_err(|_| PortError::new(ErrorKind::Setting, "flowtly.write_media_type is no media type"))?;
        call.headers.insert(header::CONTENT_TYPE, media_type);
        call.method = method;
        call.body = Some(Bytes::from(body));
        call.repeat = Repeat::IfNotApplied;
        self.call(call, Some(began)).await
    }

    /// The error of a reply that is not what the protocol says.
    pub(super) fn undecodable(&self, route: &str, reply: &Reply, error: Undecodable) -> PortError {
        let html = reply.body.trim_ascii_start().starts_with(b"<");
        let what = if html { "the reply is HTML".to_owned() } else { error.to_string() };
        self.protocol(&format!("{route}: {what} (is flowtly.base_url right?)")).with_status(reply.status.as_u16())
    }

    /// An error of the protocol.
    #[expect(clippy::unused_self, reason = "reads as one of the ways in which a conversation fails")]
    pub(super) fn protocol(&self, what: &str) -> PortError {
        PortError::new(ErrorKind::Protocol, format!("{SYSTEM}: {what}"))
    }

    /// The error of a list that goes on and shows nothing new.
    pub(super) fn repeats(&self) -> PortError {
        self.protocol("the list shows the same page again and again (is flowtly.accept application/ld+json?)")
    }

    fn reading(url: Url, route: &'static str) -> Call {
        let headers = HeaderMap::new();
        Call { method: Method::GET, url, route, headers, body: None, repeat: Repeat::Always, lane: None }
    }

    /// Sends with the token; a refused token is replaced once, and the call is sent once more.
    async fn call(&self, mut call: Call, began: Option<Duration>) -> Result<Reply, PortError> {
        let extra = self.extra.as_ref().map_err(Clone::clone)?;
        call.headers.extend(extra.clone());
        let pass = self.auth.pass(&self.http, extra).await?;
        let refused = match self.send(&call, began, pass.header).await {
            Ok(reply) => {
                self.auth.proved(pass.generation).await;
                return Ok(reply);
            }
            Err(error) if error.kind == ErrorKind::Unauthorized => error,
            Err(error) => return Err(error),
        };
        let pass = self.auth.renew(pass.generation, &refused, &self.http, extra).await?;
        match self.send(&call, began, pass.header).await {
            Ok(reply) => {
                self.auth.proved(pass.generation).await;
                Ok(reply)
            }
            Err(error) if error.kind == ErrorKind::Unauthorized => {
                Err(self.auth.refused(pass.generation, error, &self.http).await)
            }
            Err(error) => Err(error),
        }
    }

    /// Whatever came before it, a new token too: a write that began long ago is not sent.
    async fn send(&self, call: &Call, began: Option<Duration>, token: HeaderValue) -> Result<Reply, PortError> {
        began.map_or(Ok(()), |began| self.http.in_time(began))?;
        let mut call = call.clone();
        call.headers.insert(header::AUTHORIZATION, token);
        self.http.send(call).await
    }
}

/// The same address with another page number.
pub(super) fn numbered(mut url: Url, number: usize) -> Url {
    let pairs: Vec<(String, String)> =
        url.query_pairs().filter(|(key, _)| key != "page").map(|(key, text)| (key.into(), text.into())).collect();
    url.query_pairs_mut().clear().extend_pairs(pairs).append_pair("page", &number.to_string());
    url
}

fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let joined = format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/'));
    url.set_path(&joined);
    url
}

fn headers(settings: &FlowtlySettings) -> Result<HeaderMap, PortError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let (Ok(header), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) else {
            return Err(PortError::new(ErrorKind::Setting, format!("flowtly.headers: {name} cannot be sent")));
        };
        headers.insert(header, value);
    }
    // Without an explicit one, some errors come as HTML.
    let accept = HeaderValue::from_str(&settings.accept);
    let accept = accept.map_err(|_| PortError::new(ErrorKind::Setting, "flowtly.accept is no media type"))?;
    headers.insert(header::ACCEPT, accept);
    Ok(headers)
}
