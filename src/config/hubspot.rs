//! How to reach HubSpot.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::flowtly::size;
use super::key::Key;
use super::reader::Reader;

/// The settings of `[hubspot]`; `config/default.toml` says what each means.
#[derive(Debug, Clone)]
pub struct HubSpotSection {
    /// Where the API is; ends in `/`.
    pub base_url: Url,
    /// The dated release of the API.
    pub api_version: String,
    /// The access token.
    pub token: SecretString,
    /// Tells which portal a token belongs to.
    pub account_path: String,
    /// Records a page of a list.
    pub page_size: usize,
    /// Records a page of a search.
    pub search_page_size: usize,
    /// The most records that a search shows.
    pub search_cap: usize,
    /// The mark of the next page is a record's id.
    pub list_after_is_id: bool,
    /// The unique company property for Flowtly's id.
    pub id_property: Option<String>,
    /// Writes under way at once.
    pub concurrent_writes: usize,
    /// For how long a search may show what was before.
    pub search_lag: Duration,
    /// How far back an incremental read reaches.
    pub overlap: Duration,
    /// For how long after our time-out a request may still be carried out.
    pub late_commit: Duration,
    /// The longest text that is read, in characters.
    pub max_text: usize,
    /// Request budgets.
    pub limits: HubSpotLimits,
}

/// The settings of `[hubspot.limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubSpotLimits {
    /// Requests in ten seconds.
    pub burst: usize,
    /// Searches in a second.
    pub search: usize,
    /// Requests in a day.
    pub daily: u64,
}

/// Reads `[hubspot]`; `None` only where a problem was noted.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<HubSpotSection> {
    let base_url = reader.base_url("hubspot.base_url");
    let token = reader.secret("hubspot.token");
    let says_token = ["hubspot.token", "hubspot.token_file"]
        .iter()
        .any(|dotted| reader.layers.value(&Key::of(dotted)).is_some_and(|value| value.as_str() != Some("")));
    if !says_token {
        let mend = "set token_file, or FLOWTLY_SYNC__HUBSPOT__TOKEN";
        reader.refuse(&Key::of("hubspot.token_file"), "there is no credential for HubSpot", mend);
    }
    let search_page_size = size(reader, "hubspot.search_page_size", 200);
    let search_cap = size(reader, "hubspot.search_cap", 1_000_000);
    if search_cap < search_page_size {
        let mend = "make hubspot.search_cap at least hubspot.search_page_size";
        reader.refuse(&Key::of("hubspot.search_cap"), "a search shows less than one page of it", mend);
    }
    let day = Duration::from_hours(24);
    let section = HubSpotSection {
        api_version: reader.text_where("hubspot.api_version", "one part of a path, such as \"2026-03\"", |text| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        }),
        account_path: reader.route("hubspot.account_path"),
        page_size: size(reader, "hubspot.page_size", 100),
        search_page_size,
        search_cap,
        list_after_is_id: reader.switch(&Key::of("hubspot.list_after_is_id")),
        id_property: reader.optional("hubspot.id_property"),
        concurrent_writes: size(reader, "hubspot.concurrent_writes", 16),
        search_lag: reader.duration("hubspot.search_lag", Duration::ZERO..=day),
        overlap: reader.duration("hubspot.overlap", Duration::ZERO..=day * 7),
        late_commit: reader.duration("hubspot.late_commit", Duration::ZERO..=day),
        max_text: size(reader, "hubspot.max_text", 1_048_576),
        limits: HubSpotLimits {
            burst: size(reader, "hubspot.limits.burst", 10_000),
            search: size(reader, "hubspot.limits.search", 1_000),
            daily: reader.count("hubspot.limits.daily", 1..=100_000_000),
        },
        base_url: base_url?,
        token: token?.text,
    };
    Some(section)
}
