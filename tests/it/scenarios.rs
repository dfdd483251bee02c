//! The main job: what is on one side comes to the other, once, and stays in agreement.

use flowtly_sync::domain::record::Side;
use flowtly_sync::sync::pass::{Ending, Request};
use serde_json::json;

use crate::firm::Firm;

#[tokio::test]
async fn two_empty_systems_agree() {
    let firm = Firm::new();
    let report = firm.reconcile().await;
    assert_eq!(report.ending, Ending::Applied);
    assert!(!report.totals.would_act());
}

#[tokio::test]
async fn what_is_on_one_side_is_created_on_the_other_with_its_contacts() {
    let firm = Firm::new();
    let client = firm.client("Alfa Sp. z o.o.", Some("PL5260001246"));
    firm.flowtly.add_contact(client, &json!({"name": "Jan Kowalski", "email": "jan@alfa.pl", "type": "main"}));
    let company = firm.company("Beta S.A.", Some("PL1132191233"));
    firm.hubspot.add_contact(&[("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@beta.pl")], Some(company));

    let report = firm.reconcile().await;
    assert_eq!(report.ending, Ending::Applied, "{:?}", firm.refusals().await);
    assert_eq!(firm.hubspot.company_count(), 2);
    assert_eq!(firm.hubspot.contact_count(), 2);
    assert_eq!(firm.flowtly.client_count(), 2);
    assert_eq!(firm.flowtly.contact_count(), 2);
    assert_eq!(report.totals.creates.get(&Side::Crm), Some(&2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn an_edit_on_either_side_travels() {
    let firm = Firm::new();
    let client = firm.client("Alfa Sp. z o.o.", Some("PL5260001246"));
    let company = firm.company("Alfa Sp. z o.o.", Some("PL5260001246"));
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 1, "linked by tax number, not doubled");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    let report = firm.beat().await;
    assert_eq!(report.written, 2, "{report:?}");
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 123 45 67"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn the_first_pass_of_a_new_state_only_plans() {
    let firm = Firm::new();
    firm.client("Alfa Sp. z o.o.", Some("PL5260001246"));
    let report = firm.pass(Request::default()).await.unwrap();
    assert_eq!(report.ending, Ending::Refused);
    assert_eq!(firm.hubspot.company_count(), 0);
    let (report, actions) = firm.diff().await;
    assert_eq!(report.totals.creates.get(&Side::Crm), Some(&1));
    assert!(!actions.is_empty());
}
