//! One record at a time, and the list of all.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::drawer::{Drawer, Object};
use super::errors::{Failure, JSON};
use super::render::View;
use super::route::{Scene, object_of};
use super::schema::Kind;
use super::state::State;
use super::write::{id_of, partners};
use crate::sandbox::exchange::Answer;
use crate::sandbox::json;

const DEFAULT_LIMIT: usize = 10;
const MOST: usize = 100;

/// `GET` of the list.
pub(super) fn list(scene: &Scene<'_>, state: &State, kind: Kind) -> Result<Answer, Failure> {
    let limit = match scene.ask.parameter("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(|| {
            Failure::validation(format!("limit {text} is not valid: it has to be between 1 and {MOST}"))
        })?,
    };
    let after: u64 = match scene.ask.parameter("after") {
        None => 0,
        Some(text) => text.parse().map_err(|_| Failure::validation(format!("after {text} is not a valid cursor")))?,
    };
    let drawer = state.drawer(kind);
    let view = view(scene, drawer)?;
    let archived = archived(scene)?;
    let mut rows = drawer.objects.rows_from(after).filter(|(_, object)| object.archived.is_some() == archived);
    let mut out = Vec::with_capacity(512 + limit * 1024);
    out.extend_from_slice(b"{\"results\":[");
    for (id, object) in rows.by_ref().take(limit) {
        json::comma(&mut out);
        view.object(&mut out, state, id, object);
    }
    out.push(b']');
    if let Some((next, _)) = rows.next() {
        let link = format!("https://api.hubapi.com{}?limit={limit}&after={next}", scene.ask.path);
        json::key(&mut out, "paging");
        json::value(&mut out, &json!({"next": {"after": next.to_string(), "link": link}}), json::Spelling::Raw);
    }
    out.push(b'}');
    Ok(answer(StatusCode::OK, out).page())
}

/// `GET` of one record.
pub(super) fn show(scene: &Scene<'_>, state: &State, kind: Kind, id: &str) -> Result<Answer, Failure> {
    let drawer = state.drawer(kind);
    let (id, object) = found(drawer, id, scene.ask.parameter("idProperty").as_deref())?;
    if object.archived.is_some() != archived(scene)? {
        return Err(Failure::not_found());
    }
    let mut out = Vec::with_capacity(1024);
    view(scene, drawer)?.object(&mut out, state, id, object);
    Ok(answer(StatusCode::OK, out))
}

/// `POST` of one record.
pub(super) fn create(scene: &Scene<'_>, state: &mut State, kind: Kind) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let (properties, named) = content(scene, kind, &body)?;
    let id = scene.desk().create(state, kind, properties, &named)?;
    Ok(written(state, kind, id, properties, StatusCode::CREATED))
}

/// `PATCH` of one record.
pub(super) fn update(scene: &Scene<'_>, state: &mut State, kind: Kind, id: &str) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let properties = properties_of(&body)?;
    let id_property = scene.ask.parameter("idProperty");
    let id = live(state.drawer(kind), id, id_property.as_deref())?;
    scene.desk().update(state, kind, id, properties)?;
    Ok(written(state, kind, id, properties, StatusCode::OK))
}

/// `DELETE` of one record: archives it. Again, or of a record that never was: 204 too, as there.
pub(super) fn archive(scene: &Scene<'_>, state: &mut State, kind: Kind, id: &str) -> Result<Answer, Failure> {
    let id: u64 = id.parse().map_err(|_| Failure::no_object(id))?;
    state.set_archived(kind, id, true, scene.now());
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// `POST …/merge`.
pub(super) fn merge(scene: &Scene<'_>, state: &mut State, kind: Kind) -> Result<Answer, Failure> {
    let body = object_of(scene.ask)?;
    let id = |key: &str| {
        body.get(key).and_then(id_of).ok_or_else(|| Failure::input(&format!("{key} has to be the id of a record")))
    };
    let (first, second) = (id("primaryObjectId")?, id("objectIdToMerge")?);
    let drawer = state.drawer(kind);
    let (first, second) = (drawer.survivor(first), drawer.survivor(second));
    let merged = state.merge(kind, first, second, scene.now());
    let id = merged.ok_or_else(|| Failure::validation(format!("Unable to merge {first} and {second}")))?;
    Ok(written(state, kind, id, &Map::new(), StatusCode::OK))
}

/// A record by id or by the value of a unique property. An id that was merged away finds the survivor.
pub(super) fn found<'drawer>(
    drawer: &'drawer Drawer,
    id: &str,
    id_property: Option<&str>,
) -> Result<(u64, &'drawer Object), Failure> {
    let id = match id_property {
        None | Some("hs_object_id") => drawer.survivor(id.parse().map_err(|_| Failure::no_object(id))?),
        Some(name) => {
            let place = drawer.property(name).map(|(place, _)| place).filter(|place| drawer.is_unique(*place));
            let place =
                place.ok_or_else(|| Failure::validation(format!("idProperty {name} is not a unique property")))?;
            drawer.holder(place, id).ok_or_else(Failure::not_found)?
        }
    };
    drawer.objects.get(id).map(|object| (id, object)).ok_or_else(Failure::not_found)
}

