//! Created once, renamed once, never doubled, never deleted.

use flowtly_sync::domain::documents::State;
use flowtly_sync::sandbox::Manner;
use flowtly_sync::sync::pass::Ending;

use super::firm;
use crate::firm::vat;

#[tokio::test]
async fn a_document_is_shown_once_with_a_link_and_renamed_once() {
    let (firm, client, company) = firm().await;
    let offer = firm.flowtly.add_document(client, "Offer & <plan>.pdf").unwrap();
    let report = firm.reconcile().await;
    assert_eq!((report.ending.clone(), report.totals.documents, report.written), (Ending::Applied, 1, 0), "{report:?}");
    let documents = report.documents.unwrap();
    assert_eq!((documents.shown, documents.stand.shown), (1, 1));
    let notes = firm.hubspot.notes_of(company);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].1.contains("Offer &amp; &lt;plan&gt;.pdf"), "{}", notes[0].1);
    assert!(notes[0].1.contains(&format!("href=\"http://127.0.0.1:1/documents/{offer}/download\"")), "{}", notes[0].1);
    firm.assert_settled().await;

    firm.flowtly.rename_document(offer, Some("Contract.pdf"));
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().renamed, 1);
    assert_eq!(firm.titles(company), ["Contract.pdf"]);
    firm.assert_settled().await;
    assert_eq!(firm.hubspot.note_count(), 1);
}

#[tokio::test]
async fn a_pair_that_is_linked_brings_its_documents_with_the_next_pass() {
    let (firm, client, company) = firm().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.flowtly.add_document(client, "Plan.pdf");
    assert_eq!(firm.beat().await.documents.unwrap().shown, 2, "never looked at before");
    assert_eq!(firm.titles(company), ["Offer.pdf", "Plan.pdf"]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_people_wrote_into_a_note_stays_until_and_after_it_is_renamed() {
    let (firm, client, company) = firm().await;
    let offer = firm.flowtly.add_document(client, "Offer.pdf").unwrap();
    firm.hubspot.add_note(company, "<p>call them</p>");
    firm.reconcile().await;
    let (note, body) = firm.hubspot.notes_of(company).into_iter().find(|(_, body)| body.contains("Offer")).unwrap();
    firm.hubspot.edit_note(note, &format!("{body}<p>signed by Jan</p>"));
    firm.assert_settled().await;
    firm.flowtly.rename_document(offer, Some("Contract.pdf"));
    firm.reconcile().await;
    assert_eq!(firm.titles(company), ["Contract.pdf"]);
    assert!(firm.hubspot.notes_of(company).iter().any(|(_, body)| body.ends_with("<p>signed by Jan</p>")));
    assert!(firm.hubspot.notes_of(company).iter().any(|(_, body)| body == "<p>call them</p>"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_note_that_people_took_away_is_not_made_again() {
    let (firm, client, company) = firm().await;
    let offer = firm.flowtly.add_document(client, "Offer.pdf").unwrap();
    firm.reconcile().await;
    firm.settle();
    firm.hubspot.archive_note(firm.hubspot.notes_of(company)[0].0);
    firm.assert_settled().await;
    firm.flowtly.rename_document(offer, Some("Contract.pdf"));
    firm.reconcile().await;
    assert_eq!(firm.hubspot.note_count(), 0);
    assert_eq!(firm.documents().await[0].known.state, State::Removed);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_document_that_is_gone_in_flowtly_is_told_and_left_alone() {
    let (firm, client, company) = firm().await;
    let offer = firm.flowtly.add_document(client, "Offer.pdf").unwrap();
    firm.reconcile().await;
    firm.flowtly.remove_document(offer);
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().stand.gone, 1);
    assert_eq!(firm.titles(company), ["Offer.pdf"]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_lacks_its_id_or_its_name_is_counted_and_not_shown() {
    let (firm, client, company) = firm().await;
    let unnamed = firm.flowtly.add_document(client, "x").unwrap();
    firm.flowtly.rename_document(unnamed, None);
    // Plain JSON: nothing else tells who it is.
    let hidden = firm.flowtly.add_document(client, "Plan.pdf").unwrap();
    firm.flowtly.hide_document_id(hidden);
    firm.flowtly.add_document(client, "Offer.pdf");
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().stand.incomplete, 2);
    assert_eq!(firm.titles(company), ["Offer.pdf"]);
    firm.assert_settled().await;
    firm.flowtly.rename_document(unnamed, Some("Bill.pdf"));
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().stand.incomplete, 1);
    assert_eq!(firm.titles(company), ["Offer.pdf", "Bill.pdf"]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn documents_go_with_a_company_that_is_merged() {
    let (firm, client, company) = firm().await;
    let offer = firm.flowtly.add_document(client, "Offer.pdf").unwrap();
    firm.reconcile().await;
    let other = firm.company("Alfa bis", None);
    let merged = firm.hubspot.merge_companies(company, other).unwrap();
    for _ in 0..3 {
        firm.settle();
        firm.reconcile().await;
    }
    assert_eq!(firm.titles(merged), ["Offer.pdf"], "known by its mark");
    assert_eq!(firm.hubspot.note_count(), 1);
    firm.flowtly.rename_document(offer, Some("Contract.pdf"));
    firm.reconcile().await;
    assert_eq!(firm.titles(merged), ["Contract.pdf"]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn the_documents_of_a_pair_that_rests_rest() {
    let (firm, client, company) = firm().await;
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.hubspot.clear_log();
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().companies, 0);
    assert_eq!(firm.hubspot.note_count(), 0);
    firm.hubspot.restore_company(company);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.titles(company), ["Offer.pdf"]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_note_that_is_stored_otherwise_is_not_sent_again() {
    let (firm, client, company) = firm().await;
    firm.hubspot.manners().set("notes", "hs_note_body", Manner::LowerCase);
    firm.flowtly.add_document(client, "OFFER.pdf");
    firm.reconcile().await;
    firm.assert_settled().await;
    assert_eq!(firm.titles(company), ["offer.pdf"]);
}

#[tokio::test]
async fn a_second_state_finds_what_the_first_one_showed() {
    let (firm, client, company) = firm().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.reconcile().await;
    std::fs::remove_file(firm.state()).unwrap();
    firm.reconcile().await;
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().adopted, 1);
    assert_eq!(firm.titles(company), ["Offer.pdf"]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn documents_of_two_companies_stay_apart() {
    let (firm, client, company) = firm().await;
    let (other, another) = firm.linked("Beta", &vat(2)).await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.flowtly.add_document(other, "Offer.pdf");
    firm.reconcile().await;
    assert_eq!((firm.titles(company).len(), firm.titles(another).len()), (1, 1));
    firm.assert_settled().await;
}
