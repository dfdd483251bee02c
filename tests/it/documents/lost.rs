//! Lost replies and passes that die.

use std::time::Duration;

use flowtly_sync::domain::documents::State;
use flowtly_sync::domain::record::Side;
use flowtly_sync::sandbox::{Fault, When};
use flowtly_sync::sync::pass::{Ending, Request};
use http::Method;
use rstest::rstest;

use super::{firm, showing};
use crate::firm::vat;
use crate::meddle::Moment;

const CREATE: &str = "/crm/objects/2026-03/notes";

fn creating() -> When {
    When::always().method(Method::POST).exactly(CREATE).times(1)
}

#[rstest]
#[case::the_reply_is_lost(Fault::DropAfter)]
#[case::the_reply_takes_too_long(Fault::TimeOut { carried_out: true })]
#[case::the_reply_is_cut(Fault::Truncate)]
#[case::the_reply_is_half_of_a_json(Fault::HalfJson)]
#[case::the_reply_is_something_else(Fault::WrongType)]
#[tokio::test]
async fn a_document_whose_reply_was_lost_is_found_and_not_doubled(#[case] fault: Fault) {
    let (firm, client, company) = firm().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.hubspot.faults().when(creating(), fault);
    let report = firm.reconcile().await;
    assert_eq!((report.ending, report.documents.unwrap().unknown), (Ending::Partly, 1));
    assert_eq!(firm.documents().await[0].known.state, State::Sending);
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().adopted, 1);
    for _ in 0..2 {
        firm.settle();
        firm.assert_settled().await;
    }
    assert_eq!(firm.titles(company), ["Offer.pdf"]);
    assert_eq!(firm.hubspot.note_count(), 1);
}

#[tokio::test]
async fn what_never_arrived_is_sent_again_only_when_that_is_proved() {
    let (firm, client, company) = firm().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.hubspot.faults().when(creating(), Fault::TimeOut { carried_out: false });
    firm.reconcile().await;
    let report = firm.reconcile().await;
    assert_eq!(report.totals.documents, 0, "too early");
    assert_eq!(report.documents.unwrap().stand.unknown, 1);
    firm.settle();
    assert_eq!(firm.beat().await.documents.unwrap().shown, 1, "due by itself");
    assert_eq!(firm.titles(company), ["Offer.pdf"]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_create_that_is_carried_out_late_stays_one_note() {
    let (firm, client, _) = firm().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.hubspot.faults().when(creating(), Fault::CarriedOutLater(Duration::from_secs(45)));
    firm.reconcile().await;
    firm.reconcile().await;
    firm.wait(Duration::from_mins(1));
    firm.hubspot.settle();
    for _ in 0..3 {
        firm.settle();
        firm.reconcile().await;
    }
    assert_eq!(firm.hubspot.note_count(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_rename_whose_reply_was_lost_is_known_by_what_is_shown() {
    let (firm, client, company) = firm().await;
    let offer = firm.flowtly.add_document(client, "Offer.pdf").unwrap();
    firm.reconcile().await;
    firm.flowtly.rename_document(offer, Some("Contract.pdf"));
    firm.hubspot.faults().when(When::always().method(Method::PATCH).times(1), Fault::DropAfter);
    assert_eq!(firm.reconcile().await.documents.unwrap().unknown, 1);
    let writes = firm.writes();
    firm.reconcile().await;
    assert_eq!(firm.writes(), writes, "it is there");
    assert_eq!(firm.titles(company), ["Contract.pdf"]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_rename_that_never_arrived_is_sent_again_when_that_is_proved() {
    let (firm, client, company) = firm().await;
    let offer = firm.flowtly.add_document(client, "Offer.pdf").unwrap();
    firm.reconcile().await;
    firm.flowtly.rename_document(offer, Some("Contract.pdf"));
    let patch = When::always().method(Method::PATCH).times(1);
    firm.hubspot.faults().when(patch, Fault::TimeOut { carried_out: false });
    firm.reconcile().await;
    assert_eq!(firm.reconcile().await.totals.documents, 0, "too early");
    firm.settle();
    firm.reconcile().await;
    assert_eq!(firm.titles(company), ["Contract.pdf"]);
    firm.assert_settled().await;
}

/// The program dies at each moment around the request: nothing is doubled, and nothing is forgotten.
#[rstest]
#[case::just_before_it_arrives(Moment::Before)]
#[case::just_after_it_was_carried_out(Moment::After)]
#[tokio::test]
async fn a_pass_that_dies_while_a_document_is_sent_shows_it_once(#[case] moment: Moment) {
    let (firm, client, company) = firm().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.meddling.freeze(Side::Crm, Method::POST, CREATE, moment);
    tokio::select! {
        () = firm.meddling.is_frozen() => {}
        report = firm.pass(Request { complete: true, ..Request::default() }) => panic!("it ended: {report:?}"),
    }
    assert_eq!(firm.hubspot.note_count(), usize::from(moment == Moment::After));
    assert_eq!(firm.documents().await[0].known.state, State::Sending, "journalled before it was sent");
    for _ in 0..3 {
        firm.settle();
        firm.reconcile().await;
    }
    assert_eq!(firm.titles(company), ["Offer.pdf"]);
    assert_eq!(firm.hubspot.note_count(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_flood_of_unknown_outcomes_ends_the_sending_and_loses_nothing() {
    let firm = showing("");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    for number in 0..9 {
        firm.flowtly.add_document(client, &format!("{number}.pdf"));
    }
    let create = When::always().method(Method::POST).exactly(CREATE).times(4);
    firm.hubspot.faults().when(create, Fault::TimeOut { carried_out: true });
    let documents = firm.reconcile().await.documents.unwrap();
    assert_eq!((documents.unknown, documents.put_off), (4, 5), "{documents:?}");
    for _ in 0..3 {
        firm.settle();
        firm.reconcile().await;
    }
    assert_eq!(firm.titles(company).len(), 9);
    firm.assert_settled().await;
}
