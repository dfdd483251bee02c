//! Log-in, tokens, media types, paths, items and their headers.

use axum::body::Body;
use http::StatusCode;
use rstest::rstest;
use serde_json::json;

use super::{LINKED, Office, send};
use crate::sandbox::FlowtlyOptions;
use crate::sandbox::flowtly::{ContactsShown, CurrencyIds, Dialect, Forbidden, Formats};

#[rstest]
#[case::wrong_password(
    r#"{"username":"sync@example.com","password":"x"}"#,
    "application/json",
    401,
    r#"{"code":401,"message":"Invalid credentials."}"#
)]
#[case::unknown_user(
    r#"{"username":"x","password":"sandbox"}"#,
    "application/json",
    401,
    r#"{"code":401,"message":"Invalid credentials."}"#
)]
#[case::missing_key(r#"{"username":"x"}"#, "application/json", 400, r#"{"detail":"Bad Request","status":400,"title":"An error occurred","type":"https:\/\/tools.ietf.org\/html\/rfc2616#section-10"}"#)]
#[case::malformed("{", "application/json", 400, "Bad Request")]
#[case::form("username=a&password=b", "application/x-www-form-urlencoded", 404, "<!DOCTYPE html>")]
#[tokio::test]
async fn a_log_in_is_refused_in_its_own_way(
    #[case] body: &'static str,
    #[case] media_type: &str,
    #[case] status: u16,
    #[case] says: &str,
) {
    let office = Office::plain().await;
    let seen = send(&office.router, "POST /login", &[&format!("content-type: {media_type}")], body).await;
    assert_eq!(seen.status.as_u16(), status);
    assert!(seen.text().contains(says), "{}", seen.text());
    if status == 401 {
        assert_eq!(seen.header("www-authenticate"), Some("Bearer"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn tokens_expire_without_leeway_and_die_with_their_key() {
    let options = FlowtlyOptions { token_life: std::time::Duration::from_secs(2), ..FlowtlyOptions::default() };
    let office = Office::open(options).await;
    assert_eq!(office.get("/clients").await.status, 200);
    office.clock.advance(std::time::Duration::from_secs(3));
    let seen = office.get("/clients").await;
    assert_eq!((seen.status.as_u16(), seen.text()), (401, r#"{"code":401,"message":"Expired JWT Token"}"#));
    office.server.rotate_keys();
    assert_eq!(office.get("/clients").await.json()["message"], "Invalid JWT Token");
    let nobody = send(&office.router, "GET /clients", &["accept: application/problem+json"], Body::empty()).await;
    assert_eq!((nobody.status.as_u16(), nobody.text()), (401, r#"{"code":401,"message":"JWT Token not found"}"#));
    let basic = send(&office.router, "GET /clients", &["authorization: Basic eA=="], Body::empty()).await;
    assert_eq!(basic.json()["message"], "JWT Token not found");
}

#[rstest]
#[case::get_login("GET /login", LINKED, 405, "text/html; charset=UTF-8")]
#[case::unknown_path("GET /nothing", LINKED, 404, LINKED)]
#[case::unknown_path_any("GET /nothing", "*/*", 404, "text/html; charset=UTF-8")]
#[case::no_number("GET /clients/abc", "application/json", 404, "application/json")]
#[case::suffix("GET /clients/1.json", LINKED, 404, LINKED)]
#[case::delete_client("DELETE /clients/1", LINKED, 405, LINKED)]
#[case::put_client("PUT /clients/1", LINKED, 405, LINKED)]
#[case::options("OPTIONS /clients", LINKED, 405, LINKED)]
#[tokio::test]
async fn symfony_answers_what_has_no_route(
    #[case] request: &str,
    #[case] accept: &str,
    #[case] status: u16,
    #[case] media_type: &str,
) {
    let office = Office::with_clients(1).await;
    // Without a token: an unknown path does not look like an authentication error.
    let seen = send(&office.router, request, &[&format!("accept: {accept}")], Body::empty()).await;
    assert_eq!(seen.status.as_u16(), status);
    assert_eq!(seen.header("content-type"), Some(media_type));
    if request.ends_with("/clients/1") {
        assert_eq!(seen.header("allow"), Some("GET, PATCH"));
    }
}

#[rstest]
#[case("application/ld+json", Some("application/ld+json; charset=utf-8"))]
#[case("*/*", Some("application/ld+json; charset=utf-8"))]
#[case("application/json, application/ld+json", Some("application/ld+json; charset=utf-8"))]
#[case("application/hal+json, application/json;q=0.5", Some("application/json; charset=utf-8"))]
#[case("application/json", Some("application/json; charset=utf-8"))]
#[case("text/html", None)]
#[case("application/problem+json", None)]
#[tokio::test]
async fn the_accepted_type_is_negotiated(#[case] accept: &str, #[case] answered: Option<&str>) {
    let office = Office::with_clients(1).await;
    let seen = office.ask("GET /clients/1", &[&format!("accept: {accept}")], Body::empty()).await;
    if let Some(media_type) = answered {
        assert_eq!(seen.header("content-type"), Some(media_type));
    } else {
        assert_eq!(seen.status, 406);
        let detail = format!(
            "Requested format \"{accept}\" is not supported. Supported MIME types are \"application/ld+json\", \
                 \"application/json\"."
        );
        assert_eq!(seen.json()["detail"], detail);
        assert_eq!(seen.header("content-type"), Some("application/problem+json; charset=utf-8"));
    }
}

#[tokio::test]
async fn a_server_without_plain_json_refuses_it_and_writes_nothing() {
    let options = FlowtlyOptions { formats: Formats::LinkedOnly, ..FlowtlyOptions::default() };
    let office = Office::open(options).await;
    let id = office.add("Before");
    let headers = ["accept: application/json", "content-type: application/merge-patch+json"];
    let seen = office.ask("PATCH /clients/1", &headers, r#"{"name":"After"}"#).await;
    assert_eq!(seen.status, 406);
    assert_eq!(office.server.client(id).unwrap()["name"], "Before");
}

#[tokio::test]
async fn an_item_leaves_nulls_out_and_escapes_as_the_format_does() {
    let office = Office::plain().await;
    let id = office.add("Żółw & <Syn> \"s\"");
    let linked = office.get(&format!("/clients/{id}")).await;
    assert!(
        linked.text().starts_with(
            r#"{"@context":"\/contexts\/Client","@id":"\/clients\/1","@type":"Client","id":1,"country":"\/countries\/PL","#
        ),
        "{}",
        linked.text()
    );
    assert!(linked.text().contains(r#""name":"Żółw \u0026 \u003cSyn\u003e \u0022s\u0022","dueDays":14"#));
    assert_eq!(linked.json().get("tin"), None);
    assert_eq!(linked.json()["clientContacts"], json!([]));
    let plain = office.ask("GET /clients/1", &["accept: application/json"], Body::empty()).await;
    assert!(plain.text().contains(r#""name":"\u017b\u00f3\u0142w & <Syn> \"s\"""#), "{}", plain.text());
    assert_eq!(plain.json().get("@id"), None);
    let vary: Vec<_> = linked.headers.get_all("vary").iter().collect();
    assert_eq!(vary, ["Accept", "Content-Type", "Authorization", "Origin"]);
    assert_eq!(linked.header("cache-control"), Some("no-cache, private"));
    assert_eq!(linked.header("accept-patch"), Some("application/merge-patch+json"));
    assert!(linked.header("link").unwrap().starts_with("<http://sandbox/docs.jsonld>;"));
    assert_eq!(linked.header("date"), Some("Wed, 18 Nov 2026 11:06:40 GMT"));
    assert_ne!(linked.header("etag"), plain.header("etag"));
    assert_eq!(linked.header("etag").unwrap().len(), 18);
    let head = office.ask("HEAD /clients/1", &["accept: application/ld+json"], Body::empty()).await;
    assert_eq!((head.status, head.body.len(), head.header("etag")), (StatusCode::OK, 0, linked.header("etag")));
    let tagged = office.ask("GET /clients/1", &["if-none-match: \"x\""], Body::empty()).await;
    assert_eq!(tagged.status, 200);
}

#[tokio::test]
async fn contacts_are_embedded_or_iris_and_prefixes_are_everywhere() {
    let options = FlowtlyOptions {
        contacts: ContactsShown::Iris,
        prefix: "/api".to_owned(),
        currency_ids: CurrencyIds::Numbers,
        ..FlowtlyOptions::default()
    };
    let office = Office::open(options).await;
    let id = office.server.add_client(&json!({"name": "A", "country": "DE", "currency": "1"}));
    office.server.add_contact(id, &json!({"name": "N", "email": "n@example.com", "type": "main"}));
    let seen = office.get("/api/clients/1").await.json();
    assert_eq!(seen["@id"], "/api/clients/1");
    assert_eq!(seen["currency"], "/api/currencies/1");
    assert_eq!(seen["clientContacts"], json!(["/api/client-contacts/1"]));
    assert_eq!(office.get("/api/currencies/1").await.json()["code"], "EUR");
    assert_eq!(office.get("/api/clients").await.json()["@id"], "/api/clients");
    assert_eq!(office.get("/clients").await.status, 404);
}

#[tokio::test]
async fn documents_show_the_client_under_another_identity() {
    let office = Office::with_clients(6).await;
    office.server.add_document(6, "offer.pdf").unwrap();
    let seen = office.get("/clients/6/documents").await;
    assert!(seen.text().contains(r#""@id":"\/clients\/6\/documents""#), "{}", seen.text());
    assert_eq!(seen.json()["documents"][0]["name"], "offer.pdf");
    assert_eq!(office.get("/clients/7/documents").await.status, 404);
}

#[tokio::test]
async fn lookups_answer_and_a_trailing_slash_moves() {
    let office = Office::plain().await;
    assert_eq!(office.get("/countries/PL").await.json()["id"], "PL");
    let missing = office.get("/countries/ZZ").await;
    assert_eq!((missing.status.as_u16(), missing.json()["detail"].as_str()), (404, Some("Not Found")));
    assert_eq!(office.get("/countries").await.json()["totalItems"], 34);
    assert_eq!(office.get("/currencies/EUR").await.json()["code"], "EUR");
    assert_eq!(office.get("/organizations").await.json()["member"][0]["id"], "1hkzxrub");
    let moved = office.get("/clients/").await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (301, Some("http://sandbox/clients")));
}

#[tokio::test]
async fn documentation_describes_fields_in_the_release_s_own_keys() {
    let office = Office::plain().await;
    let seen = office.get("/docs.jsonld").await.json();
    let class = &seen["supportedClass"][0];
    assert_eq!(class["title"], "Client");
    let name = class["supportedProperty"].as_array().unwrap().iter().find(|one| one["title"] == "name").unwrap();
    assert_eq!((&name["required"], &name["writeable"]), (&json!(true), &json!(true)));
    let options = FlowtlyOptions { dialect: Dialect::V34, ..FlowtlyOptions::default() };
    let office = Office::open(options).await;
    let seen = office.get("/docs.jsonld").await.json();
    assert_eq!(seen["hydra:supportedClass"][1]["hydra:title"], "ClientContact");
}

#[rstest]
#[case(Dialect::V4, LINKED, json!({"@context":"/contexts/Error","@id":"/errors/404","@type":"Error","title":"An error occurred","detail":"Not Found","status":404,"type":"/errors/404","description":"Not Found"}))]
#[case(Dialect::V4Prefixed, LINKED, json!({"@context":"/contexts/Error","@id":"/errors/404","@type":"hydra:Error","title":"An error occurred","detail":"Not Found","status":404,"type":"/errors/404","description":"Not Found","hydra:description":"Not Found","hydra:title":"An error occurred"}))]
#[case(Dialect::V34, LINKED, json!({"@id":"/errors/404","@type":"hydra:Error","title":"An error occurred","detail":"Not Found","status":404,"type":"/errors/404","description":"Not Found","hydra:description":"Not Found","hydra:title":"An error occurred"}))]
#[case(Dialect::V34Legacy, LINKED, json!({"@context":"/contexts/Error","@type":"hydra:Error","hydra:title":"An error occurred","hydra:description":"Not Found"}))]
#[case(Dialect::V41, "application/json", json!({"title":"An error occurred","detail":"Not Found","status":404,"type":"/errors/404"}))]
#[case(Dialect::V34Legacy, "application/json", json!({"type":"https://tools.ietf.org/html/rfc2616#section-10","title":"An error occurred","detail":"Not Found"}))]
#[tokio::test]
async fn an_unknown_id_is_worded_by_the_release(
    #[case] dialect: Dialect,
    #[case] accept: &str,
    #[case] body: serde_json::Value,
) {
    let options = FlowtlyOptions { dialect, ..FlowtlyOptions::default() };
    let office = Office::open(options).await;
    let seen = office.ask("GET /clients/99", &[&format!("accept: {accept}")], Body::empty()).await;
    assert_eq!((seen.status.as_u16(), seen.json()), (404, body));
    let legacy = dialect == Dialect::V34Legacy && accept == LINKED;
    let media_type = if legacy { "application/ld+json" } else { "application/problem+json" };
    assert_eq!(seen.header("content-type").unwrap(), format!("{media_type}; charset=utf-8"));
}

#[tokio::test]
async fn a_missing_tenant_header_looks_like_unknown_records() {
    let options = FlowtlyOptions {
        tenant_header: Some(("x-instance".to_owned(), "acme".to_owned())),
        ..FlowtlyOptions::default()
    };
    let office = Office::open(options).await;
    office.add("A");
    assert_eq!(office.get("/clients/1").await.status, 404);
    let seen = office.ask("GET /clients/1", &["x-instance: acme"], Body::empty()).await;
    assert_eq!(seen.status, 200);
}

#[tokio::test]
async fn what_security_hides_is_left_out_like_a_null_and_cannot_be_set_though_the_documentation_lists_it() {
    let office = Office::plain().await;
    let fields = json!({"name": "Alfa", "addressPhoneNumber": "+48 22", "addressCity": "Warszawa"});
    let id = office.server.add_client(&fields);
    let before = office.get("/docs.jsonld").await.json();
    office.server.hide_client_property("addressPhoneNumber");
    let shown = office.get(&format!("/clients/{id}")).await.json();
    assert_eq!((shown.get("addressPhoneNumber"), &shown["addressCity"]), (None, &json!("Warszawa")));
    assert_eq!(office.get("/clients").await.json()["member"][0].get("addressPhoneNumber"), None);
    assert_eq!(office.get("/docs.jsonld").await.json(), before);
    assert_eq!(office.server.client(id).unwrap()["addressPhoneNumber"], "+48 22", "it is there");
    office.server.show_properties();
    assert_eq!(office.get(&format!("/clients/{id}")).await.json()["addressPhoneNumber"], "+48 22");
}

#[tokio::test]
async fn a_record_that_security_keeps_is_refused_by_its_id_and_shown_in_lists() {
    let office = Office::plain().await;
    let id = office.server.add_client(&json!({"name": "Alfa"}));
    let person = office.server.add_contact(id, &json!({"name": "Jan", "email": "j@a.pl", "type": "main"}));
    office.server.forbid_client(id, Some(Forbidden::Everything));
    office.server.forbid_contact(person, Some(Forbidden::Writing));
    for path in [format!("/clients/{id}"), format!("/clients/{id}/documents")] {
        let seen = office.get(&path).await;
        assert_eq!((seen.status.as_u16(), seen.json()["detail"].as_str()), (403, Some("Access Denied.")), "{path}");
    }
    assert_eq!(office.get("/clients").await.json()["member"][0]["name"], "Alfa");
    assert_eq!(office.get(&format!("/client-contacts/{person}")).await.status.as_u16(), 200);
    office.server.forbid_client(id, None);
    assert_eq!(office.get(&format!("/clients/{id}")).await.status.as_u16(), 200);
}
