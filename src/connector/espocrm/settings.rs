//! What a firm configures about its EspoCRM.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::connector::budget::{BudgetSettings, Window};
use crate::connector::error::{ErrorKind, PortError};

/// Records in a page of a list, at most: EspoCRM answers 403 to more, unless its own setting
/// (`recordListMaxSizeLimit`) says otherwise.
pub const PAGE: usize = 200;

/// Ids in one request, at most: they stand in the URL, which servers cut off at 8 KiB.
pub const READ_BATCH: usize = 100;

/// The window of the request budget.
const WINDOW: Duration = Duration::from_mins(1);

/// How a signature is written into its header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Digest {
    /// As hexadecimal text: EspoCRM 8.4 and later.
    #[default]
    Hex,
    /// As bare bytes: before that, and still taken.
    Raw,
}

/// What is configured of an EspoCRM.
#[derive(Debug, Clone)]
pub struct EspoSettings {
    /// The site, as people open it.
    pub base_url: Url,
    /// Where the API is, below the site.
    pub api_path: String,
    /// The key of the API user.
    pub api_key: SecretString,
    /// The API user's secret: with one, every request is signed (HMAC) and the key alone opens nothing.
    pub secret_key: SecretString,
    /// How a signature is written.
    pub digest: Digest,
    /// Records in a page of a list: 1 to [`PAGE`], or to the limit of a firm that raised it.
    pub page_size: usize,
    /// Records that one request reads by id: 1 to [`READ_BATCH`].
    pub read_batch: usize,
    /// Companies whose contacts one request reads; 0 reads them company by company.
    pub children_batch: usize,
    /// The parameter of a list that names its attributes.
    pub select_parameter: String,
    /// The parameter of a list that holds its conditions.
    pub where_parameter: String,
    /// The custom field of accounts that holds our id; `None` stores no ids.
    pub id_field: Option<String>,
    /// How far back an incremental read reaches behind the last one.
    pub overlap: Duration,
    /// For how long after its stamp a record may appear in lists.
    pub late_commit: Duration,
    /// For how long after our time-out EspoCRM may still carry a request out.
    pub late_request: Duration,
    /// The longest text that is read, in characters; a longer one is unknown.
    pub max_text: usize,
    /// Lists cut long texts at so many characters: a record with a text as long as that is read by id.
    pub list_text_cut: usize,
    /// Documents are shown as posts in the stream of their account.
    pub documents: bool,
    /// How many writes may be under way at once.
    pub concurrent_writes: usize,
    /// How many requests may be under way at once.
    pub concurrent_requests: usize,
    /// How many requests a minute may be sent.
    pub requests_per_minute: usize,
}

impl Default for EspoSettings {
    fn default() -> Self {
        Self {
            base_url: default_base_url(),
            api_path: "api/v1".to_owned(),
            api_key: SecretString::default(),
            secret_key: SecretString::default(),
            digest: Digest::default(),
            page_size: PAGE,
            read_batch: 50,
            children_batch: 20,
            select_parameter: "select".to_owned(),
            where_parameter: "where".to_owned(),
            id_field: Some("cFlowtlyId".to_owned()),
            overlap: Duration::from_mins(5),
            late_commit: Duration::from_secs(10),
            late_request: Duration::from_mins(1),
            max_text: 65_536,
            list_text_cut: 10_000,
            documents: true,
            concurrent_writes: 4,
            concurrent_requests: 8,
            requests_per_minute: 1_200,
        }
    }
}

impl EspoSettings {
    /// Fails with [`ErrorKind::Setting`], naming the key, where a value cannot work.
    pub fn check(&self) -> Result<(), PortError> {
        let wrong = |message: &str| Err(PortError::new(ErrorKind::Setting, message));
        if self.base_url.cannot_be_a_base() || self.base_url.host().is_none() {
            return wrong("base_url names no host: write it like https://crm.example.com");
        }
        if self.api_key.expose_secret().trim().is_empty() {
            return wrong("there is no EspoCRM API key: name its file in api_key_file");
        }
        if self.page_size == 0 {
            return wrong("page_size must be from 1 to 200");
        }
        if !(1..=READ_BATCH).contains(&self.read_batch) {
            return wrong("read_batch must be from 1 to 100");
        }
        if self.children_batch > READ_BATCH {
            return wrong("children_batch must be from 0 to 100");
        }
        if self.id_field.as_ref().is_some_and(String::is_empty) {
            return wrong("id_field is empty: name a field, or leave stored ids off");
        }
        if [&self.select_parameter, &self.where_parameter].into_iter().any(String::is_empty) {
            return wrong("select_parameter and where_parameter must not be empty");
        }
        if [self.concurrent_writes, self.concurrent_requests, self.requests_per_minute].contains(&0) {
            return wrong("concurrent_writes, concurrent_requests and requests_per_minute must be at least 1");
        }
        Ok(())
    }

    /// What may be sent.
    pub(super) fn budget(&self) -> BudgetSettings {
        BudgetSettings {
            windows: vec![Window { limit: self.requests_per_minute, period: WINDOW }],
            concurrent: self.concurrent_requests,
            ..BudgetSettings::default()
        }
    }
}

fn default_base_url() -> Url {
    // The literal is a valid URL; there is no other way to have one in a default than to parse it.
    #[expect(clippy::expect_used, reason = "a literal, covered by a test")]
    Url::parse("https://crm.example.com").expect("a valid literal")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_key() -> EspoSettings {
        EspoSettings { api_key: "key-1".into(), ..EspoSettings::default() }
    }

    #[test]
    fn the_defaults_pass_the_check_once_there_is_a_key() {
        assert!(with_key().check().is_ok());
        assert!(EspoSettings::default().check().unwrap_err().message.contains("api_key_file"));
    }

    #[test]
    fn impossible_values_are_refused_by_name() {
        let changes: [(&str, fn(&mut EspoSettings)); 7] = [
            ("page_size", |settings| settings.page_size = 0),
            ("read_batch", |settings| settings.read_batch = 101),
            ("children_batch", |settings| settings.children_batch = 101),
            ("id_field", |settings| settings.id_field = Some(String::new())),
            ("select_parameter", |settings| settings.where_parameter = String::new()),
            ("concurrent_writes", |settings| settings.concurrent_writes = 0),
            ("base_url", |settings| settings.base_url = Url::parse("mailto:x@example.org").unwrap()),
        ];
        for (named, change) in changes {
            let mut settings = with_key();
            change(&mut settings);
            let error = settings.check().unwrap_err();
            assert_eq!(error.kind, ErrorKind::Setting);
            assert!(error.message.contains(named), "{}", error.message);
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let settings = EspoSettings { secret_key: "whisper".into(), ..with_key() };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("key-1") && !shown.contains("whisper"), "{shown}");
    }
}
