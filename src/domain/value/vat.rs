//! The tax numbers of Europe: prefixes, patterns and check digits.
//!
//! Patterns after the European Commission's VIES; check digits after each country's own rule, as published by its tax
//! office or company register. Where a country has no public rule, the pattern alone decides.

/// A number with its country, as its prefix says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefixed<'a> {
    /// ISO 3166-1 alpha-2.
    pub(crate) country: &'static str,
    /// Without prefix and, in Switzerland and Norway, without the word for "VAT".
    pub(crate) number: &'a str,
}

/// How surely a number is a country's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It cannot be.
    None,
    /// It has the pattern, and nothing else can be checked.
    Pattern,
    /// Its check digits are right.
    Checked,
}

/// Takes a VAT prefix off a number of capitals and digits, if the rest fits the pattern of that country.
pub(crate) fn unprefixed(text: &str) -> Option<Prefixed<'_>> {
    let (prefix, rest) = text.split_at_checked(2)?;
    let country = country_of_prefix(prefix)?;
    let rest = match country {
        "CH" => without_words(rest.strip_prefix('E')?, &["MWST", "TVA", "IVA"]),
        "NO" => without_words(rest, &["MVA"]),
        _ => rest,
    };
    has_pattern(country, rest).then_some(Prefixed { country, number: rest })
}

/// The number with the prefix under which [`unprefixed`] finds it; `None` for a country without VAT prefix, or if the
/// number does not fit.
pub(crate) fn prefixed(country: &str, number: &str) -> Option<String> {
    let prefix = match country {
        "GR" => "EL",
        "CH" => "CHE",
        other => other,
    };
    let text = format!("{prefix}{number}");
    let found = unprefixed(&text)?;
    (found.country == country && found.number == number).then_some(text)
}

/// The country that a VAT prefix stands for: ISO 3166-1, but for Greece (`EL`) and Northern Ireland (`XI`).
pub(crate) fn country_of_prefix(prefix: &str) -> Option<&'static str> {
    match prefix {
        "EL" => Some("GR"),
        "XI" => Some("GB"),
        other => COUNTRIES.into_iter().find(|country| *country == other),
    }
}

/// Whether `number` (capitals and digits, without prefix) is a tax number of `country`; `None` for a country whose numbers
/// are not known here.
pub(crate) fn fit(country: &str, number: &str) -> Option<Fit> {
    if !COUNTRIES.contains(&country) {
        return None;
    }
    if !has_pattern(country, number) {
        return Some(Fit::None);
    }
    Some(match super::vat_check::is_right(country, number) {
        Some(true) => Fit::Checked,
        Some(false) => Fit::None,
        None => Fit::Pattern,
    })
}

/// The countries with a VAT prefix: the Union, Great Britain, Switzerland, Norway and Iceland.
const COUNTRIES: [&str; 31] = [
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT",
    "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

fn without_words<'a>(text: &'a str, words: &[&str]) -> &'a str {
    words.iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text)
}

fn has_pattern(country: &str, number: &str) -> bool {
    let digits = |lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    match country {
        "AT" => shape(number, "U99999999"),
        "BE" => digits(10..=10) && number.starts_with(['0', '1']) || digits(9..=9),
        "BG" => digits(9..=10),
        "CY" => shape(number, "99999999A"),
        "CZ" => digits(8..=10),
        "DE" | "EE" | "GR" | "PT" | "NO" | "CH" => digits(9..=9),
        "DK" | "FI" | "HU" | "LU" | "MT" | "SI" => digits(8..=8),
        "ES" => shape(number, "*9999999*") && number.bytes().any(|byte| byte.is_ascii_uppercase()),
        "FR" => shape(number, "**999999999"),
        "GB" => digits(9..=9) || digits(12..=12) || shape(number, "GD999") || shape(number, "HA999"),
        "HR" | "IT" | "LV" => digits(11..=11),
        "IE" => shape(number, "9999999A") || shape(number, "9999999AA") || shape(number, "9*99999A"),
        "IS" => digits(5..=6),
        "LT" => digits(9..=9) || digits(12..=12),
        "NL" => shape(number, "999999999B99"),
        "PL" | "SK" => digits(10..=10),
        "RO" => digits(2..=10),
        "SE" => digits(12..=12),
        _ => false,
    }
}

/// `9` is a digit, `A` a capital, `*` either; anything else stands for itself.
fn shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'*' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            literal => byte == literal,
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("PL", "5260001246", Some("PL5260001246"))]
    #[case("GR", "094259216", Some("EL094259216"))]
    #[case("CH", "100155212", Some("CHE100155212"))]
    // Read again, these would be another number, or another country's.
    #[case("CH", "100155212MWST", None)]
    #[case("XI", "980780684", None)]
    #[case("PL", "526000124", None)]
    #[case("US", "123456789", None)]
    fn a_prefix_is_put_where_it_is_found_again(
        #[case] country: &str,
        #[case] number: &str,
        #[case] text: Option<&str>,
    ) {
        assert_eq!(prefixed(country, number).as_deref(), text);
    }
}
