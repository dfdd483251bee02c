//! Reads by id, searches, and the contacts of companies.

use std::time::Duration;

use super::*;
use crate::connector::port::{Find, Lookup};
use crate::domain::record::Standing;
use crate::sandbox::CrmServer;

#[tokio::test]
async fn a_record_is_read_with_its_custom_fields_and_the_parts_of_its_address() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[
        ("name", "Alfa"),
        ("VAT number", "PL5260250274"),
        ("address.country", "Poland"),
        ("address.route", "Długa"),
        ("address.street_number", "1"),
        ("address.locality", "Łódź"),
        ("Flowtly id", "org/17"),
    ]);
    let row = firm.one(Kind::Company, id).await;
    let texts: Vec<&str> = (0..8).map(|position| text(&row, position)).collect();
    assert_eq!(texts, ["Alfa", "PL5260250274", "Poland", "Długa", "1", "Łódź", "", ""]);
    assert_eq!(row.stored_id.as_deref(), Some("org/17"));
    assert_eq!((row.created, row.standing), (Some(now()), Standing::Live));
}

#[tokio::test]
async fn an_address_that_is_a_line_alone_has_parts_that_are_not_known() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "Alfa"), ("address", "Hala 7, Strefa, Łódź")]);
    let row = firm.one(Kind::Company, id).await;
    let parts: Vec<&Delivered> = row.texts.iter().skip(2).take(5).collect();
    assert_eq!(parts, [&Delivered::Unknown; 5], "typed, and not chosen: Pipedrive has not taken it apart");
    firm.server.edit_record(Kind::Company, id, "address", "");
    let row = firm.one(Kind::Company, id).await;
    let parts: Vec<&Delivered> = row.texts.iter().skip(2).take(5).collect();
    assert_eq!(parts, [&Delivered::Blank; 5], "where there is no line either, there is no address");
}

#[tokio::test]
async fn a_person_is_read_with_the_primary_ones_and_its_organization() {
    let firm = Firm::plain();
    let company = firm.server.add_organization(&[("name", "Alfa")]);
    let id = firm.server.add_person(&[("name", "Jan van der Berg"), ("emails", "jan@a.example")], Some(company));
    firm.server.add_entry(id, "emails", "home@a.example", "home");
    let row = firm.one(Kind::Contact, id).await;
    let texts: Vec<&str> = (0..4).map(|position| text(&row, position)).collect();
    assert_eq!(texts, ["Jan van der Berg", "jan@a.example", "", ""]);
    assert_eq!(row.parents, [id_of(company)]);
}

#[tokio::test]
async fn a_job_title_is_unknown_where_contact_sync_is_off() {
    let firm = Firm::open(PipedriveOptions { contact_sync: false, ..PipedriveOptions::default() }, |_| ());
    let id = firm.server.add_person(&[("name", "Jan")], None);
    assert_eq!(text(&firm.one(Kind::Contact, id).await, 3), "?");
}

#[tokio::test]
async fn many_are_read_by_one_list_and_a_few_one_by_one() {
    let firm = Firm::plain();
    let ids: Vec<u64> = (0..12).map(|n| firm.server.add_organization(&[("name", &format!("Firm {n}"))])).collect();
    let asked: Vec<RemoteId> = ids.iter().rev().copied().map(id_of).collect();
    firm.connector.properties(Kind::Company).await.unwrap();
    firm.server.clear_log();
    let answers = firm.connector.get(Kind::Company, &asked).await.unwrap();
    let found: Vec<u64> = answers
        .iter()
        .map(|answer| match answer {
            Lookup::Found(row) => row.id.as_number().unwrap(),
            other @ (Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_)) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(found, ids.iter().rev().copied().collect::<Vec<_>>(), "one answer for each id, in order");
    assert_eq!(firm.server.counts().requests, 1);
    firm.server.clear_log();
    firm.connector.get(Kind::Company, &asked[..3]).await.unwrap();
    assert_eq!(firm.server.counts().requests, 3, "three tokens instead of ten");
}

#[tokio::test]
async fn a_deleted_record_is_archived_for_thirty_days_and_then_gone() {
    let firm = Firm::plain();
    let (kept, deleted) =
        (firm.server.add_organization(&[("name", "A")]), firm.server.add_organization(&[("name", "B")]));
    assert!(firm.server.archive(Kind::Company, deleted));
    let answers = firm.connector.get(Kind::Company, &[id_of(kept), id_of(deleted), id_of(99)]).await.unwrap();
    assert!(matches!(&answers[0], Lookup::Found(row) if row.standing == Standing::Live));
    assert!(matches!(&answers[1], Lookup::Found(row) if row.standing == Standing::Archived));
    assert_eq!(answers[2], Lookup::Gone);
    firm.clock.advance(Duration::from_hours(24 * 30));
    assert_eq!(firm.connector.get(Kind::Company, &[id_of(deleted)]).await.unwrap(), [Lookup::Gone]);
}

#[tokio::test]
async fn a_deleted_record_is_gone_at_once_where_that_is_configured() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.deleted_is_gone = true);
    let id = firm.server.add_person(&[("name", "Jan")], None);
    firm.server.archive(Kind::Contact, id);
    assert_eq!(firm.connector.get(Kind::Contact, &[id_of(id)]).await.unwrap(), [Lookup::Gone]);
}

