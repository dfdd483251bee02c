//! Which key of a record goes where: made once from the mapping, used for every row.

use crate::domain::custom::CustomType;
use crate::domain::record::Kind;
use crate::domain::shape::{LookUp, Shape};

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
    /// What is mapped within it.
    pub(super) within: Vec<Node>,
}

/// A property within an object.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its key in the object.
    pub(super) name: Box<str>,
    /// Its whole path.
    pub(super) path: Box<str>,
    /// Positions in [`crate::domain::shape::Row::texts`].
    pub(super) cells: Vec<usize>,
    pub(super) relation: Option<Relation>,
    pub(super) within: Vec<Node>,
}

/// What is known of a mapped property beside its place.
#[derive(Debug, Clone)]
pub(in crate::connector::flowtly) struct Mapped {
    path: Box<str>,
    pub(in crate::connector::flowtly) relation: Option<Relation>,
    /// The list that it is looked up in.
    pub(in crate::connector::flowtly) look_up: Option<LookUp>,
    /// Its type on the wire, where the configuration declares it.
    pub(super) sent_as: Option<CustomType>,
}

/// How a text is translated that is read through a list.
#[derive(Debug, Clone, Copy)]
pub(in crate::connector::flowtly) enum Listed<'l> {
    /// By its ISO code.
    Code(Relation),
    /// By its label.
    Label(&'l LookUp),
}

/// The keys of one kind that mean something to us.
#[derive(Debug, Clone)]
pub(in crate::connector::flowtly) struct Layout {
    pub(super) kind: Kind,
    pub(super) width: usize,
    /// By length of the name: few keys share one, so that no hashing is needed for each key of each record.
    by_length: Vec<Vec<Key>>,
    count: usize,
    /// In the order of a row's texts.
    mapped: Vec<Mapped>,
}

impl Layout {
    /// The layout of a mapping.
    pub(in crate::connector::flowtly) fn new(shape: &Shape) -> Self {
        let mapped: Vec<Mapped> = shape.paths().enumerate().map(|(cell, path)| Mapped::of(shape, cell, path)).collect();
        let mut keys: Vec<Key> = Vec::new();
        let mut add = |name: &str, role: Role, cell: Option<usize>, found: Option<Relation>| {
            let (name, rest) = name.split_once('.').map_or((name, None), |(name, rest)| (name, Some(rest)));
            let own = cell.filter(|_| rest.is_none());
            let place = keys.iter().position(|key| *key.name == *name).unwrap_or(keys.len());
            if place == keys.len() {
                let relation = if rest.is_none() { found } else { relation(shape.kind, name) };
                keys.push(Key {
                    name: name.into(),
                    number: place,
                    role,
                    cells: Vec::new(),
                    relation,
                    within: Vec::new(),
                });
            }
            if let Some(key) = keys.get_mut(place) {
                key.cells.extend(own);
                if let (Some(rest), Some(cell)) = (rest, cell) {
                    nest(&mut key.within, name, rest, (cell, found));
                }
            }
        };
        add("id", Role::Id, None, None);
        add("@id", Role::Iri, None, None);
        add("createdAt", Role::Created, None, None);
        add("updatedAt", Role::Modified, None, None);
        match shape.kind {
            Kind::Company => add("clientContacts", Role::Contacts, None, None),
            Kind::Contact => add("client", Role::Client, None, relation(shape.kind, "client")),
        }
        for (cell, (path, property)) in shape.paths().zip(&mapped).enumerate() {
            add(path, Role::Plain, Some(cell), property.relation);
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
        Self { kind: shape.kind, width: shape.paths().count(), by_length, count, mapped }
    }

    /// What a key means; `None` if nothing.
    pub(super) fn key(&self, name: &str) -> Option<&Key> {
        self.by_length.get(name.len())?.iter().find(|key| *key.name == *name)
    }

    /// How many keys there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Texts that are read through a list, by their positions.
    pub(in crate::connector::flowtly) fn looked_up(&self) -> Vec<(usize, Listed<'_>)> {
        self.mapped.iter().enumerate().filter_map(|(cell, mapped)| Some((cell, mapped.listed()?))).collect()
    }

    /// What is known of a mapped property.
    pub(in crate::connector::flowtly) fn mapped(&self, path: &str) -> Option<&Mapped> {
        self.mapped.iter().find(|mapped| *mapped.path == *path)
    }

    /// What a property refers to, if it is a reference.
    pub(in crate::connector::flowtly) fn relation(&self, path: &str) -> Option<Relation> {
        self.mapped(path).map_or_else(|| relation(self.kind, path), |mapped| mapped.relation)
    }
}

impl Mapped {
    fn of(shape: &Shape, cell: usize, path: &str) -> Self {
        let declared = shape.cells.get(cell).and_then(|cell| cell.declared.as_ref());
        let is_relation = declared.is_some_and(|declared| declared.sort == CustomType::Relation);
        let look_up = declared.and_then(|declared| declared.look_up.clone());
        let own = relation(shape.kind, path).or(is_relation.then_some(Relation::Other));
        Self {
            path: path.into(),
            // What is looked up by its label is an id until then.
            relation: if look_up.is_some() { Some(Relation::Other) } else { own },
            look_up,
            sent_as: declared.map(|declared| declared.sent_as),
        }
    }

    /// Whether the configuration declares it.
    pub(in crate::connector::flowtly) const fn is_declared(&self) -> bool {
        self.sent_as.is_some()
    }

    fn listed(&self) -> Option<Listed<'_>> {
        match (&self.look_up, self.relation) {
            (Some(look_up), _) => Some(Listed::Label(look_up)),
            (None, Some(relation @ (Relation::Country | Relation::Currency))) => Some(Listed::Code(relation)),
            (None, Some(Relation::Other) | None) => None,
        }
    }
}

impl Node {
    pub(super) fn new(name: &str, path: &str, cells: Vec<usize>, relation: Option<Relation>) -> Self {
        Self { name: name.into(), path: path.into(), cells, relation, within: Vec::new() }
    }
}

/// Puts a cell below `nodes`, which stand within `parent`.
fn nest(nodes: &mut Vec<Node>, parent: &str, path: &str, (cell, relation): (usize, Option<Relation>)) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let whole = format!("{parent}.{name}");
    let place = nodes.iter().position(|node| *node.name == *name).unwrap_or(nodes.len());
    if place == nodes.len() {
        nodes.push(Node::new(name, &whole, Vec::new(), None));
    }
    let Some(node) = nodes.get_mut(place) else { return };
    if let Some(rest) = rest {
        nest(&mut node.within, &whole, rest, (cell, relation));
    } else {
        node.cells.push(cell);
        node.relation = relation;
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
