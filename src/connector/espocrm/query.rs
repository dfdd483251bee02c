//! The parameters of lists.

use super::layout::Layout;
use super::settings::EspoSettings;

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Where {
    kind: &'static str,
    attribute: String,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    One(String),
    Many(Vec<String>),
}

impl Where {
    /// An attribute compared with one text.
    pub(super) fn one(kind: &'static str, attribute: &str, value: impl Into<String>) -> Self {
        Self { kind, attribute: attribute.to_owned(), value: Value::One(value.into()) }
    }

    /// An attribute, or a link, compared with many.
    pub(super) fn many(kind: &'static str, attribute: &str, values: impl Iterator<Item = String>) -> Self {
        Self { kind, attribute: attribute.to_owned(), value: Value::Many(values.collect()) }
    }
}

/// A page of a list in the order of ids.
pub(super) fn list(
    settings: &EspoSettings,
    layout: &Layout,
    conditions: &[Where],
    size: usize,
) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut pairs = vec![
        pair(&settings.select_parameter, &layout.asked.join(",")),
        pair("orderBy", "id"),
        pair("order", "asc"),
        pair("maxSize", &size.to_string()),
    ];
    let name = &settings.where_parameter;
    for (place, condition) in conditions.iter().enumerate() {
        pairs.push((format!("{name}[{place}][type]"), condition.kind.to_owned()));
        pairs.push((format!("{name}[{place}][attribute]"), condition.attribute.clone()));
        match &condition.value {
            Value::One(value) => pairs.push((format!("{name}[{place}][value]"), value.clone())),
            Value::Many(values) => {
                pairs.extend(values.iter().map(|value| (format!("{name}[{place}][value][]"), value.clone())));
            }
        }
    }
    pairs
}
