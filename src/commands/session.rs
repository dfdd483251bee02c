//! What the commands that talk to both systems begin with.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock};
use crate::config::Settings;
use crate::connector::registry::{Systems, Transports, connect};
use crate::domain::plan::{ActionId, LinkId};
use crate::domain::record::Kind;
use crate::domain::safety::RefusalName;
use crate::metrics::Metrics;
use crate::render::Style;
use crate::render::plan::PlanReport;
use crate::render::progress::Bars;
use crate::store::document::DocumentId;
use crate::store::{Store, action, document};
use crate::sync::apply::Sinks;
use crate::sync::documents::DocumentRules;
use crate::sync::pass::{Ending, Report, Request};
use crate::sync::{Progress, Ruling, World};

/// How many actions of a plan are held at once while it is printed.
const ACTIONS: u32 = 500;

/// Both systems, the rules and the time.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) settings: Settings,
    pub(super) systems: Systems,
    pub(super) ruling: Ruling,
    pub(super) clock: Arc<dyn Clock>,
}

impl Session {
    /// Connects over the network. Nothing is sent yet.
    pub(super) fn new(settings: Settings) -> anyhow::Result<Self> {
        Self::counted(settings, None)
    }

    /// The same; what is sent is counted, where somebody may ask for it.
    pub(super) fn counted(settings: Settings, metrics: Option<&Arc<Metrics>>) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let mut transports = Transports::network(&settings)?;
        if let Some(metrics) = metrics {
            transports = transports.metered(metrics, &clock);
        }
        Self::over(settings, transports, clock)
    }

    /// Connects over given transports.
    pub(super) fn over(settings: Settings, transports: Transports, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let systems = connect(&settings, transports, &clock)?;
        let ruling = Ruling {
            company: settings.kind_rules(Kind::Company).clone(),
            contact: settings.kind_rules(Kind::Contact).clone(),
            locale: settings.locale().clone(),
            limits: settings.limits,
            canaries: settings.canaries.clone(),
            documents: settings.documents.map(|at_once| DocumentRules { at_once }),
        };
        Ok(Self { settings, systems, ruling, clock })
    }

    /// What reads and plans is given.
    pub(super) fn world<'a>(&'a self, progress: &'a dyn Progress) -> World<'a> {
        World { progress, ..World::of(&self.systems, self.clock.as_ref(), &self.ruling) }
    }

    /// What applies is given.
    pub(super) fn sinks(&self) -> Sinks<'_> {
        Sinks::from(&self.systems)
    }
}

/// A request of the command line.
pub(super) fn request(complete: bool, allow: &[RefusalName]) -> Request {
    Request { complete, allow: allow.iter().copied().collect::<BTreeSet<_>>() }
}

/// Cancelled by SIGTERM and SIGINT.
pub(super) fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let nobody = Arc::new(tokio::sync::Notify::new());
    crate::daemon::signals::listen(stop.clone(), nobody).context("signals cannot be listened to")?;
    Ok(stop)
}

/// What `work` comes to, unless a signal says stop before: then it is dropped, and whatever it has made with it.
pub(super) async fn unless_stopped<T, E: Into<anyhow::Error>>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(anyhow!("stopped before the copy was whole; nothing of it stays")),
        done = work => done.map_err(Into::into),
    }
}

/// Progress bars where standard error is a terminal; log lines say it elsewhere.
pub(super) fn progress() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() { Box::new(Bars::new()) } else { Box::new(crate::sync::Silent) }
}

/// Colours where standard output is a terminal and nobody objects.
pub(super) fn style(is_wanted: bool) -> Style {
    if is_wanted && std::io::stdout().is_terminal() { Style::Coloured } else { Style::Plain }
}

/// Prints the report of a pass with the actions of its plan.
pub(super) async fn print_report(
    store: &mut Store,
    report: &Report,
    mut printer: PlanReport,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    printer.begin(out, report)?;
    let mut after = ActionId(0);
    loop {
        let actions = action::all(store.connection(), after, ACTIONS).await?;
        let Some(last) = actions.last() else { break };
        after = last.id;
        for action in &actions {
            printer.action(out, action)?;
        }
    }
    if report.documents.is_some() {
        let mut after = (LinkId(0), DocumentId(0));
        loop {
            let rows = document::planned(store.connection(), report.pass, after, ACTIONS).await?;
            let Some(last) = rows.last() else { break };
            after = (last.link, last.id);
            for row in &rows {
                printer.document(out, &row.known)?;
            }
        }
    }
    printer.end(out, report)?;
    out.flush()?;
    Ok(())
}

/// 3 refused by safety, 1 a side failed or takes no new records, 2 something waits for a person, 0 in agreement.
pub(super) fn exit_code(report: &Report) -> u8 {
    let (conflicts, questions, failures) = report.waiting;
    if report.has_trouble() {
        1
    } else if report.ending == Ending::Refused || !report.refusals.is_empty() {
        3
    } else if conflicts + questions + failures > 0 || report.certificate.waiting > 0 {
        2
    } else {
        u8::from(report.ending == Ending::Partly)
    }
}
