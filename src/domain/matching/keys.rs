//! The keys of a record: only what is valid, and no placeholders.

use super::MatchKeys;
use crate::domain::field::Field;
use crate::domain::plan::{KeyKind, LinkId};
use crate::domain::record::{Record, Side};
use crate::domain::rules::KindRules;
use crate::domain::value::{Facet, Normal, Text, Value};

/// The keys of a company. `organisation` is Flowtly's account id, used for the stored id.
///
/// A configured field is a key by its one whole text; a composite has none, since two systems may carry other parts of it.
pub fn company_keys(record: &Record, organisation: &str, rules: &KindRules) -> MatchKeys {
    let mut keys = MatchKeys::default();
    let mut add = |kind, key: Option<String>| {
        if let Some(key) = key {
            keys.keys.insert(kind, key);
        }
    };
    let value = |field| record.reading(field).value();
    let country = value(Field::Country).and_then(|country| country.normal().facet(Facet::Whole));
    let name = value(Field::Name).and_then(|name| recognise::name(name.text()));
    add(KeyKind::StoredId, stored_id(record, organisation));
    add(KeyKind::TaxNumber, value(Field::TaxIdentity).and_then(|tax| recognise::tax_number(tax.normal(), country)));
    if let (Some(name), Some(country)) = (&name, country) {
        // The country first, and without a space (it may be no country at all), so that two keys cannot run into each other.
        add(KeyKind::NameAndCountry, Some(format!("{} {name}", country.replace(' ', "-"))));
    }
    add(KeyKind::Name, name);
    for (position, field) in (0..=u8::MAX).zip(&rules.match_fields) {
        add(KeyKind::Configured(position), value(*field).and_then(configured));
    }
    keys
}

/// The keys of a contact whose company is the link `parent`.
pub fn contact_keys(record: &Record, parent: LinkId) -> MatchKeys {
    let mut keys = MatchKeys::default();
    let email = record.reading(Field::Email).value().and_then(|email| recognise::email(email.normal()));
    let name = record.reading(Field::PersonName).value().and_then(|name| recognise::person(name.text()));
    if let Some(email) = email {
        let LinkId(parent) = parent;
        if let Some(name) = name {
            // Neither a number nor an address has a space in it.
            keys.keys.insert(KeyKind::EmailAndName, format!("{parent} {email} {name}"));
        }
        keys.keys.insert(KeyKind::Email, format!("{parent} {email}"));
    }
    keys
}

fn stored_id(record: &Record, organisation: &str) -> Option<String> {
    match record.side {
        // Without an organisation the id could be anybody's.
        Side::Flowtly => (!organisation.is_empty()).then(|| format!("{organisation}/{}", record.id)),
        Side::Crm => record.stored_id.as_deref().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned),
    }
}

fn configured(value: &Value) -> Option<String> {
    let text = value.normal().facet(Facet::Whole)?;
    (!recognise::is_placeholder(text)).then(|| text.to_owned())
}

/// The one place that says when two texts name the same firm or person.
mod recognise {
    use super::{Facet, Normal, Text};
    use crate::domain::value;

    pub(super) fn tax_number(normal: &Normal, fallback_country: Option<&str>) -> Option<String> {
        value::tax_key(normal, fallback_country)
    }

    pub(super) fn name(text: &Text) -> Option<String> {
        value::match_name(&text.to_string())
    }

    pub(super) fn person(text: &Text) -> Option<String> {
        value::match_person(&text.to_string())
    }

    pub(super) fn email(normal: &Normal) -> Option<String> {
        let address = normal.facet(Facet::Whole)?;
        (value::is_valid_email(address) && !value::is_placeholder(address)).then(|| address.to_owned())
    }

    pub(super) fn is_placeholder(text: &str) -> bool {
        value::is_placeholder(text)
    }
}
