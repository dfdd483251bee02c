//! What the user decides: `[rules…]` and the defaults of new records become [`KindRules`].

use std::collections::BTreeMap;

use toml::Value;

use super::custom::{self, Custom};
use super::key::Key;
use super::mapping;
use super::reader::Reader;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::domain::rules::{Direction, Drift, FieldRule, Gone, KindRules, Preference};
use crate::domain::shape::Shape;
use crate::domain::value::Text;

const DIRECTIONS: [(&str, Option<Direction>); 4] = [
    ("both", Some(Direction::Both)),
    ("to-crm", Some(Direction::ToCrm)),
    ("to-flowtly", Some(Direction::ToFlowtly)),
    ("off", None),
];
const PREFERENCES: [(&str, Preference); 3] =
    [("ask", Preference::Ask), ("flowtly", Preference::Flowtly), ("crm", Preference::Crm)];
const DRIFTS: [(&str, Drift); 2] = [("keep", Drift::Keep), ("correct", Drift::Correct)];
const GONE: [(&str, Gone); 2] = [("report", Gone::Report), ("unlink", Gone::Unlink)];
/// The keys of one field's rule.
pub(super) const RULE: [&str; 4] = ["direction", "conflict", "first", "drift"];

/// Reads the rules of a kind whose mappings on both sides are given, and the fields that are declared for it.
pub(super) fn read(reader: &mut Reader<'_>, kind: Kind, flowtly: &Shape, crm: &Shape, customs: &[Custom]) -> KindRules {
    let parent = Key::of("rules").child(kind.as_str());
    let fields = fields(reader, kind, &parent, (flowtly, crm), customs);
    KindRules {
        create_in_flowtly: reader.switch(&parent.child("create_in_flowtly")),
        create_in_crm: reader.switch(&parent.child("create_in_crm")),
        gone: reader.choice(&parent.child("gone"), &GONE, Gone::Report),
        match_fields: match_fields(reader, kind, &parent, (flowtly, crm), customs),
        defaults: [flowtly, crm].into_iter().flat_map(|shape| defaults(reader, shape, customs)).collect(),
        fields,
    }
}

fn fields(
    reader: &mut Reader<'_>,
    kind: Kind,
    parent: &Key,
    (flowtly, crm): (&Shape, &Shape),
    customs: &[Custom],
) -> BTreeMap<Field, FieldRule> {
    let general = rule(reader, parent, None);
    let table_key = parent.child("fields");
    for (name, value) in reader.table(&table_key) {
        let key = table_key.child(name);
        if customs.iter().any(|custom| custom.field.name() == name) {
            let (message, mend) = custom::stands_elsewhere(kind, name);
            reader.refuse(&key, message, mend);
        } else if Field::parse(kind, name).is_none() {
            reader.refuse_name(&key, "field", Field::of(kind).iter().map(|field| field.as_str()));
        } else if let Value::Table(table) = value {
            for part in table.keys().filter(|part| !RULE.contains(&part.as_str())) {
                reader.refuse_name(&key.child(part), "rule", RULE.into_iter());
            }
        } else {
            reader.refuse_sort(&key, "a table", "write { direction = \"to-crm\" }");
        }
    }

    let mut rules = BTreeMap::new();
    let canonical = Field::of(kind).iter().map(|field| (*field, table_key.child(field.as_str())));
    let declared = customs.iter().map(|custom| (custom.field.into(), custom.key.clone()));
    for (field, key) in canonical.chain(declared) {
        let said = reader.layers.value(&key).is_some_and(Value::is_table);
        let (direction, rule) = if said { rule(reader, &key, Some(general)) } else { general };
        let Some(direction) = direction else { continue };
        let wanted = Wanted { field, direction, explicit: reader.layers.is_set(&key.child("direction")) };
        match possible(&wanted, flowtly, crm) {
            Ok(direction) => {
                rules.extend(direction.map(|direction| (field, FieldRule { direction, ..rule })));
            }
            // A declared field that lacks a property is told already.
            Err(Impossible::NotMapped(side)) if said && field.custom().is_none() => {
                let mend = format!("map it under [{}], or remove the rule", mapping::table_key(side, kind));
                reader.refuse(&key, format!("`{field}` is not mapped in {side}"), mend);
            }
            Err(Impossible::NotMapped(_)) => {}
            Err(Impossible::ReadOnly(side)) => {
                let other = match side {
                    Side::Flowtly => "to-crm",
                    Side::Crm => "to-flowtly",
                };
                let message = format!("`{field}` cannot be written in {side}");
                reader.refuse(&key.child("direction"), message, format!("use \"{other}\" or \"off\""));
            }
        }
    }
    rules
}

