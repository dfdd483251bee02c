//! Values without which a side creates nothing, and that nothing supplies: a default is proposed.

use std::collections::BTreeSet;

use super::warning;
use crate::connector::port::Property;
use crate::domain::field::{Field, Form, Part};
use crate::domain::rules::KindRules;
use crate::domain::shape::Shape;
use crate::render::lists::check::Finding;
use crate::render::words::place;

/// How many choices are told.
const CHOICES: usize = 5;

/// A value that a side demands of a new record, and that nothing supplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) struct Lack<'a> {
    pub(in crate::commands) field: Field,
    pub(in crate::commands) part: Part,
    /// What it may be, the most used first, as far as that is seen.
    pub(in crate::commands) choices: &'a [String],
}

/// What is demanded of a record created on `shape`'s side and comes neither from the other side's mapping nor from a
/// default: told, with a proposal. `properties` stand in the order of [`Shape::paths`].
pub(super) fn unsupplied(
    shape: &Shape,
    other: &Shape,
    rules: &KindRules,
    required: &BTreeSet<Field>,
    properties: &[Property],
) -> Vec<Finding> {
    lacking(shape, other, rules, required, properties).iter().map(|lack| propose(shape, lack)).collect()
}

/// The same as data.
pub(in crate::commands) fn lacking<'a>(
    shape: &Shape,
    other: &Shape,
    rules: &KindRules,
    required: &BTreeSet<Field>,
    properties: &'a [Property],
) -> Vec<Lack<'a>> {
    if !rules.may_create(shape.side) {
        return Vec::new();
    }
    required
        .iter()
        .filter_map(|field| {
            let part = demanded_part(shape, *field)?;
            let is_default = rules
                .defaults
                .get(&(shape.side, *field))
                .and_then(|text| text.part(part))
                .is_some_and(|text| !text.trim().is_empty());
            // A whole name may come in parts, and parts from a whole: the lens sees to that. A type comes from nothing else.
            let theirs = other.parts(*field);
            let is_mapped = if part == Part::TinType { theirs.contains(&part) } else { !theirs.is_empty() };
            let position = shape.cells.iter().position(|cell| cell.field == *field && cell.part == part);
            let property = position.and_then(|position| properties.get(position));
            let choices = property.map_or(&[][..], |property| &property.choices);
            (!is_default && !is_mapped).then_some(Lack { field: *field, part, choices })
        })
        .collect()
}

/// The part without which the field is not accepted; `None` where the side does not carry it.
fn demanded_part(shape: &Shape, field: Field) -> Option<Part> {
    let parts = shape.parts(field);
    match field.form() {
        // A number may be lacking, its type may not.
        Form::TaxIdentity => parts.contains(&Part::TinType).then_some(Part::TinType),
        Form::Text
        | Form::Lines
        | Form::Phone
        | Form::Email
        | Form::Country
        | Form::Currency
        | Form::Language
        | Form::Integer
        | Form::Decimal
        | Form::Date
        | Form::Boolean
        | Form::Choice
        | Form::Reference
        | Form::PersonName
        | Form::Address
        | Form::Parent
        | Form::Custom => parts.first().copied(),
    }
}

fn propose(shape: &Shape, lack: &Lack<'_>) -> Finding {
    let (side, kind) = (shape.side, shape.kind);
    let Lack { field, part, choices } = *lack;
    let name = place(field, part);
    let table = format!("[{}.defaults.{kind}]", side.as_str());
    let mend = match choices.first() {
        Some(most_used) => {
            let text = toml::Value::String(most_used.clone());
            let line = if part == Part::Whole {
                format!("{field} = {text}")
            } else {
                format!("{field} = {{ {} = {text} }}", part.as_str())
            };
            let others = choices.iter().skip(1).take(CHOICES - 1).map(String::as_str).collect::<Vec<_>>();
            let others =
                if others.is_empty() { String::new() } else { format!(" (there are also {})", others.join(", ")) };
            format!("the most used value is a likely default: `{line}` under {table}{others}")
        }
        None => format!("set a default under {table}, or map a property of the other side to it"),
    };
    warning(
        &side.to_string(),
        format!("{kind}: {side} demands {name}, and nothing supplies it: such records are not created"),
        mend,
    )
}
