//! What is told of records that a state holds.

use crate::commands::testing::{FakeSide, Stage, company, contact, json_listing, linked, now, put, text_listing, told};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Document;
use crate::domain::plan::{Asks, Conflict, Question, Reason, RecordRef};
use crate::domain::record::Record;
use crate::domain::value::{Locale, Reading, Text};
use crate::store::base::{self, Bases, Entry};
use crate::store::history;
use crate::store::todo::Why;
use crate::store::waiting;

use super::*;

fn with(mut record: Record, field: Field, text: &str) -> Record {
    record.fields.insert(field, Reading::of(field, Text::whole(text), &Locale::default()));
    record
}

/// A pair whose phone moved in the CRM and whose name is in conflict; a CRM person at two firms; a firm on its own.
async fn fill(stage: &Stage) {
    let (mut store, _lock) = stage.open().await;
    let connection = store.connection();
    let ours = with(company(Side::Flowtly, "17", "ACME"), Field::Phone, "+48 1");
    let theirs = with(company(Side::Crm, "900", "Acme\u{1b}[2J"), Field::Phone, "+48 2");
    let firm = linked(connection, None, ours, Record { stored_id: Some("firm/17".to_owned()), ..theirs }).await;
    let rows = Side::BOTH.map(|side| {
        let key = |field| base::key(stage.settings.shape(side, Kind::Company), field).unwrap();
        let phone = Entry { key: key(Field::Phone), text: Some(Text::whole("+48 1")) };
        let name = Entry { key: key(Field::Name), text: Some(Text::whole("Acme")) };
        (firm, side, Bases::from([(Field::Phone, phone), (Field::Name, name)]))
    });
    base::put(connection, &rows).await.unwrap();
    let entry = history::Entry {
        link: firm,
        side: Side::Crm,
        field: Field::Phone,
        old: Text::whole("+48 0"),
        new: Text::whole("+48 1"),
        reason: Reason::Moved { side: Side::Flowtly },
    };
    history::add(connection, 7, now(), &[entry]).await.unwrap();
    let conflict = Conflict {
        field: Field::Name,
        flowtly: Text::whole("ACME"),
        crm: Text::whole("Acme\u{1b}[2J"),
        flowtly_base: Some(Text::whole("Acme")),
        crm_base: Some(Text::whole("Acme")),
    };
    waiting::put_conflict(connection, firm, &conflict, &Reason::BothMoved, 7, now()).await.unwrap();
    waiting::put_failure(connection, Subject::Link(firm), Side::Crm, "phone", 1, "too short", now()).await.unwrap();
    link::assess(connection, &[(firm, "waits", None)]).await.unwrap();
    todo::arm(connection, Kind::Company, &[Subject::Link(firm)], Why::WaitsForPerson, None).await.unwrap();
    let (ours, theirs) = (contact(Side::Flowtly, "33", "17", "a@b.pl"), contact(Side::Crm, "6001", "900", "a@b.pl"));
    linked(connection, Some(firm), ours, theirs).await;
    put(connection, contact(Side::Crm, "6001", "901", "a@b.pl")).await;
    let alone = put(connection, company(Side::Crm, "901", "Beta")).await;
    seen::put_verdicts(connection, 1, &[(alone, "outside the scope")]).await.unwrap();
    let subject = RecordRef { side: Side::Crm, id: RemoteId::new("901"), parent: None };
    let question = Question { asks: Asks::Twin, subject, candidates: vec![] };
    waiting::put_question(connection, alone, &question, "Beta", 7, now()).await.unwrap();
    store.close().await.unwrap();
}

