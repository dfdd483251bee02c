//! Which properties hold which fields.

use std::collections::BTreeMap;

use rstest::rstest;

use super::{environment, load_file, load_with, told};
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::domain::shape::{Cell, Shape};

fn paths(shape: &Shape) -> Vec<(Field, Part, &str)> {
    shape.cells.iter().map(|cell| (cell.field, cell.part, cell.path.as_str())).collect()
}

fn cell(shape: &Shape, field: Field, part: Part) -> Option<&Cell> {
    shape.cells.iter().find(|cell| cell.field == field && cell.part == part)
}

fn crm_company(text: &str) -> Shape {
    load_file(text).unwrap().shape(Side::Crm, Kind::Company).clone()
}

#[test]
fn hubspot_has_a_mapping_of_its_own() {
    let settings = load_file("").unwrap();
    assert_eq!(
        paths(settings.shape(Side::Crm, Kind::Company)),
        [
            (Field::Name, Part::Whole, "name"),
            (Field::TaxIdentity, Part::Number, "vat_number"),
            (Field::Country, Part::Whole, "country"),
            (Field::Address, Part::Line, "address"),
            (Field::Address, Part::City, "city"),
            (Field::Address, Part::PostCode, "zip"),
            (Field::Phone, Part::Whole, "phone"),
        ]
    );
    assert_eq!(
        paths(settings.shape(Side::Crm, Kind::Contact)),
        [
            (Field::PersonName, Part::First, "firstname"),
            (Field::PersonName, Part::Last, "lastname"),
            (Field::Email, Part::Whole, "email"),
            (Field::ContactPhone, Part::Whole, "phone"),
            (Field::Title, Part::Whole, "jobtitle"),
        ]
    );
}

/// The fields of Flowtly's published schemas, without `id`, `client` and the contacts, which are no fields here.
#[test]
fn flowtly_maps_every_field_of_its_schemas() {
    let settings = load_file("").unwrap();
    let mut client: Vec<&str> = settings.shape(Side::Flowtly, Kind::Company).paths().collect();
    client.sort_unstable();
    let mut published = vec![
        "country",
        "currency",
        "defaultCost",
        "status",
        "attributeSet",
        "name",
        "dueDays",
        "tinType",
        "tinCountry",
        "tin",
        "externalPaymentCustomerId",
        "invoiceComment",
        "defaultTaxRate",
        "documentsLanguage",
        "addressPhoneNumber",
        "addressCity",
        "addressPostCode",
        "addressStreetLine",
        "addressBuildingNumber",
        "addressLocaleNumber",
        "addressCountry",
        "costGroup",
        "costGroupIcon",
        "vatNumber",
    ];
    published.sort_unstable();
    assert_eq!(client, published);
    let contact: Vec<&str> = settings.shape(Side::Flowtly, Kind::Contact).paths().collect();
    assert_eq!(contact, ["name", "email", "phone", "title", "type", "position"]);
    let read_only: Vec<&str> = settings
        .shape(Side::Flowtly, Kind::Company)
        .cells
        .iter()
        .filter(|cell| !cell.writable)
        .map(|cell| cell.path.as_str())
        .collect();
    assert_eq!(read_only, ["costGroup", "costGroupIcon"]);
}

#[test]
fn a_field_is_changed_added_and_taken_away() {
    let shape = crm_company(
        "[mapping.company]\nphone = \"mobilephone\"\ncurrency = \"currency_code\"\ncountry = false\nname = \"legal_name\"",
    );
    assert_eq!(cell(&shape, Field::Phone, Part::Whole).unwrap().path, "mobilephone");
    assert_eq!(cell(&shape, Field::Currency, Part::Whole).unwrap().path, "currency_code");
    assert_eq!(cell(&shape, Field::Country, Part::Whole), None);
    assert_eq!(cell(&shape, Field::Name, Part::Whole).unwrap().path, "legal_name");
}

#[test]
fn a_part_is_changed_and_taken_away_and_the_others_stay() {
    let shape = crm_company("[mapping.company]\naddress = { city = \"town\", post_code = false }");
    assert_eq!(cell(&shape, Field::Address, Part::City).unwrap().path, "town");
    assert_eq!(cell(&shape, Field::Address, Part::Line).unwrap().path, "address");
    assert_eq!(cell(&shape, Field::Address, Part::PostCode), None);
}

#[test]
fn a_persons_name_may_be_one_property_or_two() {
    let settings = load_file("[mapping.contact]\nname = \"full_name\"").unwrap();
    let shape = settings.shape(Side::Crm, Kind::Contact);
    assert_eq!(shape.parts(Field::PersonName), [Part::Whole]);
}

#[test]
fn choices_are_translated_and_properties_marked_as_read_only() {
    let table = BTreeMap::from([("NET 30".to_owned(), "30".to_owned()), ("NET.60".to_owned(), "60".to_owned())]);
    let values = "values = { \"NET 30\" = \"30\", \"NET.60\" = \"60\" }";
    for text in [
        format!("[mapping.company]\ndue_days = {{ whole = \"payment_terms\", {values} }}"),
        format!("[mapping.company]\ndue_days = {{ whole = {{ path = \"payment_terms\", {values} }} }}"),
    ] {
        let shape = crm_company(&text);
        let cell = cell(&shape, Field::DueDays, Part::Whole).unwrap();
        assert_eq!((cell.path.as_str(), &cell.table, cell.writable), ("payment_terms", &table, true));
    }
    let shape = crm_company("[mapping.company]\nphone = { whole = \"phone\", read_only = true }");
    assert!(!shape.is_writable(Field::Phone));
    let shape = crm_company("[mapping.company.address]\nline = { path = \"street\", read_only = true }");
    assert!(!cell(&shape, Field::Address, Part::Line).unwrap().writable);
    assert!(cell(&shape, Field::Address, Part::City).unwrap().writable);
}

