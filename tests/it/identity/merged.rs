//! Two that become one, on either side and on both.

use std::sync::Arc;

use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{FlowtlyOptions, HubSpotOptions, HubSpotServer, OdooServer, Property};

use super::separate;
use crate::firm::{Firm, clock, vat};

#[tokio::test]
async fn contacts_that_merge_in_the_crm_are_followed_to_their_new_id() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let jan = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let one: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    // A colleague's copy of him, at no company, so that it has no partner.
    let two = firm.hubspot.add_contact(&[("firstname", "J."), ("lastname", "Kowalski"), ("email", "j@alfa.pl")], None);
    firm.reconcile().await;
    let merged = firm.hubspot.merge_contacts(one, two).unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.pairs(Kind::Contact).await, [(jan.to_string(), merged.to_string())]);
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    firm.assert_settled().await;
    firm.flowtly.edit_contact(jan, "title", "CEO");
    firm.beat().await;
    assert_eq!(firm.hubspot.contact_property(merged, "jobtitle").as_deref(), Some("CEO"));
    firm.assert_settled().await;
    assert!(firm.hubspot.company(company).is_some());
}

#[tokio::test]
async fn an_edit_that_was_not_synced_before_the_merge_travels_to_the_new_id() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let other = firm.company("Alfa Holding", None);
    firm.reconcile().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let merged = firm.hubspot.merge_companies(company, other).unwrap();
    firm.hubspot.edit_company(merged, "phone", "+48 22 222 22 22");
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(merged, "city").as_deref(), Some("Kraków"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    firm.assert_settled().await;
}

#[rstest::rstest]
#[case::the_first_stays(0)]
#[case::the_second_stays(1)]
#[tokio::test]
async fn two_pairs_that_become_one_on_both_sides_are_one_pair(#[case] stays: usize) {
    let firm = Firm::configured("[rules.company]\ngone = \"unlink\"\n");
    let (first, one) = firm.linked("Alfa", &vat(1)).await;
    let (second, two) = firm.linked("Alfa Bis", &vat(2)).await;
    let clients = [first, second];
    // In Flowtly a merge is one of the two going away.
    firm.flowtly.remove_client(clients[1 - stays]);
    let merged = firm.hubspot.merge_companies(one, two).unwrap();
    for (property, value) in [("name", ["Alfa", "Alfa Bis"][stays]), ("vat_number", [vat(1), vat(2)][stays].as_str())] {
        firm.hubspot.edit_company(merged, property, value);
    }
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (1, 1));
    let pairs = firm.pairs(Kind::Company).await;
    assert!(pairs.contains(&(clients[stays].to_string(), merged.to_string())), "{pairs:?}");
    assert_eq!(firm.asked().await, [], "nothing is left to ask");
    firm.assert_settled().await;
    firm.flowtly.edit_client(clients[stays], "addressCity", "Kraków");
    firm.beat().await;
    assert_eq!(firm.hubspot.company_property(merged, "city").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn two_clients_that_became_one_in_flowtly_leave_one_pair_and_a_report() {
    let firm = Firm::new();
    let (first, _) = firm.linked("Alfa", &vat(1)).await;
    let (second, two) = firm.linked("Alfa Bis", &vat(2)).await;
    firm.flowtly.remove_client(second);
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "nothing is deleted, nothing is made: {report:?}");
    assert!(firm.hubspot.company(two).is_some() && firm.flowtly.client(first).is_some());
    let report = firm.assert_at_rest().await;
    assert_eq!(report.certificate.waiting, 1, "told: {:?}", report.certificate);
}

