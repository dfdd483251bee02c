//! What is asked of one kind.

use super::place::Path;
use crate::domain::record::Kind;
use crate::domain::shape::Shape;

/// What is asked of a kind.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// The mapped properties, in the order of a row's texts.
    pub(super) paths: Vec<Path>,
    /// The field for our id, where this kind has one.
    pub(super) id_field: Option<Path>,
    /// How the field for our id is named in a mapping.
    pub(super) id_path: Option<String>,
    /// The longest text, in characters.
    pub(super) max_text: usize,
}

impl Layout {
    pub(super) fn new(kind: Kind, shape: Shape, id_property: Option<&str>, max_text: usize) -> Self {
        // Our ids are stored in companies only.
        let id_path = id_property.filter(|_| kind == Kind::Company).map(str::to_owned);
        Self {
            kind,
            paths: shape.paths().map(Path::parse).collect(),
            id_field: id_path.as_deref().map(Path::parse),
            id_path,
            shape,
            max_text,
        }
    }
}
