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

/// Brands are a head, a tail and, from the second round on, a region.
const HEADS: [&str; 40] = [
    "Nova", "Alto", "Vero", "Luma", "Terra", "Astra", "Vela", "Orbi", "Caro", "Delta", "Sola", "Medi", "Primo", "Aqua",
    "Ferro", "Silva", "Calo", "Domo", "Euro", "Flora", "Gala", "Hydro", "Inno", "Juno", "Kapa", "Levi", "Mira", "Nexo",
    "Opti", "Pola", "Quanta", "Rega", "Sana", "Tempo", "Urba", "Viva", "Xeno", "Yara", "Zeta", "Bona",
];

const TAILS: [&str; 40] = [
    "mont", "vista", "gard", "plan", "form", "line", "port", "mark", "dyn", "flex", "grad", "haus", "kont", "land",
    "mar", "nord", "pakt", "quell", "rad", "stern", "tal", "unit", "vent", "werk", "zon", "bau", "cor", "druk", "fast",
    "glas", "holm", "klar", "lux", "nav", "ost", "pol", "ring", "sat", "tron", "via",
];

const REGIONS: [&str; 25] = [
    "",
    "Nord",
    "Süd",
    "West",
    "Centrum",
    "Baltic",
    "Alpin",
    "Adria",
    "Iberia",
    "Rhein",
    "Donau",
    "Loire",
    "Mosel",
    "Jura",
    "Riviera",
    "Atlantic",
    "Lusitania",
    "Bohemia",
    "Silesia",
    "Jutland",
    "Öresund",
    "Brabant",
    "Saxonia",
    "Tatra",
    "Ligura",
];

/// Prime to the number of brands without a region, so that neighbours do not sound alike.
const STRIDE: u64 = 617;

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
        let domain = format!("{}.{}", ascii(&brand), land.domain);
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

/// As it stands in an address: letters and digits of ASCII.
fn ascii(text: &str) -> String {
    deunicode(text).to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

impl Person {
    fn invent(land: &Land, domain: &str, place: usize, rng: &mut Rng) -> Self {
        let (first, last) = (pick(rng, land.first_names), pick(rng, land.last_names));
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

/// A made-up word, another one for each number below 40,000; beyond, with a number behind it.
fn brand(number: u64) -> String {
    let words = (HEADS.len() * TAILS.len()) as u64;
    let word = (number % words).wrapping_mul(STRIDE) % words;
    let round = number / words;
    let at = |list: &[&'static str], index: u64| {
        usize::try_from(index).ok().and_then(|index| list.get(index)).copied().unwrap_or_default()
    };
    let heads = HEADS.len() as u64;
    let mut brand = format!("{}{}", at(&HEADS, word % heads), at(&TAILS, word / heads));
    let regions = REGIONS.len() as u64;
    let region = at(&REGIONS, round % regions);
    if !region.is_empty() {
        brand = format!("{brand} {region}");
    }
    if round >= regions {
        brand = format!("{brand} {}", round / regions + 1);
    }
    brand
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
