//! Lists that shrink, break off or move while they are read, and pairs that must be there and are not.

use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, FlowtlyServer, HubSpotOptions, ObjectType, When};
use flowtly_sync::store::seen;
use flowtly_sync::sync::PassError;
use flowtly_sync::sync::pass::{Ending, Request};
use http::Method;
use serde_json::{Value, json};

use super::{complete, limit, limited, refused, refused_then_allowed};
use crate::firm::{Firm, vat};
use crate::meddle::{Meddling, Moment};

/// Flowtly's lists in pages of two, one after the other.
fn paged() -> Firm {
    let mut firm = Firm::new();
    let url = "base_url = \"http://127.0.0.1:1\"";
    firm.change_base(url, &format!("{url}\npage_size = 2\nconcurrent_pages = 1"));
    firm
}

/// Flowtly's list of clients ends after its second page, although it tells of more.
fn truncate(firm: &Firm) {
    firm.meddling.distort(Side::Flowtly, "/clients?", |said| {
        let Ok(mut page) = serde_json::from_str::<Value>(said) else { return said.to_owned() };
        let view = page.as_object_mut().and_then(|page| {
            let key = page.keys().find(|key| key.ends_with("view"))?.clone();
            page.get_mut(&key)?.as_object_mut()
        });
        if let Some(view) = view {
            let is_second = view.values().any(|link| link.as_str().is_some_and(|link| link.ends_with("page=3")));
            let is_second = is_second && view.keys().any(|key| key.ends_with("previous"));
            view.retain(|key, _| !(key.ends_with("last") || is_second && key.ends_with("next")));
        }
        page.to_string()
    });
}

/// Flowtly's answer to what changed tells of its last record and does not show it.
fn answer_by_half(firm: &Firm) {
    firm.meddling.distort(Side::Flowtly, "updatedAt", |said| {
        let Ok(mut page) = serde_json::from_str::<Value>(said) else { return said.to_owned() };
        for (key, value) in page.as_object_mut().into_iter().flatten() {
            if let Some(rows) = value.as_array_mut().filter(|_| key.ends_with("member")) {
                rows.pop();
            }
        }
        page.to_string()
    });
}

async fn gone(firm: &Firm) -> Vec<(Side, Kind, u64)> {
    let mut store = firm.store().await;
    let gone = seen::gone(store.connection()).await.unwrap();
    store.close().await.unwrap();
    gone
}

#[tokio::test]
async fn a_shrunken_listing_is_refused_and_allowed_once() {
    let firm = limited("shrink");
    let mut companies = Vec::new();
    for n in 1..=5 {
        companies.push(firm.linked(&format!("Firma {n}"), &vat(n)).await.1);
    }
    for company in &companies[1..4] {
        firm.hubspot.purge(ObjectType::Company, *company);
    }
    let report = refused_then_allowed(&firm, RefusalName::ShrunkenListing).await;
    assert!(report.refusals.is_empty());
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (5, 2));
    firm.assert_at_rest().await;
}

