//! What one side maps: which remote properties make up which fields, and how a delivered row becomes a record.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::custom::CustomType;
use super::field::{Field, Part};
use super::record::{Fingerprint, Kind, Record, RemoteId, Side, Standing, Version};
use super::scope::Condition;
use super::value::{Locale, Reading, Text, country_code, country_name};

/// One remote property that is one part of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The field.
    pub field: Field,
    /// The part of it.
    pub part: Part,
    /// The property's name in the system.
    pub path: String,
    /// Translation of choices, the system's text to ours; empty means as it is. One to one, so that it can be turned round.
    pub table: BTreeMap<String, String>,
    /// Whether the system lets us write it.
    pub writable: bool,
    /// How a country is written here.
    pub countries: Countries,
    /// The longest text, in characters, that the system keeps of it; it cuts a longer one.
    pub max_length: Option<usize>,
    /// What the configuration declares of it; `None` for a canonical field, of which connectors know what it is.
    pub declared: Option<Declared>,
}

/// What the configuration declares of a property beside its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// What sort of values the field has.
    pub sort: CustomType,
    /// As what this side writes them, where its interface has types.
    pub sent_as: CustomType,
    /// Where the system keeps what it refers to, if a connector is to show its label instead of its id.
    pub look_up: Option<LookUp>,
}

/// Where a system keeps what a relation refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LookUp {
    /// The list, as the connector names it.
    pub list: String,
    /// The property that is the label: what both sides say alike.
    pub label: String,
}

impl Declared {
    /// Of a field of this sort, written as what it is.
    pub const fn new(sort: CustomType) -> Self {
        Self { sort, sent_as: sort, look_up: None }
    }

    /// Adds what changes the text that is delivered: a base belongs to an id or to a label, not to both.
    fn digest(&self, hasher: &mut Sha256) {
        if let Some(LookUp { list, label }) = &self.look_up {
            hasher.update([0xf9]);
            digest_text(hasher, list);
            digest_text(hasher, label);
        }
    }
}

/// How a side writes countries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Countries {
    /// As the text says it.
    #[default]
    AsWritten,
    /// By the code of ISO 3166-1 alpha-2.
    Code,
    /// By its English name.
    Name,
}

impl Cell {
    /// A property that is read and written as it is.
    pub fn new(field: Field, part: Part, path: impl Into<String>) -> Self {
        Self {
            field,
            part,
            path: path.into(),
            table: BTreeMap::new(),
            writable: true,
            countries: Countries::AsWritten,
            max_length: None,
            declared: None,
        }
    }
}

/// The mapping of one kind on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Which system.
    pub side: Side,
    /// Company or contact.
    pub kind: Kind,
    /// What is mapped, in a fixed order: a row's texts stand in it.
    pub cells: Vec<Cell>,
    /// Further properties that are read for the scope alone; their texts follow those of the cells.
    pub watched: Vec<String>,
    /// All must hold for a record to be in scope.
    pub scope: Vec<Condition>,
}

/// One property's text as delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// The system did not show the property (it is gone, or may not be read), or its text was beyond the limit.
    Unknown,
    /// Shown, and empty.
    Blank,
    /// Shown.
    Text(Box<str>),
}

/// A record as a connector delivers it: decoded, not yet normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its bare id.
    pub id: RemoteId,
    /// The companies (bare ids, this side) that a contact belongs to, the primary one first. Empty for a company.
    pub parents: Vec<RemoteId>,
    /// The revision as the system names it.
    pub version: Option<Version>,
    /// When the system says that it was made.
    pub created: Option<DateTime<Utc>>,
    /// When the system says that it last changed.
    pub modified: Option<DateTime<Utc>>,
    /// Live or archived.
    pub standing: Standing,
    /// Our id, where the system has a property for it and it is filled.
    pub stored_id: Option<String>,
    /// Ids of records that were merged into this one.
    pub absorbed: Vec<RemoteId>,
    /// The texts, in the order of [`Shape::cells`] and then [`Shape::watched`].
    pub texts: Vec<Delivered>,
}

impl Row {
    /// A record that is there and may not be read, of `width` texts: nothing is known of it, and like an archived one it rests.
    pub fn closed(id: RemoteId, width: usize) -> Self {
        Self {
            id,
            parents: Vec::new(),
            version: None,
            created: None,
            modified: None,
            standing: Standing::Archived,
            stored_id: None,
            absorbed: Vec::new(),
            texts: vec![Delivered::Unknown; width],
        }
    }
}

/// A hash of the delivered texts, keyed by the mapping: equal means that nothing mapped has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawHash(pub u64);

