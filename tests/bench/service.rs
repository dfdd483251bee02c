//! The daemon as a service: how soon it is ready, what it holds and how often it wakes while nothing is to be done, and what
//! passes cost with everything on that tells of them.
//!
//! It is the binary itself, started as systemd starts it, with a notify socket.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::child::{self, Role};
use crate::servers::{Content, Servers};
use crate::{print, rounded};
use flowtly_sync::sandbox::Embedded;

/// The program under test.
const BINARY: &str = env!("CARGO_BIN_EXE_flowtly-sync");

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(5);

/// How long an idle daemon is watched. Longer than a beat of anything that it might do for itself.
const WATCHED: Duration = Duration::from_secs(40);

/// How often starts are repeated, and passes in each of two manners.
const STARTS: usize = 3;
const TURNS: usize = 7;

/// How many passes a daemon makes in a turn; the first one, which fills caches, does not count.
const PASSES: usize = 6;

/// Ready, memory and wake-ups with a contact for each of so many companies, which are two links: after a clean stop in quiet hours, when nothing is to be done, and after a
/// pass.
pub(crate) fn idle(crm: &Embedded, companies: u64) -> anyhow::Result<()> {
    let servers = Servers::start(crm, companies, Content::Agreed)?;
    child::run(Role::FirstPass, servers.config())?;
    let quiet = with(servers.config(), "quiet", &quiet_now())?;
    let mut ready = Vec::new();
    for _ in 0..STARTS {
        let daemon = Daemon::start(&quiet, Stdio::null())?;
        ready.push(daemon.ready);
        daemon.stop()?;
    }
    ready.sort_unstable();
    let daemon = Daemon::start(&quiet, Stdio::null())?;
    daemon.hear("STATUS=idle")?;
    sleep(Duration::from_secs(1));
    let before = daemon.wakeups()?;
    sleep(WATCHED);
    let wakeups = daemon.wakeups()? - before;
    let rested = daemon.memory()?;
    daemon.stop()?;
    let daemon = Daemon::start(servers.config(), Stdio::null())?;
    daemon.hear("STATUS=idle; pass")?;
    sleep(Duration::from_secs(1));
    let passed = daemon.memory()?;
    daemon.stop()?;
    let seconds: Vec<f64> = ready.iter().map(|ready| milliseconds(*ready)).collect();
    print(&json!({
        "case": "service", "crm": crm.name, "links": companies * 2, "ready_seconds": seconds.get(STARTS / 2), "ready_all": seconds,
        "rss_bytes": rested.resident, "anonymous_bytes": rested.anonymous, "rss_after_pass_bytes": passed.resident,
        "anonymous_after_pass_bytes": passed.anonymous, "peak_bytes": passed.peak, "wakeups": wakeups,
        "watched_seconds": WATCHED.as_secs(),
    }))
}

/// The same complete passes with nothing that tells of them, and with everything: figures that are scraped, traces, health, a
/// log line for each step. Daemons of both manners take turns over the same servers, and each is held against the one before: a
/// machine that grows slower meanwhile does so for both.
pub(crate) fn told(crm: &Embedded, companies: u64) -> anyhow::Result<()> {
    let servers = Servers::start(crm, companies, Content::Agreed)?;
    child::run(Role::FirstPass, servers.config())?;
    let beats = "[schedule]\ninterval = \"1s\"\nslow_interval = \"1s\"\njitter = 0\n";
    let collector = Listener::start()?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let silent = with(servers.config(), "silent", &format!("{beats}[log]\nlevel = \"error\"\n"))?;
    let told = with(
        servers.config(),
        "told",
        &format!(
            "{beats}[log]\nlevel = \"info\"\nformat = \"json\"\n[web]\nenabled = true\nbind = \"{free}\"\n[traces]\nendpoint = \
             \"http://{}/v1/traces\"\n",
            collector.address
        ),
    )?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        without.push(Cost::of(&silent, None)?);
        with.push(Cost::of(&told, Some(free))?);
    }
    let ratios =
        |part: fn(&Cost) -> f64| without.iter().zip(&with).map(move |(without, with)| part(with) / part(without));
    let ratio = middle(ratios(|cost| cost.wall))?;
    let cpu_ratio = middle(ratios(|cost| cost.cpu))?;
    let (without, with) = (Cost::median(&without)?, Cost::median(&with)?);
    let traces = collector.stop()?;
    ensure!(traces > 0, "no trace came to the collector");
    print(&json!({
        "case": "told", "crm": crm.name, "companies": companies, "wall_s": with.wall, "wall_s_without": without.wall,
        "cpu_s": with.cpu, "cpu_s_without": without.cpu, "ratio": rounded(ratio),
        "cpu_ratio": rounded(cpu_ratio), "trace_requests": traces,
    }))
}

/// What a pass costs, in seconds.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

