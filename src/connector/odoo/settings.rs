//! What a firm configures about its Odoo.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::OdooConnector;
use super::webhook::OdooWebhook;
use crate::config::{Key, Reader};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Connector;
use crate::connector::registry::{CrmSettings, Parts};
use crate::connector::webhook::Webhook;

/// The longest of the durations that may be set.
const DAY: Duration = Duration::from_hours(24);

/// Which of Odoo's two APIs is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// JSON-2 where the server is of version 19 or later, else JSON-RPC.
    #[default]
    Auto,
    /// `POST /json/2/<model>/<method>`, from version 19 on.
    Json2,
    /// `POST /jsonrpc`: of every version, to be removed with version 22.
    JsonRpc,
}

impl Protocol {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Json2, Self::JsonRpc];

    /// The word of the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Json2 => "json2",
            Self::JsonRpc => "jsonrpc",
        }
    }

    /// The protocol that [`Self::as_str`] names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == text)
    }
}

/// What is configured of an Odoo.
#[derive(Debug, Clone)]
pub struct OdooSettings {
    /// Where Odoo answers.
    pub base_url: Url,
    /// Which API is spoken.
    pub protocol: Protocol,
    /// Tells the server's version without a key; below the base URL.
    pub version_path: String,
    /// The database. JSON-RPC always needs it, JSON-2 only where one server has several.
    pub database: Option<String>,
    /// The login that the key belongs to; for JSON-RPC alone.
    pub login: Option<String>,
    /// The API key.
    pub api_key: SecretString,
    /// The language in which Odoo words its lists and refusals; `None` leaves it to the key's user.
    pub language: Option<String>,
    /// Records in a page: 1 to 10,000.
    pub page_size: usize,
    /// Records in one create: 1 to 1,000. It is one transaction: one bad record refuses all.
    pub create_batch: usize,
    /// The field of companies that holds our id; `None` stores no ids.
    pub id_property: Option<String>,
    /// How far back an incremental read reaches behind the last one: longer than the longest transaction, because Odoo stamps
    /// with the transaction's start.
    pub overlap: Duration,
    /// For how long after our time-out Odoo may still carry a request out.
    pub late_commit: Duration,
    /// The longest text of a field that is read, in characters; a longer one is unknown.
    pub max_text: usize,
    /// The longest list that a text is looked up in, in records.
    pub lookup_cap: usize,
    /// How soon a list is read again in which something was not found.
    pub lookup_fresh: Duration,
    /// How many writes may be under way at once.
    pub concurrent_writes: usize,
    /// How many requests of any sort may be under way at once; 0 for any number.
    pub concurrent_requests: usize,
    /// The most requests in any minute; 0 for any number.
    pub requests_per_minute: usize,
    /// The last day of the API key, where Odoo itself does not tell.
    pub key_expires: Option<NaiveDate>,
    /// The name of the API key in Odoo, so that its own end is told and not that of the user's other keys.
    pub key_name: Option<String>,
    /// How long before its end the key is warned about.
    pub warn_before: Duration,
    /// What reads its webhooks, where they are configured.
    pub(super) webhook: Option<Arc<dyn Webhook>>,
}

impl Default for OdooSettings {
    fn default() -> Self {
        Self {
            webhook: None,
            base_url: default_base_url(),
            protocol: Protocol::Auto,
            version_path: "/json/version".to_owned(),
            database: None,
            login: None,
            api_key: SecretString::default(),
            language: Some("en_US".to_owned()),
            page_size: 500,
            create_batch: 100,
            id_property: None,
            overlap: Duration::from_mins(10),
            late_commit: Duration::from_mins(2),
            max_text: 65_536,
            lookup_cap: 5_000,
            lookup_fresh: Duration::from_hours(1),
            concurrent_writes: 1,
            concurrent_requests: 1,
            requests_per_minute: 0,
            key_expires: None,
            key_name: None,
            warn_before: Duration::from_hours(14 * 24),
        }
    }
}