#[rstest::rstest]
#[case::the_separated_one_is_older(true)]
#[case::the_separated_one_is_newer(false)]
#[tokio::test]
async fn a_pair_that_a_person_separated_takes_nothing_from_a_live_one_when_its_record_is_merged(#[case] older: bool) {
    let firm = Firm::new();
    let (first, second) = (firm.linked("Alfa", &vat(1)).await, firm.linked("Beta", &vat(2)).await);
    let (separated, live) = if older { (first, second) } else { (second, first) };
    separate(&firm, separated.0).await;
    firm.assert_settled().await;
    // The live one's values win.
    let merged = firm.hubspot.merge_companies(live.1, separated.1).unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    assert!(firm.pairs(Kind::Company).await.contains(&(live.0.to_string(), merged.to_string())));
    assert_eq!(firm.asked().await, [], "that was said before");
    firm.assert_settled().await;
    firm.flowtly.edit_client(live.0, "addressCity", "Kraków");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(merged, "city").as_deref(), Some("Kraków"));
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (1, 2), "nothing is created for the other");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_separated_record_that_is_merged_into_a_new_id_stays_separated() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let other = firm.company("Alfa Holding", None);
    firm.reconcile().await;
    separate(&firm, client).await;
    let merged = firm.hubspot.merge_companies(company, other).unwrap();
    firm.hubspot.edit_company(merged, "city", "Łódź");
    firm.reconcile().await;
    firm.reconcile().await;
    assert!(firm.links().await.iter().all(|link| link.state == flowtly_sync::store::link::LinkState::Tombstone));
    assert_eq!(firm.client_text(client, "addressCity"), None);
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn contacts_of_a_company_that_was_merged_away_stay_where_they_are_until_a_person_says_more() {
    let firm = Firm::new();
    let (first, one) = firm.linked("Alfa", &vat(1)).await;
    let (second, two) = firm.linked("Beta", &vat(2)).await;
    let jan = firm.person(first, "Jan Kowalski", "jan@alfa.pl");
    let ewa = firm.person(second, "Ewa Nowak", "ewa@beta.pl");
    firm.reconcile().await;
    firm.hubspot.merge_companies(one, two).unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    firm.reconcile().await;
    // Two clients remain in Flowtly, and nobody moved anybody there.
    assert_eq!(firm.asked().await, [Asks::Duplicate]);
    for (contact, client) in [(jan, first), (ewa, second)] {
        let client = format!("/clients/{client}");
        assert!(firm.flowtly.contact(contact).unwrap()["client"].to_string().contains(&client), "{contact}");
    }
    let report = firm.assert_at_rest().await;
    assert_eq!((report.certificate.pending, report.certificate.unexplained), (0, 0), "{:?}", report.certificate);
    let told = report.certificate.reasons.keys().any(|reason| reason.contains("its company is not linked"));
    assert!(told, "{:?}", report.certificate);
}

/// Gets a company of its own: nothing that is there is the same firm.
async fn stands_alone(firm: &Firm, client: u64, others: &[u64]) {
    firm.reconcile().await;
    firm.reconcile().await;
    let own = firm.pairs(Kind::Company).await.into_iter().find(|(ours, _)| *ours == client.to_string());
    let own: u64 = own.expect("it has a counterpart").1.parse().unwrap();
    assert!(!others.contains(&own), "{own} is another firm");
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Gamma"));
    assert_eq!(firm.hubspot.company_property(own, "name").as_deref(), Some("Gamma"));
    assert_eq!(firm.asked().await, []);
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_was_merged_away_before_it_had_a_partner_is_no_candidate() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\n");
    firm.linked("Kotwica", &vat(9)).await;
    let (old, other) = (firm.company("Alfa", Some(&vat(1))), firm.company("Beta", Some(&vat(2))));
    firm.reconcile().await;
    // The first one's values win: nobody there has the other's number any more.
    let merged = firm.hubspot.merge_companies(other, old).unwrap();
    firm.reconcile().await;
    let gamma = firm.client("Gamma", Some(&vat(1)));
    stands_alone(&firm, gamma, &[old, other, merged]).await;
}

#[tokio::test]
async fn what_a_pair_left_behind_in_a_merge_is_no_candidate() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\n");
    let (alfa, old) = firm.linked("Alfa", &vat(1)).await;
    let other = firm.company("Beta", Some(&vat(2)));
    firm.reconcile().await;
    let merged = firm.hubspot.merge_companies(old, other).unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    firm.hubspot.edit_company(merged, "vat_number", &vat(3));
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.client_text(alfa, "vatNumber"), Some(vat(3)));
    let gamma = firm.client("Gamma", Some(&vat(1)));
    stands_alone(&firm, gamma, &[old, other, merged]).await;
}

#[tokio::test]
async fn who_stands_at_the_company_that_a_pair_goes_on_as_is_not_made_a_second_time() {
    let clock = clock();
    let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
    let odoo = Arc::new(OdooServer::furnished(clock.clone()));
    let firm = Firm::made(clock, FlowtlyOptions::default(), odoo, idle, "");
    firm.linked("Kotwica", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    // Odoo does not tell what was merged into what: one is gone, and another shows its number.
    let other = firm.company("Alfa", Some(&vat(1)));
    let jan = [(Property::FirstName, "Jan"), (Property::LastName, "Kowalski"), (Property::Email, "jan@alfa.pl")];
    let there = firm.crm.add(Kind::Contact, &jan, Some(other));
    assert!(firm.crm.remove(Kind::Company, company));
    let here = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    for _ in 0..3 {
        firm.reconcile().await;
    }
    let pair = |one: u64, two: u64| (one.to_string(), two.to_string());
    assert!(firm.pairs(Kind::Company).await.contains(&pair(client, other)));
    assert_eq!(firm.pairs(Kind::Contact).await, [pair(here, there)]);
    assert_eq!(firm.crm.ids(Kind::Contact), [there]);
}
