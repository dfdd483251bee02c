//! How to reach Flowtly. Much of its API is not published, so that nearly everything is a setting.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use secrecy::SecretString;
use toml::Value;
use url::Url;

use super::key::Key;
use super::reader::Reader;
use super::secret::Secret;
use crate::connector::flowtly::FlowtlyWebhook;
use crate::connector::webhook::Webhook;

/// How to prove who we are.
#[derive(Debug, Clone)]
pub enum FlowtlyCredentials {
    /// Exchanged for a token at the login path.
    Login {
        /// The user's name.
        username: String,
        /// The user's password.
        password: SecretString,
    },
    /// A token that is sent as it is.
    Token(SecretString),
    /// A file that holds a token, and did so when the configuration was read. It may be replaced while we run.
    TokenFile(PathBuf),
}

/// The settings of `[flowtly]`; `config/default.toml` says what each means.
#[derive(Debug, Clone)]
pub struct FlowtlySection {
    /// Where the API is; ends in `/`.
    pub base_url: Url,
    /// Where a username and password are exchanged for a token.
    pub login_path: String,
    /// Who we are.
    pub credentials: FlowtlyCredentials,
    /// The organisation's id.
    pub organisation: Option<String>,
    /// Further headers of every request: valid names (lower case) and values.
    pub headers: BTreeMap<String, SecretString>,
    /// The media type that is asked for.
    pub accept: String,
    /// The media type of a create.
    pub write_media_type: String,
    /// Records a page, where a number is asked for.
    pub page_size: Option<u32>,
    /// Pages and single records read at once.
    pub concurrent_pages: usize,
    /// Writes under way at once.
    pub concurrent_writes: usize,
    /// Requests of any sort under way at once; 0 for any number.
    pub concurrent_requests: usize,
    /// The most requests in any minute, where there is such a limit.
    pub requests_per_minute: Option<usize>,
    /// For how long a listing may show what was before a write.
    pub lag: Duration,
    /// The longest text that is read, in bytes.
    pub max_text: usize,
    /// The collection of clients.
    pub clients_path: String,
    /// The collection of contacts.
    pub contacts_path: String,
    /// The collection of countries.
    pub countries_path: String,
    /// The collection of currencies.
    pub currencies_path: String,
    /// The collection of organisations.
    pub organisations_path: String,
    /// The search over clients.
    pub search_path: String,
    /// A client's documents; holds `{id}`.
    pub documents_path: String,
    /// The Hydra documentation, where no reply links to it.
    pub docs_path: String,
    /// The search's query parameter.
    pub search_parameter: Option<String>,
    /// The query parameter that lists contacts changed since a time.
    pub contacts_updated_parameter: Option<String>,
    /// What proves its webhooks, and the header that holds it (none where it stands in the path).
    pub webhook: Option<(SecretString, Option<HeaderName>)>,
}

impl FlowtlySection {
    /// What reads its webhooks, where they are configured.
    pub fn webhook(&self) -> Option<Arc<dyn Webhook>> {
        let (secret, header) = self.webhook.clone()?;
        let (clients_path, contacts_path) = (self.clients_path.clone(), self.contacts_path.clone());
        Some(Arc::new(FlowtlyWebhook { secret, header, clients_path, contacts_path }))
    }
}

