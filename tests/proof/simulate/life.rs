//! What a seed holds for one life of the process, and the life itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use flowtly_sync::clock::Clock;
use flowtly_sync::connector::registry::{Transports, connect};
use flowtly_sync::domain::hint::Hint;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::Fault;
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::{self, Report, Request};
use flowtly_sync::sync::{Pace, PassError, World};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::sim::Sim;
use super::weather::Weather;
use crate::checker::state::State;
use crate::firm::ruling;
use crate::hints;

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    BeforeCommit(usize),
    BeforeRequest(usize),
    AfterRequest(usize),
}

/// A storm: how much goes wrong.
#[derive(Debug, Clone, Default)]
struct Storm {
    fault_rate: f64,
    people_before: f64,
    people_after: f64,
    death: Option<Death>,
    disk_pages: Option<u32>,
    busy: Option<(usize, usize)>,
    second_instance: Option<usize>,
    clock_jump: Option<(usize, i64)>,
    stops_at: Option<usize>,
}

/// One life.
#[derive(Debug, Default)]
pub struct Life {
    /// For each pass whether it walks everything.
    passes: Vec<bool>,
    allow: BTreeSet<RefusalName>,
    storm: Option<Storm>,
    pub stop: CancellationToken,
    requests: AtomicUsize,
    commits: AtomicUsize,
    dead: AtomicBool,
    died: Notify,
    /// Held by the connection to the state as long as it is open.
    open: Arc<()>,
    bursts: Mutex<BTreeMap<Side, (u32, &'static str, Fault)>>,
}

/// What became of a life.
#[derive(Debug)]
pub enum Lived {
    /// Its last pass ended.
    Ended(Box<Report>),
    /// Its last pass failed.
    Failed(PassError),
    /// The process died.
    Died,
}

/// The steps of a life among which its end is drawn: about as many as a pass of so small a firm takes.
const STEPS: usize = 45;

impl Life {
    /// A life in which a seed's troubles happen.
    pub fn stormy(rng: &mut Rng) -> Self {
        let fault_rate = *rng.choice(&[0.0, 0.01, 0.04, 0.12, 0.3]).unwrap();
        let people = *rng.choice(&[0.0, 0.02, 0.08, 0.2]).unwrap();
        let death = match rng.u32(0..10) {
            0 | 1 => Some(Death::BeforeCommit(rng.usize(0..STEPS))),
            2 => Some(Death::BeforeRequest(rng.usize(0..STEPS))),
            3 => Some(Death::AfterRequest(rng.usize(0..STEPS))),
            _ => None,
        };
        let one_in = |rng: &mut Rng, n: u32| rng.u32(0..n) == 0;
        let storm = Storm {
            fault_rate,
            people_before: people,
            people_after: people,
            death,
            disk_pages: one_in(rng, 14).then(|| rng.u32(0..4)),
            busy: one_in(rng, 16).then(|| rng.usize(0..STEPS)).map(|from| (from, from + rng.usize(1..12))),
            second_instance: one_in(rng, 12).then(|| rng.usize(0..STEPS)),
            clock_jump: one_in(rng, 10).then(|| (rng.usize(0..STEPS), jump(rng))),
            stops_at: one_in(rng, 25).then(|| rng.usize(0..STEPS)),
        };
        let passes = (0..rng.usize(1..3)).map(|_| rng.bool()).collect();
        let allow = if rng.u32(0..4) == 0 { BTreeSet::new() } else { BTreeSet::from([RefusalName::FirstPass]) };
        let allow = if rng.bool() { RefusalName::ALL.into() } else { allow };
        Self { passes, allow, storm: Some(storm), ..Self::default() }
    }

    /// A life in which nothing goes wrong, and a person allows what is asked.
    pub fn calm() -> Self {
        Self { passes: vec![true], allow: RefusalName::ALL.into(), ..Self::default() }
    }

    pub fn is_storming(&self) -> bool {
        self.storm.is_some()
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    pub fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_one();
    }

