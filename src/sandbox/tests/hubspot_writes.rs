//! Creates, updates, archives, merges, properties.

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Portal, send};
use crate::sandbox::{HubSpotOptions, Manner, ObjectType};

const COMPANIES: &str = "/crm/objects/2026-03/companies";
const CONTACTS: &str = "/crm/objects/2026-03/contacts";

fn id(value: &Value) -> u64 {
    value["id"].as_str().unwrap().parse().unwrap()
}

fn new(properties: impl Into<Value>) -> Value {
    let properties: Value = properties.into();
    json!({"properties": properties, "associations": []})
}

#[tokio::test]
async fn a_create_stores_texts_and_answers_with_them() {
    let portal = Portal::plain();
    portal.pass(7);
    let seen = portal.post(COMPANIES, new(json!({"name": "A", "flowtly_id": "o/1", "city": ""}))).await;
    let body = seen.json();
    assert_eq!((seen.status.as_u16(), &body["properties"]["name"]), (201, &json!("A")));
    assert_eq!(body["properties"]["createdate"], "2026-11-18T11:06:40.007Z");
    assert_eq!(body["properties"]["city"], json!(null));
    assert_eq!(portal.server.company_property(id(&body), "flowtly_id").as_deref(), Some("o/1"));
    let email = portal.post(CONTACTS, new(json!({"email": "Anna.NOWAK@Example.COM"}))).await.json();
    assert_eq!(email["properties"]["email"], "anna.nowak@example.com");
}

#[rstest]
#[case::number(json!({"name": 5}), "VALIDATION_ERROR", None)]
#[case::unknown(json!({"name": "A", "nothing": "x"}), "VALIDATION_ERROR", Some("PROPERTY_DOESNT_EXIST"))]
#[case::hidden(json!({"name": "A", "zip": "x"}), "VALIDATION_ERROR", Some("PROPERTY_DOESNT_EXIST"))]
#[case::read_only(json!({"name": "A", "hs_object_id": "1"}), "VALIDATION_ERROR", Some("READ_ONLY_VALUE"))]
#[case::choice(json!({"name": "A", "lifecyclestage": "x"}), "VALIDATION_ERROR", Some("INVALID_OPTION"))]
#[case::not_a_number(json!({"name": "A", "numberofemployees": "many"}), "VALIDATION_ERROR", Some("INVALID_INTEGER"))]
#[case::taken(json!({"name": "A", "flowtly_id": "o/1"}), "VALIDATION_ERROR", Some("CONFLICTING_UNIQUE_VALUE"))]
#[case::nothing(json!({"city": "A"}), "VALIDATION_ERROR", None)]
#[tokio::test]
async fn a_create_is_refused(#[case] properties: Value, #[case] category: &str, #[case] code: Option<&str>) {
    let portal = Portal::plain();
    portal.server.add_company(&[("name", "B"), ("flowtly_id", "o/1")]);
    portal.server.hide_property(ObjectType::Company, "zip");
    let seen = portal.post(COMPANIES, new(properties)).await;
    let body = seen.json();
    assert_eq!((seen.status.as_u16(), &body["status"], &body["category"]), (400, &json!("error"), &json!(category)));
    assert!(body["correlationId"].is_string());
    if let Some(code) = code {
        assert_eq!(body["errors"][0]["code"], code);
        assert!(body["message"].as_str().unwrap().starts_with("Property values were not valid: [{"));
    }
    assert_eq!(portal.server.company_count(), 1);
}

#[tokio::test]
async fn bodies_have_to_fit() {
    let portal = Portal::plain();
    let bearer = "authorization: Bearer sandbox-token";
    let post = format!("POST {COMPANIES}");
    let untyped = send(&portal.router, &post, &[bearer, "content-type: text/plain"], "{}").await;
    assert_eq!(untyped.status, 415);
    let broken = send(&portal.router, &post, &[bearer, "content-type: application/json"], "{").await;
    assert!(
        broken.status == 400 && broken.json()["message"].as_str().unwrap().starts_with("Invalid input JSON on line 1")
    );
    let accept = send(&portal.router, &format!("GET {COMPANIES}"), &[bearer, "accept: text/html"], Body::empty()).await;
    assert_eq!(accept.status, 406);
    // The specification marks `associations` as required; the older releases never asked for them.
    assert_eq!(portal.post(COMPANIES, json!({"properties": {"name": "A"}})).await.status, 400);
    assert_eq!(portal.post("/crm/v3/objects/companies", json!({"properties": {"name": "A"}})).await.status, 201);
}

