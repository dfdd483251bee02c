//! Pipedrive: creates, updates, merges, notes.

use axum::body::Body;
use serde_json::{Value, json};

use super::pipedrive_reads::Firm;
use super::send;
use crate::domain::record::Kind;
use crate::sandbox::manners::Manner;
use crate::sandbox::{AddressWrites, CrmServer, Grant, PipedriveOptions, Property};

async fn make(firm: &Firm, body: Value) -> Value {
    let seen = firm.send("POST /api/v2/organizations", body).await;
    assert_eq!(seen.status, 200, "{}", seen.text());
    seen.json()["data"].clone()
}

#[tokio::test]
async fn types_are_strict_and_unknown_keys_are_refused() {
    let firm = Firm::plain();
    let size = firm.server.add_field(Kind::Company, "Size", "enum", &["Small"]);
    let tags = firm.server.add_field(Kind::Company, "Tags", "set", &["a"]);
    let rate = firm.server.add_field(Kind::Company, "Rate", "monetary", &[]);
    let cases = [
        json!({}),
        json!({"name": ""}),
        json!({"name": 7}),
        json!({"name": "A", "vat": "1"}),
        json!({"name": "A", "address": "Main St"}),
        json!({"name": "A", "address": {"city": "X"}}),
        json!({"name": "A", "custom_fields": {"0000": "x"}}),
        json!({"name": "A", "custom_fields": {size.clone(): "Small"}}),
        json!({"name": "A", "custom_fields": {size: 9_999}}),
        json!({"name": "A", "custom_fields": {tags: []}}),
        json!({"name": "A", "custom_fields": {rate: 5}}),
    ];
    for body in cases {
        let seen = firm.send("POST /api/v2/organizations", body.clone()).await;
        assert_eq!((seen.status.as_u16(), &seen.json()["success"]), (400, &json!(false)), "{body}");
    }
    assert!(firm.server.ids(Kind::Company).is_empty());
    let headers = ["x-api-token: sandbox-token", "content-type: text/plain"];
    assert_eq!(send(&firm.router, "POST /api/v2/organizations", &headers, "{}").await.status, 415);
    let headers = ["x-api-token: sandbox-token", "content-type: application/json"];
    assert_eq!(send(&firm.router, "POST /api/v2/organizations", &headers, "{\"name\"").await.status, 400);
}

#[tokio::test]
async fn duplicates_are_taken_and_stamps_have_whole_seconds() {
    let firm = Firm::plain();
    let first = make(&firm, json!({"name": "A"})).await;
    let second = make(&firm, json!({"name": "A"})).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!(first["add_time"], "2026-11-18T11:06:40Z");
    assert_eq!(first["is_deleted"], false);
}

#[tokio::test]
async fn an_address_is_replaced_or_merged_by_the_accounts_manner() {
    for (manner, city) in [(AddressWrites::Replace, Value::Null), (AddressWrites::Merge, json!("Łódź"))] {
        let firm = Firm::open(PipedriveOptions { address_writes: manner, ..PipedriveOptions::default() });
        let made = make(&firm, json!({"name": "A", "address": {"locality": "Łódź", "route": "X"}})).await;
        let target = format!("PATCH /api/v2/organizations/{}", made["id"]);
        let seen = firm.send(&target, json!({"address": {"route": "Y"}})).await.json();
        assert_eq!((&seen["data"]["address"]["route"], &seen["data"]["address"]["locality"]), (&json!("Y"), &city));
    }
}

