//! Reads by id, by company, by our id and by text.

use serde_json::{Value, json};

use super::super::script::{COMPANY_PROPERTIES, CONTACT_PROPERTIES, Script, id, ids, ids_of};
use crate::connector::error::ErrorKind;
use crate::connector::port::{Find, Lookup, Source};
use crate::domain::record::{Kind, Standing};

const COMPANIES: &str = "/crm/objects/2026-03/companies";
const CONTACTS: &str = "/crm/objects/2026-03/contacts";

fn read(properties: &str, ids: &[&str]) -> Value {
    let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    let properties: Vec<&str> = properties.split(',').collect();
    json!({"properties": properties, "propertiesWithHistory": [], "inputs": inputs})
}

fn not_found() -> Value {
    json!({"status": "error", "message": "resource not found", "correlationId": "c", "category": "OBJECT_NOT_FOUND"})
}

fn single(id: &str, archived: bool) -> String {
    let archived = if archived { "archived=true&" } else { "" };
    format!("{COMPANIES}/{id}?{archived}properties={COMPANY_PROPERTIES}")
}

fn survivor_of(id: &str) -> Value {
    json!({
        "filterGroups": [{"filters": [
            {"propertyName": "hs_merged_object_ids", "operator": "CONTAINS_TOKEN", "value": id}]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": ["hs_merged_object_ids"],
        "limit": 200,
        "after": "0",
    })
}

#[tokio::test]
async fn answers_come_in_the_order_asked_and_ids_may_repeat() {
    let (hubspot, script) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/read"),
            read(COMPANY_PROPERTIES, &["2", "1"]),
            200,
            &json!({"results": [{"id": "1", "properties": {}}, {"id": "2", "properties": {}}]}),
        )
        .play();
    let answers = hubspot.get(Kind::Company, &ids(["2", "1", "2"])).await.unwrap();
    let found: Vec<String> = answers
        .iter()
        .map(|answer| match answer {
            Lookup::Found(row) => row.id.to_string(),
            Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_) => "-".into(),
        })
        .collect();
    assert_eq!(found, ["2", "1", "2"]);
    script.assert_finished();
}

#[tokio::test]
async fn what_is_not_live_is_archived_merged_or_gone() {
    let (hubspot, script) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/read"),
            read(COMPANY_PROPERTIES, &["1", "2", "3", "4", "5"]),
            207,
            // 5 was swallowed by a record that is in this very answer.
            &json!({"results": [{"id": "1", "properties": {"hs_merged_object_ids": "5;6"}}], "errors": [
                {"category": "OBJECT_NOT_FOUND", "message": "Could not get some objects", "context": {"ids": ["2", "3", "4"]}}]}),
        )
        .get(&single("2", true), 200, &json!({"id": "2", "properties": {}, "archived": true}))
        .get(&single("3", true), 404, &not_found())
        .get(&single("3", false), 200, &json!({"id": "33", "properties": {}}))
        .get(&single("4", true), 404, &not_found())
        .get(&single("4", false), 404, &not_found())
        .post(
            &format!("{COMPANIES}/search"),
            survivor_of("4"),
            200,
            &json!({"results": [
                {"id": "77", "properties": {"hs_merged_object_ids": "44"}},
                {"id": "78", "properties": {"hs_merged_object_ids": "9;4"}}]}),
        )
        .play();
    let answers = hubspot.get(Kind::Company, &ids(["1", "2", "3", "4", "5"])).await.unwrap();
    assert!(matches!(&answers[0], Lookup::Found(row) if row.standing == Standing::Live));
    assert!(matches!(&answers[1], Lookup::Found(row) if row.standing == Standing::Archived));
    assert_eq!(answers[2], Lookup::MergedInto(id("33")));
    assert_eq!(answers[3], Lookup::MergedInto(id("78")));
    assert_eq!(answers[4], Lookup::MergedInto(id("1")));
    script.assert_finished();
}

/// A company that neither the batch nor a single read shows.
fn lost(script: Script) -> Script {
    script
        .post(&format!("{COMPANIES}/batch/read"), read(COMPANY_PROPERTIES, &["4"]), 200, &json!({"results": []}))
        .get(&single("4", true), 404, &not_found())
        .get(&single("4", false), 404, &not_found())
}

#[tokio::test]
async fn gone_needs_an_answer_of_the_search_or_its_refusal_but_not_its_failure() {
    let search = format!("{COMPANIES}/search");
    for (status, reply, gone) in [
        (200, json!({"results": []}), true),
        (400, json!({"status": "error", "message": "no such property", "category": "VALIDATION_ERROR"}), true),
        (503, json!({"status": "error", "message": "try later"}), false),
    ] {
        let (hubspot, script) = lost(Script::new()).post(&search, survivor_of("4"), status, &reply).play();
        let answer = hubspot.get(Kind::Company, &ids(["4"])).await;
        match answer {
            Ok(answers) => assert!(gone && answers == [Lookup::Gone], "{status}"),
            Err(error) => assert!(!gone && error.kind == ErrorKind::Unavailable, "{status}"),
        }
        script.assert_finished();
    }
}

