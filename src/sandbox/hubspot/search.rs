//! Search: over an index that may lag behind the records.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::drawer::Drawer;
use super::errors::Failure;
use super::filter::{Filter, Hit, Order, filters, order};
use super::objects::answer;
use super::render::View;
use super::route::{Scene, object_of};
use super::schema::Kind;
use super::state::State;
use super::write::id_of;
use crate::sandbox::exchange::Answer;
use crate::sandbox::json;

const DEFAULT_LIMIT: usize = 10;
const MOST: usize = 200;
const MOST_GROUPS: usize = 5;
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
        if order.is_oldest_change_first() {
            let late = i64::try_from(scene.options.search_disorder.as_millis()).unwrap_or(i64::MAX);
            // A stable sort: without disorder nothing moves.
            hits.sort_by_key(|hit| hit.modified.saturating_add(if hit.id.is_multiple_of(3) { late } else { 0 }));
        }
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

fn list<'body>(body: &'body Map<String, Value>, key: &str) -> Result<&'body [Value], Failure> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err(Failure::input(&format!("{key} has to be a list")))
        }
    }
}
