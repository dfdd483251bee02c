//! One record, decoded straight into a row's texts.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::iri;
use super::layout::{Key, Layout, Role};
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
    max_text: usize,
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
                Some(key) => {
                    let seen = object.next_value_seed(ValueSeed { max_text: self.scribe.max_text })?;
                    draft.take(key, seen, self.scribe);
                }
            }
        }
        draft.finish(layout.kind).ok_or_else(|| A::Error::custom("a record without an id"))
    }
}

/// A record that is being put together.
struct Draft {
    id: Option<Box<str>>,
    iri: Option<Box<str>>,
    client: Option<Box<str>>,
    created: Option<Box<str>>,
    modified: Option<Box<str>>,
    texts: Vec<Delivered>,
    contacts: Embedded,
    /// Whether it showed anything that is mapped.
    content: bool,
}

impl Draft {
    /// A null value is absent from a reply, so that what does not come is blank.
    fn new(layout: &Layout) -> Self {
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

    fn finish(self, kind: Kind) -> Option<Decoded> {
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

struct KeySeed<'a> {
    layout: &'a Layout,
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

/// Decodes the contacts that are embedded in a client.
struct ContactsSeed<'s, 'a> {
    contacts: &'a Layout,
    scribe: &'s mut Scribe<'a>,
}

impl<'de> DeserializeSeed<'de> for ContactsSeed<'_, '_> {
    type Value = Embedded;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Embedded, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ContactsSeed<'_, '_> {
    type Value = Embedded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of contacts")
    }

    fn visit_unit<E>(self) -> Result<Embedded, E> {
        Ok(Embedded::Absent)
    }

    fn visit_str<E>(self, _: &str) -> Result<Embedded, E> {
        Ok(Embedded::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Embedded, A::Error> {
        let mut found = Found::default();
        while let Some(contact) =
            list.next_element_seed(ContactSeed { contacts: self.contacts, scribe: self.scribe })?
        {
            found.take(contact);
        }
        Ok(found.into())
    }

    /// PHP writes a list with gaps in its keys as an object.
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Embedded, A::Error> {
        let mut found = Found::default();
        while object.next_key::<IgnoredAny>()?.is_some() {
            found.take(object.next_value_seed(ContactSeed { contacts: self.contacts, scribe: self.scribe })?);
        }
        Ok(found.into())
    }
}

/// The contacts of one client, as far as they were decoded.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    links: Vec<RemoteId>,
}

impl Found {
    fn take(&mut self, contact: Contact) {
        match contact {
            Contact::Whole(row) => {
                self.links.push(row.id.clone());
                self.rows.push(*row);
            }
            Contact::Link(id) => self.links.push(id),
            Contact::Odd => {}
        }
    }
}

impl From<Found> for Embedded {
    fn from(found: Found) -> Self {
        if found.links.len() == found.rows.len() { Self::Whole(found.rows) } else { Self::Links(found.links) }
    }
}

enum Contact {
    Whole(Box<Row>),
    Link(RemoteId),
    Odd,
}

/// Decodes one embedded contact.
struct ContactSeed<'s, 'a> {
    contacts: &'a Layout,
    scribe: &'s mut Scribe<'a>,
}

impl<'de> DeserializeSeed<'de> for ContactSeed<'_, '_> {
    type Value = Contact;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ContactSeed<'_, '_> {
    type Value = Contact;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a contact")
    }

    fn visit_str<E>(self, iri: &str) -> Result<Contact, E> {
        Ok(Contact::Link(RemoteId::new(iri::id(iri))))
    }

    fn visit_u64<E>(self, id: u64) -> Result<Contact, E> {
        Ok(Contact::Link(RemoteId::new(id.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Contact, E> {
        Ok(Contact::Odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Contact, A::Error> {
        let mut draft = Draft::new(self.contacts);
        // What contacts note of IRIs stays apart from what clients do: both have an `@id`.
        let mut notes = Scribe::new(self.contacts, None, self.scribe.max_text);
        while let Some(key) = object.next_key_seed(KeySeed { layout: self.contacts })? {
            match key {
                None => {
                    object.next_value::<IgnoredAny>()?;
                }
                Some(key) => {
                    let seen = object.next_value_seed(ValueSeed { max_text: self.scribe.max_text })?;
                    draft.take(key, seen, &mut notes);
                }
            }
        }
        self.scribe.too_long += notes.too_long;
        for (known, shown) in self.scribe.shown_embedded.iter_mut().zip(notes.shown) {
            *known |= shown;
        }
        let has_content = draft.content;
        Ok(match draft.finish(Kind::Contact) {
            Some(decoded) if has_content => Contact::Whole(Box::new(decoded.row)),
            Some(decoded) => Contact::Link(decoded.row.id),
            None => Contact::Odd,
        })
    }
}
