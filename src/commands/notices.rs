//! `notices test`, and how the daemon's board is made.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use crate::clock::Clock;
use crate::config::{NoticesSection, Settings};
use crate::connector::http::{NetworkSettings, ReqwestTransport};
use crate::notice::carrier::Carrier;
use crate::notice::carrier::command::CommandCarrier;
use crate::notice::carrier::mail::MailCarrier;
use crate::notice::carrier::webhook::WebhookCarrier;
use crate::notice::letter::Letter;
use crate::notice::look::Desk;
use crate::notice::{Board, Plan};

/// The carriers that are configured.
fn carriers(section: &NoticesSection, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<Arc<dyn Carrier>>> {
    let mut carriers: Vec<Arc<dyn Carrier>> = Vec::new();
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

/// The board of a daemon; none where nobody is to be told.
pub(super) fn desk(settings: &Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Desk>> {
    let section = &settings.notices;
    let carriers = carriers(section, clock)?;
    if carriers.is_empty() {
        return Ok(None);
    }
    let plan = Plan {
        name: section.name.clone(),
        carriers,
        digest: section.digest.clone(),
        state: settings.state_path.clone(),
    };
    Ok(Some(Desk {
        board: Arc::new(Board::open(plan, Arc::clone(clock))),
        state: settings.state_path.clone(),
        credential_within: section.credential_within,
        disk_free: section.disk_free,
    }))
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
