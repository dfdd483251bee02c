//! What the daemon shows of itself.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use flowtly_sync::daemon::schedule::Schedule;
use flowtly_sync::daemon::schedule::quiet::Quiet;
use flowtly_sync::sandbox::{Fault, When};
use serde_json::Value;

use super::bench::{SERVED, beside, beside_by, secret, served};
use crate::firm::vat;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_readiness_are_open_and_figures_need_the_token_where_there_is_one() {
    let mut firm = served("");
    firm.reconfigure(&SERVED.replacen("enabled = true", "enabled = true\ntoken_file = \"figures\"", 1));
    secret(&firm, "figures", "figures");
    firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        let (status, body) = caller.get("/healthz").await;
        let health: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &health["ok"]), (200, &Value::Bool(true)), "{body}");
        let (status, body) = caller.get("/readyz").await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(caller.get("/metrics").await.0, 401);
        assert_eq!(caller.get_with("/metrics", &[("authorization", "Bearer wrong")]).await.0, 401);
        let (status, text) = caller.get_with("/metrics", &[("authorization", "Bearer figures")]).await;
        assert_eq!(status, 200);
        assert!(text.ends_with("# EOF\n"), "{text}");
        assert_eq!(caller.get("/").await.0, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_say_what_happened_and_name_nobody() {
    let firm = served("");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.hubspot.edit_company(company, "city", "Kraków");
    beside(&firm, async |caller| {
        let agreed = "flowtly_sync_last_agreement_timestamp_seconds";
        caller.until("an agreement", async || caller.figure(agreed).await > 1_000_000_000.0).await;
        let equal = "flowtly_sync_pairs{standing=\"equal\"}";
        caller.until("the state's figures", async || caller.figure(equal).await > 1.5).await;
        let (_, text) = caller.get("/metrics").await;
        let figures = [
            r#"flowtly_sync_build_info{version=""#,
            r#"flowtly_sync_passes_total{extent="incremental",outcome="applied"} "#,
            r#"flowtly_sync_pass_duration_seconds_count{extent="incremental"} "#,
            r#"flowtly_sync_actions_total{op="update",side="flowtly",kind="company",reason="moved"} 1"#,
            r#"flowtly_sync_actions_total{op="create",side="crm",kind="contact",reason="new"} 1"#,
            r#"flowtly_sync_writes_total{outcome="written"} 2"#,
            r#"flowtly_sync_links{kind="company",state="live"} 1"#,
            r#"flowtly_sync_pairs{standing="equal"} 2"#,
            "flowtly_sync_open_conflicts 0",
            r#"flowtly_sync_quarantine{side="crm"} 0"#,
            r#"flowtly_sync_http_requests_total{side="flowtly",method="PATCH",status="200"} 1"#,
            r#"flowtly_sync_http_daily_budget_remaining{side="crm"} "#,
        ];
        for figure in figures {
            assert!(text.lines().any(|line| line.starts_with(figure)), "{figure}\n{text}");
        }
        for name in ["Alfa", "Kowalski", "alfa.pl", "Kraków", &vat(1)] {
            assert!(!text.contains(name), "{name}\n{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_is_not_valid_is_shown_though_passes_go_on() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        let taken_up = async || caller.figure("flowtly_sync_config_last_reload_successful").await > 0.5;
        assert!(taken_up().await, "it was started with a valid one");
        let before = caller.figure(r#"flowtly_sync_passes_total{extent="incremental",outcome="applied"}"#).await;
        caller.wake.notify_one();
        caller.until("the refusal", async || !taken_up().await).await;
        caller.passes("incremental", "applied", before + 1.0).await;
        assert!(!taken_up().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_are_shown_as_held_in_quiet_hours_and_not_before() {
    // It is eight.
    let firm = served("[schedule]\nquiet = [\"08:02-12:00\"]\n");
    firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        let held = async || caller.figure("flowtly_sync_hints_held").await > 0.5;
        assert!(!held().await);
        firm.wait(Duration::from_mins(10));
        assert!(held().await);
        firm.wait(Duration::from_hours(4));
        assert!(!held().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_hours_put_off_when_a_pass_is_expected_and_a_failure_does_not() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    // It is eight.
    let quiet = Quiet::parse(&["08:02-12:00".to_owned()], flowtly_sync::daemon::schedule::zone::Zone::UTC).unwrap();
    let schedule = Schedule::new(Duration::from_mins(5), Duration::from_hours(6), 0.0).resting(quiet);
    beside_by(&firm, schedule, async |caller| {
        let expected = async || caller.figure("flowtly_sync_pass_expected_timestamp_seconds").await;
        let noon = firm.clock_now().date_naive().and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp();
        #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
        let is_noon = async || (expected().await - noon as f64).abs() < 1.0;
        caller.until("the end of the quiet hours", is_noon).await;
        firm.crm.faults().when(When::always(), Fault::Gateway(503));
        let body = r#"[{"eventId":1,"subscriptionType":"company.propertyChange","objectId":1}]"#;
        assert_eq!(caller.hubspot(body).await.0, 200);
        caller.passes("hinted", "failed", 1.0).await;
        caller.until("the quarantine", async || caller.get("/readyz").await.0 == 503).await;
        assert!(is_noon().await, "{}", expected().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_fails_makes_the_daemon_unready_and_not_dead() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        firm.crm.faults().when(When::always(), Fault::Gateway(503));
        let body = r#"[{"eventId":1,"subscriptionType":"company.propertyChange","objectId":1}]"#;
        assert_eq!(caller.hubspot(body).await.0, 200);
        caller.passes("hinted", "failed", 1.0).await;
        caller.until("the quarantine", async || caller.get("/readyz").await.0 == 503).await;
        let (_, body) = caller.get("/readyz").await;
        assert!(body.contains("CRM keeps failing"), "{body}");
        assert_eq!(caller.get("/healthz").await.0, 200);
        assert!(caller.figure(r#"flowtly_sync_quarantine{side="crm"}"#).await > 0.5);
        assert_eq!(caller.watch.hints.waiting(), 1, "what was not looked at still waits");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_headers_and_half_a_request_harm_nobody_else() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        let address = caller.address;
        let flood = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n");
            for number in 0..10_000 {
                if stream.write_all(format!("x-{number}: {}\r\n", "y".repeat(100)).as_bytes()).is_err() {
                    break;
                }
            }
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            answer
        });
        let slow = TcpStream::connect(address).unwrap();
        (&slow).write_all(b"POST /webhooks/hubspot HTTP/1.1\r\n").unwrap();
        let answer = flood.await.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
        assert_eq!(caller.get("/healthz").await.0, 200);
    })
    .await;
}
