//! Which remote properties make up which fields: `[mapping…]`, `[custom…]` and `[scope…]` become a [`Shape`].

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::custom::{self, Custom};
use super::key::Key;
use super::reader::Reader;
use super::scope;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::domain::shape::{Cell, Countries, Shape};

/// Settings of a field or part that are not the name of a part.
const EXTRAS: [&str; 4] = ["values", "read_only", "countries", "max_length"];

/// The table that maps a kind on a side: the CRM's is the one that people edit, so it has the short name.
pub(super) fn table_key(side: Side, kind: Kind) -> Key {
    match side {
        Side::Flowtly => Key::of("mapping.flowtly").child(kind.as_str()),
        Side::Crm => Key::of("mapping").child(kind.as_str()),
    }
}

/// The names of the fields that a mapping, a default or a match key may name.
pub(super) fn field_names(kind: Kind) -> impl Iterator<Item = &'static str> {
    Field::of(kind).iter().filter(|field| **field != Field::Parent).map(|field| field.as_str())
}

/// Reads the mapping and the scope of a kind on a side, for which `customs` are declared. `reserved` is a property that the
/// program uses itself.
pub(super) fn read(
    reader: &mut Reader<'_>,
    side: Side,
    kind: Kind,
    reserved: Option<&str>,
    customs: &[Custom],
) -> Shape {
    let parent = table_key(side, kind);
    let mut cells: Vec<(Cell, Key)> = Vec::new();
    for (name, value) in reader.table(&parent) {
        let key = parent.child(name);
        match Field::parse(kind, name) {
            Some(Field::Parent) => {
                let mend = "remove it: the connector reads which company a contact belongs to";
                reader.refuse(&key, "the parent is not a property", mend);
            }
            Some(field) => field_cells(reader, field, &key, value, &mut cells),
            None if customs.iter().any(|custom| custom.field.name() == name) => {
                let (message, mend) = custom::stands_elsewhere(kind, name);
                reader.refuse(&key, message, mend);
            }
            None => reader.refuse_name(&key, "field", field_names(kind)),
        }
    }
    cells.extend(customs.iter().filter_map(|custom| custom.cell(side).cloned()));
    refuse_shared(reader, &cells, reserved);
    refuse_two_lengths(reader, &cells);
    cells.sort_by_key(|(cell, _)| {
        // Declared fields come last.
        let place = Field::of(kind).iter().position(|field| *field == cell.field).unwrap_or(usize::MAX);
        (place, cell.field, cell.part)
    });
    let cells: Vec<Cell> = cells.into_iter().map(|(cell, _)| cell).collect();
    let scope = scope::read(reader, side, kind);
    let mut watched: Vec<String> = Vec::new();
    for condition in &scope {
        if !cells.iter().any(|cell| cell.path == condition.path) {
            watched.push(condition.path.clone());
        }
    }
    Shape { side, kind, cells, watched, scope }
}

