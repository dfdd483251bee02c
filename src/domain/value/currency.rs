//! Currencies: ISO 4217.

use super::text::fold;

/// The code in upper case; a text that is no currency stays folded text.
pub fn currency(text: &str) -> String {
    let folded = fold(text);
    let symbol = match folded.to_lowercase().as_str() {
        "€" => Some("EUR"),
        "$" | "us$" => Some("USD"),
        "£" => Some("GBP"),
        "zł" | "zl" => Some("PLN"),
        "kč" => Some("CZK"),
        _ => None,
    };
    if let Some(code) = symbol {
        return code.to_owned();
    }
    let upper = folded.to_ascii_uppercase();
    if CODES.binary_search(&upper.as_str()).is_ok() { upper } else { folded }
}

/// The codes of money that is paid with, in order. ANG (to 2025) and BGN (to 2025) stay, because documents still carry them.
const CODES: [&str; 157] = [
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF",
    "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC",
    "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS",
    "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD",
    "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL",
    "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD",
    "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD",
    "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP",
    "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED",
    "VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_table_is_in_order_for_its_search() {
        assert!(CODES.is_sorted());
    }

    #[rstest]
    #[case("pln", "PLN")]
    #[case(" Eur ", "EUR")]
    #[case("€", "EUR")]
    #[case("$", "USD")]
    #[case("£", "GBP")]
    #[case("zł", "PLN")]
    #[case("Kč", "CZK")]
    #[case("ZŁ", "PLN")]
    #[case("kr", "kr")]
    #[case("XYZ", "XYZ")]
    #[case("xyz", "xyz")]
    #[case("Polish  zloty", "Polish zloty")]
    fn currencies(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(currency(text), normal);
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "[A-Za-z€$]{1,3}|\\PC*") {
            prop_assert_eq!(currency(&currency(&text)), currency(&text));
        }
    }
}
