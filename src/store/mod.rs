//! The state: one SQLite file, all SQL of the program, one file a table family.
//!
//! Statements share work between records: a page is one query and a stage a handful of statements, because a statement
//! costs far more than a row. Lists travel as one JSON argument (`json_each`).
//!
//! Architecture invariant: only this module knows SQL. Everybody else passes a [`Connection`] through.

mod error;
mod sight;
pub mod lock;
pub mod mark;
pub mod seen;
pub mod match_key;
pub mod link;
pub mod base;
pub mod todo;
pub mod action;
pub mod intent;
pub mod deed;
pub mod waiting;
pub mod answer;
pub mod history;
pub mod pass;
pub mod backup;
pub mod restore;
pub mod copies;
mod upgrade;
pub mod quarantine;
pub mod thrift;
pub mod document;

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Row as _};

use error::Sort;
pub use error::StoreError;
use sight::Sight;

/// A connection, or a transaction on one.
pub type Connection = sqlx::SqliteConnection;

/// A transaction: gone without a trace unless committed.
pub type Transaction<'a> = sqlx::Transaction<'a, sqlx::Sqlite>;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a statement waits for another process's reader before it is an error.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// An open state.
///
/// Architecture invariant: in a process that has a state open nobody but SQLite opens it, or the `-wal` and `-shm` beside it, for
/// whatever purpose. Closing any descriptor of a file lets go of every lock that the process has on it (`fcntl(2)`, advisory
/// record locks); another process then takes the write-ahead log for one that nobody uses, and removes it with what is in it.
/// Looking without opening (`access`, `stat`, `statvfs`) is harmless.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the state for writing, making or migrating it as needed. The lock proves that nobody else writes it. That of an older
    /// release is copied first, and left as it is where that cannot be done: both may take minutes.
    pub async fn open(lock: &lock::WriterLock) -> Result<Self, StoreError> {
        let path = lock.state().to_path_buf();
        make_private(&path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("temp_store", "MEMORY");
        let (mut connection, schema) = Self::attach(&path, options).await?;
        let copy = match schema.older() {
            Some(version) => Some(upgrade::copy(&mut connection, &path, version).await?),
            None => None,
        };
        Self::migrate(&mut connection, &path, &schema).await?;
        if let Some(copy) = copy {
            upgrade::keep(&path, &copy);
        }
        Ok(Self { connection, path })
    }

    /// Opens a working copy of the state for a dry run: the state itself is opened read-only and copied into `directory`;
    /// an empty one is made there if there is none yet. An older schema is migrated in the copy.
    pub async fn open_copy(state: &Path, directory: &Path) -> Result<Self, StoreError> {
        let copy = directory.join("dry-run.sqlite");
        if state.exists() {
            backup::copy(state, &copy, &|| ()).await?;
        }
        let options = SqliteConnectOptions::new()
            .filename(&copy)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .foreign_keys(true);
        Self::connect(copy, options).await
    }

    /// Opens the state for reading only (`status` and the lists). What is read of one that nobody writes yet may be of several
    /// moments, if somebody begins to: a copy that is kept is made by [`backup::backup`], which makes sure.
    pub async fn open_read_only(state: &Path) -> Result<Self, StoreError> {
        Self::open_beside(state, BUSY_TIMEOUT).await
    }

    /// The same, for a look that waits for others no longer than this: a daemon that starts or stops has the file to itself
    /// for a moment.
    pub async fn open_beside(state: &Path, patience: Duration) -> Result<Self, StoreError> {
        Self::open_seen(state, patience, &Sight::of(state)).await
    }

    async fn open_seen(state: &Path, patience: Duration, sight: &Sight) -> Result<Self, StoreError> {
        match state.try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(StoreError::Missing { path: state.to_path_buf() }),
            Err(error) => return Err(StoreError::Open { path: state.to_path_buf(), message: error.to_string() }),
        }
        let mut connection = Self::connect_read_only(state, patience, sight).await?;
        Self::check_schema(&mut connection, state).await?;
        Ok(Self { connection, path: state.to_path_buf() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, for single statements.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Begins a transaction.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.connection.begin().await?)
    }

    /// Gives back the memory that pages and prepared statements hold, until the next question: for whoever rests for long. It
    /// would be most of what a daemon holds between two passes.
    pub async fn rest(&mut self) -> Result<(), StoreError> {
        self.connection.clear_cached_statements().await?;
        sqlx::query("PRAGMA shrink_memory").persistent(false).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Closes it, so that the write-ahead log is folded in.
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.connection.close().await?)
    }

    /// Reads the whole file for damage; for use after an unclean stop.
    pub async fn check_integrity(&mut self) -> Result<(), StoreError> {
        let verdict = sqlx::query("PRAGMA quick_check").fetch_one(&mut self.connection).await;
        let verdict: String = verdict.map_err(|error| Self::explain(&self.path, error))?.try_get(0)?;
        if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: self.path.clone(), message: verdict }) }
    }

    /// Opens a file of which there is another one, and migrates it as needed.
    async fn connect(path: PathBuf, options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let (mut connection, schema) = Self::attach(&path, options).await?;
        Self::migrate(&mut connection, &path, &schema).await?;
        Ok(Self { connection, path })
    }

    async fn attach(path: &Path, options: SqliteConnectOptions) -> Result<(Connection, Schema), StoreError> {
        let connected = options.disable_statement_logging().connect().await;
        let mut connection = connected.map_err(|error| Self::explain(path, error))?;
        let schema = Self::check_schema(&mut connection, path).await?;
        Ok((connection, schema))
    }

    /// Brings a file to this release's schema: by all that it lacks, or by nothing.
    async fn migrate(connection: &mut Connection, path: &Path, schema: &Schema) -> Result<(), StoreError> {
        if schema.lacks() {
            let begun = connection.begin_with("BEGIN IMMEDIATE").await;
            let mut transaction = begun.map_err(|error| Self::explain(path, error))?;
            MIGRATIONS.run(&mut *transaction).await.map_err(|error| not_migrated(path, error))?;
            transaction.commit().await.map_err(|error| Self::explain(path, error))
        } else {
            MIGRATIONS.run(connection).await.map_err(|error| not_migrated(path, error))
        }
    }

    async fn connect_read_only(state: &Path, patience: Duration, sight: &Sight) -> Result<Connection, StoreError> {
        let options = SqliteConnectOptions::new().filename(state).read_only(true).busy_timeout(patience);
        // What nobody writes is opened without locks and without a log of our own, which would have to be made beside it: it can
        // be read where its folder may not be written, and nothing of whoever looks stays there.
        let options = options.immutable(sight.is_without_locks());
        options.disable_statement_logging().connect().await.map_err(|error| Self::explain(state, error))
    }

    /// A newer schema is refused before anything is touched.
    async fn check_schema(connection: &mut Connection, path: &Path) -> Result<Schema, StoreError> {
        let has_table: i64 =
            sqlx::query("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'")
                .fetch_one(&mut *connection)
                .await
                .map_err(|error| Self::explain(path, error))?
                .try_get(0)?;
        if has_table == 0 {
            return Ok(Schema(Vec::new()));
        }
        let rows =
            sqlx::query("SELECT version FROM _sqlx_migrations ORDER BY version").fetch_all(&mut *connection).await;
        let rows = rows.map_err(|error| Self::explain(path, error))?;
        let versions: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
        match versions.last() {
            Some(found) if *found > known => {
                let copy = upgrade::readable(path, known);
                Err(StoreError::Newer { path: path.to_path_buf(), found: *found, known, copy })
            }
            Some(_) | None => Ok(Schema(versions)),
        }
    }

    /// The same failure with the file's name, where that says more.
    fn explain(path: &Path, error: sqlx::Error) -> StoreError {
        let path = path.to_path_buf();
        match Sort::of(&error) {
            Sort::Damaged => StoreError::Corrupt { path, message: error.to_string() },
            Sort::Other => StoreError::Open { path, message: error.to_string() },
            Sort::ReadOnly | Sort::Disk | Sort::Full => StoreError::from(error),
        }
    }
}

