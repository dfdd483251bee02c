//! What becomes of single values: conflicts, ignored writes, one-way fields, composites, robots.

use std::time::Duration;

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::Reason;
use flowtly_sync::sandbox::Manner;
use flowtly_sync::sync::pass::Ending;

use crate::firm::{Firm, vat};

#[tokio::test]
async fn accident_01_a_conflict_stays_while_other_fields_travel_and_never_drags_the_old_name_across() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "name", "Alfa Polska");
    firm.hubspot.edit_company(company, "name", "Alfa Europe");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    let report = firm.reconcile().await;
    assert_eq!(report.totals.conflicts, 1);
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 123 45 67"));
    assert_eq!(firm.disputed().await, [Field::Name]);

    let report = firm.assert_at_rest().await;
    assert_eq!((report.waiting.0, report.certificate.waiting), (1, 1));
    assert_eq!(firm.disputed().await, [Field::Name]);

    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa Europe"));
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa Polska"));
    firm.assert_at_rest().await;
    assert_eq!(firm.disputed().await, [Field::Name]);

    // Its cause goes away: it closes itself.
    firm.flowtly.edit_client(client, "name", "Alfa Europe");
    firm.reconcile().await;
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_05_a_field_that_the_server_ignores_is_a_failure_and_later_edits_still_travel() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.manners().set("companies", "phone", Manner::Ignore);
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let report = firm.reconcile().await;
    assert_eq!(report.refused, 1, "{report:?}");
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"), "the other field is agreed");
    assert_eq!(firm.hubspot.company_property(company, "phone"), None);
    assert!(firm.refusals().await[0].contains("ignored by the server"), "{:?}", firm.refusals().await);
    let report = firm.assert_at_rest().await;
    assert_eq!((report.waiting.2, report.certificate.waiting), (1, 1));

    // Another value is tried at once; and what was ignored was no agreement, so that nothing travels back.
    firm.hubspot.manners().clear();
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 222 22 22"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_05_the_same_value_is_tried_again_after_a_gap() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.manners().set("companies", "phone", Manner::Ignore);
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.hubspot.manners().clear();
    assert_eq!(firm.beat().await.written, 0, "the gap is not over");
    firm.wait(Duration::from_mins(16));
    assert_eq!(firm.beat().await.written, 1);
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 111 11 11"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_05_a_refusal_of_a_value_that_was_taken_back_is_over() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.manners().set("companies", "phone", Manner::Ignore);
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    assert_eq!(firm.refusals().await.len(), 1);
    firm.flowtly.edit_client(client, "addressPhoneNumber", serde_json::Value::Null);
    firm.reconcile().await;
    assert!(firm.refusals().await.is_empty(), "nothing is wanted that could be refused");
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_14_upper_case_and_a_phone_extension_travel_and_history_shows_what_people_typed() {
    let firm = Firm::new();
    let (client, company) = firm.linked("ALFA SP. Z O.O.", &vat(1)).await;
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    firm.reconcile().await;
    firm.flowtly.edit_client(client, "name", "Alfa Sp. z o.o.");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67 ext. 5");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa Sp. z o.o."));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 123 45 67 ext. 5"));
    let link = firm.links().await[0].id;
    let name = firm.history(link, Field::Name).await;
    assert_eq!(name[0].entry.old.to_string(), "ALFA SP. Z O.O.");
    assert_eq!(name[0].entry.new.to_string(), "Alfa Sp. z o.o.");
    assert_eq!(firm.history(link, Field::Phone).await[0].entry.new.to_string(), "+48 22 123 45 67 ext. 5");
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_16_two_halves_of_one_address_edited_on_two_sides_are_one_decision() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    for (key, text) in [("addressStreetLine", "Prosta"), ("addressBuildingNumber", "51"), ("addressCity", "Warszawa")] {
        firm.flowtly.edit_client(client, key, text);
    }
    firm.reconcile().await;
    firm.assert_settled().await;
    let before = firm.flowtly.client(client);

    firm.flowtly.edit_client(client, "addressStreetLine", "Krzywa");
    firm.hubspot.edit_company(company, "city", "Kraków");
    let report = firm.reconcile().await;
    assert_eq!((report.totals.conflicts, report.written), (1, 0), "{report:?}");
    assert_eq!(firm.disputed().await, [Field::Address]);
    let conflict = firm.conflicts().await.remove(0).conflict;
    assert!(conflict.flowtly.to_string().contains("Krzywa") && conflict.crm.to_string().contains("Kraków"));
    assert_ne!(firm.flowtly.client(client), before);
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Warszawa"), "no mixture");
    assert!(!firm.hubspot.company_property(company, "address").unwrap().contains("Krzywa"), "no mixture");
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_16_by_policy_the_whole_address_of_one_side_wins() {
    let firm = Firm::configured("[rules.company.fields]\naddress = { conflict = \"crm\" }\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressStreetLine", "Prosta");
    firm.flowtly.edit_client(client, "addressCity", "Warszawa");
    firm.reconcile().await;
    firm.flowtly.edit_client(client, "addressStreetLine", "Krzywa");
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.client_text(client, "addressStreetLine").as_deref(), Some("Prosta"));
    firm.assert_settled().await;
    let link = firm.links().await[0].id;
    let lost = firm.history(link, Field::Address).await.remove(0).entry;
    assert!(lost.old.to_string().contains("Krzywa"), "the losing value is in the history: {lost:?}");
}

