//! Search domains: which records meet them, and which Odoo does not understand.

use serde_json::Value;

use super::cell::{Cell, whole_second};
use super::errors::Failure;
use super::fields::{Definition, Model, Type};
use super::state::{Record, State};

/// One second in the unit of stamps.
const SECOND: i64 = 1_000_000;

/// A domain that was understood.
#[derive(Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf { field: String, operator: Operator, value: Value, of: Type },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Differs,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    In,
    NotIn,
    Like,
    LikeAnyCase,
    PatternAnyCase,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "!=" | "<>" => Self::Differs,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "in" => Self::In,
            "not in" => Self::NotIn,
            "like" => Self::Like,
            "ilike" => Self::LikeAnyCase,
            "=ilike" => Self::PatternAnyCase,
            _ => return None,
        })
    }
}

/// Understands a domain of a model.
pub(super) fn parse(model: Model, fields: &[Definition], domain: &Value) -> Result<Node, Failure> {
    let items = match domain {
        Value::Array(items) => items.as_slice(),
        Value::Null | Value::Bool(false) => &[],
        Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(Failure::value(format!("Domain() invalid item in domain: {domain}")));
        }
    };
    let mut rest = items.iter();
    let mut all = Vec::new();
    while rest.len() > 0 {
        all.push(node(model, fields, &mut rest)?);
    }
    Ok(Node::All(all))
}

fn node(model: Model, fields: &[Definition], rest: &mut std::slice::Iter<'_, Value>) -> Result<Node, Failure> {
    let item = rest.next().ok_or_else(|| Failure::value("Domain() malformed: an operator lacks its conditions"))?;
    match item {
        Value::String(word) if word == "|" => {
            Ok(Node::Any(vec![node(model, fields, rest)?, node(model, fields, rest)?]))
        }
        Value::String(word) if word == "&" => {
            Ok(Node::All(vec![node(model, fields, rest)?, node(model, fields, rest)?]))
        }
        Value::String(word) if word == "!" => Ok(Node::Not(Box::new(node(model, fields, rest)?))),
        Value::Array(parts) => leaf(model, fields, parts),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(Failure::value(format!("Domain() invalid item in domain: {item}")))
        }
    }
}

fn leaf(model: Model, fields: &[Definition], parts: &[Value]) -> Result<Node, Failure> {
    let [Value::String(field), Value::String(operator), value] = parts else {
        return Err(Failure::value("Domain() invalid item in domain"));
    };
    let Some(definition) = fields.iter().find(|known| known.name == *field && !field.is_empty()) else {
        return Err(Failure::value(format!(
            "Invalid field {}.{field} in condition ('{field}', '{operator}', {value})",
            model.name()
        )));
    };
    let Some(operator) = Operator::parse(operator) else {
        return Err(Failure::value(format!("Invalid operator in condition ('{field}', '{operator}', {value})")));
    };
    let listed = matches!(operator, Operator::In | Operator::NotIn);
    if listed && !value.is_array() {
        return Err(Failure::value(format!("Invalid value for 'in': {value}")));
    }
    let one = std::slice::from_ref(value);
    let values = value.as_array().filter(|_| listed).map_or(one, Vec::as_slice);
    for value in values {
        fits(definition, value)?;
    }
    Ok(Node::Leaf { field: field.clone(), operator, value: value.clone(), of: definition.of })
}

fn fits(field: &Definition, value: &Value) -> Result<(), Failure> {
    let number = |value: &Value| {
        let class = "psycopg2.errors.InvalidTextRepresentation";
        Failure::database(class, format!("invalid input syntax for type integer: {value}"))
    };
    match (field.of, value) {
        (_, Value::Bool(false) | Value::Null)
        | (Type::Integer | Type::Float | Type::Link(_) | Type::Many(_), Value::Number(_))
        | (Type::Boolean, Value::Bool(true))
        | (
            Type::Char | Type::Text | Type::Date | Type::Selection(_) | Type::Language | Type::Link(_),
            Value::String(_),
        ) => Ok(()),
        (Type::Datetime, Value::String(text)) if text.ends_with('Z') || text.contains('+') => {
            Err(Failure::value(format!("unconverted data remains in {text}")))
        }
        (Type::Datetime, Value::String(text)) if whole_second(text).is_some() => Ok(()),
        (Type::Datetime, Value::String(text)) => {
            Err(Failure::value(format!("time data '{text}' does not match format")))
        }
        (_, value) => Err(number(value)),
    }
}

impl Node {
    /// Whether it says something of `active` itself, so that archived records are not hidden.
    pub(super) fn names_active(&self) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(Self::names_active),
            Self::Not(node) => node.names_active(),
            Self::Leaf { field, .. } => field == "active",
        }
    }

    /// The id behind which all records lie that can meet it.
    pub(super) fn lowest_id(&self) -> u64 {
        match self {
            Self::All(nodes) => nodes.iter().map(Self::lowest_id).max().unwrap_or(0),
            Self::Leaf { field, operator: Operator::Greater, value, .. } if field == "id" => {
                value.as_u64().unwrap_or(0)
            }
            Self::Any(_) | Self::Not(_) | Self::Leaf { .. } => 0,
        }
    }

    /// Whether a record meets it.
    pub(super) fn holds(&self, state: &State, record: &Record<'_>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(state, record)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(state, record)),
            Self::Not(node) => !node.holds(state, record),
            Self::Leaf { field, operator, value, of } => {
                let cell = record.cell(state, field);
                match (operator, value) {
                    (Operator::In, Value::Array(list)) => list.iter().any(|value| equals(state, *of, &cell, value)),
                    (Operator::NotIn, Value::Array(list)) => !list.iter().any(|value| equals(state, *of, &cell, value)),
                    (Operator::Equal, value) => equals(state, *of, &cell, value),
                    (Operator::Differs, value) => !equals(state, *of, &cell, value),
                    (operator, value) => compares(state, &cell, *operator, value),
                }
            }
        }
    }
}

