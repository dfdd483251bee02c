//! What the engine leaves behind is clean.

use std::time::Duration;

use chrono::DateTime;
use flowtly_sync::domain::plan::Conflict;
use flowtly_sync::domain::planner::{Choice, Decision};
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::value::Text;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, HubSpotOptions, Manner, ObjectType, When};
use flowtly_sync::store::todo::{self, Subject, Why};
use flowtly_sync::store::waiting;
use http::Method;
use serde_json::Value;

use super::super::super::evidence::{self, Rec};

use super::super::{check, lines};
use super::live;
use super::watched::Watched;
use crate::crash;
use crate::firm::{Firm, vat};
use crate::meddle::Moment;

live! {
    a_first_load_of_both_sides,
    edits_of_a_week,
    a_conflict_that_waits,
    a_conflict_that_a_rule_decides,
    a_conflict_that_a_person_decides,
    a_one_way_field_that_drifts,
    a_refused_record,
    a_create_whose_reply_is_lost,
    haste_and_overload,
    an_ignored_field,
    a_declared_cut,
    an_edit_in_the_middle_of_a_pass,
    merges_archives_and_removals,
    one_person_at_two_firms,
    a_scope,
    a_lagging_index,
    what_a_merge_brought_is_not_overwritten,
    what_a_merge_brought_travels,
    an_edit_between_a_create_and_its_read_back_travels,
    an_ignored_part_of_a_composite,
    an_edit_between_an_update_and_its_read_back_travels,
    an_ignored_part_of_a_composite_in_an_update,
    the_scenarios_of_the_crashes,
}

async fn the_scenarios_of_the_crashes() -> Result<(), String> {
    let mut problems = Vec::new();
    for scenario in crash::all() {
        let watched = Watched::new((scenario.firm)().await);
        // What people do in the middle of a pass there is not written down.
        if !watched.firm.meddling.is_done() {
            continue;
        }
        watched.rest().await;
        let told = check(&watched.evidence().await);
        if !told.is_empty() {
            problems.push(format!("{}: {}", scenario.name, lines(&told)));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

async fn a_first_load_of_both_sides() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    watched.act(|firm| {
        for n in 1..=3 {
            let client = firm.client(&format!("Firma {n}"), Some(&vat(n)));
            firm.person(client, &format!("Jan {n}"), &format!("jan@firma{n}.pl"));
            let company = firm.company(&format!("Spółka {n}"), Some(&vat(n + 10)));
            let person = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", &*format!("anna@spolka{n}.pl"))];
            firm.hubspot.add_contact(&person, Some(company));
        }
    });
    watched.rest().await;
    watched.is_clean().await
}

async fn edits_of_a_week() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.act(|firm| firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67"));
    watched.rest().await;
    watched.act(|firm| firm.hubspot.edit_company(company, "address", "ul. Prosta 51/3"));
    watched.act(|firm| firm.flowtly.edit_client(client, "name", "ALFA"));
    watched.act(|firm| firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67 ext. 5"));
    let person = watched.firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    watched.act(|firm| firm.flowtly.edit_contact(person, "name", "Jan van der Berg"));
    watched.rest().await;
    watched.act(|firm| firm.flowtly.edit_client(client, "addressPhoneNumber", Value::Null));
    watched.act(|firm| firm.hubspot.edit_company(company, "city", ""));
    watched.rest().await;
    watched.is_clean().await
}

async fn a_conflict_that_waits() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "name", "Alfa Polska"));
    watched.act(|firm| firm.hubspot.edit_company(company, "name", "Alfa Europe"));
    watched.act(|firm| firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67"));
    watched.rest().await;
    watched.is_clean().await
}

async fn a_conflict_that_a_rule_decides() -> Result<(), String> {
    let rule = "[rules.company.fields]\nname = { conflict = \"crm\" }\n";
    let (watched, client, company) = Watched::alfa(Firm::configured(rule)).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "name", "Alfa Polska"));
    watched.act(|firm| firm.hubspot.edit_company(company, "name", "Alfa Europe"));
    watched.rest().await;
    watched.is_clean().await
}