#[test]
fn the_length_at_which_a_system_cuts_is_declared_for_a_field_or_a_part() {
    let shape = crm_company("[mapping.company]\nname = { whole = \"name\", max_length = 255 }");
    assert_eq!(shape.cuts(), BTreeMap::from([(Field::Name, 255)]));
    let shape = crm_company("[mapping.company.address]\ncity = { path = \"city\", max_length = 40 }");
    assert_eq!(shape.cuts(), BTreeMap::from([(Field::Address, 40)]));
    let without = crm_company("");
    assert_eq!(shape.key(), without.key(), "to declare it makes no record be looked at again");
    assert_eq!(without.cuts(), BTreeMap::new());
}

#[test]
fn flowtly_is_changed_in_a_table_of_its_own() {
    let settings =
        load_file("[mapping.flowtly.company]\ntax_identity = { vat_number = false }\nphone = \"phone\"").unwrap();
    let shape = settings.shape(Side::Flowtly, Kind::Company);
    assert_eq!(shape.parts(Field::TaxIdentity), [Part::Tin, Part::TinType, Part::TinCountry]);
    assert_eq!(cell(shape, Field::Phone, Part::Whole).unwrap().path, "phone");
}

#[test]
fn a_variable_maps_and_unmaps() {
    let environment = environment(&[
        ("FLOWTLY_SYNC__MAPPING__COMPANY__PHONE", "mobilephone"),
        ("FLOWTLY_SYNC__MAPPING__COMPANY__COUNTRY", "false"),
    ]);
    let settings = load_with("", &environment).unwrap();
    let shape = settings.shape(Side::Crm, Kind::Company);
    assert_eq!(cell(shape, Field::Phone, Part::Whole).unwrap().path, "mobilephone");
    assert_eq!(cell(shape, Field::Country, Part::Whole), None);
}

#[rstest]
#[case("fone = \"x\"", "mapping.company.fone: there is no field `fone`; did you mean `phone`?")]
#[case("email = \"x\"", "mapping.company.email: there is no field `email`; known: name, ")]
#[case(
    "phone = 5",
    "mapping.company.phone: this must be the name of a property, a table of parts, or false, not a whole number; put the name in quotes"
)]
#[case("phone = true", "mapping.company.phone: this must be the name of a property, ")]
#[case("address = \"street\"", "mapping.company.address: this field has parts; say which of line, street, ")]
#[case("address = { citty = \"x\" }", "mapping.company.address.citty: there is no part `citty`; did you mean `city`?")]
#[case("address = { number = \"x\" }", "mapping.company.address.number: there is no part `number`; ")]
#[case(
    "address = { city = 5 }",
    "mapping.company.address.city: this must be the name of a property, a table, or false"
)]
#[case(
    "address = { city = { name = \"x\" } }",
    "mapping.company.address.city.name: there is no setting of a part `name`; "
)]
#[case(
    "currency = \"phone\"",
    "mapping.company.currency: `phone` is already mapped by mapping.company.phone; map each property once: another one here, or mapping.company.phone = false"
)]
#[case(
    "address = { street = \"address\" }",
    "mapping.company.address.street: `address` is already mapped by mapping.company.address.line; "
)]
#[case(
    "currency = \"flowtly_id\"",
    "mapping.company.currency: `flowtly_id` holds Flowtly's id (hubspot.id_property); "
)]
#[case(
    "due_days = { whole = \"x\", values = { \"NET 30\" = \"30\", \"30 days\" = \"30\" } }",
    "mapping.company.due_days.values.\"NET 30\": `30 days` and `NET 30` both become `30`, so that it cannot be sent back; give each its own text"
)]
#[case(
    "due_days = { whole = \"x\", values = { a = 30 } }",
    "mapping.company.due_days.values.a: this must be a text, not a whole number; "
)]
#[case(
    "due_days = { whole = \"x\", values = { a = \"\" } }",
    "mapping.company.due_days.values.a: an empty property is blank and is not translated; "
)]
#[case(
    "name = { whole = \"name\", max_length = 0 }",
    "mapping.company.name.max_length: this must be a whole number from 1 on, "
)]
#[case(
    "address = { line = { path = \"a\", max_length = 3 }, city = { path = \"b\", max_length = 4 } }",
    "mapping.company.address.line.max_length: the parts of address have two different lengths; give them one length"
)]
#[case("due_days = { whole = \"x\", values = 3 }", "mapping.company.due_days.values: this must be a table, ")]
#[case(
    "due_days = { whole = \"x\", read_only = 1 }",
    "mapping.company.due_days.read_only: this must be true or false, "
)]
#[case("address = { values = { a = \"b\" } }", "mapping.company.address.values: the field has not exactly one part; ")]
fn an_impossible_mapping_of_a_company_is_told(#[case] line: &str, #[case] wanted: &str) {
    let told = told(&format!("[mapping.company]\n{line}"));
    assert!(told.iter().any(|problem| problem.contains(wanted)), "{told:#?}");
    assert!(told.iter().all(|problem| problem.starts_with("sync.toml:2:")), "{told:#?}");
}

#[rstest]
#[case(
    "[mapping.contact]\nparent = \"company\"",
    "sync.toml:2:1: mapping.contact.parent: the parent is not a property; "
)]
#[case(
    "[mapping.flowtly.contact]\nphone = \"email\"",
    "sync.toml:2:1: mapping.flowtly.contact.phone: `email` is already mapped by mapping.flowtly.contact.email; "
)]
fn another_impossible_mapping_is_told(#[case] text: &str, #[case] wanted: &str) {
    let told = told(text);
    assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:#?}");
}
