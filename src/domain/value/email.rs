//! E-mail addresses, after RFC 5321.

use email_address::{EmailAddress, Options};

use super::text::fold;

/// The address in lower case; what is no address stays folded text, case kept.
///
/// RFC 5321 lets the part before the `@` depend on case; no mail provider of a firm does, and people type it either way.
pub fn email(text: &str) -> String {
    let folded = fold(text);
    let lower = fold(&folded.to_lowercase());
    if is_valid_email(&lower) { lower } else { folded }
}

/// Whether a text is one bare address at a domain with a dot. Display names, address literals and comments are refused.
pub fn is_valid_email(text: &str) -> bool {
    let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
    // A quoted local part is legal, and in a CRM it is always an accident.
    !text.contains('"') && EmailAddress::parse_with_options(text, options).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(" Jan.Kowalski@Example.COM ", "jan.kowalski@example.com")]
    #[case("info@MÜLLER.de", "info@müller.de")]
    #[case("a@xn--mller-kva.de", "a@xn--mller-kva.de")]
    #[case("Jan Kowalski", "Jan Kowalski")]
    #[case("Jan@localhost", "Jan@localhost")]
    #[case("A@b.pl, C@d.pl", "A@b.pl, C@d.pl")]
    fn addresses_are_lower_case_and_other_texts_stay(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(email(text), normal);
    }

    #[rstest]
    #[case("jan@example.com", true)]
    #[case("jan+crm@sub.example.co.uk", true)]
    #[case("jan@example", false)]
    #[case("jan@", false)]
    #[case("@example.com", false)]
    #[case("Jan <jan@example.com>", false)]
    #[case("jan@[127.0.0.1]", false)]
    #[case("jan kowalski@example.com", false)]
    #[case("jan@example..com", false)]
    #[case("jan@example.com.", false)]
    #[case("", false)]
    fn validity(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(is_valid_email(text), valid);
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "[A-Za-zİß.+]{1,8}@[A-Za-zÄİ.-]{1,12}|\\PC*") {
            prop_assert_eq!(email(&email(&text)), email(&text));
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = (email(&text), is_valid_email(&text));
        }
    }
}
