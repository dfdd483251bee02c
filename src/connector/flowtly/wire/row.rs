//! One record, decoded straight into a row's texts.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::embedded::ContactsSeed;
use super::iri;
use super::layout::{Key, Layout, Node, Role};
use super::nested::{Nested, NestedSeed};
use super::value::{Seen, ValueSeed};
use crate::domain::record::{Kind, RemoteId, Standing, Version};
use crate::domain::shape::{Delivered, Row};

/// By property, what its IRIs begin with; `@id` for the records' own.
pub(in crate::connector::flowtly) type Prefixes = BTreeMap<Box<str>, Box<str>>;

/// A record, and what a client showed of its contacts.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::connector::flowtly) struct Decoded {
    pub(in crate::connector::flowtly) row: Row,
    pub(in crate::connector::flowtly) contacts: Embedded,
}

/// What a client shows of its contacts.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::connector::flowtly) enum Embedded {
    /// Nothing, or nothing was asked for.
    Absent,
    /// They are whole objects: these.
    Whole(Vec<Row>),
    /// They are references, or objects without content: these ids.
    Links(Vec<RemoteId>),
}

/// What decoding goes by, and what it notes on its way.
#[derive(Debug)]
pub(in crate::connector::flowtly) struct Scribe<'a> {
    layout: &'a Layout,
    contacts: Option<&'a Layout>,
    pub(super) max_text: usize,
    /// See [`Prefixes`].
    pub(in crate::connector::flowtly) prefixes: Prefixes,
    /// By number of the key: whether its prefix is known.
    noted: Vec<bool>,
    /// Texts that were beyond the limit.
    pub(in crate::connector::flowtly) too_long: u64,
    /// By position in a row's texts: whether any record showed the property.
    pub(in crate::connector::flowtly) shown: Vec<bool>,
    /// The same of embedded contacts.
    pub(in crate::connector::flowtly) shown_embedded: Vec<bool>,
}

impl<'a> Scribe<'a> {
    /// Decodes records of `layout`; of clients also the embedded contacts, if their layout is given.
    pub(in crate::connector::flowtly) fn new(
        layout: &'a Layout,
        contacts: Option<&'a Layout>,
        max_text: usize,
    ) -> Self {
        Self {
            layout,
            contacts,
            max_text,
            prefixes: Prefixes::new(),
            noted: vec![false; layout.count()],
            too_long: 0,
            shown: vec![false; layout.width],
            shown_embedded: vec![false; contacts.map_or(0, |contacts| contacts.width)],
        }
    }

    /// Notes what the references of a property begin with, once.
    fn note(&mut self, key: &Key, seen: &Seen) {
        let Some(noted) = self.noted.get_mut(key.number).filter(|noted| !**noted) else { return };
        if let Some(iri) = seen.iri() {
            *noted = true;
            self.prefixes.insert(key.name.clone(), iri::prefix(iri).into());
        }
    }
}

/// Decodes one record.
#[derive(Debug)]
pub(super) struct RowSeed<'s, 'a> {
    pub(super) scribe: &'s mut Scribe<'a>,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_, '_> {
    type Value = Decoded;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Decoded, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_, '_> {
    type Value = Decoded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Decoded, A::Error> {
        let layout = self.scribe.layout;
        let mut draft = Draft::new(layout);
        while let Some(key) = object.next_key_seed(KeySeed { layout })? {
            match key {
                None => {
                    object.next_value::<IgnoredAny>()?;
                }
                Some(key) if key.role == Role::Contacts && key.cells.is_empty() => match self.scribe.contacts {
                    None => {
                        object.next_value::<IgnoredAny>()?;
                    }
                    Some(contacts) => {
                        draft.contacts = object.next_value_seed(ContactsSeed { contacts, scribe: self.scribe })?;
                    }
                },
                Some(key) => draft.take_next(key, &mut object, self.scribe)?,
            }
        }
        draft.finish(layout.kind).ok_or_else(|| A::Error::custom("a record without an id"))
    }
}

/// A record that is being put together.
pub(super) struct Draft {
    id: Option<Box<str>>,
    iri: Option<Box<str>>,
    client: Option<Box<str>>,
    created: Option<Box<str>>,
    modified: Option<Box<str>>,
    texts: Vec<Delivered>,
    contacts: Embedded,
    /// Whether it showed anything that is mapped.
    pub(super) content: bool,
}

