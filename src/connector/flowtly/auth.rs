//! Being let in: a token that all calls share, got anew once when it is refused, and left alone when we are not wanted.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use super::error::misrouted;
use super::expiry;
use super::settings::Credentials;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::{Call, HttpClient, Repeat};

/// How long is a refused credential left alone? Long enough not to lock the account out, short enough that a mended one
/// works within the same hour.
const LEFT_ALONE: Duration = Duration::from_mins(15);

/// Who we are, and the token that we have.
#[derive(Debug)]
pub(super) struct Auth {
    credentials: Option<Credentials>,
    login: Url,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts tokens, so that of many calls that one token failed only the first gets a new one.
    generation: u64,
    token: Option<SecretString>,
    /// Whether the token was ever good enough.
    proved: bool,
    refusal: Option<Refusal>,
}

#[derive(Debug)]
struct Refusal {
    error: PortError,
    until: Duration,
    token: Option<SecretString>,
}

/// A token to be shown, and which one it is.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub(super) generation: u64,
    pub(super) header: HeaderValue,
}

#[derive(Deserialize)]
struct TokenReply {
    #[serde(alias = "access_token", alias = "accessToken", alias = "jwt")]
    token: SecretString,
}

impl Auth {
    /// Nothing is asked yet.
    pub(super) fn new(credentials: Option<Credentials>, login: Url) -> Self {
        Self { credentials, login, state: Mutex::default() }
    }

    /// The present token, got now if there is none.
    pub(super) async fn pass(&self, http: &HttpClient, extra: &HeaderMap) -> Result<Pass, PortError> {
        let mut state = self.state.lock().await;
        if state.token.is_none() {
            self.get_token(&mut state, http, extra).await?;
        }
        state.pass()
    }

    /// Another token than that of `generation`, which was refused with `error`.
    pub(super) async fn renew(
        &self,
        generation: u64,
        error: &PortError,
        http: &HttpClient,
        extra: &HeaderMap,
    ) -> Result<Pass, PortError> {
        let mut state = self.state.lock().await;
        if state.generation == generation {
            let refused = state.token.take();
            match &self.credentials {
                Some(Credentials::Password { .. }) => {}
                Some(Credentials::TokenFile { .. }) => {
                    let fresh = self.read_file().await?;
                    if same(Some(&fresh), refused.as_ref()) {
                        return Err(state.refuse(
                            unwanted(error, "put a new token into flowtly.credentials.token_file"),
                            refused,
                            http,
                        ));
                    }
                }
                Some(Credentials::Token { .. }) | None => {
                    return Err(state.refuse(unwanted(error, "mend flowtly.credentials.token"), refused, http));
                }
            }
        }
        if state.token.is_none() {
            self.get_token(&mut state, http, extra).await?;
        }
        state.pass()
    }

    /// When a token that is used as it is ends, where it says so; one that we got ourselves is renewed by itself.
    pub(super) fn expires(&self) -> Option<DateTime<Utc>> {
        match self.credentials.as_ref()? {
            Credentials::Token { token } => expiry::of(token.expose_secret()),
            // It may have been replaced, which is then taken up when it is needed.
            Credentials::TokenFile { token_file } => expiry::of(&std::fs::read_to_string(token_file).ok()?),
            Credentials::Password { .. } => None,
        }
    }

    /// Notes that a token was good enough.
    pub(super) async fn proved(&self, generation: u64) {
        let mut state = self.state.lock().await;
        if state.generation == generation {
            state.proved = true;
        }
    }

    /// A token that was just got was refused too: unless it worked elsewhere, there is no use in getting more of them.
    pub(super) async fn refused(&self, generation: u64, error: PortError, http: &HttpClient) -> PortError {
        let mut state = self.state.lock().await;
        let error = unwanted(
            &error,
            "its login lets us in, its calls do not: look at flowtly.headers (the tenant) and at the user's rights",
        );
        if state.generation == generation && !state.proved {
            let refused = state.token.take();
            return state.refuse(error, refused, http);
        }
        error
    }

