//! Records in the order of their ids: a page anywhere costs as much as the page, and a read by id a binary search.

/// Rows by id. Ids only grow, so a new row goes to the end.
#[derive(Debug)]
pub(crate) struct Table<T> {
    ids: Vec<u64>,
    rows: Vec<Box<T>>,
    last: u64,
}

impl<T> Table<T> {
    /// An empty table whose first id is `first`.
    pub(crate) fn starting_at(first: u64) -> Self {
        Self { ids: Vec::new(), rows: Vec::new(), last: first.saturating_sub(1) }
    }

    /// The id that the next row gets; it is taken by this call.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Puts a row in. Its id has to come from [`Self::next_id`].
    pub(crate) fn insert(&mut self, id: u64, row: T) {
        let place = self.ids.partition_point(|other| *other < id);
        self.ids.insert(place, id);
        self.rows.insert(place, Box::new(row));
    }

    /// Takes a row out.
    pub(crate) fn remove(&mut self, id: u64) -> Option<T> {
        let place = self.ids.binary_search(&id).ok()?;
        self.ids.remove(place);
        Some(*self.rows.remove(place))
    }

    /// A row.
    pub(crate) fn get(&self, id: u64) -> Option<&T> {
        let place = self.ids.binary_search(&id).ok()?;
        self.rows.get(place).map(AsRef::as_ref)
    }

    /// A row, to be changed.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        let place = self.ids.binary_search(&id).ok()?;
        self.rows.get_mut(place).map(AsMut::as_mut)
    }

    /// Rows from a place on, in the order of ids.
    pub(crate) fn rows_at(&self, place: usize) -> impl Iterator<Item = (u64, &T)> {
        let ids = self.ids.get(place..).unwrap_or_default();
        let rows = self.rows.get(place..).unwrap_or_default();
        ids.iter().copied().zip(rows.iter().map(AsRef::as_ref))
    }

    /// Rows from an id on, in the order of ids.
    pub(crate) fn rows_from(&self, id: u64) -> impl Iterator<Item = (u64, &T)> {
        self.rows_at(self.ids.partition_point(|other| *other < id))
    }

    /// All rows in the order of ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.rows_at(0)
    }

    /// All ids in order.
    pub(crate) fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_ranges_follow_ids() {
        let mut table = Table::starting_at(10);
        for name in ["a", "b", "c", "d"] {
            let id = table.next_id();
            table.insert(id, name);
        }
        assert_eq!(table.remove(11), Some("b"));
        assert_eq!(table.rows_at(1).collect::<Vec<_>>(), [(12, &"c"), (13, &"d")]);
        assert_eq!(table.rows_from(11).map(|(id, _)| id).collect::<Vec<_>>(), [12, 13]);
        assert_eq!((table.get(10), table.get(11), table.len()), (Some(&"a"), None, 3));
        assert_eq!(table.next_id(), 14);
    }
}
