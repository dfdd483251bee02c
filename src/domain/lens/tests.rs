//! What a lens writes, by example.

use rstest::rstest;

use super::*;

fn locale() -> Locale {
    Locale { region: Some("PL".to_owned()), ..Locale::default() }
}

fn put_into(field: Field, source: &Text, target: &Text) -> Text {
    let parts: Vec<Part> = target.parts().map(|(part, _)| part).collect();
    let put = put(field, source, target, &parts, &locale());
    assert_eq!(put.parts().count(), parts.len());
    put
}

fn name(first: &str, last: &str) -> Text {
    Text::of([(Part::First, first), (Part::Last, last)])
}

fn street(street: &str, building: &str, unit: &str) -> Text {
    Text::of([(Part::Street, street), (Part::Building, building), (Part::Unit, unit)])
}

fn line(line: &str) -> Text {
    Text::of([(Part::Line, line)])
}

fn flowtly_tax(tin: &str, country: &str, vat: &str) -> Text {
    Text::of([(Part::Tin, tin), (Part::TinType, "nip"), (Part::TinCountry, country), (Part::VatNumber, vat)])
}

fn number(text: &str) -> Text {
    Text::of([(Part::Number, text)])
}

#[rstest]
// The target's own division stays where it fits.
#[case("Anna van Berg", ("Jan", "van Berg"), ("Anna", "van Berg"))]
#[case("Jan Maria Nowak", ("Jan", "Kowalski"), ("Jan", "Maria Nowak"))]
#[case("Jan Maria Nowak", ("Ewa", "Maria Nowak"), ("Jan", "Maria Nowak"))]
#[case("Jan Nowak", ("Ewa", " Nowak "), ("Jan", " Nowak "))]
#[case("Jan van der Berg", ("", ""), ("Jan", "van der Berg"))]
#[case("Jan van der Berg", ("Ewa", "Kowalska"), ("Jan", "van der Berg"))]
#[case("Kowalski", ("Ewa", "Nowak"), ("", "Kowalski"))]
#[case("Nowakowski Jan", ("Ewa", "Jan"), ("Nowakowski", "Jan"))]
fn a_full_name_goes_into_two_parts(#[case] full: &str, #[case] there: (&str, &str), #[case] written: (&str, &str)) {
    let put = put_into(Field::PersonName, &Text::whole(full), &name(there.0, there.1));
    assert_eq!(put, name(written.0, written.1));
}

#[test]
fn two_parts_go_into_a_full_name_or_into_two_parts() {
    let source = name("Jan", "van der Berg");
    assert_eq!(put_into(Field::PersonName, &source, &Text::whole("Ewa")), Text::whole("Jan van der Berg"));
    let typed = Text::whole("Jan  van der Berg");
    assert_eq!(put_into(Field::PersonName, &typed, &Text::whole("Ewa")), typed, "in its own spelling");
    let mut both = source;
    both.set(Part::Whole, "Jan B.");
    assert_eq!(put_into(Field::PersonName, &both, &Text::whole("Ewa")), Text::whole("Jan van der Berg"));
    let other = put_into(Field::PersonName, &name("Anna Maria", "Nowak"), &name("Anna", "Kowalska"));
    assert_eq!(other, name("Anna Maria", "Nowak"), "the source's own division");
}

#[rstest]
#[case("ul. Prosta 51/13", ("ul. Prosta", "51", "12"), ("ul. Prosta", "51", "13"))]
#[case("ul. Prosta 51 m. 13", ("ul.  Prosta", " 51", "12"), ("ul.  Prosta", " 51", "13"))]
#[case("12 rue de Rivoli", ("", "", ""), ("rue de Rivoli", "12", ""))]
#[case("Hauptstraße 5a", ("", "", ""), ("Hauptstraße", "5a", ""))]
#[case("Via Roma, 12", ("", "", ""), ("Via Roma", "12", ""))]
#[case("ul. Prosta 51 piętro 3", ("ul. Prosta", "51", "12"), ("ul. Prosta 51 piętro 3", "", ""))]
#[case("PO Box 12", ("", "", ""), ("PO Box 12", "", ""))]
// Somebody keeps the whole line in the street: so it stays.
#[case("ul. Prosta 51/13", ("ul. Prosta 51/12", "", ""), ("ul. Prosta 51/13", "", ""))]
fn a_line_goes_into_street_building_and_unit(
    #[case] one_line: &str,
    #[case] there: (&str, &str, &str),
    #[case] written: (&str, &str, &str),
) {
    let put = put_into(Field::Address, &line(one_line), &street(there.0, there.1, there.2));
    assert_eq!(put, street(written.0, written.1, written.2));
}

