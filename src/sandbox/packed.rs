//! A record's texts in two allocations: a hundred thousand firms fit into a few dozen megabytes.

/// A sparse map from a small number (a property's place in its schema) to a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Key and end of its text, ordered by key.
    ends: Box<[(u16, u32)]>,
    text: Box<str>,
}

impl Packed {
    /// The text of a key.
    pub(crate) fn get(&self, key: u16) -> Option<&str> {
        let place = self.ends.binary_search_by_key(&key, |(candidate, _)| *candidate).ok()?;
        self.at(place).map(|(_, text)| text)
    }

    /// All keys and texts, ordered by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |(key, end)| {
            let text = self.text.get(start..*end as usize).unwrap_or_default();
            start = *end as usize;
            (*key, text)
        })
    }

    /// Sets or, with `None`, removes a text.
    pub(crate) fn set(&mut self, key: u16, text: Option<&str>) {
        let mut pairs: Vec<(u16, &str)> = self.iter().filter(|(other, _)| *other != key).collect();
        if let Some(text) = text {
            let place = pairs.partition_point(|(other, _)| *other < key);
            pairs.insert(place, (key, text));
        }
        *self = Self::of_sorted(&pairs);
    }

    /// From pairs in any order; of two with one key the last one stays.
    pub(crate) fn of(mut pairs: Vec<(u16, &str)>) -> Self {
        pairs.reverse();
        pairs.sort_by_key(|(key, _)| *key);
        pairs.dedup_by_key(|(key, _)| *key);
        Self::of_sorted(&pairs)
    }

    fn of_sorted(pairs: &[(u16, &str)]) -> Self {
        let mut text = String::with_capacity(pairs.iter().map(|(_, text)| text.len()).sum());
        let mut ends = Vec::with_capacity(pairs.len());
        for (key, part) in pairs {
            text.push_str(part);
            ends.push((*key, u32::try_from(text.len()).unwrap_or(u32::MAX)));
        }
        Self { ends: ends.into_boxed_slice(), text: text.into_boxed_str() }
    }

    fn at(&self, place: usize) -> Option<(u16, &str)> {
        let (key, end) = *self.ends.get(place)?;
        let start = match place.checked_sub(1) {
            Some(before) => self.ends.get(before)?.1,
            None => 0,
        };
        Some((key, self.text.get(start as usize..end as usize)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_put_in() {
        let mut packed = Packed::of(vec![(7, "seven"), (2, ""), (3, "Łódź"), (7, "sieben")]);
        assert_eq!(packed.iter().collect::<Vec<_>>(), [(2, ""), (3, "Łódź"), (7, "sieben")]);
        packed.set(3, None);
        packed.set(5, Some("five"));
        packed.set(2, Some("two"));
        assert_eq!(packed.iter().collect::<Vec<_>>(), [(2, "two"), (5, "five"), (7, "sieben")]);
        assert_eq!((packed.get(5), packed.get(3)), (Some("five"), None));
    }
}
