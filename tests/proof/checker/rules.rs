//! What the user configured, in plain form: read from the configuration's own text and the default mapping files.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::evidence::{Kind, Side};
use crate::firm::Firm;

/// A remote property that carries a field, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    pub path: String,
    /// `whole`, `first`, `line`, `vat_number`, …
    pub part: String,
    pub read_only: bool,
    /// The declared length of what the system keeps.
    pub cut: Option<usize>,
    /// The system's choices and ours.
    pub choices: Vec<(String, String)>,
}

/// A field: where each side has it, and who decides about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub kind: Kind,
    /// As the state calls it.
    pub name: String,
    pub flowtly: Vec<Property>,
    pub crm: Vec<Property>,
    pub direction: String,
    pub conflict: String,
    pub first: String,
    pub drift: String,
}

impl Field {
    pub fn properties(&self, side: Side) -> &[Property] {
        match side {
            Side::Flowtly => &self.flowtly,
            Side::Crm => &self.crm,
        }
    }

    pub fn property(&self, side: Side, path: &str) -> Option<&Property> {
        self.properties(side).iter().find(|property| property.path == path)
    }

    /// Whether the rule lets a value travel to this side.
    pub fn may_reach(&self, side: Side) -> bool {
        match self.direction.as_str() {
            "to-crm" => side == Side::Crm,
            "to-flowtly" => side == Side::Flowtly,
            "off" => false,
            _ => true,
        }
    }

    /// Whether both sides have it at all.
    pub fn is_shared(&self) -> bool {
        self.name == "parent" || (!self.flowtly.is_empty() && !self.crm.is_empty())
    }
}

/// The CRMs whose sections a configuration may have; without any it is the first.
const CRMS: [&str; 4] = ["hubspot", "espocrm", "odoo", "pipedrive"];

/// A property, and the texts of which it must show one.
type Shown = (String, Vec<String>);

/// All of it.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The CRM's name, as its section is called.
    pub crm: String,
    pub fields: Vec<Field>,
    /// Whether records may be created.
    pub creates: BTreeMap<(Side, Kind), bool>,
    /// What a record must show to be created on the other side.
    pub scope: BTreeMap<(Side, Kind), Vec<Shown>>,
    /// What a created record is given where the source has nothing.
    pub defaults: BTreeMap<(Side, Kind), Vec<String>>,
    /// The CRM's property for Flowtly's id; empty without one.
    pub id_property: String,
    /// Properties that somebody hid or removed: their fields cannot be read.
    pub unreadable: Vec<(Side, Kind, String)>,
}

impl Default for Rules {
    fn default() -> Self {
        Self::of("")
    }
}

impl Rules {
    /// What a firm is configured with; it must have made a pass, which writes its configuration.
    pub fn configured(firm: &Firm) -> Self {
        let file = firm.state().with_file_name("flowtly-sync.toml");
        Self::of(&std::fs::read_to_string(file).unwrap())
    }

    /// What a configuration says.
    pub fn of(text: &str) -> Self {
        let own: Table = text.parse().unwrap();
        let crm = CRMS.into_iter().find(|crm| own.contains_key(*crm)).unwrap_or(CRMS[0]);
        let mut table = Table::new();
        for layer in ["config/default.toml", "config/mapping/flowtly.toml", &format!("config/mapping/{crm}.toml")] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(layer);
            lay(&mut table, std::fs::read_to_string(file).unwrap().parse().unwrap());
        }
        lay(&mut table, own);
        let mut rules = Self {
            crm: crm.to_owned(),
            fields: Vec::new(),
            creates: BTreeMap::new(),
            scope: BTreeMap::new(),
            defaults: BTreeMap::new(),
            id_property: word(&table, &[crm, "id_property"]),
            unreadable: Vec::new(),
        };
        for kind in Kind::BOTH {
            rules.fields.extend(fields(&table, kind));
            for side in Side::BOTH {
                let may = at(&table, &["rules", kind.word(), &format!("create_in_{}", side.word())]);
                rules.creates.insert((side, kind), may.and_then(Value::as_bool).unwrap_or(true));
                let scope = section(&table, &["scope", side.word(), kind.word()]);
                let scope = scope.into_iter().map(|(property, texts)| (property, leaves(&texts))).collect();
                rules.scope.insert((side, kind), scope);
                let given = section(&table, &[side.word(), "defaults", kind.word()]);
                rules.defaults.insert((side, kind), given.values().flat_map(leaves).collect());
            }
        }
        rules
    }

    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.kind == kind)
    }

    /// The field that a property carries.
    pub fn field_of(&self, side: Side, kind: Kind, path: &str) -> Option<&Field> {
        let is_parent = side == Side::Flowtly && kind == Kind::Contact && path == "client";
        self.of_kind(kind).find(
            |field| {
                if is_parent { field.name == "parent" } else { field.property(side, path).is_some() }
            },
        )
    }

    pub fn default_texts(&self, side: Side, kind: Kind) -> &[String] {
        self.defaults.get(&(side, kind)).map_or(&[], Vec::as_slice)
    }
}

