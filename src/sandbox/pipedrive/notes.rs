//! Notes, which only the old version has: pages by number, stamps without a zone, HTML that is cleaned.

use http::Method;
use serde_json::{Map, Value, json};

use super::errors::{Failure, success};
use super::list::record_id;
use super::route::Scene;
use super::state::{Kind, Note, State};
use crate::sandbox::exchange::Answer;

/// The longest note, in characters.
const LONGEST: usize = 100_000;

/// Lists notes, the oldest first. An empty list is null.
pub(super) fn list(scene: &Scene<'_>, state: &State) -> Result<Answer, Failure> {
    let number = |name: &str, other: usize| match scene.ask.parameter(name) {
        None => Ok(other),
        Some(text) => text.parse::<usize>().map_err(|_| Failure::invalid(format!("{name}: Expected number"))),
    };
    let (start, limit) = (number("start", 0)?, number("limit", 100)?.clamp(1, 500));
    let org = scene.ask.parameter("org_id").and_then(|org| org.parse::<u64>().ok());
    let notes: Vec<(u64, &Note)> =
        state.notes.iter().filter(|(_, note)| org.is_none_or(|org| note.org == org)).collect();
    let page: Vec<Value> = notes.iter().skip(start).take(limit).map(|(id, note)| shown(state, *id, note)).collect();
    let more = start + limit < notes.len();
    let mut pagination = json!({"start": start, "limit": limit, "more_items_in_collection": more});
    if let (true, Some(pagination)) = (more, pagination.as_object_mut()) {
        pagination.insert("next_start".to_owned(), json!(start + limit));
    }
    let data = if page.is_empty() { Value::Null } else { json!(page) };
    Ok(success(&data, &json!({"pagination": pagination})))
}

/// Makes a note.
pub(super) fn create(scene: &Scene<'_>, state: &mut State, body: &Map<String, Value>) -> Result<Answer, Failure> {
    let content = content(body)?.ok_or_else(|| Failure::invalid("content: is required"))?;
    let org = body.get("org_id").and_then(Value::as_u64).ok_or_else(|| Failure::invalid("org_id: is required"))?;
    if state.live(Kind::Organizations, org).is_none() {
        return Err(Failure::not_found(Kind::Organizations.noun()));
    }
    let now = scene.now();
    let id = state.notes.next_id();
    state.notes.insert(id, Note { org, content, created: now, modified: now });
    answer(state, id)
}

/// Shows, changes or deletes a note.
pub(super) fn one(
    scene: &Scene<'_>,
    state: &mut State,
    id: &str,
    body: Option<&Map<String, Value>>,
) -> Result<Answer, Failure> {
    let id = record_id(id)?;
    if state.notes.get(id).is_none() {
        return Err(Failure::not_found("Note"));
    }
    if scene.ask.method == Method::DELETE {
        state.notes.remove(id);
        return Ok(success(&json!(true), &Value::Null));
    }
    if let Some(content) = body.map(content).transpose()?.flatten()
        && let Some(note) = state.notes.get_mut(id)
    {
        note.content = content;
        note.modified = scene.now();
    }
    answer(state, id)
}

fn answer(state: &State, id: u64) -> Result<Answer, Failure> {
    let note = state.notes.get(id).ok_or_else(|| Failure::not_found("Note"))?;
    Ok(success(&shown(state, id, note), &Value::Null))
}

fn content(body: &Map<String, Value>) -> Result<Option<String>, Failure> {
    let Some(content) = body.get("content") else { return Ok(None) };
    match content.as_str() {
        None => Err(Failure::invalid("content: Expected string")),
        Some(text) if text.chars().count() > LONGEST => Err(Failure::invalid("content: is too long")),
        Some(text) => Ok(Some(cleaned(text))),
    }
}

/// What the back-end makes of HTML: links open elsewhere, scripts and comments are gone.
fn cleaned(html: &str) -> String {
    let mut out = html.replace("<a href=", "<a target=\"_blank\" rel=\"noopener noreferrer\" href=");
    for (begins, ends) in [("<script", "</script>"), ("<!--", "-->")] {
        while let Some((before, behind)) = out.split_once(begins) {
            let rest = behind.split_once(ends).map_or("", |(_, rest)| rest);
            out = format!("{before}{rest}");
        }
    }
    out
}

fn shown(state: &State, id: u64, note: &Note) -> Value {
    let name = state.table(Kind::Organizations).get(note.org).map(|record| record.content.name.clone());
    json!({
        "id": id,
        "active_flag": true,
        "add_time": stamp(note.created),
        "update_time": stamp(note.modified),
        "content": note.content,
        "org_id": note.org,
        "organization": {"name": name},
        "person_id": null,
        "deal_id": null,
        "lead_id": null,
        "user_id": 1,
    })
}

/// A time as version 1 writes it.
fn stamp(millis: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}
