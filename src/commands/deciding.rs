//! Commands that write a person's decision: they need the state for themselves.

use std::path::Path;

use crate::store::lock::WriterLock;
use crate::store::{Store, StoreError};

/// The state, open for a decision, and the proof that nobody else writes it.
pub(super) struct Deciding {
    pub(super) store: Store,
    lock: WriterLock,
}

impl Deciding {
    /// Opens a state that is there already. Fails with [`StoreError::Locked`], which names the holder, while a daemon runs.
    pub(super) async fn open(state: &Path) -> Result<Self, StoreError> {
        // A decision is about something that was read; an empty state would only hide a wrong path.
        if !state.exists() {
            return Err(StoreError::Missing { path: state.to_path_buf() });
        }
        let lock = WriterLock::take(state)?;
        let store = Store::open(&lock).await?;
        Ok(Self { store, lock })
    }

    /// Closes the state, then lets it go.
    pub(super) async fn close(self) -> Result<(), StoreError> {
        self.store.close().await?;
        drop(self.lock);
        Ok(())
    }
}
