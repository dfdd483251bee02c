//! Answers to questions about records without a partner.

use std::time::Duration;

use flowtly_sync::daemon::control::protocol::Answer;
use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::{Fault, When};
use http::Method;

use super::candidate;
use crate::firm::{Firm, vat};

/// One client and two companies of its name, none with a number. Returns the client and both companies.
async fn namesakes(firm: &Firm) -> (u64, u64, u64) {
    let (one, two) = (firm.company("Alfa", None), firm.company("Alfa", None));
    let client = firm.client("Alfa", None);
    firm.reconcile().await;
    assert_eq!(firm.firms(), (1, 2));
    (client, one, two)
}

#[tokio::test]
async fn which_of_them_is_answered_by_a_link_that_overwrites_nothing() {
    let firm = Firm::new();
    let (client, one, two) = namesakes(&firm).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(two, "city", "Gdańsk");
    firm.reconcile().await;
    let number = firm.question(Asks::WhichOf, Side::Flowtly, client).await;
    let error = firm.answer(number, candidate(999)).await.unwrap_err();
    assert!(error.starts_with("a record of question") || error.contains("is no candidate of question"), "{error}");
    let number = firm.question(Asks::WhichOf, Side::Flowtly, client).await;
    let text = firm.answer(number, candidate(two)).await.unwrap();
    assert!(text.contains(&format!("linked: company Alfa (Flowtly {client}, CRM {two})")), "{text}");
    firm.reconcile().await;
    assert!(firm.pairs(Kind::Company).await.contains(&(client.to_string(), two.to_string())));
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.hubspot.company_property(two, "city").as_deref(), Some("Gdańsk"), "a conflict, not an overwrite");
    // The other one still looks like it.
    assert_eq!(firm.firms(), (1, 2));
    firm.question(Asks::Duplicate, Side::Crm, one).await;
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn three_different_firms_of_one_name_are_three_on_both_sides_and_never_asked_about_again() {
    let firm = Firm::new();
    let (client, one, two) = namesakes(&firm).await;
    let number = firm.question(Asks::WhichOf, Side::Flowtly, client).await;
    firm.answer(number, Answer::Separate).await.unwrap();
    firm.reconcile().await;
    // The client has no counterpart: it is created. The other two are twins of each other.
    assert_eq!(firm.firms(), (1, 3));
    firm.assert_at_rest().await;
    let number = firm.question(Asks::Twin, Side::Crm, one).await;
    firm.answer(number, Answer::Separate).await.unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.firms(), firm.asked().await), ((3, 3), vec![]));
    assert_eq!(firm.pairs(Kind::Company).await.len(), 3);
    firm.assert_settled().await;
    // Other fields may change: it is not asked again.
    firm.hubspot.edit_company(two, "phone", "+48 22 123 45 67");
    firm.reconcile().await;
    assert_eq!((firm.firms(), firm.asked().await), ((3, 3), vec![]));
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_was_answered_holds_only_while_names_and_keys_stay() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\ncreate_in_crm = false\n");
    let (client, company) = (firm.client("Alfa", None), firm.company("Alfa Polska", None));
    firm.flowtly.edit_client(client, "name", "Alfa");
    firm.hubspot.edit_company(company, "name", "Alfa");
    firm.hubspot.edit_company(company, "country", "");
    firm.reconcile().await;
    let number = firm.question(Asks::SameThing, Side::Flowtly, client).await;
    firm.answer(number, Answer::Separate).await.unwrap();
    firm.reconcile().await;
    assert_eq!(firm.asked().await, [], "neither of them asks");
    firm.assert_settled().await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.reconcile().await;
    assert_eq!(firm.asked().await, []);
    // Another name is another question.
    firm.hubspot.edit_company(company, "name", "Beta");
    firm.reconcile().await;
    firm.hubspot.edit_company(company, "name", "Alfa Sp. z o.o.");
    firm.flowtly.edit_client(client, "name", "Alfa Sp. z o.o.");
    firm.reconcile().await;
    assert!(!firm.asked().await.is_empty(), "the names moved since");
}

#[tokio::test]
async fn an_answer_about_records_that_moved_since_does_nothing_and_it_is_asked_again() {
    let firm = Firm::new();
    let (client, _, two) = namesakes(&firm).await;
    let shown = firm.question(Asks::WhichOf, Side::Flowtly, client).await;
    firm.hubspot.edit_company(two, "city", "Gdańsk");
    firm.reconcile().await;
    let error = firm.answer(shown, candidate(two)).await.unwrap_err();
    assert!(error.contains("moved since it was asked: nothing was done"), "{error}");
    assert!(firm.links().await.is_empty());
    let again = firm.question(Asks::WhichOf, Side::Flowtly, client).await;
    assert_ne!(again, shown);
    assert!(error.contains(&format!("asked again as question {again}")), "{error}");
    // The old number is dead for good, the new one is an answer to what is there now.
    assert!(firm.answer(shown, candidate(two)).await.unwrap_err().contains("there is no question"));
    firm.answer(again, candidate(two)).await.unwrap();
    firm.reconcile().await;
    assert!(firm.pairs(Kind::Company).await.contains(&(client.to_string(), two.to_string())));
}

