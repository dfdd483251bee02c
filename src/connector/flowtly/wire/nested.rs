//! Properties within an object of a record: `attributes.segment`.
//!
//! What an object does not show is blank, as it is of a record itself: null values are absent from replies. Where there is no
//! object at all but something else, nothing is known of what would be within it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::layout::Node;
use super::outgoing::refused;
use super::value::{Seen, ValueSeed};
use crate::connector::error::PortError;

/// What an object showed: itself as a text, where it is none, and the mapped properties within it.
pub(super) struct Nested<'n> {
    pub(super) own: Seen,
    pub(super) within: Vec<(&'n Node, Seen)>,
}

/// Decodes a value in which properties are mapped.
#[derive(Clone, Copy)]
pub(super) struct NestedSeed<'n> {
    pub(super) within: &'n [Node],
    pub(super) max_text: usize,
}

impl<'n> NestedSeed<'n> {
    fn plain(self) -> ValueSeed {
        ValueSeed { max_text: self.max_text }
    }

    /// No object: of what would be within it nothing is known, unless it is blank as a whole.
    fn without(self, own: Seen) -> Nested<'n> {
        let is_blank = own == Seen::Nothing || matches!(&own, Seen::Text(text) if text.is_empty());
        let mut within = Vec::new();
        if !is_blank {
            unknown(self.within, &mut within);
        }
        Nested { own, within }
    }
}

fn unknown<'n>(nodes: &'n [Node], found: &mut Vec<(&'n Node, Seen)>) {
    for node in nodes {
        found.push((node, Seen::Odd));
        unknown(&node.within, found);
    }
}

impl<'de, 'n> DeserializeSeed<'de> for NestedSeed<'n> {
    type Value = Nested<'n>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Nested<'n>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'n> Visitor<'de> for NestedSeed<'n> {
    type Value = Nested<'n>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Nested<'n>, E> {
        Ok(self.without(Seen::Nothing))
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Nested<'n>, E> {
        Ok(self.without(self.plain().visit_bool(truth)?))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Nested<'n>, E> {
        Ok(self.without(self.plain().visit_u64(number)?))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Nested<'n>, E> {
        Ok(self.without(self.plain().visit_i64(number)?))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Nested<'n>, E> {
        Ok(self.without(self.plain().visit_f64(number)?))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Nested<'n>, E> {
        Ok(self.without(self.plain().visit_str(text)?))
    }

    /// PHP writes an empty object as an empty list.
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Nested<'n>, A::Error> {
        Ok(self.without(self.plain().visit_seq(list)?))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Nested<'n>, A::Error> {
        let mut within = Vec::new();
        while let Some(name) = object.next_key::<String>()? {
            match self.within.iter().find(|node| *node.name == *name) {
                None => {
                    object.next_value::<IgnoredAny>()?;
                }
                Some(node) if node.within.is_empty() => {
                    within.push((node, object.next_value_seed(self.plain())?));
                }
                Some(node) => {
                    let inner = object.next_value_seed(NestedSeed { within: &node.within, ..self })?;
                    within.push((node, inner.own));
                    within.extend(inner.within);
                }
            }
        }
        Ok(Nested { own: Seen::Odd, within })
    }
}

/// Puts a value at a path of a body. Whether a server merges an object into its own or puts it in its place is not public:
/// what the record was just read to have beside it (`record`) is sent along, so that neither loses anything.
pub(super) fn put(
    body: &mut Map<String, Value>,
    record: Option<&Value>,
    path: &str,
    value: Value,
) -> Result<(), PortError> {
    let Some((first, rest)) = path.split_once('.') else {
        body.insert(path.to_owned(), value);
        return Ok(());
    };
    let present = record.and_then(|record| record.get(first));
    let mut inner = match body.remove(first) {
        Some(Value::Object(begun)) => begun,
        Some(_) | None => beside(path, present)?,
    };
    put(&mut inner, present, rest, value).map_err(|error| PortError { fields: named(&error, path), ..error })?;
    body.insert(first.to_owned(), Value::Object(inner));
    Ok(())
}

/// The refusal names the whole path.
fn named(error: &PortError, path: &str) -> Vec<crate::connector::error::FieldRefusal> {
    let whole = |refusal: &crate::connector::error::FieldRefusal| crate::connector::error::FieldRefusal {
        path: path.to_owned(),
        ..refusal.clone()
    };
    error.fields.iter().map(whole).collect()
}

