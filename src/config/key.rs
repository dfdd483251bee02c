//! The name of a setting: its tables and itself.

use std::fmt;

/// A key's path, for instance `http.timeout`. Parts may hold dots (a property's name), so it is not a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<String>);

impl Key {
    /// The root of all keys.
    pub(super) const ROOT: Self = Self(Vec::new());

    /// The key that a dotted text names.
    pub(crate) fn of(dotted: &str) -> Self {
        Self(dotted.split('.').map(str::to_owned).collect())
    }

    /// The key that a variable names, without the prefix.
    pub(super) fn of_variable(name: &str) -> Self {
        Self(name.to_lowercase().split("__").map(str::to_owned).collect())
    }

    /// The key of a part of this one.
    #[must_use]
    pub(crate) fn child(&self, part: &str) -> Self {
        let mut parts = self.0.clone();
        parts.push(part.to_owned());
        Self(parts)
    }

    /// Its parts, outermost first.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// Its last part.
    pub(super) fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The table that holds it.
    pub(super) fn parent(&self) -> Self {
        Self(self.0.split_last().map(|(_, parents)| parents.to_vec()).unwrap_or_default())
    }

    /// The variable that sets it.
    pub(super) fn variable(&self) -> String {
        format!("{}{}", super::environment::PREFIX, self.0.join("__").to_uppercase())
    }
}

impl fmt::Display for Key {
    /// As TOML writes a dotted key: parts that are not bare stand in quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            let bare = !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            if bare { f.write_str(part)? } else { write!(f, "{part:?}")? }
        }
        Ok(())
    }
}