/// A field's direction as configured.
struct Wanted {
    field: Field,
    direction: Direction,
    /// Said for this field; else it is a kind's default, which gives way to what the systems can do.
    explicit: bool,
}

enum Impossible {
    NotMapped(Side),
    ReadOnly(Side),
}

/// The direction that a field can take; `None` where none is possible and none was asked for.
fn possible(wanted: &Wanted, flowtly: &Shape, crm: &Shape) -> Result<Option<Direction>, Impossible> {
    // No property holds the parent: connectors read and write it on their own.
    if wanted.field == Field::Parent {
        return Ok(Some(wanted.direction));
    }
    for shape in [flowtly, crm] {
        if shape.parts(wanted.field).is_empty() {
            return Err(Impossible::NotMapped(shape.side));
        }
    }
    let into_flowtly = flowtly.is_writable(wanted.field);
    let into_crm = crm.is_writable(wanted.field);
    match (wanted.direction, into_flowtly, into_crm) {
        (Direction::Both, true, true) | (Direction::ToCrm, _, true) | (Direction::ToFlowtly, true, _) => {
            Ok(Some(wanted.direction))
        }
        (Direction::Both | Direction::ToFlowtly, false, _) if wanted.explicit => {
            Err(Impossible::ReadOnly(Side::Flowtly))
        }
        (Direction::Both | Direction::ToCrm, _, false) if wanted.explicit => Err(Impossible::ReadOnly(Side::Crm)),
        (Direction::Both, false, true) => Ok(Some(Direction::ToCrm)),
        (Direction::Both, true, false) => Ok(Some(Direction::ToFlowtly)),
        (Direction::Both, false, false) | (Direction::ToCrm, _, false) | (Direction::ToFlowtly, false, _) => Ok(None),
    }
}

/// The rule that a table says, where it says nothing the general one.
fn rule(
    reader: &mut Reader<'_>,
    parent: &Key,
    general: Option<(Option<Direction>, FieldRule)>,
) -> (Option<Direction>, FieldRule) {
    let stand_in = FieldRule::default();
    let (general_direction, general_rule) = general.unwrap_or((Some(stand_in.direction), stand_in));
    let says = |name: &str| {
        let key = parent.child(name);
        (general.is_none() || reader.layers.value(&key).is_some()).then_some(key)
    };
    let (direction, conflict, first, drift) = (says("direction"), says("conflict"), says("first"), says("drift"));
    let direction = direction.map_or(general_direction, |key| reader.choice(&key, &DIRECTIONS, Some(Direction::Both)));
    let rule = FieldRule {
        direction: direction.unwrap_or(Direction::Both),
        conflict: conflict.map_or(general_rule.conflict, |key| reader.choice(&key, &PREFERENCES, Preference::Ask)),
        first: first.map_or(general_rule.first, |key| reader.choice(&key, &PREFERENCES, Preference::Ask)),
        drift: drift.map_or(general_rule.drift, |key| reader.choice(&key, &DRIFTS, Drift::Keep)),
    };
    (direction, rule)
}