async fn a_conflict_that_a_person_decides() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    let own = Choice::Text(Text::whole("Alfa World"));
    for (number, choice, typed) in [(1, Choice::Side(Side::Crm), None), (2, own, Some("Alfa World"))] {
        watched.act(|firm| firm.flowtly.edit_client(client, "name", format!("Alfa Polska {number}")));
        watched.act(|firm| firm.hubspot.edit_company(company, "name", &format!("Alfa Europe {number}")));
        watched.rest().await;
        let conflict = watched.firm.conflicts().await.remove(0);
        let Conflict { flowtly, crm, .. } = conflict.conflict;
        let mut store = watched.firm.store().await;
        let decision = Decision { choice, flowtly, crm };
        waiting::decide(store.connection(), conflict.id, &decision).await.unwrap();
        todo::arm(
            store.connection(),
            Kind::Company,
            &[Subject::Link(conflict.link)],
            Why::Decided,
            Some(DateTime::UNIX_EPOCH),
        )
        .await
        .unwrap();
        store.close().await.unwrap();
        watched.journal.decided(Rec::new(evidence::Side::Crm, evidence::Kind::Company, company.to_string()), typed);
        watched.rest().await;
    }
    watched.is_clean().await
}

async fn a_one_way_field_that_drifts() -> Result<(), String> {
    let rule = "[rules.company.fields]\nphone = { direction = \"to-crm\" }\naddress = { direction = \"to-crm\", drift = \"correct\" }\n";
    let (watched, client, company) = Watched::alfa(Firm::configured(rule)).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67"));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    watched.act(|firm| firm.hubspot.edit_company(company, "phone", "+48 22 765 43 21"));
    watched.act(|firm| firm.hubspot.edit_company(company, "city", "Gdańsk"));
    watched.rest().await;
    watched.is_clean().await
}

async fn a_refused_record() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    watched.firm.flowtly.faults().when(When::always().method(Method::PATCH), refusal);
    watched.act(|firm| firm.hubspot.edit_company(company, "city", "Kraków"));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67"));
    watched.rest().await;
    watched.is_clean().await
}

async fn a_create_whose_reply_is_lost() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    watched.act(|firm| {
        firm.client("Alfa", Some(&vat(1)));
        firm.company("Beta", Some(&vat(2)));
    });
    for faults in [watched.firm.flowtly.faults(), watched.firm.hubspot.faults()] {
        faults.when(When::always().method(Method::POST).path("/clients").times(1), Fault::DropAfter);
        let create = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1);
        faults.when(create, Fault::TimeOut { carried_out: true });
    }
    watched.rest().await;
    watched.is_clean().await
}

async fn haste_and_overload() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.hubspot.edit_company(company, "city", "Kraków"));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67"));
    let haste = Fault::Refusal { status: 429, retry_after: Some("1".to_owned()) };
    watched.firm.hubspot.faults().when(When::always().method(Method::POST).times(3), haste);
    watched.firm.flowtly.faults().when(When::always().method(Method::PATCH).times(2), Fault::Gateway(503));
    watched.firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), Fault::Html);
    watched.rest().await;
    watched.is_clean().await
}

