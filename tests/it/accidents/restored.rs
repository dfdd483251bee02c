//! Backups that come back, on any of the three sides, and links that were cut.

use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::store::link::LinkState;
use flowtly_sync::sync::pass::{Ending, Request};

use crate::firm::{Firm, vat};

#[tokio::test]
async fn accident_12_after_unlink_the_partner_of_a_deleted_company_is_not_recreated() {
    let firm = Firm::configured("[rules.company]\ngone = \"unlink\"\n");
    firm.linked("Zeta", &vat(9)).await;
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.archive_company(company);
    firm.hubspot.purge(flowtly_sync::sandbox::ObjectType::Company, company);
    firm.reconcile().await;
    let link = firm.links().await.into_iter().find(|link| link.flowtly_id.as_str() == client.to_string()).unwrap();
    assert_eq!(link.state, LinkState::Tombstone);
    assert_eq!(firm.hubspot.company_count(), 1);
    firm.assert_settled().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_count(), 1, "an edit does not bring it back either");
    assert!(firm.flowtly.client(client).is_some());
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_15_a_flowtly_that_came_back_with_another_firm_under_the_same_number_is_a_question() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "name", "Omega");
    firm.flowtly.edit_client(client, "vatNumber", vat(2));
    firm.flowtly.edit_client(client, "tin", vat(2).trim_start_matches("PL"));
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let report = firm.reconcile().await;
    assert_eq!(report.written, 0, "nothing of it is written: {report:?}");
    assert_eq!(firm.asked().await, [Asks::StillTheSame]);
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa"));
    firm.assert_at_rest().await;
    // Support repairs it: the question closes itself, and what is left travels.
    firm.flowtly.edit_client(client, "name", "Alfa");
    firm.flowtly.edit_client(client, "vatNumber", vat(1));
    firm.flowtly.edit_client(client, "tin", vat(1).trim_start_matches("PL"));
    firm.reconcile().await;
    assert_eq!(firm.asked().await, []);
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn accident_15_a_state_that_was_restored_links_again_and_overwrites_nothing() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let backup = firm.state().with_extension("backup");
    std::fs::copy(firm.state(), &backup).unwrap();
    let client = firm.client("Alfa", Some(&vat(1)));
    firm.reconcile().await;
    let company: u64 = firm.hubspot.companies()[1]["id"].as_str().unwrap().parse().unwrap();
    std::fs::copy(&backup, firm.state()).unwrap();
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "city", "Gdańsk");
    // Our id in a company that this state never wrote: it has to prove itself again.
    let report = firm.pass(Request { complete: true, ..Request::default() }).await.unwrap();
    assert_eq!(report.ending, Ending::Refused);
    assert_eq!(report.refusals[0].name, RefusalName::FirstPass);
    firm.reconcile().await;
    assert_eq!((firm.hubspot.company_count(), firm.flowtly.client_count()), (2, 2));
    assert!(firm.pairs(Kind::Company).await.contains(&(client.to_string(), company.to_string())));
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Gdańsk"));
    firm.assert_at_rest().await;
}
