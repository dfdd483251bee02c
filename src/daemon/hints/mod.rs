//! What webhooks say is worth a look, until a pass has looked.
//!
//! A hint is kept in a file beside the state before its sender is answered, so that a restart does not forget it. It is not
//! put into the state itself: while a pass runs the state is the pass's. Hints about one record are one hint, and a burst is
//! gathered ([`pace`]). What a pass takes is forgotten when that pass has ended well, and else waits again.
//!
//! Only who writes the file waits for the disk: whoever looks at what waits, or takes of it, does not.

pub mod pace;
mod spool;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use self::spool::{Kept, Spool};
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
    /// Their file. Held while the disk works, and so by nobody on a thread where others wait; where both are needed it is locked
    /// before `state`.
    spool: Mutex<Option<Spool>>,
    /// Never held while the disk works.
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeSet<Hint>,
    /// Those that a pass is looking at. One that comes once more meanwhile waits again: the pass may have read its record
    /// before it changed.
    taken: BTreeSet<Hint>,
    /// Something changed that nobody names: a pass that walks is wanted. Not in the file: after a start the first pass walks.
    walk: bool,
    /// More was hinted at than is kept: a pass that walks everything is wanted.
    overflow: bool,
    /// The same, and such a pass is under way.
    overflow_taken: bool,
    remembered: HashSet<u64>,
    in_order: VecDeque<u64>,
}

impl Hints {
    /// Hints beside a state. What an earlier run left is there.
    pub fn beside(state: &Path) -> io::Result<Arc<Self>> {
        let (spool, kept) = Spool::beside(state)?;
        let state = State { waiting: kept.hints, overflow: kept.overflow, ..State::default() };
        Ok(Arc::new(Self::with(Some(spool), state)))
    }

    /// Hints that are kept in memory alone.
    pub fn in_memory() -> Arc<Self> {
        Arc::new(Self::with(None, State::default()))
    }

    fn with(spool: Option<Spool>, state: State) -> Self {
        Self { spool: Mutex::new(spool), state: Mutex::new(state), arrived: Notify::new() }
    }

    /// Keeps what events say, and wakes the daemon. Writes to the disk: not to be called where others wait. Fails if it cannot
    /// be kept; then nothing of it is remembered, and the sender is to try again.
    pub fn post(&self, events: Vec<Event>) -> io::Result<Posted> {
        // One after the other: what is new to one delivery may not be to the next one.
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let news = self.state().sift(events);
        if let Some(spool) = &mut *spool {
            match &news.named {
                Named::Kept(hints) if hints.is_empty() => {}
                Named::Kept(hints) => spool.append(hints)?,
                Named::Dropped { is_known: true } => {}
                Named::Dropped { is_known: false } => spool.mark_overflow()?,
            }
        }
        let posted = news.posted;
        self.state().take_in(news);
        drop(spool);
        if posted.accepted > 0 {
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

    /// A pass that walks begins: one that walks everything looks at whatever waits.
    pub fn walks(&self, complete: bool) {
        let mut state = self.state();
        state.walk = false;
        if complete {
            state.overflow_taken |= std::mem::take(&mut state.overflow);
            state.taken = std::mem::take(&mut state.waiting);
        }
    }

    /// The pass that took some could not look at them: they wait again, and so does what only a walk finds.
    pub fn put_back(&self) {
        let mut state = self.state();
        let taken = std::mem::take(&mut state.taken);
        state.waiting.extend(taken);
        state.overflow |= std::mem::take(&mut state.overflow_taken);
    }

    /// The pass that took some has looked at them, or walked everything. What came meanwhile stays. Writes to the disk: not to
    /// be called where others wait.
    pub fn looked(&self) {
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = {
            let mut state = self.state();
            let had = !std::mem::take(&mut state.taken).is_empty();
            if !std::mem::take(&mut state.overflow_taken) && !had {
                return;
            }
            Kept { hints: state.waiting.clone(), overflow: state.overflow }
        };
        if let Some(spool) = &mut *spool
            && let Err(error) = spool.keep(&kept)
        {
            // They are looked at once more after the next start, which changes nothing.
            tracing::warn!("the hints that were looked at cannot be taken out of their file: {error}");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a delivery brings.
#[derive(Debug)]
struct News {
    posted: Posted,
    named: Named,
    walk: bool,
    keys: Vec<u64>,
}

/// What becomes of the records that it names.
#[derive(Debug)]
enum Named {
    /// These did not wait yet, and do from now on.
    Kept(BTreeSet<Hint>),
    /// They are too many.
    Dropped {
        /// That a walk of everything is wanted.
        is_known: bool,
    },
}

impl State {
    /// What of a delivery is new.
    fn sift(&self, events: Vec<Event>) -> News {
        let mut posted = Posted::default();
        let mut new = BTreeSet::new();
        let (mut keys, mut keys_of_new) = (Vec::new(), Vec::new());
        let mut walk = false;
        for event in events {
            let is_told = |key| self.remembered.contains(&key) || keys.contains(&key) || keys_of_new.contains(&key);
            if event.key.is_some_and(is_told) {
                posted.duplicate += 1;
                continue;
            }
            if event.hints.is_empty() {
                walk = true;
                keys.extend(event.key);
            } else if event.hints.iter().all(|hint| self.waiting.contains(hint)) {
                posted.duplicate += 1;
                keys.extend(event.key);
                continue;
            } else if event.hints.iter().all(|hint| self.waiting.contains(hint) || new.contains(hint)) {
                posted.duplicate += 1;
                keys_of_new.extend(event.key);
                continue;
            } else {
                keys_of_new.extend(event.key);
            }
            posted.accepted += 1;
            new.extend(event.hints);
        }
        new.retain(|hint| !self.waiting.contains(hint));
        let named = if self.waiting.len() + new.len() > WAITING {
            // Delivered once more, they are no duplicates: they may find room then.
            Named::Dropped { is_known: self.overflow }
        } else {
            keys.append(&mut keys_of_new);
            Named::Kept(new)
        };
        News { posted, named, walk, keys }
    }

    /// It is in the file.
    fn take_in(&mut self, news: News) {
        match news.named {
            Named::Kept(hints) => self.waiting.extend(hints),
            Named::Dropped { .. } => self.overflow = true,
        }
        self.walk |= news.walk;
        self.remember(news.keys);
    }

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
