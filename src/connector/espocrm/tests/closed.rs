//! Records that the API user's role does not open, or not for writes: they stop nobody else.

use super::*;
use crate::connector::error::{ErrorKind, Outcome};
use crate::domain::record::Standing;
use crate::sandbox::{Fault, Grant, When};

fn is_closed(lookup: &Lookup) -> bool {
    let Lookup::Found(row) = lookup else { return false };
    row.standing == Standing::Archived && row.texts.iter().all(|text| *text == Delivered::Unknown)
}

#[tokio::test]
async fn a_record_that_may_not_be_read_rests_and_the_others_are_read() {
    let bench = Bench::new();
    let (hidden, open) = (bench.company("hidden"), bench.company("open"));
    let gone = bench.company("gone");
    bench.server.delete_account(gone);
    assert!(bench.server.grant(Kind::Company, hidden, Grant::Nothing));
    let answers = bench.connector.get(Kind::Company, &bench.ids(&[hidden, open, gone])).await.unwrap();
    assert!(is_closed(&answers[0]), "{:?}", answers[0]);
    assert!(matches!(&answers[1], Lookup::Found(row) if text(row, 0) == "open"));
    assert_eq!(answers[2], Lookup::Gone);
    assert_eq!(names(&bench.everything(Kind::Company).await), ["open"], "no list shows it");
    bench.server.grant(Kind::Company, hidden, Grant::Full);
    assert_eq!(text(&bench.row(Kind::Company, hidden).await, 0), "hidden");
}

#[tokio::test]
async fn the_contacts_of_a_company_that_may_not_be_read_are_shown_by_nobody() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.children_batch = 0);
    let (hidden, open) = (bench.company("hidden"), bench.company("open"));
    bench.person("Unseen", Some(hidden));
    bench.person("Seen", Some(open));
    bench.server.grant(Kind::Company, hidden, Grant::Nothing);
    let rows = bench.connector.children(&bench.ids(&[hidden, open])).await.unwrap();
    assert_eq!(rows.iter().map(|row| text(row, 1)).collect::<Vec<_>>(), ["Seen"]);
}

#[tokio::test]
async fn what_a_list_shows_of_a_record_that_may_not_be_read_stays() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.list_text_cut = 20);
    let company = bench.company("long");
    bench.server.edit_account(company, "description", &"x".repeat(30));
    let refused = Fault::Refusal { status: 403, retry_after: None };
    bench.server.faults().when(When::always().path(&format!("/api/v1/Account/{}", bench.id(company))), refused);
    let rows = bench.everything(Kind::Company).await;
    assert_eq!((rows[0].standing, text(&rows[0], 0)), (Standing::Live, "long"));
    assert_eq!(text(&rows[0], 5), "?", "what was cut is no edit");
}

#[tokio::test]
async fn a_contact_whose_companies_nobody_tells_left_none() {
    let bench = Bench::with(EspoOptions { accounts_in_lists: false, ..EspoOptions::default() }, |settings| {
        settings.children_batch = 0;
    });
    let company = bench.company("Acme");
    let person = bench.person("Lovelace", Some(company));
    let refused = Fault::Refusal { status: 403, retry_after: None };
    bench.server.faults().when(When::always().path(&format!("/api/v1/Contact/{}", bench.id(person))), refused);
    let listed = bench.everything(Kind::Contact).await;
    let children = bench.connector.children(&bench.ids(&[company])).await.unwrap();
    for rows in [listed, children] {
        assert_eq!((rows.len(), rows[0].standing), (1, Standing::Archived));
    }
}

#[tokio::test]
async fn a_record_that_may_not_be_written_is_refused_alone() {
    let bench = Bench::new();
    let (kept, open) = (bench.company("kept"), bench.company("open"));
    bench.server.grant(Kind::Company, kept, Grant::Read);
    assert_eq!(text(&bench.row(Kind::Company, kept).await, 0), "kept");
    let writes = [kept, open].map(|company| update_of(bench.id(company), &[("name", "New")]));
    let answers = bench.connector.write(Kind::Company, &writes).await;
    let Written::Failed(error) = &answers[0] else { panic!("{answers:?}") };
    assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Invalid, Outcome::NotApplied));
    assert!(error.message.contains("No edit access."), "{}", error.message);
    assert!(matches!(&answers[1], Written::Stored(_)));
}

#[tokio::test]
async fn a_move_that_is_forbidden_for_one_contact_or_company_is_its_own_failure() {
    let bench = Bench::new();
    let (primary, old, new) = (bench.company("primary"), bench.company("old"), bench.company("new"));
    let person = bench.person("Lovelace", Some(primary));
    bench.server.relate(person, old);
    // A further company is left and taken by links.
    for (kind, closed) in [(Kind::Company, new), (Kind::Contact, person)] {
        for grant in [Grant::Read, Grant::Nothing] {
            bench.server.grant(kind, closed, grant);
            let error = bench.write(Kind::Contact, moved(&bench, person, Some(old), new)).await.unwrap_err();
            assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Invalid, Outcome::NotApplied), "{error}");
        }
        bench.server.grant(kind, closed, Grant::Full);
    }
    assert_eq!(bench.server.companies_of(person), [primary, old]);
}

#[tokio::test]
async fn a_record_that_may_not_be_assigned_so_is_not_made_and_nobody_else_waits() {
    let bench = Bench::new();
    bench.server.let_assign(false);
    let error = bench.write(Kind::Company, create(&[("name", "New")])).await.unwrap_err();
    assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Invalid, Outcome::NotApplied));
    assert!(error.message.contains("Assignment failure"), "{}", error.message);
}

#[tokio::test]
async fn a_role_that_makes_nothing_is_no_matter_of_one_record() {
    let bench = Bench::with(EspoOptions { closed: vec!["Account".to_owned()], ..EspoOptions::default() }, |_| ());
    let error = bench.write(Kind::Company, create(&[("name", "New")])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
}
