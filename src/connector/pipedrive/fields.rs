//! The fields of an account: custom ones have keys of their own in every account, so they are found by name.

use std::collections::BTreeSet;

use serde_json::Value;

use super::layout::Layout;
use super::place::{Path, Place};
use super::settings::SELECTED_FIELDS;
use super::wire::FieldShown;
use crate::connector::error::{ErrorKind, PortError};

/// How a field's value looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldType {
    /// A text, also telephone numbers and dates.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// One choice, by its number.
    One,
    /// Several choices, by their numbers.
    Several,
    /// An amount with its currency.
    Money,
    /// An address in parts.
    Address,
    /// A time of day, with its zone.
    Time,
    /// From one day or time until another.
    Range,
    /// The number of another record.
    Reference,
}

impl FieldType {
    fn parse(type_name: &str) -> Self {
        match type_name {
            "double" | "int" => Self::Number,
            "boolean" => Self::Boolean,
            "enum" => Self::One,
            "set" => Self::Several,
            "monetary" => Self::Money,
            "address" => Self::Address,
            "time" => Self::Time,
            "daterange" | "timerange" => Self::Range,
            "user" | "org" | "people" | "deal" | "lead" | "project" | "stage" | "activity" => Self::Reference,
            // varchar, text, varchar_auto, phone, date, and what may come.
            _ => Self::Text,
        }
    }
}

/// One field of a kind.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) field_type: FieldType,
    /// Its choices: number and label.
    pub(super) options: Vec<(u64, String)>,
    pub(super) custom: bool,
}

impl Definition {
    fn of(shown: FieldShown) -> Self {
        let options = shown.options.unwrap_or_default().into_iter();
        Self {
            field_type: FieldType::parse(&shown.field_type),
            code: shown.field_code,
            name: shown.field_name,
            type_name: shown.field_type,
            options: options.filter_map(|choice| Some((choice.id.as_u64()?, choice.label))).collect(),
            custom: shown.is_custom_field,
        }
    }

    /// The label of a choice.
    pub(super) fn label(&self, id: u64) -> Option<&str> {
        self.options.iter().find(|(known, _)| *known == id).map(|(_, label)| label.as_str())
    }

    /// The number of a choice.
    pub(super) fn choice(&self, label: &str) -> Option<u64> {
        let by = |same: &dyn Fn(&str) -> bool| self.options.iter().find(|(_, known)| same(known)).map(|(id, _)| *id);
        by(&|known| known == label).or_else(|| by(&|known| known.trim().eq_ignore_ascii_case(label.trim())))
    }
}

/// Where a mapped property is found in a record of this account.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    /// A value of Pipedrive's own; what is known of it.
    Standard(String, Option<Definition>),
    /// A part of one.
    Part(String, String),
    /// The primary one of a list (`emails`, `phones`).
    Primary(String),
    /// A custom field, and the part that is meant.
    Custom(Box<Definition>, Option<String>),
    /// The account has no such field.
    Missing,
}

/// What is mapped, found in one account.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) definitions: Vec<Definition>,
    /// In the order of a row's texts.
    pub(super) slots: Vec<Slot>,
    /// The field for our id.
    pub(super) id_field: Option<Slot>,
    /// The keys of the custom fields that are needed; `None` where there are too many to be named.
    pub(super) selected: Option<Vec<String>>,
}

impl Bound {
    /// Fails with [`ErrorKind::Setting`] where a name means two fields.
    pub(super) fn new(layout: &Layout, shown: Vec<FieldShown>) -> Result<Self, PortError> {
        let definitions: Vec<Definition> = shown.into_iter().map(Definition::of).collect();
        let slots = layout.paths.iter().map(|path| slot(&definitions, path)).collect::<Result<Vec<_>, _>>()?;
        let id_field = layout.id_field.as_ref().map(|path| slot(&definitions, path)).transpose()?;
        let keys: BTreeSet<&str> = slots
            .iter()
            .chain(&id_field)
            .filter_map(|slot| match slot {
                Slot::Custom(definition, _) => Some(definition.code.as_str()),
                Slot::Standard(..) | Slot::Part(..) | Slot::Primary(_) | Slot::Missing => None,
            })
            .collect();
        let few = (1..=SELECTED_FIELDS).contains(&keys.len());
        let selected = few.then(|| keys.into_iter().map(str::to_owned).collect());
        Ok(Self { definitions, slots, id_field, selected })
    }

    /// The key of the custom field for our id.
    pub(super) fn id_key(&self) -> Option<&str> {
        match &self.id_field {
            Some(Slot::Custom(definition, _)) => Some(&definition.code),
            Some(Slot::Standard(..) | Slot::Part(..) | Slot::Primary(_) | Slot::Missing) | None => None,
        }
    }
}

/// Finds a property.
pub(super) fn slot(definitions: &[Definition], path: &Path) -> Result<Slot, PortError> {
    let custom = |definition: &Definition| Slot::Custom(Box::new(definition.clone()), path.part.clone());
    Ok(match &path.place {
        Place::Standard(name) if name == "emails" || name == "phones" => Slot::Primary(name.clone()),
        Place::Standard(name) => Slot::Standard(name.clone(), standard(definitions, name).cloned()),
        Place::StandardPart(name, part) => Slot::Part(name.clone(), part.clone()),
        Place::Key(key) => {
            definitions.iter().find(|known| known.custom && known.code == *key).map_or(Slot::Missing, custom)
        }
        Place::Custom(name) => {
            let named: Vec<&Definition> =
                definitions.iter().filter(|known| known.custom && known.name.trim() == name.trim()).collect();
            match named.as_slice() {
                [] => Slot::Missing,
                [only] => custom(only),
                [first, second, ..] => return Err(two_of_one_name(name, first, second)),
            }
        }
    })
}

/// One of Pipedrive's own fields.
pub(super) fn standard<'d>(definitions: &'d [Definition], name: &str) -> Option<&'d Definition> {
    definitions.iter().find(|known| !known.custom && known.code == name)
}

fn two_of_one_name(name: &str, first: &Definition, second: &Definition) -> PortError {
    PortError::new(
        ErrorKind::Setting,
        format!(
            "Pipedrive has several custom fields named \"{name}\": rename all but one, or map one by its key (key:{} or \
             key:{})",
            first.code, second.code
        ),
    )
}

/// The numbers of choices in a value, in whatever form it shows them.
pub(super) fn choices(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value],
    }
}