/// Lays one table over another.
fn lay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(there)), Value::Table(more)) => lay(there, more),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn at<'table>(table: &'table Table, path: &[&str]) -> Option<&'table Value> {
    let (last, way) = path.split_last()?;
    let mut table = table;
    for step in way {
        table = table.get(*step)?.as_table()?;
    }
    table.get(*last)
}

fn word(table: &Table, path: &[&str]) -> String {
    at(table, path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn section(table: &Table, path: &[&str]) -> Table {
    at(table, path).and_then(Value::as_table).cloned().unwrap_or_default()
}

/// All texts within a value.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(leaves).collect(),
        Value::Table(table) => table.values().flat_map(leaves).collect(),
        Value::Integer(number) => vec![number.to_string()],
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => Vec::new(),
    }
}

fn fields(table: &Table, kind: Kind) -> Vec<Field> {
    let ours = section(table, &["mapping", "flowtly", kind.word()]);
    let theirs = section(table, &["mapping", kind.word()]);
    let mut names: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    names.sort();
    names.dedup();
    let parent = "parent".to_owned();
    if kind == Kind::Contact {
        names.push(&parent);
    }
    let rule = |field: &str, key: &str| {
        let own = word(table, &["rules", kind.word(), "fields", field, key]);
        if own.is_empty() { word(table, &["rules", kind.word(), key]) } else { own }
    };
    names
        .into_iter()
        .map(|name| Field {
            kind,
            name: state_name(kind, name),
            flowtly: ours.get(name).map(properties).unwrap_or_default(),
            crm: theirs.get(name).map(properties).unwrap_or_default(),
            direction: rule(name, "direction"),
            conflict: rule(name, "conflict"),
            first: rule(name, "first"),
            drift: rule(name, "drift"),
        })
        .collect()
}

/// Configuration calls the name of a person and of a company the same; the state does not.
fn state_name(kind: Kind, name: &str) -> String {
    match (kind, name) {
        (Kind::Contact, "name") => "person_name".to_owned(),
        (Kind::Contact, "phone") => "contact_phone".to_owned(),
        (Kind::Contact, "type") => "contact_type".to_owned(),
        (Kind::Company | Kind::Contact, other) => other.to_owned(),
    }
}

fn properties(value: &Value) -> Vec<Property> {
    match value {
        Value::String(_) => one("whole", value, &Table::new()),
        Value::Table(table) => {
            let options = ["countries", "values", "read_only", "max_length"];
            table
                .iter()
                .filter(|(key, _)| !options.contains(&key.as_str()))
                .flat_map(|(part, value)| one(part, value, table))
                .collect()
        }
        // Taken away.
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::Datetime(_) | Value::Array(_) => Vec::new(),
    }
}

fn one(part: &str, value: &Value, around: &Table) -> Vec<Property> {
    let own = value.as_table().cloned().unwrap_or_default();
    let path = value.as_str().map(str::to_owned).or_else(|| Some(own.get("path")?.as_str()?.to_owned()));
    let option = |key: &str| own.get(key).or_else(|| around.get(key));
    let choices = option("values").and_then(Value::as_table).cloned().unwrap_or_default();
    path.map(|path| Property {
        path,
        part: part.to_owned(),
        read_only: option("read_only").and_then(Value::as_bool).unwrap_or(false),
        cut: option("max_length").and_then(Value::as_integer).and_then(|most| usize::try_from(most).ok()),
        choices: choices.iter().filter_map(|(from, to)| Some((from.clone(), to.as_str()?.to_owned()))).collect(),
    })
    .into_iter()
    .collect()
}
