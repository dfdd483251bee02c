//! What fails stops nothing else.

use std::time::Duration;

use flowtly_sync::commands::failures::retry;
use flowtly_sync::daemon::control::protocol::Which;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, HubSpotOptions, When};
use flowtly_sync::store::document;
use flowtly_sync::sync::pass::Ending;
use http::Method;

use super::firm;
use crate::firm::{Firm, vat};

const REFUSED: Fault = Fault::Refusal { status: 400, retry_after: None };

#[tokio::test]
async fn a_refused_document_waits_with_growing_gaps_and_stops_no_other() {
    let (firm, client, company) = firm().await;
    let plan = firm.flowtly.add_document(client, "Plan.pdf").unwrap();
    firm.flowtly.add_document(client, "Offer.pdf");
    let create = When::always().method(Method::POST).exactly("/crm/objects/2026-03/notes");
    firm.hubspot.faults().when(create.clone().times(1), REFUSED);
    let report = firm.reconcile().await;
    let documents = report.documents.unwrap();
    assert_eq!((documents.shown, documents.refused, documents.stand.refused), (1, 1, 1));
    assert_eq!((report.ending, report.waiting.2), (Ending::Applied, 1));
    assert_eq!(firm.titles(company), ["Offer.pdf"]);

    firm.hubspot.faults().when(create, REFUSED);
    let writes = firm.writes();
    firm.reconcile().await;
    assert_eq!(firm.writes(), writes, "it waits");
    for minutes in [16, 61] {
        firm.wait(Duration::from_mins(minutes));
        assert_eq!(firm.beat().await.documents.unwrap().refused, 1, "due by itself");
    }
    let failures = document::failures(firm.store().await.connection()).await.unwrap();
    assert_eq!((failures.len(), failures[0].attempts, failures[0].title.as_str()), (1, 3, "Plan.pdf"));

    firm.hubspot.faults().clear();
    firm.flowtly.rename_document(plan, Some("Plan 2026"));
    assert_eq!(firm.reconcile().await.documents.unwrap().shown, 1, "another wording is tried at once");
    assert_eq!(document::failures(firm.store().await.connection()).await.unwrap(), vec![]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_refused_document_is_tried_again_when_a_person_says_so() {
    let (firm, client, company) = firm().await;
    firm.flowtly.add_document(client, "Plan.pdf");
    let create = When::always().method(Method::POST).exactly("/crm/objects/2026-03/notes");
    firm.hubspot.faults().when(create.times(1), REFUSED);
    assert_eq!(firm.reconcile().await.documents.unwrap().refused, 1);
    assert_eq!(firm.beat().await.documents.unwrap().shown, 0, "it waits");
    let again = async || {
        let (mut out, all) = (Vec::new(), Which::All { record: None, fields: Vec::new() });
        retry(&firm.settings(), firm.clock.as_ref(), all, &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    };
    let told = again().await;
    assert!(told.contains("Plan.pdf of company Alfa"), "{told}");
    assert_eq!(firm.beat().await.documents.unwrap().shown, 1);
    assert_eq!(firm.titles(company), ["Plan.pdf"]);
    assert_eq!(again().await, "Nothing was refused: there is nothing to try again.\n");
}

#[tokio::test]
async fn a_company_whose_documents_cannot_be_read_stops_no_other() {
    let (firm, broken, _) = firm().await;
    let (client, company) = firm.linked("Beta", &vat(2)).await;
    firm.flowtly.add_document(client, "Offer.pdf");
    let read = When::always().path(&format!("/clients/{broken}/documents"));
    firm.flowtly.faults().when(read, REFUSED);
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().unread, 1);
    assert_eq!(firm.titles(company), ["Offer.pdf"]);
    firm.flowtly.clear_log();
    firm.beat().await;
    let asked = firm.flowtly.log().iter().filter(|request| request.path.contains("/documents")).count();
    assert_eq!(asked, 0, "it rests for a while");
}

#[tokio::test]
async fn a_token_that_may_not_write_notes_is_told_held_and_hammers_nobody() {
    let options =
        HubSpotOptions { missing_scopes: vec!["crm.objects.contacts.write".to_owned()], ..HubSpotOptions::default() };
    let mut firm = Firm::with(FlowtlyOptions::default(), options, "");
    firm.change_base("[locale]", "documents = true\n[locale]");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    for number in 0..6 {
        firm.flowtly.add_document(client, &format!("{number}.pdf"));
    }
    let report = firm.reconcile().await;
    let documents = report.documents.unwrap();
    assert!(documents.trouble.as_ref().unwrap().contains("crm.objects.contacts.write"), "{documents:?}");
    assert_eq!(documents.put_off, 6);
    assert_eq!(report.failing.len(), 0, "companies are written as before");
    let writes = firm.writes();
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let report = firm.reconcile().await;
    assert!(report.documents.unwrap().trouble.is_some());
    assert_eq!(firm.writes(), writes + 1, "the city alone");
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    firm.wait(Duration::from_mins(16));
    firm.beat().await;
    assert!(firm.writes() > writes + 1, "tried again by itself");
}

#[tokio::test]
async fn nonsense_instead_of_documents_is_told_and_concludes_nothing() {
    let (firm, client, company) = firm().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.reconcile().await;
    for reply in ["<html>down for maintenance</html>", "{\"documents\": [{", "[]", "null", "7"] {
        let reply = reply.to_owned();
        firm.meddling.distort(flowtly_sync::domain::record::Side::Flowtly, "/documents", move |_| reply.clone());
        firm.reconcile().await;
        assert_eq!(firm.titles(company), ["Offer.pdf"], "nothing is taken away");
        firm.meddling.distort_nothing();
        firm.wait(Duration::from_hours(24 * 8));
    }
    firm.reconcile().await;
    assert_eq!(firm.hubspot.note_count(), 1);
    firm.assert_settled().await;
}
