//! One file a command: it parses nothing, prints through `render`, and returns an exit code.

mod named;
pub mod deciding;
#[cfg(test)]
mod testing;
pub mod status;
pub mod conflicts;
pub mod questions;
pub mod failures;
pub mod history;
pub mod links;
pub mod explain;
pub mod check;
pub mod init;
pub mod backup;
pub mod restore;
pub mod notices;
mod fault;
mod session;
mod serving;
mod health;
mod diff;
mod unwatched;
mod reconcile;
mod run;
mod demo;
mod sandbox;
mod completions;
mod man;

use std::io::{IsTerminal as _, Write, stdin, stdout};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;

use crate::cli::{
    AnswerChoice, Cli, Command, ConflictsCommand, FailuresCommand, Global, InitArgs, LinksCommand, NoticesCommand,
    QuestionsCommand, RecordArg, ReportFormat, Status,
};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Environment, Settings};
use crate::connector::registry::{Transports, connect};
use crate::daemon::control::protocol::{Answer, Choose, RecordName, Which};
use crate::domain::field::Field;
use crate::domain::record::Kind;
use crate::render::lists::{Form, Listing};
use crate::render::plan::{Detail, Format};
use crate::render::{Patient, Style};
use crate::telemetry::{self, Overrides, Pace, Telemetry};
use check::{Mode, Sides};
use explain::Subjected;
use health::Question;
use init::{Around, Asker, Nobody, Terminal, Unfinished};
use reconcile::{Wanted, Watched};
pub use run::STOP_TAKES;
use session::Session;

/// The configuration is wrong.
const BAD_CONFIGURATION: u8 = 4;

/// It failed.
const FAILED: u8 = 1;

