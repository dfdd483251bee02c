//! What a pass is shown: late, twice, not at all, or in the middle of somebody's work.

use std::time::Duration;

use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, HubSpotOptions, When};
use flowtly_sync::sync::PassError;
use flowtly_sync::sync::pass::{Ending, Request};
use http::Method;
use serde_json::json;

use crate::firm::{Firm, vat};
use crate::meddle::Moment;

/// Longer than the overlap of incremental reads.
const LATER: Duration = Duration::from_hours(3);

#[tokio::test]
async fn accident_02_a_refused_record_is_settled_although_the_next_incremental_read_does_not_list_it() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), refusal);
    assert_eq!(firm.beat().await.refused, 1);
    firm.wait(LATER);
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_02_an_interrupted_record_is_settled_although_the_next_incremental_read_does_not_list_it() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.flowtly.faults().when(When::always().method(Method::PATCH), Fault::Unreachable);
    let report = firm.beat().await;
    assert_eq!((report.ending, report.written), (Ending::Partly, 0));
    firm.flowtly.faults().clear();
    firm.wait(LATER);
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_02_a_superseded_record_is_settled_although_the_next_incremental_read_does_not_list_it() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    // Between plan and write somebody edits the target: at the guard's read.
    let hubspot = firm.hubspot.clone();
    firm.meddling.at(Side::Crm, Method::POST, "companies/batch/read", Moment::Before, move || {
        hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    });
    let report = firm.reconcile().await;
    assert!(firm.meddling.is_done());
    assert_eq!((report.put_off, report.ending), (1, Ending::Partly));
    assert!(report.more, "it is due at once");
    firm.wait(LATER);
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 123 45 67"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_02_a_pass_that_safety_refuses_forgets_nothing() {
    let mut firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.change_base("updates = { count = 1000, share = 1.0 }", "updates = { count = 0, share = 0.0 }");
    firm.hubspot.edit_company(company, "city", "Kraków");
    let report = firm.beat().await;
    assert_eq!(report.refusals[0].name, RefusalName::TooManyUpdates);
    firm.wait(LATER);
    firm.change_base("updates = { count = 0, share = 0.0 }", "updates = { count = 1000, share = 1.0 }");
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_03_a_lagging_index_never_brings_the_old_value_back() {
    let lag = HubSpotOptions { search_lag: Duration::from_secs(45), ..HubSpotOptions::default() };
    let firm = Firm::with(FlowtlyOptions::default(), lag, "");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.wait(LATER);
    for city in ["Kraków", "Gdańsk", "Łódź"] {
        firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
        firm.flowtly.edit_client(client, "addressCity", city);
        firm.beat().await;
        for _ in 0..3 {
            firm.wait(Duration::from_secs(20));
            firm.beat().await;
            assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some(city));
            assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some(city));
        }
    }
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 123 45 67"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_03_a_lagging_list_never_brings_the_old_value_back() {
    let mut firm = Firm::new();
    let password = "password_file = \"flowtly-password\"";
    firm.change_base(password, &format!("{password}\nlag = \"30s\""));
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.wait(LATER);
    let (old, new) = ("+48 22 123 45 67", "+48 22 765 43 21");
    firm.hubspot.edit_company(company, "phone", old);
    firm.reconcile().await;
    firm.wait(LATER);
    firm.hubspot.edit_company(company, "phone", new);
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some(new));
    // The next pass begins at once, and the list of clients is one from before our write.
    firm.meddling.distort(Side::Flowtly, "/clients?", move |said| said.replace(new, old));
    for _ in 0..2 {
        firm.wait(Duration::from_secs(10));
        firm.reconcile().await;
        assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some(new));
    }
    firm.meddling.distort_nothing();
    // What a person types in the same seconds travels.
    firm.flowtly.edit_client(client, "addressPhoneNumber", old);
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some(old));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_04_an_edit_of_another_field_between_guard_and_write_travels() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    let flowtly = firm.flowtly.clone();
    firm.meddling.at(Side::Flowtly, Method::PATCH, "/clients/", Moment::Before, move || {
        flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
    });
    firm.reconcile().await;
    assert!(firm.meddling.is_done());
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 123 45 67"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_04_an_edit_of_the_same_field_just_after_our_write_travels() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let hubspot = firm.hubspot.clone();
    firm.meddling.at(Side::Crm, Method::POST, "companies/batch/update", Moment::After, move || {
        hubspot.edit_company(company, "city", "Gdańsk");
        hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    });
    firm.reconcile().await;
    assert!(firm.meddling.is_done());
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Gdańsk"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 123 45 67"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_04_an_edit_of_the_source_while_we_write_travels() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let flowtly = firm.flowtly.clone();
    firm.meddling.at(Side::Crm, Method::POST, "companies/batch/update", Moment::Before, move || {
        flowtly.edit_client(client, "addressCity", "Gdańsk");
    });
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Gdańsk"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_10_a_partner_that_is_created_after_its_page_was_read_is_linked_and_not_doubled() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let client = firm.client("Alfa", Some(&vat(1)));
    // HubSpot's companies are walked before its contacts.
    let hubspot = firm.hubspot.clone();
    let number = vat(1);
    firm.meddling.at(Side::Crm, Method::GET, "/objects/2026-03/contacts?", Moment::Before, move || {
        hubspot.add_company(&[("name", "Alfa"), ("country", "Poland"), ("vat_number", &number)]);
    });
    let report = firm.reconcile().await;
    assert!(firm.meddling.is_done());
    assert_eq!(report.put_off, 1, "{report:?}");
    assert_eq!(firm.hubspot.company_count(), 2, "no second create");
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    assert!(firm.pairs(Kind::Company).await.iter().any(|(flowtly, _)| *flowtly == client.to_string()));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_10_a_flowtly_partner_that_appears_late_is_linked_and_not_doubled() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    firm.company("Alfa", Some(&vat(1)));
    let flowtly = firm.flowtly.clone();
    let number = vat(1);
    firm.meddling.at(Side::Flowtly, Method::GET, "/client-contacts?", Moment::After, move || {
        flowtly.add_client(&json!({
            "name": "Alfa", "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active",
            "tinType": "vat", "vatNumber": number, "documentsLanguage": "pl", "dueDays": 14,
        }));
    });
    firm.reconcile().await;
    assert!(firm.meddling.is_done());
    assert_eq!(firm.flowtly.client_count(), 2, "no second create");
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_10_a_row_that_a_shift_of_pages_hides_is_not_gone() {
    let firm = Firm::configured("");
    let mut small = Firm::configured("");
    drop(firm);
    small.change_base(
        "base_url = \"http://127.0.0.1:1\"",
        "base_url = \"http://127.0.0.1:1\"\npage_size = 2\nconcurrent_pages = 1",
    );
    let firm = small;
    let clients: Vec<u64> = (1..=7).map(|n| firm.client(&format!("Firma {n}"), Some(&vat(n)))).collect();
    firm.reconcile().await;
    firm.assert_settled().await;
    // After the first page one of its rows goes and another firm comes: the third row moves to the page that was read.
    let flowtly = firm.flowtly.clone();
    let first = clients[0];
    firm.meddling.at(Side::Flowtly, Method::GET, "/clients?", Moment::After, move || {
        flowtly.remove_client(first);
        flowtly.add_client(&json!({
            "name": "Nowa", "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active",
            "tinType": "vat", "documentsLanguage": "pl", "dueDays": 14,
        }));
    });
    let report = firm.reconcile().await;
    assert!(firm.meddling.is_done());
    assert_eq!(report.ending, Ending::Applied, "{report:?}");
    let mut store = firm.store().await;
    let locale = firm.settings().locale().clone();
    for client in &clients[1..] {
        let id = client.to_string();
        let rows = flowtly_sync::store::seen::by_remote_id(
            store.connection(),
            &locale,
            Side::Flowtly,
            Kind::Company,
            &[id.as_str()],
        )
        .await
        .unwrap();
        assert!(!rows[0].gone, "client {client} is there");
    }
    store.close().await.unwrap();
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (8, 7), "no second create");
}

