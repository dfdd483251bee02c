//! How things stand after a pass.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Board;
use super::letter::Tally;
use super::topic::{Held, Standing, Topic};
use crate::domain::record::Side;
use crate::store::quarantine::{Fails, Illness, Illnesses};
use crate::store::{Store, StoreError, free_bytes, waiting};
use crate::sync::pass::{Ending, Report};
use crate::sync::{PassError, World};

/// What the daemon has people told through.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Where it is put up.
    pub board: Arc<Board>,
    /// The state, whose disk is watched.
    pub state: PathBuf,
    /// How long before its end a credential is told of.
    pub credential_within: Duration,
    /// Below how many free bytes a disk is almost full.
    pub disk_free: u64,
}

/// What of a pass's end matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The limits that refused its plan; `None` where there was none, because it failed.
    refused: Option<BTreeSet<String>>,
    done: Tally,
}

impl Ended {
    /// The end of a pass.
    pub fn of(outcome: &Result<Report, PassError>) -> Self {
        match outcome {
            Ok(report) => {
                let refused = report.refusals.iter().map(|refusal| refusal.name.as_str().to_owned()).collect();
                let was_refused = u64::from(report.ending == Ending::Refused);
                let done = Tally { passes: 1, failed: 0, refused: was_refused, written: report.written };
                Self { refused: Some(refused), done }
            }
            Err(_) => Self { refused: None, done: Tally { failed: 1, ..Tally::default() } },
        }
    }
}

impl Desk {
    /// A pass came to its end: what needs a person is put up; `unsaved`: also that no copy of the state can be made, where that is
    /// known. Waits for nobody.
    pub async fn passed(
        &self,
        store: &mut Store,
        world: &World<'_>,
        illnesses: &Illnesses,
        unsaved: Option<bool>,
        ended: Ended,
    ) -> Result<(), StoreError> {
        let before = self.board.standing();
        let now = world.clock.now();
        let mut standing = waits(store, world.ruling.documents.is_some(), now).await?;
        standing.extend(illnesses.iter().map(|(side, illness)| (Topic::SideFails(*side), failing(illness))));
        let mut unknown = BTreeSet::new();
        let refused = if let Some(names) = ended.refused {
            Some(Held::named(names)).filter(|held| !held.names.is_empty())
        } else {
            // A pass that failed says nothing of it, and a process may have seen no other one.
            unknown.insert(Topic::Refused);
            before.get(&Topic::Refused).cloned()
        };
        standing.extend(refused.map(|held| (Topic::Refused, held)));
        for side in Side::BOTH {
            let expiring = world.source(side).credential_expires().and_then(|at| self.expiring(at, now));
            standing.extend(expiring.map(|held| (Topic::CredentialExpires(side), held)));
        }
        // Where the system does not tell there is nothing to tell.
        let free = free_bytes(&self.state).unwrap_or(u64::MAX);
        if is_almost_full(free, self.disk_free, before.contains_key(&Topic::DiskAlmostFull)) {
            standing.insert(Topic::DiskAlmostFull, Held::default());
        }
        match unsaved {
            Some(false) => {}
            Some(true) => drop(standing.insert(Topic::BackupFails, Held::default())),
            None => drop(unknown.insert(Topic::BackupFails)),
        }
        self.board.post(standing, unknown, ended.done);
        Ok(())
    }

    fn expiring(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Held> {
        let within = TimeDelta::from_std(self.credential_within).unwrap_or(TimeDelta::MAX);
        (at - now <= within).then(|| Held::named([at.format("%Y-%m-%d").to_string()]))
    }
}

/// What hovers about the limit is told once: it is well again with a quarter more.
const fn is_almost_full(free: u64, limit: u64, was: bool) -> bool {
    free < limit.saturating_add(if was { limit / 4 } else { 0 })
}

async fn waits(store: &mut Store, documents: bool, now: DateTime<Utc>) -> Result<Standing, StoreError> {
    let (conflicts, questions, failures) = waiting::counts(store.connection(), documents, now).await?;
    let newest = waiting::newest(store.connection(), now).await?;
    let counted = [
        (Topic::Conflicts, conflicts, newest.0),
        (Topic::Questions, questions, newest.1),
        (Topic::Failures, failures, newest.2),
    ];
    let held = |count, newest| Held { count, newest, names: BTreeSet::new() };
    let waits = counted.into_iter().filter(|(_, count, _)| *count > 0);
    Ok(waits.map(|(topic, count, newest)| (topic, held(count, newest))).collect())
}

fn failing(illness: &Illness) -> Held {
    let what = match illness.fails {
        Fails::Reading => "reading",
        Fails::Writing if illness.spares_changes() => "making new records",
        Fails::Writing => "writing",
    };
    let refused = illness.locked.then_some("credential or account refused");
    Held::named([what].into_iter().chain(refused))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::room(1_000, 256, false, false)]
    #[case::little(255, 256, false, true)]
    #[case::exactly_enough(256, 256, false, false)]
    #[case::hovering(300, 256, true, true)]
    #[case::enough_again(320, 256, true, false)]
    #[case::not_watched(0, 0, false, false)]
    fn a_disk_is_almost_full_until_there_is_clearly_room(
        #[case] free: u64,
        #[case] limit: u64,
        #[case] was: bool,
        #[case] is: bool,
    ) {
        assert_eq!(is_almost_full(free, limit, was), is);
    }
}
