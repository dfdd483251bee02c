//! Which records may be created on the other side: conditions on the properties of their own.
//!
//! They are evaluated here, on the text as the system wrote it, and never by a server: what is out of the scope is read,
//! recognised and kept in agreement all the same. A property that is not shown satisfies nothing, not even a `not`: what is
//! unknown is never in the scope, so that nothing is created because a property vanished. Linked pairs stay linked
//! whatever the scope says, so that nothing ends because of it either.

use std::cmp::Ordering;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::shape::{Delivered, digest_text};
use super::value::{date, number};

/// A condition of scope: a property satisfies every one of these tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The remote property.
    pub path: String,
    /// What it has to satisfy.
    pub tests: Vec<Test>,
}

/// What a property's text may have to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// One of these texts (an empty string stands for blank).
    AnyOf(Vec<String>),
    /// None of these texts.
    NoneOf(Vec<String>),
    /// Blank, or not.
    Blank(bool),
    /// A number or date that stands so to the limit. What is neither, and what is blank, does not.
    Bound(Bound, Limit),
}

/// How a number or date has to stand to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Greater, later.
    Above,
    /// Greater or equal.
    AtLeast,
    /// Less, earlier.
    Below,
    /// Less or equal.
    AtMost,
}

/// What is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// A decimal number.
    Number(String),
    /// A calendar date.
    Date(NaiveDate),
}

impl Condition {
    /// The property's text is one of these.
    pub fn any_of(path: impl Into<String>, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { path: path.into(), tests: vec![Test::AnyOf(texts.into_iter().map(Into::into).collect())] }
    }

    /// Whether a record whose property says this is in the scope; `None` where the property was not asked for.
    pub fn holds(&self, delivered: Option<&Delivered>) -> bool {
        let text = match delivered {
            Some(Delivered::Text(text)) => text.as_ref(),
            Some(Delivered::Blank) => "",
            Some(Delivered::Unknown) | None => return false,
        };
        self.tests.iter().all(|test| test.holds(text))
    }

    /// Adds everything that it says to a hash. A condition of one list is written as it always was.
    pub(super) fn digest(&self, hasher: &mut Sha256) {
        hasher.update([0xfd]);
        digest_text(hasher, &self.path);
        for test in &self.tests {
            test.digest(hasher);
        }
    }
}

impl Test {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::AnyOf(wanted) => wanted.iter().any(|wanted| wanted == text),
            Self::NoneOf(unwanted) => !unwanted.iter().any(|unwanted| unwanted == text),
            Self::Blank(blank) => text.is_empty() == *blank,
            Self::Bound(bound, limit) => limit.compare(text).is_some_and(|ordering| bound.admits(ordering)),
        }
    }

    fn digest(&self, hasher: &mut Sha256) {
        let mut word = |mark: u8, texts: &[String]| {
            hasher.update([0xfa, mark]);
            hasher.update((texts.len() as u64).to_le_bytes());
            for text in texts {
                digest_text(hasher, text);
            }
        };
        match self {
            Self::AnyOf(texts) => {
                for text in texts {
                    digest_text(hasher, text);
                }
            }
            Self::NoneOf(texts) => word(1, texts),
            Self::Blank(blank) => word(2, &[blank.to_string()]),
            Self::Bound(bound, limit) => word(3, &[bound.as_str().to_owned(), limit.to_string()]),
        }
    }
}

impl Bound {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Above, Self::AtLeast, Self::Below, Self::AtMost];

    /// The word used in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::AtLeast => "at_least",
            Self::Below => "below",
            Self::AtMost => "at_most",
        }
    }

    const fn admits(self, ordering: Ordering) -> bool {
        match self {
            Self::Above => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
            Self::Below => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
        }
    }
}

