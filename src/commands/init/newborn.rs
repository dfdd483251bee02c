//! What a record created in Flowtly is given where the CRM has nothing: the organisation's own words, the ones most used are
//! proposed.

use std::collections::BTreeSet;

use super::examine::SeenKind;
use super::text::{comment, quoted};
use crate::commands::check::lacking;
use crate::config::{Key, Settings};
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::render::words::place;

/// How many other values are told.
const TOLD: usize = 5;

/// A value that new records are to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// What the configuration calls it: `status`, `tin_type`.
    pub(super) name: String,
    /// What people call it.
    pub(super) words: String,
    /// What it might be, the most used first.
    pub(super) choices: Vec<String>,
    /// What was answered.
    pub(super) taken: Option<String>,
}

impl Value {
    /// Its key.
    pub(super) fn key(&self) -> Key {
        Key::of("flowtly.defaults").child(self.kind.as_str()).child(&self.name)
    }

    /// The other choices, for people.
    pub(super) fn others(&self) -> Option<String> {
        let others: Vec<&str> = self.choices.iter().skip(1).take(TOLD).map(String::as_str).collect();
        (!others.is_empty()).then(|| format!("there are also {}", others.join(", ")))
    }
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Newborn {
    pub(super) values: Vec<Value>,
}

/// What nothing supplies in `settings`, which map what is going to be mapped.
pub(super) fn lacks(settings: &Settings, kind: Kind, required: &BTreeSet<Field>, seen: &SeenKind) -> Vec<Value> {
    let (flowtly, crm) = (settings.shape(Side::Flowtly, kind), settings.shape(Side::Crm, kind));
    let rules = settings.kind_rules(kind);
    // The type of a tax number belongs to the number, and no CRM has it.
    let tax = (!crm.parts(Field::TaxIdentity).is_empty()).then_some(Field::TaxIdentity);
    let required: BTreeSet<Field> = required.iter().copied().chain(tax).collect();
    let lacking = lacking(flowtly, crm, rules, &required, &seen.properties);
    let values = lacking.into_iter().map(|lack| {
        let mut choices = lack.choices.to_vec();
        if let (true, Some((used, _))) = (choices.is_empty(), seen.most_used(lack.field, lack.part)) {
            choices.push(used);
        }
        let name = if lack.part == Part::Whole { lack.field.to_string() } else { lack.part.as_str().to_owned() };
        Value { kind, name, words: place(lack.field, lack.part), choices, taken: None }
    });
    values.collect()
}

impl Newborn {
    /// The lines of its tables.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for kind in Kind::BOTH {
            let values: Vec<&Value> = self.values.iter().filter(|value| value.kind == kind).collect();
            if values.is_empty() {
                continue;
            }
            lines.push(String::new());
            lines.push(format!("[flowtly.defaults.{kind}]"));
            lines.extend(comment(&format!(
                "What a {kind} created in Flowtly is given where the CRM has nothing. Flowtly demands these; without them none is \
                 created."
            )));
            for value in values {
                let used = (value.taken.is_none() && !value.choices.is_empty()).then(|| "the most used one".to_owned());
                let remarks: Vec<String> = [used, value.others()].into_iter().flatten().collect();
                let remark = if remarks.is_empty() { String::new() } else { format!("   # {}", remarks.join("; ")) };
                lines.push(match (&value.taken, value.choices.first()) {
                    (Some(taken), _) => format!("{} = {}{remark}", value.name, quoted(taken)),
                    (None, Some(used)) => format!("# {} = {}{remark}", value.name, quoted(used)),
                    (None, None) => format!("# {} = \"\"", value.name),
                });
            }
        }
        lines
    }
}
