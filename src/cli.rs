//! The command line: one definition, from which help, parsing and errors follow. It decides nothing.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::LogFormat;
use crate::domain::field::Field;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::RefusalName;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const RECONCILE_EXITS: &str = "\
Exit codes:
  0  both systems agree
  1  the pass failed
  2  conflicts, questions or failures remain
  3  the plan was refused by a safety limit (see --allow)
  4  the configuration is wrong
Where several hold, the first of 4, 1, 3, 2 is returned.";

const DIFF_EXITS: &str = "\
Exit codes:
  0  nothing would be written or newly asked
  1  reading failed
  2  something would be written or newly asked
  3  the plan would be refused by a safety limit
  4  the configuration is wrong
Where several hold, the first of 4, 1, 3, 2 is returned.";

const CHECK_EXITS: &str = "\
Exit codes:
  0  all is well
  1  something does not work
  4  the configuration is wrong";

const RUN_EXITS: &str = "\
Signals: SIGTERM and SIGINT stop it cleanly, SIGHUP starts a pass at once.

Exit codes:
  0  a clean stop
  1  it cannot go on
  4  the configuration is wrong";

const RECORD_HELP: &str = "\
A record is KIND:SIDE:ID, for instance company:flowtly:17 or contact:crm:6001.";

/// Keeps client companies and their contacts in agreement between Flowtly and a CRM, in both directions.
///
/// Nothing is deleted, nothing is doubled, and every value can be explained. Start with `check`, then `diff`, then
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
    /// Text on a terminal, JSON elsewhere
    Auto,
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl From<LogFormatArg> for LogFormat {
    fn from(format: LogFormatArg) -> Self {
        match format {
            LogFormatArg::Auto => Self::Auto,
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Keep both systems in agreement until stopped
    ///
    /// Reads what changed at every beat and everything at every slow beat, carries out what is decided and safe, and leaves
    /// the rest to a person. The first pass of a new state only plans, until it is allowed.
    #[command(after_help = RUN_EXITS)]
    Run(Allowances),

    /// Make one pass and exit
    ///
    /// Reads both systems, plans, checks the plan against the safety limits, and carries it out.
    #[command(after_help = RECONCILE_EXITS)]
    Reconcile {
        /// What is allowed.
        #[command(flatten)]
        allowances: Allowances,

        /// Read everything, not only what changed
        #[arg(long)]
        full: bool,
    },

    /// Show what a pass would do; write nothing, to neither system nor state
    #[command(after_help = DIFF_EXITS)]
    Diff {
        /// The form of the report
        #[arg(long, value_enum, default_value_t = ReportFormat::Text, value_name = "FORMAT")]
        format: ReportFormat,

        /// Read everything, not only what changed
        #[arg(long)]
        full: bool,
    },

    /// Check configuration, credentials, permissions and mapped properties on both sides
    #[command(after_help = CHECK_EXITS)]
    Check {
        /// Add mapped properties that the CRM lacks; the only thing that `check` ever writes
        #[arg(long)]
        fix: bool,

        /// Print the effective configuration (secrets as ***) and exit
        #[arg(long)]
        show_config: bool,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },

    /// Show what the last passes did and what waits
    Status(Output),

    /// List the fields on which a person must decide, or decide
    #[command(args_conflicts_with_subcommands = true)]
    Conflicts {
        /// How to print the list.
        #[command(flatten)]
        output: Output,

        /// What to do instead of listing.
        #[command(subcommand)]
        command: Option<ConflictsCommand>,
    },

    /// List the questions about identity that only a person may answer; answer them with `links`
    Questions(Output),

    /// List the pairs, or join or separate records by hand
    #[command(args_conflicts_with_subcommands = true)]
    Links {
        /// How to print the list.
        #[command(flatten)]
        output: Output,

        /// What to do instead of listing.
        #[command(subcommand)]
        command: Option<LinksCommand>,
    },

    /// Say why a record, or one field of it, is what it is
    #[command(after_help = RECORD_HELP)]
    Explain {
        /// The record: KIND:SIDE:ID
        #[arg(value_name = "RECORD", value_parser = parse_record)]
        record: RecordArg,

        /// One field of it, for instance `phone`
        #[arg(value_name = "FIELD")]
        field: Option<String>,
    },

    /// See it work from end to end against two embedded servers; needs no account and no configuration
    Demo {
        /// The data that the servers start with.
        #[command(flatten)]
        sample: Sample,

        /// Keep the state in this directory instead of a temporary one
        #[arg(long, value_name = "DIR")]
        keep: Option<PathBuf>,
    },

    /// Serve an embedded Flowtly and CRM on this machine, to point a configuration at
    Sandbox {
        /// The data that the servers start with.
        #[command(flatten)]
        sample: Sample,

        /// Flowtly's port on 127.0.0.1; 0 takes a free one
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        flowtly_port: u16,

        /// The CRM's port on 127.0.0.1; 0 takes a free one
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        crm_port: u16,
    },
}

/// `conflicts …`.
#[derive(Debug, Subcommand)]
pub enum ConflictsCommand {
    /// Decide conflicts; the next pass carries it out, if the values are still those that were shown
    Resolve {
        /// The conflicts' numbers, from the list
        #[arg(required = true, value_name = "ID")]
        ids: Vec<i64>,

        /// What shall hold.
        #[command(flatten)]
        choice: ResolveChoice,
    },
}

/// The value that shall hold: exactly one of the two.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ResolveChoice {
    /// The value of this side
    #[arg(long, value_name = "SIDE", value_parser = parse_side)]
    pub take: Option<Side>,

    /// This text, on both sides
    #[arg(long, value_name = "TEXT")]
    pub value: Option<String>,
}

/// `links …`.
#[derive(Debug, Subcommand)]
pub enum LinksCommand {
    /// Say that two records are the same company or contact
    Add {
        /// company or contact
        #[arg(value_name = "KIND", value_parser = parse_kind)]
        kind: Kind,

        /// The record's id in Flowtly
        #[arg(value_parser = parse_id)]
        flowtly_id: RemoteId,

        /// The record's id in the CRM
        #[arg(value_parser = parse_id)]
        crm_id: RemoteId,
    },

    /// Separate a pair: neither record is matched or created again until a person says so
    Remove {
        /// company or contact
        #[arg(value_name = "KIND", value_parser = parse_kind)]
        kind: Kind,

        /// The record's id in Flowtly
        #[arg(value_parser = parse_id)]
        flowtly_id: RemoteId,
    },
}

/// What the operator allows.
#[derive(Debug, Clone, Default, Args)]
pub struct Allowances {
    /// Allow one refusal by its name, for one pass; may be repeated
    #[arg(long = "allow", value_name = "NAME", value_parser = parse_refusal)]
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
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub companies: u32,

    /// What they are like
    #[arg(long, value_enum, default_value_t = Seed::Messy, value_name = "SEED")]
    pub seed: Seed,
}

/// What the data of the embedded servers is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Seed {
    /// Tidy pairs
    Plain,
    /// Twins, placeholders, other spellings, missing parts: as it is in life
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

/// A record as people name it: `company:flowtly:17`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordArg {
    /// Company or contact.
    pub kind: Kind,
    /// Whose id it is.
    pub side: Side,
    /// The id.
    pub id: RemoteId,
}

