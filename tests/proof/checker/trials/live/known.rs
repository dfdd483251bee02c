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
    a_write_to_an_id_that_was_merged_away_overwrites_the_survivor,
    what_a_merge_brought_counts_as_agreed,
    an_edit_between_a_create_and_its_read_back_counts_as_agreed,
    an_ignored_part_of_a_composite_counts_as_agreed,
}

async fn a_write_to_an_id_that_was_merged_away_overwrites_the_survivor() -> Result<(), String> {
    let (watched, client, company) =
        Watched::alfa(Firm::configured("[rules.company]\ncreate_in_flowtly = false\n")).await;
    let other = watched.act(|firm| firm.company("Alpha Ltd", None));
    watched.act(|firm| firm.hubspot.edit_company(other, "city", "Warszawa"));
    watched.rest().await;
    watched.act(|firm| firm.hubspot.merge_companies(company, other));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    tells(&watched.evidence().await, "no_edit_is_lost", "the history has no word of it")
}

async fn what_a_merge_brought_counts_as_agreed() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    let company = watched.act(|firm| firm.company("Alfa", Some(&vat(1))));
    watched.pass().await;
    // That both telephones are blank is to be agreed in the next pass.
    let other = watched.act(|firm| firm.company("Alpha Ltd", None));
    watched.act(|firm| firm.hubspot.edit_company(other, "phone", "+48 22 123 45 67"));
    watched.act(|firm| firm.hubspot.merge_companies(company, other));
    watched.rest().await;
    tells(&watched.evidence().await, "both_sides_agree", "phone of")
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
