//! Records without a link: their candidates on the other side and their twins on their own, and what is decided.

use std::collections::{BTreeMap, BTreeSet};

use super::answered::{Answered, answered};
use super::bitmap::Bitmap;
use super::plan::stored_id;
use super::{PassError, World};
use crate::domain::matching::{self, Bond, Candidate, MatchKeys, Verdict};
use crate::domain::plan::{KeyKind, LinkId};
use crate::domain::record::{Record, Side, Standing};
use crate::store::seen::{Seen, SeenId};
use crate::store::{Connection, StoreError, link, match_key, seen};

/// A key as the index keeps it: the sort first, so that a name never equals a tax number.
fn stored_key(kind: KeyKind, key: &str) -> String {
    let word = match kind {
        KeyKind::StoredId => "id".to_owned(),
        KeyKind::TaxNumber => "tax".to_owned(),
        KeyKind::NameAndCountry => "name+country".to_owned(),
        KeyKind::Name => "name".to_owned(),
        KeyKind::Configured(position) => format!("configured{position}"),
        KeyKind::EmailAndName => "email+name".to_owned(),
        KeyKind::Email => "email".to_owned(),
    };
    format!("{word}:{key}")
}

/// A record's keys as the index keeps them.
pub(crate) fn stored_keys(keys: &MatchKeys) -> Vec<String> {
    keys.keys.iter().map(|(kind, key)| stored_key(*kind, key)).collect()
}

/// Keeps the match keys of companies in step with what was read of them.
pub(crate) async fn index_companies<'a>(
    connection: &mut Connection,
    world: World<'_>,
    organisation: &str,
    side: Side,
    records: impl Iterator<Item = (SeenId, &'a Record)>,
) -> Result<(), StoreError> {
    let rules = &world.ruling.company;
    let keys: Vec<(SeenId, Vec<String>)> =
        records.map(|(id, record)| (id, stored_keys(&matching::company_keys(record, organisation, rules)))).collect();
    match_key::put(connection, side, &keys).await
}

/// What is decided about companies without a link, by row.
pub(crate) async fn match_companies(
    connection: &mut Connection,
    world: World<'_>,
    organisation: &str,
    subjects: &[&Seen],
) -> Result<BTreeMap<SeenId, Verdict>, PassError> {
    let rules = &world.ruling.company;
    let mut verdicts = BTreeMap::new();
    let answered = answered(connection, &world.ruling.locale, subjects).await?;
    let nothing = Answered::default();
    for side in Side::BOTH {
        let keyed: Vec<(&Seen, MatchKeys)> = subjects
            .iter()
            .filter(|seen| seen.record.side == side)
            .map(|seen| (*seen, matching::company_keys(&seen.record, organisation, rules)))
            .collect();
        if keyed.is_empty() {
            continue;
        }
        let all: BTreeSet<String> = keyed.iter().flat_map(|(_, keys)| stored_keys(keys)).collect();
        let all: Vec<String> = all.into_iter().collect();
        let others = candidates(connection, world, organisation, side.opposite(), &all).await?;
        let twins = candidates(connection, world, organisation, side, &all).await?;
        for (subject, keys) in keyed {
            let mine = stored_keys(&keys);
            let told = answered.get(&subject.id).unwrap_or(&nothing);
            let others = others.pick(&mine, None, Archived::WhereNoneLives, told);
            let twins = twins.pick(&mine, Some(subject.id), Archived::Never, told);
            verdicts.insert(subject.id, decide(&keys, others, twins));
        }
    }
    Ok(verdicts)
}

/// What is decided about contacts without a link, all of one company: `own` are the contacts of that company on the
/// subject's side, `others` those on the other side.
pub(crate) fn match_contact(
    subject: &Seen,
    own: &[Seen],
    others: &[Seen],
    bonds: &BTreeMap<LinkId, Bond>,
    taken: &Bitmap,
    told: &Answered,
) -> Verdict {
    // All are contacts of one company, so that the company's own number does not matter here.
    const SAME_COMPANY: LinkId = LinkId(0);
    let keys = matching::contact_keys(&subject.record, SAME_COMPANY);
    let candidate = |seen: &Seen| Candidate {
        record: seen.reference(),
        label: seen.record.label(),
        keys: matching::contact_keys(&seen.record, SAME_COMPANY),
        bond: match seen.link {
            Some(link) => bonds.get(&link).copied().unwrap_or(Bond::Linked(link)),
            // What this plan links already is as good as linked.
            None if taken.contains(seen.id) => Bond::Linked(SAME_COMPANY),
            None => Bond::Free,
        },
    };
    let shares =
        |keys: &MatchKeys, theirs: &MatchKeys| keys.keys.iter().any(|(kind, key)| theirs.keys.get(kind) == Some(key));
    let alike = |others: &mut dyn Iterator<Item = &Seen>| -> Vec<Picked> {
        others
            .filter(|other| !told.excludes(other.id, other.link))
            .map(|other| Picked { is_original: told.is_copy_of(other.id, other.link), candidate: candidate(other) })
            .filter(|other| shares(&keys, &other.candidate.keys))
            .collect()
    };
    // A deleted one counts where none lives; a deleted twin never.
    let living = alike(&mut others.iter().filter(|other| !is_deleted(other)));
    let others = if living.is_empty() { alike(&mut others.iter()) } else { living };
    let twins = alike(&mut own.iter().filter(|twin| twin.id != subject.id && !is_deleted(twin)));
    decide(&keys, others, twins)
}

