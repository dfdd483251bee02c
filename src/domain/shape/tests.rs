//! Records from rows, hashes and keys, and what is sent.

use rstest::rstest;

use super::*;
use crate::domain::scope::Test;

fn cell(field: Field, part: Part, path: &str) -> Cell {
    Cell::new(field, part, path)
}

fn companies() -> Shape {
    let mut status = cell(Field::Status, Part::Whole, "lifecycle");
    status.table = [("1", "active"), ("2", "lost")].map(|(theirs, ours)| (theirs.to_owned(), ours.to_owned())).into();
    let mut group = cell(Field::CostGroup, Part::Whole, "group");
    group.writable = false;
    Shape {
        side: Side::Crm,
        kind: Kind::Company,
        cells: vec![
            cell(Field::Name, Part::Whole, "name"),
            cell(Field::Address, Part::Line, "address"),
            cell(Field::Address, Part::City, "city"),
            status,
            group,
        ],
        watched: vec!["type".to_owned()],
        scope: vec![Condition::any_of("type", ["customer", ""])],
    }
}

fn row(texts: &[&str]) -> Row {
    let delivered = |text: &&str| match *text {
        "?" => Delivered::Unknown,
        "" => Delivered::Blank,
        text => Delivered::Text(text.into()),
    };
    Row {
        id: RemoteId::new("17"),
        parents: Vec::new(),
        version: Some(Version("v1".to_owned())),
        created: None,
        modified: None,
        standing: Standing::Live,
        stored_id: None,
        absorbed: Vec::new(),
        texts: texts.iter().map(delivered).collect(),
    }
}

const ACME: [&str; 6] = ["Acme", "ul. Prosta 51", "Warszawa", "1", "A", "customer"];

fn record(texts: &[&str]) -> Record {
    companies().records(&row(texts), &Locale::default()).remove(0)
}

fn text_of(record: &Record, field: Field) -> Option<Text> {
    record.reading(field).text()
}

#[test]
fn a_row_becomes_a_record_of_fields() {
    let record = record(&ACME);
    assert_eq!((record.side, record.kind, record.id.as_str()), (Side::Crm, Kind::Company, "17"));
    assert_eq!(record.version, Some(Version("v1".to_owned())));
    assert_eq!(text_of(&record, Field::Name), Some(Text::whole("Acme")));
    let address = Text::of([(Part::Line, "ul. Prosta 51"), (Part::City, "Warszawa")]);
    assert_eq!(text_of(&record, Field::Address), Some(address));
    assert_eq!(text_of(&record, Field::Status), Some(Text::whole("active")), "translated by the table");
    assert_eq!(record.reading(Field::Phone), &Reading::Unknown, "not mapped");
    assert_eq!(record.parent, None);
}

#[test]
fn a_composite_is_unknown_if_a_part_is_and_blank_only_if_all_are() {
    let mut texts = ACME;
    texts[2] = "?";
    assert_eq!(record(&texts).reading(Field::Address), &Reading::Unknown);
    texts[1] = "?";
    texts[2] = "Warszawa";
    assert_eq!(record(&texts).reading(Field::Address), &Reading::Unknown, "in whichever order they come");
    texts[1] = "";
    let half = Text::of([(Part::Line, ""), (Part::City, "Warszawa")]);
    assert_eq!(text_of(&record(&texts), Field::Address), Some(half), "a blank part that is mapped is kept");
    texts[2] = "";
    assert_eq!(record(&texts).reading(Field::Address), &Reading::Blank);
    assert_eq!(record(&texts).reading(Field::Name).text(), Some(Text::whole("Acme")), "the others stay known");
}

#[test]
fn a_row_that_is_too_short_is_unknown_from_there_on() {
    let record = record(&ACME[..2]);
    assert_eq!(record.reading(Field::Address), &Reading::Unknown);
    assert_eq!(record.reading(Field::Status), &Reading::Unknown);
    assert_eq!(text_of(&record, Field::Name), Some(Text::whole("Acme")));
    assert!(!record.in_scope);
}