fn equals(state: &State, of: Type, cell: &Cell<'_>, value: &Value) -> bool {
    match (cell, value) {
        // The number 0 is a number; a text that is empty counts as none.
        (Cell::Empty, Value::Bool(false) | Value::Null) => true,
        (Cell::Text(text), Value::Bool(false) | Value::Null) => text.is_empty(),
        (Cell::Flag(flag), Value::Bool(wanted)) => flag == wanted,
        (Cell::Flag(flag), Value::Null) => !flag,
        (Cell::Text(text), Value::String(wanted)) => text == wanted,
        (Cell::Number(number), Value::Number(wanted)) => wanted.as_i64() == Some(*number),
        (Cell::Decimal(number), Value::Number(wanted)) => wanted.as_f64() == Some(*number),
        (Cell::Link(_, id), Value::Number(wanted)) => wanted.as_u64() == Some(*id),
        (Cell::Link(model, id), Value::String(wanted)) => state.label(*model, *id) == *wanted,
        (Cell::Many(ids), Value::Number(wanted)) => wanted.as_u64().is_some_and(|wanted| ids.contains(&wanted)),
        (Cell::Many(ids), Value::Bool(false)) => ids.is_empty(),
        (Cell::Stamp(stamp), Value::String(wanted)) => {
            let Some(wanted) = whole_second(wanted) else { return false };
            // Whole seconds since 19; before, a stamp with microseconds equals none.
            if state.options.version >= 19 { (wanted..wanted + SECOND).contains(stamp) } else { *stamp == wanted }
        }
        (_, _) => of == Type::Boolean && *value == Value::Bool(false) && *cell == Cell::Empty,
    }
}

fn compares(state: &State, cell: &Cell<'_>, operator: Operator, value: &Value) -> bool {
    match (cell, value) {
        (Cell::Stamp(stamp), Value::String(wanted)) => {
            let Some(wanted) = whole_second(wanted) else { return false };
            // Since 19 the second that is named is left behind as a whole.
            let behind = if state.options.version >= 19 { wanted + SECOND } else { wanted + 1 };
            match operator {
                Operator::Greater => *stamp >= behind,
                Operator::GreaterOrEqual => *stamp >= wanted,
                Operator::Less => *stamp < wanted,
                Operator::LessOrEqual => *stamp < behind,
                Operator::Equal
                | Operator::Differs
                | Operator::In
                | Operator::NotIn
                | Operator::Like
                | Operator::LikeAnyCase
                | Operator::PatternAnyCase => false,
            }
        }
        (Cell::Number(number), Value::Number(wanted)) => {
            let Some(wanted) = wanted.as_i64() else { return false };
            ordered(number.cmp(&wanted), operator)
        }
        (Cell::Decimal(number), Value::Number(wanted)) => {
            let ordering = wanted.as_f64().and_then(|wanted| number.partial_cmp(&wanted));
            ordering.is_some_and(|ordering| ordered(ordering, operator))
        }
        (Cell::Text(text), Value::String(wanted)) => match operator {
            Operator::Like => matches(&format!("%{wanted}%"), text),
            Operator::LikeAnyCase => matches(&format!("%{wanted}%").to_lowercase(), &text.to_lowercase()),
            Operator::PatternAnyCase => matches(&wanted.to_lowercase(), &text.to_lowercase()),
            Operator::Equal
            | Operator::Differs
            | Operator::In
            | Operator::NotIn
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Less
            | Operator::LessOrEqual => ordered(text.as_ref().cmp(wanted.as_str()), operator),
        },
        (Cell::Link(model, id), Value::String(_)) => {
            compares(state, &Cell::text(state.label(*model, *id)), operator, value)
        }
        (_, _) => false,
    }
}

fn ordered(ordering: std::cmp::Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Equal
        | Operator::Differs
        | Operator::In
        | Operator::NotIn
        | Operator::Like
        | Operator::LikeAnyCase
        | Operator::PatternAnyCase => false,
    }
}

/// Whether a text fits a pattern of SQL: `%` is any text, `_` any letter, `\` takes the next letter as it is.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    fits_from(&pattern, &text)
}

#[expect(clippy::match_same_arms, reason = "what is escaped is read before what stands for any letter")]
fn fits_from(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['%', rest @ ..], text) => (0..=text.len()).any(|skip| fits_from(rest, text.get(skip..).unwrap_or_default())),
        (['\\', wanted, rest @ ..], [letter, more @ ..]) => wanted == letter && fits_from(rest, more),
        (['_', rest @ ..], [_, more @ ..]) => fits_from(rest, more),
        ([wanted, rest @ ..], [letter, more @ ..]) => wanted == letter && fits_from(rest, more),
        (_, []) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_sql() {
        assert!(matches("%łó%", "xłódź") && matches("a_c", "abc") && matches(r"100\%", "100%"));
        assert!(!matches(r"100\%", "1000") && !matches("abc", "abcd") && !matches("lodz", "łódź"));
    }
}
