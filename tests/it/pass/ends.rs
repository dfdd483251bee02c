//! Records that are archived, purged or merged.

use std::time::Duration;

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::ObjectType;
use flowtly_sync::store::link::LinkState;

use crate::firm::{Firm, vat};

#[tokio::test]
async fn an_archived_company_pauses_its_link_and_a_restored_one_resumes_it_with_its_base() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    assert_eq!(firm.links().await[1].state, LinkState::Paused);
    firm.assert_settled().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    assert_eq!(firm.reconcile().await.written, 0, "it rests");
    assert_eq!(firm.hubspot.company_count(), 1, "and is not created again");

    firm.hubspot.restore_company(company);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.links().await[1].state, LinkState::Live);
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_purged_company_is_reported_and_its_partner_left_alone() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let before = firm.flowtly.client(client);
    firm.hubspot.purge(ObjectType::Company, company);
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "{report:?}");
    assert_eq!(firm.flowtly.client(client), before);
    assert_eq!(firm.hubspot.company_count(), 1, "not created again");
    let report = firm.assert_at_rest().await;
    assert_eq!(report.certificate.waiting, 1, "{:?}", report.certificate);
    assert_eq!(firm.flowtly.contact_count(), 1, "its contact stays");
}

#[tokio::test]
async fn a_purged_contact_is_reported_and_its_partner_left_alone() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let jan = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.purge(ObjectType::Contact, jan);
    assert_eq!(firm.reconcile().await.written, 0);
    firm.assert_at_rest().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 0));
}

#[tokio::test]
async fn an_archived_company_that_is_purged_later_stays_at_rest() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    firm.wait(Duration::from_hours(2_200));
    firm.hubspot.purge(ObjectType::Company, company);
    firm.reconcile().await;
    let report = firm.assert_at_rest().await;
    assert_eq!(report.certificate.waiting, 1, "it is told that it is gone: {:?}", report.certificate);
    assert!(firm.flowtly.client(client).is_some());
}

#[tokio::test]
async fn a_client_that_is_removed_in_flowtly_is_reported_and_its_company_left_alone() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.remove_client(client);
    assert_eq!(firm.reconcile().await.written, 0);
    assert!(firm.hubspot.company(company).is_some());
    assert_eq!(firm.assert_at_rest().await.certificate.waiting, 1);
    assert_eq!(firm.flowtly.client_count(), 1);
}

#[tokio::test]
async fn merged_contacts_are_followed() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let contact = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let jan = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    // The other one has no address, so that it never came to Flowtly.
    let other = firm.hubspot.add_contact(&[("firstname", "Jan"), ("lastname", "Kowalski")], Some(company));
    firm.reconcile().await;
    let merged = firm.hubspot.merge_contacts(jan, other).unwrap();
    firm.reconcile().await;
    assert_eq!(firm.pairs(Kind::Contact).await, [(contact.to_string(), merged.to_string())]);
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    firm.assert_settled().await;
}
