//! Values that a system refuses, or does not show.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use flowtly_sync::clock::ManualClock;
use flowtly_sync::connector::error::ErrorKind;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{
    CrmServer, Embedded, EspoOptions, EspoServer, Fault, FlowtlyOptions, HubSpotOptions, HubSpotServer, OdooServer,
    PipedriveOptions, PipedriveServer, Property, When,
};
use flowtly_sync::sync::pass::{Ending, Request};
use http::Method;

use crate::firm::{Firm, clock, vat};

#[tokio::test]
async fn a_field_that_flowtly_refuses_waits_while_the_others_travel_and_a_changed_value_is_tried_at_once() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let contact = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let jan = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.edit_contact(jan, "email", "not an address");
    firm.hubspot.edit_contact(jan, "phone", "+48 22 123 45 67");
    let report = firm.beat().await;
    assert_eq!((report.refused, &report.ending), (1, &Ending::Applied), "{report:?}");
    assert_eq!(firm.contact_text(contact, "phone").as_deref(), Some("+48 22 123 45 67"));
    assert!(firm.refusals().await[0].starts_with("Flowtly email: "), "{:?}", firm.refusals().await);
    firm.assert_at_rest().await;

    // The same value waits, longer and longer; another one does not.
    let patches = firm.flowtly.counts().writes;
    firm.beat().await;
    assert_eq!(firm.flowtly.counts().writes, patches);
    firm.wait(Duration::from_mins(16));
    firm.beat().await;
    assert_eq!(firm.flowtly.counts().writes, patches + 1, "tried again after the gap");
    firm.wait(Duration::from_mins(16));
    firm.beat().await;
    assert_eq!(firm.flowtly.counts().writes, patches + 1, "the second gap is longer");
    firm.hubspot.edit_contact(jan, "email", "kowalski@alfa.pl");
    firm.beat().await;
    assert_eq!(firm.contact_text(contact, "email").as_deref(), Some("kowalski@alfa.pl"));
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn one_refused_record_of_a_batch_does_not_keep_the_others() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    for n in 0..5 {
        firm.person(client, &format!("Osoba {n}"), &format!("osoba{n}@alfa.pl"));
    }
    firm.person(client, "Osoba Zła", "zła adres");
    let report = firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 6, "{report:?} {:?}", firm.refusals().await);
}

#[tokio::test]
async fn a_refusal_without_a_field_keeps_every_field_of_that_write_waiting() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), refusal);
    let report = firm.reconcile().await;
    assert_eq!((report.written, report.refused), (0, 2), "{report:?}");
    firm.assert_at_rest().await;
    firm.wait(Duration::from_mins(16));
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 123 45 67"));
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn each_field_has_gaps_of_its_own() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let jan = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.edit_contact(jan, "email", "not an address");
    for wait in [16, 20] {
        firm.beat().await;
        firm.wait(Duration::from_mins(wait));
    }
    // The address was refused twice, and is tried in an hour; now the phone is refused for the first time.
    firm.hubspot.edit_contact(jan, "phone", "+48 22 123 45 67");
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), refusal);
    firm.beat().await;
    assert_eq!(firm.refusals().await.len(), 2);
    let writes = firm.flowtly.counts().writes;
    firm.wait(Duration::from_mins(16));
    let report = firm.beat().await;
    assert_eq!((report.written, report.refused), (1, 0), "the phone alone: {report:?}");
    assert_eq!((firm.flowtly.counts().writes, firm.refusals().await.len()), (writes + 1, 1));
    firm.wait(Duration::from_mins(26));
    assert_eq!(firm.beat().await.refused, 1, "the address, an hour after its second refusal");
}

/// A pair whose client was edited and got a contact, and clients that are new in the CRM. Returns the pair's company.
async fn with_new_clients(clock: Arc<ManualClock>, crm: Arc<dyn CrmServer>) -> (Firm, u64) {
    let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
    let firm = Firm::made(clock, FlowtlyOptions::default(), crm, idle, "");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    for number in 2..=40 {
        firm.client(&format!("Firma {number}"), Some(&vat(number)));
    }
    (firm, company)
}

