//! Crash at every step: each scenario is lived once unhurt, which numbers its durable steps; then once for every step and
//! every way of being hurt there. After each the process is started again until nothing is open, and the end must be the
//! one of the unhurt run, with nothing doubled and nothing left to do.

mod every;
mod scenarios;

use std::time::Duration;

use flowtly_sync::sandbox::EMBEDDED;
use flowtly_sync::sync::pass::{Ending, Report};
use libtest_mimic::{Failed, Trial};

use crate::firm::Firm;
use crate::life::{Extent, Lived, live};
use crate::portrait::portrait;
use crate::size::{Size, size};
use crate::steps::{Hurt, Step, Steps};
use crate::{cores, figures};
use scenarios::Scenario;

/// Longer than the longest request and any lag: what was lost on the way has arrived by then, or never will.
const LATER: Duration = Duration::from_hours(2);

/// Within this many lives after a crash everything must be settled.
const LIVES: usize = 8;

/// In a sample only every so many points are tried.
const SAMPLED: usize = 61;

/// A pass that walks is hurt everywhere with the first CRM. What differs from that only in the CRM, or in that webhooks name
/// what is read, is hurt at every so many points, but in the long run.
const OTHERS: usize = 3;

/// Every scenario: what HubSpot alone can do, and what each of the others can.
pub fn all() -> impl Iterator<Item = Scenario> {
    let others = EMBEDDED.iter().skip(1);
    scenarios::scenarios().into_iter().chain(others.flat_map(every::scenarios))
}

/// One case a scenario.
pub fn trials() -> Vec<Trial> {
    all()
        .map(|scenario| {
            Trial::test(format!("crash::{}", scenario.name), move || prove(&scenario).map_err(Failed::from))
        })
        .collect()
}

fn prove(scenario: &Scenario) -> Result<(), String> {
    cores::stay();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (steps, unhurt) = cores::in_turn(&runtime, async {
        let firm = (scenario.firm)().await;
        let steps = Steps::default();
        match live(&firm, scenario.extent, &steps).await {
            Lived::Ended(..) => {}
            lived @ (Lived::Failed(_) | Lived::Died) => return Err(format!("unhurt, yet {lived:?}")),
        }
        settle(&firm).await.map_err(|problem| format!("unhurt: {problem}"))?;
        Ok((steps.taken(), portrait(&firm).await))
    })?;
    let points = steps.iter().enumerate().flat_map(|(at, step)| step.hurts().iter().map(move |hurt| (at, step, *hurt)));
    let every = match size() {
        Size::Sample => SAMPLED,
        Size::Whole if scenario.crm != EMBEDDED[0].name || scenario.extent == Extent::Hinted => OTHERS,
        Size::Whole | Size::Long => 1,
    };
    let mut problems = Vec::new();
    let mut tried = 0;
    for (at, step, hurt) in points.step_by(every) {
        tried += 1;
        if let Err(problem) = cores::in_turn(&runtime, hurt_at(scenario, at, step, hurt, &unhurt)) {
            problems.push(format!("step {at} of {} ({step}), {hurt:?}: {problem}", steps.len()));
        }
    }
    figures::count("crash_points", tried);
    figures::count("crash_scenarios", 1);
    if problems.is_empty() {
        return Ok(());
    }
    let shown = problems.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    Err(format!("{} of {tried} points end badly:\n{shown}", problems.len()))
}

/// One point.
async fn hurt_at(scenario: &Scenario, at: usize, step: &Step, hurt: Hurt, unhurt: &[String]) -> Result<(), String> {
    let firm = (scenario.firm)().await;
    let steps = Steps::hurt(at, hurt);
    let lived = live(&firm, scenario.extent, &steps).await;
    let reached = steps.taken();
    if reached.get(at) != Some(step) {
        return Err(format!("the run took another way: {:?} in its place", reached.get(at)));
    }
    let dies = matches!(hurt, Hurt::DiesBefore | Hurt::DiesAfter);
    if dies && !matches!(lived, Lived::Died) {
        return Err(format!("it did not die: {lived:?}"));
    }
    settle(&firm).await?;
    let end = portrait(&firm).await;
    if end == unhurt { Ok(()) } else { Err(format!("another end:\n{}", difference(unhurt, &end))) }
}

/// Lives on until nothing is open, a pass finds nothing to do, and its certificate is clean.
pub async fn settle(firm: &Firm) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..LIVES {
        firm.clock.advance(LATER);
        let writes = firm.writes();
        let (report, open) = match live(firm, Extent::Complete, &Steps::default()).await {
            Lived::Ended(report, open) => (report, open),
            lived @ (Lived::Failed(_) | Lived::Died) => return Err(format!("the next life ended badly: {lived:?}")),
        };
        let Report { ending, totals, certificate, .. } = &*report;
        let is_clean = *ending == Ending::Applied && certificate.unexplained == 0 && certificate.pending == 0;
        let at_rest = firm.writes() == writes && !totals.would_act() && !report.more && open == 0 && is_clean;
        if at_rest && firm.meddling.is_done() {
            return Ok(());
        }
        last = format!("{ending:?}, {open} open, {totals:?}, {certificate:?}");
    }
    Err(format!("not settled after {LIVES} lives: {last}"))
}

fn difference(unhurt: &[String], end: &[String]) -> String {
    let mut left: Vec<&String> = unhurt.iter().collect();
    let mut right = Vec::new();
    for line in end {
        match left.iter().position(|other| *other == line) {
            Some(place) => {
                left.remove(place);
            }
            None => right.push(line),
        }
    }
    let left = left.iter().map(|line| format!("  - {line}"));
    let right = right.iter().map(|line| format!("  + {line}"));
    left.chain(right).collect::<Vec<_>>().join("\n")
}