async fn an_ignored_field() -> Result<(), String> {
    let (watched, client, _) = Watched::alfa(Firm::new()).await;
    watched.firm.hubspot.manners().set("companies", "phone", Manner::Ignore);
    watched.act(|firm| firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11"));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    watched.is_clean().await
}

async fn a_declared_cut() -> Result<(), String> {
    let cut = "[mapping.company]\nname = { whole = \"name\", max_length = 20 }\n";
    let (watched, client, company) = Watched::alfa(Firm::configured(cut)).await;
    watched.firm.hubspot.manners().set("companies", "name", Manner::Cut(20));
    watched.act(|firm| firm.flowtly.edit_client(client, "name", format!("Alfa {}", "długa ".repeat(10).trim())));
    watched.rest().await;
    watched.is_clean().await?;
    watched.act(|firm| firm.hubspot.edit_company(company, "name", "Alfa długa dłuższa"));
    watched.rest().await;
    watched.is_clean().await
}

async fn an_edit_in_the_middle_of_a_pass() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.hubspot.edit_company(company, "city", "Kraków"));
    for (moment, city) in [(Moment::Before, "Gdańsk"), (Moment::After, "Sopot")] {
        let (journal, flowtly) = (watched.journal.clone(), watched.firm.flowtly.clone());
        watched.firm.meddling.at(Side::Flowtly, Method::PATCH, "/clients/", moment, move || {
            journal.act(|| {
                flowtly.edit_client(client, "addressCity", city);
                flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
            });
        });
    }
    watched.rest().await;
    watched.is_clean().await
}

async fn merges_archives_and_removals() -> Result<(), String> {
    let (watched, client, company) =
        Watched::alfa(Firm::configured("[rules.company]\ncreate_in_flowtly = false\n")).await;
    let other = watched.act(|firm| firm.company("Alpha Ltd", None));
    watched.rest().await;
    let merged = watched.act(|firm| firm.hubspot.merge_companies(company, other)).unwrap();
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    watched.act(|firm| firm.hubspot.archive_company(merged));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67"));
    watched.rest().await;
    watched.act(|firm| firm.hubspot.restore_company(merged));
    let contact = watched.firm.hubspot.contacts()[0]["id"].as_str().unwrap().parse().unwrap();
    watched.act(|firm| firm.hubspot.purge(ObjectType::Contact, contact));
    watched.rest().await;
    watched.is_clean().await
}

async fn one_person_at_two_firms() -> Result<(), String> {
    let (watched, _, one) = Watched::alfa(Firm::new()).await;
    let two = watched.act(|firm| {
        firm.client("Beta", Some(&vat(2)));
        firm.company("Beta", Some(&vat(2)))
    });
    let anna = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@alfa.pl")];
    let anna = watched.act(|firm| firm.hubspot.add_contact(&anna, Some(one)));
    watched.rest().await;
    watched.act(|firm| firm.hubspot.associate(anna, two, false));
    watched.rest().await;
    watched.act(|firm| firm.hubspot.edit_contact(anna, "phone", "+48 22 123 45 67"));
    watched.rest().await;
    watched.is_clean().await
}

async fn a_scope() -> Result<(), String> {
    let watched = Watched::new(Firm::configured("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n"));
    let (alfa, beta) = watched.act(|firm| (firm.company("Alfa", Some(&vat(1))), firm.company("Beta", Some(&vat(2)))));
    watched.act(|firm| firm.hubspot.edit_company(alfa, "lifecyclestage", "customer"));
    watched.act(|firm| firm.hubspot.edit_company(beta, "lifecyclestage", "lead"));
    watched.rest().await;
    watched.is_clean().await
}

