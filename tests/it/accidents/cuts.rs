//! A long name that one system cuts.

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::Reason;
use flowtly_sync::sandbox::Manner;

use crate::firm::{Firm, vat};

const DECLARED: &str = "[mapping.company]\nname = { whole = \"name\", max_length = 255 }\n";

#[tokio::test]
async fn accident_06_a_cut_copy_that_is_edited_is_a_conflict_and_the_long_name_survives() {
    let firm = Firm::configured(DECLARED);
    firm.hubspot.manners().set("companies", "name", Manner::Cut(255));
    let long = "Ą".repeat(300);
    let client = firm.client(&long, Some(&vat(1)));
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 1);
    let company = firm.hubspot.companies()[0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(firm.hubspot.company_property(company, "name").unwrap().chars().count(), 255);
    firm.assert_settled().await;
    assert_eq!(firm.client_text(client, "name").as_deref(), Some(long.as_str()), "the cut copy does not travel back");

    firm.hubspot.edit_company(company, "name", &format!("X{}", "Ą".repeat(254)));
    let report = firm.reconcile().await;
    assert_eq!((report.totals.conflicts, report.written), (1, 0));
    let waiting = firm.conflicts().await.remove(0);
    assert_eq!((waiting.conflict.field, waiting.reason), (Field::Name, Reason::CutCopyMoved));
    assert_eq!(firm.client_text(client, "name").as_deref(), Some(long.as_str()));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn accident_06_a_long_name_that_is_edited_where_it_is_whole_is_cut_again() {
    let firm = Firm::configured(DECLARED);
    firm.hubspot.manners().set("companies", "name", Manner::Cut(255));
    let client = firm.client(&"Ą".repeat(300), Some(&vat(1)));
    firm.reconcile().await;
    let longer = format!("Nowa {}", "Ą".repeat(300));
    firm.flowtly.edit_client(client, "name", longer.as_str());
    firm.reconcile().await;
    let company = firm.hubspot.companies()[0]["id"].as_str().unwrap().parse().unwrap();
    assert!(firm.hubspot.company_property(company, "name").unwrap().starts_with("Nowa "));
    assert_eq!(firm.client_text(client, "name").as_deref(), Some(longer.as_str()));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_name_of_300_characters_is_carried_whole_where_no_system_cuts() {
    let firm = Firm::new();
    let long = "Ż".repeat(300);
    let client = firm.client(&long, Some(&vat(1)));
    let company = firm.company(&long, None);
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 1, "recognised by name and country");
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some(long.as_str()));
    assert_eq!(firm.client_text(client, "name").as_deref(), Some(long.as_str()));
    firm.assert_settled().await;
}

#[tokio::test]
async fn an_undeclared_cut_is_settled_once_and_never_travels_back() {
    let firm = Firm::new();
    firm.hubspot.manners().set("companies", "name", Manner::Cut(100));
    let long = "Ą".repeat(300);
    let client = firm.client(&long, Some(&vat(1)));
    firm.reconcile().await;
    firm.assert_settled().await;
    assert_eq!(firm.client_text(client, "name").as_deref(), Some(long.as_str()));
}
