//! Up to a hundred records in one request: read, create, update, upsert, archive.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::drawer::Object;
use super::errors::Failure;
use super::objects::{answer, content, found, live, properties_of, write_back};
use super::options::BatchOrder;
use super::render::View;
use super::route::{Scene, object_of};
use super::schema::Kind;
use super::state::State;
use super::write::id_of;
use crate::sandbox::exchange::Answer;
use crate::sandbox::json;

/// The most inputs of a batch.
pub(super) const MOST: usize = 100;

/// What a batch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Create,
    Update,
    Upsert,
    Archive,
}

impl Operation {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "read" => Self::Read,
            "create" => Self::Create,
            "update" => Self::Update,
            "upsert" => Self::Upsert,
            "archive" => Self::Archive,
            _ => return None,
        })
    }
}

/// `POST …/batch/{operation}`.
pub(super) fn batch(scene: &Scene<'_>, state: &mut State, kind: Kind, operation: Operation) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let inputs = inputs(&body)?;
    match operation {
        Operation::Read => read(scene, state, kind, &body, &inputs),
        Operation::Archive => {
            for input in inputs {
                let id = input.get("id").and_then(id_of).ok_or_else(|| Failure::input("id is missing"))?;
                state.set_archived(kind, id, true, scene.now());
            }
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        Operation::Create | Operation::Update | Operation::Upsert => write(scene, state, kind, operation, &inputs),
    }
}

/// The inputs of a batch, of which there may not be more than [`MOST`], nor none.
pub(super) fn inputs(body: &Map<String, Value>) -> Result<Vec<&Map<String, Value>>, Failure> {
    let list = body.get("inputs").and_then(Value::as_array);
    let list = list.ok_or_else(|| Failure::input("Some required fields were not set: [inputs]"))?;
    if list.is_empty() {
        return Err(Failure::validation("inputs may not be empty"));
    }
    if list.len() > MOST {
        return Err(Failure::validation(format!(
            "The maximum number of inputs supported in a batch request is {MOST}"
        )));
    }
    list.iter().map(|input| input.as_object().ok_or_else(|| Failure::input("inputs has to hold objects"))).collect()
}

/// The envelope of a batch's results: 207 if something failed.
pub(super) fn envelope(scene: &Scene<'_>, good: StatusCode, mut results: Vec<Vec<u8>>, errors: &[Failure]) -> Answer {
    if scene.options.batch_order == BatchOrder::Reversed {
        results.reverse();
    }
    let mut out = Vec::with_capacity(256 + results.iter().map(|result| result.len() + 1).sum::<usize>());
    out.extend_from_slice(b"{\"status\":\"COMPLETE\",\"results\":[");
    for result in results {
        json::comma(&mut out);
        out.extend_from_slice(&result);
    }
    out.push(b']');
    if !errors.is_empty() {
        let list: Vec<Value> = errors.iter().map(Failure::in_batch).collect();
        json::key(&mut out, "numErrors");
        json::number(&mut out, list.len());
        json::key(&mut out, "errors");
        json::value(&mut out, &Value::Array(list), json::Spelling::Raw);
    }
    for key in ["startedAt", "completedAt"] {
        json::key(&mut out, key);
        super::render::instant(&mut out, scene.now());
    }
    out.push(b'}');
    answer(if errors.is_empty() { good } else { StatusCode::MULTI_STATUS }, out)
}

fn read(
    scene: &Scene<'_>,
    state: &State,
    kind: Kind,
    body: &Map<String, Value>,
    inputs: &[&Map<String, Value>],
) -> Result<Answer, Failure> {
    let drawer = state.drawer(kind);
    let names: Vec<String> = match body.get("properties") {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(Failure::input("properties has to be a list"));
        }
    };
    let archived = scene.ask.parameter("archived").as_deref() == Some("true");
    let id_property = body.get("idProperty").and_then(Value::as_str);
    let view = View::new(drawer, &names, false);
    let (mut results, mut missing, mut met) = (Vec::new(), Vec::new(), BTreeSet::new());
    for input in inputs {
        let id = input.get("id").and_then(text_of).ok_or_else(|| Failure::input("id is missing"))?;
        let row = match found(drawer, &id, id_property) {
            Err(failure) if failure.status == StatusCode::BAD_REQUEST => return Err(failure),
            row => row.ok().filter(|(_, object)| object.archived.is_some() == archived),
        };
        match row {
            None => missing.push(id),
            Some((id, object)) => {
                if met.insert(id) {
                    let mut out = Vec::with_capacity(1024);
                    view.object(&mut out, state, id, object);
                    results.push(out);
                }
            }
        }
    }
    let errors: Vec<Failure> = if missing.is_empty() {
        Vec::new()
    } else {
        let name = kind.singular().to_uppercase();
        let message =
            format!("Could not get some {name} objects, they may be deleted or not exist. Check that ids are valid.");
        vec![Failure::new(StatusCode::NOT_FOUND, message, Some("OBJECT_NOT_FOUND")).with("ids", &missing)]
    };
    Ok(envelope(scene, StatusCode::OK, results, &errors).page())
}

