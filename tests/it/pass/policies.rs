//! Who wins where both sides changed a field, and where two records meet for the first time.

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::Asks;
use rstest::rstest;

use crate::firm::{Firm, vat};

#[rstest]
#[case::flowtly("flowtly", "+48 22 111 11 11")]
#[case::crm("crm", "+48 22 222 22 22")]
#[tokio::test]
async fn a_conflict_is_decided_by_policy_and_the_loser_is_in_the_history(#[case] policy: &str, #[case] winner: &str) {
    let firm = Firm::configured(&format!("[rules.company.fields]\nphone = {{ conflict = \"{policy}\" }}\n"));
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    // Both were blank at the last agreement.
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some(winner));
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some(winner));
    let link = firm.links().await[0].id;
    let lost = firm.history(link, Field::Phone).await.remove(0).entry.old.to_string();
    assert!(lost != winner && lost.starts_with("+48 22"), "{lost}");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_conflict_that_nobody_decides_waits_and_closes_itself_when_the_sides_agree() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(firm.disputed().await, [Field::Phone]);
    firm.assert_at_rest().await;
    firm.hubspot.edit_company(company, "phone", "+48 22 111 11 11");
    firm.beat().await;
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
}

#[rstest]
#[case::flowtly("flowtly", "Kraków")]
#[case::crm("crm", "Gdańsk")]
#[tokio::test]
async fn at_the_first_meeting_a_policy_decides_but_not_in_an_adoption(#[case] policy: &str, #[case] winner: &str) {
    let rule = format!("[rules.company.fields]\naddress = {{ first = \"{policy}\" }}\n");
    let firm = Firm::configured(&rule);
    let pair = |name: &str, number: u32| {
        let (client, company) = (firm.client(name, Some(&vat(number))), firm.company(name, Some(&vat(number))));
        firm.flowtly.edit_client(client, "addressCity", "Kraków");
        firm.hubspot.edit_company(company, "city", "Gdańsk");
        (client, company)
    };
    let (old, _) = pair("Alfa", 1);
    firm.reconcile().await;
    assert_eq!(firm.disputed().await, [Field::Address], "a new state overwrites nothing");
    assert_eq!(firm.client_text(old, "addressCity").as_deref(), Some("Kraków"));
    let (client, company) = pair("Beta", 2);
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some(winner));
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some(winner));
    firm.reconcile().await;
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_required_value_that_is_cleared_on_the_other_side_is_a_conflict() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "country", "");
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0);
    assert_eq!(firm.disputed().await, [Field::Country]);
    assert!(firm.flowtly.client(client).unwrap()["country"].as_str().unwrap().contains("PL"));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn name_and_tax_number_that_change_together_are_a_question_and_nothing_of_it_is_written() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "name", "Omega");
    firm.hubspot.edit_company(company, "vat_number", &vat(2));
    firm.hubspot.edit_company(company, "city", "Kraków");
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "{report:?}");
    assert_eq!(firm.asked().await, [Asks::StillTheSame]);
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa"));
    assert_eq!(firm.client_text(client, "addressCity"), None);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_client_without_a_number_is_given_the_crms_though_flowtly_demands_a_type_of_it() {
    let firm = Firm::configured("[rules.company.fields]\ntax_identity = { first = \"flowtly\" }\n");
    firm.linked("Kotwica", &vat(9)).await;
    let (client, company) = (firm.client("Alfa", None), firm.company("Alfa", Some(&vat(1))));
    firm.reconcile().await;
    assert_eq!(firm.pairs(flowtly_sync::domain::record::Kind::Company).await.len(), 2, "by name and country");
    assert_eq!(firm.client_text(client, "vatNumber"), Some(vat(1)));
    assert_eq!(firm.hubspot.company_property(company, "vat_number"), Some(vat(1)));
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
}