fn field_cells(reader: &mut Reader<'_>, field: Field, key: &Key, value: &Value, cells: &mut Vec<(Cell, Key)>) {
    match value {
        Value::Boolean(false) => {}
        Value::String(text) if unmaps(reader, key, text) => {}
        Value::String(path) if field.parts().contains(&Part::Whole) => {
            cells.push((Cell::new(field, Part::Whole, path), key.clone()));
        }
        Value::String(path) => {
            let parts = part_names(field).collect::<Vec<_>>().join(", ");
            let example = part_names(field).next().unwrap_or_default();
            let mend = format!("say which of {parts} it is: {field} = {{ {example} = \"{path}\" }}");
            reader.refuse(key, "this field has parts", mend);
        }
        Value::Table(table) => {
            let before = cells.len();
            for (name, value) in table.iter().filter(|(name, _)| !EXTRAS.contains(&name.as_str())) {
                let key = key.child(name);
                match Part::parse(name).filter(|part| field.parts().contains(part)) {
                    Some(part) => part_cell(reader, field, part, &key, value, cells),
                    None => reader.refuse_name(&key, "part", part_names(field).chain(EXTRAS)),
                }
            }
            let values = values(reader, key, table);
            let writable = !read_only(reader, key, table);
            let countries = countries(reader, key, table);
            let max_length = max_length(reader, key, table);
            let mapped = cells.get_mut(before..).unwrap_or_default();
            if !values.is_empty() && mapped.len() != 1 {
                let mend = "put `values` beside the `path` of the one part: { path = \"…\", values = { … } }";
                reader.refuse(&key.child("values"), "the field has not exactly one part", mend);
            }
            for (cell, _) in mapped {
                cell.writable &= writable;
                cell.max_length = cell.max_length.or(max_length);
                if countries != Countries::AsWritten {
                    cell.countries = countries;
                }
                if !values.is_empty() {
                    cell.table.clone_from(&values);
                }
            }
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(true) | Value::Datetime(_) | Value::Array(_) => {
            reader.refuse_sort(key, "the name of a property, a table of parts, or false", "put the name in quotes");
        }
    }
}

fn part_cell(
    reader: &mut Reader<'_>,
    field: Field,
    part: Part,
    key: &Key,
    value: &Value,
    cells: &mut Vec<(Cell, Key)>,
) {
    match value {
        Value::Boolean(false) => {}
        Value::String(text) if unmaps(reader, key, text) => {}
        Value::String(path) => cells.push((Cell::new(field, part, path), key.clone())),
        Value::Table(table) => {
            for (name, _) in table.iter().filter(|(name, _)| *name != "path" && !EXTRAS.contains(&name.as_str())) {
                reader.refuse_name(&key.child(name), "setting of a part", ["path"].into_iter().chain(EXTRAS));
            }
            let values = values(reader, key, table);
            let writable = !read_only(reader, key, table);
            let countries = countries(reader, key, table);
            let max_length = max_length(reader, key, table);
            match table.get("path") {
                Some(Value::String(path)) if !path.is_empty() => {
                    cells.push((
                        Cell { table: values, writable, countries, max_length, ..Cell::new(field, part, path) },
                        key.clone(),
                    ));
                }
                Some(_) | None => reader.refuse(key, "no property is named", "add path = \"its name\""),
            }
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(true) | Value::Datetime(_) | Value::Array(_) => {
            reader.refuse_sort(key, "the name of a property, a table, or false", "put the name in quotes");
        }
    }
}

/// An empty text, and `false` where a variable says it, take a field out of the mapping.
fn unmaps(reader: &Reader<'_>, key: &Key, text: &str) -> bool {
    text.is_empty() || text == "false" && reader.layers.is_variable(key)
}

fn part_names(field: Field) -> impl Iterator<Item = &'static str> {
    field.parts().iter().map(|part| part.as_str())
}

/// How the side writes countries.
fn countries(reader: &mut Reader<'_>, parent: &Key, table: &Table) -> Countries {
    match table.get("countries") {
        None => Countries::AsWritten,
        Some(Value::String(text)) if text == "code" => Countries::Code,
        Some(Value::String(text)) if text == "name" => Countries::Name,
        Some(_) => {
            let key = parent.child("countries");
            reader.refuse_sort(&key, "\"code\" or \"name\"", "say how the system writes countries, or remove it");
            Countries::AsWritten
        }
    }
}

/// At which length the system cuts a text.
pub(super) fn max_length(reader: &mut Reader<'_>, parent: &Key, table: &Table) -> Option<usize> {
    let value = table.get("max_length")?;
    let length = value.as_integer().and_then(|length| usize::try_from(length).ok()).filter(|length| *length > 0);
    if length.is_none() {
        let mend = "write the number of characters that the system keeps, or remove it";
        reader.refuse_sort(&parent.child("max_length"), "a whole number from 1 on", mend);
    }
    length
}

/// A field is cut at one length: the merge compares halves as wholes.
fn refuse_two_lengths(reader: &mut Reader<'_>, cells: &[(Cell, Key)]) {
    for (index, (cell, key)) in cells.iter().enumerate() {
        let earlier = cells.iter().take(index).find(|(other, _)| {
            other.field == cell.field && other.max_length.is_some() && other.max_length != cell.max_length
        });
        if let (Some((other, _)), Some(_)) = (earlier, cell.max_length) {
            let message = format!("the parts of {} have two different lengths", cell.field);
            let mend = format!("give them one length, the shorter ({} here, {} there)", length(cell), length(other));
            reader.refuse(&key.child("max_length"), message, mend);
        }
    }
}

fn length(cell: &Cell) -> usize {
    cell.max_length.unwrap_or_default()
}

/// The translation of choices: theirs to ours, one to one, so that it can be turned round.
pub(super) fn values(reader: &mut Reader<'_>, parent: &Key, table: &Table) -> BTreeMap<String, String> {
    let Some(value) = table.get("values") else { return BTreeMap::new() };
    let key = parent.child("values");
    let Value::Table(entries) = value else {
        reader.refuse_sort(&key, "a table", "write { \"their text\" = \"our text\" }");
        return BTreeMap::new();
    };
    let mut translated: BTreeMap<String, String> = BTreeMap::new();
    for (theirs, ours) in entries {
        let key = key.child(theirs);
        let Value::String(ours) = ours else {
            reader.refuse_sort(&key, "a text", "put it in quotes");
            continue;
        };
        if theirs.is_empty() || ours.is_empty() {
            reader.refuse(&key, "an empty property is blank and is not translated", "remove the line");
        } else if let Some((first, _)) = translated.iter().find(|(_, known)| *known == ours) {
            let message = format!("`{first}` and `{theirs}` both become `{ours}`, so that it cannot be sent back");
            reader.refuse(&key, message, "give each its own text");
        } else {
            translated.insert(theirs.clone(), ours.clone());
        }
    }
    translated
}

pub(super) fn read_only(reader: &mut Reader<'_>, parent: &Key, table: &Table) -> bool {
    table.contains_key("read_only") && reader.switch(&parent.child("read_only"))
}

/// One property belongs to one field. What the user wrote is what is told, not the default that it collides with.
fn refuse_shared(reader: &mut Reader<'_>, cells: &[(Cell, Key)], reserved: Option<&str>) {
    for (index, (cell, key)) in cells.iter().enumerate() {
        if reserved == Some(cell.path.as_str()) {
            let section = reader.layers.system().name;
            let message = format!("`{}` holds Flowtly's id ({section}.id_property)", cell.path);
            reader.refuse(key, message, "map another property, or change id_property");
        }
        for (_, other_key) in cells.iter().skip(index + 1).filter(|(other, _)| other.path == cell.path) {
            let (told, other) = if reader.layers.is_set(other_key) { (other_key, key) } else { (key, other_key) };
            let message = format!("`{}` is already mapped by {other}", cell.path);
            let mend = if other.parts().first().is_some_and(|table| table == "custom") {
                "map each property once: another one here, or there".to_owned()
            } else {
                format!("map each property once: another one here, or {other} = false")
            };
            reader.refuse(told, message, mend);
        }
    }
}
