//! Walks and reads by id.

use rstest::rstest;

use super::*;
use crate::connector::error::ErrorKind;
use crate::connector::espocrm::Digest;
use crate::connector::port::Evidence;

#[rstest]
#[case::key(None)]
#[case::signed(Some(Digest::Hex))]
#[case::signed_as_of_old(Some(Digest::Raw))]
#[tokio::test]
async fn the_key_or_a_signature_opens_the_door(#[case] digest: Option<Digest>) {
    let bench = Bench::with(EspoOptions::default(), |settings| {
        if let Some(digest) = digest {
            settings.digest = digest;
            settings.secret_key = "sandbox-secret".into();
        }
    });
    let company = bench.company("Acme");
    let account = bench.connector.probe().await.unwrap();
    assert_eq!((account.id, account.server_time), (None, Some(bench.now())));
    assert_eq!(text(&bench.row(Kind::Company, company).await, 0), "Acme");
    bench.write(Kind::Company, update_of(bench.id(company), &[("name", "Other")])).await.unwrap();
}

#[rstest]
#[case::key("wrong", "")]
#[case::secret("sandbox-key", "wrong")]
#[tokio::test]
async fn a_wrong_credential_is_told_once_and_not_tried_again(#[case] key: &str, #[case] secret: &str) {
    let bench = Bench::with(EspoOptions::default(), |settings| {
        settings.api_key = key.into();
        settings.secret_key = secret.into();
    });
    let error = bench.connector.probe().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    assert_eq!(bench.requests().len(), 1);
    assert!(!error.message.contains("wrong") && !format!("{:?}", bench.connector).contains("sandbox-key"));
}

#[tokio::test]
async fn a_walk_by_key_shows_everything_once() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.page_size = 3);
    for number in 0..7_u64 {
        bench.company(&format!("{number}"));
        bench.pass(number % 2);
    }
    let started = bench.now();
    let (rows, end) = bench.walk(Kind::Company, Extent::Complete).await.unwrap();
    assert_eq!(names(&rows), ["0", "1", "2", "3", "4", "5", "6"]);
    assert_eq!((end.evidence, end.started), (Evidence::Key, started));
    assert_eq!(bench.requests().len(), 3);
}

#[tokio::test]
async fn a_page_that_ends_with_the_last_record_is_followed_by_an_empty_one() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.page_size = 2);
    bench.company("a");
    bench.company("b");
    assert_eq!(names(&bench.everything(Kind::Company).await), ["a", "b"]);
    assert_eq!(bench.requests().len(), 2);
}

#[tokio::test]
async fn neither_a_deletion_nor_an_edit_between_two_pages_hides_a_record() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.page_size = 2);
    let companies: Vec<u64> = (0..6).map(|number| bench.company(&format!("{number}"))).collect();
    let since = bench.now();
    for extent in [Extent::Complete, Extent::Since(since)] {
        let mut walk = bench.connector.walk(Kind::Company, extent).await.unwrap();
        let Step::Page(first) = walk.next().await.unwrap() else { panic!("no page") };
        assert_eq!(first.len(), 2);
        bench.pass(5);
        bench.server.edit_account(companies[4], "name", "edited");
        let gone = bench.server.delete_account(companies[0]);
        let mut rest = Vec::new();
        while let Step::Page(page) = walk.next().await.unwrap() {
            rest.extend(page);
        }
        // The second time round the first one is gone already.
        let wanted: &[&str] = if gone { &["2", "3", "edited", "5"] } else { &["3", "edited", "5"] };
        assert_eq!(names(&rest), wanted);
    }
}

#[tokio::test]
async fn what_changed_in_the_very_second_is_shown() {
    let bench = Bench::new();
    let (old, edited) = (bench.company("old"), bench.company("edited"));
    bench.pass(60);
    let since = bench.now() + chrono::Duration::milliseconds(900);
    bench.server.edit_account(edited, "billingAddressCity", "Opole");
    let fresh = bench.company("fresh");
    let (rows, _) = bench.walk(Kind::Company, Extent::Since(since)).await.unwrap();
    let numbers: Vec<u64> = rows.iter().map(|row| bench.number(&row.id)).collect();
    assert_eq!(numbers, [edited, fresh]);
    assert!(!numbers.contains(&old));
}

#[tokio::test]
async fn many_changes_of_one_second_are_all_shown() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.page_size = 2);
    let since = bench.now();
    for number in 0..9 {
        bench.company(&format!("{number}"));
    }
    let (rows, _) = bench.walk(Kind::Company, Extent::Since(since)).await.unwrap();
    assert_eq!(rows.len(), 9);
}

