//! How the database compares texts (`utf8mb4_unicode_ci`): case, accents and blanks at the end do not count; `ł` is not `l`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What two texts must share to be equal to the database.
pub(super) fn folded(text: &str) -> String {
    let bare: String = text.nfd().filter(|character| !is_combining_mark(*character)).collect();
    bare.to_lowercase().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_do_not_count_and_a_stroke_does() {
        assert_eq!(folded("Zażó Ć "), folded("zazo c"));
        assert_ne!(folded("Łódź"), folded("Lodz"));
        assert_eq!(folded("ŁÓDŹ"), folded("łodz"));
        assert_ne!(folded(" a"), folded("a"));
    }
}
