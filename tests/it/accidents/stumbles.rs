//! A record that its server stumbles over, whenever it is asked for by its id: it holds up nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use flowtly_sync::domain::hint::Hint;
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use flowtly_sync::sandbox::{
    Fault, FlowtlyOptions, HubSpotOptions, HubSpotServer, PipedriveOptions, PipedriveServer, Property, When,
};
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::{self, Ending, Report, Request};
use flowtly_sync::sync::{PassError, World};
use http::Method;
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, clock, ruling, vat};

/// Until the next beat at the soonest.
const BEAT: Duration = Duration::from_mins(5);

/// That many pairs, in a CRM that is read record by record.
async fn with_pairs(count: u32) -> (Firm, Vec<(u64, u64)>) {
    let clock = clock();
    let pipedrive = PipedriveServer::new(PipedriveOptions::default(), clock.clone());
    let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
    let firm = Firm::made(clock, FlowtlyOptions::default(), Arc::new(pipedrive), idle, "");
    let mut pairs = Vec::new();
    for number in 1..=count {
        let name = format!("Firm {number}");
        pairs.push((firm.client(&name, Some(&vat(number))), firm.company(&name, Some(&vat(number)))));
    }
    firm.reconcile().await;
    firm.assert_settled().await;
    firm.wait(Duration::from_hours(1));
    firm.beat().await;
    assert!(!firm.beat().await.complete);
    (firm, pairs)
}

fn city(firm: &Firm, company: u64) -> Option<String> {
    firm.crm.text(Kind::Company, company, Property::City).filter(|city| !city.is_empty())
}

/// From now on the CRM answers 500 about this company alone.
fn stumble_over(firm: &Firm, company: u64) {
    let asked = When::always().method(Method::GET).exactly(&format!("/api/v2/organizations/{company}"));
    firm.crm.faults().when(asked, Fault::Refusal { status: 500, retry_after: None });
}

#[tokio::test]
async fn a_record_that_cannot_be_read_by_its_id_rests_and_every_other_pair_goes_on() {
    let (firm, pairs) = with_pairs(5).await;
    stumble_over(&firm, pairs[0].1);
    // With others in its group, and then by itself.
    firm.flowtly.edit_client(pairs[0].0, "addressCity", "Kraków");
    firm.flowtly.edit_client(pairs[4].0, "addressCity", "Gdańsk");
    for number in [3, 2] {
        let report = firm.beat().await;
        assert_eq!((&report.ending, report.put_off, report.failing.len()), (&Ending::Partly, 1, 0), "{report:?}");
        assert!(!report.more, "until the next beat");
        assert_eq!(city(&firm, pairs[4].1).as_deref(), Some("Gdańsk"));
        assert_eq!(city(&firm, pairs[0].1), None);
        firm.flowtly.edit_client(pairs[number].0, "addressCity", "Opole");
        firm.wait(BEAT);
    }
    let report = firm.beat().await;
    assert_eq!((&report.ending, report.put_off), (&Ending::Partly, 1), "{report:?}");
    assert_eq!(
        (city(&firm, pairs[3].1).as_deref(), city(&firm, pairs[2].1).as_deref()),
        (Some("Opole"), Some("Opole"))
    );
    // A walk shows it all the same; what is written to it waits alone.
    firm.wait(BEAT);
    let report = firm.reconcile().await;
    assert_eq!((&report.ending, report.put_off, report.failing.len()), (&Ending::Partly, 1, 0), "{report:?}");
    // Nothing of it is lost.
    firm.crm.faults().clear();
    firm.wait(BEAT);
    assert_eq!(firm.beat().await.written, 1);
    assert_eq!(city(&firm, pairs[0].1).as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_side_that_answers_about_no_record_is_seen_as_failing_after_a_few() {
    let (firm, pairs) = with_pairs(9).await;
    let asked = When::always().method(Method::GET).path("/api/v2/organizations/");
    firm.crm.faults().when(asked, Fault::Refusal { status: 500, retry_after: None });
    for (client, _) in &pairs {
        firm.flowtly.edit_client(*client, "addressCity", "Kraków");
    }
    let outcome = firm.pass(Request::default()).await;
    assert!(matches!(outcome, Err(PassError::Side { side: Side::Crm, .. })), "{outcome:?}");
    let asked = |firm: &Firm| firm.crm.faults().counts()["refusal"];
    let tried = asked(&firm);
    // The group, and three of its records: each is asked for so often as any request.
    assert!(tried <= 4 * 8, "{tried} requests");
    firm.crm.faults().clear();
    firm.wait(BEAT);
    assert_eq!(firm.beat().await.written, 9);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_before_it_is_written_does_not_stop_later_writes() {
    let firm = Firm::new();
    let mut pairs = Vec::new();
    for number in 1..=2 {
        pairs.push(firm.linked(&format!("Firm {number}"), &vat(number)).await);
    }
    let person = firm.person(pairs[1].0, "Jan Kowalski", "jan@firm2.pl");
    firm.reconcile().await;
    let jan = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    let refusal = Fault::Refusal { status: 500, retry_after: None };
    firm.flowtly.faults().when(When::always().exactly(&format!("/clients/{}", pairs[0].0)), refusal);
    firm.wait(Duration::from_hours(3));
    firm.hubspot.edit_company(pairs[0].1, "city", "Kraków");
    firm.hubspot.edit_contact(jan, "phone", "+48 22 123 45 67");
    let report = firm.beat().await;
    assert_eq!((report.written, report.failing.len(), report.put_off), (1, 0, 1), "{report:?}");
    assert_eq!(firm.contact_text(person, "phone").as_deref(), Some("+48 22 123 45 67"));
    firm.flowtly.faults().clear();
    firm.wait(BEAT);
    assert_eq!(firm.beat().await.written, 1);
    assert_eq!(firm.client_text(pairs[0].0, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

/// One pass about this hint.
async fn hinted(firm: &Firm, side: Side, id: u64) -> Result<Report, PassError> {
    let settings = firm.settings();
    let systems = firm.systems(&settings);
    let ruling = ruling(&settings);
    let store = Store::open(&WriterLock::take(&firm.state()).unwrap()).await.unwrap();
    let world = World::of(&systems, firm.clock.as_ref(), &ruling);
    let hint = Hint { side, kind: Kind::Company, id: RemoteId::new(id.to_string()), sure: true };
    let (stop, hints) = (CancellationToken::new(), BTreeSet::from([hint]));
    let (store, report) = pass::hinted(world, Sinks::from(&systems), store, &hints, &stop).await;
    store.close().await.unwrap();
    report
}

#[tokio::test]
async fn a_hint_about_a_record_or_its_partner_that_cannot_be_read_fails_no_pass() {
    let (firm, pairs) = with_pairs(2).await;
    stumble_over(&firm, pairs[0].1);
    firm.flowtly.edit_client(pairs[0].0, "addressCity", "Kraków");
    for (side, id) in [(Side::Flowtly, pairs[0].0), (Side::Crm, pairs[0].1)] {
        let report = hinted(&firm, side, id).await.unwrap();
        assert_eq!((report.ending, report.put_off), (Ending::Partly, 1));
        firm.wait(BEAT);
    }
    firm.crm.faults().clear();
    assert_eq!(firm.beat().await.written, 1);
    assert_eq!(city(&firm, pairs[0].1).as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}
