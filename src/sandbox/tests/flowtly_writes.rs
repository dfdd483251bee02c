//! Creates, merge patches and their refusals.

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};

use super::Office;
use crate::sandbox::flowtly::Dialect;
use crate::sandbox::{FlowtlyOptions, Manner};

fn complete() -> Value {
    json!({"name": "Nowa", "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active", "tinType": "nip"})
}

fn with(key: &str, value: Value) -> String {
    let mut body = complete();
    body[key] = value;
    body.to_string()
}

#[tokio::test]
async fn a_create_says_where_the_client_is() {
    let office = Office::plain().await;
    let seen = office.post("/clients", with("country", json!("http://sandbox/countries/DE"))).await;
    assert_eq!((seen.status.as_u16(), seen.header("location")), (201, Some("/clients/1")));
    assert_eq!(seen.header("content-location"), Some("/clients/1.jsonld"));
    let body = seen.json();
    assert_eq!((&body["country"], &body["dueDays"]), (&json!("/countries/DE"), &json!(14)));
    assert_eq!(office.server.counts().writes, 1);
    assert_eq!(office.server.log()[0].body, with("country", json!("http://sandbox/countries/DE")));
}

#[tokio::test]
async fn violations_come_all_at_once_with_their_codes() {
    let office = Office::plain().await;
    for body in ["{}", "[1,2]"] {
        let seen = office.post("/clients", body).await;
        assert_eq!(seen.status, 422);
        let body = seen.json();
        let paths: Vec<&str> =
            body["violations"].as_array().unwrap().iter().map(|one| one["propertyPath"].as_str().unwrap()).collect();
        assert_eq!(paths, ["country", "currency", "status", "name", "tinType"]);
        assert_eq!(
            body["violations"][0],
            json!({"propertyPath": "country", "message": "This value should not be null.", "code": "ad32d13f-c3d4-423b-909a-857b961eb720"})
        );
        assert_eq!(body["@type"], "ConstraintViolationList");
        assert!(body["detail"].as_str().unwrap().starts_with(
            "country: This value should not be null.\ncurrency: This value should not be null.\nstatus: This value should not be blank."
        ));
        assert!(body["@id"].as_str().unwrap().starts_with("/validation_errors/0=ad32d13f-"));
    }
    assert_eq!(office.server.client_count(), 0);
    let options = FlowtlyOptions { dialect: Dialect::V41, ..FlowtlyOptions::default() };
    let office = Office::open(options).await;
    assert_eq!(office.post("/clients", "{}").await.json()["@type"], "ConstraintViolation");
}

#[rstest]
#[case::text("\"x\"".to_owned(), 400, "Invalid IRI \"x\".")]
#[case::malformed("{".to_owned(), 400, "Syntax error")]
#[case::empty(String::new(), 400, "Syntax error")]
#[case::number_name(with("name", json!(5)), 400, "The type of the \"name\" attribute must be \"string\", \"integer\" given.")]
#[case::null_name(with("name", json!(null)), 400, "The type of the \"name\" attribute must be \"string\", \"NULL\" given.")]
#[case::text_days(with("dueDays", json!("14")), 400, "The type of the \"dueDays\" attribute must be \"int\", \"string\" given.")]
#[case::float_days(with("dueDays", json!(14.0)), 400, "The type of the \"dueDays\" attribute must be \"int\", \"double\" given.")]
#[case::unknown_iri(with("country", json!("/countries/ZZ")), 400, "Item not found for \"/countries/ZZ\".")]
#[case::bare_code(with("country", json!("PL")), 400, "Invalid IRI \"PL\".")]
#[case::wrong_prefix(with("country", json!("/api/countries/PL")), 400, "Invalid IRI \"/api/countries/PL\".")]
#[case::foreign_host(with("country", json!("http://other/countries/PL")), 400, "Invalid IRI \"http://other/countries/PL\".")]
#[case::number_iri(with("currency", json!(1)), 400, "The type of the \"currency\" attribute must be \"array\" (nested document) or \"string\" (IRI), \"integer\" given.")]
#[case::nested(with("country", json!({"id": "PL"})), 400, "Nested documents for attribute \"country\" are not allowed. Use IRIs instead.")]
#[case::other_class(with("country", json!("/currencies/PLN")), 400, "Expected argument of type \"?App\\Entity\\Country\"")]
#[case::own_id(with("@id", json!("/clients/1")), 400, "Update is not allowed for this operation.")]
#[case::choice(with("status", json!("x")), 422, "status: The value you selected is not a valid choice.")]
#[case::long(with("name", json!("ż".repeat(256))), 422, "name: This value is too long. It should have 255 characters or less.")]
#[case::exactly(with("tinCountry", json!("POL")), 422, "tinCountry: This value should have exactly 2 characters.")]
#[case::child(with("clientContacts", json!([{"name": "A", "email": "a@example.com", "type": "main"}, {"name": "B", "email": "świat@example.com", "type": "main"}])), 422, "clientContacts[1].email: This value is not a valid email address.")]
#[tokio::test]
async fn a_create_is_refused(#[case] body: String, #[case] status: u16, #[case] detail: &str) {
    let office = Office::plain().await;
    let seen = office.post("/clients", body).await;
    assert_eq!(seen.status.as_u16(), status, "{}", seen.text());
    assert!(seen.json()["detail"].as_str().unwrap().starts_with(detail), "{}", seen.text());
    assert_eq!((office.server.client_count(), office.server.contact_count()), (0, 0));
}

