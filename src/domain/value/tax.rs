//! Tax identities: the number that identifies the tax payer, its country, its type.
//!
//! Systems carry it as one number with or without country prefix, as a VAT number, or as a national number with a country.
//! The VAT number identifies first, then the national one, then a number of either sort. A prefix is taken off only where
//! the rest fits that country's pattern, so nothing is cut from a number that merely begins with two letters.

use super::country::{country_code, country_name};
use super::placeholder::is_placeholder;
use super::text::{fold, is_blank};
use super::vat::{Fit, country_of_prefix, fit, unprefixed};
use super::vat_key::key_number;
use super::{Facet, Normal, Text};
use crate::domain::field::Part;

/// The parts that may hold the number, the one that identifies first.
pub(crate) const NUMBERS: [Part; 3] = [Part::VatNumber, Part::Tin, Part::Number];

/// The facets of a tax identity.
///
/// [`Facet::TaxNumber`] is there where any number is mapped (blank if all are), [`Facet::TaxCountry`] where the country is
/// known, [`Facet::TaxType`] where the type is mapped; [`Facet::Tin`] and [`Facet::VatNumber`] only where one side carries
/// both apart, and not both are blank. A mapping without any number has nothing that a country could belong to, and should
/// be refused.
pub fn tax_identity(text: &Text) -> Normal {
    let mut facets = Vec::with_capacity(5);
    let number = identifying(text);
    if let Some(number) = number {
        facets.push((Facet::TaxNumber, read(number).number));
    }
    if let Some(country) = number.and_then(|number| read(number).country.map(str::to_owned)).or_else(|| stated(text)) {
        facets.push((Facet::TaxCountry, country));
    }
    if let Some(kind) = text.part(Part::TinType) {
        facets.push((Facet::TaxType, fold(kind)));
    }
    if let (Some(tin), Some(vat)) = (text.part(Part::Tin), text.part(Part::VatNumber))
        && !(is_blank(tin) && is_blank(vat))
    {
        facets.extend([(Facet::Tin, with_country(tin)), (Facet::VatNumber, with_country(vat))]);
    }
    facets.into_iter().collect()
}

/// The key by which a firm is recognised: country and number, `PL5260001246`; `None` if it may not serve as one.
///
/// The number must be valid: pattern and check digits for Europe, five characters with a digit elsewhere; no placeholder.
/// Where a country has several writings of one number, all give one key. A number without country counts only if its check
/// digits prove it a number of `fallback_country` (ISO 3166-1 alpha-2), the firm's own.
pub fn tax_key(normal: &Normal, fallback_country: Option<&str>) -> Option<String> {
    let number = normal.facet(Facet::TaxNumber)?;
    if is_placeholder(number) || is_one_character_repeated(number) {
        return None;
    }
    let (country, least) = match normal.facet(Facet::TaxCountry) {
        Some(country) => (country, Fit::Pattern),
        None => (fallback_country?, Fit::Checked),
    };
    country_name(country)?;
    let number = key_number(country, number);
    let found = match fit(country, &number) {
        Some(found) => found,
        None if number.len() >= 5
            && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && number.bytes().any(|byte| byte.is_ascii_digit()) =>
        {
            Fit::Pattern
        }
        None => Fit::None,
    };
    (found >= least).then(|| format!("{country}{number}"))
}

/// A number as it reads by itself.
pub(crate) struct Read {
    /// Without prefix.
    pub(crate) number: String,
    /// As its prefix says, ISO 3166-1 alpha-2.
    pub(crate) country: Option<&'static str>,
}

/// Reads one number.
pub(crate) fn read(text: &str) -> Read {
    let compact = compact(text);
    match unprefixed(&compact) {
        Some(found) => Read { number: found.number.to_owned(), country: Some(found.country) },
        None => Read { number: compact, country: None },
    }
}

/// A number with its country in front, however its prefix was spelled.
fn with_country(text: &str) -> String {
    let read = read(text);
    format!("{}{}", read.country.unwrap_or_default(), read.number)
}

/// The number that identifies: the first that is not blank, else a blank one; `None` where no number is mapped.
pub(crate) fn identifying(text: &Text) -> Option<&str> {
    let mut numbers = NUMBERS.into_iter().filter_map(|part| text.part(part)).peekable();
    numbers.peek()?;
    Some(numbers.find(|number| !is_blank(number)).unwrap_or_default())
}

