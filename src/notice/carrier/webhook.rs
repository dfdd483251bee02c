//! A POST of the letter as JSON, proved by a secret: as it is in a header, or as a signature.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{Carrier, Undelivered};
use crate::connector::error::ErrorKind;
use crate::connector::http::Transport;
use crate::connector::webhook::proof;
use crate::notice::letter::Letter;

/// The header of the signature: `sha256=` and the HMAC-SHA256, in hexadecimal digits, of the stamp, a full stop and the body.
pub const SIGNATURE: HeaderName = HeaderName::from_static("x-flowtly-sync-signature");

/// The header of the stamp: seconds since 1970, so that a receiver can refuse what is old.
pub const TIMESTAMP: HeaderName = HeaderName::from_static("x-flowtly-sync-timestamp");

/// How many bytes of an answer are read: nobody looks at them.
const ANSWER: usize = 1 << 20;

/// How a receiver knows that it is us.
#[derive(Debug, Clone)]
pub enum Proof {
    /// Not at all.
    None,
    /// The secret in a header.
    Header(HeaderName, SecretString),
    /// A signature of the body.
    Signature(SecretString),
}

/// A receiver.
#[derive(Debug)]
pub struct WebhookCarrier {
    /// A secret, as those of chat systems are.
    url: SecretString,
    proof: Proof,
    timeout: Duration,
    transport: Arc<dyn Transport>,
}

impl WebhookCarrier {
    /// Posts to a URL.
    pub fn new(url: &Url, proof: Proof, timeout: Duration, transport: Arc<dyn Transport>) -> Self {
        Self { url: url.as_str().into(), proof, timeout, transport }
    }

    fn request(&self, letter: &Letter) -> Result<Request<Bytes>, Undelivered> {
        let body = letter.json();
        let stamp = letter.at.timestamp().to_string();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.url.expose_secret())
            .header(CONTENT_TYPE, "application/json")
            .header(TIMESTAMP, stamp.as_str());
        let proof = match &self.proof {
            Proof::None => None,
            Proof::Header(name, secret) => Some((name.clone(), secret.expose_secret().to_owned())),
            Proof::Signature(secret) => {
                let code = proof::code(secret.expose_secret().as_bytes(), &[stamp.as_bytes(), b".", &body]);
                Some((SIGNATURE, format!("sha256={}", proof::to_hex(&code))))
            }
        };
        if let Some((name, value)) = proof {
            let mut value = HeaderValue::from_str(&value)
                .map_err(|_| Undelivered::for_good("notices.webhook.secret holds signs that no header may have"))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let request = request.body(Bytes::from(body));
        request.map_err(|_| Undelivered::for_good("notices.webhook.url cannot be used as it is"))
    }
}

#[async_trait]
impl Carrier for WebhookCarrier {
    fn name(&self) -> &'static str {
        "webhook"
    }

    async fn carry(&self, letter: &Letter) -> Result<(), Undelivered> {
        match self.transport.send(self.request(letter)?, self.timeout, ANSWER).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let words = format!("the receiver answered {}", status.as_u16());
                let again = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
                Err(Undelivered { words, again })
            }
            Err(error) => Err(match error.kind {
                ErrorKind::Timeout => Undelivered::for_now("the receiver did not answer in time"),
                ErrorKind::Connect => Undelivered::for_now("the receiver cannot be reached"),
                ErrorKind::TooLarge => return Ok(()),
                ErrorKind::Setting => Undelivered::for_good("notices.webhook.url cannot be used as it is"),
                ErrorKind::Broken
                | ErrorKind::RateLimited
                | ErrorKind::Quota
                | ErrorKind::Unavailable
                | ErrorKind::Unauthorized
                | ErrorKind::Forbidden
                | ErrorKind::NotFound
                | ErrorKind::Invalid
                | ErrorKind::Conflict
                | ErrorKind::Protocol
                | ErrorKind::Cancelled => Undelivered::for_now("the connection to the receiver broke"),
            }),
        }
    }
}