impl RecordArg {
    /// The field of this record that a word names; the error lists the fields.
    pub fn field(&self, word: &str) -> Result<Field, String> {
        Field::parse(self.kind, word).ok_or_else(|| {
            let names: Vec<&str> = Field::of(self.kind).iter().map(|field| field.as_str()).collect();
            format!("a {} has no field `{word}`; its fields are {}", self.kind, names.join(", "))
        })
    }
}

fn parse_record(text: &str) -> Result<RecordArg, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(kind), Some(side), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("write KIND:SIDE:ID, for instance company:flowtly:17".to_owned());
    };
    Ok(RecordArg { kind: parse_kind(kind)?, side: parse_side(side)?, id: parse_id(id)? })
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| format!("`{text}` is not a kind; use {}", list(Kind::BOTH.map(Kind::as_str))))
}

fn parse_side(text: &str) -> Result<Side, String> {
    Side::parse(text).ok_or_else(|| format!("`{text}` is not a side; use {}", list(Side::BOTH.map(Side::as_str))))
}

fn parse_refusal(text: &str) -> Result<RefusalName, String> {
    RefusalName::parse(text).ok_or_else(|| {
        format!("there is no refusal `{text}`; the names are {}", RefusalName::ALL.map(RefusalName::as_str).join(", "))
    })
}

