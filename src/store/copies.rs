//! Dated copies of a state in a folder: made while it is in use, put there whole, found again, pruned.
//!
//! A copy is made beside the state first and brought to its folder then: a folder on a slow disk holds up neither the state's
//! write-ahead log nor anybody who writes the state. In a folder that several pairs of accounts share each has its own copies.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::backup::{backup, failed, remove_if_there, sync_folder};
use super::mark::{self, Mark};
use super::{Connection, Store, StoreError, beside, free_bytes, new_private};
use crate::domain::record::Side;

/// How the name of a copy begins; signs of the pair and the time follow.
const PREFIX: &str = "flowtly-sync";

/// How it ends.
const SUFFIX: &str = ".sqlite";

/// The time in a name: UTC, so that the order of names is that of time.
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// How many bytes stay free on the disk of the state beside a copy that is made there?
const SPARE: u64 = 64 << 20;

/// The copies of one pair of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    folder: PathBuf,
    /// How their names begin.
    prefix: String,
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// When the newest copy was made.
    pub newest: Option<DateTime<Utc>>,
    /// How many there are.
    pub count: usize,
}

/// A copy beside the state, checked, not yet in its folder.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    /// How many bytes it has.
    pub bytes: u64,
    /// Whether it shows the middle of a pass.
    pub is_of_a_pass: bool,
    /// Whether it is of a state that has proved itself.
    pub is_proved: bool,
}

impl Copies {
    /// The copies that a folder has of a state.
    pub async fn of(folder: &Path, connection: &mut Connection) -> Result<Self, StoreError> {
        let mut signs = Sha256::new();
        for side in Side::BOTH {
            signs.update(mark::account(connection, side).await?.unwrap_or_default());
            signs.update([0]);
        }
        let [first, second, third, fourth, ..]: [u8; 32] = signs.finalize().into();
        let signs = u32::from_be_bytes([first, second, third, fourth]);
        Ok(Self { folder: folder.to_path_buf(), prefix: format!("{PREFIX}-{signs:08x}-") })
    }

    /// What there is. A name that lies in the future is of a clock that was wrong, and is not the newest.
    pub fn kept(&self, now: DateTime<Utc>) -> io::Result<Kept> {
        let times = self.times()?;
        let newest = times.iter().map(|(at, _)| *at).filter(|at| *at <= now).max();
        Ok(Kept { newest, count: times.len() })
    }

    /// Puts a staged copy into the folder, which is made where only itself is missing. Under its name there is a whole copy or
    /// none.
    pub fn put(&self, staged: &Staged, now: DateTime<Utc>) -> Result<PathBuf, StoreError> {
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(&self.folder, &error)),
            Ok(()) | Err(_) => {}
        }
        let copy = self.folder.join(format!("{}{}{SUFFIX}", self.prefix, now.format(STAMP)));
        if copy.exists() {
            return Err(StoreError::InTheWay { path: copy });
        }
        match fs::rename(&staged.path, &copy) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                let partial = self.folder.join(format!(".{}partial", self.prefix));
                let brought = bring(staged, &partial, &copy);
                if brought.is_err() {
                    let _ = remove_if_there(&partial);
                }
                brought.map_err(|error| failed(&copy, &error))?;
            }
            Err(error) => return Err(failed(&copy, &error)),
        }
        sync_folder(&copy)?;
        Ok(copy)
    }

    /// Removes the oldest copies until so many are left.
    pub fn prune(&self, keep: usize, now: DateTime<Utc>) -> io::Result<()> {
        let mut times = self.times()?;
        // What lies in the future was made before now all the same.
        times.sort_by_key(|(at, _)| (*at <= now, *at));
        let over = times.len().saturating_sub(keep);
        times.into_iter().take(over).try_for_each(|(_, path)| fs::remove_file(path))
    }

    fn times(&self) -> io::Result<Vec<(DateTime<Utc>, PathBuf)>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut times = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let time = name.to_str().and_then(|name| name.strip_prefix(&self.prefix)?.strip_suffix(SUFFIX));
            let time = time.and_then(|time| NaiveDateTime::parse_from_str(time, STAMP).ok());
            times.extend(time.map(|time| (time.and_utc(), entry.path())));
        }
        Ok(times)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // One that was put into its folder is not there any more; one that cannot be removed is, before the next one.
        let _ = remove_if_there(&self.path);
    }
}

/// Makes a copy beside the state, which may be in use, and checks it. What an earlier one left there is removed.
pub async fn stage(state: &Path) -> Result<Staged, StoreError> {
    let path = beside(state, ".copying");
    remove_if_there(&path)?;
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let needed = length(state).saturating_add(length(&beside(state, "-wal"))).saturating_add(SPARE);
    let free = free_bytes(state).map_err(|error| failed(&path, &error))?;
    if free < needed {
        let message = format!("a copy needs {} MiB there for a moment, {} MiB are free", needed >> 20, free >> 20);
        return Err(StoreError::File { path, message });
    }
    let bytes = backup(state, &path).await?;
    let mut staged = Staged { path, bytes, is_of_a_pass: false, is_proved: false };
    let mut copy = Store::open_read_only(&staged.path).await?;
    staged.is_of_a_pass = mark::get(copy.connection(), Mark::Running).await?.is_some();
    staged.is_proved = mark::adoption(copy.connection()).await?.is_none();
    copy.close().await?;
    Ok(staged)
}

/// Brings a copy to another disk, and gives it its name when it is there.
fn bring(staged: &Staged, partial: &Path, copy: &Path) -> io::Result<()> {
    let _ = fs::remove_file(partial);
    let mut file = new_private(partial)?;
    io::copy(&mut File::open(&staged.path)?, &mut file)?;
    file.sync_all()?;
    fs::rename(partial, copy)
}
