//! Pipedrive: lists, reads by id, searches, fields, limits.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use serde_json::{Value, json};

use super::{Seen, clock, send};
use crate::clock::ManualClock;
use crate::domain::record::Kind;
use crate::sandbox::{CrmServer, PipedriveLimits, PipedriveOptions, PipedriveServer};

/// A Pipedrive.
pub(super) struct Firm {
    pub(super) server: PipedriveServer,
    pub(super) clock: Arc<ManualClock>,
    pub(super) router: Router,
}

impl Firm {
    pub(super) fn open(options: PipedriveOptions) -> Self {
        let clock = clock();
        let server = PipedriveServer::new(options, clock.clone());
        Self { router: server.router(), server, clock }
    }

    pub(super) fn plain() -> Self {
        Self::open(PipedriveOptions::default())
    }

    pub(super) async fn get(&self, target: &str) -> Seen {
        send(&self.router, &format!("GET {target}"), &["x-api-token: sandbox-token"], Body::empty()).await
    }

    pub(super) async fn send(&self, request: &str, body: Value) -> Seen {
        let headers = ["x-api-token: sandbox-token", "content-type: application/json"];
        send(&self.router, request, &headers, body.to_string()).await
    }
}

fn ids(page: &Value) -> Vec<u64> {
    page["data"].as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_token_is_a_header_and_nothing_else() {
    let firm = Firm::plain();
    let seen = send(&firm.router, "GET /api/v2/organizations?api_token=sandbox-token", &[], Body::empty()).await;
    assert_eq!(seen.status, 401);
    let body = seen.json();
    assert_eq!(
        (&body["success"], &body["error"], &body["errorCode"]),
        (&json!(false), &json!("unauthorized access"), &json!(401))
    );
    let me = firm.get("/api/v1/users/me").await.json();
    assert_eq!(me["data"]["company_id"], 7_000_001);
    assert_eq!(firm.get("/v1/users/me").await.status, 200);
}

#[tokio::test]
async fn lists_go_by_cursor_and_have_no_total() {
    let firm = Firm::plain();
    let made: Vec<u64> = (0..5).map(|n| firm.server.add_organization(&[("name", &format!("F{n}"))])).collect();
    let first = firm.get("/api/v2/organizations?limit=2").await.json();
    assert_eq!(ids(&first), made[..2]);
    let cursor = first["additional_data"]["next_cursor"].as_str().unwrap().to_owned();
    // What is deleted and what is made in between moves nothing.
    firm.server.archive(Kind::Company, made[0]);
    let second = firm.get(&format!("/api/v2/organizations?limit=2&cursor={cursor}")).await.json();
    assert_eq!(ids(&second), made[2..4]);
    let last = firm.get("/api/v2/organizations?limit=500").await.json();
    assert_eq!((ids(&last), &last["additional_data"]["next_cursor"]), (made[1..].to_vec(), &Value::Null));
    for query in ["limit=501", "limit=0", "cursor=x", "sort_by=name", "page=2", "updated_since=2026-01-01T00:00:00.5Z"]
    {
        assert_eq!(firm.get(&format!("/api/v2/organizations?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn changes_are_listed_by_whole_seconds_in_both_directions() {
    let firm = Firm::plain();
    let (a, b) = (firm.server.add_organization(&[("name", "A")]), firm.server.add_organization(&[("name", "B")]));
    firm.clock.advance(Duration::from_millis(2_500));
    firm.server.edit_record(Kind::Company, a, "name", "A2");
    let since = firm.get("/api/v2/organizations?updated_since=2026-11-18T11:06:42Z").await.json();
    assert_eq!(ids(&since), [a]);
    assert_eq!(since["data"][0]["update_time"], "2026-11-18T11:06:42Z");
    let until = firm.get("/api/v2/organizations?updated_until=2026-11-18T11:06:42Z").await.json();
    assert_eq!(ids(&until), [b]);
    let sorted = firm.get("/api/v2/organizations?sort_by=update_time&sort_direction=desc&limit=1").await.json();
    assert_eq!(ids(&sorted), [a]);
    let cursor = sorted["additional_data"]["next_cursor"].as_str().unwrap();
    let rest =
        firm.get(&format!("/api/v2/organizations?sort_by=update_time&sort_direction=desc&cursor={cursor}")).await;
    assert_eq!(ids(&rest.json()), [b]);
}

#[tokio::test]
async fn deleted_records_are_in_no_list_and_readable_for_thirty_days() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A")]);
    let deleted = send(
        &firm.router,
        &format!("DELETE /api/v2/organizations/{id}"),
        &["x-api-token: sandbox-token"],
        Body::empty(),
    )
    .await;
    assert_eq!(deleted.json()["data"]["id"], id);
    assert_eq!(ids(&firm.get(&format!("/api/v2/organizations?ids={id}")).await.json()), [] as [u64; 0]);
    let shown = firm.get(&format!("/api/v2/organizations/{id}")).await.json();
    assert_eq!(shown["data"]["is_deleted"], true);
    firm.clock.advance(Duration::from_hours(30 * 24));
    let gone = firm.get(&format!("/api/v2/organizations/{id}")).await;
    assert_eq!((gone.status.as_u16(), &gone.json()["success"]), (404, &json!(false)));
}

#[tokio::test]
async fn custom_fields_are_shown_by_key_and_can_be_narrowed_to_known_ones() {
    let firm = Firm::plain();
    let key = firm.server.add_field(Kind::Company, "Size", "enum", &["Small", "Large"]);
    assert!(key.len() == 40 && key.chars().all(|it| it.is_ascii_hexdigit()), "{key}");
    let id = firm.server.add_organization(&[("name", "A"), ("Size", "Large"), ("VAT number", "1")]);
    let fields = firm.get("/api/v2/organizationFields?limit=500").await.json();
    let field = fields["data"].as_array().unwrap().iter().find(|field| field["field_code"] == key.as_str()).unwrap();
    assert_eq!(
        (&field["field_name"], &field["field_type"], &field["is_custom_field"]),
        (&json!("Size"), &json!("enum"), &json!(true))
    );
    let shown = firm.get(&format!("/api/v2/organizations/{id}")).await.json();
    assert_eq!(shown["data"]["custom_fields"][&key], field["options"][1]["id"]);
    assert!(shown["data"]["custom_fields"].as_object().unwrap().values().any(Value::is_null), "blank ones are null");
    let narrow = firm.get(&format!("/api/v2/organizations?custom_fields={key}")).await.json();
    assert_eq!(narrow["data"][0]["custom_fields"].as_object().unwrap().len(), 1);
    assert_eq!(firm.get("/api/v2/organizations?custom_fields=nope").await.status, 400);
    let first = firm.get("/api/v2/organizationFields?limit=2").await.json();
    assert!(first["additional_data"]["next_cursor"].is_string());
}

#[tokio::test]
async fn a_search_is_exact_where_asked_ignores_case_and_lags() {
    let options = PipedriveOptions { search_lag: Duration::from_secs(10), ..PipedriveOptions::default() };
    let firm = Firm::open(options);
    let id = firm.server.add_organization(&[("name", "Alfa"), ("VAT number", "PL1")]);
    let found = |body: Value| body["data"]["items"].as_array().unwrap().len();
    let exact = "/api/v2/organizations/search?term=pl1&fields=custom_fields&exact_match=true";
    assert_eq!(found(firm.get(exact).await.json()), 0);
    firm.clock.advance(Duration::from_secs(10));
    let hit = firm.get(exact).await.json();
    assert_eq!(hit["data"]["items"][0]["item"]["id"], id);
    assert_eq!(found(firm.get("/api/v2/organizations/search?term=alf&exact_match=true").await.json()), 0);
    assert_eq!(found(firm.get("/api/v2/organizations/search?term=alf").await.json()), 1);
    firm.server.archive(Kind::Company, id);
    assert_eq!(found(firm.get(exact).await.json()), 1, "the index does not know yet");
    for query in ["term=a", "term=abc&fields=title", "fields=name"] {
        assert_eq!(firm.get(&format!("/api/v2/organizations/search?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn requests_cost_tokens_and_bursts_are_refused_without_a_time() {
    let limits = PipedriveLimits {
        burst: Some(3),
        daily_tokens: Some(40),
        tells_tokens: true,
        block: Some((2, Duration::from_mins(5))),
        ..PipedriveLimits::default()
    };
    let firm = Firm::open(PipedriveOptions { limits, ..PipedriveOptions::default() });
    let id = firm.server.add_organization(&[("name", "A")]);
    let list = firm.get("/api/v2/organizations").await;
    assert_eq!(list.header("x-daily-ratelimit-token-remaining"), Some("30"));
    assert_eq!((list.header("x-ratelimit-limit"), list.header("x-ratelimit-remaining")), (Some("3"), Some("2")));
    firm.get(&format!("/api/v2/organizations/{id}")).await;
    firm.send(&format!("PATCH /api/v2/organizations/{id}"), json!({"name": "B"})).await;
    assert_eq!(firm.server.tokens_used(), 16);
    let refused = firm.get("/api/v2/organizations").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, None));
    assert_eq!(refused.header("x-ratelimit-reset"), Some("2"));
    let blocked = firm.get("/api/v2/organizations").await;
    assert_eq!(blocked.status, 403);
    assert!(blocked.text().contains("Cloudflare"), "whoever goes on meets HTML");
    firm.clock.advance(Duration::from_mins(5));
    assert_eq!(firm.get("/api/v2/organizations/search?term=ab").await.status, 200);
    assert_eq!(firm.get("/api/v2/organizations").await.status, 429, "36 of 40 tokens are used");
}

#[tokio::test]
async fn addresses_of_the_old_version_are_withdrawn_and_unknown_ones_are_unknown() {
    let firm = Firm::plain();
    assert_eq!(firm.get("/api/v1/organizations").await.status, 410);
    let unknown = firm.get("/api/v3/organizations").await;
    assert_eq!((unknown.status.as_u16(), &unknown.json()["error"]), (404, &json!("Unknown method .")));
    assert_eq!(firm.send("PUT /api/v2/organizations/1", json!({})).await.status, 405);
}
