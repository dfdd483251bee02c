//! What the engine is known to leave behind that is not clean. A trial fails as soon as its cause is mended: then it moves to
//! `clean`, and demands the opposite.

use flowtly_sync::domain::record::Side;
use flowtly_sync::sandbox::Manner;
use http::Method;

use super::super::tells;
use super::live;
use super::watched::Watched;
use crate::firm::{Firm, vat};
use crate::meddle::Moment;

live! {
    an_edit_between_a_create_and_its_read_back_counts_as_agreed,
    an_ignored_part_of_a_composite_counts_as_agreed,
}

async fn an_edit_between_a_create_and_its_read_back_counts_as_agreed() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    let client = watched.act(|firm| firm.client("Alfa", Some(&vat(1))));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    let (journal, hubspot) = (watched.journal.clone(), watched.firm.hubspot.clone());
    watched.firm.meddling.at(Side::Crm, Method::POST, "companies/batch/create", Moment::After, move || {
        let id = hubspot.companies()[0]["id"].as_str().unwrap().parse().unwrap();
        journal.act(|| hubspot.edit_company(id, "zip", "31-001"));
    });
    watched.rest().await;
    tells(&watched.evidence().await, "both_sides_agree", "address of")
}

async fn an_ignored_part_of_a_composite_counts_as_agreed() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    watched.firm.hubspot.manners().set("companies", "city", Manner::Ignore);
    let client = watched.act(|firm| firm.client("Alfa", Some(&vat(1))));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressStreetLine", "Prosta"));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    tells(&watched.evidence().await, "both_sides_agree", "address of")
}
