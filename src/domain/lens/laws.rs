//! The laws of the lenses, on generated texts of every form and every choice of parts.

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::*;
use crate::domain::custom::one_of_each;
use crate::domain::record::Kind;
use crate::domain::value::tax::NUMBERS;

/// What a part may say: what people write there, what they should not, and anything at all.
fn part_text(part: Part) -> BoxedStrategy<String> {
    let usual: &[&str] = match part {
        Part::Whole => &[
            "Jan Kowalski",
            "Jan van der Berg",
            "Kowalski",
            "Anna  Maria Nowak",
            "+48 22 123 45 67 w. 1",
            "22 123 45 67",
            "Polska",
            "DE",
            "Germany",
            "USA",
            "pl_PL",
            "14.0",
            "23%",
            "€",
            "a\r\nb",
            "A@B.pl",
            "2026-05-01",
            "01.05.2026",
            "2026-05-01T00:00:00Z",
            "1777593600000",
            "true",
            "YES",
            "0",
            "12,50",
            "gold",
        ],
        Part::First => &["Jan", "Anna Maria", " Jan ", "Jan van"],
        Part::Last => &["Kowalski", "van der Berg", "Berg", "Maria Nowak"],
        Part::Line => &[
            "ul. Prosta 51/12",
            "ul. Prosta 51 m. 12",
            "12 rue de Rivoli",
            "Hauptstr. 5 a",
            "Via Roma, 12",
            "PO Box 12",
            "12 rue du 8 Mai 1945",
            "10 Downing Street",
            "Prosta 5 apt 12",
            "/12",
            "51",
            "12 rue X 5 apt",
            "5 rue 7, 9",
        ],
        Part::Street => {
            &["ul. Prosta", "rue de Rivoli", "Downing Street", "Prosta 51/12", "Prosta 5 m.", "12 rue X", "1"]
        }
        Part::Building => &["51", "5 a", "12-14", "5/7", "nr 5", "m. 5", "12 bis"],
        Part::Unit => &["12", "2a", "m. 3", "/4", "12/3"],
        Part::City => &["Warszawa", " Kraków", "Łódź"],
        Part::PostCode => &["00-950", "sw1a 1aa", "1010"],
        Part::Country | Part::TinCountry => &["PL", "Polska", "de", "Germany", "EL", "Atlantis", "USA", "FRA"],
        Part::Number | Part::Tin | Part::VatNumber => &[
            "PL 526-000-12-46",
            "5260001246",
            "DE136695976",
            "136695976",
            "EL094259216",
            "GR094259216",
            "094259216",
            "FR40303265045",
            "303265045",
            "FRDE123456789",
            "CHE-100.155.212 MWST",
            "CHE100155212",
            "100155212",
            "brak",
            "-",
            "NO988077917MVA",
            "XI980780684",
            "ATU13585627",
            "U13585627",
            "NL004495445B01",
        ],
        Part::TinType => &["nip", "eu_vat", " other "],
    };
    let usual: Vec<String> = usual.iter().map(|text| (*text).to_owned()).collect();
    prop_oneof![
        12 => prop::sample::select(usual),
        4 => Just(String::new()),
        1 => Just(" \u{a0}\t".to_owned()),
        2 => "[A-Za-z0-9 ./,-]{0,12}",
        1 => any::<String>(),
    ]
    .boxed()
}

fn text_of(parts: Vec<Part>) -> impl Strategy<Value = Text> {
    let texts: Vec<_> = parts.iter().map(|part| part_text(*part)).collect();
    texts.prop_map(move |texts| parts.iter().copied().zip(texts).collect())
}

fn some_parts(field: Field) -> impl Strategy<Value = Vec<Part>> {
    let all = field.parts().to_vec();
    let count = all.len();
    // A country or a type without any number is no tax identity.
    subsequence(all, 1..=count).prop_filter("a tax identity has a number", move |parts| {
        field != Field::TaxIdentity || parts.iter().any(|part| NUMBERS.contains(part))
    })
}