#[tokio::test]
async fn contacts_are_unique_by_address_and_companies_are_not() {
    let portal = Portal::plain();
    let first = portal.server.add_contact(&[("email", "a@example.com")], None);
    let seen = portal.post(CONTACTS, new(json!({"email": "A@example.com"}))).await;
    let body = seen.json();
    assert_eq!((seen.status.as_u16(), &body["category"]), (409, &json!("CONFLICT")));
    assert_eq!(body["message"], format!("Contact already exists. Existing ID: {first}"));
    let second = portal.server.add_contact(&[("email", "b@example.com")], None);
    let taken = json!({"properties": {"email": "a@example.com"}});
    assert_eq!(portal.send(&format!("PATCH {CONTACTS}/{second}"), taken).await.status, 409);
    let merged = portal.server.merge_contacts(first, second).unwrap();
    let secondary = portal.post(CONTACTS, new(json!({"email": "b@example.com"}))).await;
    assert_eq!(secondary.json()["message"], format!("Contact already exists. Existing ID: {merged}"));
    assert_eq!(portal.post(CONTACTS, new(json!({"email": "a@b"}))).await.json()["errors"][0]["code"], "INVALID_EMAIL");
    for _ in 0..2 {
        let body = new(json!({"name": "A", "domain": "a.example.com"}));
        assert_eq!(portal.post(COMPANIES, body).await.status, 201);
    }
    portal.server.archive_contact(merged);
    assert_eq!(portal.post(CONTACTS, new(json!({"email": "a@example.com"}))).await.status, 201);
}

#[tokio::test]
async fn an_update_moves_the_stamp_only_when_something_changed() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "A"), ("city", "B"), ("lifecyclestage", "customer")]);
    let path = format!("PATCH {COMPANIES}/{company}");
    portal.pass(5);
    let same = portal.send(&path, json!({"properties": {"name": "A"}})).await.json();
    assert_eq!(same["updatedAt"], "2026-11-18T11:06:40Z");
    let moved = portal.send(&path, json!({"properties": {"city": "", "lifecyclestage": "lead"}})).await.json();
    assert_eq!((&moved["updatedAt"], &moved["properties"]["city"]), (&json!("2026-11-18T11:06:40.005Z"), &json!(null)));
    // The stage only moves forward by API.
    assert_eq!(moved["properties"]["lifecyclestage"], "customer");
    let none = portal.send(&path, json!({"properties": {}})).await.json();
    assert_eq!(none["message"], "No properties found to update, please provide at least one.");
    let by = format!("PATCH {COMPANIES}/o%2F1?idProperty=flowtly_id");
    assert_eq!(portal.send(&by, json!({"properties": {"city": "C"}})).await.status, 404);
    portal.server.edit_company(company, "flowtly_id", "o/1");
    assert_eq!(portal.send(&by, json!({"properties": {"city": "C"}})).await.status, 200);
}

#[tokio::test]
async fn archiving_leaves_the_stamp_and_can_be_taken_back() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "A")]);
    portal.pass(1_000);
    let gone = portal.send(&format!("DELETE {COMPANIES}/{company}"), json!({})).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    let shown = portal.get(&format!("{COMPANIES}/{company}?archived=true")).await.json();
    assert_eq!(shown["updatedAt"], "2026-11-18T11:06:40Z");
    assert_eq!(shown["archivedAt"], "2026-11-18T11:06:41Z");
    let patch = portal.send(&format!("PATCH {COMPANIES}/{company}"), json!({"properties": {"name": "B"}})).await;
    assert_eq!(patch.status, 404);
    assert!(portal.server.restore_company(company));
    assert_eq!(portal.server.company_count(), 1);
}

#[tokio::test]
async fn a_batch_with_trace_ids_fails_item_by_item() {
    let portal = Portal::plain();
    portal.server.add_company(&[("name", "X"), ("flowtly_id", "o/1")]);
    let input = |trace: &str, stored: &str| json!({"properties": {"name": trace, "flowtly_id": stored}, "associations": [], "objectWriteTraceId": trace});
    let body = json!({"inputs": [input("a", "o/2"), input("b", "o/1"), input("c", "o/2")]});
    let seen = portal.post(&format!("{COMPANIES}/batch/create"), body).await;
    let body = seen.json();
    assert_eq!((seen.status.as_u16(), &body["numErrors"]), (207, &json!(2)));
    assert_eq!(body["results"].as_array().unwrap().len(), 1);
    assert_eq!(body["results"][0]["objectWriteTraceId"], "a");
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["b"]));
    assert_eq!(body["errors"][1]["errors"][0]["code"], "CONFLICTING_UNIQUE_VALUE");
    assert_eq!(portal.server.company_count(), 2);
}

