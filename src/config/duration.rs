//! Durations as people write them: `250ms`, `90s`, `5m`, `1h30m`, `1d`.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads one or more whole numbers with their units, largest unit first. `None` for anything else, a number without a unit
/// included: nobody knows whether `30` are seconds or minutes.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let (digits, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (name, tail) = tail.split_at(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()));
        let (_, millis) = units.by_ref().find(|(unit, _)| *unit == name)?;
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(*millis)?)?;
        rest = tail;
    }
    Some(Duration::from_millis(total))
}

/// Writes a duration so that [`parse`] reads it again; parts below a millisecond are dropped.
pub(super) fn format(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, millis) in UNITS {
        let number = rest / millis;
        rest %= millis;
        if number > 0 {
            text.push_str(&number.to_string());
            text.push_str(unit);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("250ms", 250)]
    #[case("0s", 0)]
    #[case("90s", 90_000)]
    #[case("5m", 300_000)]
    #[case(" 6h ", 21_600_000)]
    #[case("1h30m", 5_400_000)]
    #[case("1d2h3m4s5ms", 93_784_005)]
    fn reads_numbers_with_units(#[case] text: &str, #[case] millis: u64) {
        assert_eq!(parse(text), Some(Duration::from_millis(millis)));
    }

    #[rstest]
    #[case("")]
    #[case("30")]
    #[case("5 m")]
    #[case("m5")]
    #[case("5M")]
    #[case("1.5h")]
    #[case("-5s")]
    #[case("30m1h")]
    #[case("5m5m")]
    #[case("5m é")]
    #[case("99999999999999999999s")]
    #[case("18446744073709551615d")]
    fn refuses_anything_else(#[case] text: &str) {
        assert_eq!(parse(text), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(millis in any::<u64>()) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&format(duration)), Some(duration));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }
    }
}
