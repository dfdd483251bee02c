//! Associations.

use serde_json::{Value, json};

use super::Portal;
use crate::sandbox::HubSpotOptions;

const LINKS: &str = "/crm/associations/2026-03/contacts/companies";

fn types(partner: &Value) -> Vec<u64> {
    partner["associationTypes"].as_array().unwrap().iter().map(|one| one["typeId"].as_u64().unwrap()).collect()
}

async fn read(portal: &Portal, contact: u64) -> Value {
    portal.post(&format!("{LINKS}/batch/read"), json!({"inputs": [{"id": contact.to_string()}]})).await.json()
}

#[tokio::test]
async fn the_first_company_becomes_the_primary_one() {
    let portal = Portal::plain();
    let (a, b) = (portal.server.add_company(&[("name", "A")]), portal.server.add_company(&[("name", "B")]));
    let contact = portal.server.add_contact(&[("email", "a@example.com")], None);
    portal.pass(1_000);
    let put =
        |company: u64| format!("PUT /crm/objects/2026-03/contact/{contact}/associations/default/company/{company}");
    let first = portal.send(&put(a), json!({})).await;
    let specs: Vec<u64> = first.json()["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["associationSpec"]["associationTypeId"].as_u64().unwrap())
        .collect();
    assert_eq!((first.status.as_u16(), specs), (200, vec![1, 279]));
    portal.send(&put(b), json!({})).await;
    let links = read(&portal, contact).await;
    assert_eq!(links["results"][0]["from"]["id"], contact.to_string());
    let to = &links["results"][0]["to"];
    assert_eq!((&to[0]["toObjectId"], types(&to[0])), (&json!(a), vec![1, 279]));
    assert_eq!((&to[1]["toObjectId"], types(&to[1])), (&json!(b), vec![279]));
    // Links do not move stamps.
    assert_eq!(portal.server.contact(contact).unwrap()["updatedAt"], "2026-11-18T11:06:40Z");
    let labelled = portal
        .send(
            &format!("PUT /crm/v4/objects/contacts/{contact}/associations/companies/{b}"),
            json!([{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]),
        )
        .await;
    assert_eq!(labelled.status, 201);
    let to = read(&portal, contact).await["results"][0]["to"].clone();
    assert_eq!((types(&to[0]), types(&to[1])), (vec![279], vec![1, 279]));
    let reverse = portal
        .post("/crm/v4/associations/companies/contacts/batch/read", json!({"inputs": [{"id": b.to_string()}]}))
        .await
        .json();
    assert_eq!(types(&reverse["results"][0]["to"][0]), [2, 280]);
}

#[tokio::test]
async fn a_record_without_partners_is_an_error_of_a_207() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "A")]);
    let with = portal.server.add_contact(&[("email", "a@example.com")], Some(company));
    let without = portal.server.add_contact(&[("email", "b@example.com")], None);
    let body = json!({"inputs": [{"id": with.to_string()}, {"id": without.to_string()}]});
    let seen = portal.post(&format!("{LINKS}/batch/read"), body).await;
    let body = seen.json();
    assert_eq!((seen.status.as_u16(), &body["numErrors"]), (207, &json!(1)));
    assert_eq!(body["results"].as_array().unwrap().len(), 1);
    assert_eq!(body["errors"][0]["subCategory"], "crm.associations.NO_ASSOCIATIONS_FOUND");
    assert_eq!(body["errors"][0]["context"]["fromObjectId"], json!([without.to_string()]));
    let many: Vec<Value> = (0..101).map(|id| json!({"id": id.to_string()})).collect();
    assert_eq!(portal.post(&format!("{LINKS}/batch/read"), json!({"inputs": many})).await.status, 400);
    portal.server.archive_company(company);
    assert_eq!(read(&portal, with).await["results"], json!([]));
}

