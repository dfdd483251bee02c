//! Calendar dates, as ISO 8601 writes them.

use chrono::{DateTime, NaiveDate};

use super::text::fold;

/// The day, as `2026-05-01`; what is no date stays folded text.
pub fn date(text: &str) -> String {
    match parse(text) {
        Some(day) => day.format("%Y-%m-%d").to_string(),
        None => fold(text),
    }
}

/// The day that a text names: with or without a time of day (whose own day counts, whatever its zone), in the order of year,
/// month and day, or with dots the other way round; also in milliseconds since 1970, as some interfaces write it.
///
/// `05/01/2026` is no date: it is May to some and January to others.
pub fn parse(text: &str) -> Option<NaiveDate> {
    let folded = fold(text);
    let (day, time) = match folded.split_once(['T', 't', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (folded.as_str(), None),
    };
    if !time.is_none_or(is_time) {
        return None;
    }
    let parts: Vec<&str> = day.split(['-', '.', '/']).collect();
    let separators: Vec<char> = day.chars().filter(|sign| matches!(sign, '-' | '.' | '/')).collect();
    match (parts.as_slice(), separators.as_slice()) {
        ([year, month, day], ['-', '-'] | ['.', '.'] | ['/', '/']) if year.len() == 4 => of(year, month, day),
        ([day, month, year], ['.', '.']) if year.len() == 4 => of(year, month, day),
        ([digits], []) if digits.len() == 8 => {
            of(digits.get(..4)?, digits.get(4..6).unwrap_or_default(), digits.get(6..).unwrap_or_default())
        }
        ([_] | ["", _], _) if time.is_none() => milliseconds(day),
        _ => None,
    }
}

fn of(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let number = |text: &str, most: usize| {
        let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u32>().ok()).flatten()
    };
    let year = number(year, 4).filter(|year| *year > 0)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(month, 2)?, number(day, 2)?)
}

/// Eleven digits or more: what is shorter may be anything.
fn milliseconds(text: &str) -> Option<NaiveDate> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_stamp = (11..=14).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let day = DateTime::from_timestamp_millis(text.parse().ok().filter(|_| is_stamp)?)?.date_naive();
    (day >= NaiveDate::from_ymd_opt(1, 1, 1)? && day <= NaiveDate::from_ymd_opt(9999, 12, 31)?).then_some(day)
}

/// A time of day as RFC 3339 writes it, its seconds and its zone left out or not.
fn is_time(text: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(zone_at).unwrap_or((text, ""));
    let is_zone = match zone.strip_prefix(['+', '-']) {
        Some(offset) => offset.split_once(':').map_or_else(
            || digits(offset, 4) || digits(offset, 2),
            |(hours, minutes)| digits(hours, 2) && digits(minutes, 2),
        ),
        None => matches!(zone, "" | "Z" | "z"),
    };
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let is_fraction = fraction.is_none_or(|fraction| digits(fraction, fraction.len().clamp(1, 9)));
    let mut parts = clock.split(':');
    let is_clock = parts.next().is_some_and(|hours| digits(hours, 2))
        && parts.next().is_some_and(|minutes| digits(minutes, 2))
        && parts.next().is_none_or(|seconds| digits(seconds, 2))
        && parts.next().is_none();
    is_zone && is_fraction && is_clock
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-05-01", "2026-05-01")]
    #[case(" 2026-5-1 ", "2026-05-01")]
    #[case("2026/05/01", "2026-05-01")]
    #[case("2026.05.01", "2026-05-01")]
    #[case("01.05.2026", "2026-05-01")]
    #[case("1.5.2026", "2026-05-01")]
    #[case("20260501", "2026-05-01")]
    #[case("2026-05-01T00:00:00+00:00", "2026-05-01")]
    #[case("2026-05-01T23:30:00+02:00", "2026-05-01")]
    #[case("2026-05-01T00:00:00.000Z", "2026-05-01")]
    #[case("2026-05-01 00:00:00", "2026-05-01")]
    #[case("2026-05-01T10:00", "2026-05-01")]
    #[case("2026-05-01T10:00+0200", "2026-05-01")]
    #[case("2026-05-01T10:00+02", "2026-05-01")]
    #[case("1777593600000", "2026-05-01")]
    #[case("-86400000000", "1967-04-07")]
    #[case("2024-02-29", "2024-02-29")]
    #[case("2026-02-29", "2026-02-29")]
    #[case("05/01/2026", "05/01/2026")]
    #[case("01-05-2026", "01-05-2026")]
    #[case("2026-05/01", "2026-05/01")]
    #[case("2026-05-01 at noon", "2026-05-01 at noon")]
    #[case("0000-00-00", "0000-00-00")]
    #[case("1777593600", "1777593600")]
    #[case("next  week", "next week")]
    #[case("", "")]
    fn dates(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(date(text), normal);
    }

    #[rstest]
    #[case("2026-02-29")]
    #[case("2026-13-01")]
    #[case("05/01/2026")]
    #[case("2026-05-01T25")]
    #[case("2026-05-01 10:00:00.")]
    #[case("2026-05-01T10:00+1")]
    #[case("202605")]
    #[case("01.05.26")]
    #[case("2026-+5-01")]
    #[case("2026-005-01")]
    #[case("1777593600000T10:00")]
    #[case("0000-01-01")]
    #[case("-99999999999999")]
    #[case("2026-05-01T10:00+1:30")]
    #[case("2026-05-01T10:00+01:3")]
    fn what_is_no_day_is_none(#[case] text: &str) {
        assert_eq!(parse(text), None);
    }

    proptest! {
        #[test]
        fn a_day_is_the_same_however_it_is_written(days in 0_i32..800_000) {
            let day = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::Days::new(u64::try_from(days % 80_000).unwrap());
            let stamp = day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis();
            let spellings = [
                day.format("%Y-%m-%d"), day.format("%Y/%m/%d"), day.format("%d.%m.%Y"), day.format("%Y%m%d"),
                day.format("%Y-%m-%dT00:00:00+00:00"), day.format("%Y-%m-%d 12:30:00"),
            ];
            for spelling in spellings {
                prop_assert_eq!(parse(&spelling.to_string()), Some(day), "{}", spelling);
            }
            if stamp.unsigned_abs() >= 10_000_000_000 {
                prop_assert_eq!(parse(&stamp.to_string()), Some(day));
            }
        }

        #[test]
        fn a_normal_form_is_its_own(text in "[0-9]{1,4}[-./ T][0-9]{1,2}[-./][0-9]{1,4}|[0-9-]{0,15}|\\PC*") {
            prop_assert_eq!(date(&date(&text)), date(&text));
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = date(&text);
        }
    }
}