#[test]
fn a_choice_that_the_table_does_not_know_stays_as_it_is() {
    let mut texts = ACME;
    texts[3] = "7";
    assert_eq!(text_of(&record(&texts), Field::Status), Some(Text::whole("7")));
    assert_eq!(companies().send(Field::Status, &Text::whole("7")), [("lifecycle".to_owned(), Some("7".to_owned()))]);
}

#[test]
fn a_person_of_two_firms_is_two_records() {
    let mut person = row(&["Jan", "Kowalski"]);
    person.parents = ["1", "2", "1"].map(RemoteId::new).into();
    let shape = Shape {
        kind: Kind::Contact,
        cells: vec![cell(Field::PersonName, Part::First, "first"), cell(Field::PersonName, Part::Last, "last")],
        watched: Vec::new(),
        scope: Vec::new(),
        ..companies()
    };
    let records = shape.records(&person, &Locale::default());
    let parents: Vec<_> = records.iter().map(|record| record.parent.as_ref().map(RemoteId::as_str)).collect();
    assert_eq!(parents, [Some("1"), Some("2")], "a company that is named twice counts once");
    assert_eq!(records[0].fields, records[1].fields);
    assert_ne!(records[0].fingerprint(), records[1].fingerprint());
    person.parents.clear();
    assert_eq!(shape.records(&person, &Locale::default()).len(), 1);
}

#[rstest]
#[case("customer", true)]
#[case("", true)]
#[case("supplier", false)]
#[case("Customer", false)]
#[case("?", false)]
fn scope_is_what_the_property_says(#[case] kind: &str, #[case] in_scope: bool) {
    let mut texts = ACME;
    texts[5] = kind;
    assert_eq!(record(&texts).in_scope, in_scope);
}

#[test]
fn all_conditions_must_hold_and_an_unread_property_does_not() {
    let mut shape = companies();
    shape.scope.push(Condition::any_of("name", ["Acme"]));
    let in_scope = |shape: &Shape, texts: &[&str]| shape.records(&row(texts), &Locale::default())[0].in_scope;
    assert!(in_scope(&shape, &ACME));
    assert!(!in_scope(&shape, &["Other", "", "", "", "", "customer"]));
    shape.scope.push(Condition::any_of("unread", [""]));
    assert!(!in_scope(&shape, &ACME));
    shape.scope.clear();
    assert!(in_scope(&shape, &["Other", "", "", "", "", "supplier"]));
}

#[test]
fn what_is_sent_turns_the_table_round_and_clears_what_is_blank() {
    let shape = companies();
    assert_eq!(shape.send(Field::Status, &Text::whole("lost")), [("lifecycle".to_owned(), Some("2".to_owned()))]);
    assert_eq!(shape.send(Field::Status, &Text::whole("")), [("lifecycle".to_owned(), None)]);
    let address = Text::of([(Part::Line, "ul. Prosta 51"), (Part::City, ""), (Part::PostCode, "00-950")]);
    assert_eq!(
        shape.send(Field::Address, &address),
        [("address".to_owned(), Some("ul. Prosta 51".to_owned())), ("city".to_owned(), None)]
    );
    assert_eq!(shape.send(Field::CostGroup, &Text::whole("B")), [], "may not be written");
    assert_eq!(shape.send(Field::Phone, &Text::whole("1")), [], "not mapped");
}

#[test]
fn what_is_sent_is_read_back() {
    let shape = companies();
    for status in ["active", "lost", "other"] {
        let sent = shape.send(Field::Status, &Text::whole(status)).remove(0).1.unwrap();
        let mut texts = ACME;
        texts[3] = &sent;
        assert_eq!(text_of(&record(&texts), Field::Status), Some(Text::whole(status)));
    }
}