fn match_fields(
    reader: &mut Reader<'_>,
    kind: Kind,
    parent: &Key,
    (flowtly, crm): (&Shape, &Shape),
    customs: &[Custom],
) -> Vec<Field> {
    let key = parent.child("match_fields");
    let mut fields = Vec::new();
    for name in reader.texts(&key) {
        match custom::field(kind, &name, customs) {
            None => {
                let known = custom::names(kind, customs).collect::<Vec<_>>().join(", ");
                reader.refuse(&key, format!("there is no field `{name}`"), format!("known: {known}"));
            }
            Some(field) => {
                for shape in [flowtly, crm].into_iter().filter(|shape| shape.parts(field).is_empty()) {
                    let message = format!("`{name}` is not mapped in {}", shape.side);
                    let table = mapping::table_key(shape.side, kind);
                    reader.refuse(&key, message, format!("map it under [{table}], or leave it out"));
                }
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
    }
    fields
}

/// What a new record on a side is given. A part that only one field has may stand for itself: `tin_type = "nip"`.
fn defaults(reader: &mut Reader<'_>, shape: &Shape, customs: &[Custom]) -> BTreeMap<(Side, Field), Text> {
    let parent = Key::of(shape.side.as_str()).child("defaults").child(shape.kind.as_str());
    let mut defaults: BTreeMap<(Side, Field), Text> = BTreeMap::new();
    for (name, value) in reader.table(&parent) {
        let key = parent.child(name);
        let field = custom::field(shape.kind, name, customs);
        let named: Vec<(Field, Part, Key, &Value)> = match (field, value) {
            (Some(field), Value::Table(parts)) => parts
                .iter()
                .filter_map(|(part_name, value)| {
                    let key = key.child(part_name);
                    let part = Part::parse(part_name).filter(|part| field.parts().contains(part));
                    if part.is_none() {
                        reader.refuse_name(&key, "part", field.parts().iter().map(|part| part.as_str()));
                    }
                    Some((field, part?, key, value))
                })
                .collect(),
            (Some(field), _) => vec![(field, Part::Whole, key, value)],
            (None, _) => {
                let found = part_of_one(shape.kind, name);
                if found.is_none() {
                    reader.refuse_name(&key, "field", custom::names(shape.kind, customs));
                }
                found.map(|(field, part)| (field, part, key, value)).into_iter().collect()
            }
        };
        for (field, part, key, value) in named {
            if let Some(text) = default_text(reader, shape, field, part, &key, value) {
                defaults.entry((shape.side, field)).or_default().set(part, text);
            }
        }
    }
    defaults
}

fn part_of_one(kind: Kind, name: &str) -> Option<(Field, Part)> {
    let part = Part::parse(name)?;
    let mut fields = Field::of(kind).iter().filter(|field| part != Part::Whole && field.parts().contains(&part));
    match (fields.next(), fields.next()) {
        (Some(field), None) => Some((*field, part)),
        (None, _) | (Some(_), Some(_)) => None,
    }
}

/// The text of a default; `None` where it is empty (none) or wrong.
fn default_text(
    reader: &mut Reader<'_>,
    shape: &Shape,
    field: Field,
    part: Part,
    key: &Key,
    value: &Value,
) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        // `due_days = 30` can only be meant so.
        Value::Integer(number) => number.to_string(),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            reader.refuse_sort(key, "a text", "put it in quotes");
            return None;
        }
    };
    if text.is_empty() {
        return None;
    }
    if !field.parts().contains(&part) {
        let parts: Vec<&str> = field.parts().iter().map(|part| part.as_str()).collect();
        reader.refuse(key, "this field has parts", format!("name them, of {}: {{ … = \"{text}\" }}", parts.join(", ")));
        return None;
    }
    match shape.cells.iter().find(|cell| cell.field == field && cell.part == part) {
        Some(cell) if cell.writable => Some(text),
        Some(_) => {
            reader.refuse(key, format!("{} does not let it be written", shape.side), "remove the default");
            None
        }
        None => {
            let table = mapping::table_key(shape.side, shape.kind);
            reader.refuse(key, format!("it is not mapped in {}", shape.side), format!("map it under [{table}]"));
            None
        }
    }
}
