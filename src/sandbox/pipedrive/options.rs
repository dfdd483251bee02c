//! How a company is set up: what differs between accounts, or is not certain, is a switch here.

use std::time::Duration;

/// Request limits; `None`: not enforced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PipedriveLimits {
    /// Requests in two seconds.
    pub burst: Option<u32>,
    /// Searches in two seconds.
    pub search: Option<u32>,
    /// Tokens in a day of UTC.
    pub daily_tokens: Option<u64>,
    /// Whether replies tell how many tokens are left, which is seen and not documented.
    pub tells_tokens: bool,
    /// After how many refusals in a row the network in front blocks the caller, for how long.
    pub block: Option<(u32, Duration)>,
}

/// What a write of a part of an address does to the parts that it does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AddressWrites {
    /// They are gone: the address is what was sent.
    #[default]
    Replace,
    /// They stay.
    Merge,
}

/// How a company is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipedriveOptions {
    /// The API token.
    pub token: String,
    /// The company's id.
    pub company: u64,
    /// Whether organizations have the custom text field `Flowtly id`.
    pub flowtly_id: bool,
    /// Whether Contact Sync is on, which gives persons a job title.
    pub contact_sync: bool,
    /// Whether given and family name are taken as they are sent.
    pub writable_names: bool,
    /// Whether the token's user may add fields.
    pub is_admin: bool,
    /// How long a change does not show in a search.
    pub search_lag: Duration,
    /// What a write of a part of an address does to the others.
    pub address_writes: AddressWrites,
    /// Whether a write's reply shows the custom fields.
    pub replies_whole: bool,
    /// The limits.
    pub limits: PipedriveLimits,
}

impl Default for PipedriveOptions {
    fn default() -> Self {
        Self {
            token: "sandbox-token".to_owned(),
            company: 7_000_001,
            flowtly_id: true,
            contact_sync: true,
            writable_names: false,
            is_admin: true,
            search_lag: Duration::ZERO,
            address_writes: AddressWrites::default(),
            replies_whole: true,
            limits: PipedriveLimits::default(),
        }
    }
}
