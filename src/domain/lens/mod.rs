//! Two-way transforms between one system's shape of a field and the other's.
//!
//! A side is written facet by facet: what already agrees keeps the spelling that its own people gave it. Every composite
//! tries its ways of writing in order of preference and takes the first that reads back as the source; the last way (all
//! of it in one part) always does.

use super::field::{Field, Form, Part};
use super::value::normal::normalise;
use super::value::{Facet, Locale, Normal, Text};

mod address;
mod country;
mod name;
mod tax;

/// Puts what `source` says into `target`, the other side's present text with the parts `target_parts`.
///
/// Only facets that differ are rewritten, so that the target's spelling of the rest stays. A blank source blanks every part
/// of the target but the type of a tax number, which a system may demand of whoever has no number. What the source does not carry stays as it is; what the target does not carry is dropped. Laws:
///
/// - what is put is read back: `put(s, t)` agrees with `s`, as far as the two have a facet in common that is not blank;
/// - putting what is already there changes nothing: `put(s, t) == t` if they agree;
/// - putting twice is putting once, and what was there before leaves no trace in what is compared.
pub fn put(field: Field, source: &Text, target: &Text, target_parts: &[Part], locale: &Locale) -> Text {
    if source.says_nothing() {
        return if target.says_nothing() { target.clone() } else { blanked(target, target_parts) };
    }
    let wanted = normalise(field, source, locale);
    if !target.is_blank() && wanted.agrees_with(&normalise(field, target, locale)) {
        return target.clone();
    }
    let present = filled(target, target_parts);
    match locale.form(field) {
        Form::PersonName => name::put(source, &present),
        Form::Address => address::put(source, &wanted, &present),
        Form::TaxIdentity => tax::put(source, &wanted, &present),
        Form::Country => {
            let text = |text: &Text| text.part(Part::Whole).unwrap_or_default().to_owned();
            Text::whole(country::put(&text(source), &text(&present)))
        }
        // A declared field goes to a property whose spelling nobody knows: its normal form is what every system reads.
        Form::Date | Form::Boolean => Text::whole(wanted.facet(Facet::Whole).unwrap_or_default()),
        Form::Decimal if field.custom().is_some() => Text::whole(wanted.facet(Facet::Whole).unwrap_or_default()),
        Form::Text
        | Form::Lines
        | Form::Phone
        | Form::Email
        | Form::Currency
        | Form::Language
        | Form::Integer
        | Form::Decimal
        | Form::Choice
        | Form::Reference
        | Form::Parent
        | Form::Custom => source.clone(),
    }
}

/// The target's text with each of its parts, blank where it had none.
fn filled(target: &Text, parts: &[Part]) -> Text {
    let mut text = target.clone();
    for part in parts {
        if text.part(*part).is_none() {
            text.set(*part, "");
        }
    }
    text
}

fn blanked(target: &Text, parts: &[Part]) -> Text {
    let mut text: Text = parts.iter().map(|part| (*part, String::new())).collect();
    for (part, there) in target.parts() {
        text.set(part, if part == Part::TinType { there } else { "" });
    }
    text
}

/// The first way of writing that reads back as `wanted`; else the last one.
fn first_that_reads_back(
    ways: impl IntoIterator<Item = Text>,
    last: Text,
    read: impl Fn(&Text) -> Normal,
    wanted: &Normal,
) -> Text {
    ways.into_iter().find(|way| wanted.agrees_with(&read(way))).unwrap_or(last)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod laws;
