//! Postal addresses: one line, or street, building and unit; city, post code and country each by itself.

use super::country;
use crate::domain::field::Part;
use crate::domain::value::postal::{address, joined, line};
use crate::domain::value::street::{Split, is_number_first, split};
use crate::domain::value::text::fold;
use crate::domain::value::{Facet, Normal, Text, country_code};

const LINE_PARTS: [Part; 4] = [Part::Line, Part::Street, Part::Building, Part::Unit];

/// Writes the facets that differ into the parts that `present` has.
pub(super) fn put(source: &Text, wanted: &Normal, present: &Text) -> Text {
    let there = address(present);
    let differs = |facet| {
        let (wanted, there) = (wanted.facet(facet), there.facet(facet));
        wanted.is_some() && there.is_some() && wanted != there
    };
    let mut written = if differs(Facet::Line) { put_line(source, wanted, present) } else { present.clone() };
    for (facet, part) in [(Facet::City, Part::City), (Facet::PostCode, Part::PostCode)] {
        if differs(facet) {
            written.set(part, source.part(part).unwrap_or_default());
        }
    }
    if differs(Facet::Country) {
        let source = source.part(Part::Country).unwrap_or_default();
        written.set(Part::Country, country::put(source, present.part(Part::Country).unwrap_or_default()));
    }
    written
}

fn put_line(source: &Text, wanted: &Normal, present: &Text) -> Text {
    let one_line = line(source).unwrap_or_default();
    let found = own_split(source).or_else(|| split(&one_line));
    // All of it in one part: the way that always reads back, and the manner of a target that divides nothing itself.
    let last = written(present, &one_line, None, source);
    let ways = match &found {
        Some(found) if !is_undivided(present) => {
            let plain = joined(&found.street, &found.building, &found.unit);
            let writings = [in_line(found, source, present), one_line, plain];
            writings.iter().map(|whole| written(present, whole, Some(found), source)).collect()
        }
        Some(_) | None => Vec::new(),
    };
    let line_alone: Normal = wanted.facet(Facet::Line).map(|text| (Facet::Line, text.to_owned())).into_iter().collect();
    super::first_that_reads_back(ways, last, address, &line_alone)
}

/// The source's own division, where it has one: nobody divides better than the person who typed it.
fn own_split(source: &Text) -> Option<Split> {
    let part = |part| source.part(part).map(fold).unwrap_or_default();
    let own =
        Split { street: part(Part::Street), building: part(Part::Building), unit: part(Part::Unit), by_slash: false };
    let is_divided = !own.building.is_empty() || !own.unit.is_empty();
    (is_divided && !own.street.is_empty() && source.part(Part::Line).is_none_or(|line| fold(line).is_empty()))
        .then_some(own)
}

/// Whether somebody typed the whole line into the street and left building and unit blank.
fn is_undivided(present: &Text) -> bool {
    let is_blank = |part| present.part(part).is_none_or(|text| fold(text).is_empty());
    present.part(Part::Street).is_some_and(|street| split(&fold(street)).is_some())
        && is_blank(Part::Building)
        && is_blank(Part::Unit)
}

/// The line parts of `present`, rewritten: `whole` in one line, `found` its division.
fn written(present: &Text, whole: &str, found: Option<&Split>, source: &Text) -> Text {
    let has = |part| present.part(part).is_some();
    let mut text = present.clone();
    let mut set = |part, value: &str| {
        // The target's own spelling of a part that stays.
        if present.part(part).is_some_and(|there| fold(there) != fold(value)) {
            text.set(part, value);
        }
    };
    // Where the side has the street too, the line says all of it; else it takes the street's place.
    if has(Part::Line) && (has(Part::Street) || !(has(Part::Building) || has(Part::Unit))) {
        set(Part::Line, whole);
    }
    let street = if has(Part::Street) { Part::Street } else { Part::Line };
    if !LINE_PARTS.into_iter().any(|part| has(part) && part != Part::Line) {
        return text;
    }
    let Some(Split { street: name, building, unit, by_slash }) = found else {
        let main = [street, Part::Building, Part::Unit].into_iter().find(|part| has(*part));
        for part in [street, Part::Building, Part::Unit] {
            set(part, if Some(part) == main { whole } else { "" });
        }
        return text;
    };
    // Where a slash joins two numbers of one building (Czechia, Slovakia), the second is no unit.
    let is_one_number = *by_slash && has_country(source, present, &["CZ", "SK"]);
    let both = if building.is_empty() || unit.is_empty() { building.clone() } else { format!("{building}/{unit}") };
    match (has(Part::Building), has(Part::Unit)) {
        (true, true) if !is_one_number => {
            set(street, name);
            set(Part::Building, building);
            set(Part::Unit, unit);
        }
        (true, _) => {
            set(street, name);
            set(Part::Building, &both);
            set(Part::Unit, "");
        }
        (false, true) if !is_one_number => {
            set(street, &joined(name, building, ""));
            set(Part::Unit, unit);
        }
        (false, _) => {
            set(street, &joined(name, &both, ""));
            set(Part::Unit, "");
        }
    }
    text
}

/// The division in one line, after the manner of the line that stands there, else of the street's own language.
fn in_line(found: &Split, source: &Text, present: &Text) -> String {
    let there = present.part(Part::Line).map(fold).unwrap_or_default();
    // Frenchmen in Belgium, Switzerland and Luxembourg put the number last.
    let number_first = match split(&there) {
        Some(_) => there.starts_with(|character: char| character.is_ascii_digit()),
        None => is_number_first(&found.street) && !has_country(source, present, &["BE", "CH", "LU"]),
    };
    if number_first && found.unit.is_empty() {
        format!("{} {}", found.building, found.street)
    } else {
        joined(&found.street, &found.building, &found.unit)
    }
}

fn has_country(source: &Text, present: &Text, codes: &[&str]) -> bool {
    let country = |text: &Text| text.part(Part::Country).and_then(country_code);
    country(source).or_else(|| country(present)).is_some_and(|code| codes.contains(&code))
}
