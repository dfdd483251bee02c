//! How long a pass takes over local sandbox servers, beside the floor: fetching and decoding the same pages.
//!
//! `cargo bench --bench pass` prints one JSON line a case; `-- --quick` takes a tenth of the companies and one size,
//! `-- --companies N` another size, `-- --runs N` another number of repeats.
//!
//! The servers run in a process of their own ([`servers`]), and so does everything that is measured: this program starts
//! itself again in the role of one [`child`], so that its peak memory is that of the pass alone. Pass and floor take turns, so
//! that both see the same machine; the ratio printed is the median of the turns. The servers' own work counts in both.

mod child;
mod counting;
mod servers;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::child::{Report, Role};
use crate::servers::{Content, Servers};

/// How often a measured case is repeated.
const RUNS: usize = 3;

/// Requests that a pass without anything to do may send beyond its pages (DESIGN section 9).
const REQUESTS_BEYOND_PAGES: u64 = 20;

/// What the command line asks for.
struct Plan {
    sizes: Vec<u64>,
    creates: u64,
    runs: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = arguments.iter().position(|argument| argument == "--child") {
        return child::play(arguments.get(role + 1..).unwrap_or_default());
    }
    let plan = plan(&arguments)?;
    for companies in plan.sizes {
        no_op(companies, plan.runs)?;
    }
    if plan.creates > 0 {
        first_load(plan.creates)?;
    }
    Ok(())
}

fn plan(arguments: &[String]) -> anyhow::Result<Plan> {
    let number = |name: &str| -> anyhow::Result<Option<u64>> {
        let Some(place) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
        let text = arguments.get(place + 1).with_context(|| format!("{name} needs a number"))?;
        Ok(Some(text.parse().with_context(|| format!("{name} needs a number"))?))
    };
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let sizes = match number("--companies")? {
        Some(companies) => vec![companies],
        None if quick => vec![1_000],
        None => vec![10_000, 100_000],
    };
    let creates = number("--creates")?.unwrap_or(if quick { 1_000 } else { 10_000 });
    let runs = number("--runs")?.map_or(RUNS, |runs| usize::try_from(runs).unwrap_or(RUNS).max(1));
    Ok(Plan { sizes, creates, runs })
}

/// A pass that finds nothing to do: everything is linked and in agreement.
fn no_op(companies: u64, runs: usize) -> anyhow::Result<()> {
    let servers = Servers::start(companies, Content::Agreed)?;
    let first = child::run(Role::FirstPass, servers.config())?;
    // A company and a contact make two pairs, and each pair two records.
    let pairs = companies.saturating_mul(2);
    let records = pairs.saturating_mul(2);
    let first_link = json!({
        "case": "first-link", "companies": companies, "wall_s": first.value("wall_s"), "cpu_s": first.value("cpu_s"),
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
        "case": "no-op", "companies": companies, "wall_s": pass.value("wall_s"), "floor_s": floor.value("floor_s"),
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

/// Everything that Flowtly has is created in an empty CRM: half of the records are companies, half their contacts.
fn first_load(wanted: u64) -> anyhow::Result<()> {
    let companies = wanted / 2;
    let servers = Servers::start(companies, Content::FlowtlyOnly)?;
    let loaded = child::run(Role::FirstPass, servers.config())?;
    let (wall, records, batches) =
        (loaded.number("wall_s")?, loaded.number("created")?, loaded.number("create_batches")?);
    print(&json!({
        "case": "first-load", "companies": companies, "wall_s": wall, "cpu_s": loaded.value("cpu_s"),
        "peak_mb": loaded.value("peak_mb"), "requests": loaded.value("requests"), "bytes": loaded.value("bytes"),
        "writes": loaded.value("writes"), "created": loaded.value("created"), "create_batches": loaded.value("create_batches"),
        "full_batches": loaded.value("full_batches"), "records_per_s": rounded(records / wall),
        "ms_per_batch": rounded(wall * 1_000.0 / batches.max(1.0)),
    }))?;
    ensure!(loaded.count("created")? == companies * 2, "not all records were created: {loaded:?}");
    Ok(())
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
