//! Webhooks at the door: who is let in, and what comes of it.

use std::time::Duration;

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::FlowtlyOptions;
use flowtly_sync::sandbox::HubSpotOptions;
use serde_json::json;

use super::bench::{SECRET, SERVED, beside, secret, served, signed};
use crate::firm::{Firm, vat};

fn changed(event: u64, company: u64) -> String {
    json!([{"eventId": event, "subscriptionId": 1, "subscriptionType": "company.propertyChange", "objectId": company,
            "propertyName": "city", "occurredAt": 1_763_884_800_000_u64, "attemptNumber": 0}])
    .to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_reaches_the_other_side_after_its_webhook_without_a_beat_and_without_a_walk() {
    // The index of the CRM shows nothing of it for a long time.
    let lag = HubSpotOptions { search_lag: Duration::from_hours(1), ..HubSpotOptions::default() };
    let firm = Firm::with(FlowtlyOptions::default(), lag, SERVED);
    secret(&firm, "webhook", SECRET);
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        firm.hubspot.edit_company(company, "city", "Kraków");
        let walked = r#"flowtly_sync_records_scanned_total{side="flowtly",kind="company"}"#;
        let before = caller.figure(walked).await;
        assert_eq!(caller.hubspot(&changed(1, company)).await.0, 200);
        let city = async || firm.client_text(client, "addressCity").as_deref() == Some("Kraków");
        caller.until("the city", city).await;
        caller.passes("hinted", "applied", 1.0).await;
        let after = caller.figure(walked).await;
        assert!((after - before).abs() < 0.5, "the clients were walked: {before} and {after}");
        // Our own write is told, too, and changes nothing.
        let writes = firm.writes();
        assert_eq!(caller.hubspot(&changed(2, company)).await.0, 200);
        caller.passes("hinted", "applied", 2.0).await;
        assert_eq!(firm.writes(), writes);
    })
    .await;
    firm.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_cannot_prove_who_he_is_is_refused_and_nothing_happens() {
    let firm = served("");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        firm.hubspot.edit_company(company, "city", "Kraków");
        let body = changed(1, company);
        let stamp =
            |minutes: i64| (firm.clock_now() + chrono::TimeDelta::minutes(minutes)).timestamp_millis().to_string();
        let path = "/webhooks/hubspot";
        let wrong = signed("another-secret", &stamp(0), &body);
        assert_eq!(caller.post(path, &wrong, body.clone()).await.0, 401, "another secret");
        assert_eq!(caller.post(path, &[], body.clone()).await.0, 401, "no signature");
        let right = signed(SECRET, &stamp(0), &body);
        assert_eq!(caller.post(path, &right, changed(1, company + 1)).await.0, 401, "another body");
        let (status, told) = caller.post(path, &signed(SECRET, &stamp(-6), &body), body.clone()).await;
        assert_eq!(status, 401, "replayed");
        assert!(told.contains("too long ago"), "{told}");
        assert_eq!(caller.post(path, &signed(SECRET, &stamp(0), "<html>"), "<html>").await.0, 400);
        let large = "x".repeat(600_000);
        assert_eq!(caller.post(path, &signed(SECRET, &stamp(0), &large), large).await.0, 413);
        assert_eq!(caller.post("/webhooks/odoo/hush", &[], "{}").await.0, 404, "nothing of it is configured");
        assert_eq!(caller.get(path).await.0, 405);
        assert_eq!(caller.watch.hints.waiting(), 0);
        for (outcome, many) in [("unauthorised", 3.0), ("stale", 1.0), ("garbage", 1.0), ("too_large", 1.0)] {
            let line = format!("flowtly_sync_webhooks_total{{system=\"hubspot\",outcome=\"{outcome}\"}}");
            assert!((caller.figure(&line).await - many).abs() < 0.5, "{outcome}");
        }
        assert!(caller.figure(r#"flowtly_sync_passes_total{extent="hinted",outcome="applied"}"#).await < 0.5);
        assert_eq!(firm.client_text(client, "addressCity"), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_twice_is_one_hint_and_what_is_not_kept_in_agreement_is_none() {
    let firm = served("");
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        let event = |id: u64, sort: &str| json!({"eventId": id, "subscriptionType": sort, "objectId": company});
        let body =
            json!([event(1, "company.propertyChange"), event(1, "company.propertyChange"), event(2, "deal.creation")]);
        let (status, told) = caller.hubspot(&body.to_string()).await;
        assert_eq!((status, told.trim()), (200, r#"{"accepted":1,"duplicate":1,"ignored":1}"#));
        caller.passes("hinted", "applied", 1.0).await;
        let (_, told) = caller.hubspot(&body.to_string()).await;
        assert_eq!(told.trim(), r#"{"accepted":0,"duplicate":2,"ignored":1}"#);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_new_is_read_and_created_by_a_pass_that_walks() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        let company = firm.company("Beta", Some(&vat(2)));
        let body = json!([{"eventId": 5, "subscriptionType": "company.creation", "objectId": company}]);
        assert_eq!(caller.hubspot(&body.to_string()).await.0, 200);
        caller.until("the client", async || firm.flowtly.client_count() == 2).await;
        let stamped = async || firm.crm.stored_id(company).is_some();
        caller.until("its id in the CRM", stamped).await;
        assert_eq!(firm.hubspot.company_count(), 2);
    })
    .await;
    assert_eq!(firm.pairs(Kind::Company).await.len(), 2);
    firm.reconcile().await;
    firm.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_gathered() {
    let firm = served("");
    let mut pairs = Vec::new();
    for number in 1..=40 {
        let name = format!("Firm {number}");
        pairs.push((firm.client(&name, Some(&vat(number))), firm.company(&name, Some(&vat(number)))));
    }
    firm.reconcile().await;
    beside(&firm, async |caller| {
        let mut event = 0;
        for round in 0..5 {
            for (_, company) in &pairs {
                event += 1;
                firm.hubspot.edit_company(*company, "city", &format!("City {round}"));
                assert_eq!(caller.hubspot(&changed(event, *company)).await.0, 200);
            }
        }
        let done = async || {
            pairs.iter().all(|(client, _)| firm.client_text(*client, "addressCity").as_deref() == Some("City 4"))
        };
        caller.until("all cities", done).await;
        let passes = r#"flowtly_sync_pass_duration_seconds_count{extent="hinted"}"#;
        caller.until("the end of the pass", async || caller.figure(passes).await > 0.5).await;
        let passes = caller.figure(passes).await;
        assert!((1.0..40.0).contains(&passes), "{passes} passes for 200 webhooks");
    })
    .await;
    firm.reconcile().await;
    firm.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_do_not_wake_a_daemon_whose_first_plan_waits_to_be_allowed() {
    let firm = served("");
    firm.client("Alfa", Some(&vat(1)));
    let company = firm.company("Alfa", Some(&vat(1)));
    beside(&firm, async |caller| {
        assert_eq!(caller.hubspot(&changed(1, company)).await.0, 200);
        tokio::time::sleep(Duration::from_millis(800)).await;
        let passes = caller.figure(r#"flowtly_sync_pass_duration_seconds_count{extent="hinted"}"#).await;
        assert!(passes < 0.5, "{passes}");
        assert_eq!(caller.watch.hints.waiting(), 1, "it waits");
    })
    .await;
    assert_eq!(firm.writes(), 0);
}
