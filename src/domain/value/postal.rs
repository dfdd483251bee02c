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
        // The unit alone has no street to be told from.
        (None, None) if building.is_none() => return unit,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn line_facet(text: &Text) -> String {
        address(text).facet(Facet::Line).unwrap().to_owned()
    }

    #[rstest]
    #[case("ul. Prosta 51/12")]
    #[case("ul. Prosta 51 / 12")]
    #[case("ul.  Prosta 51/ 12")]
    #[case("ul. Prosta 51 m. 12")]
    #[case("ul. Prosta 51 m.12")]
    #[case("ul. Prosta 51 m 12")]
    #[case("ul. Prosta 51 lok. 12")]
    #[case("ul. Prosta 51, lok. 12")]
    #[case("ul. Prosta 51 LOK 12")]
    #[case("ul. Prosta, 51/12")]
    fn the_manners_of_one_address_are_one_line(#[case] line: &str) {
        let parts = Text::of([(Part::Street, "ul. Prosta"), (Part::Building, "51"), (Part::Unit, "12")]);
        assert_eq!(line_facet(&Text::of([(Part::Line, line)])), line_facet(&parts));
        let street_only = Text::of([(Part::Street, line), (Part::Building, ""), (Part::Unit, "")]);
        assert_eq!(line_facet(&street_only), line_facet(&parts));
    }

    #[rstest]
    #[case(("ul. Prosta", "5", "12"), ("ul. Prosta", "51", "2"))]
    #[case(("ul. Prosta", "5", "12"), ("ul. Prosta", "512", ""))]
    #[case(("ul. Prosta", "12", ""), ("ul. Prosta", "", "12"))]
    #[case(("ul. Prosta", "5a", ""), ("ul. Prosta", "5A", ""))]
    #[case(("ul. Prosta", "5", "12"), ("ul. Prosta", "12", "5"))]
    #[case(("Prosta", "5", ""), ("ul. Prosta", "5", ""))]
    fn different_addresses_stay_different(#[case] one: (&str, &str, &str), #[case] other: (&str, &str, &str)) {
        let text = |(street, building, unit): (&str, &str, &str)| {
            line_facet(&Text::of([(Part::Street, street), (Part::Building, building), (Part::Unit, unit)]))
        };
        assert_ne!(text(one), text(other));
    }

    #[test]
    fn a_facet_is_there_where_a_part_of_it_is_mapped() {
        let normal = address(&Text::of([(Part::City, ""), (Part::PostCode, " 00-950  a"), (Part::Country, "Polska")]));
        let facets: Vec<_> = normal.facets().collect();
        assert_eq!(facets, [(Facet::City, ""), (Facet::PostCode, "00-950 A"), (Facet::Country, "PL")]);
        assert!(!normal.agrees_with(&address(&Text::of([(Part::City, "Warszawa"), (Part::Country, "PL")]))));
        assert!(normal.agrees_with(&address(&Text::of([(Part::Line, "x"), (Part::Country, "POL")]))));
    }

    #[test]
    fn the_line_takes_the_place_of_a_street_that_is_not_carried() {
        let two_lines = Text::of([(Part::Line, "ul. Prosta 51"), (Part::Unit, "12")]);
        assert_eq!(line_facet(&two_lines), "ul. Prosta 51/12");
        let both = Text::of([(Part::Line, "ul. Prosta 51/12"), (Part::Street, "ul. Prosta"), (Part::Building, "51")]);
        assert_eq!(line_facet(&both), "ul. Prosta 51/12");
        let line_is_blank = Text::of([(Part::Line, " "), (Part::Street, "ul. Prosta"), (Part::Building, "51")]);
        assert_eq!(line_facet(&line_is_blank), "ul. Prosta 51");
    }

    proptest! {
        #[test]
        fn the_canonical_writing_is_its_own(line in "[a-z0-9/., -]{0,16}( [0-9]{1,3}[a-d]?( m\\.? | lok\\. |/| / )?[0-9]{0,3})?|\\PC*") {
            let once = line_facet(&Text::of([(Part::Line, line.as_str())]));
            prop_assert_eq!(line_facet(&Text::of([(Part::Line, once.as_str())])), once);
        }
    }
}
