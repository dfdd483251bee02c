//! Whether a state that is read without locks stays as it is meanwhile.
//!
//! SQLite keeps a reader and a writer apart by locks, and by a write-ahead log that the writer makes. Where no log is, nobody
//! writes, and SQLite is told so ([`Sight::is_without_locks`]): with locks it would have to make that log itself, in a folder that
//! it may not write, or in a service's, where nothing of somebody else's should be. Then nothing keeps a writer from beginning,
//! and from folding its log into the very pages that are read. So a look at the file is kept, and held against another one
//! afterwards.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::beside;

/// A look at a state, before it is opened.
#[derive(Debug)]
pub(super) struct Sight {
    state: PathBuf,
    /// `None` where it is read with locks.
    file: Option<Face>,
}

/// By what it is known that a file is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Face {
    inode: (u64, u64),
    bytes: u64,
    /// When it was written, and when anything of it changed: seconds and nanoseconds.
    written: (i64, i64),
    changed: (i64, i64),
}

impl Face {
    fn of(file: &Path) -> Option<Self> {
        // Looking without opening: a descriptor that is closed takes the process's locks along.
        let file = fs::metadata(file).ok()?;
        Some(Self {
            inode: (file.dev(), file.ino()),
            bytes: file.len(),
            written: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }
}

impl Sight {
    /// Looks at a state.
    pub(super) fn of(state: &Path) -> Self {
        // In this order: a log that is folded in and removed between the two has changed the file since.
        let file = Face::of(state);
        let is_logged = beside(state, "-wal").exists();
        Self { state: state.to_path_buf(), file: file.filter(|_| !is_logged) }
    }

    /// Whether it is read without locks.
    pub(super) const fn is_without_locks(&self) -> bool {
        self.file.is_some()
    }

    /// Whether all that was read of it since is of one moment: there were locks, or nobody wrote.
    pub(super) fn is_as_it_was(&self) -> bool {
        self.file.is_none_or(|file| Face::of(&self.state) == Some(file))
    }
}
