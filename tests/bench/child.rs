//! The roles that this program plays for itself, one process each: what is measured has a process of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use flowtly_sync::clock::{Clock, SystemClock};
use flowtly_sync::config::{self, Environment, Settings};
use flowtly_sync::connector::http::Transport;
use flowtly_sync::connector::port::{Extent, Source, Step};
use flowtly_sync::connector::registry::{Systems, Transports, connect};
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::documents::DocumentRules;
use flowtly_sync::sync::pass::{self, Request};
use flowtly_sync::sync::{Ruling, World};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::counting::{Counting, Sums};
use crate::servers::serve_sandbox;

/// What a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A complete pass over a new state, allowed.
    FirstPass,
    /// A complete pass.
    Pass,
    /// An incremental pass.
    Beat,
    /// Fetches and decodes all pages, and then fetches them again without decoding.
    Floor,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::FirstPass => "first-pass",
            Self::Pass => "pass",
            Self::Beat => "beat",
            Self::Floor => "floor",
        }
    }
}

/// What a child reports.
#[derive(Debug)]
pub(crate) struct Report(Value);

impl Report {
    /// A value as it was reported; null if it was not.
    pub(crate) fn value(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or(&Value::Null)
    }

    /// A number.
    pub(crate) fn number(&self, key: &str) -> anyhow::Result<f64> {
        self.value(key).as_f64().with_context(|| format!("no {key} in {self:?}"))
    }

    /// A count.
    pub(crate) fn count(&self, key: &str) -> anyhow::Result<u64> {
        self.value(key).as_u64().with_context(|| format!("no {key} in {self:?}"))
    }
}

/// Starts a child in a role, and gives back what it reports.
pub(crate) fn run(role: Role, config: &Path) -> anyhow::Result<Report> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--child", role.word()])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("a child does not start")?;
    if !output.status.success() {
        bail!("the child {role:?} failed");
    }
    serde_json::from_slice(&output.stdout).map(Report).context("a child reports no JSON")
}

/// Plays a role: its word, and the configuration (or what to serve).
pub(crate) fn play(arguments: &[String]) -> anyhow::Result<()> {
    // The same runtime as the program's own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let [word, rest @ ..] = arguments else { bail!("--child needs a role") };
    if word == "serve" {
        return runtime.block_on(serve_sandbox(rest));
    }
    let [config, ..] = rest else { bail!("the role {word} needs a configuration") };
    let config = Path::new(config);
    let first = || [RefusalName::FirstPass].into();
    let report = match word.as_str() {
        "floor" => runtime.block_on(floor(config))?,
        "pass" => runtime.block_on(one_pass(config, Request { complete: true, ..Request::default() }))?,
        "beat" => runtime.block_on(one_pass(config, Request::default()))?,
        "first-pass" => runtime.block_on(one_pass(config, Request { complete: true, allow: first() }))?,
        other => bail!("there is no role {other}"),
    };
    crate::print(&report)
}

/// Both systems over counting transports.
struct Bench {
    settings: Settings,
    systems: Systems,
    clock: Arc<dyn Clock>,
    flowtly: Arc<Counting>,
    crm: Arc<Counting>,
}

impl Bench {
    fn new(config: &Path, keep: bool) -> anyhow::Result<Self> {
        let settings = config::load(Some(config), &Environment::of_process())?;
        let network = Transports::network(&settings)?;
        let flowtly = Arc::new(Counting::new(network.flowtly, keep));
        let crm = Arc::new(Counting::new(network.crm, keep));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let transports = Transports { flowtly: flowtly.clone(), crm: crm.clone() };
        let systems = connect(&settings, transports, &clock)?;
        Ok(Self { settings, systems, clock, flowtly, crm })
    }

    /// What was counted on both sides.
    fn sums(&self) -> [Sums; 2] {
        [self.flowtly.sums(), self.crm.sums()]
    }
}

