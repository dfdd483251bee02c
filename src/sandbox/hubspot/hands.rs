//! People at work in HubSpot: changes that do not come through the API.

use serde_json::Value;

use super::HubSpotServer;
use super::drawer::Drawer;
use super::notes::Note;
use super::render::View;
use super::schema::{Definition, Kind, Sort, Source, Visibility, custom};
use super::state::State;
use crate::sandbox::packed::Packed;

/// An object type, for those who are not told by the method's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// Companies.
    Company,
    /// Contacts.
    Contact,
}

impl ObjectType {
    const fn kind(self) -> Kind {
        match self {
            Self::Company => Kind::Companies,
            Self::Contact => Kind::Contacts,
        }
    }
}

impl HubSpotServer {
    /// A person makes a company. Returns the id.
    ///
    /// # Panics
    /// If a property is not there: the test is wrong.
    pub fn add_company(&self, properties: &[(&str, &str)]) -> u64 {
        self.add(Kind::Companies, properties)
    }

    /// A person makes a contact; its company, if it has one, is its primary one. Returns the id.
    ///
    /// # Panics
    /// If a property is not there: the test is wrong.
    pub fn add_contact(&self, properties: &[(&str, &str)], company: Option<u64>) -> u64 {
        let id = self.add(Kind::Contacts, properties);
        if let Some(company) = company {
            self.associate(id, company, true);
        }
        id
    }

    /// A person changes a property of a company; an empty text clears it. Whether the company is there.
    ///
    /// # Panics
    /// If the property is not there: the test is wrong.
    pub fn edit_company(&self, id: u64, property: &str, value: &str) -> bool {
        self.edit(Kind::Companies, id, property, value)
    }

    /// A person changes a property of a contact; an empty text clears it. Whether the contact is there.
    ///
    /// # Panics
    /// If the property is not there: the test is wrong.
    pub fn edit_contact(&self, id: u64, property: &str, value: &str) -> bool {
        self.edit(Kind::Contacts, id, property, value)
    }

    /// A person deletes a company. Whether it was live.
    pub fn archive_company(&self, id: u64) -> bool {
        self.with(|state, now| state.set_archived(Kind::Companies, id, true, now))
    }

    /// A person deletes a contact. Whether it was live.
    pub fn archive_contact(&self, id: u64) -> bool {
        self.with(|state, now| state.set_archived(Kind::Contacts, id, true, now))
    }

    /// A person takes a deletion back. Whether the company was archived.
    pub fn restore_company(&self, id: u64) -> bool {
        self.with(|state, now| state.set_archived(Kind::Companies, id, false, now))
    }

    /// A person takes a deletion back. Whether the contact was archived.
    pub fn restore_contact(&self, id: u64) -> bool {
        self.with(|state, now| state.set_archived(Kind::Contacts, id, false, now))
    }

    /// A record goes for good: 90 days after its deletion, or on request. Whether it was there.
    pub fn purge(&self, object: ObjectType, id: u64) -> bool {
        self.with(|state, _| {
            let kept = state.drawer(object.kind()).objects.get(id).cloned();
            let there = kept.is_some();
            state.lost.extend(kept.map(|kept| (object.kind(), id, kept)));
            state.forget(object.kind(), id);
            there
        })
    }

    /// A record that went for good is there again, live, under its own id and with its associations: somebody found a
    /// backup. Whether it went.
    pub fn bring_back(&self, object: ObjectType, id: u64) -> bool {
        self.with(|state, _| {
            let kind = object.kind();
            let Some(place) = state.lost.iter().position(|(theirs, lost, _)| *theirs == kind && *lost == id) else {
                return false;
            };
            let (_, _, mut object) = state.lost.swap_remove(place);
            object.archived = None;
            let partners = std::mem::take(&mut object.links);
            let drawer = state.drawer_mut(kind);
            drawer.claim(id, &object.fields);
            drawer.objects.insert(id, object);
            for link in partners {
                state.link(kind, id, link.other, link.primary);
            }
            true
        })
    }

