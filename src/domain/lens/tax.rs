//! Tax identities: one number, or the national number, its country and the VAT number.

use super::country;
use crate::domain::field::Part;
use crate::domain::value::tax::{NUMBERS, identifying, read, tax_country, tax_identity};
use crate::domain::value::vat::prefixed;
use crate::domain::value::{Facet, Normal, Text};

/// Writes the facets that differ into the parts that `present` has.
pub(super) fn put(source: &Text, wanted: &Normal, present: &Text) -> Text {
    let mut base = present.clone();
    if let Some(kind) = source.part(Part::TinType)
        && present.part(Part::TinType).is_some()
        && wanted.facet(Facet::TaxType) != tax_identity(present).facet(Facet::TaxType)
    {
        base.set(Part::TinType, kind);
    }
    let ways =
        [Some(base.clone()), both_apart(source, &base), divided(source, wanted, &base), single(source, wanted, &base)];
    let ways = ways.into_iter().flatten().map(|way| with_country(way, source, wanted));
    super::first_that_reads_back(ways, with_country(verbatim(source, &base), source, wanted), tax_identity, wanted)
}

/// Both sides carry the national and the VAT number apart: each goes to its own.
fn both_apart(source: &Text, base: &Text) -> Option<Text> {
    let (tin, vat) = source.part(Part::Tin).zip(source.part(Part::VatNumber))?;
    base.part(Part::Tin).zip(base.part(Part::VatNumber))?;
    let mut text = base.clone();
    for (part, value) in [(Part::Tin, tin), (Part::VatNumber, vat)] {
        if text.part(part).is_some_and(|there| !is_same(there, value)) {
            text.set(part, value);
        }
    }
    fill_number(&mut text, identifying(source).unwrap_or_default());
    Some(text)
}

/// One number for a side that carries two.
///
/// The VAT number is written if the number carries a country, or fits the country of the VAT number that stands there. The
/// national number is the same number bare, but for one that was something else than the old VAT number: that one stays.
fn divided(source: &Text, wanted: &Normal, base: &Text) -> Option<Text> {
    let (old_tin, old_vat) = base.part(Part::Tin).zip(base.part(Part::VatNumber))?;
    let spelled = identifying(source)?.trim();
    let given = read(spelled);
    let old = read(old_vat);
    let vat_country = match given.country {
        Some(country) => Some(country),
        // Nobody said VAT: only what stands there already may say it again.
        None if old.number.is_empty() => None,
        None => match wanted.facet(Facet::TaxCountry) {
            Some(stated) => Some(stated),
            None => old.country,
        },
    };
    let vat = vat_country.and_then(|country| prefixed(country, &given.number)).unwrap_or_default();
    let old_tin_number = read(old_tin).number;
    let is_another = !old_tin_number.is_empty() && !old.number.is_empty() && old_tin_number != old.number;
    let mut text = base.clone();
    let stays = is_another && !vat.is_empty();
    if !stays && !is_same(old_tin, &given.number) {
        // A number that came bare keeps the way in which it was typed.
        text.set(Part::Tin, if given.country.is_some() { given.number.as_str() } else { spelled });
    }
    if !is_same(old_vat, &vat) {
        text.set(Part::VatNumber, &*vat);
    }
    fill_number(&mut text, if vat.is_empty() { spelled } else { &vat });
    Some(text)
}

/// For a side with one number: with the prefix of its country, unless the side carries the country beside a bare national
/// number. As typed where that already says it.
fn single(source: &Text, wanted: &Normal, base: &Text) -> Option<Text> {
    let spelled = identifying(source)?.trim();
    let number = wanted.facet(Facet::TaxNumber)?;
    let country = wanted.facet(Facet::TaxCountry);
    let target = NUMBERS.into_iter().find(|part| base.part(*part).is_some())?;
    let is_bare = target == Part::Tin && base.part(Part::TinCountry).is_some();
    let typed = read(spelled);
    let value = match country.filter(|_| !is_bare).and_then(|country| prefixed(country, number)) {
        Some(prefixed) if typed.country.is_none() => prefixed,
        None if is_bare && typed.country.is_some() => number.to_owned(),
        Some(_) | None => spelled.to_owned(),
    };
    let mut text = base.clone();
    for part in NUMBERS {
        if text.part(part).is_some() {
            text.set(part, if part == target { value.as_str() } else { "" });
        }
    }
    fill_number(&mut text, &value);
    Some(text)
}

/// The identifying number as it stands, in the part that identifies first: the way that always reads back.
fn verbatim(source: &Text, base: &Text) -> Text {
    let spelled = identifying(source).unwrap_or_default();
    let mut value = spelled;
    let mut text = base.clone();
    if identifying(source).is_none() {
        return text;
    }
    for part in NUMBERS {
        if text.part(part).is_some() {
            text.set(part, value);
            value = "";
        }
    }
    fill_number(&mut text, spelled);
    text
}

/// The country beside the number, where the side carries it and it says something else.
fn with_country(mut text: Text, source: &Text, wanted: &Normal) -> Text {
    let (Some(there), Some(country)) = (text.part(Part::TinCountry), wanted.facet(Facet::TaxCountry)) else {
        return text;
    };
    if tax_country(there) == country {
        return text;
    }
    let stated = source.part(Part::TinCountry).map(str::trim).filter(|stated| tax_country(stated) == country);
    let sent = country::put(stated.unwrap_or(country), there);
    let sent = if tax_country(&sent) == country { sent } else { country.to_owned() };
    text.set(Part::TinCountry, sent);
    text
}

/// A side that carries a number of either sort beside the others shows the identifying one there.
fn fill_number(text: &mut Text, value: &str) {
    if text.part(Part::Number).is_some_and(|there| !is_same(there, value)) {
        text.set(Part::Number, value);
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (read(one), read(other));
    one.number == other.number && one.country == other.country
}