/// A candidate, and whether a person said that the record is a copy of it.
#[derive(Clone)]
struct Picked {
    candidate: Candidate,
    is_original: bool,
}

/// A copy rests while what it is a copy of goes on: on its own side, or on the other one with a partner that lives.
fn decide(subject: &MatchKeys, others: Vec<Picked>, twins: Vec<Picked>) -> Verdict {
    let goes_on = |other: &Picked| other.is_original && matches!(other.candidate.bond, Bond::Linked(_));
    if others.iter().any(goes_on) || twins.iter().any(|twin| twin.is_original) {
        return Verdict::Rest;
    }
    let candidates = |picked: Vec<Picked>| picked.into_iter().map(|picked| picked.candidate).collect::<Vec<_>>();
    matching::decide(subject, &candidates(others), &candidates(twins))
}

/// Whether records count that people deleted before they had a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Archived {
    /// A deleted twin stands in nobody's way.
    Never,
    /// A deleted counterpart is worth a question, unless there is one that lives.
    WhereNoneLives,
}

/// Archived, and without a link.
fn is_deleted(row: &Seen) -> bool {
    row.link.is_none() && row.record.standing == Standing::Archived
}

struct Candidates {
    /// Archived, and without a link.
    archived: BTreeSet<SeenId>,
    by_key: BTreeMap<String, Vec<SeenId>>,
    by_row: BTreeMap<SeenId, Candidate>,
}

impl Candidates {
    fn pick(&self, keys: &[String], but: Option<SeenId>, archived: Archived, told: &Answered) -> Vec<Picked> {
        let mut rows: BTreeSet<SeenId> =
            keys.iter().filter_map(|key| self.by_key.get(key)).flatten().copied().collect();
        let link = |row: &SeenId| self.by_row.get(row).and_then(|candidate| bond_link(candidate.bond));
        rows.retain(|row| Some(*row) != but && !told.excludes(*row, link(row)));
        let one_lives = rows.iter().any(|row| !self.archived.contains(row));
        if archived == Archived::Never || one_lives {
            rows.retain(|row| !self.archived.contains(row));
        }
        let picked = |row: &SeenId| {
            let candidate = self.by_row.get(row)?.clone();
            Some(Picked { candidate, is_original: told.is_copy_of(*row, link(row)) })
        };
        rows.iter().filter_map(picked).collect()
    }
}

const fn bond_link(bond: Bond) -> Option<LinkId> {
    match bond {
        Bond::Free => None,
        Bond::Linked(link) | Bond::Widowed(link) | Bond::Tombstone(link) => Some(link),
    }
}

async fn candidates(
    connection: &mut Connection,
    world: World<'_>,
    organisation: &str,
    side: Side,
    keys: &[String],
) -> Result<Candidates, PassError> {
    let rows = match_key::find(connection, &world.ruling.locale, side, keys).await?;
    let links: BTreeSet<LinkId> = rows.iter().filter_map(|(_, row)| row.link).collect();
    let bonds = bonds(connection, world, &links.into_iter().collect::<Vec<_>>()).await?;
    // The stored id of a company whose client is gone names that client: it speaks against no other one.
    let widowed: Vec<LinkId> =
        bonds.iter().filter(|(_, bond)| matches!(bond, Bond::Widowed(_))).map(|(link, _)| *link).collect();
    let widowed = link::by_id(connection, &widowed).await?;
    let names_the_gone = |row: &Seen| {
        let gone = row.link.and_then(|link| widowed.get(&link)).filter(|_| row.record.side == Side::Crm);
        gone.is_some_and(|link| stored_id(organisation, &link.flowtly_id) == row.record.stored_id)
    };
    let mut found = Candidates { archived: BTreeSet::new(), by_key: BTreeMap::new(), by_row: BTreeMap::new() };
    for (key, row) in rows {
        let bond = row.link.map_or(Bond::Free, |link| bonds.get(&link).copied().unwrap_or(Bond::Linked(link)));
        if row.gone && !matches!(bond, Bond::Tombstone(_)) {
            continue;
        }
        if is_deleted(&row) {
            found.archived.insert(row.id);
        }
        found.by_key.entry(key).or_default().push(row.id);
        found.by_row.entry(row.id).or_insert_with(|| {
            let mut keys = matching::company_keys(&row.record, organisation, &world.ruling.company);
            if names_the_gone(&row) {
                keys.keys.remove(&KeyKind::StoredId);
            }
            Candidate { record: row.reference(), label: row.record.label(), keys, bond }
        });
    }
    Ok(found)
}

/// Whether the partners of linked records live.
pub(crate) async fn bonds(
    connection: &mut Connection,
    world: World<'_>,
    links: &[LinkId],
) -> Result<BTreeMap<LinkId, Bond>, StoreError> {
    let halves = seen::by_link(connection, &world.ruling.locale, links).await?;
    let states = link::by_id(connection, links).await?;
    Ok(states
        .into_iter()
        .map(|(id, link)| {
            let bond = match link.state {
                link::LinkState::Tombstone => Bond::Tombstone(id),
                link::LinkState::Live | link::LinkState::Paused
                    if halves.iter().any(|half| half.link == Some(id) && half.gone) =>
                {
                    Bond::Widowed(id)
                }
                link::LinkState::Live | link::LinkState::Paused => Bond::Linked(id),
            };
            (id, bond)
        })
        .collect())
}
