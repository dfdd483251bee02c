//! Persons' names: first and last, or one text.

use crate::domain::field::Part;
use crate::domain::value::Text;
use crate::domain::value::person::{full, person};
use crate::domain::value::text::fold;

/// Writes the source's name into the parts that `present` has.
pub(super) fn put(source: &Text, present: &Text) -> Text {
    let name = full(source);
    let mut written = present.clone();
    if present.part(Part::Whole).is_some() {
        // The source's own spelling where it is one text.
        let whole = source.part(Part::Whole).filter(|whole| fold(whole) == name).unwrap_or(&name);
        written.set(Part::Whole, whole);
    }
    match (present.part(Part::First), present.part(Part::Last)) {
        (None, None) => written,
        (Some(_), None) => with(&written, Some(&name), None),
        (None, Some(_)) => with(&written, None, Some(&name)),
        (Some(first), Some(last)) => {
            let own = source.part(Part::First).zip(source.part(Part::Last));
            let ways = [
                own.map(|(first, last)| (first.to_owned(), last.to_owned())),
                beside_last(&name, last),
                beside_first(&name, first),
                Some(split(&name)),
            ];
            let ways = ways.into_iter().flatten().map(|(first, last)| with(&written, Some(&first), Some(&last)));
            super::first_that_reads_back(ways, with(&written, Some(""), Some(&name)), person, &person(source))
        }
    }
}

fn with(text: &Text, first: Option<&str>, last: Option<&str>) -> Text {
    let mut text = text.clone();
    for (part, value) in [(Part::First, first), (Part::Last, last)] {
        if let Some(value) = value {
            text.set(part, value);
        }
    }
    text
}

/// The last name stays, as it is spelled; what is before it is the first name.
fn beside_last(name: &str, last: &str) -> Option<(String, String)> {
    let folded = fold(last);
    let first = name.strip_suffix(&folded)?.strip_suffix(' ')?;
    (!folded.is_empty()).then(|| (first.to_owned(), last.to_owned()))
}

/// The first name stays, as it is spelled; what is behind it is the last name.
fn beside_first(name: &str, first: &str) -> Option<(String, String)> {
    let folded = fold(first);
    let last = name.strip_prefix(&folded)?.strip_prefix(' ')?;
    (!folded.is_empty()).then(|| (first.to_owned(), last.to_owned()))
}

/// At the last space, but particles before the last name and additions behind it belong to it. A name of one word is a
/// last name.
fn split(name: &str) -> (String, String) {
    let words: Vec<&str> = name.split(' ').collect();
    let mut start = words.len().saturating_sub(1);
    while start > 1 && words.get(start).is_some_and(|word| is_addition(word)) {
        start -= 1;
    }
    while start > 1 && words.get(start - 1).is_some_and(|word| is_particle(word)) {
        start -= 1;
    }
    let (first, last) = words.split_at(start);
    (first.join(" "), last.join(" "))
}

/// Words before a last name that belong to it, in the languages of Europe.
fn is_particle(word: &str) -> bool {
    const ANY_CASE: [&str; 14] =
        ["van", "von", "der", "den", "de", "del", "della", "di", "da", "du", "dos", "das", "zu", "ten"];
    const LOWER_CASE: [&str; 14] =
        ["la", "le", "las", "los", "do", "ter", "te", "'t", "zum", "zur", "und", "af", "av", "vom"];
    LOWER_CASE.contains(&word) || ANY_CASE.contains(&word.to_lowercase().as_str())
}

fn is_addition(word: &str) -> bool {
    const ADDITIONS: [&str; 8] = ["jr", "sr", "ii", "iii", "iv", "phd", "mba", "esq"];
    let plain: String = word.chars().filter(|character| character.is_alphanumeric()).collect();
    ADDITIONS.contains(&plain.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Jan Kowalski", "Jan", "Kowalski")]
    #[case("Anna Maria Nowak", "Anna Maria", "Nowak")]
    #[case("Jan van der Berg", "Jan", "van der Berg")]
    #[case("Jan Van der Berg", "Jan", "Van der Berg")]
    #[case("Ludwig van Beethoven", "Ludwig", "van Beethoven")]
    #[case("Charles de Gaulle", "Charles", "de Gaulle")]
    #[case("Maria da Silva", "Maria", "da Silva")]
    #[case("Karl von und zu Guttenberg", "Karl", "von und zu Guttenberg")]
    #[case("John Smith Jr.", "John", "Smith Jr.")]
    #[case("Van Morrison", "Van", "Morrison")]
    #[case("Smith Jr.", "Smith", "Jr.")]
    #[case("Kowalski", "", "Kowalski")]
    fn a_name_is_divided(#[case] name: &str, #[case] first: &str, #[case] last: &str) {
        assert_eq!(split(name), (first.to_owned(), last.to_owned()));
    }
}
