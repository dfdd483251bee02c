//! Values of fields as texts, and texts as values: by the type of the field.

use serde_json::{Map, Number, Value, json};

use super::fields::{Definition, FieldType, choices};
use super::place::ADDRESS_PARTS;

/// Between the choices of a field that may have several.
const BETWEEN_CHOICES: &str = ", ";

/// Between the two ends of a range.
const BETWEEN_ENDS: &str = "/";

/// What a value says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// A text; empty for nothing.
    Text(String),
    /// A choice whose label is not known.
    UnknownChoice(u64),
    /// Another sort of value than the field's type has, or a part of an address that nobody has taken apart.
    Odd,
}

/// Reads a plain value.
pub(super) fn plain(value: &Value) -> Says {
    match value {
        Value::Null => Says::Text(String::new()),
        Value::String(text) => Says::Text(text.clone()),
        Value::Number(number) => Says::Text(decimal(number)),
        Value::Bool(flag) => Says::Text(flag.to_string()),
        Value::Array(_) | Value::Object(_) => Says::Odd,
    }
}

/// Reads a part of a value that is an object; nothing where the whole is null.
pub(super) fn part(value: &Value, part: &str) -> Says {
    match value {
        Value::Null => Says::Text(String::new()),
        Value::Object(_) if part != "value" && ADDRESS_PARTS.contains(&part) && is_line_alone(value) => Says::Odd,
        Value::Object(parts) => parts.get(part).map_or(Says::Text(String::new()), plain),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Says::Odd,
    }
}

/// Reads a field's value, or a part of it.
pub(super) fn read(definition: &Definition, wanted: Option<&str>, value: &Value) -> Says {
    if let Some(wanted) = wanted {
        return part(value, wanted);
    }
    match definition.field_type {
        FieldType::One | FieldType::Several => labels(definition, value),
        FieldType::Money => joined(value, "currency", " "),
        FieldType::Range => joined(value, "until", BETWEEN_ENDS),
        FieldType::Address | FieldType::Time => match value {
            Value::Object(_) => part(value, "value"),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => plain(value),
        },
        FieldType::Text | FieldType::Number | FieldType::Boolean | FieldType::Reference => plain(value),
    }
}

/// Writes a text as a field's value. `present` is what the field holds now, for the parts that are left as they are. Fails with
/// the reason, in words for the one who typed the text.
pub(super) fn write(
    definition: &Definition,
    wanted: Option<&str>,
    text: Option<&str>,
    present: &Value,
) -> Result<Value, String> {
    if let Some(wanted) = wanted {
        return write_part(definition, wanted, text, present);
    }
    let Some(text) = text else { return Ok(Value::Null) };
    match definition.field_type {
        FieldType::Text => Ok(json!(text)),
        FieldType::Number => number(text).map(Value::Number),
        FieldType::Boolean => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(json!(true)),
            "false" | "no" | "0" => Ok(json!(false)),
            _ => Err("it is neither true nor false".to_owned()),
        },
        FieldType::One => choice(definition, text).map(|id| json!(id)),
        FieldType::Several => several(definition, text),
        FieldType::Money => money(text, present),
        FieldType::Address | FieldType::Time => Ok(json!({"value": text})),
        FieldType::Range => {
            let (from, until) = text.split_once(BETWEEN_ENDS).ok_or("a range is written as from/until")?;
            Ok(json!({"value": from.trim(), "until": until.trim()}))
        }
        FieldType::Reference => match text.trim().parse::<u64>() {
            Ok(id) => Ok(json!(id)),
            Err(_) => Err("it is the number of a record".to_owned()),
        },
    }
}

/// Whether an address is a line that nobody has taken apart: typed, and not chosen from what Pipedrive suggests. Its parts are not
/// empty then, they are not known.
fn is_line_alone(value: &Value) -> bool {
    let filled = |name: &str| value.get(name).is_some_and(|part| part.as_str().is_some_and(|text| !text.is_empty()));
    filled("value") && !ADDRESS_PARTS.iter().any(|name| *name != "value" && filled(name))
}

