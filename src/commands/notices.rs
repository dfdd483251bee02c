//! `notices test`, and how the daemon's board is made.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::fault::Fault;
use crate::cli::Global;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Environment, NoticesSection, Settings};
use crate::connector::http::{NetworkSettings, ReqwestTransport};
use crate::notice::carrier::Carrier;
use crate::notice::carrier::command::CommandCarrier;
use crate::notice::carrier::mail::MailCarrier;
use crate::notice::carrier::webhook::WebhookCarrier;
use crate::notice::letter::Letter;
use crate::notice::look::Desk;
use crate::notice::{Board, Plan};
use crate::store::StoreError;
use crate::store::lock::WriterLock;
use crate::sync::PassError;

/// Who brings notices.
pub(super) type Carriers = Vec<Arc<dyn Carrier>>;

/// The carriers that are configured. Fails where one cannot be made: that is to be known before anything goes by it.
pub(super) fn carriers(section: &NoticesSection, clock: &Arc<dyn Clock>) -> anyhow::Result<Carriers> {
    let mut carriers = Carriers::new();
    if let Some(command) = section.command.clone() {
        let (program, arguments, environment) = (command.program, command.arguments, command.environment);
        let carrier = CommandCarrier::new(program, arguments, environment, command.timeout, Arc::clone(clock));
        carriers.push(Arc::new(carrier));
    }
    if let Some(mail) = &section.mail {
        carriers.push(Arc::new(MailCarrier::new(mail, Arc::clone(clock))?));
    }
    if let Some(webhook) = &section.webhook {
        let url = webhook.url.expose();
        let network = NetworkSettings { plain_http: url.scheme() == "http", ..NetworkSettings::default() };
        let transport = ReqwestTransport::new(network).context("notices cannot be posted")?;
        carriers.push(Arc::new(WebhookCarrier::new(url, webhook.proof.clone(), webhook.timeout, Arc::new(transport))));
    }
    Ok(carriers)
}

/// The board of a daemon; none where nobody is to be told. What the one `before` it has still to bring is brought beside.
pub(super) fn desk(
    section: &NoticesSection,
    state: &Path,
    carriers: Carriers,
    before: Option<Desk>,
    clock: &Arc<dyn Clock>,
) -> Option<Desk> {
    let before = before.and_then(|desk| Arc::into_inner(desk.board));
    if carriers.is_empty() {
        if let Some(board) = before {
            tokio::spawn(board.close());
        }
        return None;
    }
    let plan = Plan { name: section.name.clone(), carriers, digest: section.digest.clone(), state: state.to_owned() };
    Some(Desk {
        board: Arc::new(Board::after(before, plan, Arc::clone(clock))),
        state: state.to_owned(),
        credential_within: section.credential_within,
        disk_free: section.disk_free,
    })
}

/// People are told that nothing begins, as the configuration is not valid: as far as it says who they are, and nobody is at work with
/// its state.
pub(super) async fn tell_misconfigured(global: &Global) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let Some((section, state)) = config::who_is_told(global.config.as_deref(), &Environment::of_process()) else {
        return;
    };
    let lock = WriterLock::take(&state);
    if matches!(lock, Err(StoreError::Locked { .. })) {
        return;
    }
    // One that cannot be made is of what is wrong, and that is printed.
    let Ok(carriers) = carriers(&section, &clock) else { return };
    let desk = desk(&section, &state, carriers, None, &clock);
    close(desk, Some("configuration")).await;
}

/// What needs people is brought to them, before the process ends: that it stops by an error included, which a word of ours names.
pub(super) async fn close(desk: Option<Desk>, stopped: Option<&str>) {
    let Some(board) = desk.and_then(|desk| Arc::into_inner(desk.board)) else { return };
    if let Some(why) = stopped {
        board.stopped(why);
    }
    board.close().await;
}

/// An error in a word of ours.
pub(super) fn word_of(error: &anyhow::Error) -> &'static str {
    let is_of_state =
        error.is::<StoreError>() || matches!(error.downcast_ref::<PassError>(), Some(PassError::Store(_)));
    if error.is::<Fault>() {
        "fault"
    } else if is_of_state {
        "state"
    } else {
        "start"
    }
}

/// Sends one notice through each carrier, and prints what became of it. Exit code 0 if all arrived, else 1.
pub async fn test(settings: &Settings, clock: &Arc<dyn Clock>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let carriers = carriers(&settings.notices, clock)?;
    if carriers.is_empty() {
        bail!("nobody is to be told: set notices.command.run, notices.mail.host or notices.webhook.url_file");
    }
    let letter = Letter::test(&settings.notices.name, clock.now());
    let mut code = 0;
    for carrier in carriers {
        match carrier.carry(&letter).await {
            Ok(()) => writeln!(out, "ok      {:<8} took it", carrier.name())?,
            Err(error) => {
                code = 1;
                writeln!(out, "failed  {:<8} {error}", carrier.name())?;
            }
        }
    }
    Ok(code)
}
