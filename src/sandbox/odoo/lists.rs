//! The lists that come with every Odoo: countries, states, languages, currencies, titles. Enough of each to look things up.

/// Country codes and names, in the order of their ids.
pub(super) const COUNTRIES: [(&str, &str); 40] = [
    ("AT", "Austria"),
    ("AU", "Australia"),
    ("BE", "Belgium"),
    ("BG", "Bulgaria"),
    ("BR", "Brazil"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CN", "China"),
    ("CY", "Cyprus"),
    ("CZ", "Czech Republic"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("EE", "Estonia"),
    ("ES", "Spain"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("GR", "Greece"),
    ("HR", "Croatia"),
    ("HU", "Hungary"),
    ("IE", "Ireland"),
    ("IN", "India"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("LT", "Lithuania"),
    ("LU", "Luxembourg"),
    ("LV", "Latvia"),
    ("MT", "Malta"),
    ("MX", "Mexico"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("RO", "Romania"),
    ("SE", "Sweden"),
    ("SI", "Slovenia"),
    ("SK", "Slovakia"),
    ("TR", "Türkiye"),
    ("UA", "Ukraine"),
    ("US", "United States"),
];

/// States: name, code, code of the country.
pub(super) const STATES: [(&str, &str, &str); 4] =
    [("Bavaria", "BY", "DE"), ("Berlin", "BE", "DE"), ("Mazowieckie", "MZ", "PL"), ("California", "CA", "US")];

/// Languages: code, ISO code, name.
pub(super) const LANGUAGES: [(&str, &str, &str); 6] = [
    ("de_DE", "de", "German / Deutsch"),
    ("en_US", "en", "English (US)"),
    ("fr_FR", "fr", "French / Français"),
    ("nl_BE", "nl_BE", "Dutch (BE) / Nederlands (BE)"),
    ("pl_PL", "pl", "Polish / Język polski"),
    ("pt_BR", "pt_BR", "Portuguese (BR) / Português (BR)"),
];

/// Currencies: code and symbol.
pub(super) const CURRENCIES: [(&str, &str); 4] = [("EUR", "€"), ("PLN", "zł"), ("USD", "$"), ("CZK", "Kč")];

/// Titles, in versions that have them: name and shortcut.
pub(super) const TITLES: [(&str, &str); 4] = [("Madam", "Mrs."), ("Miss", "Ms."), ("Mister", "Mr."), ("Doctor", "Dr.")];