/// Says which remote properties, through which lens, a field was read from: a base belongs to one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldKey(pub u64);

impl Shape {
    /// The properties that a connector asks for, in the order in which a row's texts stand.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|cell| cell.path.as_str()).chain(self.watched.iter().map(String::as_str))
    }

    /// The position of a property in a row's texts.
    pub fn position(&self, path: &str) -> Option<usize> {
        self.paths().position(|candidate| candidate == path)
    }

    /// The fields that are mapped.
    pub fn fields(&self) -> BTreeSet<Field> {
        self.cells.iter().map(|cell| cell.field).collect()
    }

    /// Whether a field is mapped.
    pub fn maps(&self, field: Field) -> bool {
        self.cells.iter().any(|cell| cell.field == field)
    }

    /// The parts of a field that are mapped.
    pub fn parts(&self, field: Field) -> Vec<Part> {
        self.cells.iter().filter(|cell| cell.field == field).map(|cell| cell.part).collect()
    }

    /// Whether every mapped part of a field can be written.
    pub fn is_writable(&self, field: Field) -> bool {
        let mut cells = self.cells.iter().filter(|cell| cell.field == field).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.writable)
    }

    /// By field the length at which the system cuts, where the mapping declares one. A text that comes back cut there is as it
    /// was sent, so that it is no part of any key: to declare it changes nothing that was agreed.
    pub fn cuts(&self) -> BTreeMap<Field, usize> {
        self.cells.iter().filter_map(|cell| Some((cell.field, cell.max_length?))).collect()
    }

    /// The key of a field's base; `None` where the field is not mapped. The order of the mapping does not matter to it.
    pub fn field_key(&self, field: Field) -> Option<FieldKey> {
        let mut hasher = Sha256::new();
        let mut cells: Vec<&Cell> = self.cells.iter().filter(|cell| cell.field == field).collect();
        cells.sort_by(|one, other| (one.part, &one.path).cmp(&(other.part, &other.path)));
        for cell in &cells {
            digest_text(&mut hasher, cell.part.as_str());
            digest_text(&mut hasher, &cell.path);
            for (theirs, ours) in &cell.table {
                digest_text(&mut hasher, theirs);
                digest_text(&mut hasher, ours);
            }
            if let Some(declared) = &cell.declared {
                declared.digest(&mut hasher);
            }
            hasher.update([0xff]);
        }
        (!cells.is_empty()).then(|| FieldKey(first_eight(hasher)))
    }

    /// A hash of the whole mapping and scope: another one makes every record be looked at again.
    pub fn key(&self) -> u64 {
        let mut hasher = Sha256::new();
        for cell in &self.cells {
            digest_text(&mut hasher, cell.field.as_str());
            digest_text(&mut hasher, cell.part.as_str());
            digest_text(&mut hasher, &cell.path);
            for (theirs, ours) in &cell.table {
                digest_text(&mut hasher, theirs);
                digest_text(&mut hasher, ours);
            }
            if let Some(declared) = &cell.declared {
                // Another sort of values has other normal forms.
                digest_text(&mut hasher, declared.sort.as_str());
                declared.digest(&mut hasher);
            }
            hasher.update([0xff]);
        }
        hasher.update([0xfe]);
        for path in &self.watched {
            digest_text(&mut hasher, path);
        }
        for condition in &self.scope {
            condition.digest(&mut hasher);
        }
        first_eight(hasher)
    }

    /// The raw hash of a row under the mapping whose [`Self::key`] is given (computed once a walk).
    pub fn raw_hash(&self, key: u64, row: &Row) -> RawHash {
        let mut hasher = Sha256::new();
        hasher.update(key.to_le_bytes());
        hasher.update([match row.standing {
            Standing::Live => 0,
            Standing::Archived => 1,
        }]);
        for parent in &row.parents {
            digest_text(&mut hasher, parent.as_str());
        }
        hasher.update([0xfe]);
        digest_text(&mut hasher, row.stored_id.as_deref().unwrap_or_default());
        for text in &row.texts {
            match text {
                Delivered::Unknown => hasher.update([0xfd]),
                Delivered::Blank => hasher.update([0xfc]),
                Delivered::Text(text) => {
                    hasher.update([0xfb]);
                    digest_text(&mut hasher, text);
                }
            }
        }
        RawHash(first_eight(hasher))
    }

    /// The records that a row is: one, or for a contact one for each company that it belongs to.
    pub fn records(&self, row: &Row, locale: &Locale) -> Vec<Record> {
        let record = Record {
            side: self.side,
            kind: self.kind,
            id: row.id.clone(),
            parent: None,
            version: row.version.clone(),
            created: row.created,
            modified: row.modified,
            standing: row.standing,
            stored_id: row.stored_id.clone(),
            in_scope: self.in_scope(row),
            fields: self.readings(row, locale),
        };
        if row.parents.is_empty() {
            return vec![record];
        }
        // A system may name one company twice, once for each label of the association.
        let mut told = BTreeSet::new();
        let parents = row.parents.iter().filter(|parent| told.insert(*parent));
        parents.map(|parent| Record { parent: Some(parent.clone()), ..record.clone() }).collect()
    }

    /// A text that is to be sent, with the countries that changed since `before` spelt as this side writes them. What is no
    /// country stays as it is.
    pub fn spell(&self, field: Field, before: &Text, mut text: Text) -> Text {
        for cell in self.cells.iter().filter(|cell| cell.field == field) {
            let Some(part) = text.part(cell.part).filter(|part| before.part(cell.part) != Some(*part)) else {
                continue;
            };
            let code = country_code(part);
            let spelt = match cell.countries {
                Countries::AsWritten => None,
                Countries::Code => code,
                Countries::Name => code.and_then(country_name),
            };
            if let Some(spelt) = spelt {
                text.set(cell.part, spelt);
            }
        }
        text
    }

    /// What is to be sent so that the remote record says `text` in `field`: property and text, `None` to clear it.
    pub fn send(&self, field: Field, text: &Text) -> Vec<(String, Option<String>)> {
        self.cells
            .iter()
            .filter(|cell| cell.field == field && cell.writable)
            .map(|cell| {
                let part = text.part(cell.part).unwrap_or_default();
                let sent = cell
                    .table
                    .iter()
                    .find(|(_, ours)| ours.as_str() == part)
                    .map_or(part, |(theirs, _)| theirs.as_str());
                (cell.path.clone(), (!sent.is_empty()).then(|| sent.to_owned()))
            })
            .collect()
    }

    fn readings(&self, row: &Row, locale: &Locale) -> BTreeMap<Field, Reading> {
        let mut texts: BTreeMap<Field, Option<Text>> = BTreeMap::new();
        // A row that is too short is unknown from there on, never a composite with fewer parts.
        let delivered = row.texts.iter().chain(std::iter::repeat(&Delivered::Unknown));
        for (cell, delivered) in self.cells.iter().zip(delivered) {
            let text = texts.entry(cell.field).or_insert_with(|| Some(Text::default()));
            match delivered {
                // A composite is unknown if any mapped part is.
                Delivered::Unknown => *text = None,
                Delivered::Blank => {
                    if let Some(text) = text {
                        text.set(cell.part, "");
                    }
                }
                Delivered::Text(theirs) => {
                    if let Some(text) = text {
                        let ours = cell.table.get(theirs.as_ref()).map_or(theirs.as_ref(), String::as_str);
                        text.set(cell.part, ours);
                    }
                }
            }
        }
        texts
            .into_iter()
            .map(|(field, text)| (field, text.map_or(Reading::Unknown, |text| Reading::of(field, text, locale))))
            .collect()
    }

    fn in_scope(&self, row: &Row) -> bool {
        self.scope.iter().all(|condition| {
            condition.holds(self.position(&condition.path).and_then(|position| row.texts.get(position)))
        })
    }
}

impl Record {
    /// The hash of everything that is compared: the normal forms, the parent, the standing, our stored id and the scope.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = Sha256::new();
        for (field, reading) in &self.fields {
            digest_text(&mut hasher, field.as_str());
            match reading {
                Reading::Unknown => hasher.update([0xfd]),
                Reading::Blank => hasher.update([0xfc]),
                Reading::Value(value) => {
                    for (facet, text) in value.normal().facets() {
                        hasher.update([facet as u8]);
                        digest_text(&mut hasher, text);
                    }
                }
            }
        }
        digest_text(&mut hasher, self.parent.as_ref().map(RemoteId::as_str).unwrap_or_default());
        digest_text(&mut hasher, self.stored_id.as_deref().unwrap_or_default());
        hasher.update([u8::from(self.in_scope), u8::from(self.standing == Standing::Archived)]);
        Fingerprint(first_eight(hasher))
    }
}

/// Length first, so that two texts never run into each other.
pub(super) fn digest_text(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// The first eight bytes of a digest: short enough for a column, long enough to tell texts apart.
pub(crate) fn first_eight(hasher: Sha256) -> u64 {
    hasher.finalize().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests;
