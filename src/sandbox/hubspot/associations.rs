//! Who belongs to whom.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::batch::{envelope, inputs};
use super::drawer::Link;
use super::errors::Failure;
use super::objects::{answer, found, live};
use super::route::{Scene, object_of, value_of};
use super::schema::Kind;
use super::state::State;
use super::write::{id_of, primary_of};
use crate::sandbox::exchange::Answer;
use crate::sandbox::json;

/// What a batch of associations does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Create,
    CreateDefault,
    Archive,
    ArchiveLabels,
}

impl Operation {
    /// By the path after the two types.
    pub(super) fn parse(path: &[&str]) -> Option<Self> {
        Some(match path {
            ["batch", "read"] => Self::Read,
            ["batch", "create"] => Self::Create,
            ["batch", "associate", "default"] => Self::CreateDefault,
            ["batch", "archive"] => Self::Archive,
            ["batch", "labels", "archive"] => Self::ArchiveLabels,
            _ => return None,
        })
    }
}

/// `POST …/{from}/{to}/batch/…`.
pub(super) fn batch(scene: &Scene<'_>, state: &mut State, from: Kind, operation: Operation) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let inputs = inputs(&body)?;
    match operation {
        Operation::Read => read(scene, state, from, &inputs),
        Operation::Create | Operation::CreateDefault => create(scene, state, from, operation, &inputs),
        Operation::Archive => {
            for input in inputs {
                let id = id_at(input, "from")?;
                let others = input.get("to").and_then(Value::as_array);
                for other in others.ok_or_else(|| Failure::input("to has to be a list"))? {
                    let other = other.get("id").and_then(id_of).ok_or_else(|| Failure::input("to.id is missing"))?;
                    state.unlink(from, id, other);
                }
            }
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        Operation::ArchiveLabels => {
            for input in inputs {
                let (id, other) = (id_at(input, "from")?, id_at(input, "to")?);
                if primary_of(from, types(input)?)? {
                    let (contact, company) = if from == Kind::Contacts { (id, other) } else { (other, id) };
                    state.mark_primary(contact, company, false);
                } else {
                    state.unlink(from, id, other);
                }
            }
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
    }
}

/// `GET …/objects/{from}/{id}/associations/{to}`.
pub(super) fn list(scene: &Scene<'_>, state: &State, from: Kind, id: &str) -> Result<Answer, Failure> {
    let (id, object) = found(state.drawer(from), id, None)?;
    if object.archived.is_some() {
        return Err(Failure::no_object(&id.to_string()));
    }
    let links: Vec<Link> = state.links(from, object).collect();
    let rows: Vec<Value> = if scene.version == "v3" {
        let row = |link: &Link, suffix: &str| {
            let name = format!("{}_to_{}{suffix}", from.singular(), from.other().singular());
            json!({"id": link.other.to_string(), "type": name})
        };
        links
            .iter()
            .flat_map(|link| link.primary.then(|| row(link, "")).into_iter().chain([row(link, "_unlabeled")]))
            .collect()
    } else {
        links.iter().map(|link| partner(from, *link)).collect()
    };
    Ok(answer(StatusCode::OK, json!({"results": rows}).to_string()).page())
}

/// `PUT …/objects/{from}/{id}/associations/default/{to}/{other}`.
pub(super) fn put_default(
    scene: &Scene<'_>,
    state: &mut State,
    from: Kind,
    id: &str,
    other: &str,
) -> Result<Answer, Failure> {
    let (id, other) = pair(state, from, id, other)?;
    scene.desk().associate(state, from, id, other, false);
    let mut results = Vec::new();
    push_specs(&mut results, state, from, id, other);
    Ok(envelope(scene, StatusCode::OK, results, &[]))
}

/// `PUT …/objects/{from}/{id}/associations/{to}/{other}` with the list of types.
pub(super) fn put(scene: &Scene<'_>, state: &mut State, from: Kind, id: &str, other: &str) -> Result<Answer, Failure> {
    let body = value_of(scene.ask)?;
    let primary = primary_of(from, body.as_array().ok_or_else(|| Failure::input("the body has to be a list"))?)?;
    let (id, other) = pair(state, from, id, other)?;
    scene.desk().associate(state, from, id, other, primary);
    Ok(answer(StatusCode::CREATED, labels(from, id, other).to_string()))
}

/// `DELETE …/objects/{from}/{id}/associations/{to}/{other}`.
pub(super) fn delete(state: &mut State, from: Kind, id: &str, other: &str) -> Result<Answer, Failure> {
    let (id, other) = pair(state, from, id, other)?;
    state.unlink(from, id, other);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn read(scene: &Scene<'_>, state: &State, from: Kind, inputs: &[&Map<String, Value>]) -> Result<Answer, Failure> {
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for input in inputs {
        let id = input.get("id").and_then(id_of).ok_or_else(|| Failure::input("id is missing"))?;
        let id = state.drawer(from).survivor(id);
        let after = input.get("after").and_then(id_of).and_then(|after| usize::try_from(after).ok()).unwrap_or(0);
        let object = state.drawer(from).objects.get(id).filter(|object| object.archived.is_none());
        let links: Vec<Link> = object.map_or_else(Vec::new, |object| state.links(from, object).collect());
        if links.is_empty() {
            errors.push(Failure::no_associations(from, from.other(), id));
            continue;
        }
        let page = scene.options.association_page;
        let shown: Vec<Value> = links.iter().skip(after).take(page).map(|link| partner(from, *link)).collect();
        let mut row = json!({"from": {"id": id.to_string()}, "to": shown});
        let next = after.saturating_add(page);
        if let Some(row) = row.as_object_mut().filter(|_| next < links.len()) {
            row.insert("paging".to_owned(), json!({"next": {"after": next.to_string()}}));
        }
        let mut out = Vec::with_capacity(256);
        json::value(&mut out, &row, json::Spelling::Raw);
        results.push(out);
    }
    Ok(envelope(scene, StatusCode::OK, results, &errors).page())
}

fn create(
    scene: &Scene<'_>,
    state: &mut State,
    from: Kind,
    operation: Operation,
    inputs: &[&Map<String, Value>],
) -> Result<Answer, Failure> {
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for input in inputs {
        let (id, other) = (id_at(input, "from")?, id_at(input, "to")?);
        let primary = if operation == Operation::Create { primary_of(from, types(input)?)? } else { false };
        match pair(state, from, &id.to_string(), &other.to_string()) {
            Err(failure) => errors.push(failure),
            Ok((id, other)) => {
                scene.desk().associate(state, from, id, other, primary);
                if operation == Operation::Create {
                    results.push(labels(from, id, other).to_string().into_bytes());
                } else {
                    push_specs(&mut results, state, from, id, other);
                }
            }
        }
    }
    let good = if operation == Operation::Create { StatusCode::CREATED } else { StatusCode::OK };
    Ok(envelope(scene, good, results, &errors))
}

/// Both records have to be live.
fn pair(state: &State, from: Kind, id: &str, other: &str) -> Result<(u64, u64), Failure> {
    Ok((live(state.drawer(from), id, None)?, live(state.drawer(from.other()), other, None)?))
}

fn partner(from: Kind, link: Link) -> Value {
    let (unlabelled, primary) = from.association_types();
    let mut types = vec![json!({"category": "HUBSPOT_DEFINED", "typeId": unlabelled, "label": null})];
    if link.primary {
        types.insert(0, json!({"category": "HUBSPOT_DEFINED", "typeId": primary, "label": "Primary"}));
    }
    json!({"toObjectId": link.other, "associationTypes": types})
}

fn labels(from: Kind, id: u64, other: u64) -> Value {
    json!({
        "fromObjectTypeId": from.type_id(), "fromObjectId": id,
        "toObjectTypeId": from.other().type_id(), "toObjectId": other, "labels": [],
    })
}

/// One result for each type of the association that there now is.
fn push_specs(results: &mut Vec<Vec<u8>>, state: &State, from: Kind, id: u64, other: u64) {
    let (unlabelled, primary) = from.association_types();
    let is_primary = state
        .drawer(from)
        .objects
        .get(id)
        .is_some_and(|object| object.links.iter().any(|link| link.other == other && link.primary));
    for type_id in is_primary.then_some(primary).into_iter().chain([unlabelled]) {
        let row = json!({
            "from": {"id": id.to_string()}, "to": {"id": other.to_string()},
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id},
        });
        results.push(row.to_string().into_bytes());
    }
}

fn id_at(input: &Map<String, Value>, key: &str) -> Result<u64, Failure> {
    let id = input.get(key).and_then(|end| end.get("id")).and_then(id_of);
    id.ok_or_else(|| Failure::input(&format!("{key}.id is missing")))
}

fn types(input: &Map<String, Value>) -> Result<&[Value], Failure> {
    let types = input.get("types").and_then(Value::as_array).map(Vec::as_slice);
    types.ok_or_else(|| Failure::input("types is missing"))
}
