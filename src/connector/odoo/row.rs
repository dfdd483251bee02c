//! From Odoo's records to rows, straight from the text: no tree of values in between.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::not_the_protocol;
use super::fields::COMMERCIAL;
use super::layout::{CREATED, Form, PARENT, Slot, View, WRITTEN};
use super::lookup::Table;
use super::value::Shown;
use crate::connector::error::PortError;
use crate::domain::record::{Kind, RemoteId, Standing, Version};
use crate::domain::shape::{Delivered, Row};

/// Who wrote a record last; asked for only after a write of ours.
pub(super) const WRITER: &str = "write_uid";

/// One record of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) row: Row,
    /// Who wrote it last, where that was asked for.
    pub(super) writer: Option<u64>,
}

/// The records of a reply, in its order.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the entries are what it is about")]
pub(super) struct Entries {
    pub(super) entries: Vec<Entry>,
    /// Texts that were dropped because they are beyond the limit.
    pub(super) too_long: usize,
    /// Countries that the list does not know.
    pub(super) unknown_countries: usize,
}

/// Decodes a list of records; `countries` are what links to countries are translated by.
pub(super) fn entries(view: &View<'_>, countries: Option<&Table>, body: &[u8]) -> Result<Entries, PortError> {
    let decoder = Decoder { view, countries, too_long: Cell::new(0), unknown_countries: Cell::new(0) };
    let mut json = serde_json::Deserializer::from_slice(body);
    let entries = json
        .deserialize_seq(EntriesVisitor(&decoder))
        .and_then(|entries| json.end().map(|()| entries))
        .map_err(|_| not_the_protocol("a list of records"))?;
    Ok(Entries { entries, too_long: decoder.too_long.get(), unknown_countries: decoder.unknown_countries.get() })
}

/// A time as Odoo writes it: UTC without a zone. Fractions and a `T` are taken too.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|time| time.and_utc())
}

struct Decoder<'a> {
    view: &'a View<'a>,
    countries: Option<&'a Table>,
    too_long: Cell<usize>,
    unknown_countries: Cell<usize>,
}

impl Decoder<'_> {
    fn delivered(&self, slot: &Slot, shown: &Shown<'_>) -> Delivered {
        let text: Cow<'_, str> = match (slot.form, shown) {
            (Form::Boolean, Shown::Nothing) => "false".into(),
            (_, Shown::True) => "true".into(),
            (_, Shown::Nothing) => return Delivered::Blank,
            (_, Shown::Odd) => return Delivered::Unknown,
            (_, Shown::Text(text)) => Cow::Borrowed(text.as_ref()),
            (_, Shown::Number(number)) => Cow::Borrowed(number.as_str()),
            (Form::Country, Shown::Link(id, label)) => match self.countries {
                // Without the list the label has to do: it is a country's name.
                None => Cow::Borrowed(label.as_str()),
                Some(table) => {
                    let Some(code) = table.key(*id) else {
                        self.unknown_countries.set(self.unknown_countries.get() + 1);
                        return Delivered::Unknown;
                    };
                    Cow::Borrowed(code)
                }
            },
            (Form::Plain | Form::Boolean, Shown::Link(_, label)) => Cow::Borrowed(label.as_str()),
        };
        if text.is_empty() {
            Delivered::Blank
        } else if text.len() > self.view.layout.max_text && text.chars().count() > self.view.layout.max_text {
            self.too_long.set(self.too_long.get() + 1);
            Delivered::Unknown
        } else {
            Delivered::Text(text.into())
        }
    }
}

struct EntriesVisitor<'a>(&'a Decoder<'a>);

impl<'de> Visitor<'de> for EntriesVisitor<'_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Entry>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(EntrySeed(self.0))? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

struct EntrySeed<'a>(&'a Decoder<'a>);

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let view = self.0.view;
        let (mut id, mut parent, mut commercial, mut writer) = (None, None, None, None);
        let (mut created, mut written, mut stored_id) = (None, None, None);
        let mut standing = Standing::Live;
        let mut texts = vec![Delivered::Unknown; view.width];
        while let Some(key) = map.next_key::<Name<'de>>()? {
            let shown = map.next_value::<Shown<'de>>()?;
            match key.0.as_ref() {
                "id" => id = shown.number(),
                PARENT => parent = shown.number(),
                COMMERCIAL => commercial = shown.number(),
                WRITER => writer = shown.number(),
                "active" if shown == Shown::Nothing => standing = Standing::Archived,
                CREATED => created = shown.text().map(str::to_owned),
                WRITTEN => written = shown.text().map(str::to_owned),
                _ => {}
            }
            let Some(slot) = view.slot(&key.0) else { continue };
            if slot.stored_id {
                stored_id = shown.text().map(str::to_owned);
            }
            let delivered = self.0.delivered(slot, &shown);
            for position in &slot.texts {
                if let Some(place) = texts.get_mut(*position) {
                    place.clone_from(&delivered);
                }
            }
        }
        let id = id.ok_or_else(|| A::Error::missing_field("id"))?;
        // A person of a department belongs to the firm above it; who is filed under nobody belongs to nobody. Whether the firm
        // has the mark of a company makes no difference: the highest one has it not where it is computed and has no number.
        let firm = parent.map(|parent| commercial.filter(|firm| *firm != id).unwrap_or(parent));
        let parents = match view.layout.kind {
            Kind::Company => Vec::new(),
            Kind::Contact => firm.into_iter().map(|firm| RemoteId::new(firm.to_string())).collect(),
        };
        let row = Row {
            id: RemoteId::new(id.to_string()),
            parents,
            modified: written.as_deref().and_then(moment),
            version: written.map(Version),
            created: created.as_deref().and_then(moment),
            standing,
            stored_id,
            absorbed: Vec::new(),
            texts,
        };
        Ok(Entry { row, writer })
    }
}

