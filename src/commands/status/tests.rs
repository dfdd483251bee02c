//! What `status` tells of a state that was made through the store.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::commands::testing::{Stage, company, json_listing, linked, now, put, text_listing, told};
use crate::daemon::backups::Plan;
use crate::domain::plan::{LinkId, Totals};
use crate::domain::record::{Kind, Side};
use crate::store::quarantine::{Fails, Illness};
use crate::store::thrift::Short;
use crate::store::todo::{Subject, Why};
use crate::store::{StoreError, copies, mark, pass, quarantine, thrift, todo, waiting};

use super::*;

async fn fill(stage: &Stage) {
    let (mut store, _lock) = stage.open().await;
    let connection = store.connection();
    mark::set_account(connection, Side::Flowtly, "firm").await.unwrap();
    mark::set_account(connection, Side::Crm, "146").await.unwrap();
    let hour = chrono::TimeDelta::hours(1);
    let first = pass::begin(connection, now() - hour, "complete").await.unwrap();
    let totals = Totals {
        links: 1,
        creates: BTreeMap::from([(Side::Flowtly, 0), (Side::Crm, 2)]),
        conflicts: 1,
        ..Totals::default()
    };
    let certificate = Certificate { equal: 7, as_of: Some(now() - hour), ..Certificate::default() };
    let text = crate::store::to_json(&certificate);
    pass::end(connection, first, now(), "applied", &totals, Some(&text), None).await.unwrap();
    let second = pass::begin(connection, now(), "incremental").await.unwrap();
    let error = "CRM: no reply\u{1b}[2J within 30 s";
    pass::end(connection, second, now(), "failed", &Totals::default(), None, Some(error)).await.unwrap();
    pass::begin(connection, now(), "incremental").await.unwrap();
    let fourth = pass::begin(connection, now(), "incremental").await.unwrap();
    mark::set(connection, Mark::Running, &fourth.to_string()).await.unwrap();
    let link = linked(connection, None, company(Side::Flowtly, "17", "ACME"), company(Side::Crm, "900", "Acme")).await;
    let alone = put(connection, company(Side::Crm, "901", "Beta")).await;
    let (about, later) = (Subject::Link(link), now() + hour);
    waiting::put_failure(connection, about, Side::Crm, "phone", 1, "bad \u{9b}number", now()).await.unwrap();
    waiting::set_next_try(connection, about, Side::Crm, "phone", later).await.unwrap();
    waiting::put_failure(connection, Subject::Seen(alone), Side::Flowtly, "", 1, "no status", now()).await.unwrap();
    todo::arm(connection, Kind::Company, &[about], Why::Refused, Some(later)).await.unwrap();
    todo::arm(connection, Kind::Company, &[Subject::Seen(alone)], Why::Staged, Some(now())).await.unwrap();
    let cursor = pass::Cursor { since: Some(now()), whole_at: Some(now() - hour), whole_shape: Some(1) };
    pass::set_cursor(connection, Side::Flowtly, Kind::Company, &cursor).await.unwrap();
    assert_eq!(link, LinkId(1));
    store.close().await.unwrap();
}

