//! Postal addresses: the line (street, building, unit), city, post code and the address's own country.
//!
//! A facet exists where the side maps a part of it, even if the part is blank: a blank city is something else than a city
//! that is not carried. The line is compared in one canonical writing, `Street Building/Unit`, whichever manner it was
//! written in; a line that cannot be taken apart with certainty is compared as it stands.

use super::country::country;
use super::street::canonical;
use super::text::fold;
use super::{Facet, Normal, Text};
use crate::domain::field::Part;

/// The facets of an address.
pub fn address(text: &Text) -> Normal {
    let mut facets = Vec::with_capacity(4);
    if let Some(line) = line(text) {
        facets.push((Facet::Line, canonical(&line)));
    }
    if let Some(city) = text.part(Part::City) {
        facets.push((Facet::City, fold(city)));
    }
    if let Some(code) = text.part(Part::PostCode) {
        facets.push((Facet::PostCode, fold(&fold(code).to_uppercase())));
    }
    if let Some(text) = text.part(Part::Country) {
        facets.push((Facet::Country, country(text)));
    }
    facets.into_iter().collect()
}

/// Street, building and unit in one folded line; `None` where the side carries none of them.
///
/// Where a side carries the line *and* the street, the line says all of it; where it carries the line without the street
/// (`address` and `address2`), the line takes the street's place.
pub(crate) fn line(text: &Text) -> Option<String> {
    let whole = text.part(Part::Line).map(fold);
    let street = text.part(Part::Street).map(fold);
    let building = text.part(Part::Building).map(fold);
    let unit = text.part(Part::Unit).map(fold);
    let (main, building, unit) = match (whole, street) {
        (Some(whole), Some(_)) if !whole.is_empty() => return Some(whole),
        (Some(_), Some(street)) => (street, building, unit),
        (Some(main), None) | (None, Some(main)) => (main, building, unit),
        (None, None) if building.is_none() && unit.is_none() => return None,
        (None, None) => (String::new(), building, unit),
    };
    Some(joined(&main, &building.unwrap_or_default(), &unit.unwrap_or_default()))
}

/// `Street Building/Unit`, of folded parts. A unit keeps its slash where the building is blank, so that it is not taken for one.
pub(crate) fn joined(street: &str, building: &str, unit: &str) -> String {
    let mut line = street.to_owned();
    for (sign, part) in [(" ", building), (if building.is_empty() { " /" } else { "/" }, unit)] {
        if !part.is_empty() {
            line.push_str(sign);
            line.push_str(part);
        }
    }
    line.trim_start().to_owned()
}
