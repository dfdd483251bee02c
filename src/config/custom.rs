//! Fields that the user declares: `[custom.company.segment]` puts any property of the CRM beside any property of Flowtly.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::key::Key;
use super::mapping;
use super::reader::Reader;
use super::rules::RULE;
use crate::domain::custom::{CustomField, CustomType};
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::domain::shape::{Cell, Declared, LookUp};

/// Settings of a declared field beside its rule.
const SETTINGS: [&str; 4] = ["type", "flowtly", "crm", "values"];

/// Settings of a declared field on one side.
const OF_A_SIDE: [&str; 6] = ["path", "read_only", "max_length", "sent_as", "look_up", "label"];

const SENT_AS: [(&str, CustomType); 3] =
    [("text", CustomType::Text), ("number", CustomType::Number), ("boolean", CustomType::Boolean)];

/// A declared field.
#[derive(Debug, Clone)]
pub(super) struct Custom {
    /// It.
    pub(super) field: CustomField,
    /// What sort of values it has.
    pub(super) sort: CustomType,
    /// Its table.
    pub(super) key: Key,
    flowtly: Option<(Cell, Key)>,
    crm: Option<(Cell, Key)>,
}

impl Custom {
    /// What a side maps to it, and where that is said; `None` where it is wrong, which is told.
    pub(super) const fn cell(&self, side: Side) -> Option<&(Cell, Key)> {
        match side {
            Side::Flowtly => self.flowtly.as_ref(),
            Side::Crm => self.crm.as_ref(),
        }
    }
}

/// The table of a field of this name.
pub(super) fn table_key(kind: Kind) -> Key {
    Key::of("custom").child(kind.as_str())
}

/// The field that a default or a match key may name, canonical or declared.
pub(super) fn field(kind: Kind, name: &str, customs: &[Custom]) -> Option<Field> {
    let canonical = Field::parse(kind, name).filter(|field| *field != Field::Parent);
    canonical.or_else(|| customs.iter().find(|custom| custom.field.name() == name).map(|custom| custom.field.into()))
}

/// The names of all these.
pub(super) fn names(kind: Kind, customs: &[Custom]) -> impl Iterator<Item = &'static str> {
    mapping::field_names(kind).chain(customs.iter().map(|custom| custom.field.name()))
}

/// What is told of a declared field that stands in a table of canonical ones.
pub(super) fn stands_elsewhere(kind: Kind, name: &str) -> (String, String) {
    let key = table_key(kind).child(name);
    (format!("`{name}` is declared by [{key}]"), format!("say it there, under [{key}]"))
}

/// Reads the fields that are declared for a kind.
pub(super) fn read(reader: &mut Reader<'_>, kind: Kind) -> Vec<Custom> {
    let parent = table_key(kind);
    let mut customs = Vec::new();
    for (name, value) in reader.table(&parent) {
        let key = parent.child(name);
        let Value::Table(table) = value else {
            reader.refuse_sort(&key, "a table", "write { type = \"text\", flowtly = \"…\", crm = \"…\" }");
            continue;
        };
        let field = named(reader, kind, name, &key);
        for setting in table.keys().filter(|name| !SETTINGS.contains(&name.as_str()) && !RULE.contains(&name.as_str()))
        {
            reader.refuse_name(&key.child(setting), "setting of a declared field", SETTINGS.into_iter().chain(RULE));
        }
        let sort = sort(reader, &key, table);
        if let (Some(field), Some(sort)) = (field, sort) {
            let flowtly = cell(reader, field, sort, Side::Flowtly, &key, table);
            let mut crm = cell(reader, field, sort, Side::Crm, &key, table);
            let values = translation(reader, sort, &key, table);
            if let Some((cell, _)) = &mut crm {
                cell.table = values;
            }
            customs.push(Custom { field, sort, key, flowtly, crm });
        }
    }
    customs
}

fn named(reader: &mut Reader<'_>, kind: Kind, name: &str, key: &Key) -> Option<CustomField> {
    if Field::parse(kind, name).is_some() {
        let mend = format!("map it under [{}], or give this one another name", mapping::table_key(Side::Crm, kind));
        reader.refuse(key, format!("`{name}` is a field already"), mend);
        return None;
    }
    if Part::parse(name).is_some() {
        reader.refuse(key, format!("`{name}` is a part of fields already"), "give it another name");
        return None;
    }
    let field = CustomField::new(kind, name);
    if field.is_none() {
        reader.refuse(
            key,
            format!("`{name}` cannot be a name"),
            "use a to z, digits and _, a letter first, at most 64",
        );
    }
    field
}

fn sort(reader: &mut Reader<'_>, parent: &Key, table: &Table) -> Option<CustomType> {
    let words = CustomType::ALL.map(|sort| (sort.as_str(), Some(sort)));
    if !table.contains_key("type") {
        let words = words.map(|(word, _)| format!("\"{word}\"")).join(", ");
        reader.refuse(parent, "it has no type", format!("add type = one of {words}"));
        return None;
    }
    reader.choice(&parent.child("type"), &words, None)
}

