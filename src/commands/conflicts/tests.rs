//! Listing conflicts, and a person's decision about them.

use crate::commands::testing::{Stage, company, json_listing, linked, now, text_listing, told};
use crate::domain::field::{Field, Part};
use crate::domain::plan::{Conflict, Reason};
use crate::domain::record::Kind;
use crate::domain::value::Text;
use crate::store::StoreError;

use super::*;

/// Two conflicts of one pair: number 1 about its name, number 2 about its address.
async fn fill(stage: &Stage) {
    let (mut store, _lock) = stage.open().await;
    let connection = store.connection();
    let link =
        linked(connection, None, company(Side::Flowtly, "17", "ACME"), company(Side::Crm, "900", "Acme\u{1b}[2J"))
            .await;
    let name = Conflict {
        field: Field::Name,
        flowtly: Text::whole("ACME"),
        crm: Text::whole("Acme\u{1b}[2J"),
        flowtly_base: Some(Text::whole("Acme")),
        crm_base: Some(Text::whole("Acme")),
    };
    let address = Conflict {
        field: Field::Address,
        flowtly: Text::of([(Part::Street, "Long Street"), (Part::City, "Łódź")]),
        crm: Text::default(),
        flowtly_base: None,
        crm_base: None,
    };
    for (conflict, reason) in [(name, Reason::BothMoved), (address, Reason::RequiredElsewhere)] {
        waiting::put_conflict(connection, link, &conflict, &reason, 1, now()).await.unwrap();
    }
    store.close().await.unwrap();
}

async fn list(stage: &Stage) -> String {
    let mut out = Vec::new();
    assert_eq!(conflicts(&stage.settings, &mut text_listing(&mut out)).await.unwrap(), 0);
    told(out)
}

