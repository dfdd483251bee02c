//! A firm whose people are watched.

use std::time::Duration;

use super::super::super::evidence::Evidence;
use super::super::super::journal::Journal;
use super::super::super::rules::Rules;
use super::super::is_clean;
use crate::firm::{Firm, vat};
use crate::life::{Extent, Lived, live};
use crate::steps::Steps;

/// So many passes without a write are rest: one may have only looked, and left the rest to the next.
const QUIET: usize = 3;

/// A firm under observation.
pub struct Watched {
    pub firm: Firm,
    pub journal: Journal,
}

impl Watched {
    pub fn new(firm: Firm) -> Self {
        Self { journal: Journal::begin(&firm), firm }
    }

    /// A linked, settled pair with a contact, typed by people from the start.
    pub async fn alfa(firm: Firm) -> (Self, u64, u64) {
        let watched = Self::new(firm);
        let (client, company) = watched.journal.act(|| {
            let firm = &watched.firm;
            let client = firm.client("Alfa", Some(&vat(1)));
            firm.person(client, "Jan Kowalski", "jan@alfa.pl");
            (client, firm.company("Alfa", Some(&vat(1))))
        });
        watched.rest().await;
        (watched, client, company)
    }

    pub fn act<R>(&self, deed: impl FnOnce(&Firm) -> R) -> R {
        self.journal.act(|| deed(&self.firm))
    }

    pub async fn pass(&self) {
        let lived = live(&self.firm, Extent::Complete, &Steps::default()).await;
        assert!(matches!(lived, Lived::Ended(..)), "{lived:?}");
        self.journal.lap();
    }

    /// Passes until nothing is written, as the daemon makes them.
    pub async fn rest(&self) {
        for _ in 0..12 {
            self.firm.clock.advance(Duration::from_hours(2));
            self.pass().await;
            let laps = self.journal.laps();
            if laps.len() >= QUIET && laps.iter().rev().take(QUIET).all(|lap| lap.writes == 0 && lap.deeds == 0) {
                return;
            }
        }
        panic!("it does not come to rest: {:?}", self.journal.laps());
    }

    pub async fn evidence(&self) -> Evidence {
        Evidence::of(&self.firm, &self.journal, Rules::configured(&self.firm)).await
    }

    pub async fn is_clean(&self) -> Result<(), String> {
        is_clean(&self.evidence().await)
    }
}
