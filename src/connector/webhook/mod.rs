//! What a system says of itself, unasked: a webhook's delivery is proved to come from it, and read.
//!
//! Each system proves and says it in its own way, in its folder. What it says about a record is not believed: all that counts
//! is which record is worth a look. [`proof`] compares in constant time; `value` reads bodies that may hold anything.

pub mod proof;
pub(crate) mod value;

use std::fmt;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::first_eight;

/// One delivery, as it came in.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// The URL that the system called, as it knows it; `None` where nobody configured under which this server is reached.
    pub url: Option<&'a str>,
    /// What stood in the path behind the system's name.
    pub path_secret: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
    /// Now.
    pub now: DateTime<Utc>,
}

impl fmt::Debug for Delivery<'_> {
    /// The body holds personal data, the headers and the path proofs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What tells it from others: the same number is the same event, delivered once more. `None` where the system numbers
    /// nothing.
    pub key: Option<u64>,
    /// What it is about.
    pub about: About,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// These records; of a kind where the system says of which.
    Records(Vec<(Option<Kind>, RemoteId)>),
    /// Something changed, and what is not said.
    Something,
    /// Something that is not kept in agreement.
    Nothing,
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nothing proves that it comes from the system.
    Unproved,
    /// It is proved, and too old, or from the future: it may have been recorded and sent again.
    Stale,
    /// It is proved, and cannot be read.
    Unreadable,
}

/// Reads the deliveries of one system.
pub trait Webhook: Send + Sync + fmt::Debug {
    /// The system's word in paths and figures.
    fn system(&self) -> &'static str;

    /// Whether what is signed holds the URL, which then must be configured.
    fn signs_url(&self) -> bool {
        false
    }

    /// Proves and reads a delivery.
    fn receive(&self, delivery: &Delivery<'_>) -> Result<Vec<Heard>, Refused>;
}

/// The number of an event that is told from others by these texts.
pub(crate) fn key(system: &str, parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    for part in std::iter::once(&system).chain(parts) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    first_eight(hasher)
}
