//! A flood of documents is refused by name, and holds back nothing else.

use std::collections::BTreeSet;

use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sync::pass::{Ending, Request};

use super::showing;
use crate::firm::{Firm, vat};

const FEW: &str = "documents = { count = 3, share = 0.0 }";

async fn flooded() -> (Firm, u64, u64) {
    let firm = showing(FEW);
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    for number in 0..5 {
        firm.flowtly.add_document(client, &format!("{number}.pdf"));
    }
    (firm, client, company)
}

#[tokio::test]
async fn a_flood_is_refused_by_name_and_everything_else_is_carried_out() {
    let (firm, client, company) = flooded().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let report = firm.reconcile().await;
    let names: Vec<RefusalName> = report.refusals.iter().map(|refusal| refusal.name).collect();
    assert_eq!(names, [RefusalName::TooManyDocuments]);
    assert_eq!((report.refusals[0].found, report.refusals[0].allowed), (5, 3));
    assert_eq!(report.refusals[0].examples[0].label, "0.pdf");
    assert_eq!(report.ending, Ending::Partly);
    assert_eq!(report.documents.unwrap().put_off, 5);
    assert_eq!(firm.hubspot.note_count(), 0);
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));

    let allow = BTreeSet::from([RefusalName::TooManyDocuments]);
    let report = firm.pass(Request { complete: false, allow }).await.unwrap();
    assert_eq!(
        (report.ending, report.documents.unwrap().shown),
        (Ending::Applied, 5),
        "allowed, and nothing read again"
    );
    assert_eq!(firm.titles(company).len(), 5);
}

#[tokio::test]
async fn an_allowance_stands_for_what_was_shown_and_no_more() {
    let (firm, client, _) = flooded().await;
    firm.reconcile().await;
    for number in 5..20 {
        firm.flowtly.add_document(client, &format!("{number}.pdf"));
    }
    let allow = BTreeSet::from([RefusalName::TooManyDocuments]);
    let report = firm.pass(Request { complete: true, allow }).await.unwrap();
    assert_eq!(report.refusals.len(), 1, "twenty were never shown");
    assert_eq!(firm.hubspot.note_count(), 0);
}

#[tokio::test]
async fn the_limit_counts_over_a_sliding_day() {
    let firm = showing(FEW);
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    for round in 0..2 {
        for number in 0..3 {
            firm.flowtly.add_document(client, &format!("{round}-{number}.pdf"));
        }
        firm.reconcile().await;
        assert_eq!(firm.titles(company).len(), 3, "round {round}");
    }
    firm.wait(std::time::Duration::from_hours(25));
    firm.reconcile().await;
    assert_eq!(firm.titles(company).len(), 6);
}

#[tokio::test]
async fn the_first_pass_of_a_state_shows_no_document_before_it_is_allowed() {
    let firm = showing(FEW);
    let client = firm.client("Alfa", Some(&vat(1)));
    firm.company("Alfa", Some(&vat(1)));
    firm.flowtly.add_document(client, "Offer.pdf");
    let report = firm.beat().await;
    assert_eq!(report.ending, Ending::Refused);
    assert_eq!(firm.writes(), 0);
}