/// Reads `[odoo]`; `None` only where a problem was noted.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<OdooSettings> {
    let base_url = reader.base_url("odoo.base_url");
    let api_key = reader.credential("odoo.api_key", "Odoo");
    let protocols = Protocol::ALL.map(|protocol| (protocol.as_str(), protocol));
    let protocol = reader.choice(&Key::of("odoo.protocol"), &protocols, Protocol::Auto);
    let (database, login) = (reader.optional("odoo.database"), reader.optional("odoo.login"));
    if protocol == Protocol::JsonRpc {
        for (name, value) in [("odoo.database", &database), ("odoo.login", &login)] {
            if value.is_none() {
                let mend = "set it, or let protocol be \"auto\"";
                reader.refuse(&Key::of(name), "JSON-RPC needs the database and the login", mend);
            }
        }
    }
    let id_property = reader.optional("odoo.id_property");
    if id_property.as_deref().is_some_and(|name| !is_field_name(name)) {
        let mend = "name one like \"x_flowtly_id\", or leave it empty";
        reader.refuse(&Key::of("odoo.id_property"), "Odoo has no field of such a name", mend);
    }
    let settings = OdooSettings {
        webhook: webhook(reader),
        protocol,
        version_path: reader.route("odoo.version_path"),
        database,
        login,
        language: reader.optional("odoo.language"),
        page_size: reader.size("odoo.page_size", 10_000),
        create_batch: reader.size("odoo.create_batch", 1_000),
        id_property,
        overlap: reader.duration("odoo.overlap", Duration::ZERO..=DAY * 7),
        late_commit: reader.duration("odoo.late_commit", Duration::ZERO..=DAY),
        max_text: reader.size("odoo.max_text", 1_048_576),
        lookup_cap: reader.size("odoo.lookup_cap", 1_000_000),
        lookup_fresh: reader.duration("odoo.lookup_fresh", Duration::ZERO..=DAY * 7),
        concurrent_writes: reader.size("odoo.concurrent_writes", 16),
        concurrent_requests: usize::try_from(reader.count("odoo.concurrent_requests", 0..=256)).unwrap_or(0),
        requests_per_minute: usize::try_from(reader.count("odoo.requests_per_minute", 0..=1_000_000)).unwrap_or(0),
        key_expires: key_expires(reader),
        key_name: reader.optional("odoo.key_name"),
        warn_before: reader.duration("odoo.warn_before", Duration::ZERO..=DAY * 365),
        base_url: base_url?,
        api_key: api_key?,
    };
    Some(settings)
}

/// The last day of the key.
fn key_expires(reader: &mut Reader<'_>) -> Option<NaiveDate> {
    let text = reader.optional("odoo.key_expires")?;
    let day = text.parse().ok();
    if day.is_none() {
        reader.refuse(&Key::of("odoo.key_expires"), "this is no day", "write it as \"2027-02-28\", in quotes");
    }
    day
}

fn webhook(reader: &mut Reader<'_>) -> Option<Arc<dyn Webhook>> {
    let secret = reader.path_secret("odoo.webhook.secret")?;
    Some(Arc::new(OdooWebhook { secret }))
}

impl CrmSettings for OdooSettings {
    fn base_url(&self) -> &Url {
        &self.base_url
    }

