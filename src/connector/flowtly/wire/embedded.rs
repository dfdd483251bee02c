//! The contacts that a client shows: whole objects, references, or something between.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::iri;
use super::layout::Layout;
use super::row::{Draft, Embedded, KeySeed, Scribe};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// Decodes the contacts that are embedded in a client.
pub(super) struct ContactsSeed<'s, 'a> {
    pub(super) contacts: &'a Layout,
    pub(super) scribe: &'s mut Scribe<'a>,
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
                Some(key) => draft.take_next(key, &mut object, &mut notes)?,
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
