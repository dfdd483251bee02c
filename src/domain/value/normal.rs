//! From a text to its normal form: the one `match` on a field's form.

use super::{Locale, Normal, Text};
use crate::domain::field::Field;

/// The normal form of a text that is not blank.
pub(super) fn normalise(_field: Field, text: &Text, _locale: &Locale) -> Normal {
    Normal::whole(text.to_string())
}
