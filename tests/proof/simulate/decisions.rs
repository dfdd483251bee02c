//! What people decide in the program, between two lives of it.

use flowtly_sync::commands::conflicts::resolve;
use flowtly_sync::commands::links;
use flowtly_sync::daemon::control::protocol::{Choose, Which};
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::LinkId;
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use flowtly_sync::store::link::{self, LinkState};
use flowtly_sync::store::waiting;

use super::sim::Sim;
use crate::checker::evidence;

/// Perhaps somebody decides something.
pub async fn maybe(sim: &Sim) {
    match sim.chance(|rng| rng.u32(0..12)) {
        0..4 => decide_conflict(sim).await,
        4 => separate(sim).await,
        5 | 6 => join(sim).await,
        _ => {}
    }
}

/// Decides one of the conflicts, for a side or with a text.
async fn decide_conflict(sim: &Sim) {
    let mut store = sim.firm.store().await;
    let waiting = waiting::conflicts(store.connection(), None).await.unwrap();
    store.close().await.unwrap();
    let Some(waiting) = sim.chance(|rng| rng.choice(&waiting).cloned()) else { return };
    let choose = match (waiting.conflict.field, sim.chance(|rng| rng.u32(0..3))) {
        (_, 0) => Choose::Side(Side::Flowtly),
        (Field::Phone, 1) => Choose::Text("+48 22 999 88 77".to_owned()),
        (_, _) => Choose::Side(Side::Crm),
    };
    let outcome =
        resolve(&sim.settings(), sim.clock.as_ref(), Which::Numbers(vec![waiting.id]), choose.clone(), &mut Vec::new())
            .await;
    sim.say(|| format!("decided: conflict {} {:?}: {choose:?} {outcome:?}", waiting.id, waiting.conflict));
    if outcome.is_ok() {
        let typed = if let Choose::Text(text) = &choose { Some(text.as_str()) } else { None };
        let mut store = sim.firm.store().await;
        let all = link::page(store.connection(), LinkId(0), 1_000).await.unwrap();
        store.close().await.unwrap();
        for link in all.iter().filter(|link| link.id == waiting.link) {
            note(sim, link.kind, link.flowtly_id.as_str(), typed);
        }
        sim.count("decided a conflict");
    }
}

/// Takes a pair apart.
async fn separate(sim: &Sim) {
    let mut store = sim.firm.store().await;
    let mut all = link::page(store.connection(), LinkId(0), 1_000).await.unwrap();
    store.close().await.unwrap();
    // The first pair is the canary, which nobody touches.
    all.retain(|link| link.state != LinkState::Tombstone && link.flowtly_id.as_str() != "1");
    let Some(found) = sim.chance(|rng| rng.choice(&all).cloned()) else { return };
    let outcome =
        links::remove(&sim.settings(), sim.clock.as_ref(), found.kind, &found.flowtly_id, &mut Vec::new()).await;
    sim.say(|| format!("separated: {} {} {}: {outcome:?}", found.kind.as_str(), found.flowtly_id, found.crm_id));
    if outcome.is_ok() {
        note(sim, found.kind, found.flowtly_id.as_str(), None);
        sim.count("separated a pair");
    }
}

/// Answers a question by joining what it asks about.
async fn join(sim: &Sim) {
    let mut store = sim.firm.store().await;
    let questions = waiting::questions(store.connection()).await.unwrap();
    store.close().await.unwrap();
    let pairs: Vec<_> = questions
        .iter()
        .flat_map(|waiting| {
            let subject = &waiting.question.subject;
            let others = waiting.question.candidates.iter().filter(|other| other.record.side != subject.side);
            others.map(move |other| (subject.clone(), other.record.clone()))
        })
        .collect();
    let Some((one, two)) = sim.chance(|rng| rng.choice(&pairs).cloned()) else { return };
    let kind = if one.parent.is_some() || two.parent.is_some() { Kind::Contact } else { Kind::Company };
    let (ours, theirs) = if one.side == Side::Flowtly { (one, two) } else { (two, one) };
    let outcome = links::add(&sim.settings(), sim.clock.as_ref(), kind, &ours.id, &theirs.id, &mut Vec::new()).await;
    sim.say(|| format!("joined: {} {} {}: {outcome:?}", kind.as_str(), ours.id, theirs.id));
    if outcome.is_ok() {
        let rec = |side: evidence::Side, id: &RemoteId| evidence::Rec::new(side, kind_of(kind), id.as_str());
        sim.journal.joined(rec(evidence::Side::Flowtly, &ours.id), rec(evidence::Side::Crm, &theirs.id));
        sim.count("joined a pair");
    }
}

/// The checker hears of every decision.
fn note(sim: &Sim, kind: Kind, of_flowtly: &str, typed: Option<&str>) {
    sim.journal.decided(evidence::Rec::new(evidence::Side::Flowtly, kind_of(kind), of_flowtly), typed);
}

pub(super) const fn kind_of(kind: Kind) -> evidence::Kind {
    match kind {
        Kind::Company => evidence::Kind::Company,
        Kind::Contact => evidence::Kind::Contact,
    }
}
