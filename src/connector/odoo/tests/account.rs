//! Who Odoo is, and what the connector declares.

use chrono::NaiveDate;

use crate::connector::error::ErrorKind;

use super::*;

#[tokio::test]
async fn an_account_is_its_databases_own_id_over_both_protocols() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let account = firm.odoo.probe().await.unwrap();
        assert_eq!(account.id.as_deref(), Some("8f6c1c1e-0000-4000-8000-000000000001"));
        assert_eq!(account.server_time, Some("2026-11-23T12:00:00Z".parse().unwrap()));
    }
}

#[tokio::test]
async fn who_is_no_administrator_is_not_told_the_id_and_that_is_no_failure() {
    let firm = Firm::with(OdooOptions { administrator: false, ..OdooOptions::default() }, |_| ());
    assert_eq!(firm.odoo.probe().await.unwrap().id, None);
}

#[tokio::test]
async fn the_protocol_is_found_out_once() {
    for (version, first) in [(19, "version"), (17, "version")] {
        let firm = Firm::of_version(version);
        firm.odoo.probe().await.unwrap();
        firm.odoo.probe().await.unwrap();
        let calls = firm.calls();
        assert_eq!(calls.iter().filter(|call| *call == first).count(), 1, "{calls:?}");
        let rpc = firm.server.log().iter().filter(|request| request.path == "/jsonrpc").count();
        assert_eq!(rpc > 0, version < 19);
    }
}

#[tokio::test]
async fn json_rpc_can_be_asked_for_where_both_are_served() {
    let firm = Firm::with(OdooOptions::default(), |settings| settings.protocol = Protocol::JsonRpc);
    firm.odoo.probe().await.unwrap();
    assert!(firm.server.log().iter().all(|request| request.path == "/jsonrpc"));
}

#[tokio::test]
async fn the_end_of_the_key_is_asked_for_once_a_day_and_not_at_all_where_it_is_set() {
    let ends = NaiveDate::from_ymd_opt(2026, 12, 1);
    let firm = Firm::with(OdooOptions { key_ends: ends, ..OdooOptions::default() }, |_| ());
    let asked = |firm: &Firm| firm.server.log().iter().filter(|request| request.path.contains("apikeys")).count();
    firm.odoo.probe().await.unwrap();
    firm.odoo.probe().await.unwrap();
    assert_eq!(asked(&firm), 1);
    firm.pass(86_400);
    firm.odoo.probe().await.unwrap();
    assert_eq!(asked(&firm), 2);
    let firm = Firm::with(OdooOptions::default(), |settings| settings.key_expires = ends);
    firm.odoo.probe().await.unwrap();
    assert_eq!(asked(&firm), 0);
}

#[tokio::test]
async fn one_call_at_a_time_and_one_update_a_call() {
    let firm = Firm::new();
    let capabilities = firm.odoo.capabilities();
    assert_eq!((capabilities.system, capabilities.concurrent_writes), ("Odoo", 1));
    let company = capabilities.of(Kind::Company);
    assert_eq!((company.create_batch, company.update_batch, company.stores_id), (100, 1, false));
    assert!(company.changed_since && company.shows_archived && !company.many_parents);
    assert!(capabilities.of(Kind::Contact).manners.required.contains(&Field::PersonName));
}

#[tokio::test]
async fn a_mapping_that_names_no_field_is_refused_before_anything_is_sent() {
    let mut company = shape(Kind::Company);
    company.watched = vec!["Customer Rank".to_owned()];
    let clock = Arc::new(ManualClock::new("2026-11-23T12:00:00Z".parse().unwrap()));
    let server = OdooServer::new(OdooOptions::default(), clock.clone());
    let parts = Parts {
        company,
        contact: shape(Kind::Contact),
        transport: Arc::new(RouterTransport::new(server.router(), server.faults())),
        clock,
        http: HttpSettings::default(),
    };
    let settings = OdooSettings::of_defaults();
    assert_eq!(OdooConnector::new(settings, parts).unwrap_err().kind, ErrorKind::Setting);
}

#[tokio::test]
async fn a_budget_of_requests_is_kept() {
    let firm = Firm::with(OdooOptions::default(), |settings| settings.requests_per_minute = 2);
    firm.odoo.properties(Kind::Company).await.unwrap();
    firm.odoo.properties(Kind::Company).await.unwrap();
    let log = firm.server.log();
    let (first, third) = (log[0].at, log[2].at);
    assert!(third - first >= chrono::Duration::seconds(60), "version, then twice the fields: {first} {third}");
}