#[tokio::test]
async fn what_is_not_written_is_ignored_and_text_is_kept_as_sent() {
    let office = Office::plain().await;
    let mut body = complete();
    body["name"] = json!(" Z\u{0}u\u{308}\u{200b}😀 ");
    body["id"] = json!(77);
    body["costGroup"] = json!([1]);
    body["nonsense"] = json!({});
    let seen = office.post("/clients", body.to_string()).await.json();
    assert_eq!((&seen["id"], &seen["name"]), (&json!(1), &json!(" Z\u{0}u\u{308}\u{200b}😀 ")));
    assert_eq!((seen.get("costGroup"), seen.get("nonsense")), (None, None));
    assert_eq!(office.post("/clients", with("name", json!("ż".repeat(255)))).await.status, 201);
    let bytes = [br#"{"name":""#.as_slice(), &[0xff], br#""}"#].concat();
    let seen = office.post("/clients", bytes).await;
    assert_eq!(seen.json()["detail"], "Malformed UTF-8 characters, possibly incorrectly encoded");
}

#[rstest]
#[case(
    "POST /clients",
    Some("text/plain"),
    "The content-type \"text/plain\" is not supported. Supported MIME types are \"application/ld+json\", \"application/json\"."
)]
#[case(
    "POST /clients",
    Some("application/merge-patch+json"),
    "The content-type \"application/merge-patch+json\" is not supported."
)]
#[case("POST /clients", None, "The \"Content-Type\" header must exist.")]
#[case(
    "PATCH /clients/1",
    Some("application/json"),
    "The content-type \"application/json\" is not supported. Supported MIME types are \"application/merge-patch+json\"."
)]
#[case("PATCH /clients/1", Some("application/ld+json"), "The content-type \"application/ld+json\" is not supported.")]
#[case(
    "PATCH /client-contacts/1",
    Some("application/json-patch+json"),
    "The content-type \"application/json-patch+json\" is not supported."
)]
#[tokio::test]
async fn a_wrong_content_type_is_415(#[case] request: &str, #[case] media_type: Option<&str>, #[case] detail: &str) {
    let office = Office::with_clients(1).await;
    let typed = media_type.map(|media_type| format!("content-type: {media_type}"));
    let headers: Vec<&str> = typed.as_deref().into_iter().collect();
    let seen = office.ask(request, &headers, complete().to_string()).await;
    assert_eq!(seen.status, 415);
    assert!(seen.json()["detail"].as_str().unwrap().starts_with(detail), "{}", seen.text());
    assert_eq!(office.server.client_count(), 1);
}

