//! `check`: whether everything is there that a pass needs, and what to do about what is not.
//!
//! In the order of the table: the configuration (which could be read, or nobody would be here), the state, then each side:
//! whether it answers, as whom, whether its mapped properties are there, let themselves be written and hold what they are
//! mapped as, whether the values that it demands of a new record come from somewhere, and whether documents can be read where
//! they are to be shown.

mod choices;
mod documents;
mod owner;
mod properties;
mod required;
mod side;
mod sorts;
mod state;
#[cfg(test)]
mod tests;

use std::io::Write;

pub(super) use self::properties::judge_cell;
pub(super) use self::required::lacking;
use self::side::{Greeting, greet, look};
pub(super) use self::side::{meet, refused};
use crate::clock::Clock;
use crate::config::Settings;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Schema, Source};
use crate::domain::record::{Kind, Side};
use crate::render::lists::Listing;
use crate::render::lists::check::{Finding, Findings, Health, show};

/// Whether `check` may add what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written.
    Look,
    /// Mapped properties that the CRM lacks are added: the only thing that `check` ever writes.
    Fix,
}

/// Both sides, or why one cannot be set up.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// Flowtly.
    pub flowtly: Result<&'a dyn Source, &'a PortError>,
    /// The CRM, to which properties can be added.
    pub crm: Result<&'a dyn Schema, &'a PortError>,
}

/// Prints the effective configuration, secrets as `***`. Exit code 0.
pub fn show_config(settings: &Settings, out: &mut dyn Write) -> anyhow::Result<u8> {
    out.write_all(settings.show().as_bytes())?;
    Ok(0)
}

/// Looks at everything and shows what was found. Exit code 1 if something does not work, else 0.
pub async fn check(
    settings: &Settings,
    sides: Sides<'_>,
    mode: Mode,
    clock: &dyn Clock,
    listing: &mut Listing<'_>,
) -> anyhow::Result<u8> {
    let findings = gather(settings, sides, mode, clock).await;
    let ok = findings.ok;
    show(listing, &findings)?;
    Ok(u8::from(!ok))
}

async fn gather(settings: &Settings, sides: Sides<'_>, mode: Mode, clock: &dyn Clock) -> Findings {
    let (mut list, known) = state::look(settings).await;
    let configured = ok("configuration", "read, and without problems");
    list.splice(0..0, std::iter::once(configured).chain(idle(settings)).chain(owner::look(settings)));
    // Upcast here, since what looks must not be able to add.
    let crm: Result<&dyn Source, &PortError> = sides.crm.map(|schema| schema as &dyn Source);
    let greetings = futures_util::future::join(
        greet(Side::Flowtly, sides.flowtly, &known, clock),
        greet(Side::Crm, crm, &known, clock),
    );
    let (flowtly, crm) = greetings.await;
    let mut added = Vec::new();
    let mut trouble = Vec::new();
    // Nothing is added to an account that is another than the state's.
    let is_well = crm.source.is_some() && crm.findings.iter().all(|finding| finding.health != Health::Failure);
    if let (Mode::Fix, Ok(schema), true) = (mode, sides.crm, is_well) {
        (added, trouble) = fix(schema).await;
    }
    let looks = futures_util::future::join(look_at(settings, &flowtly), look_at(settings, &crm));
    let (of_flowtly, of_crm) = looks.await;
    list.extend(flowtly.findings.into_iter().chain(of_flowtly));
    list.extend(crm.findings.into_iter().chain(trouble).chain(of_crm));
    Findings { ok: list.iter().all(|finding| finding.health != Health::Failure), findings: list, added }
}

/// Settings that do nothing, because another one is off.
fn idle(settings: &Settings) -> impl Iterator<Item = Finding> {
    let notices = &settings.notices;
    let is_nobody_told = notices.command.is_none() && notices.mail.is_none() && notices.webhook.is_none();
    let digest = (notices.digest.is_some() && is_nobody_told).then(|| {
        let mend =
            "set notices.command.run, notices.mail.host or notices.webhook.url_file, or leave notices.digest empty";
        warning("configuration", "a digest is wanted, and nobody is to be told".to_owned(), mend)
    });
    let is_hinted = settings.flowtly.webhook().is_some() || settings.crm.webhook().is_some();
    let webhooks = (is_hinted && settings.web.is_none()).then(|| {
        let mend = "set web.enabled = true, or leave the secrets of webhooks out";
        warning("configuration", "webhooks are configured, and [web] is off: none is taken".to_owned(), mend)
    });
    digest.into_iter().chain(webhooks)
}

async fn look_at(settings: &Settings, greeting: &Greeting<'_>) -> Vec<Finding> {
    let Some(source) = greeting.source else { return Vec::new() };
    let mut findings = look(settings, greeting.side, source).await;
    if settings.documents.is_some() {
        findings.extend(documents::try_one(greeting.side, source).await);
    }
    findings
}

/// Adds what is missing, kind by kind: what one kind refuses does not stop the other.
async fn fix(schema: &dyn Schema) -> (Vec<String>, Vec<Finding>) {
    let mut added = Vec::new();
    let mut trouble = Vec::new();
    for kind in Kind::BOTH {
        match schema.add_missing(kind).await {
            Ok(names) => added.extend(names.into_iter().map(|name| format!("CRM {kind} property {name}"))),
            Err(error) => {
                let message = format!("{kind} properties could not be added: {error}");
                trouble.push(failure("CRM", message, None));
                if error.kind == ErrorKind::Unauthorized {
                    break;
                }
            }
        }
    }
    (added, trouble)
}

fn ok(area: &str, message: impl Into<String>) -> Finding {
    Finding { area: area.to_owned(), health: Health::Ok, message: message.into(), mend: None }
}

fn warning(area: &str, message: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { area: area.to_owned(), health: Health::Warning, message: message.into(), mend: Some(mend.into()) }
}

fn failure(area: &str, message: impl Into<String>, mend: Option<String>) -> Finding {
    Finding { area: area.to_owned(), health: Health::Failure, message: message.into(), mend }
}
