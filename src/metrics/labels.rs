//! What figures are told apart by.

use prometheus_client::encoding::EncodeLabelSet;

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($label:ident),+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub(super) struct $name { $(pub(super) $label: &'static str),+ }
    )+};
}

labels! {
    /// The program.
    Build { version }
    /// A pass.
    Pass { extent, outcome }
    /// How much a pass read.
    Walk { extent }
    /// Records.
    Records { side, kind }
    /// What became of what was sent.
    Sent { outcome }
    /// One system.
    System { side }
    /// Links.
    Links { kind, state }
    /// Live pairs.
    Pairs { standing }
    /// Requests.
    Request { side, method, status }
    /// Requests, coarser: histograms are large.
    Timing { side, method, class }
    /// Requests that were sent again.
    Retry { side, cause }
    /// Deliveries of webhooks.
    Webhook { system, outcome }
}

/// Actions of plans. The reason comes out of the state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Action {
    pub(super) op: String,
    pub(super) side: String,
    pub(super) kind: String,
    pub(super) reason: String,
}

/// How much a pass read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    Complete,
    /// What changed.
    Incremental,
    /// What webhooks named.
    Hinted,
}

impl Extent {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Complete, Self::Incremental, Self::Hinted];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incremental => "incremental",
            Self::Hinted => "hinted",
        }
    }
}

/// What became of a webhook, or of one of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// An event whose record is looked at.
    Accepted,
    /// An event that was delivered before, or whose record is to be looked at already.
    Duplicate,
    /// An event about something that is not kept in agreement.
    Ignored,
    /// A request without the right signature or secret.
    Unauthorised,
    /// A request whose stamp is too old, or in the future.
    Stale,
    /// A request that cannot be read.
    Garbage,
    /// A request that is too large.
    TooLarge,
    /// An event that could not be kept; the sender was told to try again.
    Unkept,
}

impl WebhookOutcome {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Duplicate,
        Self::Ignored,
        Self::Unauthorised,
        Self::Stale,
        Self::Garbage,
        Self::TooLarge,
        Self::Unkept,
    ];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Unauthorised => "unauthorised",
            Self::Stale => "stale",
            Self::Garbage => "garbage",
            Self::TooLarge => "too_large",
            Self::Unkept => "unkept",
        }
    }
}
