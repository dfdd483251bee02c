//! A linked pair as it is stored, ready to be planned or assessed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sha2::{Digest, Sha256};

use super::{OUTSIDE, parent_text};
use crate::connector::port::KindCapabilities;
use crate::domain::field::Field;
use crate::domain::plan::{Asks, Change, LinkId, Question};
use crate::domain::planner::{Context, Decision, Manners, Pair, PairHalf};
use crate::domain::record::{Kind, Record, RemoteId, Side};
use crate::domain::shape::first_eight;
use crate::domain::value::{Locale, Reading};
use crate::store::link::{Link, LinkState};
use crate::store::seen::{Seen, SeenId};
use crate::store::{Connection, StoreError, base, history, link, seen, waiting};
use crate::sync::World;
use crate::sync::answered::confirmed;

/// Within this time a value that goes to and fro is stopped.
const ALTERNATES_WITHIN: chrono::TimeDelta = chrono::TimeDelta::hours(24);

/// A linked pair as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredPair {
    /// The link.
    pub(crate) link: Link,
    /// Flowtly's half.
    pub(crate) flowtly: Seen,
    /// The CRM's half.
    pub(crate) crm: Seen,
    /// The planner's view of both.
    pub(crate) pair: Pair,
    /// Flowtly's contact came to a company of which its person in the CRM is a contact already, under another link.
    pub(crate) doubles: bool,
}

/// The manners of both sides for a kind.
pub(crate) struct BothManners {
    flowtly: Manners,
    crm: Manners,
}

impl BothManners {
    /// Asks both sources.
    pub(crate) fn of(world: World<'_>, kind: Kind) -> Self {
        let manners = |capabilities: KindCapabilities| capabilities.manners;
        Self {
            flowtly: manners(world.flowtly.capabilities().of(kind)),
            crm: manners(world.crm.capabilities().of(kind)),
        }
    }

    /// The planner's surroundings.
    pub(crate) fn context<'a>(&'a self, world: World<'a>, kind: Kind, adoption: bool) -> Context<'a> {
        Context {
            rules: world.ruling.of(kind),
            flowtly: world.shape(Side::Flowtly, kind),
            crm: world.shape(Side::Crm, kind),
            flowtly_manners: &self.flowtly,
            crm_manners: &self.crm,
            locale: &world.ruling.locale,
            adoption,
        }
    }
}

/// In a state that others may have overtaken, what was agreed about a field that moved since proves nothing: an older value
/// would travel over a newer one. Such a field counts as never agreed, so that it is filled, found equal, or asked about.
/// What neither side moved stays agreed.
pub(crate) async fn forget_outdated(
    connection: &mut Connection,
    world: World<'_>,
    kind: Kind,
    links: &[LinkId],
    merged_away: &HashSet<LinkId>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), StoreError> {
    let pairs = load(connection, world, kind, links, merged_away, now).await?;
    let mut bases = base::load(connection, links).await?;
    let mut rows = Vec::new();
    for stored in pairs {
        let halves = [&stored.pair.flowtly, &stored.pair.crm];
        let moved = |field: &Field| {
            halves.iter().any(|half| {
                let now = half.record.reading(*field);
                // What cannot be read now may have moved.
                half.base.get(field).is_some_and(|base| *now == Reading::Unknown || !now.same_as(base))
            })
        };
        let gone: BTreeSet<Field> =
            halves.iter().flat_map(|half| half.base.keys()).filter(|f| moved(f)).copied().collect();
        if gone.is_empty() {
            continue;
        }
        for side in Side::BOTH {
            let mut half = bases.remove(&(stored.link.id, side)).unwrap_or_default();
            half.retain(|field, _| !gone.contains(field));
            rows.push((stored.link.id, side, half));
        }
    }
    if rows.is_empty() { Ok(()) } else { base::put(connection, &rows).await }
}

/// Company links whose half was merged into a record that has a partner of its own, as far as a question stands about it.
/// Their contacts were taken along by the merge, and nobody moved them.
pub(crate) async fn merged_away(connection: &mut Connection, locale: &Locale) -> Result<HashSet<LinkId>, StoreError> {
    let asked = waiting::questioned(connection).await?;
    let merged = |question: &Question| question.asks == Asks::Duplicate && question.candidates.is_empty();
    let subjects: Vec<SeenId> = asked.iter().filter(|(_, question)| merged(question)).map(|(id, _)| *id).collect();
    if subjects.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = seen::by_id(connection, locale, &subjects).await?;
    Ok(rows.into_iter().filter(|row| row.record.kind == Kind::Company).filter_map(|row| row.link).collect())
}

