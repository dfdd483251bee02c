//! The proof: the real engine, the embedded servers, and everything that can happen to both.
//!
//! `cargo test --release --test proof -- --nocapture` ends with one line of JSON: what was tried, how often, and what
//! failed. `PROOF=long` makes every part ten times as long; `PROOF_SEEDS=N` runs so many seeds, a
//! twentieth of them with each CRM but the first, `PROOF_SEED=N` replays one, `PROOF_CRM=name` names the CRM.
//! Without `--release` a sample is taken, so that `cargo test` stays quick. `PROOF_LOG=debug` shows what the engine says.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test leans on may panic")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the figures are what this program is for")]
#![expect(unreachable_pub, reason = "a test binary: what its files share is public among them")]

#[path = "../it/firm.rs"]
#[expect(dead_code, reason = "the scenarios of tests/it use all of it")]
mod firm;
#[path = "../it/meddle.rs"]
#[expect(dead_code, reason = "the scenarios of tests/it use all of it")]
mod meddle;
mod checker;
mod cores;
mod crash;
mod embedded;
mod figures;
mod hints;
mod kill;
mod life;
mod portrait;
mod simulate;
mod size;
mod steps;
mod template;

use std::process::ExitCode;
use std::time::Instant;

use libtest_mimic::{Arguments, Trial};

// A seed is many small allocations on two threads, which the system's own allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // State on a memory disk, where there is one: it is thrown away, and a commit waits for no disk.
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        let _ = tempfile::env::override_temp_dir(memory);
    }
    if let Ok(filter) = std::env::var("PROOF_LOG") {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    let began = Instant::now();
    let trials: Vec<Trial> =
        checker::trials().into_iter().chain(kill::trials()).chain(crash::trials()).chain(simulate::trials()).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        figures::print(&conclusion, began.elapsed());
    }
    conclusion.exit_code()
}
