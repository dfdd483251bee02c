//! Writing partners: what Odoo takes, what it makes of it, and what it does to others because of it.

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Map, Value};

use super::errors::Failure;
use super::fields::{Model, Type};
use super::state::{Partner, State};
use super::vat;
use crate::sandbox::manners::Manners;
use crate::sandbox::packed::Packed;

/// The model's name.
pub(super) const PARTNER: &str = "res.partner";

/// What a company gives on to its contacts.
const GIVEN_ON: [&str; 7] = ["street", "street2", "city", "zip", "state_id", "country_id", "vat"];

/// What makes the contacts' stamps move, though none of their own fields changes.
const SHOWN_IN_CONTACTS: [&str; 2] = ["name", "phone"];

/// A write under way: who writes, and when its transaction began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hand<'a> {
    pub(super) manners: &'a Manners,
    /// Microseconds of the epoch.
    pub(super) now: i64,
    pub(super) user: u64,
}

/// What is to be stored of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Company(bool),
    Active(bool),
    Parent(Option<u64>),
    /// A field by its place; `None` empties it.
    Field(u16, Option<String>),
}

/// Makes partners; all or none.
pub(super) fn create(state: &mut State, hand: Hand<'_>, list: &[Map<String, Value>]) -> Result<Vec<u64>, Failure> {
    let mut ready = Vec::with_capacity(list.len());
    for vals in list {
        let changes = judge(state, hand, vals)?;
        let mut partner = Partner {
            fields: Packed::default(),
            active: true,
            is_company: false,
            parent: None,
            created: hand.now,
            written: hand.now,
            writer: hand.user,
        };
        if let Some(place) = state.place("type") {
            partner.fields.set(place, Some("contact"));
        }
        if let Some(place) = state.place("lang") {
            partner.fields.set(place, Some("en_US"));
        }
        apply(&mut partner, &changes);
        inherit(state, &mut partner);
        finish(state, &mut partner, true)?;
        ready.push(partner);
    }
    Ok(ready.into_iter().map(|partner| insert(state, partner)).collect())
}

/// Puts a partner in under the next id.
pub(super) fn insert(state: &mut State, partner: Partner) -> u64 {
    let id = state.partners.next_id();
    state.partners.insert(id, partner);
    id
}

/// Writes the same values to partners; all or none.
pub(super) fn write(state: &mut State, hand: Hand<'_>, ids: &[u64], vals: &Map<String, Value>) -> Result<(), Failure> {
    let changes = judge(state, hand, vals)?;
    let mut ready = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(mut partner) = state.partners.get(*id).cloned() else { return Err(Failure::missing(PARTNER, *id)) };
        apply(&mut partner, &changes);
        if partner.parent.is_some_and(|parent| is_below(state, parent, *id)) {
            return Err(Failure::validation("You cannot create recursive Partner hierarchies."));
        }
        finish(state, &mut partner, vals.contains_key("vat") || vals.contains_key("country_id"))?;
        partner.written = hand.now;
        partner.writer = hand.user;
        ready.push((*id, partner));
    }
    for (id, partner) in ready {
        if let Some(place) = state.partners.get_mut(id) {
            *place = partner;
        }
        echo(state, hand, id, vals);
    }
    Ok(())
}

/// Deletes partners without a trace; their contacts stay, and belong to nobody.
pub(super) fn unlink(state: &mut State, hand: Hand<'_>, ids: &[u64]) -> Result<(), Failure> {
    if let Some(missing) = ids.iter().find(|id| state.partners.get(**id).is_none()) {
        return Err(Failure::missing(PARTNER, *missing));
    }
    for id in ids {
        for child in state.children(*id) {
            let Some(mut partner) = state.partners.get(child).cloned() else { continue };
            partner.parent = None;
            partner.written = hand.now;
            partner.writer = hand.user;
            compute(state, &mut partner);
            if let Some(place) = state.partners.get_mut(child) {
                *place = partner;
            }
        }
        state.partners.remove(*id);
    }
    Ok(())
}