async fn resolved(stage: &Stage, ids: &[i64], choose: Choose) -> Result<String, String> {
    let mut out = Vec::new();
    match resolve(&stage.settings, &stage.clock, Which::Numbers(ids.to_vec()), choose, &mut out).await {
        Ok(code) => {
            assert_eq!(code, 0);
            Ok(told(out))
        }
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn conflicts_show_both_values_and_both_bases() {
    let stage = Stage::new();
    fill(&stage).await;
    assert_eq!(
        list(&stage).await,
        "\
1  name of company ACME (Flowtly 17, CRM 900)
    since 2025-06-15 15:06:40Z: changed on both sides, differently
    Flowtly: ACME (agreed: Acme)
    CRM:     Acme\\u{1b}[2J (agreed: Acme)

2  address of company ACME (Flowtly 17, CRM 900)
    since 2025-06-15 15:06:40Z: cleared here, required on the other side
    Flowtly: Long Street, Łódź (agreed: never agreed)
    CRM:     (blank) (agreed: never agreed)

To decide: flowtly-sync conflicts resolve NUMBER --take flowtly|crm, or --value TEXT
"
    );
    let mut out = Vec::new();
    conflicts(&stage.settings, &mut json_listing(&mut out)).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    assert_eq!(read[0]["id"], 1);
    assert_eq!(read[0]["conflict"]["field"], "name");
    assert_eq!(read[0]["conflict"]["crm"]["whole"], "Acme\u{1b}[2J");
    assert_eq!(read[0]["reason"]["why"], "both_moved");
    assert_eq!(read[1]["record"]["crm"], "900");
    assert_eq!(read[1]["decision"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_decision_binds_to_the_values_and_makes_the_pair_due() {
    let stage = Stage::new();
    fill(&stage).await;
    let text = resolved(&stage, &[1], Choose::Side(Side::Flowtly)).await.unwrap();
    assert!(text.starts_with("1: name of company ACME (Flowtly 17, CRM 900): Flowtly's value shall hold"), "{text}");
    assert!(list(&stage).await.contains("    decided: Flowtly's value shall hold (the next pass does it)\n"));
    let (mut store, _lock) = stage.open().await;
    let waiting = waiting::conflicts(store.connection(), None).await.unwrap();
    let decision = waiting[0].decision.clone().unwrap();
    assert_eq!(
        decision,
        Decision {
            choice: Choice::Side(Side::Flowtly),
            flowtly: Text::whole("ACME"),
            crm: Text::whole("Acme\u{1b}[2J")
        }
    );
    assert_eq!(waiting[1].decision, None);
    let due = todo::due(store.connection(), Kind::Company, now(), 0, 10).await.unwrap();
    assert_eq!(due.iter().map(|row| row.subject).collect::<Vec<_>>(), [Subject::Link(waiting[0].link)]);
    let why = todo::of(store.connection(), Subject::Link(waiting[0].link)).await.unwrap();
    assert_eq!(why, Some(("decided".to_owned(), Some(now()))));
}

#[tokio::test]
async fn a_text_of_ones_own_is_kept_by_its_parts() {
    let stage = Stage::new();
    fill(&stage).await;
    resolved(&stage, &[2], Choose::Text("city=Łódź; street=Short Street".to_owned())).await.unwrap();
    let (mut store, _lock) = stage.open().await;
    let waiting = waiting::conflicts(store.connection(), None).await.unwrap();
    assert_eq!(
        waiting[1].decision.as_ref().unwrap().choice,
        Choice::Text(Text::of([(Part::Street, "Short Street"), (Part::City, "Łódź")]))
    );
}

#[tokio::test]
async fn all_are_decided_or_none() {
    let stage = Stage::new();
    fill(&stage).await;
    let due = {
        let (mut store, _lock) = stage.open().await;
        todo::next_due(store.connection()).await.unwrap()
    };
    let error = resolved(&stage, &[1, 7], Choose::Side(Side::Crm)).await.unwrap_err();
    assert!(error.starts_with("there is no conflict 7 (any more)"), "{error}");
    let error = resolved(&stage, &[1, 2], Choose::Text("Long Street 1".to_owned())).await.unwrap_err();
    assert!(error.starts_with("conflict 2: `Long Street 1` names no part"), "{error}");
    let (mut store, _lock) = stage.open().await;
    let waiting = waiting::conflicts(store.connection(), None).await.unwrap();
    assert!(waiting.iter().all(|conflict| conflict.decision.is_none()));
    assert_eq!(todo::next_due(store.connection()).await.unwrap(), due, "nothing is made due");
}

#[tokio::test]
async fn while_another_process_holds_the_state_the_holder_is_named() {
    let stage = Stage::new();
    fill(&stage).await;
    let held = stage.lock();
    let error = resolved(&stage, &[1], Choose::Side(Side::Crm)).await.unwrap_err();
    assert!(error.contains(&format!("is in use by process {}", std::process::id())), "{error}");
    drop(held);
    assert!(resolved(&stage, &[1], Choose::Side(Side::Crm)).await.is_ok());
}

#[tokio::test]
async fn a_decision_makes_no_state() {
    let stage = Stage::new();
    let mut out = Vec::new();
    let (which, choose) = (Which::Numbers(vec![1]), Choose::Side(Side::Crm));
    let error = resolve(&stage.settings, &stage.clock, which, choose, &mut out).await.unwrap_err();
    assert!(matches!(error.downcast_ref::<StoreError>(), Some(StoreError::Missing { .. })), "{error}");
    assert!(!stage.file("state.sqlite").exists());
}

#[tokio::test]
async fn no_conflicts_are_no_table() {
    let stage = Stage::new();
    stage.open().await.0.close().await.unwrap();
    assert_eq!(list(&stage).await, "No conflicts.\n");
}

#[tokio::test]
async fn all_means_those_that_were_there_when_it_was_said() {
    let stage = Stage::new();
    fill(&stage).await;
    let all = Which::All { record: None, fields: Vec::new() };
    assert_eq!(shown_now(&stage.settings, &all).await.unwrap(), Which::Numbers(vec![1, 2]));
    let of_names = Which::All { record: None, fields: vec![Field::Name] };
    assert_eq!(shown_now(&stage.settings, &of_names).await.unwrap(), Which::Numbers(vec![1]));
}
