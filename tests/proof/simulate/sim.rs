//! One seed under way: the firm, chance, the clock, and everything that is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use flowtly_sync::clock::{Clock, ManualClock};
use flowtly_sync::config::{self, Environment, Settings};
use flowtly_sync::domain::record::{Kind, Side};
use http::Response;
use sqlx::{Connection as _, SqliteConnection};

use super::crms::Seed;
use super::people;
use super::sent::Sent;
use super::world::{self, Liberty, Made};
use crate::checker::journal::Journal;
use crate::firm::Firm;

/// A request as the sequence of requests keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    pub line: String,
    pub body: [u8; 8],
}

/// What people know of their own deeds.
#[derive(Debug, Default)]
pub struct Known {
    /// Records that people made: nobody else's.
    pub made: BTreeSet<(Side, Kind, String)>,
    /// What a field held before somebody changed it last.
    pub before: BTreeMap<(Side, Kind, u64, &'static str), String>,
    /// Records of the CRM that somebody archived.
    pub archived: BTreeSet<(Kind, u64)>,
    pub deeds: usize,
}

impl Known {
    pub fn archived(&self, kind: Kind) -> Vec<u64> {
        self.archived.iter().filter(|(other, _)| *other == kind).map(|(_, id)| *id).collect()
    }
}

/// One of so many seeds has webhooks.
const WEBHOOKS: u64 = 3;

/// One seed.
pub struct Sim {
    pub firm: Firm,
    /// What people do, for the checker.
    pub journal: Journal,
    pub clock: Arc<SkewedClock>,
    pub known: Mutex<Known>,
    rng: Mutex<Rng>,
    /// What is drawn of webhooks, where this seed has any: apart, so that it changes nothing else of a seed.
    webhooks: Option<Mutex<Rng>>,
    is_loud: bool,
    settings: Mutex<Arc<Settings>>,
    rules: Mutex<String>,
    list_lag: Duration,
    liberties: Vec<Liberty>,
    search_lag: Duration,
    requests: Mutex<Vec<Noted>>,
    replies: Mutex<BTreeMap<String, (Duration, Response<Bytes>)>>,
    changed: Mutex<Option<Duration>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    wrongs: Mutex<Vec<String>>,
    holder: Mutex<Option<SqliteConnection>>,
}

impl Sim {
    /// The world of a seed, before its first pass.
    pub fn of(seed: Seed, is_loud: bool) -> Self {
        let mut rng = Rng::with_seed(seed.number);
        let Made { firm, rules, list_lag, search_lag, liberties, known } = world::make(&mut rng, seed.crm);
        firm.clock.keep_turns();
        let settings = Mutex::new(firm.settings());
        let clock = Arc::new(SkewedClock { inner: firm.clock.clone(), skew: AtomicI64::new(0) });
        let journal = Journal::begin(&firm);
        let sim = Self {
            firm,
            journal,
            clock,
            known: Mutex::new(known),
            rng: Mutex::new(rng),
            webhooks: (seed.number % WEBHOOKS == 1).then(|| Mutex::new(Rng::with_seed(!seed.number))),
            is_loud,
            settings,
            rules: Mutex::new(rules),
            list_lag,
            liberties,
            search_lag,
            requests: Mutex::default(),
            replies: Mutex::default(),
            changed: Mutex::default(),
            counts: Mutex::default(),
            wrongs: Mutex::default(),
            holder: Mutex::default(),
        };
        sim.say(|| {
            let path = sim.firm.state().with_file_name("flowtly-sync.toml");
            format!("configured:\n{}", std::fs::read_to_string(path).unwrap())
        });
        sim
    }

    /// Draws.
    pub fn chance<R>(&self, draw: impl FnOnce(&mut Rng) -> R) -> R {
        draw(&mut self.rng.lock().unwrap())
    }

    /// What is drawn of webhooks, where there are any.
    pub fn webhooks(&self) -> Option<&Mutex<Rng>> {
        self.webhooks.as_ref()
    }

    pub fn is_loud(&self) -> bool {
        self.is_loud
    }

