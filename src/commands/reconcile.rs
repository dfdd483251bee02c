//! One pass, then exit; or a pass of the daemon that holds the state.

use std::io::Write;

use super::deciding::{Held, take_or_ask};
use super::session::{Session, exit_code, print_report, progress, request, stop_on_signals, style};
use crate::config::Settings;
use crate::daemon::control::inbox::{ROUNDS, goes_on};
use crate::daemon::control::protocol::Ask;
use crate::domain::safety::RefusalName;
use crate::render::plan::Format;
use crate::store::{Store, quarantine};
use crate::sync::pass;

/// Reconciles, and prints what was done.
pub(super) async fn reconcile(
    settings: Settings,
    complete: bool,
    allow: &[RefusalName],
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let lock = match take_or_ask(&settings, &Ask::Reconcile { full: complete, allow: allow.to_vec() }, out)? {
        Held::ByUs(lock) => lock,
        Held::ByDaemon(code) => return Ok(code),
    };
    let session = Session::new(settings)?;
    let mut store = Store::open(&lock).await?;
    // Who starts a pass by hand wants both sides to be tried now, whatever the daemon met.
    quarantine::save(store.connection(), &quarantine::Illnesses::new()).await?;
    let stop = stop_on_signals()?;
    let bars = progress();
    let world = session.world(bars.as_ref());
    let (mut store, outcome) = pass::run(world, session.sinks(), store, request(complete, allow), &stop).await;
    let mut report = match outcome {
        Ok(report) => report,
        Err(error) => {
            store.close().await?;
            return Err(error.into());
        }
    };
    drop(bars);
    print_report(&mut store, &report, Format::Text, style(session.settings.log.colour), out).await?;
    // What moved while it was written is left due; a single run goes on with it at once.
    let mut rounds = 1;
    while goes_on(&report) && rounds < ROUNDS && !stop.is_cancelled() {
        rounds += 1;
        let silent = crate::sync::Silent;
        let (returned, outcome) =
            pass::run(session.world(&silent), session.sinks(), store, request(false, &[]), &stop).await;
        store = returned;
        report = outcome?;
        print_report(&mut store, &report, Format::Text, style(session.settings.log.colour), out).await?;
    }
    store.close().await?;
    Ok(exit_code(&report))
}