#[test]
fn the_raw_hash_changes_if_and_only_if_something_mapped_does() {
    let shape = companies();
    let hash = |row: &Row| shape.raw_hash(shape.key(), row);
    let there = hash(&row(&ACME));
    let mut unmapped = row(&ACME);
    unmapped.version = Some(Version("v2".to_owned()));
    unmapped.modified = Some(DateTime::UNIX_EPOCH);
    unmapped.absorbed = vec![RemoteId::new("16")];
    assert_eq!(hash(&unmapped), there);
    for place in 0..ACME.len() {
        for text in ["another", "", "?"] {
            let mut texts = ACME;
            texts[place] = text;
            assert_ne!(hash(&row(&texts)), there, "{place} {text:?}");
        }
    }
    let mut archived = row(&ACME);
    archived.standing = Standing::Archived;
    let mut moved = row(&ACME);
    moved.parents = vec![RemoteId::new("1")];
    let mut marked = row(&ACME);
    marked.stored_id = Some("org/1".to_owned());
    for changed in [archived, moved, marked] {
        assert_ne!(hash(&changed), there);
    }
    assert_ne!(hash(&row(&["Acmeul.", " Prosta 51", "Warszawa", "1", "A", "customer"])), there, "no running over");
    assert_ne!(shape.raw_hash(shape.key() ^ 1, &row(&ACME)), there, "another mapping");
}

#[test]
fn the_fingerprint_covers_what_is_compared_and_not_how_it_is_spelled() {
    let there = record(&ACME).fingerprint();
    let mut texts = ACME;
    texts[0] = " Acme ";
    texts[1] = "ul. Prosta  51";
    assert_eq!(record(&texts).fingerprint(), there);
    texts[0] = "ACME";
    assert_ne!(record(&texts).fingerprint(), there);
    let mut other = record(&ACME);
    other.version = None;
    assert_eq!(other.fingerprint(), there);
    other.standing = Standing::Archived;
    assert_ne!(other.fingerprint(), there);
    texts = ACME;
    texts[0] = "?";
    let unknown = record(&texts).fingerprint();
    texts[0] = "";
    assert_ne!(unknown, record(&texts).fingerprint(), "unknown is not blank");
}

#[test]
fn a_field_key_changes_with_path_part_and_table_of_that_field_alone() {
    let shape = companies();
    let key = |shape: &Shape| shape.field_key(Field::Address).unwrap();
    let mut other = shape.clone();
    other.cells[0].path = "legal_name".to_owned();
    other.cells[3].table.clear();
    other.scope.clear();
    assert_eq!(key(&other), key(&shape));
    assert_ne!(other.field_key(Field::Name), shape.field_key(Field::Name));
    assert_ne!(other.field_key(Field::Status), shape.field_key(Field::Status));
    other.cells.swap(1, 2);
    assert_eq!(key(&other), key(&shape), "the order of the mapping says nothing");
    other.cells[1].path = "town".to_owned();
    assert_ne!(key(&other), key(&shape));
    let mut fewer = shape.clone();
    fewer.cells.remove(2);
    assert_ne!(key(&fewer), key(&shape));
    let mut as_street = shape.clone();
    as_street.cells[1].part = Part::Street;
    assert_ne!(key(&as_street), key(&shape));
    assert_eq!(shape.field_key(Field::Phone), None);
}

#[test]
fn a_field_key_is_of_the_text_and_not_of_the_sort_of_values() {
    let mut shape = companies();
    let mut key = |declared: Option<Declared>| {
        shape.cells[0].declared = declared;
        shape.field_key(Field::Name)
    };
    let plain = key(None);
    for sort in CustomType::ALL {
        assert_eq!(key(Some(Declared::new(sort))), plain, "a base is normalised anew: {sort}");
    }
    let look_up = Some(LookUp { list: "/staff".to_owned(), label: "email".to_owned() });
    let by_label = key(Some(Declared { look_up, ..Declared::new(CustomType::Relation) }));
    assert_ne!(by_label, plain, "an id and a label are two texts");
}

