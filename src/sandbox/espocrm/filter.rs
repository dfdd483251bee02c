//! The `where` of a list.

use serde_json::Value;

use super::collate::folded;
use super::errors::Failure;
use super::php::elements;
use super::render::attribute;
use super::schema::{Entity, system_attributes};
use super::state::{Record, State, id_number};

/// One condition, understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Compare(Compare, String, String),
    In(String, Vec<String>),
    Null(String, bool),
    /// A contact that belongs to one of these accounts, or an account with one of these contacts.
    LinkedWith(Vec<u64>),
}

/// How an attribute is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equals,
    NotEquals,
    Greater,
    GreaterOrEquals,
    Less,
    LessOrEquals,
    Contains,
    StartsWith,
}

/// Reads the list of conditions; all must hold.
pub(super) fn read(state: &State, entity: Entity, given: &Value) -> Result<Filter, Failure> {
    elements(given).into_iter().map(|item| one(state, entity, item)).collect::<Result<_, _>>().map(Filter::All)
}

fn one(state: &State, entity: Entity, item: &Value) -> Result<Filter, Failure> {
    let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
    let value = item.get("value").unwrap_or(&Value::Null);
    let nested = || elements(value).into_iter().map(|item| one(state, entity, item)).collect::<Result<Vec<_>, _>>();
    match kind {
        "and" => return nested().map(Filter::All),
        "or" => return nested().map(Filter::Any),
        _ => {}
    }
    let name = item.get("attribute").or_else(|| item.get("field")).and_then(Value::as_str).unwrap_or_default();
    if kind == "linkedWith" {
        let link = match entity {
            Entity::Account => "contacts",
            Entity::Contact => "accounts",
        };
        if name != link {
            return Err(Failure::bad_request(format!("Not existing link '{name}' in where.")));
        }
        return Ok(Filter::LinkedWith(texts(value).iter().filter_map(|id| id_number(id)).collect()));
    }
    if state.drawer(entity).shown(name).is_none() && !system_attributes(entity).contains(&name) {
        if state.drawer(entity).place(name).is_some() {
            return Err(Failure::forbidden(format!("Forbidden attribute '{name}' in where.")));
        }
        return Err(Failure::bad_request(format!("Not existing attribute '{name}' in where.")));
    }
    let text = || match (name, value) {
        ("createdAt" | "modifiedAt", Value::String(text)) => stamp(text),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => value.to_string(),
    };
    let compare = |how| Ok(Filter::Compare(how, name.to_owned(), text()));
    match kind {
        "equals" => compare(Compare::Equals),
        "notEquals" => compare(Compare::NotEquals),
        "greaterThan" | "after" => compare(Compare::Greater),
        "greaterThanOrEquals" => compare(Compare::GreaterOrEquals),
        "lessThan" | "before" => compare(Compare::Less),
        "lessThanOrEquals" => compare(Compare::LessOrEquals),
        "contains" => compare(Compare::Contains),
        "startsWith" => compare(Compare::StartsWith),
        "in" => Ok(Filter::In(name.to_owned(), texts(value))),
        "isNull" => Ok(Filter::Null(name.to_owned(), true)),
        "isNotNull" => Ok(Filter::Null(name.to_owned(), false)),
        _ => Err(Failure::bad_request(format!("Unknown where type '{kind}'."))),
    }
}

impl Filter {
    pub(super) fn holds(&self, state: &State, entity: Entity, id: u64, record: &Record) -> bool {
        let shown = |name: &str| attribute(state, entity, id, record, name);
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.holds(state, entity, id, record)),
            Self::Any(filters) => filters.iter().any(|filter| filter.holds(state, entity, id, record)),
            Self::Null(name, wanted) => shown(name).is_none() == *wanted,
            Self::In(name, texts) => {
                shown(name).is_some_and(|text| texts.iter().any(|wanted| folded(wanted) == folded(&text)))
            }
            Self::LinkedWith(ids) => state.partners(entity, record).iter().any(|partner| ids.contains(partner)),
            Self::Compare(how, name, wanted) => {
                let Some(text) = shown(name) else { return false };
                let (text, wanted) = (folded(&text), folded(wanted));
                match how {
                    Compare::Equals => text == wanted,
                    Compare::NotEquals => text != wanted,
                    Compare::Greater => text > wanted,
                    Compare::GreaterOrEquals => text >= wanted,
                    Compare::Less => text < wanted,
                    Compare::LessOrEquals => text <= wanted,
                    Compare::Contains => text.contains(&wanted),
                    Compare::StartsWith => text.starts_with(&wanted),
                }
            }
        }
    }

    /// The id behind which every record lies, where the conditions name one: a list by key needs not look at the others.
    pub(super) fn behind(&self) -> Option<u64> {
        match self {
            Self::All(filters) => filters.iter().filter_map(Self::behind).max(),
            Self::Compare(Compare::Greater, name, id) if name == "id" => id_number(id),
            Self::Any(_) | Self::Compare(..) | Self::In(..) | Self::Null(..) | Self::LinkedWith(_) => None,
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    one.into_iter().chain(elements(value).into_iter().filter_map(Value::as_str).map(str::to_owned)).collect()
}

/// The database takes ISO 8601 too, and compares whole seconds.
fn stamp(text: &str) -> String {
    let bare = text.trim_end_matches('Z').replace('T', " ");
    bare.get(..19).unwrap_or(&bare).to_owned()
}