/// A field, two texts of one side and one of the other.
fn sides() -> impl Strategy<Value = (Field, Text, Text, Text)> {
    any::<Index>().prop_flat_map(|index| {
        let all: Vec<Field> = Kind::BOTH.into_iter().flat_map(|kind| Field::every(kind, declared())).collect();
        // Composites come as often as all the others together.
        let composites = [Field::Address, Field::TaxIdentity, Field::PersonName];
        let weighted: Vec<Field> = all.iter().copied().chain(composites.into_iter().cycle().take(all.len())).collect();
        let field = *index.get(&weighted);
        (some_parts(field), some_parts(field))
            .prop_flat_map(move |(ours, theirs)| (Just(field), text_of(ours.clone()), text_of(ours), text_of(theirs)))
    })
}

fn locale() -> Locale {
    Locale { region: Some("PL".to_owned()), customs: one_of_each(Kind::Company) }
}

fn declared() -> impl Iterator<Item = Field> {
    one_of_each(Kind::Company).into_keys().map(Field::from)
}

fn parts_of(text: &Text) -> Vec<Part> {
    text.parts().map(|(part, _)| part).collect()
}

/// Whether every facet that both have is equal.
fn is_consistent(one: &Normal, other: &Normal) -> bool {
    one.facets().all(|(facet, text)| other.facet(facet).is_none_or(|theirs| theirs == text))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_is_put_is_read_back((field, source, _, target) in sides()) {
        let parts = parts_of(&target);
        let put = put(field, &source, &target, &parts, &locale());
        prop_assert_eq!(parts_of(&put), parts);
        if source.says_nothing() {
            prop_assert!(put.says_nothing());
        } else {
            let wanted = normalise(field, &source, &locale());
            let read = normalise(field, &put, &locale());
            prop_assert!(is_consistent(&wanted, &read), "{put:?} reads {read:?}, not {wanted:?}");
        }
    }

    #[test]
    fn putting_what_is_there_changes_nothing((field, source, _, target) in sides()) {
        let locale = locale();
        let parts = parts_of(&target);
        let agrees = !source.says_nothing() && !target.says_nothing()
            && normalise(field, &source, &locale).agrees_with(&normalise(field, &target, &locale));
        if agrees || (source.says_nothing() && target.says_nothing()) {
            prop_assert_eq!(&put(field, &source, &target, &parts, &locale), &target);
        }
        // And always with what was just put, in both directions.
        let there = put(field, &source, &target, &parts, &locale);
        let again = put(field, &source, &there, &parts, &locale);
        prop_assert_eq!(&again, &there, "putting twice is putting once");
        let shares = normalise(field, &source, &locale).agrees_with(&normalise(field, &there, &locale));
        if shares && !source.says_nothing() && !there.says_nothing() {
            prop_assert_eq!(put(field, &there, &source, &parts_of(&source), &locale), source);
        }
    }

    #[test]
    fn what_was_there_before_leaves_no_trace((field, first, second, target) in sides()) {
        let locale = locale();
        let parts = parts_of(&target);
        let straight = put(field, &second, &target, &parts, &locale);
        let between = put(field, &first, &target, &parts, &locale);
        let detour = put(field, &second, &between, &parts, &locale);
        if second.says_nothing() {
            prop_assert!(straight.says_nothing() && detour.says_nothing());
        } else {
            let wanted = normalise(field, &second, &locale);
            for text in [straight, detour] {
                prop_assert!(is_consistent(&wanted, &normalise(field, &text, &locale)), "{text:?}");
            }
        }
    }

    #[test]
    fn a_record_that_is_made_reads_as_its_source((field, source, _, target) in sides()) {
        let made = put(field, &source, &Text::default(), &parts_of(&target), &locale());
        if source.says_nothing() {
            prop_assert!(made.is_blank());
        } else {
            prop_assert_eq!(parts_of(&made), parts_of(&target));
            prop_assert!(is_consistent(&normalise(field, &source, &locale()), &normalise(field, &made, &locale())));
        }
    }
}
