//! Invents firms and puts them into the servers: the same ones for the same seed.
//!
//! A [`World`] is only a recipe; each [`Firm`] is made when it is asked for, so that a hundred thousand of them cost
//! no memory. [`World::fill`] spreads them over both systems as life does, [`World::fill_agreed`] puts all of them into
//! both in agreement, with stored ids, for the benchmark.

mod lands;
mod numbers;
mod firm;
mod fill;
mod mess;

use std::ops::Range;

pub use fill::{Filled, Spread};
pub use firm::{Firm, Person, Phone};
pub use numbers::TaxNumber;

/// How orderly the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Both sides differ only in what rules decide: one is blank, or the same thing is spelt otherwise.
    Plain,
    /// Also twins, namesakes, placeholders, missing values, contacts without e-mail, conflicting telephones.
    Messy,
}

/// A recipe for firms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    companies: u64,
    seed: u64,
    flavour: Flavour,
    contacts: Range<usize>,
}

impl World {
    /// So many firms with one to three contacts each.
    pub fn generate(companies: usize, seed: u64, flavour: Flavour) -> Self {
        Self { companies: companies as u64, seed, flavour, contacts: 1..4 }
    }

    /// The same with another number of contacts a firm.
    #[must_use]
    pub fn contacts_per_company(mut self, contacts: Range<usize>) -> Self {
        self.contacts = contacts;
        self
    }

    /// How many firms there are (twins and namesakes of [`Flavour::Messy`] come on top).
    pub fn len(&self) -> u64 {
        self.companies
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.companies == 0
    }

    /// The firm of a number; the numbers go from 0 to [`Self::len`].
    pub fn firm(&self, number: u64) -> Firm {
        Firm::invent(self.seed, number, &self.contacts)
    }

    /// All firms in order, one at a time.
    pub fn firms(&self) -> impl Iterator<Item = Firm> {
        (0..self.companies).map(|number| self.firm(number))
    }
}
