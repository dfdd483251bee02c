use std::time::Duration;

use super::*;
use crate::connector::error::ErrorKind;
use crate::domain::record::{Kind, Side};

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