#[tokio::test]
async fn status_tells_what_was_what_waits_and_how_it_stands() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut out = Vec::new();
    let code = status(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap();
    assert_eq!(code, 0);
    assert_eq!(
        told(out),
        "\
Flowtly account: firm
CRM account: 146
This state is new: look at `diff`, then `reconcile --allow first-pass`.

Passes
  4  2025-06-15 15:06:40Z  incremental  under way
  3  2025-06-15 15:06:40Z  incremental  did not end; what it left open is recovered by the next one
  2  2025-06-15 15:06:40Z  incremental  failed
      CRM: no reply\\u{1b}[2J within 30 s
  1  2025-06-15 14:06:40Z  complete  applied: 1 link, 2 creates in CRM, new: 1 conflict

Waits for a person
  2 refused records: `flowtly-sync failures`, or see below

Not settled
  1 refused (not due)
  1 staged (due now)
  the next is due at 2025-06-15 15:06:40Z

Refused by a system
  1  company ACME (Flowtly 17, CRM 900)
      CRM refuses phone: bad \\u{9b}number (1 attempt since 2025-06-15 15:06:40Z; tried again at 2025-06-15 16:06:40Z)
  2  company Beta (CRM 901)
      Flowtly refuses the record: no status (1 attempt since 2025-06-15 15:06:40Z; tried again when it changes)

Read
  Flowtly company: walked whole at 2025-06-15 14:06:40Z, next read asks from 2025-06-15 15:06:40Z
  Flowtly contact: never walked whole
  CRM company: never walked whole
  CRM contact: never walked whole

Certificate
  as of the last complete scan at 2025-06-15 14:06:40Z:
  7 pairs equal
  0 pairs differ for a stated reason
  0 pairs wait for a person
  0 pairs go on in the next pass
  0 pairs differ without a reason
"
    );
}

#[tokio::test]
async fn status_for_programs_has_the_same() {
    let stage = Stage::new();
    fill(&stage).await;
    let mut out = Vec::new();
    status(&stage.settings, &stage.clock, &mut json_listing(&mut out)).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    assert_eq!(read["accounts"]["crm"], "146");
    assert_eq!(read["adoption"], "new");
    assert_eq!(read["passes"][0]["under_way"], true);
    assert_eq!(read["passes"][3]["totals"]["creates"]["crm"], 2);
    assert_eq!(read["waiting"]["failures"], 2);
    assert_eq!(read["failures"][0]["record"]["flowtly"], "17");
    assert_eq!(read["certificate"]["equal"], 7);
}

#[tokio::test]
async fn a_side_that_keeps_failing_is_told_with_its_next_try() {
    let stage = Stage::new();
    let (mut store, lock) = stage.open().await;
    let illness = Illness {
        fails: Fails::Writing,
        kinds: BTreeSet::from([Kind::Company]),
        uncreated: BTreeSet::new(),
        times: 3,
        since: now(),
        next_try: now() + chrono::TimeDelta::hours(1),
        locked: false,
        words: "no reply\u{1b}[2J".to_owned(),
    };
    quarantine::save(store.connection(), &BTreeMap::from([(Side::Crm, illness.clone())])).await.unwrap();
    store.close().await.unwrap();
    drop(lock);
    let mut out = Vec::new();
    status(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap();
    let text = told(out);
    let line = "CRM: company records are not written to it, 3 times since 2025-06-15 15:06:40Z, tried again at 2025-06-15 16:06:40Z";
    assert!(text.contains(&format!("Sides that fail\n  {line}\n      no reply\\u{{1b}}[2J\n")), "{text}");
    let only_new = Illness { kinds: BTreeSet::new(), uncreated: BTreeSet::from([Kind::Contact]), ..illness.clone() };
    let both = Illness { uncreated: BTreeSet::from(Kind::BOTH), ..illness };
    for (illness, what) in [
        (only_new, "no new contact records are made there"),
        (both, "company records are not written to it, no new contact records are made there"),
    ] {
        let (mut store, _lock) = stage.open().await;
        quarantine::save(store.connection(), &BTreeMap::from([(Side::Crm, illness)])).await.unwrap();
        store.close().await.unwrap();
        let mut out = Vec::new();
        status(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap();
        let text = told(out);
        assert!(text.contains(&format!("CRM: {what}, 3 times")), "{text}");
    }
    let mut out = Vec::new();
    status(&stage.settings, &stage.clock, &mut json_listing(&mut out)).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    assert_eq!(
        (&read["quarantine"]["crm"]["times"], &read["quarantine"]["crm"]["fails"]),
        (&3.into(), &"writing".into())
    );
}

#[tokio::test]
async fn passes_that_are_put_off_are_told_with_what_is_left() {
    let stage = Stage::new();
    let (mut store, lock) = stage.open().await;
    let short = Short { side: Side::Crm, left: 0.183, since: now() };
    thrift::save(store.connection(), Some(&short)).await.unwrap();
    store.close().await.unwrap();
    drop(lock);
    let mut out = Vec::new();
    status(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap();
    let text = told(out);
    let line = "CRM: 18 % of the day's were left; passes are put off since 2025-06-15 15:06:40Z";
    assert!(text.contains(&format!("Requests that run low\n  {line}\n")), "{text}");
    let mut out = Vec::new();
    status(&stage.settings, &stage.clock, &mut json_listing(&mut out)).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    assert_eq!(read["short"]["side"], "crm");
    let (mut store, _lock) = stage.open().await;
    thrift::save(store.connection(), None).await.unwrap();
    assert_eq!(thrift::load(store.connection()).await.unwrap(), None);
}

#[tokio::test]
async fn that_copies_wait_for_the_state_to_prove_itself_is_told() {
    let mut stage = Stage::new();
    let folder = stage.file("copies");
    stage.settings.backup = Some(Plan { folder: folder.clone(), every: Duration::from_hours(6), keep: 8 });
    let (mut store, _lock) = stage.open().await;
    for side in Side::BOTH {
        mark::set_account(store.connection(), side, "1").await.unwrap();
    }
    let pass = pass::begin(store.connection(), now(), "complete").await.unwrap();
    pass::end(store.connection(), pass, now(), "refused", &Totals::default(), None, None).await.unwrap();
    let staged = copies::stage(&stage.settings.state_path).await.unwrap();
    let yesterday = now() - chrono::TimeDelta::days(1);
    Copies::of(&folder, store.connection()).await.unwrap().put(&staged, yesterday).unwrap();
    let heading = "Copies of the state\n  the newest of 1 copy was made at 2025-06-14 15:06:40Z\n";
    let waits = "  none is made, and none removed, until this state has proved itself: see above\n";
    let shown = async || {
        let mut out = Vec::new();
        status(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap();
        told(out)
    };
    let text = shown().await;
    assert!(text.contains(heading) && text.contains(waits), "{text}");
    mark::set(store.connection(), Mark::Adoption, mark::PROVED).await.unwrap();
    let text = shown().await;
    assert!(text.contains(heading) && !text.contains(waits), "{text}");
}

#[tokio::test]
async fn without_a_state_the_mend_is_told() {
    let stage = Stage::new();
    let mut out = Vec::new();
    let error = status(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap_err();
    assert!(matches!(error.downcast_ref::<StoreError>(), Some(StoreError::Missing { .. })), "{error}");
    assert!(!stage.file("state.sqlite").exists() && !stage.file("state.sqlite.lock").exists());
}

#[tokio::test]
async fn a_state_that_is_written_can_be_read_beside() {
    let stage = Stage::new();
    fill(&stage).await;
    let (mut store, _lock) = stage.open().await;
    pass::begin(store.connection(), now(), "complete").await.unwrap();
    let mut out = Vec::new();
    assert_eq!(status(&stage.settings, &stage.clock, &mut text_listing(&mut out)).await.unwrap(), 0);
    assert!(told(out).contains("\n  5  "));
}
