//! The network, through `reqwest`: no redirects (one may carry credentials elsewhere) and no repeats of its own, so that
//! every try passes our budget and our counters.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::Request;

use super::Transport;
use super::client::too_large;
use crate::connector::error::{ErrorKind, PortError};

/// How the network is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Whether `http://` is allowed: for servers on the same machine.
    pub plain_http: bool,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
}

impl Default for NetworkSettings {
    /// TLS only, ten seconds to connect.
    fn default() -> Self {
        Self { plain_http: false, connect_timeout: Duration::from_secs(10) }
    }
}

/// Sends over the network.
#[derive(Debug)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// Makes a transport. Fails with [`ErrorKind::Setting`] where the machine's TLS set-up cannot be used.
    pub fn new(settings: NetworkSettings) -> Result<Self, PortError> {
        let client = reqwest::Client::builder()
            .https_only(!settings.plain_http)
            .connect_timeout(settings.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .gzip(true)
            .user_agent(concat!("flowtly-sync/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| PortError::new(ErrorKind::Setting, format!("cannot set up TLS: {}", told(error))))?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<http::Response<Bytes>, PortError> {
        let mut request = reqwest::Request::try_from(request).map_err(failure)?;
        *request.timeout_mut() = Some(timeout);
        let mut response = self.client.execute(request).await.map_err(failure)?;
        if response.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|l| l > body_limit)) {
            return Err(too_large(body_limit));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len().saturating_add(chunk.len()) > body_limit {
                return Err(too_large(body_limit));
            }
            body.extend_from_slice(&chunk);
        }
        let mut reply = http::Response::new(body.freeze());
        *reply.status_mut() = response.status();
        *reply.headers_mut() = std::mem::take(response.headers_mut());
        Ok(reply)
    }
}

/// What a failure of the network means for the request.
fn failure(error: reqwest::Error) -> PortError {
    let (kind, what) = if error.is_builder() {
        (ErrorKind::Setting, "the request cannot be sent, mend the base URL")
    } else if error.is_connect() {
        (ErrorKind::Connect, "no connection")
    } else if error.is_timeout() {
        (ErrorKind::Timeout, "no reply in time")
    } else {
        (ErrorKind::Broken, "the connection broke")
    };
    PortError::new(kind, format!("{what}: {}", told(error)))
}

/// The whole chain of causes, without the URL: its query may name people.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
