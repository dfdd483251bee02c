//! Who the account is, which properties it has, and what the connector declares.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::HubSpotSettings;
use super::super::script::{Script, shape};
use crate::connector::error::ErrorKind;
use crate::connector::port::{Presence, Schema, Source};
use crate::domain::field::Field;
use crate::domain::record::Kind;

const PROPERTIES: &str = "/crm/properties/2026-03/companies";

fn shown() -> Value {
    json!({"results": [
        {"name": "name", "type": "string", "modificationMetadata": {"readOnlyValue": false}, "options": []},
        {"name": "lifecyclestage", "type": "enumeration", "calculated": false,
            "modificationMetadata": {"readOnlyValue": false}, "options": [{"label": "Lead", "value": "lead"}]},
        {"name": "city", "type": "string", "calculated": true, "modificationMetadata": {"readOnlyValue": false}},
        {"name": "vat", "type": "string", "archived": true},
    ]})
}

fn new_property(name: &str, label: &str, description: &str, unique: bool) -> Value {
    json!({"name": name, "label": label, "description": description, "groupName": "companyinformation",
           "type": "string", "fieldType": "text", "hasUniqueValue": unique})
}

#[tokio::test]
async fn the_account_is_the_portal() {
    let (hubspot, script) = Script::new()
        .get("/account-info/v3/details", 200, &json!({"portalId": 62515, "timeZone": "Europe/Warsaw"}))
        .play();
    assert_eq!(hubspot.probe().await.unwrap().id.as_deref(), Some("62515"));
    script.assert_finished();
}

#[tokio::test]
async fn mapped_properties_are_told_in_the_shapes_order_and_then_the_one_for_our_id() {
    let (hubspot, script) = Script::new().get(PROPERTIES, 200, &shown()).play();
    let properties = hubspot.properties(Kind::Company).await.unwrap();
    let told: Vec<_> =
        properties.iter().map(|property| (property.path.as_str(), property.presence, property.writable)).collect();
    assert_eq!(
        told,
        [
            ("name", Presence::Present, Some(true)),
            ("vat", Presence::Missing, None),
            ("city", Presence::Present, Some(false)),
            ("lifecyclestage", Presence::Present, Some(true)),
            ("flowtly_id", Presence::Missing, None),
        ]
    );
    assert_eq!(properties[3].choices, ["lead"]);
    script.assert_finished();
}

#[tokio::test]
async fn missing_properties_are_added_and_only_ours_is_unique() {
    let (hubspot, script) = Script::new()
        .get(PROPERTIES, 200, &shown())
        .post(
            PROPERTIES,
            new_property(
                "flowtly_id",
                "Flowtly id",
                "The Flowtly record that this one is kept in agreement with. Do not edit.",
                true,
            ),
            201,
            &json!({"name": "flowtly_id"}),
        )
        .post(
            PROPERTIES,
            new_property("vat", "vat", "Kept in agreement with Flowtly.", false),
            201,
            &json!({"name": "vat"}),
        )
        .play();
    assert_eq!(hubspot.add_missing(Kind::Company).await.unwrap(), ["flowtly_id", "vat"]);
    script.assert_finished();
}

#[tokio::test]
async fn a_token_that_may_not_add_properties_is_told_its_scope() {
    let (hubspot, _) = Script::new()
        .get(PROPERTIES, 200, &shown())
        .post(
            PROPERTIES,
            new_property(
                "flowtly_id",
                "Flowtly id",
                "The Flowtly record that this one is kept in agreement with. Do not edit.",
                true,
            ),
            403,
            &json!({"status": "error", "message": "no", "category": "MISSING_SCOPES"}),
        )
        .play();
    let error = hubspot.add_missing(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.contains("crm.schemas.companies.write"), "{}", error.message);
}

#[tokio::test]
async fn a_property_for_our_id_that_is_not_unique_is_a_wrong_setting() {
    let (hubspot, _) = Script::new()
        .get(PROPERTIES, 200, &json!({"results": [{"name": "flowtly_id", "hasUniqueValue": false}]}))
        .play();
    let error = hubspot.add_missing(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
}

#[tokio::test]
async fn classic_releases_have_their_own_paths() {
    let (hubspot, script) = Script::new()
        .get("/crm/v3/properties/contacts", 200, &json!({"results": []}))
        .play_with(|settings| settings.api_version = "v3".into());
    let properties = hubspot.properties(Kind::Contact).await.unwrap();
    assert_eq!(properties.len(), 3, "contacts hold no id of ours");
    script.assert_finished();
}

#[test]
fn a_connector_without_a_token_is_not_made() {
    for token in ["", " \n", "two\nlines"] {
        let settings = HubSpotSettings { token: token.into(), ..HubSpotSettings::of_defaults() };
        let error = Script::new().connect(shape(Kind::Contact), settings).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting);
        assert!(error.message.contains("token"), "{}", error.message);
    }
    let error = Script::new().connect(shape(Kind::Company), HubSpotSettings::of_defaults()).unwrap_err();
    assert!(error.message.contains("mixed up"), "{}", error.message);
}

#[test]
fn what_hubspot_can_do_is_declared() {
    let (hubspot, _) = Script::new().play();
    let capabilities = hubspot.capabilities();
    assert_eq!(capabilities.lag, Duration::from_mins(1));
    assert_eq!(capabilities.longest_request, Duration::from_secs(150));
    let company = capabilities.of(Kind::Company);
    assert!(company.stores_id && company.changed_since && company.shows_archived && !company.many_parents);
    assert!(company.manners.required.contains(&Field::Name));
    let contact = capabilities.of(Kind::Contact);
    assert!(contact.many_parents && !contact.stores_id && contact.manners.required.is_empty());
    assert!(contact.reformats.contains(&Field::Email));
    let (without, _) = Script::new().play_with(|settings| settings.id_property = None);
    assert!(!without.capabilities().of(Kind::Company).stores_id);
}
