//! Odoo's reads, against what a real one answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Seen, clock, send};
use crate::clock::ManualClock;
use crate::sandbox::{OdooOptions, OdooServer};

/// An Odoo.
pub(super) struct Desk {
    pub(super) server: OdooServer,
    pub(super) clock: Arc<ManualClock>,
    router: axum::Router,
}

impl Desk {
    pub(super) fn open(options: OdooOptions) -> Self {
        let clock = clock();
        let server = OdooServer::new(options, clock.clone());
        Self { router: server.router(), server, clock }
    }

    pub(super) fn plain() -> Self {
        Self::open(OdooOptions::default())
    }

    pub(super) async fn send(&self, request: &str, headers: &[&str], body: impl Into<Body>) -> Seen {
        send(&self.router, request, headers, body).await
    }

    /// A call over JSON-2.
    pub(super) async fn call(&self, model: &str, method: &str, body: Value) -> Seen {
        let headers = ["authorization: BEARER sandbox-key", "content-type: application/json"];
        self.send(&format!("POST /json/2/{model}/{method}"), &headers, body.to_string()).await
    }

    /// A call over JSON-RPC.
    pub(super) async fn rpc(&self, service: &str, method: &str, arguments: Value) -> Value {
        let params = json!({"service": service, "method": method, "args": arguments});
        let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 7});
        let seen = self.send("POST /jsonrpc", &["content-type: application/json"], body.to_string()).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.text());
        seen.json()
    }

    pub(super) async fn partners(&self, body: Value) -> Value {
        let seen = self.call("res.partner", "search_read", body).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.text());
        seen.json()
    }

    pub(super) fn company(&self, name: &str) -> u64 {
        self.server.add_partner(&json!({"is_company": true, "name": name}))
    }

    pub(super) fn pass(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }
}

