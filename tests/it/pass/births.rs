//! Who may be created, and who not.

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::Asks;
use serde_json::json;

use crate::firm::{Firm, vat};

#[tokio::test]
async fn a_company_without_a_country_is_not_eligible_where_no_default_is_configured_and_the_others_go_on() {
    let mut firm = Firm::new();
    firm.change_base("country = \"PL\", ", "");
    let lacking = firm.hubspot.add_company(&[("name", "Ohne Land")]);
    firm.company("Alfa", Some(&vat(1)));
    let report = firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 1, "{report:?}");
    assert_eq!(firm.flowtly.clients()[0]["name"], "Alfa");
    assert!(report.certificate.unlinked.keys().any(|reason| reason.contains("not eligible, missing country")));
    assert_eq!(report.waiting, (0, 0, 0), "counted and explained, not a failure");
    firm.assert_settled().await;
    firm.hubspot.edit_company(lacking, "country", "Germany");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 2);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_contact_without_an_address_is_not_eligible_until_it_has_one() {
    let firm = Firm::new();
    let (_, company) = firm.linked("Alfa", &vat(1)).await;
    let jan = firm.hubspot.add_contact(&[("firstname", "Jan"), ("lastname", "Kowalski")], Some(company));
    let report = firm.reconcile().await;
    assert_eq!(firm.flowtly.contact_count(), 0);
    assert!(report.certificate.unlinked.keys().any(|reason| reason.contains("missing email")), "{report:?}");
    firm.assert_settled().await;
    firm.hubspot.edit_contact(jan, "email", "jan@alfa.pl");
    firm.beat().await;
    assert_eq!(firm.flowtly.contact_count(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn two_records_of_one_tax_number_on_one_side_are_asked_about() {
    let firm = Firm::new();
    let client = firm.client("Alfa", Some(&vat(1)));
    firm.company("Alfa", Some(&vat(1)));
    firm.company("Alfa Oddział", Some(&vat(1)));
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0);
    assert!(firm.links().await.is_empty());
    let of_client = firm.questions().await.into_iter().find(|q| q.question.subject.id.as_str() == client.to_string());
    assert_eq!(of_client.unwrap().question.asks, Asks::WhichOf);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn nothing_is_created_where_the_rules_forbid_it_and_matching_still_links() {
    let firm = Firm::configured("[rules.company]\ncreate_in_flowtly = false\ncreate_in_crm = false\n");
    firm.client("Alfa", Some(&vat(1)));
    firm.company("Beta", Some(&vat(2)));
    firm.client("Gamma", Some(&vat(3)));
    firm.company("Gamma", Some(&vat(3)));
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count(), firm.links().await.len()), (2, 2, 1));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_refused_create_waits_and_a_repaired_one_is_tried_at_once() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let fields = json!({"name": "Jan Kowalski", "email": "no address", "type": "main"});
    let jan = firm.flowtly.add_contact(client, &fields);
    firm.reconcile().await;
    let report = firm.reconcile().await;
    if firm.hubspot.contact_count() == 0 {
        assert_eq!(report.waiting.2, 1, "{report:?}");
    }
    firm.flowtly.edit_contact(jan, "email", "jan@alfa.pl");
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 1);
    assert_eq!(firm.refusals().await, Vec::<String>::new());
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_a_birth_leaves_to_decide_is_listed_and_not_only_counted() {
    // Nothing of the address may go to HubSpot, and Flowtly cannot do without one: a person has to say what it is.
    let rule = "[rules.contact.fields]\nemail = { direction = \"to-flowtly\", drift = \"correct\" }\n";
    let firm = Firm::configured(rule);
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 1);
    let report = firm.reconcile().await;
    assert_eq!((report.certificate.waiting, report.waiting.0), (1, 1), "{:?}", report.certificate);
    assert_eq!(firm.disputed().await, [Field::Email]);
    firm.assert_at_rest().await;
}
