//! Entries of small lists: countries, currencies, organisations.

use serde_json::Value;

use super::iri;
use super::layout::Relation;
use super::value::is_iso;

/// Keys under which a list may give its ISO code.
const CODE_KEYS: [&str; 9] =
    ["code", "iso", "isoCode", "iso2", "alpha2", "alpha2Code", "iso3166", "countryCode", "currencyCode"];

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::connector::flowtly) struct Entry {
    /// Its bare id.
    pub(in crate::connector::flowtly) id: String,
    /// Its IRI as received, where it shows one.
    pub(in crate::connector::flowtly) iri: Option<String>,
    /// The ISO code that it gives, or that its id is; upper case.
    pub(in crate::connector::flowtly) code: Option<String>,
}

/// Reads an entry; `None` if it says not who it is.
pub(in crate::connector::flowtly) fn entry(value: &Value, relation: Relation) -> Option<Entry> {
    let text = |key: &str| text(value, key);
    let iri = text("@id");
    let id = text("id").or_else(|| iri.as_deref().map(|iri| iri::id(iri).into_owned())).filter(|id| !id.is_empty())?;
    let given = CODE_KEYS.iter().filter_map(|key| text(key)).find(|code| is_iso(relation, code));
    let code = given.or_else(|| is_iso(relation, &id).then(|| id.clone())).map(|code| code.to_ascii_uppercase());
    Some(Entry { id, iri, code })
}

/// What an entry says under a key, if it is a text or a number.
pub(in crate::connector::flowtly) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"@id": "/api/countries/PL", "@type": "Country", "id": "PL"}), "PL", Some("PL"))]
    #[case(json!({"@id": "/countries/1", "id": 1, "code": "pl"}), "1", Some("PL"))]
    #[case(json!({"id": 1, "alpha2": "PL", "code": "616"}), "1", Some("PL"))]
    #[case(json!({"@id": "/countries/PL"}), "PL", Some("PL"))]
    #[case(json!({"id": 1, "name": "Polska"}), "1", None)]
    fn a_country_is_read_by_whatever_tells_its_code(
        #[case] value: Value,
        #[case] id: &str,
        #[case] code: Option<&str>,
    ) {
        let entry = entry(&value, Relation::Country).unwrap();
        assert_eq!((entry.id.as_str(), entry.code.as_deref()), (id, code));
    }

    #[test]
    fn a_currency_has_three_letters_and_a_stranger_is_none() {
        let euro = entry(&json!({"@id": "/currencies/2", "id": 2, "code": "EUR"}), Relation::Currency).unwrap();
        assert_eq!((euro.code.as_deref(), euro.iri.as_deref()), (Some("EUR"), Some("/currencies/2")));
        assert_eq!(entry(&json!("EUR"), Relation::Currency), None);
        for nameless in [json!({"id": ""}), json!({"@id": "/organizations/"})] {
            assert_eq!(entry(&nameless, Relation::Other), None, "{nameless}");
        }
    }
}