#[rstest]
#[case(("ul. Prosta", "51", "12"), "", "ul. Prosta 51/12")]
#[case(("ul. Prosta", "51", ""), "stary adres 1", "ul. Prosta 51")]
#[case(("rue de Rivoli", "12", ""), "", "12 rue de Rivoli")]
#[case(("rue de la Loi", "16", ""), "Rue Neuve 5", "rue de la Loi 16")]
#[case(("Downing Street", "10", ""), "", "10 Downing Street")]
#[case(("ul. Prosta", "", "12"), "", "ul. Prosta /12")]
fn street_building_and_unit_go_into_a_line(
    #[case] parts: (&str, &str, &str),
    #[case] there: &str,
    #[case] written: &str,
) {
    assert_eq!(put_into(Field::Address, &street(parts.0, parts.1, parts.2), &line(there)), line(written));
}

#[rstest]
// A reader of one line would divide none of these, or otherwise.
#[case(("Rynek", "5 a", "dom"), ("Rynek", "5 a", "dom"))]
#[case(("PO Box 12", "5", ""), ("PO Box 12", "5", ""))]
#[case(("Prosta", "parter", ""), ("Prosta", "parter", ""))]
#[case(("Prosta", "", "3"), ("Prosta", "", "3"))]
// Nothing is divided here, or there is no street.
#[case(("Prosta 51/12", "", ""), ("Prosta", "51", "12"))]
#[case(("", "5", "1"), ("5/1", "", ""))]
fn what_people_divided_themselves_stays_divided(
    #[case] parts: (&str, &str, &str),
    #[case] written: (&str, &str, &str),
) {
    let mut source = street(parts.0, parts.1, parts.2);
    let there = street("Inna", "1", "2");
    assert_eq!(put_into(Field::Address, &source, &there), street(written.0, written.1, written.2));
    source.set(Part::Line, " ");
    assert_eq!(put_into(Field::Address, &source, &there), street(written.0, written.1, written.2));
    source.set(Part::Line, "Nowa 9/8");
    assert_eq!(put_into(Field::Address, &source, &there), street("Nowa", "9", "8"), "a line says all of it");
}

#[test]
fn a_line_goes_into_two_address_lines_and_back() {
    let two = Text::of([(Part::Line, "ul. Prosta 51"), (Part::Unit, "12")]);
    let changed = put_into(Field::Address, &street("ul. Prosta", "51", "13"), &two);
    assert_eq!(changed, Text::of([(Part::Line, "ul. Prosta 51"), (Part::Unit, "13")]));
    assert_eq!(put_into(Field::Address, &changed, &street("ul. Prosta", "51", "12")), street("ul. Prosta", "51", "13"));
}

#[test]
fn two_numbers_of_a_czech_building_are_no_unit() {
    let source = Text::of([(Part::Line, "Vodičkova 1234/5"), (Part::Country, "CZ")]);
    let put = put_into(Field::Address, &source, &street("", "", ""));
    assert_eq!(put, street("Vodičkova", "1234/5", ""));
    let without_building = Text::of([(Part::Street, "Inna 1"), (Part::Unit, "2")]);
    let put = put_into(Field::Address, &source, &without_building);
    assert_eq!(put, Text::of([(Part::Street, "Vodičkova 1234/5"), (Part::Unit, "")]));
}

#[test]
fn a_building_without_a_unit_stands_alone() {
    let there = Text::of([(Part::Street, "Inna"), (Part::Building, "1")]);
    let put = put_into(Field::Address, &line("ul. Prosta 51"), &there);
    assert_eq!(put, Text::of([(Part::Street, "ul. Prosta"), (Part::Building, "51")]));
}

#[test]
fn a_french_street_in_belgium_has_its_number_behind_it() {
    let mut source = street("rue de la Loi", "16", "");
    for (country, written) in [("BE", "rue de la Loi 16"), ("FR", "16 rue de la Loi")] {
        source.set(Part::Country, country);
        let put = put_into(Field::Address, &source, &Text::of([(Part::Line, ""), (Part::Country, country)]));
        assert_eq!(put.part(Part::Line), Some(written));
    }
}

#[test]
fn an_edit_of_one_facet_leaves_the_spelling_of_the_others_alone() {
    let target = Text::of([
        (Part::Line, "ul. Prosta 51 m. 12"),
        (Part::City, "Warszawa "),
        (Part::PostCode, "00-950"),
        (Part::Country, "Polska"),
    ]);
    let source = Text::of([
        (Part::Street, "ul. Prosta"),
        (Part::Building, "51"),
        (Part::Unit, "12"),
        (Part::City, "Warszawa"),
        (Part::PostCode, "00-838"),
        (Part::Country, "PL"),
    ]);
    let mut expected = target.clone();
    expected.set(Part::PostCode, "00-838");
    assert_eq!(put_into(Field::Address, &source, &target), expected);
}

