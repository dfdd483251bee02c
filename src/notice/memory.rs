//! What was told, beside the state: a restart tells nothing twice, and forgets nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::letter::Tally;
use super::topic::{Held, Standing, Topic};
use crate::store::{beside, replace};

/// How many bytes such a file has at most.
const BYTES: u64 = 1 << 20;

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

    /// It holds this from now on: all of it, or what it held before.
    pub(super) fn save(&self, memory: &Memory) -> io::Result<()> {
        replace(&self.0, &serde_json::to_vec(memory)?).map(|_| ())
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
