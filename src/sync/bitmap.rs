//! A set of row numbers, one bit each: what a pass met.

use crate::store::seen::SeenId;

/// A growing set of small numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bitmap {
    words: Vec<u64>,
    count: u64,
}

impl Bitmap {
    /// Adds a row; says whether it was new.
    pub(crate) fn insert(&mut self, id: SeenId) -> bool {
        let (word, bit) = position(id);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let new = *word & bit == 0;
        *word |= bit;
        self.count += u64::from(new);
        new
    }

    /// Whether a row is in it.
    pub(crate) fn contains(&self, id: SeenId) -> bool {
        let (word, bit) = position(id);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Adds all rows of another.
    pub(crate) fn join(&mut self, other: &Self) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, theirs) in self.words.iter_mut().zip(&other.words) {
            *word |= theirs;
        }
        self.count = self.words.iter().map(|word| u64::from(word.count_ones())).sum();
    }

    /// How many rows are in it.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }
}

fn position(id: SeenId) -> (usize, u64) {
    let number = u64::try_from(id.0).unwrap_or(0);
    (usize::try_from(number / 64).unwrap_or(usize::MAX - 1), 1 << (number % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_in_and_nothing_else() {
        let mut map = Bitmap::default();
        for id in [0, 1, 63, 64, 1_000] {
            assert!(map.insert(SeenId(id)));
            assert!(!map.insert(SeenId(id)));
        }
        assert_eq!(map.count(), 5);
        for id in [2, 62, 65, 999, 100_000] {
            assert!(!map.contains(SeenId(id)));
        }
        assert!(map.contains(SeenId(64)));
    }
}
