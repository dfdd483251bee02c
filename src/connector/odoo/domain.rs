//! Odoo's search domains: lists of conditions that must all hold, `|` before two of which one must.

use serde_json::{Value, json};

/// A condition.
#[expect(clippy::needless_pass_by_value, reason = "`json!` takes its values by reference and clones them")]
pub(super) fn leaf(field: &str, operator: &str, value: Value) -> Value {
    json!([field, operator, value])
}

/// Conditions of which one must hold, in the prefix notation of domains.
pub(super) fn any(mut leaves: Vec<Value>) -> Vec<Value> {
    let mut domain = vec![json!("|"); leaves.len().saturating_sub(1)];
    domain.append(&mut leaves);
    domain
}

/// A text in which `ilike` and its sisters find no wildcard.
pub(super) fn literally(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '%' | '_') {
            literal.push('\\');
        }
        literal.push(letter);
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_written_before_their_conditions() {
        let leaves = vec![leaf("a", "=", json!(1)), leaf("b", "=", json!(2)), leaf("c", "=", json!(3))];
        assert_eq!(json!(any(leaves)), json!(["|", "|", ["a", "=", 1], ["b", "=", 2], ["c", "=", 3]]));
        assert_eq!(json!(any(vec![leaf("a", "=", json!(1))])), json!([["a", "=", 1]]));
    }

    #[test]
    fn no_text_is_a_pattern() {
        assert_eq!(literally(r"100%_\x"), r"100\%\_\\x");
    }
}
