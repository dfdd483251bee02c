//! What a firm configures about its Pipedrive account, and the limits and costs that Pipedrive documents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::clock::Clock;
use crate::connector::budget::{Budget, BudgetSettings, Window};
use crate::connector::error::{ErrorKind, PortError};

/// Records in one page of a list, at most.
pub const PAGE: usize = 500;

/// Ids that one list can be asked for.
pub const IDS: usize = 100;

/// Keys of custom fields that a list can be narrowed to.
pub const SELECTED_FIELDS: usize = 15;

/// The length of the burst windows.
pub const BURST_WINDOW: Duration = Duration::from_secs(2);

/// Requests in [`BURST_WINDOW`] for one token of the smallest plan (larger ones: 40, 100, 120).
pub const BURST_REQUESTS: usize = 20;

/// Searches in [`BURST_WINDOW`].
pub const SEARCH_REQUESTS: usize = 10;

/// Tokens a day of one seat in the smallest plan; times 2, 5 or 7 in larger ones, times the seats, shared by the whole firm.
pub const DAILY_TOKENS: u64 = 30_000;

/// What kinds of requests there are: each has a price of its own in the day's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
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
    const ALL: [Self; 7] =
        [Self::One, Self::List, Self::Write, Self::Search, Self::Account, Self::Notes, Self::Extra];

    /// Its name in the budget.
    pub const fn name(self) -> &'static str {
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
    pub const fn cost(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Account => 2,
            Self::Write => 5,
            Self::List | Self::Extra => 10,
            Self::Search | Self::Notes => 20,
        }
    }
}

/// What is configured of a Pipedrive account.
#[derive(Debug, Clone)]
pub struct PipedriveSettings {
    /// Where the firm's Pipedrive answers: `https://firm.pipedrive.com`.
    pub base_url: Url,
    /// The API token of a user: it sees what that user sees, and ends with them.
    pub token: SecretString,
    /// The path of the current API below the base URL.
    pub records_path: String,
    /// The path that tells the company that a token belongs to.
    pub account_path: String,
    /// The path of notes, which only the old version has.
    pub notes_path: String,
    /// Records in a page of a list: 1 to [`PAGE`].
    pub page_size: usize,
    /// The custom organization field (text), by name, that holds our id; `None` stores no ids.
    pub id_field: Option<String>,
    /// For how long a search may show what was before a write.
    pub search_lag: Duration,
    /// How far back an incremental read reaches behind the last one.
    pub overlap: Duration,
    /// For how long after our time-out Pipedrive may still carry a request out.
    pub late_commit: Duration,
    /// For how long the list of fields is believed: fields change rarely, and asking for them costs tokens.
    pub fields_age: Duration,
    /// How long to leave Pipedrive alone once the network in front of it blocks us (403 with an HTML page).
    pub blocked_wait: Duration,
    /// How long to leave it alone once the day's tokens are used up: the hour at which its day begins is not known.
    pub quota_wait: Duration,
    /// The longest text of a property that is read, in characters; a longer one is unknown.
    pub max_text: usize,
    /// Whether lists are narrowed to the custom fields that are mapped, where these are few enough.
    pub select_fields: bool,
    /// Whether the one line of an address, which people see, is written anew with its parts.
    pub compose_address: bool,
    /// Whether given and family name can be written; Pipedrive documents the full name only.
    pub writable_names: bool,
    /// Whether a deleted record, which Pipedrive keeps for 30 days, is gone at once instead of archived until then.
    pub deleted_is_gone: bool,
    /// The label of an e-mail address or a number that we add.
    pub new_label: String,
    /// How many writes may be under way at once.
    pub concurrent_writes: usize,
    /// Requests in [`BURST_WINDOW`] that this token may send.
    pub burst_requests: usize,
    /// Searches in [`BURST_WINDOW`] that this token may send.
    pub search_requests: usize,
    /// Tokens a day that the firm has, its other tools included.
    pub daily_tokens: u64,
    /// The share of them (0 to 1) that is left to the firm's other tools.
    pub reserve_share: f64,
}

