//! EspoCRM's webhooks: one subscription an event, each with an id and a key of its own that sign its deliveries. A delivery says
//! neither of which entity nor what happened, so that the subscription stands for it.
//!
//! <https://docs.espocrm.com/administration/webhooks/>; what real servers sent follows it.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::connector::webhook::value::{objects, word};
use crate::connector::webhook::{About, Delivery, Heard, Refused, Webhook, proof};
use crate::domain::record::Kind;

const SYSTEM: &str = "espocrm";

/// One subscription.
#[derive(Clone)]
pub(super) struct Subscription {
    id: String,
    key: SecretString,
    /// Of what it tells, where that was said.
    kind: Option<Kind>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Reads deliveries.
#[derive(Debug, Clone, Default)]
pub(super) struct EspoWebhook {
    pub(super) subscriptions: Vec<Subscription>,
}

impl EspoWebhook {
    /// Subscriptions as they are written down, a line each: the webhook's id, its secret key, and (better with) its event. Fails
    /// with the number of the line that is none.
    pub(super) fn parse(lines: &str) -> Result<Self, usize> {
        let mut subscriptions = Vec::new();
        for (number, line) in (1..).zip(lines.lines()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (id, key, event) = match *words.as_slice() {
                [] => continue,
                [first, ..] if first.starts_with('#') => continue,
                [id, key] => (id, key, None),
                [id, key, event] => (id, key, Some(event)),
                _ => return Err(number),
            };
            let entity = event.map(|event| event.split('.').next().unwrap_or_default());
            let kind = match entity {
                None => None,
                Some("Account") => Some(Kind::Company),
                Some("Contact") => Some(Kind::Contact),
                Some(_) => return Err(number),
            };
            subscriptions.push(Subscription { id: id.to_owned(), key: key.into(), kind });
        }
        Ok(Self { subscriptions })
    }

    /// The subscription that signed a delivery: base64 of its id, a colon, and the code in hexadecimal digits.
    fn signer(&self, delivery: &Delivery<'_>) -> Option<&Subscription> {
        let signature = proof::from_base64(proof::header(delivery.headers, "signature")?)?;
        let colon = signature.iter().position(|byte| *byte == b':')?;
        let (id, code) = (signature.get(..colon)?, proof::from_hex(signature.get(colon + 1..)?)?);
        let subscription = self.subscriptions.iter().find(|subscription| subscription.id.as_bytes() == id)?;
        let key = subscription.key.expose_secret().as_bytes();
        proof::is_signed(key, &[delivery.body], &code).then_some(subscription)
    }
}

impl Webhook for EspoWebhook {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn receive(&self, delivery: &Delivery<'_>) -> Result<Vec<Heard>, Refused> {
        let kind = self.signer(delivery).ok_or(Refused::Unproved)?.kind;
        let heard = |event: &Value| {
            let record = word(event.get("id")).map(|id| vec![(kind, id)]);
            Heard { key: None, about: record.map_or(About::Nothing, About::Records) }
        };
        Ok(objects(delivery.body)?.iter().map(heard).collect())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use chrono::DateTime;
    use hmac::{Hmac, Mac as _};
    use http::HeaderMap;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::domain::record::RemoteId;

    const SUBSCRIPTIONS: &str = "# made for flowtly-sync\n6543abc key-one Account.update\n\n6543def key-two";

    fn headers(id: &str, key: &str, body: &[u8]) -> HeaderMap {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(body);
        let code = mac.finalize().into_bytes();
        let hex = code.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let signature = STANDARD.encode(format!("{id}:{hex}"));
        HeaderMap::from_iter([("signature".parse().unwrap(), signature.parse().unwrap())])
    }

    fn received(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Heard>, Refused> {
        let webhook = EspoWebhook::parse(SUBSCRIPTIONS).unwrap();
        webhook.receive(&Delivery { url: None, path_secret: None, headers, body, now: DateTime::UNIX_EPOCH })
    }

    #[test]
    fn each_subscription_signs_for_itself_and_says_of_what_it_tells() {
        let body = br#"[{"id":"65c0ffee0123456ab","name":"Alfa"},{"id":"65c0ffee0123456ac"}]"#;
        let heard = received(&headers("6543abc", "key-one", body), body).unwrap();
        let records = |heard: &Heard| match &heard.about {
            About::Records(records) => records.clone(),
            About::Something | About::Nothing => panic!("{heard:?}"),
        };
        assert_eq!(records(&heard[0]), [(Some(Kind::Company), RemoteId::new("65c0ffee0123456ab"))]);
        assert_eq!(heard.len(), 2);
        let heard = received(&headers("6543def", "key-two", body), body).unwrap();
        assert_eq!(records(&heard[1]), [(None, RemoteId::new("65c0ffee0123456ac"))]);
    }

    #[test]
    fn what_another_key_signed_or_nobody_is_refused() {
        let body = br#"[{"id":"65c0ffee0123456ab"}]"#;
        for (id, key) in [("6543abc", "key-two"), ("6543aaa", "key-one"), ("", "key-one")] {
            assert_eq!(received(&headers(id, key, body), body), Err(Refused::Unproved), "{id} {key}");
        }
        let signed = headers("6543abc", "key-one", body);
        assert_eq!(received(&signed, b"[]"), Err(Refused::Unproved));
        assert_eq!(received(&HeaderMap::new(), body), Err(Refused::Unproved));
    }

    #[test]
    fn a_line_that_is_no_subscription_is_told() {
        for (lines, number) in [("one", 1), ("a b\nc d Lead.update", 2), ("a b Account.update and more", 1)] {
            assert_eq!(EspoWebhook::parse(lines).unwrap_err(), number, "{lines}");
        }
        let shown = format!("{:?}", EspoWebhook::parse(SUBSCRIPTIONS).unwrap());
        assert!(!shown.contains("key-one"), "{shown}");
    }

    proptest! {
        #[test]
        fn garbage_is_refused_or_means_nothing(body: Vec<u8>, signature in "\\PC*") {
            let answer = received(&headers("6543abc", "key-one", &body), &body);
            prop_assert!(matches!(answer, Err(Refused::Unreadable) | Ok(_)));
            if let Ok(value) = http::HeaderValue::from_bytes(signature.as_bytes()) {
                let headers = HeaderMap::from_iter([("signature".parse().unwrap(), value)]);
                prop_assert_eq!(received(&headers, &body), Err(Refused::Unproved));
            }
        }
    }
}