#[tokio::test]
async fn a_charset_is_accepted() {
    let office = Office::plain().await;
    let headers = ["content-type: application/json; charset=utf-8"];
    assert_eq!(office.ask("POST /clients", &headers, complete().to_string()).await.status, 201);
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_null_clears() {
    let office = Office::with_clients(2).await;
    office.server.edit_client(1, "tin", "123");
    office.server.edit_client(1, "defaultCost", "2");
    let seen = office.patch("/clients/1", json!({"name": "B", "tin": null, "defaultCost": null, "id": 2})).await;
    let body = seen.json();
    assert_eq!((seen.status.as_u16(), &body["id"], &body["name"]), (200, &json!(1), &json!("B")));
    assert_eq!((body.get("tin"), body.get("defaultCost"), &body["country"]), (None, None, &json!("/countries/PL")));
    assert_eq!(office.patch("/clients/1", json!({})).await.json(), body);
    assert_eq!(office.server.client(2).unwrap()["name"], "Client 2");
    for (key, wanted) in [("name", "\"string\""), ("dueDays", "\"int\""), ("country", "\"string\" (IRI)")] {
        let refused = office.patch("/clients/1", json!({key: null})).await;
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(refused.status == 400 && detail.contains(wanted) && detail.ends_with("\"NULL\" given."), "{detail}");
    }
    assert_eq!(office.patch("/clients/1", json!({"name": ""})).await.status, 422);
    assert_eq!(office.patch("/clients/9", json!({"name": "X"})).await.status, 404);
}

#[tokio::test]
async fn embedded_contacts_in_a_patch_replace_the_set() {
    let office = Office::with_clients(2).await;
    let contact = |name: &str| json!({"name": name, "email": format!("{name}@example.com"), "type": "main"});
    let (a, b) = (office.server.add_contact(1, &contact("a")), office.server.add_contact(1, &contact("b")));
    let foreign = office.server.add_contact(2, &contact("f"));
    // The id is not matched, and the path counts old rows and new.
    let one = office.patch("/clients/1", json!({"clientContacts": [{"id": a, "name": "x"}]})).await;
    assert_eq!(one.json()["violations"][0]["propertyPath"], "clientContacts[2].type");
    assert_eq!(office.server.contact_count(), 3);
    let null = office.patch("/clients/1", json!({"clientContacts": null})).await;
    assert_eq!(
        null.json()["detail"],
        "The type of the \"clientContacts\" attribute must be \"array\", \"NULL\" given."
    );
    let mut same = contact("a");
    same["@id"] = json!(format!("/client-contacts/{a}"));
    let kept =
        json!({"clientContacts": [same, format!("/client-contacts/{b}"), format!("/client-contacts/{foreign}")]});
    let seen = office.patch("/clients/1", kept).await.json();
    let mut ids: Vec<u64> =
        seen["clientContacts"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [b, foreign, foreign + 1]);
    assert_eq!(office.server.contact(a), None);
    assert_eq!(office.server.client(2).unwrap()["clientContacts"], json!([]));
    assert_eq!(office.server.contact(foreign).unwrap()["client"], "/clients/1");
    office.patch("/clients/1", json!({"clientContacts": []})).await;
    assert_eq!(office.server.contact_count(), 0);
}

#[tokio::test]
async fn contacts_live_and_die() {
    let office = Office::with_clients(2).await;
    let missing = office.post("/client-contacts", "{}").await.json();
    let paths: Vec<&str> =
        missing["violations"].as_array().unwrap().iter().map(|one| one["propertyPath"].as_str().unwrap()).collect();
    assert_eq!(paths, ["client", "type", "email", "name"]);
    let body = json!({"client": "/clients/1", "type": "main", "email": "a@example.com", "name": "A"});
    let made = office.post("/client-contacts", body.to_string()).await;
    assert_eq!((made.status.as_u16(), made.header("location")), (201, Some("/client-contacts/1")));
    assert_eq!(made.json()["createdAt"], "2026-11-18T11:06:40+00:00");
    office.clock.advance(std::time::Duration::from_secs(5));
    let same = office.patch("/client-contacts/1", json!({"name": "A"})).await.json();
    assert_eq!(same["updatedAt"], "2026-11-18T11:06:40+00:00");
    let moved = office.patch("/client-contacts/1", json!({"client": "/clients/2", "phone": "1"})).await.json();
    assert_eq!((&moved["client"], &moved["updatedAt"]), (&json!("/clients/2"), &json!("2026-11-18T11:06:45+00:00")));
    assert_eq!(office.server.client(2).unwrap()["clientContacts"][0]["id"], 1);
    let gone = office.ask("DELETE /client-contacts/1", &[], Body::empty()).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    assert_eq!(office.ask("DELETE /client-contacts/1", &[], Body::empty()).await.status, 404);
}

#[tokio::test]
async fn manners_change_what_is_stored() {
    let office = Office::with_clients(1).await;
    office.server.manners().set("clients", "name", Manner::Cut(5));
    office.server.manners().set("clients", "addressPhoneNumber", Manner::BarePhone);
    office.server.manners().set("clients", "tin", Manner::Ignore);
    let body = json!({"name": "Długa nazwa", "addressPhoneNumber": "+48 22 1", "tin": "1"});
    let seen = office.patch("/clients/1", body).await.json();
    assert_eq!((&seen["name"], &seen["addressPhoneNumber"]), (&json!("Długa"), &json!("+48221")));
    assert_eq!(seen.get("tin"), None);
}

#[tokio::test]
async fn a_body_beyond_a_mebibyte_is_stopped_by_the_proxy() {
    let office = Office::plain().await;
    let seen = office.post("/clients", with("invoiceComment", json!("x".repeat(1024 * 1024)))).await;
    assert_eq!(seen.status, 413);
    assert!(seen.text().contains("<center>nginx</center>"));
}