/// Carries a command line out.
pub fn dispatch(cli: Cli) -> ExitCode {
    fault::tell_by_place();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(FAILED, &format!("the program cannot start its threads: {error}"), Pace::Waits),
    };
    let pace = pace(&cli.command);
    let code = match runtime.block_on(command(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(Ended::Configuration(problems)) => complain(BAD_CONFIGURATION, &problems, pace),
        Err(Ended::Failed(error)) => complain(FAILED, &format!("{error:#}"), pace),
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
    let mut out = Patient::new(stdout().lock());
    match cli.command {
        Command::Init(args) => Box::pin(initiated(&args, &cli.global, &mut out)).await,
        Command::Demo { sample, keep } => Ok(demo::demo(sample, keep, &mut out).await?),
        Command::Sandbox { sample, flowtly_port, crm_port, agreed } => {
            Ok(sandbox::sandbox(sample, flowtly_port, crm_port, agreed, &mut out).await?)
        }
        Command::Completions { shell } => Ok(completions::completions(shell, &mut out)?),
        Command::Man { directory } => Ok(man::man(&directory, &mut out)?),
        Command::Status(Status { output, all: Some(configurations), states }) => {
            let places = status::Places { configurations, states };
            Ok(status::all(&places, &SystemClock::new(), &mut unconfigured(output.json, &mut out)).await?)
        }
        Command::Check { without_secrets: true, of_process, .. } => judged(&cli.global, of_process, &mut out),
        command @ (Command::Run(_)
        | Command::Reconcile { .. }
        | Command::Diff { .. }
        | Command::Check { .. }
        | Command::Health { .. }
        | Command::Status(_)
        | Command::Conflicts { .. }
        | Command::Questions { .. }
        | Command::Failures { .. }
        | Command::History { .. }
        | Command::Links { .. }
        | Command::Notices { .. }
        | Command::Explain { .. }
        | Command::Backup { .. }
        | Command::Restore { .. }) => Box::pin(configured(command, &cli.global, &mut out)).await,
    }
}

/// The command that makes a configuration.
async fn initiated(args: &InitArgs, global: &Global, out: &mut dyn Write) -> Result<u8, Ended> {
    let environment = Environment::of_process();
    let is_bare = environment.forbids_colour();
    let style = |is_terminal: bool| if is_terminal && !is_bare { Style::Coloured } else { Style::Plain };
    let around = Around {
        environment: &environment,
        named: global.config.clone(),
        network: &Transports::network,
        clock: Arc::new(SystemClock::new()),
    };
    let (mut terminal, mut nobody) = (Terminal::of_process(style(true)), Nobody);
    let asker: &mut dyn Asker = match &mut terminal {
        Some(terminal) => terminal,
        None => &mut nobody,
    };
    let stop = session::stop_on_signals()?;
    let mut listing = Listing { out, form: Form::Text(style(stdout().is_terminal())) };
    init::init(args, &around, asker, &mut listing, &stop).await.map_err(|unfinished| match unfinished {
        Unfinished::Answers(told) => Ended::Configuration(told),
        Unfinished::Failed(error) => Ended::Failed(error),
    })
}

/// The command that judges a configuration, and needs none of its secrets.
fn judged(global: &Global, of_process: Option<u32>, out: &mut dyn Write) -> Result<u8, Ended> {
    let (named, environment) = if let Some(pid) = of_process {
        let environment = Environment::of_other_process(pid)
            .with_context(|| format!("the environment of process {pid} cannot be read"))?;
        // What is named for this process may be for another service.
        (environment.configuration_file(), environment)
    } else {
        (global.config.clone(), Environment::of_process())
    };
    config::judge(named.as_deref(), &environment).map_err(|problems| Ended::Configuration(problems.to_string()))?;
    writeln!(out, "valid, as far as that is seen without its secrets").context("this cannot be told")?;
    Ok(0)
}

/// The commands that need a configuration.
async fn configured(command: Command, global: &Global, out: &mut dyn Write) -> Result<u8, Ended> {
    let (settings, telemetry) = match settings(global, pace(&command)) {
        Ok(ready) => ready,
        Err(ended) => {
            if matches!(ended, Ended::Configuration(_)) && is_watched_by_nobody(&command) {
                notices::tell_misconfigured(global).await;
            }
            return Err(ended);
        }
    };
    let code = Box::pin(carried_out(command, settings, global, out)).await;
    telemetry.close().await;
    code
}

async fn carried_out(command: Command, settings: Settings, global: &Global, out: &mut dyn Write) -> Result<u8, Ended> {
    let code = match command {
        Command::Run(allowances) => run::run(settings, &allowances.allow, global).await?,
        Command::Reconcile { allowances, full, quiet, as_service } => {
            let detail = if quiet { Detail::Totals } else { Detail::Brief };
            let watched = if as_service { Watched::ByNobody } else { Watched::ByPerson };
            let wanted = Wanted { complete: full, allow: &allowances.allow, detail, watched };
            reconcile::reconcile(settings, &wanted, out).await?
        }
        Command::Diff { format, full } => diff::diff(&Session::new(settings)?, form(format), full, out).await?,
        Command::Check { fix, show_config, json, .. } => {
            if show_config {
                check::show_config(&settings, out)?
            } else {
                checked(settings, fix, json, out).await?
            }
        }
        Command::Health { ready } => {
            let question = if ready { Question::Ready } else { Question::Alive };
            health::health(&settings, question, out).await?
        }
        Command::Status(Status { output, .. }) => {
            status::status(&settings, &SystemClock::new(), &mut listing(&settings, output.json, out)).await?
        }
        Command::Conflicts { output, command: None } => {
            conflicts::conflicts(&settings, &mut listing(&settings, output.json, out)).await?
        }
        Command::Conflicts { command: Some(ConflictsCommand::Resolve { ids, all, record, field, choice }), .. } => {
            let choose = match (choice.take, choice.value) {
                (Some(side), _) => Choose::Side(side),
                (None, text) => Choose::Text(text.unwrap_or_default()),
            };
            let which = if all { all_of(&settings, record, field.as_deref())? } else { Which::Numbers(ids) };
            conflicts::resolve(&settings, &SystemClock::new(), which, choose, out).await?
        }
        Command::Questions { output, command: None } => {
            questions::questions(&settings, &SystemClock::new(), &mut listing(&settings, output.json, out)).await?
        }
        Command::Questions { command: Some(QuestionsCommand::Answer { id, choice }), .. } => {
            questions::answer(&settings, &SystemClock::new(), id, answer(choice), out).await?
        }
        Command::Failures { output, command: None } => {
            failures::failures(&settings, &mut listing(&settings, output.json, out)).await?
        }
        Command::Failures { command: Some(FailuresCommand::Retry { ids, all }), .. } => {
            let which = if all { Which::All { record: None, fields: Vec::new() } } else { Which::Numbers(ids) };
            failures::retry(&settings, &SystemClock::new(), which, out).await?
        }
        Command::History { record, limit, json } => {
            history::history(&settings, record.map(name), limit, &mut listing(&settings, json, out)).await?
        }
        Command::Links { output, command: None } => {
            links::links(&settings, &mut listing(&settings, output.json, out)).await?
        }
        Command::Links { command: Some(LinksCommand::Add { kind, flowtly_id, crm_id }), .. } => {
            links::add(&settings, &SystemClock::new(), kind, &flowtly_id, &crm_id, out).await?
        }
        Command::Links { command: Some(LinksCommand::Remove { kind, flowtly_id }), .. } => {
            links::remove(&settings, &SystemClock::new(), kind, &flowtly_id, out).await?
        }
        Command::Notices { command: NoticesCommand::Test } => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            notices::test(&settings, &clock, out).await?
        }
        Command::Explain { record, field, json } => explained(settings, &record, field.as_deref(), json, out).await?,
        Command::Backup { path } if path.as_os_str() == "-" => {
            // Not through `out`, which cannot be given up while its reader keeps it waiting.
            let whole = stdout().as_fd().try_clone_to_owned().context("standard output cannot be written")?;
            let stop = session::stop_on_signals()?;
            backup::backup_to(&settings, stdout().is_terminal(), &stop, whole.into()).await?
        }
        Command::Backup { path } => backup::backup(&settings, &path, &session::stop_on_signals()?, out).await?,
        Command::Restore { path } if path.as_os_str() == "-" => {
            let whole = stdin().as_fd().try_clone_to_owned().context("standard input cannot be read")?;
            let (input, stop) = ((whole.into(), stdin().is_terminal()), session::stop_on_signals()?);
            restore::restore_from(&settings, &SystemClock::new(), input, &stop, out).await?
        }
        Command::Restore { path } => restore::restore(&settings, &SystemClock::new(), &path, out).await?,
        // Carried out by `command`.
        Command::Init(_)
        | Command::Demo { .. }
        | Command::Sandbox { .. }
        | Command::Completions { .. }
        | Command::Man { .. } => FAILED,
    };
    Ok(code)
}

