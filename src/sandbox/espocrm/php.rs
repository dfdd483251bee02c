//! Query parameters as PHP reads them: `where[0][type]=in&where[0][value][]=x` is a tree.

use serde_json::{Map, Value};

/// The parameters as a tree; a later one of the same name stands.
pub(super) fn tree(parameters: &[(String, String)]) -> Map<String, Value> {
    let mut root = Map::new();
    for (key, value) in parameters {
        let (name, rest) = key.split_once('[').unwrap_or((key, ""));
        let steps: Vec<&str> =
            if rest.is_empty() { Vec::new() } else { rest.trim_end_matches(']').split("][").collect() };
        put(root.entry(name).or_insert(Value::Null), &steps, value);
    }
    root
}

/// The elements of a list: PHP makes no difference between a list and a map of numbers.
pub(super) fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn put(place: &mut Value, steps: &[&str], text: &str) {
    let Some((step, rest)) = steps.split_first() else {
        *place = Value::String(text.to_owned());
        return;
    };
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    let Value::Object(map) = place else { return };
    let key = if step.is_empty() { format!("{:06}", map.len()) } else { (*step).to_owned() };
    put(map.entry(key).or_insert(Value::Null), rest, text);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_make_a_tree() {
        let pairs =
            [("maxSize", "5"), ("where[0][type]", "in"), ("where[0][value][]", "a"), ("where[0][value][]", "b")];
        let parameters: Vec<(String, String)> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let tree = Value::Object(tree(&parameters));
        assert_eq!(tree["maxSize"], "5");
        let filter = elements(&tree["where"])[0];
        assert_eq!(filter["type"], "in");
        assert_eq!(elements(&filter["value"]), [&json!("a"), &json!("b")]);
    }
}
