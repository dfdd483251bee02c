//! `status`: of one pair of accounts, or of all on a machine.

use std::path::PathBuf;

use clap::Args;

use super::Output;

/// What its exit codes mean.
pub(super) const EXITS: &str = "\
Exit codes with --all; without it, 0 where the state can be read:
  0  nothing needs a person
  1  a daemon does not run, a pass failed or did not come, or a state cannot be read
  2  conflicts, questions or refused records wait
  3  a plan was refused by a safety limit
  4  a configuration is wrong
Where several hold, the first of 4, 1, 3, 2 is returned.";

/// Where the configurations of the instances are, as the template unit says.
const CONFIGURATIONS: &str = "/etc/flowtly-sync";

/// Where their states are.
const STATES: &str = "/var/lib";

/// What is shown.
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// How to print it.
    #[command(flatten)]
    pub output: Output,

    /// A line for each instance `flowtly-sync@NAME`, whose configuration is DIR/NAME/config.toml
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = CONFIGURATIONS)]
    pub all: Option<PathBuf>,

    /// The folder in which the states of the instances are, as flowtly-sync-NAME
    #[arg(long, value_name = "DIR", default_value = STATES, requires = "all")]
    pub states: PathBuf,
}