#[test]
fn parts_that_the_source_does_not_carry_stay() {
    let target = Text::of([(Part::Line, "ul. Prosta 51"), (Part::City, "Warszawa"), (Part::Country, "PL")]);
    let source = Text::of([(Part::City, "Kraków")]);
    let mut expected = target.clone();
    expected.set(Part::City, "Kraków");
    assert_eq!(put_into(Field::Address, &source, &target), expected);
    let blank_city = Text::of([(Part::City, ""), (Part::Country, "PL")]);
    assert_eq!(put_into(Field::Address, &blank_city, &target).part(Part::City), Some(""));
}

#[rstest]
// A prefixed number: VAT number with prefix, national number bare.
#[case("PL5252344078", ("", "", ""), ("5252344078", "PL", "PL5252344078"))]
#[case("PL 525-234-40-78", ("5260001246", "PL", "PL5260001246"), ("5252344078", "PL", "PL5252344078"))]
// A bare number: the VAT number moves with it where it fits the country that stands there, else it goes.
#[case("525-234-40-78", ("5260001246", "PL", ""), ("525-234-40-78", "PL", ""))]
#[case("525-234-40-78", ("5260001246", "PL", "PL5260001246"), ("525-234-40-78", "PL", "PL5252344078"))]
#[case("12345", ("5260001246", "PL", "PL5260001246"), ("12345", "PL", ""))]
// A national number of its own stays.
#[case("FR23334175221", ("303265045", "FR", "FR40303265045"), ("303265045", "FR", "FR23334175221"))]
// Another country.
#[case("EL094259216", ("5260001246", "PL", "PL5260001246"), ("094259216", "GR", "EL094259216"))]
#[case("DE136695976", ("5260001246", "Polska", ""), ("136695976", "Germany", "DE136695976"))]
// The same number stays as it is spelled.
#[case("PL5260001246", ("526-000-12-46", "PL", ""), ("526-000-12-46", "PL", ""))]
#[case("5260001246", ("526-000-12-46", "", "PL 526-000-12-46"), ("526-000-12-46", "", "PL 526-000-12-46"))]
// A country that only one side knows is no difference; one that both know and that differs is.
#[case("PL5260001246", ("526-000-12-46", "", ""), ("526-000-12-46", "", ""))]
#[case("PL5260001246", ("526-000-12-46", "DE", ""), ("526-000-12-46", "PL", ""))]
fn one_tax_number_goes_into_flowtlys_parts(
    #[case] text: &str,
    #[case] there: (&str, &str, &str),
    #[case] written: (&str, &str, &str),
) {
    let put = put_into(Field::TaxIdentity, &number(text), &flowtly_tax(there.0, there.1, there.2));
    assert_eq!(put, flowtly_tax(written.0, written.1, written.2));
}

#[rstest]
#[case(("5260001246", "PL", "PL 5260001246"), "", "PL 5260001246")]
#[case(("5260001246", "PL", ""), "", "PL5260001246")]
#[case(("12-3456789", "US", ""), "", "12-3456789")]
#[case(("5260001246", "", ""), "", "5260001246")]
#[case(("303265045", "FR", "FR40303265045"), "FR23334175221", "FR40303265045")]
#[case(("303265045", "FR", ""), "x", "303265045")]
#[case(("5260001246", "PL", "PL5260001246"), "526-000-12-46", "526-000-12-46")]
#[case(("094259216", "Greece", ""), "", "EL094259216")]
fn flowtlys_parts_go_into_one_tax_number(
    #[case] parts: (&str, &str, &str),
    #[case] there: &str,
    #[case] written: &str,
) {
    let put = put_into(Field::TaxIdentity, &flowtly_tax(parts.0, parts.1, parts.2), &number(there));
    assert_eq!(put, number(written));
}

#[test]
fn a_national_number_with_its_country_becomes_no_vat_number() {
    let source = Text::of([(Part::Tin, "5260001246"), (Part::TinCountry, "PL")]);
    let written = |vat| put_into(Field::TaxIdentity, &source, &flowtly_tax("7740001454", "PL", vat));
    assert_eq!(written(""), flowtly_tax("5260001246", "PL", ""));
    assert_eq!(written("PL7740001454"), flowtly_tax("5260001246", "PL", "PL5260001246"), "unless one stands there");
}