fn cell(
    reader: &mut Reader<'_>,
    field: CustomField,
    sort: CustomType,
    side: Side,
    parent: &Key,
    table: &Table,
) -> Option<(Cell, Key)> {
    let key = parent.child(side.as_str());
    let new = |path: &str| Cell { declared: Some(declared(sort)), ..Cell::new(field.into(), Part::Whole, path) };
    let cell = match table.get(side.as_str()) {
        Some(Value::String(path)) if !path.is_empty() => new(path),
        Some(Value::Table(settings)) => {
            for name in settings.keys().filter(|name| !OF_A_SIDE.contains(&name.as_str())) {
                reader.refuse_name(&key.child(name), "setting of a property", OF_A_SIDE.into_iter());
            }
            let Some(path) = settings.get("path").and_then(Value::as_str).filter(|path| !path.is_empty()) else {
                reader.refuse(&key, "no property is named", "add path = \"its name\"");
                return None;
            };
            Cell {
                writable: !mapping::read_only(reader, &key, settings),
                max_length: max_length(reader, sort, &key, settings),
                declared: Some(Declared {
                    sent_as: sent_as(reader, sort, &key, settings),
                    look_up: look_up(reader, sort, side, &key, settings),
                    ..declared(sort)
                }),
                ..new(path)
            }
        }
        None => {
            reader.refuse(
                parent,
                format!("no property of {side} is named"),
                format!("add {} = \"its name\"", side.as_str()),
            );
            return None;
        }
        Some(_) => {
            reader.refuse_sort(&key, "the name of a property, or a table", "put the name in quotes");
            return None;
        }
    };
    if side == Side::Flowtly && cell.path.split('.').any(str::is_empty) {
        reader.refuse(&key, format!("`{}` is no path", cell.path), "write it as \"attributes.segment\"");
        return None;
    }
    Some((cell, key))
}

/// As what a property is written unless the user says otherwise.
fn declared(sort: CustomType) -> Declared {
    let sent_as = match sort {
        CustomType::Number | CustomType::Boolean => sort,
        CustomType::Text | CustomType::Date | CustomType::Choice | CustomType::Relation => CustomType::Text,
    };
    Declared { sent_as, ..Declared::new(sort) }
}

fn sent_as(reader: &mut Reader<'_>, sort: CustomType, parent: &Key, table: &Table) -> CustomType {
    let usual = declared(sort).sent_as;
    if table.contains_key("sent_as") { reader.choice(&parent.child("sent_as"), &SENT_AS, usual) } else { usual }
}

/// Only texts are cut: a shortened number or date is another one.
fn max_length(reader: &mut Reader<'_>, sort: CustomType, parent: &Key, table: &Table) -> Option<usize> {
    if table.contains_key("max_length") && sort != CustomType::Text {
        reader.refuse(&parent.child("max_length"), format!("a {sort} is not cut"), "remove it, or set type = \"text\"");
    }
    mapping::max_length(reader, parent, table)
}

fn look_up(reader: &mut Reader<'_>, sort: CustomType, side: Side, parent: &Key, table: &Table) -> Option<LookUp> {
    for name in ["look_up", "label"].into_iter().filter(|name| table.contains_key(*name)) {
        if sort != CustomType::Relation {
            let message = format!("a {sort} is not looked up");
            reader.refuse(&parent.child(name), message, "remove it, or set type = \"relation\"");
            return None;
        }
    }
    if !table.contains_key("look_up") {
        if table.contains_key("label") {
            reader.refuse(&parent.child("label"), "nothing is looked up", "add look_up = \"the list\", or remove it");
        }
        return None;
    }
    let list = reader.text(&parent.child("look_up"));
    if side == Side::Flowtly && !list.starts_with('/') {
        let mend = "write the list's path below base_url, as \"/contractors\"";
        reader.refuse(&parent.child("look_up"), format!("`{list}` is no path"), mend);
    }
    let label = if table.contains_key("label") { reader.text(&parent.child("label")) } else { "name".to_owned() };
    (!list.is_empty() && !label.is_empty()).then_some(LookUp { list, label })
}

/// The translation, which stands on the CRM's side: its text, and Flowtly's.
fn translation(reader: &mut Reader<'_>, sort: CustomType, parent: &Key, table: &Table) -> BTreeMap<String, String> {
    if !table.contains_key("values") {
        return BTreeMap::new();
    }
    let key = parent.child("values");
    match sort {
        CustomType::Choice | CustomType::Boolean | CustomType::Relation => {}
        CustomType::Text | CustomType::Number | CustomType::Date => {
            reader.refuse(&key, format!("a {sort} is not translated"), "remove it, or set type = \"choice\"");
            return BTreeMap::new();
        }
    }
    let values = mapping::values(reader, parent, table);
    if sort == CustomType::Boolean {
        for (theirs, ours) in values.iter().filter(|(_, ours)| !matches!(ours.as_str(), "true" | "false")) {
            let message = format!("`{ours}` is neither true nor false");
            reader.refuse(&key.child(theirs), message, "write { \"the CRM's text\" = \"true\", … = \"false\" }");
        }
    }
    values
}
