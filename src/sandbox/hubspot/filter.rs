//! Filters and orders of a search.

use serde_json::Value;

use super::drawer::{Drawer, Object};
use super::errors::Failure;
use super::schema::{Sort, Source};
use super::write::millis_of;
use crate::sandbox::packed::Packed;

const MOST_IN_GROUP: usize = 6;

/// A record as the index has it.
pub(super) struct Hit<'state> {
    pub(super) id: u64,
    pub(super) object: &'state Object,
    pub(super) fields: &'state Packed,
    pub(super) modified: i64,
}

/// A property in a filter or an order.
#[derive(Debug, Clone, Copy)]
struct Column {
    place: u16,
    sort: Sort,
    source: Source,
}

/// What a property says of a record.
enum Cell<'text> {
    Number(i64),
    Text(&'text str),
    Nothing,
}

/// One condition.
#[derive(Debug)]
pub(super) struct Filter {
    column: Column,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    Between,
    In,
    NotIn,
    HasProperty,
    NotHasProperty,
    ContainsToken,
    NotContainsToken,
}

/// By what the hits are sorted.
#[derive(Debug)]
pub(super) struct Order {
    column: Column,
    descending: bool,
}

impl Column {
    fn parse(drawer: &Drawer, name: &str) -> Result<Self, Failure> {
        let found = drawer.property(name);
        let (place, definition) = found.ok_or_else(|| {
            Failure::validation(format!("There was a problem with the request: property {name} does not exist"))
        })?;
        Ok(Self { place, sort: definition.sort, source: definition.source })
    }

    fn cell<'hit>(self, hit: &Hit<'hit>) -> Cell<'hit> {
        match self.source {
            Source::Id => Cell::Number(i64::try_from(hit.id).unwrap_or(i64::MAX)),
            Source::Created => Cell::Number(hit.object.created),
            Source::Modified => Cell::Number(hit.modified),
            Source::Absorbed => Cell::Nothing,
            Source::Stored => match hit.fields.get(self.place).filter(|text| !text.is_empty()) {
                None => Cell::Nothing,
                Some(text) if self.sort == Sort::DateTime => millis_of(text).map_or(Cell::Nothing, Cell::Number),
                Some(text) => Cell::Text(text),
            },
        }
    }

    fn compares_numbers(self) -> bool {
        self.source != Source::Stored || self.sort == Sort::DateTime
    }
}

impl Filter {
    fn parse(drawer: &Drawer, value: &Value) -> Result<Self, Failure> {
        let word = |key: &str| value.get(key).and_then(Value::as_str);
        let name = word("propertyName").ok_or_else(|| Failure::input("propertyName is missing"))?;
        let column = Column::parse(drawer, name)?;
        let operator = word("operator").and_then(Operator::parse);
        let operator = operator.ok_or_else(|| Failure::input("operator is missing or unknown"))?;
        let one = |key: &str| {
            word(key)
                .map(str::to_owned)
                .ok_or_else(|| Failure::input(&format!("{key} of a filter on {name} has to be a string")))
        };
        let values = match operator {
            Operator::HasProperty | Operator::NotHasProperty => Vec::new(),
            Operator::In | Operator::NotIn => {
                let list = value.get("values").and_then(Value::as_array);
                let list = list.ok_or_else(|| Failure::input("values is missing"))?;
                list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Operator::Between => vec![one("value")?, one("highValue")?],
            Operator::Eq
            | Operator::Neq
            | Operator::Lt
            | Operator::Lte
            | Operator::Gt
            | Operator::Gte
            | Operator::ContainsToken
            | Operator::NotContainsToken => vec![one("value")?],
        };
        if column.compares_numbers() && values.iter().any(|text| millis_of(text).is_none()) {
            return Err(Failure::validation(format!("The value of a filter on {name} is not a number or a time")));
        }
        Ok(Self { column, operator, values })
    }

    /// Whether a record meets the condition.
    pub(super) fn meets(&self, hit: &Hit<'_>) -> bool {
        let cell = self.column.cell(hit);
        let is_there = !matches!(cell, Cell::Nothing);
        let equal = |wanted: &String| match &cell {
            Cell::Number(number) => millis_of(wanted) == Some(*number),
            Cell::Text(text) => text.to_lowercase() == wanted.to_lowercase(),
            Cell::Nothing => false,
        };
        let place = |index: usize| {
            let wanted = self.values.get(index)?;
            match &cell {
                Cell::Number(number) => Some(number.cmp(&millis_of(wanted)?)),
                Cell::Text(text) => Some(match (text.parse::<f64>(), wanted.parse::<f64>()) {
                    (Ok(own), Ok(wanted)) => own.total_cmp(&wanted),
                    _ => (*text).cmp(wanted.as_str()),
                }),
                Cell::Nothing => None,
            }
        };
        let contains = |wanted: &String| match &cell {
            Cell::Text(text) => text.to_lowercase().contains(&wanted.trim_matches('*').to_lowercase()),
            Cell::Number(_) | Cell::Nothing => false,
        };
        match self.operator {
            Operator::Eq | Operator::In => self.values.iter().any(equal),
            Operator::Neq | Operator::NotIn => is_there && !self.values.iter().any(equal),
            Operator::Lt => place(0).is_some_and(std::cmp::Ordering::is_lt),
            Operator::Lte => place(0).is_some_and(std::cmp::Ordering::is_le),
            Operator::Gt => place(0).is_some_and(std::cmp::Ordering::is_gt),
            Operator::Gte => place(0).is_some_and(std::cmp::Ordering::is_ge),
            Operator::Between => {
                place(0).is_some_and(std::cmp::Ordering::is_ge) && place(1).is_some_and(std::cmp::Ordering::is_le)
            }
            Operator::HasProperty => is_there,
            Operator::NotHasProperty => !is_there,
            Operator::ContainsToken => self.values.iter().any(contains),
            Operator::NotContainsToken => is_there && !self.values.iter().any(contains),
        }
    }
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "EQ" => Self::Eq,
            "NEQ" => Self::Neq,
            "LT" => Self::Lt,
            "LTE" => Self::Lte,
            "GT" => Self::Gt,
            "GTE" => Self::Gte,
            "BETWEEN" => Self::Between,
            "IN" => Self::In,
            "NOT_IN" => Self::NotIn,
            "HAS_PROPERTY" => Self::HasProperty,
            "NOT_HAS_PROPERTY" => Self::NotHasProperty,
            "CONTAINS_TOKEN" => Self::ContainsToken,
            "NOT_CONTAINS_TOKEN" => Self::NotContainsToken,
            _ => return None,
        })
    }
}

