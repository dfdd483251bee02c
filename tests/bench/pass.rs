//! How long a pass takes over local sandbox servers, beside the floor: fetching and decoding the same pages.
//!
//! `cargo bench --bench pass` prints one JSON line a case and a CRM: a pass without anything to do, passes after companies
//! changed on one side, a first load; and, with the first CRM, the idle daemon ([`service`]) and what passes cost when all is
//! told of them. `-- --quick` takes a tenth of the companies and one size, `-- --companies N` another size, `-- --runs N`
//! another number of repeats, `-- --crm NAME` one CRM alone, `-- --case service` (or `told`, `pass`) these cases alone.
//!
//! The servers run in a process of their own ([`servers`]), and so does everything that is measured: this program starts
//! itself again in the role of one [`child`], so that its peak memory is that of the pass alone. Pass and floor take turns, so
//! that both see the same machine; the ratio printed is the median of the turns. The servers' own work counts in both.

mod child;
mod counting;
mod servers;
mod service;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use flowtly_sync::domain::record::Side;
use flowtly_sync::sandbox::{EMBEDDED, Embedded};
use serde_json::{Value, json};

use crate::child::{Report, Role};
use crate::servers::{Content, Servers};

/// How often a measured case is repeated.
const RUNS: usize = 3;

/// Requests that a pass without anything to do may send beyond its pages (DESIGN section 9).
const REQUESTS_BEYOND_PAGES: u64 = 20;

/// The size that every CRM is held to; the first of them is held to larger ones, too.
const COMPANIES: u64 = 10_000;

/// How many companies, with a contact each, the daemon knows that is watched while it is idle.
const KNOWN_COMPANIES: u64 = 50_000;

/// The size beyond which memory has to stay flat.
const MANY_COMPANIES: u64 = 100_000;

/// How many companies change at once: every tenth.
const CHANGED: u64 = 10;

/// What the command line asks for.
struct Plan {
    crms: Vec<&'static Embedded>,
    companies: Option<u64>,
    quick: bool,
    runs: usize,
    case: Option<String>,
}

impl Plan {
    /// The sizes for the CRM at a place of the list.
    fn sizes(&self, place: usize) -> Vec<u64> {
        match (self.companies, self.quick, place) {
            (Some(companies), ..) => vec![companies],
            (None, true, _) => vec![COMPANIES / 10],
            (None, false, 0) => vec![COMPANIES, MANY_COMPANIES],
            (None, false, _) => vec![COMPANIES],
        }
    }

    /// The size of a case that has one.
    fn size(&self, usual: u64) -> u64 {
        self.companies.unwrap_or(if self.quick { usual / 10 } else { usual })
    }

