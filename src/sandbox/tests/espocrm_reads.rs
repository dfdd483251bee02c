//! Keys, paths, lists, reads by id.

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Espo, send};
use crate::sandbox::{CrmServer, EspoOptions};

fn names(page: &Value) -> Vec<&str> {
    page["list"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[rstest]
#[case("accept: */*", true)]
#[case("x-api-key: wrong", false)]
#[case("x-hmac-authorization: d3Jvbmc6d3Jvbmc=", false)]
#[tokio::test]
async fn without_a_key_there_is_an_empty_page(#[case] header: &str, #[case] asks: bool) {
    let espo = Espo::plain();
    let seen = send(&espo.router, "GET /api/v1/Account", &[header], Body::empty()).await;
    assert_eq!((seen.status.as_u16(), seen.text()), (401, ""));
    assert!(seen.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(seen.header("www-authenticate"), asks.then_some("Basic realm=\"\""));
}

#[rstest]
#[case("GET Account", 200, None)]
#[case("GET App/user", 200, None)]
#[case("GET Metadata", 200, None)]
#[case("GET Acount", 404, Some("Controller 'Acount' does not exist."))]
#[case("GET Account/17", 404, Some("Record 17 does not exist."))]
#[case("GET Account?maxSize=201", 403, Some("Max size should not exceed 200. Use offset and limit."))]
#[case("GET Account?orderBy=nothing", 400, Some("Not existing attribute 'nothing' in order."))]
#[case(
    "GET Account?where[0][type]=equals&where[0][attribute]=x&where[0][value]=1",
    400,
    Some("Not existing attribute 'x' in where.")
)]
#[case("GET Account?select=nothing", 200, None)]
#[case("DELETE Account", 405, None)]
#[case("PUT Metadata", 405, None)]
#[tokio::test]
async fn the_reason_stands_in_a_header(#[case] request: &str, #[case] status: u16, #[case] reason: Option<&str>) {
    let espo = Espo::plain();
    let request = request.replace('[', "%5B").replace(']', "%5D");
    let seen = espo.send(&request, &[], "").await;
    assert_eq!((seen.status.as_u16(), seen.header("x-status-reason")), (status, reason));
    if status == 405 {
        assert!(seen.header("content-type").unwrap().starts_with("text/html") && seen.header("allow").is_some());
    } else if status >= 400 {
        assert_eq!((seen.header("content-type"), seen.text()), (Some("application/json"), ""));
    }
}

#[tokio::test]
async fn a_list_has_a_total_and_shows_what_is_selected() {
    let espo = Espo::plain();
    for number in 0..5 {
        espo.server.add_account(&[("name", &format!("Żółw/{number}")), ("billingAddressCity", "Łódź")]);
    }
    let seen = espo.get("Account?select=name&maxSize=2&orderBy=id").await;
    assert!(seen.text().starts_with(r#"{"total":5,"list":[{"id":"0"#), "{}", seen.text());
    assert!(seen.text().contains(r#""name":"\u017b\u00f3\u0142w\/0""#), "{}", seen.text());
    let page = seen.json();
    assert_eq!(page["list"].as_array().unwrap().len(), 2);
    assert!(page["list"][0].get("billingAddressCity").is_none() && page["list"][0]["createdById"].is_string());
    let uncounted = espo.send("GET Account?maxSize=2&offset=4", &["x-no-total: true"], "").await.json();
    assert_eq!((&uncounted["total"], names(&uncounted)), (&json!(-2), vec!["Żółw/4"]));
    let id = page["list"][1]["id"].as_str().unwrap();
    let whole = espo.get(&format!("Account/{id}?select=name")).await.json();
    assert_eq!((&whole["billingAddressCity"], &whole["website"]), (&json!("Łódź"), &Value::Null));
    assert_eq!((&whole["versionNumber"], &whole["createdAt"]), (&json!(1), &json!("2026-11-18 11:06:40")));
}

#[tokio::test]
async fn without_a_size_a_page_has_two_hundred_records() {
    let espo = Espo::plain();
    for number in 0..201 {
        espo.server.add_account(&[("name", &number.to_string())]);
    }
    assert_eq!(espo.get("Account").await.json()["list"].as_array().unwrap().len(), 200);
}

#[tokio::test]
async fn a_list_goes_on_behind_an_id_by_brackets_or_as_one_text() {
    let espo = Espo::plain();
    let ids: Vec<String> =
        ["a", "b", "c"].iter().map(|name| espo.server.id_text(espo.server.add_account(&[("name", name)]))).collect();
    let filter =
        format!("where%5B0%5D%5Btype%5D=greaterThan&where%5B0%5D%5Battribute%5D=id&where%5B0%5D%5Bvalue%5D={}", ids[0]);
    assert_eq!(names(&espo.get(&format!("Account?{filter}&orderBy=id&order=asc")).await.json()), ["b", "c"]);
    let search = json!({
        "where": [{"type": "in", "attribute": "id", "value": [ids[0], ids[2]]}],
        "orderBy": "id", "order": "desc", "maxSize": 5, "select": ["name"],
    });
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("searchParams", &search.to_string()).finish();
    assert_eq!(names(&espo.get(&format!("Account?{query}")).await.json()), ["c", "a"]);
}

#[tokio::test]
async fn stamps_are_whole_seconds_and_iso_is_taken() {
    let espo = Espo::plain();
    espo.server.add_account(&[("name", "first")]);
    espo.pass(10);
    espo.server.add_account(&[("name", "second")]);
    for (compare, value, shown) in [
        ("greaterThanOrEquals", "2026-11-18%2011:06:50", vec!["second"]),
        ("greaterThan", "2026-11-18%2011:06:50", vec![]),
        ("greaterThan", "2026-11-18T11:06:40Z", vec!["second"]),
        ("lessThanOrEquals", "2026-11-18T11:06:40Z", vec!["first"]),
    ] {
        let filter = format!(
            "where%5B0%5D%5Btype%5D={compare}&where%5B0%5D%5Battribute%5D=modifiedAt&where%5B0%5D%5Bvalue%5D={value}"
        );
        assert_eq!(names(&espo.get(&format!("Account?{filter}")).await.json()), shown, "{compare} {value}");
    }
}

#[tokio::test]
async fn equal_to_the_database_is_less_than_equal() {
    let espo = Espo::plain();
    espo.server.add_account(&[("name", "Żółw ")]);
    let asked = |name: &str| {
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        format!("Account?where%5B0%5D%5Btype%5D=equals&where%5B0%5D%5Battribute%5D=name&where%5B0%5D%5Bvalue%5D={name}")
    };
    assert_eq!(espo.get(&asked("ZÓŁW")).await.json()["total"], 1);
    assert_eq!(espo.get(&asked("zolw")).await.json()["total"], 0, "the stroke of ł counts");
}

#[tokio::test]
async fn a_role_without_rights_is_told() {
    let espo = Espo::open(EspoOptions { closed: vec!["Contact".to_owned()], ..EspoOptions::default() });
    let seen = espo.get("Contact").await;
    assert_eq!((seen.status.as_u16(), seen.header("x-status-reason")), (403, Some("No read access.")));
    assert_eq!(espo.get("Account").await.status, 200);
}

#[tokio::test]
async fn offsets_skip_rows_after_a_deletion() {
    let espo = Espo::plain();
    let first = espo.server.add_account(&[("name", "0")]);
    for number in 1..4 {
        espo.server.add_account(&[("name", &number.to_string())]);
    }
    assert_eq!(names(&espo.get("Account?orderBy=id&maxSize=2").await.json()), ["0", "1"]);
    espo.server.delete_account(first);
    assert_eq!(names(&espo.get("Account?orderBy=id&maxSize=2&offset=2").await.json()), ["3"]);
}
