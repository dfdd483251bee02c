//! The line of an address that people see, beside the parts that only programs ask for.
//!
//! Both shall say the same, so that the line follows the parts that are written. What a person typed into the line and nowhere else is
//! kept: a line that says more than its parts is not composed anew, only the parts that change are replaced in it, and where that
//! cannot be done it stays as it is.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::layout::Layout;
use super::place::ADDRESS_PARTS;
use super::value;
use super::wire::Item;

/// The key of the line among the parts.
const LINE: &str = "value";

/// Whether the line is mapped itself.
pub(super) fn is_mapped(layout: &Layout) -> bool {
    const LINES: [&str; 4] = ["address", "address.value", "postal_address", "postal_address.value"];
    layout.shape.paths().any(|path| LINES.contains(&path))
}

/// Puts the lines of the addresses into the body of a write. `present` is what the record holds now.
pub(super) fn compose(body: &mut Map<String, Value>, present: &Item) {
    for name in ["address", "postal_address"] {
        let Some(Value::Object(parts)) = body.get_mut(name) else { continue };
        let before = value::address_parts(present.get(name).unwrap_or(&Value::Null));
        if let Some(line) = following(&before, parts) {
            parts.insert(LINE.to_owned(), Value::String(line));
            continue;
        }
        let id = present.get("id").and_then(Value::as_u64);
        tracing::warn!(
            record.id = id,
            "the line of an address says more than its parts: the parts are written, mend the line in Pipedrive"
        );
    }
}

/// The line for an address that becomes `after`; `None` if it is to stay as it is although the parts change.
fn following(before: &Map<String, Value>, after: &Map<String, Value>) -> Option<String> {
    let line = text(before, LINE);
    let parts: HashSet<String> = names().flat_map(|name| words(text(before, name))).collect();
    if words(line).all(|word| parts.contains(&word)) {
        return Some(composed(after));
    }
    let changes = names().map(|name| (text(before, name), text(after, name))).filter(|(old, new)| old != new);
    changes.into_iter().try_fold(line.to_owned(), |line, (old, new)| replaced(&line, old, new))
}

/// The line with a part's new text in the place of the old one, which must stand there once.
fn replaced(line: &str, old: &str, new: &str) -> Option<String> {
    if old.is_empty() {
        let said: HashSet<String> = words(line).collect();
        return words(new).all(|word| said.contains(&word)).then(|| line.to_owned());
    }
    let mut places = line.match_indices(old).filter_map(|(at, _)| {
        let (before, after) = (line.get(..at)?, line.get(at + old.len()..)?);
        let is_apart = !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        is_apart.then(|| format!("{before}{new}{after}"))
    });
    let line = places.next()?;
    (places.next().is_none() && !new.is_empty()).then_some(line)
}

/// The line of an address that people see: `Street 1/2, 00-950 City, Country`.
fn composed(parts: &Map<String, Value>) -> String {
    let text = |name: &str| parts.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = match (text("street_number"), text("subpremise")) {
        (number, "") => number.to_owned(),
        ("", unit) => unit.to_owned(),
        (number, unit) => format!("{number}/{unit}"),
    };
    let beside =
        |one: &str, other: &str| [one, other].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    let street = beside(text("route"), &number);
    let city = beside(text("postal_code"), text("locality"));
    [street.as_str(), city.as_str(), text("country")]
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

fn names() -> impl Iterator<Item = &'static str> {
    ADDRESS_PARTS.into_iter().filter(|name| *name != LINE)
}

fn text<'p>(parts: &'p Map<String, Value>, name: &str) -> &'p str {
    parts.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn parts(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn before(line: &str) -> Value {
        json!({"value": line, "route": "Długa", "street_number": "5", "postal_code": "00-263", "locality": "Warszawa",
               "country": "Poland"})
    }

    #[test]
    fn a_line_leaves_out_what_is_blank() {
        let line = |parts: Value| composed(parts.as_object().unwrap());
        assert_eq!(
            line(json!({"route": "Długa", "street_number": "1", "subpremise": "2", "postal_code": "90-001",
                        "locality": "Łódź", "country": "Poland"})),
            "Długa 1/2, 90-001 Łódź, Poland"
        );
        assert_eq!(line(json!({"locality": "Łódź"})), "Łódź");
        assert_eq!(line(json!({})), "");
    }

    #[rstest]
    #[case::ours("Długa 5, 00-263 Warszawa, Poland")]
    #[case::worded_otherwise("5 DŁUGA; Warszawa 00-263")]
    #[case::blank("")]
    fn a_line_that_says_what_its_parts_say_is_composed_anew(#[case] line: &str) {
        let mut after = parts(&before(line));
        after.insert("locality".to_owned(), json!("Łódź"));
        after.insert("street_number".to_owned(), json!(""));
        assert_eq!(following(&parts(&before(line)), &after).as_deref(), Some("Długa, 00-263 Łódź, Poland"));
    }

    #[rstest]
    #[case::a_part("Hall 3, Długa 5, 00-263 Warszawa", "locality", "Łódź", Some("Hall 3, Długa 5, 00-263 Łódź"))]
    #[case::a_number(
        "gate B, Długa 5, 00-263 Warszawa",
        "street_number",
        "7a",
        Some("gate B, Długa 7a, 00-263 Warszawa")
    )]
    #[case::that_stands_twice("Długa 5 / gate 5, Warszawa", "street_number", "7", None)]
    #[case::within_a_word("Hall 3, Podługa 15", "street_number", "7", None)]
    #[case::that_is_cleared("Hall 3, Długa 5, Warszawa", "street_number", "", None)]
    #[case::that_is_new("Hall 3, Długa 5, Warszawa", "sublocality", "Wola", None)]
    #[case::that_was_typed_already(
        "Hall 3, Długa 5, Wola, Warszawa",
        "sublocality",
        "Wola",
        Some("Hall 3, Długa 5, Wola, Warszawa")
    )]
    fn a_line_that_says_more_keeps_it(
        #[case] line: &str,
        #[case] part: &str,
        #[case] text: &str,
        #[case] wanted: Option<&str>,
    ) {
        let mut after = parts(&before(line));
        after.insert(part.to_owned(), json!(text));
        assert_eq!(following(&parts(&before(line)), &after).as_deref(), wanted);
    }
}
