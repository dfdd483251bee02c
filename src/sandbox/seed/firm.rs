//! One invented firm with its people.

use std::ops::Range;

use deunicode::deunicode;
use fastrand::Rng;

use super::lands::{LANDS, Land};
use super::numbers::{TaxNumber, tax_number};

/// A firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firm {
    /// With its legal form. No two firms of a world have the same one.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// In English.
    pub country_name: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// Of its documents: BCP 47.
    pub language: &'static str,
    /// With a right check digit.
    pub tax: TaxNumber,
    /// Without number.
    pub street: String,
    /// The house.
    pub building: String,
    /// The flat or suite; may be empty.
    pub unit: String,
    /// The town.
    pub city: String,
    /// In the country's own pattern.
    pub post_code: String,
    /// Its telephone.
    pub phone: Phone,
    /// Its internet domain.
    pub domain: String,
    /// Who works there.
    pub people: Vec<Person>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Given name.
    pub first: String,
    /// Family name.
    pub last: String,
    /// ASCII, lower case; no two people of a world have the same one.
    pub email: String,
    /// A mobile telephone.
    pub phone: Phone,
    /// Job title.
    pub title: &'static str,
}

/// A telephone number that is possible in its country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// `+48225212345`.
    pub e164: String,
    /// `+48 22 521 23 45`.
    pub spaced: String,
    /// As it is dialled at home.
    pub national: String,
}

const TITLES: [&str; 8] = [
    "CEO",
    "Head of Finance",
    "Project Manager",
    "Office Manager",
    "CTO",
    "Purchasing",
    "Key Account Manager",
    "Accountant",
];

const SYLLABLES: [&str; 20] = [
    "ba", "ce", "do", "fi", "gra", "hel", "ka", "lin", "mo", "nor", "pe", "ri", "sol", "ta", "ul", "ve", "wi", "xa",
    "zen", "bro",
];

/// Prime to the number of brands, so that neighbours do not sound alike.
const STRIDE: u64 = 61_843;

impl Firm {
    /// The firm of that number in the world of that seed.
    pub(super) fn invent(seed: u64, number: u64, people: &Range<usize>) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number);
        // A square, so that the first countries come more often.
        let share = rng.f64() * rng.f64();
        let [first, ..] = &LANDS;
        let land = LANDS.iter().find(|land| share < cumulative(land)).unwrap_or(first);
        let brand = brand(number);
        let name = format!("{brand} {} {}", pick(&mut rng, land.trades), pick(&mut rng, land.forms));
        let (city, code) = land.towns.get(rng.usize(0..land.towns.len())).copied().unwrap_or_default();
        let domain = format!("{}.{}", brand.to_lowercase(), land.domain);
        let building = format!("{}{}", rng.u32(1..180), if rng.u32(0..8) == 0 { "A" } else { "" });
        let has_unit = land.code == "PL" && rng.u32(0..3) == 0;
        let count = if people.is_empty() { people.start } else { rng.usize(people.clone()) };
        let people = (0..count).map(|place| Person::invent(land, &domain, place, &mut rng)).collect();
        Self {
            name,
            country: land.code,
            country_name: land.english,
            currency: land.currency,
            language: land.language,
            tax: tax_number(land.code, &mut rng),
            street: pick(&mut rng, land.streets).to_owned(),
            building,
            unit: if has_unit { rng.u32(1..60).to_string() } else { String::new() },
            city: city.to_owned(),
            post_code: filled(code, &mut rng),
            phone: Phone::invent(land, land.landline, &mut rng),
            domain,
            people,
        }
    }

    /// Street, house and unit in one line.
    pub fn line(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!("/{}", self.unit) };
        format!("{} {}{unit}", self.street, self.building)
    }
}

impl Person {
    fn invent(land: &Land, domain: &str, place: usize, rng: &mut Rng) -> Self {
        let (first, last) = (pick(rng, land.first_names), pick(rng, land.last_names));
        let ascii = |text: &str| -> String {
            deunicode(text).to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
        };
        let number = if place == 0 { String::new() } else { (place + 1).to_string() };
        Self {
            first: first.to_owned(),
            last: last.to_owned(),
            email: format!("{}.{}{number}@{domain}", ascii(first), ascii(last)),
            phone: Phone::invent(land, land.mobile, rng),
            title: pick(rng, &TITLES),
        }
    }

    /// First and last name in one.
    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

impl Phone {
    fn invent(land: &Land, pattern: &str, rng: &mut Rng) -> Self {
        let digits = filled(pattern, rng);
        let (head, tail) = digits.split_at(digits.len() % 3 + 3);
        let groups: Vec<&str> = (0..tail.len()).step_by(3).filter_map(|start| tail.get(start..start + 3)).collect();
        let grouped = format!("{head} {}", groups.join(" "));
        Self {
            e164: format!("+{}{digits}", land.calling_code),
            spaced: format!("+{} {grouped}", land.calling_code),
            national: format!("{}{grouped}", land.trunk),
        }
    }
}

/// A made-up word of four syllables, another one for each number below 160,000; beyond, with a number behind it.
fn brand(number: u64) -> String {
    let all = (SYLLABLES.len() as u64).pow(4);
    let mut rest = (number % all).wrapping_mul(STRIDE) % all;
    let mut word = String::new();
    for _ in 0..4 {
        let place = usize::try_from(rest % SYLLABLES.len() as u64).unwrap_or_default();
        word.push_str(SYLLABLES.get(place).copied().unwrap_or_default());
        rest /= SYLLABLES.len() as u64;
    }
    let mut letters = word.chars();
    let capital = letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter();
    let word: String = capital.chain(letters).collect();
    match number / all {
        0 => word,
        round => format!("{word}{round}"),
    }
}

fn cumulative(land: &Land) -> f64 {
    let place = LANDS.iter().position(|other| other.code == land.code).unwrap_or_default();
    let share = u32::try_from(place + 1).unwrap_or(1);
    f64::from(share) / 12.0
}

fn pick(rng: &mut Rng, words: &[&'static str]) -> &'static str {
    words.get(rng.usize(0..words.len().max(1))).copied().unwrap_or_default()
}

/// The pattern with a digit for each `#`.
fn filled(pattern: &str, rng: &mut Rng) -> String {
    pattern.chars().map(|letter| if letter == '#' { char::from(b'0' + rng.u8(0..10)) } else { letter }).collect()
}
