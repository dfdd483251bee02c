//! The contract of a connector: one set of cases for every CRM and for Flowtly.
//!
//! `cargo test --test contract` runs the cases over the embedded servers and ends with a table of cases by systems: passed, or
//! skipped with the capability that the system does not have. A new CRM takes part through its line in the table of embedded
//! servers.
//!
//! `cargo test --test contract -- --live FILE` runs the cases that need no switches of a server against the two systems that a
//! configuration file names. It makes records whose names begin with `flowtly-sync contract`, writes to no other record, and
//! removes them at the end by the system's own delete requests; what a system lets nobody delete is listed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test leans on may panic")]
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(unreachable_pub, reason = "a test binary: what its files share is public among them")]

mod bench;
mod cases;
mod live;
mod office;
mod served;
mod table;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use self::bench::{Bench, System};
use self::cases::Case;
use self::live::Live;

fn main() -> ExitCode {
    let (live, rest) = live_switch(std::env::args_os());
    let mut arguments = Arguments::from_iter(rest);
    let live = live.map(|file| Live::open(&file));
    let trials = match &live {
        Some(live) => live.trials(),
        None => System::all().into_iter().flat_map(trials_of).chain(served::trials()).collect(),
    };
    if live.is_some() {
        // One account is not worked on by several cases at once.
        arguments.test_threads = Some(1);
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        table::print();
        if let Some(live) = &live {
            live.sweep();
        }
    }
    conclusion.exit_code()
}

/// Takes `--live FILE` out of the arguments; the others are those of any test.
fn live_switch(arguments: impl Iterator<Item = OsString>) -> (Option<PathBuf>, Vec<OsString>) {
    let (mut live, mut rest) = (None, Vec::new());
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if argument == "--live" {
            live = arguments.next().map(PathBuf::from);
            assert!(live.is_some(), "--live wants a configuration file");
        } else {
            rest.push(argument);
        }
    }
    (live, rest)
}

/// Every case over a fresh embedded server.
fn trials_of(system: System) -> Vec<Trial> {
    let trial = |case: &'static Case| {
        Trial::test(format!("{}: {}", system.name(), case.name), move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let bench = Bench::embedded(system);
                case.judge(&bench, system.name()).await
            })
        })
    };
    cases::all().map(trial).collect()
}
