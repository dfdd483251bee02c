//! Odoo's webhooks (automation rule, *Send Webhook Notification*): not signed, sent once within a second. A secret in the path
//! is all that proves them. Companies, contacts and addresses are one model, so that the id alone does not say what it is.
//!
//! Odoo 19, `addons/base_automation`.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::connector::webhook::value::{number, objects, text};
use crate::connector::webhook::{About, Delivery, Heard, Refused, Webhook, proof};
use crate::domain::record::Kind;

const SYSTEM: &str = "odoo";

/// The model of everybody.
const PARTNERS: &str = "res.partner";

/// Reads them.
#[derive(Debug, Clone)]
pub(super) struct OdooWebhook {
    /// What stands behind `/webhooks/odoo/`.
    pub(super) secret: SecretString,
}

impl Webhook for OdooWebhook {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn receive(&self, delivery: &Delivery<'_>) -> Result<Vec<Heard>, Refused> {
        let given = delivery.path_secret.unwrap_or_default();
        if !proof::is_same(given.as_bytes(), self.secret.expose_secret().as_bytes()) {
            return Err(Refused::Unproved);
        }
        objects(delivery.body)?.iter().map(heard).collect()
    }
}

fn heard(event: &Value) -> Result<Heard, Refused> {
    let model = text(event, "_model").ok_or(Refused::Unreadable)?;
    let id = number(event.get("_id").or_else(|| event.get("id"))).ok_or(Refused::Unreadable)?;
    let about = if model == PARTNERS { About::Records(vec![(kind(event), id)]) } else { About::Nothing };
    Ok(Heard { key: None, about })
}

/// Of which kind it is, where the fields that were chosen for the notification tell it for every version. Until 19.0 the mark
/// makes a company, from 19.1 on a company is what is filed under nobody, and may have no mark.
fn kind(event: &Value) -> Option<Kind> {
    let is_marked = event.get("is_company")?.as_bool()?;
    let is_filed = event.get("parent_id").map(|parent| *parent != Value::Bool(false) && !parent.is_null());
    match (is_marked, is_filed, text(event, "type")) {
        (true, Some(false) | None, _) => Some(Kind::Company),
        (false, Some(true), Some("contact")) => Some(Kind::Contact),
        (true, Some(true), _) | (false, Some(false) | None, _) | (false, Some(true), Some(_) | None) => None,
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
    use crate::domain::record::RemoteId;

    fn received(path_secret: Option<&str>, body: &[u8]) -> Result<Vec<Heard>, Refused> {
        let webhook = OdooWebhook { secret: "hush".into() };
        let headers = HeaderMap::new();
        webhook.receive(&Delivery { url: None, path_secret, headers: &headers, body, now: DateTime::UNIX_EPOCH })
    }

    #[rstest]
    #[case::untold(json!({"_model": "res.partner", "_id": 17, "_action": "Tell"}), None)]
    #[case::company(json!({"_model": "res.partner", "_id": 17, "is_company": true}), Some(Kind::Company))]
    #[case::root(json!({"_model": "res.partner", "_id": 17, "is_company": true, "parent_id": false}), Some(Kind::Company))]
    #[case::branch_or_contact(
        json!({"_model": "res.partner", "_id": 17, "is_company": true, "parent_id": 3, "type": "contact"}), None
    )]
    #[case::contact(
        json!({"_model": "res.partner", "id": 17, "is_company": false, "parent_id": 3, "type": "contact"}),
        Some(Kind::Contact)
    )]
    #[case::person_or_firm_without_a_number(
        json!({"_model": "res.partner", "id": 17, "is_company": false, "parent_id": false, "type": "contact"}), None
    )]
    #[case::either(json!({"_model": "res.partner", "id": 17, "is_company": false, "type": "contact"}), None)]
    #[case::address(
        json!({"_model": "res.partner", "_id": 17, "is_company": false, "parent_id": 3, "type": "invoice"}), None
    )]
    fn an_event_names_its_partner(#[case] event: Value, #[case] kind: Option<Kind>) {
        let heard = received(Some("hush"), event.to_string().as_bytes()).unwrap();
        assert_eq!(heard[0].about, About::Records(vec![(kind, RemoteId::new("17"))]));
    }

    #[test]
    fn another_model_is_nothing_of_ours() {
        let heard = received(Some("hush"), br#"{"_model":"crm.lead","_id":17}"#).unwrap();
        assert_eq!(heard[0].about, About::Nothing);
    }

    #[test]
    fn whoever_does_not_know_the_path_is_refused() {
        let body = br#"{"_model":"res.partner","_id":17}"#;
        for secret in [None, Some(""), Some("hus"), Some("hushh")] {
            assert_eq!(received(secret, body), Err(Refused::Unproved), "{secret:?}");
        }
        for body in [&br#"{"_model":"res.partner","_id":"x"}"#[..], b"{}", b"", b"[17]"] {
            assert_eq!(received(Some("hush"), body), Err(Refused::Unreadable));
        }
    }

    proptest! {
        #[test]
        fn garbage_is_refused(body: Vec<u8>) {
            let answer = received(Some("hush"), &body);
            prop_assert!(answer == Err(Refused::Unreadable) || answer == Ok(Vec::new()));
        }
    }
}
