//! Check digits of tax numbers, country by country.

/// Whether the check digits are right; `None` where this sort of number has none that are public. The number has the
/// country's pattern.
pub(super) fn is_right(country: &str, number: &str) -> Option<bool> {
    let digits: Vec<u32> = number.chars().filter_map(|character| character.to_digit(10)).collect();
    let digits = digits.as_slice();
    match country {
        "AT" => Some(austria(digits)),
        "BE" => Some(97 - value(all_but(digits, 2)) % 97 == value(last(digits, 2))),
        "BG" => (digits.len() == 9).then(|| bulgaria(digits)),
        "CH" => Some(check_digit(11 - weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4]) % 11, 11) == last_digit(digits)),
        "CY" => Some(cyprus(digits, number)),
        "CZ" => (digits.len() == 8).then(|| czechia(digits)),
        "DE" | "HR" => Some(iso_7064_mod_11_10(digits)),
        "DK" => Some(weighted(digits, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)),
        "EE" => Some(weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)),
        "ES" => Some(spain(number)),
        "FI" => Some(weighted(digits, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11)),
        "FR" => Some(france(number)),
        "GB" => (digits.len() >= 9).then(|| great_britain(digits)),
        "GR" => Some(weighted(digits, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == last_digit(digits)),
        "HU" => Some(weighted(digits, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10)),
        "IE" => Some(ireland(number)),
        "IT" => Some(luhn(digits)),
        "LT" => Some(lithuania(digits)),
        "LU" => Some(value(all_but(digits, 2)) % 89 == value(last(digits, 2))),
        "LV" => latvia(digits),
        "MT" => Some(weighted(digits, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37)),
        "NL" => Some(netherlands(digits, number)),
        "NO" => Some(check_digit(11 - weighted(digits, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11, 11) == last_digit(digits)),
        "PL" => Some(weighted(digits, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == last_digit(digits)),
        "PT" => Some((11 - weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == last_digit(digits)),
        "RO" => Some(romania(digits)),
        "SE" => Some(luhn(all_but(digits, 2)) && value(last(digits, 2)) > 0),
        "SI" => Some(slovenia(digits)),
        "SK" => Some(value(digits).is_multiple_of(11)),
        _ => None,
    }
}

/// Each digit by its weight; digits beyond the weights do not count.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// A check digit that came out as `modulus` is zero; one of 10 is never given out, and equals no digit.
fn check_digit(digit: u32, modulus: u32) -> u32 {
    digit % modulus
}

fn value(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(*digit))
}

fn all_but(digits: &[u32], count: usize) -> &[u32] {
    digits.get(..digits.len().saturating_sub(count)).unwrap_or_default()
}

fn last(digits: &[u32], count: usize) -> &[u32] {
    digits.get(digits.len().saturating_sub(count)..).unwrap_or_default()
}

fn last_digit(digits: &[u32]) -> u32 {
    digits.last().copied().unwrap_or_default()
}

/// The sum of every second digit doubled, a doubled digit above nine being less nine.
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, factor)| digit * factor)
        .map(|digit| if digit > 9 { digit - 9 } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

fn iso_7064_mod_11_10(digits: &[u32]) -> bool {
    let product = all_but(digits, 1).iter().fold(10, |product, digit| {
        let sum = match (digit + product) % 10 {
            0 => 10,
            sum => sum,
        };
        2 * sum % 11
    });
    (11 - product) % 10 == last_digit(digits)
}

fn austria(digits: &[u32]) -> bool {
    let sum: u32 = all_but(digits, 1)
        .iter()
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, factor)| digit * factor)
        .map(|digit| if digit > 9 { digit - 9 } else { digit })
        .sum();
    (10 - (sum + 4) % 10) % 10 == last_digit(digits)
}

fn bulgaria(digits: &[u32]) -> bool {
    let check = match weighted(digits, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
        10 => weighted(digits, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
        check => check,
    };
    check == last_digit(digits)
}

fn cyprus(digits: &[u32], number: &str) -> bool {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(index, digit)| {
            if index % 2 == 1 {
                return *digit;
            }
            ODD.iter().zip(0..).find(|(_, wanted)| wanted == digit).map_or(0, |(value, _)| *value)
        })
        .sum();
    // Numbers in 12… are not given out.
    !number.starts_with("12") && letter("ABCDEFGHIJKLMNOPQRSTUVWXYZ", sum % 26) == number.chars().last()
}

