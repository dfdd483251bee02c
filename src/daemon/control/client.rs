//! A command beside a daemon: it asks, and prints what the daemon says.

use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use super::protocol::{Ask, Asked, Line, VERSION, full_path, written};

/// How long may it take until the daemon hears? It answers between two passes, and says that it heard long before.
const HEARING: Duration = Duration::from_secs(10);

/// A line of the daemon, its escapes included, is never longer.
const LINE_BYTES: u64 = 1024 * 1024;

/// Why a daemon did not do it.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody is there, or nobody answers.
    #[error("{0}")]
    NoAnswer(io::Error),
    /// It answered, and did nothing.
    #[error("{0}")]
    Failed(String),
    /// What it said could not be printed.
    #[error(transparent)]
    Output(io::Error),
}

/// Asks the daemon behind `socket`; prints what it says to `out`, and to `waiting` what it waits for. Returns the exit code.
///
/// Blocks for as long as the daemon takes: a pass of a large firm takes minutes.
pub fn ask(
    socket: &Path,
    state: &Path,
    ask: Ask,
    out: &mut dyn Write,
    waiting: &mut dyn Write,
) -> Result<u8, ClientError> {
    let stream = UnixStream::connect(socket).map_err(ClientError::NoAnswer)?;
    stream.set_read_timeout(Some(HEARING)).map_err(ClientError::NoAnswer)?;
    stream.set_write_timeout(Some(HEARING)).map_err(ClientError::NoAnswer)?;
    let asked = Asked { version: VERSION, state: full_path(state), ask };
    (&stream).write_all(&written(&asked)).map_err(ClientError::NoAnswer)?;
    let mut reader = BufReader::new(&stream);
    loop {
        let mut line = Vec::new();
        let length = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).map_err(ClientError::NoAnswer)?;
        if length == 0 {
            let left = io::Error::new(io::ErrorKind::UnexpectedEof, "it hung up; whether it was done is not known");
            return Err(ClientError::NoAnswer(left));
        }
        let line: Line = serde_json::from_slice(&line)
            .map_err(|error| ClientError::NoAnswer(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        match line {
            Line::Waits(text) => {
                // It was heard: from here on it takes as long as the pass does.
                stream.set_read_timeout(None).map_err(ClientError::NoAnswer)?;
                writeln!(waiting, "{text}").map_err(ClientError::Output)?;
            }
            Line::Told(text) => out.write_all(text.as_bytes()).map_err(ClientError::Output)?,
            Line::Done { code } => {
                out.flush().map_err(ClientError::Output)?;
                return Ok(code);
            }
            Line::Failed { message } => return Err(ClientError::Failed(message)),
        }
    }
}