/// A list that is empty with success, because a filter, a view or a permission hides everything.
#[tokio::test]
async fn an_empty_listing_is_refused_and_nothing_is_gone() {
    let mut firm = Firm::new();
    for n in 1..=5 {
        firm.linked(&format!("Firma {n}"), &vat(n)).await;
    }
    limit(&mut firm, "shrink", 2);
    firm.meddling.distort(Side::Crm, "/objects/2026-03/companies?", |_| json!({"results": []}).to_string());
    let report = refused(&firm, &[], RefusalName::ShrunkenListing).await;
    assert_eq!((report.refusals[0].found, report.refusals[0].kind), (5, Some(Kind::Company)));
    assert_eq!(gone(&firm).await, []);
    firm.meddling.distort_nothing();
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_truncated_walk_of_a_new_state_links_and_creates_nothing_even_if_the_first_pass_is_allowed() {
    let firm = paged();
    for n in 1..=9 {
        firm.client(&format!("Firma {n}"), Some(&vat(n)));
        firm.company(&format!("Firma {n}"), Some(&vat(n)));
    }
    truncate(&firm);
    let report = refused(&firm, &[RefusalName::FirstPass], RefusalName::WalkNotWhole).await;
    assert!(report.refusals[0].message.contains("told of 9 and showed 4"), "{:?}", report.refusals);
    assert_eq!(report.totals.creates.get(&Side::Flowtly), None, "what is not known to be missing is not created");
    firm.meddling.distort_nothing();
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (9, 9));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_truncated_walk_of_a_known_firm_takes_nothing_as_gone_and_creates_nothing_there() {
    let firm = paged();
    let mut pairs = Vec::new();
    for n in 1..=9 {
        pairs.push(firm.linked(&format!("Firma {n}"), &vat(n)).await);
    }
    truncate(&firm);
    // One is really gone, one edit travels, and a new company has no counterpart among what is shown.
    firm.flowtly.remove_client(pairs[8].0);
    firm.hubspot.edit_company(pairs[7].1, "city", "Kraków");
    firm.company("Nowa", Some(&vat(20)));
    let report = complete(&firm, &[]).await;
    assert_eq!((&report.ending, report.written), (&Ending::Applied, 1), "{report:?}");
    assert_eq!(report.not_whole, [(Side::Flowtly, Kind::Company)]);
    assert_eq!(firm.client_text(pairs[7].0, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!((gone(&firm).await, firm.flowtly.client_count()), (vec![], 8));
    firm.meddling.distort_nothing();
    let report = complete(&firm, &[]).await;
    assert_eq!((report.not_whole.len(), firm.flowtly.client_count()), (0, 9), "{report:?}");
    assert_eq!(gone(&firm).await, [(Side::Flowtly, Kind::Company, 1)]);
    firm.assert_at_rest().await;
}

/// The better candidate, the second one or the twin may stand on a page that is not shown.
#[tokio::test]
async fn a_truncated_walk_of_a_known_firm_refuses_to_recognise_anything() {
    let mut firm = paged();
    firm.reconfigure("[rules.company]\ncreate_in_crm = false\n");
    let alone = firm.client("Samotna", Some(&vat(30)));
    for n in 1..=9 {
        firm.linked(&format!("Firma {n}"), &vat(n)).await;
    }
    truncate(&firm);
    firm.company("Samotna", Some(&vat(30)));
    firm.client("Samotna", Some(&vat(30)));
    let report = refused(&firm, &[], RefusalName::WalkNotWhole).await;
    assert_eq!((report.totals.links, report.not_whole.len()), (1, 1), "{report:?}");
    firm.meddling.distort_nothing();
    complete(&firm, &[]).await;
    assert!(!firm.pairs(Kind::Company).await.iter().any(|(client, _)| *client == alone.to_string()));
    assert!(!firm.asked().await.is_empty(), "which of the two, only a person can say");
}

/// People add and remove clients while each page is read, so that the totals never agree.
fn busy(meddling: &Meddling, flowtly: FlowtlyServer, temporary: Option<u64>) {
    let again = meddling.clone();
    meddling.at(Side::Flowtly, Method::GET, "/clients?", Moment::After, move || {
        let temporary = match temporary {
            Some(client) => {
                flowtly.remove_client(client);
                None
            }
            None => Some(flowtly.add_client(&json!({
                "name": "Ktoś", "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active",
                "tinType": "vat", "documentsLanguage": "pl", "dueDays": 14,
            }))),
        };
        busy(&again, flowtly, temporary);
    });
}

#[tokio::test]
async fn a_list_that_moves_while_it_is_read_three_times_still_lets_edits_travel() {
    let mut firm = paged();
    firm.reconfigure("[rules.company]\ncreate_in_crm = false\n");
    let mut pairs = Vec::new();
    for n in 1..=3 {
        pairs.push(firm.linked(&format!("Firma {n}"), &vat(n)).await);
    }
    busy(&firm.meddling, firm.flowtly.clone(), None);
    firm.hubspot.edit_company(pairs[2].1, "city", "Kraków");
    let report = complete(&firm, &[]).await;
    assert_eq!(report.not_whole, [(Side::Flowtly, Kind::Company)], "{report:?}");
    assert_eq!((&report.ending, report.written), (&Ending::Applied, 1), "{report:?}");
    assert_eq!(firm.client_text(pairs[2].0, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(gone(&firm).await, []);
}

/// The lowest pairs are all deleted by one hand: that is more likely a lost permission than chance.
#[tokio::test]
async fn pairs_that_are_not_found_refuse_the_plan_and_may_be_let_go() {
    let firm = Firm::new();
    let mut pairs = Vec::new();
    for n in 1..=6 {
        pairs.push(firm.linked(&format!("Firma {n}"), &vat(n)).await);
    }
    for (_, company) in &pairs[..3] {
        firm.hubspot.purge(ObjectType::Company, *company);
    }
    firm.hubspot.edit_company(pairs[5].1, "city", "Kraków");
    for _ in 0..2 {
        let report = refused(&firm, &[], RefusalName::CanaryNotSeen).await;
        assert_eq!(report.refusals[0].side, Some(Side::Crm));
        assert_eq!(report.refusals[0].examples[0].flowtly.as_ref().unwrap().as_str(), pairs[0].0.to_string());
        assert_eq!(gone(&firm).await, [], "nothing of it is believed");
    }
    let report = complete(&firm, &[RefusalName::CanaryNotSeen]).await;
    assert_eq!((&report.ending, report.written), (&Ending::Applied, 1), "{report:?}");
    assert_eq!(gone(&firm).await, [(Side::Crm, Kind::Company, 3)], "a person said that they are gone");
    assert_eq!(firm.flowtly.client_count(), 6);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn pairs_are_looked_for_by_beats_too() {
    let firm = Firm::new();
    let mut pairs = Vec::new();
    for n in 1..=3 {
        pairs.push(firm.linked(&format!("Firma {n}"), &vat(n)).await);
    }
    for (_, company) in &pairs {
        firm.hubspot.purge(ObjectType::Company, *company);
    }
    let report = firm.beat().await;
    assert_eq!((&report.ending, report.refusals[0].name), (&Ending::Refused, RefusalName::CanaryNotSeen));
    assert!(!report.complete);
}

#[tokio::test]
async fn one_of_the_lowest_pairs_may_really_be_gone() {
    let firm = Firm::new();
    let mut pairs = Vec::new();
    for n in 1..=3 {
        pairs.push(firm.linked(&format!("Firma {n}"), &vat(n)).await);
    }
    firm.hubspot.purge(ObjectType::Company, pairs[0].1);
    firm.hubspot.archive_company(pairs[1].1);
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
    assert_eq!(gone(&firm).await, [(Side::Crm, Kind::Company, 1)]);
}

#[tokio::test]
async fn pairs_that_the_configuration_names_must_each_be_found() {
    let mut firm = Firm::new();
    let mut pairs = Vec::new();
    for n in 1..=5 {
        pairs.push(firm.linked(&format!("Firma {n}"), &vat(n)).await);
    }
    let names = |pairs: &[(u64, u64)]| {
        let names: Vec<String> = pairs.iter().map(|(client, _)| format!("\"{client}\"")).collect();
        format!("shrink = {{ count = 1000, share = 1.0 }}\ncanaries = [{}]", names.join(", "))
    };
    firm.change_base("shrink = { count = 1000, share = 1.0 }", &names(&pairs[3..]));
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
    // One that is archived is there.
    firm.hubspot.archive_company(pairs[4].1);
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
    firm.hubspot.purge(ObjectType::Company, pairs[3].1);
    let report = refused(&firm, &[], RefusalName::CanaryNotSeen).await;
    assert_eq!((report.refusals[0].found, report.refusals[0].side), (1, Some(Side::Crm)));
    assert!(report.refusals[0].message.contains("limits.canaries"), "{:?}", report.refusals);
    firm.change_base(&names(&pairs[3..]), &names(&pairs[..2]));
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
}

#[tokio::test]
async fn a_named_pair_that_is_none_trips_as_soon_as_there_are_pairs() {
    let mut firm = Firm::new();
    let named = "shrink = { count = 1000, share = 1.0 }\ncanaries = [\"4711\"]";
    firm.change_base("shrink = { count = 1000, share = 1.0 }", named);
    let (client, company) = (firm.client("Alfa", Some(&vat(1))), firm.company("Alfa", Some(&vat(1))));
    assert_eq!(complete(&firm, &[RefusalName::FirstPass]).await.ending, Ending::Applied, "none before the first link");
    assert_eq!(firm.pairs(Kind::Company).await, [(client.to_string(), company.to_string())]);
    let report = refused(&firm, &[], RefusalName::CanaryNotSeen).await;
    assert_eq!(report.refusals[0].examples[0].flowtly.as_ref().unwrap().as_str(), "4711");
}

#[tokio::test]
async fn a_canary_that_cannot_be_read_stops_the_pass_before_it_writes() {
    let firm = Firm::with(FlowtlyOptions::default(), HubSpotOptions::default(), "");
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let read = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/read");
    firm.hubspot.faults().when(read, Fault::Refusal { status: 403, retry_after: None });
    let writes = firm.writes();
    let error = firm.pass(Request::default()).await.unwrap_err();
    assert!(matches!(error, PassError::Side { side: Side::Crm, .. }), "{error}");
    assert_eq!(firm.writes(), writes);
    firm.hubspot.faults().clear();
    firm.beat().await;
    firm.assert_settled().await;
}

/// Also a question for what changed may be answered by half: what it did not show must not be created, and is asked for again.
#[tokio::test]
async fn a_question_for_changes_that_was_answered_by_half_creates_nothing_there() {
    let options = FlowtlyOptions { filters: true, ..FlowtlyOptions::default() };
    let mut firm = Firm::with(options, HubSpotOptions::default(), "");
    let url = "base_url = \"http://127.0.0.1:1\"";
    firm.change_base(url, &format!("{url}\ncontacts_updated_parameter = \"updatedAt[after]\""));
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    firm.wait(std::time::Duration::from_hours(3));
    // The same person is typed in on both sides; Flowtly's list tells of her and does not show her.
    firm.person(client, "Adam Zieliński", "adam@alfa.pl");
    firm.person(client, "Ewa Nowak", "ewa@alfa.pl");
    firm.hubspot.add_contact(&[("firstname", "Ewa"), ("lastname", "Nowak"), ("email", "ewa@alfa.pl")], Some(company));
    answer_by_half(&firm);
    let report = firm.beat().await;
    assert!(!report.complete, "{report:?}");
    firm.meddling.distort_nothing();
    firm.wait(std::time::Duration::from_hours(3));
    firm.beat().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (3, 3), "linked, not doubled");
    firm.assert_settled().await;
}

/// A list that hides almost everything must not cost a request for each record, with every beat.
#[tokio::test]
async fn what_a_shrunken_listing_hides_is_not_asked_for_one_by_one() {
    let mut firm = Firm::new();
    for n in 1..=12 {
        firm.client(&format!("Firma {n}"), Some(&vat(n)));
        firm.company(&format!("Firma {n}"), Some(&vat(n)));
    }
    firm.reconcile().await;
    limit(&mut firm, "shrink", 5);
    firm.meddling.distort(Side::Flowtly, "/clients?", |_| json!({"member": [], "totalItems": 0}).to_string());
    let before = firm.flowtly.log().len();
    let report = refused(&firm, &[], RefusalName::ShrunkenListing).await;
    assert_eq!(report.refusals[0].found, 12);
    let is_of_one = |path: &str| path.rsplit('/').next().is_some_and(|id| id.parse::<u64>().is_ok());
    let asked = firm.flowtly.log().iter().skip(before).filter(|request| is_of_one(&request.path)).count();
    assert!(asked <= 6, "the canaries alone are asked for, before and after: {asked}");
    firm.meddling.distort_nothing();
    firm.assert_settled().await;
}

/// A contact that came with its company, and could not be created for want of a whole list, is created once there is one.
#[tokio::test]
async fn a_contact_of_a_new_company_that_was_put_off_is_not_forgotten() {
    let options = FlowtlyOptions { filters: true, ..FlowtlyOptions::default() };
    let mut firm = Firm::with(options, HubSpotOptions::default(), "");
    let url = "base_url = \"http://127.0.0.1:1\"";
    firm.change_base(url, &format!("{url}\ncontacts_updated_parameter = \"updatedAt[after]\""));
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.wait(std::time::Duration::from_hours(3));
    firm.client("Beta", Some(&vat(2)));
    let company = firm.company("Beta", Some(&vat(2)));
    firm.hubspot.add_contact(&[("firstname", "Piotr"), ("lastname", "Lis"), ("email", "piotr@beta.pl")], Some(company));
    firm.person(client, "Adam Zieliński", "adam@alfa.pl");
    firm.person(client, "Ewa Nowak", "ewa@alfa.pl");
    answer_by_half(&firm);
    let report = firm.beat().await;
    assert!(!report.complete && report.totals.links == 1, "{report:?}");
    assert_eq!(firm.flowtly.contact_count(), 2, "Flowtly's list of contacts was not whole: {report:?}");
    firm.meddling.distort_nothing();
    firm.beat().await;
    assert_eq!(firm.flowtly.contact_count(), 3);
    firm.assert_settled().await;
}
