//! What can be done with clients.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use http::{Method, StatusCode};

use super::collection;
use super::errors::{Refusal, Violation};
use super::input::{self, Entry, Given, Judge, applied};
use super::negotiate;
use super::render::{Pen, Place};
use super::route::{Reply, Scene};
use super::schema::{CLIENT, CONTACT, Resource};
use super::state::{Client, State, client_fields, contact_fields};
use crate::sandbox::exchange::Ask;
use crate::sandbox::manners::Manners;
use crate::sandbox::packed::Packed;

/// The collection's name in [`Manners`].
pub(super) const COLLECTION: &str = "clients";

const FILTERS: [&str; 6] = ["name", "tin", "tin[]", "vatNumber", "status", "country"];

/// `GET /clients`.
pub(super) fn list(scene: &Scene<'_>, state: &State) -> Result<Reply, Refusal> {
    let pen = scene.pen(state);
    let filtered = scene.options.filters.then(|| filtered(scene.ask, state)).flatten();
    let ids = filtered.as_deref().unwrap_or_else(|| state.clients.ids());
    let filters: &[&str] = if scene.options.filters { &FILTERS } else { &[] };
    rows(&pen, scene, filters, ids)
}

/// `GET /clients/search`.
pub(super) fn search(scene: &Scene<'_>, state: &State) -> Result<Reply, Refusal> {
    let pen = scene.pen(state);
    let parameter = scene.options.search_parameter.as_str();
    let Some(wanted) = scene.ask.parameter(parameter).map(|text| text.to_lowercase()) else {
        return rows(&pen, scene, &[parameter], state.clients.ids());
    };
    let says = |client: &Client, key: &str| text(client, key).is_some_and(|text| text.to_lowercase().contains(&wanted));
    let found: Vec<u64> = state
        .clients
        .iter()
        .filter(|(_, client)| says(client, "name") || says(client, "vatNumber") || says(client, "tin"))
        .map(|(id, _)| id)
        .collect();
    rows(&pen, scene, &[parameter], &found)
}

/// `GET /clients/{id}` and `GET /clients/{id}/documents`.
pub(super) fn show(scene: &Scene<'_>, state: &State, id: u64, tail: &str) -> Result<Reply, Refusal> {
    let client = state.clients.get(id).ok_or_else(Refusal::not_found)?;
    let mut out = Vec::with_capacity(2048);
    scene.pen(state).client(&mut out, id, client, tail, Place::Item);
    Ok(Reply::item(out, &Method::PATCH))
}

/// `POST /clients`.
pub(super) fn create(scene: &Scene<'_>, state: &mut State, manners: &Manners) -> Result<Reply, Refusal> {
    negotiate::check_post(scene.ask, scene.options.formats)?;
    let body = input::object(scene.ask)?;
    if body.contains_key("@id") {
        return Err(Refusal::bad("Update is not allowed for this operation."));
    }
    let judge = Judge { options: scene.options, state, ask: scene.ask };
    let given = judge.given(Resource::Client, &CLIENT, &body)?;
    let entries = judge.entries(&body)?.unwrap_or_default();
    let attributes = judge.attributes(&body, None)?;
    let fresh = client_fields(given.iter().filter_map(|(place, text)| Some((*place, text.as_deref()?))).collect());
    let mut violations = judge.violations(&CLIENT, &fresh, "");
    violations.extend(entry_violations(&judge, &entries, 0));
    if !violations.is_empty() {
        return Err(Refusal::Violations(violations));
    }
    let fields = treated(manners, COLLECTION, &CLIENT, &Packed::default(), &fresh);
    let id = state.insert_client(fields);
    if let Some(client) = state.clients.get_mut(id) {
        client.attributes = attributes.map(Box::new);
    }
    take_in(state, manners, id, entries, scene.ask.at);
    let mut reply = show(scene, state, id, "")?;
    reply.status = StatusCode::CREATED;
    reply.location = Some((Resource::Client, id));
    Ok(reply)
}

