//! Countries, currencies, organisations and (where the tenant shows them) contractors: read-only.

use http::Method;

use super::collection;
use super::errors::Refusal;
use super::options::{CurrencyIds, FlowtlyOptions};
use super::render::{Pen, Place};
use super::route::{Reply, Scene};
use super::schema::Resource;
use super::state::{COUNTRIES, CURRENCIES, State, currency_code};
use crate::sandbox::json;

/// `GET` of a collection.
pub(super) fn list(scene: &Scene<'_>, state: &State, resource: Resource) -> Result<Reply, Refusal> {
    let pen = scene.pen(state);
    let rows = ids(scene.options, resource);
    let numbers: Vec<u64> = (0..rows.len() as u64).collect();
    let row = |out: &mut Vec<u8>, place: u64| {
        if let Some(id) = usize::try_from(place).ok().and_then(|place| rows.get(place)) {
            write(&pen, out, resource, id, Place::Member);
        }
    };
    collection::page(&pen, scene.ask, resource, &[], &numbers, row).map(|body| Reply::page(body, &Method::GET))
}

/// `GET` of one.
pub(super) fn show(scene: &Scene<'_>, state: &State, resource: Resource, id: &str) -> Result<Reply, Refusal> {
    if !state.has(scene.options, resource, id) {
        return Err(Refusal::not_found());
    }
    let mut out = Vec::with_capacity(256);
    write(&scene.pen(state), &mut out, resource, id, Place::Item);
    Ok(Reply::item(out, &Method::GET))
}

fn ids(options: &FlowtlyOptions, resource: Resource) -> Vec<String> {
    match resource {
        Resource::Country => COUNTRIES.map(str::to_owned).to_vec(),
        Resource::Currency => match options.currency_ids {
            CurrencyIds::Codes => CURRENCIES.map(str::to_owned).to_vec(),
            CurrencyIds::Numbers => (1..=CURRENCIES.len()).map(|number| number.to_string()).collect(),
        },
        Resource::Organization => vec![options.organization.clone()],
        Resource::Contractor => (1..=options.contractors.len()).map(|number| number.to_string()).collect(),
        Resource::AttributeSet | Resource::Client | Resource::ClientContact => Vec::new(),
    }
}

fn write(pen: &Pen<'_>, out: &mut Vec<u8>, resource: Resource, id: &str, place: Place) {
    pen.open(out, resource, id, "", place);
    json::key(out, "id");
    let is_number = resource == Resource::Contractor
        || (resource == Resource::Currency && pen.options.currency_ids == CurrencyIds::Numbers);
    if is_number {
        out.extend_from_slice(id.as_bytes());
    } else {
        pen.text(out, id);
    }
    let more: Vec<(&str, String)> = match resource {
        Resource::Currency => vec![("code", currency_code(pen.options, id).unwrap_or_default().to_owned())],
        Resource::Organization => ["type", "status", "name", "slug", "instance"]
            .into_iter()
            .zip(["production", "active", "Sandbox", id, id].map(str::to_owned))
            .collect(),
        Resource::Contractor => {
            let place = id.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let name = place.and_then(|place| pen.options.contractors.get(place));
            name.map(|name| ("name", name.clone())).into_iter().collect()
        }
        Resource::Country | Resource::AttributeSet | Resource::Client | Resource::ClientContact => Vec::new(),
    };
    for (key, text) in more {
        json::key(out, key);
        pen.text(out, &text);
    }
    out.push(b'}');
}
