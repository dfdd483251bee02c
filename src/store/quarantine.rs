//! Sides that keep failing: kept in the state, so that `status` can tell and a restart does not forget.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::mark::{self, Mark};
use super::{Connection, StoreError, from_json, to_json};
use crate::domain::record::{Kind, Side};

/// What of a side fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fails {
    /// It cannot be read: no pass can be made.
    Reading,
    /// It can be read and not written: passes go on, and write what else there is.
    Writing,
}

/// How a side fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Illness {
    /// What fails.
    pub fails: Fails,
    /// What cannot be written; empty where nothing can be read, and where only new records are not taken.
    pub kinds: BTreeSet<Kind>,
    /// Of what no new records are taken, although changes may be.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub uncreated: BTreeSet<Kind>,
    /// How many times in a row.
    pub times: u32,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it is tried again.
    pub next_try: DateTime<Utc>,
    /// It refuses our credential, or is another account: asking again soon only locks it.
    pub locked: bool,
    /// What it said last.
    pub words: String,
}

impl Illness {
    /// Whether it is new records alone that it does not take.
    pub fn spares_changes(&self) -> bool {
        self.fails == Fails::Writing && self.kinds.is_empty()
    }
}

/// The sides that fail.
pub type Illnesses = BTreeMap<Side, Illness>;

/// Which sides fail, as far as the daemon knows.
pub async fn load(connection: &mut Connection) -> Result<Illnesses, StoreError> {
    let text = mark::get(connection, Mark::Quarantine).await?;
    Ok(text.map(|text| from_json("mark.quarantine", &text)).transpose()?.unwrap_or_default())
}

/// Keeps which sides fail.
pub async fn save(connection: &mut Connection, illnesses: &Illnesses) -> Result<(), StoreError> {
    if illnesses.is_empty() {
        mark::clear(connection, Mark::Quarantine).await
    } else {
        mark::set(connection, Mark::Quarantine, &to_json(illnesses)).await
    }
}

/// What is left alone for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// What is not written at all.
    pub kinds: BTreeSet<(Side, Kind)>,
    /// Of what nothing new is made.
    pub uncreated: BTreeSet<(Side, Kind)>,
}

/// What is not to be written before its time has come.
pub async fn held(connection: &mut Connection, now: DateTime<Utc>) -> Result<Held, StoreError> {
    let mut held = Held::default();
    for (side, illness) in load(connection).await? {
        if illness.fails == Fails::Writing && illness.next_try > now {
            held.kinds.extend(illness.kinds.into_iter().map(|kind| (side, kind)));
            held.uncreated.extend(illness.uncreated.into_iter().map(|kind| (side, kind)));
        }
    }
    Ok(held)
}
