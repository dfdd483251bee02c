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
    /// What cannot be written; empty where nothing can be read.
    pub kinds: BTreeSet<Kind>,
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

/// What is not to be written before its time has come.
pub async fn held(connection: &mut Connection, now: DateTime<Utc>) -> Result<BTreeSet<(Side, Kind)>, StoreError> {
    let illnesses = load(connection).await?;
    let is_held = |illness: &Illness| illness.fails == Fails::Writing && illness.next_try > now;
    let held = illnesses.iter().filter(|(_, illness)| is_held(illness));
    Ok(held.flat_map(|(side, illness)| illness.kinds.iter().map(|kind| (*side, *kind))).collect())
}
