//! What was told, beside the state: a restart tells nothing twice, and forgets nothing.
//!
//! A full disk must not make it forgetful: the daemon then stops, is started again and again, and would tell so each time. So the
//! file takes more room than it needs, and is written over where no new one can be made in its place.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::letter::Tally;
use super::topic::{Held, Standing, Topic};
use crate::store::{beside, replace};

/// How many bytes such a file has at most.
const BYTES: u64 = 1 << 20;

/// In which pieces it takes room, and how much of it stays free at least for what may have to be added.
const PIECE: usize = 4096;
const SPARE: usize = 1024;

/// Everything that is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// What passes did since this file began.
    pub(super) tally: Tally,
    /// By carrier: one that is out of order misses nothing.
    pub(super) carriers: BTreeMap<String, Told>,
}

/// What one carrier brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    /// What it told of, as JSON has no other keys than texts.
    standing: Vec<(Topic, Held)>,
    /// Its last digest.
    pub(super) digest: Option<Summed>,
}

/// How far a digest summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summed {
    pub(super) at: DateTime<Utc>,
    pub(super) tally: Tally,
}

impl Told {
    /// What it told of.
    pub(super) fn standing(&self) -> Standing {
        self.standing.iter().cloned().collect()
    }

    /// It told of this.
    pub(super) fn tell(&mut self, standing: Standing) {
        self.standing = standing.into_iter().collect();
    }
}

/// The file.
#[derive(Debug, Clone)]
pub(super) struct File(PathBuf);

impl File {
    /// The one beside a state.
    pub(super) fn beside(state: &Path) -> Self {
        Self(beside(state, ".notices"))
    }

    /// What it holds. One that is not there, or cannot be read, holds nothing: what stands is told anew.
    pub(super) fn load(&self) -> Memory {
        let read = || -> io::Result<Memory> {
            if fs::metadata(&self.0)?.len() > BYTES {
                return Err(io::Error::new(ErrorKind::InvalidData, "it is too long"));
            }
            Ok(serde_json::from_slice(&fs::read(&self.0)?)?)
        };
        read().unwrap_or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                tracing::warn!("what was told cannot be read and is told again: {error}");
            }
            Memory::default()
        })
    }

    /// It holds this from now on: all of it, or what it held before. Where there is no room for a second file: all of it, or
    /// nothing if the machine dies meanwhile.
    pub(super) fn save(&self, memory: &Memory) -> io::Result<()> {
        let mut content = serde_json::to_vec(memory)?;
        let length = content.len().saturating_add(SPARE).next_multiple_of(PIECE);
        content.resize(length, b' ');
        replace(&self.0, &content).map(|_| ()).or_else(|error| self.write_over(&content).map_err(|_| error))
    }

    /// Writes it into the room that the file has. Its first sign is missing until all of the rest is on the disk, so that what is
    /// half cannot be read as anything.
    fn write_over(&self, content: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(&self.0)?;
        let room = usize::try_from(file.metadata()?.len()).unwrap_or_default();
        let needed = content.trim_ascii_end();
        let Some((first, rest)) = needed.split_first().filter(|_| needed.len() <= room) else {
            return Err(ErrorKind::StorageFull.into());
        };
        let mut rest = rest.to_vec();
        rest.resize(room.saturating_sub(1), b' ');
        file.write_all_at(b"?", 0)?;
        file.sync_data()?;
        file.write_all_at(&rest, 1)?;
        file.sync_data()?;
        file.write_all_at(std::slice::from_ref(first), 0)?;
        file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::domain::record::Side;

    #[test]
    fn what_was_told_is_known_after_a_restart_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::beside(&folder.path().join("state.sqlite"));
        assert_eq!(file.load(), Memory::default());
        let mut told = Told::default();
        told.tell(Standing::from([
            (Topic::SideFails(Side::Crm), Held::named(["reading"])),
            (Topic::Conflicts, Held { count: 2, newest: 9, ..Held::default() }),
        ]));
        let memory = Memory { tally: Tally::default(), carriers: BTreeMap::from([("webhook".to_owned(), told)]) };
        file.save(&memory).unwrap();
        file.save(&memory).unwrap();
        assert_eq!(file.load(), memory);
        let mode = fs::metadata(folder.path().join("state.sqlite.notices")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    fn told_of(topics: u64) -> Memory {
        let mut told = Told::default();
        told.tell(Standing::from([(Topic::Conflicts, Held { count: topics, newest: 9, ..Held::default() })]));
        Memory { tally: Tally::default(), carriers: BTreeMap::from([("webhook".to_owned(), told)]) }
    }

    #[test]
    fn where_no_second_file_can_be_made_the_first_one_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::beside(&folder.path().join("state.sqlite"));
        // What stands in the way of a new file does what a full disk does, for root too.
        let new = folder.path().join("state.sqlite.notices.new");
        fs::create_dir(&new).unwrap();
        file.save(&told_of(1)).unwrap_err();
        fs::remove_dir(&new).unwrap();
        file.save(&told_of(1_000_000)).unwrap();
        let length = fs::metadata(&file.0).unwrap().len();
        fs::create_dir(&new).unwrap();
        for topics in [2, 3_000_000_000, 4] {
            file.save(&told_of(topics)).unwrap();
            assert_eq!(file.load(), told_of(topics));
            assert_eq!(fs::metadata(&file.0).unwrap().len(), length, "it takes no more room");
        }
    }

    #[test]
    fn a_memory_that_was_written_over_by_half_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::beside(&folder.path().join("state.sqlite"));
        file.save(&told_of(7)).unwrap();
        let whole = fs::read(&file.0).unwrap();
        for half in [1, 10, whole.len()] {
            let mut torn = whole.clone();
            torn[0] = b'?';
            torn[1..half].fill(b' ');
            fs::write(&file.0, torn).unwrap();
            assert_eq!(file.load(), Memory::default());
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::beside(&folder.path().join("state.sqlite"));
        for content in ["", "{", "[]", "{\"carriers\":{\"mail\":{\"standing\":[[\"no topic\",{}]]}}}"] {
            fs::write(folder.path().join("state.sqlite.notices"), content).unwrap();
            assert_eq!(file.load(), Memory::default(), "{content}");
        }
    }
}
