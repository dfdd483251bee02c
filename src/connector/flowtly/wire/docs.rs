//! The Hydra documentation: which properties a class has, and whether they can be read and written.

use std::collections::BTreeMap;

use serde_json::Value;

/// What the documentation says of one property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connector::flowtly) struct Documented {
    pub(in crate::connector::flowtly) readable: Option<bool>,
    pub(in crate::connector::flowtly) writable: Option<bool>,
    /// The type, as it is named there.
    pub(in crate::connector::flowtly) range: Option<String>,
}

/// The properties of a class, by name; `None` if the documentation does not know the class, or shows no property of it.
pub(in crate::connector::flowtly) fn properties(docs: &Value, class: &str) -> Option<BTreeMap<String, Documented>> {
    let is_wanted = |entry: &&Value| {
        let by_id = entry.get("@id").and_then(Value::as_str).map(|id| id.trim_start_matches('#'));
        by_id == Some(class) || either(entry, "title").and_then(Value::as_str) == Some(class)
    };
    let classes = either(docs, "supportedClass")?.as_array()?;
    let supported = either(classes.iter().find(is_wanted)?, "supportedProperty")?.as_array()?;
    let properties: BTreeMap<_, _> = supported.iter().filter_map(property).collect();
    (!properties.is_empty()).then_some(properties)
}

/// The address in a `Link` header of the relation `apiDocumentation`.
pub(in crate::connector::flowtly) fn link(header: &str) -> Option<&str> {
    let entry = header.split(',').find(|entry| entry.contains("apiDocumentation"))?;
    entry.split_once('<')?.1.split_once('>').map(|(address, _)| address)
}

fn property(entry: &Value) -> Option<(String, Documented)> {
    let inner = either(entry, "property");
    let name = either(entry, "title").and_then(Value::as_str).map(str::to_owned).or_else(|| {
        let id = inner?.get("@id")?.as_str()?;
        id.rsplit(['/', '#']).next().map(str::to_owned)
    })?;
    let flag = |key: &str| either(entry, key).and_then(Value::as_bool);
    let range = inner.and_then(|inner| inner.get("range").or_else(|| inner.get("rdfs:range")));
    let documented = Documented {
        readable: flag("readable"),
        writable: flag("writeable").or_else(|| flag("writable")),
        range: range.and_then(Value::as_str).map(str::to_owned),
    };
    Some((name, documented))
}

/// A key with or without its prefix.
fn either<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.get(key).or_else(|| value.get(format!("hydra:{key}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_are_read() {
        let plain = json!({"supportedClass": [{"@id": "#Client", "title": "Client", "supportedProperty": [
            {"property": {"@id": "#Client/name", "range": "xmls:string"}, "title": "name", "readable": true, "writeable": true},
            {"property": {"@id": "#Client/costGroup"}, "title": "costGroup", "readable": true, "writeable": false}]}]});
        let prefixed = json!({"hydra:supportedClass": [{"@id": "#Client", "hydra:title": "Client", "hydra:supportedProperty": [
            {"hydra:property": {"@id": "#Client/name", "range": "xmls:string"}, "hydra:readable": true, "hydra:writeable": true},
            {"hydra:property": {"@id": "#Client/costGroup"}, "hydra:title": "costGroup", "hydra:readable": true, "hydra:writeable": false}]}]});
        let read = properties(&plain, "Client").unwrap();
        assert_eq!(read["name"].range.as_deref(), Some("xmls:string"));
        assert_eq!(read["costGroup"].writable, Some(false));
        assert_eq!(properties(&prefixed, "Client").unwrap(), read);
        assert_eq!(properties(&plain, "Project"), None);
    }

    #[test]
    fn the_link_is_found_among_others() {
        let header = r#"<https://h/x>; rel="y", <https://h/docs.jsonld>; rel="http://www.w3.org/ns/hydra/core#apiDocumentation""#;
        assert_eq!(link(header), Some("https://h/docs.jsonld"));
        assert_eq!(link("<x>; rel=\"next\""), None);
    }
}