/// The country of a text that names one, by tax prefix (`EL`) or as any country; a text that names none stays folded text.
pub(crate) fn tax_country(text: &str) -> String {
    let folded = fold(text);
    country_of_prefix(&folded.to_ascii_uppercase()).or_else(|| country_code(&folded)).map_or(folded, str::to_owned)
}

/// The country as the side states it beside the number; `None` where it is blank or not mapped.
fn stated(text: &Text) -> Option<String> {
    text.part(Part::TinCountry).filter(|country| !is_blank(country)).map(tax_country)
}

/// Capitals and digits without separators. A text of nothing but separators stays, so that it differs from blank.
fn compact(text: &str) -> String {
    let folded = fold(text);
    let compact: String = folded
        .chars()
        .filter(|character| {
            !character.is_whitespace()
                && !matches!(character, '-' | '.' | '/' | ',' | '_' | '\'' | '’' | '\u{2010}'..='\u{2015}')
        })
        .flat_map(char::to_uppercase)
        .collect();
    if compact.is_empty() { folded } else { fold(&compact) }
}

fn is_one_character_repeated(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn number(text: &str) -> Normal {
        tax_identity(&Text::of([(Part::Number, text)]))
    }

    fn stated(country: &str, tin: &str) -> Normal {
        tax_identity(&Text::of([(Part::Tin, tin), (Part::TinCountry, country)]))
    }

    #[rstest]
    #[case("PL 526-000-12-46", "5260001246", Some("PL"))]
    #[case("526-000-12-46", "5260001246", None)]
    #[case("pl5260001246", "5260001246", Some("PL"))]
    #[case("EL 094259216", "094259216", Some("GR"))]
    #[case("GR094259216", "094259216", Some("GR"))]
    #[case("XI980780684", "980780684", Some("GB"))]
    #[case("CHE-100.155.212 MWST", "100155212", Some("CH"))]
    #[case("NO 988 077 917 MVA", "988077917", Some("NO"))]
    #[case("ATU13585627", "U13585627", Some("AT"))]
    #[case("PL123", "PL123", None)]
    #[case("DELTA", "DELTA", None)]
    #[case("NL004495445B01", "004495445B01", Some("NL"))]
    #[case("brak", "BRAK", None)]
    #[case("-", "-", None)]
    fn a_prefix_is_taken_off_where_the_rest_fits(
        #[case] text: &str,
        #[case] bare: &str,
        #[case] country: Option<&str>,
    ) {
        let normal = number(text);
        assert_eq!(normal.facet(Facet::TaxNumber), Some(bare));
        assert_eq!(normal.facet(Facet::TaxCountry), country);
    }

    #[test]
    fn the_vat_number_identifies_first_and_prefixes_go_before_the_stated_country() {
        let full = tax_identity(&Text::of([
            (Part::Tin, "303265045"),
            (Part::TinType, " siren "),
            (Part::TinCountry, "Belgium"),
            (Part::VatNumber, "FR 40 303 265 045"),
        ]));
        let facets: Vec<_> = full.facets().collect();
        assert_eq!(
            facets,
            [
                (Facet::TaxNumber, "40303265045"),
                (Facet::TaxCountry, "FR"),
                (Facet::TaxType, "siren"),
                (Facet::Tin, "303265045"),
                (Facet::VatNumber, "FR40303265045"),
            ]
        );
        assert!(full.agrees_with(&number("FR40303265045")));
        assert!(full.agrees_with(&number("40303265045")));
        assert!(!full.agrees_with(&number("BE0428759497")));
    }

    #[test]
    fn the_two_numbers_are_facets_only_where_a_side_carries_them_apart() {
        let one = tax_identity(&Text::of([(Part::VatNumber, "PL5260001246")]));
        assert_eq!(one.facet(Facet::VatNumber), None);
        let blank = tax_identity(&Text::of([(Part::Tin, ""), (Part::VatNumber, " "), (Part::TinCountry, "PL")]));
        assert_eq!(blank.facet(Facet::TaxNumber), Some(""));
        assert_eq!(blank.facet(Facet::TaxCountry), Some("PL"));
        assert_eq!(tax_identity(&Text::of([(Part::TinCountry, "")])).facet(Facet::TaxCountry), None);
        let half = tax_identity(&Text::of([(Part::Tin, "5260001246"), (Part::VatNumber, "")]));
        assert_eq!((half.facet(Facet::Tin), half.facet(Facet::VatNumber)), (Some("5260001246"), Some("")));
        assert_eq!((blank.facet(Facet::Tin), blank.facet(Facet::VatNumber)), (None, None));
    }

    #[rstest]
    #[case("el", "GR")]
    #[case("GR", "GR")]
    #[case("Greece", "GR")]
    #[case("XI", "GB")]
    #[case("Polska", "PL")]
    #[case("US", "US")]
    #[case(" Atlantis", "Atlantis")]
    fn stated_countries(#[case] text: &str, #[case] country: &str) {
        assert_eq!(stated(text, "123").facet(Facet::TaxCountry), Some(country));
    }

    #[rstest]
    #[case("PL", "526-000-12-46", Some("PL5260001246"))]
    #[case("PL", "526-000-12-47", None)]
    #[case("PL", "0000000000", None)]
    #[case("PL", "1111111111", None)]
    #[case("PL", "1234567890", None)]
    #[case("PL", "brak", None)]
    #[case("PL", "n/a", None)]
    #[case("PL", "", None)]
    #[case("EL", "094259216", Some("GR094259216"))]
    #[case("AT", "13585627", Some("ATU13585627"))]
    #[case("BE", "428759497", Some("BE0428759497"))]
    #[case("SE", "1234567897", Some("SE123456789701"))]
    #[case("FR", "303265045", Some("FR40303265045"))]
    #[case("HU", "12892312-2-42", Some("HU12892312"))]
    #[case("DE", "136695976", Some("DE136695976"))]
    #[case("DE", "2181508150", None)]
    #[case("IS", "12345", None)]
    #[case("IS", "62340", Some("IS62340"))]
    #[case("RO", "1117", None)]
    #[case("RO", "1111", None)]
    #[case("US", "12-3456780", Some("US123456780"))]
    #[case("US", "ABCDE", None)]
    #[case("US", "1234", None)]
    #[case("Atlantis", "123456780", None)]
    fn keys_of_stated_countries(#[case] country: &str, #[case] tin: &str, #[case] key: Option<&str>) {
        assert_eq!(tax_key(&stated(country, tin), None).as_deref(), key);
    }

    #[test]
    fn all_writings_of_one_number_give_one_key() {
        for text in ["FR40303265045", "fr 40 303 265 045"] {
            assert_eq!(tax_key(&number(text), None), tax_key(&stated("FR", "303 265 045"), None));
        }
        assert_eq!(tax_key(&number("CHE-100.155.212"), None).as_deref(), Some("CH100155212"));
        assert_eq!(tax_key(&number("SE123456789701"), None), tax_key(&stated("Sweden", "123456-7897"), None));
    }

    #[rstest]
    #[case("526-000-12-46", Some("PL"), Some("PL5260001246"))]
    #[case("526-000-12-46", None, None)]
    #[case("526-000-12-46", Some("DE"), None)]
    #[case("526-000-12-47", Some("PL"), None)]
    #[case("123456780", Some("US"), None)]
    #[case("62340", Some("IS"), None)]
    #[case("PL5260001246", Some("DE"), Some("PL5260001246"))]
    fn without_country_only_check_digits_prove_it(
        #[case] text: &str,
        #[case] fallback: Option<&str>,
        #[case] key: Option<&str>,
    ) {
        assert_eq!(tax_key(&number(text), fallback).as_deref(), key);
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_itself_again(text in "(PL|DE|CHE|EL|NO|XX)?[ -]?[0-9A-Z]{0,14}|\\PC*") {
            let once = number(&text);
            let bare = once.facet(Facet::TaxNumber).unwrap_or_default();
            // A bare number may itself begin with a prefix ("PLDE…"); what has a country keeps it when put together again.
            if let Some(country) = once.facet(Facet::TaxCountry) {
                let again = super::super::vat::prefixed(country, bare);
                prop_assert_eq!(again.map(|again| number(&again)), Some(once));
            }
            let _ = tax_key(&number(&text), Some("PL"));
        }

        #[test]
        fn nothing_panics(text in any::<String>(), country in any::<String>()) {
            let _ = tax_key(&stated(&country, &text), Some(&country));
        }
    }
}
