//! Budgets under a clock that only moves when somebody waits.

use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::clock::ManualClock;

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-11-23T10:00:00Z".parse().unwrap()))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn window(limit: usize, seconds: u64) -> Window {
    Window { limit, period: Duration::from_secs(seconds) }
}

/// The most grants in any stretch as long as the window.
fn busiest(grants: &[Duration], period: Duration) -> usize {
    grants
        .iter()
        .map(|from| {
            grants.iter().filter(|grant| **grant >= *from && (**grant).checked_sub(*from).unwrap() < period).count()
        })
        .max()
        .unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn never_more_than_the_limit_in_any_window(
        limit in 1_usize..8,
        period in 1_u64..12,
        outer in 5_usize..20,
        pauses in prop::collection::vec(0_u64..4_000, 1..60),
    ) {
        let clock = clock();
        let settings = BudgetSettings { windows: vec![window(limit, period), window(outer, 30)], ..BudgetSettings::default() };
        let budget = Budget::new(clock.clone(), settings);
        let mut grants = Vec::new();
        runtime().block_on(async {
            for pause in pauses {
                clock.advance(Duration::from_millis(pause));
                budget.permit(None).await.unwrap();
                grants.push(clock.elapsed());
            }
        });
        prop_assert!(busiest(&grants, Duration::from_secs(period)) <= limit);
        prop_assert!(busiest(&grants, Duration::from_secs(30)) <= outer);
    }

    #[test]
    fn no_wait_is_longer_than_the_window_needs(limit in 1_usize..6, requests in 1_usize..40) {
        let clock = clock();
        let settings = BudgetSettings { windows: vec![window(limit, 10)], ..BudgetSettings::default() };
        let budget = Budget::new(clock.clone(), settings);
        runtime().block_on(async {
            for _ in 0..requests {
                budget.permit(None).await.unwrap();
            }
        });
        let full = u64::try_from((requests - 1) / limit).unwrap();
        prop_assert_eq!(clock.elapsed(), Duration::from_secs(10 * full));
    }
}

#[tokio::test]
async fn a_lane_counts_in_its_own_window_and_in_the_common_one() {
    let clock = clock();
    let lanes = BTreeMap::from([("search", vec![window(1, 1)])]);
    let settings = BudgetSettings { windows: vec![window(3, 10)], lanes, ..BudgetSettings::default() };
    let budget = Budget::new(clock.clone(), settings);
    budget.permit(Some("search")).await.unwrap();
    budget.permit(None).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::ZERO, "the common window has room");
    budget.permit(Some("search")).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_secs(1), "the lane's has none");
    budget.permit(None).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_secs(10), "now the common one has none");
}

#[tokio::test]
async fn a_pause_stops_everybody_and_then_ends() {
    let clock = clock();
    let budget = Budget::unlimited(clock.clone());
    budget.learn(None, Some(Duration::from_secs(7)));
    budget.learn(None, Some(Duration::from_secs(2)));
    budget.permit(None).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_secs(7));
    budget.permit(None).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_secs(7));
}

#[tokio::test]
async fn a_pause_longer_than_the_patience_is_told_and_not_slept_through() {
    let clock = clock();
    let budget = Budget::unlimited(clock.clone());
    budget.learn(None, Some(Duration::from_hours(1)));
    let error = budget.permit_within(None, Patience::Pause(Duration::from_mins(2))).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::RateLimited, Some(Duration::from_hours(1))));
    assert!(!error.superseded && error.message.contains("left alone for another 3600 s"), "{}", error.message);
    assert_eq!(clock.elapsed(), Duration::ZERO);
    clock.advance(Duration::from_mins(58));
    budget.permit_within(None, Patience::Pause(Duration::from_mins(2))).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_hours(1));
}

#[tokio::test]
async fn who_waited_behind_others_until_it_was_late_is_not_let_through() {
    let clock = clock();
    let settings = BudgetSettings { windows: vec![window(1, 60)], ..BudgetSettings::default() };
    let budget = Budget::new(clock.clone(), settings);
    budget.permit(None).await.unwrap();
    let (read, write) =
        tokio::join!(budget.permit(None), budget.permit_within(None, Patience::Turn(Duration::from_secs(30))),);
    read.unwrap();
    let error = write.unwrap_err();
    assert_eq!((error.kind, error.superseded), (ErrorKind::RateLimited, true));
}

