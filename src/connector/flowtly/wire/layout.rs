//! Which key of a record goes where: made once from the mapping, used for every row.

use crate::domain::record::Kind;
use crate::domain::shape::Shape;

/// What a reference leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::connector::flowtly) enum Relation {
    /// A country of the look-up list: read and written as ISO 3166-1 alpha-2.
    Country,
    /// A currency of the look-up list: read and written as ISO 4217.
    Currency,
    /// Anything else: read and written as its bare id.
    Other,
}

/// What a key means beside being mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing else.
    Plain,
    /// The record's id.
    Id,
    /// The record's IRI.
    Iri,
    /// When it was made.
    Created,
    /// When it last changed.
    Modified,
    /// A contact's client.
    Client,
    /// A client's contacts.
    Contacts,
}

/// One key of a record.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: Box<str>,
    /// Its own number, from 0.
    pub(super) number: usize,
    pub(super) role: Role,
    /// Positions in [`crate::domain::shape::Row::texts`].
    pub(super) cells: Vec<usize>,
    pub(super) relation: Option<Relation>,
}

/// The keys of one kind that mean something to us.
#[derive(Debug, Clone)]
pub(in crate::connector::flowtly) struct Layout {
    pub(super) kind: Kind,
    pub(super) width: usize,
    /// By length of the name: few keys share one, so that no hashing is needed for each key of each record.
    by_length: Vec<Vec<Key>>,
    count: usize,
}

impl Layout {
    /// The layout of a mapping.
    pub(in crate::connector::flowtly) fn new(shape: &Shape) -> Self {
        let mut keys: Vec<Key> = Vec::new();
        let mut add = |name: &str, role: Role, cell: Option<usize>| {
            if let Some(known) = keys.iter_mut().find(|key| *key.name == *name) {
                known.cells.extend(cell);
                return;
            }
            let (number, relation) = (keys.len(), relation(shape.kind, name));
            keys.push(Key { name: name.into(), number, role, cells: cell.into_iter().collect(), relation });
        };
        add("id", Role::Id, None);
        add("@id", Role::Iri, None);
        add("createdAt", Role::Created, None);
        add("updatedAt", Role::Modified, None);
        match shape.kind {
            Kind::Company => add("clientContacts", Role::Contacts, None),
            Kind::Contact => add("client", Role::Client, None),
        }
        for (cell, path) in shape.paths().enumerate() {
            add(path, Role::Plain, Some(cell));
        }
        let count = keys.len();
        let mut by_length: Vec<Vec<Key>> = Vec::new();
        for key in keys {
            let length = key.name.len();
            by_length.resize_with(by_length.len().max(length + 1), Vec::new);
            if let Some(bucket) = by_length.get_mut(length) {
                bucket.push(key);
            }
        }
        Self { kind: shape.kind, width: shape.paths().count(), by_length, count }
    }

    /// What a key means; `None` if nothing.
    pub(super) fn key(&self, name: &str) -> Option<&Key> {
        self.by_length.get(name.len())?.iter().find(|key| *key.name == *name)
    }

    /// How many keys there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Positions of texts that are read through a look-up list.
    pub(in crate::connector::flowtly) fn looked_up(&self) -> Vec<(usize, Relation)> {
        let listed = |key: &&Key| matches!(key.relation, Some(Relation::Country | Relation::Currency));
        let keys = self.by_length.iter().flatten().filter(listed);
        keys.flat_map(|key| key.cells.iter().filter_map(|cell| Some((*cell, key.relation?)))).collect()
    }
}

/// What a property refers to, if it is a reference: the IRI fields of the published schemas.
pub(in crate::connector::flowtly) fn relation(kind: Kind, path: &str) -> Option<Relation> {
    match (kind, path) {
        (Kind::Company, "country" | "addressCountry") => Some(Relation::Country),
        (Kind::Company, "currency") => Some(Relation::Currency),
        (Kind::Company, "defaultCost" | "attributeSet") | (Kind::Contact, "client") => Some(Relation::Other),
        _ => None,
    }
}

/// Whether a property is a whole number on the wire.
pub(in crate::connector::flowtly) fn is_integer(kind: Kind, path: &str) -> bool {
    matches!((kind, path), (Kind::Company, "dueDays") | (Kind::Contact, "position"))
}