    async fn death(&self) {
        while !self.is_dead() {
            self.died.notified().await;
        }
    }

    pub fn next_request(&self) -> usize {
        self.requests.fetch_add(1, Ordering::SeqCst)
    }

    pub fn fault_rate(&self) -> f64 {
        self.of(|storm| storm.fault_rate)
    }

    pub fn people_before(&self) -> f64 {
        self.of(|storm| storm.people_before)
    }

    pub fn people_after(&self) -> f64 {
        self.of(|storm| storm.people_after)
    }

    pub fn second_instance_at(&self) -> Option<usize> {
        self.of(|storm| storm.second_instance)
    }

    pub fn clock_jump(&self) -> Option<(usize, i64)> {
        self.of(|storm| storm.clock_jump)
    }

    pub fn busy(&self) -> Option<(usize, usize)> {
        self.of(|storm| storm.busy)
    }

    pub fn stops_at(&self) -> Option<usize> {
        self.of(|storm| storm.stops_at)
    }

    pub fn dies_before_request(&self, number: usize) -> bool {
        self.of(|storm| storm.death) == Some(Death::BeforeRequest(number))
    }

    pub fn dies_after_request(&self, number: usize) -> bool {
        self.of(|storm| storm.death) == Some(Death::AfterRequest(number))
    }

    /// From now on so many requests of a side fail alike.
    pub fn begin_burst(&self, side: Side, kind: &'static str, fault: Fault, times: u32) {
        if times > 0 {
            self.bursts.lock().unwrap().insert(side, (times, kind, fault));
        }
    }

    /// The burst that a side is in, one request shorter.
    pub fn burst(&self, side: Side) -> Option<(&'static str, Fault)> {
        let mut bursts = self.bursts.lock().unwrap();
        let (left, kind, fault) = bursts.get_mut(&side)?;
        let (kind, fault) = (*kind, fault.clone());
        *left -= 1;
        if *left == 0 {
            bursts.remove(&side);
        }
        Some((kind, fault))
    }

