//! One writer a state file: an exclusive lock on a file beside it, held as a proof value.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{StoreError, beside};
use crate::clock;

/// How often is the lock tried, and how long is waited between, while nobody has it but who looks whether somebody has? A look
/// takes a moment.
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(10);

/// Proof that this process alone writes the state. Dropping it (or dying) releases the lock.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
    state: PathBuf,
}

impl WriterLock {
    /// Takes the lock of a state, or says who holds it.
    pub fn take(state: &Path) -> Result<Self, StoreError> {
        Self::take_by(state, || clock::pause(BETWEEN))
    }

    /// The same, with what is done between two tries.
    fn take_by(state: &Path, mut waits: impl FnMut()) -> Result<Self, StoreError> {
        let open_error =
            |error: std::io::Error| StoreError::Open { path: state.to_path_buf(), message: error.to_string() };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(lock_path(state))
            .map_err(open_error)?;
        let locked = |holder| StoreError::Locked { path: state.to_path_buf(), holder };
        let mut tries = 1;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(open_error(error)),
            }
            // Who looks shares it, who writes does not: nobody waits for a writer.
            match file.try_lock_shared() {
                Ok(()) => file.unlock().map_err(open_error)?,
                Err(TryLockError::WouldBlock) => return Err(locked(named_in(&mut file))),
                Err(TryLockError::Error(error)) => return Err(open_error(error)),
            }
            if tries == TRIES {
                // Whom the file names is gone.
                return Err(locked("somebody who looks at it".to_owned()));
            }
            tries += 1;
            waits();
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(open_error)?;
        writeln!(file, "process {}", std::process::id()).map_err(open_error)?;
        Ok(Self { file, state: state.to_path_buf() })
    }

    /// Who holds the lock of a state, if anybody does. Writes nothing, and takes it from nobody.
    pub fn holder(state: &Path) -> Result<Option<String>, StoreError> {
        let open_error =
            |error: std::io::Error| StoreError::Open { path: state.to_path_buf(), message: error.to_string() };
        let mut file = match File::open(lock_path(state)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(open_error(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(named_in(&mut file))),
            Err(TryLockError::Error(error)) => Err(open_error(error)),
        }
    }

    /// The state that is locked.
    pub fn state(&self) -> &Path {
        &self.state
    }
}

impl Drop for WriterLock {
    /// Closing alone would leave it held for as long as a child that was started meanwhile has not closed its copy.
    fn drop(&mut self) {
        // The end of the process releases it too.
        let _ = self.file.unlock();
    }
}

/// The file that is locked, beside the state.
pub(crate) fn lock_path(state: &Path) -> PathBuf {
    beside(state, ".lock")
}

fn named_in(file: &mut File) -> String {
    let mut holder = String::new();
    // Who holds it is a courtesy; that it is held is what counts.
    let _ = file.read_to_string(&mut holder);
    if holder.trim().is_empty() { "another process".to_owned() } else { holder.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_refused_and_told_who_holds_it() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state.sqlite");
        let held = WriterLock::take(&state).unwrap();
        let refused = WriterLock::take(&state).unwrap_err();
        assert!(
            matches!(&refused, StoreError::Locked { holder, .. } if holder.contains(&std::process::id().to_string()))
        );
        drop(held);
        assert!(WriterLock::take(&state).is_ok());
    }

    #[test]
    fn who_only_looks_keeps_no_writer_out_and_a_writer_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state.sqlite");
        drop(WriterLock::take(&state).unwrap());
        let look = || {
            let file = File::open(lock_path(&state)).unwrap();
            file.try_lock_shared().unwrap();
            file
        };
        let mut looks = vec![look(), look()];
        let taken = WriterLock::take_by(&state, || drop(looks.pop())).unwrap();
        let refused = WriterLock::take_by(&state, || panic!("a writer is waited for")).unwrap_err();
        assert!(matches!(refused, StoreError::Locked { holder, .. } if holder.starts_with("process ")));
        drop(taken);

        let stopped = look();
        let mut waited = 0;
        let refused = WriterLock::take_by(&state, || waited += 1).unwrap_err();
        assert!(matches!(refused, StoreError::Locked { holder, .. } if holder == "somebody who looks at it"));
        assert_eq!(waited, TRIES - 1);
        drop(stopped);
    }

    #[test]
    fn a_lock_that_is_let_go_is_free_although_a_child_still_has_a_copy_of_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state.sqlite");
        let held = WriterLock::take(&state).unwrap();
        let copy = held.file.try_clone().unwrap();
        drop(held);
        assert!(WriterLock::take(&state).is_ok());
        drop(copy);
    }

    #[test]
    fn the_holder_is_told_without_taking_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state.sqlite");
        assert_eq!(WriterLock::holder(&state).unwrap(), None);
        assert!(!directory.path().join("state.sqlite.lock").exists());
        let held = WriterLock::take(&state).unwrap();
        assert_eq!(WriterLock::holder(&state).unwrap(), Some(format!("process {}", std::process::id())));
        drop(held);
        assert_eq!(WriterLock::holder(&state).unwrap(), None);
    }
}
