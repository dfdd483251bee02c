//! Answers about pairs: is it still the same thing? And refusals that are tried again.

use flowtly_sync::daemon::control::protocol::{Answer, Which};
use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::Manner;

use crate::firm::{Firm, vat};

/// Flowtly's half of a pair shows another name and another number. Returns both ids and the question.
async fn changed(firm: &Firm) -> (u64, u64, i64) {
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "name", "Omega");
    firm.flowtly.edit_client(client, "vatNumber", vat(2));
    firm.flowtly.edit_client(client, "tin", vat(2).trim_start_matches("PL"));
    assert_eq!(firm.reconcile().await.written, 0);
    let number = firm.question(Asks::StillTheSame, Side::Flowtly, client).await;
    (client, company, number)
}

#[tokio::test]
async fn a_firm_that_changed_its_name_and_number_goes_on_once_a_person_says_that_it_is_the_same() {
    let firm = Firm::new();
    let (client, company, number) = changed(&firm).await;
    firm.answer(number, Answer::Same).await.unwrap();
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Omega"));
    assert_eq!(firm.hubspot.company_property(company, "vat_number"), Some(vat(2)));
    assert_eq!((firm.firms(), firm.asked().await), ((1, 1), vec![]));
    assert_eq!(firm.pairs(Kind::Company).await, [(client.to_string(), company.to_string())]);
    firm.assert_settled().await;
    // That was about that name and that number only.
    firm.flowtly.edit_client(client, "name", "Sigma");
    firm.flowtly.edit_client(client, "vatNumber", vat(3));
    firm.flowtly.edit_client(client, "tin", vat(3).trim_start_matches("PL"));
    firm.reconcile().await;
    assert_eq!(firm.asked().await, [Asks::StillTheSame]);
}

#[tokio::test]
async fn accident_15_another_firm_under_an_old_number_is_two_firms_once_a_person_says_so() {
    let firm = Firm::new();
    let (client, company, number) = changed(&firm).await;
    let text = firm.answer(number, Answer::Separate).await.unwrap();
    assert!(text.contains("two things"), "{text}");
    firm.reconcile().await;
    firm.wait(std::time::Duration::from_mins(20));
    firm.reconcile().await;
    firm.reconcile().await;
    // Each has a counterpart of its own, nothing was overwritten, and each CRM record carries its own id.
    assert_eq!((firm.firms(), firm.asked().await), ((2, 2), vec![]), "{:?}", firm.refusals().await);
    let pairs = firm.pairs(Kind::Company).await;
    assert!(pairs.len() == 2 && !pairs.contains(&(client.to_string(), company.to_string())), "{pairs:?}");
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa"));
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Omega"));
    for (flowtly, crm) in pairs {
        let stored = firm.hubspot.company_property(crm.parse().unwrap(), "flowtly_id");
        assert_eq!(stored, Some(format!("1hkzxrub/{flowtly}")));
    }
    firm.assert_settled().await;
}

#[tokio::test]
async fn whether_it_is_the_same_binds_to_the_names_that_were_shown() {
    let firm = Firm::new();
    let (client, company, number) = changed(&firm).await;
    firm.flowtly.edit_client(client, "name", "Sigma");
    firm.reconcile().await;
    let error = firm.answer(number, Answer::Same).await.unwrap_err();
    assert!(error.contains("nothing was done"), "{error}");
    let number = firm.question(Asks::StillTheSame, Side::Flowtly, client).await;
    firm.answer(number, Answer::Same).await.unwrap();
    // It moves once more before the pass: nobody was shown that.
    firm.flowtly.edit_client(client, "name", "Tau");
    assert_eq!(firm.reconcile().await.written, 0);
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa"));
    assert_eq!(firm.asked().await, [Asks::StillTheSame]);
}

#[tokio::test]
async fn another_person_under_an_old_contact_is_two_people_once_somebody_says_so() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let contact = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    firm.flowtly.edit_contact(contact, "name", "Anna Nowak");
    firm.flowtly.edit_contact(contact, "email", "anna@alfa.pl");
    firm.reconcile().await;
    let number = firm.question(Asks::StillTheSame, Side::Flowtly, contact).await;
    firm.answer(number, Answer::Separate).await.unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (2, 2));
    assert_eq!((firm.pairs(Kind::Contact).await.len(), firm.asked().await), (2, vec![]));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_refusal_is_tried_again_at_once_when_a_person_says_so() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.manners().set("companies", "phone", Manner::Ignore);
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.hubspot.manners().clear();
    assert_eq!(firm.beat().await.written, 0, "the gap is not over");
    firm.retry(Which::All { record: None, fields: vec![] }).await.unwrap();
    assert_eq!(firm.beat().await.written, 1);
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 111 11 11"));
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
    let text = firm.retry(Which::All { record: None, fields: vec![] }).await.unwrap();
    assert!(text.contains("nothing to try again"), "{text}");
}
