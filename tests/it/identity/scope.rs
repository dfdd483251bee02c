//! Records that leave and enter the scope, and a scope that changes.

use flowtly_sync::domain::record::Kind;

use crate::firm::{Firm, vat};

const CUSTOMERS: &str = "[scope.crm.company]\nlifecyclestage = [\"customer\"]\n";

async fn customer(firm: &Firm, name: &str, number: u32) -> (u64, u64) {
    let company = firm.company(name, Some(&vat(number)));
    firm.hubspot.edit_company(company, "lifecyclestage", "customer");
    firm.reconcile().await;
    let pairs = firm.pairs(Kind::Company).await;
    let client = pairs.iter().find(|(_, crm)| *crm == company.to_string()).unwrap().0.parse().unwrap();
    (client, company)
}

#[tokio::test]
async fn a_pair_that_leaves_and_enters_the_scope_again_is_one_pair_all_the_time() {
    let firm = Firm::configured(CUSTOMERS);
    let (client, company) = customer(&firm, "Alfa", 1).await;
    for (stage, city) in [("other", "Kraków"), ("customer", "Gdańsk"), ("other", "Łódź")] {
        firm.hubspot.edit_company(company, "lifecyclestage", stage);
        firm.hubspot.edit_company(company, "city", city);
        firm.reconcile().await;
        assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some(city), "{stage}");
        assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (1, 1));
        firm.assert_settled().await;
    }
}

#[tokio::test]
async fn contacts_of_a_pair_that_left_the_scope_still_come() {
    let firm = Firm::configured(CUSTOMERS);
    let (client, company) = customer(&firm, "Alfa", 1).await;
    firm.hubspot.edit_company(company, "lifecyclestage", "other");
    firm.reconcile().await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    let properties = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    firm.reconcile().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (2, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_narrower_scope_looks_like_no_deletion_and_a_wider_one_doubles_nothing() {
    let mut firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let lead = firm.company("Beta", Some(&vat(2)));
    firm.hubspot.edit_company(lead, "lifecyclestage", "lead");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 2);
    firm.reconfigure(CUSTOMERS);
    let report = firm.reconcile().await;
    assert_eq!((report.written, firm.links().await.len()), (0, 2), "{report:?}");
    firm.assert_settled().await;
    let another = firm.company("Gamma", Some(&vat(3)));
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 2, "outside the narrower scope");
    firm.client("Gamma", Some(&vat(3)));
    firm.reconfigure("");
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count(), firm.links().await.len()), (3, 3, 3));
    assert!(firm.pairs(Kind::Company).await.iter().any(|(_, crm)| *crm == another.to_string()));
    firm.assert_settled().await;
    assert!(firm.flowtly.client(client).is_some() && firm.hubspot.company(company).is_some());
}
