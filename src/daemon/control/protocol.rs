//! What is said over the control socket: one JSON object a line.
//!
//! A client sends one line and is answered by several:
//!
//! ```text
//! > {"version":1,"state":"/var/lib/…/state.sqlite","ask":{"resolve":{"which":{"numbers":[3]},"choose":{"side":"crm"}}}}
//! < {"waits":"a pass is under way; it is taken up when that pass has ended"}
//! < {"told":"3: name of company ACME …\n"}
//! < {"done":{"code":0}}
//! ```
//!
//! The last line is `done` with the exit code of the command, or `failed`: then nothing was done. A line of a client has at
//! most [`ASKED_BYTES`], a line of the daemon at most [`TOLD_BYTES`] of text, and a client that says nothing for [`PATIENCE`]
//! is left. Another version, another state, and what cannot be read are refused with words. A request whose client has left
//! before it was taken up is not carried out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::field::Field;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::RefusalName;

/// The version that both must speak: it moves whenever a message changes its meaning.
pub const VERSION: u32 = 1;

/// How long may a client's line be? A few thousand numbers fit.
pub const ASKED_BYTES: usize = 64 * 1024;

/// How much text one line of the daemon carries; more comes in several lines.
pub const TOLD_BYTES: usize = 32 * 1024;

/// How long is a client waited for that says nothing, or does not listen?
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A client's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// [`VERSION`].
    pub version: u32,
    /// The state that is meant: a socket of another daemon does not decide about it.
    pub state: PathBuf,
    /// What is asked for.
    pub ask: Ask,
}

/// The version alone: read first, since another version may have other messages.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Versioned {
    pub(super) version: u32,
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Decide conflicts.
    Resolve {
        /// Which.
        which: Which,
        /// What shall hold.
        choose: Choose,
    },
    /// Answer a question about identity.
    Answer {
        /// Its number.
        question: i64,
        /// The answer.
        answer: Answer,
    },
    /// Join two records.
    Link {
        /// Company or contact.
        kind: Kind,
        /// The id in Flowtly.
        flowtly: RemoteId,
        /// The id in the CRM.
        crm: RemoteId,
    },
    /// Separate a pair.
    Unlink {
        /// Company or contact.
        kind: Kind,
        /// The id in Flowtly.
        flowtly: RemoteId,
    },
    /// Try again at once what was refused.
    Retry {
        /// Which.
        which: Which,
    },
    /// Make a pass.
    Reconcile {
        /// Read everything.
        full: bool,
        /// Refusals that are allowed for this pass.
        allow: Vec<RefusalName>,
        /// Tell sums alone. An older daemon, which would tell everything, knows no such key and refuses.
        #[serde(default, skip_serializing_if = "is_unsaid")]
        quiet: bool,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
const fn is_unsaid(said: &bool) -> bool {
    !*said
}

/// Some of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Which {
    /// By their numbers.
    Numbers(Vec<i64>),
    /// All of them, as far as these say.
    All {
        /// Of this record only.
        record: Option<RecordName>,
        /// Of these fields only; of any where there are none.
        fields: Vec<Field>,
    },
}

/// A record as people name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordName {
    /// Company or contact.
    pub kind: Kind,
    /// Whose id it is.
    pub side: Side,
    /// The id.
    pub id: RemoteId,
}

/// What shall hold of a field in conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Choose {
    /// This side's value.
    Side(Side),
    /// This text, on both sides; of a field with parts `part=text; part=text`.
    Text(String),
}

/// An answer to a question about identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// It is this candidate.
    Link(RemoteId),
    /// It is none of them: different things.
    Separate,
    /// It still is the same thing.
    Same,
    /// It is a second copy, to be left alone.
    Copy,
    /// The record that was to be created never arrived.
    NeverHappened,
    /// Not now.
    Postpone(Duration),
}

