//! Lost replies.

use std::time::Duration;

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, HubSpotOptions, Manner, When};
use flowtly_sync::store::link::LinkState;
use flowtly_sync::sync::pass::Ending;
use http::Method;

use crate::firm::{Firm, vat};

#[tokio::test]
async fn a_lost_reply_of_an_update_is_recovered_without_a_second_write() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), Fault::DropAfter);
    assert_eq!(firm.beat().await.ending, Ending::Partly);
    let writes = firm.writes();
    let report = firm.beat().await;
    assert_eq!((report.written, firm.writes()), (0, writes));
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    let link = firm.links().await[0].id;
    assert_eq!(firm.history(link, Field::Address).await.len(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_lost_update_that_was_not_carried_out_is_sent_again_once_that_is_certain() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let update = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/update").times(1);
    firm.hubspot.faults().when(update, Fault::TimeOut { carried_out: false });
    firm.beat().await;
    assert_eq!(firm.beat().await.written, 0, "it may still be carried out");
    firm.wait(Duration::from_mins(10));
    assert_eq!(firm.beat().await.written, 1);
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_late_update_does_not_overwrite_what_a_person_typed_meanwhile_unseen() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let update = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/update").times(1);
    firm.hubspot.faults().when(update, Fault::TimeOut { carried_out: false });
    firm.beat().await;
    firm.hubspot.edit_company(company, "city", "Gdańsk");
    firm.wait(Duration::from_mins(10));
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.disputed().await, [Field::Address], "both moved");
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_lost_create_in_hubspot_is_adopted_by_the_stored_id_and_not_doubled() {
    let firm = Firm::new();
    let client = firm.client("Alfa", Some(&vat(1)));
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::DropAfter);
    assert_eq!(firm.reconcile().await.ending, Ending::Partly);
    let writes = firm.writes();
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.writes()), (1, writes));
    assert_eq!(firm.pairs(Kind::Company).await[0].0, client.to_string());
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_lost_create_of_a_contact_in_flowtly_is_never_repeated() {
    let firm = Firm::new();
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/client-contacts").times(1), Fault::DropAfter);
    firm.reconcile().await;
    for _ in 0..3 {
        firm.reconcile().await;
        firm.wait(Duration::from_mins(10));
    }
    assert_eq!((firm.flowtly.contact_count(), firm.pairs(Kind::Contact).await.len()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_is_found_for_one_lost_create_is_no_candidate_for_the_one_sent_before_it() {
    let firm = Firm::new();
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    for (first, email) in [("Jan", "jan@alfa.pl"), ("Anna", "anna@alfa.pl")] {
        firm.hubspot.add_contact(&[("firstname", first), ("lastname", "Kowalska"), ("email", email)], Some(company));
    }
    let sent = || When::always().method(Method::POST).path("/client-contacts").times(1);
    firm.flowtly.faults().when(sent(), Fault::DropBefore);
    firm.flowtly.faults().when(sent(), Fault::DropAfter);
    firm.reconcile().await;
    assert_eq!(firm.flowtly.contact_count(), 1, "the second one arrived");
    firm.wait(Duration::from_mins(10));
    firm.reconcile().await;
    assert!(firm.asked().await.is_empty(), "{:?}", firm.asked().await);
    assert_eq!(firm.flowtly.contact_count(), 2);
    firm.assert_settled().await;
}

#[tokio::test]
async fn an_edit_of_the_source_of_a_lost_create_travels_once_the_create_is_found() {
    let firm = Firm::new();
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    let source = firm.hubspot.add_contact(&properties, Some(company));
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/client-contacts").times(1), Fault::DropAfter);
    firm.reconcile().await;
    firm.hubspot.edit_contact(source, "email", "kowalski@alfa.pl");
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!((firm.flowtly.contact_count(), firm.pairs(Kind::Contact).await.len()), (1, 1));
    assert_eq!(firm.flowtly.contacts()[0]["email"], "kowalski@alfa.pl");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_lost_create_whose_source_has_another_name_by_now_is_found_and_not_doubled() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let source = firm.company("Beta", None);
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/clients").times(1), Fault::DropAfter);
    firm.reconcile().await;
    firm.hubspot.edit_company(source, "name", "Gamma");
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count(), firm.links().await.len()), (2, 2, 2));
    assert!(firm.flowtly.clients().iter().any(|client| client["name"] == "Gamma"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_lost_stamp_is_written_once_more_at_most() {
    let firm = Firm::new();
    firm.client("Alfa", Some(&vat(1)));
    let company = firm.company("Alfa", Some(&vat(1)));
    let update = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/update").times(1);
    firm.hubspot.faults().when(update, Fault::DropAfter);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "flowtly_id").as_deref(), Some("1hkzxrub/1"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_gateway_that_fails_for_a_while_stops_the_pass_and_loses_nothing() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.faults().when(When::always().method(Method::POST), Fault::Gateway(503));
    let _ = firm.pass(flowtly_sync::sync::pass::Request { complete: true, ..Default::default() }).await;
    firm.hubspot.faults().clear();
    firm.wait(Duration::from_mins(10));
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_lost_reply_of_a_move_to_another_company_is_recovered_with_its_history() {
    let firm = Firm::new();
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let jan = firm.person(alfa, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let crm: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.disassociate(crm, one);
    firm.hubspot.associate(crm, two, true);
    let moving = When::always().method(Method::PATCH).path("/client-contacts").times(1);
    firm.flowtly.faults().when(moving, Fault::DropAfter);
    assert_eq!(firm.reconcile().await.ending, Ending::Partly);
    let writes = firm.writes();
    firm.reconcile().await;
    assert_eq!(firm.writes(), writes, "it is there");
    assert!(firm.contact_text(jan, "client").is_some_and(|home| home.ends_with(&beta.to_string())));
    let links = firm.links().await;
    let link = links.iter().find(|link| link.kind == Kind::Contact).unwrap();
    assert_eq!(firm.history(link.id, Field::Parent).await.len(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_was_cleared_after_a_lost_create_is_an_edit_and_not_a_default() {
    let firm = Firm::new();
    let (_, other) = firm.linked("Beta", &vat(2)).await;
    assert!(firm.hubspot.company(other).is_some());
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "phone", "+48 22 111 11 11");
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/clients").times(1), Fault::DropAfter);
    assert_eq!(firm.reconcile().await.ending, Ending::Partly);
    firm.hubspot.edit_company(company, "phone", "");
    firm.hubspot.edit_company(company, "city", "Gdańsk");
    firm.reconcile().await;
    firm.reconcile().await;
    let pairs = firm.pairs(Kind::Company).await;
    let (client, _) = pairs.iter().find(|(_, crm)| *crm == company.to_string()).unwrap();
    let client: u64 = client.parse().unwrap();
    assert_eq!(firm.client_text(client, "addressPhoneNumber").unwrap_or_default(), "", "cleared there too");
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Gdańsk"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_lost_create_that_somebody_archived_since_arrived_all_the_same_and_rests() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/contacts/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::DropAfter);
    assert_eq!(firm.reconcile().await.ending, Ending::Partly);
    let made: u64 = firm.hubspot.contacts()[0]["id"].as_str().unwrap().parse().unwrap();
    firm.hubspot.archive_contact(made);
    for _ in 0..3 {
        firm.wait(Duration::from_hours(2));
        firm.reconcile().await;
    }
    assert_eq!(firm.hubspot.contact_count(), 0, "it is not made again");
    assert_eq!(firm.pairs(Kind::Contact).await.len(), 1);
    assert_eq!(firm.links().await.iter().find(|link| link.kind == Kind::Contact).unwrap().state, LinkState::Paused);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_lost_create_is_known_by_a_stamp_of_whole_seconds() {
    let firm = Firm::new();
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    // No contact is known in Flowtly: its number says nothing, and its stamp lacks the rest of the second.
    firm.wait(Duration::from_millis(800));
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/client-contacts").times(1), Fault::DropAfter);
    firm.reconcile().await;
    firm.flowtly.edit_contact(1, "name", "Jan Kowalski-Nowak");
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    assert_eq!(firm.asked().await, [Asks::LostCreate]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_lost_create_of_a_contact_who_was_moved_since_is_asked_about_and_not_repeated() {
    let firm = Firm::new();
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    let (other, _) = firm.linked("Beta", &vat(2)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/client-contacts").times(1), Fault::DropAfter);
    firm.reconcile().await;
    firm.flowtly.edit_contact(1, "client", format!("/clients/{other}"));
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    assert_eq!(firm.asked().await, [Asks::LostCreate]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_lost_create_of_a_company_that_was_cleared_since_is_asked_about_and_not_repeated() {
    let firm = without_ids();
    firm.linked("Zeta", &vat(9)).await;
    firm.client("Alfa", Some(&vat(1)));
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::DropAfter);
    firm.reconcile().await;
    let lost = 5_000_000_002;
    firm.hubspot.edit_company(lost, "name", "");
    firm.hubspot.edit_company(lost, "vat_number", "brak");
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (2, 2));
    assert_eq!(firm.asked().await, [Asks::LostCreate]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_lost_create_of_a_company_that_was_renamed_since_is_asked_about_and_not_repeated() {
    let firm = Firm::new();
    let properties = [("name", "Alfa"), ("country", "Poland"), ("phone", "+48 22 122 45 67")];
    firm.hubspot.add_company(&properties);
    firm.flowtly.faults().when(When::always().method(Method::POST).exactly("/clients").times(1), Fault::DropAfter);
    firm.reconcile().await;
    let made = firm.flowtly.clients()[0]["id"].as_u64().unwrap();
    firm.flowtly.edit_client(made, "name", "Beta");
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!(firm.flowtly.client_count(), 1);
    assert_eq!(firm.asked().await, [Asks::LostCreate]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_lost_create_of_a_name_that_the_system_cuts_is_asked_about_and_not_repeated() {
    let firm = without_ids();
    firm.linked("Zeta", &vat(9)).await;
    firm.hubspot.manners().set("companies", "name", Manner::Cut(8));
    firm.client("Gamma Holding", None);
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::DropAfter);
    firm.reconcile().await;
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (2, 2));
    assert_eq!(firm.asked().await, [Asks::LostCreate]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn what_a_lost_create_was_asked_about_stays_in_question_whatever_becomes_of_it() {
    let firm = Firm::new();
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    let (other, _) = firm.linked("Beta", &vat(2)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    firm.flowtly.faults().when(When::always().method(Method::POST).path("/client-contacts").times(1), Fault::DropAfter);
    firm.reconcile().await;
    firm.flowtly.edit_contact(1, "name", "Jan Nowak");
    firm.reconcile().await;
    assert_eq!(firm.asked().await, [Asks::LostCreate]);
    firm.flowtly.edit_contact(1, "name", "Zofia Nowak");
    firm.flowtly.edit_contact(1, "email", "zofia@beta.pl");
    firm.flowtly.edit_contact(1, "client", format!("/clients/{other}"));
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    assert_eq!(firm.asked().await, [Asks::LostCreate]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_name_that_the_system_cut_in_a_lost_create_does_not_travel_back_by_the_first_policy() {
    let firm = Firm::configured("[rules.company]\nfirst = \"crm\"\nconflict = \"crm\"\n");
    firm.hubspot.manners().set("companies", "name", Manner::Cut(8));
    let client = firm.client("Gamma Holding", Some(&vat(1)));
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::DropAfter);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1);
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Gamma Holding"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_name_that_the_system_cut_in_a_lost_update_does_not_travel_back_by_the_conflict_policy() {
    let firm = Firm::configured("[rules.company]\nfirst = \"crm\"\nconflict = \"crm\"\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.manners().set("companies", "name", Manner::Cut(8));
    firm.flowtly.edit_client(client, "name", "Gamma Holding");
    let update = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/update").times(1);
    firm.hubspot.faults().when(update, Fault::DropAfter);
    firm.beat().await;
    firm.beat().await;
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Gamma Holding"));
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Gamma Ho"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_colleagues_new_company_is_not_taken_for_a_lost_create() {
    let firm = without_ids();
    firm.linked("Zeta", &vat(9)).await;
    firm.client("Alfa", Some(&vat(1)));
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::TimeOut { carried_out: false });
    firm.reconcile().await;
    firm.company("Beta", None);
    for _ in 0..3 {
        firm.wait(Duration::from_mins(10));
        firm.reconcile().await;
    }
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (3, 3));
    firm.assert_settled().await;
}

/// A firm whose portal has no place for our ids.
fn without_ids() -> Firm {
    let hubspot = HubSpotOptions { flowtly_id: false, ..HubSpotOptions::default() };
    let mut firm = Firm::with(FlowtlyOptions::default(), hubspot, "");
    firm.change_base("token_file = \"hubspot-token\"", "token_file = \"hubspot-token\"\nid_property = \"\"");
    firm
}