fn czechia(digits: &[u32]) -> bool {
    let check = match (11 - weighted(digits, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 11 {
        0 => 1,
        check => check % 10,
    };
    check == last_digit(digits) && digits.first() != Some(&9)
}

/// A national identity number (digits and a letter), a foreigner's (X, Y or Z first), or a company's.
fn spain(number: &str) -> bool {
    const LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";
    let (Some(first), Some(final_one)) = (number.chars().next(), number.chars().last()) else { return false };
    let middle = number.get(1..8).unwrap_or_default();
    let persons = match first {
        'X' => Some(format!("0{middle}")),
        'Y' => Some(format!("1{middle}")),
        'Z' => Some(format!("2{middle}")),
        'K' | 'L' | 'M' => Some(middle.to_owned()),
        digit if digit.is_ascii_digit() => Some(format!("{digit}{middle}")),
        _ => None,
    };
    if let Some(persons) = persons {
        let value = persons.parse::<u32>().unwrap_or_default();
        return letter(LETTERS, value % 23) == Some(final_one);
    }
    let digits: Vec<u32> = middle.chars().filter_map(|character| character.to_digit(10)).collect();
    let mut with_check = digits;
    with_check.push(0);
    let check = (0..10)
        .find(|check| {
            if let Some(last) = with_check.last_mut() {
                *last = *check;
            }
            luhn(&with_check)
        })
        .unwrap_or_default();
    // Which sort of firm has a digit and which a letter is told differently by different offices: either is right.
    "ABCDEFGHJNPQRSUVW".contains(first)
        && (char::from_digit(check, 10) == Some(final_one) || letter("JABCDEFGHI", check) == Some(final_one))
}

/// The last nine digits are the SIREN; the key before it is made from it, in digits or, in the newer way, with letters.
fn france(number: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let Some((key, siren)) = number.split_at_checked(2) else { return false };
    let digits: Vec<u32> = siren.chars().filter_map(|character| character.to_digit(10)).collect();
    let siren = value(&digits);
    // Monaco's firms have French numbers whose SIREN begins with zeros and has no check digit.
    let is_siren = luhn(&digits) || siren < 1_000_000;
    if let Ok(key) = key.parse::<u64>() {
        return is_siren && (12 + 3 * siren) % 97 == key;
    }
    let mut places = key.chars().map(|character| ALPHABET.find(character).and_then(|place| u64::try_from(place).ok()));
    let (Some(Some(first)), Some(Some(second))) = (places.next(), places.next()) else { return false };
    let check = if first < 10 { (first * 24 + second).checked_sub(10) } else { (first * 34 + second).checked_sub(100) };
    is_siren && check.is_some_and(|check| (siren + 1 + check / 11) % 11 == check % 11)
}

fn great_britain(digits: &[u32]) -> bool {
    let sum = weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
    let is_newer = value(digits.get(..3).unwrap_or_default()) >= 100;
    sum == 0 || (is_newer && (sum == 42 || sum == 55))
}

fn ireland(number: &str) -> bool {
    const LETTERS: &str = "WABCDEFGHIJKLMNOPQRSTUV";
    let Some((seven, letters)) = number.split_at_checked(7) else { return false };
    let mut letters = letters.chars();
    let check = letters.next();
    let second = letters.next().and_then(|second| LETTERS.find(second)).and_then(|place| u32::try_from(place).ok());
    // The older numbers have a letter in second place: their first digit stands behind the others.
    let seven = if seven.bytes().all(|byte| byte.is_ascii_digit()) {
        seven.to_owned()
    } else {
        format!("0{}{}", seven.get(2..).unwrap_or_default(), seven.get(..1).unwrap_or_default())
    };
    let digits: Vec<u32> = seven.chars().filter_map(|character| character.to_digit(10)).collect();
    let sum = weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second.unwrap_or_default();
    letter(LETTERS, sum % 23) == check
}

fn lithuania(digits: &[u32]) -> bool {
    let body = all_but(digits, 1);
    let sum = |shift: u32| -> u32 { (shift..).zip(body).map(|(place, digit)| (1 + place % 9) * digit).sum() };
    let check = match sum(0) % 11 {
        10 => sum(2) % 11 % 10,
        check => check,
    };
    check == last_digit(digits) && last(digits, 2).first() == Some(&1)
}

/// A firm's number begins with a digit above three; a person's has no public check.
fn latvia(digits: &[u32]) -> Option<bool> {
    (digits.first().is_some_and(|first| *first > 3))
        .then(|| weighted(digits, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3)
}

/// A firm's number by its citizen-service digit, a sole trader's (since 2020) by ISO 7064 mod 97-10 over `NL…`.
fn netherlands(digits: &[u32], number: &str) -> bool {
    let firm = digits.get(..9).unwrap_or_default();
    let is_firm = weighted(firm, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == last_digit(firm);
    let remainder = "NL".chars().chain(number.chars()).filter_map(|character| character.to_digit(36)).fold(
        0,
        |remainder: u32, digit| {
            let shift = if digit > 9 { 100 } else { 10 };
            (remainder * shift + digit) % 97
        },
    );
    is_firm || remainder == 1
}

fn romania(digits: &[u32]) -> bool {
    let body = all_but(digits, 1);
    let weights = [7, 5, 3, 2, 1, 7, 5, 3, 2];
    let Some(weights) = weights.get(weights.len().saturating_sub(body.len())..) else { return false };
    10 * weighted(body, weights) % 11 % 10 == last_digit(digits)
}

fn slovenia(digits: &[u32]) -> bool {
    match 11 - weighted(digits, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => false,
        check => check % 10 == last_digit(digits),
    }
}

fn letter(letters: &str, place: u32) -> Option<char> {
    letters.chars().nth(usize::try_from(place).ok()?)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::vat::{Fit, fit};

    /// Public numbers: firms' own imprints and the examples that registers and validators publish.
    #[rstest]
    #[case("AT", "U13585627")]
    #[case("BE", "0428759497")]
    #[case("BE", "0403019261")]
    #[case("BG", "175074752")]
    #[case("CH", "100155212")]
    #[case("CY", "10259033P")]
    #[case("CZ", "25123891")]
    #[case("DE", "136695976")]
    #[case("DE", "129273398")]
    #[case("DE", "123475223")]
    #[case("DK", "13585628")]
    #[case("EE", "100594102")]
    #[case("ES", "B64717838")]
    #[case("ES", "54362315K")]
    #[case("ES", "X5253868R")]
    #[case("ES", "M1234567L")]
    #[case("FI", "20774740")]
    #[case("FR", "40303265045")]
    #[case("FR", "23334175221")]
    #[case("FR", "K7399859412")]
    #[case("FR", "4Z123456782")]
    #[case("GB", "980780684")]
    #[case("GR", "094259216")]
    #[case("HR", "33392005961")]
    #[case("HU", "12892312")]
    #[case("IE", "6433435F")]
    #[case("IE", "6433435OA")]
    #[case("IE", "8D79739I")]
    #[case("IT", "00743110157")]
    #[case("LT", "119511515")]
    #[case("LT", "100001919017")]
    #[case("LT", "100004801610")]
    #[case("LU", "15027442")]
    #[case("LV", "40003521600")]
    #[case("MT", "11679112")]
    #[case("NL", "004495445B01")]
    #[case("NL", "002455799B11")]
    #[case("NO", "988077917")]
    #[case("PL", "8567346215")]
    #[case("PL", "5260001246")]
    #[case("PT", "501964843")]
    #[case("RO", "18547290")]
    #[case("SE", "123456789701")]
    #[case("SI", "50223054")]
    #[case("SK", "2022749619")]
    fn numbers_with_the_right_digits(#[case] country: &str, #[case] number: &str) {
        assert_eq!(fit(country, number), Some(Fit::Checked));
        // One digit off is never right: every country's rule finds a single mistake in the digit it is made in.
        let digit = number.bytes().rposition(|byte| byte.is_ascii_digit()).unwrap();
        let at = match country {
            "NL" => 8,
            "SE" => 9,
            _ => digit,
        };
        let wrong = (number.as_bytes()[at] - b'0' + 1) % 10;
        let wrong = format!("{}{wrong}{}", &number[..at], &number[at + 1..]);
        assert_ne!(fit(country, &wrong), Some(Fit::Checked), "{wrong}");
    }

    #[test]
    fn the_open_place_of_a_number_takes_only_what_makes_it_right() {
        let mut countries = std::collections::BTreeSet::new();
        for row in include_str!("vat_checks.txt").lines().filter(|line| !line.starts_with('#')) {
            let [country, number, right] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("{row}") };
            let found: String = ('0'..='9')
                .chain('A'..='Z')
                .filter(|sign| fit(country, &number.replace('?', &sign.to_string())) == Some(Fit::Checked))
                .collect();
            assert_eq!(found, right.trim_matches('-'), "{country} {number}");
            countries.insert(country);
        }
        assert_eq!(countries.len(), 30, "all that have public check digits");
    }

    #[rstest]
    #[case("ES", "B64717839")]
    #[case("ES", "B6471783X8")]
    #[case("NL", "123456789B90")]
    #[case("GB", "802311781")]
    #[case("CY", "10259033Z")]
    #[case("FR", "84323140391")]
    #[case("FR", "IO334175221")]
    #[case("FR", "CX303439038")]
    #[case("SE", "123456789700")]
    #[case("BE", "00001285")]
    #[case("BE", "2000000042")]
    #[case("PL", "526000124")]
    #[case("PL", "526000124A")]
    fn numbers_with_the_wrong_digits(#[case] country: &str, #[case] number: &str) {
        assert_eq!(fit(country, number), Some(Fit::None));
    }

    #[rstest]
    #[case("IS", "62340")]
    #[case("CZ", "7103192745")]
    #[case("GB", "GD123")]
    #[case("LV", "16117519997")]
    #[case("LV", "32017519997")]
    fn numbers_without_public_check_digits(#[case] country: &str, #[case] number: &str) {
        assert_eq!(fit(country, number), Some(Fit::Pattern));
    }

    #[test]
    fn the_numbers_of_other_countries_are_not_known() {
        assert_eq!(fit("US", "123456789"), None);
    }
}