/// Loads linked pairs, ready to be planned. A link whose half was never read is left out. Contacts at a company that was
/// `merged_away` are at none that the other side could show.
pub(crate) async fn load(
    connection: &mut Connection,
    world: World<'_>,
    kind: Kind,
    links: &[LinkId],
    merged_away: &HashSet<LinkId>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<StoredPair>, StoreError> {
    let locale = &world.ruling.locale;
    let mut rows = link::by_id(connection, links).await?;
    let mut halves: BTreeMap<(LinkId, Side), Seen> = BTreeMap::new();
    for half in seen::by_link(connection, locale, links).await? {
        if let Some(link) = half.link {
            halves.insert((link, half.record.side), half);
        }
    }
    let mut bases = base::load(connection, links).await?;
    let mut alternating = history::alternating(connection, links, now - ALTERNATES_WITHIN).await?;
    let mut decisions: BTreeMap<LinkId, BTreeMap<Field, Decision>> = BTreeMap::new();
    for conflict in waiting::conflicts(connection, Some(links)).await? {
        if let Some(decision) = conflict.decision {
            decisions.entry(conflict.link).or_default().insert(conflict.conflict.field, decision);
        }
    }
    let confirmed = confirmed(connection, locale, halves.values().map(|half| half.id)).await?;
    let mut parents = BTreeMap::new();
    if kind == Kind::Contact {
        for side in Side::BOTH {
            let ids: BTreeSet<&str> = halves
                .values()
                .filter(|half| half.record.side == side)
                .filter_map(|half| half.record.parent.as_ref().map(RemoteId::as_str))
                .collect();
            let ids: Vec<&str> = ids.into_iter().collect();
            let mut companies = company_links(connection, world, side, &ids).await?;
            companies.retain(|_, link| !merged_away.contains(link));
            parents.insert(side, companies);
        }
    }
    let doubled =
        if kind == Kind::Contact { doubled(connection, &rows, &halves, &parents).await? } else { BTreeSet::new() };
    let mut pairs = Vec::with_capacity(links.len());
    for id in links {
        let Some(link) = rows.remove(id) else { continue };
        let (Some(flowtly), Some(crm)) = (halves.remove(&(*id, Side::Flowtly)), halves.remove(&(*id, Side::Crm)))
        else {
            continue;
        };
        let mut half = |seen: &Seen| {
            let side = seen.record.side;
            let mut record = seen.record.clone();
            if kind == Kind::Contact {
                let nothing = BTreeMap::new();
                let text = parent_text(parents.get(&side).unwrap_or(&nothing), record.parent.as_ref());
                let reading = Reading::of(Field::Parent, text, locale);
                // The person cannot be put to that company a second time: the move is asked about and does not travel.
                let reading = if doubled.contains(id) { Reading::Unknown } else { reading };
                record.fields.insert(Field::Parent, reading);
            }
            let bases = bases.remove(&(*id, side)).unwrap_or_default();
            let base = base::readings(&bases, &record, world.shape(side, kind), locale);
            PairHalf { record, base }
        };
        let pair = Pair {
            flowtly: half(&flowtly),
            crm: half(&crm),
            decisions: decisions.remove(id).unwrap_or_default(),
            alternating: alternating.remove(id).unwrap_or_default(),
            confirmed: confirmed.contains(id),
        };
        pairs.push(StoredPair { link, flowtly, crm, pair, doubles: doubled.contains(id) });
    }
    Ok(pairs)
}

/// Links whose contact moved in Flowtly to a company of which its person in the CRM is a contact already, or becomes one by
/// the move of another of its contacts.
async fn doubled(
    connection: &mut Connection,
    rows: &BTreeMap<LinkId, Link>,
    halves: &BTreeMap<(LinkId, Side), Seen>,
    parents: &BTreeMap<Side, BTreeMap<RemoteId, LinkId>>,
) -> Result<BTreeSet<LinkId>, StoreError> {
    let company = |id: &LinkId, side: Side| {
        let parent = halves.get(&(*id, side))?.record.parent.as_ref()?;
        parents.get(&side)?.get(parent).copied()
    };
    let moved: Vec<(&Link, LinkId)> = rows
        .values()
        .filter_map(|link| Some((link, company(&link.id, Side::Flowtly)?)))
        .filter(|(link, ours)| company(&link.id, Side::Crm) != Some(*ours))
        .collect();
    if moved.is_empty() {
        return Ok(BTreeSet::new());
    }
    let people: Vec<&str> = moved.iter().map(|(link, _)| link.crm_id.as_str()).collect();
    let others = link::by_remote_id(connection, Kind::Contact, Side::Crm, &people).await?;
    Ok(moved
        .iter()
        .filter(|(link, company)| {
            let is_there = others
                .iter()
                .any(|other| other.id != link.id && other.crm_id == link.crm_id && other.parent == Some(*company));
            // Of two that move there together the first one goes.
            let comes_too =
                moved.iter().any(|(other, to)| other.id < link.id && other.crm_id == link.crm_id && to == company);
            is_there || comes_too
        })
        .map(|(link, _)| link.id)
        .collect())
}

/// The links of companies by their remote id. What was separated is no company that the other side has.
pub(crate) async fn company_links(
    connection: &mut Connection,
    world: World<'_>,
    side: Side,
    ids: &[&str],
) -> Result<BTreeMap<RemoteId, LinkId>, StoreError> {
    let rows = seen::by_remote_id(connection, &world.ruling.locale, side, Kind::Company, ids).await?;
    let links: Vec<LinkId> = rows.iter().filter_map(|row| row.link).collect();
    let links = link::by_id(connection, &links).await?;
    let is_cut = |id: &LinkId| links.get(id).is_some_and(|link| link.state == LinkState::Tombstone);
    let linked = |row: Seen| Some((row.record.id, row.link.filter(|id| !is_cut(id))?));
    Ok(rows.into_iter().filter_map(linked).collect())
}

/// A hash of what is sent for a field: the same payload that was refused waits, another one is tried at once.
pub(crate) fn payload(change: &Change) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(change.field.as_str().as_bytes());
    for (part, text) in change.after.parts() {
        hasher.update([0]);
        hasher.update(part.as_str().as_bytes());
        hasher.update([0]);
        hasher.update(text.as_bytes());
    }
    first_eight(hasher)
}

/// Whether a contact's half says that its company has no link.
pub(crate) fn is_outside(record: &Record) -> bool {
    record
        .reading(Field::Parent)
        .text()
        .is_some_and(|text| text.part(crate::domain::field::Part::Whole) == Some(OUTSIDE))
}