impl Default for PipedriveSettings {
    fn default() -> Self {
        Self {
            base_url: default_base_url(),
            token: SecretString::default(),
            records_path: "/api/v2".to_owned(),
            account_path: "/api/v1/users/me".to_owned(),
            notes_path: "/api/v1/notes".to_owned(),
            page_size: PAGE,
            id_field: Some("Flowtly id".to_owned()),
            search_lag: Duration::from_mins(1),
            overlap: Duration::from_mins(2),
            late_commit: Duration::from_mins(1),
            fields_age: Duration::from_mins(15),
            blocked_wait: Duration::from_mins(10),
            quota_wait: Duration::from_hours(1),
            max_text: 65_536,
            select_fields: true,
            compose_address: true,
            writable_names: false,
            deleted_is_gone: false,
            new_label: "work".to_owned(),
            concurrent_writes: 2,
            burst_requests: BURST_REQUESTS,
            search_requests: SEARCH_REQUESTS,
            daily_tokens: DAILY_TOKENS,
            reserve_share: 0.25,
        }
    }
}

impl PipedriveSettings {
    /// Fails with [`ErrorKind::Setting`], naming the key, where a value cannot work.
    pub(super) fn check(&self) -> Result<(), PortError> {
        let wrong = |message: &str| Err(PortError::new(ErrorKind::Setting, message));
        if self.base_url.cannot_be_a_base() || self.base_url.host().is_none() {
            return wrong("base_url names no host: write it like https://firm.pipedrive.com");
        }
        if !(1..=PAGE).contains(&self.page_size) {
            return wrong("page_size must be from 1 to 500");
        }
        if self.id_field.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return wrong("id_field is empty: name a field, or leave stored ids off");
        }
        if !(0.0..1.0).contains(&self.reserve_share) {
            return wrong("reserve_share must be from 0 to below 1");
        }
        for (key, path) in [
            ("records_path", &self.records_path),
            ("account_path", &self.account_path),
            ("notes_path", &self.notes_path),
        ] {
            if !path.starts_with('/') || path.contains(['?', '#']) {
                return wrong(&format!("{key} must be a path that begins with `/`"));
            }
        }
        Ok(())
    }

    /// The budget of the account: bursts and searches by window, the day by tokens.
    pub(super) fn budget(&self, clock: Arc<dyn Clock>) -> Budget {
        let window = |limit| Window { limit, period: BURST_WINDOW };
        let settings = BudgetSettings {
            windows: vec![window(self.burst_requests)],
            lanes: BTreeMap::from([(Lane::Search.name(), vec![window(self.search_requests)])]),
            daily: Some(self.daily_tokens),
            reserve_share: self.reserve_share,
            concurrent: 0,
        };
        Budget::new(clock, settings).with_costs(Lane::ALL.map(|lane| (lane.name(), lane.cost())).into())
    }
}

fn default_base_url() -> Url {
    // The literal is a valid URL; there is no other way to have one in a default than to parse it.
    #[expect(clippy::expect_used, reason = "a literal, covered by a test")]
    Url::parse("https://api.pipedrive.com").expect("a valid literal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones_and_pass_the_check() {
        let settings = PipedriveSettings::default();
        assert!(settings.check().is_ok());
        assert_eq!((settings.page_size, settings.daily_tokens, settings.burst_requests), (500, 30_000, 20));
        assert_eq!(settings.id_field.as_deref(), Some("Flowtly id"));
    }

    #[test]
    fn impossible_values_are_refused_by_their_key() {
        type Change = fn(&mut PipedriveSettings);
        let cases: [(&str, Change); 5] = [
            ("page_size", |settings| settings.page_size = 501),
            ("id_field", |settings| settings.id_field = Some(" ".to_owned())),
            ("reserve_share", |settings| settings.reserve_share = 1.0),
            ("base_url", |settings| settings.base_url = "mailto:x@example.org".parse().unwrap()),
            ("notes_path", |settings| settings.notes_path = "v1/notes".to_owned()),
        ];
        for (key, change) in cases {
            let mut settings = PipedriveSettings::default();
            change(&mut settings);
            let error = settings.check().unwrap_err();
            assert_eq!(error.kind, ErrorKind::Setting);
            assert!(error.message.contains(key), "{}", error.message);
        }
    }

    #[test]
    fn the_token_is_never_shown() {
        let settings = PipedriveSettings { token: "0123456789abcdef".into(), ..PipedriveSettings::default() };
        assert!(!format!("{settings:?}").contains("0123456789abcdef"));
    }
}