async fn explained(
    stage: &Stage,
    flowtly: Option<&dyn Source>,
    kind: Kind,
    side: Side,
    id: &str,
    field: Option<Field>,
) -> Result<String, String> {
    let mut out = Vec::new();
    let id = RemoteId::new(id);
    let asked = Subjected { kind, side, id: &id, field };
    match explain(&stage.settings, flowtly, &asked, &mut text_listing(&mut out)).await {
        Ok(code) => {
            assert_eq!(code, 0);
            Ok(told(out))
        }
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn one_field_shows_both_texts_both_bases_the_rule_and_what_was() {
    let stage = Stage::with("[rules.company.fields.phone]\ndirection = \"to-crm\"\n");
    fill(&stage).await;
    let text = explained(&stage, None, Kind::Company, Side::Crm, "900", Some(Field::Phone)).await.unwrap();
    assert_eq!(
        text,
        "\
company ACME (Flowtly 17, CRM 900)
  link 1: live, recognised by name
  stands: waits
  not settled: waits for a person (not due)
  Flowtly 17
  CRM 900: carries the Flowtly id firm/17

phone
  Flowtly: +48 1 (unchanged since it was agreed)
  CRM:     +48 2 (changed since; agreed: +48 1)
  rule:    Flowtly to CRM only; a change of the target is left
  2025-06-15 15:06:40Z pass 7: CRM +48 0 -> +48 1 (changed in Flowtly)

Refused by a system
  1  company ACME (Flowtly 17, CRM 900)
      CRM refuses phone: too short (1 attempt since 2025-06-15 15:06:40Z; tried again when it changes)
"
    );
}

#[tokio::test]
async fn a_whole_pair_shows_every_mapped_field_its_conflict_and_its_documents() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut flowtly = FakeSide::well(&stage.settings, Side::Flowtly);
    flowtly.documents = Ok(Some(vec![Document {
        id: Some("5".to_owned()),
        name: Some("contract\u{9b}.pdf".to_owned()),
        location: None,
        other_keys: vec![],
    }]));
    let text = explained(&stage, Some(&flowtly), Kind::Company, Side::Flowtly, "17", None).await.unwrap();
    assert!(
        text.contains(
            "\
name
  Flowtly: ACME (changed since; agreed: Acme)
  CRM:     Acme\\u{1b}[2J (changed since; agreed: Acme)
  rule:    both ways; a person decides conflicts, a person the first meeting
  conflict 1, since 2025-06-15 15:06:40Z: changed on both sides, differently
"
        ),
        "{text}"
    );
    assert!(text.contains("these do not travel: currency"), "{text}");
    assert!(text.ends_with("\nDocuments: 1\n  5  contract\\u{9b}.pdf\n"), "{text}");
}

#[tokio::test]
async fn a_failure_to_read_documents_is_told_and_stops_nothing() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut flowtly = FakeSide::well(&stage.settings, Side::Flowtly);
    flowtly.documents = Err(PortError::new(ErrorKind::Timeout, "no reply in 30 s"));
    let text = explained(&stage, Some(&flowtly), Kind::Company, Side::Flowtly, "17", None).await.unwrap();
    assert!(text.starts_with("company ACME") && text.ends_with("\nDocuments: cannot be read: no reply in 30 s\n"));
    let text = explained(&stage, None, Kind::Company, Side::Flowtly, "17", None).await.unwrap();
    assert!(
        text.ends_with("Documents: cannot be read: Flowtly could not be asked; see `flowtly-sync check`\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_record_without_a_link_shows_its_verdict_and_its_question() {
    let stage = Stage::new();
    fill(&stage).await;
    let text = explained(&stage, None, Kind::Company, Side::Crm, "901", Some(Field::Name)).await.unwrap();
    assert!(text.starts_with("company Beta (CRM 901)\n  no link: outside the scope\n  CRM 901\n"), "{text}");
    assert!(text.contains("\nname\n  CRM:     Beta (never agreed)\n"), "{text}");
    assert!(text.contains("\nQuestion\n1  Is the company Beta (CRM 901) there twice?"), "{text}");
}

#[tokio::test]
async fn a_person_of_two_firms_is_explained_once_for_each() {
    let stage = Stage::new();
    fill(&stage).await;
    let text = explained(&stage, None, Kind::Contact, Side::Crm, "6001", Some(Field::Parent)).await.unwrap();
    assert!(text.contains("contact Anna Nowak (Flowtly 33, CRM 6001)\n  link 2, company link 1: live"), "{text}");
    assert!(text.contains("  Flowtly: the company of link 1 (never agreed)\n"), "{text}");
    assert!(text.contains("\ncontact Anna Nowak (CRM 6001)\n  no link: not judged yet\n"), "{text}");
    assert!(text.contains("  CRM:     a company without a link (never agreed)\n"), "{text}");
}

#[tokio::test]
async fn an_explanation_for_programs_has_the_same() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut out = Vec::new();
    let id = RemoteId::new("17");
    let asked = Subjected { kind: Kind::Company, side: Side::Flowtly, id: &id, field: Some(Field::Phone) };
    explain(&stage.settings, None, &asked, &mut json_listing(&mut out)).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    let phone = &read[0]["fields"][0];
    assert_eq!(phone["crm"]["now"]["whole"], "+48 2");
    assert_eq!(phone["crm"]["since"], "moved");
    assert_eq!(phone["flowtly"]["base"]["whole"], "+48 1");
    assert_eq!(phone["rule"]["direction"], "both");
    assert_eq!(phone["history"][0]["pass"], 7);
    assert_eq!(read[0]["documents"], "not_asked");
}

#[tokio::test]
async fn what_is_not_known_is_an_error_with_its_mend() {
    let stage = Stage::new();
    fill(&stage).await;
    assert_eq!(
        explained(&stage, None, Kind::Company, Side::Crm, "17", None).await.unwrap_err(),
        "company 17 of CRM was never read; check kind, side and id, or run `flowtly-sync reconcile --full` first"
    );
    let stage = Stage::with("[mapping.flowtly.contact]\ntitle = false\n[mapping.contact]\ntitle = false\n");
    fill(&stage).await;
    assert_eq!(
        explained(&stage, None, Kind::Contact, Side::Crm, "6001", Some(Field::Title)).await.unwrap_err(),
        "`title` is mapped on neither side; `flowtly-sync check --show-config` shows what is"
    );
}
