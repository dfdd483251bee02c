//! What Flowtly's `security` keeps from the user who signs in: a property blanks nothing, a record holds up nothing else.

use std::time::Duration;

use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, Forbidden, HubSpotOptions, When};
use flowtly_sync::sync::pass::Ending;

use crate::firm::{Firm, vat};

/// Beyond every gap between two tries of what was refused once.
const LATER: Duration = Duration::from_hours(3);

fn phone(number: u32) -> String {
    format!("+48 22 111 11 {number:02}")
}

/// That many pairs, each with a telephone number that both sides agree on.
async fn with_phones(firm: &Firm, count: u32) -> Vec<(u64, u64)> {
    let mut pairs = Vec::new();
    for number in 1..=count {
        let (client, company) = firm.linked(&format!("Firm {number}"), &vat(number)).await;
        firm.flowtly.edit_client(client, "addressPhoneNumber", phone(number));
        pairs.push((client, company));
    }
    firm.reconcile().await;
    firm.assert_settled().await;
    pairs
}

fn assert_crm_has_phones(firm: &Firm, pairs: &[(u64, u64)]) {
    for (number, (_, company)) in (1..).zip(pairs) {
        assert_eq!(firm.hubspot.company_property(*company, "phone"), Some(phone(number)), "company {company}");
    }
}

fn phones_are_told(vanished: &[(Side, Kind, String)]) -> bool {
    matches!(vanished, [(Side::Flowtly, Kind::Company, path)] if path == "addressPhoneNumber")
}

#[tokio::test]
async fn accident_13_a_property_that_nobody_shows_any_more_blanks_nothing_and_goes_on_when_it_is_back() {
    for docs in [true, false] {
        let options = FlowtlyOptions { docs, ..FlowtlyOptions::default() };
        let firm = Firm::with(options, HubSpotOptions::default(), "");
        let pairs = with_phones(&firm, 4).await;
        firm.flowtly.hide_client_property("addressPhoneNumber");
        firm.flowtly.edit_client(pairs[0].0, "addressCity", "Kraków");
        let report = firm.beat().await;
        assert!(phones_are_told(&report.vanished) && report.missing == report.vanished, "{report:?}");
        assert_eq!((report.totals.blanked.len(), report.written), (0, 1), "the city alone: {report:?}");
        assert_crm_has_phones(&firm, &pairs);
        // The second pass, complete or not, still tells it, and does nothing.
        let writes = firm.writes();
        for report in [firm.beat().await, firm.reconcile().await] {
            assert!(phones_are_told(&report.vanished), "{report:?}");
            assert_eq!((report.written, &report.ending), (0, &Ending::Applied), "{report:?}");
        }
        assert_eq!(firm.writes(), writes);
        firm.assert_settled().await;
        // What was typed on both sides meanwhile travels when it is back.
        firm.flowtly.edit_client(pairs[0].0, "addressPhoneNumber", phone(50));
        firm.hubspot.edit_company(pairs[1].1, "phone", &phone(60));
        firm.wait(LATER);
        assert_eq!(firm.beat().await.written, 0);
        firm.flowtly.show_properties();
        let report = firm.beat().await;
        assert_eq!((report.written, report.vanished.len(), report.missing.len()), (2, 0, 0), "{report:?}");
        assert_eq!(firm.hubspot.company_property(pairs[0].1, "phone"), Some(phone(50)));
        assert_eq!(firm.client_text(pairs[1].0, "addressPhoneNumber"), Some(phone(60)));
        firm.assert_settled().await;
    }
}

