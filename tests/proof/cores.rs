//! A thread that runs cases stays on one core, and so does the thread that `SQLite` runs on for it: the two take turns, so that
//! a second core would only be woken up for each statement. What it runs takes the same turns in every run.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::runtime::Runtime;
use tokio::task::unconstrained;

/// Stays on a core from now on. Where the system does not allow it, nothing changes.
pub fn stay() {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static STAYS: Cell<bool> = const { Cell::new(false) };
    }
    if STAYS.replace(true) {
        return;
    }
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    // More cores than may be used at a time: somebody else decides which are free.
    if std::thread::available_parallelism().is_ok_and(|usable| usable.get() < cores.len()) {
        return;
    }
    if let Some(core) = cores.get(NEXT.fetch_add(1, Ordering::SeqCst) % cores.len().max(1)) {
        let mut own = CpuSet::new();
        own.set(*core);
        let _ = sched_setaffinity(None, &own);
    }
}

/// Runs a case whose steps are to be the same in every run. tokio takes the turn away from a task that has done much since it last
/// waited, and whether it waited for SQLite depends on how busy the machine is: of two writes under way at once either would then
/// go on first. So this one keeps its turn.
pub fn in_turn<T>(runtime: &Runtime, case: impl Future<Output = T>) -> T {
    runtime.block_on(unconstrained(case))
}
