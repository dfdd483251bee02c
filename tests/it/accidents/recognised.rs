//! Who is who: matching, namesakes, twins, merges and vetoes.

use std::time::Duration;

use flowtly_sync::domain::plan::{Asks, KeyKind};
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sync::pass::Ending;

use crate::firm::{Firm, vat};

const CUSTOMERS: &str = "[scope.crm.company]\nlifecyclestage = [\"customer\"]\n";

#[tokio::test]
async fn accident_07_a_firm_outside_the_scope_that_is_created_by_hand_is_linked_and_not_doubled() {
    let firm = Firm::configured(CUSTOMERS);
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "lifecyclestage", "lead");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 0, "out of scope: not created");
    let client = firm.client("Alfa", Some(&vat(1)));
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (1, 1));
    assert_eq!(firm.pairs(Kind::Company).await, [(client.to_string(), company.to_string())]);
    firm.assert_settled().await;
    // A linked pair stays in sync whatever its scope.
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_07_two_namesakes_of_which_one_is_outside_the_scope_are_a_question() {
    let firm = Firm::configured(CUSTOMERS);
    let lead = firm.company("Alfa", None);
    let customer = firm.company("Alfa", None);
    firm.hubspot.edit_company(lead, "lifecyclestage", "lead");
    firm.hubspot.edit_company(customer, "lifecyclestage", "customer");
    let client = firm.client("Alfa", None);
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "{report:?}");
    assert!(firm.links().await.is_empty());
    let questions = firm.questions().await;
    let of_client = questions.iter().find(|q| q.question.subject.id.as_str() == client.to_string()).unwrap();
    assert_eq!(of_client.question.asks, Asks::WhichOf);
    assert_eq!(of_client.question.candidates.len(), 2);
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 1));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_08_two_linked_companies_that_merge_into_a_new_id_are_followed_and_asked_about() {
    let firm = Firm::new();
    let (first, one) = firm.linked("Alfa", &vat(1)).await;
    let (second, two) = firm.linked("Alfa Bis", &vat(2)).await;
    let merged = firm.hubspot.merge_companies(one, two).unwrap();
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (1, 2));
    let pairs = firm.pairs(Kind::Company).await;
    assert_eq!(pairs.iter().filter(|(_, crm)| *crm == merged.to_string()).count(), 1, "{pairs:?}");
    assert!(!firm.asked().await.is_empty(), "two became one on one side only");
    firm.assert_at_rest().await;
    assert!(firm.flowtly.client(first).is_some() && firm.flowtly.client(second).is_some());
}

#[tokio::test]
async fn accident_08_an_edit_of_a_client_whose_company_was_merged_into_another_ones_waits_for_the_answer() {
    let firm = Firm::new();
    let (first, one) = firm.linked("Alfa", &vat(1)).await;
    let (second, two) = firm.linked("Beta", &vat(2)).await;
    firm.hubspot.merge_companies(one, two).unwrap();
    firm.flowtly.edit_client(first, "addressCity", "Kraków");
    firm.flowtly.edit_client(second, "addressCity", "Gdańsk");
    for _ in 0..3 {
        firm.reconcile().await;
        firm.wait(Duration::from_hours(1));
    }
    let report = firm.assert_at_rest().await;
    assert!(!report.totals.would_act(), "what was merged away is not written to for ever: {:?}", report.totals);
    assert_eq!((report.ending, report.certificate.pending, report.more), (Ending::Applied, 0, false));
    assert_eq!(firm.asked().await, [Asks::Duplicate]);
}

#[tokio::test]
async fn accident_08_an_edit_of_a_contact_that_was_merged_into_one_elsewhere_waits_for_the_answer() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let person = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let contact = firm.hubspot.contacts()[0]["id"].as_str().unwrap().parse().unwrap();
    let other = firm.hubspot.add_contact(&[("firstname", "Anna"), ("email", "anna@example.com")], None);
    let merged = firm.hubspot.merge_contacts(contact, other).unwrap();
    firm.hubspot.disassociate(merged, company);
    firm.flowtly.edit_contact(person, "phone", "+48 22 123 45 67");
    for _ in 0..3 {
        firm.reconcile().await;
        firm.wait(Duration::from_hours(1));
    }
    let report = firm.assert_at_rest().await;
    assert!(!report.totals.would_act(), "what was merged away is not written to for ever: {:?}", report.totals);
    assert_eq!((report.ending, report.certificate.pending, report.more), (Ending::Applied, 0, false));
    assert_eq!(firm.asked().await, [Asks::Duplicate]);
}

