//! After the storm: people rest, nothing fails, time passes; everything must come to rest, and stay there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use flowtly_sync::domain::plan::{ActionId, Asks, LinkId};
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::store::{action, intent, link, waiting};
use flowtly_sync::sync::pass::{Ending, Report};
use serde_json::Value;
use sqlx::SqliteConnection;

use super::life::{Life, Lived, live};
use super::sim::Sim;
use super::world::text;
use crate::checker::evidence;
use crate::checker::journal::is_renamed;
use crate::checker::rules::Rules;
use crate::checker::{Evidence, check};

/// Longer than the longest request and any lag: what was lost on the way has arrived by then, or never will.
const LATER: Duration = Duration::from_hours(2);

/// Within this many lives everything must be at rest.
const LIVES: usize = 10;

/// Lives on until a pass finds nothing to do, and judges the end; then the checker does, which knows nothing of the engine.
pub async fn come_to_rest(sim: &Arc<Sim>) {
    sim.clock.mend();
    rest(sim).await;
    let evidence = Evidence::of(&sim.firm, &sim.journal, Rules::configured(&sim.firm)).await;
    for violation in check(&evidence) {
        sim.wrong(violation.to_string());
    }
}

async fn rest(sim: &Arc<Sim>) {
    let mut last = String::new();
    for number in 0..LIVES {
        sim.firm.clock.advance(LATER);
        sim.say(|| format!("calm, life {number}"));
        let writes = sim.firm.writes();
        let Some(report) = calm(sim).await else { return };
        let mut store = sim.firm.store().await;
        let open = intent::open(store.connection()).await.unwrap().len();
        // A create that may have arrived is asked about: it waits for a person.
        let questions = waiting::questions(store.connection()).await.unwrap();
        let may_have_arrived = questions.iter().filter(|waiting| waiting.question.asks == Asks::LostCreate).count();
        show(sim, store.connection()).await;
        last = format!(
            "{:?}, written {}, refused {}, put off {}, {open} open, {:?}, {:?}",
            report.ending, report.written, report.refused, report.put_off, report.totals, report.certificate
        );
        let totals = &report.totals;
        // What is refused again and again is planned again and again; anything else is news.
        let is_news = totals.links + totals.conflicts + totals.questions + totals.local + totals.agreed > 0;
        let would_act = totals.would_act() && (is_news || report.refused == 0);
        // What was put off while the clock was wrong is due when that time has come.
        let is_due_later = unfinished(store.connection()).await > 0;
        store.close().await.unwrap();
        let is_clean = report.certificate.pending == 0 && report.certificate.unexplained == 0;
        let is_settled = !would_act && !report.more && open <= may_have_arrived && is_clean && !is_due_later;
        // What is refused, or comes too late, is tried again: nothing is written, and yet something is sent.
        if sim.firm.writes() == writes && is_settled && report.ending == Ending::Applied {
            orphans(sim).await;
            return;
        }
    }
    sim.wrong(format!("not at rest after {LIVES} lives: {last}"));
}

async fn calm(sim: &Arc<Sim>) -> Option<Report> {
    match live(sim, Life::calm()).await {
        Lived::Ended(report) => {
            sim.say(|| {
                let Report { ending, totals, written, refused, put_off, waiting, certificate, .. } = &*report;
                format!("{ending:?} written {written} refused {refused} put off {put_off} waiting {waiting:?} {totals:?} {certificate:?}")
            });
            Some(*report)
        }
        lived @ (Lived::Failed(_) | Lived::Died) => {
            if sim.is_loud() {
                let mut store = sim.firm.store().await;
                show(sim, store.connection()).await;
                store.close().await.unwrap();
            }
            sim.wrong(format!("in calm a life ended badly: {lived:?}"));
            None
        }
    }
}

