//! People at work in Odoo: changes that do not come through the API.

use serde_json::{Map, Value, json};

use super::OdooServer;
use super::cell::Cell;
use super::fields::{Model, Type, type_of};
use super::partners::{self, Hand};
use super::search;
use super::state::{Record, State};
use crate::sandbox::manners::Manners;

/// The user behind what people do: not the key's.
const PERSON: u64 = 6;

/// A transaction that has begun, and taken its id and its stamp, and shows nothing yet: a long import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    id: u64,
    began: i64,
}

impl OdooServer {
    /// A person makes a partner of these values, as the API takes them. Returns the id.
    ///
    /// # Panics
    /// If Odoo would refuse them: the test is wrong.
    pub fn add_partner(&self, values: &Value) -> u64 {
        self.with(|state, now| made(state, now, values))
    }

    /// A person changes a partner. Whether it is there and Odoo takes the values.
    pub fn edit_partner(&self, id: u64, values: &Value) -> bool {
        self.with(|state, now| {
            let Some(vals) = values.as_object() else { return false };
            let manners = Manners::default();
            partners::write(state, hand(&manners, now), &[id], vals).is_ok()
        })
    }

    /// A person archives a partner. Whether it was live.
    pub fn archive_partner(&self, id: u64) -> bool {
        self.set_active(id, false)
    }

    /// A person takes a partner out of the archive. Whether it was there.
    pub fn restore_partner(&self, id: u64) -> bool {
        self.set_active(id, true)
    }

    /// A person deletes a partner: nothing is left of it, and its contacts belong to nobody. Whether it was there.
    pub fn delete_partner(&self, id: u64) -> bool {
        self.with(|state, now| {
            let manners = Manners::default();
            partners::unlink(state, hand(&manners, now), &[id]).is_ok()
        })
    }

    /// A person merges the second partner into the first: what is filed under the second moves, and the second is deleted.
    pub fn merge_partners(&self, first: u64, second: u64) -> Option<u64> {
        self.with(|state, now| {
            if first == second || state.partners.get(first).is_none() || state.partners.get(second).is_none() {
                return None;
            }
            let manners = Manners::default();
            for child in state.children(second) {
                let vals = Map::from_iter([("parent_id".to_owned(), json!(first))]);
                partners::write(state, hand(&manners, now), &[child], &vals).ok()?;
            }
            // The first one's values win; what it lacks comes of the second.
            let lost = state.partners.remove(second)?;
            let kept = state.partners.get_mut(first)?;
            for (place, text) in lost.fields.iter() {
                if kept.fields.get(place).is_none_or(str::is_empty) {
                    kept.fields.set(place, Some(text));
                }
            }
            kept.written = now;
            kept.writer = PERSON;
            let mut kept = kept.clone();
            partners::compute(state, &mut kept);
            *state.partners.get_mut(first)? = kept;
            Some(first)
        })
    }

    /// An import begins: its records will carry the stamp of now, and the next id, whenever it ends.
    pub fn begin(&self) -> Pending {
        self.with(|state, now| Pending { id: state.partners.next_id(), began: now })
    }

    /// An import ends, and shows its partner.
    ///
    /// # Panics
    /// If Odoo would refuse the values: the test is wrong.
    pub fn commit(&self, pending: Pending, values: &Value) -> u64 {
        self.with(|state, _| {
            // It is made as any other, and then put under the id and the stamp that its transaction took.
            let id = made(state, pending.began, values);
            if let Some(partner) = state.partners.remove(id) {
                state.partners.insert(pending.id, partner);
            }
            pending.id
        })
    }

    /// An administrator makes a rule that hides a partner from the key's user.
    pub fn hide_partner(&self, id: u64) {
        self.with(|state, _| {
            state.hidden.insert(id);
        });
    }

    /// The rule is lifted.
    pub fn show_partner(&self, id: u64) {
        self.with(|state, _| {
            state.hidden.remove(&id);
        });
    }

    /// An administrator makes a partner the contact of an internal user: from now on to write it is to write that user.
    pub fn employ_partner(&self, id: u64) {
        self.with(|state, _| {
            state.employed.insert(id);
        });
    }

    /// The firm goes from 19.0 to 19.1: who is a company is computed from now on, at the next write of each.
    pub fn upgrade(&self) {
        self.with(|state, _| state.compute_companies());
    }

    /// An administrator takes the right to read contacts from the key's user.
    pub fn close_partners(&self) {
        self.with(|state, _| state.options.may_read = false);
    }

    /// An administrator adds a custom text field of partners.
    pub fn add_field(&self, name: &str) {
        self.with(|state, _| {
            state.add_field(name, Type::Char);
        });
    }