#[tokio::test]
async fn a_batch_without_trace_ids_fails_as_a_whole() {
    let portal = Portal::plain();
    let kept = portal.server.add_company(&[("name", "X"), ("flowtly_id", "o/1")]);
    let input = |stored: &str| json!({"properties": {"name": "N", "flowtly_id": stored}, "associations": []});
    let create = json!({"inputs": [input("o/2"), input("o/1")]});
    assert_eq!(portal.post(&format!("{COMPANIES}/batch/create"), create).await.status, 400);
    assert_eq!(portal.server.company_count(), 1);
    let other = portal.server.add_company(&[("name", "Y")]);
    portal.pass(5);
    let update = |id: u64, stored: &str| json!({"id": id.to_string(), "properties": {"flowtly_id": stored}});
    let body = json!({"inputs": [update(other, "o/3"), update(kept, "o/3")]});
    assert_eq!(portal.post(&format!("{COMPANIES}/batch/update"), body).await.status, 400);
    assert_eq!(portal.server.company_property(other, "flowtly_id"), None);
    assert_eq!(portal.server.company(other).unwrap()["updatedAt"], "2026-11-18T11:06:40Z");
    // What was taken back is free again.
    let body = json!({"inputs": [update(kept, "o/3")]});
    assert_eq!(portal.post(&format!("{COMPANIES}/batch/update"), body).await.status, 200);
}

#[tokio::test]
async fn batches_update_upsert_and_archive() {
    let portal = Portal::plain();
    let a = portal.server.add_company(&[("name", "A"), ("flowtly_id", "o/1")]);
    let update = json!({"inputs": [
        {"id": "o/1", "idProperty": "flowtly_id", "properties": {"city": "C"}, "objectWriteTraceId": "0"},
        {"id": "1", "properties": {"city": "C"}, "objectWriteTraceId": "1"},
    ]});
    let seen = portal.post(&format!("{COMPANIES}/batch/update"), update).await;
    assert_eq!((seen.status.as_u16(), &seen.json()["results"][0]["properties"]["city"]), (207, &json!("C")));
    let twice = json!({"inputs": [{"id": a.to_string(), "properties": {"city": "D"}}, {"id": a, "properties": {}}]});
    let refused = portal.post(&format!("{COMPANIES}/batch/update"), twice).await.json();
    assert_eq!(refused["message"], format!("Duplicate IDs found in batch input: [{a}]. IDs must be unique"));
    let upsert = json!({"inputs": [
        {"id": "o/1", "idProperty": "flowtly_id", "properties": {"name": "A2"}},
        {"id": "o/2", "idProperty": "flowtly_id", "properties": {"name": "B"}},
    ]});
    let upserted = portal.post(&format!("{COMPANIES}/batch/upsert"), upsert).await.json();
    let news: Vec<&Value> = upserted["results"].as_array().unwrap().iter().map(|row| &row["new"]).collect();
    assert_eq!(news, [&json!(false), &json!(true)]);
    let by_name = json!({"inputs": [{"id": "A2", "idProperty": "name", "properties": {"name": "B"}}]});
    assert_eq!(portal.post(&format!("{COMPANIES}/batch/upsert"), by_name).await.status, 400);
    let body = json!({"inputs": [{"id": a.to_string()}]});
    assert_eq!(portal.post(&format!("{COMPANIES}/batch/archive"), body).await.status, 204);
    assert_eq!(portal.server.company_count(), 1);
    let many: Vec<Value> = (0..101).map(|_| new(json!({"name": "N"}))).collect();
    assert_eq!(portal.post(&format!("{COMPANIES}/batch/create"), json!({"inputs": many})).await.status, 400);
    assert_eq!(portal.post(&format!("{COMPANIES}/batch/create"), json!({"inputs": []})).await.status, 400);
}

