//! What is told about, and what of it is new. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::record::Side;

/// What may need a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The daemon ended by an error.
    Stopped,
    /// A side keeps failing: it cannot be read, or not be written.
    SideFails(Side),
    /// A plan was refused by safety limits.
    Refused,
    /// Conflicts wait.
    Conflicts,
    /// Questions wait.
    Questions,
    /// Records wait that a system refused.
    Failures,
    /// A credential is about to expire.
    CredentialExpires(Side),
    /// The disk of the state is almost full.
    DiskAlmostFull,
    /// No copy of the state can be made.
    BackupFails,
}

impl Topic {
    /// Its word, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::SideFails(_) => "side-fails",
            Self::Refused => "refused",
            Self::Conflicts => "conflicts",
            Self::Questions => "questions",
            Self::Failures => "failures",
            Self::CredentialExpires(_) => "credential-expires",
            Self::DiskAlmostFull => "disk-almost-full",
            Self::BackupFails => "backup-fails",
        }
    }

    /// The side that it is about.
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::SideFails(side) | Self::CredentialExpires(side) => Some(side),
            Self::Stopped
            | Self::Refused
            | Self::Conflicts
            | Self::Questions
            | Self::Failures
            | Self::DiskAlmostFull
            | Self::BackupFails => None,
        }
    }
}

/// What there is of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How many; 0 where it is not counted.
    pub count: u64,
    /// The highest number of what waits: a higher one is new.
    pub newest: i64,
    /// Words of ours: names of limits, what of a side fails.
    pub names: BTreeSet<String>,
}

impl Held {
    /// What has names and is not counted.
    pub fn named<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// How things stand: what needs a person.
pub type Standing = BTreeMap<Topic, Held>;

/// What became of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It was not there when people were last told.
    Begins,
    /// There is more of it, or another sort.
    Grows,
    /// It is well again.
    Ends,
}

/// Something that is worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// About what.
    pub topic: Topic,
    /// What became of it.
    pub turn: Turn,
    /// What there is of it; of what ended, what there was.
    pub held: Held,
}

/// What is new in `now` to whom was told `before`, by topic.
pub fn changes(before: &Standing, now: &Standing) -> Vec<Change> {
    let topics: BTreeSet<Topic> = before.keys().chain(now.keys()).copied().collect();
    let change = |topic: Topic| {
        let (turn, held) = match (before.get(&topic), now.get(&topic)) {
            (None, Some(held)) => (Turn::Begins, held),
            (Some(held), None) => (Turn::Ends, held),
            (Some(old), Some(new)) if is_more(old, new) => (Turn::Grows, new),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        Some(Change { topic, turn, held: held.clone() })
    };
    topics.into_iter().filter_map(change).collect()
}

/// Whether there is something that was not there. A count that rose is such a thing by itself: a question that was put off falls due
/// under its old number, and a state that was put back counts anew.
fn is_more(old: &Held, new: &Held) -> bool {
    new.newest > old.newest || new.count > old.count || !new.names.is_subset(&old.names)
}

/// What is remembered as told, once what is new in `now` was: a number that was told never counts as new again.
pub fn told(before: &Standing, now: &Standing) -> Standing {
    let keep = |(topic, held): (&Topic, &Held)| {
        let newest = before.get(topic).map_or(held.newest, |old| old.newest.max(held.newest));
        (*topic, Held { newest, ..held.clone() })
    };
    now.iter().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn waiting(count: u64, newest: i64) -> Standing {
        Standing::from([(Topic::Conflicts, Held { count, newest, ..Held::default() })])
    }

    fn refused(names: &[&str]) -> Standing {
        Standing::from([(Topic::Refused, Held::named(names.iter().copied()))])
    }

    #[rstest]
    #[case::nothing(Standing::new(), Standing::new(), None)]
    #[case::the_first(Standing::new(), waiting(1, 7), Some(Turn::Begins))]
    #[case::the_same(waiting(1, 7), waiting(1, 7), None)]
    #[case::fewer(waiting(3, 7), waiting(1, 5), None)]
    #[case::a_new_one(waiting(3, 7), waiting(1, 8), Some(Turn::Grows))]
    #[case::an_old_one_again(waiting(1, 7), waiting(2, 7), Some(Turn::Grows))]
    #[case::none_left(waiting(3, 7), Standing::new(), Some(Turn::Ends))]
    #[case::refused(Standing::new(), refused(&["first-pass"]), Some(Turn::Begins))]
    #[case::by_the_same(refused(&["first-pass"]), refused(&["first-pass"]), None)]
    #[case::by_one_less(refused(&["a", "b"]), refused(&["a"]), None)]
    #[case::by_another(refused(&["a"]), refused(&["b"]), Some(Turn::Grows))]
    fn only_a_change_is_told(#[case] before: Standing, #[case] now: Standing, #[case] turn: Option<Turn>) {
        let turns: Vec<Turn> = changes(&before, &now).iter().map(|change| change.turn).collect();
        assert_eq!(turns, turn.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn each_side_is_a_topic_of_its_own() {
        let flowtly = Standing::from([(Topic::SideFails(Side::Flowtly), Held::named(["reading"]))]);
        let crm = Standing::from([(Topic::SideFails(Side::Crm), Held::named(["reading"]))]);
        let turns: Vec<_> = changes(&flowtly, &crm).iter().map(|change| (change.topic.side(), change.turn)).collect();
        assert_eq!(turns, [(Some(Side::Flowtly), Turn::Ends), (Some(Side::Crm), Turn::Begins)]);
    }

    fn standing() -> impl Strategy<Value = Standing> {
        let topic = prop::sample::select(vec![
            Topic::Stopped,
            Topic::SideFails(Side::Crm),
            Topic::Refused,
            Topic::Conflicts,
            Topic::CredentialExpires(Side::Flowtly),
        ]);
        let names = prop::collection::btree_set(prop::sample::select(vec!["a", "b", "c"]), 0..3);
        let held = (0_u64..5, 0_i64..5, names).prop_map(|(count, newest, names)| Held {
            count,
            newest,
            names: names.into_iter().map(str::to_owned).collect(),
        });
        prop::collection::btree_map(topic, held, 0..5)
    }

    proptest! {
        #[test]
        fn what_was_told_is_not_told_again(before in standing(), now in standing()) {
            let after = told(&before, &now);
            prop_assert_eq!(changes(&after, &now), vec![]);
            prop_assert_eq!(changes(&now, &now), vec![]);
            // What ends and begins takes turns, whatever comes.
            for change in changes(&before, &now) {
                prop_assert_eq!(change.turn == Turn::Begins, !before.contains_key(&change.topic));
                prop_assert_eq!(change.turn == Turn::Ends, !now.contains_key(&change.topic));
            }
        }
    }
}
