//! What a portal holds.

use std::collections::BTreeMap;
use std::time::Duration;

use super::drawer::{Drawer, Indexed, Link, Object};
use super::notes::Note;
use super::options::HubSpotOptions;
use super::schema::Kind;
use crate::sandbox::packed::Packed;

/// Everything.
#[derive(Debug)]
pub(super) struct State {
    pub(super) companies: Drawer,
    pub(super) contacts: Drawer,
    pub(super) notes: BTreeMap<u64, Note>,
    /// Records that went for good: what a backup would bring back.
    pub(super) lost: Vec<(Kind, u64, Object)>,
    lag: i64,
    answers: u64,
}

impl State {
    pub(super) fn new(options: &HubSpotOptions) -> Self {
        let mut state = Self {
            companies: Drawer::new(Kind::Companies, options.flowtly_id, 5_000_000_001),
            contacts: Drawer::new(Kind::Contacts, false, 1_001),
            notes: BTreeMap::new(),
            lost: Vec::new(),
            lag: 0,
            answers: 0,
        };
        state.set_lag(options.search_lag);
        state
    }

    /// How long a change does not show in search from now on.
    pub(super) fn set_lag(&mut self, lag: Duration) {
        self.lag = i64::try_from(lag.as_millis()).unwrap_or(i64::MAX);
    }

    pub(super) fn drawer(&self, kind: Kind) -> &Drawer {
        match kind {
            Kind::Companies => &self.companies,
            Kind::Contacts => &self.contacts,
        }
    }

    pub(super) fn drawer_mut(&mut self, kind: Kind) -> &mut Drawer {
        match kind {
            Kind::Companies => &mut self.companies,
            Kind::Contacts => &mut self.contacts,
        }
    }

    /// The live notes of a company. Those of a company that was merged away are the survivor's.
    pub(super) fn notes_of(&self, company: u64) -> impl Iterator<Item = (u64, &Note)> {
        let is_at = move |note: &Note| note.companies.iter().any(|at| self.companies.survivor(*at) == company);
        self.notes.iter().filter(move |(_, note)| !note.archived && is_at(note)).map(|(id, note)| (*id, note))
    }

    /// A fresh id for an answer.
    pub(super) fn correlation(&mut self) -> String {
        self.answers += 1;
        format!("00000000-0000-7000-8000-{:012x}", self.answers)
    }

    /// Puts a record in.
    pub(super) fn insert(&mut self, kind: Kind, fields: Packed, now: i64) -> u64 {
        let lag = self.lag;
        let drawer = self.drawer_mut(kind);
        let id = drawer.objects.next_id();
        drawer.claim(id, &fields);
        let indexed = if lag > 0 { vec![Indexed { until: now.saturating_add(lag), shown: None }] } else { Vec::new() };
        drawer.objects.insert(id, Object { fields, created: now, modified: now, indexed, ..Object::default() });
        id
    }

    /// Stores other fields. What is equal leaves the stamp alone.
    pub(super) fn store(&mut self, kind: Kind, id: u64, fields: &Packed, now: i64) {
        let lag = self.lag;
        let drawer = self.drawer_mut(kind);
        let Some(object) = drawer.objects.get_mut(id) else { return };
        if object.fields == *fields {
            return;
        }
        object.remember(now, lag);
        let before = std::mem::replace(&mut object.fields, fields.clone());
        object.modified = now.max(object.modified);
        drawer.release(id, &before);
        drawer.claim(id, fields);
    }

    /// Archives or restores; the stamp stays. Whether that changed anything.
    pub(super) fn set_archived(&mut self, kind: Kind, id: u64, archived: bool, now: i64) -> bool {
        let lag = self.lag;
        let drawer = self.drawer_mut(kind);
        let Some(object) = drawer.objects.get_mut(id) else { return false };
        if object.archived.is_some() == archived {
            return false;
        }
        object.remember(now, lag);
        object.archived = archived.then_some(now);
        let fields = object.fields.clone();
        if archived {
            drawer.release(id, &fields);
        } else {
            drawer.claim(id, &fields);
        }
        true
    }

