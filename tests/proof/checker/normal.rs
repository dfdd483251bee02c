//! When two texts of a field say the same: a second, simpler opinion than the engine's.
//!
//! It knows less (no numbering plans, no check digits, a short list of countries). Where it knows too little it calls two
//! texts different, and then the state has to give a reason.

use std::collections::{BTreeMap, BTreeSet};

use flowtly_sync::sandbox::Manner;
use unicode_normalization::UnicodeNormalization as _;

use super::evidence::{Kind, Liberty, Rec, Record, Side};
use super::rules::{Field, Property};

/// The texts of a field on one side, by part.
pub type Texts = BTreeMap<String, String>;

/// What a record shows of a field, in our own choices.
pub fn texts(field: &Field, side: Side, record: &Record) -> Texts {
    let shown = |property: &Property| {
        let text = record.text(&property.path);
        let ours = property.choices.iter().find(|(theirs, _)| theirs == text);
        (property.part.clone(), ours.map_or(text, |(_, ours)| ours).to_owned())
    };
    field.properties(side).iter().map(shown).collect()
}

/// Whether nothing is said.
pub fn is_blank(texts: &Texts) -> bool {
    texts.values().all(|text| text.trim().is_empty())
}

/// Whether two sides say the same, in all that both can say.
pub fn same(field: &str, ours: &Texts, theirs: &Texts) -> bool {
    match field {
        "tax_identity" => {
            let (ours, theirs) = (numbers(ours), numbers(theirs));
            (ours.is_empty() && theirs.is_empty()) || ours.intersection(&theirs).next().is_some()
        }
        "address" => {
            line(ours) == line(theirs)
                && folded(part(ours, "city")) == folded(part(theirs, "city"))
                && letters(part(ours, "post_code")) == letters(part(theirs, "post_code"))
        }
        "person_name" => person(ours) == person(theirs),
        _ => same_text(field, part(ours, "whole"), part(theirs, "whole")),
    }
}

/// Whether two texts of a simple field, or of one part, say the same.
pub fn same_text(field: &str, one: &str, other: &str) -> bool {
    match field {
        "phone" | "contact_phone" => same_phone(one, other),
        "email" => one.trim().to_lowercase() == other.trim().to_lowercase(),
        "country" => country(one) == country(other),
        _ => folded(one) == folded(other),
    }
}

