//! The line of an address taken apart into street, building and unit, after the manners of Europe.
//!
//! A line is taken apart only where there is no doubt; else it is all street, so that no meaning is invented.

use super::postal::joined;

/// A line taken apart. Joined and taken apart again it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    /// Street without number.
    pub(crate) street: String,
    /// Building number.
    pub(crate) building: String,
    /// Unit; may be blank.
    pub(crate) unit: String,
    /// Whether building and unit were divided by a slash, which in some countries joins two numbers of one building.
    pub(crate) by_slash: bool,
}

impl Split {
    fn parts(&self) -> [&str; 3] {
        [&self.street, &self.building, &self.unit]
    }
}

/// The one writing in which lines are compared.
pub(crate) fn canonical(line: &str) -> String {
    split(line).map_or_else(|| line.to_owned(), |split| joined(&split.street, &split.building, &split.unit))
}

/// Takes a folded line apart; `None` in doubt.
pub(crate) fn split(line: &str) -> Option<Split> {
    let found = number_first(line).or_else(|| number_last(line))?;
    let again = number_last(&joined(&found.street, &found.building, &found.unit))?;
    (again.parts() == found.parts()).then_some(found)
}

/// Whether the writer of such a street puts the number before it.
pub(crate) fn is_number_first(street: &str) -> bool {
    let first = street.split([' ', '\'', '’']).next().unwrap_or_default();
    let last = street.rsplit(' ').next().unwrap_or_default();
    is_one_of(first, &FRENCH) || (street.contains(' ') && is_one_of(last, &ENGLISH))
}

/// `12 rue de Rivoli`, `221B Baker Street`.
fn number_first(line: &str) -> Option<Split> {
    let (number, rest) = line.split_once(' ')?;
    let number = number.trim_end_matches(',');
    let (building, street) = match rest.split_once(' ') {
        Some((word, street)) if is_one_of(word.trim_end_matches(','), &["bis", "ter", "quater"]) => {
            (format!("{number} {}", word.trim_end_matches(',')), street)
        }
        Some(_) | None => (number.to_owned(), rest),
    };
    (is_building(number) && is_number_first(street)).then(|| Split {
        street: street.to_owned(),
        building,
        unit: String::new(),
        by_slash: false,
    })
}

/// `ul. Prosta 51/12`, `ul. Prosta 51 m. 12`, `Hauptstraße 5a`, `Via Roma, 12`.
fn number_last(line: &str) -> Option<Split> {
    let (rest, unit, by_slash) = take_unit(line);
    let (street, building) = take_building(rest)?;
    let street = street.trim_end_matches([' ', ',']);
    // "12 Main Street 5" has two numbers that might be the building's.
    (is_street(street) && number_first(street).is_none()).then(|| Split {
        street: street.to_owned(),
        building: building.to_owned(),
        unit: unit.to_owned(),
        by_slash,
    })
}

/// The unit behind a slash or a word for it; blank if there is none.
fn take_unit(line: &str) -> (&str, &str, bool) {
    if let Some((rest, unit)) = line.rsplit_once('/') {
        let (rest, unit) = (rest.trim_end(), unit.trim_start());
        if is_unit(unit) && take_building(rest).is_some() {
            return (rest, unit, true);
        }
    }
    if let Some((rest, unit)) = line.rsplit_once([' ', '.'])
        && is_unit(unit)
    {
        // "m.12" and "m. 12": the dot belongs to the word.
        let rest = rest.trim_end_matches([' ', '.']);
        if let Some((rest, word)) = rest.rsplit_once([' ', ','])
            && is_one_of(word, &UNITS)
        {
            return (rest.trim_end_matches([' ', ',']), unit, false);
        }
    }
    (line, "", false)
}

/// The building at the end: `51`, `5a`, `5 a`, `12-14`, `12 bis`.
fn take_building(line: &str) -> Option<(&str, &str)> {
    let (rest, last) = line.rsplit_once([' ', ','])?;
    if is_building(last) {
        return Some((rest, last));
    }
    // A later letter is a compass point or a word cut short ("5 N", "5 m").
    let is_suffix =
        is_one_of(last, &["bis", "ter", "quater"]) || matches!(last.as_bytes(), [b'a'..=b'k' | b'A'..=b'K']);
    let (street, number) = rest.rsplit_once([' ', ','])?;
    if is_suffix && is_building(number) && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return line.get(street.len() + 1..).map(|building| (street, building));
    }
    None
}

/// One number, or two joined by a dash, each with at most one letter. A leading zero is a post code's.
fn is_building(text: &str) -> bool {
    let mut ends = text.splitn(2, ['-', '–']);
    ends.by_ref().all(is_numeral)
}

fn is_unit(text: &str) -> bool {
    is_numeral(text)
}

