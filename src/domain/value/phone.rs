//! Telephone numbers: E.164 (ITU-T) with the extension as RFC 3966 writes it, `+48221234567;ext=12`.
//!
//! Only digits and a leading plus reach the numbering-plan library: what people write around them is read here, so that
//! no text can surprise it.

use phonenumber::country::Id;
use phonenumber::metadata::{DATABASE, Descriptors};

use super::Locale;
use super::text::fold;

/// The number in E.164, with its extension; a text that is no possible number stays folded text.
///
/// A number without country prefix is dialled in [`Locale::region`]; without a region it stays text.
pub fn phone(text: &str, locale: &Locale) -> String {
    let folded = fold(text);
    e164(&folded, locale).unwrap_or(folded)
}

fn e164(text: &str, locale: &Locale) -> Option<String> {
    let (main, extension) = split_extension(strip_uri(text));
    let digits = dialled(main)?;
    let region = locale.region.as_deref().and_then(|region| region.parse::<Id>().ok());
    let number = match digits.strip_prefix('+') {
        Some(international) => international_number(international),
        None => digits
            .strip_prefix("00")
            .filter(|_| dials_00(region))
            .and_then(international_number)
            .or_else(|| region.and_then(|region| national_number(&digits, region))),
    }?;
    Some(match extension {
        Some(extension) => format!("{number};ext={extension}"),
        None => number,
    })
}

/// Digits after the plus. No region is given to the library: it would take the region's trunk prefix off a foreign number.
fn international_number(digits: &str) -> Option<String> {
    if digits.len() > 15 + 1 {
        return None;
    }
    possible(&phonenumber::parse(None, format!("+{digits}")).ok()?)
}

fn national_number(digits: &str, region: Id) -> Option<String> {
    if digits.len() > 15 {
        return None;
    }
    let number = phonenumber::parse(Some(region), digits).ok()?;
    // The library also finds a country prefix that nobody marked; in a numbering plan without trunk prefix that is a guess.
    let own_code = DATABASE.by_id(region.as_ref())?.country_code();
    if number.country().code() != own_code {
        return None;
    }
    possible(&number)
}

/// The number as E.164 if its length is one that its country's numbering plan knows, and if it reads back as itself (a
/// zero too many in front does not).
fn possible(number: &phonenumber::PhoneNumber) -> Option<String> {
    let code = number.country().code();
    let national = number.national().to_string();
    let length = u16::try_from(national.len()).ok()?;
    let plans = DATABASE.by_code(&code)?;
    let e164 = format!("+{code}{national}");
    let again = phonenumber::parse(None, &e164).ok()?;
    (again.country().code() == code
        && again.national() == number.national()
        && plans.iter().any(|plan| knows_length(plan.descriptors(), length)))
    .then_some(e164)
}

/// Whether any sort of number has this length. The library's general description carries no lengths of its own.
fn knows_length(sorts: &Descriptors, length: u16) -> bool {
    let others = [
        sorts.fixed_line(),
        sorts.mobile(),
        sorts.toll_free(),
        sorts.premium_rate(),
        sorts.shared_cost(),
        sorts.personal_number(),
        sorts.voip(),
        sorts.pager(),
        sorts.uan(),
        sorts.voicemail(),
    ];
    others.into_iter().flatten().any(|sort| sort.possible_length().contains(&length))
}

/// Whether `00` means "abroad" there. Without a region it does: the firm is European, and no national number begins so.
fn dials_00(region: Option<Id>) -> bool {
    region
        .and_then(|region| DATABASE.by_id(region.as_ref()))
        .and_then(|plan| plan.international_prefix())
        .is_none_or(|prefix| prefix.is_match("00"))
}

fn strip_uri(text: &str) -> &str {
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text.get(4..).unwrap_or_default().trim_start(),
        Some(_) | None => text,
    }
}

/// The words that people put before an extension, as they stand in lower case, longer ones first.
const EXTENSION_WORDS: [&str; 27] = [
    "wewnętrzny",
    "wewnetrzny",
    "extension",
    "durchwahl",
    "interno",
    "toestel",
    "poste",
    "anexo",
    "ramal",
    "wewn.",
    "wewn",
    "wew.",
    "wew",
    ";ext=",
    "extn.",
    "extn",
    "ext.",
    "ext",
    "int.",
    "app.",
    "dw.",
    "kl.",
    "dw",
    "w.",
    "x",
    "#",
    "w",
];

