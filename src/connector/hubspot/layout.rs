//! What is asked of one kind, and where each delivered property belongs.

use std::collections::HashMap;

use crate::domain::record::Kind;
use crate::domain::shape::Shape;

/// The survivor of a merge lists the ids that it swallowed in this property, separated by `;`.
pub(super) const MERGED_IDS: &str = "hs_merged_object_ids";

/// Every record's own id, as a property that searches can filter and sort by.
pub(super) const OBJECT_ID: &str = "hs_object_id";

/// When a record was made, as a property that searches can filter by.
pub(super) const CREATED: &str = "createdate";

/// Where a delivered property belongs. A property may serve several at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// Positions in a row's texts.
    pub(super) texts: Vec<usize>,
    /// It holds our id.
    pub(super) stored_id: bool,
    /// It holds the ids of merged records.
    pub(super) merged: bool,
    /// It holds the revision.
    pub(super) modified: bool,
}

/// What is asked of a kind.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// The property that says when a record last changed; searches go by it.
    pub(super) modified: &'static str,
    /// The property for our id, where this kind has one.
    pub(super) id_property: Option<String>,
    /// Every property to ask for, each once.
    pub(super) asked: Vec<String>,
    /// How many texts a row has.
    pub(super) width: usize,
    /// The longest text, in characters.
    pub(super) max_text: usize,
    slots: HashMap<String, Slot>,
}

impl Layout {
    pub(super) fn new(kind: Kind, shape: Shape, id_property: Option<&str>, max_text: usize) -> Self {
        let modified = match kind {
            Kind::Company => "hs_lastmodifieddate",
            Kind::Contact => "lastmodifieddate",
        };
        let id_property = match kind {
            Kind::Company => id_property.map(str::to_owned),
            // Our ids are stored in companies only.
            Kind::Contact => None,
        };
        let mut slots: HashMap<String, Slot> = HashMap::new();
        let mut asked = Vec::new();
        let mut slot = |property: &str, put: &dyn Fn(&mut Slot)| {
            if !slots.contains_key(property) {
                asked.push(property.to_owned());
            }
            put(slots.entry(property.to_owned()).or_default());
        };
        for (position, path) in shape.paths().enumerate() {
            slot(path, &|slot| slot.texts.push(position));
        }
        slot(modified, &|slot| slot.modified = true);
        slot(MERGED_IDS, &|slot| slot.merged = true);
        if let Some(property) = &id_property {
            slot(property, &|slot| slot.stored_id = true);
        }
        let width = shape.paths().count();
        Self { kind, shape, modified, id_property, asked, width, max_text, slots }
    }

    /// Where a property belongs; `None` for one that was not asked for.
    pub(super) fn slot(&self, property: &str) -> Option<&Slot> {
        self.slots.get(property)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::{Field, Part};
    use crate::domain::record::Side;
    use crate::domain::shape::Cell;

    #[test]
    fn a_property_is_asked_for_once_and_serves_all_its_places() {
        let cell = |field, part, path: &str| Cell::new(field, part, path);
        let shape = Shape {
            side: Side::Crm,
            kind: Kind::Company,
            cells: vec![cell(Field::Name, Part::Whole, "name"), cell(Field::Country, Part::Whole, "country")],
            watched: vec!["country".to_owned(), "lifecyclestage".to_owned()],
            scope: Vec::new(),
        };
        let layout = Layout::new(Kind::Company, shape.clone(), Some("flowtly_id"), 10);
        assert_eq!(
            layout.asked,
            ["name", "country", "lifecyclestage", "hs_lastmodifieddate", MERGED_IDS, "flowtly_id"]
        );
        assert_eq!(layout.slot("country").unwrap().texts, [1, 2]);
        assert_eq!(layout.width, 4);
        let layout = Layout::new(Kind::Contact, Shape { kind: Kind::Contact, ..shape }, Some("flowtly_id"), 10);
        assert_eq!(layout.id_property, None, "our id is stored in companies only");
    }
}
