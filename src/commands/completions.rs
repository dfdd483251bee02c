//! `completions`: what a shell needs to complete a line, made of the definition of the command line.

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::cli::Cli;

/// Prints the completions of a shell. Exit code 0.
pub(super) fn completions(shell: Shell, out: &mut dyn Write) -> anyhow::Result<u8> {
    // By way of memory: the generator panics where a pipe is closed.
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    out.write_all(&script)?;
    Ok(0)
}