#[rstest]
// A bare number beside its country, as typed where it came bare; with its prefix where nothing else tells the country.
#[case(&[(Part::Number, "PL 526-000-12-46")], &[(Part::Tin, "5260001246"), (Part::TinCountry, "PL")])]
#[case(
    &[(Part::Tin, "12-3456789"), (Part::TinCountry, "US")],
    &[(Part::Tin, "12-3456789"), (Part::TinCountry, "US")]
)]
#[case(&[(Part::Tin, "5260001246"), (Part::TinCountry, "PL")], &[(Part::Tin, "PL5260001246")])]
// A side with a number of either sort beside the VAT number shows the same one in both.
#[case(&[(Part::Number, "PL5260001246")], &[(Part::VatNumber, "PL5260001246"), (Part::Number, "PL5260001246")])]
// A country in the source's own words.
#[case(
    &[(Part::Tin, "094259216"), (Part::TinCountry, "Griechenland")],
    &[(Part::Tin, "094259216"), (Part::TinCountry, "Griechenland")]
)]
// Taken apart it would read otherwise, so that it goes as it stands.
#[case(&[(Part::Number, "FRDE123456789")], &[(Part::Tin, "FRDE123456789"), (Part::TinCountry, "FR")])]
fn a_tax_identity_goes_into_the_parts_that_there_are(
    #[case] source: &[(Part, &str)],
    #[case] written: &[(Part, &str)],
) {
    let text =
        |parts: &[(Part, &str)]| -> Text { parts.iter().map(|(part, text)| (*part, (*text).to_owned())).collect() };
    let country = |part: Part, text: &str| if part == Part::TinCountry && text.len() > 2 { "Polska" } else { "" };
    let there: Text = written.iter().map(|(part, text)| (*part, country(*part, text).to_owned())).collect();
    assert_eq!(put_into(Field::TaxIdentity, &text(source), &there), text(written));
}

#[test]
fn two_sides_with_both_numbers_keep_them_apart() {
    let source = flowtly_tax("303265045", "FR", "FR40303265045");
    let target = flowtly_tax("334175221", "France", "FR 40 303 265 045");
    assert_eq!(put_into(Field::TaxIdentity, &source, &target), flowtly_tax("303265045", "France", "FR 40 303 265 045"));
}

#[test]
fn the_type_of_the_number_travels_only_where_both_have_it() {
    let mut source = flowtly_tax("5260001246", "PL", "");
    source.set(Part::TinType, "eu_vat");
    let target = flowtly_tax("526-000-12-46", "Polska", "");
    let mut expected = target.clone();
    expected.set(Part::TinType, "eu_vat");
    assert_eq!(put_into(Field::TaxIdentity, &source, &target), expected);
}

#[test]
fn a_country_goes_as_the_target_spells_it() {
    let put = |source: &str, target: &str| put_into(Field::Country, &Text::whole(source), &Text::whole(target));
    assert_eq!(put("DE", "Polska"), Text::whole("Germany"));
    assert_eq!(put("Deutschland", "PL"), Text::whole("DE"));
    assert_eq!(put("pl", "Polska"), Text::whole("Polska"));
}

#[test]
fn a_simple_text_goes_as_it_is_and_stays_where_it_agrees() {
    let put = |field, source: &str, target: &str| put_into(field, &Text::whole(source), &Text::whole(target));
    assert_eq!(put(Field::Name, "ACME  GmbH", "Acme GmbH"), Text::whole("ACME  GmbH"));
    assert_eq!(put(Field::Name, "Acme GmbH", "Acme  GmbH "), Text::whole("Acme  GmbH "));
    assert_eq!(put(Field::Phone, "22 123 45 67", "+48221234567"), Text::whole("+48221234567"));
    assert_eq!(put(Field::Phone, "22 123 45 67 w. 1", "+48221234567"), Text::whole("22 123 45 67 w. 1"));
}

#[test]
fn blank_blanks_every_part_but_the_type_of_a_number() {
    let target = flowtly_tax("5260001246", "PL", "PL5260001246");
    let put = put_into(Field::TaxIdentity, &number(" "), &target);
    assert!(put.says_nothing() && !put.is_blank());
    assert_eq!((put.parts().count(), put.part(Part::TinType)), (4, Some("nip")));
    assert_eq!(put_into(Field::TaxIdentity, &number(""), &put), put, "and there is nothing more to clear");
    let put = super::put(Field::Name, &Text::default(), &Text::whole("Acme"), &[Part::Whole], &locale());
    assert_eq!(put, Text::whole(""));
}
