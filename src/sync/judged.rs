//! The check of a plan: what it is judged against, and what is remembered of a refusal and of an acceptance.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use tracing::info;

use super::gone::Missing;
use super::plan::Planned;
use super::probe::Probed;
use super::scan::Scans;
use super::standing::{listed, missing_ids, not_whole};
use super::{PassError, World};
use crate::domain::record::{Kind, Side};
use crate::domain::safety::{Canaries, Circumstances, Refusal, RefusalName, Shown, judge, remember};
use crate::store::mark::Mark;
use crate::store::{Connection, Store, StoreError, deed, document, mark, seen};

/// Limits are counted over a sliding day.
const SLIDING_DAY: TimeDelta = TimeDelta::hours(24);

/// Deeds are kept for longer than they are asked for: a clock may have been set back.
const DEEDS_KEPT: TimeDelta = TimeDelta::days(7);

/// What the pass found that a plan is judged against.
pub(super) struct Found<'a> {
    /// The state has not proved itself.
    pub(super) first_pass: bool,
    /// When the pass began.
    pub(super) started: DateTime<Utc>,
    /// Records that each side had before the pass.
    pub(super) before: &'a BTreeMap<(Side, Kind), u64>,
    /// Records that earlier passes found gone and nobody accepted.
    pub(super) unaccepted: &'a BTreeMap<(Side, Kind), u64>,
    /// What the walks found.
    pub(super) scans: &'a Scans,
    /// What they did not show.
    pub(super) missing: &'a Missing,
    /// What became of the pairs that must be there.
    pub(super) canaries: BTreeMap<Side, Canaries>,
    /// Who the sides say they are.
    pub(super) probed: &'a Probed,
}

/// A plan that was judged.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// Why it is not carried out; empty if it is.
    pub(super) refusals: Vec<Refusal>,
    /// Rules, mapping or scope are others than when a plan was last accepted.
    pub(super) transition: bool,
    /// Lists that were not read whole.
    pub(super) not_whole: Vec<(Side, Kind)>,
    /// What is to be remembered as shown if it is refused.
    shown: Vec<Shown>,
}

impl Judged {
    /// Whether what the plan does with records is carried out: documents that are too many hold back nothing else.
    pub(super) fn accepts_records(&self) -> bool {
        self.refusals.iter().all(|refusal| refusal.name.is_about_documents())
    }
}

/// Judges a plan. A state that knew no account is bound to the one in which its pairs were found.
pub(super) async fn judged(
    world: World<'_>,
    store: &mut Store,
    planned: &Planned,
    found: Found<'_>,
    allowed: BTreeSet<RefusalName>,
) -> Result<Judged, PassError> {
    let Found { first_pass, started, before, unaccepted, scans, missing, canaries, probed } = found;
    for (side, account) in &probed.unbound {
        if canaries.get(side).is_some_and(|canaries| !canaries.are_lost()) {
            info!(
                side.name = side.as_str(),
                "the pairs of this state were found: it belongs to this account from now on"
            );
            mark::set_account(store.connection(), *side, account).await?;
        }
    }
    let not_whole = not_whole(scans);
    let mut done_today = deed::done_since(store.connection(), started - SLIDING_DAY).await?;
    if world.ruling.documents.is_some() {
        done_today.documents = document::done_since(store.connection(), started - SLIDING_DAY).await?;
    }
    let circumstances = Circumstances {
        first_pass,
        known: before.iter().map(|(key, known)| (*key, known + unaccepted.get(key).copied().unwrap_or(0))).collect(),
        listed: listed(before, scans, missing),
        not_shown: missing_ids(store, missing, unaccepted).await?,
        not_whole: not_whole.clone(),
        canaries,
        done_today,
        worst: planned.worst.clone(),
        allowed,
        shown: match mark::get(store.connection(), Mark::Shown).await? {
            Some(text) => crate::store::from_json("mark.shown", &text)?,
            None => Vec::new(),
        },
    };
    let refusals = judge(&planned.totals, &world.ruling.limits, &circumstances);
    let accepted = mark::get(store.connection(), Mark::Accepted).await?;
    let transition = accepted.is_some_and(|accepted| accepted != ruling_word(world));
    if transition {
        info!("rules, mapping or scope changed since a plan was last accepted: every record is looked at again");
    }
    let Circumstances { allowed, shown, .. } = circumstances;
    let shown = remember(&shown, |name| allowed.contains(&name), &refusals);
    Ok(Judged { refusals, transition, not_whole: not_whole.into_keys().collect(), shown })
}

/// Notes, in the transaction that closes the pass, that a plan was accepted: what is gone and what was ruled is the next
/// one's measure; or that it was refused, with the numbers that an allowance will be held against.
pub(super) async fn note(
    connection: &mut Connection,
    world: World<'_>,
    now: DateTime<Utc>,
    judged: &Judged,
) -> Result<(), StoreError> {
    deed::prune(connection, now - DEEDS_KEPT).await?;
    if judged.accepts_records() {
        let gone = seen::gone(connection).await?;
        mark::set(connection, Mark::Gone, &crate::store::to_json(&gone)).await?;
        mark::set(connection, Mark::Accepted, &ruling_word(world)).await?;
    }
    if judged.refusals.is_empty() {
        return mark::clear(connection, Mark::Shown).await;
    }
    for refusal in &judged.refusals {
        let (name, examples) = (refusal.name.as_str(), refusal.ids());
        info!(refusal.name = name, refusal.examples = examples, "the worst of {name}: {examples}");
    }
    mark::set(connection, Mark::Shown, &crate::store::to_json(&judged.shown)).await
}

fn ruling_word(world: World<'_>) -> String {
    format!("{:016x}", world.ruling_key())
}
