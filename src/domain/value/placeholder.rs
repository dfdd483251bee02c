//! Texts that stand where a value should be, and name nobody: never a match key.

use super::text::lookup_key;

/// Whether a name or a number is a placeholder: nothing but signs, a word for "none" or "test", or a number that is
/// typed to fill a field.
pub fn is_placeholder(text: &str) -> bool {
    let key = lookup_key(text);
    let joined: String = key.split(' ').collect();
    joined.is_empty()
        || PLACEHOLDERS.binary_search(&joined.as_str()).is_ok()
        || is_filler_number(&joined)
        || is_only_x(&joined)
}

/// `000`, `1111111`, `1234567890`, `987654321`.
fn is_filler_number(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|character| character.to_digit(10)).collect();
    let Some(digits) = digits else { return false };
    let steps_by =
        |step: u32| digits.iter().zip(digits.iter().skip(1)).all(|(digit, next)| (digit + step) % 10 == *next);
    digits.iter().all(|digit| *digit == 0) || (digits.len() >= 5 && (steps_by(0) || steps_by(1) || steps_by(9)))
}

fn is_only_x(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'x')
}

/// Without spaces and signs, in order. Words that a firm might well be called are not here: a name that is no key is
/// created twice.
const PLACEHOLDERS: [&str; 82] = [
    "aaaa",
    "abc123",
    "asdf",
    "asdfgh",
    "aucun",
    "aucune",
    "bbb",
    "brak",
    "brakdanych",
    "brakfirmy",
    "brakimienia",
    "brakinformacji",
    "braknazwy",
    "braknipu",
    "desconhecido",
    "desconocido",
    "dummy",
    "firmatestowa",
    "geen",
    "inconnu",
    "inconnue",
    "ka",
    "keine",
    "keineangabe",
    "keineangaben",
    "klienttestowy",
    "na",
    "nan",
    "nd",
    "neant",
    "nenhum",
    "nessuna",
    "nessuno",
    "nic",
    "niedotyczy",
    "nieznana",
    "nieznane",
    "nieznany",
    "nil",
    "ninguno",
    "nocompany",
    "noname",
    "none",
    "notapplicable",
    "notavailable",
    "notprovided",
    "notset",
    "null",
    "okaend",
    "okand",
    "onbekend",
    "placeholder",
    "puste",
    "pusty",
    "qwe",
    "qwerty",
    "sansobjet",
    "sconosciuto",
    "tba",
    "tbd",
    "test",
    "test1",
    "test123",
    "test2",
    "testclient",
    "testcompany",
    "testcontact",
    "testfirma",
    "testing",
    "testowa",
    "testowy",
    "tests",
    "testtest",
    "testuser",
    "tmp",
    "todo",
    "ukendt",
    "unbekannt",
    "undefined",
    "unknown",
    "unknowncompany",
    "unnamed",
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_table_is_in_order_for_its_search() {
        assert!(PLACEHOLDERS.is_sorted());
    }

    #[rstest]
    #[case("brak")]
    #[case("BRAK")]
    #[case("test")]
    #[case("n/a")]
    #[case("N.A.")]
    #[case("nie dotyczy")]
    #[case("xxx")]
    #[case("-")]
    #[case("---")]
    #[case("?")]
    #[case("")]
    #[case("0")]
    #[case("0000000000")]
    #[case("000-000-00-00")]
    #[case("1111111111")]
    #[case("1234567890")]
    #[case("123456789")]
    #[case("9876543210")]
    #[case("unbekannt")]
    #[case("Test Company")]
    fn placeholders(#[case] text: &str) {
        assert!(is_placeholder(text), "{text}");
    }

    #[rstest]
    #[case("Acme")]
    #[case("5260001246")]
    #[case("3M")]
    #[case("Brakma")]
    #[case("Testo SE")]
    #[case("株式会社")]
    #[case("111")]
    fn names_and_numbers(#[case] text: &str) {
        assert!(!is_placeholder(text), "{text}");
    }
}
