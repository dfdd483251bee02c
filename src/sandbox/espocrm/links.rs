//! The contacts of an account, and the accounts of a contact.

use http::{Method, StatusCode};
use serde_json::Value;

use super::errors::{Failure, JSON};
use super::input;
use super::records;
use super::route::Scene;
use super::schema::Entity;
use super::state::{State, id_number};
use crate::sandbox::crm::Grant;
use crate::sandbox::exchange::Answer;

/// Lists, links or unlinks the partners of a record.
pub(super) fn answer(scene: &Scene<'_>, state: &mut State, entity: Entity, id: &str) -> Result<Answer, Failure> {
    let number = id_number(id).ok_or_else(|| Failure::no_record(id))?;
    let record = state.live(entity, number).ok_or_else(|| Failure::no_record(id))?;
    let other = match entity {
        Entity::Account => Entity::Contact,
        Entity::Contact => Entity::Account,
    };
    if scene.ask.method == Method::GET {
        if record.grant == Grant::Nothing {
            return Err(Failure::forbidden("No read access."));
        }
        let partners = state.partners(entity, record);
        return records::list(scene, state, other, Some(&partners));
    }
    let (name, link) = (entity.name(), if entity == Entity::Account { "contacts" } else { "accounts" });
    if record.grant != Grant::Full {
        return Err(Failure::forbidden(format!("No record access for link operation ({name}:{link}).")));
    }
    let partners = named(scene, state, other)?;
    let is_open = |id: &u64| state.live(other, *id).is_some_and(|record| record.grant == Grant::Full);
    if !partners.iter().all(is_open) {
        return Err(Failure::forbidden(format!("No foreign record access for link operation ({name}:{link}).")));
    }
    for partner in partners {
        let (contact, account) = match entity {
            Entity::Account => (partner, number),
            Entity::Contact => (number, partner),
        };
        if scene.ask.method == Method::DELETE {
            if state.unrelate(contact, account) {
                state.touch(Entity::Contact, contact, scene.now());
            }
            continue;
        }
        state.relate(contact, account);
        if state.live(Entity::Contact, contact).is_some_and(|contact| contact.account.is_none()) {
            state.set_primary(contact, Some(account));
        }
        state.touch(Entity::Contact, contact, scene.now());
    }
    Ok(Answer::new(StatusCode::OK, JSON, "true"))
}

/// The partners that the body (or, for a delete, the query) names.
fn named(scene: &Scene<'_>, state: &State, entity: Entity) -> Result<Vec<u64>, Failure> {
    let body = input::body(scene.ask)?;
    let mut ids: Vec<String> = Vec::new();
    ids.extend(body.get("id").and_then(Value::as_str).map(str::to_owned));
    if let Some(Value::Array(list)) = body.get("ids") {
        ids.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    ids.extend(scene.ask.parameter("id"));
    if ids.is_empty() {
        return Err(Failure::bad_request("No ID."));
    }
    let live = |id: &String| id_number(id).filter(|number| state.live(entity, *number).is_some());
    ids.iter().map(|id| live(id).ok_or_else(|| Failure::no_record(id))).collect()
}
