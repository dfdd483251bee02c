//! What is asked of one kind, and where each delivered attribute belongs.

use std::collections::HashMap;

use crate::domain::field::{Field, Part};
use crate::domain::record::Kind;
use crate::domain::shape::Shape;

/// What is asked of a kind.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// The field for our id, where this kind has one.
    pub(super) id_field: Option<String>,
    /// Every attribute to ask for, each once.
    pub(super) asked: Vec<String>,
    /// How many texts a row has.
    pub(super) width: usize,
    /// The longest text, in characters.
    pub(super) max_text: usize,
    /// Where lists cut texts, in characters.
    pub(super) list_text_cut: usize,
    places: HashMap<String, Vec<usize>>,
}

impl Layout {
    pub(super) fn new(kind: Kind, shape: Shape, id_field: Option<&str>, max_text: usize, list_text_cut: usize) -> Self {
        let system: &[&str] = match kind {
            Kind::Company => &["createdAt", "modifiedAt", "versionNumber"],
            Kind::Contact => &["createdAt", "modifiedAt", "accountId", "accountName", "accountsIds"],
        };
        // Our ids are stored in companies only.
        let id_field = id_field.filter(|_| kind == Kind::Company).map(str::to_owned);
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        let mut asked: Vec<String> = vec!["id".to_owned()];
        for (position, path) in shape.paths().enumerate() {
            places.entry(path.to_owned()).or_default().push(position);
        }
        for name in shape.paths().chain(system.iter().copied()).chain(id_field.as_deref()) {
            if !asked.iter().any(|asked| asked == name) {
                asked.push(name.to_owned());
            }
        }
        let width = shape.paths().count();
        Self { kind, shape, id_field, asked, width, max_text, list_text_cut, places }
    }

    /// EspoCRM's name of the kind.
    pub(super) const fn entity(&self) -> &'static str {
        entity(self.kind)
    }

    /// The positions of an attribute in a row's texts.
    pub(super) fn places(&self, attribute: &str) -> &[usize] {
        self.places.get(attribute).map(Vec::as_slice).unwrap_or_default()
    }

    /// The attributes by which records are told apart whatever their names are: tax numbers, e-mail addresses.
    pub(super) fn telling(&self) -> Vec<(&str, usize)> {
        let tells = |field: Field, part: Part| match self.kind {
            Kind::Company => field == Field::TaxIdentity && matches!(part, Part::Number | Part::Tin | Part::VatNumber),
            Kind::Contact => field == Field::Email,
        };
        let cells = self.shape.cells.iter().enumerate();
        cells
            .filter(|(_, cell)| tells(cell.field, cell.part))
            .map(|(place, cell)| (cell.path.as_str(), place))
            .collect()
    }
}

/// EspoCRM's name of a kind.
pub(super) const fn entity(kind: Kind) -> &'static str {
    match kind {
        Kind::Company => "Account",
        Kind::Contact => "Contact",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::Side;
    use crate::domain::shape::Cell;

    #[test]
    fn an_attribute_is_asked_for_once_and_serves_all_its_places() {
        let shape = Shape {
            side: Side::Crm,
            kind: Kind::Company,
            cells: vec![
                Cell::new(Field::Name, Part::Whole, "name"),
                Cell::new(Field::TaxIdentity, Part::Number, "cVatNumber"),
            ],
            watched: vec!["name".to_owned(), "modifiedAt".to_owned()],
            scope: Vec::new(),
        };
        let layout = Layout::new(Kind::Company, shape.clone(), Some("cFlowtlyId"), 10, 5);
        assert_eq!(
            layout.asked,
            ["id", "name", "cVatNumber", "modifiedAt", "createdAt", "versionNumber", "cFlowtlyId"]
        );
        assert_eq!(
            (layout.places("name"), layout.places("modifiedAt"), layout.width),
            ([0, 2].as_slice(), [3].as_slice(), 4)
        );
        assert_eq!(layout.telling(), [("cVatNumber", 1)]);
        let layout = Layout::new(Kind::Contact, Shape { kind: Kind::Contact, ..shape }, Some("cFlowtlyId"), 10, 5);
        assert_eq!(layout.id_field, None, "our id is stored in companies only");
        assert!(layout.asked.iter().any(|name| name == "accountsIds"));
    }
}
