//! Contacts that change their company.

use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sync::pass::Ending;

use crate::firm::{Firm, vat};

fn home(firm: &Firm, contact: u64) -> Option<String> {
    firm.contact_text(contact, "client")?.rsplit('/').next().map(str::to_owned)
}

#[tokio::test]
async fn a_contact_that_moves_with_an_edit_of_the_other_side_keeps_both() {
    let firm = Firm::new();
    let (alfa, _) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let jan = firm.person(alfa, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let crm: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.flowtly.edit_contact(jan, "client", beta);
    firm.hubspot.edit_contact(crm, "jobtitle", "CEO");
    firm.reconcile().await;
    assert_eq!(home(&firm, jan), Some(beta.to_string()));
    assert_eq!(firm.contact_text(jan, "title").as_deref(), Some("CEO"));
    assert!(firm.hubspot.contact(crm).unwrap()["associations"].to_string().contains(&two.to_string()));
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_contact_that_moves_to_a_company_outside_the_scope_is_kept_and_follows_when_it_enters() {
    let firm = Firm::configured("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n");
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let lead = firm.company("Beta", Some(&vat(2)));
    firm.hubspot.edit_company(lead, "lifecyclestage", "lead");
    let jan = firm.person(alfa, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let crm: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.disassociate(crm, one);
    firm.hubspot.associate(crm, lead, true);
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count()), (1, 1));
    assert_eq!(home(&firm, jan), Some(alfa.to_string()), "a company that is not linked takes nobody away");
    firm.assert_settled().await;
    firm.hubspot.edit_company(lead, "lifecyclestage", "customer");
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.flowtly.contact_count(), firm.hubspot.contact_count()), (2, 1, 1));
    let beta = firm.pairs(Kind::Company).await.into_iter().find(|(_, crm)| *crm == lead.to_string()).unwrap().0;
    assert_eq!(home(&firm, jan), Some(beta));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_contact_that_both_sides_move_elsewhere_is_a_conflict_and_stays_where_each_side_put_it() {
    let firm = Firm::new();
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let (beta, _) = firm.linked("Beta", &vat(2)).await;
    let (_, three) = firm.linked("Gamma", &vat(3)).await;
    let jan = firm.person(alfa, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let crm: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.flowtly.edit_contact(jan, "client", beta);
    firm.hubspot.disassociate(crm, one);
    firm.hubspot.associate(crm, three, true);
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "{report:?}");
    assert_eq!(firm.disputed().await, [flowtly_sync::domain::field::Field::Parent]);
    assert_eq!(home(&firm, jan), Some(beta.to_string()));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_person_who_leaves_one_of_two_firms_and_comes_back_is_the_contact_that_he_was() {
    let firm = Firm::configured("[rules.contact]\ngone = \"unlink\"\n");
    let (_, one) = firm.linked("Alfa", &vat(1)).await;
    let (_, two) = firm.linked("Beta", &vat(2)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    let jan = firm.hubspot.add_contact(&properties, Some(one));
    firm.hubspot.associate(jan, two, false);
    firm.reconcile().await;
    assert_eq!(firm.flowtly.contact_count(), 2);
    firm.hubspot.disassociate(jan, two);
    firm.reconcile().await;
    firm.hubspot.edit_contact(jan, "jobtitle", "CEO");
    firm.reconcile().await;
    firm.assert_settled().await;
    firm.hubspot.associate(jan, two, false);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (2, 1));
    assert_eq!(firm.pairs(Kind::Contact).await.len(), 2);
    assert!(firm.flowtly.contacts().iter().all(|contact| contact["title"] == "CEO"), "he is in sync at both");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_person_who_comes_back_to_a_firm_that_an_older_link_holds_is_asked_about_once() {
    let firm = Firm::new();
    let (client, one) = firm.linked("Alfa", &vat(1)).await;
    let (_, two) = firm.linked("Beta", &vat(2)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    let jan = firm.hubspot.add_contact(&properties, Some(one));
    let person = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    // The link cannot follow him to the other firm: its contact in Flowtly is gone.
    firm.flowtly.remove_contact(person);
    assert!(firm.hubspot.disassociate(jan, one) && firm.hubspot.associate(jan, two, true));
    firm.reconcile().await;
    assert!(firm.hubspot.associate(jan, one, false));
    for _ in 0..3 {
        firm.reconcile().await;
    }
    assert_eq!(firm.asked().await, [Asks::Duplicate]);
    let report = firm.assert_at_rest().await;
    assert_eq!((report.ending, report.put_off), (Ending::Applied, 0), "nothing is planned again and again");
}

#[tokio::test]
async fn a_person_of_two_firms_whose_contact_moves_to_the_second_one_is_not_made_there_again() {
    let firm = Firm::configured("[rules.contact]\nconflict = \"flowtly\"\n");
    let (alfa, one) = firm.linked("Alfa", &vat(1)).await;
    let (beta, two) = firm.linked("Beta", &vat(2)).await;
    let properties = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@alfa.pl")];
    let anna = firm.hubspot.add_contact(&properties, Some(one));
    firm.reconcile().await;
    let person = firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    assert_eq!(home(&firm, person), Some(alfa.to_string()));
    // No key says any more that the contact of the second firm is the one that moved there.
    firm.hubspot.associate(anna, two, false);
    firm.hubspot.edit_contact(anna, "email", "anna.nowak@example.com");
    firm.flowtly.edit_contact(person, "email", "a.nowak@beta.pl");
    firm.flowtly.edit_contact(person, "client", beta);
    for _ in 0..3 {
        assert_eq!(firm.reconcile().await.ending, Ending::Applied);
    }
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    assert_eq!(home(&firm, person), Some(beta.to_string()));
    assert_eq!(firm.hubspot.contact_property(anna, "email").as_deref(), Some("a.nowak@beta.pl"));
    assert_eq!(firm.asked().await, []);
    firm.assert_settled().await;
}
