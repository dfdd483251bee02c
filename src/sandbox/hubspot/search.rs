//! Search: over an index that may lag behind the records.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::errors::Failure;
use super::objects::answer;
use super::render::View;
use super::route::{Scene, object_of};
use super::schema::{Kind, Sort, Source};
use super::state::{Drawer, Object, State};
use super::write::{id_of, millis_of};
use crate::sandbox::exchange::Answer;
use crate::sandbox::json;
use crate::sandbox::packed::Packed;

const DEFAULT_LIMIT: usize = 10;
const MOST: usize = 200;
const MOST_GROUPS: usize = 5;
const MOST_IN_GROUP: usize = 6;
const MOST_FILTERS: usize = 18;
const LONGEST_QUERY: usize = 3_000;

/// `POST …/search`.
pub(super) fn search(scene: &Scene<'_>, state: &State, kind: Kind) -> Result<Answer, Failure> {
    if scene.ask.body.len() > LONGEST_QUERY.saturating_mul(8) {
        return Err(Failure::validation(format!("The query may have {LONGEST_QUERY} characters at most")));
    }
    let body = object_of(scene.ask)?;
    let drawer = state.drawer(kind);
    let query = Query::parse(drawer, &body, scene.options.search_cap)?;
    let now = scene.now();
    let mut hits: Vec<Hit<'_>> = drawer
        .objects
        .iter()
        .filter_map(|(id, object)| {
            let (fields, modified) = object.as_indexed(now)?;
            Some(Hit { id, object, fields, modified })
        })
        .filter(|hit| query.meets(drawer, hit))
        .collect();
    if let Some(order) = &query.order {
        hits.sort_by(|one, two| order.compare(one, two));
    }
    let total = hits.len();
    let view = View::new(drawer, &query.properties, false);
    let mut out = Vec::with_capacity(256 + query.limit.min(total) * 1024);
    out.extend_from_slice(b"{\"total\":");
    json::number(&mut out, total);
    out.extend_from_slice(b",\"results\":[");
    for hit in hits.iter().skip(query.after).take(query.limit) {
        json::comma(&mut out);
        view.indexed(&mut out, hit.id, hit.object, hit.fields, hit.modified);
    }
    out.push(b']');
    let next = query.after.saturating_add(query.limit);
    if next < total {
        json::key(&mut out, "paging");
        json::value(&mut out, &json!({"next": {"after": next.to_string()}}), json::Spelling::Raw);
    }
    out.push(b'}');
    Ok(answer(StatusCode::OK, out).page())
}

/// A record as the index has it.
struct Hit<'state> {
    id: u64,
    object: &'state Object,
    fields: &'state Packed,
    modified: i64,
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

#[derive(Debug)]
struct Filter {
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

#[derive(Debug)]
struct Order {
    column: Column,
    descending: bool,
}

#[derive(Debug)]
struct Query {
    groups: Vec<Vec<Filter>>,
    order: Option<Order>,
    text: Option<String>,
    properties: Vec<String>,
    limit: usize,
    after: usize,
}

impl Query {
    fn parse(drawer: &Drawer, body: &Map<String, Value>, cap: usize) -> Result<Self, Failure> {
        let limit = match body.get("limit") {
            None => DEFAULT_LIMIT,
            Some(value) => {
                value.as_u64().and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit <= MOST).ok_or_else(
                    || Failure::validation(format!("limit {value} is not valid: it may be {MOST} at most")),
                )?
            }
        };
        let after = match body.get("after") {
            None => 0,
            Some(Value::String(text)) if text.is_empty() => 0,
            Some(value) => id_of(value)
                .and_then(|after| usize::try_from(after).ok())
                .ok_or_else(|| Failure::validation(format!("after {value} is not a valid cursor")))?,
        };
        if after.saturating_add(limit) > cap {
            return Err(Failure::validation(format!(
                "Cannot page beyond {cap} results: after {after} with limit {limit}"
            )));
        }
        let properties = list(body, "properties")?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let groups =
            list(body, "filterGroups")?.iter().map(|group| filters(drawer, group)).collect::<Result<Vec<_>, _>>()?;
        if groups.len() > MOST_GROUPS || groups.iter().map(Vec::len).sum::<usize>() > MOST_FILTERS {
            return Err(Failure::validation(format!(
                "At most {MOST_GROUPS} filter groups and {MOST_FILTERS} filters are allowed"
            )));
        }
        let order = match list(body, "sorts")? {
            [] => None,
            [one] => Some(order(drawer, one)?),
            [..] => return Err(Failure::validation("Only one sort is allowed")),
        };
        let text = match body.get("query") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.chars().count() > LONGEST_QUERY => {
                return Err(Failure::validation(format!("The query may have {LONGEST_QUERY} characters at most")));
            }
            Some(Value::String(text)) => Some(text.to_lowercase()).filter(|text| !text.is_empty()),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(Failure::input("query has to be a string"));
            }
        };
        Ok(Self { groups, order, text, properties, limit, after })
    }

    fn meets(&self, drawer: &Drawer, hit: &Hit<'_>) -> bool {
        let by_text = self.text.as_ref().is_none_or(|wanted| {
            drawer.kind.searchable().iter().any(|name| {
                let text = drawer.place(name).and_then(|place| hit.fields.get(place));
                text.is_some_and(|text| text.to_lowercase().contains(wanted.as_str()))
            })
        });
        let by_group = |group: &Vec<Filter>| group.iter().all(|filter| filter.meets(hit));
        by_text && (self.groups.is_empty() || self.groups.iter().any(by_group))
    }
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

    fn meets(&self, hit: &Hit<'_>) -> bool {
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
    /// By the property alone: equal ones come in no promised order (here by id).
    fn compare(&self, one: &Hit<'_>, two: &Hit<'_>) -> std::cmp::Ordering {
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

fn filters(drawer: &Drawer, group: &Value) -> Result<Vec<Filter>, Failure> {
    let list = group.get("filters").and_then(Value::as_array);
    let list = list.ok_or_else(|| Failure::input("filters is missing"))?;
    if list.len() > MOST_IN_GROUP {
        return Err(Failure::validation(format!("At most {MOST_IN_GROUP} filters are allowed in a group")));
    }
    list.iter().map(|filter| Filter::parse(drawer, filter)).collect()
}

fn order(drawer: &Drawer, value: &Value) -> Result<Order, Failure> {
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

fn list<'body>(body: &'body Map<String, Value>, key: &str) -> Result<&'body [Value], Failure> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err(Failure::input(&format!("{key} has to be a list")))
        }
    }
}
