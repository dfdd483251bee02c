//! A side that does not let documents be read or shown at all (a scope is missing, a path is wrong) is asked ever more
//! seldom: nothing else suffers from it, and a refused credential is not hammered.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::connector::error::{ErrorKind, PortError};
use crate::store::mark::Mark;
use crate::store::{Store, StoreError, from_json, mark, to_json};
use crate::sync::apply::REFUSAL_GAPS;

/// Why documents are left alone, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hold {
    /// How often in a row.
    times: u32,
    /// Until when.
    pub(crate) until: DateTime<Utc>,
    /// Why, in the side's own words.
    pub(crate) words: String,
}

/// What holds documents back, if anything does; also when its time has come.
pub(crate) async fn load(store: &mut Store) -> Result<Option<Hold>, StoreError> {
    let text = mark::get(store.connection(), Mark::Documents).await?;
    text.map(|text| from_json("mark.documents", &text)).transpose()
}

/// Holds documents back, longer than the last time.
pub(crate) async fn put(store: &mut Store, now: DateTime<Utc>, words: &str) -> Result<(), StoreError> {
    let times = load(store).await?.map_or(0, |hold| hold.times);
    let place = usize::try_from(times).unwrap_or(usize::MAX).min(REFUSAL_GAPS.len() - 1);
    let gap = REFUSAL_GAPS.get(place).copied().unwrap_or(TimeDelta::days(7));
    let hold = Hold { times: times.saturating_add(1), until: now + gap, words: words.to_owned() };
    mark::set(store.connection(), Mark::Documents, &to_json(&hold)).await
}

/// Documents can be read, or shown, again.
pub(crate) async fn clear(store: &mut Store) -> Result<(), StoreError> {
    mark::clear(store.connection(), Mark::Documents).await
}

/// Whether a failure is of a sort that does not pass by itself within minutes.
pub(crate) const fn lasts(error: &PortError) -> bool {
    match error.kind {
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Setting | ErrorKind::Protocol => true,
        ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::RateLimited
        | ErrorKind::Quota
        | ErrorKind::Unavailable
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::Conflict
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => false,
    }
}
