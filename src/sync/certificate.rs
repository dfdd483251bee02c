//! How it stands: how many pairs are equal, how many differ for a stated reason, how many wait, and that none differs
//! without a reason. Computed from what was read, never from what was meant to be.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::plan::Situation;
use super::plan::pair::{BothManners, StoredPair, is_outside, load, merged_away};
use super::{PassError, World};
use crate::domain::documents::Stand;
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::planner::plan_pair;
use crate::domain::record::{Kind, Side, Standing};
use crate::domain::value::Reading;
use crate::store::link::LinkState;
use crate::store::seen::SeenId;
use crate::store::todo::Subject;
use crate::store::{Connection, Store, StoreError, link, todo, waiting};

/// How many links are assessed together.
const CHUNK: usize = 250;

/// The last lines of every report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// When both sides were last walked whole; `None` if they never were.
    pub as_of: Option<DateTime<Utc>>,
    /// Pairs that are equal in everything that both sides carry.
    pub equal: u64,
    /// Pairs that differ for a stated reason.
    pub differ: u64,
    /// The stated reasons, with the number of pairs.
    pub reasons: BTreeMap<String, u64>,
    /// Pairs that wait for a person: conflicts, questions, refusals.
    pub waiting: u64,
    /// Pairs that the next pass goes on with.
    pub pending: u64,
    /// Pairs that differ, and nothing says why. Anything but zero is a fault of this program.
    pub unexplained: u64,
    /// Records without a partner, by reason.
    pub unlinked: BTreeMap<String, u64>,
    /// How documents stand; `None` where they are off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<Stand>,
}

/// Looks again at every link that a pass touched.
pub(crate) async fn assess(
    world: World<'_>,
    store: &mut Store,
    situation: &Situation,
    links: &BTreeSet<LinkId>,
) -> Result<(), PassError> {
    if links.is_empty() {
        return Ok(());
    }
    let asked: BTreeSet<SeenId> = waiting::question_subjects(store.connection()).await?.into_values().collect();
    // Halves that were merged into a record with a partner of its own: a question stands about each.
    let merged: BTreeSet<SeenId> =
        situation.merged.iter().map(|merged| merged.old).filter(|old| asked.contains(old)).collect();
    let merged_away = merged_away(store.connection(), &world.ruling.locale).await?;
    let links: Vec<LinkId> = links.iter().copied().collect();
    for chunk in links.chunks(CHUNK) {
        let kinds = link::by_id(store.connection(), chunk).await?;
        for kind in Kind::BOTH {
            let ids: Vec<LinkId> =
                chunk.iter().copied().filter(|id| kinds.get(id).is_some_and(|link| link.kind == kind)).collect();
            if ids.is_empty() {
                continue;
            }
            let failing = failing(store.connection(), &ids).await?;
            let conflicts = waiting::conflicts(store.connection(), Some(&ids)).await?;
            let conflicts = conflicts.into_iter().map(|row| (row.link, row.conflict.field)).collect();
            let listed = Listed { conflicts, questions: &asked };
            let pairs = load(store.connection(), world, kind, &ids, &merged_away, situation.now).await?;
            let mut carried_out = Vec::new();
            let rows: Vec<(LinkId, &str, Option<String>)> = pairs
                .into_iter()
                .map(|mut pair| {
                    for field in decided_and_done(world, situation, kind, &pair) {
                        pair.pair.decisions.remove(&field);
                        carried_out.push((pair.link.id, field));
                    }
                    let waits = failing.contains(&pair.link.id)
                        || merged.contains(&pair.flowtly.id)
                        || merged.contains(&pair.crm.id);
                    let (verdict, reasons) = look(world, situation, kind, &pair, waits, &listed);
                    let reasons = (!reasons.is_empty()).then(|| crate::store::to_json(&reasons));
                    (pair.link.id, verdict, reasons)
                })
                .collect();
            let mut transaction = store.begin().await?;
            for (link, field) in carried_out {
                waiting::close_conflict(&mut transaction, link, field).await?;
            }
            link::assess(&mut transaction, &rows).await?;
            let open: Vec<Subject> =
                rows.iter().filter(|(_, verdict, _)| *verdict == "due").map(|(id, ..)| Subject::Link(*id)).collect();
            // What is not settled is never forgotten, whatever the reason was.
            todo::arm(&mut transaction, kind, &open, todo::Why::Staged, Some(situation.now)).await?;
            transaction.commit().await.map_err(StoreError::from)?;
        }
    }
    Ok(())
}

/// Decided fields about which nothing is left to do or to ask.
fn decided_and_done(world: World<'_>, situation: &Situation, kind: Kind, stored: &StoredPair) -> Vec<Field> {
    if stored.pair.decisions.is_empty() {
        return Vec::new();
    }
    let manners = BothManners::of(world, kind);
    let plan = plan_pair(&stored.pair, manners.context(world, kind, situation.adoption));
    let is_open = |field: &Field| {
        plan.to_flowtly.iter().chain(&plan.to_crm).any(|change| change.field == *field)
            || plan.conflicts.iter().any(|(conflict, _)| conflict.field == *field)
            || plan.identity_changed.is_some()
    };
    stored.pair.decisions.keys().filter(|field| !is_open(field)).copied().collect()
}

