//! What a mapping may name: a property of Pipedrive's own, a custom field by its name or its key, and a part of either.

/// The parts of an address, as Pipedrive names them.
pub(super) const ADDRESS_PARTS: [&str; 10] = [
    "value",
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
];

/// Which property a mapping's path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// One of Pipedrive's own, as `name`.
    Standard(String),
    /// A part of one of Pipedrive's own, as `address.locality`.
    StandardPart(String, String),
    /// A custom field by name, as `custom:VAT number`; its keys differ between accounts.
    Custom(String),
    /// A custom field by key, as `key:9dc8…`: for two fields of one name.
    Key(String),
}

/// A place, and the part of a custom field that is meant (`custom:Invoice address#locality`, `custom:Rate#currency`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) place: Place,
    pub(super) part: Option<String>,
}

impl Path {
    pub(super) fn parse(path: &str) -> Self {
        if let Some(name) = path.strip_prefix("custom:") {
            let (name, part) = split_part(name);
            return Self { place: Place::Custom(name.to_owned()), part };
        }
        if let Some(key) = path.strip_prefix("key:") {
            let (key, part) = split_part(key);
            return Self { place: Place::Key(key.to_owned()), part };
        }
        let place = match path.split_once('.') {
            Some((name, part)) => Place::StandardPart(name.to_owned(), part.to_owned()),
            None => Place::Standard(path.to_owned()),
        };
        Self { place, part: None }
    }
}

/// A `#` belongs to a field's name unless one of the known parts stands behind it.
fn split_part(name: &str) -> (&str, Option<String>) {
    match name.rsplit_once('#') {
        Some((name, part)) if part == "currency" || part == "until" || ADDRESS_PARTS.contains(&part) => {
            (name, Some(part.to_owned()))
        }
        Some(_) | None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_naming_a_property_is_told_apart() {
        let cases = [
            ("name", Place::Standard("name".into()), None),
            ("address.locality", Place::StandardPart("address".into(), "locality".into()), None),
            ("custom:VAT number", Place::Custom("VAT number".into()), None),
            ("custom:Client #", Place::Custom("Client #".into()), None),
            ("custom:Client #2", Place::Custom("Client #2".into()), None),
            ("custom:Invoice address#locality", Place::Custom("Invoice address".into()), Some("locality")),
            ("key:9dc80c50#currency", Place::Key("9dc80c50".into()), Some("currency")),
        ];
        for (text, place, part) in cases {
            let path = Path::parse(text);
            assert_eq!((&path.place, path.part.as_deref()), (&place, part));
        }
    }
}