    fn id_property(&self) -> Option<&str> {
        self.id_property.as_deref()
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, PortError> {
        Ok(Arc::new(OdooConnector::new(self.clone(), parts)?))
    }

    fn webhook(&self) -> Option<Arc<dyn Webhook>> {
        self.webhook.clone()
    }
}

impl OdooSettings {
    /// Fails with [`ErrorKind::Setting`], naming the key, where a value cannot work.
    pub fn check(&self) -> Result<(), PortError> {
        let wrong = |message: &str| Err(PortError::new(ErrorKind::Setting, message));
        if self.base_url.cannot_be_a_base() || self.base_url.host().is_none() {
            return wrong("base_url names no host: write it like https://example.odoo.com");
        }
        if self.api_key.expose_secret().trim().is_empty() {
            return wrong("there is no Odoo API key: name its file in api_key_file");
        }
        if !(1..=10_000).contains(&self.page_size) {
            return wrong("page_size must be from 1 to 10000");
        }
        if !(1..=1_000).contains(&self.create_batch) {
            return wrong("create_batch must be from 1 to 1000");
        }
        if self.protocol == Protocol::JsonRpc && (self.database.is_none() || self.login.is_none()) {
            return wrong("JSON-RPC needs the database and the login: set database and login");
        }
        if self.id_property.as_deref().is_some_and(|name| !is_field_name(name)) {
            return wrong("id_property is no field's name: name one like x_flowtly_id, or leave it empty");
        }
        Ok(())
    }
}

/// Whether Odoo could have a field of this name: it is put into requests as it is.
pub(super) fn is_field_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn default_base_url() -> Url {
    // The literal is a valid URL; there is no other way to have one in a default than to parse it.
    #[expect(clippy::expect_used, reason = "a literal, covered by a test")]
    Url::parse("http://localhost:8069").expect("a valid literal")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::config::read_text;

    const KEY: (&str, &str) = ("ODOO__API_KEY", "secret-key");

    fn keyed() -> OdooSettings {
        OdooSettings { api_key: "secret-key".into(), ..OdooSettings::default() }
    }

    impl OdooSettings {
        /// The defaults, with a key that only a test would send.
        pub(in super::super) fn of_defaults() -> Self {
            keyed()
        }
    }

    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_code() {
        let read = read_text("crm.kind = \"odoo\"", &[KEY], read).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", keyed()));
    }

    #[test]
    fn what_is_written_is_taken() {
        let text = "[odoo]\nbase_url = \"https://firm.example/odoo\"\nprotocol = \"jsonrpc\"\ndatabase = \"firm\"\n\
                    login = \"sync\"\nkey_expires = \"2027-02-28\"\nid_property = \"x_flowtly_id\"\nwarn_before = \"7d\"";
        let settings = read_text(text, &[KEY], read).unwrap();
        assert_eq!(settings.base_url.as_str(), "https://firm.example/odoo/");
        assert_eq!((settings.protocol, settings.database.as_deref()), (Protocol::JsonRpc, Some("firm")));
        assert_eq!(settings.key_expires, NaiveDate::from_ymd_opt(2027, 2, 28));
        assert_eq!(CrmSettings::id_property(&settings), Some("x_flowtly_id"));
        assert_eq!(settings.warn_before, DAY * 7);
        assert!(settings.check().is_ok());
    }

    #[rstest]
    #[case("page_size = 0", "odoo.page_size: the number is out of range")]
    #[case("protocol = \"xmlrpc\"", "odoo.protocol")]
    #[case("protocol = \"jsonrpc\"\nlogin = \"x\"", "odoo.database: JSON-RPC needs the database and the login")]
    #[case("key_expires = \"soon\"", "odoo.key_expires: this is no day")]
    #[case("id_property = \"Flowtly id\"", "odoo.id_property: Odoo has no field of such a name")]
    #[case("pagesize = 1", "odoo.pagesize: there is no such setting; did you mean `odoo.page_size`?")]
    fn a_wrong_line_is_told_with_its_key(#[case] line: &str, #[case] wanted: &str) {
        let told = read_text(&format!("[odoo]\n{line}"), &[KEY], read).unwrap_err();
        assert!(told.len() == 1 && told[0].contains(wanted), "{told:#?}");
    }

    #[test]
    fn the_example_is_a_configuration() {
        let settings = read_text(include_str!("../../../config/odoo.example.toml"), &[KEY], read).unwrap();
        assert_eq!(settings.base_url.as_str(), "https://example.odoo.com/");
    }

    #[test]
    fn a_missing_key_is_told_with_its_file() {
        let told = read_text("crm.kind = \"odoo\"", &[], read).unwrap_err();
        assert!(told.iter().any(|line| line.contains("api_key_file")), "{told:#?}");
    }

    #[test]
    fn the_defaults_lack_nothing_but_a_key() {
        assert!(keyed().check().is_ok());
        let error = OdooSettings::default().check().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting);
        assert!(error.message.contains("api_key_file"), "{}", error.message);
    }

    #[rstest]
    #[case(OdooSettings { page_size: 0, ..keyed() }, "page_size")]
    #[case(OdooSettings { create_batch: 1_001, ..keyed() }, "create_batch")]
    #[case(OdooSettings { protocol: Protocol::JsonRpc, ..keyed() }, "database")]
    #[case(OdooSettings { id_property: Some("x flowtly".to_owned()), ..keyed() }, "id_property")]
    #[case(OdooSettings { base_url: "mailto:x@example.org".parse().unwrap(), ..keyed() }, "base_url")]
    fn what_cannot_work_is_refused_by_its_key(#[case] settings: OdooSettings, #[case] key: &str) {
        let error = settings.check().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting);
        assert!(error.message.contains(key), "{}", error.message);
    }

    #[test]
    fn the_key_is_never_shown() {
        assert!(!format!("{:?}", keyed()).contains("secret-key"));
    }

    #[test]
    fn every_protocol_is_named_by_its_word() {
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::parse(protocol.as_str()), Some(protocol));
        }
        assert_eq!(Protocol::parse("xmlrpc"), None);
    }
}
