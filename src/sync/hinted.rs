//! What hints name is read by id, through the same stage as what a walk delivers.
//!
//! A record that reads as it was seen is left alone. One that differs is due from then on, as if a walk had found it; one that
//! is gone, goes on under another id, or cannot be read now, is made due, so that the step that reads what is missing believes it
//! on its own terms.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;
use tracing::{info, warn};

use super::apart::each;
use super::scan::{Scans, Scope};
use super::stage::take_in;
use super::{PassError, World, on};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Lookup;
use crate::domain::hint::Hint;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::store::seen::{self, Seen};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Store, StoreError};

/// How many ids are looked up in the state together.
const CHUNK: usize = 500;

/// Reads what hints name. Returns whether one of them names a record that only a walk can find.
pub(crate) async fn read_hinted(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    scans: &mut Scans,
    hints: &BTreeSet<Hint>,
) -> Result<bool, PassError> {
    let mut unknown = false;
    for side in Side::BOTH {
        // Those that may be of either kind are here twice, and known where one of the two is.
        let (mut unsure, mut met_unsure) = (BTreeSet::new(), BTreeSet::new());
        for kind in Kind::BOTH {
            let of_place: BTreeMap<&RemoteId, bool> = hints
                .iter()
                .filter(|hint| (hint.side, hint.kind) == (side, kind))
                .map(|hint| (&hint.id, hint.sure))
                .collect();
            for chunk in of_place.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
                let known = known(world, store, side, kind, chunk).await?;
                let met: BTreeSet<&RemoteId> = known.iter().map(|row| &row.record.id).collect();
                let is_known = |id: &RemoteId| met.contains(id);
                for (id, sure) in chunk {
                    match (*sure, is_known(id)) {
                        (true, false) => unknown = true,
                        (false, false) => _ = unsure.insert((*id).clone()),
                        (false, true) => _ = met_unsure.insert((*id).clone()),
                        (true, true) => {}
                    }
                }
                let ids: Vec<RemoteId> =
                    chunk.iter().filter(|(id, sure)| *sure || is_known(id)).map(|(id, _)| (*id).clone()).collect();
                let batch = world.source(side).capabilities().of(kind).read_batch.max(1) * 4;
                for ids in ids.chunks(batch) {
                    read(world, store, scope, scans, side, kind, ids, &known).await?;
                    world.progress.looked();
                }
            }
        }
        // Of which kind a stranger is, is for the walk to say.
        unknown |= !unsure.is_subset(&met_unsure);
    }
    Ok(unknown)
}

async fn known(
    world: World<'_>,
    store: &Mutex<Store>,
    side: Side,
    kind: Kind,
    chunk: &[(&RemoteId, bool)],
) -> Result<Vec<Seen>, PassError> {
    let ids: Vec<&str> = chunk.iter().map(|(id, _)| id.as_str()).collect();
    let mut store = store.lock().await;
    Ok(seen::by_remote_id(store.connection(), &world.ruling.locale, side, kind, &ids).await?)
}

#[expect(clippy::too_many_arguments, reason = "a step of one loop, split off for reading")]
async fn read(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    scans: &mut Scans,
    side: Side,
    kind: Kind,
    ids: &[RemoteId],
    known: &[Seen],
) -> Result<(), PassError> {
    let answers = match each(world, side, kind, ids, &mut 0).await {
        Ok(answers) => answers,
        // Somebody hinted at what is no id of this system, or may not be read: no reason to fail the pass.
        Err(error) if is_about_the_ids(&error) => {
            let told = error.unquoted();
            warn!(side.name = side.as_str(), kind.name = kind.as_str(), "hinted records cannot be read: {told}");
            return Ok(());
        }
        Err(error) => return Err(on(side)(error)),
    };
    let mut rows = Vec::new();
    let mut elsewhere = BTreeSet::new();
    for (id, answer) in ids.iter().zip(answers) {
        match answer {
            Ok(Lookup::Found(row)) => rows.push(*row),
            // The next walk shows what its list shows of it.
            Ok(Lookup::Closed(_)) => {}
            Ok(Lookup::Gone | Lookup::MergedInto(_)) | Err(_) => {
                elsewhere.insert(id);
            }
        }
    }
    let subjects: Vec<Subject> = known
        .iter()
        .filter(|row| !row.gone && elsewhere.contains(&row.record.id))
        .map(|row| row.link.map_or(Subject::Seen(row.id), Subject::Link))
        .collect();
    let read = rows.len();
    let mut store = store.lock().await;
    let mut transaction = store.begin().await?;
    let staged = take_in(&mut transaction, scope.stage(world, side, kind), rows).await?;
    todo::arm(&mut transaction, kind, &subjects, Why::Hint, Some(scope.due)).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    info!(
        side.name = side.as_str(),
        kind.name = kind.as_str(),
        hints.read = read,
        hints.differing = staged.differing,
        hints.elsewhere = subjects.len(),
        "read {read} hinted records, {} differ",
        staged.differing
    );
    if let Some(scanned) = scans.get_mut(&(side, kind)) {
        scanned.took_in(staged);
    }
    Ok(())
}

/// Whether it is the fault of what was asked for, and of nothing else.
fn is_about_the_ids(error: &PortError) -> bool {
    match error.kind {
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Setting => true,
        ErrorKind::RateLimited
        | ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::Quota
        | ErrorKind::Unavailable
        | ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::Conflict
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => false,
    }
}
