//! How a portal is set up: what differs between accounts, or is not certain, is a switch here.

use std::time::Duration;

/// Request limits; `None`: not enforced, and no rate headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests in ten seconds (search does not count here).
    pub burst: Option<u32>,
    /// Searches in a second.
    pub search: Option<u32>,
    /// Requests in a day of UTC.
    pub daily: Option<u64>,
}

/// In which order a batch answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BatchOrder {
    /// As the inputs stand.
    #[default]
    Inputs,
    /// The other way round: results are told apart by id or trace id, never by place.
    Reversed,
}

/// How a portal is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubSpotOptions {
    /// The access token.
    pub token: String,
    /// The portal's id.
    pub portal: u64,
    /// The date-named releases that are served; `v3` and `v4` are served beside them.
    pub versions: Vec<String>,
    /// Scopes that the token does not have (`crm.objects.companies.write`, …).
    pub missing_scopes: Vec<String>,
    /// Whether companies have the unique custom property `flowtly_id`.
    pub flowtly_id: bool,
    /// How long a change does not show in search.
    pub search_lag: Duration,
    /// How many results of a search can be paged through.
    pub search_cap: usize,
    /// How much later than its place a record may come in a search that is sorted by the time of the last change (HubSpot
    /// does not keep that order: estuary/connectors 5180); here every third one does. Zero: the order is kept.
    pub search_disorder: Duration,
    /// The limits.
    pub limits: Limits,
    /// In which order a batch answers.
    pub batch_order: BatchOrder,
    /// How many associations of one record a page shows.
    pub association_page: usize,
    /// Whether a create of a date-named release has to say `associations`, as the specification marks it.
    pub requires_associations: bool,
    /// Whether a contact's first company becomes its primary one by itself.
    pub first_is_primary: bool,
}

impl Default for HubSpotOptions {
    fn default() -> Self {
        Self {
            token: "sandbox-token".to_owned(),
            portal: 20_000_001,
            versions: ["2025-09", "2026-03", "2026-09"].map(str::to_owned).to_vec(),
            missing_scopes: Vec::new(),
            flowtly_id: true,
            search_lag: Duration::ZERO,
            search_cap: 10_000,
            search_disorder: Duration::ZERO,
            limits: Limits::default(),
            batch_order: BatchOrder::default(),
            association_page: 500,
            requires_associations: true,
            first_is_primary: true,
        }
    }
}
