//! Collections in all the envelopes that API Platform makes, and single records.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Undecodable;
use super::row::{Decoded, RowSeed, Scribe};
use super::value::{Seen, ValueSeed};

/// One page of a collection.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::connector::flowtly) struct Page<T = Decoded> {
    /// Its records.
    pub(in crate::connector::flowtly) rows: Vec<T>,
    /// Records in all, where it tells.
    pub(in crate::connector::flowtly) total: Option<u64>,
    /// Its links.
    pub(in crate::connector::flowtly) view: View,
    /// Whether it is a bare array, which has neither total nor links.
    pub(in crate::connector::flowtly) bare: bool,
}

/// The links of a page: absolute paths, to be resolved against the origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connector::flowtly) struct View {
    pub(in crate::connector::flowtly) last: Option<Box<str>>,
    pub(in crate::connector::flowtly) previous: Option<Box<str>>,
    pub(in crate::connector::flowtly) next: Option<Box<str>>,
}

/// Decodes a page of records.
pub(in crate::connector::flowtly) fn page(body: &[u8], scribe: &mut Scribe<'_>) -> Result<Page, Undecodable> {
    whole(body, PageSeed { members: RowMembers { scribe } })
}

/// Decodes a page whose members are kept as they are, for small lists.
pub(in crate::connector::flowtly) fn plain_page(body: &[u8]) -> Result<Page<serde_json::Value>, Undecodable> {
    whole(body, PageSeed { members: PlainMembers })
}

/// Decodes one record.
pub(in crate::connector::flowtly) fn item(body: &[u8], scribe: &mut Scribe<'_>) -> Result<Decoded, Undecodable> {
    whole(body, RowSeed { scribe })
}

fn whole<'de, S: DeserializeSeed<'de>>(body: &'de [u8], seed: S) -> Result<S::Value, Undecodable> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// How the members of a page are decoded.
trait Members<'de> {
    type Member;

    fn next<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<Self::Member>, A::Error>;
}

struct RowMembers<'s, 'a> {
    scribe: &'s mut Scribe<'a>,
}

impl<'de> Members<'de> for RowMembers<'_, '_> {
    type Member = Decoded;

    fn next<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<Decoded>, A::Error> {
        list.next_element_seed(RowSeed { scribe: self.scribe })
    }
}

struct PlainMembers;

impl<'de> Members<'de> for PlainMembers {
    type Member = serde_json::Value;

    fn next<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<Option<serde_json::Value>, A::Error> {
        list.next_element()
    }
}

struct PageSeed<M> {
    members: M,
}

impl<'de, M: Members<'de>> DeserializeSeed<'de> for PageSeed<M> {
    type Value = Page<M::Member>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: Members<'de>> Visitor<'de> for PageSeed<M> {
    type Value = Page<M::Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a collection")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(member) = self.members.next(&mut list)? {
            rows.push(member);
        }
        Ok(Page { rows, total: None, view: View::default(), bare: true })
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut rows = None;
        let mut total = None;
        let mut view = View::default();
        while let Some(key) = object.next_key_seed(EnvelopeKey)? {
            match key {
                Envelope::Member => rows = Some(object.next_value_seed(MembersSeed { members: &mut self.members })?),
                Envelope::Total => match object.next_value_seed(ValueSeed { max_text: 32 })? {
                    Seen::Text(text) => total = text.parse().ok(),
                    Seen::Nothing | Seen::Thing(_) | Seen::TooLong | Seen::Odd => {}
                },
                Envelope::View => view = object.next_value_seed(ViewSeed)?,
                Envelope::Other => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        let rows = rows.ok_or_else(|| serde::de::Error::missing_field("member"))?;
        Ok(Page { rows, total, view, bare: false })
    }
}

struct MembersSeed<'m, M> {
    members: &'m mut M,
}

