//! Properties that no record shows any more, although some had a value when it was last agreed on.
//!
//! Where replies leave out what is blank, a property that was taken away, or that we may not see any more, looks like one that
//! is blank in every record. One walk over all records tells the two apart as far as that can be done: that many records lost
//! the same value at once, and that none is left that shows it, is no work of people. Such a property is hidden like any other
//! that is missing, told in every pass, and goes on as soon as one record shows it again. A person who meant it puts a value
//! into one record: then the others are blank.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;
use tracing::{info, warn};

use super::probe::Probed;
use super::scan::{Scans, Scope};
use super::stage::{is_blank, says};
use super::{PassError, World};
use crate::connector::port::Lookup;
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::shape::{Cell, Delivered};
use crate::store::mark::{self, Mark};
use crate::store::todo::{self, Subject};
use crate::store::{Store, base, seen};

/// How many records must have lost a value for it to be nobody's work? Somebody may well empty one or two between two passes
/// that were the last of a property that hardly anybody uses; those are read by their ids, and what that says is believed.
const TOO_MANY: usize = 3;

/// How many links are looked at together.
const CHUNK: u32 = 500;

/// A property, by its side, kind and name.
pub(crate) type Place = (Side, Kind, String);

/// How often a pass has read what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Once.
    First,
    /// Again, because a property vanished or came back.
    Again,
}

/// Hides what vanished, as it hides what the systems themselves say is missing.
pub(super) async fn hide(world: World<'_>, store: &mut Store, probed: &mut Probed) -> Result<(), PassError> {
    for (side, kind, path) in known(store).await? {
        let shape = world.shape(side, kind);
        let gone = probed.missing.gone.entry((side, kind)).or_default();
        let positions = shape.paths().enumerate().filter(|(_, other)| *other == path).map(|(position, _)| position);
        if positions.filter(|position| gone.insert(*position)).count() == 0 {
            continue;
        }
        warn!(
            side.name = side.as_str(),
            kind.name = kind.as_str(),
            property = path,
            "no record shows a mapped property any more, although some had a value: its field is unknown, nothing is changed \
             because of it; if people emptied it everywhere, a value in one record makes what is empty count as emptied"
        );
        probed.missing_names.push((side, kind, path.clone()));
        probed.vanished.push((side, kind, path));
    }
    Ok(())
}

/// Looks at what the walks showed. Returns whether what is hidden has to change: then nothing may be decided from what was
/// read, and it is to be read again.
pub(super) async fn look(
    world: World<'_>,
    store: &Mutex<Store>,
    scope: &Scope<'_>,
    scans: &Scans,
    attempt: Attempt,
) -> Result<bool, PassError> {
    let mut store = store.lock().await;
    let before = known(&mut store).await?;
    let mut now = before.clone();
    for ((side, kind), scanned) in scans {
        let Some(shown) = &scanned.shown else { continue };
        let cells = &world.shape(*side, *kind).cells;
        let is_shown = |path: &str| cells.iter().zip(shown).any(|(cell, shown)| *shown && cell.path == path);
        if attempt == Attempt::First {
            // Later ones only add, so that they come to an end.
            now.retain(|(of_side, of_kind, path)| (of_side, of_kind) != (side, kind) || !is_shown(path));
        }
        if !scanned.complete {
            continue;
        }
        let hidden = scope.missing.gone.get(&(*side, *kind));
        let unshown: BTreeMap<usize, &Cell> = cells
            .iter()
            .enumerate()
            .filter(|(position, cell)| !is_shown(&cell.path) && !hidden.is_some_and(|hidden| hidden.contains(position)))
            .collect();
        let lost = lost(world, &mut store, scope, (*side, *kind), &unshown).await?;
        for (position, records) in lost {
            let Some(cell) = unshown.get(&position) else { continue };
            if records.len() >= TOO_MANY || is_shown_by_id(world, (*side, *kind), position, &records).await? {
                now.insert((*side, *kind, cell.path.clone()));
            }
        }
    }
    if now == before {
        return Ok(false);
    }
    let changed = now.symmetric_difference(&before).count();
    info!(properties = changed, "{changed} properties vanished or came back: what is there is read again");
    let places: Vec<&Place> = now.iter().collect();
    mark::set(store.connection(), Mark::Vanished, &crate::store::to_json(&places)).await?;
    Ok(true)
}

async fn known(store: &mut Store) -> Result<BTreeSet<Place>, PassError> {
    let Some(text) = mark::get(store.connection(), Mark::Vanished).await? else { return Ok(BTreeSet::new()) };
    let places: Vec<Place> = crate::store::from_json("mark.vanished", &text)?;
    Ok(places.into_iter().collect())
}

/// Of properties that a walk did not show, records that are due, were agreed to have a value, and read as blank now: some of
/// them, by position. What a walk found different is due, and what was agreed on outlasts what is seen, so that neither a pass
/// that was refused nor one that died hides anything from this.
async fn lost(
    world: World<'_>,
    store: &mut Store,
    scope: &Scope<'_>,
    (side, kind): (Side, Kind),
    unshown: &BTreeMap<usize, &Cell>,
) -> Result<BTreeMap<usize, BTreeSet<RemoteId>>, PassError> {
    let shape = world.shape(side, kind);
    let mut lost: BTreeMap<usize, BTreeSet<RemoteId>> = BTreeMap::new();
    let is_enough = |lost: &BTreeMap<usize, BTreeSet<RemoteId>>| {
        unshown.keys().all(|position| lost.get(position).is_some_and(|records| records.len() >= TOO_MANY))
    };
    let mut after = 0;
    while !is_enough(&lost) {
        let rows = todo::due(store.connection(), kind, scope.due, after, CHUNK).await?;
        let Some(end) = rows.last() else { break };
        after = end.id;
        let links: Vec<LinkId> =
            rows.iter().filter_map(|row| if let Subject::Link(id) = row.subject { Some(id) } else { None }).collect();
        if links.is_empty() {
            continue;
        }
        let bases = base::load(store.connection(), &links).await?;
        for half in seen::by_link(store.connection(), &world.ruling.locale, &links).await? {
            let Some(bases) = half.link.and_then(|link| bases.get(&(link, side))) else { continue };
            if half.record.side != side || half.gone {
                continue;
            }
            for (position, cell) in unshown {
                let agreed = bases.get(&cell.field).filter(|entry| base::key(shape, cell.field) == Some(entry.key));
                let had = agreed.and_then(|entry| entry.text.as_ref()).is_some_and(|text| says(text, cell));
                if had && is_blank(&half.record, cell) {
                    lost.entry(*position).or_default().insert(half.record.id.clone());
                }
            }
        }
    }
    Ok(lost)
}

/// Whether one of these few shows by its id what the list shows of none: then it is the list that hides it.
async fn is_shown_by_id(
    world: World<'_>,
    (side, kind): (Side, Kind),
    position: usize,
    records: &BTreeSet<RemoteId>,
) -> Result<bool, PassError> {
    let ids: Vec<RemoteId> = records.iter().cloned().collect();
    let answers = world.look_up(side, kind, &ids).await?;
    Ok(answers.iter().any(|answer| match answer {
        Lookup::Found(row) => matches!(row.texts.get(position), Some(Delivered::Text(_))),
        Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_) => false,
    }))
}
