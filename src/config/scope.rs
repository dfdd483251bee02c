//! Which records may be created on the other side: `[scope…]` becomes conditions.

use toml::{Table, Value};

use super::key::Key;
use super::positions::Sort;
use super::reader::Reader;
use crate::domain::record::{Kind, Side};
use crate::domain::scope::{Bound, Condition, Limit, Test};
use crate::domain::value::{date, number};

/// Tests that are no bounds.
const LISTS: [&str; 3] = ["any_of", "not", "blank"];

/// Reads the conditions of a kind on a side: a list of texts, or a table of tests.
pub(super) fn read(reader: &mut Reader<'_>, side: Side, kind: Kind) -> Vec<Condition> {
    let parent = Key::of("scope").child(side.as_str()).child(kind.as_str());
    let mut conditions = Vec::new();
    for (path, value) in reader.table(&parent) {
        let key = parent.child(path);
        let tests = match value {
            Value::Table(table) => tests(reader, &key, table),
            Value::String(_)
            | Value::Array(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_) => vec![Test::AnyOf(texts(reader, &key))],
        };
        conditions.push(Condition { path: path.clone(), tests });
    }
    conditions
}

fn tests(reader: &mut Reader<'_>, key: &Key, table: &Table) -> Vec<Test> {
    let bounds = || Bound::ALL.into_iter().map(Bound::as_str);
    let mut tests = Vec::new();
    for (name, value) in table {
        let key = key.child(name);
        match (name.as_str(), Bound::ALL.into_iter().find(|bound| bound.as_str() == name)) {
            (_, Some(bound)) => tests.extend(limit(reader, &key, value).map(|limit| Test::Bound(bound, limit))),
            ("any_of", None) => tests.push(Test::AnyOf(texts(reader, &key))),
            ("not", None) => tests.push(Test::NoneOf(texts(reader, &key))),
            ("blank", None) => tests.push(Test::Blank(reader.switch(&key))),
            (_, None) => reader.refuse_name(&key, "test", LISTS.into_iter().chain(bounds())),
        }
    }
    if table.is_empty() {
        reader.refuse(key, "nothing is asked of it", "write { above = 0 }, or remove the line");
    }
    tests
}

fn texts(reader: &mut Reader<'_>, key: &Key) -> Vec<String> {
    let texts = reader.texts(key);
    if reader.layers.value(key).and_then(Value::as_array).is_some_and(Vec::is_empty) {
        let message = if key.last() == "not" {
            "no text is named, so that it says nothing"
        } else {
            "no text is named, so that nothing would be in scope"
        };
        reader.refuse(key, message, "name texts, or remove the line");
    }
    texts
}

/// A number or a day, in quotes or not.
fn limit(reader: &mut Reader<'_>, key: &Key, value: &Value) -> Option<Limit> {
    let text = match value {
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Datetime(moment) => moment.to_string(),
        Value::String(text) => text.clone(),
        Value::Boolean(_) | Value::Array(_) | Value::Table(_) => {
            reader.refuse_sort(key, "a number or a date", "write it as 10, or as 2026-05-01");
            return None;
        }
    };
    let has_time = reader.layers.sort(key) == Some(Sort::Date) && text.contains(':');
    let number = number::compare(&text, &text).map(|_| Limit::Number(number::decimal(&text)));
    let limit = number.or_else(|| date::parse(&text).filter(|_| !has_time).map(Limit::Date));
    if limit.is_none() {
        let message = format!("`{text}` is neither a number nor a date");
        reader.refuse(key, message, "write it as 10, or as 2026-05-01 (a day has no time)");
    }
    limit
}
