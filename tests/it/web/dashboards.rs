//! The dashboard and the alert rules use figures that there are.

use std::collections::BTreeSet;
use std::path::Path;

use flowtly_sync::sandbox::{Fault, When};
use serde_json::{Value, json};

use super::bench::{beside, served};
use crate::firm::vat;

/// The names of our figures in a text, as far as letters and underscores go.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    text.match_indices("flowtly_sync_")
        .map(|(begin, _)| {
            let rest = &text[begin..];
            &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]
        })
        .collect()
}

fn deployed(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_of_the_dashboard_and_the_alerts_is_printed_and_most_that_are_printed_are_used() {
    let (dashboard, alerts) = (deployed("grafana/flowtly-sync.json"), deployed("prometheus/alerts.yml"));
    let wanted: BTreeSet<&str> = names(&dashboard).union(&names(&alerts)).copied().collect();
    assert!(wanted.len() >= 20, "{wanted:?}");
    let firm = served("");
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    beside(&firm, async |caller| {
        firm.crm.faults().when(When::always().times(1), Fault::Gateway(503));
        let body = json!([{"eventId": 1, "subscriptionType": "company.propertyChange", "objectId": company}]);
        assert_eq!(caller.hubspot(&body.to_string()).await.0, 200);
        caller.passes("hinted", "applied", 1.0).await;
        let (_, text) = caller.get("/metrics").await;
        let samples: String = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
        let printed = names(&samples);
        for name in &wanted {
            assert!(printed.contains(name), "{name} is not printed:\n{text}");
        }
        let bases = |name: &str| ["_bucket", "_count", "_sum"].iter().any(|ending| name.ends_with(ending));
        let unused: Vec<_> = printed.iter().filter(|name| !wanted.contains(*name) && !bases(name)).collect();
        assert!(unused.is_empty(), "nobody looks at {unused:?}");
    })
    .await;
}

#[test]
fn the_dashboard_is_whole() {
    let dashboard: Value = serde_json::from_str(&deployed("grafana/flowtly-sync.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "an id is used twice");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty() && targets.iter().all(|target| target["expr"].is_string()), "{panel}");
    }
}
