//! All records of one type: what they hold, what search still shows of them, and who holds which unique value.

use std::collections::{BTreeMap, HashMap};

use super::schema::{Definition, Kind, Source, Visibility, standard};
use crate::sandbox::packed::Packed;
use crate::sandbox::table::Table;

/// A partner of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) other: u64,
    pub(super) primary: bool,
}

/// A company or a contact. Times are milliseconds of the epoch.
#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    pub(super) fields: Packed,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) archived: Option<i64>,
    pub(super) absorbed: Vec<u64>,
    pub(super) links: Vec<Link>,
    /// What search still shows, the oldest first; empty once the index has caught up.
    pub(super) indexed: Vec<Indexed>,
}

/// What search shows until the index has taken in a change.
#[derive(Debug, Clone)]
pub(super) struct Indexed {
    pub(super) until: i64,
    pub(super) shown: Option<Box<Seen>>,
}

/// A record's content at some time.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) fields: Packed,
    pub(super) modified: i64,
}

/// All of one type.
#[derive(Debug)]
pub(super) struct Drawer {
    pub(super) kind: Kind,
    pub(super) definitions: Vec<Definition>,
    pub(super) objects: Table<Object>,
    /// Where a merged record went.
    pub(super) merged: BTreeMap<u64, u64>,
    /// Live holders of unique values, by property.
    pub(super) unique: BTreeMap<u16, HashMap<Box<str>, u64>>,
}

impl Object {
    /// What search shows at a time; `None`: nothing.
    pub(super) fn as_indexed(&self, now: i64) -> Option<(&Packed, i64)> {
        match self.indexed.iter().find(|indexed| indexed.until > now) {
            Some(Indexed { shown, .. }) => shown.as_ref().map(|seen| (&seen.fields, seen.modified)),
            None => self.archived.is_none().then_some((&self.fields, self.modified)),
        }
    }

    /// Before a change: search goes on showing what is there now for a while.
    pub(super) fn remember(&mut self, now: i64, lag: i64) {
        if lag <= 0 {
            return;
        }
        self.indexed.retain(|indexed| indexed.until > now);
        let seen = Seen { fields: self.fields.clone(), modified: self.modified };
        let shown = self.archived.is_none().then(|| Box::new(seen));
        self.indexed.push(Indexed { until: now.saturating_add(lag), shown });
    }

    pub(super) fn put_link(&mut self, other: u64, primary: bool) {
        match self.links.iter_mut().find(|link| link.other == other) {
            Some(link) => link.primary |= primary,
            None => self.links.push(Link { other, primary }),
        }
    }
}

impl Drawer {
    pub(super) fn new(kind: Kind, has_flowtly_id: bool, first_id: u64) -> Self {
        let definitions = standard(kind, has_flowtly_id);
        Self {
            kind,
            definitions,
            objects: Table::starting_at(first_id),
            merged: BTreeMap::new(),
            unique: BTreeMap::new(),
        }
    }

    /// A property that callers can see, and its place.
    pub(super) fn property(&self, name: &str) -> Option<(u16, &Definition)> {
        (0..)
            .zip(&self.definitions)
            .find(|(_, definition)| definition.name == name && definition.visibility == Visibility::Shown)
    }

    /// A stored property's place, whoever may see it.
    pub(super) fn place(&self, name: &str) -> Option<u16> {
        (0..)
            .zip(&self.definitions)
            .find(|(_, definition)| {
                definition.name == name
                    && definition.visibility != Visibility::Removed
                    && definition.source == Source::Stored
            })
            .map(|(place, _)| place)
    }

    /// The id that a record has now: its own, or that of the record that it was merged into.
    pub(super) fn survivor(&self, mut id: u64) -> u64 {
        while let Some(next) = self.merged.get(&id) {
            id = *next;
        }
        id
    }

    /// The live record that holds a unique value.
    pub(super) fn holder(&self, place: u16, text: &str) -> Option<u64> {
        self.unique.get(&place)?.get(self.key(place, text).as_str()).copied()
    }

    /// Whether no two records may have the same value.
    pub(super) fn is_unique(&self, place: u16) -> bool {
        self.definitions.get(usize::from(place)).is_some_and(|definition| {
            definition.is_unique || (self.kind == Kind::Contacts && definition.name == "email")
        })
    }

    pub(super) fn claim(&mut self, id: u64, fields: &Packed) {
        for (place, text) in self.keys_of(fields) {
            // Somebody else's value stays theirs: a restored record does not take it back.
            self.unique.entry(place).or_default().entry(text).or_insert(id);
        }
    }

    pub(super) fn release(&mut self, id: u64, fields: &Packed) {
        for (place, text) in self.keys_of(fields) {
            if let Some(holders) = self.unique.get_mut(&place)
                && holders.get(&text) == Some(&id)
            {
                holders.remove(&text);
            }
        }
    }

    /// The unique values of a record. A contact's secondary addresses count as addresses.
    fn keys_of(&self, fields: &Packed) -> Vec<(u16, Box<str>)> {
        let mut keys = Vec::new();
        for (place, text) in fields.iter() {
            if text.is_empty() {
                continue;
            }
            let Some(definition) = self.definitions.get(usize::from(place)) else { continue };
            if definition.name == "hs_additional_emails" {
                if let Some(email) = self.place("email") {
                    keys.extend(text.split(';').map(|one| (email, self.key(email, one).into_boxed_str())));
                }
            } else if self.is_unique(place) {
                keys.push((place, self.key(place, text).into_boxed_str()));
            }
        }
        keys
    }

    fn key(&self, place: u16, text: &str) -> String {
        let is_email = self.definitions.get(usize::from(place)).is_some_and(|definition| definition.name == "email");
        if is_email { text.trim().to_lowercase() } else { text.to_owned() }
    }

    /// The loser's address becomes a secondary one of the survivor.
    pub(super) fn keep_address(&self, fields: &mut Packed, loser: &Packed) {
        let (Some(email), Some(more)) = (self.place("email"), self.place("hs_additional_emails")) else { return };
        let Some(address) = loser.get(email).filter(|address| fields.get(email) != Some(address)) else { return };
        let mut all: Vec<&str> = fields.get(more).map_or_else(Vec::new, |text| text.split(';').collect());
        all.extend(loser.get(more).into_iter().flat_map(|text| text.split(';')));
        all.push(address);
        all.sort_unstable();
        all.dedup();
        let text = all.join(";");
        fields.set(more, Some(&text));
    }
}
