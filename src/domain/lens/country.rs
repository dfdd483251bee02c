//! Countries: sent as the target spells countries, by code or by name.

use crate::domain::value::country::{alpha_3, country_code, country_name};

/// The text that says `source`'s country where `present` stands.
///
/// A target that shows a code gets a code (of two or three letters, as it has); one that shows a name gets the source's
/// name, or the English one if the source has only a code. A target that shows nothing, and a source that is no country,
/// get the source's text.
pub(super) fn put(source: &str, present: &str) -> String {
    let Some(code) = country_code(source) else { return source.to_owned() };
    match Spelling::of(present) {
        Spelling::Blank => source.to_owned(),
        Spelling::Alpha2 => code.to_owned(),
        Spelling::Alpha3 => alpha_3(code).unwrap_or(code).to_owned(),
        Spelling::Name => match Spelling::of(source) {
            Spelling::Name => source.to_owned(),
            Spelling::Blank | Spelling::Alpha2 | Spelling::Alpha3 => country_name(code).unwrap_or(code).to_owned(),
        },
    }
}

enum Spelling {
    Blank,
    Alpha2,
    Alpha3,
    Name,
}

impl Spelling {
    fn of(text: &str) -> Self {
        let text = text.trim();
        let is_capitals = || text.bytes().all(|byte| byte.is_ascii_alphabetic());
        match text.len() {
            0 => Self::Blank,
            2 if is_capitals() => Self::Alpha2,
            // "USA" and "UAE" are what people write for a name; only the code itself is a code.
            3 if is_capitals() && text != "USA" && country_code(text).and_then(alpha_3) == Some(text) => Self::Alpha3,
            _ => Self::Name,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Germany", "PL", "DE")]
    #[case("Germany", "pl", "DE")]
    #[case("DE", "POL", "DEU")]
    #[case("DE", "Polska", "Germany")]
    #[case("Deutschland", "Polska", "Deutschland")]
    #[case("DE", "USA", "Germany")]
    #[case("DE", "", "DE")]
    #[case("Deutschland", " ", "Deutschland")]
    #[case("DE", "Atlantis", "Germany")]
    #[case("DE", "P1", "Germany")]
    #[case("Atlantis", "PL", "Atlantis")]
    fn a_country_is_sent_as_the_target_spells_countries(
        #[case] source: &str,
        #[case] present: &str,
        #[case] sent: &str,
    ) {
        assert_eq!(put(source, present), sent);
    }
}
