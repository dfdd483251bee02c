//! What an EspoCRM holds.

use super::options::EspoOptions;
use super::schema::{Entity, Field, Visibility, fields};
use crate::sandbox::crm::Grant;
use crate::sandbox::packed::Packed;
use crate::sandbox::table::Table;

/// An account or a contact. Times are seconds of the epoch: that is all that is stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) fields: Packed,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) version: u64,
    /// Deleted records stay in the table; nobody but an administrator sees them.
    pub(super) deleted: bool,
    /// What the API user may do with it, by its team or its owner.
    pub(super) grant: Grant,
    /// A contact's primary account. It stays when the account goes.
    pub(super) account: Option<u64>,
    /// The partners: the accounts of a contact, the contacts of an account.
    pub(super) partners: Vec<u64>,
}

/// A post in a stream.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) account: u64,
    pub(super) post: String,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) deleted: bool,
}

/// All of one type.
#[derive(Debug)]
pub(super) struct Drawer {
    pub(super) fields: Vec<Field>,
    pub(super) records: Table<Record>,
}

/// Everything.
#[derive(Debug)]
pub(super) struct State {
    accounts: Drawer,
    contacts: Drawer,
    pub(super) notes: Table<Note>,
    /// Whether the role lets the API user make records that are assigned to nobody.
    pub(super) assigns: bool,
    /// Whether the role makes accounts.
    pub(super) makes_accounts: bool,
    last_id: u64,
}

impl State {
    pub(super) fn new(options: &EspoOptions) -> Self {
        let drawer = |entity| Drawer { fields: fields(entity, options), records: Table::starting_at(1) };
        Self {
            accounts: drawer(Entity::Account),
            contacts: drawer(Entity::Contact),
            notes: Table::starting_at(1),
            assigns: true,
            makes_accounts: true,
            last_id: 0,
        }
    }

    pub(super) const fn drawer(&self, entity: Entity) -> &Drawer {
        match entity {
            Entity::Account => &self.accounts,
            Entity::Contact => &self.contacts,
        }
    }

    pub(super) const fn drawer_mut(&mut self, entity: Entity) -> &mut Drawer {
        match entity {
            Entity::Account => &mut self.accounts,
            Entity::Contact => &mut self.contacts,
        }
    }

    /// A record that was not deleted.
    pub(super) fn live(&self, entity: Entity, id: u64) -> Option<&Record> {
        self.drawer(entity).records.get(id).filter(|record| !record.deleted)
    }

    /// The same, to be changed.
    pub(super) fn live_mut(&mut self, entity: Entity, id: u64) -> Option<&mut Record> {
        self.drawer_mut(entity).records.get_mut(id).filter(|record| !record.deleted)
    }

    /// A fresh id. It begins with the time, so that ids grow.
    pub(super) fn fresh_id(&mut self, now: i64) -> u64 {
        let by_time = u64::try_from(now).unwrap_or_default() << 24;
        self.last_id = by_time.max(self.last_id.saturating_add(1));
        self.last_id
    }

    /// Puts a record in.
    pub(super) fn insert(&mut self, entity: Entity, fields: Packed, now: i64) -> u64 {
        let id = self.fresh_id(now);
        let record = Record { fields, created: now, modified: now, version: 1, ..Record::default() };
        self.drawer_mut(entity).records.insert(id, record);
        id
    }

    /// A write of a record: stamp and revision move, whatever it changes.
    pub(super) fn touch(&mut self, entity: Entity, id: u64, now: i64) {
        if let Some(record) = self.live_mut(entity, id) {
            record.modified = now.max(record.modified);
            record.version += 1;
        }
    }

    /// Makes an account a contact's primary one, and puts it among its accounts. The old one stays among them.
    pub(super) fn set_primary(&mut self, contact: u64, account: Option<u64>) {
        if let Some(record) = self.live_mut(Entity::Contact, contact) {
            record.account = account;
        }
        if let Some(account) = account {
            self.relate(contact, account);
        }
    }