/// Without trace ids there is nothing to tie an error to: the batch is carried out whole or not at all.
fn write(
    scene: &Scene<'_>,
    state: &mut State,
    kind: Kind,
    operation: Operation,
    inputs: &[&Map<String, Value>],
) -> Result<Answer, Failure> {
    let traced = inputs.iter().all(|input| input.get("objectWriteTraceId").is_some_and(Value::is_string));
    if operation != Operation::Create {
        refuse_repetitions(inputs)?;
    }
    let mut planned = Vec::new();
    let mut errors = Vec::new();
    // Records made by a batch that then fails as a whole are taken back.
    let mut undone: Vec<Undo> = Vec::new();
    for input in inputs {
        match one(scene, state, kind, operation, input, &mut undone) {
            Ok(id) => planned.push((id, *input)),
            Err(failure) if traced => {
                let trace = input.get("objectWriteTraceId").and_then(Value::as_str).unwrap_or_default().to_owned();
                errors.push(failure.with("objectWriteTraceId", &[trace]));
            }
            Err(failure) => {
                for undo in undone.into_iter().rev() {
                    undo.carry_out(state, kind, scene.now());
                }
                return Err(failure);
            }
        }
    }
    let drawer = state.drawer(kind);
    let results = planned
        .into_iter()
        .map(|((id, new), input)| {
            let mut out = Vec::with_capacity(1024);
            let empty = Map::new();
            let sent = input.get("properties").and_then(Value::as_object).unwrap_or(&empty);
            write_back(&mut out, drawer, id, sent, input.get("objectWriteTraceId"));
            if operation == Operation::Upsert && out.pop().is_some() {
                json::key(&mut out, "new");
                json::value(&mut out, &json!(new), json::Spelling::Raw);
                out.push(b'}');
            }
            out
        })
        .collect();
    let good = if operation == Operation::Create { StatusCode::CREATED } else { StatusCode::OK };
    Ok(envelope(scene, good, results, &errors))
}

/// How one write of a batch is taken back.
enum Undo {
    Created(u64),
    Updated(u64, Box<Object>),
}

impl Undo {
    fn carry_out(self, state: &mut State, kind: Kind, now: i64) {
        match self {
            Self::Created(id) => state.forget(kind, id),
            Self::Updated(id, before) => {
                state.store(kind, id, &before.fields, now);
                if let Some(object) = state.drawer_mut(kind).objects.get_mut(id) {
                    *object = *before;
                }
            }
        }
    }
}

fn one(
    scene: &Scene<'_>,
    state: &mut State,
    kind: Kind,
    operation: Operation,
    input: &Map<String, Value>,
    undone: &mut Vec<Undo>,
) -> Result<(u64, bool), Failure> {
    let existing = match operation {
        Operation::Create => None,
        Operation::Read | Operation::Update | Operation::Archive | Operation::Upsert => {
            let id = input.get("id").and_then(text_of).ok_or_else(|| Failure::input("id is missing"))?;
            let id_property = input.get("idProperty").and_then(Value::as_str);
            match live(state.drawer(kind), &id, id_property) {
                Err(failure) if operation == Operation::Upsert && failure.status == StatusCode::NOT_FOUND => None,
                row => Some(row?),
            }
        }
    };
    if let Some(id) = existing {
        let before = state.drawer(kind).objects.get(id).cloned().unwrap_or_default();
        scene.desk().update(state, kind, id, properties_of(input)?)?;
        undone.push(Undo::Updated(id, Box::new(before)));
        return Ok((id, false));
    }
    let id = if operation == Operation::Create {
        let (properties, named) = content(scene, kind, input)?;
        scene.desk().create(state, kind, properties, &named)?
    } else {
        let mut properties = properties_of(input)?.clone();
        if let (Some(Value::String(name)), Some(id)) = (input.get("idProperty"), input.get("id")) {
            properties.insert(name.clone(), id.clone());
        }
        scene.desk().create(state, kind, &properties, &[])?
    };
    undone.push(Undo::Created(id));
    Ok((id, true))
}

fn refuse_repetitions(inputs: &[&Map<String, Value>]) -> Result<(), Failure> {
    let mut met = BTreeSet::new();
    for id in inputs.iter().filter_map(|input| input.get("id").and_then(text_of)) {
        if !met.insert(id.clone()) {
            let message = format!("Duplicate IDs found in batch input: [{id}]. IDs must be unique");
            return Err(Failure::validation(message));
        }
    }
    Ok(())
}

/// An id as text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|id| id.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
