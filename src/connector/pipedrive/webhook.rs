//! Pipedrive's webhooks, second version: not signed, proved by the name and password that were given when they were made.
//!
//! <https://pipedrive.readme.io/docs/guide-for-webhooks-v2>

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::connector::webhook::value::{number, objects, text};
use crate::connector::webhook::{About, Delivery, Heard, Refused, Webhook, key, proof};
use crate::domain::record::Kind;

const SYSTEM: &str = "pipedrive";

/// Reads them.
#[derive(Debug, Clone)]
pub(super) struct PipedriveWebhook {
    /// `http_auth_user`.
    pub(super) username: String,
    /// `http_auth_password`.
    pub(super) password: SecretString,
}

impl Webhook for PipedriveWebhook {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn receive(&self, delivery: &Delivery<'_>) -> Result<Vec<Heard>, Refused> {
        if !proof::is_user(delivery.headers, &self.username, self.password.expose_secret()) {
            return Err(Refused::Unproved);
        }
        objects(delivery.body)?.iter().map(heard).collect()
    }
}

fn heard(event: &Value) -> Result<Heard, Refused> {
    let meta = event.get("meta").filter(|meta| meta.is_object()).ok_or(Refused::Unreadable)?;
    let kind = match text(meta, "entity").or_else(|| text(meta, "object")) {
        Some("organization") => Kind::Company,
        Some("person") => Kind::Contact,
        Some(_) | None => return Ok(Heard { key: None, about: About::Nothing }),
    };
    // The first version numbers the record where the second numbers the event.
    let record = number(meta.get("entity_id")).or_else(|| number(meta.get("id")));
    let event_key = meta.get("entity_id").and_then(|_| text(meta, "id")).map(|id| key(SYSTEM, &[id]));
    let about = record.map_or(About::Something, |id| About::Records(vec![(Some(kind), id)]));
    Ok(Heard { key: event_key, about })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use chrono::DateTime;
    use http::HeaderMap;
    use http::header::AUTHORIZATION;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::domain::record::RemoteId;

    fn received(credentials: &str, body: &[u8]) -> Result<Vec<Heard>, Refused> {
        let value = format!("Basic {}", STANDARD.encode(credentials)).parse().unwrap();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let webhook = PipedriveWebhook { username: "flowtly-sync".into(), password: "hush".into() };
        let now = DateTime::UNIX_EPOCH;
        webhook.receive(&Delivery { url: None, path_secret: None, headers: &headers, body, now })
    }

    #[rstest]
    #[case::change(json!({"meta": {"action": "change", "entity": "organization", "entity_id": "17", "id": "a1"}}),
        About::Records(vec![(Some(Kind::Company), RemoteId::new("17"))]))]
    #[case::person(json!({"meta": {"action": "delete", "entity": "person", "entity_id": 18}}),
        About::Records(vec![(Some(Kind::Contact), RemoteId::new("18"))]))]
    #[case::first_version(json!({"meta": {"action": "updated", "object": "person", "id": 18}}),
        About::Records(vec![(Some(Kind::Contact), RemoteId::new("18"))]))]
    #[case::unnamed(json!({"meta": {"entity": "person"}}), About::Something)]
    #[case::deal(json!({"meta": {"entity": "deal", "entity_id": 17}}), About::Nothing)]
    fn an_event_names_its_record(#[case] event: Value, #[case] wanted: About) {
        let heard = received("flowtly-sync:hush", event.to_string().as_bytes()).unwrap();
        assert_eq!(heard[0].about, wanted);
    }

    #[test]
    fn an_event_that_is_delivered_again_has_the_same_key() {
        let event = |attempt: u64| {
            heard(&json!({"meta": {"entity": "person", "entity_id": 1, "id": "a1", "attempt": attempt}})).unwrap()
        };
        assert!(event(1).key.is_some());
        assert_eq!(event(1), event(2));
    }

    #[test]
    fn whoever_does_not_know_name_and_password_is_refused() {
        for credentials in ["flowtly-sync:hus", "sync:hush", "", ":"] {
            assert_eq!(received(credentials, b"{}"), Err(Refused::Unproved), "{credentials}");
        }
        assert_eq!(received("flowtly-sync:hush", b"{}"), Err(Refused::Unreadable));
    }

    proptest! {
        #[test]
        fn garbage_is_refused(body: Vec<u8>) {
            let answer = received("flowtly-sync:hush", &body);
            prop_assert!(answer == Err(Refused::Unreadable) || answer == Ok(Vec::new()));
        }
    }
}