/// A pass as `reconcile` makes it.
async fn one_pass(config: &Path, request: Request) -> anyhow::Result<Value> {
    let bench = Bench::new(config, false)?;
    let settings = &bench.settings;
    let ruling = Ruling {
        company: settings.kind_rules(Kind::Company).clone(),
        contact: settings.kind_rules(Kind::Contact).clone(),
        locale: settings.locale().clone(),
        limits: settings.limits,
        canaries: settings.canaries.clone(),
        documents: settings.documents.map(|at_once| DocumentRules { at_once }),
    };
    let begun = Instant::now();
    let store = Store::open(&WriterLock::take(&settings.state_path)?).await?;
    let world = World::of(&bench.systems, bench.clock.as_ref(), &ruling);
    let sinks = Sinks::from(&bench.systems);
    let (store, report) = pass::run(world, sinks, store, request, &CancellationToken::new()).await;
    store.close().await?;
    let wall = begun.elapsed();
    let report = report?;
    let [flowtly, crm] = bench.sums();
    Ok(json!({
        "wall_s": seconds(wall), "cpu_s": cpu_seconds("/proc/self/stat")?, "peak_mb": peak_megabytes()?,
        "requests": flowtly.requests + crm.requests, "flowtly_requests": flowtly.requests, "crm_requests": crm.requests,
        "bytes": flowtly.bytes + crm.bytes, "writes": flowtly.writes + crm.writes,
        "flowtly_writes": flowtly.writes, "crm_writes": crm.writes,
        "creates": crm.creates, "largest_create": crm.largest, "created": crm.created,
        "acts": report.totals.would_act(), "written": report.written, "equal": report.certificate.equal + report.certificate.differ,
        "ending": report.ending, "refusals": report.refusals.len(), "unexplained": report.certificate.unexplained,
    }))
}

/// Fetches the same pages in the same manner and decodes them; then fetches them once more and looks at nothing.
async fn floor(config: &Path) -> anyhow::Result<Value> {
    let bench = Bench::new(config, true)?;
    let begun = Instant::now();
    let sides = [bench.systems.flowtly.clone(), bench.systems.crm.clone()];
    let [flowtly, crm] = sides;
    let (flowtly_rows, crm_rows) = tokio::try_join!(read_all(flowtly.as_ref()), read_all(crm.as_ref()))?;
    let decoded = begun.elapsed();
    let [flowtly_sums, crm_sums] = bench.sums();
    let cpu = cpu_seconds("/proc/self/stat")?;
    let at_once = bench.settings.flowtly.concurrent_pages;
    let begun = Instant::now();
    tokio::try_join!(fetch(&bench.flowtly, at_once), fetch(&bench.crm, 1))?;
    let bare = begun.elapsed();
    Ok(json!({
        "floor_s": seconds(decoded), "bare_s": seconds(bare), "cpu_s": cpu,
        "requests": flowtly_sums.requests + crm_sums.requests, "pages": flowtly_sums.pages + crm_sums.pages,
        "bytes": flowtly_sums.bytes + crm_sums.bytes, "rows": flowtly_rows + crm_rows, "peak_mb": peak_megabytes()?,
    }))
}

async fn read_all<S: Source + ?Sized>(source: &S) -> anyhow::Result<usize> {
    let mut rows = 0;
    for kind in Kind::BOTH {
        let mut walk = source.walk(kind, Extent::Complete).await?;
        while let Step::Page(page) = walk.next().await? {
            rows += page.len();
        }
    }
    Ok(rows)
}

/// Asks for everything that was asked for before.
async fn fetch(transport: &Arc<Counting>, at_once: usize) -> anyhow::Result<()> {
    let requests = transport.kept();
    let replies = requests.into_iter().map(|request| {
        let transport = Arc::clone(transport);
        // A task of its own, as the walk's fetching ahead has.
        tokio::spawn(async move { transport.send(request, Duration::from_secs(30), usize::MAX).await })
    });
    let lengths = stream::iter(replies).buffered(at_once.max(1));
    lengths
        .map_err(anyhow::Error::from)
        .try_for_each(|reply| async move { reply.map(|reply: http::Response<Bytes>| drop(reply)).map_err(Into::into) })
        .await
}

fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// The highest resident memory of this process so far, in units of 10^6 bytes.
fn peak_megabytes() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("this system does not tell about memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the peak is not told")?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok((kibibytes * 1.024).round() / 1_000.0)
}

/// Processor time of a process so far by its `stat` in `/proc`, in seconds, the system's work for it included.
pub(crate) fn cpu_seconds(stat: &str) -> anyhow::Result<f64> {
    /// How many ticks a second Linux counts for everybody.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(stat)?;
    let (_, fields) = stat.rsplit_once(") ").context("the process's line is cut")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS)
}