/// Two passes in which no company is taken: the first group is tried, and all else is written.
async fn assert_goes_on(firm: &Firm, company: u64, kind: ErrorKind, name: &str) {
    let creates = || {
        let path = firm.crm.makes_at(Kind::Company);
        firm.crm.log().iter().filter(|asked| asked.method == Method::POST && asked.path == path).count()
    };
    for _ in 0..2 {
        let before = creates();
        let report = firm.reconcile().await;
        let tried = creates() - before;
        assert!((1..=10).contains(&tried), "{name}: the first group alone, not {tried}");
        assert_eq!((&report.ending, report.failing.len(), report.refused), (&Ending::Partly, 0, 0), "{name}");
        let refusing: Vec<_> = report.refusing().map(|(side, kind, error)| (side, kind, error.kind)).collect();
        assert_eq!(refusing, [(Side::Crm, Kind::Company, kind)], "{name}");
        let city = firm.crm.text(Kind::Company, company, Property::City);
        assert_eq!(city.as_deref(), Some("Kraków"), "{name}");
        assert_eq!((firm.crm.ids(Kind::Company).len(), firm.crm.ids(Kind::Contact).len()), (1, 1), "{name}");
    }
}

/// The side takes them after all.
async fn assert_nothing_is_lost(firm: &Firm, name: &str) {
    firm.reconcile().await;
    assert_eq!(firm.crm.ids(Kind::Company).len(), 40, "{name}");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_side_that_takes_no_new_records_still_takes_changes_and_other_kinds() {
    let forbidden = (403, ErrorKind::Forbidden);
    // What else they refuse of a create is the record's own affair.
    for (name, (status, kind)) in [
        ("hubspot", forbidden),
        ("hubspot", (405, ErrorKind::Setting)),
        ("pipedrive", forbidden),
        ("espocrm", (405, ErrorKind::Setting)),
    ] {
        let clock = clock();
        let server = (Embedded::named(name).unwrap().start)(clock.clone());
        let (firm, company) = with_new_clients(clock, server).await;
        let making = When::always().method(Method::POST).exactly(firm.crm.makes_at(Kind::Company));
        firm.crm.faults().when(making, Fault::Refusal { status, retry_after: None });
        assert_goes_on(&firm, company, kind, name).await;
        firm.crm.faults().clear();
        assert_nothing_is_lost(&firm, name).await;
    }
}

#[tokio::test]
async fn a_new_state_proves_itself_also_where_a_side_takes_no_new_records() {
    let mut firm = Firm::new();
    let (client, company) = (firm.client("Alfa", Some(&vat(1))), firm.company("Alfa", Some(&vat(1))));
    for number in [2, 3] {
        let other = firm.client(&format!("Firma {number}"), Some(&vat(number)));
        firm.person(other, "Jan Kowalski", &format!("jan@firma{number}.pl"));
    }
    let making = When::always().method(Method::POST).exactly("/crm/objects/2026-03/companies/batch/create");
    firm.hubspot.faults().when(making, Fault::Refusal { status: 403, retry_after: None });
    let report = firm.reconcile().await;
    assert_eq!((&report.ending, report.put_off, report.failing.len()), (&Ending::Partly, 4, 0), "{report:?}");
    // From now on it goes without an allowance, and the new ones stay planned.
    for city in ["Kraków", "Gdańsk"] {
        firm.flowtly.edit_client(client, "addressCity", city);
        let report = firm.beat().await;
        assert!(report.refusals.is_empty(), "{report:?}");
        assert_eq!(report.totals.creates.get(&Side::Crm), Some(&4), "{report:?}");
        assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some(city));
        assert_eq!((report.ending, firm.hubspot.company_count()), (Ending::Partly, 1));
    }
    // Once they may be made, the limits hold for them like for any others.
    firm.hubspot.faults().clear();
    firm.change_base("creates = { count = 1000, share = 1.0 }", "creates = { count = 1, share = 0.0 }");
    let report = firm.beat().await;
    let refusals: Vec<RefusalName> = report.refusals.iter().map(|refusal| refusal.name).collect();
    assert_eq!((refusals, firm.hubspot.company_count()), (vec![RefusalName::TooManyCreates], 1));
    let allow = BTreeSet::from([RefusalName::TooManyCreates]);
    firm.pass(Request { complete: false, allow }).await.unwrap();
    assert_eq!((firm.hubspot.company_count(), firm.hubspot.contact_count()), (3, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_role_that_makes_no_accounts_may_still_change_them() {
    let clock = clock();
    let espocrm = EspoServer::new(EspoOptions::default(), clock.clone());
    let (firm, company) = with_new_clients(clock, Arc::new(espocrm.clone())).await;
    espocrm.let_make_accounts(false);
    assert_goes_on(&firm, company, ErrorKind::Forbidden, "espocrm").await;
    espocrm.let_make_accounts(true);
    assert_nothing_is_lost(&firm, "espocrm").await;
}

#[tokio::test]
async fn an_odoo_that_lacks_the_field_for_our_id_still_takes_changes() {
    let clock = clock();
    let odoo = OdooServer::furnished(clock.clone());
    let (firm, company) = with_new_clients(clock, Arc::new(odoo.clone())).await;
    assert!(odoo.remove_field("x_flowtly_id"));
    for _ in 0..2 {
        let report = firm.reconcile().await;
        let refusing: Vec<_> = report.refusing().map(|(side, kind, error)| (side, kind, error.kind)).collect();
        assert_eq!(refusing, [(Side::Crm, Kind::Company, ErrorKind::Setting)]);
        assert_eq!(report.failing.len(), 0, "{report:?}");
    }
    assert_eq!(firm.crm.text(Kind::Company, company, Property::City).as_deref(), Some("Kraków"));
    assert_eq!(firm.crm.ids(Kind::Contact).len(), 1);
}

#[tokio::test]
async fn a_side_whose_every_write_is_wrong_is_left_alone_at_once() {
    for status in [401, 403, 405] {
        let clock = clock();
        let server = Arc::new(HubSpotServer::furnished(clock.clone()));
        let (firm, company) = with_new_clients(clock, server).await;
        for path in ["/crm/objects/2026-03/companies/batch/create", "/crm/objects/2026-03/companies/batch/update"] {
            firm.crm.faults().when(When::always().exactly(path), Fault::Refusal { status, retry_after: None });
        }
        let report = firm.reconcile().await;
        assert!(report.failing.contains_key(&Side::Crm), "{status}: {report:?}");
        let tried = firm.crm.faults().counts()["refusal"];
        assert!(tried <= 2, "{status}: {tried} requests");
        assert_eq!(firm.crm.ids(Kind::Contact).len(), 0, "{status}");
        firm.crm.faults().clear();
        firm.reconcile().await;
        assert_eq!(firm.crm.text(Kind::Company, company, Property::City).as_deref(), Some("Kraków"), "{status}");
        firm.reconcile().await;
        firm.assert_settled().await;
    }
}

#[tokio::test]
async fn a_tax_number_is_cleared_and_its_type_which_flowtly_demands_stays() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "vat_number", "");
    firm.reconcile().await;
    assert_eq!(firm.refusals().await, [] as [&str; 0]);
    for key in ["tin", "tinCountry", "vatNumber"] {
        assert_eq!(firm.client_text(client, key), None, "{key}");
    }
    assert_eq!(firm.client_text(client, "tinType").as_deref(), Some("vat"));
    firm.assert_settled().await;
    firm.hubspot.edit_company(company, "vat_number", &vat(2));
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "vatNumber"), Some(vat(2)));
    assert_eq!(firm.client_text(client, "tinType").as_deref(), Some("vat"));
}

#[tokio::test]
async fn what_a_side_does_not_show_is_not_told_as_equal() {
    let clock = clock();
    let pipedrive = PipedriveServer::new(PipedriveOptions::default(), clock.clone());
    let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
    let firm = Firm::made(clock, FlowtlyOptions::default(), Arc::new(pipedrive.clone()), idle, "");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    assert_eq!(firm.reconcile().await.certificate.equal, 1);
    // A line that nobody took apart says nothing of the parts.
    pipedrive.edit_record(Kind::Company, company, "address", "Rynek 1, Opole");
    firm.reconcile().await;
    let certificate = firm.reconcile().await.certificate;
    assert_eq!((certificate.equal, certificate.differ), (0, 1), "{certificate:?}");
    assert!(certificate.reasons.keys().any(|reason| reason.starts_with("address: ")), "{certificate:?}");
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
}
