//! Contacts: one person at two firms, two at one address, moved, orphaned; and contacts of a company that comes into scope.

use std::time::Duration;

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::value::Text;
use flowtly_sync::sandbox::{Fault, When};
use http::Method;

use crate::firm::{Firm, vat};

fn person(first: &str, last: &str, email: &str) -> [(&'static str, String); 3] {
    [("firstname", first.to_owned()), ("lastname", last.to_owned()), ("email", email.to_owned())]
}

fn add(firm: &Firm, person: &[(&'static str, String); 3], company: Option<u64>) -> u64 {
    let properties: Vec<(&str, &str)> = person.iter().map(|(key, text)| (*key, text.as_str())).collect();
    firm.hubspot.add_contact(&properties, company)
}

/// The client that a Flowtly contact belongs to.
fn home(firm: &Firm, contact: u64) -> Option<String> {
    let iri = firm.flowtly.contact(contact)?.get("client")?.as_str()?.to_owned();
    iri.rsplit('/').next().map(str::to_owned)
}

fn contacts_of(firm: &Firm, client: u64) -> Vec<String> {
    let all = firm.flowtly.contacts();
    let of = all.iter().filter(|contact| {
        contact["id"].as_u64().and_then(|id| home(firm, id)).as_deref() == Some(client.to_string().as_str())
    });
    of.map(|contact| contact["email"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn accident_18_one_person_at_two_firms_is_a_contact_of_both() {
    let firm = Firm::new();
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let jan = add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), Some(one));
    firm.hubspot.associate(jan, two, false);
    firm.reconcile().await;
    assert_eq!(firm.flowtly.contact_count(), 2);
    assert_eq!((contacts_of(&firm, alfa).len(), contacts_of(&firm, beta).len()), (1, 1));
    assert_eq!(firm.hubspot.contact_count(), 1);
    firm.assert_settled().await;

    // An edit of either contact reaches the person, and through it the other one.
    let first: u64 = firm.pairs(Kind::Contact).await[0].0.parse().unwrap();
    firm.flowtly.edit_contact(first, "title", "CEO");
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_property(jan, "jobtitle").as_deref(), Some("CEO"));
    assert!(firm.flowtly.contacts().iter().all(|contact| contact["title"] == "CEO"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_18_two_people_with_one_address_stay_two() {
    let firm = Firm::new();
    let (alfa, _) = firm.linked("Alfa", &vat(1)).await;
    firm.person(alfa, "Jan Kowalski", "biuro@alfa.pl");
    firm.person(alfa, "Anna Nowak", "biuro@alfa.pl");
    firm.reconcile().await;
    // HubSpot has one contact an e-mail address: whatever it does with the second, nobody is lost or mixed up.
    firm.reconcile().await;
    let names: Vec<_> = firm.flowtly.contacts().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["Jan Kowalski", "Anna Nowak"]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_18_a_contact_that_moves_in_the_crm_moves_in_flowtly_at_the_next_complete_pass() {
    let firm = Firm::new();
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let jan = add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), Some(one));
    firm.reconcile().await;
    let contact: u64 = firm.pairs(Kind::Contact).await[0].0.parse().unwrap();
    assert_eq!(home(&firm, contact), Some(alfa.to_string()));
    firm.hubspot.disassociate(jan, one);
    firm.hubspot.associate(jan, two, true);
    firm.reconcile().await;
    assert_eq!(home(&firm, contact), Some(beta.to_string()));
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    firm.assert_settled().await;

    // And he works for the first one again, beside the second.
    firm.hubspot.associate(jan, one, false);
    firm.reconcile().await;
    assert_eq!((contacts_of(&firm, alfa).len(), contacts_of(&firm, beta).len()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_20_a_move_that_is_refused_waits_while_the_fields_travel_and_the_history_has_their_old_texts() {
    let firm = Firm::new();
    let (alfa, _) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let contact = firm.person(alfa, "Jan Kowalski", "jan@alfa.pl");
    firm.flowtly.edit_contact(contact, "title", "Prezes");
    firm.reconcile().await;
    let jan: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.flowtly.edit_contact(contact, "client", beta);
    firm.flowtly.edit_contact(contact, "title", "CEO");
    let refusal = Fault::Refusal { status: 400, retry_after: None };
    let moves = When::always().method(Method::POST).path("/crm/associations/2026-03/contacts/companies/batch/create");
    firm.hubspot.faults().when(moves, refusal);
    let report = firm.reconcile().await;
    assert_eq!((report.written, report.refused), (1, 1), "{report:?}");
    assert_eq!(firm.hubspot.contact_property(jan, "jobtitle").as_deref(), Some("CEO"));
    let link = firm.links().await.into_iter().find(|link| link.kind == Kind::Contact).unwrap().id;
    let written = firm.history(link, Field::Title).await;
    assert_eq!(written[0].entry.old, Text::whole("Prezes"));
    assert_eq!(firm.refusals().await.len(), 1, "{:?}", firm.refusals().await);

    firm.hubspot.faults().clear();
    firm.wait(Duration::from_hours(48));
    firm.reconcile().await;
    let shown = firm.hubspot.contact(jan).unwrap()["associations"].to_string();
    assert!(shown.contains(&two.to_string()), "{shown}");
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_18_a_contact_that_moves_to_a_company_where_its_person_is_already_is_asked_about() {
    let firm = Firm::new();
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let jan = add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), Some(one));
    firm.hubspot.associate(jan, two, false);
    firm.reconcile().await;
    let at_alfa = firm
        .flowtly
        .contacts()
        .iter()
        .filter_map(|c| c["id"].as_u64())
        .find(|id| home(&firm, *id) == Some(alfa.to_string()));
    firm.flowtly.edit_contact(at_alfa.unwrap(), "client", beta);
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "{report:?}");
    assert_eq!(firm.asked().await, [flowtly_sync::domain::plan::Asks::Duplicate]);
    firm.assert_at_rest().await;
    // A person takes it back, or deletes one of the two: the question closes itself.
    firm.flowtly.edit_contact(at_alfa.unwrap(), "client", alfa);
    firm.reconcile().await;
    assert_eq!(firm.asked().await, []);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_18_two_contacts_of_one_person_that_move_to_one_company_stop_no_pass() {
    let firm = Firm::new();
    let (_, one) = firm.linked("Alfa", &vat(1)).await;
    let (_, two) = firm.linked("Beta", &vat(2)).await;
    let (gamma, three) = firm.linked("Gamma", &vat(3)).await;
    let jan = add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), Some(one));
    firm.hubspot.associate(jan, two, false);
    firm.reconcile().await;
    for contact in firm.flowtly.contacts() {
        firm.flowtly.edit_contact(contact["id"].as_u64().unwrap(), "client", gamma);
    }
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.asked().await, [flowtly_sync::domain::plan::Asks::Duplicate]);
    let there = firm.hubspot.contact(jan).unwrap();
    assert!(there["associations"]["companies"].to_string().contains(&three.to_string()), "{there}");
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_18_a_contact_that_moves_to_where_somebody_put_its_person_meanwhile_stops_no_pass() {
    let firm = Firm::new();
    let (_, one) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let jan = add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), Some(one));
    firm.reconcile().await;
    let contact = firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    firm.flowtly.edit_contact(contact, "client", beta);
    firm.hubspot.associate(jan, two, false);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1), "nothing is doubled");
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_18_two_contacts_of_one_person_that_merge_and_move_to_one_company_stop_no_pass() {
    let firm = Firm::new();
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let (_, two) = firm.linked("Beta", &vat(2)).await;
    let jan = add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), Some(one));
    let other = add(&firm, &person("Jan", "Kowalski", "jan@beta.pl"), Some(two));
    firm.reconcile().await;
    firm.hubspot.merge_contacts(jan, other).unwrap();
    for contact in firm.flowtly.contacts() {
        firm.flowtly.edit_contact(contact["id"].as_u64().unwrap(), "client", alfa);
    }
    for _ in 0..3 {
        firm.reconcile().await;
    }
    assert_eq!(firm.asked().await, [flowtly_sync::domain::plan::Asks::Duplicate]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_18_a_contact_that_moves_in_flowtly_moves_in_the_crm() {
    let firm = Firm::new();
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let contact = firm.person(alfa, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let jan: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.flowtly.edit_contact(contact, "client", beta);
    firm.reconcile().await;
    let shown = firm.hubspot.contact(jan).unwrap()["associations"].to_string();
    assert!(shown.contains(&two.to_string()) && !shown.contains(&format!("\"{one}\"")), "{shown}");
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_18_a_contact_that_loses_its_company_in_the_crm_keeps_it_in_flowtly() {
    let firm = Firm::new();
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let jan = add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), Some(one));
    firm.reconcile().await;
    let contact: u64 = firm.pairs(Kind::Contact).await[0].0.parse().unwrap();
    firm.hubspot.disassociate(jan, one);
    firm.reconcile().await;
    assert_eq!(home(&firm, contact), Some(alfa.to_string()));
    assert_eq!(firm.contact_text(contact, "email").as_deref(), Some("jan@alfa.pl"), "nothing is blanked");
    firm.assert_settled().await;
    // What people edit still travels.
    firm.hubspot.edit_contact(jan, "jobtitle", "CEO");
    firm.reconcile().await;
    assert_eq!(firm.contact_text(contact, "title").as_deref(), Some("CEO"));
    // And it comes back.
    firm.hubspot.associate(jan, one, true);
    firm.reconcile().await;
    assert_eq!(home(&firm, contact), Some(alfa.to_string()));
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_19_an_old_company_that_enters_the_scope_brings_its_contacts_in_the_same_plan() {
    let firm = Firm::configured("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n");
    firm.linked("Zeta", &vat(9)).await;
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "lifecyclestage", "lead");
    add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), Some(company));
    add(&firm, &person("Anna", "Nowak", "anna@alfa.pl"), Some(company));
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count()), (1, 0));
    // Long after, only the company changes: an incremental pass does not list its contacts.
    firm.wait(Duration::from_hours(30));
    firm.hubspot.edit_company(company, "lifecyclestage", "customer");
    let report = firm.beat().await;
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count()), (2, 2), "{report:?}");
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_19_contacts_that_an_incremental_pass_never_listed_come_with_their_company() {
    let firm = Firm::configured("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n");
    firm.linked("Zeta", &vat(9)).await;
    firm.wait(Duration::from_hours(30));
    // The company appears and is linked by hand-made client, its person is put to it without any trace in the index.
    let jan = add(&firm, &person("Jan", "Kowalski", "jan@alfa.pl"), None);
    firm.reconcile().await;
    firm.wait(Duration::from_hours(30));
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.associate(jan, company, true);
    firm.client("Alfa", Some(&vat(1)));
    firm.beat().await;
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count()), (2, 1));
    firm.assert_settled().await;
}
