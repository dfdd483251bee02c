//! What a list shows of records that were read by id or written a moment ago may be older than what is known of them.
//!
//! A list may lag behind for as long as its connector declares. When a record was read by id, or written, within that time,
//! what a list shows differently is not believed: it is read by id, and what that says counts. Else the value from before
//! would look like an edit, and travel back.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::stage::Stage;
use super::{PassError, World};
use crate::connector::port::Lookup;
use crate::domain::record::{RemoteId, Side};
use crate::domain::shape::Row;
use crate::store::{Store, intent, pass};

/// The sides whose lists may show what was before the last reads by id and writes. To be asked before this pass reads.
pub(crate) async fn restless(
    world: World<'_>,
    store: &mut Store,
    started: DateTime<Utc>,
) -> Result<BTreeSet<Side>, PassError> {
    // The newest pass is the one that asks.
    let before = pass::last(store.connection(), 2).await?.into_iter().nth(1);
    let Some(before) = before else { return Ok(BTreeSet::new()) };
    // The recovery of an open write reads by id before the lists are read.
    let recovers = !intent::open(store.connection()).await?.is_empty();
    Ok(Side::BOTH
        .into_iter()
        .filter(|side| {
            let lag = TimeDelta::from_std(world.source(*side).capabilities().list_lag).unwrap_or(TimeDelta::hours(1));
            // When a pass that was interrupted did its last, nobody knows.
            let is_recent = before.ended.is_none_or(|ended| ended + lag >= started);
            lag > TimeDelta::zero() && (recovers || is_recent)
        })
        .collect())
}

/// What records say by id that a list showed differently, as `listed`. Those that answer otherwise are left out: a whole walk
/// asks for them again, and the ids of those that go on under another are told. Of what may not be read by its id, what the
/// list shows is all there is.
pub(crate) async fn read_again(to: Stage<'_>, listed: Vec<Row>) -> Result<(Vec<Row>, Vec<RemoteId>), PassError> {
    let (mut rows, mut absorbed) = (Vec::new(), Vec::new());
    if listed.is_empty() {
        return Ok((rows, absorbed));
    }
    let ids: Vec<RemoteId> = listed.iter().map(|row| row.id.clone()).collect();
    let answers = to.world.look_up(to.side, to.kind, &ids).await?;
    for (listed, answer) in listed.into_iter().zip(answers) {
        match answer {
            Lookup::Found(row) => rows.push(*row),
            Lookup::Gone => {}
            Lookup::MergedInto(_) => absorbed.push(listed.id),
            Lookup::Closed(_) => rows.push(listed),
        }
    }
    Ok((rows, absorbed))
}
