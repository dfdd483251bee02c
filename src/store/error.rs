//! What can go wrong with the state, in words that say the mend.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// What can go wrong with the state. Each of these stops the pass; nothing is written half.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process writes this state.
    #[error("the state {} is in use by {holder}; stop it first, or let it do the work", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The file was written by a newer release.
    #[error(
        "the state {} was written by a newer release (schema {found}, this one knows {known}); install that release, \
         or restore a backup made by this one{}", path.display(), made_before(copy.as_deref())
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema that was found.
        found: i64,
        /// The newest schema that this release knows.
        known: i64,
        /// The copy that was made before it was brought to that schema, where it is there and this release can read it.
        copy: Option<PathBuf>,
    },
    /// The file or its folder cannot be opened or written.
    #[error("cannot open the state {}: {message}; check that the file and its folder exist and may be written", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        message: String,
    },
    /// There is no state yet.
    #[error("there is no state at {} yet; run `flowtly-sync reconcile` first", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("the state {} is damaged: {message}; restore a backup: `flowtly-sync restore PATH`", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        message: String,
    },
    /// A statement met a page that makes no sense.
    #[error("the state is damaged: {0}; restore a backup: `flowtly-sync restore PATH`")]
    Damaged(String),
    /// There is no room for what had to be written.
    #[error("no room is left where the state is: {0}; nothing was written half, free space there and run again")]
    Full(String),
    /// The state may be read and not written.
    #[error(
        "the state may not be written: {0}; nothing was written half, make the file, its folder and its disk writable and \
         run again"
    )]
    ReadOnly(String),
    /// The disk does not do what it is told.
    #[error(
        "the disk did not read or write the state: {0}; nothing was written half, look at the disk (full, over a quota, \
         failing) and run again"
    )]
    Disk(String),
    /// A statement failed for another reason (busy).
    #[error("the state cannot be read or written: {0}; nothing was written half, mend the cause and run again")]
    Sql(sqlx::Error),
    /// The file could not be brought to this release's schema.
    #[error(
        "the state {} could not be brought to the schema of this release: {message}; it is as it was: run the release that \
         made it, or restore a backup: `flowtly-sync restore PATH`", path.display()
    )]
    Migration {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        message: String,
    },
    /// The state is of an older release, and it cannot be copied before it is changed.
    #[error(
        "the state {} is of an older release, and no copy of it can be made before it is brought to the schema of this one: \
         {message}; it is as it was: make room there, or run the release that made it", path.display()
    )]
    NotCopied {
        /// The file.
        path: PathBuf,
        /// Which file, and the system's own words.
        message: String,
    },
    /// What should be restored is not a state.
    #[error("{} is no backup of a state: {message}; name a file that `flowtly-sync backup` made", path.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A folder of copies does not tell which one is to be restored.
    #[error("{} {message}; {}", folder.display(), one_of(newest))]
    NoCopy {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        message: String,
        /// The newest copy of each pair of accounts that it holds.
        newest: Vec<PathBuf>,
    },
    /// A backup never replaces a file.
    #[error("{} is there already; name a file that is not, a backup replaces nothing", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// It was written whenever it was to be copied.
    #[error("the state {} is written all the time, and was not copied; nothing is wrong with it, try again", path.display())]
    Moving {
        /// The file.
        path: PathBuf,
    },
    /// A file beside the state cannot be made, moved or written.
    #[error("cannot write {}: {message}; check that its folder exists, may be written and has room", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        message: String,
    },
    /// What is stored is not what this release writes.
    #[error(
        "the state holds something unreadable in {place}: {message}; restore a backup: `flowtly-sync restore PATH`"
    )]
    Unreadable {
        /// Table and column.
        place: &'static str,
        /// What is wrong with it.
        message: String,
    },
}

fn made_before(copy: Option<&Path>) -> String {
    let restore =
        |copy: &Path| format!(", as of the one before the upgrade: `flowtly-sync restore {}`", copy.display());
    copy.map(restore).unwrap_or_default()
}

/// How one is named, a line for each.
fn one_of(copies: &[PathBuf]) -> String {
    if copies.is_empty() {
        return "name a file that `flowtly-sync backup` made".to_owned();
    }
    let lines = copies.iter().map(|copy| format!("\n  flowtly-sync restore {}", copy.display()));
    format!("name one of these, the newest of each pair:{}", lines.collect::<String>())
}

/// What a failed statement says about the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    ReadOnly,
    Disk,
    Damaged,
    Full,
    Other,
}

impl Sort {
    /// The lower byte of an extended code is the sort: <https://www.sqlite.org/rescode.html>.
    pub(super) fn of(error: &sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
        match code.map(|code| code & 0xff) {
            Some(8) => Self::ReadOnly,
            Some(10) => Self::Disk,
            Some(11 | 26) => Self::Damaged,
            Some(13) => Self::Full,
            Some(_) | None => Self::Other,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match Sort::of(&error) {
            Sort::ReadOnly => Self::ReadOnly(error.to_string()),
            Sort::Disk => Self::Disk(error.to_string()),
            Sort::Damaged => Self::Damaged(error.to_string()),
            Sort::Full => Self::Full(error.to_string()),
            Sort::Other => Self::Sql(error),
        }
    }
}