fn parse_id(text: &str) -> Result<RemoteId, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err("write the bare id, for instance 17".to_owned());
    }
    Ok(RemoteId::new(text))
}

fn list(words: [&str; 2]) -> String {
    words.join(" or ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;
    use rstest::rstest;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_says_what_it_does() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }

    #[rstest]
    #[case("flowtly-sync run")]
    #[case("flowtly-sync run --allow first-pass --allow too-many-creates")]
    #[case("flowtly-sync --config x.toml -vv reconcile --full --log-format json")]
    #[case("flowtly-sync diff --format markdown --full")]
    #[case("flowtly-sync check --fix --json")]
    #[case("flowtly-sync check --show-config")]
    #[case("flowtly-sync status --json")]
    #[case("flowtly-sync conflicts")]
    #[case("flowtly-sync conflicts --json")]
    #[case("flowtly-sync conflicts resolve 3 4 --take crm")]
    #[case("flowtly-sync conflicts resolve 3 --value Acme")]
    #[case("flowtly-sync questions --json")]
    #[case("flowtly-sync links --json")]
    #[case("flowtly-sync links add company 17 6001")]
    #[case("flowtly-sync links remove contact 17")]
    #[case("flowtly-sync explain company:flowtly:17")]
    #[case("flowtly-sync explain contact:crm:a:b phone")]
    #[case("flowtly-sync demo --companies 3 --seed plain --keep somewhere")]
    #[case("flowtly-sync sandbox --flowtly-port 8001 --crm-port 8002")]
    fn a_right_line_is_taken(#[case] line: &str) {
        assert!(parse(line).is_ok(), "{line}");
    }

    #[rstest]
    #[case("flowtly-sync", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)]
    #[case("flowtly-sync run --allow everything", ErrorKind::ValueValidation)]
    #[case("flowtly-sync conflicts resolve --take crm", ErrorKind::MissingRequiredArgument)]
    #[case("flowtly-sync conflicts resolve 3", ErrorKind::MissingRequiredArgument)]
    #[case("flowtly-sync conflicts resolve 3 --take crm --value x", ErrorKind::ArgumentConflict)]
    #[case("flowtly-sync conflicts resolve 3 --take hubspot", ErrorKind::ValueValidation)]
    #[case("flowtly-sync links add firm 1 2", ErrorKind::ValueValidation)]
    #[case("flowtly-sync links add company /clients/1 2", ErrorKind::ValueValidation)]
    #[case("flowtly-sync explain 17", ErrorKind::ValueValidation)]
    #[case("flowtly-sync explain company:flowtly:", ErrorKind::ValueValidation)]
    #[case("flowtly-sync demo --companies 0", ErrorKind::ValueValidation)]
    #[case("flowtly-sync frobnicate", ErrorKind::InvalidSubcommand)]
    fn a_wrong_line_is_refused(#[case] line: &str, #[case] kind: ErrorKind) {
        assert_eq!(parse(line).map(|_| ()).map_err(|error| error.kind()), Err(kind), "{line}");
    }

    #[test]
    fn an_unknown_allowance_names_all_that_there_are() {
        let error = parse("flowtly-sync reconcile --allow all").unwrap_err().to_string();
        for name in RefusalName::ALL {
            assert!(error.contains(name.as_str()), "{name} is missing in {error}");
        }
    }

    #[test]
    fn a_record_is_taken_apart() {
        let Command::Explain { record, field } = parse("flowtly-sync explain contact:crm:6001 email").unwrap().command
        else {
            panic!("another command")
        };
        assert_eq!((record.kind, record.side, record.id.as_str()), (Kind::Contact, Side::Crm, "6001"));
        assert_eq!(record.field(&field.unwrap()), Ok(Field::Email));
        assert!(record.field("currency").unwrap_err().contains("its fields are name, email"));
    }

    #[test]
    fn exit_codes_are_in_the_help() {
        for (command, code) in [("reconcile", "  3  "), ("diff", "  2  "), ("check", "  4  "), ("run", "SIGHUP")] {
            let help = parse(&format!("flowtly-sync {command} --help")).unwrap_err().to_string();
            assert!(help.contains(code), "{help}");
        }
    }
}
