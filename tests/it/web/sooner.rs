//! What hints have begin before its beat, and what they do not.

use std::time::Duration;

use chrono::TimeDelta;
use flowtly_sync::daemon::hints::{Event, WAITING};
use flowtly_sync::daemon::schedule::Schedule;
use flowtly_sync::daemon::schedule::quiet::Quiet;
use flowtly_sync::daemon::schedule::thrift::Thrift;
use flowtly_sync::daemon::schedule::ticks::Ticks;
use flowtly_sync::daemon::schedule::zone::Zone;
use flowtly_sync::domain::hint::Hint;
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use flowtly_sync::sandbox::{Fault, When};

use super::bench::{Caller, beside_by, beside_with, served};
use crate::firm::vat;

fn beats() -> Schedule {
    Schedule::new(Duration::from_mins(5), Duration::from_hours(6), 0.0)
}

/// A webhook that says only that something changed.
fn something(caller: &Caller) {
    caller.watch.hints.post(vec![Event { key: None, hints: Vec::new() }]).unwrap();
}

fn event(id: &str) -> Event {
    let hint = Hint { side: Side::Crm, kind: Kind::Company, id: RemoteId::new(id), sure: true };
    Event { key: None, hints: vec![hint] }
}

const INCREMENTAL: &str = "flowtly_sync_passes_total{extent=\"incremental\",outcome=\"applied\"}";
const COMPLETE: &str = "flowtly_sync_passes_total{extent=\"complete\",outcome=\"applied\"}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_that_a_hint_wants_walks_everything_only_where_that_is_due() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    // The next beat is days away, and walks everything.
    let monday = Ticks::parse("0 7 * * 1", Zone::UTC).unwrap();
    beside_by(&firm, beats().at(Some(monday), None), async |caller| {
        let due = caller.watch.vitals.signs().due.unwrap();
        assert!(due - firm.clock_now() > TimeDelta::hours(7), "{due}");
        let before = caller.figure(COMPLETE).await;
        something(&caller);
        caller.passes("incremental", "applied", 2.0 - before).await;
        assert!((caller.figure(COMPLETE).await - before).abs() < 0.5);
        firm.wait(Duration::from_hours(7));
        something(&caller);
        caller.passes("complete", "applied", before + 1.0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_that_dropped_hints_want_is_tried_again_until_it_has_passed() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    beside_by(&firm, beats(), async |caller| {
        let before = caller.figure(COMPLETE).await;
        firm.crm.faults().when(When::always(), Fault::Gateway(503));
        let flood = (0..=WAITING).map(|number| event(&number.to_string())).collect();
        caller.watch.hints.post(flood).unwrap();
        caller.passes("complete", "failed", 1.0).await;
        caller.until("the mark", async || caller.watch.hints.has_overflown()).await;
        firm.crm.faults().clear();
        caller.wake.notify_one();
        caller.passes("complete", "applied", before + 1.0).await;
        caller.until("the end of the mark", async || !caller.watch.hints.has_overflown()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_walk_finds_does_not_wait_for_the_morning_where_hints_may_disturb_it() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    // It is eight.
    let quiet = Quiet::parse(&["08:02-12:00".to_owned()], Zone::UTC).unwrap();
    beside_with(&firm, beats().resting(quiet), true, async |caller| {
        firm.wait(Duration::from_mins(10));
        let company = firm.company("Beta", Some(&vat(2)));
        caller.watch.hints.post(vec![event(&company.to_string())]).unwrap();
        caller.until("the new one", async || firm.flowtly.client_count() == 2).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_walk_finds_waits_for_the_beat_while_requests_run_low() {
    let firm = served("");
    firm.linked("Alfa", &vat(1)).await;
    let always = Thrift { below: 1.0, factor: 4 };
    beside_by(&firm, beats().sparing(always), async |caller| {
        caller.until("the wait", async || caller.watch.vitals.signs().due.is_some()).await;
        let due = caller.watch.vitals.signs().due.unwrap();
        let walks = caller.figure(INCREMENTAL).await + caller.figure(COMPLETE).await;
        let company = firm.company("Beta", Some(&vat(2)));
        for many in 1..=2 {
            caller.watch.hints.post(vec![event(&company.to_string())]).unwrap();
            // The second one has begun after what the first one left was weighed.
            caller.passes("hinted", "applied", f64::from(many)).await;
        }
        let now = caller.watch.vitals.signs().due.unwrap();
        assert!((now - due).abs() < TimeDelta::minutes(1), "{due} became {now}");
        let since = caller.figure(INCREMENTAL).await + caller.figure(COMPLETE).await - walks;
        assert!(since < 0.5, "it walked");
    })
    .await;
}
