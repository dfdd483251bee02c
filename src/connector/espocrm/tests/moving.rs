//! Contacts that change their company.

use super::*;
use crate::connector::error::{ErrorKind, Outcome};
use crate::sandbox::{Fault, When};

#[tokio::test]
async fn a_contact_leaves_its_old_company_for_the_new_one() {
    let bench = Bench::new();
    let (old, new) = (bench.company("old"), bench.company("new"));
    let person = bench.person("Lovelace", Some(old));
    let row = bench.write(Kind::Contact, moved(&bench, person, Some(old), new)).await.unwrap();
    assert_eq!(row.parents, bench.ids(&[new]));
    assert_eq!(bench.server.companies_of(person), [new]);
    assert!(bench.connector.children(&bench.ids(&[old])).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_move_of_a_further_company_leaves_the_primary_one_alone() {
    let bench = Bench::new();
    let (primary, old, new) = (bench.company("primary"), bench.company("old"), bench.company("new"));
    let person = bench.person("Lovelace", Some(primary));
    bench.server.relate(person, old);
    let row = bench.write(Kind::Contact, moved(&bench, person, Some(old), new)).await.unwrap();
    assert_eq!(row.parents, bench.ids(&[primary, new]));
}

#[tokio::test]
async fn a_contact_without_a_company_gets_one() {
    let bench = Bench::new();
    let company = bench.company("Acme");
    let person = bench.person("Lovelace", None);
    let row = bench.write(Kind::Contact, moved(&bench, person, None, company)).await.unwrap();
    assert_eq!(row.parents, bench.ids(&[company]));
}

#[tokio::test]
async fn a_contact_whose_company_is_gone_gets_another_one() {
    let bench = Bench::new();
    let (gone, new) = (bench.company("gone"), bench.company("new"));
    let person = bench.person("Lovelace", Some(gone));
    bench.server.delete_account(gone);
    for from in [None, Some(gone)] {
        let row = bench.write(Kind::Contact, moved(&bench, person, from, new)).await.unwrap();
        assert_eq!(row.parents, bench.ids(&[new]));
    }
}

#[tokio::test]
async fn texts_and_company_go_in_one_write() {
    let bench = Bench::new();
    let (old, new) = (bench.company("old"), bench.company("new"));
    let person = bench.person("Lovelace", Some(old));
    let write = Write {
        texts: vec![("title".to_owned(), Some("Countess".to_owned()))],
        ..moved(&bench, person, Some(old), new)
    };
    let row = bench.write(Kind::Contact, write).await.unwrap();
    assert_eq!((text(&row, 4), &row.parents), ("Countess", &bench.ids(&[new])));
}

#[tokio::test]
async fn a_company_that_is_not_there_refuses_the_move() {
    let bench = Bench::new();
    let (old, gone) = (bench.company("old"), bench.company("gone"));
    let person = bench.person("Lovelace", Some(old));
    bench.server.delete_account(gone);
    let error = bench.write(Kind::Contact, moved(&bench, person, Some(old), gone)).await.unwrap_err();
    assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Invalid, Outcome::NotApplied));
    assert_eq!(bench.server.companies_of(person), [old]);
}

#[tokio::test]
async fn half_a_move_is_looked_at_again() {
    let bench = Bench::new();
    let (old, new) = (bench.company("old"), bench.company("new"));
    let person = bench.person("Lovelace", Some(old));
    let refused = Fault::Refusal { status: 403, retry_after: None };
    bench.server.faults().when(When::always().method(Method::DELETE), refused);
    let error = bench.write(Kind::Contact, moved(&bench, person, Some(old), new)).await.unwrap_err();
    assert_eq!(error.kind.outcome(), Outcome::Unknown, "{error}");
    assert_eq!(bench.server.companies_of(person), [new, old]);
}