#[tokio::test]
async fn a_merged_company_is_followed_by_our_id() {
    let firm = Firm::plain();
    let first = firm.server.add_organization(&[("name", "A"), ("Flowtly id", "org/1")]);
    let second = firm.server.add_organization(&[("name", "A again")]);
    assert_eq!(firm.server.merge(Kind::Company, second, first), Some(second));
    let answers = firm.connector.get(Kind::Company, &[id_of(first), id_of(second)]).await.unwrap();
    assert_eq!(answers[0], Lookup::MergedInto(id_of(second)));
    assert!(matches!(&answers[1], Lookup::Found(row) if row.stored_id.as_deref() == Some("org/1")));
    // Both had an id of their own: nothing says who the survivor is.
    let (third, fourth) = (
        firm.server.add_organization(&[("name", "C"), ("Flowtly id", "org/3")]),
        firm.server.add_organization(&[("name", "C again"), ("Flowtly id", "org/4")]),
    );
    firm.server.merge(Kind::Company, fourth, third);
    let answers = firm.connector.get(Kind::Company, &[id_of(third)]).await.unwrap();
    assert!(matches!(&answers[0], Lookup::Found(row) if row.standing == Standing::Archived));
}

#[tokio::test]
async fn our_id_is_found_by_the_search_and_only_where_it_is_just_this_one() {
    let firm = Firm::plain();
    let ours = firm.server.add_organization(&[("name", "A"), ("Flowtly id", "org/1")]);
    firm.server.add_organization(&[("name", "B"), ("VAT number", "org/1")]);
    firm.server.add_organization(&[("name", "C"), ("Flowtly id", "ORG/1")]);
    let found = firm.connector.find(Kind::Company, &Find::StoredId("org/1".into())).await.unwrap().unwrap();
    assert_eq!(numbers(&found), [ours]);
    assert_eq!(firm.connector.find(Kind::Contact, &Find::StoredId("org/1".into())).await.unwrap(), None);
    let without = Firm::open(PipedriveOptions { flowtly_id: false, ..PipedriveOptions::default() }, |_| ());
    assert_eq!(without.connector.find(Kind::Company, &Find::StoredId("org/1".into())).await.unwrap(), None);
}

#[tokio::test]
async fn a_text_is_found_in_names_and_custom_fields_and_contents_come_from_reads_by_id() {
    let options = PipedriveOptions { search_lag: Duration::from_secs(30), ..PipedriveOptions::default() };
    let firm = Firm::open(options, |_| ());
    let by_name = firm.server.add_organization(&[("name", "Alfa")]);
    let by_number = firm.server.add_organization(&[("name", "Beta"), ("VAT number", "alfa")]);
    let text_of = || Find::Text("ALFA".into());
    assert_eq!(firm.connector.find(Kind::Company, &text_of()).await.unwrap().unwrap(), [], "the index lags");
    firm.clock.advance(Duration::from_secs(31));
    firm.server.edit_record(Kind::Company, by_name, "name", "Gamma");
    let found = firm.connector.find(Kind::Company, &text_of()).await.unwrap().unwrap();
    assert_eq!(numbers(&found), [by_name, by_number]);
    assert_eq!(text(&found[0], 0), "Gamma", "what the search shows is no content");
    assert_eq!(firm.connector.find(Kind::Company, &Find::Text(" ".into())).await.unwrap().unwrap(), []);
}

#[tokio::test]
async fn the_contacts_of_companies_are_read_and_deleted_ones_left_out() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.page_size = 2);
    let (a, b, c) = (
        firm.server.add_organization(&[("name", "A")]),
        firm.server.add_organization(&[("name", "B")]),
        firm.server.add_organization(&[("name", "C")]),
    );
    let of_a: Vec<u64> = (0..3).map(|n| firm.server.add_person(&[("name", &format!("A{n}"))], Some(a))).collect();
    let of_b = firm.server.add_person(&[("name", "B")], Some(b));
    firm.server.add_person(&[("name", "C")], Some(c));
    let deleted = firm.server.add_person(&[("name", "Gone")], Some(a));
    firm.server.archive(Kind::Contact, deleted);
    let rows = firm.connector.children(&[id_of(a), id_of(b), id_of(a)]).await.unwrap();
    let expected: Vec<u64> = of_a.iter().copied().chain([of_b]).collect();
    assert_eq!(numbers(&rows), expected);
}

#[tokio::test]
async fn the_contacts_of_many_companies_are_picked_from_one_walk_where_that_is_cheaper() {
    let firm = Firm::plain();
    let companies: Vec<u64> = (0..5).map(|n| firm.server.add_organization(&[("name", &format!("F{n}"))])).collect();
    for company in &companies {
        firm.server.add_person(&[("name", "P")], Some(*company));
    }
    firm.server.add_person(&[("name", "Nobody's")], None);
    let mut walk = firm.connector.walk(Kind::Contact, crate::connector::port::Extent::Complete).await.unwrap();
    all(walk.as_mut()).await;
    firm.server.clear_log();
    let ids: Vec<RemoteId> = companies.iter().copied().map(id_of).collect();
    assert_eq!(firm.connector.children(&ids).await.unwrap().len(), 5);
    assert_eq!(firm.asked("/api/v2/persons"), 1);
}

#[tokio::test]
async fn an_id_of_another_system_is_a_wrong_setting_and_nothing_is_gone() {
    let firm = Firm::plain();
    let error = firm.connector.get(Kind::Company, &[RemoteId::new("0015g00000A")]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
}
