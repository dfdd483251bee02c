//! Text: NFC, outer white space dropped, inner runs of white space folded to one space, case kept.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// One line of text in normal form.
///
/// Canonical composition is that of Unicode Standard Annex 15. What cannot be seen (control characters, zero-width and
/// direction marks) is dropped, because systems add and strip it without anybody's doing.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for character in composed(text).chars() {
        if character.is_whitespace() {
            gap = !folded.is_empty();
        } else {
            if gap {
                folded.push(' ');
                gap = false;
            }
            folded.push(character);
        }
    }
    folded
}

/// Several lines, each in normal form; outer empty lines are dropped, inner ones kept. CRLF and CR count as LF.
pub fn fold_lines(text: &str) -> String {
    let lines: Vec<String> = text.replace("\r\n", "\n").split(['\n', '\r']).map(fold).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The form in which words are looked up in tables: no case, no accents, nothing but letters, digits and single spaces.
///
/// Only Latin letters are transcribed: the Arabic name of Egypt would become the code of Montserrat.
pub(super) fn lookup_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    let mut gap = false;
    for character in composed(text).nfkd() {
        // A dot, an apostrophe and a lone accent join ("U.S.A."), every other sign separates.
        if matches!(character, '.' | '\'' | '’') || is_combining_mark(character) {
            continue;
        }
        if !character.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !key.is_empty() {
            key.push(' ');
        }
        gap = false;
        match deunicode::deunicode_char(character).filter(|_| is_latin(character)) {
            Some(latin) => {
                key.extend(latin.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
            }
            None => key.extend(character.to_lowercase()),
        }
    }
    key
}

fn is_latin(character: char) -> bool {
    matches!(character, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Whether a text shows nothing at all.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || is_unseen(character))
}

/// The text without what cannot be seen, composed. Dropping comes first: it may bring a letter and its accent together.
fn composed(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|character| !is_unseen(*character)).nfc().collect())
}

fn is_unseen(character: char) -> bool {
    (character.is_control() && !character.is_whitespace())
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
                | '\u{2066}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("  Acme \t GmbH\n", "Acme GmbH")]
    #[case("ACME gmbh", "ACME gmbh")]
    #[case("Cafe\u{301}", "Café")]
    #[case("Ac\u{200b}me\u{feff}", "Acme")]
    #[case("e\u{200d}\u{301}", "é")]
    #[case("a\u{a0}\u{a0}b", "a b")]
    #[case("a\u{0}b\u{7}", "ab")]
    #[case("\u{200b} \n", "")]
    fn text_is_folded(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(fold(text), normal);
    }

    #[rstest]
    #[case("a  b \r\n c\rd\n", "a b\nc\nd")]
    #[case("\r\n\r\na\r\n\r\nb\n\n", "a\n\nb")]
    #[case("one", "one")]
    fn lines_are_folded_and_kept(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(fold_lines(text), normal);
    }

    #[rstest]
    #[case("Österreich", "osterreich")]
    #[case(" U.S.A. ", "usa")]
    #[case("Côte d’Ivoire", "cote divoire")]
    #[case("Guinea-Bissau", "guinea bissau")]
    #[case("ŁÓDŹ", "lodz")]
    #[case("Ελλάδα", "ελλαδα")]
    #[case("ΕΛΛΆΔΑ", "ελλαδα")]
    #[case("مصر", "مصر")]
    #[case("Po\u{12}land", "poland")]
    #[case("Łó\u{12}dź", "lodz")]
    fn words_are_looked_up_without_accents(#[case] text: &str, #[case] key: &str) {
        assert_eq!(lookup_key(text), key);
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC*|[ \\t\\r\\na\u{301}\u{200b}\u{1100}\u{1161}é]*") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
            prop_assert_eq!(fold_lines(&fold_lines(&text)), fold_lines(&text));
            prop_assert_eq!(is_blank(&text), fold(&text).is_empty());
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = (fold(&text), fold_lines(&text), lookup_key(&text));
        }
    }
}
