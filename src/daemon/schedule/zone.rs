//! A time zone of the IANA database, as `chrono` takes it.
//!
//! The system's zone files are asked first, so that a change of law comes with the system's updates; where there are none, as in
//! a bare container, the copy in the program is. That copy is a few hundred kilobytes of plain bytes which nobody touches. Tables
//! of structures with names in them would be written to in every process as it starts: a megabyte for each of hundreds of pairs.

use std::fmt;
use std::str::FromStr;

use chrono::{
    Datelike as _, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike as _,
};
use jiff::civil;
use jiff::tz::{self, AmbiguousOffset};

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(tz::TimeZone);

/// How far a zone is from UTC at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneOffset {
    zone: Zone,
    fixed: FixedOffset,
}

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(tz::TimeZone::UTC);

    fn at(&self, offset: tz::Offset) -> ZoneOffset {
        let fixed = FixedOffset::east_opt(offset.seconds()).unwrap_or_else(|| chrono::Utc.fix());
        ZoneOffset { zone: self.clone(), fixed }
    }
}

/// By its name, such as `Europe/Warsaw`. Fails where no database has it.
impl FromStr for Zone {
    type Err = jiff::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        tz::TimeZone::get(name).map(Self)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.fixed
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fixed.fmt(f)
    }
}

/// Dates that the database does not reach (before the year -9999, after 9999) are universal time.
impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone.clone()
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<ZoneOffset> {
        let Some(civil) = civil(*local) else { return MappedLocalTime::Single(self.at(tz::Offset::UTC)) };
        match self.0.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => MappedLocalTime::Single(self.at(offset)),
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
            AmbiguousOffset::Fold { before, after } => MappedLocalTime::Ambiguous(self.at(before), self.at(after)),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        let moment = jiff::Timestamp::from_second(utc.and_utc().timestamp());
        self.at(moment.map_or(tz::Offset::UTC, |moment| self.0.to_offset(moment)))
    }
}

fn civil(local: NaiveDateTime) -> Option<civil::DateTime> {
    let small = |number: u32| i8::try_from(number).ok();
    civil::DateTime::new(
        i16::try_from(local.year()).ok()?,
        small(local.month())?,
        small(local.day())?,
        small(local.hour())?,
        small(local.minute())?,
        small(local.second())?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    #[rstest]
    #[case::winter("Europe/Warsaw", "2026-11-24T12:00:00Z", "2026-11-24T13:00:00+01:00")]
    #[case::summer("Europe/Warsaw", "2026-07-24T12:00:00Z", "2026-07-24T14:00:00+02:00")]
    #[case::long_after_the_tables("Europe/Warsaw", "2090-07-24T12:00:00Z", "2090-07-24T14:00:00+02:00")]
    #[case::half_an_hour("Asia/Kolkata", "2026-07-24T12:00:00Z", "2026-07-24T17:30:00+05:30")]
    #[case::utc("UTC", "2026-07-24T12:00:00Z", "2026-07-24T12:00:00+00:00")]
    #[case::whatever_the_case("europe/warsaw", "2026-07-24T12:00:00Z", "2026-07-24T14:00:00+02:00")]
    fn a_moment_is_shown_as_it_is_there(#[case] name: &str, #[case] moment: &str, #[case] shown: &str) {
        let moment: DateTime<Utc> = moment.parse().unwrap();
        assert_eq!(moment.with_timezone(&zone(name)).to_rfc3339(), shown);
    }

    #[rstest]
    #[case::plain("2026-11-24T02:30:00", &["2026-11-24T02:30:00+01:00"])]
    #[case::left_out("2026-03-29T02:30:00", &[])]
    #[case::twice("2026-10-25T02:30:00", &["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"])]
    fn a_time_that_people_read_off_is_none_one_or_two_moments(#[case] local: &str, #[case] moments: &[&str]) {
        let local: NaiveDateTime = local.parse().unwrap();
        let found = match zone("Europe/Warsaw").from_local_datetime(&local) {
            MappedLocalTime::None => Vec::new(),
            MappedLocalTime::Single(at) => vec![at],
            MappedLocalTime::Ambiguous(first, last) => vec![first, last],
        };
        let found: Vec<String> = found.into_iter().map(|at| at.to_rfc3339()).collect();
        assert_eq!(found, moments);
    }

    #[test]
    fn what_is_no_zone_is_none_and_a_zone_has_its_name() {
        for name in ["Europe/Warschau", "", "CET-1CEST", "../etc/passwd"] {
            assert!(name.parse::<Zone>().is_err(), "{name}");
        }
        assert_eq!(zone("Europe/Warsaw").to_string(), "Europe/Warsaw");
        assert_eq!((Zone::UTC.to_string(), zone("UTC")), ("UTC".to_owned(), Zone::UTC));
    }

    proptest! {
        #[test]
        fn a_moment_comes_back(seconds in -5_000_000_000_i64..10_000_000_000, place in 0_usize..3) {
            let zone = zone(["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe"][place]);
            let moment = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap();
            let local = moment.with_timezone(&zone);
            prop_assert_eq!(local.with_timezone(&Utc), moment);
            let mapped = zone.from_local_datetime(&local.naive_local());
            let [first, last] = [mapped.clone().earliest(), mapped.latest()].map(|at| at.map(|at| at.with_timezone(&Utc)));
            prop_assert!(first == Some(moment) || last == Some(moment), "{first:?} {last:?}");
        }

        #[test]
        fn no_date_panics(days in any::<i32>()) {
            let date = NaiveDate::from_num_days_from_ce_opt(days).unwrap_or(NaiveDate::MAX);
            let _ = zone("Europe/Warsaw").offset_from_local_date(&date);
            let _ = zone("Europe/Warsaw").offset_from_utc_date(&date);
        }
    }
}