/// All conflicts of a record and a field, where they are given. A word may name a field of companies and one of contacts.
fn all_of(settings: &Settings, record: Option<RecordArg>, field: Option<&str>) -> Result<Which, Ended> {
    let fields = match (&record, field) {
        (_, None) => Vec::new(),
        (Some(record), Some(word)) => vec![named_field(settings, record, word)?],
        (None, Some(word)) => {
            let all = Kind::BOTH.into_iter().flat_map(|kind| settings.fields(kind));
            let fields: Vec<Field> = all.filter(|field| field.as_str() == word).collect();
            if fields.is_empty() {
                return Err(Ended::Configuration(format!("there is no field `{word}`")));
            }
            fields
        }
    };
    Ok(Which::All { record: record.map(name), fields })
}

fn named_field(settings: &Settings, record: &RecordArg, word: &str) -> Result<Field, Ended> {
    record.field(word, &settings.fields(record.kind)).map_err(Ended::Configuration)
}

fn name(record: RecordArg) -> RecordName {
    RecordName { kind: record.kind, side: record.side, id: record.id }
}

/// The answer that a line gives: exactly one, as the command line demands.
fn answer(choice: AnswerChoice) -> Answer {
    match (choice.link, choice.postpone) {
        (Some(candidate), _) => Answer::Link(candidate),
        (None, Some(time)) => Answer::Postpone(time),
        (None, None) if choice.same => Answer::Same,
        (None, None) if choice.copy => Answer::Copy,
        (None, None) if choice.never_happened => Answer::NeverHappened,
        (None, None) => Answer::Separate,
    }
}