    /// An administrator adds a field of partners of a type, by Odoo's word for it: `selection` has these keys and labels, and a
    /// `many2one` leads to a partner.
    ///
    /// # Panics
    /// If this Odoo knows no such type: the test is wrong.
    pub fn define_field(&self, name: &str, type_name: &str, choices: &'static [(&'static str, &'static str)]) {
        let Some(kind) = type_of(type_name, choices) else { panic!("Odoo has no type {type_name}") };
        self.with(|state, _| {
            state.add_field(name, kind);
        });
    }

    /// A module with this field is removed, and its values with it. Whether it was there.
    pub fn remove_field(&self, name: &str) -> bool {
        self.with(|state, _| state.remove_field(name))
    }

    /// An administrator takes rights from the key's user: to write contacts, and all that only administrators may.
    pub fn set_rights(&self, may_write: bool, administrator: bool) {
        self.with(|state, _| {
            state.options.may_write = may_write;
            state.options.administrator = administrator;
        });
    }

    /// The user makes a new key, and the old one is revoked.
    pub fn change_key(&self, key: &str) {
        self.with(|state, _| key.clone_into(&mut state.options.key));
    }

    /// A partner with all its fields, as `read` shows it, an archived one too.
    pub fn partner(&self, id: u64) -> Option<Value> {
        self.with(|state, _| {
            let partner = state.partners.get(id)?;
            let fields = state.fields(Model::Partner);
            let names: Vec<String> =
                fields.iter().map(|field| field.name.clone()).filter(|name| !name.is_empty()).collect();
            let mut out = Vec::new();
            search::render(&mut out, state, &Record::Partner(id, partner), &names);
            serde_json::from_slice(&out).ok()
        })
    }

    /// What a partner shows in a field: `None` if it is empty or not there; a link as its id.
    pub fn partner_text(&self, id: u64, field: &str) -> Option<String> {
        self.with(|state, _| {
            let partner = state.partners.get(id)?;
            match Record::Partner(id, partner).cell(state, field) {
                Cell::Empty | Cell::Many(_) => None,
                Cell::Flag(flag) => Some(flag.to_string()),
                Cell::Number(number) => Some(number.to_string()),
                Cell::Decimal(number) => Some(number.to_string()),
                Cell::Text(text) => Some(text.into_owned()),
                Cell::Stamp(micros) => Some(super::cell::stamp(micros)),
                Cell::Link(_, id) => Some(id.to_string()),
            }
        })
    }

    /// The ids of partners that are not archived, in order: companies, or people of companies and, where nobody has to be a
    /// company, of nobody.
    pub fn partners(&self, companies: bool) -> Vec<u64> {
        self.with(|state, _| {
            let is_wanted = |id: u64| {
                state.partners.get(id).is_some_and(|partner| {
                    let is_address = state.text(partner, "type") != Some("contact");
                    partner.active && state.is_firm(partner) == companies && (companies || !is_address)
                })
            };
            state.partners.ids().iter().copied().filter(|id| is_wanted(*id)).collect()
        })
    }

    /// How many partners there are, archived ones too.
    pub fn partner_count(&self) -> usize {
        self.with(|state, _| state.partners.len())
    }

    /// The attachments of a partner that are links: name, address and description.
    pub fn links_of(&self, partner: u64) -> Vec<(String, Option<String>, Option<String>)> {
        self.with(|state, _| {
            let of_it = state.attachments.iter().filter(|(_, one)| {
                one.kind == "url" && one.res_id == partner && one.res_model.as_deref() == Some(partners::PARTNER)
            });
            of_it.map(|(_, one)| (one.name.clone(), one.url.clone(), one.description.clone())).collect()
        })
    }

    /// The id of a country.
    pub fn country(code: &str) -> Option<u64> {
        State::country(code)
    }

    /// The code of a country.
    pub fn country_code(id: u64) -> Option<&'static str> {
        State::country_code(id)
    }

    fn set_active(&self, id: u64, active: bool) -> bool {
        self.with(|state, now| {
            if state.partners.get(id).is_none_or(|partner| partner.active == active) {
                return false;
            }
            let manners = Manners::default();
            partners::set_active(state, hand(&manners, now), &[id], active).is_ok()
        })
    }
}

fn hand(manners: &Manners, now: i64) -> Hand<'_> {
    Hand { manners, now, user: PERSON }
}

fn made(state: &mut State, now: i64, values: &Value) -> u64 {
    let manners = Manners::default();
    let vals = values.as_object().cloned().unwrap_or_default();
    match partners::create(state, hand(&manners, now), &[vals]).as_deref() {
        Ok([id]) => *id,
        Ok(_) => panic!("Odoo made nothing"),
        Err(failure) => panic!("Odoo refuses this: {}", failure.message),
    }
}
