//! What is asked of one kind, and where each delivered field belongs.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::fields::{COMMERCIAL, Companies, Fields, IS_COMPANY};
use super::lookup::COUNTRIES;
use crate::domain::record::Kind;
use crate::domain::shape::Shape;

/// When a record last changed: the start of the transaction that did it.
pub(super) const WRITTEN: &str = "write_date";

/// When a record was made.
pub(super) const CREATED: &str = "create_date";

/// The firm or department that a person is filed under.
pub(super) const PARENT: &str = "parent_id";

/// What is asked of a kind, whatever the version.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// The field for our id, where this kind has one.
    pub(super) id_field: Option<String>,
    /// The longest text, in characters.
    pub(super) max_text: usize,
}

impl Layout {
    pub(super) fn new(kind: Kind, shape: Shape, id_field: Option<&str>, max_text: usize) -> Self {
        let id_field = match kind {
            Kind::Company => id_field.map(str::to_owned),
            // Our ids are stored in companies only.
            Kind::Contact => None,
        };
        Self { kind, shape, id_field, max_text }
    }

    /// What makes a partner one of this kind. Addresses (invoice, delivery, other) are partners too, and neither.
    pub(super) fn domain(&self, companies: Companies) -> Vec<Value> {
        let no_address = json!(["type", "in", ["contact", false]]);
        match (companies, self.kind) {
            (Companies::Marked, Kind::Company) => vec![json!([IS_COMPANY, "=", true])],
            (Companies::Marked, Kind::Contact) => vec![json!([IS_COMPANY, "=", false]), no_address],
            (Companies::Roots, Kind::Company) => vec![json!([PARENT, "=", false]), no_address],
            (Companies::Roots, Kind::Contact) => vec![json!([PARENT, "!=", false]), no_address],
        }
    }
}

/// How a field's value becomes a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is; `false` is empty.
    #[default]
    Plain,
    /// `false` is a value.
    Boolean,
    /// A link whose text is the country's code.
    Country,
}

/// Where a delivered field belongs. A field may serve several at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// Positions in a row's texts.
    pub(super) texts: Vec<usize>,
    /// How it becomes a text.
    pub(super) form: Form,
    /// It holds our id.
    pub(super) stored_id: bool,
}

/// What is asked of a kind in this Odoo: only what it has.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) layout: &'a Layout,
    /// How many texts a row has.
    pub(super) width: usize,
    slots: HashMap<&'a str, Slot>,
    asked: Vec<&'a str>,
}

impl<'a> View<'a> {
    pub(super) fn new(layout: &'a Layout, fields: &Fields) -> Self {
        let mut slots: HashMap<&str, Slot> = HashMap::new();
        let mut asked = vec!["id", "active", CREATED, WRITTEN];
        for (position, path) in layout.shape.paths().enumerate() {
            let Some(info) = fields.get(path) else { continue };
            let slot = slots.entry(path).or_default();
            slot.texts.push(position);
            slot.form = match (info.type_name.as_str(), info.relation.as_deref()) {
                ("boolean", _) => Form::Boolean,
                ("many2one", Some(COUNTRIES)) => Form::Country,
                (_, _) => Form::Plain,
            };
        }
        if let Some(field) = layout.id_field.as_deref().filter(|field| fields.contains_key(*field)) {
            slots.entry(field).or_default().stored_id = true;
        }
        asked.extend(slots.keys().filter(|path| !["id", "active", CREATED, WRITTEN].contains(path)));
        if layout.kind == Kind::Contact {
            asked.extend([PARENT, COMMERCIAL].into_iter().filter(|name| *name == PARENT || fields.contains_key(*name)));
        }
        asked.sort_unstable();
        asked.dedup();
        Self { layout, width: layout.shape.paths().count(), slots, asked }
    }

    /// The names of what is asked for.
    pub(super) fn asked(&self) -> Value {
        json!(self.asked)
    }

    /// Where a field belongs; `None` for one that is not mapped.
    pub(super) fn slot(&self, field: &str) -> Option<&Slot> {
        self.slots.get(field)
    }

    /// Whether countries are among what is read.
    pub(super) fn shows_countries(&self) -> bool {
        self.slots.values().any(|slot| slot.form == Form::Country)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::{Field, Part};
    use crate::domain::record::Side;
    use crate::domain::shape::Cell;

    fn shape(kind: Kind) -> Shape {
        let cell = |field, path: &str| Cell::new(field, Part::Whole, path);
        let cells = match kind {
            Kind::Company => vec![cell(Field::Name, "name"), cell(Field::Country, "country_id")],
            Kind::Contact => vec![cell(Field::ContactPhone, "mobile")],
        };
        Shape { side: Side::Crm, kind, cells, watched: vec!["active".to_owned()], scope: Vec::new() }
    }

    fn fields() -> Fields {
        serde_json::from_str(
            r#"{"name":{"type":"char"},"country_id":{"type":"many2one","relation":"res.country"},
                "active":{"type":"boolean"},"x_flowtly_id":{"type":"char"}}"#,
        )
        .unwrap()
    }

    #[test]
    fn only_what_this_odoo_has_is_asked_for_and_each_once() {
        let layout = Layout::new(Kind::Company, shape(Kind::Company), Some("x_flowtly_id"), 10);
        let fields = fields();
        let view = View::new(&layout, &fields);
        let wanted = ["active", "country_id", "create_date", "id", "name", "write_date", "x_flowtly_id"];
        assert_eq!(view.asked(), json!(wanted));
        assert_eq!(view.slot("active").unwrap().texts, [2]);
        assert!(view.shows_countries() && view.slot("x_flowtly_id").unwrap().stored_id);
    }

    #[test]
    fn a_contact_is_asked_for_its_firm_and_never_for_a_field_that_is_gone() {
        let layout = Layout::new(Kind::Contact, shape(Kind::Contact), Some("x_flowtly_id"), 10);
        let fields = fields();
        let view = View::new(&layout, &fields);
        assert_eq!(view.asked(), json!(["active", "create_date", "id", "parent_id", "write_date"]));
        assert_eq!(view.slot("mobile"), None);
        assert_eq!(layout.id_field, None, "our id is stored in companies only");
    }
}