async fn checked(settings: Settings, fix: bool, json: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    let mode = if fix { Mode::Fix } else { Mode::Look };
    let clock = SystemClock::new();
    let session = Transports::network(&settings)
        .and_then(|transports| connect(&settings, transports, &(Arc::new(SystemClock::new()) as Arc<dyn Clock>)));
    let sides = match &session {
        Ok(systems) => Sides { flowtly: Ok(systems.flowtly.as_ref()), crm: Ok(systems.crm.as_ref()) },
        Err(error) => Sides { flowtly: Err(error), crm: Err(error) },
    };
    check::check(&settings, sides, mode, &clock, &mut listing(&settings, json, out)).await
}

async fn explained(
    settings: Settings,
    record: &RecordArg,
    field: Option<&str>,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, Ended> {
    let field = field.map(|word| named_field(&settings, record, word)).transpose()?;
    let session = Session::new(settings)?;
    let asked = Subjected { kind: record.kind, side: record.side, id: &record.id, field };
    let mut listing = listing(&session.settings, json, out);
    Ok(explain::explain(&session.settings, Some(session.systems.flowtly.as_ref()), &asked, &mut listing).await?)
}

fn listing<'a>(settings: &Settings, json: bool, out: &'a mut dyn Write) -> Listing<'a> {
    let form = if json { Form::Json } else { Form::Text(session::style(settings.log.colour)) };
    Listing { out, form }
}

/// A list of no one configuration.
fn unconfigured(json: bool, out: &mut dyn Write) -> Listing<'_> {
    let is_bare = Environment::of_process().forbids_colour();
    Listing { out, form: if json { Form::Json } else { Form::Text(session::style(!is_bare)) } }
}

fn settings(global: &Global, pace: Pace) -> Result<(Settings, Telemetry), Ended> {
    let settings = config::load(global.config.as_deref(), &Environment::of_process())
        .map_err(|problems| Ended::Configuration(problems.to_string()))?;
    let overrides = Overrides { format: global.log_format.map(Into::into), verbose: global.verbose };
    let telemetry = telemetry::init(&settings.log, settings.traces.as_ref(), overrides, pace)?;
    Ok((settings, telemetry))
}

const fn form(format: ReportFormat) -> Format {
    match format {
        ReportFormat::Text => Format::Text,
        ReportFormat::Json => Format::Json,
        ReportFormat::Markdown => Format::Markdown,
    }
}

const fn is_watched_by_nobody(command: &Command) -> bool {
    matches!(command, Command::Run(_) | Command::Reconcile { as_service: true, .. })
}

/// Only a daemon has something to do that is more urgent than what it says.
const fn pace(command: &Command) -> Pace {
    if matches!(command, Command::Run(_)) { Pace::GoesOn } else { Pace::Waits }
}

/// Tells why it ended, on standard error.
fn complain(code: u8, text: &str, pace: Pace) -> ExitCode {
    complain_of(text, pace);
    ExitCode::from(code)
}

fn complain_of(text: &str, pace: Pace) {
    telemetry::last_words(complaint(text, telemetry::is_to_journal()), pace);
}

/// What is told, whole lines; for journald each says that it is of an error (`sd-daemon(3)`).
fn complaint(text: &str, is_to_journal: bool) -> String {
    let mark = if is_to_journal { "<3>" } else { "" };
    text.trim_end().lines().flat_map(|line| [mark, line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_complaint_has_its_priority_in_the_journal() {
        assert_eq!(complaint("one\ntwo\n\n", true), "<3>one\n<3>two\n");
        assert_eq!(complaint("one\ntwo\n", false), "one\ntwo\n");
    }
}
