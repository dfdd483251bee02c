//! One Odoo's conversation: which protocol it speaks, who we are there, and calls within the one HTTP client.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::call::{Caller, MethodCall, envelope};
use super::error::{not_the_protocol, of_reading, unauthorized};
use super::expiry::Expiry;
use super::fields::FieldCache;
use super::layout::Layout;
use super::lookup::Lookups;
use super::rpc;
use super::settings::{OdooSettings, Protocol};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::{Call, HttpClient, Repeat, Reply};
use crate::domain::record::{Kind, RemoteId};

/// The header that names a database where a server has several.
const DATABASE: HeaderName = HeaderName::from_static("x-odoo-database");

/// The first version with JSON-2.
const JSON2_SINCE: u64 = 19;

/// What every part of the conversation needs.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) settings: OdooSettings,
    pub(super) fields: FieldCache,
    pub(super) lookups: Lookups,
    pub(super) expiry: Expiry,
    pub(super) met: Met,
    company: Layout,
    contact: Layout,
    http: HttpClient,
    session: tokio::sync::Mutex<Option<Session>>,
    /// Our user's id, once it was asked for.
    user: tokio::sync::Mutex<Option<u64>>,
}

/// What was found out about the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Session {
    Json2,
    JsonRpc { uid: u64 },
}