pub(super) fn ids(rows: &Value) -> Vec<u64> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_version_is_told_to_anybody_and_not_by_older_servers() {
    let seen = Desk::plain().send("GET /json/version", &[], "").await;
    assert_eq!(seen.json()["version_info"][0], 19);
    assert!(seen.header("set-cookie").is_some());
    let old = Desk::open(OdooOptions { version: 17, ..OdooOptions::default() });
    let seen = old.send("GET /json/version", &[], "").await;
    assert_eq!((seen.status, seen.header("content-type")), (StatusCode::NOT_FOUND, Some("text/html; charset=utf-8")));
    let seen = old.call("res.partner", "search_count", json!({"domain": []})).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_is_left_out_of_a_read() {
    let desk = Desk::plain();
    let id = desk.company("Firm");
    let seen = desk.call("res.partner", "read", json!({"ids": [999, id], "fields": ["name"]})).await;
    assert_eq!((seen.status, seen.json()), (StatusCode::OK, json!([{"id": id, "name": "Firm"}])));
    let seen = desk.call("res.partner", "read", json!({"ids": [999], "fields": ["name"]})).await;
    assert_eq!((seen.status, seen.json()), (StatusCode::OK, json!([])));
}

#[tokio::test]
async fn empty_is_false_and_an_empty_text_is_not_and_a_link_has_its_label() {
    let desk = Desk::plain();
    let poland = OdooServer::country("PL").unwrap();
    let values = json!({"is_company": true, "name": "Firm", "city": "", "country_id": poland});
    let id = desk.server.add_partner(&values);
    let fields = ["name", "city", "zip", "country_id", "parent_id", "is_company", "employee", "write_date", "color"];
    let seen = desk.call("res.partner", "read", json!({"ids": [id], "fields": fields})).await;
    let wanted = json!([{"id": id, "name": "Firm", "city": "", "zip": false, "country_id": [poland, "Poland"],
        "parent_id": false, "is_company": true, "employee": false, "write_date": "2026-11-18 11:06:40", "color": 0}]);
    assert_eq!(seen.json(), wanted);
}

#[tokio::test]
async fn a_link_shows_its_firm_and_a_person_its_commercial_entity() {
    let desk = Desk::plain();
    let firm = desk.company("Firm");
    let department = desk.server.add_partner(&json!({"name": "Sales", "parent_id": firm}));
    let person = desk.server.add_partner(&json!({"name": "Jan", "parent_id": department}));
    let body = json!({"ids": [person], "fields": ["parent_id", "commercial_partner_id"]});
    let rows = desk.call("res.partner", "read", body).await.json();
    assert_eq!(rows[0]["parent_id"], json!([department, "Firm, Sales"]));
    assert_eq!(rows[0]["commercial_partner_id"][0], firm);
}

#[tokio::test]
async fn stamps_are_compared_at_whole_seconds_from_nineteen_on() {
    for (version, behind) in [(19, 0), (17, 1)] {
        let desk = Desk::open(OdooOptions { version, ..OdooOptions::default() });
        desk.pass(300);
        desk.company("Within the second");
        let rpc = |operator: &str, stamp: &str| {
            let domain = json!([["write_date", operator, stamp]]);
            json!(["sandbox", 2, "sandbox-key", "res.partner", "search_read", [domain], {"fields": ["id"]}])
        };
        let count = |found: Value| found["result"].as_array().unwrap().len();
        let stamp = "2026-11-18 11:06:40";
        assert_eq!(count(desk.rpc("object", "execute_kw", rpc(">=", stamp)).await), 1);
        assert_eq!(count(desk.rpc("object", "execute_kw", rpc(">", stamp)).await), behind, "version {version}");
        assert_eq!(count(desk.rpc("object", "execute_kw", rpc("<", stamp)).await), 0);
        assert_eq!(count(desk.rpc("object", "execute_kw", rpc(">=", "2026-11-18 11:06:41")).await), 0);
        assert_eq!(count(desk.rpc("object", "execute_kw", rpc(">=", "2026-11-18T11:06:40.999")).await), 1, "cut off");
        let refused = desk.rpc("object", "execute_kw", rpc(">=", "2026-11-18 11:06:40Z")).await;
        assert_eq!(refused["error"]["data"]["name"], "builtins.ValueError");
    }
}

#[tokio::test]
async fn archived_records_hide_from_searches_unless_they_are_asked_for_and_never_from_reads() {
    let desk = Desk::plain();
    let (live, archived) = (desk.company("Live"), desk.company("Archived"));
    assert!(desk.server.archive_partner(archived) && !desk.server.archive_partner(archived));
    assert_eq!(ids(&desk.partners(json!({"domain": []})).await), [live]);
    assert_eq!(ids(&desk.partners(json!({"domain": [["active", "=", false]]})).await), [archived]);
    let all = json!({"domain": [], "context": {"active_test": false}});
    assert_eq!(ids(&desk.partners(all).await), [live, archived]);
    assert_eq!(desk.call("res.partner", "search_count", json!({"domain": []})).await.json(), 1);
    let seen = desk.call("res.partner", "read", json!({"ids": [archived], "fields": ["active"]})).await;
    assert_eq!(seen.json(), json!([{"id": archived, "active": false}]));
}

#[tokio::test]
async fn a_search_pages_orders_and_without_a_limit_shows_everything() {
    let desk = Desk::plain();
    let made: Vec<u64> = ["B", "A", "C", "D"].iter().map(|name| desk.company(name)).collect();
    for everything in [json!({}), json!({"limit": 0}), json!({"limit": false})] {
        assert_eq!(ids(&desk.partners(everything).await), made);
    }
    let by_name = json!({"domain": [], "order": "name desc,id", "limit": 2, "offset": 1, "fields": ["name"]});
    assert_eq!(ids(&desk.partners(by_name).await), [made[2], made[0]]);
    let body = json!({"domain": [], "specification": {"name": {}}, "limit": 2, "offset": 2, "order": "id"});
    let seen = desk.call("res.partner", "web_search_read", body).await.json();
    assert_eq!((seen["length"].clone(), ids(&seen["records"])), (json!(4), made[2..].to_vec()));
    let seen = desk.call("res.partner", "search", json!({"domain": [["id", ">", made[1]]]})).await;
    assert_eq!(seen.json(), json!(made[2..]));
    let whole = desk.partners(json!({"limit": 1})).await;
    assert!(whole[0].as_object().unwrap().len() > 25, "without `fields` every field comes");
}

#[rstest]
#[case(json!([["name", "ilike", "łódź"]]), 1)]
#[case(json!([["name", "ilike", "lodz"]]), 0)]
#[case(json!(["|", ["name", "=", "Łódź"], ["name", "=", "Gent"]]), 2)]
#[case(json!(["&", ["name", "=", "Łódź"], ["name", "=", "Gent"]]), 0)]
#[case(json!(["!", ["name", "=", "Gent"]]), 1)]
#[case(json!([["name", "in", ["Gent", false]]]), 1)]
#[case(json!([["name", "not in", ["Gent"]]]), 1)]
#[case(json!([["city", "=", false]]), 2)]
#[case(json!([["city", "!=", false]]), 0)]
#[case(json!([["country_id", "=", false], ["is_company", "=", true]]), 2)]
#[tokio::test]
async fn domains_mean_what_they_say(#[case] domain: Value, #[case] count: usize) {
    let desk = Desk::plain();
    desk.company("Łódź");
    desk.company("Gent");
    assert_eq!(desk.partners(json!({"domain": domain})).await.as_array().unwrap().len(), count);
}

#[tokio::test]
async fn a_field_that_is_gone_is_not_described_and_not_understood() {
    let mobile = |desk: Desk| async move {
        let arguments = json!(["sandbox", 2, "sandbox-key", "res.partner", "fields_get", [["mobile", "name"]],
            {"attributes": ["type"]}]);
        desk.rpc("object", "execute_kw", arguments).await["result"].clone()
    };
    assert_eq!(mobile(Desk::plain()).await, json!({"name": {"type": "char"}}));
    let old = Desk::open(OdooOptions { version: 18, ..OdooOptions::default() });
    assert_eq!(mobile(old).await, json!({"name": {"type": "char"}, "mobile": {"type": "char"}}));
}

#[tokio::test]
async fn a_rule_hides_records_from_searches_and_refuses_their_reads() {
    let desk = Desk::plain();
    let (shown, hidden) = (desk.company("Shown"), desk.company("Hidden"));
    desk.server.hide_partner(hidden);
    assert_eq!(ids(&desk.partners(json!({"domain": []})).await), [shown]);
    let seen = desk.call("res.partner", "read", json!({"ids": [shown, hidden]})).await;
    assert_eq!(
        (seen.status, seen.json()["name"].as_str()),
        (StatusCode::FORBIDDEN, Some("odoo.exceptions.AccessError"))
    );
}

#[tokio::test]
async fn a_rule_names_people_in_the_language_of_the_user_whatever_the_call_asks_for() {
    for (speaks, word) in [("en_US", "Sorry, Jan Robot"), ("de_DE", "Daten")] {
        let desk = Desk::open(OdooOptions { speaks: speaks.to_owned(), ..OdooOptions::default() });
        let hidden = desk.company("Hidden");
        desk.server.hide_partner(hidden);
        let body = json!({"ids": [hidden], "context": {"lang": "en_US"}});
        let words = desk.call("res.partner", "read", body).await.json()["message"].as_str().unwrap().to_owned();
        assert!(words.contains(word) && words.contains("Hidden"), "{words}");
    }
}

#[tokio::test]
async fn who_may_not_read_contacts_is_refused_searches_too_and_told_so_by_who_asks() {
    let desk = Desk::plain();
    let id = desk.company("Firm");
    let asks = |operation: &str| json!({"ids": [], "operation": operation});
    assert_eq!(desk.call("res.partner", "has_access", asks("read")).await.json(), true);
    desk.server.close_partners();
    for (method, body) in [("read", json!({"ids": [id]})), ("search_read", json!({"domain": []}))] {
        assert_eq!(desk.call("res.partner", method, body).await.status, StatusCode::FORBIDDEN, "{method}");
    }
    assert_eq!(desk.call("res.partner", "has_access", asks("read")).await.json(), false);
    assert_eq!(desk.call("res.partner", "has_access", asks("write")).await.json(), true);
    assert_eq!(desk.call("res.partner", "has_access", json!({"ids": []})).await.status.as_u16(), 422);
}

#[tokio::test]
async fn who_asks_for_a_right_asks_each_version_by_another_name() {
    let asked = |version, method: &'static str, placed: Value| async move {
        let desk = Desk::open(OdooOptions { version, may_write: false, ..OdooOptions::default() });
        let arguments = json!(["sandbox", 2, "sandbox-key", "res.partner", method, placed, {}]);
        desk.rpc("object", "execute_kw", arguments).await
    };
    for (version, has_access, check_access_rights) in [(17, false, true), (18, true, true), (19, true, false)] {
        let reply = asked(version, "has_access", json!([[], "write"])).await;
        assert_eq!(reply.get("result") == Some(&json!(false)), has_access, "{version}: {reply}");
        let reply = asked(version, "check_access_rights", json!(["write", false])).await;
        assert_eq!(reply.get("result") == Some(&json!(false)), check_access_rights, "{version}: {reply}");
    }
    let raised = asked(17, "check_access_rights", json!(["write"])).await;
    assert_eq!(raised["error"]["data"]["name"], "odoo.exceptions.AccessError");
}