/// What an object has by now, without what JSON-LD says about it.
fn beside(path: &str, present: Option<&Value>) -> Result<Map<String, Value>, PortError> {
    match present {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Array(list)) if list.is_empty() => Ok(Map::new()),
        Some(Value::Object(object)) => {
            let own = object.get("@id").and_then(Value::as_str).filter(|iri| !iri.contains("/.well-known/genid/"));
            if own.is_some() {
                return Err(refused(path, "belongs to another resource than the record, map it as read_only"));
            }
            Ok(object.iter().filter(|(key, _)| !key.starts_with('@')).map(|(k, v)| (k.clone(), v.clone())).collect())
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(refused(path, "what it stands in is no object in Flowtly, mend the mapping"))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::connector::error::ErrorKind;
    use crate::domain::shape::Delivered;

    fn nodes() -> Vec<Node> {
        let leaf = |name: &str, cell| Node { within: Vec::new(), ..Node::new(name, name, vec![cell], None) };
        let deep = Node { within: vec![leaf("c", 2)], ..Node::new("b", "b", Vec::new(), None) };
        vec![leaf("a", 0), leaf("z", 1), deep]
    }

    fn read(json: &str) -> Vec<(String, Delivered)> {
        let nodes = nodes();
        let seed = NestedSeed { within: &nodes, max_text: 8 };
        let nested = seed.deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap();
        let with_cells = nested.within.into_iter().filter(|(node, _)| !node.cells.is_empty());
        with_cells.map(|(node, seen)| (node.name.to_string(), seen.deliver(None))).collect()
    }

    fn text(name: &str, text: &str) -> (String, Delivered) {
        (name.to_owned(), Delivered::Text(text.into()))
    }

    #[rstest]
    #[case(r#"{"a":"gold","x":[1],"b":{"c":5,"d":6}}"#, vec![text("a", "gold"), text("c", "5")])]
    #[case(r#"{"a":null,"z":true}"#, vec![("a".to_owned(), Delivered::Blank), text("z", "true")])]
    #[case(r#"{"a":"beyond the limit"}"#, vec![("a".to_owned(), Delivered::Unknown)])]
    #[case(r#"{"b":null}"#, vec![])]
    #[case(r#"{"b":"text"}"#, vec![("c".to_owned(), Delivered::Unknown)])]
    #[case("null", vec![])]
    #[case("[]", vec![])]
    #[case(r#""""#, vec![])]
    fn what_is_within_an_object_is_read(#[case] json: &str, #[case] wanted: Vec<(String, Delivered)>) {
        assert_eq!(read(json), wanted);
    }

    #[rstest]
    #[case("5")]
    #[case(r#""/attribute-sets/3""#)]
    #[case(r#"[{"a":"gold"}]"#)]
    fn where_there_is_no_object_nothing_is_known_of_what_is_within(#[case] json: &str) {
        let unknown = |name: &str| (name.to_owned(), Delivered::Unknown);
        assert_eq!(read(json), [unknown("a"), unknown("z"), unknown("c")]);
    }

    #[test]
    fn what_stands_beside_it_is_sent_along() {
        let record = json!({"attributes": {"@type": "Attributes", "tier": 2, "deep": {"x": 1}}, "name": "Acme"});
        let mut body = Map::new();
        put(&mut body, Some(&record), "attributes.segment", json!("gold")).unwrap();
        put(&mut body, Some(&record), "attributes.deep.y", json!(null)).unwrap();
        put(&mut body, Some(&record), "name", json!("Beta")).unwrap();
        let wanted = json!({
            "attributes": {"tier": 2, "segment": "gold", "deep": {"x": 1, "y": null}}, "name": "Beta",
        });
        assert_eq!(Value::Object(body), wanted);
    }

    #[test]
    fn an_object_begins_where_there_is_none() {
        for record in [None, Some(json!({})), Some(json!({"a": null})), Some(json!({"a": []}))] {
            let mut body = Map::new();
            put(&mut body, record.as_ref(), "a.b", json!(1)).unwrap();
            assert_eq!(Value::Object(body), json!({"a": {"b": 1}}));
        }
    }

    #[rstest]
    #[case(json!({"a": "text"}))]
    #[case(json!({"a": [1]}))]
    #[case(json!({"a": {"@id": "/attribute-sets/3", "b": 1}}))]
    fn what_is_no_part_of_the_record_is_refused_by_its_path(#[case] record: Value) {
        let error = put(&mut Map::new(), Some(&record), "a.b", json!(1)).unwrap_err();
        assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "a.b"));
    }
}
