//! Tokens, paths, lists, reads by id, search, limits.

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Portal, send};
use crate::sandbox::hubspot::{BatchOrder, Limits};
use crate::sandbox::{HubSpotOptions, ObjectType};

const COMPANIES: &str = "/crm/objects/2026-03/companies";

fn ids(page: &Value) -> Vec<u64> {
    page["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect()
}

fn numbers(ids: &[u64]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn a_token_and_its_scopes_are_asked_for() {
    let options =
        HubSpotOptions { missing_scopes: vec!["crm.objects.companies.write".to_owned()], ..HubSpotOptions::default() };
    let portal = Portal::open(options);
    for header in ["accept: */*", "authorization: Bearer wrong"] {
        let seen = send(&portal.router, &format!("GET {COMPANIES}"), &[header], Body::empty()).await;
        assert_eq!((seen.status.as_u16(), &seen.json()["category"]), (401, &json!("INVALID_AUTHENTICATION")));
        assert!(seen.json()["message"].as_str().unwrap().starts_with("Authentication credentials not found."));
    }
    assert_eq!(portal.get(COMPANIES).await.status, 200);
    let denied = portal.post(COMPANIES, json!({"properties": {"name": "A"}, "associations": []})).await;
    assert_eq!((denied.status.as_u16(), &denied.json()["category"]), (403, &json!("MISSING_SCOPES")));
    assert_eq!(denied.json()["errors"][0]["context"]["requiredGranularScopes"], json!(["crm.objects.companies.write"]));
}

#[rstest]
#[case("GET", "/crm/objects/2026-03/companies", 200)]
#[case("GET", "/crm/v3/objects/companies", 200)]
#[case("GET", "/crm/v3/objects/0-1", 200)]
#[case("GET", "/crm/v3/properties/companies", 200)]
#[case("GET", "/crm/properties/2026-09/contacts", 200)]
#[case("GET", "/crm/objects/2024-03/companies", 404)]
#[case("GET", "/crm/objects/2026-03/deals", 404)]
#[case("GET", "/elsewhere", 404)]
#[case("PUT", "/crm/objects/2026-03/companies", 405)]
#[case("GET", "/account-info/v3/details", 200)]
#[case("GET", "/account-info/2026-03/details", 200)]
#[tokio::test]
async fn paths_of_both_generations_are_served(#[case] method: &str, #[case] path: &str, #[case] status: u16) {
    let portal = Portal::plain();
    assert_eq!(portal.send(&format!("{method} {path}"), json!({})).await.status.as_u16(), status);
}

#[tokio::test]
async fn the_list_goes_by_id_and_names_the_next_one() {
    let portal = Portal::plain();
    let all: Vec<u64> = (0..25).map(|number| portal.server.add_company(&[("name", &number.to_string())])).collect();
    portal.server.archive_company(all[3]);
    let first = portal.get(COMPANIES).await.json();
    assert_eq!(ids(&first).len(), 10);
    assert_eq!(first["paging"]["next"]["after"], all[11].to_string());
    let second = portal.get(&format!("{COMPANIES}?limit=100&after={}", all[11])).await.json();
    assert_eq!((ids(&second), second.get("paging")), (all[11..].to_vec(), None));
    let archived = portal.get(&format!("{COMPANIES}?archived=true")).await.json();
    assert_eq!((ids(&archived), &archived["results"][0]["archived"]), (vec![all[3]], &json!(true)));
    assert_eq!(archived["results"][0]["archivedAt"], "2026-11-18T11:06:40Z");
    for bad in ["limit=101", "limit=0", "after=x", "archived=maybe", "associations=deals"] {
        let seen = portal.get(&format!("{COMPANIES}?{bad}")).await;
        assert_eq!((seen.status.as_u16(), &seen.json()["category"]), (400, &json!("VALIDATION_ERROR")), "{bad}");
    }
}

#[tokio::test]
async fn a_record_shows_what_is_asked_for_and_null_where_there_is_nothing() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "Żółw \"A\""), ("city", "Łódź")]);
    portal.server.hide_property(ObjectType::Company, "zip");
    let seen = portal.get(&format!("{COMPANIES}/{company}?properties=city,zip,nothing&properties=phone")).await;
    assert_eq!(
        seen.text(),
        format!(
            "{{\"id\":\"{company}\",\"properties\":{{\"city\":\"Łódź\",\"createdate\":\"2026-11-18T11:06:40Z\",\
             \"hs_lastmodifieddate\":\"2026-11-18T11:06:40Z\",\"hs_object_id\":\"{company}\",\"phone\":null}},\
             \"createdAt\":\"2026-11-18T11:06:40Z\",\"updatedAt\":\"2026-11-18T11:06:40Z\",\"archived\":false}}"
        )
    );
    let plain = portal.get(&format!("{COMPANIES}/{company}")).await.json();
    assert_eq!(plain["properties"]["name"], "Żółw \"A\"");
    assert_eq!(plain["properties"].as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn a_read_by_id_finds_only_what_there_is() {
    let portal = Portal::plain();
    let company = portal.server.add_company(&[("name", "A"), ("flowtly_id", "org/7")]);
    let by = |id: &str, more: &str| format!("{COMPANIES}/{id}{more}");
    assert_eq!(portal.get(&by("org%2F7", "?idProperty=flowtly_id")).await.json()["id"], company.to_string());
    let missing = portal.get(&by("1", "")).await;
    assert_eq!((missing.status.as_u16(), &missing.json()["message"]), (404, &json!("resource not found")));
    let word = portal.get(&by("abc", "")).await.json();
    assert_eq!((&word["category"], &word["context"]["id"]), (&json!("OBJECT_NOT_FOUND"), &json!(["abc"])));
    assert_eq!(portal.get(&by("A", "?idProperty=name")).await.status, 400);
    portal.server.archive_company(company);
    assert_eq!(portal.get(&by(&company.to_string(), "")).await.status, 404);
    assert_eq!(portal.get(&by(&company.to_string(), "?archived=true")).await.json()["archived"], true);
    portal.server.restore_company(company);
    assert_eq!(portal.get(&by(&company.to_string(), "")).await.status, 200);
}

#[tokio::test]
async fn a_batch_read_takes_missing_ids_apart() {
    let options = HubSpotOptions { batch_order: BatchOrder::Reversed, ..HubSpotOptions::default() };
    let portal = Portal::open(options);
    let (a, b) = (portal.server.add_company(&[("name", "A")]), portal.server.add_company(&[("name", "B")]));
    let path = format!("{COMPANIES}/batch/read");
    let read = |ids: Vec<u64>| {
        let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id.to_string()})).collect();
        json!({"properties": ["name"], "propertiesWithHistory": [], "inputs": inputs})
    };
    let good = portal.post(&path, read(vec![a, b, a])).await;
    assert_eq!((good.status.as_u16(), ids(&good.json())), (200, vec![b, a]));
    assert_eq!(good.json()["results"][0]["properties"]["name"], "B");
    let partial = portal.post(&path, read(vec![a, 1, 2])).await;
    let body = partial.json();
    assert_eq!((partial.status.as_u16(), ids(&body), &body["numErrors"]), (207, vec![a], &json!(1)));
    assert_eq!(
        (&body["errors"][0]["category"], &body["errors"][0]["context"]["ids"]),
        (&json!("OBJECT_NOT_FOUND"), &json!(["1", "2"]))
    );
    assert_eq!(portal.post(&path, read((1..=101).collect())).await.status, 400);
    assert_eq!(portal.post(&path, json!({"properties": []})).await.status, 400);
    assert_eq!(portal.server.counts().writes, 0);
    let stored = portal.server.add_company(&[("name", "C"), ("flowtly_id", "o/1")]);
    let body = json!({"properties": [], "idProperty": "flowtly_id", "inputs": [{"id": "o/1"}]});
    assert_eq!(ids(&portal.post(&path, body).await.json()), [stored]);
}

