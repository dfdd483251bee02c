//! What a firm configures about its HubSpot account, and the limits that HubSpot documents.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::connector::error::{ErrorKind, PortError};

/// Requests in [`BURST_WINDOW`] that a private app of the smallest tier may send (larger tiers: 190, 250).
pub const BURST_REQUESTS: usize = 100;

/// The length of the burst window.
pub const BURST_WINDOW: Duration = Duration::from_secs(10);

/// Searches in [`SEARCH_WINDOW`], over the whole account and apart from the burst limit.
pub const SEARCH_REQUESTS: usize = 5;

/// The length of the search window.
pub const SEARCH_WINDOW: Duration = Duration::from_secs(1);

/// Requests a day, shared by all private apps of an account of the smallest tier.
pub const DAILY_REQUESTS: u64 = 250_000;

/// The lane of the request budget that searches count in.
pub const SEARCH_LANE: &str = "search";

/// Records in one batch, and in one page of a list, at most.
pub const BATCH: usize = 100;

/// Records in one page of a search, at most.
pub const SEARCH_PAGE: usize = 200;

/// What is configured of a HubSpot account.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HubSpotSettings {
    /// Where HubSpot answers.
    pub base_url: Url,
    /// The dated release of the API (`2026-03`), or a classic one (`v3`).
    pub api_version: String,
    /// The token of a service key or private app.
    pub token: SecretString,
    /// The file that the configuration reads the token from; the connector itself reads no file.
    pub token_file: Option<PathBuf>,
    /// Records in a page of a list: 1 to [`BATCH`].
    pub page_size: usize,
    /// Records in a page of a search: 1 to [`SEARCH_PAGE`].
    pub search_page_size: usize,
    /// How far into one search HubSpot lets a client page, in records.
    pub search_cap: usize,
    /// The unique company property that holds our id; `None` stores no ids.
    pub id_property: Option<String>,
    /// For how long the search index may show what was before a write; in seconds.
    #[serde(with = "seconds")]
    pub search_lag: Duration,
    /// How far back an incremental read reaches behind the last one; in seconds.
    #[serde(with = "seconds")]
    pub overlap: Duration,
    /// For how long after our time-out HubSpot may still carry a request out; in seconds.
    #[serde(with = "seconds")]
    pub late_commit: Duration,
    /// The longest text of a property that is read, in characters; a longer one is unknown.
    pub max_text: usize,
    /// Whether the cursor of a list is the id from which it goes on, so that a list can begin behind a known id.
    pub list_after_is_id: bool,
    /// The path that tells the account's portal id.
    pub account_path: String,
    /// How many writes may be under way at once.
    pub concurrent_writes: usize,
    /// Requests in the burst window that this account may send.
    pub burst_requests: usize,
    /// Searches a second that this account may send.
    pub search_requests: usize,
    /// Requests a day that this account may send, other tools included.
    pub daily_requests: u64,
}

impl Default for HubSpotSettings {
    fn default() -> Self {
        Self {
            base_url: default_base_url(),
            api_version: "2026-03".to_owned(),
            token: SecretString::default(),
            token_file: None,
            page_size: BATCH,
            search_page_size: SEARCH_PAGE,
            search_cap: 10_000,
            id_property: Some("flowtly_id".to_owned()),
            search_lag: Duration::from_mins(1),
            overlap: Duration::from_mins(10),
            late_commit: Duration::from_mins(1),
            max_text: 65_536,
            list_after_is_id: true,
            account_path: "/account-info/v3/details".to_owned(),
            concurrent_writes: 4,
            burst_requests: BURST_REQUESTS,
            search_requests: SEARCH_REQUESTS,
            daily_requests: DAILY_REQUESTS,
        }
    }
}

impl HubSpotSettings {
    /// Fails with [`ErrorKind::Setting`], naming the key, where a value cannot work.
    pub(super) fn check(&self) -> Result<(), PortError> {
        let wrong = |message: &str| Err(PortError::new(ErrorKind::Setting, message));
        if self.base_url.cannot_be_a_base() || self.base_url.host().is_none() {
            return wrong("base_url names no host: write it like https://api.hubapi.com");
        }
        if !(1..=BATCH).contains(&self.page_size) {
            return wrong("page_size must be from 1 to 100");
        }
        if !(1..=SEARCH_PAGE).contains(&self.search_page_size) {
            return wrong("search_page_size must be from 1 to 200");
        }
        if self.search_cap < self.search_page_size {
            return wrong("search_cap must not be below search_page_size");
        }
        if self.api_version.is_empty() || self.api_version.contains(['/', '?', '#']) {
            return wrong("api_version must be a release such as 2026-03, or v3");
        }
        if self.id_property.as_ref().is_some_and(String::is_empty) {
            return wrong("id_property is empty: name a property, or leave stored ids off");
        }
        Ok(())
    }
}

fn default_base_url() -> Url {
    // The literal is a valid URL; there is no other way to have one in a default than to parse it.
    #[expect(clippy::expect_used, reason = "a literal, covered by a test")]
    Url::parse("https://api.hubapi.com").expect("a valid literal")
}

/// Durations as numbers of seconds, fractions allowed.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| D::Error::custom("not a number of seconds from 0 on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones_and_pass_the_check() {
        let settings: HubSpotSettings = toml::from_str("").unwrap();
        assert!(settings.check().is_ok());
        assert_eq!(settings.base_url.as_str(), "https://api.hubapi.com/");
        assert_eq!((settings.page_size, settings.search_page_size, settings.search_cap), (100, 200, 10_000));
        assert_eq!(settings.search_lag, Duration::from_mins(1));
        assert_eq!(settings.id_property.as_deref(), Some("flowtly_id"));
    }

    #[test]
    fn unknown_keys_and_impossible_values_are_refused() {
        assert!(toml::from_str::<HubSpotSettings>("pagesize = 10").is_err());
        assert!(toml::from_str::<HubSpotSettings>("search_lag = -1").is_err());
        let settings: HubSpotSettings = toml::from_str("page_size = 101\nsearch_lag = 2.5").unwrap();
        assert_eq!(settings.search_lag, Duration::from_millis(2_500));
        assert!(settings.check().unwrap_err().message.contains("page_size"));
        let settings: HubSpotSettings = toml::from_str("base_url = \"mailto:x@example.org\"").unwrap();
        assert_eq!(settings.check().unwrap_err().kind, ErrorKind::Setting);
    }

    #[test]
    fn the_token_is_never_shown() {
        let settings: HubSpotSettings = toml::from_str("token = \"pat-eu1-secret\"").unwrap();
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