impl Limit {
    /// How a text stands to the limit; `None` if it is no such value.
    fn compare(&self, text: &str) -> Option<Ordering> {
        match self {
            Self::Number(limit) => number::compare(text, limit),
            Self::Date(limit) => date::parse(text).map(|day| day.cmp(limit)),
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => f.write_str(number),
            Self::Date(day) => write!(f, "{day}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn bound(bound: Bound, limit: &str) -> Test {
        let limit = date::parse(limit).map_or_else(|| Limit::Number(limit.to_owned()), Limit::Date);
        Test::Bound(bound, limit)
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn holds(tests: Vec<Test>, text: &str) -> bool {
        let delivered = if text.is_empty() { Delivered::Blank } else { Delivered::Text(text.into()) };
        Condition { path: "x".to_owned(), tests }.holds(Some(&delivered))
    }

    #[test]
    fn bounds_are_named_as_they_compare() {
        assert_eq!(Bound::ALL.map(Bound::as_str), ["above", "at_least", "below", "at_most"]);
    }

    #[rstest]
    #[case(bound(Bound::Above, "0"), "1", true)]
    #[case(bound(Bound::Above, "0"), "0.01", true)]
    #[case(bound(Bound::Above, "0"), "0", false)]
    #[case(bound(Bound::Above, "9"), "10", true)]
    #[case(bound(Bound::Above, "0"), "-1", false)]
    #[case(bound(Bound::Above, "0"), "", false)]
    #[case(bound(Bound::Above, "0"), "many", false)]
    #[case(bound(Bound::Below, "0"), "many", false)]
    #[case(bound(Bound::Below, "0"), "", false)]
    #[case(bound(Bound::AtLeast, "10"), "10.0", true)]
    #[case(bound(Bound::AtLeast, "10"), "9.999", false)]
    #[case(bound(Bound::Below, "10"), "9.999", true)]
    #[case(bound(Bound::Below, "10"), "10", false)]
    #[case(bound(Bound::AtMost, "10"), "10", true)]
    #[case(bound(Bound::AtMost, "10"), "10.5", false)]
    #[case(bound(Bound::AtLeast, "2026-05-01"), "2026-05-01T10:00:00Z", true)]
    #[case(bound(Bound::Above, "2026-05-01"), "2026-05-01T10:00:00Z", false)]
    #[case(bound(Bound::Above, "2026-05-01"), "02.05.2026", true)]
    #[case(bound(Bound::Below, "2026-05-01"), "2025-12-31", true)]
    #[case(bound(Bound::Below, "2026-05-01"), "soon", false)]
    #[case(Test::Blank(true), "", true)]
    #[case(Test::Blank(true), "x", false)]
    #[case(Test::Blank(false), "x", true)]
    #[case(Test::Blank(false), "", false)]
    #[case(Test::AnyOf(texts(&["customer", ""])), "", true)]
    #[case(Test::AnyOf(texts(&["customer"])), "Customer", false)]
    #[case(Test::NoneOf(texts(&["lead"])), "customer", true)]
    #[case(Test::NoneOf(texts(&["lead"])), "", true)]
    #[case(Test::NoneOf(texts(&["lead", ""])), "", false)]
    #[case(Test::NoneOf(texts(&["lead"])), "lead", false)]
    fn a_text_satisfies_a_test_or_not(#[case] test: Test, #[case] text: &str, #[case] wanted: bool) {
        assert_eq!(holds(vec![test], text), wanted);
    }

    #[test]
    fn all_tests_of_a_property_have_to_hold() {
        let tests = vec![bound(Bound::Above, "0"), bound(Bound::AtMost, "10"), Test::NoneOf(texts(&["5"]))];
        let within = |text| holds(tests.clone(), text);
        assert_eq!(["0", "1", "5", "10", "11"].map(within), [false, true, false, true, false]);
        assert!(holds(Vec::new(), "anything"));
    }

    fn any_test() -> impl Strategy<Value = Test> {
        let word = || prop_oneof![Just(String::new()), "[a-z]{1,3}", "-?[0-9]{1,3}"];
        let words = || proptest::collection::vec(word(), 1..3);
        prop_oneof![
            words().prop_map(Test::AnyOf),
            words().prop_map(Test::NoneOf),
            any::<bool>().prop_map(Test::Blank),
            (0_usize..4, -50_i32..50).prop_map(|(nth, limit)| bound(Bound::ALL[nth], &limit.to_string())),
        ]
    }

    fn hash(condition: &Condition) -> Vec<u8> {
        let mut hasher = Sha256::new();
        condition.digest(&mut hasher);
        hasher.finalize().to_vec()
    }

    proptest! {
        #[test]
        fn what_is_not_shown_satisfies_nothing(tests in proptest::collection::vec(any_test(), 0..4)) {
            let condition = Condition { path: "x".to_owned(), tests };
            prop_assert!(!condition.holds(None) && !condition.holds(Some(&Delivered::Unknown)));
        }

        #[test]
        fn a_bound_and_its_opposite_part_the_numbers(number in -60_i32..60, limit in -50_i32..50) {
            let text = format!("{number}.0");
            let is = |word| holds(vec![bound(word, &limit.to_string())], &text);
            prop_assert_eq!(is(Bound::Above), number > limit);
            prop_assert_ne!(is(Bound::Above), is(Bound::AtMost));
            prop_assert_ne!(is(Bound::Below), is(Bound::AtLeast));
        }

        #[test]
        fn another_condition_has_another_hash(
            one in proptest::collection::vec(any_test(), 1..3),
            other in proptest::collection::vec(any_test(), 1..3),
        ) {
            // Lists of one property are one list, however they are divided.
            let is_list = |test: &Test| matches!(test, Test::AnyOf(_));
            prop_assume!(one.iter().chain(&other).filter(|test| is_list(test)).count() <= 1);
            let of = |tests| Condition { path: "x".to_owned(), tests };
            let (one, other) = (of(one), of(other));
            prop_assert_eq!(one == other, hash(&one) == hash(&other));
        }
    }
}