/// What one pair amounts to, with the stated reasons of its differences.
fn look(
    world: World<'_>,
    situation: &Situation,
    kind: Kind,
    stored: &StoredPair,
    waits: bool,
    listed: &Listed<'_>,
) -> (&'static str, BTreeSet<String>) {
    let StoredPair { link, flowtly, crm, pair, doubles } = stored;
    let reason = |text: &str| BTreeSet::from([text.to_owned()]);
    if link.state == LinkState::Tombstone {
        return ("differs", reason("unlinked"));
    }
    if flowtly.gone || crm.gone {
        return ("waits", reason("gone on one side"));
    }
    if flowtly.record.standing == Standing::Archived || crm.record.standing == Standing::Archived {
        return ("differs", reason("archived on one side"));
    }
    let manners = BothManners::of(world, kind);
    let plan = plan_pair(pair, manners.context(world, kind, situation.adoption));
    if waits {
        return ("waits", BTreeSet::new());
    }
    if !plan.conflicts.is_empty() || plan.identity_changed.is_some() || *doubles {
        // A pair that was linked or created in this pass may raise what no list shows yet: the next pass asks it.
        let asks = (plan.identity_changed.is_some() || *doubles).then_some([flowtly.id, crm.id]);
        let is_listed =
            plan.conflicts.iter().all(|(conflict, _)| listed.conflicts.contains(&(link.id, conflict.field)))
                && asks.is_none_or(|halves| halves.iter().any(|half| listed.questions.contains(half)));
        return (if is_listed { "waits" } else { "due" }, BTreeSet::new());
    }
    if !plan.to_flowtly.is_empty() || !plan.to_crm.is_empty() || !plan.agreed.is_empty() {
        return ("due", BTreeSet::new());
    }
    let mut reasons = BTreeSet::new();
    let notes: BTreeMap<Field, String> = plan.notes.iter().map(|(field, why)| (*field, why.to_string())).collect();
    for field in &Field::every(kind, world.shape(Side::Flowtly, kind).fields()).collect::<Vec<_>>() {
        let (ours, theirs) = (pair.flowtly.record.reading(*field), pair.crm.record.reading(*field));
        // What a side does not show of a field that it has is not kept with the record: its mapping says that it is there.
        let is_shared = Side::BOTH.into_iter().all(|side| {
            if *field == Field::Parent {
                pair.half(side).record.fields.contains_key(field)
            } else {
                world.shape(side, kind).maps(*field)
            }
        });
        if !is_shared || ours.agrees_with(theirs) {
            continue;
        }
        let agreed = pair.flowtly.base.contains_key(field) && pair.crm.base.contains_key(field);
        reasons.insert(if let Some(note) = notes.get(field) {
            format!("{field}: {note}")
        } else if *ours == Reading::Unknown || *theirs == Reading::Unknown {
            format!("{field}: not readable on one side")
        } else if *field == Field::Parent && (is_outside(&pair.flowtly.record) || is_outside(&pair.crm.record)) {
            format!("{field}: its company is not linked on one side")
        } else if !world.ruling.of(kind).fields.contains_key(field) {
            format!("{field}: no rule")
        } else if agreed {
            format!("{field}: agreed to differ (default, direction, or as the system stores it)")
        } else {
            UNEXPLAINED.to_owned()
        });
    }
    (if reasons.is_empty() { "equal" } else { "differs" }, reasons)
}

/// The reason of a difference that nothing explains.
const UNEXPLAINED: &str = "unexplained";

/// What a person finds in the lists.
struct Listed<'a> {
    conflicts: BTreeSet<(LinkId, Field)>,
    questions: &'a BTreeSet<SeenId>,
}

async fn failing(connection: &mut Connection, links: &[LinkId]) -> Result<BTreeSet<LinkId>, StoreError> {
    let subjects: Vec<Subject> = links.iter().map(|id| Subject::Link(*id)).collect();
    let refused = waiting::refused(connection, &subjects).await?;
    Ok(refused
        .keys()
        .filter_map(|(subject, _, _)| match subject {
            Subject::Link(id) => Some(*id),
            Subject::Seen(_) => None,
        })
        .collect())
}

/// Says how every pair stands, by the tally of the links.
pub async fn certify(
    connection: &mut Connection,
    as_of: Option<DateTime<Utc>>,
    links: &[link::Tally],
) -> Result<Certificate, StoreError> {
    let mut certificate = Certificate { as_of, ..Certificate::default() };
    for link::Tally { standing, reasons, count, .. } in links {
        match standing.as_str() {
            "equal" => certificate.equal += count,
            "waits" => certificate.waiting += count,
            "differs" => {
                let reasons = reasons.as_ref().map(|text| crate::store::from_json("link.reasons", text)).transpose()?;
                let reasons: BTreeSet<String> = reasons.unwrap_or_default();
                if reasons.contains(UNEXPLAINED) {
                    certificate.unexplained += count;
                } else {
                    certificate.differ += count;
                }
                for reason in reasons {
                    *certificate.reasons.entry(reason).or_default() += count;
                }
            }
            _ => certificate.pending += count,
        }
    }
    for (side, kind, verdict, count) in crate::store::seen::unlinked(connection).await? {
        *certificate.unlinked.entry(format!("{side} {kind}: {verdict}")).or_default() += count;
    }
    Ok(certificate)
}
