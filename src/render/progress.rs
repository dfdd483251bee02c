//! Progress on a terminal: a line a side while it is read, a bar while it is written.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::domain::record::{Kind, Side};
use crate::sync::Progress;

/// How often a line is redrawn.
const TICK: Duration = Duration::from_millis(120);

/// Bars on standard error. They vanish with the last copy.
#[derive(Debug)]
pub struct Bars {
    all: MultiProgress,
    scans: Mutex<BTreeMap<(Side, Kind), ProgressBar>>,
    writes: Mutex<Option<ProgressBar>>,
    planned: AtomicU64,
}

impl Bars {
    /// No bars yet.
    pub fn new() -> Self {
        Self {
            all: MultiProgress::new(),
            scans: Mutex::new(BTreeMap::new()),
            writes: Mutex::new(None),
            planned: AtomicU64::new(0),
        }
    }
}

impl Default for Bars {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Bars {
    fn scanned(&self, side: Side, kind: Kind, rows: usize) {
        let Ok(mut scans) = self.scans.lock() else { return };
        let bar = scans.entry((side, kind)).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            bar.set_message(format!("{side}: {kind} records read"));
            bar.enable_steady_tick(TICK);
            bar
        });
        bar.inc(rows as u64);
        bar.set_message(format!("{side}: {} {kind} records read", bar.position()));
    }

    // What is read by itself is little beside the lists, or has no end that could be shown.
    fn looked(&self) {}

    fn planned(&self, actions: u64) {
        self.planned.store(actions, Ordering::Relaxed);
        if let Ok(mut scans) = self.scans.lock() {
            for bar in std::mem::take(&mut *scans).into_values() {
                bar.finish_and_clear();
            }
        }
    }

    fn applied(&self, actions: u64) {
        let Ok(mut writes) = self.writes.lock() else { return };
        let bar = writes.get_or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(self.planned.load(Ordering::Relaxed)));
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} written, {eta} left") {
                bar.set_style(style);
            }
            bar
        });
        bar.inc(actions);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if let Ok(mut writes) = self.writes.lock()
            && let Some(bar) = writes.take()
        {
            bar.finish_and_clear();
        }
    }
}