#[test]
fn the_key_of_the_mapping_covers_mapping_and_scope() {
    let shape = companies();
    let mut keys = BTreeSet::from([shape.key()]);
    let changes: [fn(&mut Shape); 11] = [
        |shape| shape.cells[0].path.push('2'),
        |shape| shape.cells[3].table.clear(),
        |shape| shape.cells.truncate(4),
        |shape| shape.watched.push("owner".to_owned()),
        |shape| shape.scope.clear(),
        |shape| shape.scope[0] = Condition::any_of("type", ["customer"]),
        |shape| shape.scope[0].tests.push(Test::Blank(false)),
        |shape| shape.scope[0].tests = vec![Test::NoneOf(vec!["customer".to_owned()])],
        |shape| shape.cells[0].declared = Some(Declared::new(CustomType::Date)),
        |shape| shape.cells[0].declared = Some(Declared::new(CustomType::Text)),
        |shape| {
            let look_up = Some(LookUp { list: "/staff".to_owned(), label: "email".to_owned() });
            shape.cells[0].declared = Some(Declared { look_up, ..Declared::new(CustomType::Text) });
        },
    ];
    for change in changes {
        let mut other = shape.clone();
        change(&mut other);
        assert!(keys.insert(other.key()), "each change gives another key");
    }
    assert_eq!(companies().key(), shape.key());
}

#[test]
fn paths_are_the_cells_then_what_is_watched() {
    let shape = companies();
    let paths: Vec<_> = shape.paths().collect();
    assert_eq!(paths, ["name", "address", "city", "lifecycle", "group", "type"]);
    assert_eq!(shape.position("type"), Some(5));
    assert_eq!(shape.position("none"), None);
    assert_eq!(shape.parts(Field::Address), [Part::Line, Part::City]);
    assert!(shape.fields().contains(&Field::CostGroup));
    assert!(shape.is_writable(Field::Address) && !shape.is_writable(Field::CostGroup));
    assert!(!shape.is_writable(Field::Phone));
}

/// The state keeps these numbers: with others, every record of every user would look changed, and every field never agreed.
#[test]
fn hashes_are_the_same_from_release_to_release() {
    let shape = companies();
    let told = [
        shape.key(),
        shape.raw_hash(shape.key(), &row(&ACME)).0,
        record(&ACME).fingerprint().0,
        shape.field_key(Field::Address).unwrap().0,
    ];
    assert_eq!(
        told,
        [3_329_855_008_091_784_125, 15_615_838_722_209_718_488, 15_676_578_520_232_086_694, 11_703_916_372_634_687_724]
    );
}

#[test]
fn a_cut_is_told_by_its_field() {
    let mut shape = companies();
    assert_eq!(shape.cuts(), BTreeMap::new());
    shape.cells[0].max_length = Some(255);
    assert_eq!(shape.cuts(), BTreeMap::from([(Field::Name, 255)]));
}

#[test]
fn leaving_the_archive_and_the_scope_is_a_change() {
    let mut prints = BTreeSet::new();
    for (standing, in_scope) in [(Standing::Live, true), (Standing::Archived, true), (Standing::Live, false)] {
        let mut record = record(&ACME);
        (record.standing, record.in_scope) = (standing, in_scope);
        prints.insert(record.fingerprint());
    }
    assert_eq!(prints.len(), 3);
}

#[rstest]
#[case::code(Countries::Code, "Poland", "Germany", "DE")]
#[case::name(Countries::Name, "PL", "DE", "Germany")]
#[case::as_written(Countries::AsWritten, "PL", "Deutschland", "Deutschland")]
#[case::no_country(Countries::Code, "PL", "Atlantis", "Atlantis")]
#[case::unchanged(Countries::Code, "Germany", "Germany", "Germany")]
fn a_country_that_changes_is_spelt_as_its_side_writes_it(
    #[case] countries: Countries,
    #[case] before: &str,
    #[case] after: &str,
    #[case] sent: &str,
) {
    let mut shape = companies();
    shape.cells[2] = cell(Field::Address, Part::Country, "land");
    shape.cells[2].countries = countries;
    // Another field of countries, spelt otherwise, has no say.
    shape.cells[4] = cell(Field::Country, Part::Whole, "country");
    let text = |country| Text::of([(Part::Line, "Prosta 51"), (Part::Country, country)]);
    assert_eq!(shape.spell(Field::Address, &text(before), text(after)), text(sent));
}

#[test]
fn of_a_closed_record_nothing_is_known() {
    let closed = Row::closed(RemoteId::new("7"), 2);
    assert_eq!((closed.id.as_str(), closed.standing), ("7", Standing::Archived));
    assert_eq!(closed.texts, [Delivered::Unknown, Delivered::Unknown]);
}