/// What the last pass planned, and what the state holds, for the log of a single seed.
pub(super) async fn show(sim: &Sim, connection: &mut SqliteConnection) {
    if !sim.is_loud() {
        return;
    }
    let actions = action::all(connection, ActionId(0), 1_000).await.unwrap();
    let mut lines: Vec<String> = actions.iter().map(|action| format!("    {action:?}")).collect();
    for query in [
        "SELECT 'todo ' || coalesce('link ' || link, 'seen ' || seen) || ' ' || why || ' ' || coalesce(due, 'not due') \
         FROM todo ORDER BY id",
        "SELECT 'seen ' || id || ' ' || side || ' ' || kind || ' ' || remote_id || ' parent ' || coalesce(parent_id, '-') \
         || ' gone ' || gone || ' link ' || coalesce(link, '-') || ' ' || coalesce(verdict, '-') || ' ' || fields FROM seen ORDER BY id",
        "SELECT 'base of link ' || link || ' ' || side || ' ' || fields FROM base ORDER BY link, side",
        "SELECT 'history of link ' || link || ' ' || side || ' ' || field || ' ' || old || ' ' || new || ' ' || reason \
         FROM history ORDER BY id",
    ] {
        let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut *connection).await.unwrap();
        lines.extend(rows);
    }
    sim.say(|| lines.join("\n"));
}

/// How many records will be looked at again at a time that has not come: a clock that was ahead said when. What
/// a person is asked about is looked at for ever.
async fn unfinished(connection: &mut SqliteConnection) -> i64 {
    let unfinished = "SELECT count(*) FROM todo WHERE due IS NOT NULL \
                      AND (why IN ('staged', 'superseded', 'decided') \
                      OR why = 'interrupted' AND NOT EXISTS (SELECT 1 FROM intent WHERE closed IS NULL))";
    sqlx::query_scalar(unfinished).fetch_one(connection).await.unwrap()
}

/// What the program made belongs to a pair, or a question asks about it. Anything else is a second one of something.
async fn orphans(sim: &Arc<Sim>) {
    let mut store = sim.firm.store().await;
    let links = link::page(store.connection(), LinkId(0), 10_000).await.unwrap();
    let questions = waiting::questions(store.connection()).await.unwrap();
    let failures = waiting::failures(store.connection()).await.unwrap();
    store.close().await.unwrap();
    let mut accounted: BTreeSet<(Side, Kind, String)> = sim.known.lock().unwrap().made.clone();
    for link in &links {
        accounted.insert((Side::Flowtly, link.kind, link.flowtly_id.to_string()));
        accounted.insert((Side::Crm, link.kind, link.crm_id.to_string()));
    }
    let asked: BTreeSet<(Side, String)> = questions
        .iter()
        .flat_map(|waiting| {
            let question = &waiting.question;
            let candidates = question.candidates.iter().map(|candidate| &candidate.record);
            std::iter::once(&question.subject).chain(candidates).map(|record| (record.side, record.id.to_string()))
        })
        .collect();
    let deeds = sim.journal.deeds();
    let text_of = |record: &Value| text(&record["id"]);
    let clients = sim.firm.flowtly.clients().iter().map(text_of).collect::<Vec<_>>();
    let people = sim.firm.flowtly.contacts().iter().map(text_of).collect::<Vec<_>>();
    let theirs = |kind| sim.firm.crm.ids(kind).into_iter().map(|id| sim.firm.crm.id_text(id)).collect::<Vec<_>>();
    for (side, kind, ids) in [
        (Side::Flowtly, Kind::Company, clients),
        (Side::Flowtly, Kind::Contact, people),
        (Side::Crm, Kind::Company, theirs(Kind::Company)),
        (Side::Crm, Kind::Contact, theirs(Kind::Contact)),
    ] {
        for id in ids {
            // A refusal may name it: "already exists".
            let is_told = asked.contains(&(side, id.clone())) || failures.iter().any(|told| told.message.contains(&id));
            let client = evidence::Rec::new(evidence::Side::Flowtly, evidence::Kind::Company, id.as_str());
            let is_client = (side, kind) == (Side::Flowtly, Kind::Company);
            let is_told = is_told || (is_client && is_renamed(&deeds, &client));
            if !accounted.contains(&(side, kind, id.clone())) && !is_told {
                sim.wrong(format!("{side} {} {id} was made by the program and belongs to nothing", kind.as_str()));
            }
        }
    }
}
