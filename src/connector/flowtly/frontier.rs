//! Where a walk ended, and what a list has shown: small enough to be kept, exact enough to see what appeared since.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::connector::port::Frontier;
use crate::domain::record::RemoteId;

/// How many of the highest ids are remembered? A record whose number was given early and that was saved late shows up
/// below the highest one.
const TAIL: usize = 128;

/// The mark of where a walk ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The last page that held records: an absolute path with its query.
    pub(super) last: String,
    /// Whether the list went by ascending number, so that what is new stands at its end.
    pub(super) ascending: bool,
    /// Below this, ids are old; those of the tail are known.
    floor: Option<u64>,
    tail: BTreeSet<u64>,
}

impl Mark {
    /// Reads a mark; `None` if it is none of ours.
    pub(super) fn read(frontier: &Frontier) -> Option<Self> {
        serde_json::from_str(&frontier.0).ok()
    }

    /// Writes it.
    pub(super) fn write(&self) -> Frontier {
        // Strings, numbers and a list: always JSON.
        Frontier(serde_json::to_string(self).unwrap_or_default())
    }

    /// What was told as new is known from now on.
    pub(super) fn take_in<'a>(&mut self, ids: impl Iterator<Item = &'a RemoteId>) {
        self.tail.extend(ids.filter_map(RemoteId::as_number));
    }

    /// Whether a record may have appeared since.
    pub(super) fn is_new(&self, id: &RemoteId) -> bool {
        id.as_number().is_none_or(|number| !self.is_old(number) && !self.tail.contains(&number))
    }

    /// Whether a page reaches back behind everything that is remembered.
    pub(super) fn reaches_back(&self, ids: &[RemoteId]) -> bool {
        ids.iter().filter_map(RemoteId::as_number).any(|number| self.is_old(number))
    }

    fn is_old(&self, number: u64) -> bool {
        self.floor.is_some_and(|floor| number < floor)
    }
}

/// The ids that a walk met: numbers as bits, so that a hundred thousand of them stay small.
#[derive(Debug, Default)]
pub(super) struct Met {
    bits: HashMap<u64, u64>,
    others: HashSet<RemoteId>,
    count: u64,
}

impl Met {
    /// Adds an id; false if it was met before.
    pub(super) fn insert(&mut self, id: &RemoteId) -> bool {
        let fresh = match id.as_number() {
            Some(number) => {
                let word = self.bits.entry(number >> 6).or_default();
                let bit = 1 << (number & 63);
                let fresh = *word & bit == 0;
                *word |= bit;
                fresh
            }
            None => self.others.insert(id.clone()),
        };
        self.count += u64::from(fresh);
        fresh
    }

    /// Distinct ids so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }
}

/// Watches the order of a walk's records, and keeps the highest numbers.
#[derive(Debug)]
pub(super) struct Tail {
    ascending: bool,
    previous: Option<u64>,
    highest: BTreeSet<u64>,
    dropped: bool,
}

impl Tail {
    pub(super) fn new() -> Self {
        Self { ascending: true, previous: None, highest: BTreeSet::new(), dropped: false }
    }

    pub(super) fn push(&mut self, id: &RemoteId) {
        let Some(number) = id.as_number() else {
            self.ascending = false;
            return;
        };
        self.ascending &= self.previous.is_none_or(|previous| previous < number);
        self.previous = Some(number);
        self.highest.insert(number);
        if self.highest.len() > TAIL {
            self.highest.pop_first();
            self.dropped = true;
        }
    }

    /// The mark of a walk whose last page with records was `last`.
    pub(super) fn mark(&self, last: String) -> Mark {
        let floor = self.highest.first().copied().filter(|_| self.dropped);
        Mark { last, ascending: self.ascending, floor, tail: self.highest.clone() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u64) -> RemoteId {
        RemoteId::new(number.to_string())
    }

    fn walked(ids: impl IntoIterator<Item = u64>) -> Mark {
        let mut tail = Tail::new();
        for number in ids {
            tail.push(&id(number));
        }
        Mark::read(&tail.mark("/clients?page=9".to_owned()).write()).unwrap()
    }

    #[test]
    fn a_record_that_was_saved_late_is_new_although_its_number_is_not_the_highest() {
        let mark = walked((1..=999).chain([1001]));
        assert!(mark.ascending && mark.is_new(&id(1000)) && mark.is_new(&id(1002)));
        assert!(!mark.is_new(&id(1001)) && !mark.is_new(&id(1)));
        assert!(mark.reaches_back(&[id(500)]) && !mark.reaches_back(&[id(1001)]));
    }

    #[test]
    fn another_order_is_noticed_and_ids_that_are_no_numbers_are_always_new() {
        assert!(!walked([3, 1, 2]).ascending);
        assert!(walked([1]).is_new(&RemoteId::new("x")));
        assert!(walked([]).is_new(&id(1)) && walked([]).ascending);
    }

    proptest! {
        #[test]
        fn nothing_that_was_walked_is_new(ids in prop::collection::vec(0_u64..2_000, 0..400)) {
            let mark = walked(ids.clone());
            for number in ids {
                prop_assert!(!mark.is_new(&id(number)));
            }
        }

        #[test]
        fn distinct_ids_are_counted(ids in prop::collection::vec(0_u64..500, 0..300)) {
            let mut met = Met::default();
            for number in &ids {
                met.insert(&id(*number));
            }
            met.insert(&RemoteId::new("x"));
            met.insert(&RemoteId::new("x"));
            let distinct: BTreeSet<_> = ids.iter().collect();
            prop_assert_eq!(met.count(), u64::try_from(distinct.len()).unwrap() + 1);
        }
    }
}
