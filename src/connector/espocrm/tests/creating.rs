//! Creates, and the server's own check for duplicates.

use super::*;
use crate::connector::error::{ErrorKind, Outcome};
use crate::connector::port::ParentWrite;
use crate::sandbox::{Fault, When};

#[tokio::test]
async fn a_record_is_made_once_with_all_that_is_known_of_it() {
    let bench = Bench::new();
    let write = Write {
        stored_id: Some("org/7".to_owned()),
        ..create(&[("name", " Acme "), ("cVatNumber", "PL1"), ("phoneNumber", "+48 22 123 45 67")])
    };
    let row = bench.write(Kind::Company, write).await.unwrap();
    assert_eq!((text(&row, 0), text(&row, 1), text(&row, 2)), ("Acme", "PL1", "+48221234567"));
    assert_eq!((row.stored_id.as_deref(), row.created), (Some("org/7"), Some(bench.now())));
    assert_eq!((bench.server.account_count(), bench.writes()), (1, 1));
}

#[tokio::test]
async fn a_contact_is_made_with_its_company() {
    let bench = Bench::new();
    let company = bench.company("Acme");
    let parent = Some(ParentWrite { from: None, to: bench.id(company) });
    let write = Write { parent, ..create(&[("firstName", "Ada"), ("lastName", "Lovelace")]) };
    let row = bench.write(Kind::Contact, write).await.unwrap();
    assert_eq!(row.parents, bench.ids(&[company]));
    assert_eq!(bench.connector.children(&bench.ids(&[company])).await.unwrap(), [row]);
}

#[tokio::test]
async fn a_company_that_is_not_there_refuses_its_contact() {
    let bench = Bench::new();
    let company = bench.company("Acme");
    bench.server.delete_account(company);
    let parent = Some(ParentWrite { from: None, to: bench.id(company) });
    let error = bench.write(Kind::Contact, Write { parent, ..create(&[("lastName", "Lovelace")]) }).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Invalid, Some(403)));
    assert!(error.message.contains("company"), "{}", error.message);
    assert_eq!(bench.server.contact_count(), 0);
}

#[tokio::test]
async fn a_namesake_is_a_candidate_and_not_made() {
    let bench = Bench::new();
    let there = bench.server.add_account(&[("name", "Żółw")]);
    let error = bench.write(Kind::Company, create(&[("name", "żÓŁW"), ("cVatNumber", "PL1")])).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Conflict, Some(409)));
    assert_eq!((error.duplicates, error.superseded), (bench.ids(&[there]), false));
    assert_eq!(bench.server.account_count(), 1);
}

#[tokio::test]
async fn what_a_person_called_another_firm_is_made_nevertheless() {
    let bench = Bench::new();
    let (one, other) = (bench.company("Acme"), bench.company("ACME"));
    let apart = |numbers: &[u64]| Write { apart_from: bench.ids(numbers), ..create(&[("name", "acme")]) };
    let error = bench.write(Kind::Company, apart(&[one])).await.unwrap_err();
    assert_eq!(error.duplicates, bench.ids(&[other]), "nobody said anything of this one");
    assert_eq!(bench.server.account_count(), 2);
    bench.write(Kind::Company, apart(&[one, other])).await.unwrap();
    assert_eq!(bench.server.account_count(), 3);
}

#[tokio::test]
async fn namesakes_with_different_tax_numbers_are_different_firms() {
    let bench = Bench::new();
    let there = bench.server.add_account(&[("name", "Acme"), ("cVatNumber", "PL 774-000-14-54")]);
    let acme = |number: &str| create(&[("name", "Acme"), ("cVatNumber", number)]);
    let error = bench.write(Kind::Company, acme("7740001454")).await.unwrap_err();
    assert_eq!(error.duplicates, bench.ids(&[there]), "another spelling of the same number");
    bench.write(Kind::Company, acme("PL5260001246")).await.unwrap();
    assert_eq!(bench.server.account_count(), 2);
}

#[tokio::test]
async fn a_create_whose_namesakes_were_read_for_long_is_planned_anew() {
    let bench = Bench::new();
    bench.server.add_account(&[("name", "Acme"), ("cVatNumber", "PL7740001454")]);
    bench.server.faults().when(When::always().times(2), Fault::Delay(Duration::from_secs(16)));
    let write = || create(&[("name", "Acme"), ("cVatNumber", "PL5260001246")]);
    let error = bench.write(Kind::Company, write()).await.unwrap_err();
    assert_eq!((error.kind, error.superseded), (ErrorKind::RateLimited, true));
    assert_eq!(bench.server.account_count(), 1);
    bench.write(Kind::Company, write()).await.unwrap();
    assert_eq!(bench.server.account_count(), 2);
}

#[tokio::test]
async fn people_who_share_a_name_are_told_apart_by_their_addresses() {
    let bench = Bench::new();
    let there = bench.server.add_contact(&[("lastName", "Kowalski"), ("emailAddress", "jan@one.test")], None);
    let named = |email: &str| create(&[("lastName", "Kowalski"), ("emailAddress", email)]);
    let error = bench.write(Kind::Contact, named("JAN@one.test")).await.unwrap_err();
    assert_eq!(error.duplicates, bench.ids(&[there]));
    assert_eq!(
        bench.write(Kind::Contact, create(&[("lastName", "Kowalski")])).await.unwrap_err().kind,
        ErrorKind::Conflict
    );
    bench.write(Kind::Contact, named("jan@two.test")).await.unwrap();
    assert_eq!(bench.server.contact_count(), 2);
}

#[tokio::test]
async fn a_lost_reply_is_never_sent_again() {
    for fault in
        [Fault::DropAfter, Fault::HalfJson, Fault::WrongType, Fault::TimeOut { carried_out: true }, Fault::Html]
    {
        let bench = Bench::new();
        let is_made = fault != Fault::Html;
        bench.server.faults().next(fault.clone());
        let error = bench.write(Kind::Company, create(&[("name", "Acme")])).await.unwrap_err();
        assert_eq!(error.kind.outcome(), Outcome::Unknown, "{fault:?}: {error}");
        assert_eq!(bench.server.account_count(), usize::from(is_made), "{fault:?}");
    }
}

#[tokio::test]
async fn what_was_not_sent_is_sent_again() {
    let bench = Bench::new();
    bench.server.faults().when(When::always().method(Method::POST).times(1), Fault::Unreachable);
    bench.write(Kind::Company, create(&[("name", "Acme")])).await.unwrap();
    assert_eq!(bench.server.account_count(), 1);
}