#[tokio::test]
async fn a_person_has_one_name_one_organization_and_one_primary_address() {
    let firm = Firm::plain();
    let company = make(&firm, json!({"name": "A"})).await["id"].clone();
    let body = json!({"name": "Jan van der Berg", "org_id": company,
                      "emails": [{"value": "a@a.example"}, {"value": "b@a.example", "primary": true, "label": "home"}]});
    let made = firm.send("POST /api/v2/persons", body).await.json()["data"].clone();
    assert_eq!((&made["first_name"], &made["last_name"]), (&json!("Jan"), &json!("van der Berg")));
    assert_eq!(made["emails"][0], json!({"value": "a@a.example", "primary": false, "label": "work"}));
    assert_eq!(made["emails"][1]["primary"], true);
    let target = format!("PATCH /api/v2/persons/{}", made["id"]);
    assert_eq!(firm.send(&target, json!({"first_name": "Ewa"})).await.status, 400, "only the full name is written");
    assert_eq!(firm.send(&target, json!({"org_id": 99})).await.status, 400);
    assert_eq!(firm.send(&target, json!({"org_id": null})).await.json()["data"]["org_id"], Value::Null);
    assert_eq!(firm.send(&target, json!({"job_title": "CTO"})).await.json()["data"]["job_title"], "CTO");
    let without = Firm::open(PipedriveOptions { contact_sync: false, ..PipedriveOptions::default() });
    let refused = without.send("POST /api/v2/persons", json!({"name": "Jan", "job_title": "CTO"})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["success"]), (403, &json!(false)));
}

#[tokio::test]
async fn the_loser_of_a_merge_goes_into_the_bin_and_fills_what_the_winner_has_blank() {
    let firm = Firm::plain();
    let loser = firm.server.add_organization(&[("name", "A"), ("VAT number", "1"), ("Flowtly id", "org/1")]);
    let winner = firm.server.add_organization(&[("name", "B"), ("VAT number", "2")]);
    let person = firm.server.add_person(&[("name", "Jan")], Some(loser));
    let merged = firm.send(&format!("PUT /api/v1/organizations/{loser}/merge"), json!({"merge_with_id": winner})).await;
    assert_eq!(merged.json()["data"]["id"], winner);
    assert_eq!(firm.server.ids(Kind::Company), [winner]);
    assert_eq!(firm.server.text(Kind::Company, winner, Property::TaxNumber).as_deref(), Some("2"));
    assert_eq!(firm.server.stored_id(winner).as_deref(), Some("org/1"));
    assert_eq!(firm.server.companies_of(person), [winner]);
    assert_eq!(firm.server.record(Kind::Company, loser).unwrap()["is_deleted"], true);
}

#[tokio::test]
async fn notes_have_the_manners_of_the_old_version() {
    let firm = Firm::plain();
    let company = firm.server.add_organization(&[("name", "A")]);
    let empty = firm.get(&format!("/api/v1/notes?org_id={company}")).await.json();
    assert_eq!((&empty["success"], &empty["data"]), (&json!(true), &Value::Null));
    let body = json!({"content": "<a href=\"https://x\">x</a><script>1</script><!-- c -->", "org_id": company});
    let made = firm.send("POST /api/v1/notes", body).await.json()["data"].clone();
    assert_eq!(made["content"], "<a target=\"_blank\" rel=\"noopener noreferrer\" href=\"https://x\">x</a>");
    assert_eq!(made["add_time"], "2026-11-18 11:06:40");
    let id = made["id"].as_u64().unwrap();
    let changed = firm.send(&format!("PUT /api/v1/notes/{id}"), json!({"content": "y"})).await.json();
    assert_eq!(changed["data"]["content"], "y");
    for body in [json!({"content": "x"}), json!({"org_id": company})] {
        assert_eq!(firm.send("POST /api/v1/notes", body).await.status, 400);
    }
    firm.send("POST /api/v1/notes", json!({"content": "z", "org_id": company})).await;
    let page = firm.get(&format!("/api/v1/notes?org_id={company}&limit=1")).await.json();
    assert_eq!(page["additional_data"]["pagination"]["next_start"], 1);
    let delete = format!("DELETE /api/v1/notes/{id}");
    assert_eq!(send(&firm.router, &delete, &["x-api-token: sandbox-token"], Body::empty()).await.status, 200);
    assert_eq!(firm.get(&format!("/api/v1/notes/{id}")).await.status, 404);
}

