//! People at work in EspoCRM: changes that do not come through the API. What they type is not judged.

use serde_json::Value;

use super::EspoServer;
use super::render::{Selection, value};
use super::schema::{Entity, FieldType, Visibility, custom};
use super::state::State;
use crate::sandbox::crm::Grant;
use crate::sandbox::packed::Packed;

impl EspoServer {
    /// A person makes an account. Returns its number.
    ///
    /// # Panics
    /// If a field is not there: the test is wrong.
    pub fn add_account(&self, fields: &[(&str, &str)]) -> u64 {
        self.add_record(Entity::Account, fields)
    }

    /// A person makes a contact; its account, if it has one, is its primary one. Returns its number.
    ///
    /// # Panics
    /// If a field is not there: the test is wrong.
    pub fn add_contact(&self, fields: &[(&str, &str)], account: Option<u64>) -> u64 {
        let id = self.add_record(Entity::Contact, fields);
        self.with(|state, _| state.set_primary(id, account));
        id
    }

    /// A person changes a field of an account; an empty text clears it. Whether the account is there.
    ///
    /// # Panics
    /// If the field is not there: the test is wrong.
    pub fn edit_account(&self, id: u64, field: &str, text: &str) -> bool {
        self.edit_record(Entity::Account, id, field, text)
    }

    /// A person changes a field of a contact; an empty text clears it. Whether the contact is there.
    ///
    /// # Panics
    /// If the field is not there: the test is wrong.
    pub fn edit_contact(&self, id: u64, field: &str, text: &str) -> bool {
        self.edit_record(Entity::Contact, id, field, text)
    }

    /// A person deletes an account. Its contacts keep its id.
    pub fn delete_account(&self, id: u64) -> bool {
        self.with(|state, now| state.delete(Entity::Account, id, now))
    }

    /// A person deletes a contact.
    pub fn delete_contact(&self, id: u64) -> bool {
        self.with(|state, now| state.delete(Entity::Contact, id, now))
    }

    /// A person puts a contact to a further account. Whether both are there.
    pub fn relate(&self, contact: u64, account: u64) -> bool {
        self.with(|state, now| {
            let there =
                state.live(Entity::Contact, contact).is_some() && state.live(Entity::Account, account).is_some();
            if there {
                state.relate(contact, account);
                state.touch(Entity::Contact, contact, now);
            }
            there
        })
    }

    /// A person takes a contact from an account. Whether it was there.
    pub fn unrelate(&self, contact: u64, account: u64) -> bool {
        self.with(|state, now| {
            let was = state.unrelate(contact, account);
            state.touch(Entity::Contact, contact, now);
            was
        })
    }

    /// A person chooses another primary account, or none; the old one stays among the contact's accounts.
    pub fn set_primary(&self, contact: u64, account: Option<u64>) -> bool {
        self.with(|state, now| {
            state.set_primary(contact, account);
            state.touch(Entity::Contact, contact, now);
            state.live(Entity::Contact, contact).is_some()
        })
    }

    /// A person posts to the stream of an account.
    pub fn post(&self, account: u64, text: &str) -> u64 {
        self.with(|state, now| {
            let id = state.fresh_id(now);
            let post = text.to_owned();
            state.notes.insert(id, super::state::Note { account, post, created: now, modified: now, deleted: false });
            id
        })
    }

    /// The posts in the stream of an account, the oldest first.
    pub fn posts(&self, account: u64) -> Vec<String> {
        self.with(|state, _| {
            let notes = state.notes.iter().filter(|(_, note)| note.account == account && !note.deleted);
            notes.map(|(_, note)| note.post.clone()).collect()
        })
    }

    /// An account with all its attributes, as a read by id shows it.
    pub fn account(&self, id: u64) -> Option<Value> {
        self.with(|state, _| value(state, Entity::Account, id, Selection::Whole))
    }

    /// A contact with all its attributes and its accounts, as a read by id shows it.
    pub fn contact(&self, id: u64) -> Option<Value> {
        self.with(|state, _| value(state, Entity::Contact, id, Selection::Whole))
    }

    /// The text of an attribute of an account.
    pub fn account_text(&self, id: u64, name: &str) -> Option<String> {
        Some(self.account(id)?.get(name)?.as_str()?.to_owned())
    }

    /// The text of an attribute of a contact.
    pub fn contact_text(&self, id: u64, name: &str) -> Option<String> {
        Some(self.contact(id)?.get(name)?.as_str()?.to_owned())
    }

    /// How many live accounts there are.
    pub fn account_count(&self) -> usize {
        self.with(|state, _| count(state, Entity::Account))
    }

    /// How many live contacts there are.
    pub fn contact_count(&self) -> usize {
        self.with(|state, _| count(state, Entity::Contact))
    }