/// The parts of an address that are filled, as they are sent.
pub(super) fn address_parts(value: &Value) -> Map<String, Value> {
    let parts = value.as_object();
    ADDRESS_PARTS
        .iter()
        .filter_map(|name| {
            let text = parts?.get(*name)?.as_str().filter(|text| !text.is_empty())?;
            Some(((*name).to_owned(), json!(text)))
        })
        .collect()
}

fn write_part(definition: &Definition, wanted: &str, text: Option<&str>, present: &Value) -> Result<Value, String> {
    let mut parts = match definition.field_type {
        FieldType::Address => address_parts(present),
        FieldType::Text
        | FieldType::Number
        | FieldType::Boolean
        | FieldType::One
        | FieldType::Several
        | FieldType::Money
        | FieldType::Time
        | FieldType::Range
        | FieldType::Reference => present.as_object().cloned().unwrap_or_default(),
    };
    let value = match (definition.field_type, wanted) {
        (FieldType::Money, "value") => Value::Number(number(text.unwrap_or("0"))?),
        _ => json!(text.unwrap_or_default()),
    };
    parts.insert(wanted.to_owned(), value);
    Ok(Value::Object(parts))
}

fn labels(definition: &Definition, value: &Value) -> Says {
    let mut labels = Vec::new();
    for shown in choices(value) {
        // As asked with labels, or as plain numbers.
        if let Some(label) = shown.get("label").and_then(Value::as_str) {
            labels.push(label);
            continue;
        }
        let Some(id) = shown.as_u64().or_else(|| shown.get("id").and_then(Value::as_u64)) else { return Says::Odd };
        match definition.label(id) {
            Some(label) => labels.push(label),
            None => return Says::UnknownChoice(id),
        }
    }
    Says::Text(labels.join(BETWEEN_CHOICES))
}

fn joined(value: &Value, second: &str, between: &str) -> Says {
    match value {
        Value::Object(_) => match (part(value, "value"), part(value, second)) {
            (Says::Text(one), Says::Text(other)) if one.is_empty() || other.is_empty() => Says::Text(one),
            (Says::Text(one), Says::Text(other)) => Says::Text(format!("{one}{between}{other}")),
            _ => Says::Odd,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => plain(value),
    }
}

fn choice(definition: &Definition, label: &str) -> Result<u64, String> {
    definition.choice(label).ok_or_else(|| {
        let known: Vec<&str> = definition.options.iter().map(|(_, label)| label.as_str()).collect();
        let known = super::error::shortened(&known.join(BETWEEN_CHOICES));
        format!("the field \"{}\" has no such choice (it has: {known}): add it in Pipedrive", definition.name)
    })
}

/// A label may hold the mark that stands between labels.
fn several(definition: &Definition, text: &str) -> Result<Value, String> {
    if let Some(only) = definition.choice(text) {
        return Ok(json!([only]));
    }
    let parts = text.split(BETWEEN_CHOICES.trim_end()).map(str::trim).filter(|label| !label.is_empty());
    parts.map(|label| choice(definition, label)).collect::<Result<Vec<_>, _>>().map(|ids| json!(ids))
}

fn money(text: &str, present: &Value) -> Result<Value, String> {
    let (amount, currency) = match text.trim().rsplit_once(' ') {
        Some((amount, currency)) if currency.chars().all(|letter| letter.is_ascii_uppercase()) => {
            (amount, Some(currency))
        }
        Some(_) | None => (text, None),
    };
    let currency = currency.map(|currency| json!(currency)).or_else(|| present.get("currency").cloned());
    let currency = currency.ok_or("an amount is written with its currency, as 100 EUR")?;
    Ok(json!({"value": number(amount)?, "currency": currency}))
}

fn number(text: &str) -> Result<Number, String> {
    let text = text.trim();
    let whole = text.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64)).ok_or_else(|| "it is not a number".to_owned())
}

