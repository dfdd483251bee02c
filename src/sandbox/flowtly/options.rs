//! How a tenant's Flowtly is set up: what is not public is a switch here.

use std::time::Duration;

/// Which release of API Platform answers, and whether its keys carry the `hydra:` prefix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// 4.0: plain keys.
    #[default]
    V4,
    /// 4.1: plain keys, another name for the list of violations.
    V41,
    /// 4.x with `hydra_prefix`.
    V4Prefixed,
    /// 3.4 with RFC 7807 errors: prefixed.
    V34,
    /// 3.4 without RFC 7807 errors: prefixed, errors without a status.
    V34Legacy,
}

impl Dialect {
    /// Whether keys carry the `hydra:` prefix.
    pub const fn is_prefixed(self) -> bool {
        match self {
            Self::V4 | Self::V41 => false,
            Self::V4Prefixed | Self::V34 | Self::V34Legacy => true,
        }
    }
}

/// Which media types the server speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Formats {
    /// JSON-LD and plain JSON; JSON-LD where the caller does not care.
    #[default]
    Both,
    /// JSON-LD alone.
    LinkedOnly,
    /// Plain JSON alone: lists are bare arrays.
    PlainOnly,
}

/// Whether lists count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Totals {
    /// Lists say how many rows there are, and link to the last page.
    #[default]
    Shown,
    /// Partial pagination: no total, no last page, a `next` after every full page.
    Absent,
}

/// How a client shows its contacts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContactsShown {
    /// As objects.
    #[default]
    Embedded,
    /// As IRIs.
    Iris,
}

/// How currencies are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CurrencyIds {
    /// `/currencies/EUR`.
    #[default]
    Codes,
    /// `/currencies/1`, with a `code`.
    Numbers,
}

/// Whether a client has an object of further attributes, and what an update of it does: neither is public.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Attributes {
    /// There is none.
    #[default]
    Absent,
    /// An update is merged into it, as RFC 7396 says.
    Merged,
    /// An update takes its place, as API Platform treats a column of JSON.
    Replaced,
}

/// How a tenant's Flowtly is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowtlyOptions {
    /// What all paths begin with: empty, or for instance `/api`.
    pub prefix: String,
    /// The path of the log-in, after the prefix.
    pub login_path: String,
    /// Who may log in.
    pub username: String,
    /// With what.
    pub password: String,
    /// A token that is accepted without a log-in and never expires (an agent token).
    pub static_token: Option<String>,
    /// How long a token from a log-in lives, by the clock.
    pub token_life: Duration,
    /// A header that every request but the log-in has to carry, with its value; without it every record is unknown.
    pub tenant_header: Option<(String, String)>,
    /// The organisation's id.
    pub organization: String,
    /// The release.
    pub dialect: Dialect,
    /// The media types.
    pub formats: Formats,
    /// Whether lists count.
    pub totals: Totals,
    /// Rows of a page where none are asked for.
    pub page_size: u64,
    /// The most rows that a page may be asked to have; `None`: a client may not choose.
    pub page_limit: Option<u64>,
    /// How a client shows its contacts.
    pub contacts: ContactsShown,
    /// How currencies are named.
    pub currency_ids: CurrencyIds,
    /// Whether a client has attributes.
    pub attributes: Attributes,
    /// Whether contractors are listed, and by which names: the first has the number 1.
    pub contractors: Vec<String>,
    /// Whether lists can be filtered.
    pub filters: bool,
    /// The parameter of `/clients/search` that is looked at.
    pub search_parameter: String,
    /// Whether `/docs.jsonld` is served.
    pub docs: bool,
    /// What a client's `status` may be; empty: anything.
    pub statuses: Vec<String>,
    /// What a client's `tinType` may be; empty: anything.
    pub tin_types: Vec<String>,
    /// What a contact's `type` may be; empty: anything.
    pub contact_types: Vec<String>,
}

impl Default for FlowtlyOptions {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Self {
            prefix: String::new(),
            login_path: "/login".to_owned(),
            username: "sync@example.com".to_owned(),
            password: "sandbox".to_owned(),
            static_token: None,
            token_life: Duration::from_hours(1),
            tenant_header: None,
            organization: "1hkzxrub".to_owned(),
            dialect: Dialect::default(),
            formats: Formats::default(),
            totals: Totals::default(),
            page_size: 30,
            page_limit: Some(500),
            contacts: ContactsShown::default(),
            currency_ids: CurrencyIds::default(),
            attributes: Attributes::default(),
            contractors: Vec::new(),
            filters: true,
            search_parameter: "query".to_owned(),
            docs: true,
            statuses: words(&["active", "inactive", "prospect"]),
            tin_types: words(&["nip", "vat", "tin", "none"]),
            contact_types: words(&["main", "billing", "technical", "other"]),
        }
    }
}
