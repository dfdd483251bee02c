//! What a firm configures about its HubSpot account, and the limits that HubSpot documents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::HubSpotConnector;
use super::webhook::HubSpotWebhook;
use crate::clock::Clock;
use crate::config::{Key, Reader};
use crate::connector::budget::{Budget, BudgetSettings, Window};
use crate::connector::error::PortError;
use crate::connector::port::Connector;
use crate::connector::registry::{CrmSettings, Parts};
use crate::connector::webhook::Webhook;

/// The length of the burst window.
const BURST_WINDOW: Duration = Duration::from_secs(10);

/// The length of the search window.
const SEARCH_WINDOW: Duration = Duration::from_secs(1);

/// The lane of the request budget that searches count in.
pub(super) const SEARCH_LANE: &str = "search";

/// Records in one batch, and in one page of a list, at most.
pub(super) const BATCH: usize = 100;

/// Records in one page of a search, at most.
const SEARCH_PAGE: u64 = 200;

const DAY: Duration = Duration::from_hours(24);

/// The settings of `[hubspot]`; `config/mapping/hubspot.toml` says what each means.
#[derive(Debug, Clone)]
pub struct HubSpotSettings {
    /// Where HubSpot answers; ends in `/`.
    pub(super) base_url: Url,
    /// The dated release of the API (`2026-03`), or a classic one (`v3`).
    pub(super) api_version: String,
    /// The token of a service key or private app.
    pub(super) token: SecretString,
    /// Records in a page of a list: 1 to [`BATCH`].
    pub(super) page_size: usize,
    /// Records in a page of a search: 1 to [`SEARCH_PAGE`].
    pub(super) search_page_size: usize,
    /// The unique company property that holds our id; `None` stores no ids.
    pub(super) id_property: Option<String>,
    /// For how long the search index may show what was before a write.
    pub(super) search_lag: Duration,
    /// How far back an incremental read reaches behind the last one.
    pub(super) overlap: Duration,
    /// For how long after our time-out HubSpot may still carry a request out.
    pub(super) late_commit: Duration,
    /// The longest text of a property that is read, in characters; a longer one is unknown.
    pub(super) max_text: usize,
    /// Whether the cursor of a list is the id from which it goes on, so that a list can begin behind a known id.
    pub(super) list_after_is_id: bool,
    /// The path that tells the account's portal id.
    pub(super) account_path: String,
    /// How many notes may be under way at once; records are written in batches, one after the other.
    pub(super) concurrent_writes: usize,
    /// Requests in [`BURST_WINDOW`] that this account may send.
    pub(super) burst_requests: usize,
    /// Searches in [`SEARCH_WINDOW`], over the whole account and apart from the burst limit.
    pub(super) search_requests: usize,
    /// Requests a day that we send at most, whatever is left of the account's.
    pub(super) daily_requests: u64,
    /// What reads its webhooks, where they are configured.
    pub(super) webhook: Option<Arc<dyn Webhook>>,
}

/// Reads `[hubspot]`; `None` only where a problem was noted.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<HubSpotSettings> {
    let base_url = reader.base_url("hubspot.base_url");
    let token = reader.credential("hubspot.token", "HubSpot");
    let settings = HubSpotSettings {
        api_version: reader.text_where("hubspot.api_version", "one part of a path, such as \"2026-03\"", |text| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        }),
        account_path: reader.route("hubspot.account_path"),
        page_size: reader.size("hubspot.page_size", BATCH as u64),
        search_page_size: reader.size("hubspot.search_page_size", SEARCH_PAGE),
        list_after_is_id: reader.switch(&Key::of("hubspot.list_after_is_id")),
        id_property: reader.optional("hubspot.id_property"),
        concurrent_writes: reader.size("hubspot.concurrent_writes", 16),
        search_lag: reader.duration("hubspot.search_lag", Duration::ZERO..=DAY),
        overlap: reader.duration("hubspot.overlap", Duration::ZERO..=DAY * 7),
        late_commit: reader.duration("hubspot.late_commit", Duration::ZERO..=DAY),
        max_text: reader.size("hubspot.max_text", 1_048_576),
        burst_requests: reader.size("hubspot.limits.burst", 10_000),
        search_requests: reader.size("hubspot.limits.search", 1_000),
        daily_requests: reader.count("hubspot.limits.daily", 1..=100_000_000),
        webhook: webhook(reader),
        base_url: base_url?,
        token: token?,
    };
    Some(settings)
}