    /// An administrator adds a custom text field to accounts.
    pub fn add_account_field(&self, name: &str) {
        self.define_account_field(name, "varchar", &[]);
    }

    /// An administrator adds a custom field of a type to accounts, by EspoCRM's word for it: an `enum` has these options, and a
    /// `link` leads to an account and is named by its attribute (`cPartnerId`).
    ///
    /// # Panics
    /// If EspoCRM knows no such type: the test is wrong.
    pub fn define_account_field(&self, name: &str, type_name: &str, options: &'static [&'static str]) {
        let Some(kind) = FieldType::of(type_name, options) else { panic!("EspoCRM has no type {type_name}") };
        self.with(|state, _| {
            let drawer = state.drawer_mut(Entity::Account);
            if drawer.place(name).is_none() {
                drawer.fields.push(custom(name, kind));
            }
        });
    }

    /// An administrator removes a field of accounts, and its values with it. Whether it was there.
    pub fn remove_account_field(&self, name: &str) -> bool {
        self.see(name, Visibility::Removed)
    }

    /// An administrator hides a field of accounts from the API user. Whether it was there.
    pub fn hide_account_field(&self, name: &str) -> bool {
        self.see(name, Visibility::Hidden)
    }

    /// An administrator lets nobody write a field of accounts. Whether it was there.
    pub fn freeze_account_field(&self, name: &str) -> bool {
        self.with(|state, _| {
            let found = state.drawer_mut(Entity::Account).fields.iter_mut().find(|field| field.name == name);
            found.map(|field| field.read_only = true).is_some()
        })
    }

    /// An administrator lets the role make records that are assigned to nobody, or no more.
    pub fn let_assign(&self, lets: bool) {
        self.with(|state, _| state.assigns = lets);
    }

    /// An administrator lets the role make accounts, or no more.
    pub fn let_make_accounts(&self, lets: bool) {
        self.with(|state, _| state.makes_accounts = lets);
    }

    /// An administrator changes what the API user may do with a record. Whether it is there.
    pub(super) fn grant_record(&self, entity: Entity, id: u64, grant: Grant) -> bool {
        self.with(|state, _| state.live_mut(entity, id).map(|record| record.grant = grant).is_some())
    }

    pub(super) fn add_record(&self, entity: Entity, fields: &[(&str, &str)]) -> u64 {
        self.with(|state, now| {
            let filled = fields.iter().filter(|(_, text)| !text.is_empty());
            let fields = Packed::of(filled.map(|(name, text)| (place(state, entity, name), *text)).collect());
            state.insert(entity, fields, now)
        })
    }

    pub(super) fn edit_record(&self, entity: Entity, id: u64, field: &str, text: &str) -> bool {
        self.with(|state, now| {
            let place = place(state, entity, field);
            let Some(record) = state.live_mut(entity, id) else { return false };
            record.fields.set(place, Some(text).filter(|text| !text.is_empty()));
            state.touch(entity, id, now);
            true
        })
    }

    /// A person merges the second record into the first, which keeps its id and its values; the second is deleted.
    pub(super) fn merge_records(&self, entity: Entity, first: u64, second: u64) -> Option<u64> {
        self.with(|state, now| {
            if first == second {
                return None;
            }
            state.live(entity, first)?;
            let lost = state.live(entity, second)?.clone();
            for (key, text) in lost.fields.iter() {
                let record = state.live_mut(entity, first)?;
                if record.fields.get(key).is_none() {
                    record.fields.set(key, Some(text));
                }
            }
            for partner in lost.partners {
                let (contact, account) = match entity {
                    Entity::Account => (partner, first),
                    Entity::Contact => (first, partner),
                };
                state.relate(contact, account);
                let moves = |record: &super::state::Record| record.account.is_none() || record.account == Some(second);
                if state.live(Entity::Contact, contact).is_some_and(moves) {
                    state.set_primary(contact, Some(account));
                }
                match entity {
                    Entity::Account => state.unrelate(partner, second),
                    Entity::Contact => state.unrelate(second, partner),
                };
            }
            state.touch(entity, first, now);
            state.delete(entity, second, now);
            Some(first)
        })
    }

    fn see(&self, name: &str, visibility: Visibility) -> bool {
        self.with(|state, _| {
            let fields = &mut state.drawer_mut(Entity::Account).fields;
            let found = fields.iter_mut().find(|field| field.name == name && field.visibility != Visibility::Removed);
            found.map(|field| field.visibility = visibility).is_some()
        })
    }
}

fn count(state: &State, entity: Entity) -> usize {
    state.drawer(entity).records.iter().filter(|(_, record)| !record.deleted).count()
}

fn place(state: &State, entity: Entity, name: &str) -> u16 {
    let Some(place) = state.drawer(entity).place(name) else { panic!("EspoCRM has no field {name}") };
    place
}
