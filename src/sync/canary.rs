//! Pairs that must be there at every pass: where none of them is found, this is not the place that the state knows, or we
//! are not let in any more, and nothing that looks gone is believed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tokio::sync::Mutex;

use super::apart::each;
use super::plan::pair;
use super::scan::{Scans, Scope};
use super::{PassError, World, on};
use crate::connector::port::Lookup;
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::planner::PairHalf;
use crate::domain::record::{Kind, Record, RemoteId, Side};
use crate::domain::safety::{self, Example};
use crate::domain::value::Reading;
use crate::store::link::{Link, LinkState};
use crate::store::seen::{Seen, SeenId};
use crate::store::{Store, StoreError, link, seen};

/// How many of the lowest live pairs are asked: one of them may really be gone, all of them hardly.
const LOWEST: u32 = 3;

/// The canaries of a pass.
#[derive(Debug, Default)]
pub(crate) struct Canaries {
    pairs: Vec<Canary>,
    named: bool,
    /// Named, and not a pair.
    unlinked: Vec<RemoteId>,
    /// Also a single pair must be recognised.
    strict: bool,
    /// A person allowed that none is found: what answers "gone" is believed.
    allowed: bool,
    /// What reads by id found, by side; each is asked once a pass.
    found: BTreeMap<Side, BTreeSet<LinkId>>,
}

/// A pair, and by what it is known: its rows, and what was agreed on.
#[derive(Debug)]
struct Canary {
    link: Link,
    halves: BTreeMap<Side, (SeenId, Looks)>,
}

/// What a company is recognised by.
#[derive(Debug, Clone, PartialEq)]
struct Looks {
    name: Reading,
    tax: Reading,
}

impl Looks {
    fn of(record: &Record) -> Self {
        Self { name: record.reading(Field::Name).clone(), tax: record.reading(Field::TaxIdentity).clone() }
    }

    /// What both sides agreed on; what they never did says nothing.
    fn agreed(half: &PairHalf) -> Self {
        let of = |field| half.base.get(&field).cloned().unwrap_or(Reading::Unknown);
        Self { name: of(Field::Name), tax: of(Field::TaxIdentity) }
    }

    /// Whether this may be the same firm: not where everything that can be compared is another. What is not readable says
    /// nothing against it.
    fn may_be(&self, other: &Self) -> bool {
        let unreadable = |a: &Reading, b: &Reading| *a == Reading::Unknown || *b == Reading::Unknown;
        let same_tax = self.tax == other.tax && !self.tax.says_nothing();
        same_tax || self.name == other.name || unreadable(&self.name, &other.name) && unreadable(&self.tax, &other.tax)
    }
}

/// Picks the canaries: those that are named, else the lowest live pairs. Before the first link there are none.
pub(crate) async fn choose(
    world: World<'_>,
    store: &mut Store,
    allowed: bool,
    strict: bool,
) -> Result<Canaries, StoreError> {
    let lowest = link::canaries(store.connection(), LOWEST).await?;
    let wanted: BTreeSet<&RemoteId> = world.ruling.canaries.iter().collect();
    let named = !wanted.is_empty();
    if !named || lowest.is_empty() {
        return Ok(Canaries { pairs: load(world, store, lowest).await?, allowed, strict, ..Canaries::default() });
    }
    let texts: Vec<&str> = wanted.iter().map(|id| id.as_str()).collect();
    let links = link::by_remote_id(store.connection(), Kind::Company, Side::Flowtly, &texts).await?;
    let links: Vec<Link> = links.into_iter().filter(|link| link.state != LinkState::Tombstone).collect();
    let unlinked = wanted.into_iter().filter(|id| !links.iter().any(|link| link.flowtly_id == **id)).cloned().collect();
    Ok(Canaries { pairs: load(world, store, links).await?, named, unlinked, allowed, strict, ..Canaries::default() })
}

/// What they look like is what was agreed on: a pass that was refused has moved *seen*, perhaps to another firm's.
async fn load(world: World<'_>, store: &mut Store, links: Vec<Link>) -> Result<Vec<Canary>, StoreError> {
    let ids: Vec<LinkId> = links.iter().map(|link| link.id).collect();
    let mut halves = BTreeMap::new();
    for stored in pair::load(store.connection(), world, Kind::Company, &ids, &HashSet::new(), world.clock.now()).await?
    {
        let half = |seen: &Seen, half: &PairHalf| (half.record.side, (seen.id, Looks::agreed(half)));
        let both = [half(&stored.flowtly, &stored.pair.flowtly), half(&stored.crm, &stored.pair.crm)];
        halves.insert(stored.link.id, BTreeMap::from(both));
    }
    Ok(links
        .into_iter()
        .map(|link| {
            let halves = halves.remove(&link.id).unwrap_or_default();
            Canary { link, halves }
        })
        .collect())
}

