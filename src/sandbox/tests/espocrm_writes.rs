//! Creates, updates, links, deletions, posts.

use rstest::rstest;
use serde_json::{Value, json};

use super::Espo;
use crate::domain::record::Kind;
use crate::sandbox::{CrmServer, Grant, Manner, Property};

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_create_answers_200_and_what_is_no_field_is_dropped() {
    let espo = Espo::plain();
    let sent = json!({"id": "mine", "name": " Łódź ", "website": "", "nothing": 5, "phoneNumber": "+49 711 123456", "description": " a\r\n"});
    let seen = espo.post("Account", sent).await;
    let made = seen.json();
    assert_eq!(seen.status.as_u16(), 200);
    assert_eq!((made["name"].as_str(), made["phoneNumber"].as_str()), (Some("Łódź"), Some("+49711123456")));
    assert_eq!((&made["website"], &made["description"]), (&Value::Null, &json!(" a\r\n")));
    assert!(made.get("nothing").is_none() && id(&made).len() == 17 && id(&made) != "mine");
}

#[rstest]
#[case(json!({}), "name", "required")]
#[case(json!({"name": "  "}), "name", "required")]
#[case(json!({"name": "x".repeat(250)}), "name", "maxLength")]
#[case(json!({"name": "<b>x</b>"}), "name", "pattern")]
#[case(json!({"name": "A", "phoneNumber": "0711 123456"}), "phoneNumber", "valid")]
#[case(json!({"name": "A", "phoneNumber": "+49 711 1234567890123"}), "phoneNumber", "valid")]
#[case(json!({"name": "A", "emailAddress": "nobody"}), "emailAddress", "emailAddress")]
#[case(json!({"name": "A", "type": "Enemy"}), "type", "valid")]
#[case(json!({"name": "A", "website": ["x"]}), "website", "valid")]
#[tokio::test]
async fn a_refused_field_is_named_in_header_and_body(#[case] sent: Value, #[case] field: &str, #[case] kind: &str) {
    let espo = Espo::plain();
    let seen = espo.post("Account", sent).await;
    let reason = format!("Field validation failure; entityType: Account, field: {field}, type: {kind}.");
    assert_eq!((seen.status.as_u16(), seen.header("x-status-reason")), (400, Some(reason.as_str())));
    let data = &seen.json()["messageTranslation"]["data"];
    assert_eq!(data, &json!({"field": field, "type": kind}));
    assert_eq!(espo.server.account_count(), 0);
}

#[tokio::test]
async fn broken_json_breaks_the_program_and_another_type_is_not_read() {
    let espo = Espo::plain();
    let broken = espo.send("POST Account", &[], "{\"name\":").await;
    assert_eq!((broken.status.as_u16(), broken.text(), broken.header("x-status-reason")), (500, "", None));
    let headers = ["x-api-key: sandbox-key", "content-type: text/plain"];
    let unread = super::send(&espo.router, "POST /api/v1/Account", &headers, "{\"name\":\"A\"}").await;
    assert!(unread.header("x-status-reason").unwrap().contains("field: name, type: required"));
}

#[tokio::test]
async fn a_record_that_looks_alike_is_a_conflict_until_the_check_is_skipped() {
    let espo = Espo::plain();
    espo.post("Account", json!({"name": "Zażółć", "emailAddress": "a@x.test"})).await;
    for sent in [json!({"name": "ZAZOŁC"}), json!({"name": "Other", "emailAddress": "A@X.test"})] {
        let seen = espo.post("Account", sent.clone()).await;
        assert_eq!((seen.status.as_u16(), seen.header("x-status-reason")), (409, Some("duplicate")));
        assert_eq!(seen.json()[0]["name"], "Zażółć");
        let made = espo.send("POST Account", &["x-skip-duplicate-check: true"], sent.to_string()).await;
        assert_eq!(made.status, 200);
    }
    assert_eq!(espo.post("Account", json!({"name": "Zazolc"})).await.status, 200, "the stroke of ł counts");
    let first = espo.post("Contact", json!({"firstName": "Jan", "lastName": "Nowak"})).await;
    assert_eq!(first.status, 200);
    assert_eq!(espo.post("Contact", json!({"firstName": "JAN", "lastName": "nowak"})).await.status, 409);
}

#[tokio::test]
async fn equal_values_move_stamp_and_version_and_an_older_version_is_a_conflict() {
    let espo = Espo::plain();
    let path = format!("Account/{}", id(&espo.post("Account", json!({"name": "A"})).await.json()));
    espo.pass(5);
    let same = espo.put(&path, json!({"name": "A"})).await.json();
    assert_eq!((&same["versionNumber"], &same["modifiedAt"]), (&json!(2), &json!("2026-11-18 11:06:45")));
    let guarded = |version: &str, name: &str| {
        let (header, body) = (format!("x-version-number: {version}"), json!({"name": name}).to_string());
        let espo = &espo;
        let path = &path;
        async move { espo.send(&format!("PATCH {path}"), &[header.as_str()], body).await }
    };
    let stale = guarded("1", "B").await;
    assert_eq!((stale.status.as_u16(), stale.header("x-status-reason")), (409, Some("modified")));
    assert_eq!(stale.json(), json!({"values": {"name": "A"}, "versionNumber": 2}));
    assert_eq!(guarded("1", "A").await.status, 200, "it says what is stored");
    assert_eq!(guarded("3", "B").await.json()["name"], "B");
}

