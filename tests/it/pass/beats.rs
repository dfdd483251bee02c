//! Incremental passes.

use std::time::Duration;

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{FlowtlyOptions, HubSpotOptions};

use crate::firm::{Firm, vat};

#[tokio::test]
async fn an_edit_that_the_index_shows_late_travels_with_a_later_beat() {
    let lag = HubSpotOptions { search_lag: Duration::from_secs(40), ..HubSpotOptions::default() };
    let firm = Firm::with(FlowtlyOptions::default(), lag, "");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.wait(Duration::from_hours(5));
    firm.beat().await;
    firm.wait(Duration::from_mins(5));
    firm.hubspot.edit_company(company, "city", "Kraków");
    assert_eq!(firm.beat().await.written, 0, "the index does not show it yet");
    firm.wait(Duration::from_mins(5));
    assert_eq!(firm.beat().await.written, 1);
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn beats_without_edits_do_nothing_and_say_as_of_when() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let complete = firm.reconcile().await;
    for _ in 0..3 {
        firm.wait(Duration::from_mins(5));
        let report = firm.beat().await;
        assert!(!report.complete && !report.totals.would_act() && !report.more, "{report:?}");
        assert_eq!(report.written, 0);
    }
    let report = firm.beat().await;
    assert_eq!(report.certificate.equal, complete.certificate.equal);
    assert!(report.certificate.as_of.is_some_and(|at| at <= firm.clock_now()));
}

#[tokio::test]
async fn what_is_made_between_beats_on_either_side_comes_to_the_other() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.wait(Duration::from_hours(5));
    firm.beat().await;
    firm.wait(Duration::from_mins(5));
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    let properties = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    firm.company("Beta", Some(&vat(2)));
    firm.client("Gamma", Some(&vat(3)));
    firm.beat().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (3, 3));
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (2, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_contact_that_is_put_to_its_company_without_a_trace_in_the_index_comes_with_the_complete_pass() {
    let firm = Firm::new();
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    let jan = firm.hubspot.add_contact(&properties, None);
    firm.reconcile().await;
    assert_eq!(firm.flowtly.contact_count(), 0, "a contact without a company has no place in Flowtly");
    firm.wait(Duration::from_hours(5));
    firm.beat().await;
    firm.hubspot.associate(jan, company, true);
    firm.beat().await;
    assert_eq!(firm.flowtly.contact_count(), 0, "an association leaves no trace in the index");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.contact_count(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_record_that_leaves_the_scope_stays_linked_and_in_sync() {
    let firm = Firm::configured("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n");
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "lifecyclestage", "customer");
    firm.reconcile().await;
    let client: u64 = firm.pairs(Kind::Company).await[0].0.parse().unwrap();
    firm.hubspot.edit_company(company, "lifecyclestage", "other");
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.flowtly.edit_client(client, "addressCity", "Gdańsk");
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Gdańsk"));
    firm.assert_settled().await;
}
