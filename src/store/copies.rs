//! Dated copies of a state in a folder: made while it is in use, put there whole, found again, pruned.
//!
//! A copy is made beside the state first and brought to its folder then: a folder on a slow disk holds up neither the state's
//! write-ahead log nor anybody who writes the state. In a folder that several pairs of accounts share each has its own copies.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::backup::{backup, failed, lacks_room, remove_if_there, sync_folder};
use super::mark::{self, Mark};
use super::{Connection, Store, StoreError, beside, new_private};
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
    /// What stands for the pair in their names.
    signs: String,
}

/// Files, and when they were made.
type Dated = Vec<(DateTime<Utc>, PathBuf)>;

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
        let mut accounts = Vec::new();
        for side in Side::BOTH {
            accounts.push(mark::account(connection, side).await?.unwrap_or_default());
        }
        Ok(Self { folder: folder.to_path_buf(), signs: signs(&accounts) })
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
        let copy = self.folder.join(format!("{PREFIX}-{}-{}{SUFFIX}", self.signs, now.format(STAMP)));
        if copy.exists() {
            return Err(StoreError::InTheWay { path: copy });
        }
        match fs::rename(&staged.path, &copy) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                let partial = self.folder.join(format!(".{PREFIX}-{}-partial", self.signs));
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
        times.sort_by_key(|(at, _)| age(*at, now));
        let over = times.len().saturating_sub(keep);
        times.into_iter().take(over).try_for_each(|(_, path)| fs::remove_file(path))
    }

    fn times(&self) -> io::Result<Dated> {
        Ok(all(&self.folder)?.remove(&self.signs).unwrap_or_default())
    }
}

/// The newest copy in a folder: of the accounts that the state belongs to; where there is no state that tells its accounts, of the
/// one pair that the copies in the folder are of.
pub async fn newest(folder: &Path, state: &Path, now: DateTime<Utc>) -> Result<PathBuf, StoreError> {
    let no_copy = |message: &str, newest| StoreError::NoCopy {
        folder: folder.to_path_buf(),
        message: message.to_owned(),
        newest,
    };
    let pairs = all(folder).map_err(|error| no_copy(&format!("cannot be read: {error}"), Vec::new()))?;
    let newest = pairs.into_iter().filter_map(|(signs, mut copies)| {
        copies.sort_by_key(|(at, _)| age(*at, now));
        Some((signs, copies.pop()?.1))
    });
    let mut newest: BTreeMap<String, PathBuf> = newest.collect();
    let own = signs_of(state).await;
    if let Some(copy) = own.as_ref().and_then(|signs| newest.remove(signs)) {
        return Ok(copy);
    }
    let mut newest = newest.into_values();
    match (newest.next(), newest.next(), own) {
        (None, _, _) => Err(no_copy("holds no dated copy", Vec::new())),
        (Some(copy), None, None) => Ok(copy),
        (Some(first), second, own) => {
            let message = if own.is_some() {
                "holds none of the accounts of the state that is there"
            } else {
                "holds copies of several pairs of accounts, and no state that is there tells its own"
            };
            Err(no_copy(message, [first].into_iter().chain(second).chain(newest).collect()))
        }
    }
}

/// What stands for a pair of accounts.
fn signs(accounts: &[String]) -> String {
    let mut hash = Sha256::new();
    for account in accounts {
        hash.update(account);
        hash.update([0]);
    }
    let [first, second, third, fourth, ..]: [u8; 32] = hash.finalize().into();
    format!("{:08x}", u32::from_be_bytes([first, second, third, fourth]))
}

/// The signs of a state that can be read and knows both its accounts.
async fn signs_of(state: &Path) -> Option<String> {
    let mut store = Store::open_read_only(state).await.ok()?;
    let mut accounts = Vec::new();
    for side in Side::BOTH {
        accounts.push(mark::account(store.connection(), side).await.ok()??);
    }
    store.close().await.ok()?;
    Some(signs(&accounts))
}

/// Orders times from old to new: what lies in the future is of a clock that was wrong, and was made before now all the same.
fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> (bool, DateTime<Utc>) {
    (at <= now, at)
}

/// All copies that a folder holds, by the signs of their pair.
fn all(folder: &Path) -> io::Result<BTreeMap<String, Dated>> {
    let mut all: BTreeMap<String, Dated> = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(all),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if let Some((signs, at)) = entry.file_name().to_str().and_then(named) {
            all.entry(signs.to_owned()).or_default().push((at, entry.path()));
        }
    }
    Ok(all)
}

/// Of which pair, and when, a copy of that name was made.
fn named(name: &str) -> Option<(&str, DateTime<Utc>)> {
    let (signs, time) = name.strip_prefix(PREFIX)?.strip_prefix('-')?.strip_suffix(SUFFIX)?.split_once('-')?;
    Some((signs, NaiveDateTime::parse_from_str(time, STAMP).ok()?.and_utc()))
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
    lacks_room(state, &path, SPARE)?;
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
