//! Countries: ISO 3166-1 alpha-2, found by code or by the names that people and systems use.
//!
//! The table is `countries.txt` beside this file: data, so that a person can read and check it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::text::{fold, lookup_key};

/// The alpha-2 code; a text that is no country stays folded text.
pub fn country(text: &str) -> String {
    country_code(text).map_or_else(|| fold(text), str::to_owned)
}

/// The alpha-2 code (upper case) of a country that is given by alpha-2, alpha-3 or name, in any of the table's languages,
/// without regard to case, accents and punctuation.
pub fn country_code(text: &str) -> Option<&'static str> {
    COUNTRIES.by_key.get(&lookup_key(text)).copied()
}

/// The English name of an alpha-2 code (either case).
pub fn country_name(code: &str) -> Option<&'static str> {
    COUNTRIES.by_code.get(code.to_ascii_uppercase().as_str()).map(|country| country.english)
}

/// The alpha-3 code of an alpha-2 code (upper case).
pub(crate) fn alpha_3(code: &str) -> Option<&'static str> {
    COUNTRIES.by_code.get(code).map(|country| country.alpha_3)
}

struct Country {
    alpha_3: &'static str,
    english: &'static str,
}

struct Table {
    by_code: HashMap<&'static str, Country>,
    by_key: HashMap<String, &'static str>,
}

static COUNTRIES: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { by_code: HashMap::new(), by_key: HashMap::new() };
    for (alpha_2, alpha_3, names) in rows() {
        let english = names.clone().next().unwrap_or_default();
        table.by_code.insert(alpha_2, Country { alpha_3, english });
        for key in [alpha_2, alpha_3].into_iter().chain(names) {
            table.by_key.entry(lookup_key(key)).or_insert(alpha_2);
        }
    }
    table
});

/// The lines of the table: `PL POL = Poland | Polska | …`.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, impl Iterator<Item = &'static str> + Clone)> {
    include_str!("countries.txt").lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (codes, names) = line.split_once(" = ")?;
        let (alpha_2, alpha_3) = codes.split_once(' ')?;
        Some((alpha_2, alpha_3, names.split(" | ")))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_table_is_complete_and_every_name_means_one_country() {
        assert_eq!(COUNTRIES.by_code.len(), 249 + 1, "ISO 3166-1 and Kosovo");
        for (alpha_2, alpha_3, names) in rows() {
            assert!(alpha_2.len() == 2 && alpha_2.bytes().all(|byte| byte.is_ascii_uppercase()), "{alpha_2}");
            assert!(alpha_3.len() == 3 && alpha_3.bytes().all(|byte| byte.is_ascii_uppercase()), "{alpha_3}");
            for name in names.chain([alpha_2, alpha_3]) {
                assert!(!name.is_empty() && name.trim() == name, "{alpha_2}: {name:?}");
                assert_eq!(country_code(name), Some(alpha_2), "{name}");
            }
            let english = country_name(alpha_2).unwrap();
            assert_eq!(country_code(english), Some(alpha_2), "{english}");
            assert_eq!(alpha_3, super::alpha_3(alpha_2).unwrap());
        }
    }

    #[rstest]
    #[case("pl", "PL")]
    #[case("POL", "PL")]
    #[case(" Polska ", "PL")]
    #[case("Deutschland", "DE")]
    #[case("ALLEMAGNE", "DE")]
    #[case("Niemcy", "DE")]
    #[case("Österreich", "AT")]
    #[case("osterreich", "AT")]
    #[case("USA", "US")]
    #[case("u.s.a.", "US")]
    #[case("United States of America", "US")]
    #[case("UK", "GB")]
    #[case("England", "GB")]
    #[case("Wielka Brytania", "GB")]
    #[case("UAE", "AE")]
    #[case("Czech Republic", "CZ")]
    #[case("Česko", "CZ")]
    #[case("The Netherlands", "NL")]
    #[case("Holandia", "NL")]
    #[case("España", "ES")]
    #[case("Sverige", "SE")]
    #[case("Ελλάδα", "GR")]
    #[case("Україна", "UA")]
    #[case("Turkey", "TR")]
    #[case("Türkiye", "TR")]
    #[case("Cote d'Ivoire", "CI")]
    #[case("Viet Nam", "VN")]
    #[case("Korea, Republic of", "KR")]
    #[case("Kosovo", "XK")]
    #[case("Atlantis  City", "Atlantis City")]
    #[case("EL", "EL")]
    #[case("xx", "xx")]
    #[case("l\u{12}u", "LU")]
    fn countries_by_the_names_people_use(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(country(text), normal);
    }

    #[test]
    fn names_are_english() {
        assert_eq!(country_name("PL"), Some("Poland"));
        assert_eq!(country_name("cz"), Some("Czechia"));
        assert_eq!(country_name("EL"), None);
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "[A-Za-z]{2,3}|\\PC*") {
            prop_assert_eq!(country(&country(&text)), country(&text));
        }
    }
}
