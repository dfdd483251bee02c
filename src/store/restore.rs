//! A backup takes the place of the state.
//!
//! A state that is put back is old: it is marked *adoption: restored*, its cursors are taken out, so that both sides are walked
//! whole first, and every pair is looked at again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::backup::{Half, check, failed, make_new, remove_if_there, sync_folder, vacuum};
use super::lock::WriterLock;
use super::mark::{self, Mark};
use super::{BUSY_TIMEOUT, Sight, Sort, Store, StoreError, beside, new_private, todo};

/// Tables that every state has had from the first release on.
const TABLES: [&str; 6] = ["_sqlx_migrations", "mark", "link", "seen", "base", "intent"];

/// What a stream is called where a file would be named.
const STREAM: &str = "standard input";

/// How much of a stream is held at once, in bytes?
const PIECE: usize = 64 << 10;

/// A checked copy of a backup beside the state, ready to take its place. Dropped, it goes.
#[derive(Debug)]
pub struct Ready<'a> {
    /// The proof that nobody uses the state.
    lock: &'a WriterLock,
    fresh: PathBuf,
    half: Half,
}

/// Makes a backup ready to take the place of the state. The lock proves that nobody uses the state, which is not touched.
///
/// The backup is only read. It is checked, copied beside the state, brought to this release's schema and marked.
pub async fn ready<'a>(lock: &'a WriterLock, from: &Path, now: DateTime<Utc>) -> Result<Ready<'a>, StoreError> {
    let is_itself =
        matches!((fs::canonicalize(from), fs::canonicalize(lock.state())), (Ok(ours), Ok(theirs)) if ours == theirs);
    if is_itself {
        return Err(StoreError::NoBackup { path: from.to_path_buf(), message: "it is the state itself".to_owned() });
    }
    ready_as(lock, from, from, now).await
}

/// The same of a backup that comes in a stream. It is kept in a file beside the state meanwhile, for its owner alone, of which
/// nothing stays.
pub async fn ready_from(lock: &WriterLock, input: File, now: DateTime<Utc>) -> Result<Ready<'_>, StoreError> {
    let received = beside(lock.state(), ".received");
    remove_if_there(&received)?;
    let file = new_private(&received).map_err(|error| failed(&received, &error))?;
    let _half = Half::of(&received);
    receive(input, file, &received).await?;
    ready_as(lock, &received, Path::new(STREAM), now).await
}

async fn receive(input: File, file: File, path: &Path) -> Result<(), StoreError> {
    let (mut input, mut file) = (tokio::fs::File::from_std(input), tokio::fs::File::from_std(file));
    let mut piece = vec![0; PIECE];
    loop {
        let read = input.read(&mut piece).await;
        let read = read.map_err(|error| failed_to_read(Path::new(STREAM), &error))?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        file.write_all(read).await.map_err(|error| failed(path, &error))?;
    }
    file.flush().await.map_err(|error| failed(path, &error))
}

fn failed_to_read(called: &Path, error: &std::io::Error) -> StoreError {
    StoreError::NoBackup { path: called.to_path_buf(), message: format!("it cannot be read ({error})") }
}

async fn ready_as<'a>(
    lock: &'a WriterLock,
    from: &Path,
    called: &Path,
    now: DateTime<Utc>,
) -> Result<Ready<'a>, StoreError> {
    let fresh = beside(lock.state(), ".restoring");
    remove_if_there(&fresh)?;
    let half = prepare(from, called, &fresh, now).await?;
    Ok(Ready { lock, fresh, half })
}

impl Ready<'_> {
    /// Puts it in the place of the state, in one step. Returns where the state that was there is kept; `None` if there was none.
    pub async fn take_place(self, now: DateTime<Utc>) -> Result<Option<PathBuf>, StoreError> {
        let state = self.lock.state();
        let kept = put_aside(state, now).await?;
        fs::rename(&self.fresh, state).map_err(|error| failed(state, &error))?;
        self.half.keep();
        sync_folder(state)?;
        Ok(kept)
    }
}