#[tokio::test]
async fn accident_17_a_one_way_field_whose_target_drifted_goes_by_direction() {
    let firm = Firm::configured("[rules.company.fields]\nphone = { direction = \"to-crm\", conflict = \"crm\" }\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.hubspot.edit_company(company, "phone", "+48 22 999 99 99");
    assert_eq!(firm.reconcile().await.written, 0, "the drift is kept");
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 999 99 99"));
    firm.assert_settled().await;

    firm.hubspot.edit_company(company, "phone", "+48 22 888 88 88");
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 222 22 22"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_17_a_drift_is_corrected_where_the_rule_says_so() {
    let rule = "[rules.company.fields]\nphone = { direction = \"to-crm\", drift = \"correct\" }\n";
    let firm = Firm::configured(rule);
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.hubspot.edit_company(company, "phone", "+48 22 999 99 99");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 111 11 11"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_06_a_city_that_flowtly_cut_does_not_travel_back_with_an_edited_post_code() {
    let firm = Firm::new();
    firm.flowtly.manners().set("clients", "addressCity", Manner::Cut(4));
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Warszawa");
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Wars"));
    firm.flowtly.edit_client(client, "addressPostCode", "20-779");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "zip").as_deref(), Some("20-779"));
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Warszawa"));
    // What is typed there itself travels.
    firm.flowtly.edit_client(client, "addressCity", "Łódź");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Łódź"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_20_one_refused_field_waits_while_the_others_travel_and_its_repair_is_tried_at_once() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let contact = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let crm = firm.pairs(flowtly_sync::domain::record::Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.edit_contact(crm, "email", "no address");
    firm.hubspot.edit_contact(crm, "jobtitle", "CEO");
    firm.hubspot.edit_company(company, "city", "Kraków");
    let report = firm.reconcile().await;
    assert_eq!(report.refused, 1, "{report:?} {:?}", firm.refusals().await);
    assert_eq!(firm.contact_text(contact, "title").as_deref(), Some("CEO"));
    assert_eq!(firm.contact_text(contact, "email").as_deref(), Some("jan@alfa.pl"));
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    let report = firm.assert_at_rest().await;
    assert_eq!(report.waiting.2, 1);

    firm.hubspot.edit_contact(crm, "email", "jan.kowalski@alfa.pl");
    firm.beat().await;
    assert_eq!(firm.contact_text(contact, "email").as_deref(), Some("jan.kowalski@alfa.pl"));
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_21_two_tools_that_rewrite_each_other_through_us_are_stopped_within_a_day() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    let mut stopped = None;
    for round in 0..8 {
        firm.wait(Duration::from_mins(10));
        // A robot beside each system insists on its own number.
        if firm.client_text(client, "addressPhoneNumber").as_deref() == Some("+48 22 111 11 11") {
            firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
        } else {
            firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
        }
        firm.reconcile().await;
        if !firm.conflicts().await.is_empty() {
            stopped = Some(round);
            break;
        }
    }
    assert!(stopped.is_some(), "the two robots go on for ever");
    let waiting = firm.conflicts().await.remove(0);
    assert_eq!((waiting.conflict.field, waiting.reason), (Field::Phone, Reason::Alternates));
    let report = firm.assert_at_rest().await;
    assert_eq!(report.ending, Ending::Applied);
}

#[tokio::test]
async fn accident_21_two_contacts_that_are_one_person_in_the_crm_do_not_correct_each_other_for_ever() {
    let rule = "[rules.contact.fields]\nphone = { direction = \"to-crm\", drift = \"correct\" }\n";
    let firm = Firm::configured(rule);
    let (one, first) = firm.linked("Alfa", &vat(1)).await;
    let (two, second) = firm.linked("Beta", &vat(2)).await;
    let anna = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@alfa.pl")];
    let contact = firm.hubspot.add_contact(&anna, Some(first));
    firm.hubspot.associate(contact, second, false);
    firm.reconcile().await;
    firm.reconcile().await;
    let people = firm.flowtly.contacts();
    assert_eq!(people.len(), 2, "one at each of {one} and {two}");
    let person = people[0]["id"].as_u64().unwrap();
    firm.flowtly.edit_contact(person, "phone", "+48 22 123 45 67");
    for _ in 0..10 {
        firm.reconcile().await;
        firm.wait(Duration::from_mins(30));
    }
    assert!(firm.disputed().await.contains(&Field::ContactPhone), "a person decides");
    firm.assert_at_rest().await;
}
