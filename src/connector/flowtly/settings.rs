//! What is configured of a Flowtly account. Whatever is not publicly known of its API is a setting with a default here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// How to talk to one Flowtly organisation.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowtlySettings {
    /// Where the API is; paths are appended to its path (`https://app.flowtly.com/api` is an older one).
    pub base_url: Url,
    /// Where user name and password are exchanged for a token.
    pub login_path: String,
    /// What we show to be let in; without it every call fails and says so.
    pub credentials: Option<Credentials>,
    /// The organisation's id: what the state belongs to. Asked for if absent.
    pub organisation: Option<String>,
    /// Further headers of every call, for instance the one that names the tenant.
    pub headers: BTreeMap<String, String>,
    /// The media type asked for.
    pub accept: String,
    /// The media type of a create; updates are always JSON Merge Patch.
    pub write_media_type: String,
    /// Rows a page to ask for; not asked for if absent. The server may ignore or clamp it.
    pub page_size: Option<u32>,
    /// Pages and single records that are read at once.
    pub concurrent_pages: usize,
    /// Writes under way at once.
    pub concurrent_writes: usize,
    /// Requests of any sort under way at once; 0 for any number.
    pub concurrent_requests: usize,
    /// The most requests in any minute, where the tenant has such a limit.
    pub requests_per_minute: Option<usize>,
    /// Path of the clients.
    pub clients_path: String,
    /// Path of the clients' contacts.
    pub contacts_path: String,
    /// Path of the look-up list of countries.
    pub countries_path: String,
    /// Path of the look-up list of currencies.
    pub currencies_path: String,
    /// Path of the organisations.
    pub organisations_path: String,
    /// Path of the server's own search over clients.
    pub search_path: String,
    /// The search's query parameter; there is no search without it.
    pub search_parameter: Option<String>,
    /// Path of a client's documents, with `{id}`.
    pub documents_path: String,
    /// Path of the Hydra documentation, where no reply links to it.
    pub docs_path: String,
    /// The query parameter by which contacts are asked for that changed since a time, for instance `updatedAt[after]`.
    pub contacts_updated_parameter: Option<String>,
    /// The longest text in bytes that is taken from a reply; a longer one is unknown.
    pub max_text: usize,
    /// Seconds for which a listing may show what was before a write.
    pub lag_seconds: u64,
}

/// What we show to be let in.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Credentials {
    /// A user's name and password, exchanged for a token that is shared until it is refused.
    Password {
        /// The user's name.
        username: String,
        /// The user's password.
        password: SecretString,
    },
    /// A token, used as it is.
    Token {
        /// The token.
        token: SecretString,
    },
    /// A file that holds a token: read anew whenever a token is needed, so that it can be replaced while we run.
    TokenFile {
        /// The file.
        token_file: PathBuf,
    },
}

impl Default for FlowtlySettings {
    fn default() -> Self {
        Self {
            base_url: default_base_url(),
            login_path: "/login".to_owned(),
            credentials: None,
            organisation: None,
            headers: BTreeMap::new(),
            accept: "application/ld+json".to_owned(),
            write_media_type: "application/ld+json".to_owned(),
            page_size: Some(100),
            concurrent_pages: 4,
            concurrent_writes: 4,
            concurrent_requests: 8,
            requests_per_minute: None,
            clients_path: "/clients".to_owned(),
            contacts_path: "/client-contacts".to_owned(),
            countries_path: "/countries".to_owned(),
            currencies_path: "/currencies".to_owned(),
            organisations_path: "/organizations".to_owned(),
            search_path: "/clients/search".to_owned(),
            search_parameter: None,
            documents_path: "/clients/{id}/documents".to_owned(),
            docs_path: "/docs.jsonld".to_owned(),
            contacts_updated_parameter: None,
            max_text: 64 << 10,
            lag_seconds: 0,
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant, and a test parses it")]
fn default_base_url() -> Url {
    Url::parse("https://api.flowtly.eu").expect("the constant is a URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_published_addresses() {
        let settings: FlowtlySettings = toml::from_str("").unwrap();
        assert_eq!(settings.base_url.as_str(), "https://api.flowtly.eu/");
        assert_eq!((settings.clients_path.as_str(), settings.page_size), ("/clients", Some(100)));
    }

    #[test]
    fn each_sort_of_credential_is_told_by_its_keys_and_none_is_printed() {
        let read = |text: &str| toml::from_str::<FlowtlySettings>(text).unwrap().credentials.unwrap();
        let password = read("[credentials]\nusername = 'api'\npassword = 'hunter2'");
        assert!(matches!(password, Credentials::Password { .. }));
        assert!(!format!("{password:?}").contains("hunter2"));
        assert!(matches!(read("credentials = { token = 'abc' }"), Credentials::Token { .. }));
        assert!(matches!(read("credentials = { token_file = '/run/token' }"), Credentials::TokenFile { .. }));
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(toml::from_str::<FlowtlySettings>("clients_pat = '/x'").is_err());
    }
}
