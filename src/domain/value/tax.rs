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
/// both apart.
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
    if let (Some(tin), Some(vat)) = (text.part(Part::Tin), text.part(Part::VatNumber)) {
        facets.extend([(Facet::Tin, compact(tin)), (Facet::VatNumber, compact(vat))]);
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