#[tokio::test]
async fn a_row_says_what_the_record_says() {
    let bench = Bench::new();
    let company = bench.server.add_account(&[
        ("name", "Żółw & \"Spółka\" / 😀"),
        ("cVatNumber", "PL5260001246"),
        ("cFlowtlyId", "org/7"),
        ("billingAddressCity", "Łódź"),
    ]);
    bench.pass(10);
    bench.server.edit_account(company, "billingAddressCity", "Opole");
    let made = bench.now() - chrono::Duration::seconds(10);
    let listed = bench.everything(Kind::Company).await.remove(0);
    assert_eq!(listed, bench.row(Kind::Company, company).await, "a list and a read by id agree");
    assert_eq!((text(&listed, 0), text(&listed, 1), text(&listed, 2)), ("Żółw & \"Spółka\" / 😀", "PL5260001246", ""));
    assert_eq!((listed.created, listed.modified), (Some(made), Some(bench.now())));
    assert_eq!((listed.stored_id.as_deref(), listed.version.unwrap().0.as_str()), (Some("org/7"), "2"));
}

#[tokio::test]
async fn a_person_of_two_firms_names_both_the_primary_one_first() {
    let bench = Bench::new();
    let (one, other) = (bench.company("one"), bench.company("other"));
    let person = bench.person("Lovelace", Some(other));
    bench.server.relate(person, one);
    let alone = bench.person("Alone", None);
    let rows = bench.everything(Kind::Contact).await;
    assert_eq!(rows[0].parents, bench.ids(&[other, one]));
    assert_eq!((bench.number(&rows[1].id), rows[1].parents.len()), (alone, 0));
}

#[tokio::test]
async fn a_list_that_does_not_show_companies_is_completed_by_id() {
    let options = EspoOptions { accounts_in_lists: false, ..EspoOptions::default() };
    let bench = Bench::with(options, |_| ());
    let (one, other) = (bench.company("one"), bench.company("other"));
    let person = bench.person("Lovelace", Some(one));
    bench.server.relate(person, other);
    assert_eq!(bench.everything(Kind::Contact).await[0].parents, bench.ids(&[one, other]));
}

#[tokio::test]
async fn a_company_that_is_gone_is_no_parent_any_more() {
    let bench = Bench::new();
    let (gone, stays) = (bench.company("gone"), bench.company("stays"));
    let (orphan, other) = (bench.person("Orphan", Some(gone)), bench.person("Other", Some(gone)));
    bench.server.relate(other, stays);
    bench.pass(60);
    let before = bench.row(Kind::Contact, orphan).await.modified;
    bench.server.delete_account(gone);
    let rows = bench.everything(Kind::Contact).await;
    assert_eq!((rows[0].parents.clone(), rows[1].parents.clone()), (Vec::new(), bench.ids(&[stays])));
    assert_eq!(rows[0].modified, before, "no stamp tells of it, only a complete walk");
    assert!(bench.server.contact(orphan).unwrap()["accountId"].is_string(), "the id dangles");
}

#[tokio::test]
async fn gone_is_what_espocrm_says_is_gone() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.read_batch = 2);
    let companies: Vec<u64> = (0..5).map(|number| bench.company(&format!("{number}"))).collect();
    bench.server.delete_account(companies[1]);
    let mut asked = bench.ids(&companies);
    asked.push(asked[0].clone());
    let answers = bench.connector.get(Kind::Company, &asked).await.unwrap();
    let is_gone: Vec<bool> = answers.iter().map(|answer| *answer == Lookup::Gone).collect();
    assert_eq!(is_gone, [false, true, false, false, false, false]);
    assert_eq!(bench.everything(Kind::Company).await.len(), 4);
}

#[tokio::test]
async fn a_text_as_long_as_lists_cut_it_is_read_by_id() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.list_text_cut = 20);
    let long = "x".repeat(30);
    let company = bench.company("long");
    bench.server.edit_account(company, "description", &long);
    bench.company("short");
    let rows = bench.everything(Kind::Company).await;
    assert_eq!((rows.len(), text(&rows[0], 5)), (2, long.as_str()));
    assert_eq!(bench.requests().len(), 2, "one list, one read");
}

#[tokio::test]
async fn a_text_beyond_the_limit_is_unknown_and_the_walk_goes_on() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.max_text = 10);
    let company = bench.company("A");
    bench.server.edit_account(company, "description", &"ż".repeat(11));
    bench.server.edit_account(company, "billingAddressCity", &"ż".repeat(10));
    bench.company("B");
    let rows = bench.everything(Kind::Company).await;
    assert_eq!((rows.len(), text(&rows[0], 5), text(&rows[0], 4).chars().count()), (2, "?", 10));
}

#[tokio::test]
async fn a_hidden_field_is_unknown_and_never_blank() {
    let bench = Bench::new();
    let company = bench.server.add_account(&[("name", "A"), ("cVatNumber", "PL1")]);
    bench.server.hide_account_field("cVatNumber");
    assert_eq!(text(&bench.row(Kind::Company, company).await, 1), "?");
}
