//! The command line: one definition, from which help, parsing and errors follow. It decides nothing.

mod command;
mod decisions;
mod init;
mod status;
mod values;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, ValueEnum};

use crate::config::LogFormat;
use crate::domain::safety::RefusalName;
use crate::sandbox::Embedded;
use values::{FIRST_CRM, crm_parser, refusal_parser};

pub use command::{Command, NoticesCommand};
pub use decisions::{AnswerChoice, ConflictsCommand, FailuresCommand, LinksCommand, QuestionsCommand, ResolveChoice};
pub use init::InitArgs;
pub use status::Status;
pub use values::RecordArg;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Keeps client companies and their contacts in agreement between Flowtly and a CRM, in both directions.
///
/// Nothing is deleted, nothing is doubled, and every value can be explained. Start with `init`, then `check`, `diff`,
/// `reconcile --allow first-pass`, then `run`. Or see it work first, without any account: `demo`.
#[derive(Debug, Parser)]
#[command(name = "flowtly-sync", version, styles = STYLES, max_term_width = 100, propagate_version = false)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Takes a command line, its first word the program's name. Help, version and errors are printed here, and the exit
    /// code returned: 4 for a wrong line, as for any other wrong setting, because 2 means that something waits for a person.
    pub fn take(line: impl IntoIterator<Item = OsString>) -> Result<Self, ExitCode> {
        Self::try_parse_from(line).map_err(|error| {
            // Where nobody reads what is printed there is nobody to tell.
            let _ = error.print();
            ExitCode::from(exit_code(&error))
        })
    }
}

fn exit_code(error: &clap::Error) -> u8 {
    if error.use_stderr() { 4 } else { 0 }
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// The configuration file; else `config.toml` in `$CONFIGURATION_DIRECTORY`, or `./flowtly-sync.toml`
    #[arg(long, global = true, value_name = "PATH", env = "FLOWTLY_SYNC_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,

    /// How log lines are written to standard error, whatever the configuration says
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormatArg>,

    /// Log more: -v what is decided, -vv everything. `RUST_LOG` wins
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormatArg {
    /// Text on a terminal; `journal` where standard error goes to journald, JSON elsewhere
    Auto,
    /// For people
    Text,
    /// One JSON object a line
    Json,
    /// Entries of journald
    Journal,
}

impl From<LogFormatArg> for LogFormat {
    fn from(format: LogFormatArg) -> Self {
        match format {
            LogFormatArg::Auto => Self::Auto,
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
            LogFormatArg::Journal => Self::Journal,
        }
    }
}

/// What the operator allows.
#[derive(Debug, Clone, Default, Args)]
pub struct Allowances {
    /// Allow one refusal by its name, for one pass; may be repeated
    #[arg(long = "allow", value_name = "NAME", value_parser = refusal_parser())]
    pub allow: Vec<RefusalName>,
}

/// How to print.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Output {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The data of the embedded servers.
#[derive(Debug, Clone, Copy, Args)]
pub struct Sample {
    /// How many companies there are
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub companies: u32,

    /// What they are like
    #[arg(long, value_enum, default_value_t = Seed::Plain, value_name = "SEED")]
    pub seed: Seed,

    /// Which CRM stands beside Flowtly
    #[arg(long, value_name = "NAME", default_value = FIRST_CRM, value_parser = crm_parser())]
    pub crm: &'static Embedded,
}

/// What the data of the embedded servers is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Seed {
    /// Tidy: only differences that rules decide
    Plain,
    /// As it is in life: also twins, namesakes, placeholders, missing values, conflicts
    Messy,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a terminal
    Text,
    /// For a program
    Json,
    /// For an issue or a merge request
    Markdown,
}
