//! Writes whose outcome is not known, and what people do just before one.

use std::time::Duration;

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::{Asks, Reason};
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::value::Text;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, HubSpotOptions, When};
use http::Method;
use serde_json::json;

use crate::firm::{Firm, vat};
use crate::meddle::Moment;

#[tokio::test]
async fn accident_11_a_create_in_hubspot_that_commits_long_after_our_time_out_is_one_record() {
    let firm = Firm::new();
    let client = firm.client("Alfa", Some(&vat(1)));
    firm.hubspot.faults().when(
        When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1),
        Fault::CarriedOutLater(Duration::from_secs(45)),
    );
    let report = firm.reconcile().await;
    assert_eq!(report.put_off, 1, "{report:?}");
    assert_eq!(firm.hubspot.faults().parked(), 1);
    assert_eq!(firm.hubspot.company_count(), 0, "not yet");
    // The look-up at once finds nothing, and proves nothing.
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 0, "no second create");
    firm.wait(Duration::from_mins(1));
    firm.hubspot.settle();
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 1);
    assert_eq!(firm.pairs(Kind::Company).await[0].0, client.to_string());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_11_a_create_in_hubspot_that_never_happened_is_repeated_once_that_is_certain() {
    let firm = Firm::new();
    firm.client("Alfa", Some(&vat(1)));
    firm.hubspot.faults().when(
        When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1),
        Fault::TimeOut { carried_out: false },
    );
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 0, "it may still be carried out");
    firm.wait(Duration::from_mins(10));
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_11_a_create_in_flowtly_whose_reply_is_lost_is_never_repeated() {
    let firm = Firm::new();
    firm.company("Alfa", Some(&vat(1)));
    let lost = Fault::CarriedOutLater(Duration::from_secs(45));
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/clients").times(1), lost);
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 0, "not yet");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 0, "no second create");
    firm.wait(Duration::from_mins(5));
    firm.flowtly.settle();
    firm.reconcile().await;
    firm.wait(Duration::from_hours(48));
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 1);
    // It is newer than the send and as it was sent: ours.
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1);
    assert_eq!(firm.asked().await, []);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_11_a_create_in_flowtly_that_never_happened_is_repeated_once_that_is_certain() {
    let firm = Firm::new();
    firm.company("Alfa", Some(&vat(1)));
    let lost = Fault::TimeOut { carried_out: false };
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/clients").times(1), lost);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.asked().await), (0, vec![Asks::LostCreate]));
    firm.wait(Duration::from_mins(10));
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 1);
    assert_eq!(firm.asked().await, []);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_11_contacts_whose_reply_was_lost_are_recognised_and_not_doubled() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.person(client, "Anna Nowak", "anna@alfa.pl");
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/contacts/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::DropAfter);
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 2, "carried out, the reply was lost");
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.hubspot.contact_count(), firm.pairs(Kind::Contact).await.len()), (2, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_11_a_colleagues_namesake_that_is_found_while_a_create_is_open_is_a_question() {
    let firm = Firm::new();
    let company = firm.company("Alfa", Some(&vat(1)));
    let lost = Fault::CarriedOutLater(Duration::from_secs(45));
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/clients").times(1), lost);
    firm.reconcile().await;
    let namesake = firm.client("Alfa", None);
    firm.reconcile().await;
    let pairs = firm.pairs(Kind::Company).await;
    assert!(!pairs.contains(&(namesake.to_string(), company.to_string())), "{pairs:?}");
    let asked = firm.asked().await;
    assert!(asked.contains(&Asks::LostCreate), "{asked:?}");
    firm.wait(Duration::from_mins(5));
    firm.flowtly.settle();
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 2, "the namesake and the one that was sent");
    assert_eq!(firm.hubspot.company_count(), 1, "nothing is doubled while a person has to look");
    assert!(!firm.pairs(Kind::Company).await.contains(&(namesake.to_string(), company.to_string())));
    // The one that was sent is linked; the namesake is asked about.
    firm.wait(Duration::from_mins(5));
    firm.reconcile().await;
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1);
    assert_eq!(firm.asked().await, [Asks::Twin]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn what_a_write_of_unknown_outcome_replaced_stands_in_the_history_with_the_reason_it_was_sent_for() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "phone", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 222 22 22");
    let update = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/update").times(1);
    firm.hubspot.faults().when(update, Fault::DropAfter);
    firm.reconcile().await;
    // It was carried out, nobody heard of it, and somebody edits it at once.
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 222 22 22"));
    firm.hubspot.edit_company(company, "phone", "+48 22 333 33 33");
    firm.wait(Duration::from_hours(3));
    firm.reconcile().await;
    let link = firm.links().await.first().unwrap().id;
    let written = firm.history(link, Field::Phone).await;
    let ours = written.iter().find(|written| written.entry.old == Text::whole("+48 22 111 11 11")).unwrap();
    let planned = Some(Box::new(Reason::Moved { side: Side::Flowtly }));
    assert_eq!(ours.entry.reason, Reason::OutcomeUnknown { planned });
}

