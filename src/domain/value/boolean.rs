//! True and false, in the spellings of the systems.

use super::text::fold;

/// `true` or `false`; what is neither stays folded text. Words of a language are a matter of a table of values.
pub fn boolean(text: &str) -> String {
    let folded = fold(text);
    match folded.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "on" => "true".to_owned(),
        "false" | "f" | "0" | "no" | "n" | "off" => "false".to_owned(),
        _ => folded,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("true", "true")]
    #[case(" True ", "true")]
    #[case("1", "true")]
    #[case("YES", "true")]
    #[case("on", "true")]
    #[case("0", "false")]
    #[case("No", "false")]
    #[case("f", "false")]
    #[case("2", "2")]
    #[case("01", "01")]
    #[case("maybe  so", "maybe so")]
    #[case("tak", "tak")]
    #[case("", "")]
    fn booleans(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(boolean(text), normal);
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "[A-Za-z01 ]{0,5}|\\PC*") {
            prop_assert_eq!(boolean(&boolean(&text)), boolean(&text));
        }
    }
}
