//! What a firm configures about its Odoo.

use std::time::Duration;

use chrono::NaiveDate;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::connector::error::{ErrorKind, PortError};

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
    pub id_field: Option<String>,
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
}

impl Default for OdooSettings {
    fn default() -> Self {
        Self {
            base_url: default_base_url(),
            protocol: Protocol::Auto,
            version_path: "/json/version".to_owned(),
            database: None,
            login: None,
            api_key: SecretString::default(),
            language: Some("en_US".to_owned()),
            page_size: 500,
            create_batch: 100,
            id_field: None,
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
        if self.id_field.as_deref().is_some_and(|name| !is_field_name(name)) {
            return wrong("id_field is no field's name: name one like x_flowtly_id, or leave it empty");
        }
        Ok(())
    }
}

/// Whether Odoo could have a field of this name: it is put into requests as it is.
pub(super) fn is_field_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
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

    fn keyed() -> OdooSettings {
        OdooSettings { api_key: "secret-key".into(), ..OdooSettings::default() }
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
    #[case(OdooSettings { id_field: Some("x flowtly".to_owned()), ..keyed() }, "id_field")]
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
