//! What appeared, the contacts of companies, and searches.

use super::*;
use crate::connector::error::ErrorKind;
use crate::connector::port::Find;

#[tokio::test]
async fn what_appeared_since_a_walk_is_shown_and_later_calls_go_on_from_there() {
    let bench = Bench::new();
    bench.company("old");
    bench.pass(3_600);
    let (_, end) = bench.walk(Kind::Company, Extent::Complete).await.unwrap();
    bench.company("at once");
    bench.pass(300);
    bench.company("later");
    bench.pass(300);
    let (rows, frontier) = bench.connector.appeared(Kind::Company, &end.frontier).await.unwrap();
    assert_eq!(names(&rows), ["at once", "later"]);
    bench.pass(300);
    bench.company("last");
    let (rows, _) = bench.connector.appeared(Kind::Company, &frontier).await.unwrap();
    assert_eq!(names(&rows), ["last"], "what is long known is not read again");
}

#[tokio::test]
async fn a_record_that_shows_some_seconds_after_its_stamp_has_appeared() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.late_commit = Duration::from_secs(10));
    bench.company("stamped before the walk, seen after it");
    bench.pass(9);
    let (_, end) = bench.walk(Kind::Contact, Extent::Complete).await.unwrap();
    let (rows, _) = bench.connector.appeared(Kind::Company, &end.frontier).await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_mark_of_another_system_is_refused() {
    let bench = Bench::new();
    let mark = crate::connector::port::Frontier("17".to_owned());
    let error = bench.connector.appeared(Kind::Company, &mark).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
}

#[tokio::test]
async fn one_request_shows_the_contacts_of_many_companies() {
    for batch in [20, 0] {
        let bench = Bench::with(EspoOptions::default(), |settings| {
            settings.children_batch = batch;
            settings.page_size = 2;
        });
        let (one, other, third) = (bench.company("one"), bench.company("other"), bench.company("third"));
        let of_both = bench.person("Both", Some(one));
        bench.server.relate(of_both, other);
        let more: Vec<u64> = (0..3).map(|number| bench.person(&format!("P{number}"), Some(other))).collect();
        bench.person("Elsewhere", Some(third));
        let deleted = bench.person("Deleted", Some(one));
        bench.server.delete_contact(deleted);
        bench.requests();
        let rows = bench.connector.children(&bench.ids(&[one, other])).await.unwrap();
        let numbers: Vec<u64> = rows.iter().map(|row| bench.number(&row.id)).collect();
        assert_eq!(numbers, [vec![of_both], more].concat());
        assert_eq!(rows[0].parents, bench.ids(&[one, other]), "all its companies are told");
        let lists = bench.requests().iter().filter(|request| request.ends_with("/contacts")).count();
        assert_eq!(lists > 0, batch == 0);
    }
}

#[tokio::test]
async fn a_company_that_is_gone_has_no_contacts() {
    let bench = Bench::new();
    let gone = bench.company("gone");
    bench.person("Orphan", Some(gone));
    bench.server.delete_account(gone);
    assert!(bench.connector.children(&bench.ids(&[gone])).await.unwrap().is_empty());
}

#[tokio::test]
async fn our_id_is_found_exactly_and_two_that_carry_it_are_both_shown() {
    let bench = Bench::new();
    let find = |id: &str| Find::StoredId(id.to_owned());
    let one = bench.server.add_account(&[("name", "A"), ("cFlowtlyId", "org/7")]);
    bench.server.add_account(&[("name", "B"), ("cFlowtlyId", "ORG/7")]);
    let found = bench.connector.find(Kind::Company, &find("org/7")).await.unwrap().unwrap();
    assert_eq!((found.len(), bench.number(&found[0].id)), (1, one), "the database does not tell the cases apart");
    bench.server.add_account(&[("name", "A copy"), ("cFlowtlyId", "org/7")]);
    assert_eq!(bench.connector.find(Kind::Company, &find("org/7")).await.unwrap().unwrap().len(), 2);
    assert_eq!(bench.connector.find(Kind::Contact, &find("org/7")).await.unwrap(), None);
}

#[tokio::test]
async fn without_the_field_for_our_id_the_mend_is_told() {
    let bench = Bench::with(EspoOptions { account_fields: Vec::new(), ..EspoOptions::default() }, |_| ());
    let error = bench.connector.find(Kind::Company, &Find::StoredId("org/7".to_owned())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
    assert!(error.message.contains("cFlowtlyId") && error.message.contains("Entity Manager"), "{}", error.message);
    let bench = Bench::new();
    bench.server.hide_account_field("cFlowtlyId");
    let error = bench.connector.find(Kind::Company, &Find::StoredId("org/7".to_owned())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "where the role hides it");
}

#[tokio::test]
async fn candidates_for_a_text_are_found_by_name_and_number() {
    let bench = Bench::new();
    bench.server.add_account(&[("name", "ACME")]);
    bench.server.add_account(&[("name", "Other"), ("cVatNumber", "acme")]);
    bench.server.add_account(&[("name", "Acme Two")]);
    let found = bench.connector.find(Kind::Company, &Find::Text("Acme".to_owned())).await.unwrap().unwrap();
    assert_eq!(names(&found).len(), 2);
    bench.server.remove_account_field("cVatNumber");
    let found = bench.connector.find(Kind::Company, &Find::Text("Acme".to_owned())).await.unwrap().unwrap();
    assert_eq!(names(&found), ["ACME"], "a field that is gone does not stop the search");
}
