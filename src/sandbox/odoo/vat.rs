//! What the module `base_vat` makes of a VAT number: capitals without blanks, with the country before it, if the check digits are
//! right.

/// The number as it is stored; `None` if it is not valid.
pub(super) fn judged(text: &str, country: Option<&str>) -> Option<String> {
    let bare: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect();
    let has_prefix = bare.get(..2).is_some_and(|head| head.bytes().all(|byte| byte.is_ascii_uppercase()));
    let (prefix, number) = if has_prefix {
        (bare.get(..2)?.to_owned(), bare.get(2..)?.to_owned())
    } else {
        (country.unwrap_or_default().to_owned(), bare)
    };
    let digits: Vec<u32> = number.chars().filter_map(|letter| letter.to_digit(10)).collect();
    let valid = match prefix.as_str() {
        "BE" => digits.len() == 10 && number.len() == 10 && is_belgian(&digits),
        "PL" => digits.len() == 10 && number.len() == 10 && is_polish(&digits),
        "DE" => digits.len() == 9 && number.len() == 9 && is_german(&digits),
        _ => !number.is_empty(),
    };
    valid.then(|| format!("{prefix}{number}"))
}

fn is_belgian(digits: &[u32]) -> bool {
    let (head, check) = digits.split_at(8);
    let number = |digits: &[u32]| digits.iter().fold(0, |sum, digit| sum * 10 + digit);
    97 - number(head) % 97 == number(check)
}

fn is_polish(digits: &[u32]) -> bool {
    let sum: u32 = digits.iter().zip([6, 5, 7, 2, 3, 4, 5, 6, 7]).map(|(digit, weight)| digit * weight).sum();
    digits.get(9) == Some(&(sum % 11))
}

/// ISO 7064, MOD 11,10.
fn is_german(digits: &[u32]) -> bool {
    let check = digits.iter().take(8).fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    digits.get(8) == Some(&((11 - check) % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_observed_is_what_is_stored() {
        assert_eq!(judged("be 0477.472.701", None).as_deref(), Some("BE0477472701"));
        assert_eq!(judged("de 136 695 976", None).as_deref(), Some("DE136695976"));
        assert_eq!(judged("526-025-02-74", Some("PL")).as_deref(), Some("PL5260250274"));
        assert_eq!(judged("BE0477472702", None), None);
        assert_eq!(judged("0477472702", Some("BE")), None);
    }
}
