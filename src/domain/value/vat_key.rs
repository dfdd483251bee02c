//! One key for the several writings of one tax number.
//!
//! Two records of one firm may carry different writings of the same number. A difference would be a veto in matching, so
//! what can be derived from each other becomes equal; what cannot (a German tax-office number and a VAT number) is no key.

/// The number in the one writing that serves as key, of `country` (ISO 3166-1 alpha-2).
pub(super) fn key_number(country: &str, number: &str) -> String {
    // Where the result is none of the country's numbers, neither is what it was derived from, and neither serves as key.
    let derived = match (country, number.len()) {
        // Without the "U" that stands before every Austrian VAT number.
        ("AT", 8) => Some(format!("U{number}")),
        // Until 2005 without the zero in front.
        ("BE", 9) => Some(format!("0{number}")),
        // The register's number, of which the VAT number is the register's number and "01".
        ("SE", 10) => Some(format!("{number}01")),
        // The tax number is the VAT number and three digits for the sort of tax and the office.
        ("HU", 11) => number.get(..8).map(str::to_owned),
        // The SIREN, of which the VAT number is two key digits and the SIREN.
        ("FR", 9) => french_key(number).map(|key| format!("{key:02}{number}")),
        _ => None,
    };
    derived.unwrap_or_else(|| number.to_owned())
}

fn french_key(siren: &str) -> Option<u64> {
    let siren: u64 = siren.parse().ok()?;
    Some((12 + 3 * siren) % 97)
}
