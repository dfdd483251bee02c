//! Documents of a client. Nothing is published of their shape, so that whatever is there is read tolerantly.

use serde_json::{Map, Value};

use super::iri;
use crate::connector::port::Document;

/// Keys under which a list of documents may stand.
const LISTS: [&str; 9] =
    ["documents", "storage", "storages", "files", "attachments", "items", "data", "member", "hydra:member"];
const NAMES: [&str; 7] = ["name", "fileName", "filename", "originalName", "originalFilename", "title", "label"];
const LOCATIONS: [&str; 7] = ["url", "contentUrl", "downloadUrl", "link", "href", "path", "filePath"];

/// How deep lists may be nested in each other.
const DEPTH: usize = 3;

/// The documents in a reply.
pub(in crate::connector::flowtly) fn documents(reply: &Value) -> Vec<Document> {
    let mut found = Vec::new();
    collect(reply, DEPTH, &mut found);
    found
}

fn collect(value: &Value, depth: usize, found: &mut Vec<Document>) {
    match value {
        Value::Array(entries) => found.extend(entries.iter().filter_map(document)),
        Value::Object(object) if depth > 0 => {
            for (_, inner) in object.iter().filter(|(key, _)| LISTS.contains(&key.as_str())) {
                match inner {
                    // One document, not a list of them.
                    Value::Object(one) if !LISTS.iter().any(|key| one.contains_key(*key)) => {
                        found.extend(document(inner));
                    }
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_) => collect(inner, depth - 1, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {}
    }
}

fn document(value: &Value) -> Option<Document> {
    match value {
        Value::String(link) => Some(Document {
            id: Some(iri::id(link).into_owned()).filter(|id| !id.is_empty()),
            name: None,
            location: Some(link.clone()),
            other_keys: Vec::new(),
        }),
        Value::Object(object) if !object.is_empty() => Some(of_object(object)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn of_object(object: &Map<String, Value>) -> Document {
    let text = |key: &str| match object.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let first = |keys: &[&str]| keys.iter().find_map(|key| text(key));
    let iri = text("@id");
    let means_something = |key: &str| {
        matches!(key, "id" | "@id" | "@type" | "@context") || NAMES.contains(&key) || LOCATIONS.contains(&key)
    };
    Document {
        id: text("id").or_else(|| text("uuid")).or_else(|| iri.as_deref().map(|iri| iri::id(iri).into_owned())),
        name: first(&NAMES),
        location: first(&LOCATIONS).or(iri),
        other_keys: object.keys().filter(|key| !means_something(key)).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_found_wherever_they_stand() {
        let one = json!({"@id": "/documents/3", "@type": "Document", "fileName": "a.pdf", "size": 7});
        let wanted = vec![Document {
            id: Some("3".into()),
            name: Some("a.pdf".into()),
            location: Some("/documents/3".into()),
            other_keys: vec!["size".into()],
        }];
        for reply in [
            json!([one]),
            json!({"hydra:member": [one]}),
            json!({"@id": "/clients/6/documents", "id": 6, "name": "Firm", "documents": [one]}),
            json!({"id": 6, "storage": {"files": [one]}}),
            json!({"id": 6, "storage": one}),
        ] {
            assert_eq!(documents(&reply), wanted, "{reply}");
        }
    }

    #[test]
    fn links_are_documents_and_a_client_without_any_has_none() {
        let links = documents(&json!({"files": ["/files/x%20y.pdf", 7, null]}));
        assert_eq!((links.len(), links[0].id.as_deref()), (1, Some("x y.pdf")));
        assert_eq!(documents(&json!({"id": 6, "name": "Firm"})), vec![]);
        assert_eq!(documents(&json!("text")), vec![]);
    }
}
