//! What a pass would do. The state is opened read-only and copied; nothing here can write to a system.

use std::io::Write;

use anyhow::Context;

use super::session::{Session, print_report, progress, request, stop_on_signals, style, unless_stopped};
use crate::render::plan::{Detail, Format, PlanReport};
use crate::store::Store;
use crate::sync::pass::{self, Report};

/// Plans, and prints the plan.
pub(super) async fn diff(session: &Session, format: Format, complete: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    let stop = stop_on_signals()?;
    let directory =
        tempfile::tempdir().context("no temporary directory can be made for the working copy of the state")?;
    let copied = Store::open_copy(&session.settings.state_path, directory.path());
    let store = unless_stopped(&stop, copied).await?;
    let bars = progress();
    let (mut store, outcome) = pass::dry_run(session.world(bars.as_ref()), store, request(complete, &[]), &stop).await;
    drop(bars);
    let report = outcome?;
    let printer = PlanReport::new(format, style(session.settings.log.colour), Detail::Brief);
    print_report(&mut store, &report, printer, out).await?;
    store.close().await?;
    Ok(exit_code(&report))
}

/// 3 would be refused, 2 would write or newly ask, 0 neither. A first pass is refused only until it is allowed: what it
/// would do is what is asked for here.
fn exit_code(report: &Report) -> u8 {
    let refused = report.refusals.iter().any(|refusal| refusal.name != crate::domain::safety::RefusalName::FirstPass);
    if refused {
        3
    } else if report.totals.would_act() {
        2
    } else {
        0
    }
}