impl Talk {
    pub(super) fn new(settings: OdooSettings, company: Layout, contact: Layout, http: HttpClient) -> Self {
        Self {
            settings,
            fields: FieldCache::default(),
            lookups: Lookups::default(),
            expiry: Expiry::default(),
            met: Met::default(),
            company,
            contact,
            http,
            session: tokio::sync::Mutex::default(),
            user: tokio::sync::Mutex::default(),
        }
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

    /// A call that reads: again after every transient failure. What the model refuses of it is a setting's mistake.
    pub(super) async fn ask(&self, call: MethodCall) -> Result<Reply, PortError> {
        self.call(call, Repeat::Always).await.map_err(of_reading)
    }

    /// A call that writes: never again when its outcome is not known.
    pub(super) async fn order(&self, call: MethodCall) -> Result<Reply, PortError> {
        self.call(call, Repeat::IfNotApplied).await
    }

    /// Asks for the server's time and whether it takes the key; finds out which protocol it speaks.
    pub(super) async fn greet(&self) -> Result<Option<DateTime<Utc>>, PortError> {
        let call = MethodCall::new("res.users", "context_get");
        let reply = self.ask(call).await?;
        let context: UserContext =
            serde_json::from_slice(&reply.body).map_err(|_| not_the_protocol("a user's context"))?;
        *self.user.lock().await = context.uid;
        Ok(reply.date)
    }

    /// Our user, as Odoo names the last writer of a record; `None` where it does not tell.
    pub(super) async fn user(&self) -> Option<u64> {
        *self.user.lock().await
    }

    async fn call(&self, call: MethodCall, repeat: Repeat) -> Result<Reply, PortError> {
        let language = self.settings.language.as_deref();
        match self.session().await? {
            Session::Json2 => {
                let url = self.below(&["json", "2", &call.model, call.method]);
                self.post("/json/2/{model}/{method}", url, &call.json2(language), repeat, self.bearer()?).await
            }
            Session::JsonRpc { uid } => {
                let (database, _) = self.account()?;
                let caller = Caller { database, uid, key: self.key() };
                let body = call.json_rpc(caller, language);
                self.post(rpc::PATH, self.rpc_url(), &body, repeat, HeaderMap::new()).await
            }
        }
    }

    async fn session(&self) -> Result<Session, PortError> {
        let mut slot = self.session.lock().await;
        if let Some(session) = *slot {
            return Ok(session);
        }
        let speaks_json2 = match self.settings.protocol {
            Protocol::Json2 => true,
            Protocol::JsonRpc => false,
            Protocol::Auto => self.version().await?.is_some_and(|version| version >= JSON2_SINCE),
        };
        let session = if speaks_json2 { Session::Json2 } else { Session::JsonRpc { uid: self.log_in().await? } };
        tracing::debug!(odoo.session = ?session, "found out how this Odoo is spoken to");
        *slot = Some(session);
        Ok(session)
    }

    /// The server's version, where it tells it without a key: older servers do not.
    async fn version(&self) -> Result<Option<u64>, PortError> {
        let url =
            self.below(&self.settings.version_path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>());
        let call = Call {
            method: Method::GET,
            url,
            route: "version",
            headers: HeaderMap::new(),
            body: None,
            repeat: Repeat::Always,
            lane: None,
        };
        match self.http.send(call).await {
            Ok(reply) => Ok(version_of(&reply.body)),
            Err(error) if matches!(error.kind, ErrorKind::Setting | ErrorKind::Unauthorized) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn log_in(&self) -> Result<u64, PortError> {
        let (database, login) = self.account()?;
        let body = envelope("common", "authenticate", json!([database, login, self.key(), {}]));
        let reply = self.post(rpc::PATH, self.rpc_url(), &body, Repeat::Always, HeaderMap::new()).await?;
        match serde_json::from_slice::<Value>(&reply.body) {
            Ok(Value::Number(uid)) if uid.as_u64().is_some() => Ok(uid.as_u64().unwrap_or_default()),
            Ok(Value::Bool(false)) => Err(PortError::new(ErrorKind::Unauthorized, unauthorized())),
            Ok(_) | Err(_) => Err(not_the_protocol("a log-in's")),
        }
    }

    async fn post(
        &self,
        route: &'static str,
        url: Url,
        body: &Value,
        repeat: Repeat,
        mut headers: HeaderMap,
    ) -> Result<Reply, PortError> {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = Some(Bytes::from(body.to_string()));
        self.http.send(Call { method: Method::POST, url, route, headers, body, repeat, lane: None }).await
    }

    fn bearer(&self) -> Result<HeaderMap, PortError> {
        let wrong = |what: &str| PortError::new(ErrorKind::Setting, format!("{what} holds characters that none has"));
        let mut authorization =
            HeaderValue::from_str(&format!("bearer {}", self.key())).map_err(|_| wrong("the Odoo API key"))?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        if let Some(database) = &self.settings.database {
            headers.insert(DATABASE, HeaderValue::from_str(database).map_err(|_| wrong("the database's name"))?);
        }
        Ok(headers)
    }

    fn key(&self) -> &str {
        self.settings.api_key.expose_secret().trim()
    }

    fn account(&self) -> Result<(&str, &str), PortError> {
        let both = self.settings.database.as_deref().zip(self.settings.login.as_deref());
        both.ok_or_else(|| {
            let message = "this Odoo is older than version 19 and is spoken to by JSON-RPC: set database and login";
            PortError::new(ErrorKind::Setting, message)
        })
    }

    fn rpc_url(&self) -> Url {
        self.below(&["jsonrpc"])
    }

    fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.settings.base_url.clone();
        // Settings were checked: the base URL has segments. Each segment is percent-encoded as it is pushed.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// What a user's own context tells.
#[derive(Debug, Deserialize)]
struct UserContext {
    uid: Option<u64>,
}

/// The main number of `{"version_info": [19, 0, …], "version": "19.0"}`; hosted versions are written `"saas~18"` there.
fn version_of(body: &[u8]) -> Option<u64> {
    let told: Value = serde_json::from_slice(body).ok()?;
    match told.get("version_info").and_then(|info| info.get(0)) {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => leading_number(text),
        Some(_) | None => leading_number(told.get("version")?.as_str()?),
    }
}

fn leading_number(text: &str) -> Option<u64> {
    let digits: String =
        text.chars().skip_while(|letter| !letter.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// By kind, the ids that were delivered or made a moment ago: what appeared is told apart from them without reading it again.
#[derive(Debug, Default)]
pub(super) struct Met {
    company: Mutex<BTreeSet<u64>>,
    contact: Mutex<BTreeSet<u64>>,
}

impl Met {
    /// Notes ids.
    pub(super) fn note<'a>(&self, kind: Kind, ids: impl IntoIterator<Item = &'a RemoteId>) {
        self.of(kind).extend(ids.into_iter().filter_map(RemoteId::as_number));
    }

    /// Forgets everything of a kind: a new walk begins.
    pub(super) fn clear(&self, kind: Kind) {
        self.of(kind).clear();
    }

    /// Whether an id was noted.
    pub(super) fn knows(&self, kind: Kind, id: u64) -> bool {
        self.of(kind).contains(&id)
    }

    fn of(&self, kind: Kind) -> std::sync::MutexGuard<'_, BTreeSet<u64>> {
        let set = match kind {
            Kind::Company => &self.company,
            Kind::Contact => &self.contact,
        };
        set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r#"{"version_info":[19,0,0,"final",0,""],"version":"19.0"}"#, Some(19))]
    #[case(r#"{"version_info":["saas~18",3,0,"final",0,""],"version":"saas~18.3"}"#, Some(18))]
    #[case(r#"{"version":"20.0+e"}"#, Some(20))]
    #[case(r#"{"version_info":[]}"#, None)]
    #[case("<html>", None)]
    #[case("[]", None)]
    fn a_version_is_read_in_every_spelling(#[case] body: &str, #[case] version: Option<u64>) {
        assert_eq!(version_of(body.as_bytes()), version);
    }
}