#[tokio::test]
async fn a_contact_has_no_version_and_an_unknown_company_is_forbidden() {
    let espo = Espo::plain();
    let made = espo.post("Contact", json!({"lastName": "Nowak"})).await.json();
    assert!(made.get("versionNumber").is_none());
    let path = format!("Contact/{}", id(&made));
    let written =
        espo.send(&format!("PUT {path}"), &["x-version-number: 99"], json!({"title": "Boss"}).to_string()).await;
    assert_eq!(written.status, 200);
    let seen = espo.put(&path, json!({"accountId": "0123456789abcdef0"})).await;
    assert_eq!((seen.status.as_u16(), seen.header("x-status-reason")), (403, Some("cannotRelateNonExisting")));
}

#[tokio::test]
async fn another_primary_company_leaves_the_old_one_in_the_list() {
    let espo = Espo::plain();
    let (old, new) = (espo.server.add_account(&[("name", "old")]), espo.server.add_account(&[("name", "new")]));
    let (old_id, new_id) = (espo.server.id_text(old), espo.server.id_text(new));
    let person = espo.post("Contact", json!({"lastName": "Nowak", "accountId": old_id})).await.json();
    assert_eq!((&person["accountName"], &person["accountsIds"]), (&json!("old"), &json!([old_id])));
    let moved = espo.put(&format!("Contact/{}", id(&person)), json!({"accountId": new_id})).await.json();
    assert_eq!((&moved["accountId"], &moved["accountsIds"]), (&json!(new_id), &json!([old_id, new_id])));
    assert_eq!(espo.get(&format!("Account/{old_id}/contacts")).await.json()["total"], 1);
    let unlink = json!({"id": id(&person)}).to_string();
    let seen = espo.send(&format!("DELETE Account/{old_id}/contacts"), &[], unlink).await;
    assert_eq!((seen.status.as_u16(), seen.text()), (200, "true"));
    assert_eq!(espo.get(&format!("Account/{old_id}/contacts")).await.json()["total"], 0);
    assert_eq!(espo.server.companies_of(espo.server.id_number(&id(&person)).unwrap()), [new]);
}

