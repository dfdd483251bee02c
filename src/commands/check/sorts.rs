//! Whether a property holds the sort of values that its mapping takes it for, and can be looked up where it is to be.

use super::properties::said_in;
use super::{failure, ok, warning};
use crate::connector::port::{Presence, Property, PropertySort};
use crate::domain::custom::CustomType;
use crate::domain::field::{Form, Part};
use crate::domain::record::Side;
use crate::domain::shape::{Cell, Shape};
use crate::render::lists::check::Finding;
use crate::render::words::place;

/// How a property's sort goes with what it is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It does.
    Well,
    /// It does, with something to know: what, and the mend.
    But(&'static str, &'static str),
    /// It does not.
    Not,
}

/// Judges the sort of a property's values, where the system tells it.
pub(super) fn sort(shape: &Shape, property: &Property, cell: &Cell) -> Option<Finding> {
    let (wanted, found) = (wanted(cell)?, property.sort?);
    let area = shape.side.to_string();
    let what = format!("{}: {} ({})", shape.kind, property.path, place(cell.field, cell.part));
    let table = said_in(shape, cell.field);
    match fit(wanted, found, cell) {
        Fit::Well => typed(shape, found, cell).map(|mend| {
            let message = format!("{what} is a text there, and would be sent as something else");
            failure(&area, message, Some(format!("{mend} under [{table}]")))
        }),
        Fit::But(why, mend) => {
            Some(warning(&area, format!("{what} holds {} there: {why}", words(found)), format!("{mend} ([{table}])")))
        }
        Fit::Not => {
            let mend = match cell.field.custom() {
                Some(_) => format!("set another `type` under [{table}], or name another property"),
                None => format!("name another property under [{table}]"),
            };
            let told = property.type_name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
            let message = format!("{what} holds {} there{told}, and is mapped as {}", words(found), named(wanted));
            Some(failure(&area, message, Some(mend)))
        }
    }
}

/// The declared fields whose properties are there and of which the system does not tell what they hold.
pub(super) fn untold(shape: &Shape, properties: &[Property]) -> Option<Finding> {
    let untold: Vec<String> = shape
        .cells
        .iter()
        .zip(properties)
        .filter(|(cell, property)| {
            cell.declared.is_some() && property.sort.is_none() && property.presence != Presence::Missing
        })
        .map(|(cell, _)| format!("{} ({})", cell.path, cell.field))
        .collect();
    let message = format!(
        "{}: what these hold is not told there, and is taken from [custom.{0}]: {}",
        shape.kind,
        untold.join(", ")
    );
    (!untold.is_empty()).then(|| ok(&shape.side.to_string(), message))
}

/// Judges whether what a relation refers to can be looked up.
pub(super) fn look_up(shape: &Shape, property: &Property, cell: &Cell) -> Option<Finding> {
    let look_up = cell.declared.as_ref()?.look_up.as_ref()?;
    let table = said_in(shape, cell.field);
    let what = format!("{}: {} ({})", shape.kind, property.path, place(cell.field, cell.part));
    let (message, mend) = match property.looked_up {
        Some(true) => return None,
        Some(false) => (
            format!("{what} cannot be looked up: {} is not shown, or shows no {}", look_up.list, look_up.label),
            format!("correct `look_up` and `label` under [{table}]; until then its field is left alone"),
        ),
        None => (
            format!("{what} cannot be looked up: nothing is looked up in this system"),
            format!("remove `look_up` under [{table}]: then the property's own text travels"),
        ),
    };
    Some(failure(&shape.side.to_string(), message, Some(mend)))
}

/// What a property is taken for; `None` where anything may stand in it.
fn wanted(cell: &Cell) -> Option<CustomType> {
    if let Some(declared) = &cell.declared {
        return Some(declared.sort);
    }
    match cell.field.form() {
        Form::Integer | Form::Decimal => Some(CustomType::Number),
        Form::Date => Some(CustomType::Date),
        Form::Boolean => Some(CustomType::Boolean),
        Form::Choice => Some(CustomType::Choice),
        Form::Reference => Some(CustomType::Relation),
        Form::Text | Form::Lines | Form::Phone | Form::Email | Form::PersonName => Some(CustomType::Text),
        Form::Address if cell.part != Part::Country => Some(CustomType::Text),
        // Codes and names of countries, currencies, languages and tax types are texts, choices or references.
        Form::Address
        | Form::TaxIdentity
        | Form::Country
        | Form::Currency
        | Form::Language
        | Form::Parent
        | Form::Custom => None,
    }
}