#[tokio::test]
async fn accident_13_a_dry_run_a_refused_pass_and_one_that_dies_hide_nothing_of_what_vanished() {
    let firm = Firm::new();
    let pairs = with_phones(&firm, 3).await;
    firm.flowtly.hide_client_property("addressPhoneNumber");
    let (report, actions) = firm.diff().await;
    assert!(phones_are_told(&report.vanished) && !report.totals.would_act(), "{actions:?}");
    // The walk over the clients is done when the pass fails: what was seen has moved.
    let refusal = Fault::Refusal { status: 400, retry_after: None };
    firm.hubspot.faults().when(When::always().path("/crm/objects"), refusal);
    firm.flowtly.edit_client(pairs[0].0, "addressCity", "Kraków");
    assert!(firm.pass(flowtly_sync::sync::pass::Request::default()).await.is_err());
    firm.hubspot.faults().clear();
    let report = firm.beat().await;
    assert!(phones_are_told(&report.vanished), "{report:?}");
    assert_crm_has_phones(&firm, &pairs);
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_people_emptied_everywhere_counts_as_soon_as_one_record_shows_the_property() {
    let firm = Firm::new();
    let pairs = with_phones(&firm, 3).await;
    for (client, _) in &pairs {
        firm.flowtly.edit_client(*client, "addressPhoneNumber", None::<String>);
    }
    assert!(phones_are_told(&firm.beat().await.vanished));
    assert_crm_has_phones(&firm, &pairs);
    firm.flowtly.edit_client(pairs[2].0, "addressPhoneNumber", phone(3));
    let report = firm.beat().await;
    assert_eq!((report.written, report.vanished.len()), (2, 0), "{report:?}");
    for (_, company) in &pairs[..2] {
        assert_eq!(firm.hubspot.company_property(*company, "phone").unwrap_or_default(), "");
    }
    assert_eq!(firm.hubspot.company_property(pairs[2].1, "phone"), Some(phone(3)));
    // The last one is emptied by itself, and is believed.
    firm.flowtly.edit_client(pairs[2].0, "addressPhoneNumber", None::<String>);
    let report = firm.beat().await;
    assert_eq!((report.written, report.vanished.len()), (1, 0), "{report:?}");
    firm.assert_settled().await;
}

/// The list is rendered with fewer groups than one record: what we wrote and the reply showed is not in the list.
#[tokio::test]
async fn a_list_that_shows_less_than_its_records_blanks_nothing() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let without = |said: &str| {
        let mut said: serde_json::Value = serde_json::from_str(said).unwrap();
        for row in said.get_mut("member").and_then(serde_json::Value::as_array_mut).into_iter().flatten() {
            row.as_object_mut().unwrap().remove("addressPhoneNumber");
        }
        said.to_string()
    };
    firm.meddling.distort(Side::Flowtly, "/clients", without);
    firm.hubspot.edit_company(company, "phone", &phone(1));
    firm.wait(LATER);
    assert_eq!(firm.beat().await.written, 1);
    assert_eq!(firm.client_text(client, "addressPhoneNumber"), Some(phone(1)));
    let report = firm.beat().await;
    assert!(phones_are_told(&report.vanished), "{report:?}");
    assert_eq!(firm.hubspot.company_property(company, "phone"), Some(phone(1)));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_13_a_property_of_contacts_that_nobody_shows_any_more_blanks_nothing() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let mut people = Vec::new();
    for number in 1..=3 {
        let person = firm.person(client, &format!("Jan Kowal{number}"), &format!("jan{number}@alfa.pl"));
        firm.flowtly.edit_contact(person, "phone", phone(number));
        people.push(person);
    }
    firm.reconcile().await;
    firm.assert_settled().await;
    let in_crm = |firm: &Firm| {
        let has_phone =
            |contact: &serde_json::Value| contact["properties"]["phone"].as_str().is_some_and(|text| !text.is_empty());
        firm.hubspot.contacts().iter().filter(|contact| has_phone(contact)).count()
    };
    assert_eq!(in_crm(&firm), 3);
    firm.flowtly.hide_contact_property("phone");
    for _ in 0..2 {
        let report = firm.reconcile().await;
        assert!(
            matches!(&report.vanished[..], [(Side::Flowtly, Kind::Contact, path)] if path == "phone"),
            "{report:?}"
        );
        assert_eq!(report.written, 0);
    }
    assert_eq!(in_crm(&firm), 3);
    firm.flowtly.show_properties();
    firm.flowtly.edit_contact(people[0], "phone", phone(9));
    assert_eq!(firm.reconcile().await.written, 1);
    firm.assert_settled().await;
}

