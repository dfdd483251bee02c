//! The file in which hints outlive a restart: one JSON object a line. Ids and kinds, nothing of the records; and a mark where
//! there were more than are kept, which a release that does not know it passes over.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::WAITING;
use crate::domain::hint::Hint;
use crate::store::{beside, replace};

/// How many bytes are read of a file at most: ids are short.
const READ_BYTES: u64 = 16 << 20;

/// The line of the mark.
const OVERFLOW: &[u8] = br#"{"overflow":true}"#;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) hints: BTreeSet<Hint>,
    /// More was hinted at: everything is to be walked.
    pub(super) overflow: bool,
}

/// An open file of hints.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: File,
}

impl Spool {
    /// Opens the file beside a state, and reads what an earlier run left. A line that cannot be read (the machine may have
    /// stopped while it was written) is left out: its sender was not answered.
    pub(super) fn beside(state: &Path) -> io::Result<(Self, Kept)> {
        let path = beside(state, ".hints");
        let file = open(&path)?;
        let lines = BufReader::new(file.try_clone()?.take(READ_BYTES)).split(b'\n');
        let mut kept = Kept { hints: BTreeSet::new(), overflow: file.metadata()?.len() > READ_BYTES };
        for line in lines {
            let line = line?;
            if line == OVERFLOW {
                kept.overflow = true;
            } else if let Ok(hint) = serde_json::from_slice::<Hint>(&line) {
                if kept.hints.len() < WAITING {
                    kept.hints.insert(hint);
                } else {
                    kept.overflow |= !kept.hints.contains(&hint);
                }
            }
        }
        let mut spool = Self { path, file };
        // So that what is appended next does not go on in half a line.
        spool.keep(&kept)?;
        Ok((spool, kept))
    }

    /// Adds hints; on the disk when it returns.
    pub(super) fn append(&mut self, hints: &BTreeSet<Hint>) -> io::Result<()> {
        self.write(&lines(hints)?)
    }

    /// Notes that there were more than are kept; on the disk when it returns.
    pub(super) fn mark_overflow(&mut self) -> io::Result<()> {
        self.write(&[OVERFLOW, b"\n"].concat())
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let written = self.file.write_all(lines).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // Half a line would spoil the next one.
            let _ = self.file.set_len(length);
        }
        written
    }

    /// The file says this and nothing else from now on.
    pub(super) fn keep(&mut self, kept: &Kept) -> io::Result<()> {
        if *kept == Kept::default() {
            return self.file.set_len(0);
        }
        let mut lines = lines(&kept.hints)?;
        if kept.overflow {
            lines.extend_from_slice(OVERFLOW);
            lines.push(b'\n');
        }
        self.file = replace(&self.path, &lines)?;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

fn lines(hints: &BTreeSet<Hint>) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for hint in hints {
        serde_json::to_writer(&mut lines, hint)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
