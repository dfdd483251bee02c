//! Tax numbers with right check digits, by the published rules of each country (as the VIES check lists them).

use fastrand::Rng;

/// A national number and the VAT number that it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxNumber {
    /// Without the country prefix.
    pub number: String,
    /// With it.
    pub vat: String,
}

/// A tax number of a country. Countries without a rule here get eight digits.
pub(super) fn tax_number(country: &str, rng: &mut Rng) -> TaxNumber {
    loop {
        // A rule may have no check digit for some numbers; those are not given out.
        if let Some(number) = attempt(country, rng) {
            return TaxNumber { vat: format!("{country}{number}"), number };
        }
    }
}

fn attempt(country: &str, rng: &mut Rng) -> Option<String> {
    let mut digits = |count: usize, first: std::ops::Range<u32>| -> Vec<u32> {
        let mut list = vec![rng.u32(first)];
        list.extend((1..count).map(|_| rng.u32(0..10)));
        list
    };
    match country {
        "PL" => {
            let own = digits(9, 5..10);
            let check = weighted(&own, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11;
            (check < 10).then(|| text(&own) + &check.to_string())
        }
        "DE" => {
            let own = digits(8, 1..4);
            Some(text(&own) + &mod_11_10(&own).to_string())
        }
        "FR" => {
            let own = digits(8, 3..9);
            let siren = text(&own) + &luhn(&own, true).to_string();
            let number: u64 = siren.parse().ok()?;
            Some(format!("{:02}{siren}", (12 + 3 * (number % 97)) % 97))
        }
        "NL" => {
            let own = digits(8, 8..9);
            let check = weighted(&own, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            (check < 10).then(|| format!("{}{check}B01", text(&own)))
        }
        "ES" => {
            let own = digits(7, 1..9);
            Some(format!("B{}{}", text(&own), luhn(&own, true)))
        }
        "IT" => {
            let own = digits(7, 0..2);
            let own: Vec<u32> = own.into_iter().chain([0, 1, 5]).collect();
            Some(text(&own) + &luhn(&own, true).to_string())
        }
        "DK" => {
            let own = digits(7, 1..4);
            let check = (11 - weighted(&own, &[2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            (check < 10).then(|| text(&own) + &check.to_string())
        }
        "SE" => {
            let own: Vec<u32> = [5, 5, 6].into_iter().chain(digits(6, 0..10)).collect();
            Some(format!("{}{}01", text(&own), luhn(&own, true)))
        }
        "PT" => {
            let own: Vec<u32> = [5].into_iter().chain(digits(7, 0..10)).collect();
            let check = 11 - weighted(&own, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            Some(text(&own) + &(if check > 9 { 0 } else { check }).to_string())
        }
        "AT" => {
            let own = digits(7, 1..8);
            let sum = 10 - luhn(&own, false);
            Some(format!("U{}{}", text(&own), (16 - sum % 10) % 10))
        }
        "BE" => {
            let own: Vec<u32> = [0].into_iter().chain(digits(7, 4..8)).collect();
            let number: u64 = text(&own).parse().ok()?;
            Some(format!("{}{:02}", text(&own), 97 - number % 97))
        }
        "CZ" => {
            let own = digits(7, 1..7);
            Some(text(&own) + &((11 - weighted(&own, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 10).to_string())
        }
        _ => Some(text(&digits(8, 1..10))),
    }
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The digit that makes the sum of Luhn a multiple of ten; `doubles_last`: whether the last digit before it is doubled.
fn luhn(digits: &[u32], doubles_last: bool) -> u32 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let doubled = if (place % 2 == 0) == doubles_last { digit * 2 } else { *digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

/// ISO 7064, MOD 11,10.
fn mod_11_10(digits: &[u32]) -> u32 {
    let product = digits.iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10
}

fn text(digits: &[u32]) -> String {
    digits.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_come_out() {
        // Own digits of numbers that tax offices and companies publish, and the check digits that they carry.
        assert_eq!(weighted(&[5, 2, 6, 0, 3, 0, 0, 2, 9], &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11, 1, "PL5260300291");
        assert_eq!(mod_11_10(&[1, 3, 6, 6, 9, 5, 9, 7]), 6, "DE136695976");
        assert_eq!(luhn(&[7, 3, 2, 8, 2, 9, 3, 2], true), 0, "FR 732 829 320");
        assert_eq!((12 + 3 * (732_829_320 % 97)) % 97, 44, "FR44732829320");
        assert_eq!(luhn(&[5, 8, 8, 1, 8, 5, 0], true), 1, "ES A58818501");
        assert_eq!(luhn(&[0, 0, 7, 4, 3, 1, 1, 0, 1, 5], true), 7, "IT00743110157");
        assert_eq!((11 - weighted(&[1, 3, 5, 8, 5, 6, 2], &[2, 7, 6, 5, 4, 3, 2]) % 11) % 11, 8, "DK13585628");
        assert_eq!(luhn(&[5, 5, 6, 1, 8, 8, 8, 4, 0], true), 4, "SE556188840401");
        assert_eq!(weighted(&[0, 0, 4, 4, 9, 5, 4, 4], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11, 5, "NL004495445B01");
        assert_eq!(97 - 4_030_192 % 97, 61, "BE0403019261");
        let sum = 10 - luhn(&[1, 3, 5, 8, 5, 6, 2], false);
        assert_eq!((16 - sum % 10) % 10, 7, "ATU13585627");
        assert_eq!((11 - weighted(&[2, 5, 1, 2, 3, 8, 9], &[8, 7, 6, 5, 4, 3, 2]) % 11) % 10, 1, "CZ25123891");
        assert_eq!(11 - weighted(&[5, 0, 1, 9, 6, 4, 8, 4], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11, 3, "PT501964843");
    }
}