    /// A person merges two live companies; the first one's values win. The id of the result, which is new.
    pub fn merge_companies(&self, first: u64, second: u64) -> Option<u64> {
        self.with(|state, now| state.merge(Kind::Companies, first, second, now))
    }

    /// A person merges two live contacts; the first one's values win. The id of the result, which is new.
    pub fn merge_contacts(&self, first: u64, second: u64) -> Option<u64> {
        self.with(|state, now| state.merge(Kind::Contacts, first, second, now))
    }

    /// A person puts a contact to a company. Whether both are there.
    pub fn associate(&self, contact: u64, company: u64, primary: bool) -> bool {
        self.with(|state, _| state.link(Kind::Contacts, contact, company, primary))
    }

    /// A person takes a contact from a company. Whether it was there.
    pub fn disassociate(&self, contact: u64, company: u64) -> bool {
        self.with(|state, _| state.unlink(Kind::Contacts, contact, company))
    }

    /// A company with all its properties, as a read by id shows it (archived ones and hidden properties too).
    pub fn company(&self, id: u64) -> Option<Value> {
        self.with(|state, _| whole(state, Kind::Companies, id))
    }

    /// A contact with all its properties and its companies, as a read by id shows it (archived ones too).
    pub fn contact(&self, id: u64) -> Option<Value> {
        self.with(|state, _| whole(state, Kind::Contacts, id))
    }

    /// One property of a company; `None` if the company or the value is not there.
    pub fn company_property(&self, id: u64, property: &str) -> Option<String> {
        Some(self.company(id)?.get("properties")?.get(property)?.as_str()?.to_owned())
    }

    /// One property of a contact; `None` if the contact or the value is not there.
    pub fn contact_property(&self, id: u64, property: &str) -> Option<String> {
        Some(self.contact(id)?.get("properties")?.get(property)?.as_str()?.to_owned())
    }

    /// All live companies, in the order of their ids.
    pub fn companies(&self) -> Vec<Value> {
        self.all(Kind::Companies)
    }

    /// All live contacts, in the order of their ids.
    pub fn contacts(&self) -> Vec<Value> {
        self.all(Kind::Contacts)
    }

    /// How many live companies there are.
    pub fn company_count(&self) -> usize {
        self.count(Kind::Companies)
    }

    /// How many live contacts there are.
    pub fn contact_count(&self) -> usize {
        self.count(Kind::Contacts)
    }

    /// The live notes at a company, in the order of their ids: id and text.
    pub fn notes_of(&self, company: u64) -> Vec<(u64, String)> {
        self.with(|state, _| {
            let text = |note: &Note| note.properties.get("hs_note_body").cloned().unwrap_or_default();
            state.notes_of(company).map(|(id, note)| (id, text(note))).collect()
        })
    }

    /// How many live notes there are.
    pub fn note_count(&self) -> usize {
        self.with(|state, _| state.notes.values().filter(|note| !note.archived).count())
    }

    /// A person writes a note at a company. Returns its id.
    pub fn add_note(&self, company: u64, text: &str) -> u64 {
        self.with(|state, _| {
            let id = state.notes.keys().next_back().map_or(70_001, |last| last + 1);
            let properties = [("hs_note_body".to_owned(), text.to_owned())].into();
            state.notes.insert(id, Note { properties, companies: vec![company], ..Note::default() });
            id
        })
    }

    /// A person rewrites a note. Whether it is there.
    pub fn edit_note(&self, id: u64, text: &str) -> bool {
        self.with(|state, _| {
            let note = state.notes.get_mut(&id).filter(|note| !note.archived);
            note.map(|note| note.properties.insert("hs_note_body".to_owned(), text.to_owned())).is_some()
        })
    }

    /// A person deletes a note. Whether it was live.
    pub fn archive_note(&self, id: u64) -> bool {
        self.with(|state, _| {
            let note = state.notes.get_mut(&id).filter(|note| !note.archived);
            note.map(|note| note.archived = true).is_some()
        })
    }

