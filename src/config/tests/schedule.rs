//! When passes run, and what no schedule is.

use rstest::rstest;

use super::{load_file, told};
use crate::daemon::schedule::quiet::Quiet;
use crate::daemon::schedule::thrift::Thrift;

#[test]
fn by_itself_there_are_intervals_no_quiet_hours_and_some_thrift() {
    let schedule = load_file("").unwrap().schedule;
    assert_eq!((&schedule.cron, &schedule.slow_cron, &schedule.quiet), (&None, &None, &Quiet::NONE));
    assert!(!schedule.hints_in_quiet);
    assert_eq!(schedule.thrift, Thrift { below: 0.2, factor: 4 });
}

#[test]
fn times_are_those_of_the_zone() {
    let text = "[schedule]\ncron = \"*/10 7-19 * * 1-5\"\nslow_cron = \"0 3 * * *\"\ntime_zone = \"Europe/Warsaw\"\n\
                quiet = [\"Mon-Fri 22:00-06:00\", \"Sat-Sun 00:00-24:00\"]\nhints_in_quiet = true\nspare_below = 0";
    let schedule = load_file(text).unwrap().schedule;
    assert_eq!(schedule.cron.as_ref().unwrap().to_string(), "*/10 7-19 * * 1-5 (Europe/Warsaw)");
    let night = "2026-11-24T21:00:00Z".parse().unwrap();
    assert_eq!(schedule.beats().quiet_until(night), Some("2026-11-25T05:00:00Z".parse().unwrap()));
    assert!(schedule.hints_in_quiet && schedule.thrift.below.abs() < f64::EPSILON);
}

#[rstest]
#[case::no_cron("cron = \"every hour\"", "schedule.cron: `every hour` is no cron expression", "write five fields")]
#[case::seconds(
    "slow_cron = \"0 0 3 * * *\"",
    "schedule.slow_cron: `0 0 3 * * *` is no cron expression",
    "write five fields"
)]
#[case::never("slow_cron = \"0 3 30 2 *\"", "is no cron expression", "write five fields")]
#[case::no_zone("time_zone = \"Warsaw\"", "schedule.time_zone: `Warsaw` does not do", "IANA time zone database")]
#[case::no_window("quiet = [\"at night\"]", "schedule.quiet: `at night` is no window", "\"22:00-06:00\"")]
#[case::always("quiet = [\"00:00-24:00\"]", "no pass would ever begin", "leave a gap")]
#[case::too_careful("spare_below = 0.95", "schedule.spare_below: the number is out of range", "from 0 to 0.9")]
#[case::no_putting_off("spare_factor = 1", "schedule.spare_factor: the number is out of range", "from 2 to 100")]
fn what_is_no_schedule_is_told(#[case] line: &str, #[case] what: &str, #[case] mend: &str) {
    let told = told(&format!("[schedule]\n{line}"));
    assert!(told.len() == 1 && told[0].contains(what) && told[0].contains(mend), "{told:?}");
}