fn changed_since(millis: i64) -> Value {
    json!({
        "filterGroups": [{"filters": [
            {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": millis.to_string()},
            {"propertyName": "hs_object_id", "operator": "GTE", "value": "0"},
        ]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": ["name"], "limit": 200, "after": "0",
    })
}

#[tokio::test]
async fn search_lags_behind_and_shows_what_was_before() {
    let options = HubSpotOptions { search_lag: std::time::Duration::from_secs(10), ..HubSpotOptions::default() };
    let portal = Portal::open(options);
    let path = format!("{COMPANIES}/search");
    let company = portal.server.add_company(&[("name", "Before")]);
    let read = async || portal.get(&format!("{COMPANIES}/{company}")).await.json()["properties"]["name"].clone();
    let search = async || portal.post(&path, changed_since(0)).await.json();
    assert_eq!((search().await["total"].clone(), read().await), (json!(0), json!("Before")));
    portal.pass(10_000);
    assert_eq!(search().await["total"], 1);
    portal.server.edit_company(company, "name", "After");
    portal.pass(4_000);
    portal.server.edit_company(company, "name", "Last");
    assert_eq!((read().await, &search().await["results"][0]["properties"]["name"]), (json!("Last"), &json!("Before")));
    assert_eq!(search().await["results"][0]["updatedAt"], "2026-11-18T11:06:40Z");
    portal.pass(6_000);
    assert_eq!(search().await["results"][0]["properties"]["name"], "After");
    portal.pass(4_000);
    assert_eq!(search().await["results"][0]["properties"]["name"], "Last");
    portal.server.archive_company(company);
    assert_eq!(search().await["total"], 1);
    portal.pass(10_000);
    assert_eq!(search().await["total"], 0);
}

#[tokio::test]
async fn search_filters_sorts_and_pages() {
    let portal = Portal::plain();
    let mut all = Vec::new();
    for number in 0..30 {
        all.push(portal.server.add_company(&[("name", &format!("N{:02}", 29 - number)), ("city", "Łódź")]));
        portal.pass(1);
    }
    portal.server.edit_company(all[4], "city", "");
    let path = format!("{COMPANIES}/search");
    let search = async |body: Value| portal.post(&path, body).await.json();
    let filter = |filter: Value| json!({"filterGroups": [{"filters": [filter]}], "limit": 200});
    let start = 1_795_000_000_000_i64;
    let since = search(changed_since(start + 28)).await;
    assert_eq!(ids(&since), [all[4], all[28], all[29]]);
    let first = search(json!({"sorts": [{"propertyName": "name", "direction": "DESCENDING"}], "limit": 20})).await;
    assert_eq!((&first["total"], &first["paging"]["next"]["after"]), (&json!(30), &json!("20")));
    assert_eq!(ids(&first), all[..20]);
    let rest = search(json!({"sorts": ["-name"], "limit": 20, "after": "20"})).await;
    assert_eq!((ids(&rest), rest.get("paging")), (all[20..].to_vec(), None));
    for (wanted, count) in [
        (json!({"propertyName": "name", "operator": "EQ", "value": "n07"}), 1),
        (json!({"propertyName": "name", "operator": "IN", "values": ["n07", "n08"]}), 2),
        (json!({"propertyName": "city", "operator": "NOT_HAS_PROPERTY"}), 1),
        (json!({"propertyName": "city", "operator": "HAS_PROPERTY"}), 29),
        (json!({"propertyName": "name", "operator": "NEQ", "value": "N07"}), 29),
        (json!({"propertyName": "name", "operator": "CONTAINS_TOKEN", "value": "n0*"}), 10),
        (json!({"propertyName": "createdate", "operator": "LT", "value": (start + 5).to_string()}), 5),
        (
            json!({"propertyName": "createdate", "operator": "BETWEEN", "value": start.to_string(), "highValue": "2026-11-18T11:06:40.002Z"}),
            3,
        ),
    ] {
        assert_eq!(search(filter(wanted.clone())).await["total"], count, "{wanted}");
    }
    assert_eq!(search(json!({"query": "N1", "limit": 1})).await["total"], 10);
}

#[rstest]
#[case(json!({"limit": 201}))]
#[case(json!({"limit": 200, "after": "9801"}))]
#[case(json!({"limit": 1, "after": "10000"}))]
#[case(json!({"after": "x"}))]
#[case(json!({"sorts": ["name", "city"]}))]
#[case(json!({"filterGroups": [{}, {}]}))]
#[case(json!({"filterGroups": [{"filters": [{"propertyName": "nothing", "operator": "EQ", "value": "1"}]}]}))]
#[case(json!({"filterGroups": [{"filters": [{"propertyName": "name", "operator": "LIKE", "value": "1"}]}]}))]
#[case(json!({"filterGroups": [{"filters": [{"propertyName": "name", "operator": "EQ", "value": 1}]}]}))]
#[case(json!({"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "soon"}]}]}))]
#[case(json!({"filterGroups": vec![json!({"filters": []}); 6]}))]
#[case(json!({"filterGroups": [{"filters": vec![json!({"propertyName": "name", "operator": "HAS_PROPERTY"}); 7]}]}))]
#[case(json!({"query": "x".repeat(3001)}))]
#[case(json!([]))]
#[tokio::test]
async fn search_refuses(#[case] body: Value) {
    let portal = Portal::plain();
    let seen = portal.post(&format!("{COMPANIES}/search"), body).await;
    assert_eq!((seen.status.as_u16(), &seen.json()["category"]), (400, &json!("VALIDATION_ERROR")));
}

#[tokio::test]
async fn limits_roll_and_are_told_in_headers() {
    let options = HubSpotOptions {
        limits: Limits { burst: Some(3), search: Some(2), daily: Some(7) },
        ..HubSpotOptions::default()
    };
    let portal = Portal::open(options);
    for left in ["2", "1", "0"] {
        let seen = portal.get(COMPANIES).await;
        assert_eq!((seen.status.as_u16(), seen.header("x-hubspot-ratelimit-remaining")), (200, Some(left)));
        assert_eq!(seen.header("x-hubspot-ratelimit-max"), Some("3"));
        assert_eq!(seen.header("x-hubspot-ratelimit-interval-milliseconds"), Some("10000"));
        portal.pass(1_000);
    }
    let refused = portal.get(COMPANIES).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["policyName"]), (429, &json!("TEN_SECONDLY_ROLLING")));
    assert_eq!(refused.json()["message"], "You have reached your ten_secondly_rolling limit.");
    // Search has its own window, and tells nothing.
    let path = format!("{COMPANIES}/search");
    let search = portal.post(&path, json!({})).await;
    assert_eq!((search.status.as_u16(), search.header("x-hubspot-ratelimit-max")), (200, None));
    portal.post(&path, json!({})).await;
    assert_eq!(portal.post(&path, json!({})).await.json()["policyName"], "SECONDLY");
    portal.pass(7_000);
    assert_eq!(portal.get(COMPANIES).await.header("x-hubspot-ratelimit-daily-remaining"), Some("1"));
    portal.pass(10_000);
    assert_eq!(portal.get(COMPANIES).await.status, 200);
    assert_eq!(portal.get(COMPANIES).await.json()["policyName"], "DAILY");
    portal.pass(86_400_000);
    assert_eq!(portal.get(COMPANIES).await.status, 200);
}

#[tokio::test]
async fn hands_see_what_the_api_shows() {
    let portal = Portal::plain();
    let all: Vec<u64> = (0..3).map(|_| portal.server.add_company(&[("name", "A")])).collect();
    portal.server.purge(ObjectType::Company, all[1]);
    let listed = ids(&portal.get(&format!("{COMPANIES}?limit=100")).await.json());
    assert_eq!((numbers(&listed), portal.server.company_count()), (numbers(&[all[0], all[2]]), 2));
    assert_eq!(portal.server.companies().len(), 2);
}
