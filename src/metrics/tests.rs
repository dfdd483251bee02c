use std::time::Duration;

use super::*;
use crate::connector::error::ErrorKind;
use crate::domain::plan::Totals;
use crate::domain::record::{Kind, Side};
use crate::store::lock::WriterLock;
use crate::store::{Store, pass};
use crate::sync::certificate::Certificate;

#[test]
fn a_request_is_counted_by_side_method_and_status_and_never_by_more() {
    let metrics = Metrics::new();
    metrics.request(Side::Crm, &http::Method::GET, Ok(200), Duration::from_millis(30));
    metrics.request(Side::Crm, &http::Method::GET, Ok(499), Duration::from_millis(30));
    metrics.request(
        Side::Flowtly,
        &http::Method::from_bytes(b"BREW").unwrap(),
        Err(ErrorKind::Timeout),
        Duration::ZERO,
    );
    metrics.retried(Side::Flowtly, ErrorKind::Timeout);
    let text = metrics.text();
    for line in [
        r#"flowtly_sync_http_requests_total{side="crm",method="GET",status="200"} 1"#,
        r#"flowtly_sync_http_requests_total{side="crm",method="GET",status="4xx"} 1"#,
        r#"flowtly_sync_http_requests_total{side="flowtly",method="other",status="timeout"} 1"#,
        r#"flowtly_sync_http_request_duration_seconds_count{side="crm",method="GET",class="2xx"} 1"#,
        r#"flowtly_sync_http_retries_total{side="flowtly",cause="timeout"} 1"#,
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
}

#[test]
fn walks_and_webhooks_add_up() {
    let metrics = Metrics::new();
    metrics.scanned(Side::Flowtly, Kind::Company, 100);
    metrics.scanned(Side::Flowtly, Kind::Company, 7);
    metrics.webhook("hubspot", WebhookOutcome::Accepted, 2);
    metrics.webhook("hubspot", WebhookOutcome::Accepted, 1);
    let text = metrics.text();
    assert!(text.contains(r#"flowtly_sync_records_scanned_total{side="flowtly",kind="company"} 107"#), "{text}");
    assert!(text.contains(r#"flowtly_sync_webhooks_total{system="hubspot",outcome="accepted"} 3"#), "{text}");
}

#[tokio::test]
async fn what_passes_before_the_start_came_to_is_known_before_the_first_one() {
    let folder = tempfile::tempdir().unwrap();
    let lock = WriterLock::take(&folder.path().join("state.sqlite")).unwrap();
    let mut store = Store::open(&lock).await.unwrap();
    let metrics = Metrics::new();
    metrics.recall(&mut store, false, DateTime::UNIX_EPOCH).await.unwrap();
    let shows = |line: &str| metrics.text().lines().any(|shown| shown == line);
    for line in [
        "flowtly_sync_last_agreement_timestamp_seconds 0.0",
        "flowtly_sync_plan_refused 0",
        "flowtly_sync_unexplained_pairs 0",
        "flowtly_sync_config_last_reload_successful 1",
        r#"flowtly_sync_links{kind="company",state="live"} 0"#,
    ] {
        assert!(shows(line), "{line}\n{}", metrics.text());
    }
    let agreed = Certificate::default();
    let waits = Certificate { pending: 1, ..Certificate::default() };
    let fault = Certificate { unexplained: 2, ..Certificate::default() };
    let passes = [
        ("applied", Some(agreed)),
        ("applied", Some(waits)),
        ("applied", Some(fault)),
        ("refused", None),
        ("failed", None),
    ];
    for (second, (outcome, certificate)) in (100..).zip(passes) {
        let now = DateTime::from_timestamp(second, 0).unwrap();
        let number = pass::begin(store.connection(), now, "complete").await.unwrap();
        let (totals, certificate) =
            (Totals::default(), certificate.map(|known| serde_json::to_string(&known).unwrap()));
        pass::end(store.connection(), number, now, outcome, &totals, certificate.as_deref(), None).await.unwrap();
    }
    metrics.recall(&mut store, false, DateTime::UNIX_EPOCH).await.unwrap();
    for line in [
        "flowtly_sync_last_agreement_timestamp_seconds 100.0",
        "flowtly_sync_plan_refused 1",
        "flowtly_sync_unexplained_pairs 2",
    ] {
        assert!(shows(line), "{line}\n{}", metrics.text());
    }
    store.close().await.unwrap();
}
