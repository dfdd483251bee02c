//! A scope that compares: records enter and leave it, and are candidates all the time.

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::ObjectType;

use crate::firm::{Firm, vat};

const LARGE: &str = "[scope.crm.company]\nnumberofemployees = { above = 9 }\n";

fn firm() -> Firm {
    Firm::configured(LARGE)
}

#[tokio::test]
async fn a_record_is_created_when_it_enters_the_scope_and_stays_linked_when_it_leaves() {
    let firm = firm();
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.reconcile().await;
    for number in ["9", "many", "-10", "9.0"] {
        firm.hubspot.edit_company(company, "numberofemployees", number);
        firm.reconcile().await;
        assert_eq!(firm.flowtly.client_count(), 0, "{number}");
    }
    firm.hubspot.edit_company(company, "numberofemployees", "10");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 1);
    firm.assert_settled().await;
    firm.hubspot.edit_company(company, "numberofemployees", "3");
    firm.hubspot.edit_company(company, "city", "Łódź");
    firm.reconcile().await;
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1);
    let client = firm.pairs(Kind::Company).await[0].0.parse().unwrap();
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Łódź"), "a pair is kept in agreement");
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_is_out_of_the_scope_is_still_recognised() {
    let firm = firm();
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "numberofemployees", "2");
    firm.reconcile().await;
    let client = firm.client("Alfa", Some(&vat(1)));
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (1, 1), "linked, not doubled");
    assert_eq!(firm.pairs(Kind::Company).await, [(client.to_string(), company.to_string())]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_property_of_the_scope_that_vanishes_creates_nothing_and_ends_nothing() {
    let firm = firm();
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "numberofemployees", "20");
    firm.reconcile().await;
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1);
    assert!(firm.hubspot.hide_property(ObjectType::Company, "numberofemployees"));
    let other = firm.company("Beta", Some(&vat(2)));
    firm.hubspot.edit_company(company, "city", "Łódź");
    firm.reconcile().await;
    let (pairs, clients) = (firm.pairs(Kind::Company).await, firm.flowtly.client_count());
    assert_eq!((pairs.len(), clients), (1, 1), "the pair stays, and nothing is made of {other}");
    assert!(firm.hubspot.show_property(ObjectType::Company, "numberofemployees"));
    firm.hubspot.edit_company(other, "numberofemployees", "30");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 2);
    firm.assert_settled().await;
}

#[tokio::test]
async fn another_limit_is_a_planned_transition() {
    let mut firm = firm();
    let ids: Vec<u64> = (1..=3).map(|number| firm.company(&format!("Firm {number}"), Some(&vat(number)))).collect();
    for (id, employees) in ids.iter().zip(["5", "15", "25"]) {
        firm.hubspot.edit_company(*id, "numberofemployees", employees);
    }
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 2);
    firm.reconfigure(&LARGE.replace("above = 9", "at_least = 20"));
    let report = firm.reconcile().await;
    assert_eq!((report.written, firm.pairs(Kind::Company).await.len()), (0, 2), "{report:?}");
    firm.assert_settled().await;
    firm.reconfigure(&LARGE.replace("above = 9", "at_least = 1, not = [\"15\"]"));
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (3, 3));
    firm.assert_settled().await;
}
