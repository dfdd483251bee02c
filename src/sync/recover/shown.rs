//! What a record shows of a text whose reply was lost.

use crate::domain::field::{Field, Part};
use crate::domain::value::{Locale, Reading, Text};

/// How what is shown stands to what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// As sent, in normal form.
    AsSent,
    /// The beginning of it, as a system leaves it that cuts, whether it declares that or not.
    Beginning,
    /// Something else, or nothing.
    Other,
}

/// Holds what is shown against what was sent.
pub(super) fn shows(field: Field, shown: &Reading, sent: &Text, locale: &Locale) -> Shown {
    let wanted = Reading::of(field, sent.clone(), locale);
    if shown.same_as(&wanted) || shown.agrees_with(&wanted) {
        return Shown::AsSent;
    }
    match shown.value() {
        Some(shown) if is_beginning(shown.text(), sent) => Shown::Beginning,
        Some(_) | None => Shown::Other,
    }
}

/// Whether each part is as sent, or what is left of it. A part that shows nothing is no beginning: it was ignored, or cleared.
fn is_beginning(shown: &Text, sent: &Text) -> bool {
    let part = |text: &Text, part: Part| text.part(part).unwrap_or_default().trim().to_owned();
    shown.parts().chain(sent.parts()).all(|(name, _)| {
        let (shown, sent) = (part(shown, name), part(sent, name));
        shown == sent || (!shown.is_empty() && sent.starts_with(&shown))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn address(street: &str, city: &str) -> Text {
        Text::of([(Part::Line, street), (Part::City, city)])
    }

    #[rstest]
    #[case::as_sent(("Prosta 1", "Kraków"), Shown::AsSent)]
    #[case::in_other_space((" Prosta  1", "Kraków "), Shown::AsSent)]
    #[case::cut(("Prosta 1", "Krak"), Shown::Beginning)]
    #[case::cut_before_a_word(("Prosta ", "Kraków"), Shown::Beginning)]
    #[case::ignored_in_part(("", "Kraków"), Shown::Other)]
    #[case::nothing(("", ""), Shown::Other)]
    #[case::edited(("Prosta 1", "Opole"), Shown::Other)]
    #[case::longer(("Prosta 12", "Kraków"), Shown::Other)]
    fn what_is_shown_is_held_against_what_was_sent(#[case] shown: (&str, &str), #[case] verdict: Shown) {
        let locale = Locale::default();
        let reading = Reading::of(Field::Address, address(shown.0, shown.1), &locale);
        assert_eq!(shows(Field::Address, &reading, &address("Prosta 1", "Kraków"), &locale), verdict);
    }

    #[test]
    fn what_is_not_read_shows_nothing() {
        let locale = Locale::default();
        assert_eq!(shows(Field::Name, &Reading::Unknown, &Text::whole("Alfa"), &locale), Shown::Other);
    }
}
