//! What is known before and after a scan: how far each side was read, what it had, what a walk proves, and whether the state
//! has proved itself.

use std::collections::{BTreeMap, BTreeSet};

use tracing::warn;

use super::gone::Missing;
use super::probe::Probed;
use super::scan::Scans;
use super::{PassError, World};
use crate::connector::port::Extent;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::{FEW, Uneven};
use crate::store::mark::Mark;
use crate::store::{Store, StoreError, intent, link, mark, pass, seen};

/// How many stored ids are looked up together.
const IDS: usize = 500;

/// A property that went missing or came back changes how everything is judged.
pub(super) fn missing_word(probed: &Probed) -> String {
    let words: Vec<String> = probed
        .missing_names
        .iter()
        .map(|(side, kind, path)| format!(" {}.{}.{path}", side.as_str(), kind.as_str()))
        .collect();
    words.concat()
}

/// Sides and kinds of which other properties are missing than before: what was read meanwhile was read without them, and no
/// question for changes would show it again.
pub(super) fn shown_otherwise(former: &str, ruling: &str) -> Vec<(Side, Kind)> {
    let keys = Side::BOTH.into_iter().flat_map(|side| Kind::BOTH.into_iter().map(move |kind| (side, kind)));
    let missing = |ruling: &str, (side, kind): (Side, Kind)| {
        let prefix = format!("{}.{}.", side.as_str(), kind.as_str());
        ruling.split(' ').skip(1).filter(|word| word.starts_with(&prefix)).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    keys.filter(|key| missing(former, *key) != missing(ruling, *key)).collect()
}

/// From now on nothing is known of what is there, until it was walked whole.
pub(super) async fn forget_whole(store: &mut Store, (side, kind): (Side, Kind)) -> Result<(), PassError> {
    let cursor = pass::cursor(store.connection(), side, kind).await?;
    pass::set_cursor(store.connection(), side, kind, &pass::Cursor { whole_shape: None, ..cursor }).await?;
    Ok(())
}

/// How much each walk shows: what changed, where the system can tell and the cursor is unbroken; else everything.
pub(super) async fn extents(
    world: World<'_>,
    store: &mut Store,
    complete: bool,
) -> Result<BTreeMap<(Side, Kind), Extent>, PassError> {
    let mut extents = BTreeMap::new();
    for side in Side::BOTH {
        for kind in Kind::BOTH {
            let cursor = pass::cursor(store.connection(), side, kind).await?;
            let can = world.source(side).capabilities().of(kind).changed_since;
            let unbroken = cursor.whole_shape == Some(world.shape(side, kind).key());
            let extent = match cursor.since {
                Some(since) if can && unbroken && !complete => Extent::Since(since),
                Some(_) | None => Extent::Complete,
            };
            extents.insert((side, kind), extent);
        }
    }
    Ok(extents)
}

pub(super) async fn first_walks(world: World<'_>, store: &mut Store) -> Result<BTreeSet<(Side, Kind)>, PassError> {
    let mut first = BTreeSet::new();
    for side in Side::BOTH {
        for kind in Kind::BOTH {
            let cursor = pass::cursor(store.connection(), side, kind).await?;
            if cursor.whole_shape != Some(world.shape(side, kind).key()) {
                first.insert((side, kind));
            }
        }
    }
    Ok(first)
}

/// Where it is known what is there: walked whole now, or before under the same mapping and followed since.
pub(super) async fn whole(
    world: World<'_>,
    store: &mut Store,
    scans: &Scans,
) -> Result<BTreeSet<(Side, Kind)>, PassError> {
    let mut whole = BTreeSet::new();
    for ((side, kind), scanned) in scans {
        let cursor = pass::cursor(store.connection(), *side, *kind).await?;
        let before = cursor.whole_shape == Some(world.shape(*side, *kind).key());
        if scanned.consistent && (scanned.complete || before) {
            whole.insert((*side, *kind));
        }
    }
    Ok(whole)
}

/// What each side had before this pass.
pub(super) async fn known(store: &mut Store) -> Result<BTreeMap<(Side, Kind), u64>, StoreError> {
    let mut known = BTreeMap::new();
    for side in Side::BOTH {
        for kind in Kind::BOTH {
            known.insert((side, kind), seen::count(store.connection(), side, kind).await?);
        }
    }
    Ok(known)
}

/// How many records were found gone by passes that were not accepted, or did not end.
pub(super) async fn gone_unaccepted(store: &mut Store) -> Result<BTreeMap<(Side, Kind), u64>, StoreError> {
    let Some(text) = mark::get(store.connection(), Mark::Gone).await? else { return Ok(BTreeMap::new()) };
    let accepted: Vec<(Side, Kind, u64)> = crate::store::from_json("mark.gone", &text)?;
    let accepted: BTreeMap<(Side, Kind), u64> =
        accepted.into_iter().map(|(side, kind, count)| ((side, kind), count)).collect();
    let now = seen::gone(store.connection()).await?;
    Ok(now
        .into_iter()
        .map(|(side, kind, count)| {
            ((side, kind), count.saturating_sub(accepted.get(&(side, kind)).copied().unwrap_or(0)))
        })
        .collect())
}

/// What each complete walk showed of what was known; `None` where it could not be told. A walk that was not whole counts
/// too: what it and its repeats showed together is there.
pub(super) fn listed(
    before: &BTreeMap<(Side, Kind), u64>,
    scans: &Scans,
    missing: &Missing,
) -> BTreeMap<(Side, Kind), Option<u64>> {
    let complete = scans.iter().filter(|(_, scanned)| scanned.complete);
    complete
        .map(|(key, _)| {
            let known = before.get(key).copied().unwrap_or(0);
            (*key, missing.not_shown.get(key).map(|not_shown| known.saturating_sub(*not_shown)))
        })
        .collect()
}

/// A few of the records that are missing: those that the walk did not show, and those that earlier passes found gone and nobody
/// accepted.
pub(super) async fn missing_ids(
    store: &mut Store,
    missing: &Missing,
    unaccepted: &BTreeMap<(Side, Kind), u64>,
) -> Result<BTreeMap<(Side, Kind), Vec<RemoteId>>, StoreError> {
    let mut ids = missing.not_shown_ids.clone();
    for ((side, kind), _) in unaccepted.iter().filter(|(_, count)| **count > 0) {
        let known = ids.entry((*side, *kind)).or_default();
        for id in seen::gone_ids(store.connection(), *side, *kind, FEW).await? {
            if known.len() < FEW && !known.contains(&id) {
                known.push(id);
            }
        }
    }
    Ok(ids)
}

/// Complete walks that were not whole after their repeats.
pub(super) fn not_whole(scans: &Scans) -> BTreeMap<(Side, Kind), Uneven> {
    let uneven = scans.iter().filter(|(_, scanned)| scanned.complete && !scanned.consistent);
    uneven.map(|(key, scanned)| (*key, scanned.told)).collect()
}

/// A stored id of our organisation that this state has no link for: another state wrote it. The state is foreign.
pub(super) async fn note_foreign_ids(store: &mut Store, organisation: &str, scans: &Scans) -> Result<(), PassError> {
    if organisation.is_empty() {
        return Ok(());
    }
    let prefix = format!("{organisation}/");
    let ids: BTreeSet<RemoteId> = scans
        .values()
        .flat_map(|scanned| &scanned.stored_ids)
        .filter_map(|text| text.strip_prefix(&prefix))
        .map(RemoteId::new)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let open: BTreeSet<String> =
        intent::open(store.connection()).await?.into_iter().filter_map(|intent| intent.body.stored_id).collect();
    let texts: Vec<&str> = ids.iter().map(RemoteId::as_str).collect();
    let mut foreign = 0;
    for texts in texts.chunks(IDS) {
        let links = link::by_remote_id(store.connection(), Kind::Company, Side::Flowtly, texts).await?;
        let mut known: BTreeSet<RemoteId> = links.into_iter().map(|link| link.flowtly_id).collect();
        // Of a client that went, whose company is another one's now and does not carry that one's id yet.
        known.extend(seen::gone_among(store.connection(), Side::Flowtly, Kind::Company, texts).await?);
        let is_ours = |id: &str| known.contains(&RemoteId::new(id)) || open.contains(&format!("{prefix}{id}"));
        foreign += texts.iter().filter(|id| !is_ours(id)).count();
    }
    if foreign > 0 {
        warn!(
            records = foreign,
            "{foreign} CRM records carry a Flowtly id that this state never wrote: it is treated as restored or foreign"
        );
        mark::set(store.connection(), Mark::Adoption, mark::FOREIGN).await?;
    }
    Ok(())
}
