//! Refusals: problem documents of several ages, Symfony's own, LexikJWT's, and HTML.

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::connector::error::FieldRefusal;
use crate::connector::http::header;

/// The longest text, in characters, that is taken from a refusal.
const LONGEST: usize = 300;

/// What a refusal says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connector::flowtly) struct Problem {
    /// The system's own words, perhaps none.
    pub(in crate::connector::flowtly) words: String,
    /// Properties that it names.
    pub(in crate::connector::flowtly) fields: Vec<FieldRefusal>,
    /// Who wrote it.
    pub(in crate::connector::flowtly) author: Author,
}

/// Who wrote a refusal: only the API itself knows whether there is a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::connector::flowtly) enum Author {
    /// The API, or somebody who speaks JSON as it does.
    Api,
    /// The router in front of it: there is no such address.
    Router,
    /// A web server or a proxy: HTML, or nothing that can be read.
    #[default]
    Stranger,
}

/// Reads a refusal, whatever it is.
pub(in crate::connector::flowtly) fn read(headers: &HeaderMap, body: &[u8]) -> Problem {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => of_object(headers, &object),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
            Problem { words: shortened(&title(&String::from_utf8_lossy(body))), ..Problem::default() }
        }
    }
}

/// The property that a message of API Platform's serializer names: `The type of the "name" attribute must be …`.
pub(in crate::connector::flowtly) fn attribute(words: &str) -> Option<&str> {
    let before = words.split_once("the \"").and_then(|(_, rest)| rest.split_once('"'));
    let before = before.filter(|(_, rest)| rest.starts_with(" attribute"));
    let after = || words.split_once("attribute \"").and_then(|(_, rest)| rest.split_once('"'));
    before.or_else(after).map(|(name, _)| name)
}

fn of_object(headers: &HeaderMap, object: &Map<String, Value>) -> Problem {
    let list = object.get("violations").or_else(|| object.get("hydra:violations")).and_then(Value::as_array);
    let fields: Vec<FieldRefusal> = list.into_iter().flatten().filter_map(violation).collect();
    let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let said = || {
        let keys = ["detail", "hydra:description", "description", "message", "error", "error_description", "title"];
        keys.iter().find_map(|key| text(key)).unwrap_or_default().to_owned()
    };
    let words = if fields.is_empty() {
        said()
    } else {
        let told = |field: &FieldRefusal| match field.path.as_str() {
            "" => field.message.clone(),
            path => format!("{path}: {}", field.message),
        };
        fields.iter().map(told).collect::<Vec<_>>().join("; ")
    };
    Problem { author: author(headers, object, &words), words: shortened(&words), fields }
}

/// Symfony's own errors carry the status and the address of the old HTTP standard, and no key of JSON-LD; those of API
/// Platform are typed `/errors/404` or are JSON-LD. (Observed on 3.4 to 4.1.)
fn author(headers: &HeaderMap, object: &Map<String, Value>, words: &str) -> Author {
    let linked_data = object.keys().any(|key| key.starts_with('@') || key.starts_with("hydra:"));
    let problem_type = header::text(headers, &http::header::CONTENT_TYPE).unwrap_or_default();
    let symfony = object.get("type").and_then(Value::as_str).is_some_and(|text| text.contains("rfc2616"))
        && object.contains_key("status")
        && !problem_type.starts_with("application/problem+json");
    if words.starts_with("No route found") || (symfony && !linked_data) { Author::Router } else { Author::Api }
}

fn violation(entry: &Value) -> Option<FieldRefusal> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let message = match (text("message"), text("hint")) {
        (message, "") => message.to_owned(),
        (message, hint) => format!("{message} {hint}"),
    };
    let refusal = FieldRefusal { path: text("propertyPath").to_owned(), message: shortened(&message) };
    (!refusal.path.is_empty() || !refusal.message.is_empty()).then_some(refusal)
}

