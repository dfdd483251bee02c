//! The real binary, killed by the system (SIGKILL) at random moments, over sockets and a real disk layout: what the crash
//! points do in process, without anybody's help. People work between its lives. At the end the clock is moved on, the engine
//! recovers in process, and the checker judges.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use fastrand::Rng;
use flowtly_sync::clock::Clock as _;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{EMBEDDED, Embedded, Property, serve};
use libtest_mimic::{Failed, Trial};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::checker::evidence::Evidence;
use crate::checker::journal::Journal;
use crate::checker::{check, rules::Rules};
use crate::crash::settle;
use crate::figures;
use crate::firm::{Firm, vat};
use crate::size::{Size, size};

const BINARY: &str = env!("CARGO_BIN_EXE_flowtly-sync");

/// How often each world's process is killed.
const KILLS: u32 = 30;

/// The servers' clocks are a little ahead, so that what they stamp is never older than its request.
const AHEAD: TimeDelta = TimeDelta::seconds(2);

/// Longer than one life takes; a process that lives so long hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// One case a world; the CRMs take turns.
pub fn trials() -> Vec<Trial> {
    let (worlds, kills) = match size() {
        Size::Sample => (EMBEDDED.len() as u64, 5),
        Size::Whole => (8, KILLS),
        Size::Long => (80, KILLS),
    };
    (0..worlds)
        .zip(EMBEDDED.iter().cycle())
        .map(|(world, crm)| {
            let name = format!("kill::world_{world:02}_{}", crm.name);
            Trial::test(name, move || prove(world, crm, kills).map_err(Failed::from))
        })
        .collect()
}

fn prove(world: u64, crm: &Embedded, kills: u32) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut rng = Rng::with_seed(world);
    let mut firm = Firm::embedded(crm);
    let stop = CancellationToken::new();
    serve_both(&runtime, &mut firm, &stop);
    // The configuration is written where the process finds it.
    firm.settings();
    let config = firm.state().with_file_name("flowtly-sync.toml");
    keep_time(&firm);
    let journal = Journal::begin(&firm);
    for n in 0..4 {
        journal.act(|| work(&firm, &mut rng, n));
    }
    // How long a life takes that nobody ends.
    let begun = Instant::now();
    lives(&config)?;
    let whole = begun.elapsed();
    journal.lap();
    let (mut killed, mut number) = (0, 4);
    while killed < kills {
        keep_time(&firm);
        for _ in 0..rng.u32(1..3) {
            number += 1;
            journal.act(|| work(&firm, &mut rng, number));
        }
        let mut process = start(&config);
        // Waiting is the point here: the moment of the kill is the machine's time, at random.
        std::thread::sleep(whole.mul_f64(rng.f64() * 1.1));
        let ended = process.try_wait().map_err(|error| error.to_string())?;
        process.kill().map_err(|error| error.to_string())?;
        process.wait().map_err(|error| error.to_string())?;
        quiet(&firm);
        journal.lap();
        match ended {
            None => killed += 1,
            Some(status) => is_told(status)?,
        }
    }
    figures::count("kills", u64::from(killed));
    stop.cancel();
    let recovered = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    keep_time(&firm);
    recovered.block_on(async {
        settle(&firm).await?;
        journal.lap();
        settle(&firm).await?;
        journal.lap();
        let told = check(&Evidence::of(&firm, &journal, Rules::configured(&firm)).await);
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        if told.is_empty() { Ok(()) } else { Err(format!("after {killed} kills:\n{}", told.join("\n"))) }
    })
}

/// What the dead process had sent is still carried out: nobody works before that is over.
fn quiet(firm: &Firm) {
    let asked = || firm.flowtly.counts().requests + firm.crm.counts().requests;
    let mut before = asked();
    loop {
        std::thread::sleep(Duration::from_millis(20));
        let now = asked();
        if now == before {
            return;
        }
        before = now;
    }
}

/// Both servers on loopback, and the configuration that leads there.
fn serve_both(runtime: &Runtime, firm: &mut Firm, stop: &CancellationToken) {
    for (place, router) in
        [("http://127.0.0.1:1\"", firm.flowtly.router()), ("http://127.0.0.1:2\"", firm.crm.router())]
    {
        let listener = runtime.block_on(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).unwrap();
        firm.change_base(place, &format!("http://{}\"", listener.local_addr().unwrap()));
        runtime.spawn(serve(listener, router, stop.clone()));
    }
}

/// The servers' clock shows the machine's time.
fn keep_time(firm: &Firm) {
    let behind = Utc::now() + AHEAD - firm.clock.now();
    firm.clock.advance(behind.to_std().unwrap_or_default());
}

fn start(config: &Path) -> Child {
    Command::new(BINARY)
        .args(["--config", config.to_str().unwrap(), "reconcile", "--full", "--allow", "first-pass"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A life that nobody ends.
fn lives(config: &Path) -> Result<(), String> {
    let mut process = start(config);
    let begun = Instant::now();
    loop {
        if let Some(status) = process.try_wait().map_err(|error| error.to_string())? {
            return is_told(status);
        }
        if begun.elapsed() > PATIENCE {
            let _ = process.kill();
            return Err("the process hangs".to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A pass that ended says so: in agreement, or something waits. Never that it failed.
fn is_told(status: ExitStatus) -> Result<(), String> {
    match status.code() {
        Some(0 | 2) => Ok(()),
        other => Err(format!("the process ended with {other:?}")),
    }
}

/// What people do between two lives.
fn work(firm: &Firm, rng: &mut Rng, number: u32) {
    let name = format!("Firma {number}");
    match rng.u32(0..5) {
        0 => {
            let client = firm.client(&name, Some(&vat(number)));
            firm.person(client, &format!("Jan {number}"), &format!("jan@firma{number}.pl"));
        }
        1 => {
            let company = firm.company(&name, Some(&vat(number)));
            let email = format!("anna@firma{number}.pl");
            firm.contact("Anna", "Nowak", &email, company);
        }
        2 => {
            firm.client(&name, Some(&vat(number)));
            firm.company(&name, Some(&vat(number)));
        }
        3 => {
            let clients = firm.flowtly.clients();
            if let Some(client) = rng.choice(&clients) {
                firm.flowtly.edit_client(client["id"].as_u64().unwrap(), "addressCity", format!("Miasto {number}"));
            }
        }
        _ => {
            let companies = firm.crm.ids(Kind::Company);
            if let Some(company) = rng.choice(&companies) {
                let phone = format!("+48 22 {:03} {:02} {:02}", 100 + number, 10, 20);
                firm.crm.edit(Kind::Company, *company, Property::Phone, &phone);
            }
        }
    }
}