    /// Merges two records into a new one: the first one's values win. `None` unless both are live.
    pub(super) fn merge(&mut self, kind: Kind, first: u64, second: u64, now: i64) -> Option<u64> {
        let lag = self.lag;
        let drawer = self.drawer_mut(kind);
        let is_live = |id| drawer.objects.get(id).is_some_and(|object| object.archived.is_none());
        if first == second || !is_live(first) || !is_live(second) {
            return None;
        }
        let one = drawer.objects.remove(first)?;
        let two = drawer.objects.remove(second)?;
        drawer.release(first, &one.fields);
        drawer.release(second, &two.fields);
        let id = drawer.objects.next_id();
        let mut pairs: Vec<(u16, &str)> = two.fields.iter().filter(|(_, text)| !text.is_empty()).collect();
        pairs.extend(one.fields.iter().filter(|(_, text)| !text.is_empty()));
        let mut fields = Packed::of(pairs);
        drawer.keep_address(&mut fields, &two.fields);
        drawer.claim(id, &fields);
        let mut absorbed = one.absorbed;
        absorbed.extend(two.absorbed);
        absorbed.extend([first, second]);
        let indexed = if lag > 0 { vec![Indexed { until: now.saturating_add(lag), shown: None }] } else { Vec::new() };
        let created = one.created.min(two.created);
        let object = Object { fields, created, modified: now, archived: None, absorbed, links: Vec::new(), indexed };
        drawer.objects.insert(id, object);
        drawer.merged.insert(first, id);
        drawer.merged.insert(second, id);
        for (old, links) in [(first, one.links), (second, two.links)] {
            for link in links {
                self.forget_link(kind.other(), link.other, old);
                self.link(kind, id, link.other, link.primary);
            }
        }
        Some(id)
    }

    /// Takes a record out without a trace.
    pub(super) fn forget(&mut self, kind: Kind, id: u64) {
        let drawer = self.drawer_mut(kind);
        let Some(object) = drawer.objects.remove(id) else { return };
        drawer.release(id, &object.fields);
        for link in object.links {
            self.forget_link(kind.other(), link.other, id);
        }
    }

    /// Associates two records; whether both are there.
    pub(super) fn link(&mut self, from: Kind, id: u64, other: u64, primary: bool) -> bool {
        let (contact, company) = match from {
            Kind::Contacts => (id, other),
            Kind::Companies => (other, id),
        };
        if self.contacts.objects.get(contact).is_none() || self.companies.objects.get(company).is_none() {
            return false;
        }
        if primary {
            let earlier: Vec<u64> = self.contacts.objects.get(contact).map_or_else(Vec::new, |object| {
                object.links.iter().filter(|link| link.primary).map(|link| link.other).collect()
            });
            for company in earlier {
                self.mark_primary(contact, company, false);
            }
        }
        if let Some(object) = self.contacts.objects.get_mut(contact) {
            object.put_link(company, primary);
        }
        if let Some(object) = self.companies.objects.get_mut(company) {
            object.put_link(contact, primary);
        }
        true
    }

    /// Takes an association away; whether it was there.
    pub(super) fn unlink(&mut self, from: Kind, id: u64, other: u64) -> bool {
        let there = self.forget_link(from, id, other);
        self.forget_link(from.other(), other, id);
        there
    }

    /// Makes a contact's company the primary one, or not.
    pub(super) fn mark_primary(&mut self, contact: u64, company: u64, primary: bool) {
        let sides = [(Kind::Contacts, contact, company), (Kind::Companies, company, contact)];
        for (kind, id, other) in sides {
            if let Some(object) = self.drawer_mut(kind).objects.get_mut(id) {
                for link in object.links.iter_mut().filter(|link| link.other == other) {
                    link.primary = primary;
                }
            }
        }
    }

    /// The live partners of a record.
    pub(super) fn links(&self, kind: Kind, object: &Object) -> impl Iterator<Item = Link> {
        let others = &self.drawer(kind.other()).objects;
        object
            .links
            .iter()
            .copied()
            .filter(|link| others.get(link.other).is_some_and(|object| object.archived.is_none()))
    }

    fn forget_link(&mut self, kind: Kind, id: u64, other: u64) -> bool {
        let Some(object) = self.drawer_mut(kind).objects.get_mut(id) else { return false };
        let before = object.links.len();
        object.links.retain(|link| link.other != other);
        object.links.len() != before
    }
}
