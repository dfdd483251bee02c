//! Copies of the state, made while it is in use, and checked.
//!
//! A copy is made by `VACUUM INTO` through a connection that only reads, so that a daemon goes on meanwhile and the copy
//! is one moment of the state. Where nobody writes it is read without locks; if somebody began to meanwhile, what was copied may
//! be of several moments, and is copied anew.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sqlx::{Connection as _, Row as _};

use super::{BUSY_TIMEOUT, Connection, Sight, Sort, Store, StoreError, beside, folder_of, free_bytes, new_private};

/// How often is a state copied anew because somebody began to write it? From then on it is read with locks: a second time only
/// where that was over before.
const TRIES: u32 = 3;

/// Copies the state into a new file, for its owner alone, and checks the copy. Returns its size in bytes.
///
/// Nothing is replaced, and nothing is left where it fails or is dropped.
pub async fn backup(state: &Path, into: &Path) -> Result<u64, StoreError> {
    copy(state, into, &|| ()).await?;
    let half = Half::of(into);
    let bytes = check_copy(into).await?;
    half.keep();
    Ok(bytes)
}

/// A file that is no copy yet: dropped, it goes.
#[derive(Debug)]
pub(super) struct Half(Option<PathBuf>);

impl Half {
    pub(super) fn of(path: &Path) -> Self {
        Self(Some(path.to_path_buf()))
    }

    pub(super) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Where they cannot be removed either, the first failure is the one that counts.
            let _ = fs::remove_file(path);
            let _ = fs::remove_file(beside(path, "-journal"));
        }
    }
}

/// Copies one moment of the state into a new file, for its owner alone. Nothing is left where it fails or is dropped. `meanwhile`
/// happens between the opening and the reading, for tests.
pub(super) async fn copy(state: &Path, into: &Path, meanwhile: &(dyn Fn() + Sync)) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let sight = Sight::of(state);
        let copied = copy_once(state, into, &sight, meanwhile).await;
        if sight.is_as_it_was() {
            return copied;
        }
        // A failure is none of the state's either: a file that moves looks like a damaged one.
        match copied {
            Ok(()) => remove_if_there(into)?,
            Err(error @ (StoreError::InTheWay { .. } | StoreError::File { .. })) => return Err(error),
            Err(_) => {}
        }
    }
    Err(StoreError::Moving { path: state.to_path_buf() })
}

async fn copy_once(state: &Path, into: &Path, sight: &Sight, meanwhile: &(dyn Fn() + Sync)) -> Result<(), StoreError> {
    let mut store = Store::open_seen(state, BUSY_TIMEOUT, sight).await?;
    make_new(into)?;
    let half = Half::of(into);
    meanwhile();
    vacuum(store.connection(), state, into).await?;
    store.close().await?;
    half.keep();
    Ok(())
}

pub(super) async fn check_copy(into: &Path) -> Result<u64, StoreError> {
    let mut copy = Store::connect_read_only(into, BUSY_TIMEOUT, &Sight::of(into)).await?;
    check(&mut copy, into).await?;
    copy.close().await?;
    let file = File::open(into).map_err(|error| failed(into, &error))?;
    file.sync_all().map_err(|error| failed(into, &error))?;
    sync_folder(into)?;
    Ok(file.metadata().map_err(|error| failed(into, &error))?.len())
}

/// Fails where the disk of the state has no room for a copy of it, which would have this name there, and for so many bytes more.
pub(super) fn lacks_room(state: &Path, copy: &Path, spare: u64) -> Result<(), StoreError> {
    let needed = size(state).saturating_add(spare);
    let free = free_bytes(state).map_err(|error| failed(copy, &error))?;
    if free < needed {
        let message = format!("a copy needs {} MiB there, {} MiB are free", needed >> 20, free >> 20);
        return Err(StoreError::File { path: copy.to_path_buf(), message });
    }
    Ok(())
}

/// How many bytes a state has with its write-ahead log.
pub(super) fn size(state: &Path) -> u64 {
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    length(state).saturating_add(length(&beside(state, "-wal")))
}

/// Everything, the agreement of tables and indexes too: a backup is made to be relied upon.
pub(super) async fn check(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let verdict = sqlx::query("PRAGMA integrity_check").fetch_one(connection).await;
    let verdict: String = verdict.map_err(|error| Store::explain(path, error))?.try_get(0)?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: path.to_path_buf(), message: verdict }) }
}