/// One to four digits, not beginning with zero, and at most one letter behind.
fn is_numeral(text: &str) -> bool {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    text.len() - digits.len() <= 1
        && (1..=4).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether what stands before the number can be a street: it has a letter, and does not end in a word that makes the
/// number something else.
fn is_street(street: &str) -> bool {
    let last = street.rsplit(' ').next().unwrap_or_default();
    street.chars().any(char::is_alphabetic)
        && !is_building(last)
        && !street.ends_with(['/', '-', '–', '+', '&', '(', ':', '#', '№'])
        && !is_one_of(last, &NOT_BEFORE_A_BUILDING)
        && !is_one_of(last, &UNITS)
}

/// Compares words without case and without a dot at the end.
fn is_one_of(word: &str, words: &[&str]) -> bool {
    let word = word.trim_end_matches('.').to_lowercase();
    words.contains(&word.as_str())
}

/// Words that begin a street whose number stands before it.
const FRENCH: [&str; 25] = [
    "rue",
    "avenue",
    "av",
    "ave",
    "boulevard",
    "bd",
    "bld",
    "blvd",
    "place",
    "chemin",
    "allée",
    "allee",
    "allées",
    "impasse",
    "imp",
    "route",
    "rte",
    "quai",
    "cours",
    "square",
    "passage",
    "voie",
    "sentier",
    "ruelle",
    "faubourg",
];

/// Words that end a street whose number stands before it.
const ENGLISH: [&str; 26] = [
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "ln",
    "drive",
    "dr",
    "way",
    "court",
    "ct",
    "close",
    "place",
    "square",
    "terrace",
    "crescent",
    "gardens",
    "boulevard",
    "blvd",
    "parkway",
    "row",
    "quay",
    "mews",
    "walk",
];

/// Words for a unit.
const UNITS: [&str; 17] = [
    "m",
    "lok",
    "lokal",
    "mieszk",
    "mieszkanie",
    "apt",
    "apartment",
    "flat",
    "unit",
    "suite",
    "whg",
    "wohnung",
    "top",
    "bus",
    "bte",
    "int",
    "interno",
];

/// Words after which a number is no building of the street before.
const NOT_BEFORE_A_BUILDING: [&str; 45] = [
    "box", "postfach", "skrytka", "pocztowa", "skr", "poczt", "bp", "cs", "tsa", "postbus", "apartado", "casella",
    "postale", "km", "floor", "fl", "level", "room", "rm", "office", "building", "bldg", "block", "blok", "bl",
    "tower", "hall", "piętro", "pietro", "p", "pok", "pokój", "biuro", "nr", "no", "n°", "nº", "number", "etage", "og",
    "stock", "route", "highway", "hwy", "ul",
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ul. Prosta 51/12", "ul. Prosta", "51", "12")]
    #[case("ul. Prosta 51", "ul. Prosta", "51", "")]
    #[case("ul. Prosta 51a lok. 12b", "ul. Prosta", "51a", "12b")]
    #[case("al. 3 Maja 12", "al. 3 Maja", "12", "")]
    #[case("Hauptstraße 5 a", "Hauptstraße", "5 a", "")]
    #[case("Hauptstr. 12-14", "Hauptstr.", "12-14", "")]
    #[case("Mariahilfer Straße 10 Top 4", "Mariahilfer Straße", "10", "4")]
    #[case("12 rue de Rivoli", "rue de Rivoli", "12", "")]
    #[case("12, rue de Rivoli", "rue de Rivoli", "12", "")]
    #[case("12 bis avenue Foch", "avenue Foch", "12 bis", "")]
    #[case("Rue de la Loi 16", "Rue de la Loi", "16", "")]
    #[case("221B Baker Street", "Baker Street", "221B", "")]
    #[case("10 Downing St.", "Downing St.", "10", "")]
    #[case("Keizersgracht 123", "Keizersgracht", "123", "")]
    #[case("Via Roma, 12", "Via Roma", "12", "")]
    #[case("Via Roma 12 int. 3", "Via Roma", "12", "3")]
    #[case("Calle Mayor, 5", "Calle Mayor", "5", "")]
    fn lines_are_taken_apart(#[case] line: &str, #[case] street: &str, #[case] building: &str, #[case] unit: &str) {
        let found = split(line).unwrap();
        assert_eq!((found.street.as_str(), found.building.as_str(), found.unit.as_str()), (street, building, unit));
    }

    #[rstest]
    #[case("")]
    #[case("51")]
    #[case("51/12")]
    #[case("ul. Prosta")]
    #[case("plac 1 Maja")]
    #[case("3 Maja")]
    #[case("Postfach 12")]
    #[case("PO Box 123")]
    #[case("skr. poczt. 12")]
    #[case("ul. Prosta 51, 1010")]
    #[case("ul. Prosta 51, 00-950")]
    #[case("ul. Prosta 51, 00-950 Warszawa")]
    #[case("ul. Prosta 51 piętro 3")]
    #[case("ul. Prosta 5/7/12")]
    #[case("ul. Prosta nr 5")]
    #[case("Flat 3, 12 Main Street")]
    #[case("12 Main Street 5")]
    #[case("12 rue du 8 Mai 1945")]
    #[case("Prosta 5 m")]
    #[case("Prosta 5/")]
    #[case("12 Prosta Droga")]
    #[case("10 Street")]
    #[case("12 rue 5 int")]
    #[case("Prosta /5")]
    fn lines_in_doubt_stay_whole(#[case] line: &str) {
        assert_eq!(split(line), None);
    }
}
