//! What a firm configures about its Pipedrive account, and the limits and costs that Pipedrive documents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::PipedriveConnector;
use super::webhook::PipedriveWebhook;
use crate::clock::Clock;
use crate::config::{Key, Reader};
use crate::connector::budget::{Budget, BudgetSettings, Window};
use crate::connector::error::PortError;
use crate::connector::port::Connector;
use crate::connector::registry::{CrmSettings, Parts};
use crate::connector::webhook::Webhook;

/// Records in one page of a list, at most.
pub(super) const PAGE: usize = 500;

/// Ids that one list can be asked for.
pub(super) const IDS: usize = 100;

/// Keys of custom fields that a list can be narrowed to.
pub(super) const SELECTED_FIELDS: usize = 15;

/// The length of the burst windows.
const BURST_WINDOW: Duration = Duration::from_secs(2);

const DAY: Duration = Duration::from_hours(24);

/// What kinds of requests there are: each has a price of its own in the day's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// One record.
    One,
    /// A page of records or of fields.
    List,
    /// A create or an update.
    Write,
    /// A search.
    Search,
    /// Who we are; the old version of the API costs twice as much.
    Account,
    /// A page of notes.
    Notes,
    /// A note, a field: made or changed.
    Extra,
}

impl Lane {
    const ALL: [Self; 7] = [Self::One, Self::List, Self::Write, Self::Search, Self::Account, Self::Notes, Self::Extra];

    /// Its name in the budget.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::List => "list",
            Self::Write => "write",
            Self::Search => "search",
            Self::Account => "account",
            Self::Notes => "notes",
            Self::Extra => "extra",
        }
    }

    /// Tokens that one request takes (`x-token-cost` of Pipedrive's specification).
    pub(super) const fn cost(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Account => 2,
            Self::Write => 5,
            Self::List | Self::Extra => 10,
            Self::Search | Self::Notes => 20,
        }
    }
}

/// The settings of `[pipedrive]`; `config/mapping/pipedrive.toml` says what each means.
#[derive(Debug, Clone)]
pub struct PipedriveSettings {
    /// Where the firm's Pipedrive answers; ends in `/`.
    pub(super) base_url: Url,
    /// The API token of a user: it sees what that user sees, and ends with them.
    pub(super) token: SecretString,
    /// The path of the current API below the base URL.
    pub(super) records_path: String,
    /// The path that tells the company that a token belongs to.
    pub(super) account_path: String,
    /// The path of notes, which only the old version has.
    pub(super) notes_path: String,
    /// Records in a page of a list: 1 to [`PAGE`].
    pub(super) page_size: usize,
    /// The custom organization field (text) that holds our id, as a mapping names it; `None` stores no ids.
    pub(super) id_property: Option<String>,
    /// For how long a search may show what was before a write.
    pub(super) search_lag: Duration,
    /// How far back an incremental read reaches behind the last one.
    pub(super) overlap: Duration,
    /// For how long after our time-out Pipedrive may still carry a request out.
    pub(super) late_commit: Duration,
    /// For how long the list of fields is believed: fields change rarely, and asking for them costs tokens.
    pub(super) fields_age: Duration,
    /// How long to leave Pipedrive alone once the network in front of it blocks us (403 with an HTML page).
    pub(super) blocked_wait: Duration,
    /// How long to leave it alone once the day's tokens are used up: the hour at which its day begins is not known.
    pub(super) quota_wait: Duration,
    /// The longest text of a property that is read, in characters; a longer one is unknown.
    pub(super) max_text: usize,
    /// Whether lists are narrowed to the custom fields that are mapped, where these are few enough.
    pub(super) select_fields: bool,
    /// Whether the one line of an address, which people see, follows the parts that are written.
    pub(super) compose_address: bool,
    /// Whether given and family name can be written; Pipedrive documents the full name only.
    pub(super) writable_names: bool,
    /// Whether a deleted record, which Pipedrive keeps for 30 days, is gone at once instead of archived until then.
    pub(super) deleted_is_gone: bool,
    /// The label of an e-mail address or a number that we add.
    pub(super) new_label: String,
    /// How many writes may be under way at once.
    pub(super) concurrent_writes: usize,
    /// Requests in [`BURST_WINDOW`] that this token may send.
    pub(super) burst_requests: usize,
    /// Searches in [`BURST_WINDOW`] that this token may send.
    pub(super) search_requests: usize,
    /// Tokens a day that the firm has, its other tools included.
    pub(super) daily_tokens: u64,
    /// The share of them that is left to the firm's other tools.
    pub(super) reserve: f64,
    /// What reads its webhooks, where they are configured.
    pub(super) webhook: Option<Arc<dyn Webhook>>,
}

