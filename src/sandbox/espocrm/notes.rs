//! Posts in the streams of accounts.

use http::StatusCode;
use serde_json::{Value, json};

use super::errors::{Failure, JSON};
use super::input;
use super::records::{parameters, whole_number};
use super::render::{API_USER, stamp};
use super::route::Scene;
use super::schema::Entity;
use super::state::{Note, State, id_number, id_text};
use crate::sandbox::exchange::Answer;
use crate::sandbox::json::{self, Spelling};

const DAY: i64 = 86_400;

/// The stream of an account, the newest first.
pub(super) fn stream(scene: &Scene<'_>, state: &State, id: &str) -> Result<Answer, Failure> {
    let account = id_number(id).filter(|number| state.live(Entity::Account, *number).is_some());
    let account = account.ok_or_else(|| Failure::no_record(id))?;
    if !scene.options.streams {
        return Err(Failure::forbidden("No stream access."));
    }
    let asked = parameters(scene.ask)?;
    let max_size = whole_number(&asked, "maxSize")?.unwrap_or(scene.options.max_size);
    if max_size > scene.options.max_size {
        let most = scene.options.max_size;
        return Err(Failure::forbidden(format!("Max size should not exceed {most}. Use offset and limit.")));
    }
    let offset = whole_number(&asked, "offset")?.unwrap_or(0);
    let mut notes: Vec<(u64, &Note)> =
        state.notes.iter().filter(|(_, note)| note.account == account && !note.deleted).collect();
    notes.reverse();
    let total = notes.len();
    let list: Vec<Value> = notes.into_iter().skip(offset).take(max_size).map(|(id, note)| shown(id, note)).collect();
    Ok(answer(&json!({"total": total, "list": list})).page())
}

/// Posts to the stream of an account.
pub(super) fn create(scene: &Scene<'_>, state: &mut State) -> Result<Answer, Failure> {
    let sent = input::body(scene.ask)?;
    let text = |name: &str| sent.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("type") != Some("Post") {
        return Err(Failure::forbidden("Only 'Post' type allowed."));
    }
    let Some(post) = text("post") else {
        return Err(Failure::bad_request("Field validation failure; entityType: Note, field: post, type: required."));
    };
    let parent = text("parentId").unwrap_or_default();
    if text("parentType") != Some(Entity::Account.name()) {
        return Err(Failure::forbidden("No parent."));
    }
    let account = id_number(parent).filter(|number| state.live(Entity::Account, *number).is_some());
    let account = account.ok_or_else(|| Failure::no_record(parent))?;
    if !scene.options.streams {
        return Err(Failure::forbidden("No stream access."));
    }
    let note = Note { account, post: post.to_owned(), created: scene.now(), modified: scene.now(), deleted: false };
    let id = state.fresh_id(scene.now());
    let body = shown(id, &note);
    state.notes.insert(id, note);
    Ok(answer(&body))
}

/// Shows a post.
pub(super) fn show(state: &State, id: &str) -> Result<Answer, Failure> {
    let (number, note) = find(state, id)?;
    Ok(answer(&shown(number, note)))
}

/// Edits a post: its author may for some days.
pub(super) fn update(scene: &Scene<'_>, state: &mut State, id: &str) -> Result<Answer, Failure> {
    let sent = input::body(scene.ask)?;
    let (number, note) = find(state, id)?;
    if scene.now() > note.created + scene.options.note_edit_days * DAY {
        return Err(Failure::forbidden("No edit access."));
    }
    if let (Some(note), Some(post)) = (state.notes.get_mut(number), sent.get("post").and_then(Value::as_str)) {
        post.clone_into(&mut note.post);
        note.modified = scene.now();
    }
    show(state, id)
}

/// Takes a post away.
pub(super) fn delete(state: &mut State, id: &str) -> Result<Answer, Failure> {
    let (number, _) = find(state, id)?;
    if let Some(note) = state.notes.get_mut(number) {
        note.deleted = true;
    }
    Ok(Answer::new(StatusCode::OK, JSON, "true"))
}

fn find<'state>(state: &'state State, id: &str) -> Result<(u64, &'state Note), Failure> {
    let found = id_number(id).and_then(|number| Some((number, state.notes.get(number)?)));
    found.filter(|(_, note)| !note.deleted).ok_or_else(|| Failure::no_record(id))
}

fn shown(id: u64, note: &Note) -> Value {
    json!({
        "id": id_text(id),
        "type": "Post",
        "post": note.post,
        "parentId": id_text(note.account),
        "parentType": "Account",
        "createdAt": stamp(note.created),
        "modifiedAt": stamp(note.modified),
        "createdById": API_USER,
    })
}

fn answer(body: &Value) -> Answer {
    let mut out = Vec::new();
    json::value(&mut out, body, Spelling::Plain);
    Answer::new(StatusCode::OK, JSON, out)
}