/// Reads a record and then writes it, as the guard does, until one is written; how often it was read, and how old the
/// last look was.
async fn guarded(budget: &Budget, clock: &ManualClock, group: usize) -> (u32, Duration) {
    let mut looks = 0;
    loop {
        looks += 1;
        for _ in 0..group {
            budget.permit_within(None, Patience::Pause(Duration::from_mins(2))).await.unwrap();
        }
        let looked = clock.elapsed();
        let writes = (0..group).map(|_| async {
            let sent = budget.permit_within(None, Patience::Turn(Duration::from_secs(30))).await;
            sent.ok().map(|_| clock.elapsed())
        });
        let sent = futures_util::future::join_all(writes).await;
        if let Some(first) = sent.into_iter().flatten().min() {
            return (looks, first.checked_sub(looked).unwrap());
        }
    }
}

#[tokio::test]
async fn no_window_is_too_narrow_for_a_look_and_a_write() {
    for limit in 1..8 {
        for group in 1..5 {
            for before in 0..limit {
                let clock = clock();
                let settings = BudgetSettings { windows: vec![window(limit, 60)], ..BudgetSettings::default() };
                let budget = Budget::new(clock.clone(), settings);
                for _ in 0..before {
                    budget.permit(None).await.unwrap();
                }
                let (looks, age) = guarded(&budget, &clock, group).await;
                assert!(looks <= 2, "{limit} a minute, {group} at once, {before} before: {looks} looks");
                let longest = if limit > 2 * group { 0 } else { 60 };
                assert!(age <= Duration::from_secs(longest), "{limit}, {group}, {before}: {age:?}");
            }
        }
    }
}

/// The same where each write needs a read of its own, and every reply takes its time; how often the record was looked at.
async fn prepared(budget: &Budget, clock: &ManualClock, group: usize) -> u32 {
    let longest = Duration::from_secs(30);
    let ask = async || {
        budget.permit_within(None, Patience::Pause(Duration::from_mins(2))).await.unwrap();
        clock.advance(Duration::from_millis(300));
    };
    let mut looks = 0;
    loop {
        looks += 1;
        for _ in 0..group {
            ask().await;
        }
        let began = clock.elapsed();
        let writes = (0..group).map(|_| async {
            ask().await;
            budget.in_time(began, longest).ok()?;
            budget.permit_within(None, Patience::Turn(longest)).await.ok()
        });
        if futures_util::future::join_all(writes).await.iter().any(Option::is_some) {
            return looks;
        }
    }
}