/// Reads `[flowtly]`; `None` only where a problem was noted.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<FlowtlySection> {
    let base_url = reader.base_url("flowtly.base_url");
    let credentials = credentials(reader);
    let section = FlowtlySection {
        login_path: reader.route("flowtly.login_path"),
        organisation: reader.optional("flowtly.organisation"),
        headers: headers(reader),
        accept: media_type(reader, "flowtly.accept"),
        write_media_type: media_type(reader, "flowtly.write_media_type"),
        page_size: u32::try_from(reader.count("flowtly.page_size", 0..=1_000)).ok().filter(|size| *size > 0),
        concurrent_pages: reader.size("flowtly.concurrent_pages", 16),
        concurrent_writes: reader.size("flowtly.concurrent_writes", 16),
        concurrent_requests: usize::try_from(reader.count("flowtly.concurrent_requests", 0..=256)).unwrap_or(0),
        requests_per_minute: usize::try_from(reader.count("flowtly.requests_per_minute", 0..=1_000_000))
            .ok()
            .filter(|requests| *requests > 0),
        lag: reader.duration("flowtly.lag", Duration::ZERO..=Duration::from_hours(1)),
        max_text: reader.size("flowtly.max_text", 1_048_576),
        clients_path: reader.route("flowtly.clients_path"),
        contacts_path: reader.route("flowtly.contacts_path"),
        countries_path: reader.route("flowtly.countries_path"),
        currencies_path: reader.route("flowtly.currencies_path"),
        organisations_path: reader.route("flowtly.organisations_path"),
        search_path: reader.route("flowtly.search_path"),
        documents_path: reader.text_where("flowtly.documents_path", "a path with `{id}` in it", |path| {
            path.starts_with('/') && path.contains("{id}")
        }),
        docs_path: reader.route("flowtly.docs_path"),
        search_parameter: reader.optional("flowtly.search_parameter"),
        contacts_updated_parameter: reader.optional("flowtly.contacts_updated_parameter"),
        webhook: webhook(reader),
        base_url: base_url?,
        credentials: credentials?,
    };
    Some(section)
}

fn webhook(reader: &mut Reader<'_>) -> Option<(SecretString, Option<HeaderName>)> {
    let dotted = "flowtly.webhook.header";
    let name = reader.text_where(dotted, "the name of a header, or empty", |name| {
        name.is_empty() || HeaderName::from_bytes(name.as_bytes()).is_ok()
    });
    let header = HeaderName::from_bytes(name.as_bytes()).ok();
    let secret = match &header {
        Some(_) => reader.secret("flowtly.webhook.secret")?.text,
        None => reader.path_secret("flowtly.webhook.secret")?,
    };
    Some((secret, header))
}

fn credentials(reader: &mut Reader<'_>) -> Option<FlowtlyCredentials> {
    let username = reader.optional("flowtly.username");
    let password = reader.secret("flowtly.password");
    let token = reader.secret("flowtly.token");
    let says_password = reader.says("flowtly.password");
    let says_token = reader.says("flowtly.token");
    let both = "say either username and password, or a token";
    match (username, says_password, says_token) {
        (Some(_), _, true) | (None, true, true) => {
            reader.refuse(&Key::of("flowtly.token"), "there are a login and a token", both);
            None
        }
        (None, false, true) => token.map(|secret| match secret {
            Secret { file: Some(path), .. } => FlowtlyCredentials::TokenFile(path),
            Secret { text, file: None } => FlowtlyCredentials::Token(text),
        }),
        (Some(username), true, false) => {
            password.map(|secret| FlowtlyCredentials::Login { username, password: secret.text })
        }
        (Some(_), false, false) => {
            let mend = "set password_file beside the username, or FLOWTLY_SYNC__FLOWTLY__PASSWORD";
            reader.refuse(&Key::of("flowtly.password_file"), "there is a username without a password", mend);
            None
        }
        (None, true, false) => {
            let mend = "set the username that belongs to it";
            reader.refuse(&Key::of("flowtly.username"), "there is a password without a username", mend);
            None
        }
        (None, false, false) => {
            let mend = "set username and password_file, or token_file";
            reader.refuse(&Key::of("flowtly.username"), "there is no credential for Flowtly", mend);
            None
        }
    }
}

fn headers(reader: &mut Reader<'_>) -> BTreeMap<String, SecretString> {
    let parent = Key::of("flowtly.headers");
    let mut headers = BTreeMap::new();
    for (name, value) in reader.table(&parent) {
        let key = parent.child(name);
        let Value::String(text) = value else {
            reader.refuse_sort(&key, "a text", "put it in quotes");
            continue;
        };
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(text)) {
            (Ok(name), Ok(_)) => {
                headers.insert(name.as_str().to_owned(), text.as_str().into());
            }
            (Err(_), _) => reader.refuse(&key, "this is no name of a header", "use letters, digits and hyphens"),
            (_, Err(_)) => reader.refuse(&key, "a header cannot hold this text", "use visible ASCII characters"),
        }
    }
    headers
}

fn media_type(reader: &mut Reader<'_>, dotted: &str) -> String {
    reader.text_where(dotted, "a media type such as \"application/ld+json\"", |text| {
        text.contains('/') && HeaderValue::from_str(text).is_ok()
    })
}