async fn a_lagging_index() -> Result<(), String> {
    let lag = HubSpotOptions { search_lag: Duration::from_secs(45), ..HubSpotOptions::default() };
    let (watched, client, company) = Watched::alfa(Firm::with(FlowtlyOptions::default(), lag, "")).await;
    watched.act(|firm| firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67"));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.firm.clock.advance(Duration::from_secs(20));
    watched.pass().await;
    watched.rest().await;
    watched.is_clean().await
}

async fn what_a_merge_brought_is_not_overwritten() -> Result<(), String> {
    let (watched, client, company) =
        Watched::alfa(Firm::configured("[rules.company]\ncreate_in_flowtly = false\n")).await;
    let other = watched.act(|firm| firm.company("Alpha Ltd", None));
    watched.act(|firm| firm.hubspot.edit_company(other, "city", "Warszawa"));
    watched.rest().await;
    watched.act(|firm| firm.hubspot.merge_companies(company, other));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    watched.is_clean().await
}

async fn what_a_merge_brought_travels() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    let company = watched.act(|firm| firm.company("Alfa", Some(&vat(1))));
    watched.pass().await;
    // That both telephones are blank is to be agreed in the next pass.
    let other = watched.act(|firm| firm.company("Alpha Ltd", None));
    watched.act(|firm| firm.hubspot.edit_company(other, "phone", "+48 22 123 45 67"));
    watched.act(|firm| firm.hubspot.merge_companies(company, other));
    watched.rest().await;
    is_there(&watched, "addressPhoneNumber", "+48 22 123 45 67")?;
    watched.is_clean().await
}

async fn an_edit_between_a_create_and_its_read_back_travels() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    let client = watched.act(|firm| firm.client("Alfa", Some(&vat(1))));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    let (journal, hubspot) = (watched.journal.clone(), watched.firm.hubspot.clone());
    watched.firm.meddling.at(Side::Crm, Method::POST, "companies/batch/create", Moment::After, move || {
        let id = hubspot.companies()[0]["id"].as_str().unwrap().parse().unwrap();
        journal.act(|| hubspot.edit_company(id, "zip", "31-001"));
    });
    watched.rest().await;
    is_there(&watched, "addressPostCode", "31-001")?;
    watched.is_clean().await
}

async fn an_ignored_part_of_a_composite() -> Result<(), String> {
    let watched = Watched::new(Firm::new());
    watched.firm.hubspot.manners().set("companies", "city", Manner::Ignore);
    let client = watched.act(|firm| firm.client("Alfa", Some(&vat(1))));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressStreetLine", "Prosta"));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    is_ignored(&watched).await?;
    watched.is_clean().await
}

async fn an_edit_between_an_update_and_its_read_back_travels() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "addressStreetLine", "Prosta"));
    watched.rest().await;
    let (journal, hubspot) = (watched.journal.clone(), watched.firm.hubspot.clone());
    watched.firm.meddling.at(Side::Crm, Method::POST, "companies/batch/update", Moment::After, move || {
        journal.act(|| hubspot.edit_company(company, "zip", "31-001"));
    });
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    is_there(&watched, "addressPostCode", "31-001")?;
    watched.is_clean().await
}

async fn an_ignored_part_of_a_composite_in_an_update() -> Result<(), String> {
    let (watched, client, company) = Watched::alfa(Firm::new()).await;
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Warszawa"));
    watched.rest().await;
    watched.firm.hubspot.manners().set("companies", "city", Manner::Ignore);
    watched.act(|firm| firm.flowtly.edit_client(client, "addressStreetLine", "Prosta"));
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    is_ignored(&watched).await?;
    watched.is_clean().await?;
    // What is ignored holds up neither the other parts nor what the other side says.
    watched.act(|firm| firm.flowtly.edit_client(client, "addressStreetLine", "Krzywa"));
    watched.rest().await;
    is_ignored(&watched).await?;
    watched.is_clean().await?;
    watched.act(|firm| firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67"));
    watched.rest().await;
    watched.is_clean().await
}

/// Whether the one client shows this.
fn is_there(watched: &Watched, key: &str, wanted: &str) -> Result<(), String> {
    let shown = watched.firm.flowtly.clients()[0][key].clone();
    if shown == wanted { Ok(()) } else { Err(format!("{key} is {shown}, not {wanted}")) }
}

/// Whether the city waits as what the server ignored.
async fn is_ignored(watched: &Watched) -> Result<(), String> {
    let words = watched.firm.refusals().await;
    let is_told = matches!(&words[..], [words] if words.contains("ignored by the server") && words.contains("(city)"));
    if is_told { Ok(()) } else { Err(format!("{words:?}")) }
}