impl Cost {
    /// The cost of a pass of a daemon that makes one after the other; figures are scraped meanwhile, where they are served.
    fn of(config: &Path, figures: Option<std::net::SocketAddr>) -> anyhow::Result<Self> {
        let log = std::fs::File::create(config.with_extension("log"))?;
        let daemon = Daemon::start(config, log.into())?;
        daemon.hear("STATUS=idle; pass")?;
        let cpu = daemon.cpu()?;
        for _ in 0..PASSES {
            if let Some(figures) = figures {
                ensure!(scrape(figures)?.contains("flowtly_sync_passes_total"), "there are no figures");
            }
            daemon.hear("STATUS=idle; pass")?;
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let cpu = (daemon.cpu()? - cpu) / PASSES as f64;
        daemon.stop()?;
        let status = Command::new(BINARY).arg("--config").arg(config).args(["status", "--json"]).output()?;
        let status: Value = serde_json::from_slice(&status.stdout).context("status says no JSON")?;
        let passes = status.get("passes").and_then(Value::as_array).context("status shows no passes")?;
        Ok(Self { wall: middle(passes.iter().filter_map(duration))?, cpu })
    }

    /// The middle of several, each part by itself.
    fn median(costs: &[Self]) -> anyhow::Result<Self> {
        let part = |part: fn(&Self) -> f64| middle(costs.iter().map(part));
        Ok(Self { wall: part(|cost| cost.wall)?, cpu: part(|cost| cost.cpu)? })
    }
}

/// The middle of some figures.
fn middle(figures: impl Iterator<Item = f64>) -> anyhow::Result<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().context("there was no turn")
}

/// How long a pass that ended took, in seconds.
fn duration(pass: &Value) -> Option<f64> {
    let at = |key: &str| pass.get(key)?.as_str()?.parse::<DateTime<Utc>>().ok();
    (at("ended")? - at("started")?).to_std().ok().map(|time| time.as_secs_f64())
}

/// A configuration with more lines, beside the first and on the same state.
fn with(config: &Path, name: &str, lines: &str) -> anyhow::Result<PathBuf> {
    let path = config.with_file_name(format!("{name}.toml"));
    std::fs::write(&path, format!("{}{lines}", std::fs::read_to_string(config)?))?;
    Ok(path)
}

/// Quiet hours around now.
fn quiet_now() -> String {
    let hour = |hours: i64| (Utc::now() + TimeDelta::hours(hours)).hour();
    format!("[schedule]\nquiet = [\"{:02}:00-{:02}:00\"]\n", hour(-1), hour(3))
}

/// A daemon with a notify socket.
struct Daemon {
    process: Child,
    notify: UnixDatagram,
    ready: Duration,
}

/// Memory in bytes.
struct Memory {
    resident: u64,
    anonymous: u64,
    peak: u64,
}

impl Daemon {
    /// Starts it, and waits until it is ready.
    fn start(config: &Path, log: Stdio) -> anyhow::Result<Self> {
        let socket = config.with_file_name("notify");
        let _ = std::fs::remove_file(&socket);
        let notify = UnixDatagram::bind(&socket)?;
        notify.set_read_timeout(Some(PATIENCE))?;
        let mut command = Command::new(BINARY);
        command.arg("--config").arg(config).arg("run").env("NOTIFY_SOCKET", &socket).env_remove("RUST_LOG").stderr(log);
        let begun = Instant::now();
        let mut daemon = Self { process: command.spawn()?, notify, ready: Duration::ZERO };
        daemon.hear("READY=1")?;
        daemon.ready = begun.elapsed();
        Ok(daemon)
    }

    /// Waits until it says that.
    fn hear(&self, wanted: &str) -> anyhow::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let length = self.notify.recv(&mut buffer).with_context(|| format!("{wanted} was not said"))?;
            if String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).contains(wanted) {
                return Ok(());
            }
        }
    }

    /// How often its threads went to sleep, which is how often they were woken.
    fn wakeups(&self) -> anyhow::Result<u64> {
        let mut all = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let status = std::fs::read_to_string(thread?.path().join("status"))?;
            all += number(&status, "voluntary_ctxt_switches:")?;
        }
        Ok(all)
    }

    fn memory(&self) -> anyhow::Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let bytes = |name| Ok::<_, anyhow::Error>(number(&status, name)? * 1024);
        Ok(Memory { resident: bytes("VmRSS:")?, anonymous: bytes("RssAnon:")?, peak: bytes("VmHWM:")? })
    }

    /// Processor time so far, in seconds.
    fn cpu(&self) -> anyhow::Result<f64> {
        child::cpu_seconds(&format!("/proc/{}/stat", self.process.id()))
    }

    /// Stops it cleanly.
    fn stop(mut self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.process), Signal::TERM)?;
        let ended = self.process.wait()?;
        ensure!(ended.success(), "the daemon ended with {ended}");
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A number of a file in `/proc`.
fn number(status: &str, name: &str) -> anyhow::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// All figures as text.
fn scrape(address: std::net::SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// A collector of traces that takes everything and looks at nothing.
struct Listener {
    address: std::net::SocketAddr,
    taken: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Listener {
    fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (taken, ends) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counter, end) = (Arc::clone(&taken), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || {
                    while take(&stream).is_ok() {
                        counter.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Ok(Self { address, taken, ends, thread })
    }

    /// How many requests there were.
    fn stop(self) -> anyhow::Result<u64> {
        self.ends.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address)?);
        let Ok(()) = self.thread.join() else { bail!("the collector panicked") };
        Ok(self.taken.load(Ordering::SeqCst))
    }
}

/// One request of a connection that is kept.
fn take(mut stream: &TcpStream) -> anyhow::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head)?.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).context("no length")?;
    std::io::copy(&mut stream.take(length.trim().parse()?), &mut std::io::sink())?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")?;
    Ok(())
}
