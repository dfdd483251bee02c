//! Whole and decimal numbers, by text alone: a floating-point number would invent digits.

use std::cmp::Ordering;

use super::text::fold;

/// A whole number without sign of plus, leading zeros or an empty fraction; what is no whole number stays folded text.
///
/// `14.000` stays text: it is fourteen to some and fourteen thousand to others.
pub fn integer(text: &str) -> String {
    let folded = fold(text);
    match split(&folded) {
        Some(number) if number.fraction.len() != 3 && number.fraction.chars().all(|digit| digit == '0') => {
            number.text("")
        }
        Some(_) | None => folded,
    }
}

/// A decimal number without trailing zeros or percent sign; what is no decimal number stays folded text.
///
/// A point always begins the fraction, as machines write it; a comma does unless exactly three digits follow.
pub fn decimal(text: &str) -> String {
    let folded = fold(text);
    let bare = folded.strip_suffix('%').unwrap_or(&folded).trim_end();
    match split(bare) {
        Some(number) if number.fraction.len() != 3 || number.separator == '.' => {
            number.text(number.fraction.trim_end_matches('0'))
        }
        Some(_) | None => folded,
    }
}

/// How two decimal numbers stand to each other; `None` if one is none.
pub fn compare(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (decimal(one), decimal(other));
    // A comma that is left says nothing certain: thousands, or decimals.
    let number = |text| split(text).filter(|number| number.separator == '.');
    let (one, other) = (number(&one)?, number(&other)?);
    let magnitude = |ours: &Number<'_>, theirs: &Number<'_>| {
        // A normal form has neither leading nor trailing zeros, so that the longer whole part is the larger one.
        let by_whole = ours.whole.len().cmp(&theirs.whole.len()).then_with(|| ours.whole.cmp(theirs.whole));
        by_whole.then_with(|| ours.fraction.cmp(theirs.fraction))
    };
    Some(match (one.negative, other.negative) {
        (false, false) => magnitude(&one, &other),
        (true, true) => magnitude(&other, &one),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

struct Number<'a> {
    negative: bool,
    whole: &'a str,
    separator: char,
    fraction: &'a str,
}

impl Number<'_> {
    fn text(&self, fraction: &str) -> String {
        let whole = match self.whole.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let zero = whole == "0" && fraction.is_empty();
        let sign = if self.negative && !zero { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }
}

fn split(text: &str) -> Option<Number<'_>> {
    let (negative, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, separator, fraction) = match digits.split_once(['.', ',']) {
        Some((whole, fraction)) if !fraction.is_empty() => {
            (whole, if digits.contains('.') { '.' } else { ',' }, fraction)
        }
        Some(_) => return None,
        None => (digits, '.', ""),
    };
    let is_number =
        !whole.is_empty() && whole.chars().chain(fraction.chars()).all(|character| character.is_ascii_digit());
    is_number.then_some(Number { negative, whole, separator, fraction })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("14", "14")]
    #[case("14.0", "14")]
    #[case(" 14 ", "14")]
    #[case("14,00", "14")]
    #[case("+014", "14")]
    #[case("-3", "-3")]
    #[case("-0", "0")]
    #[case("14.5", "14.5")]
    #[case("14.000", "14.000")]
    #[case("14 days", "14 days")]
    #[case("99999999999999999999999999", "99999999999999999999999999")]
    #[case("", "")]
    #[case("1.", "1.")]
    #[case("NaN", "NaN")]
    fn integers(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(integer(text), normal);
    }

    #[rstest]
    #[case("23.00", "23")]
    #[case("23", "23")]
    #[case("23,0", "23")]
    #[case("23%", "23")]
    #[case("23,5 %", "23.5")]
    #[case("0.50", "0.5")]
    #[case("007.10", "7.1")]
    #[case("-0.0", "0")]
    #[case("23.000", "23")]
    #[case("23,000", "23,000")]
    #[case("1.234,50", "1.234,50")]
    #[case("1e3", "1e3")]
    #[case("zw", "zw")]
    #[case("%", "%")]
    #[case(".5", ".5")]
    fn decimals(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(decimal(text), normal);
    }

    #[rstest]
    #[case("2", "10", Some(Ordering::Less))]
    #[case("10.0", "10", Some(Ordering::Equal))]
    #[case("-2", "1", Some(Ordering::Less))]
    #[case("-2", "-10", Some(Ordering::Greater))]
    #[case("0.5", "0.45", Some(Ordering::Greater))]
    #[case("0.5", "0.51", Some(Ordering::Less))]
    #[case("-0", "0", Some(Ordering::Equal))]
    #[case("1000000000000000000000001", "1000000000000000000000000", Some(Ordering::Greater))]
    #[case("1,5", "1.4", Some(Ordering::Greater))]
    #[case("many", "1", None)]
    #[case("1", "", None)]
    #[case("23,000", "1", None)]
    fn numbers_are_compared_as_numbers(#[case] one: &str, #[case] other: &str, #[case] wanted: Option<Ordering>) {
        assert_eq!(compare(one, other), wanted);
        assert_eq!(compare(other, one), wanted.map(Ordering::reverse));
    }

    proptest! {
        #[test]
        fn comparing_is_what_it_is_for_numbers_that_a_machine_has(one in -100_000_i64..100_000, other in -100_000_i64..100_000) {
            let text = |number: i64| format!("{}{}.{:03}", if number < 0 { "-" } else { "" }, number.abs() / 1000, number.abs() % 1000);
            prop_assert_eq!(compare(&text(one), &text(other)), Some(one.cmp(&other)));
        }

        #[test]
        fn a_normal_form_is_its_own(text in "[-+]?[0-9]{0,5}[.,]?[0-9]{0,4} ?%?|\\PC*") {
            prop_assert_eq!(integer(&integer(&text)), integer(&text));
            prop_assert_eq!(decimal(&decimal(&text)), decimal(&text));
        }
    }
}