#[tokio::test]
async fn a_link_fills_an_empty_primary_company_and_moves_the_contacts_stamp() {
    let espo = Espo::plain();
    let (one, other) = (espo.server.add_account(&[("name", "one")]), espo.server.add_account(&[("name", "other")]));
    let person = id(&espo.post("Contact", json!({"lastName": "Nowak"})).await.json());
    for account in [one, other] {
        espo.pass(1);
        let path = format!("Account/{}/contacts", espo.server.id_text(account));
        assert_eq!(espo.post(&path, json!({"id": person})).await.text(), "true");
    }
    let shown = espo.get(&format!("Contact/{person}")).await.json();
    assert_eq!((&shown["accountName"], &shown["modifiedAt"]), (&json!("one"), &json!("2026-11-18 11:06:42")));
    assert_eq!(shown["accountsIds"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_rename_and_a_deletion_move_no_contact() {
    let espo = Espo::plain();
    let account = espo.server.add_account(&[("name", "old")]);
    let person = espo.server.id_text(espo.server.add_contact(&[("lastName", "Nowak")], Some(account)));
    espo.pass(60);
    espo.server.edit_account(account, "name", "new");
    let path = format!("Contact/{person}");
    let renamed = espo.get(&path).await.json();
    assert_eq!((&renamed["accountName"], &renamed["modifiedAt"]), (&json!("new"), &json!("2026-11-18 11:06:40")));
    let deleted = format!("DELETE Account/{}", espo.server.id_text(account));
    assert_eq!(espo.send(&deleted, &[], "").await.text(), "true");
    assert_eq!(espo.send(&deleted, &[], "").await.status, 404, "a second time there is nothing");
    let orphan = espo.get(&path).await.json();
    assert_eq!((&orphan["accountId"], &orphan["accountName"]), (&json!(espo.server.id_text(account)), &Value::Null));
    assert_eq!((&orphan["accountsIds"], &orphan["modifiedAt"]), (&json!([]), &renamed["modifiedAt"]));
}

#[tokio::test]
async fn a_post_stands_in_the_stream_and_its_author_edits_it_for_a_week() {
    let espo = Espo::plain();
    let account = espo.server.id_text(espo.server.add_account(&[("name", "A")]));
    let sent = json!({"type": "Post", "parentType": "Account", "parentId": account, "post": "Offer"});
    let note = id(&espo.post("Note", sent).await.json());
    let stream = espo.get(&format!("Account/{account}/stream?filter=posts")).await.json();
    assert_eq!((&stream["total"], &stream["list"][0]["post"]), (&json!(1), &json!("Offer")));
    assert_eq!(espo.put(&format!("Note/{note}"), json!({"post": "Contract"})).await.json()["post"], "Contract");
    espo.pass(8 * 86_400);
    assert_eq!(espo.put(&format!("Note/{note}"), json!({"post": "Annex"})).await.status, 403);
    assert_eq!(espo.post("Note", json!({"type": "Post", "post": "x"})).await.status, 403);
    assert_eq!(espo.post("Note", json!({"type": "Update", "post": "x"})).await.status, 403);
}

#[tokio::test]
async fn people_find_what_they_put_in() {
    let espo = Espo::plain();
    let server: &dyn CrmServer = &espo.server;
    let all = [
        Property::Name,
        Property::Country,
        Property::TaxNumber,
        Property::Phone,
        Property::Street,
        Property::City,
        Property::PostCode,
    ];
    let company = server.add(Kind::Company, &all.map(|property| (property, "x")), None);
    for property in all {
        assert_eq!(server.text(Kind::Company, company, property).as_deref(), Some("x"));
        assert!(server.edit(Kind::Company, company, property, "y"));
        assert_eq!(server.text(Kind::Company, company, property).as_deref(), Some("y"));
    }
    let person =
        server.add(Kind::Contact, &[(Property::LastName, "Nowak"), (Property::Email, "a@x.test")], Some(company));
    let other = server.add(Kind::Company, &[(Property::Name, "other")], None);
    assert!(server.move_contact(person, Some(other)));
    assert_eq!((server.companies_of(person), server.ids(Kind::Company)), (vec![other], vec![company, other]));
    assert!(!server.archive(Kind::Company, company) && !server.restore(Kind::Company, company));
    assert_eq!(server.merge(Kind::Company, company, other), Some(company));
    assert_eq!((server.companies_of(person), server.ids(Kind::Company)), (vec![company], vec![company]));
    assert!(server.remove(Kind::Contact, person) && !server.remove(Kind::Contact, person));
    assert_eq!(server.text(Kind::Contact, person, Property::Email), None);
    let (collection, property) = server.place(Kind::Company, Property::City);
    server.manners().set(collection, property, Manner::Ignore);
    let path = format!("Account/{}", server.id_text(company));
    assert_eq!(espo.put(&path, json!({"billingAddressCity": "z"})).await.json()["billingAddressCity"], "y");
    assert_eq!(server.id_number(&server.id_text(company)), Some(company));
}

#[rstest]
#[case::show(Grant::Nothing, "GET Account/{id}", Some("No 'read' access."))]
#[case::contacts(Grant::Nothing, "GET Account/{id}/contacts", Some("No read access."))]
#[case::readable(Grant::Read, "GET Account/{id}", None)]
#[case::readable_contacts(Grant::Read, "GET Account/{id}/contacts", None)]
#[case::edit(Grant::Read, "PUT Account/{id}", Some("No edit access."))]
#[case::delete(Grant::Read, "DELETE Account/{id}", Some("No delete access."))]
#[case::link(
    Grant::Read,
    "POST Account/{id}/contacts",
    Some("No record access for link operation (Account:contacts).")
)]
#[case::foreign(
    Grant::Read,
    "POST Contact/{contact}/accounts",
    Some("No foreign record access for link operation (Contact:accounts).")
)]
#[tokio::test]
async fn a_record_of_another_team_is_refused_and_left_out_of_lists(
    #[case] grant: Grant,
    #[case] request: &str,
    #[case] reason: Option<&str>,
) {
    let espo = Espo::plain();
    let [account, open] = ["A", "B"].map(|name| espo.server.add_account(&[("name", name)]));
    let contact = espo.server.add_contact(&[("lastName", "Nowak")], Some(open));
    assert!(espo.server.grant(Kind::Company, account, grant));
    let [account, contact] = [account, contact].map(|number| espo.server.id_text(number));
    let request = request.replace("{id}", &account).replace("{contact}", &contact);
    let body = if request.starts_with("POST Contact") { json!({"id": account}) } else { json!({"id": contact}) };
    let seen = espo.send(&request, &[], body.to_string()).await;
    assert_eq!(
        (seen.status.as_u16(), seen.header("x-status-reason")),
        (if reason.is_some() { 403 } else { 200 }, reason)
    );
    let listed = espo.get("Account").await.json()["list"].as_array().unwrap().len();
    assert_eq!(listed, if grant == Grant::Nothing { 1 } else { 2 });
}

#[tokio::test]
async fn a_role_may_assign_nobody() {
    let espo = Espo::plain();
    espo.server.let_assign(false);
    let seen = espo.post("Account", json!({"name": "A"})).await;
    let reason = "Assignment failure: assigned user or team not allowed.";
    assert_eq!((seen.status.as_u16(), seen.header("x-status-reason")), (403, Some(reason)));
    assert_eq!(espo.server.account_count(), 0);
}