/// A field's name, borrowed from the reply where it holds no escape.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::fields::Fields;
    use super::super::layout::Layout;
    use super::*;
    use crate::connector::error::ErrorKind;
    use crate::domain::field::{Field, Part};
    use crate::domain::record::Side;
    use crate::domain::shape::{Cell as MappedCell, Shape};

    fn fields() -> Fields {
        serde_json::from_str(
            r#"{"name":{"type":"char"},"country_id":{"type":"many2one","relation":"res.country"},
                "partner_share":{"type":"boolean"},"commercial_partner_id":{"type":"many2one"}}"#,
        )
        .unwrap()
    }

    fn layout(kind: Kind) -> Layout {
        let cell = |field, path: &str| MappedCell::new(field, Part::Whole, path);
        let (name, country) = match kind {
            Kind::Company => (Field::Name, Field::Country),
            Kind::Contact => (Field::PersonName, Field::Title),
        };
        let cells = vec![cell(name, "name"), cell(country, "country_id")];
        let watched = vec!["partner_share".to_owned(), "gone".to_owned()];
        Layout::new(kind, Shape { side: Side::Crm, kind, cells, watched, scope: Vec::new() }, None, 8)
    }

    fn read(kind: Kind, body: &str) -> Result<Entries, PortError> {
        let layout = layout(kind);
        let fields = fields();
        let countries = Table::of([(14, "PL", "Poland")]);
        entries(&View::new(&layout, &fields), Some(&countries), body.as_bytes())
    }

    fn text(text: &str) -> Delivered {
        Delivered::Text(text.into())
    }

    #[test]
    fn false_is_blank_except_for_a_boolean_and_a_field_that_is_gone_is_unknown() {
        let body = r#"[{"id":7,"name":false,"country_id":false,"partner_share":false,"active":true,
            "create_date":"2026-11-23 10:00:00","write_date":"2026-11-23 10:00:01"}]"#;
        let read = read(Kind::Company, body).unwrap();
        let row = &read.entries[0].row;
        assert_eq!(row.texts, [Delivered::Blank, Delivered::Blank, text("false"), Delivered::Unknown]);
        assert_eq!(row.modified, Some("2026-11-23T10:00:01Z".parse().unwrap()));
        assert_eq!(row.version, Some(Version("2026-11-23 10:00:01".to_owned())));
    }

    #[test]
    fn an_empty_text_is_blank_and_a_country_is_its_code() {
        let read = read(Kind::Company, r#"[{"id":7,"name":"","country_id":[14,"Poland"]}]"#).unwrap();
        assert_eq!(read.entries[0].row.texts[..2], [Delivered::Blank, text("PL")]);
    }

    #[test]
    fn a_country_that_the_list_does_not_know_is_unknown_and_counted() {
        let read = read(Kind::Company, r#"[{"id":7,"country_id":[15,"Atlantis"]}]"#).unwrap();
        assert_eq!((read.entries[0].row.texts[1].clone(), read.unknown_countries), (Delivered::Unknown, 1));
    }

    #[test]
    fn a_text_beyond_the_limit_is_unknown_and_counted() {
        let read = read(Kind::Company, r#"[{"id":7,"name":"123456789"},{"id":8,"name":"łłłłłłłł"}]"#).unwrap();
        assert_eq!(read.entries[0].row.texts[0], Delivered::Unknown);
        assert_eq!(read.entries[1].row.texts[0], text("łłłłłłłł"), "eight characters, sixteen bytes");
        assert_eq!(read.too_long, 1);
    }

    #[rstest]
    #[case::of_a_firm(r#""parent_id":[3,"F"],"commercial_partner_id":[3,"F"]"#, &["3"])]
    #[case::of_a_department(r#""parent_id":[5,"D"],"commercial_partner_id":[3,"F"]"#, &["3"])]
    #[case::of_nobody(r#""parent_id":false,"commercial_partner_id":[7,"Self"]"#, &[])]
    #[case::of_another_person(r#""parent_id":[5,"D"],"commercial_partner_id":[7,"Self"]"#, &["5"])]
    #[case::of_an_odoo_that_does_not_tell(r#""parent_id":[3,"F"]"#, &["3"])]
    fn a_person_belongs_to_the_firm_above(#[case] links: &str, #[case] wanted: &[&str]) {
        let read = read(Kind::Contact, &format!(r#"[{{"id":7,{links}}}]"#)).unwrap();
        let parents: Vec<&str> = read.entries[0].row.parents.iter().map(RemoteId::as_str).collect();
        assert_eq!(parents, wanted);
    }

    #[test]
    fn an_archived_record_says_so() {
        let read = read(Kind::Company, r#"[{"id":7,"active":false}]"#).unwrap();
        assert_eq!(read.entries[0].row.standing, Standing::Archived);
    }

    #[rstest]
    #[case("{}")]
    #[case("\"maintenance\"")]
    #[case("<html>")]
    #[case("[{\"id\":7}")]
    #[case("[{\"name\":\"x\"}]")]
    #[case("[7]")]
    #[case("[] x")]
    #[case("")]
    fn what_is_no_list_of_records_is_told(#[case] body: &str) {
        assert_eq!(read(Kind::Company, body).unwrap_err().kind, ErrorKind::Protocol);
    }

    #[rstest]
    #[case("2026-11-23 10:00:00", true)]
    #[case("2026-11-23T10:00:00.123456", true)]
    #[case("23.11.2026", false)]
    fn a_time_is_read_as_odoo_writes_it(#[case] text: &str, #[case] is_time: bool) {
        assert_eq!(moment(text).is_some(), is_time);
    }
}
