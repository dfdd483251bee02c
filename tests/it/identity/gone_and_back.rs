//! Records that go and come back, with either rule about what goes.

use std::time::Duration;

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::ObjectType;
use flowtly_sync::store::link::LinkState;
use flowtly_sync::sync::pass::{Ending, Request};
use rstest::rstest;

use super::separate;
use crate::firm::{Firm, vat};

const UNLINK: &str = "[rules.company]\ngone = \"unlink\"\n[rules.contact]\ngone = \"unlink\"\n";

async fn state_of(firm: &Firm, client: u64) -> LinkState {
    let links = firm.links().await;
    links
        .iter()
        .find(|link| link.kind == Kind::Company && link.flowtly_id.as_str() == client.to_string())
        .unwrap()
        .state
}

fn lose(firm: &Firm, company: u64) {
    firm.hubspot.archive_company(company);
    firm.hubspot.purge(ObjectType::Company, company);
}

/// Two pairs, the second with a phone number and a city that were agreed; then its company goes from the CRM.
async fn firm_that_lost_a_company(rules: &str) -> (Firm, u64, u64) {
    let firm = Firm::configured(rules);
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.reconcile().await;
    firm.assert_settled().await;
    lose(&firm, company);
    firm.reconcile().await;
    (firm, client, company)
}

#[tokio::test]
async fn accident_12_a_company_that_comes_back_after_unlink_is_linked_again_with_what_was_agreed() {
    let (firm, client, company) = firm_that_lost_a_company(UNLINK).await;
    assert_eq!(state_of(&firm, client).await, LinkState::Tombstone);
    firm.assert_settled().await;
    // Weeks in which people go on working in Flowtly.
    firm.flowtly.edit_client(client, "addressCity", "Gdańsk");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 1, "not created again");
    firm.wait(Duration::from_hours(24 * 20));
    // It comes back as it was, and somebody corrects its phone number before the next pass.
    assert!(firm.hubspot.bring_back(ObjectType::Company, company));
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Live);
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    // What either side alone changed travels; the old city does not travel back over the new one.
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Gdańsk"));
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Gdańsk"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_12_what_both_sides_edited_while_the_link_was_cut_is_a_conflict() {
    let (firm, client, company) = firm_that_lost_a_company(UNLINK).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 333 33 33");
    firm.hubspot.bring_back(ObjectType::Company, company);
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Live);
    assert_eq!(firm.disputed().await, [Field::Phone]);
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 222 22 22"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 333 33 33"));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_12_an_incremental_pass_opens_a_link_again_too() {
    let (firm, client, company) = firm_that_lost_a_company(UNLINK).await;
    firm.wait(Duration::from_hours(30));
    firm.beat().await;
    firm.wait(Duration::from_mins(5));
    firm.hubspot.bring_back(ObjectType::Company, company);
    firm.hubspot.edit_company(company, "city", "Łódź");
    firm.beat().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Live);
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Łódź"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_12_a_pass_that_is_refused_forgets_no_return() {
    let (mut firm, client, company) = firm_that_lost_a_company(UNLINK).await;
    firm.flowtly.edit_client(client, "addressCity", "Gdańsk");
    firm.reconcile().await;
    firm.hubspot.bring_back(ObjectType::Company, company);
    // Nothing may be updated today.
    firm.change_base("updates = { count = 1000, share = 1.0 }", "updates = { count = 0, share = 0.0 }");
    let report = firm.pass(Request { complete: true, ..Request::default() }).await.unwrap();
    assert_eq!(report.ending, Ending::Refused);
    assert_eq!(state_of(&firm, client).await, LinkState::Tombstone);
    firm.change_base("updates = { count = 0, share = 0.0 }", "updates = { count = 1000, share = 1.0 }");
    firm.beat().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Live);
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Gdańsk"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_12_a_pair_that_a_person_separated_stays_separated_whatever_goes_and_comes_back() {
    let firm = Firm::configured(UNLINK);
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    separate(&firm, client).await;
    firm.assert_settled().await;
    lose(&firm, company);
    firm.reconcile().await;
    firm.hubspot.bring_back(ObjectType::Company, company);
    firm.hubspot.edit_company(company, "city", "Łódź");
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Tombstone);
    assert_eq!(firm.client_text(client, "addressCity"), None, "nothing travels");
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2), "nothing is created");
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_12_what_a_rule_cut_stays_separated_once_a_person_says_so() {
    let (firm, client, company) = firm_that_lost_a_company(UNLINK).await;
    separate(&firm, client).await;
    firm.hubspot.bring_back(ObjectType::Company, company);
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Tombstone);
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2), "nothing is created");
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_12_a_record_that_comes_back_archived_opens_its_link_when_it_is_live() {
    let (firm, client, company) = firm_that_lost_a_company(UNLINK).await;
    firm.hubspot.bring_back(ObjectType::Company, company);
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Tombstone);
    firm.assert_settled().await;
    firm.hubspot.restore_company(company);
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Live);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_record_that_takes_the_place_of_one_that_is_gone_rests_and_the_old_one_is_opened_again() {
    let (firm, client, company) = firm_that_lost_a_company(UNLINK).await;
    // Another tool made it again under another id: it belongs to the tombstone, and is not doubled.
    let again = firm.company("Alfa", Some(&vat(1)));
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    firm.assert_settled().await;
    // Then the old one is back: there are two of them now, and only a person can say which is to go.
    firm.hubspot.bring_back(ObjectType::Company, company);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Live);
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (3, 2));
    assert!(firm.pairs(Kind::Company).await.iter().all(|(_, crm)| *crm != again.to_string()));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_record_that_is_recreated_before_its_going_was_noticed_is_followed_whatever_the_rule() {
    let firm = Firm::configured(UNLINK);
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    lose(&firm, company);
    let again = firm.company("Alfa", Some(&vat(1)));
    firm.reconcile().await;
    firm.reconcile().await;
    assert!(firm.pairs(Kind::Company).await.contains(&(client.to_string(), again.to_string())));
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    firm.assert_settled().await;
    firm.flowtly.edit_client(client, "addressCity", "Gdańsk");
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(again, "city").as_deref(), Some("Gdańsk"), "the pair is in sync");
    firm.assert_settled().await;
}

