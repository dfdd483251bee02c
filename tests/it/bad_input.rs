//! What a server may send that is not what the protocol says: a readable error, nothing lost, and the next pass goes on.

use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{Fault, Faults, When};
use flowtly_sync::sync::PassError;
use flowtly_sync::sync::pass::Request;
use rstest::rstest;

use crate::firm::{Firm, vat};

/// A firm whose pages are bad for as long as the fault stands.
async fn refused_page(fault: Fault, faults: impl Fn(&Firm) -> Faults, path: &str, words: &[&str]) {
    let firm = Firm::new();
    firm.linked("Alfa Sp. z o.o.", &vat(1)).await;
    let client = firm.client("Beta Sp. z o.o.", Some(&vat(2)));
    faults(&firm).when(When::always().path(path), fault);
    let request = Request { complete: true, allow: [RefusalName::FirstPass].into() };
    let before = firm.writes();
    let error = firm.pass(request.clone()).await.unwrap_err();
    assert!(matches!(error, PassError::Side { .. }), "{error:?}");
    let told = error.to_string();
    for word in words {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(told.len() < 600, "the error is for people: {told}");
    assert_eq!(firm.writes(), before, "nothing is written on the strength of a bad page");
    faults(&firm).clear();
    firm.reconcile().await;
    assert!(firm.client_text(client, "name").is_some());
    assert_eq!(firm.hubspot.company_count(), 2, "what was not read then is read now");
    firm.assert_settled().await;
}

#[rstest]
#[case::html(Fault::Html, &["Flowtly"])]
#[case::half_json(Fault::HalfJson, &["Flowtly"])]
#[case::another_type(Fault::WrongType, &["Flowtly"])]
#[case::truncated(Fault::Truncate, &["Flowtly"])]
#[case::repeats_for_ever(Fault::EndlessNext, &["Flowtly"])]
#[tokio::test]
async fn a_bad_page_of_flowtly_is_an_error_and_no_empty_list(#[case] fault: Fault, #[case] words: &[&str]) {
    refused_page(fault, |firm| firm.flowtly.faults(), "/clients", words).await;
}

#[rstest]
#[case::html(Fault::Html, &["HubSpot"])]
#[case::half_json(Fault::HalfJson, &["HubSpot"])]
#[case::another_type(Fault::WrongType, &["HubSpot"])]
#[case::truncated(Fault::Truncate, &["HubSpot"])]
#[case::repeats_for_ever(Fault::EndlessNext, &["HubSpot"])]
#[case::gateway(Fault::Gateway(502), &["HubSpot", "502"])]
#[tokio::test]
async fn a_bad_page_of_hubspot_is_an_error_and_no_empty_list(#[case] fault: Fault, #[case] words: &[&str]) {
    refused_page(fault, |firm| firm.hubspot.faults(), "/crm/objects/2026-03/companies", words).await;
}

#[tokio::test]
async fn fifty_megabytes_in_one_field_are_dropped_and_the_walk_goes_on() {
    let firm = Firm::new();
    firm.linked("Alfa Sp. z o.o.", &vat(1)).await;
    let company = firm.company("Gamma", Some(&vat(3)));
    firm.flowtly.faults().when(When::always().path("/clients").times(1), Fault::HugeText(50 << 20));
    let report = firm.reconcile().await;
    assert_eq!(report.certificate.unexplained, 0);
    assert_eq!(firm.flowtly.client_count(), 2, "the others go on");
    assert!(firm.hubspot.company_property(company, "name").is_some());
    assert_eq!(firm.hubspot.companies().len(), 2);
    firm.reconcile().await;
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_name_that_only_a_read_by_id_shows_is_recognised_and_not_doubled() {
    let firm = Firm::new();
    firm.client("Alfa", None);
    firm.company("Alfa", None);
    // The list shows a text that is longer than any that is taken.
    firm.flowtly.faults().when(When::always().exactly("/clients"), Fault::HugeText(100_000));
    firm.reconcile().await;
    firm.flowtly.faults().clear();
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (1, 1));
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1);
    firm.assert_settled().await;
}