impl Canaries {
    /// Whether what answers "gone" on a side may be believed: one of the canaries still answers by id, or there is none and
    /// nothing that could be lost, or a person said so.
    pub(crate) async fn let_go(&mut self, world: World<'_>, scope: &Scope<'_>, side: Side) -> Result<bool, PassError> {
        if self.pairs.is_empty() || self.allowed {
            return Ok(true);
        }
        self.answer(world, scope, side).await
    }

    /// Whether one of them answers by id on a side.
    pub(crate) async fn answer(&mut self, world: World<'_>, scope: &Scope<'_>, side: Side) -> Result<bool, PassError> {
        Ok(!self.ask(world, scope, side).await?.is_empty())
    }

    /// Reads the canaries of a side by id, once.
    async fn ask(&mut self, world: World<'_>, scope: &Scope<'_>, side: Side) -> Result<&BTreeSet<LinkId>, PassError> {
        if !self.found.contains_key(&side) {
            let ids: Vec<RemoteId> = self.pairs.iter().map(|canary| canary.link.remote_id(side).clone()).collect();
            let answers = each(world, side, Kind::Company, &ids, &mut 0).await.map_err(on(side))?;
            world.progress.looked();
            let mut found = BTreeSet::new();
            let mut unread = None;
            for (canary, answer) in self.pairs.iter().zip(answers) {
                let is_there = match answer {
                    Ok(Lookup::Found(row)) => {
                        let mut row = *row;
                        scope.stage(world, side, Kind::Company).hide(std::slice::from_mut(&mut row));
                        let records = world.shape(side, Kind::Company).records(&row, &world.ruling.locale);
                        records.first().is_some_and(|record| self.is_recognised(canary, side, &Looks::of(record)))
                    }
                    Ok(Lookup::MergedInto(_)) => true,
                    Ok(Lookup::Gone | Lookup::Closed(_)) => false,
                    Err(error) => {
                        unread = Some(error);
                        false
                    }
                };
                if is_there {
                    found.insert(canary.link.id);
                }
            }
            // One that cannot be read now says nothing, and need not where another one is found.
            if let Some(error) = unread.filter(|_| self.named || found.is_empty()) {
                return Err(on(side)(error));
            }
            self.found.insert(side, found);
        }
        Ok(self.found.entry(side).or_default())
    }

    /// One pair that changed altogether is a question about that pair. Where several did, ids of another place are meant.
    fn is_recognised(&self, canary: &Canary, side: Side, now: &Looks) -> bool {
        self.pairs.len() < 2 && !self.strict || canary.halves.get(&side).is_none_or(|(_, agreed)| agreed.may_be(now))
    }

    /// What became of them, by side: those that a complete walk showed are there, the others are read by id.
    pub(crate) async fn sight(
        &mut self,
        world: World<'_>,
        store: &Mutex<Store>,
        scope: &Scope<'_>,
        scans: &Scans,
    ) -> Result<BTreeMap<Side, safety::Canaries>, PassError> {
        let mut sights = BTreeMap::new();
        for side in Side::BOTH {
            let mut there = self.met(world, &mut *store.lock().await, scans, side).await?;
            if there.len() < self.pairs.len() && (self.named || there.is_empty()) {
                there.extend(self.ask(world, scope, side).await?.iter().copied());
            }
            let pair = |link: &Link| Example {
                kind: Kind::Company,
                label: String::new(),
                flowtly: Some(link.flowtly_id.clone()),
                crm: Some(link.crm_id.clone()),
                values: None,
            };
            let missing = self.pairs.iter().filter(|canary| !there.contains(&canary.link.id));
            let unlinked = self.unlinked.iter().map(|id| Example::of_record(Side::Flowtly, Kind::Company, id.clone()));
            let sight = safety::Canaries {
                asked: (self.pairs.len() + self.unlinked.len()) as u64,
                seen: Some(there.len() as u64),
                named: self.named,
                unseen: missing.map(|canary| pair(&canary.link)).chain(unlinked).collect(),
            };
            sights.insert(side, sight);
        }
        Ok(sights)
    }

    /// Those that a complete walk of this pass showed, and that are still what they were.
    async fn met(
        &self,
        world: World<'_>,
        store: &mut Store,
        scans: &Scans,
        side: Side,
    ) -> Result<BTreeSet<LinkId>, StoreError> {
        let Some(scanned) = scans.get(&(side, Kind::Company)).filter(|scanned| scanned.complete) else {
            return Ok(BTreeSet::new());
        };
        let rows: Vec<SeenId> =
            self.pairs.iter().filter_map(|canary| canary.halves.get(&side)).map(|(row, _)| *row).collect();
        let now: BTreeMap<SeenId, Looks> = seen::by_id(store.connection(), &world.ruling.locale, &rows)
            .await?
            .into_iter()
            .filter(|row| !row.gone && scanned.met.contains(row.id))
            .map(|row| (row.id, Looks::of(&row.record)))
            .collect();
        let met = self.pairs.iter().filter(|canary| {
            let looks = canary.halves.get(&side).and_then(|(row, _)| now.get(row));
            looks.is_some_and(|looks| self.is_recognised(canary, side, looks))
        });
        Ok(met.map(|canary| canary.link.id).collect())
    }
}
