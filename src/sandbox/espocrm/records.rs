//! Lists and single records.

use std::cmp::Ordering;

use http::{HeaderName, StatusCode};
use serde_json::{Map, Value};

use super::collate::folded;
use super::errors::{Failure, JSON};
use super::filter;
use super::input::{self, Primary};
use super::php::{elements, tree};
use super::render::{self, Selection, attribute};
use super::route::Scene;
use super::schema::{Entity, system_attributes};
use super::state::{Record, State, id_number};
use crate::sandbox::crm::Grant;
use crate::sandbox::exchange::{Answer, Ask};
use crate::sandbox::json;
use crate::sandbox::packed::Packed;

const NO_TOTAL: HeaderName = HeaderName::from_static("x-no-total");
const SKIP_DUPLICATES: HeaderName = HeaderName::from_static("x-skip-duplicate-check");
const VERSION: HeaderName = HeaderName::from_static("x-version-number");

/// A record of a list.
type Entry<'state> = (u64, &'state Record);

/// A list, also of the contacts of an account (`among`).
pub(super) fn list(scene: &Scene<'_>, state: &State, entity: Entity, among: Option<&[u64]>) -> Result<Answer, Failure> {
    let asked = parameters(scene.ask)?;
    let max_size = whole_number(&asked, "maxSize")?.unwrap_or(scene.options.max_size);
    if max_size > scene.options.max_size {
        let most = scene.options.max_size;
        return Err(Failure::forbidden(format!("Max size should not exceed {most}. Use offset and limit.")));
    }
    let offset = whole_number(&asked, "offset")?.unwrap_or(0);
    let filter = filter::read(state, entity, asked.get("where").unwrap_or(&Value::Null))?;
    let order_by = asked.get("orderBy").and_then(Value::as_str).filter(|name| !name.is_empty());
    if let Some(name) = order_by.filter(|name| !is_known(state, entity, name)) {
        return Err(Failure::bad_request(format!("Not existing attribute '{name}' in order.")));
    }
    let is_descending =
        asked.get("order").and_then(Value::as_str).is_some_and(|order| order.eq_ignore_ascii_case("desc"));
    let by_id = matches!(order_by, Some("id")) && !is_descending;
    let counts = scene.ask.header(&NO_TOTAL) != Some("true");

    let records = &state.drawer(entity).records;
    let from = filter.behind().map_or(0, |id| id.saturating_add(1));
    // What the role does not open is left out without a word.
    let holds = |(id, record): &Entry<'_>| {
        !record.deleted && record.grant != Grant::Nothing && filter.holds(state, entity, *id, record)
    };
    let all: Box<dyn Iterator<Item = Entry<'_>>> = match among {
        None => Box::new(records.rows_from(from)),
        Some(ids) => Box::new(ids.iter().filter_map(|id| Some((*id, records.get(*id)?)))),
    };
    let (total, page): (i64, Vec<Entry<'_>>) = if by_id && among.is_none() && !counts {
        (-2, all.filter(holds).skip(offset).take(max_size).collect())
    } else {
        let mut found: Vec<Entry<'_>> = all.filter(holds).collect();
        sort(state, entity, &mut found, order_by.unwrap_or("id"), is_descending);
        let total = if counts { i64::try_from(found.len()).unwrap_or(i64::MAX) } else { -2 };
        (total, found.into_iter().skip(offset).take(max_size).collect())
    };
    Ok(page_of(scene, state, entity, total, &page, selected(&asked).as_deref()))
}

/// A record by id. Nobody asks what was selected.
pub(super) fn show(state: &State, entity: Entity, id: &str) -> Result<Answer, Failure> {
    let number = id_number(id).ok_or_else(|| Failure::no_record(id))?;
    let record = state.live(entity, number).ok_or_else(|| Failure::no_record(id))?;
    if record.grant == Grant::Nothing {
        return Err(Failure::forbidden("No 'read' access."));
    }
    Ok(whole(state, entity, number))
}

