//! From a text to its normal form: the one `match` on a field's form.

use super::{Locale, Normal, Text};
use super::{boolean, choice, country, currency, date, email, language, number, person, phone, postal, tax, text};
use crate::domain::field::{Field, Form, Part};

/// The normal form of a text that is not blank.
pub(crate) fn normalise(field: Field, text: &Text, locale: &Locale) -> Normal {
    let whole = text.part(Part::Whole).unwrap_or_default();
    Normal::whole(match locale.form(field) {
        Form::PersonName => return person::person(text),
        Form::Address => return postal::address(text),
        Form::TaxIdentity => return tax::tax_identity(text),
        Form::Text => text::fold(whole),
        Form::Lines | Form::Custom => text::fold_lines(whole),
        Form::Phone => phone::phone(whole, locale),
        Form::Email => email::email(whole),
        Form::Country => country::country(whole),
        Form::Currency => currency::currency(whole),
        Form::Language => language::language(whole),
        Form::Integer => number::integer(whole),
        Form::Decimal => number::decimal(whole),
        Form::Date => date::date(whole),
        Form::Boolean => boolean::boolean(whole),
        Form::Choice | Form::Reference | Form::Parent => choice::exact(whole),
    })
}