#[tokio::test]
async fn people_work_in_it_by_what_properties_mean() {
    let firm = Firm::plain();
    let crm: &dyn CrmServer = &firm.server;
    let texts = [
        (Property::Name, "Alfa"),
        (Property::Country, "Poland"),
        (Property::TaxNumber, "PL1"),
        (Property::Phone, "+48 1"),
        (Property::Street, "Długa Wielka 12a/3"),
        (Property::City, "Łódź"),
        (Property::PostCode, "90-001"),
    ];
    let company = crm.add(Kind::Company, &texts, None);
    for (property, text) in texts {
        assert_eq!(crm.text(Kind::Company, company, property).as_deref(), Some(text), "{property:?}");
    }
    let texts = [
        (Property::FirstName, "Jan"),
        (Property::LastName, "Nowak"),
        (Property::Email, "jan@a.example"),
        (Property::Phone, "+48 2"),
        (Property::JobTitle, "CTO"),
    ];
    let contact = crm.add(Kind::Contact, &texts, Some(company));
    for (property, text) in texts {
        assert_eq!(crm.text(Kind::Contact, contact, property).as_deref(), Some(text), "{property:?}");
    }
    assert_eq!(firm.server.record(Kind::Contact, contact).unwrap()["name"], "Jan Nowak");
    assert!(crm.edit(Kind::Contact, contact, Property::LastName, "Kowalski"));
    assert_eq!(firm.server.record(Kind::Contact, contact).unwrap()["name"], "Jan Kowalski");
    assert!(crm.edit(Kind::Company, company, Property::TaxNumber, ""));
    assert_eq!(crm.text(Kind::Company, company, Property::TaxNumber), None);
    assert_eq!(crm.companies_of(contact), [company]);
    assert!(crm.archive(Kind::Company, company) && crm.ids(Kind::Company).is_empty());
    assert!(crm.restore(Kind::Company, company) && crm.remove(Kind::Company, company));
    assert!(!crm.edit(Kind::Company, company, Property::Name, "X"));
    assert_eq!(crm.companies_of(contact), [] as [u64; 0]);
    assert_eq!((crm.id_text(7).as_str(), crm.id_number("7"), crm.id_number("x")), ("7", Some(7), None));
}

#[tokio::test]
async fn it_takes_the_liberties_that_it_is_told_to() {
    let firm = Firm::plain();
    let (collection, vat) = firm.server.place(Kind::Company, Property::TaxNumber);
    firm.server.manners().set(collection, vat, Manner::Ignore);
    firm.server.manners().set(collection, "name", Manner::Cut(3));
    firm.server.manners().set("persons", "emails", Manner::LowerCase);
    let made = make(&firm, json!({"name": "Alfabet", "custom_fields": {vat: "1"}})).await;
    assert_eq!((&made["name"], &made["custom_fields"][vat]), (&json!("Alf"), &Value::Null));
    let person = firm.send("POST /api/v2/persons", json!({"name": "J", "emails": [{"value": "A@A.example"}]})).await;
    assert_eq!(person.json()["data"]["emails"][0]["value"], "a@a.example");
}

#[tokio::test]
async fn what_belongs_to_others_is_not_edited_or_not_even_seen() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A")]);
    let (path, list) = (format!("/api/v2/organizations/{id}"), "/api/v2/organizations?ids=1");
    for (grant, read, listed) in [(Grant::Full, 200, 1), (Grant::Read, 200, 1), (Grant::Nothing, 403, 0)] {
        assert!(firm.server.grant(Kind::Company, id, grant));
        assert_eq!(firm.get(&path).await.status, read);
        let edited = firm.send(&format!("PATCH {path}"), json!({"name": "B"})).await;
        assert_eq!(edited.status, if grant == Grant::Full { 200 } else { 403 });
        assert_eq!(edited.json()["success"], json!(grant == Grant::Full));
        assert_eq!(firm.get(list).await.json()["data"].as_array().unwrap().len(), listed);
        let found = firm.get("/api/v2/organizations/search?term=B&exact_match=true").await.json();
        assert_eq!(found["data"]["items"].as_array().unwrap().len(), listed);
    }
    assert_eq!(firm.send(&format!("DELETE {path}"), json!({})).await.status, 403);
}