#[tokio::test]
async fn nothing_is_open_to_who_may_only_read() {
    let desk = Desk::plain();
    let body = json!({"allfields": ["name", "is_company"], "attributes": ["readonly", "depends"]});
    let told = |readonly: bool| json!({"readonly": readonly, "depends": []});
    for readonly in [false, true] {
        desk.server.set_rights(!readonly, false);
        let seen = desk.call("res.partner", "fields_get", body.clone()).await.json();
        assert_eq!(seen, json!({"name": told(readonly), "is_company": told(readonly)}));
    }
}

#[tokio::test]
async fn lists_to_look_things_up_in_are_models_too() {
    let desk = Desk::plain();
    let body = json!({"domain": [["code", "=", "PL"]], "fields": ["name", "code"]});
    let seen = desk.call("res.country", "search_read", body).await;
    assert_eq!(seen.json()[0]["name"], "Poland");
    let seen = desk.call("res.lang", "search_read", json!({"domain": [], "fields": ["code"]})).await;
    assert_eq!(seen.json().as_array().unwrap().len(), 3, "only what is switched on");
    let seen = desk.call("res.partner.title", "search_read", json!({"domain": []})).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND, "titles are gone");
    let seen = desk.call("res.users", "context_get", json!({})).await;
    assert_eq!(seen.json()["uid"], 2);
}

#[tokio::test]
async fn every_reply_closes_its_connection() {
    let desk = Desk::plain();
    let seen = desk.call("res.partner", "search_count", json!({})).await;
    assert_eq!(seen.header("connection"), Some("close"));
    assert!(seen.header("set-cookie").is_none());
}