    /// A line of the log of a single seed.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if self.is_loud {
            println!("{} {}", self.firm.clock.now().format("%d %H:%M:%S%.3f"), line());
        }
    }

    /// A fault, or a deed, that really happened.
    pub fn count(&self, kind: &'static str) {
        *self.counts.lock().unwrap().entry(kind).or_default() += 1;
    }

    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap().clone()
    }

    /// Something that must not be.
    pub fn wrong(&self, what: String) {
        self.say(|| format!("WRONG: {what}"));
        self.wrongs.lock().unwrap().push(what);
    }

    pub fn wrongs(&self) -> Vec<String> {
        self.wrongs.lock().unwrap().clone()
    }

    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.lock().unwrap())
    }

    /// Another configuration from the next life on.
    pub fn reconfigure(&self) {
        let extra = self.chance(|rng| world::rules(rng, self.firm.crm.client_mark()));
        let path = self.firm.state().with_file_name("flowtly-sync.toml");
        // Before and after: both configurations are written down.
        self.journal.configured();
        let mut rules = self.rules.lock().unwrap();
        let text = std::fs::read_to_string(&path).unwrap().replace(rules.as_str(), &extra);
        std::fs::write(&path, text).unwrap();
        rules.clone_from(&extra);
        *self.settings.lock().unwrap() = Arc::new(load(&path));
        self.count("configuration changed");
        self.say(|| format!("configured anew:\n{extra}"));
    }

    pub fn note_request(&self, sent: &Sent, body: &Bytes) {
        self.requests.lock().unwrap().push(sent.noted(body));
        if !sent.is_write() {
            return;
        }
        if sent.side == Side::Crm {
            self.crm_changed();
        }
        let Ok(body) = serde_json::from_slice(body) else { return };
        for liberty in &self.liberties {
            if liberty.side == sent.side && sent.path.contains(&liberty.collection) && liberty.changes(&body) {
                self.count(liberty.kind);
            }
        }
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Noted> {
        self.requests.lock().unwrap().clone()
    }

    pub fn crm_changed(&self) {
        *self.changed.lock().unwrap() = Some(self.firm.clock.elapsed());
    }

    /// Counts a search whose index lags.
    pub fn count_lag(&self, sent: &Sent) {
        let now = self.firm.clock.elapsed();
        let changed = *self.changed.lock().unwrap();
        if sent.is_search() && changed.is_some_and(|changed| now.saturating_sub(changed) < self.search_lag) {
            self.count("search lags");
        }
    }

    /// Keeps a page of a list, where lists lag.
    pub fn remember_reply(&self, sent: &Sent, response: &Response<Bytes>) {
        if self.list_lag > Duration::ZERO
            && sent.side == Side::Flowtly
            && sent.is_list()
            && response.status().is_success()
        {
            let now = self.firm.clock.elapsed();
            let mut replies = self.replies.lock().unwrap();
            // A server that lags shows what was at one time; only a page that is too old is replaced.
            let is_old = replies.get(&sent.path).is_none_or(|(at, _)| now.saturating_sub(*at) > self.list_lag);
            if is_old {
                replies.insert(sent.path.clone(), (now, response.clone()));
            }
        }
    }

    /// A page of a list as it was a while ago.
    pub fn stale_reply(&self, sent: &Sent) -> Option<Response<Bytes>> {
        if self.list_lag == Duration::ZERO {
            return None;
        }
        let now = self.firm.clock.elapsed();
        let (at, response) = self.replies.lock().unwrap().get(&sent.path)?.clone();
        if now.saturating_sub(at) > self.list_lag || self.chance(|rng| rng.u8(0..3)) == 0 {
            return None;
        }
        self.count("list lags behind a write");
        self.journal.lags();
        self.say(|| format!("  {sent} -> a page from before"));
        Some(response)
    }

    /// Everything that people do to the systems goes through here.
    pub fn act<R>(&self, deed: impl FnOnce(&Firm) -> R) -> R {
        self.crm_changed();
        self.journal.act(|| deed(&self.firm))
    }

    /// Somebody does something, whatever comes to mind.
    pub fn somebody_acts(&self, when: &'static str) {
        if people::act(self) {
            self.known.lock().unwrap().deeds += 1;
            self.count(if when == "during a pass" { "edit during a pass" } else { "edit between passes" });
        }
    }

    pub fn deed_count(&self) -> usize {
        self.known.lock().unwrap().deeds
    }

    /// Another process begins to write to the state. Whether it could.
    pub fn take_database(&self) -> bool {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(self.firm.state()).busy_timeout(Duration::ZERO);
        let taken = apart(async {
            let mut other = SqliteConnection::connect_with(&options).await.ok()?;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.ok()?;
            Some(other)
        });
        let is_taken = taken.is_some();
        if is_taken {
            *self.holder.lock().unwrap() = taken;
        }
        is_taken
    }

    /// It lets go.
    pub fn release_database(&self) {
        if let Some(mut other) = self.holder.lock().unwrap().take() {
            apart(async {
                sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
                other.close().await.unwrap();
            });
        }
    }
}

/// Runs on a thread of its own, and nobody else gets a turn meanwhile: how long another process takes is no matter of chance.
fn apart<R: Send>(task: impl Future<Output = R> + Send) -> R {
    std::thread::scope(|scope| {
        let alone = || tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(task);
        scope.spawn(alone).join().unwrap()
    })
}

fn load(path: &Path) -> Settings {
    let nothing: [(String, String); 0] = [];
    config::load(Some(path), &nothing.into_iter().collect::<Environment>()).unwrap()
}

/// The clock of the machine that the daemon runs on: the servers' may tell another time.
#[derive(Debug)]
pub struct SkewedClock {
    inner: Arc<ManualClock>,
    /// Seconds that it is ahead.
    skew: AtomicI64,
}

impl SkewedClock {
    /// Somebody sets it, or it sets itself.
    pub fn jump(&self, seconds: i64) {
        self.skew.fetch_add(seconds, Ordering::SeqCst);
    }

    /// It is right again.
    pub fn mend(&self) {
        self.skew.store(0, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for SkewedClock {
    fn now(&self) -> DateTime<Utc> {
        self.inner.now() + TimeDelta::seconds(self.skew.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    /// Passes at once. Nobody else gets a turn meanwhile, so that all that happens, happens in one order.
    async fn sleep(&self, duration: Duration) {
        self.inner.advance(duration);
    }
}