#[tokio::test]
async fn a_merge_makes_a_new_record_that_old_ids_lead_to() {
    let portal = Portal::plain();
    let a = portal.server.add_company(&[("name", "A"), ("city", "")]);
    let b = portal.server.add_company(&[("name", "B"), ("city", "C"), ("flowtly_id", "o/1")]);
    let contact = portal.server.add_contact(&[("email", "a@example.com")], Some(b));
    let body = json!({"primaryObjectId": a.to_string(), "objectIdToMerge": b.to_string()});
    let merged = id(&portal.post(&format!("{COMPANIES}/merge"), body.clone()).await.json());
    assert!(merged > b);
    let listed = portal.get(COMPANIES).await.json();
    assert_eq!((listed["results"].as_array().unwrap().len(), id(&listed["results"][0])), (1, merged));
    let seen =
        portal.get(&format!("{COMPANIES}/{b}?properties=name,city,flowtly_id,hs_merged_object_ids")).await.json();
    assert_eq!(id(&seen), merged);
    assert_eq!(
        (&seen["properties"]["name"], &seen["properties"]["city"], &seen["properties"]["flowtly_id"]),
        (&json!("A"), &json!("C"), &json!("o/1"))
    );
    assert_eq!(seen["properties"]["hs_merged_object_ids"], format!("{a};{b}"));
    assert_eq!(
        portal.server.contact(contact).unwrap()["associations"]["companies"]["results"][0]["id"],
        merged.to_string()
    );
    // Again: both are the same record now.
    assert_eq!(portal.post(&format!("{COMPANIES}/merge"), body).await.status, 400);
    let c = portal.server.add_company(&[("name", "C")]);
    let last = portal.server.merge_companies(c, merged).unwrap();
    assert_eq!(id(&portal.get(&format!("{COMPANIES}/{a}")).await.json()), last);
}

#[tokio::test]
async fn properties_are_added_removed_and_hidden() {
    let options = HubSpotOptions { flowtly_id: false, ..HubSpotOptions::default() };
    let portal = Portal::open(options);
    let path = "/crm/properties/2026-03/companies";
    let property = json!({"name": "flowtly_id", "label": "Flowtly ID", "groupName": "companyinformation",
        "type": "string", "fieldType": "text", "hasUniqueValue": true});
    assert_eq!(portal.get(&format!("{path}/flowtly_id")).await.status, 404);
    let made = portal.post(path, property.clone()).await;
    assert_eq!((made.status.as_u16(), &made.json()["hasUniqueValue"]), (201, &json!(true)));
    let again = portal.post(path, property).await;
    assert_eq!((again.status.as_u16(), &again.json()["category"]), (409, &json!("OBJECT_ALREADY_EXISTS")));
    assert_eq!(portal.post(path, json!({"name": "x"})).await.status, 400);
    let company = portal.server.add_company(&[("name", "A"), ("flowtly_id", "1"), ("vat_number", "PL1")]);
    assert!(portal.server.hide_property(ObjectType::Company, "vat_number"));
    assert!(portal.server.remove_property(ObjectType::Company, "flowtly_id"));
    let seen = portal.get(&format!("{COMPANIES}/{company}?properties=vat_number,flowtly_id")).await.json();
    assert_eq!((seen["properties"].get("vat_number"), seen["properties"].get("flowtly_id")), (None, None));
    let listed = portal.get(path).await.json();
    let names: Vec<&str> =
        listed["results"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"name") && !names.contains(&"vat_number") && !names.contains(&"flowtly_id"));
    assert!(portal.server.show_property(ObjectType::Company, "vat_number"));
    portal.server.add_property(ObjectType::Company, "flowtly_id");
    let seen = portal.get(&format!("{COMPANIES}/{company}?properties=vat_number,flowtly_id")).await.json();
    assert_eq!((&seen["properties"]["vat_number"], &seen["properties"]["flowtly_id"]), (&json!("PL1"), &json!(null)));
    let read_only = portal.get("/crm/properties/2026-03/contacts/lastmodifieddate").await.json();
    assert_eq!(read_only["modificationMetadata"]["readOnlyValue"], true);
}

#[tokio::test]
async fn an_ignored_property_is_answered_with_200_and_stays() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "A"), ("phone", "1")]);
    portal.server.manners().set("companies", "phone", Manner::Ignore);
    portal.server.manners().set("companies", "name", Manner::Cut(3));
    let body = json!({"properties": {"phone": "2", "name": "Długa"}});
    let seen = portal.send(&format!("PATCH {COMPANIES}/{company}"), body).await;
    assert_eq!((seen.status.as_u16(), &seen.json()["properties"]["phone"]), (200, &json!("1")));
    assert_eq!(seen.json()["properties"]["name"], "Dłu");
}
