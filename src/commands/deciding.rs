//! Commands that write a person's decision: with the state for themselves, or through the daemon that holds it.
//!
//! Either way the same functions carry it out (`carry_out`): here after the lock is taken, in the daemon between two passes.

use std::io::Write;

use anyhow::{anyhow, bail};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::session::{exit_code, print_report};
use super::{conflicts, failures, links, questions};
use crate::clock::Clock;
use crate::config::Settings;
use crate::daemon::control::Desk;
use crate::daemon::control::client::{self, ClientError};
use crate::daemon::control::protocol::{Ask, Outcome};
use crate::render::Style;
use crate::render::plan::{Detail, Format, PlanReport};
use crate::store::lock::WriterLock;
use crate::store::{Store, StoreError};
use crate::sync::pass::Report;

/// Who holds the state.
pub(super) enum Held {
    /// This command, from now on.
    ByUs(WriterLock),
    /// A daemon, which did it: the exit code.
    ByDaemon(u8),
}

/// Takes the state, or has the daemon do it that holds it. Fails with who holds it, where no daemon answers.
pub(super) fn take_or_ask(settings: &Settings, ask: &Ask, out: &mut dyn Write) -> anyhow::Result<Held> {
    let locked = match WriterLock::take(&settings.state_path) {
        Ok(lock) => return Ok(Held::ByUs(lock)),
        Err(locked @ StoreError::Locked { .. }) => locked,
        Err(error) => return Err(error.into()),
    };
    let socket = &settings.control_socket;
    match client::ask(socket, &settings.state_path, ask.clone(), out, &mut std::io::stderr()) {
        Ok(code) => Ok(Held::ByDaemon(code)),
        Err(ClientError::NoAnswer(error)) => {
            Err(anyhow!("{locked}; its control socket {} did not answer: {error}", socket.display()))
        }
        Err(ClientError::Failed(message)) => Err(anyhow!(message)),
        Err(ClientError::Output(error)) => Err(error.into()),
    }
}

/// Has a decision carried out, and prints what was done. Exit code 0.
pub(super) async fn decide(
    settings: &Settings,
    clock: &dyn Clock,
    ask: Ask,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    // A decision is about something that was read; an empty state would only hide a wrong path.
    if !settings.state_path.exists() {
        return Err(StoreError::Missing { path: settings.state_path.clone() }.into());
    }
    let lock = match take_or_ask(settings, &ask, out)? {
        Held::ByUs(lock) => lock,
        Held::ByDaemon(code) => return Ok(code),
    };
    let mut store = Store::open(&lock).await?;
    let told = carry_out(&mut store, settings, clock.now(), &ask).await;
    store.close().await?;
    out.write_all(told?.as_bytes())?;
    Ok(0)
}

/// Carries a decision out, all of it or nothing. Returns what is told.
async fn carry_out(store: &mut Store, settings: &Settings, now: DateTime<Utc>, ask: &Ask) -> anyhow::Result<String> {
    match ask {
        Ask::Resolve { which, choose } => conflicts::decide_all(store, settings, now, which, choose).await,
        Ask::Answer { question, answer } => questions::answer::carry_out(store, settings, now, *question, answer).await,
        Ask::Link { kind, flowtly, crm } => links::add::carry_out(store, settings, now, *kind, flowtly, crm).await,
        Ask::Unlink { kind, flowtly } => links::remove::carry_out(store, settings, *kind, flowtly).await,
        Ask::Retry { which } => failures::retry_now(store, settings, now, which).await,
        Ask::Reconcile { .. } => bail!("a pass is no decision"),
    }
}

/// The daemon's desk: it decides by the same functions.
#[derive(Debug, Clone, Copy)]
pub struct Clerk<'a> {
    /// What the user configured.
    pub settings: &'a Settings,
    /// The daemon's time.
    pub clock: &'a dyn Clock,
}

#[async_trait(?Send)]
impl Desk for Clerk<'_> {
    async fn decide(&self, store: &mut Store, ask: &Ask) -> Outcome {
        match carry_out(store, self.settings, self.clock.now(), ask).await {
            Ok(told) => Outcome::Done { told, code: 0 },
            Err(error) => Outcome::Failed(format!("{error:#}")),
        }
    }

    async fn report(&self, store: &mut Store, report: &Report, quiet: bool) -> Outcome {
        let detail = if quiet { Detail::Totals } else { Detail::Brief };
        let mut told = Vec::new();
        match print_report(store, report, PlanReport::new(Format::Text, Style::Plain, detail), &mut told).await {
            Ok(()) => Outcome::Done { told: String::from_utf8_lossy(&told).into_owned(), code: exit_code(report) },
            Err(error) => Outcome::Failed(format!("the pass ended, but it cannot be told how: {error:#}")),
        }
    }
}