/// The id of a live record.
pub(super) fn live(drawer: &Drawer, id: &str, id_property: Option<&str>) -> Result<u64, Failure> {
    match found(drawer, id, id_property)? {
        (id, object) if object.archived.is_none() => Ok(id),
        _ => Err(Failure::no_object(id)),
    }
}

/// What a create says: properties and partners.
pub(super) fn content<'body>(
    scene: &Scene<'_>,
    kind: Kind,
    body: &'body Map<String, Value>,
) -> Result<(&'body Map<String, Value>, Vec<super::write::Partner>), Failure> {
    let properties = properties_of(body)?;
    let named = match body.get("associations") {
        Some(Value::Array(list)) => partners(kind, list)?,
        None if !scene.requires_associations() => Vec::new(),
        None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(Failure::input("Some required fields were not set: [associations]"));
        }
    };
    Ok((properties, named))
}

/// The properties that a body says.
pub(super) fn properties_of(body: &Map<String, Value>) -> Result<&Map<String, Value>, Failure> {
    let properties = body.get("properties").and_then(Value::as_object);
    properties.ok_or_else(|| Failure::input("Some required fields were not set: [properties]"))
}

/// Writes a record after a write: what was sent, and the properties that every reply has.
pub(super) fn write_back(
    out: &mut Vec<u8>,
    drawer: &Drawer,
    id: u64,
    sent: &Map<String, Value>,
    trace: Option<&Value>,
) {
    let names: Vec<String> = sent.keys().cloned().chain(["hs_object_id".to_owned()]).collect();
    let Some(object) = drawer.objects.get(id) else { return };
    View::new(drawer, &names, false).object_with(out, id, object, |out| {
        if let Some(trace) = trace {
            json::key(out, "objectWriteTraceId");
            json::value(out, trace, json::Spelling::Raw);
        }
    });
}

pub(super) fn answer(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    Answer::new(status, JSON, body)
}

fn written(state: &State, kind: Kind, id: u64, sent: &Map<String, Value>, status: StatusCode) -> Answer {
    let mut out = Vec::with_capacity(1024);
    write_back(&mut out, state.drawer(kind), id, sent, None);
    answer(status, out)
}

fn view<'drawer>(scene: &Scene<'_>, drawer: &'drawer Drawer) -> Result<View<'drawer>, Failure> {
    let names = names_of(scene, "properties");
    let mut associations = false;
    for name in names_of(scene, "associations") {
        match Kind::parse(&name) {
            Some(kind) if kind == drawer.kind.other() => associations = true,
            Some(_) | None => {
                return Err(Failure::validation(format!("Unable to infer object type from: {name}")));
            }
        }
    }
    Ok(View::new(drawer, &names, associations))
}

fn archived(scene: &Scene<'_>) -> Result<bool, Failure> {
    match scene.ask.parameter("archived").as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(Failure::validation(format!("archived {other} is not a boolean"))),
    }
}

/// A list in the query: repeated, or with commas.
fn names_of(scene: &Scene<'_>, key: &str) -> Vec<String> {
    let given = scene.ask.parameters().into_iter().filter(|(name, _)| name == key);
    given
        .flat_map(|(_, text)| text.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
        .filter(|name| !name.is_empty())
        .collect()
}
