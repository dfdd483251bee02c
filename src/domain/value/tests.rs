//! What holds for every form.

use proptest::prelude::*;

use super::normal::normalise;
use super::*;
use crate::domain::custom::one_of_each;
use crate::domain::field::Form;
use crate::domain::record::Kind;

fn locale() -> Locale {
    Locale { region: Some("PL".to_owned()), customs: one_of_each(Kind::Company) }
}

fn fields() -> impl Iterator<Item = Field> {
    let declared = || one_of_each(Kind::Company).into_keys().map(Field::from);
    Kind::BOTH.into_iter().flat_map(move |kind| Field::every(kind, declared()))
}

#[test]
fn each_form_is_normalised_in_its_own_way() {
    let cases = [
        (Field::Name, " Acme  GmbH ", "Acme GmbH"),
        (Field::InvoiceComment, "a \r\nb", "a\nb"),
        (Field::Phone, "22 123 45 67 w. 8", "+48221234567;ext=8"),
        (Field::Email, "A@B.pl", "a@b.pl"),
        (Field::Country, "Polska", "PL"),
        (Field::Currency, "zł", "PLN"),
        (Field::DocumentsLanguage, "pl_PL", "pl"),
        (Field::DueDays, "14.0", "14"),
        (Field::DefaultTaxRate, "23,00%", "23"),
        (Field::Status, " Active ", "Active"),
        (Field::DefaultCost, " 17", "17"),
        (Field::Parent, "4 ", "4"),
        (Field::PersonName, "Jan  Kowalski", "Jan Kowalski"),
    ];
    for (field, text, wanted) in cases {
        let normal = normalise(field, &Text::whole(text), &locale());
        assert_eq!(normal, Normal::whole(wanted), "{field:?}");
    }
}

#[test]
fn a_declared_field_is_normalised_as_its_type_and_as_text_where_nobody_declares_it() {
    let cases = [
        (CustomType::Text, " a  b\r\nc ", "a b\nc"),
        (CustomType::Number, "012,50", "12.5"),
        (CustomType::Number, "a dozen", "a dozen"),
        (CustomType::Date, "2026-05-01T10:00:00+02:00", "2026-05-01"),
        (CustomType::Date, "some  day", "some day"),
        (CustomType::Choice, " Gold ", "Gold"),
        (CustomType::Boolean, "Yes", "true"),
        (CustomType::Boolean, "perhaps", "perhaps"),
        (CustomType::Relation, " 17", "17"),
    ];
    for (sort, text, wanted) in cases {
        let field = Field::Custom(CustomField::new(Kind::Company, sort.as_str()).unwrap());
        assert_eq!(normalise(field, &Text::whole(text), &locale()), Normal::whole(wanted), "{sort}");
        let nobodys = normalise(field, &Text::whole(text), &Locale::default());
        assert_eq!(nobodys, Normal::whole(text::fold_lines(text)), "{sort}");
    }
}

#[test]
fn what_shows_nothing_is_blank() {
    let seen = |text: &str| Reading::of(Field::Name, Text::whole(text), &Locale::default());
    assert_eq!(seen(""), Reading::Blank);
    assert_eq!(seen(" \u{200b}\u{feff}\n"), Reading::Blank);
    assert_eq!(seen("x").text(), Some(Text::whole("x")));
    assert!(seen("").same_as(&Reading::Blank) && seen("").agrees_with(&seen("\t")));
    assert!(!Reading::Unknown.same_as(&Reading::Unknown) && !Reading::Unknown.agrees_with(&Reading::Blank));
    assert!(!seen("x").agrees_with(&Reading::Blank) && !Reading::Blank.same_as(&seen("x")));
}

#[test]
fn two_sides_agree_on_what_both_have_and_one_side_is_the_same_in_everything() {
    let of = |parts| Reading::of(Field::Address, parts, &Locale::default());
    let with_country = of(Text::of([(Part::City, "Warszawa"), (Part::Country, "PL")]));
    let without = of(Text::of([(Part::City, " Warszawa")]));
    assert!(with_country.agrees_with(&without) && without.agrees_with(&with_country));
    assert!(!with_country.same_as(&without));
    let line = of(Text::of([(Part::Line, "ul. Prosta 51")]));
    assert!(!line.agrees_with(&without), "nothing in common is no agreement");
}

#[test]
fn a_text_is_shown_in_one_line() {
    let text =
        Text::of([(Part::Street, "ul. Prosta"), (Part::Building, "51"), (Part::Unit, ""), (Part::City, "Warszawa")]);
    assert_eq!(text.to_string(), "ul. Prosta 51, Warszawa");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_normal_form_of_one_facet_is_its_own(text in prop_oneof![any::<String>(), "[ -~]{0,24}", "[0-9+ .,-]{0,16}"]) {
        for field in fields().filter(|field| !matches!(field.form(), Form::Address | Form::TaxIdentity)) {
            let once = normalise(field, &Text::whole(text.as_str()), &locale());
            let normal = once.facet(Facet::Whole).unwrap_or_default();
            prop_assert_eq!(&normalise(field, &Text::whole(normal), &locale()), &once, "{:?}", field);
        }
    }

    #[test]
    fn no_text_panics_in_any_part(texts in prop::collection::vec(any::<String>(), 7), region in any::<String>()) {
        let locale = Locale { region: Some(region), ..locale() };
        for field in fields() {
            let text: Text = field.parts().iter().copied().zip(texts.iter().cloned()).collect();
            let reading = Reading::of(field, text.clone(), &locale);
            prop_assert_eq!(reading == Reading::Blank, text.is_blank());
        }
    }
}
