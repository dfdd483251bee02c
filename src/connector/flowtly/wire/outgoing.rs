//! Bodies of writes. Relations arrive here as IRIs already.

use serde_json::{Map, Value};

use super::layout::is_integer;
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::domain::record::Kind;

/// What a body is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::connector::flowtly) enum Purpose {
    /// A new record: what is cleared is left out.
    Create,
    /// A merge patch (RFC 7396): what is cleared is `null`.
    Update,
}

/// The JSON of a write. Fails with [`ErrorKind::Invalid`], naming the property, for a text that cannot be what the property is.
pub(in crate::connector::flowtly) fn body(
    kind: Kind,
    purpose: Purpose,
    texts: &[(String, Option<String>)],
    client: Option<String>,
) -> Result<Vec<u8>, PortError> {
    let mut object = Map::new();
    for (path, text) in texts {
        let value = match (text, purpose) {
            (Some(text), Purpose::Create | Purpose::Update) => value(kind, path, text)?,
            (None, Purpose::Update) => Value::Null,
            (None, Purpose::Create) => continue,
        };
        object.insert(path.clone(), value);
    }
    if let Some(client) = client {
        object.insert("client".to_owned(), Value::String(client));
    }
    // A map of strings and numbers is always JSON.
    Ok(Value::Object(object).to_string().into_bytes())
}

/// A refusal of one property, before anything is sent.
pub(in crate::connector::flowtly) fn refused(path: &str, message: impl Into<String>) -> PortError {
    let message = message.into();
    let mut error = PortError::new(ErrorKind::Invalid, format!("not sent: {path}: {message}"));
    error.fields.push(FieldRefusal { path: path.to_owned(), message });
    error
}

fn value(kind: Kind, path: &str, text: &str) -> Result<Value, PortError> {
    match path {
        // Sent along, contacts would be deleted and made anew under other ids.
        "clientContacts" => return Err(refused(path, "contacts are written on their own, mend the mapping")),
        "id" | "@id" | "@type" | "@context" => return Err(refused(path, "cannot be written, mend the mapping")),
        _ => {}
    }
    if is_integer(kind, path) {
        let number = text.trim().parse::<i64>();
        return number.map(Value::from).map_err(|_| refused(path, "is a whole number in Flowtly"));
    }
    Ok(Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
        texts.iter().map(|(path, text)| ((*path).to_owned(), text.map(str::to_owned))).collect()
    }

    fn company(purpose: Purpose, given: &[(&str, Option<&str>)]) -> Result<String, PortError> {
        body(Kind::Company, purpose, &texts(given), None).map(|body| String::from_utf8(body).unwrap())
    }

    #[test]
    fn whole_numbers_are_numbers_and_all_else_is_text() {
        let body = company(Purpose::Create, &[("dueDays", Some("14")), ("tin", Some("0014")), ("vatNumber", None)]);
        assert_eq!(body.unwrap(), r#"{"dueDays":14,"tin":"0014"}"#);
    }

    #[test]
    fn an_update_clears_with_null() {
        assert_eq!(
            company(Purpose::Update, &[("tin", None), ("name", Some("x"))]).unwrap(),
            r#"{"name":"x","tin":null}"#
        );
    }

    #[test]
    fn a_contact_names_its_client() {
        let body = body(Kind::Contact, Purpose::Update, &texts(&[("position", Some("2"))]), Some("/clients/6".into()));
        assert_eq!(String::from_utf8(body.unwrap()).unwrap(), r#"{"client":"/clients/6","position":2}"#);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name_before_it_is_sent() {
        for (path, text) in [("dueDays", "14 days"), ("dueDays", "14.0"), ("clientContacts", "[]"), ("id", "1")] {
            let error = company(Purpose::Update, &[(path, Some(text))]).unwrap_err();
            assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, path));
            assert!(!error.message.contains("14"), "the value stays out: {}", error.message);
        }
    }
}
