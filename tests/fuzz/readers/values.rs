//! Normal forms: any text through every type of value.

use flowtly_sync::domain::field::{Field, Form, Part};
use flowtly_sync::domain::value::{
    Facet, Locale, Reading, Text, country_code, country_name, is_placeholder, is_valid_email, match_name, match_person,
    tax_key,
};

use super::texts::{taken_apart, text_of};

pub fn values(input: &[u8]) {
    let (field, locale, which, texts) = taken_apart(input);
    for text in &texts {
        alone(text);
    }
    let mut texts = texts.into_iter();
    let (one, other) = (text_of(field, which, &mut texts), text_of(field, which >> 3, &mut texts));
    let (first, second) = (Reading::of(field, one.clone(), &locale), Reading::of(field, other, &locale));
    assert_eq!(first == Reading::Blank, one.is_blank());
    assert!(first.same_as(&first), "it is the same as itself");
    assert!(first.same_as(&Reading::of(field, one.clone(), &locale)), "a text has one normal form");
    assert_eq!(first.same_as(&second), second.same_as(&first));
    assert_eq!(first.agrees_with(&second), second.agrees_with(&first));
    normalised_twice(field, &first, &locale);
}

/// A normal form of one facet is its own normal form.
fn normalised_twice(field: Field, reading: &Reading, locale: &Locale) {
    let Some(value) = reading.value() else { return };
    assert!(value.normal().facets().next().is_some(), "what is there can be compared");
    assert!(reading.agrees_with(reading));
    if matches!(field.form(), Form::Address | Form::TaxIdentity) {
        return;
    }
    let normal = value.normal().facet(Facet::Whole).expect("a simple field has one facet");
    let again = Reading::of(field, Text::whole(normal), locale);
    let again = again.value().and_then(|value| value.normal().facet(Facet::Whole)).unwrap_or_default();
    assert_eq!(again, normal, "normalised twice is normalised once");
}

fn alone(text: &str) {
    if let Some(key) = match_name(text) {
        assert_eq!(match_name(&key).as_ref(), Some(&key), "a key is its own key");
    }
    let _ = (match_person(text), is_valid_email(text), is_placeholder(text));
    if let Some(code) = country_code(text) {
        assert_eq!(country_name(code).and_then(country_code), Some(code));
    }
    for part in [Part::Number, Part::Tin, Part::VatNumber] {
        let reading = Reading::of(Field::TaxIdentity, Text::of([(part, text)]), &Locale::default());
        if let Some(value) = reading.value() {
            let _ = (tax_key(value.normal(), None), tax_key(value.normal(), Some("PL")));
        }
    }
}
