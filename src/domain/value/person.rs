//! Persons' names: first and last, or one text.

use super::text::fold;
use super::{Facet, Normal, Text};
use crate::domain::field::Part;

/// The whole name, case kept: first and last in one, or the full name where neither is there.
pub fn person(text: &Text) -> Normal {
    Normal::from_iter([(Facet::Whole, full(text))])
}

/// The full name in one line.
pub(crate) fn full(text: &Text) -> String {
    let part = |part| text.part(part).unwrap_or_default();
    let joined = fold(&format!("{} {}", part(Part::First), part(Part::Last)));
    if joined.is_empty() { fold(part(Part::Whole)) } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_parts_and_one_text_are_the_same_name() {
        let parts = Text::of([(Part::First, " Jan "), (Part::Last, "van  der Berg")]);
        assert_eq!(person(&parts), person(&Text::whole("Jan van der Berg")));
        assert_ne!(person(&parts), person(&Text::whole("Jan Van Der Berg")));
        assert_eq!(full(&Text::of([(Part::First, ""), (Part::Last, "Kowalska")])), "Kowalska");
        assert_eq!(full(&Text::of([(Part::Whole, "Jan K"), (Part::First, ""), (Part::Last, "")])), "Jan K");
    }
}
