//! What can be done with contacts.

use http::{Method, StatusCode};

use super::clients::{fresh_contact, treated};
use super::collection;
use super::errors::Refusal;
use super::input::{self, Judge, applied};
use super::negotiate;
use super::render::Place;
use super::route::{Reply, Scene};
use super::schema::{CONTACT, PARENT, Resource, slot};
use super::state::{Contact, State};
use crate::sandbox::exchange::Ask;
use crate::sandbox::manners::Manners;
use crate::sandbox::packed::Packed;

/// The collection's name in [`Manners`].
pub(super) const COLLECTION: &str = "client-contacts";

const FILTERS: [&str; 3] = ["client", "client[]", "email"];

/// `GET /client-contacts`.
pub(super) fn list(scene: &Scene<'_>, state: &State) -> Result<Reply, Refusal> {
    let pen = scene.pen(state);
    let filtered = scene.options.filters.then(|| filtered(scene, state)).flatten();
    let ids = filtered.as_deref().unwrap_or_else(|| state.contacts.ids());
    let filters: &[&str] = if scene.options.filters { &FILTERS } else { &[] };
    let row = |out: &mut Vec<u8>, id: u64| {
        if let Some(contact) = state.contacts.get(id) {
            pen.contact(out, id, contact, Place::Member);
        }
    };
    let body = collection::page(&pen, scene.ask, Resource::ClientContact, filters, ids, row)?;
    Ok(Reply::page(body, &Method::POST))
}

/// `GET /client-contacts/{id}`.
pub(super) fn show(scene: &Scene<'_>, state: &State, id: u64) -> Result<Reply, Refusal> {
    let contact = state.contacts.get(id).ok_or_else(Refusal::not_found)?;
    let mut out = Vec::with_capacity(1024);
    scene.pen(state).contact(&mut out, id, contact, Place::Item);
    Ok(Reply::item(out, &Method::PATCH))
}

/// `POST /client-contacts`.
pub(super) fn create(scene: &Scene<'_>, state: &mut State, manners: &Manners) -> Result<Reply, Refusal> {
    negotiate::check_post(scene.ask, scene.options.formats)?;
    let body = input::object(scene.ask)?;
    if body.contains_key("@id") {
        return Err(Refusal::bad("Update is not allowed for this operation."));
    }
    let judge = Judge { options: scene.options, state, ask: scene.ask };
    let fresh = fresh_contact(&judge.given(Resource::ClientContact, &CONTACT, &body)?);
    let violations = judge.violations(&CONTACT, &fresh, "");
    if !violations.is_empty() {
        return Err(Refusal::Violations(violations));
    }
    let client = fresh.get(PARENT).and_then(|id| id.parse().ok());
    let fields = treated(manners, COLLECTION, &CONTACT, &Packed::default(), &fresh);
    let id = state.insert_contact(fields, client, scene.ask.at);
    let mut reply = show(scene, state, id)?;
    reply.status = StatusCode::CREATED;
    reply.location = Some((Resource::ClientContact, id));
    Ok(reply)
}

/// `PATCH /client-contacts/{id}`.
pub(super) fn update(scene: &Scene<'_>, state: &mut State, manners: &Manners, id: u64) -> Result<Reply, Refusal> {
    negotiate::check_patch(scene.ask)?;
    let before = whole(state.contacts.get(id).ok_or_else(Refusal::not_found)?);
    let body = input::object(scene.ask)?;
    let judge = Judge { options: scene.options, state, ask: scene.ask };
    let after = applied(before.clone(), &judge.given(Resource::ClientContact, &CONTACT, &body)?);
    let violations = judge.violations(&CONTACT, &after, "");
    if !violations.is_empty() {
        return Err(Refusal::Violations(violations));
    }
    store(state, id, &before, treated(manners, COLLECTION, &CONTACT, &before, &after), scene.ask);
    let mut reply = show(scene, state, id)?;
    reply.location = Some((Resource::ClientContact, id));
    Ok(reply)
}

/// `DELETE /client-contacts/{id}`.
pub(super) fn delete(state: &mut State, id: u64) -> Result<Reply, Refusal> {
    if state.remove_contact(id) { Ok(Reply::none()) } else { Err(Refusal::not_found()) }
}

/// The fields with the parent among them.
fn whole(contact: &Contact) -> Packed {
    let mut fields = contact.fields.clone();
    fields.set(PARENT, contact.client.map(|id| id.to_string()).as_deref());
    fields
}

/// A write that changes nothing leaves the stamp alone.
fn store(state: &mut State, id: u64, before: &Packed, mut after: Packed, ask: &Ask) {
    if *before == after {
        return;
    }
    let client = after.get(PARENT).and_then(|id| id.parse().ok());
    after.set(PARENT, None);
    state.move_contact(id, client);
    if let Some(contact) = state.contacts.get_mut(id) {
        contact.fields = after;
        contact.updated = ask.at;
    }
    state.revision += 1;
}

/// The contacts that the request's filters let through; `None` if it has none that means anything. A malformed `client`
/// is ignored in silence: every contact is shown.
fn filtered(scene: &Scene<'_>, state: &State) -> Option<Vec<u64>> {
    let mut clients: Option<Vec<u64>> = None;
    let mut email: Option<String> = None;
    for (key, value) in scene.ask.parameters() {
        match key.as_str() {
            "client" | "client[]" => match client_of(&value, &scene.options.prefix) {
                ClientFilter::Malformed => {}
                ClientFilter::None => {
                    clients.get_or_insert_default();
                }
                ClientFilter::Id(id) => clients.get_or_insert_default().push(id),
            },
            "email" => email = Some(value),
            _ => {}
        }
    }
    let (email_place, _) = slot(&CONTACT, "email")?;
    let has_email = |id: u64| {
        email.as_ref().is_none_or(|wanted| {
            let own = state.contacts.get(id).and_then(|contact| contact.fields.get(email_place));
            own.is_some_and(|own| own == wanted && !wanted.is_empty())
        })
    };
    match clients {
        Some(clients) => {
            let mut ids: Vec<u64> = clients
                .iter()
                .filter_map(|id| state.clients.get(*id))
                .flat_map(|client| client.contacts.iter().copied())
                .filter(|id| has_email(*id))
                .collect();
            ids.sort_unstable();
            ids.dedup();
            Some(ids)
        }
        None => email.is_some().then(|| state.contacts.ids().iter().copied().filter(|id| has_email(*id)).collect()),
    }
}

enum ClientFilter {
    Malformed,
    None,
    Id(u64),
}

fn client_of(value: &str, prefix: &str) -> ClientFilter {
    if let Ok(id) = value.parse() {
        return ClientFilter::Id(id);
    }
    let path = value.strip_prefix(prefix).and_then(|path| path.strip_prefix('/')).and_then(|path| path.split_once('/'));
    match path {
        Some(("clients", id)) => id.parse().map_or(ClientFilter::Malformed, ClientFilter::Id),
        Some((other, _)) if Resource::of_segment(other).is_some() => ClientFilter::None,
        Some(_) | None => ClientFilter::Malformed,
    }
}