#[tokio::test]
async fn accident_08_a_linked_company_that_absorbs_an_unlinked_one_is_followed() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let other = firm.company("Alpha Ltd", None);
    firm.reconcile().await;
    let merged = firm.hubspot.merge_companies(company, other).unwrap();
    firm.reconcile().await;
    assert_eq!(firm.pairs(Kind::Company).await, [(client.to_string(), merged.to_string())]);
    firm.assert_settled().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(merged, "city").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_08_an_incremental_pass_follows_a_merge_too() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let other = firm.company("Alpha Ltd", None);
    firm.reconcile().await;
    firm.wait(Duration::from_hours(3));
    let merged = firm.hubspot.merge_companies(company, other).unwrap();
    firm.beat().await;
    assert_eq!(firm.pairs(Kind::Company).await, [(client.to_string(), merged.to_string())]);
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_08_contacts_that_another_tool_deletes_and_recreates_are_followed() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let old = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 1);
    let crm = firm.pairs(Kind::Contact).await[0].1.clone();
    firm.flowtly.remove_contact(old);
    let new = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    assert_eq!((firm.hubspot.contact_count(), firm.flowtly.contact_count()), (1, 1));
    assert_eq!(firm.pairs(Kind::Contact).await, [(new.to_string(), crm)]);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_08_a_colleagues_second_record_with_the_same_tax_number_is_a_question() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    firm.company("Alfa Spółka", Some(&vat(1)));
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0);
    assert_eq!(firm.asked().await, [Asks::Duplicate]);
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 1));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_08_twins_with_nothing_on_the_other_side_are_asked_about_and_not_created() {
    let firm = Firm::new();
    firm.company("Alfa", Some(&vat(1)));
    let second = firm.company("Alfa Spółka", Some(&vat(1)));
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 0);
    assert_eq!(firm.asked().await, [Asks::Twin, Asks::Twin]);
    firm.assert_at_rest().await;
    // The cause goes away: the questions close themselves, and the firm is created once.
    firm.hubspot.archive_company(second);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.asked().await, []);
    assert_eq!(firm.flowtly.client_count(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_09_different_tax_numbers_under_one_name_are_never_linked() {
    let firm = Firm::new();
    let client = firm.client("Alfa", Some(&vat(1)));
    let company = firm.company("Alfa", Some(&vat(2)));
    firm.reconcile().await;
    let pairs = firm.pairs(Kind::Company).await;
    assert!(!pairs.contains(&(client.to_string(), company.to_string())), "{pairs:?}");
    // They are two firms: each has its own counterpart.
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_09_placeholder_tax_numbers_are_never_a_key() {
    let firm = Firm::new();
    for (client, company, number) in [("Alfa", "Beta", "0000000000"), ("Gamma", "Delta", "brak")] {
        let client = firm.client(client, None);
        firm.flowtly.edit_client(client, "vatNumber", number);
        let company = firm.company(company, None);
        firm.hubspot.edit_company(company, "vat_number", number);
    }
    firm.reconcile().await;
    let links = firm.links().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count(), links.len()), (4, 4, 4), "{links:?}");
    assert!(firm.questions().await.is_empty(), "a placeholder makes no twins either: {:?}", firm.questions().await);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_09_a_copied_sandbox_whose_stored_ids_collide_is_a_question() {
    let firm = Firm::new();
    let client = firm.client("Alfa", Some(&vat(1)));
    let company = firm.company("Omega", Some(&vat(2)));
    firm.hubspot.edit_company(company, "flowtly_id", &format!("1hkzxrub/{client}"));
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "{report:?}");
    assert!(firm.links().await.is_empty());
    let question = firm.questions().await.remove(0).question;
    assert_eq!(question.asks, Asks::SameThing);
    assert!(question.candidates[0].speaks_for.contains(&KeyKind::StoredId));
    assert!(question.candidates[0].speaks_against.contains(&KeyKind::TaxNumber));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_09_the_ids_of_another_organisation_say_nothing() {
    let firm = Firm::new();
    let client = firm.client("Alfa", Some(&vat(1)));
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "flowtly_id", "another/1");
    let report = firm.reconcile().await;
    // The number is the same and only a foreign id speaks against it: a person says whether it is the same firm.
    assert_eq!(report.written, 0, "{report:?}");
    assert!(firm.links().await.is_empty());
    let question = firm.questions().await.remove(0).question;
    assert_eq!(question.candidates[0].speaks_against, [KeyKind::StoredId]);
    assert_eq!(firm.assert_at_rest().await.ending, Ending::Applied);
    assert!(firm.flowtly.client(client).is_some());
}