    fn of<T: Default>(&self, pick: impl FnOnce(&Storm) -> T) -> T {
        self.storm.as_ref().map(pick).unwrap_or_default()
    }
}

/// Seconds, up to some hours to either side: what was written down in a time that is not yet waits for it.
fn jump(rng: &mut Rng) -> i64 {
    let by = *rng.choice(&[1, 30, 90, 600, 3_600, 7_200, 30_000]).unwrap();
    if rng.bool() { by } else { -by }
}

/// Lives it.
pub async fn live(sim: &Arc<Sim>, life: Life) -> Lived {
    let life = Arc::new(life);
    let lived = live_through(sim, &life).await;
    sim.journal.lap();
    // What was merged or purged takes with it what it was linked to.
    if matches!(lived, Lived::Ended(_)) {
        sim.journal.holds(&State::links(&sim.firm.state()).await);
    }
    buried(&life);
    sim.release_database();
    lived
}

async fn live_through(sim: &Arc<Sim>, life: &Arc<Life>) -> Lived {
    let hints = heard(sim, life).await;
    let settings = sim.settings();
    let transports = Transports {
        flowtly: Arc::new(Weather::new(sim, life, Side::Flowtly)),
        crm: Arc::new(Weather::new(sim, life, Side::Crm)),
    };
    let clock: Arc<dyn Clock> = sim.clock.clone();
    let systems = connect(&settings, transports, &clock).unwrap();
    let ruling = ruling(&settings);
    let lock = WriterLock::take(&sim.firm.state()).unwrap();
    let mut store = match Store::open(&lock).await {
        Ok(store) => store,
        Err(error) => return Lived::Failed(error.into()),
    };
    prepare(sim, life, &mut store).await;
    let sinks = Sinks::from(&systems);
    let whole = async {
        let mut last = None;
        for (complete, hints) in life.passes.iter().zip(&hints) {
            let world = World { pace: Pace::InTurn, ..World::of(&systems, clock.as_ref(), &ruling) };
            let (same, outcome) = if let Some(hints) = hints {
                sim.count("hinted pass");
                pass::hinted(world, sinks, store, hints, &life.stop).await
            } else {
                let request = Request { complete: *complete, allow: life.allow.clone() };
                pass::run(world, sinks, store, request, &life.stop).await
            };
            store = same;
            let broken = matches!(outcome, Err(PassError::Store(_) | PassError::Stopped));
            last = Some(outcome);
            if broken {
                break;
            }
            sim.firm.clock.advance(Duration::from_mins(5));
        }
        // Folding the log in is no commit; what fails here was already told by the pass.
        let _ = store.close().await;
        last
    };
    let outcome = tokio::select! {
        biased;
        () = life.death() => return Lived::Died,
        outcome = whole => outcome,
    };
    match outcome {
        // The dead say nothing, even where the error of their last step came back first.
        _ if life.is_dead() => Lived::Died,
        Some(Ok(report)) => Lived::Ended(Box::new(report)),
        Some(Err(error)) => {
            if matches!(&error, PassError::Store(error) if error.to_string().contains("full")) {
                sim.count("disk full");
            }
            Lived::Failed(error)
        }
        None => Lived::Died,
    }
}

/// What webhooks said before each pass of a life, where it is about that: some got lost, some come late, some name nothing.
async fn heard(sim: &Sim, life: &Life) -> Vec<Option<BTreeSet<Hint>>> {
    let passes = life.passes.iter();
    let Some(webhooks) = sim.webhooks().filter(|_| life.is_storming()) else { return passes.map(|_| None).collect() };
    let all = hints::all(&sim.firm).await;
    let mut rng = webhooks.lock().unwrap();
    passes
        .map(|_| {
            let share = rng.bool().then(|| *rng.choice(&[0.1, 0.5, 1.0]).unwrap())?;
            let mut heard: BTreeSet<Hint> = all.iter().filter(|_| rng.f64() < share).cloned().collect();
            if rng.u32(0..4) == 0 {
                let (side, kind) = (rng.choice(Side::BOTH).unwrap(), rng.choice(Kind::BOTH).unwrap());
                heard.extend(hints::at(&sim.firm, side, kind, &rng.u32(..).to_string()));
            }
            Some(heard)
        })
        .collect()
}

/// Numbers the commits, and narrows the disk.
async fn prepare(sim: &Arc<Sim>, life: &Arc<Life>, store: &mut Store) {
    let Some(trouble) = &life.storm else { return };
    if trouble.busy.is_some() {
        // Whoever waits for the other process would wait for real, and find another order each time.
        sqlx::query("PRAGMA busy_timeout = 0").execute(store.connection()).await.unwrap();
    }
    if let Some(pages) = trouble.disk_pages {
        let now: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(store.connection()).await.unwrap();
        let limit = format!("PRAGMA max_page_count = {}", now + i64::from(pages));
        sqlx::query(sqlx::AssertSqlSafe(limit)).execute(store.connection()).await.unwrap();
    }
    let at = if let Some(Death::BeforeCommit(at)) = trouble.death { at } else { usize::MAX };
    let (sim, token, life) = (Arc::clone(sim), Arc::clone(&life.open), Arc::clone(life));
    let mut handle = store.connection().lock_handle().await.unwrap();
    handle.set_commit_hook(move || {
        // Asked about, so that it is held as long as the hook is.
        if life.is_dead() || Arc::strong_count(&token) == 0 {
            return false;
        }
        if life.commits.fetch_add(1, Ordering::SeqCst) < at {
            return true;
        }
        // Between two steps nothing lasts: before this one is after the one before.
        sim.count("death before a commit");
        sim.say(|| format!("the process dies before its commit {at}"));
        life.die();
        false
    });
}

/// Waits until the connection of a dead process is closed: its hook goes with it. A process that dies lets go of its files at
/// once; a thread needs a moment.
fn buried(life: &Life) {
    for _ in 0..120_000 {
        if Arc::strong_count(&life.open) == 1 {
            return;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}