    /// Puts an account among a contact's accounts; whether it was not there yet.
    pub(super) fn relate(&mut self, contact: u64, account: u64) -> bool {
        let mut fresh = false;
        for (entity, id, other) in [(Entity::Contact, contact, account), (Entity::Account, account, contact)] {
            if let Some(record) = self.live_mut(entity, id).filter(|record| !record.partners.contains(&other)) {
                record.partners.push(other);
                fresh = true;
            }
        }
        fresh
    }

    /// Takes an account from a contact's accounts; one that was its primary one is that no more.
    pub(super) fn unrelate(&mut self, contact: u64, account: u64) -> bool {
        let mut was = false;
        for (entity, id, other) in [(Entity::Contact, contact, account), (Entity::Account, account, contact)] {
            let Some(record) = self.drawer_mut(entity).records.get_mut(id) else { continue };
            was |= record.partners.contains(&other);
            record.partners.retain(|partner| *partner != other);
            if entity == Entity::Contact && record.account == Some(account) {
                record.account = None;
            }
        }
        was
    }

    /// The live partners of a record, in the order in which they were put to it.
    pub(super) fn partners(&self, entity: Entity, record: &Record) -> Vec<u64> {
        let other = match entity {
            Entity::Account => Entity::Contact,
            Entity::Contact => Entity::Account,
        };
        record.partners.iter().copied().filter(|id| self.live(other, *id).is_some()).collect()
    }

    /// A soft delete: the record is out of every list, its contacts keep the dangling id of their account, and no stamp but
    /// its own moves.
    pub(super) fn delete(&mut self, entity: Entity, id: u64, now: i64) -> bool {
        self.touch(entity, id, now);
        self.live_mut(entity, id).map(|record| record.deleted = true).is_some()
    }

    /// The name that people see.
    pub(super) fn name_of(&self, entity: Entity, record: &Record) -> String {
        let text = |name: &str| self.drawer(entity).text(record, name).unwrap_or_default();
        match entity {
            Entity::Account => text("name").to_owned(),
            Entity::Contact => [text("firstName"), text("lastName")].join(" ").trim().to_owned(),
        }
    }
}

impl Drawer {
    /// A field's place, whoever may see it.
    pub(super) fn place(&self, name: &str) -> Option<u16> {
        let is_it = |field: &Field| field.name == name && field.visibility != Visibility::Removed;
        (0..).zip(&self.fields).find(|(_, field)| is_it(field)).map(|(place, _)| place)
    }

    /// A field that the API user sees, and its place.
    pub(super) fn shown(&self, name: &str) -> Option<(u16, &Field)> {
        let is_it = |field: &Field| field.name == name && field.visibility == Visibility::Shown;
        (0..).zip(&self.fields).find(|(_, field)| is_it(field))
    }

    /// The text of a field; `None` for null.
    pub(super) fn text<'record>(&self, record: &'record Record, name: &str) -> Option<&'record str> {
        record.fields.get(self.place(name)?)
    }
}

/// An id as the API writes it: 17 hexadecimal characters.
pub(super) fn id_text(id: u64) -> String {
    format!("{id:017x}")
}

/// The number of an id; `None` for what is no id of ours.
pub(super) fn id_number(text: &str) -> Option<u64> {
    let is_id = text.len() == 17 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_there_and_back_and_grow_with_the_time() {
        let mut state = State::new(&EspoOptions::default());
        let first = state.fresh_id(1_795_000_000);
        let (second, third) = (state.fresh_id(1_795_000_000), state.fresh_id(1_795_000_001));
        assert!(first < second && second < third);
        assert_eq!((id_text(first).len(), id_number(&id_text(first))), (17, Some(first)));
        assert!(id_text(second) < id_text(third), "texts are ordered as numbers are");
        for text in ["", "17", "zz000000000000000", "0123456789ABCDEF0", "fffffffffffffffff"] {
            assert_eq!(id_number(text), None, "{text}");
        }
    }
}
