//! Which key of a record goes where: made once from the mapping, used for every row.

use std::collections::HashMap;

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
    keys: HashMap<Box<str>, Key>,
}

impl Layout {
    /// The layout of a mapping.
    pub(in crate::connector::flowtly) fn new(shape: &Shape) -> Self {
        let mut keys: HashMap<Box<str>, Key> = HashMap::new();
        let mut key = |name: &str, role: Role| {
            let fresh = Key { name: name.into(), role, cells: Vec::new(), relation: relation(shape.kind, name) };
            keys.insert(name.into(), fresh);
        };
        key("id", Role::Id);
        key("@id", Role::Iri);
        key("createdAt", Role::Created);
        key("updatedAt", Role::Modified);
        match shape.kind {
            Kind::Company => key("clientContacts", Role::Contacts),
            Kind::Contact => key("client", Role::Client),
        }
        let mut width = 0;
        for (position, path) in shape.paths().enumerate() {
            keys.entry(path.into())
                .or_insert_with(|| Key {
                    name: path.into(),
                    role: Role::Plain,
                    cells: Vec::new(),
                    relation: relation(shape.kind, path),
                })
                .cells
                .push(position);
            width = position + 1;
        }
        Self { kind: shape.kind, width, keys }
    }

    /// What a key means; `None` if nothing.
    pub(super) fn key(&self, name: &str) -> Option<&Key> {
        self.keys.get(name)
    }

    /// Positions of texts that are read through a look-up list.
    pub(in crate::connector::flowtly) fn looked_up(&self) -> Vec<(usize, Relation)> {
        let listed = |key: &&Key| matches!(key.relation, Some(Relation::Country | Relation::Currency));
        let keys = self.keys.values().filter(listed);
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