/// A number's main part, and the digits of its extension if it has one.
fn split_extension(text: &str) -> (&str, Option<&str>) {
    let digits = text.len() - text.trim_end_matches(|character: char| character.is_ascii_digit()).len();
    let Some((before, extension)) = text.split_at_checked(text.len() - digits) else { return (text, None) };
    if extension.is_empty() || extension.len() > 11 {
        return (text, None);
    }
    let labelled = before.trim_end_matches([' ', ':', '.', '-', '=']);
    // The trimmed signs may belong to the word itself ("ext.", ";ext=").
    for candidate in [before.trim_end_matches([' ', ':']), labelled] {
        for word in EXTENSION_WORDS {
            let cut = candidate.len().saturating_sub(word.len());
            let Some((main, found)) = candidate.split_at_checked(cut) else { continue };
            let main = main.trim_end_matches([' ', ',', ';', '(', '-']);
            if found.to_lowercase() == word
                && main.ends_with(|character: char| character.is_ascii_digit() || character == ')')
            {
                return (main, Some(extension));
            }
        }
    }
    (text, None)
}

/// The digits that are dialled, with a leading plus if there is one; `None` if the text holds anything but digits and the
/// signs that people put between them.
fn dialled(text: &str) -> Option<String> {
    let international = text.trim_start_matches(['(', ' ']).starts_with('+') || text.starts_with("00");
    // "+49 (0) 30": the trunk prefix in brackets is not dialled from abroad. In Italy the zero is never in brackets.
    let trunkless;
    let text = if international {
        trunkless = text.replacen("(0)", "", 1);
        trunkless.as_str()
    } else {
        text
    };
    let mut digits = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '0'..='9' => digits.push(character),
            '+' if digits.is_empty() => digits.push('+'),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            _ => return None,
        }
    }
    (digits.len() >= 3).then_some(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn dialled_in(region: &str) -> Locale {
        Locale { region: Some(region.to_owned()), ..Locale::default() }
    }

    #[rstest]
    #[case("22 123 45 67", "+48221234567")]
    #[case("+48 22 123-45-67", "+48221234567")]
    #[case("0048 22 1234567", "+48221234567")]
    #[case("(22) 123 45 67", "+48221234567")]
    #[case("(+48) 22 123 45 67", "+48221234567")]
    #[case("tel:+48221234567", "+48221234567")]
    #[case("501 234 567", "+48501234567")]
    #[case("+49 (0)30 123456", "+4930123456")]
    #[case("+49 030 123456", "+4930123456")]
    #[case("+1 (212) 555-0123", "+12125550123")]
    #[case("+39 06 698 12345", "+390669812345")]
    #[case("+44 (0) 20 7946 0018", "+442079460018")]
    #[case("+36 1 234 5678", "+3612345678")]
    #[case("TEL: 22 123 45 67", "+48221234567")]
    #[case("(+48) (0) 22 123 45 67", "+48221234567")]
    #[case("00 48 (0) 22 123 45 67", "+48221234567")]
    #[case("+49 30 123456789012", "+4930123456789012")]
    fn numbers_become_e164(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(phone(text, &dialled_in("PL")), normal);
        assert_eq!(phone(normal, &dialled_in("PL")), normal);
    }

    #[rstest]
    #[case("DE", "030/123456", "+4930123456")]
    #[case("DE", "030 123456-78", "+493012345678")]
    #[case("US", "(212) 555-0123", "+12125550123")]
    #[case("US", "1 212 555 0123", "+12125550123")]
    #[case("US", "+48 123 456 789", "+48123456789")]
    #[case("GB", "020 7946 0018", "+442079460018")]
    #[case("IT", "06 698 12345", "+390669812345")]
    #[case("FR", "01 42 68 53 00", "+33142685300")]
    #[case("CZ", "601 123 456", "+420601123456")]
    #[case("HU", "06 1 234 5678", "+3612345678")]
    #[case("DE", "030 123456789012", "+4930123456789012")]
    #[case("DE", "030 1234567890123", "030 1234567890123")]
    #[case("AU", "0048 22 123 45 67", "0048 22 123 45 67")]
    #[case("RU", "8 495 123 45 67", "+74951234567")]
    fn national_numbers_are_dialled_in_the_region(#[case] region: &str, #[case] text: &str, #[case] normal: &str) {
        assert_eq!(phone(text, &dialled_in(region)), normal);
    }

    #[rstest]
    #[case("+48 22 123 45 67 ext. 12", "12")]
    #[case("+48 22 123 45 67 ext 12", "12")]
    #[case("+48 22 123 45 67 EXT: 12", "12")]
    #[case("+48 22 123 45 67 x12", "12")]
    #[case("+48 22 123 45 67x12", "12")]
    #[case("+48 22 123 45 67, wew. 012", "012")]
    #[case("+48 22 123 45 67 wew 12", "12")]
    #[case("+48 22 123 45 67 wewnętrzny 12", "12")]
    #[case("+48 22 123 45 67 w. 12", "12")]
    #[case("+48 22 123 45 67 (Durchwahl 12", "12")]
    #[case("+48 22 123 45 67 Durchwahl: 12", "12")]
    #[case("+48 22 123 45 67 DW 12", "12")]
    #[case("+48 22 123 45 67 #12", "12")]
    #[case("+48 22 123 45 67;ext=12", "12")]
    #[case("tel:+48-22-123-45-67;ext=12", "12")]
    #[case("22 123 45 67 extension 12", "12")]
    #[case("(22 123 45 67) w. 1", "1")]
    #[case("22 123 45 67 ext-1", "1")]
    #[case("22 123 45 67 w. 12345678901", "12345678901")]
    fn extensions_are_kept(#[case] text: &str, #[case] extension: &str) {
        let normal = format!("+48221234567;ext={extension}");
        assert_eq!(phone(text, &dialled_in("PL")), normal);
        assert_eq!(phone(&normal, &dialled_in("PL")), normal);
    }

    #[rstest]
    #[case("call  me", "call me")]
    #[case("12", "12")]
    #[case("123", "123")]
    #[case("+48 12", "+48 12")]
    #[case("22 123 45 67 / 68", "22 123 45 67 / 68")]
    #[case("22 123 45 67 or 501 234 567", "22 123 45 67 or 501 234 567")]
    #[case("1-800-FLOWERS", "1-800-FLOWERS")]
    #[case("+999 123 456 789", "+999 123 456 789")]
    #[case("x12", "x12")]
    #[case("++48 22", "++48 22")]
    #[case("++48 22 123 45 67", "++48 22 123 45 67")]
    #[case("22+123 45 67", "22+123 45 67")]
    #[case("22 123 45 67 (12", "22 123 45 67 (12")]
    #[case("22 123 45 67 w. 123456789012", "22 123 45 67 w. 123456789012")]
    #[case("+49 30 1234567890123", "+49 30 1234567890123")]
    #[case("w. 12", "w. 12")]
    #[case("", "")]
    fn other_texts_stay(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(phone(text, &dialled_in("PL")), normal);
    }

    #[test]
    fn without_a_region_a_national_number_stays_text() {
        assert_eq!(phone("22 123 45 67", &Locale::default()), "22 123 45 67");
        assert_eq!(phone("0048 22 123 45 67", &Locale::default()), "+48221234567");
        assert_eq!(phone("22 123 45 67", &dialled_in("nowhere")), "22 123 45 67");
    }

    #[test]
    fn an_extension_makes_another_number() {
        let poland = dialled_in("PL");
        assert_ne!(phone("221234567", &poland), phone("221234567 w. 1", &poland));
        assert_ne!(phone("221234567 w. 12", &poland), phone("221234567 w. 1", &poland));
    }

    fn nasty() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[+0-9 ()/.;x#-]{0,24}",
            "\\+?[0-9]{1,16}( ?(x|ext\\.|wew\\.|;ext=) ?[0-9]{1,12})?",
            "(\\+|00)(48|49|1|39|44|52|54|55|7|33|86|999|0)[ 0-9]{3,13}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn no_text_panics_and_a_normal_form_is_its_own(
            text in nasty(),
            region in prop::sample::select(vec!["", "PL", "DE", "US", "IT", "HU", "MX", "AR", "BR", "RU", "GB", "SM", "??"]),
        ) {
            let locale = dialled_in(region);
            let normal = phone(&text, &locale);
            prop_assert_eq!(phone(&normal, &locale), normal);
        }
    }
}
