//! Which fields a refusal is about. Odoo names them in prose: by their technical name, by the label, or by the text that it
//! did not like.

use serde_json::{Map, Value};

use super::fields::Fields;
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};

/// The shortest text that says which field is meant when a refusal repeats it, in letters and digits.
const TELLING: usize = 5;

/// The refusal of a write, with the written fields that its words name.
pub(super) fn with_fields(mut error: PortError, vals: &Map<String, Value>, fields: &Fields) -> PortError {
    // A field that went away since its description was read: it fails alone, the rest of the record travels.
    if error.kind == ErrorKind::Setting && error.fields.iter().any(|field| vals.contains_key(&field.path)) {
        error.kind = ErrorKind::Invalid;
    }
    error.fields.retain(|field| vals.contains_key(&field.path));
    if error.kind != ErrorKind::Invalid {
        return error;
    }
    for (path, value) in vals {
        let label = fields.get(path).and_then(|info| info.string.as_deref());
        let is_known = error.fields.iter().any(|field| field.path == *path);
        if !is_known && names(&error.message, path, label, value) {
            error.fields.push(FieldRefusal { path: path.clone(), message: error.message.clone() });
        }
    }
    error
}

fn names(words: &str, path: &str, label: Option<&str>, value: &Value) -> bool {
    let quoted = |name: &str| {
        [("'", "'"), ("\"", "\""), ("(", ")"), ("`", "`")]
            .iter()
            .any(|(open, close)| words.contains(&format!("{open}{name}{close}")))
    };
    let speaks_of_tax = path == "vat" && (words.contains("VAT") || words.contains("Tax ID"));
    speaks_of_tax || quoted(path) || label.is_some_and(quoted) || repeats(words, value)
}

/// Whether the words repeat a text, spelt otherwise or, as those about tax numbers do, without its country.
fn repeats(words: &str, value: &Value) -> bool {
    let Some(text) = value.as_str().map(squeezed) else { return false };
    let words = squeezed(words);
    let bare = text.get(2..).filter(|_| text.bytes().take(2).all(|byte| byte.is_ascii_alphabetic()));
    [Some(text.as_str()), bare].into_iter().flatten().any(|text| text.len() >= TELLING && words.contains(text))
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn fields() -> Fields {
        serde_json::from_str(r#"{"function":{"type":"char","string":"Job Position"},"city":{"type":"char"}}"#).unwrap()
    }

    fn named(kind: ErrorKind, words: &str) -> (ErrorKind, Vec<String>) {
        let vals = json!({"name": "Firm", "vat": "BE0477472702", "email": "a@example.org", "function": "CEO",
            "city": "Gent", "country_id": 20});
        let error = PortError::new(kind, words);
        let error = with_fields(error, vals.as_object().unwrap(), &fields());
        (error.kind, error.fields.into_iter().map(|field| field.path).collect())
    }

    #[rstest]
    #[case("The number 0477472702 does not seem to be valid.", &["vat"])]
    #[case("The VAT number does not seem to be valid.", &["vat"])]
    #[case("be 0477.472.702 is wrong", &["vat"])]
    #[case("Missing required value for the field 'Job Position' (function)", &["function"])]
    #[case("Model: Contact (res.partner), Field: City (city)", &["city"])]
    #[case("a@example.org is no address", &["email"])]
    #[case("The operation cannot be completed.", &[])]
    #[case("Gent", &[])]
    fn a_field_is_known_by_its_name_its_label_or_its_text(#[case] words: &str, #[case] wanted: &[&str]) {
        assert_eq!(
            named(ErrorKind::Invalid, words),
            (ErrorKind::Invalid, wanted.iter().map(|s| (*s).to_owned()).collect())
        );
    }

    #[test]
    fn only_refusals_of_data_name_fields() {
        assert_eq!(named(ErrorKind::Unavailable, "vat 'city'"), (ErrorKind::Unavailable, Vec::new()));
    }

    #[test]
    fn a_field_that_went_away_fails_alone() {
        let mut error = PortError::new(ErrorKind::Setting, "Invalid field 'city' in 'res.partner'");
        error.fields.push(FieldRefusal { path: "city".to_owned(), message: "x".to_owned() });
        let vals = json!({"city": "Gent"});
        let error = with_fields(error, vals.as_object().unwrap(), &fields());
        assert_eq!((error.kind, error.fields.len()), (ErrorKind::Invalid, 1));
    }
}