/// A checked copy of the backup, brought to this release's schema, that knows that it is old. What is wrong with the backup is told
/// of it as it is called.
async fn prepare(from: &Path, called: &Path, fresh: &Path, now: DateTime<Utc>) -> Result<Half, StoreError> {
    let no_backup = |message: String| StoreError::NoBackup { path: called.to_path_buf(), message };
    if !from.is_file() {
        return Err(no_backup("there is no such file".to_owned()));
    }
    let mut source = Store::connect_read_only(from, BUSY_TIMEOUT, &Sight::of(from)).await?;
    let wanted = super::to_json(&TABLES);
    let row = sqlx::query(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN (SELECT value FROM json_each(?1))",
    )
    .bind(wanted)
    .fetch_one(&mut source)
    .await;
    let damaged = |message: String| no_backup(format!("it is damaged or none, take another one ({message})"));
    let tables: i64 = match row {
        Ok(row) => row.try_get(0)?,
        Err(error) if Sort::of(&error) == Sort::Damaged => return Err(damaged(error.to_string())),
        Err(error) => return Err(no_backup(error.to_string())),
    };
    if usize::try_from(tables).ok() != Some(TABLES.len()) {
        return Err(no_backup("it is a database of something else".to_owned()));
    }
    Store::check_schema(&mut source, called).await?;
    let sound = check(&mut source, called).await;
    if let Err(StoreError::Corrupt { message, .. }) = sound {
        return Err(damaged(message));
    }
    sound?;
    make_new(fresh)?;
    let half = Half::of(fresh);
    vacuum(&mut source, called, fresh).await?;
    source.close().await?;
    let options = SqliteConnectOptions::new()
        .filename(fresh)
        // Whatever fails, the file goes; so nothing that rolls it back stays beside it.
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let mut copy = Store::connect(fresh.to_path_buf(), options).await?;
    let mut transaction = copy.begin().await?;
    sqlx::query("DELETE FROM cursor").execute(&mut *transaction).await?;
    mark::set(&mut transaction, Mark::Adoption, mark::RESTORED).await?;
    mark::clear(&mut transaction, Mark::Running).await?;
    // No ruling is zero, so that every record is looked at again too.
    todo::arm_everything(&mut transaction, 0, now).await?;
    transaction.commit().await?;
    copy.close().await?;
    Ok(half)
}

/// Keeps the state that is there under another name. It stays under its own name too, until the other one takes that.
async fn put_aside(state: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>, StoreError> {
    if !state.exists() {
        return Ok(None);
    }
    let kept = beside(state, &format!(".before-restore-{}", now.format("%Y%m%dT%H%M%SZ")));
    keep(state, &kept)?;
    // Its write-ahead log would be taken for that of the file that takes its place. It is kept before SQLite opens the pair:
    // where the file cannot be read, SQLite may remove the log as it closes.
    let (log, kept_log) = (beside(state, "-wal"), beside(&kept, "-wal"));
    if log.exists() {
        keep(&log, &kept_log)?;
    }
    if fold(state).await.is_ok() {
        remove_if_there(&kept_log)?;
    }
    remove_if_there(&log)?;
    remove_if_there(&beside(state, "-shm"))?;
    Ok(Some(kept))
}

/// Writes the write-ahead log into the file, where the file is well.
async fn fold(state: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(state).busy_timeout(BUSY_TIMEOUT);
    let mut connection = options.disable_statement_logging().connect().await?;
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await;
    // Closed in either case: a connection that is only dropped would still be at the files while they are moved.
    connection.close().await?;
    let is_busy: i64 = row?.try_get(0)?;
    if is_busy == 0 { Ok(()) } else { Err(StoreError::Disk("somebody reads it".to_owned())) }
}

/// A second name for a file, or a copy where its disk knows no second names.
fn keep(file: &Path, kept: &Path) -> Result<(), StoreError> {
    if kept.exists() {
        return Err(StoreError::InTheWay { path: kept.to_path_buf() });
    }
    fs::hard_link(file, kept).or_else(|_| fs::copy(file, kept).map(|_| ())).map_err(|error| failed(kept, &error))
}
