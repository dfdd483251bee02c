//! The commands, with what their help says of exit codes.

use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::Shell;

use super::init::INIT_EXITS;
use super::values::parse_record;
use super::{
    Allowances, ConflictsCommand, FailuresCommand, InitArgs, LinksCommand, Output, QuestionsCommand, RecordArg,
    ReportFormat, Sample, Status, status,
};

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
  3  the plan would be refused by a safety limit other than first-pass
  4  the configuration is wrong
Where several hold, the first of 4, 1, 3, 2 is returned.";

const CHECK_EXITS: &str = "\
Exit codes:
  0  all is well
  1  something does not work
  4  the configuration is wrong";

const HEALTH_EXITS: &str = "\
Exit codes:
  0  it is
  1  it is not, or nobody answers
  4  the configuration is wrong";

const RUN_EXITS: &str = "\
Signals: SIGTERM and SIGINT stop it cleanly. SIGHUP has it read the configuration again, take it
up if it is valid, and start a pass at once.

Exit codes:
  0  a clean stop
  1  it cannot go on
  4  the configuration is wrong";

const RECORD_HELP: &str = "\
A record is KIND:SIDE:ID, for instance company:flowtly:17 or contact:crm:6001.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up: ask, try each answer on the systems themselves, propose a mapping, and write the configuration
    ///
    /// Secrets are written into files of their own, for their owner alone, and the configuration names them. Without a
    /// terminal, or with --yes, options answer everything.
    #[command(after_help = INIT_EXITS)]
    Init(Box<InitArgs>),

    /// Keep both systems in agreement until stopped
    ///
    /// Reads what changed at every beat and everything at every slow beat, carries out what is decided and safe, and leaves
    /// the rest to a person. The first pass of a new state only plans, until it is allowed.
    #[command(after_help = RUN_EXITS)]
    Run(Allowances),

    /// Make one pass and exit
    ///
    /// Reads both systems, plans, checks the plan against the safety limits, and carries it out. Beside a running daemon it
    /// asks that for the pass, and tells how it ended.
    #[command(after_help = RECONCILE_EXITS)]
    Reconcile {
        /// What is allowed.
        #[command(flatten)]
        allowances: Allowances,

        /// Read everything, not only what changed
        #[arg(long)]
        full: bool,

        /// Tell how it ended and the sums; no record, no name, no value, so that it may stand in a log
        #[arg(long)]
        quiet: bool,

        /// Nobody watches: bring notices and make copies of the state, as the configuration has the daemon do it
        #[arg(long)]
        as_service: bool,
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
        #[arg(long, conflicts_with_all = ["fix", "json"])]
        show_config: bool,

        /// Only judge the configuration, as far as that is possible without its secrets: no file of them is read
        #[arg(long, conflicts_with_all = ["fix", "show_config", "json"])]
        without_secrets: bool,

        /// Judge it as this process does: with the environment that it was started with
        #[arg(long, value_name = "PID", requires = "without_secrets")]
        of_process: Option<u32>,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },

    /// Ask the daemon of this machine whether it is alive, for what can only start a program; needs `web.enabled`
    #[command(after_help = HEALTH_EXITS)]
    Health {
        /// Ask whether it does its work: passes end, both sides can be talked to, the state can be written
        #[arg(long)]
        ready: bool,
    },

    /// Show what the last passes did and what waits, of one pair of accounts or of all on this machine
    #[command(after_help = status::EXITS)]
    Status(Status),

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

    /// List the questions about identity that only a person may answer, or answer one
    #[command(args_conflicts_with_subcommands = true)]
    Questions {
        /// How to print the list.
        #[command(flatten)]
        output: Output,

        /// What to do instead of listing.
        #[command(subcommand)]
        command: Option<QuestionsCommand>,
    },

    /// List what a system refused, with its own words, or have it tried again now
    #[command(args_conflicts_with_subcommands = true)]
    Failures {
        /// How to print the list.
        #[command(flatten)]
        output: Output,

        /// What to do instead of listing.
        #[command(subcommand)]
        command: Option<FailuresCommand>,
    },

    /// Show what was written, newest first: which value gave way to which, in which pass and why
    #[command(after_help = RECORD_HELP)]
    History {
        /// Of one record only: KIND:SIDE:ID
        #[arg(value_name = "RECORD", value_parser = parse_record)]
        record: Option<RecordArg>,

        /// How many values
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },

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

    /// Tell people that something needs them: try the ways out
    Notices {
        /// What to do.
        #[command(subcommand)]
        command: NoticesCommand,
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

        /// Print JSON
        #[arg(long)]
        json: bool,
    },

    /// Copy the state into a new file, also while the daemon runs; replaces nothing
    Backup {
        /// The file to be made; `-` writes the copy to standard output, unless that is a terminal
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },

    /// Put a backup in the place of the state; nothing may run meanwhile
    ///
    /// The state that was there is kept beside it. What happened since the backup is found again by the next passes: they
    /// link and ask, fill blanks, overwrite nothing by themselves, and create nothing until `--allow first-pass`.
    Restore {
        /// A file that `backup` made; or a folder of dated copies, of which the newest is taken that is of the accounts of the
        /// present state; `-` reads one from standard input, unless that is a terminal
        #[arg(value_name = "PATH")]
        path: PathBuf,
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

        /// Start in agreement, stored ids included: one contact a company, nothing to do (for benchmarks)
        #[arg(long)]
        agreed: bool,
    },

    /// Print what makes a shell complete the words of a line: commands, options, values
    Completions {
        /// For which shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },

    /// Write the manual pages: one of the program, one of each command
    Man {
        /// The directory, which is made where it is missing
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// What to do about notices.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum NoticesCommand {
    /// Send one through each carrier that is configured, and print what became of it
    Test,
}