/// The migrations that were run on a file, in order; none on a new one.
struct Schema(Vec<i64>);

impl Schema {
    /// Whether this release has others, too.
    fn lacks(&self) -> bool {
        MIGRATIONS.iter().any(|migration| !self.0.contains(&migration.version))
    }

    /// The last one, where an older release ran it.
    fn older(&self) -> Option<i64> {
        self.0.last().copied().filter(|_| self.lacks())
    }
}

fn not_migrated(path: &Path, error: MigrateError) -> StoreError {
    let not_migrated = |message| StoreError::Migration { path: path.to_path_buf(), message };
    if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
        if Sort::of(&error) == Sort::Other { not_migrated(error.to_string()) } else { Store::explain(path, error) }
    } else {
        not_migrated(error.to_string())
    }
}

/// The state holds personal data: a new file is for its owner alone. SQLite gives the files beside it the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    match new_private(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::Open { path: path.to_path_buf(), message: error.to_string() })
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A new, empty file for its owner alone, to add to.
fn new_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
}

/// A file for its owner alone holds this from now on: all of it, or, where this fails, what it held before. It is on the disk
/// when this returns, and open to add to.
pub(crate) fn replace(path: &Path, content: &[u8]) -> std::io::Result<File> {
    let new = beside(path, ".new");
    // Left by one that died here.
    let _ = std::fs::remove_file(&new);
    let mut file = new_private(&new)?;
    let replaced = file.write_all(content).and_then(|()| file.sync_data()).and_then(|()| std::fs::rename(&new, path));
    if replaced.is_err() {
        // On a full disk its room is wanted.
        let _ = std::fs::remove_file(&new);
    }
    replaced.map(|()| file)
}

/// How many bytes the disk of a file or folder has left for who is not root.
pub(crate) fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The folder that a file stands in, as it can be opened.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that stands beside another one, under its name and an ending.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    file.with_file_name(name)
}

/// A stamp as the state keeps it: RFC 3339, UTC, microseconds, so that text order is time order.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The time that [`stamp`] wrote.
pub(crate) fn parse_stamp(place: &'static str, text: &str) -> Result<DateTime<Utc>, StoreError> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|error| StoreError::Unreadable { place, message: error.to_string() })
}

/// JSON for a column. What is stored are maps with text keys, which always can be written.
pub(crate) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// JSON of a column.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(place: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable { place, message: error.to_string() })
}

/// SQLite's integers are signed; hashes keep their bits.
#[expect(clippy::cast_possible_wrap, reason = "the bits of a hash are kept, not its value")]
pub(crate) const fn as_signed(hash: u64) -> i64 {
    hash as i64
}

/// The other way round.
#[expect(clippy::cast_sign_loss, reason = "the bits of a hash are kept, not its value")]
pub(crate) const fn as_unsigned(stored: i64) -> u64 {
    stored as u64
}

#[cfg(test)]
mod plans;