/// Makes a record. An id that is sent is none of the client's business.
pub(super) fn create(scene: &Scene<'_>, state: &mut State, entity: Entity) -> Result<Answer, Failure> {
    if entity == Entity::Account && !state.makes_accounts {
        return Err(Failure::forbidden("No create access."));
    }
    let sent = input::body(scene.ask)?;
    let fields = input::fields(state, scene.manners, entity, &Packed::default(), &sent)?;
    if !state.assigns {
        return Err(Failure::forbidden("Assignment failure: assigned user or team not allowed."));
    }
    let (primary, accounts) = partners(state, entity, &sent)?;
    if scene.ask.header(&SKIP_DUPLICATES) != Some("true") {
        let alike = input::duplicates(state, entity, &fields);
        if !alike.is_empty() {
            return Err(Failure::duplicate(alike));
        }
    }
    let id = state.insert(entity, fields, scene.now());
    put_partners(state, id, primary, accounts);
    Ok(whole(state, entity, id))
}

/// Changes a record; `PUT` and `PATCH` alike leave alone what is not sent.
pub(super) fn update(scene: &Scene<'_>, state: &mut State, entity: Entity, id: &str) -> Result<Answer, Failure> {
    let sent = input::body(scene.ask)?;
    let number = id_number(id).ok_or_else(|| Failure::no_record(id))?;
    let record = state.live(entity, number).ok_or_else(|| Failure::no_record(id))?;
    if record.grant != Grant::Full {
        return Err(Failure::forbidden("No edit access."));
    }
    let fields = input::fields(state, scene.manners, entity, &record.fields, &sent)?;
    if entity == Entity::Account {
        check_version(scene.ask, state, number, record, &sent)?;
    }
    let (primary, accounts) = partners(state, entity, &sent)?;
    if let Some(record) = state.live_mut(entity, number) {
        record.fields = fields;
    }
    put_partners(state, number, primary, accounts);
    state.touch(entity, number, scene.now());
    Ok(whole(state, entity, number))
}

/// Deletes softly; a second time there is nothing to delete.
pub(super) fn delete(scene: &Scene<'_>, state: &mut State, entity: Entity, id: &str) -> Result<Answer, Failure> {
    let number = id_number(id).filter(|number| state.live(entity, *number).is_some());
    if number.and_then(|number| state.live(entity, number)).is_some_and(|record| record.grant != Grant::Full) {
        return Err(Failure::forbidden("No delete access."));
    }
    let done = number.is_some_and(|number| state.delete(entity, number, scene.now()));
    if done { Ok(Answer::new(StatusCode::OK, JSON, "true")) } else { Err(Failure::no_record(id)) }
}

/// A whole record.
pub(super) fn whole(state: &State, entity: Entity, id: u64) -> Answer {
    let mut out = Vec::new();
    if let Some(record) = state.live(entity, id) {
        render::record(&mut out, state, entity, id, record, Selection::Whole);
    }
    Answer::new(StatusCode::OK, JSON, out)
}

/// The parameters of a list: one by one, or as one JSON text.
pub(super) fn parameters(ask: &Ask) -> Result<Map<String, Value>, Failure> {
    let mut asked = tree(&ask.parameters());
    if let Some(Value::String(text)) = asked.remove("searchParams") {
        let given: Map<String, Value> =
            serde_json::from_str(&text).map_err(|_| Failure::bad_request("Bad searchParams."))?;
        asked.extend(given);
    }
    Ok(asked)
}

/// A parameter that is a whole number.
pub(super) fn whole_number(asked: &Map<String, Value>, name: &str) -> Result<Option<usize>, Failure> {
    let Some(given) = asked.get(name).filter(|given| !given.is_null()) else { return Ok(None) };
    let number = given.as_str().map_or_else(|| given.as_u64(), |text| text.parse().ok());
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.map(Some).ok_or_else(|| Failure::bad_request(format!("Bad {name}.")))
}

type Partners = (Primary, Option<Vec<u64>>);