/// Three pairs, of which the user who signs in may not do `what` with the first.
async fn with_forbidden(what: Forbidden) -> (Firm, Vec<(u64, u64)>) {
    let firm = Firm::new();
    let pairs = with_phones(&firm, 3).await;
    firm.flowtly.forbid_client(pairs[0].0, Some(what));
    firm.wait(LATER);
    for (number, (_, company)) in (11..).zip(&pairs) {
        firm.hubspot.edit_company(*company, "phone", &phone(number));
    }
    firm.wait(LATER);
    (firm, pairs)
}

#[tokio::test]
async fn a_record_that_may_not_be_touched_waits_alone_and_holds_up_nothing_else() {
    for what in [Forbidden::Everything, Forbidden::Writing] {
        let (firm, pairs) = with_forbidden(what).await;
        let report = firm.beat().await;
        assert_eq!((report.written, report.failing.len(), report.unwritten.len()), (2, 0, 0), "{what:?}: {report:?}");
        assert_eq!(firm.client_text(pairs[1].0, "addressPhoneNumber"), Some(phone(12)));
        assert_eq!(firm.client_text(pairs[0].0, "addressPhoneNumber"), Some(phone(1)));
        let refusals = firm.refusals().await;
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert!(refusals[0].contains("Access Denied.") && refusals[0].contains("flowtly.credentials"), "{refusals:?}");
        // It is not tried again at once, its list is read as before, and what it shows still travels.
        let writes = firm.flowtly.counts().writes;
        let report = firm.beat().await;
        assert_eq!((report.more, report.failing.len(), firm.flowtly.counts().writes), (false, 0, writes), "{report:?}");
        firm.flowtly.edit_client(pairs[0].0, "addressCity", "Kraków");
        assert_eq!(firm.beat().await.written, 1);
        assert_eq!(firm.hubspot.company_property(pairs[0].1, "city").as_deref(), Some("Kraków"));
        assert_eq!(firm.refusals().await.len(), 1, "{what:?}");
        // With the right to do it, it is done.
        firm.flowtly.forbid_client(pairs[0].0, None);
        firm.wait(LATER);
        firm.beat().await;
        assert_eq!(firm.client_text(pairs[0].0, "addressPhoneNumber"), Some(phone(11)), "{what:?}");
        assert!(firm.refusals().await.is_empty());
        firm.assert_settled().await;
    }
}

#[tokio::test]
async fn contacts_of_a_client_that_may_not_be_read_are_doubled_nowhere() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = (firm.client("Alfa", Some(&vat(1))), firm.company("Alfa", Some(&vat(1))));
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    firm.flowtly.forbid_client(client, Some(Forbidden::Everything));
    firm.wait(LATER);
    firm.beat().await;
    firm.beat().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    assert_eq!(firm.pairs(Kind::Contact).await.len(), 1);
}

#[tokio::test]
async fn a_list_that_may_not_be_read_still_fails_the_side() {
    let firm = Firm::new();
    with_phones(&firm, 1).await;
    let refusal = Fault::Refusal { status: 403, retry_after: None };
    firm.flowtly.faults().when(When::always().exactly("/clients"), refusal);
    assert!(firm.pass(flowtly_sync::sync::pass::Request::default()).await.is_err());
}

#[tokio::test]
async fn a_record_that_the_server_stumbles_over_holds_up_no_others() {
    let firm = Firm::new();
    let pairs = with_phones(&firm, 3).await;
    let refusal = Fault::Refusal { status: 500, retry_after: None };
    firm.flowtly.faults().when(When::always().exactly(&format!("/clients/{}", pairs[0].0)), refusal);
    firm.wait(LATER);
    for (number, (_, company)) in (11..).zip(&pairs) {
        firm.hubspot.edit_company(*company, "phone", &phone(number));
    }
    firm.wait(LATER);
    let report = firm.beat().await;
    assert_eq!((report.written, report.failing.len(), report.put_off), (2, 0, 1), "{report:?}");
    firm.flowtly.faults().clear();
    firm.wait(LATER);
    assert_eq!(firm.beat().await.written, 1);
    firm.assert_settled().await;
}
