//! Flowtly's webhooks. Neither their events nor their payload nor any signature is published, so that a secret (in the path, or
//! in a header) is all that proves them, and they are read with tolerance: whatever looks like the address of a client or a
//! contact names it, and what names nothing still says that something changed.

use http::HeaderName;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::connector::webhook::value::{number, objects};
use crate::connector::webhook::{About, Delivery, Heard, Refused, Webhook, proof};
use crate::domain::record::{Kind, RemoteId};

const SYSTEM: &str = "flowtly";

/// How deep is a payload looked into?
const DEPTH: usize = 5;

/// How many records does one event name at most? More than a few are no event but an export.
const RECORDS: usize = 100;

/// Words by which payloads tell what they are about, beside an `id`.
const SORTS: [&str; 7] = ["@type", "type", "resource", "entity", "event", "eventName", "object"];

/// Reads them.
#[derive(Debug, Clone)]
pub struct FlowtlyWebhook {
    /// What proves them.
    pub secret: SecretString,
    /// The header that holds it; none where it stands in the path.
    pub header: Option<HeaderName>,
    /// The collections, as they are configured.
    pub clients_path: String,
    /// The same of contacts.
    pub contacts_path: String,
}

impl Webhook for FlowtlyWebhook {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn receive(&self, delivery: &Delivery<'_>) -> Result<Vec<Heard>, Refused> {
        let given = match &self.header {
            Some(name) => proof::header(delivery.headers, name.as_str()),
            None => delivery.path_secret,
        };
        if !proof::is_same(given.unwrap_or_default().as_bytes(), self.secret.expose_secret().as_bytes()) {
            return Err(Refused::Unproved);
        }
        let heard = |event: &Value| Heard { key: None, about: self.about(event) };
        Ok(objects(delivery.body)?.iter().map(heard).collect())
    }
}

impl FlowtlyWebhook {
    fn about(&self, event: &Value) -> About {
        let mut records = Vec::new();
        self.gather(event, None, DEPTH, &mut records);
        records.sort();
        records.dedup();
        if records.is_empty() || records.len() > RECORDS { About::Something } else { About::Records(records) }
    }

    /// `about` is what an object above this one says that it is about.
    fn gather(&self, value: &Value, about: Option<Kind>, depth: usize, records: &mut Vec<(Option<Kind>, RemoteId)>) {
        match value {
            Value::String(text) => records.extend(self.address(text)),
            Value::Array(values) if depth > 0 => {
                for value in values {
                    self.gather(value, about, depth - 1, records);
                }
            }
            Value::Object(object) => {
                let own = SORTS.iter().filter_map(|name| object.get(*name)?.as_str()).find_map(sort);
                let about = own.or(about);
                let id = number(object.get("id")).filter(|_| !object.contains_key("@id"));
                records.extend(about.and_then(|kind| Some((Some(kind), id?))));
                for value in object.values().filter(|_| depth > 0) {
                    self.gather(value, about, depth - 1, records);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {}
        }
    }

    /// The record that an address (`/clients/17`, or a whole URL that ends so) means.
    fn address(&self, text: &str) -> Option<(Option<Kind>, RemoteId)> {
        let (place, id) = text.rsplit_once('/')?;
        let id = id.parse::<u64>().ok().filter(|id| *id > 0)?;
        let kind = [(&self.clients_path, Kind::Company), (&self.contacts_path, Kind::Contact)]
            .into_iter()
            .find_map(|(path, kind)| place.ends_with(path.trim_end_matches('/')).then_some(kind))?;
        Some((Some(kind), RemoteId::new(id.to_string())))
    }
}

/// What a word such as `ClientContact`, `client.updated` or `client_contact` is about.
fn sort(word: &str) -> Option<Kind> {
    let word: String = word.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    if word.starts_with("clientcontact") || word.starts_with("contact") {
        Some(Kind::Contact)
    } else {
        word.starts_with("client").then_some(Kind::Company)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use http::HeaderMap;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn webhook(header: Option<&'static str>) -> FlowtlyWebhook {
        FlowtlyWebhook {
            secret: "hush".into(),
            header: header.map(HeaderName::from_static),
            clients_path: "/clients".into(),
            contacts_path: "/client-contacts".into(),
        }
    }

    fn received(
        webhook: &FlowtlyWebhook,
        path_secret: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Vec<Heard>, Refused> {
        webhook.receive(&Delivery { url: None, path_secret, headers, body, now: DateTime::UNIX_EPOCH })
    }

    #[rstest]
    #[case::address(json!({"@id": "/clients/17", "@type": "Client", "id": 17, "name": "Alfa"}), &[(Kind::Company, "17")])]
    #[case::url(json!({"data": {"@id": "https://api.flowtly.eu/api/client-contacts/18"}}), &[(Kind::Contact, "18")])]
    #[case::parent_too(
        json!({"event": "clientContact.updated", "data": {"id": 18, "client": "/clients/17"}}),
        &[(Kind::Company, "17"), (Kind::Contact, "18")]
    )]
    #[case::words(json!({"event": "client.created", "payload": {"id": "17"}}), &[(Kind::Company, "17")])]
    #[case::invoice(json!({"event": "invoice.paid", "payload": {"id": 5}}), &[])]
    #[case::empty(json!({}), &[])]
    fn an_event_names_its_records_or_that_something_changed(#[case] event: Value, #[case] wanted: &[(Kind, &str)]) {
        let wanted: Vec<_> = wanted.iter().map(|(kind, id)| (Some(*kind), RemoteId::new(*id))).collect();
        let wanted = if wanted.is_empty() { About::Something } else { About::Records(wanted) };
        assert_eq!(webhook(None).about(&event), wanted);
    }

    #[test]
    fn the_secret_stands_in_the_path_or_in_the_header_and_nowhere_else() {
        let none = HeaderMap::new();
        let with = HeaderMap::from_iter([("x-secret".parse().unwrap(), "hush".parse().unwrap())]);
        let (by_path, by_header) = (webhook(None), webhook(Some("x-secret")));
        assert!(received(&by_path, Some("hush"), &none, b"{}").is_ok());
        assert!(received(&by_header, None, &with, b"{}").is_ok());
        assert_eq!(received(&by_path, None, &with, b"{}"), Err(Refused::Unproved));
        assert_eq!(received(&by_header, Some("hush"), &none, b"{}"), Err(Refused::Unproved));
        assert_eq!(received(&by_path, Some("hush"), &none, b"<html>"), Err(Refused::Unreadable));
    }

    proptest! {
        #[test]
        fn garbage_is_refused(body: Vec<u8>) {
            let answer = received(&webhook(None), Some("hush"), &HeaderMap::new(), &body);
            prop_assert!(matches!(answer, Err(Refused::Unreadable) | Ok(_)));
        }
    }
}
