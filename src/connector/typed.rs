//! A text as the JSON type that a declared property has, for systems whose interface has types.

use serde_json::{Number, Value};

use crate::domain::custom::CustomType;
use crate::domain::value::{boolean, number};

/// The JSON of a text; else what the property is, in words.
pub(super) fn json(sent_as: CustomType, text: &str) -> Result<Value, &'static str> {
    match sent_as {
        CustomType::Number => decimal(text).map(Value::Number).ok_or("a number"),
        CustomType::Boolean => match boolean::boolean(text).as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("true or false"),
        },
        CustomType::Text | CustomType::Date | CustomType::Choice | CustomType::Relation => {
            Ok(Value::String(text.to_owned()))
        }
    }
}

/// A number that JSON carries without losing a digit.
fn decimal(text: &str) -> Option<Number> {
    let normal = number::decimal(text);
    let number: Number = serde_json::from_str(&normal).ok()?;
    (number::decimal(&number.to_string()) == normal).then_some(number)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(CustomType::Number, "012,50", Ok(json!(12.5)))]
    #[case(CustomType::Number, "13", Ok(json!(13)))]
    #[case(CustomType::Number, "-0.25", Ok(json!(-0.25)))]
    #[case(CustomType::Number, "many", Err("a number"))]
    // JSON's numbers have some sixteen digits.
    #[case(CustomType::Number, "0.12345678901234567890123", Err("a number"))]
    #[case(CustomType::Boolean, "Yes", Ok(json!(true)))]
    #[case(CustomType::Boolean, "0", Ok(json!(false)))]
    #[case(CustomType::Boolean, "perhaps", Err("true or false"))]
    #[case(CustomType::Date, "2026-05-01", Ok(json!("2026-05-01")))]
    #[case(CustomType::Choice, "1", Ok(json!("1")))]
    fn a_text_is_sent_as_its_type_or_not_at_all(
        #[case] sent_as: CustomType,
        #[case] text: &str,
        #[case] wanted: Result<Value, &'static str>,
    ) {
        assert_eq!(json(sent_as, text), wanted);
    }
}