#[tokio::test]
async fn no_window_is_too_narrow_for_a_look_a_read_and_a_write() {
    for limit in 1..8 {
        for group in 1..5 {
            for before in 0..limit {
                let clock = clock();
                let settings = BudgetSettings { windows: vec![window(limit, 60)], ..BudgetSettings::default() };
                let budget = Budget::new(clock.clone(), settings);
                for _ in 0..before {
                    budget.permit(None).await.unwrap();
                    clock.advance(Duration::from_secs(7));
                }
                let looks = prepared(&budget, &clock, group).await;
                assert!(looks <= 3, "{limit} a minute, {group} at once, {before} before: {looks} looks");
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_is_slow_is_no_narrow_window() {
    let clock = clock();
    let settings = BudgetSettings { windows: vec![window(10, 60)], ..BudgetSettings::default() };
    let budget = Budget::new(clock.clone(), settings);
    for _ in 0..5 {
        budget.permit(None).await.unwrap();
        let began = clock.elapsed();
        clock.advance(Duration::from_secs(30));
        budget.in_time(began, Duration::from_secs(30)).unwrap();
        clock.advance(Duration::from_secs(1));
        let late = budget.in_time(began, Duration::from_secs(30)).unwrap_err();
        assert_eq!((late.kind, late.superseded), (ErrorKind::RateLimited, true));
    }
}

#[tokio::test]
async fn the_days_quota_ends_at_the_reserve_and_begins_anew_at_midnight() {
    let clock = clock();
    let settings = BudgetSettings { daily: Some(10), reserve_share: 0.3, ..BudgetSettings::default() };
    let budget = Budget::new(clock.clone(), settings);
    for _ in 0..7 {
        budget.permit(None).await.unwrap();
    }
    let error = budget.permit(None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Quota);
    assert_eq!(error.retry_after, Some(Duration::from_hours(14)));
    clock.advance(Duration::from_hours(14));
    budget.permit(None).await.unwrap();
}

#[tokio::test]
async fn what_the_server_says_is_left_counts_until_it_is_old() {
    let clock = clock();
    let settings = BudgetSettings { daily: Some(1000), reserve_share: 0.1, ..BudgetSettings::default() };
    let budget = Budget::new(clock.clone(), settings);
    budget.learn(Some(101), None);
    budget.permit(None).await.unwrap();
    let error = budget.permit(None).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Quota, Some(BELIEF)));
    clock.advance(BELIEF);
    budget.permit(None).await.unwrap();
}

#[tokio::test]
async fn only_so_many_are_under_way_at_once() {
    let budget = Budget::new(clock(), BudgetSettings { concurrent: 1, ..BudgetSettings::default() });
    let first = budget.permit(None).await.unwrap();
    assert!(budget.permit(None).now_or_never().is_none());
    drop(first);
    assert!(budget.permit(None).now_or_never().is_some());
}

#[tokio::test]
async fn a_request_takes_what_its_lane_costs_and_never_from_the_reserve() {
    let clock = clock();
    let settings = BudgetSettings { daily: Some(100), reserve_share: 0.5, ..BudgetSettings::default() };
    let budget = Budget::new(clock, settings).with_costs(BTreeMap::from([("list", 20), ("search", 30)]));
    budget.permit(Some("list")).await.unwrap();
    budget.permit(None).await.unwrap();
    assert_eq!(
        budget.permit(Some("search")).await.unwrap_err().kind,
        ErrorKind::Quota,
        "29 are left above the reserve"
    );
    budget.permit(Some("list")).await.unwrap();
    budget.learn(Some(71), None);
    budget.permit(Some("list")).await.unwrap();
    assert_eq!(budget.permit(Some("list")).await.unwrap_err().kind, ErrorKind::Quota);
    budget.permit(None).await.unwrap();
    assert_eq!(budget.permit(None).await.unwrap_err().kind, ErrorKind::Quota);
}

#[tokio::test]
async fn what_is_ours_at_most_counts_beside_what_is_left_of_the_account() {
    let clock = clock();
    let settings = BudgetSettings { daily: Some(3), own_daily: Some(3), ..BudgetSettings::default() };
    let budget = Budget::new(clock.clone(), settings);
    budget.learn(Some(1_000), None);
    for _ in 0..3 {
        budget.permit(None).await.unwrap();
    }
    let error = budget.permit(None).await.unwrap_err();
    assert_eq!((error.kind, budget.left()), (ErrorKind::Quota, Some(0)));
    assert_eq!(error.retry_after, Some(Duration::from_hours(14)), "the server has nothing to add to it");
    clock.advance(Duration::from_hours(14));
    budget.learn(Some(1), None);
    budget.permit(None).await.unwrap();
    let error = budget.permit(None).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Quota, Some(BELIEF)), "others used the account up");
}

#[test]
fn what_is_left_is_a_share_of_the_day_that_the_servers_word_corrects() {
    let clock = clock();
    assert_eq!(Budget::unlimited(clock.clone()).share_left(), None, "nobody counts");
    let settings = BudgetSettings { daily: Some(200), ..BudgetSettings::default() };
    let budget = Budget::new(clock, settings);
    assert_eq!(budget.share_left(), Some(1.0));
    runtime().block_on(budget.permit(None)).unwrap();
    assert_eq!(budget.share_left(), Some(0.995));
    budget.learn(Some(50), None);
    assert_eq!(budget.share_left(), Some(0.25));
    budget.learn(Some(1_000), None);
    assert_eq!(budget.share_left(), Some(1.0), "the account has more than was configured");
}