#[tokio::test]
async fn accident_10_a_walk_that_dies_half_way_takes_nothing_as_gone_and_creates_nothing() {
    let mut firm = Firm::new();
    firm.change_base(
        "base_url = \"http://127.0.0.1:1\"",
        "base_url = \"http://127.0.0.1:1\"\npage_size = 2\nconcurrent_pages = 1",
    );
    for n in 1..=16 {
        firm.client(&format!("Firma {n}"), Some(&vat(n)));
    }
    firm.reconcile().await;
    firm.company("Nowa", Some(&vat(99)));
    firm.flowtly.faults().when(
        When::always().method(Method::GET).path("/clients").skip(6),
        Fault::Refusal { status: 500, retry_after: None },
    );
    let writes = firm.writes();
    let allow = std::collections::BTreeSet::new();
    let error = firm.pass(Request { complete: true, allow }).await.unwrap_err();
    assert!(matches!(error, PassError::Side { side: Side::Flowtly, .. }), "{error}");
    assert_eq!(firm.writes(), writes);
    firm.flowtly.faults().clear();
    let report = firm.reconcile().await;
    assert_eq!(report.totals.local, 0, "nothing was taken as gone: {report:?}");
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (17, 17));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_12_a_lost_permission_takes_nothing_as_gone() {
    let options = FlowtlyOptions {
        tenant_header: Some(("X-Instance".to_owned(), "alfa".to_owned())),
        ..FlowtlyOptions::default()
    };
    let right = "[flowtly.headers]\nX-Instance = \"alfa\"\n";
    let mut firm = Firm::with(options, HubSpotOptions::default(), right);
    for n in 1..=3 {
        firm.client(&format!("Firma {n}"), Some(&vat(n)));
    }
    firm.reconcile().await;
    firm.assert_settled().await;
    // Without the tenant every record is unknown: 404 for all.
    firm.reconfigure("[flowtly.headers]\nX-Instance = \"other\"\n");
    let writes = firm.writes();
    let outcome = firm.pass(Request { complete: true, ..Request::default() }).await;
    assert_eq!(firm.writes(), writes, "{outcome:?}");
    firm.reconfigure(right);
    let report = firm.reconcile().await;
    assert!(!report.totals.would_act(), "{:?}", report.totals);
    firm.assert_settled().await;
}