/// A line of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// It was heard, and waits for this.
    Waits(String),
    /// Text for the person.
    Told(String),
    /// It was done; this is the exit code.
    Done {
        /// As the command would have returned it.
        code: u8,
    },
    /// It was not done.
    Failed {
        /// Why, for the person.
        message: String,
    },
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done: the text for the person, and the exit code.
    Done {
        /// What the command prints.
        told: String,
        /// What it returns.
        code: u8,
    },
    /// Nothing was done, for this reason.
    Failed(String),
}

/// Reads a client's line. The error is for the person.
pub(super) fn read(line: &[u8], state: &Path) -> Result<Ask, String> {
    let unreadable = |error: serde_json::Error| format!("the request cannot be read: {error}");
    let Versioned { version } = serde_json::from_slice(line).map_err(unreadable)?;
    if version != VERSION {
        return Err(format!(
            "the daemon speaks version {VERSION} of the control protocol, this command version {version}; restart the \
             daemon after an upgrade"
        ));
    }
    let asked: Asked = serde_json::from_slice(line).map_err(unreadable)?;
    if asked.state != state {
        return Err(format!(
            "the daemon behind this socket holds the state {}, not {}; give each daemon a control.socket of its own",
            state.display(),
            asked.state.display()
        ));
    }
    Ok(asked.ask)
}

/// A line with its end.
pub(super) fn written<T: Serialize>(line: &T) -> Vec<u8> {
    // What is said are texts, numbers and their lists, which always can be written.
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The state as both name it, whatever the folder is that each was started in.
pub fn full_path(state: &Path) -> PathBuf {
    std::fs::canonicalize(state).unwrap_or_else(|_| state.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(ask: Ask) -> Asked {
        Asked { version: VERSION, state: PathBuf::from("/state"), ask }
    }

    #[test]
    fn what_is_asked_is_read_as_it_was_written() {
        let asks = [
            Ask::Resolve { which: Which::Numbers(vec![3, 4]), choose: Choose::Side(Side::Crm) },
            Ask::Resolve {
                which: Which::All {
                    record: Some(RecordName { kind: Kind::Company, side: Side::Flowtly, id: RemoteId::new("17") }),
                    fields: vec![Field::Phone],
                },
                choose: Choose::Text("a\nb".to_owned()),
            },
            Ask::Answer { question: 1, answer: Answer::Link(RemoteId::new("a:b")) },
            Ask::Answer { question: 1, answer: Answer::Postpone(Duration::from_secs(90)) },
            Ask::Link { kind: Kind::Contact, flowtly: RemoteId::new("1"), crm: RemoteId::new("2") },
            Ask::Unlink { kind: Kind::Company, flowtly: RemoteId::new("1") },
            Ask::Retry { which: Which::All { record: None, fields: vec![] } },
            Ask::Reconcile { full: true, allow: RefusalName::ALL.to_vec(), quiet: false },
            Ask::Reconcile { full: true, allow: vec![], quiet: true },
        ];
        for ask in asks {
            let line = written(&asked(ask.clone()));
            assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line and its end");
            assert_eq!(read(&line, Path::new("/state")), Ok(ask));
        }
    }

    #[test]
    fn another_version_another_state_and_nonsense_are_refused_with_words() {
        let newer = br#"{"version":2,"ask":"something new"}"#;
        assert!(read(newer, Path::new("/state")).unwrap_err().contains("this command version 2"));
        let line = written(&asked(Ask::Reconcile { full: false, allow: vec![], quiet: false }));
        assert!(!String::from_utf8_lossy(&line).contains("quiet"), "a daemon of an earlier release takes it");
        assert!(read(&line, Path::new("/other")).unwrap_err().contains("holds the state /other, not /state"));
        for nonsense in [&b"GET / HTTP/1.1"[..], b"", b"{}", br#"{"version":1,"state":"/state","ask":{"drop":{}}}"#] {
            assert!(read(nonsense, Path::new("/state")).unwrap_err().starts_with("the request cannot be read"));
        }
    }
}
