//! HubSpot's webhooks: signed in its third version, up to a hundred events each, again for a day where they are not answered.
//!
//! <https://developers.hubspot.com/docs/guides/apps/authentication/validating-requests>

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::connector::webhook::value::{number, objects, shown, text};
use crate::connector::webhook::{About, Delivery, Heard, Refused, Webhook, key, proof};
use crate::domain::record::{Kind, RemoteId};

const SYSTEM: &str = "hubspot";

/// The numbers of HubSpot's own object types.
const COMPANY_TYPE: &str = "0-2";
const CONTACT_TYPE: &str = "0-1";

/// Reads them.
#[derive(Debug)]
pub(super) struct HubSpotWebhook {
    /// The client secret of the app that sends them.
    pub(super) secret: SecretString,
    /// How old, or how far in the future, a stamp may be.
    pub(super) window: Duration,
}

impl Webhook for HubSpotWebhook {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn signs_url(&self) -> bool {
        true
    }

    fn receive(&self, delivery: &Delivery<'_>) -> Result<Vec<Heard>, Refused> {
        let header = |name| proof::header(delivery.headers, name);
        let stamp = header("x-hubspot-request-timestamp").ok_or(Refused::Unproved)?;
        let code = header("x-hubspot-signature-v3").and_then(proof::from_base64).ok_or(Refused::Unproved)?;
        let url = delivery.url.ok_or(Refused::Unproved)?;
        let pieces = [b"POST", url.as_bytes(), delivery.body, stamp.as_bytes()];
        if !proof::is_signed(self.secret.expose_secret().as_bytes(), &pieces, &code) {
            return Err(Refused::Unproved);
        }
        let sent = stamp.parse().ok().and_then(DateTime::from_timestamp_millis).ok_or(Refused::Unreadable)?;
        let window = TimeDelta::from_std(self.window).unwrap_or(TimeDelta::MAX);
        if (delivery.now - sent).abs() > window {
            return Err(Refused::Stale);
        }
        Ok(objects(delivery.body)?.iter().map(heard).collect())
    }
}

fn heard(event: &Value) -> Heard {
    // The number alone is not promised to be another one for another event.
    let parts =
        ["eventId", "subscriptionId", "subscriptionType", "objectId", "occurredAt"].map(|name| shown(event.get(name)));
    let parts = parts.each_ref().map(String::as_str);
    let key = event.get("eventId").map(|_| key(SYSTEM, &parts));
    Heard { key, about: about(event) }
}

/// The records that an event names: the one that changed, both of an association, all of a merge.
fn about(event: &Value) -> About {
    let Some((object, _)) = text(event, "subscriptionType").and_then(|sort| sort.split_once('.')) else {
        return About::Nothing;
    };
    let typed = |name: &str| text(event, name).and_then(kind_of);
    let kind = match object {
        "object" => typed("objectTypeId").or_else(|| typed("fromObjectTypeId")),
        word => kind_of(word),
    };
    let mut records: Vec<(Option<Kind>, RemoteId)> = Vec::new();
    if let Some(kind) = kind {
        let single = ["objectId", "primaryObjectId", "newObjectId"].map(|name| event.get(name));
        let merged = event.get("mergedObjectIds").and_then(Value::as_array).into_iter().flatten().map(Some);
        records.extend(single.into_iter().chain(merged).filter_map(number).map(|id| (Some(kind), id)));
    }
    records.extend(association(event));
    records.sort();
    records.dedup();
    if records.is_empty() { About::Nothing } else { About::Records(records) }
}

/// Both ends of an association, as far as they are companies and contacts. Its type says which: `CONTACT_TO_COMPANY`.
fn association(event: &Value) -> Vec<(Option<Kind>, RemoteId)> {
    let sort = text(event, "associationType").unwrap_or_default();
    let (from, to) = sort.split_once("_TO_").unwrap_or_default();
    let ends = [("fromObjectTypeId", from, "fromObjectId"), ("toObjectTypeId", to, "toObjectId")];
    let end = |(type_id, word, id): (&str, &str, &str)| {
        let kind = text(event, type_id).and_then(kind_of).or_else(|| kind_of(&word.to_lowercase()));
        Some((Some(kind?), number(event.get(id))?))
    };
    ends.into_iter().filter_map(end).collect()
}

fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "company" | COMPANY_TYPE => Some(Kind::Company),
        "contact" | CONTACT_TYPE => Some(Kind::Contact),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, Mac as _};
    use http::HeaderMap;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;
    use sha2::Sha256;

    use super::*;

    const URL: &str = "https://sync.example.com/webhooks/hubspot";
    const NOW: i64 = 1_763_884_800_000;

    fn webhook() -> HubSpotWebhook {
        HubSpotWebhook { secret: "hush".into(), window: Duration::from_mins(5) }
    }

    fn headers(stamp: &str, body: &[u8]) -> HeaderMap {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"hush").unwrap();
        mac.update(format!("POST{URL}").as_bytes());
        mac.update(body);
        mac.update(stamp.as_bytes());
        let code = STANDARD.encode(mac.finalize().into_bytes());
        let text = |text: &str| text.parse().unwrap();
        HeaderMap::from_iter([
            ("x-hubspot-signature-v3".parse().unwrap(), text(&code)),
            ("x-hubspot-request-timestamp".parse().unwrap(), text(stamp)),
        ])
    }

    fn received(url: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Heard>, Refused> {
        let now = DateTime::from_timestamp_millis(NOW).unwrap();
        webhook().receive(&Delivery { url, path_secret: None, headers, body, now })
    }

    #[test]
    fn only_what_is_signed_for_this_url_and_not_long_ago_is_taken() {
        let body = br#"[{"eventId":1,"subscriptionType":"company.propertyChange","objectId":17}]"#;
        let stamp = NOW.to_string();
        let signed = headers(&stamp, body);
        assert_eq!(received(Some(URL), &signed, body).unwrap().len(), 1);
        assert_eq!(received(Some("https://elsewhere.example.com/"), &signed, body), Err(Refused::Unproved));
        assert_eq!(received(None, &signed, body), Err(Refused::Unproved));
        assert_eq!(received(Some(URL), &signed, b"[]"), Err(Refused::Unproved));
        assert_eq!(received(Some(URL), &HeaderMap::new(), body), Err(Refused::Unproved));
        for minutes in [-6, 6] {
            let stamp = (NOW + minutes * 60_000).to_string();
            assert_eq!(received(Some(URL), &headers(&stamp, body), body), Err(Refused::Stale));
        }
        assert_eq!(received(Some(URL), &headers("soon", body), body), Err(Refused::Unreadable));
    }

    #[rstest]
    #[case::change(json!({"subscriptionType": "company.propertyChange", "objectId": 17}), &[(Kind::Company, "17")])]
    #[case::creation(json!({"subscriptionType": "contact.creation", "objectId": "18"}), &[(Kind::Contact, "18")])]
    #[case::any_object(
        json!({"subscriptionType": "object.deletion", "objectTypeId": "0-2", "objectId": 17}), &[(Kind::Company, "17")]
    )]
    #[case::merge(
        json!({"subscriptionType": "company.merge", "objectId": 3, "primaryObjectId": 1, "mergedObjectIds": [2, "1"],
               "newObjectId": 3}),
        &[(Kind::Company, "1"), (Kind::Company, "2"), (Kind::Company, "3")]
    )]
    #[case::association(
        json!({"subscriptionType": "contact.associationChange", "associationType": "CONTACT_TO_COMPANY",
               "fromObjectId": 5, "toObjectId": 6}),
        &[(Kind::Company, "6"), (Kind::Contact, "5")]
    )]
    #[case::deal(json!({"subscriptionType": "deal.propertyChange", "objectId": 17}), &[])]
    #[case::nothing(json!({"objectId": 17}), &[])]
    #[case::odd(json!({"subscriptionType": "company.creation", "objectId": {"id": 17}}), &[])]
    fn an_event_names_its_records(#[case] event: Value, #[case] wanted: &[(Kind, &str)]) {
        let wanted: Vec<_> = wanted.iter().map(|(kind, id)| (Some(*kind), RemoteId::new(*id))).collect();
        let wanted = if wanted.is_empty() { About::Nothing } else { About::Records(wanted) };
        assert_eq!(about(&event), wanted);
    }

    #[test]
    fn an_event_that_is_delivered_again_has_the_same_key_and_another_one_has_not() {
        let event = |id: u64, attempt: u64| {
            heard(&json!({"eventId": id, "subscriptionId": 9, "subscriptionType": "company.creation", "objectId": 17,
                          "occurredAt": NOW, "attemptNumber": attempt}))
        };
        assert_eq!(event(1, 0), event(1, 3));
        assert_ne!(event(1, 0).key, event(2, 0).key);
        assert_eq!(heard(&json!({"subscriptionType": "company.creation", "objectId": 17})).key, None);
    }

    proptest! {
        #[test]
        fn garbage_that_is_signed_is_refused_or_means_nothing(body: Vec<u8>) {
            let answer = received(Some(URL), &headers(&NOW.to_string(), &body), &body);
            prop_assert!(matches!(answer, Err(Refused::Unreadable) | Ok(_)));
        }
    }
}