/// White space folded, in one spelling of accents.
pub fn folded(text: &str) -> String {
    text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Letters and digits alone, upper case.
pub fn letters(text: &str) -> String {
    text.nfc().filter(|character| character.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// The words and numbers of a text.
pub fn tokens(text: &str) -> BTreeSet<String> {
    let text: String = text.nfc().collect();
    let parts = text.split(|character: char| !character.is_alphanumeric());
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A tax number without the prefix of its country.
pub fn number(text: &str) -> String {
    let all = letters(text);
    let bare = all.trim_start_matches(|character: char| character.is_alphabetic());
    if all.len() - bare.len() == 2 && bare.len() >= 5 { bare.to_owned() } else { all }
}

/// The numbers of a tax identity.
pub fn numbers(texts: &Texts) -> BTreeSet<String> {
    let named = ["number", "tin", "vat_number", "whole"].map(|name| number(part(texts, name)));
    named.into_iter().filter(|number| !number.is_empty()).collect()
}

/// Whether a number can tell one firm from another.
pub fn tells(number: &str) -> bool {
    let digits: BTreeSet<char> = number.chars().filter(char::is_ascii_digit).collect();
    number.len() >= 8 && digits.len() > 2 && number != "1234567890" && number != "123456789"
}

/// The name of a person in one text.
pub fn person(texts: &Texts) -> String {
    let whole = folded(part(texts, "whole"));
    if whole.is_empty() { folded(&format!("{} {}", part(texts, "first"), part(texts, "last"))) } else { whole }
}

fn part<'texts>(texts: &'texts Texts, name: &str) -> &'texts str {
    texts.get(name).map_or("", String::as_str)
}

/// Street, building and unit as words, in any order, without the words that only say which is which.
fn line(texts: &Texts) -> Vec<String> {
    const SIGNS: [&str; 8] = ["m", "lok", "lokal", "apt", "unit", "top", "bus", "no"];
    let all = ["line", "street", "building", "unit"].map(|name| part(texts, name)).join(" ");
    let all = all.nfc().collect::<String>();
    let words = all.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<String> =
        words.filter(|word| !SIGNS.contains(&word.to_lowercase().as_str())).map(str::to_owned).collect();
    words.sort();
    words
}

fn same_phone(one: &str, other: &str) -> bool {
    let ((one, more), (other, other_more)) = (phone(one), phone(other));
    if one.is_empty() || other.is_empty() {
        return one == other;
    }
    let (short, long) = if one.len() <= other.len() { (&one, &other) } else { (&other, &one) };
    let short = short.trim_start_matches('0');
    let is_tail = long.ends_with(short) && long.len() - short.len() <= 4;
    more == other_more && (one == other || (short.len() >= 6 && is_tail))
}

/// The digits of a number, and those of its extension.
fn phone(text: &str) -> (String, String) {
    let text = folded(text);
    let start = text.find(|character: char| character.is_ascii_digit()).unwrap_or(0);
    let sign = text[start..].find(|character: char| character.is_alphabetic() || character == '#');
    let (main, more) = text.split_at(sign.map_or(text.len(), |place| start + place));
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(main).is_empty() {
        return (text.clone(), String::new());
    }
    let main = digits(&main.replace("(0)", ""));
    (main.strip_prefix("00").unwrap_or(&main).to_owned(), digits(more))
}

/// The code of a country that this knows; else the text.
pub fn country(text: &str) -> String {
    let text = letters(text);
    let known = COUNTRIES.iter().find(|names| names.iter().any(|name| letters(name) == text));
    known.map_or(text, |names| names[0].to_owned())
}

const COUNTRIES: [&[&str]; 24] = [
    &["PL", "POL", "Poland", "Polska", "Polen", "Pologne"],
    &["DE", "DEU", "Germany", "Deutschland", "Niemcy", "Allemagne"],
    &["FR", "FRA", "France", "Francja", "Frankreich"],
    &["ES", "ESP", "Spain", "España", "Hiszpania"],
    &["IT", "ITA", "Italy", "Italia", "Włochy"],
    &["NL", "NLD", "Netherlands", "The Netherlands", "Nederland", "Holandia"],
    &["BE", "BEL", "Belgium", "België", "Belgique", "Belgia"],
    &["AT", "AUT", "Austria", "Österreich"],
    &["CZ", "CZE", "Czechia", "Czech Republic", "Česko", "Czechy"],
    &["SK", "SVK", "Slovakia", "Slovensko", "Słowacja"],
    &["DK", "DNK", "Denmark", "Danmark", "Dania"],
    &["SE", "SWE", "Sweden", "Sverige", "Szwecja"],
    &["FI", "FIN", "Finland", "Suomi", "Finlandia"],
    &["NO", "NOR", "Norway", "Norge", "Norwegia"],
    &["PT", "PRT", "Portugal", "Portugalia"],
    &["IE", "IRL", "Ireland", "Irlandia", "Éire"],
    &["GB", "GBR", "United Kingdom", "Great Britain", "UK", "Wielka Brytania"],
    &["CH", "CHE", "Switzerland", "Schweiz", "Suisse", "Szwajcaria"],
    &["LT", "LTU", "Lithuania", "Litwa"],
    &["LV", "LVA", "Latvia", "Łotwa"],
    &["EE", "EST", "Estonia"],
    &["HU", "HUN", "Hungary", "Magyarország", "Węgry"],
    &["RO", "ROU", "Romania", "România", "Rumunia"],
    &["US", "USA", "United States", "United States of America", "Stany Zjednoczone"],
];

/// Whether `kept` is what a side makes of `sent` by the liberties that it takes, and by the length that is declared.
pub fn is_made_of(field: &Field, side: Side, kind: Kind, liberties: &[Liberty], kept: &str, sent: &str) -> bool {
    let paths: Vec<&str> = field.properties(side).iter().map(|property| property.path.as_str()).collect();
    let concerns = |liberty: &&Liberty| {
        liberty.side == side
            && liberty.kind == kind
            && liberty.property.as_ref().is_none_or(|property| paths.contains(&property.as_str()))
    };
    let manners: Vec<&Manner> = liberties.iter().filter(concerns).map(|liberty| &liberty.manner).collect();
    let cut = field.properties(side).iter().any(|property| property.cut.is_some())
        || manners.iter().any(|manner| matches!(manner, Manner::Cut(_)));
    let any = |wanted: &Manner| manners.contains(&wanted);
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (kept_letters, sent_letters) = (letters(kept), letters(sent));
    folded(kept) == folded(sent)
        || (any(&Manner::LowerCase) && kept_letters == sent_letters)
        || (any(&Manner::BarePhone) && !digits(kept).is_empty() && digits(kept) == digits(sent))
        || (cut && !kept_letters.is_empty() && sent_letters.starts_with(&kept_letters))
}

/// What a system that says nothing of it stores of a text, by the liberties that it declares; `None` where it keeps what it had.
pub fn kept(liberties: &[Liberty], rec: &Rec, property: &str, sent: &str) -> Option<String> {
    let concerns = |liberty: &&Liberty| {
        (liberty.side, liberty.kind) == (rec.side, rec.kind)
            && liberty.property.as_ref().is_none_or(|other| other == property)
    };
    liberties.iter().filter(concerns).try_fold(sent.to_owned(), |text, liberty| match liberty.manner {
        Manner::Trim => Some(text.trim().to_owned()),
        Manner::Cut(most) => Some(text.chars().take(most).collect()),
        Manner::LowerCase => Some(text.to_lowercase()),
        Manner::BarePhone => Some(text.chars().filter(|one| *one == '+' || one.is_ascii_digit()).collect()),
        Manner::Ignore => None,
    })
}
