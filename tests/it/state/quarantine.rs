//! The daemon with a side that keeps failing: slower and slower, and at once well again. Time passes as soon as everybody
//! waits for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use flowtly_sync::clock::{Clock as _, SystemClock};
use flowtly_sync::commands::deciding::Clerk;
use flowtly_sync::daemon::backups::{Backups, Plan};
use flowtly_sync::daemon::control::{Control, Inbox, socket::Socket};
use flowtly_sync::daemon::schedule::Schedule;
use flowtly_sync::daemon::systemd::Notifier;
use flowtly_sync::daemon::{self, Daemon};
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::{Fault, When};
use flowtly_sync::store::pass::{self, PassRecord};
use flowtly_sync::store::quarantine::{self, Fails, Illnesses};
use flowtly_sync::sync::World;
use flowtly_sync::sync::apply::Sinks;
use http::Method;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, ruling, vat};

const BEAT: Duration = Duration::from_mins(15);
const SLOW_BEAT: Duration = Duration::from_hours(6);

/// What somebody does, who may wake the daemon.
pub(super) type Act<'a> = Box<dyn FnOnce(&Notify) + 'a>;

/// Runs the daemon for that long. What `meanwhile` does is done as soon as its time has come.
async fn run_for(firm: &Firm, time: Duration, meanwhile: Vec<(Duration, Act<'_>)>) {
    run_by(firm, Schedule::new(BEAT, SLOW_BEAT, 0.0), time, meanwhile).await;
}

/// The same by another schedule.
pub(super) async fn run_by(firm: &Firm, schedule: Schedule, time: Duration, meanwhile: Vec<(Duration, Act<'_>)>) {
    run_with(firm, schedule, None, time, meanwhile).await;
}

/// The same with somebody who copies the state, while nobody does anything.
pub(super) async fn run_beside(firm: &Firm, time: Duration, backups: Option<(&Backups, &Plan)>) {
    run_with(firm, Schedule::new(BEAT, SLOW_BEAT, 0.0), backups, time, Vec::new()).await;
}

async fn run_with(
    firm: &Firm,
    schedule: Schedule,
    backups: Option<(&Backups, &Plan)>,
    time: Duration,
    mut meanwhile: Vec<(Duration, Act<'_>)>,
) {
    let settings = firm.settings();
    let systems = firm.systems(&settings);
    let ruling = ruling(&settings);
    let clerk = Clerk { settings: &settings, clock: firm.clock.as_ref() };
    let socket = Socket::bind(&settings.control_socket).unwrap();
    let (control, post) = Control::serve(socket, &settings.state_path, Arc::new(SystemClock::new()));
    let daemon = Daemon {
        world: World::of(&systems, firm.clock.as_ref(), &ruling),
        sinks: Sinks::from(&systems),
        schedule,
        hints_in_quiet: false,
        woken: false,
        stop_within: Duration::from_mins(1),
        allow: BTreeSet::new(),
        notifier: Notifier::default(),
        inbox: Inbox::at(&clerk, post),
        watch: None,
        notices: None,
        backups,
        reload: None,
    };
    let (stop, wake) = (CancellationToken::new(), Arc::new(Notify::new()));
    let store = firm.store().await;
    let began = firm.clock.elapsed();
    let driver = async {
        let passed = || firm.clock.elapsed().saturating_sub(began);
        while passed() < time {
            let now = passed();
            let (due, later): (Vec<_>, Vec<_>) =
                std::mem::take(&mut meanwhile).into_iter().partition(|(at, _)| *at <= now);
            meanwhile = later;
            for (_, act) in due {
                act(&wake);
            }
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(daemon::run(daemon, store, &stop, &wake), driver);
    ended.unwrap();
    control.close().await;
}

pub(super) async fn passes_since(firm: &Firm, since: DateTime<Utc>) -> Vec<PassRecord> {
    let mut passes = pass::last(firm.store().await.connection(), 10_000).await.unwrap();
    passes.retain(|pass| pass.started >= since);
    passes.reverse();
    passes
}

async fn known(firm: &Firm) -> Illnesses {
    quarantine::load(firm.store().await.connection()).await.unwrap()
}

const fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

#[tokio::test]
async fn a_side_that_does_not_answer_is_asked_ever_more_slowly_and_then_goes_on() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.flowtly.faults().when(When::always(), Fault::Unreachable);
    let began = firm.clock.now();
    run_for(&firm, hours(24), Vec::new()).await;
    let passes = passes_since(&firm, began).await;
    // 15, 30, 60, … minutes apart instead of 96 times a day.
    assert!((7..=10).contains(&passes.len()), "{} passes", passes.len());
    // The last one may have been stopped by the end of the day.
    let failed = passes.iter().filter(|pass| pass.outcome.as_deref() == Some("failed")).count();
    assert!(failed + 1 >= passes.len(), "{failed} of {}", passes.len());
    let gaps: Vec<TimeDelta> = passes.windows(2).map(|pair| pair[1].started - pair[0].started).collect();
    assert!(gaps.windows(2).take(3).all(|pair| pair[1] > pair[0]), "{gaps:?}");
    let illness = &known(&firm).await[&Side::Flowtly];
    assert_eq!((illness.fails, illness.locked), (Fails::Reading, false));
    assert_eq!(usize::try_from(illness.times).unwrap(), failed);
    assert!(illness.words.starts_with("Flowtly"), "{}", illness.words);
    firm.flowtly.faults().clear();
    run_for(&firm, hours(7), Vec::new()).await;
    assert!(known(&firm).await.is_empty(), "well again");
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_side_that_asks_to_be_left_alone_for_an_hour_is_and_no_pass_sleeps_through_it() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let began = firm.clock.now();
    firm.hubspot.faults().next(Fault::Refusal { status: 429, retry_after: Some("3600".to_owned()) });
    run_for(&firm, Duration::from_mins(80), Vec::new()).await;
    let passes = passes_since(&firm, began).await;
    assert_eq!(passes[0].outcome.as_deref(), Some("failed"));
    let ended: Vec<TimeDelta> = passes.iter().filter_map(|pass| Some(pass.ended? - pass.started)).collect();
    assert!(ended.iter().all(|took| *took < TimeDelta::minutes(5)), "{ended:?}");
    assert!(passes[1].started - passes[0].started >= TimeDelta::hours(1), "{:?}", passes[1]);
    assert_eq!(passes[1].outcome.as_deref(), Some("applied"));
    assert!(known(&firm).await.is_empty(), "well again");
}

#[tokio::test]
async fn a_refused_credential_is_asked_a_few_times_a_day() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.faults().when(When::always(), Fault::Refusal { status: 401, retry_after: None });
    let (began, asked) = (firm.clock.now(), firm.hubspot.counts().requests);
    run_for(&firm, hours(48), Vec::new()).await;
    let passes = passes_since(&firm, began).await.len();
    assert!((7..=9).contains(&passes), "{passes} passes in two days");
    let refused = firm.hubspot.faults().counts()["refusal"];
    assert!(refused <= 30, "{refused} requests, {asked} before");
    assert!(known(&firm).await[&Side::Crm].locked);
    firm.hubspot.faults().clear();
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_side_that_can_be_read_and_not_written_does_not_hold_up_the_other_one() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let (beta, _) = firm.linked("Beta", &vat(2)).await;
    firm.flowtly.edit_client(beta, "addressCity", "Gdańsk");
    let update = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/update");
    firm.hubspot.faults().when(update, Fault::Refusal { status: 403, retry_after: None });
    let began = firm.clock.now();
    let edit = |_: &Notify| {
        firm.hubspot.edit_company(company, "city", "Kraków");
        firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    };
    run_for(&firm, hours(5), vec![(hours(2), Box::new(edit))]).await;
    let passes = passes_since(&firm, began).await;
    assert!(passes.len() > 15, "{} passes: the beat goes on", passes.len());
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"), "the other direction goes on");
    let tried = firm.hubspot.faults().counts()["refusal"];
    assert!(tried <= 2, "tried {tried} times in five hours");
    let illness = known(&firm).await.remove(&Side::Crm).unwrap();
    assert_eq!((illness.fails, illness.locked), (Fails::Writing, true));
    assert_eq!(illness.kinds.into_iter().collect::<Vec<_>>(), [Kind::Company]);
    assert_eq!(firm.hubspot.contact_count(), 1, "contacts are written all the while");
    // Nothing of it is lost: the right is given back.
    firm.hubspot.faults().clear();
    run_for(&firm, hours(7), Vec::new()).await;
    assert!(known(&firm).await.is_empty(), "well again");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_side_that_takes_no_new_records_does_not_hold_up_changes() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.client("Beta", Some(&vat(2)));
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create");
    firm.hubspot.faults().when(create, Fault::Refusal { status: 403, retry_after: None });
    let edit = |city: &'static str| -> Act<'_> {
        let flowtly = firm.flowtly.clone();
        Box::new(move |_: &Notify| assert!(flowtly.edit_client(client, "addressCity", city)))
    };
    for city in ["Gdańsk", "Kraków"] {
        run_for(&firm, hours(2), vec![(hours(1), edit(city))]).await;
        assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some(city));
        let illness = known(&firm).await.remove(&Side::Crm).unwrap();
        assert!(illness.spares_changes() && illness.locked, "{illness:?}");
        assert_eq!(illness.uncreated.into_iter().collect::<Vec<_>>(), [Kind::Company]);
    }
    // One at each start.
    let tried = firm.hubspot.faults().counts()["refusal"];
    assert!(tried <= 2, "tried {tried} times in four hours");
    firm.hubspot.faults().clear();
    run_for(&firm, hours(7), Vec::new()).await;
    assert!(known(&firm).await.is_empty(), "well again");
    assert_eq!(firm.hubspot.company_count(), 2);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_side_that_loses_writes_is_written_to_ever_more_slowly() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Gdańsk");
    let update = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/update");
    firm.hubspot.faults().when(update, Fault::Unreachable);
    run_for(&firm, hours(24), Vec::new()).await;
    let illness = known(&firm).await.remove(&Side::Crm).unwrap();
    assert_eq!((illness.fails, illness.locked), (Fails::Writing, false));
    assert!((6..=10).contains(&illness.times), "{} times in a day", illness.times);
    firm.hubspot.faults().clear();
    run_for(&firm, hours(7), Vec::new()).await;
    assert!(known(&firm).await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_start_tries_at_once_and_keeps_the_count() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.faults().when(When::always(), Fault::Unreachable);
    run_for(&firm, hours(12), Vec::new()).await;
    let before = known(&firm).await[&Side::Flowtly].clone();
    let began = firm.clock.now();
    run_for(&firm, hours(1), Vec::new()).await;
    let after = known(&firm).await[&Side::Flowtly].clone();
    assert!(!passes_since(&firm, began).await.is_empty(), "tried at once");
    assert_eq!((after.since, after.times), (before.since, before.times + 1));
    firm.flowtly.faults().clear();
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_person_who_wakes_the_daemon_has_everything_tried_at_once() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressCity", "Gdańsk");
    let update = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/update");
    firm.hubspot.faults().when(update, Fault::Refusal { status: 403, retry_after: None });
    let mend = |wake: &Notify| {
        firm.hubspot.faults().clear();
        wake.notify_one();
    };
    run_for(&firm, hours(2), vec![(hours(1), Box::new(mend))]).await;
    assert!(known(&firm).await.is_empty(), "well again long before its next try");
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Gdańsk"));
    firm.assert_settled().await;
}