impl Order {
    /// Whether what was changed last comes last.
    pub(super) fn is_oldest_change_first(&self) -> bool {
        self.column.source == Source::Modified && !self.descending
    }

    /// By the property alone: equal ones come in no promised order (here by id).
    pub(super) fn compare(&self, one: &Hit<'_>, two: &Hit<'_>) -> std::cmp::Ordering {
        let order = match (self.column.cell(one), self.column.cell(two)) {
            (Cell::Number(one), Cell::Number(two)) => one.cmp(&two),
            (Cell::Text(one), Cell::Text(two)) => one.cmp(two),
            (Cell::Nothing, Cell::Nothing) => std::cmp::Ordering::Equal,
            (Cell::Nothing, _) | (Cell::Number(_), Cell::Text(_)) => std::cmp::Ordering::Less,
            (_, Cell::Nothing) | (Cell::Text(_), Cell::Number(_)) => std::cmp::Ordering::Greater,
        };
        if self.descending { order.reverse() } else { order }
    }
}

/// The filters of a group.
pub(super) fn filters(drawer: &Drawer, group: &Value) -> Result<Vec<Filter>, Failure> {
    let list = group.get("filters").and_then(Value::as_array);
    let list = list.ok_or_else(|| Failure::input("filters is missing"))?;
    if list.len() > MOST_IN_GROUP {
        return Err(Failure::validation(format!("At most {MOST_IN_GROUP} filters are allowed in a group")));
    }
    list.iter().map(|filter| Filter::parse(drawer, filter)).collect()
}

/// One of a search's `sorts`: an object, or the property's name with a minus for descending.
pub(super) fn order(drawer: &Drawer, value: &Value) -> Result<Order, Failure> {
    if let Some(text) = value.as_str() {
        let name = text.trim_start_matches('-');
        return Ok(Order { column: Column::parse(drawer, name)?, descending: text.starts_with('-') });
    }
    let name = value.get("propertyName").and_then(Value::as_str);
    let name = name.ok_or_else(|| Failure::input("propertyName of a sort is missing"))?;
    let descending = match value.get("direction").and_then(Value::as_str) {
        None | Some("ASCENDING") => false,
        Some("DESCENDING") => true,
        Some(_) => return Err(Failure::input("direction of a sort has to be ASCENDING or DESCENDING")),
    };
    Ok(Order { column: Column::parse(drawer, name)?, descending })
}