    fn has(&self, case: &str) -> bool {
        self.case.as_deref().is_none_or(|wanted| wanted == case)
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = arguments.iter().position(|argument| argument == "--child") {
        return child::play(arguments.get(role + 1..).unwrap_or_default());
    }
    let plan = plan(&arguments)?;
    if let Some(crm) = plan.crms.first() {
        if plan.has("service") {
            service::idle(crm, plan.size(KNOWN_COMPANIES))?;
        }
        if plan.has("told") {
            service::told(crm, plan.size(COMPANIES))?;
        }
    }
    for (place, crm) in plan.crms.iter().enumerate().filter(|_| plan.has("pass")) {
        let sizes = plan.sizes(place);
        for companies in &sizes {
            no_op(crm, *companies, plan.runs)?;
        }
        let smallest = sizes.first().copied().unwrap_or(COMPANIES);
        changed(crm, smallest)?;
        first_load(crm, smallest)?;
    }
    Ok(())
}

fn plan(arguments: &[String]) -> anyhow::Result<Plan> {
    let text = |name: &str| -> anyhow::Result<Option<&String>> {
        let Some(place) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
        arguments.get(place + 1).with_context(|| format!("{name} needs a value")).map(Some)
    };
    let number = |name: &str| -> anyhow::Result<Option<u64>> {
        text(name)?.map(|text| text.parse().with_context(|| format!("{name} needs a number"))).transpose()
    };
    let crms = match text("--crm")? {
        Some(name) => vec![Embedded::named(name).with_context(|| format!("there is no CRM {name}"))?],
        None => EMBEDDED.iter().collect(),
    };
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let runs = number("--runs")?.map_or(RUNS, |runs| usize::try_from(runs).unwrap_or(RUNS).max(1));
    Ok(Plan { crms, companies: number("--companies")?, quick, runs, case: text("--case")?.cloned() })
}

/// A pass that finds nothing to do: everything is linked and in agreement.
fn no_op(crm: &Embedded, companies: u64, runs: usize) -> anyhow::Result<()> {
    let servers = Servers::start(crm, companies, Content::Agreed)?;
    let first = child::run(Role::FirstPass, servers.config())?;
    // A company and a contact make two pairs, and each pair two records.
    let pairs = companies.saturating_mul(2);
    let records = pairs.saturating_mul(2);
    let first_link = json!({
        "case": "first-link", "crm": crm.name, "companies": companies, "wall_s": first.value("wall_s"), "cpu_s": first.value("cpu_s"),
        "peak_mb": first.value("peak_mb"), "requests": first.value("requests"), "writes": first.value("writes"),
        "us_per_record": us_per_record(first.number("wall_s")?, records),
        "state_mb": megabytes(&servers.config().with_file_name("state.sqlite")),
    });
    print(&first_link)?;
    ensure!(first.count("equal")? == pairs, "the first pass did not link {pairs} pairs: {first:?}");
    let mut turns: Vec<(f64, Report, Report)> = Vec::with_capacity(runs);
    for _ in 0..runs {
        let floor = child::run(Role::Floor, servers.config())?;
        let pass = child::run(Role::Pass, servers.config())?;
        ensure!(*pass.value("acts") == false, "the pass had something to do: {pass:?}");
        ensure!(pass.count("equal")? == pairs, "the pass did not find {pairs} pairs equal: {pass:?}");
        ensure!(pass.count("unexplained")? == 0, "pairs differ without a reason: {pass:?}");
        turns.push((pass.number("wall_s")? / floor.number("floor_s")?, floor, pass));
    }
    turns.sort_by(|one, other| one.0.total_cmp(&other.0));
    let ratios: Vec<f64> = turns.iter().map(|(ratio, ..)| rounded(*ratio)).collect();
    let mut peak: f64 = 0.0;
    for (_, _, pass) in &turns {
        peak = peak.max(pass.number("peak_mb")?);
    }
    let (ratio, floor, pass) = turns.get(turns.len() / 2).context("there was no turn")?;
    let beyond = pass.count("requests")?.saturating_sub(floor.count("pages")?);
    print(&json!({
        "case": "no-op", "crm": crm.name, "companies": companies, "wall_s": pass.value("wall_s"), "floor_s": floor.value("floor_s"),
        "bare_s": floor.value("bare_s"), "ratio": rounded(*ratio), "ratios": ratios, "peak_mb": peak,
        "pages": floor.value("pages"), "requests": pass.value("requests"), "requests_beyond_pages": beyond,
        "bytes": pass.value("bytes"), "writes": pass.value("writes"), "cpu_s": pass.value("cpu_s"),
        "floor_cpu_s": floor.value("cpu_s"), "us_per_record": us_per_record(pass.number("wall_s")?, records),
        "floor_us_per_record": us_per_record(floor.number("floor_s")?, records),
    }))?;
    ensure!(pass.count("writes")? == 0, "a pass without anything to do wrote");
    ensure!(beyond <= REQUESTS_BEYOND_PAGES, "{beyond} requests beyond the pages");
    Ok(())
}

/// Every tenth company gets another city on one side, and then others of them on the other one: what a beat costs then.
fn changed(crm: &Embedded, companies: u64) -> anyhow::Result<()> {
    let mut servers = Servers::start(crm, companies, Content::Agreed)?;
    child::run(Role::FirstPass, servers.config())?;
    let changed = companies / CHANGED;
    for side in [Side::Flowtly, Side::Crm] {
        servers.edit(side, changed)?;
        let beat = child::run(Role::Beat, servers.config())?;
        ensure!(beat.count("written")? == changed, "not all of {changed} changes travelled: {beat:?}");
        let (target, of_target) = match side.opposite() {
            Side::Flowtly => ("flowtly_writes", "flowtly_requests"),
            Side::Crm => ("crm_writes", "crm_requests"),
        };
        print(&json!({
            "case": "changed", "crm": crm.name, "companies": companies, "changed": changed, "changed_in": side.as_str(),
            "wall_s": beat.value("wall_s"), "cpu_s": beat.value("cpu_s"), "peak_mb": beat.value("peak_mb"),
            "flowtly_requests": beat.value("flowtly_requests"), "crm_requests": beat.value("crm_requests"),
            "writes": beat.value(target),
            "requests_per_1000": per_thousand(beat.number(of_target)?, changed),
            "writes_per_1000": per_thousand(beat.number(target)?, changed),
        }))?;
    }
    let rest = child::run(Role::Pass, servers.config())?;
    ensure!(*rest.value("acts") == false, "a pass after the changes had something to do: {rest:?}");
    Ok(())
}

/// Everything that Flowtly has is created in an empty CRM: half of the records are companies, half their contacts.
fn first_load(crm: &Embedded, wanted: u64) -> anyhow::Result<()> {
    let companies = wanted / 2;
    let servers = Servers::start(crm, companies, Content::FlowtlyOnly)?;
    let loaded = child::run(Role::FirstPass, servers.config())?;
    let (wall, records, creates) = (loaded.number("wall_s")?, loaded.number("created")?, loaded.number("creates")?);
    print(&json!({
        "case": "first-load", "crm": crm.name, "companies": companies, "wall_s": wall, "cpu_s": loaded.value("cpu_s"),
        "peak_mb": loaded.value("peak_mb"), "requests": loaded.value("requests"), "bytes": loaded.value("bytes"),
        "writes": loaded.value("writes"), "created": loaded.value("created"), "creates": loaded.value("creates"),
        "largest_create": loaded.value("largest_create"), "records_per_s": rounded(records / wall),
        "ms_per_create": rounded(wall * 1_000.0 / creates.max(1.0)),
    }))?;
    // EspoCRM refuses a namesake once, so that more creates are sent than records are made.
    ensure!(loaded.count("equal")? == companies * 2, "not all records were created: {loaded:?}");
    Ok(())
}

/// Requests for each thousand of records.
fn per_thousand(requests: f64, records: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer records than 2^52")]
    let records = records.max(1) as f64;
    rounded(requests * 1_000.0 / records)
}

fn us_per_record(seconds: f64, records: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer records than 2^52")]
    let records = records.max(1) as f64;
    rounded(seconds * 1e6 / records)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "a file of far less than 2^52 bytes")]
fn megabytes(path: &Path) -> f64 {
    rounded(std::fs::metadata(path).map_or(0, |file| file.len()) as f64 / 1e6)
}

fn print(line: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