#[tokio::test]
async fn a_page_that_is_not_hubspots_says_nothing_of_a_record() {
    let (hubspot, _) = Script::new()
        .post(&format!("{COMPANIES}/batch/read"), read(COMPANY_PROPERTIES, &["4"]), 200, &json!({"results": []}))
        .get_text(&single("4", true), 404, "<html>404</html>")
        .play();
    let error = hubspot.get(Kind::Company, &ids(["4"])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
}

#[tokio::test]
async fn the_contacts_of_companies_are_read_once_each_with_all_their_companies() {
    let link = |id: u64, types: &[u32]| {
        let types: Vec<Value> = types
            .iter()
            .map(|type_id| json!({"category": "HUBSPOT_DEFINED", "typeId": type_id, "label": null}))
            .collect();
        json!({"toObjectId": id, "associationTypes": types})
    };
    let (hubspot, script) = Script::new()
        .post(
            "/crm/associations/2026-03/companies/contacts/batch/read",
            json!({"inputs": [{"id": "70"}, {"id": "71"}, {"id": "72"}]}),
            207,
            &json!({"results": [
                {"from": {"id": "70"}, "to": [link(5, &[280]), link(6, &[280, 2])]},
                {"from": {"id": "71"}, "to": [link(5, &[280, 2])]},
            ], "numErrors": 1, "errors": [{"status": "error", "category": "OBJECT_NOT_FOUND",
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND", "message": "No contact is associated",
                "context": {"fromObjectId": ["72"], "fromObjectType": ["company"]}}]}),
        )
        .post(
            &format!("{CONTACTS}/batch/read"),
            read(CONTACT_PROPERTIES, &["6", "5"]),
            200,
            &json!({"results": [{"id": "5", "properties": {}}, {"id": "6", "properties": {}}]}),
        )
        .post(
            "/crm/associations/2026-03/contacts/companies/batch/read",
            json!({"inputs": [{"id": "5"}, {"id": "6"}]}),
            207,
            &json!({"results": [{"from": {"id": "5"}, "to": [link(70, &[279]), link(71, &[279, 1])]}],
                "errors": [{"category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"fromObjectId": ["6"]}}]}),
        )
        .play();
    let rows = hubspot.children(&ids(["70", "71", "72"])).await.unwrap();
    assert_eq!(ids_of(&rows), ["5"], "6 vanished while it was read");
    assert_eq!(rows[0].parents, ids(["71", "70"]), "the primary one first");
    script.assert_finished();
}

#[tokio::test]
async fn links_that_cannot_be_read_are_an_error_and_never_an_empty_list() {
    let (hubspot, _) = Script::new()
        .post(
            "/crm/associations/2026-03/companies/contacts/batch/read",
            json!({"inputs": [{"id": "70"}]}),
            207,
            &json!({"results": [], "errors": [{"category": "INTERNAL_ERROR", "message": "oops"}]}),
        )
        .play();
    assert_eq!(hubspot.children(&ids(["70"])).await.unwrap_err().kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn our_id_is_looked_up_by_its_property_and_verified() {
    let ask = |id: &str| {
        let mut body = read(COMPANY_PROPERTIES, &[id]);
        body["idProperty"] = json!("flowtly_id");
        body
    };
    let batch = format!("{COMPANIES}/batch/read");
    let (hubspot, script) = Script::new()
        .post(&batch, ask("org/17"), 200, &json!({"results": [{"id": "1", "properties": {"flowtly_id": "org/17"}}]}))
        .post(
            &batch,
            ask("org/18"),
            207,
            &json!({"results": [], "errors": [{"category": "OBJECT_NOT_FOUND", "message": "none", "context": {}}]}),
        )
        .post(&batch, ask("org/19"), 200, &json!({"results": [{"id": "1", "properties": {"flowtly_id": "org/17"}}]}))
        .play();
    let find = |id: &str| Find::StoredId(id.to_owned());
    let found = hubspot.find(Kind::Company, &find("org/17")).await.unwrap().unwrap();
    assert_eq!(ids_of(&found), ["1"]);
    assert_eq!(hubspot.find(Kind::Company, &find("org/18")).await.unwrap(), Some(Vec::new()));
    assert_eq!(hubspot.find(Kind::Company, &find("org/19")).await.unwrap(), Some(Vec::new()));
    assert_eq!(hubspot.find(Kind::Contact, &find("org/17")).await.unwrap(), None, "contacts hold no id of ours");
    script.assert_finished();
    let (hubspot, _) = Script::new().play_with(|settings| settings.id_property = None);
    assert_eq!(hubspot.find(Kind::Company, &find("org/17")).await.unwrap(), None);
}

#[tokio::test]
async fn a_text_is_looked_up_in_the_mapped_properties_and_by_hubspots_own_search() {
    let search = format!("{COMPANIES}/search");
    let body = |filter_groups: Value, query: Option<&str>| {
        let mut body = json!({
            "filterGroups": filter_groups,
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": ["hs_lastmodifieddate"],
            "limit": 200,
            "after": "0",
        });
        if let Some(query) = query {
            body["query"] = json!(query);
        }
        body
    };
    let equal = |path: &str| json!({"filters": [{"propertyName": path, "operator": "EQ", "value": "PL123"}]});
    let (hubspot, script) = Script::new()
        .post(&search, body(json!([equal("name"), equal("vat")]), None), 200, &json!({"results": [{"id": "1"}]}))
        .post(&search, body(json!([]), Some("PL123")), 200, &json!({"results": [{"id": "2"}, {"id": "1"}]}))
        .post(
            &format!("{COMPANIES}/batch/read"),
            read(COMPANY_PROPERTIES, &["1", "2"]),
            200,
            &json!({"results": [{"id": "1", "properties": {}}, {"id": "2", "properties": {}}]}),
        )
        .play();
    let found = hubspot.find(Kind::Company, &Find::Text("PL123".into())).await.unwrap().unwrap();
    assert_eq!(ids_of(&found), ["1", "2"]);
    script.assert_finished();
}