/// An HTML page's title, else the text as it is.
fn title(text: &str) -> String {
    // Only ASCII changes, so that positions stay.
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|start| {
        let open = start + lower.get(start..)?.find('>')? + 1;
        let close = open + lower.get(open..)?.find("</title")?;
        text.get(open..close)
    });
    match title {
        Some(title) => format!("HTML page \"{}\"", title.split_whitespace().collect::<Vec<_>>().join(" ")),
        None if lower.trim_start().starts_with('<') => "HTML page without a title".to_owned(),
        None => text.trim().to_owned(),
    }
}

/// At most [`LONGEST`] characters, in one line.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(body: &str) -> Problem {
        read(&HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn every_age_of_a_missing_record_is_read() {
        for body in [
            r#"{"@context":"\/contexts\/Error","@id":"\/errors\/404","@type":"Error","title":"An error occurred","detail":"Not Found","status":404,"type":"\/errors\/404","description":"Not Found"}"#,
            r#"{"@context":"\/contexts\/Error","@type":"hydra:Error","hydra:title":"An error occurred","hydra:description":"Not Found"}"#,
            r#"{"title":"An error occurred","detail":"Not Found","status":404,"type":"\/errors\/404"}"#,
            r#"{"@type":"hydra:Error","type":"https:\/\/tools.ietf.org\/html\/rfc2616#section-10","status":404,"detail":"Not Found"}"#,
            r#"{"type":"https:\/\/tools.ietf.org\/html\/rfc2616#section-10","title":"An error occurred","detail":"Not Found"}"#,
        ] {
            assert_eq!(of(body), Problem { words: "Not Found".into(), fields: vec![], author: Author::Api }, "{body}");
        }
    }

    #[test]
    fn an_address_that_the_router_does_not_know_is_no_missing_record() {
        for body in [
            r#"{"type":"https:\/\/tools.ietf.org\/html\/rfc2616#section-10","title":"An error occurred","status":404,"detail":"Not Found"}"#,
            r#"{"@type":"hydra:Error","hydra:description":"No route found for \u0022GET http:\/\/h\/x\u0022"}"#,
        ] {
            assert_eq!(of(body).author, Author::Router, "{body}");
        }
        let html = of("<!DOCTYPE html><html><head>\n<TITLE>404 Not\n Found</TITLE></head><body>long</body></html>");
        assert_eq!((html.author, html.words.as_str()), (Author::Stranger, "HTML page \"404 Not Found\""));
        assert_eq!(of("").author, Author::Stranger);
        assert_eq!(of("<html>").words, "HTML page without a title");
    }

    #[test]
    fn violations_come_first_and_name_their_fields() {
        let problem = of(r#"{"@type":"ConstraintViolationList","status":422,"violations":[
            {"propertyPath":"country","message":"This value should not be null.","code":"ad32d13f-c3d4-423b-909a-857b961eb720"},
            {"propertyPath":"","message":"All in all it is wrong."}],
            "detail":"country: This value should not be null."}"#);
        assert_eq!(problem.words, "country: This value should not be null.; All in all it is wrong.");
        assert_eq!(problem.fields[0].path, "country");
    }

    #[test]
    fn lexiks_refusal_and_a_long_one_are_read() {
        assert_eq!(of(r#"{"code":401,"message":"Expired JWT Token"}"#).words, "Expired JWT Token");
        let long = of(&format!(r#"{{"detail":"{}"}}"#, "ż".repeat(5000)));
        assert_eq!(long.words.chars().count(), LONGEST + 1);
    }

    #[test]
    fn the_serializers_messages_name_an_attribute() {
        assert_eq!(attribute(r#"The type of the "name" attribute must be "string", "integer" given."#), Some("name"));
        assert_eq!(attribute(r#"Nested documents for attribute "country" are not allowed."#), Some("country"));
        assert_eq!(attribute(r#"Item not found for "/countries/ZZ"."#), None);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&HeaderMap::new(), &body);
        }

        #[test]
        fn no_html_makes_it_panic(text in "(<title>?|</title>?|<|>|ŻÓ|İ| |\n){0,12}") {
            let _ = of(&text);
            let _ = attribute(&text);
        }
    }
}
