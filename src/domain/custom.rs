//! Fields that the configuration declares: any property of the CRM beside any property of Flowtly.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::field::Form;
use super::record::Kind;

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// What a declared field's word in the state begins with: no canonical field's has a dot.
const MARK: &str = "custom.";

/// A declared field: its kind and its name, and nothing else, so that it is the same field in every configuration and state
/// that names it. What sort of values it has is said by the configuration ([`Locale`](super::value::Locale)).
///
/// Small and `Copy` like a canonical field: each name is kept once, for as long as the process lives. There are as many as a
/// configuration and its state name.
#[derive(Clone, Copy)]
pub struct CustomField(&'static Named);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Named {
    kind: Kind,
    name: &'static str,
}

static NAMES: LazyLock<Mutex<BTreeMap<Kind, Names>>> = LazyLock::new(Mutex::default);

type Names = BTreeMap<&'static str, &'static Named>;

impl CustomField {
    /// The field of that name; `None` for what cannot be one: a name is of a to z, digits and `_`, begins with a letter and
    /// has at most 64 characters.
    pub fn new(kind: Kind, name: &str) -> Option<Self> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase();
        let is_name = name.len() <= LONGEST
            && name.bytes().next().is_some_and(is_letter)
            && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit() || byte == b'_');
        if !is_name {
            return None;
        }
        let mut known = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = known.entry(kind).or_default();
        if let Some(named) = of_kind.get(name) {
            return Some(Self(named));
        }
        let named: &'static Named = Box::leak(Box::new(Named { kind, name: name.to_owned().leak() }));
        of_kind.insert(named.name, named);
        Some(Self(named))
    }

    /// The kind that has it.
    pub const fn kind(self) -> Kind {
        self.0.kind
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The word under which the state, plans and history keep it: the name of its table in the configuration.
    pub(super) fn word(self) -> String {
        format!("{MARK}{}.{}", self.kind().as_str(), self.name())
    }

    /// The field that [`Self::word`] names.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        let (kind, name) = word.strip_prefix(MARK)?.split_once('.')?;
        Self::new(Kind::parse(kind)?, name)
    }
}

impl PartialEq for CustomField {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for CustomField {}

impl PartialOrd for CustomField {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CustomField {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(other.0)
    }
}

impl Hash for CustomField {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for CustomField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}

/// What sort of values a declared field has: how they are compared, and how they are written where a system has types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomType {
    /// Text of one line or several.
    Text,
    /// A decimal number.
    Number,
    /// A calendar date.
    Date,
    /// One of the system's own choices.
    Choice,
    /// True or false.
    Boolean,
    /// Another record of the system: its id, or its label where the connector looks it up.
    Relation,
}

impl CustomType {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Text, Self::Number, Self::Date, Self::Choice, Self::Boolean, Self::Relation];

    /// The word used in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Choice => "choice",
            Self::Boolean => "boolean",
            Self::Relation => "relation",
        }
    }

    /// The type that [`Self::as_str`] names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == text)
    }

    /// How its texts become their normal form.
    pub const fn form(self) -> Form {
        match self {
            Self::Text => Form::Lines,
            Self::Number => Form::Decimal,
            Self::Date => Form::Date,
            Self::Choice => Form::Choice,
            Self::Boolean => Form::Boolean,
            Self::Relation => Form::Reference,
        }
    }
}

impl fmt::Display for CustomType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One declared field of each type, for laws that hold for all of them.
#[cfg(test)]
pub(crate) fn one_of_each(kind: Kind) -> BTreeMap<CustomField, CustomType> {
    CustomType::ALL.into_iter().filter_map(|sort| Some((CustomField::new(kind, sort.as_str())?, sort))).collect()
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::field::Field;

    fn named(kind: Kind, name: &str) -> CustomField {
        CustomField::new(kind, name).unwrap()
    }

    #[test]
    fn one_name_is_one_field_of_its_kind_whoever_names_it() {
        let hash = |field: CustomField| {
            let mut hasher = DefaultHasher::new();
            field.hash(&mut hasher);
            hasher.finish()
        };
        let (one, again) = (named(Kind::Company, "segment"), named(Kind::Company, &String::from("segment")));
        assert_eq!((one, hash(one)), (again, hash(again)));
        assert_eq!((one.name(), one.kind()), ("segment", Kind::Company));
        let other = named(Kind::Contact, "segment");
        assert!(one != other && hash(one) != hash(other));
        assert_eq!(format!("{one:?}"), one.word());
        assert!(one < named(Kind::Company, "tier") && one < named(Kind::Contact, "a"), "by kind, then by name");
    }

    #[rstest]
    #[case("a", true)]
    #[case("size_2", true)]
    #[case("", false)]
    #[case("2nd", false)]
    #[case("_x", false)]
    #[case("Segment", false)]
    #[case("a.b", false)]
    #[case("a-b", false)]
    #[case("größe", false)]
    fn a_name_is_a_bare_word(#[case] name: &str, #[case] does: bool) {
        assert_eq!(CustomField::new(Kind::Company, name).is_some(), does);
    }

    #[test]
    fn a_name_has_an_end() {
        assert!(CustomField::new(Kind::Company, &"a".repeat(64)).is_some());
        assert!(CustomField::new(Kind::Company, &"a".repeat(65)).is_none());
    }

    #[test]
    fn types_are_read_back_from_their_words() {
        for sort in CustomType::ALL {
            assert_eq!(CustomType::parse(&sort.to_string()), Some(sort));
        }
        assert_eq!(CustomType::parse("Text"), None);
    }

    proptest! {
        #[test]
        fn the_state_gives_back_what_it_was_given(name in "[a-z][a-z0-9_]{0,63}", company in any::<bool>()) {
            let kind = if company { Kind::Company } else { Kind::Contact };
            let field = Field::Custom(named(kind, &name));
            let word = serde_json::to_string(&field).unwrap();
            prop_assert_eq!(serde_json::from_str::<Field>(&word).unwrap(), field);
            prop_assert!(Field::of(kind).iter().all(|canonical| serde_json::to_string(canonical).unwrap() != word));
        }

        #[test]
        fn no_word_panics(word in any::<String>()) {
            let _ = (CustomField::of_word(&word), CustomField::new(Kind::Contact, &word));
        }
    }
}
