//! Notes at companies.

use serde_json::{Value, json};

use super::Portal;
use crate::sandbox::HubSpotOptions;

const NOTES: &str = "/crm/objects/2026-03/notes";
const LINKS: &str = "/crm/associations/2026-03/companies/notes/batch/read";

fn note(company: u64, type_id: u64) -> Value {
    json!({
        "properties": {"hs_timestamp": "2026-11-23T12:00:00.000Z", "hs_note_body": "<p>x</p>"},
        "associations": [{"to": {"id": company.to_string()}, "types": [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]}],
    })
}

async fn of_company(portal: &Portal, company: u64) -> Value {
    portal.post(LINKS, json!({"inputs": [{"id": company.to_string()}]})).await.json()
}

#[tokio::test]
async fn a_note_is_found_at_its_company_and_by_its_id() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "A")]);
    assert_eq!(
        of_company(&portal, company).await["errors"][0]["subCategory"],
        "crm.associations.NO_ASSOCIATIONS_FOUND"
    );
    let made = portal.post(NOTES, note(company, 190)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(of_company(&portal, company).await["results"][0]["to"][0]["toObjectId"].to_string(), id);
    let body = json!({"properties": ["hs_note_body", "nothing"], "inputs": [{"id": id}, {"id": "9"}]});
    let read = portal.post(&format!("{NOTES}/batch/read"), body).await;
    assert_eq!(read.status, 207);
    assert_eq!(read.json()["results"][0]["properties"]["hs_note_body"], "<p>x</p>");
    assert_eq!(read.json()["results"][0]["properties"]["nothing"], Value::Null);
    assert_eq!(read.json()["errors"][0]["context"]["ids"], json!(["9"]));
    let changed = portal.send(&format!("PATCH {NOTES}/{id}"), json!({"properties": {"hs_note_body": "y"}})).await;
    assert_eq!((changed.status.as_u16(), changed.json()["properties"]["hs_note_body"].clone()), (200, json!("y")));
    let other = portal.server.add_company(&[("name", "B")]);
    let merged = portal.server.merge_companies(company, other).unwrap();
    assert_eq!(portal.server.notes_of(merged), [(id.parse().unwrap(), "y".to_owned())], "notes go with a merge");
    assert_eq!(portal.send(&format!("DELETE {NOTES}/{id}"), json!({})).await.status, 204);
    assert_eq!(portal.get(&format!("{NOTES}/{id}")).await.status, 404);
    assert_eq!(portal.server.note_count(), 0);
}

#[tokio::test]
async fn what_a_note_needs_is_demanded() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "A")]);
    let with = |change: fn(&mut Value)| {
        let mut body = note(company, 190);
        change(&mut body);
        body
    };
    for body in [
        with(|body| body["properties"] = json!({"hs_note_body": "x"})),
        with(|body| body["properties"]["hs_timestamp"] = json!("yesterday")),
        with(|body| body["properties"]["hs_note_body"] = json!("x".repeat(65_537))),
        with(|body| body["properties"]["title"] = json!("x")),
        with(|body| body["properties"]["hs_note_body"] = json!(7)),
        with(|body| body["associations"] = Value::Null),
        with(|body| body["associations"][0]["to"]["id"] = json!("17")),
        note(company, 279),
    ] {
        assert_eq!(portal.post(NOTES, body.clone()).await.status, 400, "{body}");
    }
    assert_eq!(portal.server.note_count(), 0);
    let portal = Portal::open(HubSpotOptions {
        missing_scopes: vec!["crm.objects.contacts.write".to_owned()],
        ..HubSpotOptions::default()
    });
    let company = portal.server.add_company(&[("name", "A")]);
    assert_eq!(portal.post(NOTES, note(company, 190)).await.status, 403);
}

#[tokio::test]
async fn many_notes_come_in_pages() {
    let portal = Portal::open(HubSpotOptions { association_page: 2, ..HubSpotOptions::default() });
    let company = portal.server.add_company(&[("name", "A")]);
    let notes: Vec<u64> = (0..5).map(|number| portal.server.add_note(company, &number.to_string())).collect();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let input = match &after {
            None => json!({"id": company.to_string()}),
            Some(after) => json!({"id": company.to_string(), "after": after}),
        };
        let page = portal.post(LINKS, json!({"inputs": [input]})).await.json();
        let row = &page["results"][0];
        seen.extend(row["to"].as_array().unwrap().iter().map(|to| to["toObjectId"].as_u64().unwrap()));
        after = row["paging"]["next"]["after"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, notes);
}