pub(super) async fn vacuum(source: &mut Connection, from: &Path, into: &Path) -> Result<(), StoreError> {
    let done = sqlx::query("VACUUM INTO ?1").bind(into.to_string_lossy().into_owned()).execute(source).await;
    done.map(|_| ()).map_err(|error| match Sort::of(&error) {
        Sort::Full | Sort::ReadOnly | Sort::Disk => {
            StoreError::File { path: into.to_path_buf(), message: error.to_string() }
        }
        Sort::Damaged | Sort::Other => Store::explain(from, error),
    })
}

/// An empty file for its owner alone, which `VACUUM INTO` fills.
pub(super) fn make_new(path: &Path) -> Result<(), StoreError> {
    match new_private(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(StoreError::InTheWay { path: path.to_path_buf() })
        }
        Err(error) => Err(failed(path, &error)),
    }
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What a folder lists is durable only once the folder is.
pub(super) fn sync_folder(file: &Path) -> Result<(), StoreError> {
    let folder = folder_of(file);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))
}

pub(super) fn failed(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::File { path: path.to_path_buf(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio_util::sync::CancellationToken;

    use super::super::lock::WriterLock;
    use super::super::mark::{self, Mark};
    use super::*;

    /// Writes the state as a whole process does: from the opening to the close, which folds the log in.
    fn writes(state: &Path, rows: u32) {
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let lock = WriterLock::take(state).unwrap();
                    let mut store = Store::open(&lock).await.unwrap();
                    let mut transaction = store.begin().await.unwrap();
                    for row in 0..rows {
                        let value = "some text that fills pages ".repeat(20);
                        sqlx::query("INSERT OR REPLACE INTO mark (name, value) VALUES (?1, ?2)")
                            .bind(format!("{rows}/{row}"))
                            .bind(value)
                            .execute(&mut *transaction)
                            .await
                            .unwrap();
                    }
                    transaction.commit().await.unwrap();
                    store.close().await.unwrap();
                });
            });
            writer.join().unwrap();
        });
    }

    async fn rows(copy: &Path) -> i64 {
        let mut store = Store::open_read_only(copy).await.unwrap();
        store.check_integrity().await.unwrap();
        let row = sqlx::query("SELECT count(*) FROM mark WHERE value LIKE 'some text%'").fetch_one(store.connection());
        let rows = row.await.unwrap().get(0);
        store.close().await.unwrap();
        rows
    }

    #[tokio::test]
    async fn a_state_that_somebody_writes_meanwhile_is_copied_anew_and_is_one_moment() {
        let folder = tempfile::tempdir().unwrap();
        let (state, into) = (folder.path().join("state.sqlite"), folder.path().join("copy.sqlite"));
        writes(&state, 300);
        let times = AtomicU32::new(0);
        let meanwhile = || {
            if times.fetch_add(1, Ordering::Relaxed) == 0 {
                writes(&state, 500);
            }
        };
        copy(&state, &into, &meanwhile).await.unwrap();
        assert_eq!(rows(&into).await, 800, "what was written before the copy was complete is in it");
        assert_eq!(times.load(Ordering::Relaxed), 2);
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["copy.sqlite", "state.sqlite", "state.sqlite.lock"], "a look leaves nothing beside it");
    }

    #[tokio::test]
    async fn a_state_that_never_rests_is_no_backup_and_is_not_called_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (state, into) = (folder.path().join("state.sqlite"), folder.path().join("copy.sqlite"));
        writes(&state, 10);
        let times = AtomicU32::new(1);
        let meanwhile = || writes(&state, 100 * times.fetch_add(1, Ordering::Relaxed));
        let error = copy(&state, &into, &meanwhile).await.unwrap_err();
        assert!(error.to_string().contains("written all the time"), "{error}");
        assert!(!into.exists());
    }

    #[tokio::test]
    async fn beside_a_writer_that_was_there_before_a_copy_is_made_with_locks_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let (state, into) = (folder.path().join("state.sqlite"), folder.path().join("copy.sqlite"));
        let lock = WriterLock::take(&state).unwrap();
        let mut store = Store::open(&lock).await.unwrap();
        assert!(beside(&state, "-wal").exists());
        mark::set(store.connection(), Mark::Adoption, mark::PROVED).await.unwrap();
        copy(&state, &into, &|| ()).await.unwrap();
        assert_eq!(rows(&into).await, 0);
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_that_is_given_up_half_way_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let (state, into) = (folder.path().join("state.sqlite"), folder.path().join("copy.sqlite"));
        writes(&state, 300);
        let stop = CancellationToken::new();
        let meanwhile = || {
            assert!(into.exists());
            stop.cancel();
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            done = copy(&state, &into, &meanwhile) => panic!("it came to {done:?}"),
        }
        assert!(!into.exists());
    }
}
