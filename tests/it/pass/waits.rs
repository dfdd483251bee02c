//! Things that wait together, and are not forgotten because of each other.

use std::time::Duration;

use flowtly_sync::clock::Clock;
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::planner::{Choice, Decision};
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::value::Text;
use flowtly_sync::sandbox::Manner;
use flowtly_sync::store::todo::{self, Subject, Why};
use flowtly_sync::store::waiting;

use crate::firm::{Firm, vat};

#[tokio::test]
async fn a_refused_field_is_tried_again_although_another_field_waits_for_a_person() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.manners().set("companies", "phone", Manner::Ignore);
    firm.flowtly.edit_client(client, "name", "Alfa Polska");
    firm.hubspot.edit_company(company, "name", "Alfa Europe");
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    let report = firm.reconcile().await;
    assert_eq!((report.refused, report.totals.conflicts), (1, 1), "{report:?}");
    firm.hubspot.manners().clear();
    firm.wait(Duration::from_mins(16));
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 111 11 11"));
    assert_eq!(firm.disputed().await, [Field::Name]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_contact_that_comes_while_its_company_rests_is_created_when_the_company_is_back() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 0);
    firm.hubspot.restore_company(company);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_create_that_is_refused_as_a_duplicate_is_a_question_that_stays_until_its_cause_is_gone() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    let stranger = firm.hubspot.add_contact(&properties, None);
    let contact = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let question = firm.questions().await.remove(0).question;
    assert_eq!(question.asks, Asks::Duplicate);
    assert_eq!(question.candidates[0].record.id.as_str(), stranger.to_string());
    firm.assert_at_rest().await;
    assert_eq!(firm.asked().await, [Asks::Duplicate], "it is still asked");
    firm.wait(Duration::from_hours(2));
    firm.reconcile().await;
    assert_eq!((firm.asked().await, firm.hubspot.contact_count()), (vec![Asks::Duplicate], 1));

    firm.hubspot.associate(stranger, company, true);
    firm.reconcile().await;
    assert_eq!(firm.pairs(Kind::Contact).await, [(contact.to_string(), stranger.to_string())]);
    assert_eq!(firm.asked().await, []);
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
}

async fn decide(firm: &Firm, choice: Choice) {
    let waiting = firm.conflicts().await.remove(0);
    let decision = Decision { choice, flowtly: waiting.conflict.flowtly, crm: waiting.conflict.crm };
    let mut store = firm.store().await;
    waiting::decide(store.connection(), waiting.id, &decision).await.unwrap();
    let now = firm.clock.now();
    todo::arm(store.connection(), Kind::Company, &[Subject::Link(waiting.link)], Why::Decided, Some(now))
        .await
        .unwrap();
    store.close().await.unwrap();
}

async fn disputed() -> (Firm, u64, u64) {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(firm.disputed().await, [Field::Phone]);
    (firm, client, company)
}

#[tokio::test]
async fn accident_22_a_decision_is_carried_out_by_the_next_pass() {
    let (firm, client, company) = disputed().await;
    decide(&firm, Choice::Side(Side::Crm)).await;
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 222 22 22"));
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_22_a_decision_for_a_third_value_reaches_both_sides() {
    let (firm, client, company) = disputed().await;
    decide(&firm, Choice::Text(Text::whole("+48 22 333 33 33"))).await;
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 333 33 33"));
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 333 33 33"));
    firm.reconcile().await;
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_22_a_decision_on_values_that_have_moved_since_is_asked_again() {
    let (firm, client, company) = disputed().await;
    decide(&firm, Choice::Side(Side::Crm)).await;
    firm.hubspot.edit_company(company, "phone", "+48 22 444 44 44");
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"));
    let waiting = firm.conflicts().await.remove(0);
    assert_eq!(waiting.conflict.crm.to_string(), "+48 22 444 44 44");
    assert_eq!(waiting.decision, None);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_22_a_decision_survives_a_write_whose_outcome_is_not_known() {
    let (firm, client, _) = disputed().await;
    decide(&firm, Choice::Side(Side::Crm)).await;
    let patch = flowtly_sync::sandbox::When::always().method(http::Method::PATCH).times(1);
    firm.flowtly.faults().when(patch, flowtly_sync::sandbox::Fault::TimeOut { carried_out: false });
    firm.beat().await;
    firm.beat().await;
    firm.wait(Duration::from_mins(10));
    firm.beat().await;
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
}