#[tokio::test]
async fn long_lists_of_partners_come_in_pages() {
    let options = HubSpotOptions { association_page: 2, ..HubSpotOptions::default() };
    let portal = Portal::open(options);
    let company = portal.server.add_company(&[("name", "A")]);
    for number in 0..5 {
        portal.server.add_contact(&[("email", &format!("n{number}@example.com"))], Some(company));
    }
    let path = "/crm/associations/2026-03/companies/contacts/batch/read";
    let (mut after, mut met) = (None::<String>, 0);
    loop {
        let mut input = json!({"id": company.to_string()});
        if let Some(after) = &after {
            input["after"] = json!(after);
        }
        let row = portal.post(path, json!({"inputs": [input]})).await.json()["results"][0].clone();
        met += row["to"].as_array().unwrap().len();
        match row.pointer("/paging/next/after").and_then(Value::as_str) {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!((met, after.as_deref()), (5, Some("4")));
}

#[tokio::test]
async fn batches_make_and_take_links() {
    let portal = Portal::plain();
    let (a, b) = (portal.server.add_company(&[("name", "A")]), portal.server.add_company(&[("name", "B")]));
    let contact = portal.server.add_contact(&[("email", "a@example.com")], Some(a));
    let ends = |company: u64| json!({"from": {"id": contact.to_string()}, "to": {"id": company.to_string()}});
    let made = portal.post(&format!("{LINKS}/batch/associate/default"), json!({"inputs": [ends(b), ends(1)]})).await;
    assert_eq!((made.status.as_u16(), &made.json()["numErrors"]), (207, &json!(1)));
    let mut typed = ends(b);
    typed["types"] = json!([{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]);
    let made = portal.post(&format!("{LINKS}/batch/create"), json!({"inputs": [typed.clone()]})).await;
    assert_eq!((made.status.as_u16(), &made.json()["results"][0]["toObjectId"]), (201, &json!(b)));
    assert_eq!(types(&read(&portal, contact).await["results"][0]["to"][1]), [1, 279]);
    let unlabel = portal.post(&format!("{LINKS}/batch/labels/archive"), json!({"inputs": [typed.clone()]})).await;
    assert_eq!(unlabel.status, 204);
    assert_eq!(types(&read(&portal, contact).await["results"][0]["to"][1]), [279]);
    typed["types"] = json!([{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 280}]);
    assert_eq!(portal.post(&format!("{LINKS}/batch/create"), json!({"inputs": [typed]})).await.status, 400);
    let body = json!({"inputs": [{"from": {"id": contact.to_string()}, "to": [{"id": a.to_string()}]}]});
    assert_eq!(portal.post(&format!("{LINKS}/batch/archive"), body).await.status, 204);
    let to = read(&portal, contact).await["results"][0]["to"].clone();
    assert_eq!((to.as_array().unwrap().len(), &to[0]["toObjectId"]), (1, &json!(b)));
    let delete = format!("DELETE /crm/objects/2026-03/contacts/{contact}/associations/companies/{b}");
    assert_eq!(portal.send(&delete, json!({})).await.status, 204);
    assert_eq!(read(&portal, contact).await["results"], json!([]));
    assert_eq!(portal.server.counts().writes, 6);
}

#[tokio::test]
async fn lists_show_a_primary_partner_twice() {
    let portal = Portal::plain();
    let (a, b) = (portal.server.add_company(&[("name", "A")]), portal.server.add_company(&[("name", "B")]));
    let contact = portal.server.add_contact(&[("email", "a@example.com")], Some(a));
    portal.server.associate(contact, b, false);
    let listed = portal.get("/crm/objects/2026-03/contacts?associations=companies").await.json();
    assert_eq!(
        listed["results"][0]["associations"]["companies"]["results"],
        json!([
            {"id": a.to_string(), "type": "contact_to_company"},
            {"id": a.to_string(), "type": "contact_to_company_unlabeled"},
            {"id": b.to_string(), "type": "contact_to_company_unlabeled"},
        ])
    );
    let of = portal.get(&format!("/crm/objects/2026-03/contacts/{contact}/associations/companies")).await.json();
    assert_eq!(types(&of["results"][0]), [1, 279]);
    let old = portal.get(&format!("/crm/v3/objects/contacts/{contact}/associations/companies")).await.json();
    assert_eq!(old["results"][0], json!({"id": a.to_string(), "type": "contact_to_company"}));
}

#[tokio::test]
async fn a_create_brings_its_partners_or_fails() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "A")]);
    let body = |company: u64, type_id: u64| {
        json!({"properties": {"firstname": "A"}, "associations": [{
            "to": {"id": company.to_string()},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}],
        }]})
    };
    let path = "/crm/objects/2026-03/contacts";
    assert_eq!(portal.post(path, body(company, 280)).await.status, 400);
    assert_eq!(portal.post(path, body(1, 279)).await.json()["message"], "One or more associations are invalid");
    assert_eq!(portal.server.contact_count(), 0);
    assert_eq!(portal.post(path, body(company, 279)).await.status, 201);
    let made = portal.server.contacts();
    assert_eq!(made[0]["associations"]["companies"]["results"][0]["id"], company.to_string());
}
