//! The words of the domain, as the configuration and the state write them, and what is read off a record at a glance.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::json;

use super::custom::CustomField;
use super::field::{Field, Part};
use super::record::{Kind, Record, RemoteId, Side};
use super::rules::{Direction, Gone, KindRules};
use super::value::{Locale, Reading, Text};

#[test]
fn sides_and_kinds_are_read_back_from_their_words() {
    for (side, word, told) in [(Side::Flowtly, "flowtly", "Flowtly"), (Side::Crm, "crm", "CRM")] {
        assert_eq!((side.as_str(), side.to_string().as_str()), (word, told));
        assert_eq!((Side::parse(word), json!(side)), (Some(side), json!(word)));
    }
    for (kind, word) in [(Kind::Company, "company"), (Kind::Contact, "contact")] {
        assert_eq!((kind.as_str(), kind.to_string().as_str()), (word, word));
        assert_eq!((Kind::parse(word), json!(kind)), (Some(kind), json!(word)));
    }
    assert_eq!((Side::parse("CRM"), Kind::parse("")), (None, None));
}

#[test]
fn fields_are_read_back_from_their_words_by_kind() {
    for kind in Kind::BOTH {
        for field in Field::of(kind) {
            assert_eq!(Field::parse(kind, field.as_str()), Some(*field));
            assert_eq!(field.to_string(), field.as_str());
        }
    }
    assert_eq!(Field::parse(Kind::Company, "phone"), Some(Field::Phone));
    assert_eq!(Field::parse(Kind::Contact, "phone"), Some(Field::ContactPhone));
    assert_eq!((Field::parse(Kind::Contact, "address"), Field::parse(Kind::Company, "")), (None, None));
}

/// States of older releases hold these words.
#[test]
fn the_states_words_never_change() {
    let words = |fields: &[Field]| fields.iter().map(|field| json!(field)).collect::<Vec<_>>();
    let company = [
        "name",
        "tax_identity",
        "country",
        "address",
        "phone",
        "currency",
        "status",
        "due_days",
        "documents_language",
        "default_tax_rate",
        "invoice_comment",
        "external_payment_customer_id",
        "default_cost",
        "attribute_set",
        "cost_group",
        "cost_group_icon",
    ];
    assert_eq!(words(&Field::COMPANY), company);
    let contact = ["person_name", "email", "contact_phone", "title", "contact_type", "position", "parent"];
    assert_eq!(words(&Field::CONTACT), contact);
    for field in Field::COMPANY.into_iter().chain(Field::CONTACT) {
        assert_eq!(serde_json::from_value::<Field>(json!(field)).unwrap(), field);
    }
    let own = Field::from(CustomField::new(Kind::Contact, "birthday").unwrap());
    assert_eq!(json!(own), json!("custom.contact.birthday"));
    let map: BTreeMap<Field, u8> = serde_json::from_str(r#"{"name":1,"custom.contact.birthday":2}"#).unwrap();
    assert_eq!(map, BTreeMap::from([(Field::Name, 1), (own, 2)]));
    for word in ["\"nonsense\"", "\"custom.firm.x\"", "\"custom.company.\"", "\"custom.company.X\"", "7"] {
        assert!(serde_json::from_str::<Field>(word).is_err(), "{word}");
    }
    let told = serde_json::from_str::<Field>("7").unwrap_err().to_string();
    assert!(told.contains("expected the name of a field"), "{told}");
}

#[test]
fn declared_fields_come_last_and_are_of_their_kind() {
    let own = |kind, name| Field::from(CustomField::new(kind, name).unwrap());
    let (b, a, other) = (own(Kind::Company, "b"), own(Kind::Company, "a"), own(Kind::Contact, "a"));
    let every: Vec<Field> = Field::every(Kind::Company, [b, other, Field::Phone, a, b]).collect();
    assert_eq!(every[..Field::COMPANY.len()], Field::COMPANY);
    assert_eq!(every[Field::COMPANY.len()..], [a, b]);
    assert_eq!((a.as_str(), a.to_string(), a.kind()), ("a", "a".to_owned(), Kind::Company));
    assert_eq!((a.parts(), a.custom().is_some(), Field::Name.custom()), (&[Part::Whole][..], true, None));
    assert_eq!(Field::parse(Kind::Company, "a"), None, "only a configuration knows its own");
}

#[test]
fn parts_are_read_back_from_their_words() {
    let parts = Field::COMPANY.iter().chain(&Field::CONTACT).flat_map(|field| field.parts());
    for part in parts {
        assert_eq!((Part::parse(part.as_str()), json!(part)), (Some(*part), json!(part.as_str())));
    }
    assert_eq!((Part::parse("tin_country"), Part::parse("Whole")), (Some(Part::TinCountry), None));
}

#[rstest]
#[case(Direction::Both, None)]
#[case(Direction::ToCrm, Some(Side::Crm))]
#[case(Direction::ToFlowtly, Some(Side::Flowtly))]
fn a_one_way_field_has_one_target(#[case] direction: Direction, #[case] target: Option<Side>) {
    assert_eq!(direction.target(), target);
}

#[rstest]
#[case(true, false)]
#[case(false, true)]
fn creating_is_allowed_by_side(#[case] in_flowtly: bool, #[case] in_crm: bool) {
    let rules = KindRules {
        fields: BTreeMap::new(),
        create_in_flowtly: in_flowtly,
        create_in_crm: in_crm,
        gone: Gone::Report,
        match_fields: Vec::new(),
        defaults: BTreeMap::new(),
    };
    assert_eq!((rules.may_create(Side::Flowtly), rules.may_create(Side::Crm)), (in_flowtly, in_crm));
}

#[rstest]
#[case("17", Some(17))]
#[case("18446744073709551615", Some(u64::MAX))]
#[case("18446744073709551616", None)]
#[case("a17", None)]
#[case("", None)]
fn an_id_that_is_a_number_tells_which_came_later(#[case] id: &str, #[case] number: Option<u64>) {
    assert_eq!(RemoteId::new(id).as_number(), number);
    assert_eq!(RemoteId::new(id).to_string(), id);
}

#[rstest]
#[case(Kind::Company, Field::Name, Some("Acme"), "Acme")]
#[case(Kind::Contact, Field::PersonName, Some("Jan"), "Jan")]
#[case(Kind::Contact, Field::Name, Some("Acme"), "contact 17")]
#[case(Kind::Company, Field::Name, Some(" "), "company 17")]
#[case(Kind::Company, Field::Name, None, "company 17")]
fn a_record_is_told_by_its_name_else_by_its_id(
    #[case] kind: Kind,
    #[case] field: Field,
    #[case] text: Option<&str>,
    #[case] label: &str,
) {
    let reading = text.map_or(Reading::Unknown, |text| Reading::of(field, Text::whole(text), &Locale::default()));
    let record = Record { fields: BTreeMap::from([(field, reading)]), ..Record::bare(Side::Crm, kind, "17") };
    assert_eq!(record.label(), label);
}
