//! Persons of several firms, and the contacts of companies that merge: what a review on paper found.

use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sync::pass::Ending;
use http::Method;
use serde_json::json;

use crate::firm::{Firm, vat};
use crate::meddle::Moment;

/// Jan is a contact of two linked firms. Returns the companies and the person.
async fn jan_at_two_firms(firm: &Firm) -> (u64, u64, u64) {
    let (_, one) = firm.linked("Alfa", &vat(1)).await;
    let (_, two) = firm.linked("Beta", &vat(2)).await;
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    let jan = firm.hubspot.add_contact(&properties, Some(one));
    firm.hubspot.associate(jan, two, false);
    firm.reconcile().await;
    assert_eq!(firm.flowtly.contact_count(), 2);
    (one, two, jan)
}

#[tokio::test]
async fn accident_18_a_person_who_leaves_both_firms_one_after_the_other_stops_no_pass() {
    let firm = Firm::new();
    let (one, two, jan) = jan_at_two_firms(&firm).await;
    for company in [two, one] {
        firm.hubspot.disassociate(jan, company);
        assert_ne!(firm.reconcile().await.ending, Ending::Refused);
    }
    firm.hubspot.edit_contact(jan, "jobtitle", "CEO");
    firm.reconcile().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (2, 1), "nothing is doubled or deleted");
    let writes = firm.writes();
    firm.reconcile().await;
    assert_eq!(firm.writes(), writes, "a further pass writes nothing");
}

#[tokio::test]
async fn accident_18_a_person_who_leaves_both_firms_at_once_and_comes_back_is_who_he_was() {
    let firm = Firm::new();
    let (one, two, jan) = jan_at_two_firms(&firm).await;
    firm.hubspot.disassociate(jan, one);
    firm.hubspot.disassociate(jan, two);
    firm.reconcile().await;
    firm.hubspot.edit_contact(jan, "jobtitle", "CEO");
    firm.reconcile().await;
    firm.hubspot.associate(jan, one, true);
    firm.hubspot.associate(jan, two, false);
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (2, 1));
    assert_eq!(firm.pairs(Kind::Contact).await.len(), 2);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_10_a_partner_that_appears_while_many_are_created_is_never_doubled_by_a_later_group() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(90)).await;
    // Far more than one group of creates; the last one is the one that a colleague enters meanwhile.
    for n in 1..=12 {
        firm.company(&format!("Firma {n}"), Some(&vat(n)));
    }
    let flowtly = firm.flowtly.clone();
    let number = vat(12);
    firm.meddling.at(Side::Flowtly, Method::GET, "/client-contacts?", Moment::After, move || {
        flowtly.add_client(&json!({
            "name": "Firma 12", "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active",
            "tinType": "vat", "vatNumber": number, "documentsLanguage": "pl", "dueDays": 14,
        }));
    });
    firm.reconcile().await;
    assert!(firm.meddling.is_done());
    assert_eq!(firm.flowtly.client_count(), 13, "no second create in any group");
    firm.reconcile().await;
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_08_the_contacts_of_a_company_that_absorbs_a_linked_one_come_too() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let other = firm.company("Alfa Holding", None);
    let properties = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(other));
    firm.reconcile().await;
    assert_eq!(firm.flowtly.contact_count(), 0, "her company has no partner");
    let survivor = firm.hubspot.merge_companies(company, other).unwrap();
    for _ in 0..3 {
        firm.reconcile().await;
    }
    assert_eq!(firm.pairs(Kind::Company).await, [(client.to_string(), survivor.to_string())]);
    assert_eq!(firm.flowtly.contact_count(), 1, "she is a contact of the client now");
    firm.assert_settled().await;
}