impl<'de, M: Members<'de>> DeserializeSeed<'de> for MembersSeed<'_, M> {
    type Value = Vec<M::Member>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, M: Members<'de>> Visitor<'de> for MembersSeed<'_, M> {
    type Value = Vec<M::Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the records of a page")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(member) = self.members.next(&mut list)? {
            rows.push(member);
        }
        Ok(rows)
    }
}

enum Envelope {
    Member,
    Total,
    View,
    Other,
}

struct EnvelopeKey;

impl<'de> DeserializeSeed<'de> for EnvelopeKey {
    type Value = Envelope;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Envelope, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for EnvelopeKey {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Envelope, E> {
        Ok(match key {
            "member" | "hydra:member" => Envelope::Member,
            "totalItems" | "hydra:totalItems" => Envelope::Total,
            "view" | "hydra:view" => Envelope::View,
            _ => Envelope::Other,
        })
    }
}

struct ViewSeed;

impl<'de> DeserializeSeed<'de> for ViewSeed {
    type Value = View;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<View, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ViewSeed {
    type Value = View;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the links of a page")
    }

    fn visit_unit<E>(self) -> Result<View, E> {
        Ok(View::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<View, A::Error> {
        let mut view = View::default();
        while let Some(key) = object.next_key::<std::borrow::Cow<'de, str>>()? {
            let link = match object.next_value_seed(ValueSeed { max_text: 8 << 10 })? {
                Seen::Text(link) => Some(link),
                Seen::Nothing | Seen::Thing(_) | Seen::TooLong | Seen::Odd => None,
            };
            match key.strip_prefix("hydra:").unwrap_or(&key) {
                "last" => view.last = link,
                "previous" => view.previous = link,
                "next" => view.next = link,
                _ => {}
            }
        }
        Ok(view)
    }
}

#[cfg(test)]
mod tests {

    use proptest::prelude::*;

    use super::super::layout::Layout;
    use super::super::row::Embedded;
    use super::*;
    use crate::domain::field::{Field, Part};
    use crate::domain::record::{Kind, RemoteId, Side};
    use crate::domain::shape::{Cell, Delivered, Shape};

    const PAGE: &str = r#"{"@context":"\/contexts\/Client","@id":"\/clients","@type":"Collection","totalItems":1000,
        "member":[{"@id":"\/clients\/31","@type":"Client","id":31,"name":"A\u0026B","country":"\/countries\/PL",
            "clientContacts":[{"@id":"\/client-contacts\/7","id":7,"name":"Jan"}],"costGroup":[{"x":[1]}]}],
        "view":{"@id":"\/clients?page=2","@type":"PartialCollectionView","first":"\/clients?page=1",
            "last":"\/clients?page=34","previous":"\/clients?page=1","next":"\/clients?itemsPerPage=100\u0026page=3"},
        "search":{"@type":"IriTemplate","template":"\/clients{?name,tin,tin[]}","mapping":[{"variable":"name"}]}}"#;

    const PREFIXED: &str = r#"{"@type":"hydra:Collection","hydra:totalItems":"2","hydra:member":[{"@id":"/api/clients/1"}],
        "hydra:view":{"@type":"hydra:PartialCollectionView","hydra:next":"/api/clients?page=2"},"hydra:search":{}}"#;

    fn layout(kind: Kind, paths: &[&str]) -> Layout {
        let cells = paths.iter().map(|path| Cell::new(Field::Name, Part::Whole, *path));
        Layout::new(&Shape { side: Side::Flowtly, kind, cells: cells.collect(), watched: vec![], scope: vec![] })
    }

    fn companies() -> Layout {
        layout(Kind::Company, &["name", "country", "tin", "costGroup"])
    }