/// Archives partners, or takes them out again; those that are filed under them stay as they are.
pub(super) fn set_active(state: &mut State, hand: Hand<'_>, ids: &[u64], active: bool) -> Result<(), Failure> {
    for id in ids {
        let Some(partner) = state.partners.get_mut(*id) else { return Err(Failure::missing(PARTNER, *id)) };
        partner.active = active;
        partner.written = hand.now;
        partner.writer = hand.user;
    }
    Ok(())
}

/// What the values come to; nothing is stored yet.
fn judge(state: &State, hand: Hand<'_>, vals: &Map<String, Value>) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for (name, value) in vals {
        let Some(field) = state.definition(name).filter(|_| !name.is_empty()) else {
            return Err(Failure::invalid_field(name, PARTNER));
        };
        let flag = || match value {
            Value::Bool(flag) => Ok(*flag),
            Value::Null => Ok(false),
            Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => Err(wrong(name, value)),
        };
        match name.as_str() {
            // What is computed is taken, and computed away.
            "is_company" if state.options.computes_companies => {}
            "is_company" => changes.push(Change::Company(flag()?)),
            "active" => changes.push(Change::Active(flag()?)),
            "parent_id" => changes.push(Change::Parent(link(state, name, Model::Partner, value)?)),
            // Computed fields are not written, and nobody is told.
            _ if !field.stored => {}
            _ => {
                let Some(place) = state.place(name) else { continue };
                let text = stored(state, hand, name, field.of, value)?;
                match text {
                    Stored::Text(text) => changes.push(Change::Field(place, text)),
                    Stored::Ignored => {}
                }
            }
        }
    }
    Ok(changes)
}

enum Stored {
    Text(Option<String>),
    /// The server takes the liberty not to store it.
    Ignored,
}

fn stored(state: &State, hand: Hand<'_>, name: &str, of: Type, value: &Value) -> Result<Stored, Failure> {
    let text = match (of, value) {
        (_, Value::Null | Value::Bool(false)) => None,
        (Type::Char | Type::Text, Value::String(text)) => {
            if text.contains('\0') {
                return Err(Failure::value("A string literal cannot contain NUL (0x00) characters."));
            }
            let Some(treated) = hand.manners.treat(PARTNER, name, text) else { return Ok(Stored::Ignored) };
            let is_site = name == "website" && !treated.is_empty() && !treated.contains("://");
            Some(if is_site { format!("http://{treated}") } else { treated })
        }
        (Type::Char | Type::Text | Type::Float, Value::Number(number)) => Some(number.to_string()),
        (Type::Char | Type::Text, _) => {
            return Err(Failure::database("psycopg2.ProgrammingError", "can't adapt type 'dict'"));
        }
        (Type::Boolean, Value::Bool(true)) => Some("1".to_owned()),
        (Type::Integer, Value::Number(number)) if number.is_i64() => Some(number.to_string()),
        (Type::Date, Value::String(text)) => Some(day(name, text)?),
        (Type::Datetime, Value::String(text)) => Some(moment(name, text)?),
        (Type::Selection(choices), Value::String(key)) if choices.iter().any(|(known, _)| known == key) => {
            Some(key.clone())
        }
        (Type::Language, Value::String(key)) if state.options.languages.contains(key) => Some(key.clone()),
        (Type::Link(model), _) => link(state, name, model, value)?.map(|id| id.to_string()),
        (_, _) => return Err(wrong(name, value)),
    };
    Ok(Stored::Text(text))
}

/// A day; what stands behind it is cut off.
fn day(name: &str, text: &str) -> Result<String, Failure> {
    let day = text.get(..10).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
    day.map(|day| day.to_string()).ok_or_else(|| unlike(name, text, "%Y-%m-%d"))
}

/// A moment, or a day's first one.
fn moment(name: &str, text: &str) -> Result<String, Failure> {
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().or_else(day);
    let moment = moment.ok_or_else(|| unlike(name, text, "%Y-%m-%d %H:%M:%S"))?;
    Ok(moment.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn unlike(name: &str, text: &str, form: &str) -> Failure {
    Failure::value(format!("time data '{text}' does not match format '{form}' ({PARTNER}.{name})"))
}

fn link(state: &State, name: &str, model: Model, value: &Value) -> Result<Option<u64>, Failure> {
    match value {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::Number(number) => {
            let id = number.as_u64().ok_or_else(|| wrong(name, value))?;
            if state.has(model, id) { Ok(Some(id)) } else { Err(Failure::missing(model.name(), id)) }
        }
        Value::Bool(true) | Value::String(_) | Value::Array(_) | Value::Object(_) => Err(wrong(name, value)),
    }
}

fn wrong(name: &str, value: &Value) -> Failure {
    Failure::value(format!("Wrong value for {PARTNER}.{name}: {value}"))
}

fn apply(partner: &mut Partner, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Company(is_company) => partner.is_company = *is_company,
            Change::Active(active) => partner.active = *active,
            Change::Parent(parent) => partner.parent = *parent,
            Change::Field(place, text) => partner.fields.set(*place, text.as_deref()),
        }
    }
}

