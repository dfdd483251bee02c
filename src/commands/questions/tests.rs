//! Questions in words, with how they are answered.

use crate::commands::testing::{Stage, company as named, contact, json_listing, linked, now, put, text_listing, told};
use crate::domain::plan::{Asks, CandidateNote, KeyKind, Question, RecordRef};
use crate::domain::record::{Kind, RemoteId, Side};

use super::*;

fn reference(side: Side, id: &str, parent: Option<&str>) -> RecordRef {
    RecordRef { side, id: RemoteId::new(id), parent: parent.map(RemoteId::new) }
}

async fn fill(stage: &Stage) {
    let (mut store, _lock) = stage.open().await;
    let connection = store.connection();
    let company = put(connection, named(Side::Crm, "901", "Beta")).await;
    let firm = linked(connection, None, named(Side::Flowtly, "17", "ACME"), named(Side::Crm, "900", "Acme")).await;
    let (ours, theirs) = (contact(Side::Flowtly, "33", "17", "a@b.pl"), contact(Side::Crm, "6001", "900", "c@d.pl"));
    linked(connection, Some(firm), ours, theirs).await;
    let locale = Locale::default();
    let person = seen::by_remote_id(connection, &locale, Side::Crm, Kind::Contact, &["6001"]).await.unwrap()[0].id;
    let candidate = |id: &str, against: Vec<KeyKind>| CandidateNote {
        record: reference(Side::Flowtly, id, None),
        label: format!("Beta\u{202e} {id}"),
        speaks_for: vec![KeyKind::NameAndCountry],
        speaks_against: against,
    };
    let which = Question {
        asks: Asks::WhichOf,
        subject: reference(Side::Crm, "901", None),
        candidates: vec![candidate("18", vec![]), candidate("19", vec![KeyKind::TaxNumber])],
    };
    let still =
        Question { asks: Asks::StillTheSame, subject: reference(Side::Crm, "6001", Some("900")), candidates: vec![] };
    waiting::put_question(connection, company, &which, "Beta", 1, now()).await.unwrap();
    waiting::put_question(connection, person, &still, "Anna Nowak", 1, now()).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn questions_are_sentences_with_candidates_and_answers() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut out = Vec::new();
    assert_eq!(questions(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap(), 0);
    assert_eq!(
        told(out),
        "\
1  Which of these 2 records in Flowtly is the company Beta (CRM 901)?
    since 2025-06-15 15:06:40Z
    - Beta\\u{202e} 18 (Flowtly 18): for it: name and country
    - Beta\\u{202e} 19 (Flowtly 19): for it: name and country; against it: tax number
    flowtly-sync questions answer 1 --link 18
    flowtly-sync questions answer 1 --link 19
    flowtly-sync questions answer 1 --separate
    flowtly-sync questions answer 1 --postpone 7d

2  Is the contact Anna Nowak (CRM 6001 of company 900) still the same? Its name and its key changed together since it was agreed.
    since 2025-06-15 15:06:40Z
    flowtly-sync questions answer 2 --same
    flowtly-sync questions answer 2 --separate
    flowtly-sync questions answer 2 --postpone 7d
    or give both sides the same name and key: the question closes itself

"
    );
}

#[tokio::test]
async fn questions_for_programs_have_the_same() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut out = Vec::new();
    questions(&stage.settings, &stage.clock, &mut json_listing(&mut out)).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    assert_eq!(read[0]["kind"], "company");
    assert_eq!(read[0]["question"]["asks"], "which_of");
    assert_eq!(read[0]["question"]["candidates"][1]["speaks_against"][0], "tax_number");
    assert_eq!(read[0]["answers"][0], "flowtly-sync questions answer 1 --link 18");
    assert_eq!(read[1]["kind"], "contact");
}

#[tokio::test]
async fn no_questions_are_told_as_such() {
    let stage = Stage::new();
    stage.open().await.0.close().await.unwrap();
    let mut out = Vec::new();
    questions(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap();
    assert_eq!(told(out), "No questions.\n");
}
