use proptest::prelude::*;
use rstest::rstest;

use super::zone::Zone;
use super::*;

const MINUTE: Duration = Duration::from_mins(1);

fn schedule() -> Schedule {
    Schedule::new(5 * MINUTE, 360 * MINUTE, 0.1)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn minute(minutes: i64) -> DateTime<Utc> {
    at("2026-11-24T08:00:00Z") + TimeDelta::minutes(minutes)
}

fn ticks(text: &str) -> Ticks {
    Ticks::parse(text, Zone::UTC).unwrap()
}

fn nights() -> Quiet {
    Quiet::parse(&["22:00-06:00".to_owned()], Zone::UTC).unwrap()
}

/// The schedule after a complete pass, without chance.
fn even(schedule: Schedule, completed: &str) -> Schedule {
    let mut schedule = Schedule { jitter: 0.0, ..schedule };
    schedule.completed(at(completed));
    schedule
}

/// When the next pass begins, and whether it walks everything.
fn next(schedule: &Schedule, means: Means, now: &str) -> (DateTime<Utc>, bool) {
    let wait = schedule.wait(After::Passed, means, at(now), 0.5);
    let begin = later(at(now), wait.time);
    (begin, schedule.is_complete_due(begin))
}

#[rstest]
#[case::an_interval(After::Passed, 5 * MINUTE)]
#[case::at_once(After::Again, Duration::from_secs(1))]
#[case::first_failure(After::Failed { failures: 1 }, 5 * MINUTE)]
#[case::second_failure(After::Failed { failures: 2 }, 10 * MINUTE)]
#[case::many_failures(After::Failed { failures: 40 }, 360 * MINUTE)]
#[case::refused_credential(After::Locked, 360 * MINUTE)]
fn a_wait_follows_from_what_happened(#[case] after: After, #[case] time: Duration) {
    assert_eq!(schedule().wait(after, Means::Enough, minute(0), 0.5).time, time);
    let by_ticks = schedule().at(Some(ticks("0 3 * * *")), Some(ticks("0 4 * * 0")));
    if after != After::Passed {
        assert_eq!(by_ticks.wait(after, Means::Short, minute(0), 0.5).time, time, "a failure does not wait for a tick");
    }
}

#[test]
fn chance_varies_a_wait_by_the_jitter_and_no_more() {
    let waits = [0.0, 1.0].map(|chance| schedule().wait(After::Passed, Means::Enough, minute(0), chance).time);
    assert_eq!(waits, [5 * MINUTE * 9 / 10, 5 * MINUTE * 11 / 10]);
    let nightly = schedule().at(Some(ticks("0 9 * * *")), None);
    let waits = [0.0, 1.0].map(|chance| nightly.wait(After::Passed, Means::Enough, minute(0), chance).time);
    assert_eq!(waits, [60 * MINUTE, 60 * MINUTE + MINUTE / 2], "a tick is late, never early");
}

#[test]
fn everything_is_walked_on_the_slow_beat() {
    let mut schedule = schedule();
    let complete = |schedule: &Schedule, now| schedule.is_complete_due(minute(now));
    assert!(complete(&schedule, 0), "nothing was walked yet");
    schedule.completed(minute(1));
    assert!(!complete(&schedule, 2) && !complete(&schedule, 360));
    assert!(complete(&schedule, 361));
    assert!(complete(&schedule, -60), "a clock that was set back does not put it off");
}

#[rstest]
#[case::between("2026-11-24T08:01:00Z", "2026-11-24T08:10:00Z", false)]
#[case::after_the_last_of_the_day("2026-11-24T18:50:01Z", "2026-11-25T03:00:00Z", true)]
#[case::the_slow_tick_was_taken("2026-11-25T03:04:00Z", "2026-11-25T08:00:00Z", true)]
#[case::a_machine_that_slept_for_days("2026-11-27T11:11:11Z", "2026-11-27T11:20:00Z", true)]
fn ticks_are_taken_one_by_one_and_missed_ones_are_not_made_up_for(
    #[case] now: &str,
    #[case] wanted: &str,
    #[case] complete: bool,
) {
    let schedule = schedule().at(Some(ticks("*/10 8-18 * * 1-5")), Some(ticks("0 3 * * *")));
    let schedule = even(schedule, "2026-11-24T03:04:00Z");
    assert_eq!(next(&schedule, Means::Enough, now), (at(wanted), complete));
}

#[rstest]
#[case::day("2026-11-24T12:00:00Z", "2026-11-24T12:05:00Z")]
#[case::the_last_of_the_day("2026-11-24T21:54:00Z", "2026-11-24T21:59:00Z")]
#[case::night("2026-11-24T21:57:00Z", "2026-11-25T06:00:00Z")]
fn a_beat_in_quiet_hours_is_put_off_to_their_end(#[case] now: &str, #[case] wanted: &str) {
    let schedule = even(schedule().resting(nights()), "2026-11-24T12:00:00Z");
    let (begin, _) = next(&schedule, Means::Enough, now);
    assert_eq!(begin, at(wanted));
    let wait = schedule.wait(After::Passed, Means::Enough, at(now), 0.5);
    assert_eq!(wait.is_quiet, wanted.ends_with("06:00:00Z"));
    for after in [After::Again, After::Failed { failures: 1 }, After::Locked] {
        let begin = later(
            at("2026-11-24T22:30:00Z"),
            schedule.wait(after, Means::Enough, at("2026-11-24T22:30:00Z"), 1.0).time,
        );
        assert_eq!(begin, at("2026-11-25T06:00:00Z"), "{after:?}");
    }
}

#[test]
fn passes_are_put_off_while_requests_run_low() {
    let thrift = Thrift { below: 0.2, factor: 4 };
    let by_interval = even(schedule().sparing(thrift), "2026-11-24T07:59:00Z");
    assert_eq!(next(&by_interval, Means::Short, "2026-11-24T08:00:00Z").0, at("2026-11-24T08:20:00Z"));
    let by_ticks = even(
        schedule().at(Some(ticks("*/10 * * * *")), Some(ticks("5 8 * * *"))).sparing(thrift),
        "2026-11-24T07:59:00Z",
    );
    assert_eq!(next(&by_ticks, Means::Enough, "2026-11-24T08:01:00Z"), (at("2026-11-24T08:05:00Z"), true));
    assert_eq!(next(&by_ticks, Means::Short, "2026-11-24T08:01:00Z"), (at("2026-11-24T08:40:00Z"), true));
}

#[rstest]
#[case::every_night(Some("0 3 * * *"), None, "2026-11-25T03:00:00Z")]
#[case::three_times_a_day(Some("0 3,11,19 * * *"), None, "2026-11-25T03:00:00Z")]
#[case::every_monday(Some("0 3 * * 1"), None, "2026-11-30T03:00:00Z")]
#[case::every_monday_and_everything_at_noon(Some("0 3 * * 1"), Some("0 12 * * *"), "2026-11-24T12:00:00Z")]
#[case::by_an_interval(None, None, "2026-11-25T03:20:00Z")]
fn a_days_requests_put_no_pass_off_by_more_than_a_day(
    #[case] cron: Option<&str>,
    #[case] slow_cron: Option<&str>,
    #[case] wanted: &str,
) {
    let schedule = Schedule::new(600 * MINUTE, 6_000 * MINUTE, 0.1).at(cron.map(ticks), slow_cron.map(ticks));
    let schedule = even(schedule.sparing(Thrift { below: 0.2, factor: 4 }), "2026-11-24T03:20:00Z");
    assert_eq!(next(&schedule, Means::Short, "2026-11-24T03:20:00Z").0, at(wanted));
}

#[test]
fn a_walk_before_its_beat_walks_everything_only_where_that_is_due_by_then() {
    let schedule = even(schedule().at(Some(ticks("*/10 7-19 * * 1-5")), None), "2026-11-27T19:40:00Z");
    assert_eq!(next(&schedule, Means::Enough, "2026-11-27T19:50:01Z"), (at("2026-11-30T07:00:00Z"), true));
    assert!(!schedule.is_complete_due(at("2026-11-27T20:00:00Z")), "a webhook on Friday night is no Monday morning");
}

proptest! {
    #[test]
    fn no_pass_begins_in_quiet_hours_or_twice_for_one_tick(
        minutes in 0_i64..1_000_000,
        seconds in 0_i64..60,
        chance in 0.0_f64..=1.0,
        by_ticks in any::<bool>(),
        means in prop::sample::select(vec![Means::Enough, Means::Short]),
        after in prop::sample::select(vec![After::Passed, After::Again, After::Failed { failures: 3 }, After::Locked]),
    ) {
        let now = minute(minutes) + TimeDelta::seconds(seconds);
        let mut schedule = schedule().resting(nights()).sparing(Thrift { below: 0.2, factor: 3 });
        if by_ticks {
            schedule = schedule.at(Some(ticks("*/7 * * * *")), Some(ticks("0 23 * * *")));
        }
        let wait = schedule.wait(after, means, now, chance);
        let begin = later(now, wait.time);
        prop_assert!(begin > now);
        prop_assert!(schedule.quiet_until(begin).is_none(), "{begin}");
        // However long the machine slept meanwhile, one pass follows, and then the next wait is a whole one.
        let awake = begin + TimeDelta::hours(50);
        let again = schedule.wait(After::Passed, Means::Enough, awake, chance);
        prop_assert!(again.time > Duration::ZERO);
    }
}

#[test]
fn a_side_that_asks_to_be_left_alone_is_waited_for_and_quiet_hours_still_count() {
    let schedule = Schedule::new(5 * MINUTE, 360 * MINUTE, 0.1);
    let failed = After::Failed { failures: 1 };
    let now = "2026-11-23T10:00:00Z".parse().unwrap();
    for chance in [0.0, 0.5, 1.0] {
        assert_eq!(schedule.wait_at_least(50 * MINUTE, failed, Means::Enough, now, chance).time, 50 * MINUTE);
    }
    assert_eq!(schedule.wait_at_least(MINUTE, failed, Means::Enough, now, 0.5).time, 5 * MINUTE);
}

#[rstest]
#[case::the_beat(5, 60, false, "2026-11-24T12:00:00Z", "12:05:00", false)]
#[case::sooner(5, 1, false, "2026-11-24T12:00:00Z", "12:01:00", false)]
#[case::not_in_quiet_hours(15, 6, false, "2026-11-25T05:50:00Z", "06:05:00", false)]
#[case::in_quiet_hours_where_it_may(15, 6, true, "2026-11-25T05:50:00Z", "05:56:00", false)]
#[case::a_beat_that_fell_meanwhile(0, 60, false, "2026-11-24T22:03:00Z", "06:00:00", true)]
#[case::even_where_hints_may(0, 60, true, "2026-11-24T22:03:00Z", "06:00:00", true)]
fn a_pass_about_hints_leaves_the_beat_where_it_was(
    #[case] left: u64,
    #[case] soon: u64,
    #[case] in_quiet: bool,
    #[case] now: &str,
    #[case] wanted: &str,
    #[case] is_quiet: bool,
) {
    let (schedule, now) = (schedule().resting(nights()), at(now));
    let wait = schedule.wait_on(Duration::from_mins(left), Duration::from_mins(soon), in_quiet, now);
    let begins = now + TimeDelta::from_std(wait.time).unwrap();
    assert_eq!((begins.format("%H:%M:%S").to_string().as_str(), wait.is_quiet), (wanted, is_quiet));
}