#[tokio::test]
async fn a_copy_is_left_alone_while_the_original_goes_on() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let copy = firm.client("Alfa Bis", Some(&vat(1)));
    firm.reconcile().await;
    let number = firm.question(Asks::Twin, Side::Flowtly, copy).await;
    firm.answer(number, Answer::Copy).await.unwrap();
    let report = firm.reconcile().await;
    assert_eq!((firm.firms(), firm.asked().await, report.waiting.1), ((2, 1), vec![], 0));
    firm.assert_settled().await;
    firm.flowtly.edit_client(copy, "addressCity", "Kraków");
    firm.reconcile().await;
    assert_eq!((firm.firms(), firm.asked().await), ((2, 1), vec![]), "an edit of the copy goes nowhere");
    assert_eq!(firm.hubspot.company_property(company, "city"), None);
    firm.assert_settled().await;
    assert!(firm.flowtly.client(client).is_some());
}

#[tokio::test]
async fn of_two_twins_the_one_that_is_called_a_copy_rests_and_the_other_is_created_once() {
    let firm = Firm::new();
    firm.company("Alfa", Some(&vat(1)));
    let copy = firm.company("Alfa Spółka", Some(&vat(1)));
    firm.reconcile().await;
    let number = firm.question(Asks::Twin, Side::Crm, copy).await;
    firm.answer(number, Answer::Copy).await.unwrap();
    firm.reconcile().await;
    assert_eq!((firm.firms(), firm.asked().await), ((1, 2), vec![]));
    firm.assert_settled().await;
}

#[tokio::test]
async fn two_firms_with_one_number_are_both_created_once_a_person_says_so() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let branch = firm.company("Alfa Oddział", Some(&vat(1)));
    firm.reconcile().await;
    let number = firm.question(Asks::Duplicate, Side::Crm, branch).await;
    firm.answer(number, Answer::Separate).await.unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.firms(), firm.asked().await), ((2, 2), vec![]), "{:?}", firm.refusals().await);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_question_that_is_put_off_is_not_asked_until_then() {
    let firm = Firm::new();
    let (client, ..) = namesakes(&firm).await;
    let all = firm.asked().await.len() as u64;
    let number = firm.question(Asks::WhichOf, Side::Flowtly, client).await;
    firm.answer(number, Answer::Postpone(Duration::from_hours(24))).await.unwrap();
    assert_eq!(firm.reconcile().await.waiting.1, all - 1);
    firm.wait(Duration::from_hours(25));
    assert_eq!(firm.reconcile().await.waiting.1, all);
    assert_eq!(firm.question(Asks::WhichOf, Side::Flowtly, client).await, number, "it is the same question");
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_says_what_does() {
    let firm = Firm::new();
    let (client, ..) = namesakes(&firm).await;
    let number = firm.question(Asks::WhichOf, Side::Flowtly, client).await;
    for senseless in [Answer::Same, Answer::Copy, Answer::NeverHappened] {
        let error = firm.answer(number, senseless).await.unwrap_err();
        assert!(error.contains("cannot be answered so; it takes --link "), "{error}");
        assert!(error.contains("--separate, --postpone"), "{error}");
    }
    firm.question(Asks::WhichOf, Side::Flowtly, client).await;
    let error = firm.answer(4711, Answer::Separate).await.unwrap_err();
    assert!(error.starts_with("there is no question 4711"), "{error}");
}

/// A create in Flowtly of which nothing came back, and a colleague's namesake. Returns company and namesake.
async fn lost(firm: &Firm) -> (u64, u64) {
    firm.linked("Zeta", &vat(9)).await;
    let company = firm.company("Alfa", Some(&vat(1)));
    let lost = Fault::TimeOut { carried_out: false };
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/clients").times(1), lost);
    firm.reconcile().await;
    let namesake = firm.client("Alfa", None);
    firm.reconcile().await;
    (company, namesake)
}

#[tokio::test]
async fn a_lost_create_may_be_the_one_that_a_person_points_at() {
    let firm = Firm::new();
    let (company, namesake) = lost(&firm).await;
    let number = firm.question(Asks::LostCreate, Side::Crm, company).await;
    firm.answer(number, candidate(namesake)).await.unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.firms(), firm.asked().await), ((2, 2), vec![]));
    assert!(firm.pairs(Kind::Company).await.contains(&(namesake.to_string(), company.to_string())));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_lost_create_that_never_happened_is_sent_anew_but_not_while_it_may_still_arrive() {
    let firm = Firm::configured("[rules.company]\ncreate_in_crm = false\n");
    let (company, _) = lost(&firm).await;
    let number = firm.question(Asks::LostCreate, Side::Crm, company).await;
    let error = firm.answer(number, Answer::NeverHappened).await.unwrap_err();
    assert!(error.contains("may still arrive"), "{error}");
    assert_eq!(firm.question(Asks::LostCreate, Side::Crm, company).await, number);
    firm.wait(Duration::from_mins(20));
    firm.answer(number, Answer::NeverHappened).await.unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    // The colleague's namesake is another firm: that is what was said.
    assert_eq!((firm.firms(), firm.asked().await), ((3, 2), vec![]));
    assert_eq!(firm.pairs(Kind::Company).await.len(), 2);
    firm.assert_settled().await;
}