    async fn get_token(&self, state: &mut State, http: &HttpClient, extra: &HeaderMap) -> Result<(), PortError> {
        let from_file = match &self.credentials {
            Some(Credentials::TokenFile { .. }) => Some(self.read_file().await?),
            Some(Credentials::Password { .. } | Credentials::Token { .. }) | None => None,
        };
        if let Some(refusal) = &state.refusal {
            let replaced = from_file.is_some() && !same(from_file.as_ref(), refusal.token.as_ref());
            if !replaced && http.clock().elapsed() < refusal.until {
                return Err(refusal.error.clone());
            }
        }
        state.refusal = None;
        let token = match (&self.credentials, from_file) {
            (_, Some(token)) => token,
            (Some(Credentials::Token { token }), None) => token.clone(),
            (Some(Credentials::Password { username, password }), None) => {
                match self.log_in(username, password, http, extra).await {
                    Ok(token) => token,
                    Err(error) if error.kind == ErrorKind::Unauthorized => return Err(state.refuse(error, None, http)),
                    Err(error) => return Err(error),
                }
            }
            (Some(Credentials::TokenFile { .. }) | None, None) => {
                return Err(PortError::new(ErrorKind::Unauthorized, "Flowtly: no credential, set flowtly.credentials"));
            }
        };
        state.generation += 1;
        state.proved = false;
        state.token = Some(token);
        Ok(())
    }

    async fn log_in(
        &self,
        username: &str,
        password: &SecretString,
        http: &HttpClient,
        extra: &HeaderMap,
    ) -> Result<SecretString, PortError> {
        let mut headers = extra.clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = json!({ "username": username, "password": password.expose_secret() }).to_string();
        let call = Call {
            method: Method::POST,
            url: self.login.clone(),
            route: "/login",
            headers,
            body: Some(Bytes::from(body)),
            // A login changes nothing.
            repeat: Repeat::Always,
            lane: None,
        };
        let reply = http.send(call).await.map_err(|error| match error.kind {
            ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Invalid => {
                unwanted(&error, "mend user name and password in flowtly.credentials")
            }
            ErrorKind::NotFound | ErrorKind::Setting => misrouted(error, "flowtly.login_path"),
            ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::Broken
            | ErrorKind::RateLimited
            | ErrorKind::Quota
            | ErrorKind::Unavailable
            | ErrorKind::Conflict
            | ErrorKind::Protocol
            | ErrorKind::TooLarge
            | ErrorKind::Cancelled => error,
        })?;
        // The parser's own words might quote the token.
        serde_json::from_slice::<TokenReply>(&reply.body).map(|reply| reply.token).map_err(|_| {
            PortError::new(
                ErrorKind::Protocol,
                "Flowtly: the login's reply holds no token (is flowtly.login_path right?)",
            )
        })
    }

    async fn read_file(&self) -> Result<SecretString, PortError> {
        let Some(Credentials::TokenFile { token_file }) = &self.credentials else {
            return Err(PortError::new(ErrorKind::Setting, "flowtly.credentials names no file"));
        };
        let text = tokio::fs::read_to_string(token_file).await.map_err(|error| {
            let file = token_file.display();
            PortError::new(
                ErrorKind::Unauthorized,
                format!("cannot read flowtly.credentials.token_file {file}: {error}"),
            )
        })?;
        Ok(SecretString::from(text.trim()))
    }
}

impl State {
    fn pass(&self) -> Result<Pass, PortError> {
        let token = self.token.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| PortError::new(ErrorKind::Setting, "the Flowtly token holds characters that no token has"))?;
        header.set_sensitive(true);
        Ok(Pass { generation: self.generation, header })
    }

    fn refuse(&mut self, error: PortError, token: Option<SecretString>, http: &HttpClient) -> PortError {
        let until = http.clock().elapsed().saturating_add(LEFT_ALONE);
        self.refusal = Some(Refusal { error: error.clone(), until, token });
        error
    }
}

fn same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(ExposeSecret::expose_secret) == other.map(ExposeSecret::expose_secret)
}

fn unwanted(error: &PortError, mend: &str) -> PortError {
    let mut unwanted = error.clone();
    unwanted.kind = ErrorKind::Unauthorized;
    unwanted.fields.clear();
    unwanted.message = format!("{}; Flowtly refuses the credential, {mend}", error.message);
    unwanted
}