/// Reads `[pipedrive]`; `None` only where a problem was noted.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<PipedriveSettings> {
    let base_url = reader.base_url("pipedrive.base_url");
    let token = reader.credential("pipedrive.token", "Pipedrive");
    let id_property = reader.text_where("pipedrive.id_property", "\"custom:\" and a field's name", |path| {
        let name = path.strip_prefix("custom:").or_else(|| path.strip_prefix("key:"));
        path.is_empty() || name.is_some_and(|name| !name.trim().is_empty())
    });
    let settings = PipedriveSettings {
        webhook: webhook(reader),
        records_path: reader.route("pipedrive.records_path"),
        account_path: reader.route("pipedrive.account_path"),
        notes_path: reader.route("pipedrive.notes_path"),
        page_size: reader.size("pipedrive.page_size", PAGE as u64),
        id_property: Some(id_property).filter(|path| !path.is_empty()),
        search_lag: reader.duration("pipedrive.search_lag", Duration::ZERO..=DAY),
        overlap: reader.duration("pipedrive.overlap", Duration::ZERO..=DAY * 7),
        late_commit: reader.duration("pipedrive.late_commit", Duration::ZERO..=DAY),
        fields_age: reader.duration("pipedrive.fields_age", Duration::ZERO..=DAY),
        blocked_wait: reader.duration("pipedrive.blocked_wait", Duration::from_secs(1)..=DAY),
        quota_wait: reader.duration("pipedrive.quota_wait", Duration::from_secs(1)..=DAY),
        max_text: reader.size("pipedrive.max_text", 1_048_576),
        select_fields: reader.switch(&Key::of("pipedrive.select_fields")),
        compose_address: reader.switch(&Key::of("pipedrive.compose_address")),
        writable_names: reader.switch(&Key::of("pipedrive.writable_names")),
        deleted_is_gone: reader.switch(&Key::of("pipedrive.deleted_is_gone")),
        new_label: reader.text(&Key::of("pipedrive.new_label")),
        concurrent_writes: reader.size("pipedrive.concurrent_writes", 16),
        burst_requests: reader.size("pipedrive.limits.burst", 10_000),
        search_requests: reader.size("pipedrive.limits.search", 1_000),
        daily_tokens: reader.count("pipedrive.limits.daily_tokens", 1..=1_000_000_000),
        reserve: reader.share("pipedrive.limits.reserve", 0.0..=0.99),
        base_url: base_url?,
        token: token?,
    };
    Some(settings)
}

impl PipedriveSettings {
    /// The budget of the account: bursts and searches by window, the day by tokens.
    fn budget(&self, clock: Arc<dyn Clock>) -> Budget {
        let window = |limit| Window { limit, period: BURST_WINDOW };
        let settings = BudgetSettings {
            windows: vec![window(self.burst_requests)],
            lanes: BTreeMap::from([(Lane::Search.name(), vec![window(self.search_requests)])]),
            daily: Some(self.daily_tokens),
            own_daily: None,
            reserve_share: self.reserve,
            concurrent: 0,
        };
        Budget::new(clock, settings).with_costs(Lane::ALL.map(|lane| (lane.name(), lane.cost())).into())
    }
}

fn webhook(reader: &mut Reader<'_>) -> Option<Arc<dyn Webhook>> {
    let username = reader.optional("pipedrive.webhook.username");
    let password = reader.secret("pipedrive.webhook.password");
    if username.is_none() && password.is_some() {
        let mend = "set it to the http_auth_user that the webhook was made with";
        reader.refuse(&Key::of("pipedrive.webhook.username"), "there is a password and no name", mend);
    }
    Some(Arc::new(PipedriveWebhook { username: username?, password: password?.text }))
}

impl CrmSettings for PipedriveSettings {
    fn base_url(&self) -> &Url {
        &self.base_url
    }

    fn id_property(&self) -> Option<&str> {
        self.id_property.as_deref()
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, PortError> {
        let budget = self.budget(Arc::clone(&parts.clock));
        Ok(Arc::new(PipedriveConnector::new(self.clone(), parts, budget)?))
    }

    fn webhook(&self) -> Option<Arc<dyn Webhook>> {
        self.webhook.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read_text;

    fn told(text: &str) -> Vec<String> {
        read_text(text, &[("PIPEDRIVE__TOKEN", "0123456789abcdef"), ("CRM__KIND", "pipedrive")], read).unwrap_err()
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let settings = PipedriveSettings::of_defaults();
        assert_eq!(settings.base_url.as_str(), "https://api.pipedrive.com/");
        assert_eq!((settings.page_size, settings.daily_tokens, settings.burst_requests), (500, 30_000, 20));
        assert_eq!((settings.search_lag, settings.overlap), (Duration::from_mins(1), Duration::from_mins(2)));
        assert_eq!(settings.id_property.as_deref(), Some("custom:Flowtly id"));
    }

    #[test]
    fn impossible_values_are_refused_by_their_key() {
        for (text, wanted) in [
            ("[pipedrive]\npage_size = 501", "pipedrive.page_size: the number is out of range"),
            ("[pipedrive]\nid_property = \"Flowtly id\"", "pipedrive.id_property: `Flowtly id` does not do"),
            ("[pipedrive.limits]\nreserve = 1", "pipedrive.limits.reserve: the number is out of range"),
            ("[pipedrive]\nnotes_path = \"v1/notes\"", "pipedrive.notes_path: `v1/notes` does not do"),
            ("[pipedrive]\ndomain = \"x\"", "pipedrive.domain: there is no such setting"),
        ] {
            let told = told(text);
            assert!(told.len() == 1 && told[0].contains(wanted), "{told:#?}");
        }
    }

    #[test]
    fn the_token_is_never_shown() {
        let settings = PipedriveSettings { token: "0123456789abcdef".into(), ..PipedriveSettings::of_defaults() };
        assert!(!format!("{settings:?}").contains("0123456789abcdef"));
    }

    impl PipedriveSettings {
        /// The defaults, with a token that only a test would send.
        pub(in super::super) fn of_defaults() -> Self {
            read_text("", &[("PIPEDRIVE__TOKEN", "sandbox-token"), ("CRM__KIND", "pipedrive")], read).unwrap()
        }

        /// The budget, for tests that make a connector of their own settings.
        pub(in super::super) fn own_budget(&self, clock: Arc<dyn Clock>) -> Budget {
            self.budget(clock)
        }
    }
}
