//! What a firm configures about its EspoCRM.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::EspoConnector;
use super::webhook::EspoWebhook;
use crate::config::{Key, Reader};
use crate::connector::budget::{BudgetSettings, Window};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Connector;
use crate::connector::registry::{CrmSettings, Parts};
use crate::connector::webhook::Webhook;

/// Records in a page of a list, at most: EspoCRM answers 403 to more.
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

const DAY: Duration = Duration::from_hours(24);

/// The settings of `[espocrm]`; `config/mapping/espocrm.toml` says what each means.
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
    /// Records in a page of a list: 1 to [`PAGE`].
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
    pub id_property: Option<String>,
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
    /// What reads its webhooks, where they are configured.
    pub(super) webhook: Option<Arc<dyn Webhook>>,
}

impl Default for EspoSettings {
    fn default() -> Self {
        Self {
            base_url: default_base_url(),
            api_path: "/api/v1".to_owned(),
            api_key: SecretString::default(),
            secret_key: SecretString::default(),
            digest: Digest::default(),
            page_size: PAGE,
            read_batch: 50,
            children_batch: 20,
            select_parameter: "select".to_owned(),
            where_parameter: "where".to_owned(),
            id_property: Some("cFlowtlyId".to_owned()),
            overlap: Duration::from_mins(5),
            late_commit: Duration::from_secs(10),
            late_request: Duration::from_mins(1),
            max_text: 65_536,
            list_text_cut: 10_000,
            documents: true,
            concurrent_writes: 4,
            concurrent_requests: 8,
            requests_per_minute: 1_200,
            webhook: None,
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
        if !(1..=PAGE).contains(&self.page_size) {
            return wrong("page_size must be from 1 to 200");
        }
        if !(1..=READ_BATCH).contains(&self.read_batch) {
            return wrong("read_batch must be from 1 to 100");
        }
        if self.children_batch > READ_BATCH {
            return wrong("children_batch must be from 0 to 100");
        }
        if self.id_property.as_ref().is_some_and(String::is_empty) {
            return wrong("id_property is empty: name a field, or leave stored ids off");
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

/// Reads `[espocrm]`; `None` only where a problem was noted.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<EspoSettings> {
    let base_url = reader.base_url("espocrm.base_url");
    let api_key = reader.credential("espocrm.api_key", "EspoCRM");
    let secret_key = reader.secret("espocrm.secret_key").map(|secret| secret.text).unwrap_or_default();
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    let digests = [("hex", Digest::Hex), ("raw", Digest::Raw)];
    let children_batch = reader.count("espocrm.children_batch", 0..=READ_BATCH as u64);
    let settings = EspoSettings {
        api_path: reader.route("espocrm.api_path"),
        secret_key,
        digest: reader.choice(&Key::of("espocrm.digest"), &digests, Digest::default()),
        page_size: reader.size("espocrm.page_size", PAGE as u64),
        read_batch: reader.size("espocrm.read_batch", READ_BATCH as u64),
        children_batch: usize::try_from(children_batch).unwrap_or(READ_BATCH),
        select_parameter: reader.text_where("espocrm.select_parameter", "the name of a parameter", word),
        where_parameter: reader.text_where("espocrm.where_parameter", "the name of a parameter", word),
        id_property: reader.optional("espocrm.id_property"),
        overlap: reader.duration("espocrm.overlap", Duration::ZERO..=DAY * 7),
        late_commit: reader.duration("espocrm.late_commit", Duration::ZERO..=DAY),
        late_request: reader.duration("espocrm.late_request", Duration::ZERO..=DAY),
        max_text: reader.size("espocrm.max_text", 1_048_576),
        list_text_cut: reader.size("espocrm.list_text_cut", 1_048_576),
        documents: reader.switch(&Key::of("espocrm.documents")),
        concurrent_writes: reader.size("espocrm.limits.concurrent_writes", 16),
        concurrent_requests: reader.size("espocrm.limits.concurrent_requests", 64),
        requests_per_minute: reader.size("espocrm.limits.requests_per_minute", 1_000_000),
        webhook: webhook(reader),
        base_url: base_url?,
        api_key: api_key?,
    };
    Some(settings)
}

fn webhook(reader: &mut Reader<'_>) -> Option<Arc<dyn Webhook>> {
    let lines = reader.secret("espocrm.webhook.keys")?;
    match EspoWebhook::parse(lines.text.expose_secret()) {
        Ok(webhook) => Some(Arc::new(webhook)),
        Err(line) => {
            let mend = "write a line each: the webhook's id, its secret key, and its event (Account.… or Contact.…)";
            reader.refuse(&Key::of("espocrm.webhook.keys"), format!("line {line} is no webhook"), mend);
            None
        }
    }
}

impl CrmSettings for EspoSettings {
    fn base_url(&self) -> &Url {
        &self.base_url
    }

    fn id_property(&self) -> Option<&str> {
        self.id_property.as_deref()
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, PortError> {
        Ok(Arc::new(EspoConnector::new(self.clone(), parts)?))
    }

    fn webhook(&self) -> Option<Arc<dyn Webhook>> {
        self.webhook.clone()
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
    use crate::config::read_text;

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
        type Change = fn(&mut EspoSettings);
        let changes: [(&str, Change); 7] = [
            ("page_size", |settings| settings.page_size = 201),
            ("read_batch", |settings| settings.read_batch = 101),
            ("children_batch", |settings| settings.children_batch = 101),
            ("id_property", |settings| settings.id_property = Some(String::new())),
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

    const LEAST: &str = "espocrm.base_url = \"https://crm.example.com\"\n";

    fn read_with(text: &str) -> Result<EspoSettings, Vec<String>> {
        read_text(&format!("{LEAST}{text}"), &[("ESPOCRM__API_KEY", "key-1")], read)
    }

    #[test]
    fn the_compiled_in_file_says_the_defaults() {
        let read = read_with("").unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", with_key()));
        assert_eq!(read.api_key.expose_secret(), "key-1");
        assert!(read.check().is_ok());
    }

    #[test]
    fn what_is_written_is_taken_and_what_cannot_work_is_told() {
        let text = "espocrm.digest = \"raw\"\nespocrm.children_batch = 0\nespocrm.id_property = \"\"\n";
        let settings = read_with(text).unwrap();
        assert_eq!((settings.digest, settings.children_batch, settings.id_property), (Digest::Raw, 0, None));
        for (text, wanted) in [
            ("espocrm.page_size = 201", "espocrm.page_size: the number is out of range"),
            ("espocrm.digest = \"md5\"", "espocrm.digest"),
            ("espocrm.pagesize = 5", "did you mean `espocrm.page_size`?"),
            ("espocrm.secret_key = \"whisper\"", "a secret does not stand in the configuration file"),
        ] {
            let told = read_with(text).unwrap_err();
            assert!(told.len() == 1 && told[0].contains(wanted), "{told:#?}");
        }
        let told = read_text("[espocrm]", &[("ESPOCRM__API_KEY", "key-1")], read).unwrap_err();
        assert!(told[0].contains("espocrm.base_url: this is not a URL"), "{told:#?}");
    }

    #[test]
    fn secrets_are_never_shown() {
        let settings = EspoSettings { secret_key: "whisper".into(), ..with_key() };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("key-1") && !shown.contains("whisper"), "{shown}");
    }
}
