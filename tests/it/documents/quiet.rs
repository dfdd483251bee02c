//! What documents cost, and what a dry run leaves alone.

use std::sync::Mutex;

use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sync::pass::{self, Ending, Request};
use flowtly_sync::sync::{Progress, World};
use rstest::rstest;
use tokio_util::sync::CancellationToken;

use super::{firm, showing};
use crate::firm::{Firm, ruling, vat};

/// The requests that have to do with documents.
fn requests(firm: &Firm) -> usize {
    let is_about = |path: &str| path.contains("/documents") || path.contains("notes");
    let log = firm.flowtly.log().into_iter().chain(firm.hubspot.log());
    log.filter(|request| is_about(&request.path)).count()
}

#[tokio::test]
async fn off_means_no_request() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.add_document(client, "Offer.pdf");
    let report = firm.reconcile().await;
    assert_eq!(report.documents, None);
    assert_eq!(report.certificate.documents, None);
    firm.beat().await;
    assert_eq!(requests(&firm), 0);
    assert_eq!(firm.hubspot.note_count(), 0);
}

#[tokio::test]
async fn a_beat_asks_only_about_companies_that_changed_and_the_slow_beat_once_about_each() {
    let (firm, client, _) = firm().await;
    for number in 2..8 {
        firm.linked(&format!("Firm {number}"), &vat(number)).await;
    }
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.reconcile().await;
    firm.reconcile().await;
    let cost = async |complete: bool| {
        firm.flowtly.clear_log();
        firm.hubspot.clear_log();
        if complete {
            firm.reconcile().await
        } else {
            firm.beat().await
        };
        requests(&firm)
    };
    assert_eq!(cost(false).await, 0, "nothing changed");
    assert_eq!(cost(true).await, 7, "one a company, and none to the CRM");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    assert_eq!(cost(false).await, 1);
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_shown_and_writes_nothing() {
    let (firm, client, _) = firm().await;
    firm.flowtly.add_document(client, "Offer.pdf");
    firm.flowtly.add_document(client, "Plan.pdf");
    let (bytes, writes) = (std::fs::read(firm.state()).unwrap(), firm.writes());
    let (report, _) = firm.diff().await;
    assert_eq!((report.ending, report.totals.documents), (Ending::Planned, 2));
    assert_eq!(report.documents.unwrap().shows, 2);
    assert_eq!(firm.writes(), writes);
    assert!(std::fs::read(firm.state()).unwrap() == bytes, "the state's bytes moved");
    assert_eq!(firm.reconcile().await.documents.unwrap().shown, 2, "the pass does what the dry run said");
    firm.assert_settled().await;
    assert!(!firm.diff().await.0.totals.would_act());
}

#[rstest]
#[case::one_at_a_time(1)]
#[case::many(16)]
#[tokio::test]
async fn however_many_are_read_at_once_the_same_is_shown(#[case] at_once: usize) {
    let mut firm = showing("");
    firm.change_base("documents = true", &format!("documents = true\ndocuments_at_once = {at_once}"));
    let mut companies = Vec::new();
    for number in 1..20 {
        let (client, company) = firm.linked(&format!("Firm {number}"), &vat(number)).await;
        firm.flowtly.add_document(client, &format!("Offer {number}.pdf"));
        companies.push((number, company));
    }
    firm.reconcile().await;
    for (number, company) in companies {
        assert_eq!(firm.titles(company), [format!("Offer {number}.pdf")]);
    }
    firm.assert_settled().await;
}

/// Hears what a watchdog is fed by, in order.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<&'static str>>);

impl Progress for Heard {
    fn scanned(&self, _side: Side, _kind: Kind, _rows: usize) {
        self.0.lock().unwrap().push("scanned");
    }

    fn looked(&self) {
        self.0.lock().unwrap().push("looked");
    }

    fn planned(&self, _actions: u64) {
        self.0.lock().unwrap().push("planned");
    }

    fn applied(&self, _actions: u64) {
        self.0.lock().unwrap().push("applied");
    }
}

/// One list a company, of ten thousand companies, takes longer than a watchdog waits.
#[tokio::test]
async fn a_pass_that_reads_documents_gets_on_and_says_so() {
    let firm = showing("");
    for number in 1..=40 {
        firm.linked(&format!("Alfa {number}"), &vat(number)).await;
    }
    let settings = firm.settings();
    let systems = firm.systems(&settings);
    let ruling = ruling(&settings);
    let heard = Heard::default();
    let world = World { progress: &heard, ..World::of(&systems, firm.clock.as_ref(), &ruling) };
    let request = Request { complete: true, ..Request::default() };
    let (_, report) = pass::dry_run(world, firm.store().await, request, &CancellationToken::new()).await;
    assert_eq!(report.unwrap().documents.unwrap().companies, 40);
    let heard = heard.0.into_inner().unwrap();
    let walked = heard.iter().rposition(|heard| *heard == "scanned").unwrap();
    let looks = heard[walked..].iter().filter(|heard| **heard == "looked").count();
    assert!(looks >= 40 / ruling.documents.unwrap().at_once.max(1), "{heard:?}");
}
