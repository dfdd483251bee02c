//! Listing refusals, and another try.

use crate::commands::testing::{Stage, company, json_listing, linked, now, put, text_listing, told};
use crate::domain::record::{Kind, Side};

use super::*;

/// A linked firm whose phone was refused twice (number 1), and one of which the create was refused (number 2).
async fn fill(stage: &Stage) -> (Subject, Subject) {
    let (mut store, _lock) = stage.open().await;
    let connection = store.connection();
    let link = linked(connection, None, company(Side::Flowtly, "17", "ACME"), company(Side::Crm, "900", "Acme")).await;
    let row = put(connection, company(Side::Crm, "901", "Beta")).await;
    let (pair, alone) = (Subject::Link(link), Subject::Seen(row));
    let later = now() + chrono::TimeDelta::hours(1);
    for _ in 0..2 {
        waiting::put_failure(connection, pair, Side::Crm, "phone", 1, "too\u{1b} short", now()).await.unwrap();
    }
    waiting::put_failure(connection, alone, Side::Flowtly, "", 2, "no e-mail", now()).await.unwrap();
    for (subject, side, field) in [(pair, Side::Crm, "phone"), (alone, Side::Flowtly, "")] {
        waiting::set_next_try(connection, subject, side, field, later).await.unwrap();
        todo::arm(connection, Kind::Company, &[subject], Why::Refused, Some(later)).await.unwrap();
    }
    store.close().await.unwrap();
    (pair, alone)
}

async fn tried(stage: &Stage, which: Which) -> Result<String, String> {
    let mut out = Vec::new();
    match retry(&stage.settings, &stage.clock, which, &mut out).await {
        Ok(code) => {
            assert_eq!(code, 0);
            Ok(told(out))
        }
        Err(error) => Err(error.to_string()),
    }
}

async fn due(stage: &Stage) -> Vec<Subject> {
    let (mut store, _lock) = stage.open().await;
    let rows = todo::due(store.connection(), Kind::Company, now(), 0, 10).await.unwrap();
    rows.into_iter().map(|row| row.subject).collect()
}

#[tokio::test]
async fn refusals_are_listed_with_words_attempts_and_the_next_try() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut out = Vec::new();
    assert_eq!(failures(&stage.settings, &mut text_listing(&mut out)).await.unwrap(), 0);
    assert_eq!(
        told(out),
        "  1  company ACME (Flowtly 17, CRM 900)
      CRM refuses phone: too\\u{1b} short (2 attempts since 2025-06-15 15:06:40Z; tried again at 2025-06-15 16:06:40Z)
  3  company Beta (CRM 901)
      Flowtly refuses the record: no e-mail (1 attempt since 2025-06-15 15:06:40Z; tried again at 2025-06-15 16:06:40Z)

To try again now: flowtly-sync failures retry NUMBER, or --all
"
    );
    let mut out = Vec::new();
    failures(&stage.settings, &mut json_listing(&mut out)).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    assert_eq!((&read[0]["id"], &read[0]["attempts"]), (&1.into(), &2.into()));
    assert_eq!(read[1]["record"]["crm"], "901");
}

#[tokio::test]
async fn one_is_tried_again_at_once_and_the_other_keeps_its_gap() {
    let stage = Stage::new();
    let (pair, _) = fill(&stage).await;
    assert_eq!(due(&stage).await, []);
    let text = tried(&stage, Which::Numbers(vec![1])).await.unwrap();
    assert_eq!(text, "1: phone of company ACME (Flowtly 17, CRM 900), refused by CRM\nThe next pass tries it again.\n");
    assert_eq!(due(&stage).await, [pair]);
}

#[tokio::test]
async fn all_are_tried_again_and_a_wrong_number_tries_none() {
    let stage = Stage::new();
    let (pair, alone) = fill(&stage).await;
    let error = tried(&stage, Which::Numbers(vec![1, 9])).await.unwrap_err();
    assert!(error.starts_with("there is no refusal 9 (any more)"), "{error}");
    assert_eq!(due(&stage).await, []);
    tried(&stage, Which::All { record: None, fields: vec![] }).await.unwrap();
    assert_eq!(due(&stage).await, [pair, alone]);
}
