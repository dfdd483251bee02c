//! One request as a sandbox server sees it, and its answer.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::form_urlencoded;

/// A complete request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: DateTime<Utc>,
}

impl Ask {
    /// A header's text; `None` where it is missing or no text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The query's parameters in order, decoded.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// The last parameter of that name.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .filter(|(key, _)| key == name)
            .last()
            .map(|(_, value)| value.into_owned())
    }

    /// The media type of the body, lower case, without its parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let text = self.header(&header::CONTENT_TYPE)?;
        Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The token of an `Authorization: Bearer` header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(&header::AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

/// A segment of a path without its percent signs. A plus is a plus here.
pub(crate) fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        if let Some(byte) = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What an answer is about, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A page of records.
    Page,
    /// Anything else.
    Other,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) content: Content,
}

impl Answer {
    /// An answer with a body.
    pub(crate) fn new(status: StatusCode, media_type: &str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(media_type) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        Self { status, headers, body: body.into(), content: Content::Other }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), content: Content::Other }
    }

    /// The same with a header more.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
        self
    }

    /// The same, counted as a page.
    pub(crate) fn page(mut self) -> Self {
        self.content = Content::Page;
        self
    }
}

/// Whether a request is meant to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// It only reads (a log-in and a search read too).
    Read,
    /// It writes, whatever comes of it.
    Write,
}

/// A server without its shell: decides and answers at once.
pub(crate) trait System: Send + Sync + 'static {
    /// Carries a request out.
    fn answer(&self, ask: &Ask) -> Answer;

    /// Whether a request is meant to change something.
    fn intent(&self, ask: &Ask) -> Intent;

    /// An error in the system's own words, as it would answer this request with this status.
    fn refusal(&self, ask: &Ask, status: StatusCode) -> Answer;

    /// The most bytes that a request's body may have.
    fn body_limit(&self) -> usize;
}

/// The page of a proxy in front of the system (nginx): what an overload looks like from outside.
pub(crate) fn gateway(status: StatusCode) -> Answer {
    let title = format!("{} {}", status.as_u16(), gateway_reason(status));
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    Answer::new(status, "text/html", body)
}

fn gateway_reason(status: StatusCode) -> &'static str {
    match status.as_u16() {
        413 => "Request Entity Too Large",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        _ => status.canonical_reason().unwrap_or("Error"),
    }
}