fn partners(state: &State, entity: Entity, sent: &Map<String, Value>) -> Result<Partners, Failure> {
    match entity {
        Entity::Account => Ok((Primary::Unsaid, None)),
        Entity::Contact => Ok((input::primary(state, sent)?, input::accounts(state, sent)?)),
    }
}

fn put_partners(state: &mut State, contact: u64, primary: Primary, accounts: Option<Vec<u64>>) {
    if let Some(accounts) = accounts {
        let before = state.live(Entity::Contact, contact).map(|record| record.partners.clone()).unwrap_or_default();
        for account in before.into_iter().filter(|account| !accounts.contains(account)) {
            state.unrelate(contact, account);
        }
        for account in &accounts {
            state.relate(contact, *account);
        }
        let has_none = state.live(Entity::Contact, contact).is_some_and(|record| record.account.is_none());
        if has_none && primary == Primary::Unsaid {
            state.set_primary(contact, accounts.first().copied());
        }
    }
    match primary {
        Primary::Unsaid => {}
        Primary::Nobody => state.set_primary(contact, None),
        Primary::Account(account) => state.set_primary(contact, Some(account)),
    }
}

/// The guard by version: it only bites if something that is sent is stored otherwise.
fn check_version(ask: &Ask, state: &State, id: u64, record: &Record, sent: &Map<String, Value>) -> Result<(), Failure> {
    let Some(version) = ask.header(&VERSION).and_then(|text| text.parse::<u64>().ok()) else { return Ok(()) };
    if version == record.version {
        return Ok(());
    }
    let mut values = Map::new();
    for (name, given) in sent.iter().filter(|(name, _)| is_known(state, Entity::Account, name)) {
        let stored = attribute(state, Entity::Account, id, record, name).map_or(Value::Null, Value::String);
        if stored != *given {
            values.insert(name.clone(), stored);
        }
    }
    if values.is_empty() { Ok(()) } else { Err(Failure::modified(&Value::Object(values), record.version)) }
}

fn is_known(state: &State, entity: Entity, name: &str) -> bool {
    state.drawer(entity).shown(name).is_some() || system_attributes(entity).contains(&name)
}

/// Ties stand in the order of ids.
fn sort(state: &State, entity: Entity, found: &mut [Entry<'_>], order_by: &str, is_descending: bool) {
    let turn = |order: Ordering| if is_descending { order.reverse() } else { order };
    if order_by == "id" {
        found.sort_by(|(one, _), (other, _)| turn(one.cmp(other)));
        return;
    }
    found.sort_by_cached_key(|(id, _)| *id);
    let key = |(id, record): &Entry<'_>| attribute(state, entity, *id, record, order_by).map(|text| folded(&text));
    found.sort_by(|one, other| turn(key(one).cmp(&key(other))));
}

/// The attributes to show; `None` for all columns.
fn selected(asked: &Map<String, Value>) -> Option<Vec<String>> {
    let given = asked.get("select").or_else(|| asked.get("attributeSelect"))?;
    let names: Vec<String> = match given {
        Value::String(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            elements(given).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
    };
    Some(names)
}

fn page_of(
    scene: &Scene<'_>,
    state: &State,
    entity: Entity,
    total: i64,
    page: &[Entry<'_>],
    names: Option<&[String]>,
) -> Answer {
    let names: Option<Vec<String>> = names.map(|names| {
        let is_shown = |name: &&String| scene.options.accounts_in_lists || !name.starts_with("accounts");
        names.iter().filter(is_shown).cloned().collect()
    });
    let selection = names.as_deref().map_or(Selection::Columns, Selection::Named);
    let mut out = b"{\"total\":".to_vec();
    json::number(&mut out, total);
    out.extend_from_slice(b",\"list\":[");
    for (id, record) in page {
        json::comma(&mut out);
        render::record(&mut out, state, entity, *id, record, selection);
    }
    out.extend_from_slice(b"]}");
    Answer::new(StatusCode::OK, JSON, out).page()
}
