//! Spoils a good answer.

use http::header::CONTENT_LENGTH;
use serde_json::{Value, json};

use super::exchange::{Answer, Ask};

/// Only the first half of the body, complete as far as HTTP can tell.
pub(crate) fn half(mut answer: Answer) -> Answer {
    let middle = answer.body.len() / 2;
    answer.body.truncate(middle);
    answer
}

/// A JSON text of another type.
pub(crate) fn other_type(mut answer: Answer) -> Answer {
    answer.body = "\"maintenance\"".into();
    answer
}

/// A page whose link to the next one points to the page itself.
pub(crate) fn endless(ask: &Ask, mut answer: Answer) -> Answer {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return answer };
    let own = if ask.query.is_empty() { ask.path.clone() } else { format!("{}?{}", ask.path, ask.query) };
    let cursor = ask.parameter("cursor").unwrap_or_else(|| "0".to_owned());
    let after = ask.parameter("after").or_else(|| {
        let body: Value = serde_json::from_slice(&ask.body).ok()?;
        Some(body.get("after")?.as_str()?.to_owned())
    });
    if let Some(page) = body.as_object_mut() {
        if page.contains_key("hydra:member") {
            page.insert("hydra:view".to_owned(), json!({"@id": own, "hydra:next": own}));
        } else if page.contains_key("member") {
            page.insert("view".to_owned(), json!({"@id": own, "next": own}));
        } else if page.get("data").is_some_and(Value::is_array) {
            page.insert("additional_data".to_owned(), json!({"next_cursor": cursor}));
        } else if page.contains_key("results") {
            page.insert("paging".to_owned(), json!({"next": {"after": after.unwrap_or_else(|| "0".to_owned())}}));
        }
    }
    answer.body = body.to_string().into();
    answer.headers.remove(CONTENT_LENGTH);
    answer
}

/// A text of `bytes` bytes in the place of the first name, e-mail or other text of a record.
pub(crate) fn huge(mut answer: Answer, bytes: usize) -> Answer {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return answer };
    let text = "x".repeat(bytes);
    let _ = ["name", "firstname", "email"].iter().any(|key| replace(&mut body, key, &text));
    answer.body = body.to_string().into();
    answer.headers.remove(CONTENT_LENGTH);
    answer
}

/// Puts `text` in the place of the first text under a key, depth first; whether there was one.
fn replace(body: &mut Value, key: &str, text: &str) -> bool {
    match body {
        Value::Object(map) => {
            if let Some(Value::String(found)) = map.get_mut(key) {
                text.clone_into(found);
                return true;
            }
            map.values_mut().any(|value| replace(value, key, text))
        }
        Value::Array(list) => list.iter_mut().any(|value| replace(value, key, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
