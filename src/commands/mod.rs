//! One file a command: it parses nothing, prints through `render`, and returns an exit code.

mod named;
mod deciding;
#[cfg(test)]
mod testing;
pub mod status;
pub mod conflicts;
pub mod questions;
pub mod links;
pub mod explain;
pub mod check;
mod session;
mod diff;
mod reconcile;
mod run;
mod demo;
mod sandbox;

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use crate::cli::{Cli, Command, Global, ReportFormat};
use crate::config::{self, Environment, Settings};
use crate::render::plan::Format;
use crate::telemetry::{self, Overrides};
use session::Session;

/// The configuration is wrong.
const BAD_CONFIGURATION: u8 = 4;

/// It failed.
const FAILED: u8 = 1;

/// Carries a command line out.
pub fn dispatch(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(FAILED, &format!("the program cannot start its threads: {error}")),
    };
    let code = match runtime.block_on(command(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(Ended::Configuration(problems)) => complain(BAD_CONFIGURATION, &problems),
        Err(Ended::Failed(error)) if crate::render::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(Ended::Failed(error)) => complain(FAILED, &format!("{error:#}")),
    };
    // What a sandbox or a dropped pass still holds open does not keep the program from ending.
    runtime.shutdown_background();
    code
}

enum Ended {
    Configuration(String),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Ended {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

async fn command(cli: Cli) -> Result<u8, Ended> {
    let mut out = stdout().lock();
    match cli.command {
        Command::Demo { sample, keep } => Ok(demo::demo(sample, keep, &mut out).await?),
        Command::Sandbox { sample, flowtly_port, crm_port, agreed } => {
            Ok(sandbox::sandbox(sample, flowtly_port, crm_port, agreed, &mut out).await?)
        }
        command => configured(command, &cli.global, &mut out).await,
    }
}

/// The commands that need a configuration.
async fn configured(command: Command, global: &Global, out: &mut dyn Write) -> Result<u8, Ended> {
    let settings = settings(global)?;
    let code = match command {
        Command::Run(allowances) => run::run(&Session::new(settings)?, &allowances.allow).await?,
        Command::Reconcile { allowances, full } => {
            reconcile::reconcile(&Session::new(settings)?, full, &allowances.allow, out).await?
        }
        Command::Diff { format, full } => diff::diff(&Session::new(settings)?, form(format), full, out).await?,
        Command::Check { .. }
        | Command::Status(_)
        | Command::Conflicts { .. }
        | Command::Questions(_)
        | Command::Links { .. }
        | Command::Explain { .. }
        // Carried out by `command`.
        | Command::Demo { .. }
        | Command::Sandbox { .. } => FAILED,
    };
    Ok(code)
}

fn settings(global: &Global) -> Result<Settings, Ended> {
    let settings = config::load(global.config.as_deref(), &Environment::of_process())
        .map_err(|problems| Ended::Configuration(problems.to_string()))?;
    let overrides = Overrides { format: global.log_format.map(Into::into), verbose: global.verbose };
    telemetry::init(&settings.log, overrides)?;
    Ok(settings)
}

const fn form(format: ReportFormat) -> Format {
    match format {
        ReportFormat::Text => Format::Text,
        ReportFormat::Json => Format::Json,
        ReportFormat::Markdown => Format::Markdown,
    }
}

/// Tells why it ended, on standard error.
fn complain(code: u8, text: &str) -> ExitCode {
    // Where nobody reads there is nobody to tell.
    let _ = writeln!(stderr(), "{}", text.trim_end());
    ExitCode::from(code)
}