fn webhook(reader: &mut Reader<'_>) -> Option<Arc<dyn Webhook>> {
    let secret = reader.secret("hubspot.webhook.secret");
    let window = reader.duration("hubspot.webhook.window", Duration::from_secs(1)..=Duration::from_hours(1));
    Some(Arc::new(HubSpotWebhook { secret: secret?.text, window }))
}

impl HubSpotSettings {
    fn budget(&self, clock: Arc<dyn Clock>) -> Budget {
        let search = Window { limit: self.search_requests, period: SEARCH_WINDOW };
        let settings = BudgetSettings {
            windows: vec![Window { limit: self.burst_requests, period: BURST_WINDOW }],
            lanes: BTreeMap::from([(SEARCH_LANE, vec![search])]),
            daily: Some(self.daily_requests),
            own_daily: Some(self.daily_requests),
            // The configured numbers already leave the firm's other tools their part.
            reserve_share: 0.0,
            concurrent: 0,
        };
        Budget::new(clock, settings)
    }
}

impl CrmSettings for HubSpotSettings {
    fn base_url(&self) -> &Url {
        &self.base_url
    }

    fn id_property(&self) -> Option<&str> {
        self.id_property.as_deref()
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, PortError> {
        let budget = self.budget(Arc::clone(&parts.clock));
        Ok(Arc::new(HubSpotConnector::new(self.clone(), parts, budget)?))
    }

    fn webhook(&self) -> Option<Arc<dyn Webhook>> {
        self.webhook.clone()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::read_text;

    fn told(text: &str) -> Vec<String> {
        read_text(text, &[("HUBSPOT__TOKEN", "pat-eu1-secret")], read).unwrap_err()
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let settings = HubSpotSettings::of_defaults();
        assert_eq!(settings.base_url.as_str(), "https://api.hubapi.com/");
        assert_eq!((settings.page_size, settings.search_page_size), (100, 200));
        assert_eq!((settings.search_lag, settings.overlap), (Duration::from_mins(1), Duration::from_hours(1)));
        assert_eq!((settings.burst_requests, settings.search_requests, settings.daily_requests), (90, 4, 200_000));
        assert_eq!(settings.id_property.as_deref(), Some("flowtly_id"));
    }

    #[test]
    fn what_is_written_is_taken() {
        let text = "hubspot.search_lag = \"2500ms\"\nhubspot.list_after_is_id = false\nhubspot.id_property = \"\"";
        let settings = read_text(text, &[("HUBSPOT__TOKEN", "pat"), ("HUBSPOT__LIMITS__SEARCH", "7")], read).unwrap();
        assert_eq!(settings.search_lag, Duration::from_millis(2_500));
        assert!(!settings.list_after_is_id);
        assert_eq!((settings.id_property.as_deref(), settings.search_requests), (None, 7));
        assert_eq!(settings.token.expose_secret(), "pat");
    }

    #[test]
    fn unknown_keys_and_impossible_values_are_refused() {
        for (text, wanted) in [
            (
                "[hubspot]\npagesize = 10",
                "sync.toml:2:1: hubspot.pagesize: there is no such setting; did you mean `hubspot.page_size`?",
            ),
            ("[hubspot]\nsearch_lag = -1", "hubspot.search_lag: this must be a duration"),
            (
                "[hubspot]\npage_size = 101",
                "hubspot.page_size: the number is out of range; set it to a whole number from 1 to 100",
            ),
            ("[hubspot]\nsearch_page_size = 201", "hubspot.search_page_size: the number is out of range"),
            ("[hubspot]\nsearch_cap = 10000", "hubspot.search_cap: there is no such setting"),
            ("[hubspot]\napi_version = \"v3/objects\"", "hubspot.api_version: `v3/objects` does not do"),
            (
                "[hubspot]\nbase_url = \"mailto:x@example.org\"",
                "hubspot.base_url: the connection would not be encrypted",
            ),
        ] {
            let told = told(text);
            assert!(told.len() == 1 && told[0].contains(wanted), "{told:#?}");
        }
    }

    #[test]
    fn the_token_is_never_shown() {
        let settings = HubSpotSettings { token: "pat-eu1-secret".into(), ..HubSpotSettings::of_defaults() };
        assert!(!format!("{settings:?}").contains("secret"));
    }

    impl HubSpotSettings {
        /// The defaults, with a token that only a test would send.
        pub(in super::super) fn of_defaults() -> Self {
            read_text("", &[("HUBSPOT__TOKEN", "secret-token")], read).unwrap()
        }
    }
}