#[tokio::test]
async fn accident_04_an_edit_while_look_up_lists_are_read_is_not_overwritten() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "country", "Germany");
    let flowtly = firm.flowtly.clone();
    firm.meddling.at(Side::Flowtly, Method::GET, "/countries?", Moment::Before, move || {
        assert!(flowtly.edit_client(client, "country", "/countries/FR"));
    });
    firm.reconcile().await;
    assert!(firm.meddling.is_done());
    assert_eq!(firm.client_text(client, "country").as_deref(), Some("/countries/FR"));
    firm.reconcile().await;
    assert_eq!(firm.disputed().await, [Field::Country]);
}

#[tokio::test]
async fn accident_10_a_partner_that_appears_while_look_up_lists_are_read_is_not_doubled() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    firm.company("Alfa", Some(&vat(1)));
    // The first create of a process needs the lists of countries and currencies, which may be long.
    let flowtly = firm.flowtly.clone();
    let number = vat(1);
    firm.meddling.at(Side::Flowtly, Method::GET, "/countries?", Moment::Before, move || {
        flowtly.add_client(&json!({
            "name": "Alfa", "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active",
            "tinType": "vat", "vatNumber": number, "documentsLanguage": "pl", "dueDays": 14,
        }));
    });
    firm.reconcile().await;
    assert!(firm.meddling.is_done());
    assert_eq!(firm.flowtly.client_count(), 2, "no second create");
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_10_a_partner_that_the_lagging_index_did_not_show_is_not_doubled() {
    let lag = HubSpotOptions { search_lag: Duration::from_secs(45), ..HubSpotOptions::default() };
    let firm = Firm::with(FlowtlyOptions::default(), lag, "");
    firm.linked("Zeta", &vat(9)).await;
    firm.wait(Duration::from_hours(3));
    firm.beat().await;
    // Both are there before the pass begins, and the index of what changed knows neither.
    firm.company("Alfa", Some(&vat(1)));
    firm.client("Alfa", Some(&vat(1)));
    firm.wait(Duration::from_secs(20));
    firm.beat().await;
    assert_eq!(firm.hubspot.company_count(), 2, "no second create");
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_10_a_partner_that_comes_of_a_merge_during_the_pass_is_not_doubled() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (one, two) = (firm.company("Beta", Some(&vat(2))), firm.company("Gamma", Some(&vat(3))));
    firm.reconcile().await;
    firm.wait(Duration::from_hours(3));
    firm.client("Alfa", Some(&vat(1)));
    // Its number is new, and it is as old as the older of the two.
    let hubspot = firm.hubspot.clone();
    let number = vat(1);
    firm.meddling.at(Side::Crm, Method::GET, "/objects/2026-03/contacts?", Moment::Before, move || {
        assert!(hubspot.edit_company(one, "vat_number", &number));
        assert!(hubspot.merge_companies(one, two).is_some());
    });
    firm.reconcile().await;
    assert!(firm.meddling.is_done());
    assert_eq!(firm.hubspot.company_count(), 2, "no second create");
}
