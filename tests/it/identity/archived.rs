//! What people delete in the CRM is archived there, and can be taken back.

use std::time::Duration;

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::store::link::LinkState;

use crate::firm::{Firm, vat};

#[tokio::test]
async fn an_archived_company_rests_and_goes_on_when_it_is_restored() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "phone", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    assert_eq!(firm.links().await[0].state, LinkState::Paused);
    firm.assert_settled().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.wait(Duration::from_hours(24 * 10));
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (0, 1));
    firm.assert_settled().await;
    firm.hubspot.restore_company(company);
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(firm.links().await[0].state, LinkState::Live);
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn an_archived_contact_rests_while_its_company_goes_on() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let jan = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let crm: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.archive_contact(crm);
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.reconcile().await;
    firm.flowtly.edit_contact(jan, "title", "CEO");
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 0), "neither deleted nor made again");
    firm.assert_settled().await;
    firm.hubspot.restore_contact(crm);
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_property(crm, "jobtitle").as_deref(), Some("CEO"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_both_sides_edited_around_an_archive_is_a_conflict() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.hubspot.restore_company(company);
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(firm.disputed().await, [Field::Phone]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn contacts_that_came_while_their_company_was_archived_follow_when_it_is_restored() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 0);
    firm.assert_settled().await;
    firm.hubspot.restore_company(company);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 1);
    firm.assert_settled().await;
}
