//! What can go wrong when talking to a system: a kind and a source. What follows from a kind is decided here, once.

use std::time::Duration;

use thiserror::Error;

use crate::domain::record::RemoteId;

/// How much of an id is told that cannot be one, in characters?
const FOREIGN_ID: usize = 64;

/// The sort of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The connection was never made: nothing was sent.
    Connect,
    /// No reply in time: the request may have been carried out.
    Timeout,
    /// The connection broke, or the body was cut short: the request may have been carried out.
    Broken,
    /// 429 of a short window: refused, not carried out.
    RateLimited,
    /// A daily quota is used up: refused, not carried out.
    Quota,
    /// 5xx, or a gateway's error: the request may have been carried out.
    Unavailable,
    /// The credential is refused (401).
    Unauthorized,
    /// The credential may not do this (403).
    Forbidden,
    /// There is no such record (404 or 410 in the system's own words).
    NotFound,
    /// The record's data is refused (400, 422).
    Invalid,
    /// The write collides with something (409).
    Conflict,
    /// The request does not fit the server: a wrong base URL, media type or method. A setting is wrong.
    Setting,
    /// The reply is not what the protocol says (HTML, half of a JSON, another type).
    Protocol,
    /// The reply is beyond the size limit.
    TooLarge,
    /// The program is stopping.
    Cancelled,
}

/// What is known of a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The system did not carry it out.
    NotApplied,
    /// It may have been carried out.
    Unknown,
}

impl ErrorKind {
    /// What is known of a write that failed like this.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Connect
            | Self::RateLimited
            | Self::Quota
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::Invalid
            | Self::Conflict
            | Self::Setting
            | Self::Cancelled => Outcome::NotApplied,
            Self::Timeout | Self::Broken | Self::Unavailable | Self::Protocol | Self::TooLarge => Outcome::Unknown,
        }
    }

    /// Whether asking again later may help.
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Connect | Self::Timeout | Self::Broken | Self::RateLimited | Self::Unavailable => true,
            Self::Quota
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::Invalid
            | Self::Conflict
            | Self::Setting
            | Self::Protocol
            | Self::TooLarge
            | Self::Cancelled => false,
        }
    }

    /// Whether a create that failed like this says nothing about changes: a user may edit and make nothing new, and a property may
    /// lack that only new records need. Where it is the side that fails, the next request to it says so.
    pub const fn spares_changes(self) -> bool {
        match self {
            Self::Forbidden | Self::Setting => true,
            Self::Connect
            | Self::Timeout
            | Self::Broken
            | Self::RateLimited
            | Self::Quota
            | Self::Unavailable
            | Self::Unauthorized
            | Self::NotFound
            | Self::Invalid
            | Self::Conflict
            | Self::Protocol
            | Self::TooLarge
            | Self::Cancelled => false,
        }
    }

    /// Whether the failure is about the one record and not about the side.
    pub const fn is_about_record(self) -> bool {
        match self {
            Self::Invalid | Self::Conflict | Self::NotFound => true,
            Self::Connect
            | Self::Timeout
            | Self::Broken
            | Self::RateLimited
            | Self::Quota
            | Self::Unavailable
            | Self::Unauthorized
            | Self::Forbidden
            | Self::Setting
            | Self::Protocol
            | Self::TooLarge
            | Self::Cancelled => false,
        }
    }
}

/// A field that a refusal names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRefusal {
    /// The remote property.
    pub path: String,
    /// The system's own words.
    pub message: String,
}

/// A failure of a call, in words that an operator can use. Holds no secret; it may hold the system's own words.
#[derive(Debug, Clone, Error)]
#[error("{message}")]
pub struct PortError {
    /// The sort.
    pub kind: ErrorKind,
    /// What happened, and the mend where there is one: a lowercase fragment.
    pub message: String,
    /// What of the message is the system's own words: they may be about anybody.
    pub quoted: Option<String>,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long the system asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Fields that the refusal names.
    pub fields: Vec<FieldRefusal>,
    /// Records that the system names as duplicates of what was to be created.
    pub duplicates: Vec<RemoteId>,
    /// A conditional request found another revision, or its turn would have come when the look that it relies on is old:
    /// nothing is wrong with what was sent, it is to be planned anew.
    pub superseded: bool,
}

impl PortError {
    /// A failure without further detail.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            quoted: None,
            status: None,
            retry_after: None,
            fields: Vec::new(),
            duplicates: Vec::new(),
            superseded: false,
        }
    }

    /// The same failure, whose message quotes the system.
    #[must_use]
    pub fn quoting(self, words: &str) -> Self {
        Self { quoted: (!words.is_empty()).then(|| words.to_owned()), ..self }
    }

    /// The message without what it quotes, for logs: a person finds the whole where the state is shown.
    pub fn unquoted(&self) -> String {
        match &self.quoted {
            Some(words) => self.message.replace(words, "[its own words are left out here]"),
            None => self.message.clone(),
        }
    }

    /// A write that is not sent, because its turn comes so late that the look at its record that it relies on is old by then.
    pub fn belated(rest: Duration) -> Self {
        let words = format!("its turn comes in {} s, when what it relies on is old: it is put off", rest.as_secs());
        Self { retry_after: Some(rest), superseded: true, ..Self::new(ErrorKind::RateLimited, words) }
    }

    /// An id that the system cannot have given: it is not asked about it. Of the id so much is told as fits into a line.
    pub fn foreign_id(system: &str, id: &RemoteId) -> Self {
        let shown: String = id.as_str().chars().take(FOREIGN_ID).collect();
        let shown = shown.escape_debug();
        Self::new(ErrorKind::Setting, format!("{shown} is no id of {system}: does the state belong to another CRM?"))
    }

    /// The same failure with its HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}