/// `100` and not `100.0`: a number has no decimals that nobody typed.
fn decimal(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(field_type: FieldType) -> Definition {
        Definition {
            code: "k".into(),
            name: "Field".into(),
            type_name: String::new(),
            field_type,
            options: vec![(190, "Private person".into()), (191, "Company".into()), (192, "A, B".into())],
            custom: true,
        }
    }

    #[test]
    fn every_type_is_read_as_text_and_written_back_typed() {
        let cases = [
            (FieldType::Text, json!("PL 123"), "PL 123"),
            (FieldType::Number, json!(12.5), "12.5"),
            (FieldType::Number, json!(100), "100"),
            (FieldType::Boolean, json!(true), "true"),
            (FieldType::One, json!(191), "Company"),
            (FieldType::Several, json!([190, 191]), "Private person, Company"),
            (FieldType::Several, json!([192]), "A, B"),
            (FieldType::Money, json!({"value": 2300, "currency": "EUR"}), "2300 EUR"),
            (FieldType::Address, json!({"value": "Main St 1"}), "Main St 1"),
            (FieldType::Time, json!({"value": "12:00:00"}), "12:00:00"),
            (FieldType::Range, json!({"value": "2026-01-01", "until": "2026-01-31"}), "2026-01-01/2026-01-31"),
            (FieldType::Reference, json!(17), "17"),
        ];
        for (field_type, value, text) in cases {
            let definition = definition(field_type);
            assert_eq!(read(&definition, None, &value), Says::Text(text.into()), "{field_type:?}");
            assert_eq!(write(&definition, None, Some(text), &Value::Null), Ok(value), "{field_type:?}");
            assert_eq!(read(&definition, None, &Value::Null), Says::Text(String::new()), "{field_type:?}");
            assert_eq!(write(&definition, None, None, &json!(1)), Ok(Value::Null), "{field_type:?}");
        }
    }

    #[test]
    fn a_choice_that_is_not_known_is_no_blank() {
        assert_eq!(read(&definition(FieldType::One), None, &json!(7)), Says::UnknownChoice(7));
        assert_eq!(read(&definition(FieldType::Several), None, &json!([190, 7])), Says::UnknownChoice(7));
        let shown = json!({"id": 7, "label": "New"});
        assert_eq!(read(&definition(FieldType::One), None, &shown), Says::Text("New".into()));
        let refused = write(&definition(FieldType::One), None, Some("New"), &Value::Null).unwrap_err();
        assert!(refused.contains("Private person"), "{refused}");
        assert_eq!(write(&definition(FieldType::One), None, Some(" company"), &Value::Null), Ok(json!(191)));
    }

    #[test]
    fn another_sort_of_value_says_nothing() {
        assert_eq!(read(&definition(FieldType::Text), None, &json!({"a": 1})), Says::Odd);
        assert_eq!(read(&definition(FieldType::One), None, &json!("Company")), Says::Odd);
        assert_eq!(read(&definition(FieldType::Money), None, &json!({"value": {}, "currency": "EUR"})), Says::Odd);
        assert_eq!(part(&json!("Main St"), "locality"), Says::Odd);
    }

    #[test]
    fn a_part_is_written_beside_the_others() {
        let present = json!({"value": "x", "locality": "Łódź", "country": null, "formatted": "x"});
        let written = write(&definition(FieldType::Address), Some("country"), Some("Poland"), &present).unwrap();
        assert_eq!(written, json!({"value": "x", "locality": "Łódź", "country": "Poland"}));
        let money = json!({"value": 5, "currency": "EUR"});
        let written = write(&definition(FieldType::Money), None, Some("7.25"), &money).unwrap();
        assert_eq!(written, json!({"value": 7.25, "currency": "EUR"}));
        assert!(write(&definition(FieldType::Money), None, Some("7"), &Value::Null).is_err());
    }
}
