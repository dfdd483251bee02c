//! Documents with each CRM: a note here, a stream post or a link there, and each is there once.

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{EMBEDDED, Embedded, Fault, FlowtlyOptions, HubSpotOptions, HubSpotServer, Property, When};
use flowtly_sync::sync::pass::Ending;
use http::Method;

use crate::firm::{Firm, clock, vat};

/// Where a CRM is told to make one.
fn made_at(crm: &Embedded) -> &'static str {
    match crm.name {
        "hubspot" => "/crm/objects/2026-03/notes",
        "espocrm" => "/api/v1/Note",
        "odoo" => "/json/2/ir.attachment/create",
        "pipedrive" => "/api/v1/notes",
        other => panic!("nobody said where {other} makes one"),
    }
}

fn titles(firm: &Firm, company: u64) -> Vec<String> {
    let mut titles = firm.crm.documents(company);
    titles.sort();
    titles
}

async fn whole_life(crm: &'static Embedded) {
    let clock = clock();
    let (server, idle) = ((crm.start)(clock.clone()), HubSpotServer::new(HubSpotOptions::default(), clock.clone()));
    let mut firm = Firm::made(clock, FlowtlyOptions::default(), server, idle, "");
    firm.change_base("[locale]", "documents = true\n[locale]");
    firm.change_base("[limits]", "[limits]\ndocuments = { count = 1000, share = 1.0 }");
    let client = firm.client("Alfa", Some(&vat(1)));
    let company = firm.company("Alfa", Some(&vat(1)));
    let person = [(Property::FirstName, "Jan"), (Property::LastName, "Kowalski"), (Property::Email, "jan@alfa.pl")];
    firm.crm.add(Kind::Contact, &person, Some(company));
    firm.flowtly.add_document(client, "Plan.pdf").unwrap();
    let offer = firm.flowtly.add_document(client, "Offer.pdf").unwrap();
    for _ in 0..2 {
        firm.reconcile().await;
    }
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1, "{}", crm.name);
    assert_eq!(titles(&firm, company), ["Offer.pdf", "Plan.pdf"], "{}", crm.name);
    firm.assert_settled().await;

    firm.flowtly.rename_document(offer, Some("Contract.pdf"));
    let report = firm.reconcile().await;
    assert_eq!(report.documents.unwrap().renamed, 1, "{}", crm.name);
    assert_eq!(titles(&firm, company), ["Contract.pdf", "Plan.pdf"], "{}", crm.name);
    firm.assert_settled().await;

    // The reply to a new one is lost: it is found, and not made again.
    firm.flowtly.add_document(client, "Invoice.pdf").unwrap();
    let making = When::always().method(Method::POST).exactly(made_at(crm)).times(1);
    firm.crm.faults().when(making, Fault::DropAfter);
    let report = firm.reconcile().await;
    assert_eq!((report.ending, report.documents.unwrap().unknown), (Ending::Partly, 1), "{}", crm.name);
    for _ in 0..2 {
        firm.wait(std::time::Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!(titles(&firm, company), ["Contract.pdf", "Invoice.pdf", "Plan.pdf"], "{}", crm.name);
    firm.assert_settled().await;
}

#[tokio::test]
async fn documents_are_shown_renamed_and_found_again_in_every_crm() {
    for crm in EMBEDDED {
        whole_life(crm).await;
    }
}