/// `PATCH /clients/{id}`.
pub(super) fn update(scene: &Scene<'_>, state: &mut State, manners: &Manners, id: u64) -> Result<Reply, Refusal> {
    negotiate::check_patch(scene.ask)?;
    let before = state.clients.get(id).ok_or_else(Refusal::not_found)?.clone();
    let body = input::object(scene.ask)?;
    let judge = Judge { options: scene.options, state, ask: scene.ask };
    let given = judge.given(Resource::Client, &CLIENT, &body)?;
    let entries = judge.entries(&body)?;
    let attributes = judge.attributes(&body, before.attributes.as_deref())?;
    let after = applied(before.fields.clone(), &given);
    let mut violations = judge.violations(&CLIENT, &after, "");
    if let Some(entries) = &entries {
        violations.extend(entry_violations(&judge, entries, before.contacts.len()));
    }
    if !violations.is_empty() {
        return Err(Refusal::Violations(violations));
    }
    let stored = treated(manners, COLLECTION, &CLIENT, &before.fields, &after);
    if let Some(client) = state.clients.get_mut(id)
        && client.fields != stored
    {
        client.fields = stored;
        state.revision += 1;
    }
    if let (Some(attributes), Some(client)) = (attributes, state.clients.get_mut(id)) {
        client.attributes = Some(Box::new(attributes));
        state.revision += 1;
    }
    if let Some(entries) = entries {
        let kept: BTreeSet<u64> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Keep(id) => Some(*id),
                Entry::New(_) => None,
            })
            .collect();
        for gone in before.contacts.iter().filter(|contact| !kept.contains(contact)) {
            state.remove_contact(*gone);
        }
        take_in(state, manners, id, entries, scene.ask.at);
    }
    let mut reply = show(scene, state, id, "")?;
    reply.location = Some((Resource::Client, id));
    Ok(reply)
}

/// What the server stores where `after` was to be stored over `before`.
pub(super) fn treated(
    manners: &Manners,
    collection: &str,
    table: &[super::schema::Slot],
    before: &Packed,
    after: &Packed,
) -> Packed {
    let mut stored = after.clone();
    for (place, slot) in (0..).zip(table) {
        let (old, new) = (before.get(place), after.get(place));
        if old == new {
            continue;
        }
        match manners.treat(collection, slot.key, new.unwrap_or_default()) {
            None => stored.set(place, old),
            Some(text) if new.is_some_and(|new| new != text) => stored.set(place, Some(&text)),
            Some(_) => {}
        }
    }
    stored
}

fn rows(pen: &Pen<'_>, scene: &Scene<'_>, filters: &[&str], ids: &[u64]) -> Result<Reply, Refusal> {
    let row = |out: &mut Vec<u8>, id: u64| {
        if let Some(client) = pen.state.clients.get(id) {
            pen.client(out, id, client, "", Place::Member);
        }
    };
    collection::page(pen, scene.ask, Resource::Client, filters, ids, row).map(|body| Reply::page(body, &Method::POST))
}

/// The clients that the request's filters let through; `None` if it has none.
fn filtered(ask: &Ask, state: &State) -> Option<Vec<u64>> {
    let parameters = ask.parameters();
    let mut wanted: Vec<(&str, Vec<&str>)> = Vec::new();
    for (key, value) in &parameters {
        if !FILTERS.contains(&key.as_str()) {
            continue;
        }
        let key = key.trim_end_matches("[]");
        match wanted.iter_mut().find(|(other, _)| *other == key) {
            Some((_, values)) => values.push(value),
            None => wanted.push((key, vec![value])),
        }
    }
    if wanted.is_empty() {
        return None;
    }
    let lets_through = |client: &Client| {
        wanted.iter().all(|(key, values)| {
            let own = text(client, key).unwrap_or_default();
            values.iter().any(|value| match *key {
                "name" => own.to_lowercase().contains(&value.to_lowercase()),
                "country" => own == value.rsplit('/').next().unwrap_or_default(),
                _ => own == *value && !value.is_empty(),
            })
        })
    };
    Some(state.clients.iter().filter(|(_, client)| lets_through(client)).map(|(id, _)| id).collect())
}

fn text<'client>(client: &'client Client, key: &str) -> Option<&'client str> {
    let (place, _) = super::schema::slot(&CLIENT, key)?;
    client.fields.get(place)
}

/// The path of an embedded contact counts the rows that were there before.
fn entry_violations(judge: &Judge<'_>, entries: &[Entry], before: usize) -> Vec<Violation> {
    let mut found = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        if let Entry::New(given) = entry {
            let path = format!("clientContacts[{}].", before + place);
            found.extend(judge.violations(&CONTACT, &fresh_contact(given), &path));
        }
    }
    found
}

fn take_in(state: &mut State, manners: &Manners, client: u64, entries: Vec<Entry>, at: DateTime<Utc>) {
    for entry in entries {
        match entry {
            Entry::Keep(contact) => state.move_contact(contact, Some(client)),
            Entry::New(given) => {
                let fresh = fresh_contact(&given);
                let collection = super::contacts::COLLECTION;
                let fields = treated(manners, collection, &CONTACT, &Packed::default(), &fresh);
                state.insert_contact(fields, Some(client), at);
            }
        }
    }
}

pub(super) fn fresh_contact(given: &Given) -> Packed {
    contact_fields(given.iter().filter_map(|(place, text)| Some((*place, text.as_deref()?))).collect())
}