    /// An administrator adds a text property.
    pub fn add_property(&self, object: ObjectType, name: &str) {
        self.with(|state, _| {
            let kind = object.kind();
            let drawer = state.drawer_mut(kind);
            if drawer.property(name).is_none() {
                drawer.definitions.push(custom(kind, name, name));
            }
        });
    }

    /// An administrator makes a property of one of HubSpot's types, with the options that it may have.
    ///
    /// # Panics
    /// If there is no such type: the test is wrong.
    pub fn define_property(&self, object: ObjectType, name: &str, type_name: &str, options: &[&str]) {
        let Some(sort) = Sort::parse(type_name) else { panic!("HubSpot has no type {type_name}") };
        let choices = options.iter().map(|option| (*option).to_owned()).collect();
        self.with(|state, _| {
            let kind = object.kind();
            let definition = Definition { sort, choices, ..custom(kind, name, name) };
            state.drawer_mut(kind).definitions.push(definition);
        });
    }

    /// An administrator removes a property, and its values with it. Whether it was there.
    pub fn remove_property(&self, object: ObjectType, name: &str) -> bool {
        self.set_visibility(object, name, Visibility::Removed)
    }

    /// An administrator hides a property from the token: no read shows it, its values stay. Whether it was there.
    pub fn hide_property(&self, object: ObjectType, name: &str) -> bool {
        self.set_visibility(object, name, Visibility::Hidden)
    }

    /// An administrator shows a hidden property again. Whether it was there.
    pub fn show_property(&self, object: ObjectType, name: &str) -> bool {
        self.set_visibility(object, name, Visibility::Shown)
    }

    fn add(&self, kind: Kind, properties: &[(&str, &str)]) -> u64 {
        self.with(|state, now| {
            let fields = packed(state.drawer(kind), properties);
            state.insert(kind, fields, now)
        })
    }

    fn edit(&self, kind: Kind, id: u64, property: &str, value: &str) -> bool {
        self.with(|state, now| {
            let place = place(state.drawer(kind), property);
            let Some(object) = state.drawer(kind).objects.get(id) else { return false };
            let mut fields = object.fields.clone();
            fields.set(place, Some(value).filter(|value| !value.is_empty()));
            state.store(kind, id, &fields, now);
            true
        })
    }

    fn set_visibility(&self, object: ObjectType, name: &str, visibility: Visibility) -> bool {
        self.with(|state, _| {
            let definitions = &mut state.drawer_mut(object.kind()).definitions;
            let found = definitions
                .iter_mut()
                .find(|definition| definition.name == name && definition.visibility != Visibility::Removed);
            found.map(|definition| definition.visibility = visibility).is_some()
        })
    }

    fn all(&self, kind: Kind) -> Vec<Value> {
        self.with(|state, _| {
            let live = state.drawer(kind).objects.iter().filter(|(_, object)| object.archived.is_none());
            live.filter_map(|(id, _)| whole(state, kind, id)).collect()
        })
    }

    fn count(&self, kind: Kind) -> usize {
        self.with(|state, _| state.drawer(kind).objects.iter().filter(|(_, object)| object.archived.is_none()).count())
    }
}

/// The fields that pairs of name and text make.
pub(super) fn packed(drawer: &Drawer, properties: &[(&str, &str)]) -> Packed {
    let filled = properties.iter().filter(|(_, text)| !text.is_empty());
    Packed::of(filled.map(|(name, text)| (place(drawer, name), *text)).collect())
}

fn place(drawer: &Drawer, name: &str) -> u16 {
    let Some(place) = drawer.place(name) else { panic!("HubSpot has no property {name}") };
    place
}

fn whole(state: &State, kind: Kind, id: u64) -> Option<Value> {
    let drawer = state.drawer(kind);
    let stored = drawer.definitions.iter().filter(|definition| definition.source == Source::Stored);
    let names: Vec<String> =
        stored.map(|definition| definition.name.clone()).chain(["hs_merged_object_ids".to_owned()]).collect();
    let mut out = Vec::new();
    View::new(drawer, &names, true).object(&mut out, state, id, drawer.objects.get(id)?);
    serde_json::from_slice(&out).ok()
}
