//! Properties that vanish or change their place: never a blank, never an overwrite, never a storm.

use std::time::Duration;

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::ObjectType;

use crate::firm::{Firm, vat};

/// Longer than the overlap of incremental reads.
const LATER: Duration = Duration::from_hours(3);

async fn with_phone(firm: &Firm) -> (u64, u64) {
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.flowtly.edit_client(client, "addressCity", "Warszawa");
    firm.reconcile().await;
    firm.assert_settled().await;
    (client, company)
}

#[tokio::test]
async fn accident_13_a_property_that_is_removed_blanks_nothing() {
    let firm = Firm::new();
    let (client, company) = with_phone(&firm).await;
    assert!(firm.hubspot.remove_property(ObjectType::Company, "phone"));
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "{report:?}");
    assert_eq!(report.missing.len(), 1, "it is told");
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"));
    // Everything else goes on, the field itself rests.
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 222 22 22");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_13_a_property_that_is_hidden_for_a_while_blanks_nothing_and_edits_travel_when_it_is_back() {
    let firm = Firm::new();
    let (client, company) = with_phone(&firm).await;
    assert!(firm.hubspot.hide_property(ObjectType::Company, "phone"));
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 222 22 22");
    firm.reconcile().await;
    firm.assert_settled().await;
    assert!(firm.hubspot.show_property(ObjectType::Company, "phone"));
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 222 22 22"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 222 22 22"));
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_13_part_of_an_address_that_is_hidden_makes_the_whole_address_unknown() {
    let firm = Firm::new();
    let (client, company) = with_phone(&firm).await;
    assert!(firm.hubspot.hide_property(ObjectType::Company, "city"));
    firm.flowtly.edit_client(client, "addressStreetLine", "Prosta");
    assert_eq!(firm.reconcile().await.written, 0);
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Warszawa"));
    assert!(firm.hubspot.show_property(ObjectType::Company, "city"));
    firm.reconcile().await;
    assert!(firm.hubspot.company_property(company, "address").unwrap().contains("Prosta"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_13_a_field_that_is_mapped_to_another_property_starts_anew() {
    let mut firm = Firm::new();
    let (client, company) = with_phone(&firm).await;
    firm.hubspot.add_property(ObjectType::Company, "phone_2");
    firm.hubspot.edit_company(company, "phone_2", "+48 22 999 99 99");
    firm.reconfigure("[mapping.company]\nphone = \"phone_2\"\n");
    let report = firm.reconcile().await;
    assert_eq!((report.written, report.totals.conflicts), (0, 1), "different at first sight: {report:?}");
    assert_eq!(firm.disputed().await, [Field::Phone]);
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"));
    assert_eq!(firm.hubspot.company_property(company, "phone_2").as_deref(), Some("+48 22 999 99 99"));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_13_a_field_that_is_mapped_to_an_empty_property_fills_it_and_blanks_nothing() {
    let mut firm = Firm::new();
    let (client, company) = with_phone(&firm).await;
    firm.hubspot.add_property(ObjectType::Company, "phone_2");
    firm.reconfigure("[mapping.company]\nphone = \"phone_2\"\n");
    let report = firm.reconcile().await;
    assert_eq!((report.written, report.totals.blanked.len()), (1, 0), "{report:?}");
    assert_eq!(firm.hubspot.company_property(company, "phone_2").as_deref(), Some("+48 22 111 11 11"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_13_a_field_that_is_added_to_the_mapping_fills_and_asks_but_overwrites_nothing() {
    let mut firm = Firm::new();
    let (_, company) = with_phone(&firm).await;
    let (other, second) = firm.linked("Beta", &vat(2)).await;
    firm.hubspot.add_property(ObjectType::Company, "comment");
    firm.flowtly.edit_client(other, "invoiceComment", "ours");
    firm.hubspot.edit_company(second, "comment", "theirs");
    firm.hubspot.edit_company(company, "comment", "filled");
    firm.reconcile().await;
    firm.reconfigure("[mapping.company]\ninvoice_comment = \"comment\"\n");
    let report = firm.reconcile().await;
    assert_eq!((report.written, report.totals.conflicts), (1, 1), "{report:?}");
    assert_eq!(firm.client_text(other, "invoiceComment").as_deref(), Some("ours"));
    assert_eq!(firm.hubspot.company_property(second, "comment").as_deref(), Some("theirs"));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_13_a_field_that_is_taken_out_of_the_mapping_blanks_nothing() {
    let mut firm = Firm::new();
    let (client, company) = with_phone(&firm).await;
    firm.reconfigure("[mapping.company]\nphone = false\n");
    assert_eq!(firm.reconcile().await.written, 0);
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"));
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 111 11 11"));
    firm.assert_settled().await;
    // An edit while it was out is found when it is back.
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 222 22 22");
    firm.reconcile().await;
    firm.reconfigure("");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 222 22 22"));
    firm.assert_settled().await;
}

/// The country in which numbers are dialled changes every normal form of a number without one, as a release may.
#[tokio::test]
async fn accident_13_another_normal_form_of_telephone_numbers_moves_nothing() {
    let mut firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "22 111 11 11");
    firm.reconcile().await;
    firm.hubspot.edit_company(company, "phone", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.assert_settled().await;
    for (from, to) in [("PL", "DE"), ("DE", ""), ("", "PL")] {
        firm.change_base(&format!("region = \"{from}\""), &format!("region = \"{to}\""));
        let report = firm.reconcile().await;
        assert_eq!((report.written, report.totals.conflicts), (0, 0), "to {to:?}: {report:?}");
        firm.assert_settled().await;
    }
}

#[tokio::test]
async fn accident_13_a_name_that_the_schema_does_not_tell_doubles_nothing() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    firm.client("Alfa", None);
    firm.company("Alfa", None);
    // The property is there and can be written; only what is read of the schema lacks it.
    let without_name = |said: &str| said.replacen(r#""name":"name""#, r#""name":"nameless""#, 1);
    firm.meddling.distort(Side::Crm, "/crm/properties/2026-03/companies", without_name);
    let report = firm.beat().await;
    assert_eq!(report.missing.len(), 1, "it is told");
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (2, 2), "{report:?}");
    // What was read without its name is read again when there is one.
    firm.meddling.distort_nothing();
    firm.wait(LATER);
    firm.beat().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (2, 2));
    assert_eq!(firm.pairs(Kind::Company).await.len(), 2);
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_13_a_hidden_tax_number_joins_no_namesakes() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = (firm.client("Alfa", Some(&vat(1))), firm.company("Alfa", Some(&vat(2))));
    assert!(firm.hubspot.hide_property(ObjectType::Company, "vat_number"));
    firm.beat().await;
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1);
    assert!(firm.hubspot.show_property(ObjectType::Company, "vat_number"));
    firm.wait(LATER);
    firm.beat().await;
    assert!(!firm.pairs(Kind::Company).await.contains(&(client.to_string(), company.to_string())));
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (3, 3), "two firms, each with its partner");
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_13_a_hidden_address_doubles_no_contact() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    assert!(firm.hubspot.hide_property(ObjectType::Contact, "email"));
    firm.beat().await;
    assert!(firm.hubspot.show_property(ObjectType::Contact, "email"));
    firm.wait(LATER);
    firm.beat().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    assert_eq!(firm.pairs(Kind::Contact).await.len(), 1);
    firm.assert_settled().await;
}
