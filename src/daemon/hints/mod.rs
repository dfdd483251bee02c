//! What webhooks say is worth a look, until a pass has looked.
//!
//! A hint is kept in a file beside the state before its sender is answered, so that a restart does not forget it. It is not
//! put into the state itself: while a pass runs the state is the pass's. Hints about one record are one hint, and a burst is
//! gathered ([`pace`]). What a pass takes is forgotten when that pass has ended well, and else waits again.

pub mod pace;
mod spool;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use self::spool::Spool;
use crate::domain::hint::Hint;

/// How many records may wait for a look? Beyond that reading each by its id is no better than reading everything.
pub const WAITING: usize = 10_000;

/// How many events are remembered, so that one that is delivered twice is one? HubSpot sends one again for a day, but hardly
/// after so many others; and what is forgotten costs one read.
const REMEMBERED: usize = 20_000;

/// What an event of a webhook comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What tells it from another event: the same number is the same event, delivered once more. `None` where the system
    /// numbers nothing.
    pub key: Option<u64>,
    /// What is worth a look; empty where the event does not say, but something changed.
    pub hints: Vec<Hint>,
}

/// What became of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Posted {
    /// So many are looked at.
    pub accepted: u64,
    /// So many were delivered before, or are about records that wait for a look already.
    pub duplicate: u64,
}

/// The hints that wait.
#[derive(Debug)]
pub struct Hints {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug)]
struct State {
    spool: Option<Spool>,
    waiting: BTreeSet<Hint>,
    /// Those that a pass is looking at. One that comes once more meanwhile waits again: the pass may have read its record
    /// before it changed.
    taken: BTreeSet<Hint>,
    /// Something changed that nobody names: a pass that walks is wanted.
    walk: bool,
    /// More was hinted at than is kept: a pass that walks everything is wanted.
    overflow: bool,
    remembered: HashSet<u64>,
    in_order: VecDeque<u64>,
}

impl Hints {
    /// Hints beside a state. What an earlier run left is there.
    pub fn beside(state: &Path) -> io::Result<Arc<Self>> {
        let (spool, waiting) = Spool::beside(state)?;
        Ok(Arc::new(Self::with(Some(spool), waiting)))
    }

    /// Hints that are kept in memory alone.
    pub fn in_memory() -> Arc<Self> {
        Arc::new(Self::with(None, BTreeSet::new()))
    }

    fn with(spool: Option<Spool>, waiting: BTreeSet<Hint>) -> Self {
        Self {
            state: Mutex::new(State {
                spool,
                waiting,
                taken: BTreeSet::new(),
                walk: false,
                overflow: false,
                remembered: HashSet::new(),
                in_order: VecDeque::new(),
            }),
            arrived: Notify::new(),
        }
    }

    /// Keeps what events say, and wakes the daemon. Writes to the disk: not to be called where others wait. Fails if it cannot
    /// be kept; then nothing of it is remembered, and the sender is to try again.
    pub fn post(&self, events: Vec<Event>) -> io::Result<Posted> {
        let mut state = self.state();
        let mut posted = Posted::default();
        let mut new = BTreeSet::new();
        let mut keys = Vec::new();
        let mut walk = false;
        for event in events {
            if event.key.is_some_and(|key| state.remembered.contains(&key) || keys.contains(&key)) {
                posted.duplicate += 1;
                continue;
            }
            keys.extend(event.key);
            let is_known = |hint: &Hint| state.waiting.contains(hint) || new.contains(hint);
            if event.hints.is_empty() {
                walk = true;
            } else if event.hints.iter().all(is_known) {
                posted.duplicate += 1;
                continue;
            }
            posted.accepted += 1;
            new.extend(event.hints);
        }
        let new: BTreeSet<Hint> = new.into_iter().filter(|hint| !state.waiting.contains(hint)).collect();
        if state.waiting.len() + new.len() > WAITING {
            state.overflow = true;
        } else if !new.is_empty() {
            if let Some(spool) = &mut state.spool {
                spool.append(&new)?;
            }
            state.waiting.extend(new);
        }
        state.walk |= walk;
        state.remember(keys);
        let wakes = posted.accepted > 0;
        drop(state);
        if wakes {
            self.arrived.notify_waiters();
        }
        Ok(posted)
    }

    /// How many records wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// Returns when records wait for a look. May be dropped at any time: nothing is lost.
    pub async fn named(&self) {
        self.until(|state| !state.waiting.is_empty()).await;
    }

    /// Returns when a pass that walks is wanted. May be dropped at any time.
    pub async fn walk_wanted(&self) {
        self.until(|state| state.walk || state.overflow).await;
    }

    /// The records that wait.
    pub fn wanted(&self) -> BTreeSet<Hint> {
        self.state().waiting.clone()
    }

    /// Whether a pass that walks everything is wanted.
    pub fn has_overflown(&self) -> bool {
        self.state().overflow
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            let arrived = self.arrived.notified();
            if holds(&self.state()) {
                return;
            }
            arrived.await;
        }
    }

    /// A pass begins to look at these.
    pub fn take(&self, hints: &BTreeSet<Hint>) {
        let mut state = self.state();
        state.waiting.retain(|hint| !hints.contains(hint));
        state.taken.clone_from(hints);
    }

    /// The pass that took some could not look at them: they wait again.
    pub fn put_back(&self) {
        let mut state = self.state();
        let taken = std::mem::take(&mut state.taken);
        state.waiting.extend(taken);
    }

    /// The pass that took some has looked at them. What came meanwhile stays.
    pub fn looked(&self) {
        let mut state = self.state();
        state.taken.clear();
        let State { spool, waiting, .. } = &mut *state;
        if let Some(spool) = spool
            && let Err(error) = spool.keep(waiting)
        {
            // They are looked at once more after the next start, which changes nothing.
            tracing::warn!("the hints that were looked at cannot be taken out of their file: {error}");
        }
    }

    /// A pass that walks begins.
    pub fn walked(&self, complete: bool) {
        let mut state = self.state();
        state.walk = false;
        state.overflow &= !complete;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, keys: Vec<u64>) {
        for key in keys {
            if self.remembered.insert(key) {
                self.in_order.push_back(key);
            }
        }
        while self.in_order.len() > REMEMBERED {
            if let Some(oldest) = self.in_order.pop_front() {
                self.remembered.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests;
