//! What a page of records shows of its properties: which there are, and which choices are used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Texts of one property that are remembered at most.
const MOST_CHOICES: usize = 64;

/// How far objects are looked into: deeper than anybody maps.
const DEEPEST: usize = 4;

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::connector::flowtly) struct Sample {
    /// Keys that at least one record showed.
    pub(in crate::connector::flowtly) keys: BTreeSet<String>,
    /// The records' class, as JSON-LD names it.
    pub(in crate::connector::flowtly) class: Option<String>,
    uses: BTreeMap<String, BTreeMap<String, usize>>,
    offered: BTreeMap<String, Vec<String>>,
}

impl Sample {
    /// Looks at one record.
    pub(in crate::connector::flowtly) fn look_at(&mut self, record: &Value) {
        let Value::Object(object) = record else { return };
        if let Some(class) = object.get("@type").and_then(Value::as_str) {
            self.class.get_or_insert_with(|| class.to_owned());
        }
        self.look_into(object, "", DEEPEST);
        for (key, value) in object {
            match value {
                Value::String(text) if is_choice(key) && !text.is_empty() => {
                    let uses = self.uses.entry(key.clone()).or_default();
                    if uses.len() < MOST_CHOICES || uses.contains_key(text) {
                        *uses.entry(text.clone()).or_default() += 1;
                    }
                }
                // A contact says itself which types there may be.
                Value::Array(texts) if key == "possibleTypes" => {
                    let offered = self.offered.entry("type".to_owned()).or_default();
                    for text in texts.iter().filter_map(Value::as_str).take(MOST_CHOICES) {
                        if !offered.iter().any(|known| known == text) {
                            offered.push(text.to_owned());
                        }
                    }
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => {}
            }
        }
    }

    /// Notes the keys of an object and of the objects in it.
    fn look_into(&mut self, object: &serde_json::Map<String, Value>, parent: &str, depth: usize) {
        for (key, value) in object {
            let path = if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") };
            if let (Value::Object(inner), Some(depth)) = (value, depth.checked_sub(1)) {
                self.look_into(inner, &path, depth);
            }
            self.keys.insert(path);
        }
    }

    /// The choices of a property: the most used first, then those that are offered and not used.
    pub(in crate::connector::flowtly) fn choices(&self, key: &str) -> Vec<String> {
        let mut used: Vec<(&String, usize)> =
            self.uses.get(key).into_iter().flatten().map(|(text, uses)| (text, *uses)).collect();
        used.sort_by_key(|(_, uses)| std::cmp::Reverse(*uses));
        let mut choices: Vec<String> = used.into_iter().map(|(text, _)| text.clone()).collect();
        for text in self.offered.get(key).into_iter().flatten() {
            if !choices.contains(text) {
                choices.push(text.clone());
            }
        }
        choices
    }
}

/// The properties whose values are the tenant's own choices.
fn is_choice(key: &str) -> bool {
    matches!(key, "status" | "tinType" | "type" | "documentsLanguage")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn choices_come_by_use_and_then_as_they_are_offered() {
        let mut sample = Sample::default();
        for kind in ["b", "a", "a"] {
            sample.look_at(&json!({"@type": "ClientContact", "type": kind, "name": "x", "possibleTypes": ["c", "a"]}));
        }
        assert_eq!(sample.choices("type"), ["a", "b", "c"]);
        assert_eq!(sample.choices("name"), Vec::<String>::new(), "names are no choices");
        assert_eq!(sample.class.as_deref(), Some("ClientContact"));
        assert!(sample.keys.contains("name") && !sample.keys.contains("title"));
    }
}