#[rstest]
#[case::reported("", LinkState::Live)]
#[case::unlinked(UNLINK, LinkState::Tombstone)]
#[tokio::test]
async fn a_client_that_goes_and_comes_back_with_its_contacts_is_the_same_again(
    #[case] rules: &str,
    #[case] meanwhile: LinkState,
) {
    let firm = Firm::configured(rules);
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let jan = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let crm: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.flowtly.remove_client(client);
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, meanwhile);
    firm.assert_at_rest().await;
    // The CRM goes on.
    firm.hubspot.edit_company(company, "city", "Łódź");
    firm.hubspot.edit_contact(crm, "jobtitle", "CEO");
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count()), (1, 0), "nothing is created again");
    firm.flowtly.bring_back_client(client);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count()), (2, 1));
    assert_eq!((firm.hubspot.company_count(), firm.hubspot.contact_count()), (2, 1));
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Łódź"));
    assert_eq!(firm.contact_text(jan, "title").as_deref(), Some("CEO"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_number_that_comes_back_as_another_firm_is_a_question_and_nothing_is_overwritten() {
    let firm = Firm::configured(UNLINK);
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.remove_client(client);
    firm.reconcile().await;
    assert_eq!(state_of(&firm, client).await, LinkState::Tombstone);
    // Flowtly is restored from a backup, and the number belongs to another firm there.
    firm.flowtly.bring_back_client(client);
    firm.flowtly.edit_client(client, "name", "Omega");
    firm.flowtly.edit_client(client, "vatNumber", vat(2));
    firm.flowtly.edit_client(client, "tin", vat(2).trim_start_matches("PL"));
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "{report:?}");
    assert_eq!(firm.asked().await, [Asks::StillTheSame]);
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa"));
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Omega"));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_contact_that_goes_and_comes_back_is_opened_again_and_what_was_edited_travels() {
    let firm = Firm::configured(UNLINK);
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let jan = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let crm: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.archive_contact(crm);
    firm.hubspot.purge(ObjectType::Contact, crm);
    firm.reconcile().await;
    firm.flowtly.edit_contact(jan, "title", "CEO");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 0, "not created again");
    firm.assert_settled().await;
    firm.hubspot.bring_back(ObjectType::Contact, crm);
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_property(crm, "jobtitle").as_deref(), Some("CEO"));
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_client_that_is_entered_anew_takes_the_place_of_the_old_one_and_its_id_is_stamped() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (old, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "phone", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.flowtly.remove_client(old);
    let new = firm.client("Alfa", Some(&vat(1)));
    firm.reconcile().await;
    // Somebody edits the company before the new id stands in it.
    firm.hubspot.edit_company(company, "city", "Łódź");
    let report = firm.pass(Request { complete: true, ..Request::default() }).await.unwrap();
    assert_eq!(report.refusals, [], "our own old id is no other writer's");
    firm.reconcile().await;
    assert!(firm.pairs(Kind::Company).await.contains(&(new.to_string(), company.to_string())));
    assert_eq!(firm.client_text(new, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"), "filled, not cleared");
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 111 11 11"));
    assert_eq!(firm.client_text(new, "addressCity").as_deref(), Some("Łódź"));
    assert_eq!(firm.hubspot.company_property(company, "flowtly_id"), Some(format!("1hkzxrub/{new}")));
    firm.assert_settled().await;
}

#[rstest]
#[case::in_flowtly(true)]
#[case::in_the_crm(false)]
#[tokio::test]
async fn a_contact_that_is_entered_anew_with_less_loses_nothing_on_the_other_side(#[case] in_flowtly: bool) {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let jan = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.flowtly.edit_contact(jan, "title", "CEO");
    firm.reconcile().await;
    let crm: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    if in_flowtly {
        firm.flowtly.remove_contact(jan);
        firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    } else {
        firm.hubspot.archive_contact(crm);
        firm.hubspot.purge(ObjectType::Contact, crm);
        let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
        firm.hubspot.add_contact(&properties, Some(company));
    }
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    assert_eq!(firm.flowtly.contacts()[0]["title"], "CEO");
    assert_eq!(firm.hubspot.contacts()[0]["properties"]["jobtitle"], "CEO");
    firm.assert_settled().await;
}

#[tokio::test]
async fn two_records_that_would_both_follow_a_widowed_pair_are_both_asked_about() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\ncreate_in_crm = false\n");
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.remove_client(client);
    firm.reconcile().await;
    // Entered anew twice: by the name, and by the tax number under another name.
    firm.client("Alfa", None);
    firm.client("Alfa Nowa", Some(&vat(1)));
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.asked().await, [Asks::SameThing, Asks::SameThing], "neither is passed over");
    let pairs = firm.pairs(Kind::Company).await;
    assert!(pairs.contains(&(client.to_string(), company.to_string())), "{pairs:?}");
    firm.assert_at_rest().await;
}
