//! How an EspoCRM is set up: what differs between firms, or is not certain, is a switch here.

/// How an EspoCRM is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EspoOptions {
    /// The API user's key.
    pub api_key: String,
    /// The API user's secret, for requests that are signed (HMAC).
    pub secret_key: String,
    /// Custom text fields of accounts. The prefix `c` is part of the name.
    pub account_fields: Vec<String>,
    /// Custom text fields of contacts.
    pub contact_fields: Vec<String>,
    /// The most records that a list shows (`recordListMaxSizeLimit`).
    pub max_size: usize,
    /// Entity types that the API user's role does not open.
    pub closed: Vec<String>,
    /// Whether the role opens streams.
    pub streams: bool,
    /// For how many days the author of a post may edit it (`noteEditThresholdPeriod`).
    pub note_edit_days: i64,
    /// Whether a list shows the companies of contacts when it is asked to.
    pub accounts_in_lists: bool,
}

impl Default for EspoOptions {
    fn default() -> Self {
        Self {
            api_key: "sandbox-key".to_owned(),
            secret_key: "sandbox-secret".to_owned(),
            account_fields: ["cVatNumber", "cFlowtlyId"].map(str::to_owned).to_vec(),
            contact_fields: Vec::new(),
            max_size: 200,
            closed: Vec::new(),
            streams: true,
            note_edit_days: 7,
            accounts_in_lists: true,
        }
    }
}