impl Draft {
    /// A null value is absent from a reply, so that what does not come is blank.
    pub(super) fn new(layout: &Layout) -> Self {
        Self {
            id: None,
            iri: None,
            client: None,
            created: None,
            modified: None,
            texts: vec![Delivered::Blank; layout.width],
            contacts: Embedded::Absent,
            content: false,
        }
    }

    /// Takes the value of a key from the record that is read.
    pub(super) fn take_next<'de, A: MapAccess<'de>>(
        &mut self,
        key: &Key,
        object: &mut A,
        scribe: &mut Scribe<'_>,
    ) -> Result<(), A::Error> {
        let max_text = scribe.max_text;
        if key.within.is_empty() {
            let seen = object.next_value_seed(ValueSeed { max_text })?;
            self.take(key, seen, scribe);
            return Ok(());
        }
        let Nested { own, within } = object.next_value_seed(NestedSeed { within: &key.within, max_text })?;
        self.take(key, own, scribe);
        for (node, seen) in within {
            self.take_within(node, seen, scribe);
        }
        Ok(())
    }

    fn take_within(&mut self, node: &Node, seen: Seen, scribe: &mut Scribe<'_>) {
        self.content = true;
        scribe.too_long += u64::from(seen == Seen::TooLong);
        if let (Some(_), Some(iri)) = (node.relation, seen.iri()) {
            scribe.prefixes.entry(node.path.clone()).or_insert_with(|| iri::prefix(iri).into());
        }
        let delivered = seen.deliver(node.relation);
        for cell in &node.cells {
            self.put(*cell, delivered.clone(), scribe);
        }
    }

    fn take(&mut self, key: &Key, seen: Seen, scribe: &mut Scribe<'_>) {
        if key.relation.is_some() || key.role == Role::Iri {
            scribe.note(key, &seen);
        }
        let [cell, others @ ..] = key.cells.as_slice() else {
            return self.take_role(key.role, seen);
        };
        self.content |= key.role == Role::Plain;
        scribe.too_long += u64::from(seen == Seen::TooLong);
        if key.role != Role::Plain {
            self.take_role(key.role, seen.clone());
        }
        let delivered = seen.deliver(key.relation);
        for other in others {
            self.put(*other, delivered.clone(), scribe);
        }
        self.put(*cell, delivered, scribe);
    }

    fn put(&mut self, cell: usize, delivered: Delivered, scribe: &mut Scribe<'_>) {
        if let (Some(text), Some(shown)) = (self.texts.get_mut(cell), scribe.shown.get_mut(cell)) {
            *text = delivered;
            *shown = true;
        }
    }

    fn take_role(&mut self, role: Role, seen: Seen) {
        match role {
            Role::Plain | Role::Contacts => {}
            Role::Id => self.id = seen.text(),
            Role::Iri => self.iri = seen.id(),
            Role::Client => self.client = seen.id(),
            Role::Created => self.created = seen.text(),
            Role::Modified => self.modified = seen.text(),
        }
    }

    pub(super) fn finish(self, kind: Kind) -> Option<Decoded> {
        let id = RemoteId::new(self.id.or(self.iri)?);
        let contacts = match self.contacts {
            Embedded::Whole(mut rows) => {
                for row in &mut rows {
                    // Whoever a contact is shown in is its client.
                    row.parents = vec![id.clone()];
                }
                Embedded::Whole(rows)
            }
            other @ (Embedded::Absent | Embedded::Links(_)) => other,
        };
        let parents = match kind {
            Kind::Company => Vec::new(),
            Kind::Contact => self.client.map(RemoteId::new).into_iter().collect(),
        };
        let row = Row {
            id,
            parents,
            version: self.modified.as_deref().map(|stamp| Version(stamp.to_owned())),
            created: self.created.as_deref().and_then(stamp),
            modified: self.modified.as_deref().and_then(stamp),
            standing: Standing::Live,
            stored_id: None,
            absorbed: Vec::new(),
            texts: self.texts,
        };
        Some(Decoded { row, contacts })
    }
}

fn stamp(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|stamp| stamp.to_utc())
}

pub(super) struct KeySeed<'a> {
    pub(super) layout: &'a Layout,
}

impl<'de, 'a> DeserializeSeed<'de> for KeySeed<'a> {
    type Value = Option<&'a Key>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for KeySeed<'a> {
    type Value = Option<&'a Key>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.layout.key(key))
    }
}
