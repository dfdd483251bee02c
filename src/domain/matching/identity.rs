//! By what people know a record: if it changes, what was said about the record is no longer said about this one.

use crate::domain::field::Field;
use crate::domain::record::{Fingerprint, Kind, Record, Standing};
use crate::domain::value::Reading;

/// The fields by which people know a record.
pub const fn identifying(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Company => &[Field::Name, Field::TaxIdentity, Field::Country],
        Kind::Contact => &[Field::PersonName, Field::Email],
    }
}

/// A hash of what a record is recognised by: a company's name, tax identity and country, a person's name, e-mail and company.
/// Whatever else a record holds, in the scope or not, archived or not, changes nothing.
pub fn identity(record: &Record) -> Fingerprint {
    let fields = identifying(record.kind);
    let known = |field: &Field| match record.reading(*field) {
        Reading::Unknown => None,
        reading @ (Reading::Blank | Reading::Value(_)) => Some((*field, reading.clone())),
    };
    let recognised = Record {
        stored_id: None,
        in_scope: true,
        standing: Standing::Live,
        fields: fields.iter().filter_map(known).collect(),
        ..record.clone()
    };
    recognised.fingerprint()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::Side;
    use crate::domain::value::{Locale, Text};

    fn firm(name: &str, phone: &str) -> Record {
        let reading = |field, text: &str| (field, Reading::of(field, Text::whole(text), &Locale::default()));
        Record {
            fields: [reading(Field::Name, name), reading(Field::Phone, phone)].into(),
            ..Record::bare(Side::Crm, Kind::Company, "1")
        }
    }

    #[test]
    fn only_what_a_record_is_recognised_by_counts() {
        let acme = firm("Acme", "1");
        let moved = Record {
            stored_id: Some("o/1".to_owned()),
            in_scope: false,
            standing: Standing::Archived,
            ..firm("Acme", "2")
        };
        assert_eq!(identity(&acme), identity(&moved));
        assert_ne!(identity(&acme), identity(&firm("Beta", "1")));
        let mut unknown = acme.clone();
        unknown.fields.insert(Field::Country, Reading::Unknown);
        assert_eq!(identity(&acme), identity(&unknown), "what is not shown is no change");
    }
}
