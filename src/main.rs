//! Composes and nothing else.

use std::process::ExitCode;

use flowtly_sync::cli::Cli;
use flowtly_sync::commands::dispatch;

fn main() -> ExitCode {
    match Cli::take(std::env::args_os()) {
        Ok(cli) => dispatch(cli),
        Err(code) => code,
    }
}