    #[test]
    fn a_page_of_api_platform_4_is_read() {
        let (companies, contacts) = (companies(), layout(Kind::Contact, &["name", "phone"]));
        let mut scribe = Scribe::new(&companies, Some(&contacts), 100);
        let page = page(PAGE.as_bytes(), &mut scribe).unwrap();
        let Decoded { row, contacts } = &page.rows[0];
        let text = |text: &str| Delivered::Text(text.into());
        assert_eq!(row.texts, [text("A&B"), text("PL"), Delivered::Blank, Delivered::Unknown]);
        let Embedded::Whole(contacts) = contacts else { panic!("{contacts:?}") };
        assert_eq!((contacts[0].id.as_str(), &contacts[0].parents), ("7", &vec![RemoteId::new("31")]));
        assert_eq!((page.total, page.bare), (Some(1000), false));
        assert_eq!(page.view.next.as_deref(), Some("/clients?itemsPerPage=100&page=3"));
        assert_eq!(page.view.last.as_deref(), Some("/clients?page=34"));
        assert_eq!(scribe.prefixes["country"].as_ref(), "/countries/");
        assert_eq!(scribe.prefixes["@id"].as_ref(), "/clients/");
        assert_eq!((scribe.shown, scribe.shown_embedded), (vec![true, true, false, true], vec![true, false]));
    }

    #[test]
    fn a_prefixed_page_and_a_bare_array_are_read() {
        let companies = companies();
        let mut scribe = Scribe::new(&companies, None, 100);
        let prefixed = page(PREFIXED.as_bytes(), &mut scribe).unwrap();
        assert_eq!((prefixed.total, prefixed.rows[0].row.id.as_str()), (Some(2), "1"));
        assert_eq!(prefixed.view.next.as_deref(), Some("/api/clients?page=2"));
        let bare = page(br#"[{"id":"x","name":null}]"#, &mut scribe).unwrap();
        assert_eq!((bare.bare, bare.total, bare.rows[0].row.texts[0].clone()), (true, None, Delivered::Blank));
    }

    #[test]
    fn what_is_no_page_is_told_without_quoting_it() {
        let companies = companies();
        let read = |body: &str| page(body.as_bytes(), &mut Scribe::new(&companies, None, 100)).unwrap_err();
        assert_eq!(read(&PAGE[..300]), Undecodable::Half);
        assert_eq!(read("<html>"), Undecodable::NotJson);
        assert_eq!(read("[] x"), Undecodable::NotJson);
        for body in [r#"{"detail":"x"}"#, r#""Kowalski""#, r#"[{"name":"Kowalski"}]"#, r#"{"member":["/clients/1"]}"#] {
            assert!(matches!(read(body), Undecodable::Shape { .. }), "{body}");
            assert!(!read(body).to_string().contains("Kowalski"));
        }
    }

    #[test]
    fn contacts_come_in_all_the_forms_that_php_makes_of_a_list() {
        let (companies, contacts) = (companies(), layout(Kind::Contact, &["name"]));
        let read = |list: &str| {
            let mut scribe = Scribe::new(&companies, Some(&contacts), 100);
            item(format!(r#"{{"id":6,"clientContacts":{list}}}"#).as_bytes(), &mut scribe).unwrap().contacts
        };
        assert!(matches!(read(r#"{"1":{"id":7,"name":"Jan"}}"#), Embedded::Whole(rows) if rows.len() == 1));
        assert_eq!(read("[]"), Embedded::Whole(vec![]));
        assert_eq!(read("null"), Embedded::Absent);
        let links = Embedded::Links(vec![RemoteId::new("7"), RemoteId::new("8")]);
        assert_eq!(read(r#"["/client-contacts/7",{"@id":"/client-contacts/8","@type":"ClientContact"}]"#), links);
        assert_eq!(read(r#"[{"id":7,"name":"Jan"},8]"#), links, "one reference among whole ones");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(cut in 0_usize..900, noise in prop::collection::vec(any::<u8>(), 0..6)) {
            let (companies, contacts) = (companies(), layout(Kind::Contact, &["name"]));
            let mut body = PAGE.as_bytes()[..cut.min(PAGE.len())].to_vec();
            body.extend(noise);
            body.extend(PAGE.as_bytes().iter().skip(cut + 3));
            let _ = page(&body, &mut Scribe::new(&companies, Some(&contacts), 100));
            let _ = plain_page(&body);
        }
    }
}