/// A new contact gets its company's address.
fn inherit(state: &State, partner: &mut Partner) {
    let Some(parent) = partner.parent.filter(|_| !partner.is_company) else { return };
    if state.text(partner, "type") == Some("contact") {
        give_on(state, parent, partner);
    }
}

fn give_on(state: &State, from: u64, to: &mut Partner) {
    let Some(from) = state.partners.get(from) else { return };
    for place in GIVEN_ON.iter().filter_map(|name| state.place(name)) {
        to.fields.set(place, from.fields.get(place));
    }
}

/// The checks of the whole record.
fn finish(state: &State, partner: &mut Partner, with_vat: bool) -> Result<(), Failure> {
    let has_name = state.text(partner, "name").is_some_and(|name| !name.is_empty());
    if !has_name && matches!(state.text(partner, "type"), Some("contact") | None) {
        return Err(Failure::validation("Contacts require a name"));
    }
    if with_vat && state.options.base_vat {
        check_vat(state, partner)?;
    }
    compute(state, partner);
    Ok(())
}

/// Who is a company, where that is computed: whoever is filed under nobody and has a VAT number that is one.
pub(super) fn compute(state: &State, partner: &mut Partner) {
    if state.options.computes_companies {
        let is_void = matches!(state.text(partner, "vat"), None | Some("" | "/" | "na" | "NA"));
        partner.is_company = partner.parent.is_none() && !is_void;
    }
}

fn check_vat(state: &State, partner: &mut Partner) -> Result<(), Failure> {
    let (Some(place), Some(vat)) = (state.place("vat"), state.text(partner, "vat").map(str::to_owned)) else {
        return Ok(());
    };
    if vat.is_empty() {
        return Ok(());
    }
    let country = state.text(partner, "country_id").and_then(|id| id.parse().ok()).and_then(State::country_code);
    if let Some(good) = vat::judged(&vat, country) {
        partner.fields.set(place, Some(&good));
        return Ok(());
    }
    let bare: String = vat.chars().filter(char::is_ascii_digit).collect();
    Err(Failure::validation(format!(
        "The VAT number [{bare}] for partner [{}] does not seem to be valid. \nNote: the expected format is BE0477472701",
        state.text(partner, "name").unwrap_or_default()
    )))
}

/// Whether a partner is another one, or filed under it.
fn is_below(state: &State, partner: u64, other: u64) -> bool {
    let mut at = Some(partner);
    for _ in 0..100 {
        match at {
            Some(id) if id == other => return true,
            Some(id) => at = state.partners.get(id).and_then(|partner| partner.parent),
            None => return false,
        }
    }
    true
}

/// What a write of a company does to its contacts.
fn echo(state: &mut State, hand: Hand<'_>, id: u64, vals: &Map<String, Value>) {
    let Some(true) = state.partners.get(id).map(|partner| state.is_firm(partner)) else { return };
    let names = |list: &[&str]| list.iter().any(|name| vals.contains_key(*name));
    let (gives_on, shows) = (names(&GIVEN_ON), names(&SHOWN_IN_CONTACTS));
    if !gives_on && !shows {
        return;
    }
    for child in state.children(id) {
        let Some(mut partner) = state.partners.get(child).cloned() else { continue };
        let is_contact = state.text(&partner, "type") == Some("contact") && !partner.is_company;
        if !is_contact {
            continue;
        }
        if gives_on {
            give_on(state, id, &mut partner);
        }
        partner.written = hand.now;
        partner.writer = hand.user;
        if let Some(place) = state.partners.get_mut(child) {
            *place = partner;
        }
    }
}
