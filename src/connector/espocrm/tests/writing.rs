//! Updates.

use rstest::rstest;

use super::*;
use crate::connector::error::{ErrorKind, Outcome};
use crate::domain::record::Version;

#[tokio::test]
async fn only_what_is_sent_changes_and_the_reply_says_what_is_stored() {
    let bench = Bench::new();
    let company = bench.server.add_account(&[("name", "A"), ("billingAddressCity", "Opole"), ("cVatNumber", "PL1")]);
    let write =
        update_of(bench.id(company), &[("name", "  Łódź 😀 "), ("phoneNumber", "+49 711 123456"), ("cVatNumber", "")]);
    let row = bench.write(Kind::Company, write).await.unwrap();
    let texts = [0, 1, 2, 4].map(|place| text(&row, place));
    assert_eq!(texts, ["Łódź 😀", "", "+49711123456", "Opole"], "trimmed, cleared, in E.164, left alone");
    assert_eq!(row, bench.row(Kind::Company, company).await);
    assert_eq!(row.version.unwrap().0, "2");
}

#[tokio::test]
async fn an_older_version_supersedes_the_write() {
    let bench = Bench::new();
    let company = bench.company("A");
    let known = bench.row(Kind::Company, company).await.version;
    bench.server.edit_account(company, "name", "B");
    let guarded = |version: Option<Version>| Write {
        target: Target::Update { id: bench.id(company), version },
        ..update_of(bench.id(company), &[("name", "C")])
    };
    let error = bench.write(Kind::Company, guarded(known)).await.unwrap_err();
    assert_eq!((error.kind, error.superseded, error.kind.outcome()), (ErrorKind::Conflict, true, Outcome::NotApplied));
    assert!(error.duplicates.is_empty() && error.fields.is_empty());
    assert_eq!(bench.server.account_text(company, "name").as_deref(), Some("B"));
    let now = bench.row(Kind::Company, company).await.version;
    assert_eq!(text(&bench.write(Kind::Company, guarded(now)).await.unwrap(), 0), "C");
    // A version that is no number of EspoCRM's guards nothing.
    bench.write(Kind::Company, guarded(Some(Version("etag".to_owned())))).await.unwrap();
}

#[tokio::test]
async fn a_contact_has_no_version_number_and_is_written_without_a_guard() {
    let bench = Bench::new();
    let person = bench.person("Old", None);
    let version = bench.row(Kind::Contact, person).await.version;
    bench.pass(5);
    bench.server.edit_contact(person, "title", "Boss");
    let write = Write {
        target: Target::Update { id: bench.id(person), version },
        ..update_of(bench.id(person), &[("lastName", "New")])
    };
    let row = bench.write(Kind::Contact, write).await.unwrap();
    assert_eq!((text(&row, 1), text(&row, 4)), ("New", "Boss"));
}

#[rstest]
#[case::required("name", "", "name", "empty")]
#[case::long("name", "x", "name", "long")]
#[case::markup("name", "<b>A</b>", "name", "characters")]
#[case::phone("phoneNumber", "0711 123456", "phoneNumber", "valid")]
#[case::street("billingAddressStreet", "x", "billingAddressStreet", "long")]
#[tokio::test]
async fn a_refused_field_is_named(#[case] path: &str, #[case] sent: &str, #[case] named: &str, #[case] words: &str) {
    let bench = Bench::new();
    let company = bench.company("A");
    let sent = if sent == "x" { "x".repeat(300) } else { sent.to_owned() };
    let error = bench.write(Kind::Company, update_of(bench.id(company), &[(path, &sent)])).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Invalid, Some(400)));
    assert_eq!((error.fields.len(), error.fields[0].path.as_str()), (1, named));
    assert!(error.fields[0].message.contains(words), "{}", error.fields[0].message);
}

#[tokio::test]
async fn a_bad_address_of_a_person_is_named() {
    let bench = Bench::new();
    let person = bench.person("A", None);
    let error =
        bench.write(Kind::Contact, update_of(bench.id(person), &[("emailAddress", "nobody")])).await.unwrap_err();
    assert_eq!(error.fields[0].path, "emailAddress");
}

#[tokio::test]
async fn our_id_is_stored_and_a_field_that_is_not_there_is_told() {
    let bench = Bench::new();
    let company = bench.company("A");
    let stamp = |bench: &Bench| Write { stored_id: Some("org/7".to_owned()), ..update_of(bench.id(company), &[]) };
    let row = bench.write(Kind::Company, stamp(&bench)).await.unwrap();
    assert_eq!(row.stored_id.as_deref(), Some("org/7"));
    bench.server.remove_account_field("cFlowtlyId");
    let error = bench.write(Kind::Company, stamp(&bench)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.contains("cFlowtlyId"), "{}", error.message);
}

#[tokio::test]
async fn a_record_that_is_gone_is_not_there_to_be_written() {
    let bench = Bench::new();
    let company = bench.company("A");
    bench.server.delete_account(company);
    let error = bench.write(Kind::Company, update_of(bench.id(company), &[("name", "B")])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn each_of_several_writes_has_its_own_answer() {
    let bench = Bench::new();
    let (one, other) = (bench.company("A"), bench.company("B"));
    let writes = [(one, "phoneNumber", "none"), (other, "name", "C")]
        .map(|(company, path, text)| update_of(bench.id(company), &[(path, text)]));
    let answers = bench.connector.write(Kind::Company, &writes).await;
    assert!(matches!(&answers[0], Written::Failed(error) if error.kind == ErrorKind::Invalid));
    assert!(matches!(&answers[1], Written::Stored(row) if text(row, 0) == "C"));
}
