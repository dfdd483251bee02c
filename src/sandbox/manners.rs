//! The liberties that a server takes with what it is sent.

use std::sync::{Arc, Mutex, PoisonError};

/// One liberty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// Outer white space is dropped.
    Trim,
    /// Only the first characters are kept.
    Cut(usize),
    /// Lower case is stored.
    LowerCase,
    /// Of a telephone number only `+` and digits are kept.
    BarePhone,
    /// The write is answered as if it were done, and the value stays as it was.
    Ignore,
}

/// The liberties of one server, shared with whoever holds the server.
#[derive(Debug, Clone, Default)]
pub struct Manners(Arc<Mutex<Vec<Rule>>>);

#[derive(Debug)]
struct Rule {
    collection: String,
    property: Option<String>,
    manner: Manner,
}

impl Manners {
    /// From now on the server treats a property of a collection (`companies`, `client-contacts`, …) like this.
    pub fn set(&self, collection: &str, property: &str, manner: Manner) {
        self.push(collection, Some(property), manner);
    }

    /// From now on the server treats every text of a collection like this.
    pub fn set_all(&self, collection: &str, manner: Manner) {
        self.push(collection, None, manner);
    }

    /// From now on the server keeps what it is sent.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Every liberty that it takes now: collection, property (`None` for every text of it), liberty.
    pub fn declared(&self) -> Vec<(String, Option<String>, Manner)> {
        let rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().map(|rule| (rule.collection.clone(), rule.property.clone(), rule.manner.clone())).collect()
    }

    /// What is stored of a text; `None` if the write of it is ignored.
    pub(crate) fn treat(&self, collection: &str, property: &str, text: &str) -> Option<String> {
        let rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = text.to_owned();
        for rule in rules.iter().filter(|rule| rule.concerns(collection, property)) {
            match rule.manner {
                Manner::Trim => text = text.trim().to_owned(),
                Manner::Cut(most) => text = text.chars().take(most).collect(),
                Manner::LowerCase => text = text.to_lowercase(),
                Manner::BarePhone => text.retain(|character| character == '+' || character.is_ascii_digit()),
                Manner::Ignore => return None,
            }
        }
        Some(text)
    }

    fn push(&self, collection: &str, property: Option<&str>, manner: Manner) {
        let rule = Rule { collection: collection.to_owned(), property: property.map(str::to_owned), manner };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }
}

impl Rule {
    fn concerns(&self, collection: &str, property: &str) -> bool {
        self.collection == collection && self.property.as_ref().is_none_or(|wanted| wanted == property)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_to_its_own_property_alone() {
        let manners = Manners::default();
        manners.set_all("companies", Manner::Trim);
        manners.set("companies", "name", Manner::Cut(3));
        manners.set("companies", "phone", Manner::BarePhone);
        manners.set("contacts", "email", Manner::Ignore);
        assert_eq!(manners.treat("companies", "name", " Łódź ").as_deref(), Some("Łód"));
        assert_eq!(manners.treat("companies", "phone", "+48 12-34 ").as_deref(), Some("+481234"));
        assert_eq!(manners.treat("companies", "city", " Łódź ").as_deref(), Some("Łódź"));
        assert_eq!(manners.treat("contacts", "email", "x"), None);
        assert_eq!(manners.treat("contacts", "phone", " x ").as_deref(), Some(" x "));
    }
}
