//! Beats that fall at times of the day: a cron expression in a time zone. Pure: time is an argument.

use std::fmt;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::zone::Zone;

/// Times at which a beat falls.
///
/// Where clocks go forward a time that is left out falls right after the gap; where they go back a single time falls once, and
/// a repeated one (`*/10`) goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticks {
    cron: Cron,
    zone: Zone,
}

impl Ticks {
    /// Reads five fields: minute, hour, day of the month, month, day of the week. Fails with what is wrong, in words.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| error.to_string())?;
        let ticks = Self { cron, zone };
        match ticks.after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(ticks),
            None => Err("it never falls".to_owned()),
        }
    }

    /// The first one after a moment: what was missed before is not made up for. `None` where there is none any more.
    pub fn after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.cron.find_next_occurrence(&moment.with_timezone(&self.zone), false).ok()?;
        Some(next.with_timezone(&Utc)).filter(|next| *next > moment)
    }
}

impl fmt::Display for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.cron.as_str(), self.zone)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn warsaw() -> Zone {
        "Europe/Warsaw".parse().unwrap()
    }

    fn ticks(text: &str, zone: Zone) -> Ticks {
        Ticks::parse(text, zone).unwrap()
    }

    #[rstest]
    #[case::the_next_one("*/15 * * * *", Zone::UTC, "2026-11-24T08:01:30Z", "2026-11-24T08:15:00Z")]
    #[case::never_the_same("*/15 * * * *", Zone::UTC, "2026-11-24T08:15:00Z", "2026-11-24T08:30:00Z")]
    #[case::one_of_working_days("0 6 * * 1-5", Zone::UTC, "2026-11-27T06:00:00Z", "2026-11-30T06:00:00Z")]
    #[case::sunday_is_seven_too("0 6 * * 7", Zone::UTC, "2026-11-27T06:00:00Z", "2026-11-29T06:00:00Z")]
    #[case::in_winter("0 6 * * *", warsaw(), "2026-11-24T00:00:00Z", "2026-11-24T05:00:00Z")]
    #[case::in_summer("0 6 * * *", warsaw(), "2026-07-24T00:00:00Z", "2026-07-24T04:00:00Z")]
    // 02:00 to 03:00 is left out on 29 March 2026, and comes twice on 25 October.
    #[case::left_out("30 2 * * *", warsaw(), "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    #[case::twice("30 2 * * *", warsaw(), "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    #[case::not_twice("30 2 * * *", warsaw(), "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    fn a_tick_follows(#[case] text: &str, #[case] zone: Zone, #[case] moment: &str, #[case] wanted: &str) {
        assert_eq!(ticks(text, zone).after(at(moment)), Some(at(wanted)));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::four_fields("* * * *")]
    #[case::seconds("0 */5 * * * *")]
    #[case::a_minute_too_many("60 * * * *")]
    #[case::words("every five minutes")]
    #[case::no_day("0 0 30 2 *")]
    fn what_never_falls_is_refused_with_words(#[case] text: &str) {
        assert!(!Ticks::parse(text, Zone::UTC).unwrap_err().is_empty());
    }

    proptest! {
        #[test]
        fn a_tick_is_always_later_and_the_only_one_until_then(minutes in 0_i64..2_000_000, zone in 0_usize..3) {
            let name = ["UTC", "Europe/Warsaw", "America/New_York"][zone];
            let ticks = ticks("*/20 6-20 * * 1-6", name.parse().unwrap());
            let moment = at("2026-01-01T00:00:07Z") + chrono::TimeDelta::minutes(minutes);
            let next = ticks.after(moment).unwrap();
            prop_assert!(next > moment);
            prop_assert_eq!(ticks.after(next - chrono::TimeDelta::seconds(1)), Some(next));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Ticks::parse(&text, Zone::UTC);
        }
    }
}