fn fit(wanted: CustomType, found: PropertySort, cell: &Cell) -> Fit {
    let is_translated = !cell.table.is_empty();
    match (wanted, found) {
        (_, PropertySort::Text)
        | (CustomType::Number, PropertySort::Number)
        | (CustomType::Date, PropertySort::Date)
        | (CustomType::Boolean, PropertySort::Boolean)
        | (CustomType::Choice | CustomType::Text, PropertySort::Choice | PropertySort::Relation)
        | (CustomType::Relation, PropertySort::Relation | PropertySort::Choice | PropertySort::Number) => Fit::Well,
        // A table makes of it whatever the field is.
        (_, PropertySort::Choice | PropertySort::Relation | PropertySort::Number | PropertySort::Boolean)
            if is_translated =>
        {
            Fit::Well
        }
        (CustomType::Date, PropertySort::Moment) => Fit::But(
            "of its times only the day counts",
            "let it travel from there alone, or map a property that holds days",
        ),
        (CustomType::Choice | CustomType::Text, PropertySort::Choices) => {
            Fit::But("each combination is a text of its own", "map a property that holds one choice")
        }
        (
            CustomType::Text,
            PropertySort::Number | PropertySort::Date | PropertySort::Moment | PropertySort::Boolean,
        ) => Fit::But(
            "another spelling of the same value counts as a change",
            "map it as what it is: a field of its own type",
        ),
        (
            CustomType::Number | CustomType::Date | CustomType::Boolean | CustomType::Choice | CustomType::Relation,
            _,
        ) => Fit::Not,
    }
}

/// Flowtly's interface has types: a number that is sent for a text is refused.
fn typed(shape: &Shape, found: PropertySort, cell: &Cell) -> Option<&'static str> {
    let sent_as = cell.declared.as_ref()?.sent_as;
    let is_text = shape.side == Side::Flowtly && found == PropertySort::Text && cell.writable;
    (is_text && sent_as != CustomType::Text).then_some("write flowtly = { path = \"…\", sent_as = \"text\" }")
}

const fn words(sort: PropertySort) -> &'static str {
    match sort {
        PropertySort::Text => "text",
        PropertySort::Number => "numbers",
        PropertySort::Date => "dates",
        PropertySort::Moment => "dates with a time",
        PropertySort::Choice => "one of several choices",
        PropertySort::Choices => "several of several choices",
        PropertySort::Boolean => "true or false",
        PropertySort::Relation => "references",
    }
}

const fn named(sort: CustomType) -> &'static str {
    match sort {
        CustomType::Text => "text",
        CustomType::Number => "a number",
        CustomType::Date => "a date",
        CustomType::Choice => "a choice",
        CustomType::Boolean => "true or false",
        CustomType::Relation => "a relation",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::custom::CustomField;
    use crate::domain::field::Field;
    use crate::domain::record::Kind;
    use crate::domain::shape::Declared;

    fn cell(sort: CustomType, table: &[(&str, &str)]) -> Cell {
        let field: Field = CustomField::new(Kind::Company, "own").unwrap().into();
        Cell {
            declared: Some(Declared::new(sort)),
            table: table.iter().map(|(theirs, ours)| ((*theirs).to_owned(), (*ours).to_owned())).collect(),
            ..Cell::new(field, Part::Whole, "x")
        }
    }

    #[rstest]
    #[case(CustomType::Number, PropertySort::Number, "well")]
    #[case(CustomType::Number, PropertySort::Text, "well")]
    #[case(CustomType::Number, PropertySort::Choice, "not")]
    #[case(CustomType::Number, PropertySort::Date, "not")]
    #[case(CustomType::Date, PropertySort::Date, "well")]
    #[case(CustomType::Date, PropertySort::Moment, "but")]
    #[case(CustomType::Date, PropertySort::Number, "not")]
    #[case(CustomType::Boolean, PropertySort::Boolean, "well")]
    #[case(CustomType::Boolean, PropertySort::Choice, "not")]
    #[case(CustomType::Choice, PropertySort::Choice, "well")]
    #[case(CustomType::Choice, PropertySort::Choices, "but")]
    #[case(CustomType::Choice, PropertySort::Number, "not")]
    #[case(CustomType::Text, PropertySort::Number, "but")]
    #[case(CustomType::Text, PropertySort::Relation, "well")]
    #[case(CustomType::Relation, PropertySort::Number, "well")]
    #[case(CustomType::Relation, PropertySort::Date, "not")]
    fn a_sort_goes_with_a_type_or_not(#[case] wanted: CustomType, #[case] found: PropertySort, #[case] told: &str) {
        let word = match fit(wanted, found, &cell(wanted, &[])) {
            Fit::Well => "well",
            Fit::But(..) => "but",
            Fit::Not => "not",
        };
        assert_eq!(word, told);
    }

    #[test]
    fn a_table_makes_choices_of_other_sorts() {
        let cell = |sort| cell(sort, &[("1", "true")]);
        assert_eq!(fit(CustomType::Boolean, PropertySort::Choice, &cell(CustomType::Boolean)), Fit::Well);
        assert_eq!(fit(CustomType::Choice, PropertySort::Number, &cell(CustomType::Choice)), Fit::Well);
        assert_eq!(fit(CustomType::Number, PropertySort::Relation, &cell(CustomType::Number)), Fit::Well);
        assert_eq!(fit(CustomType::Choice, PropertySort::Date, &cell(CustomType::Choice)), Fit::Not);
    }

    #[test]
    fn a_text_of_flowtly_takes_no_number() {
        let cell = cell(CustomType::Number, &[]);
        let shape =
            |side| Shape { side, kind: Kind::Company, cells: Vec::new(), watched: Vec::new(), scope: Vec::new() };
        assert!(typed(&shape(Side::Flowtly), PropertySort::Text, &cell).is_some());
        assert!(typed(&shape(Side::Flowtly), PropertySort::Number, &cell).is_none());
        assert!(typed(&shape(Side::Crm), PropertySort::Text, &cell).is_none(), "each connector knows its own");
    }
}
