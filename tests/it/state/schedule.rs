//! When the daemon's passes begin: at times of the day, not at night, and fewer while requests run low.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use flowtly_sync::clock::Clock as _;
use flowtly_sync::domain::record::Side;
use flowtly_sync::store::pass::PassRecord;
use flowtly_sync::store::thrift;

use super::quarantine::{Act, passes_since, run_by};
use crate::firm::{Firm, vat};

/// Runs the daemon by the `[schedule]` of the firm's configuration. Returns the passes that it made.
async fn run(firm: &Firm, hours: u64, meanwhile: Vec<(Duration, Act<'_>)>) -> Vec<PassRecord> {
    let began = firm.clock.now();
    run_by(firm, firm.settings().schedule.beats(), Duration::from_hours(hours), meanwhile).await;
    passes_since(firm, began).await
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn passes_begin_at_the_times_of_a_cron_expression_and_never_in_quiet_hours() {
    let firm = Firm::configured(
        "[schedule]\ncron = \"*/20 * * * *\"\nslow_cron = \"30 3 * * *\"\njitter = 0\nquiet = [\"22:00-06:00\"]\n\
         time_zone = \"Europe/Warsaw\"\n",
    );
    firm.linked("Alfa", &vat(1)).await;
    let passes = run(&firm, 36, Vec::new()).await;
    assert!(passes.len() > 60, "{} passes", passes.len());
    for pass in passes.iter().skip(1) {
        // 22:00 to 06:00 in Warsaw, in winter.
        assert!((5..21).contains(&pass.started.hour()), "a pass began at {}", pass.started);
        assert!(pass.started.minute() % 20 <= 1, "a pass began at {}", pass.started);
    }
    let morning = passes.iter().find(|pass| pass.started >= at("2026-11-23T21:00:00Z")).unwrap();
    assert!(morning.started - at("2026-11-24T05:00:00Z") < TimeDelta::minutes(1), "{}", morning.started);
    assert_eq!(morning.extent, "complete", "the tick of the night is made up for once");
    let complete = passes.iter().filter(|pass| pass.extent == "complete").count();
    assert_eq!(complete, 1, "the first one of the state was before");
}

#[tokio::test]
async fn what_is_started_at_night_waits_for_the_morning_unless_a_person_wakes_it() {
    let firm = Firm::configured("[schedule]\njitter = 0\nquiet = [\"07:00-12:00\"]\n");
    firm.linked("Alfa", &vat(1)).await;
    let passes = run(&firm, 5, Vec::new()).await;
    assert!(passes.first().unwrap().started >= at("2026-11-23T12:00:00Z"), "{}", passes[0].started);
    let firm = Firm::configured("[schedule]\njitter = 0\nquiet = [\"07:00-12:00\"]\n");
    firm.linked("Alfa", &vat(1)).await;
    let woken: Act<'_> = Box::new(tokio::sync::Notify::notify_one);
    let passes = run(&firm, 2, vec![(Duration::from_hours(1), woken)]).await;
    assert_eq!(passes.len(), 1, "the one that was asked for, and then it is quiet again");
}

#[tokio::test]
async fn while_a_days_requests_run_low_passes_are_put_off_and_a_new_day_begins_at_its_beat() {
    let firm = Firm::configured(
        "[schedule]\ninterval = \"15m\"\njitter = 0\nspare_below = 0.5\nspare_factor = 4\n[hubspot.limits]\ndaily = 300\n",
    );
    firm.linked("Alfa", &vat(1)).await;
    let mut passes = run(&firm, 15, Vec::new()).await;
    // The time may end in the middle of the last one.
    passes.pop_if(|last| last.outcome.as_deref() != Some("applied"));
    let short = thrift::load(firm.store().await.connection()).await.unwrap().expect("it runs low");
    assert!(short.side == Side::Crm && short.left < 0.5, "{short:?}");
    let gaps = |passes: &[PassRecord]| -> Vec<i64> {
        passes.windows(2).map(|pair| (pair[1].started - pair[0].started).num_minutes()).collect()
    };
    let gaps_of_the_day = gaps(&passes);
    let put_off = gaps_of_the_day.iter().position(|gap| *gap >= 60).expect("passes are put off");
    assert!(gaps_of_the_day[..put_off].iter().all(|gap| (15..20).contains(gap)), "{gaps_of_the_day:?}");
    assert!(gaps_of_the_day[put_off..].iter().all(|gap| (60..65).contains(gap)), "{gaps_of_the_day:?}");
    assert!(
        passes.iter().all(|pass| pass.outcome.as_deref() != Some("failed")),
        "nothing was refused for want of quota"
    );
    // It is eleven at night; the quota begins anew at midnight.
    let passes = run(&firm, 3, Vec::new()).await;
    assert!(gaps(&passes).last().is_some_and(|gap| (15..20).contains(gap)), "{:?}", gaps(&passes));
    assert_eq!(thrift::load(firm.store().await.connection()).await.unwrap(), None);
}
