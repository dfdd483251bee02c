//! One pass, then exit; or a pass of the daemon that holds the state.

use std::io::Write;

use anyhow::anyhow;

use super::deciding::{Held, take_or_ask};
use super::session::{Session, exit_code, print_report, progress, request, stop_on_signals, style};
use super::unwatched::{Unwatched, tells_of};
use super::{fault, notices};
use crate::config::Settings;
use crate::daemon::control::inbox::{ROUNDS, goes_on};
use crate::daemon::control::protocol::Ask;
use crate::domain::safety::RefusalName;
use crate::notice::look::Desk;
use crate::render::plan::{Detail, Format, PlanReport};
use crate::store::lock::WriterLock;
use crate::store::{Store, StoreError, quarantine};
use crate::sync::{PassError, Silent, pass};

/// What of a pass is asked for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// Read everything.
    pub(super) complete: bool,
    /// Refusals that are allowed.
    pub(super) allow: &'a [RefusalName],
    /// How much of it is told.
    pub(super) detail: Detail,
    /// Who stands by.
    pub(super) watched: Watched,
}

/// Who stands by while a pass is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// A person, who reads the report.
    ByPerson,
    /// Nobody: notices are brought and copies of the state are made as the daemon does.
    ByNobody,
}

/// Reconciles, and prints what was done.
pub(super) async fn reconcile(settings: Settings, wanted: &Wanted<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let quiet = wanted.detail == Detail::Totals;
    let ask = Ask::Reconcile { full: wanted.complete, allow: wanted.allow.to_vec(), quiet };
    let (lock, mut ended) = match take_or_ask(&settings, &ask, out) {
        Ok(Held::ByUs(lock)) => (Some(lock), Ok(0)),
        // A daemon brings its notices and makes its copies itself.
        Ok(Held::ByDaemon(code)) => return Ok(code),
        Err(error) if error.is::<StoreError>() => (None, Err(error)),
        Err(error) => return Err(error),
    };
    let session = Session::new(settings)?;
    let desk = match wanted.watched {
        Watched::ByPerson => None,
        Watched::ByNobody => {
            let carriers = notices::carriers(&session.settings.notices, &session.clock)?;
            let (section, state) = (&session.settings.notices, &session.settings.state_path);
            notices::desk(section, state, carriers, None, &session.clock)
        }
    };
    if let Some(lock) = &lock {
        ended = fault::caught(Box::pin(passes(&session, desk.as_ref(), lock, wanted, out))).await;
    }
    notices::close(desk, ended.as_ref().err().filter(|error| tells_of(error)).map(notices::word_of)).await;
    ended.map_err(|error| match (wanted.watched, error.downcast_ref::<PassError>()) {
        // It goes into a log.
        (Watched::ByNobody, Some(side @ PassError::Side { .. })) => anyhow!(side.unquoted()),
        _ => error,
    })
}

async fn passes(
    session: &Session,
    desk: Option<&Desk>,
    lock: &WriterLock,
    wanted: &Wanted<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let mut store = Store::open(lock).await?;
    let mut unwatched = match wanted.watched {
        Watched::ByPerson => {
            // Who starts a pass by hand wants both sides to be tried now, whatever the daemon met.
            quarantine::save(store.connection(), &quarantine::Illnesses::new()).await?;
            None
        }
        Watched::ByNobody => Some(Unwatched::begin(session, desk, &mut store).await?),
    };
    let stop = stop_on_signals()?;
    let mut rounds = 0;
    loop {
        rounds += 1;
        let first = rounds == 1;
        let bars = if first { progress() } else { Box::new(Silent) };
        let asked = if first { request(wanted.complete, wanted.allow) } else { request(false, &[]) };
        let (returned, outcome) = pass::run(session.world(bars.as_ref()), session.sinks(), store, asked, &stop).await;
        drop(bars);
        store = returned;
        if let Some(unwatched) = &mut unwatched {
            unwatched.passed(session, &mut store, &outcome, &stop).await?;
        }
        let report = match outcome {
            Ok(report) => report,
            Err(error) => {
                store.close().await?;
                return Err(error.into());
            }
        };
        let style = style(session.settings.log.colour);
        print_report(&mut store, &report, PlanReport::new(Format::Text, style, wanted.detail), out).await?;
        // What moved while it was written is left due; a single run goes on with it at once.
        if !goes_on(&report) || rounds >= ROUNDS || stop.is_cancelled() {
            store.close().await?;
            return Ok(exit_code(&report));
        }
    }
}
