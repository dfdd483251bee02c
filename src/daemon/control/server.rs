//! Clients at the control socket: each says one line and is answered. A bad one stops nothing.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::inbox::Letter;
use super::protocol::{ASKED_BYTES, Line, Outcome, PATIENCE, TOLD_BYTES, read, written};
use super::socket::Socket;
use crate::clock::Clock;

/// How many clients may be there at once? People type one command at a time; more than this is a mistake.
const CLIENTS: usize = 16;

/// How long after a failure is the next client taken? A full table of files empties by itself.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How long may clients take for their answers when the daemon stops?
pub(crate) const CLIENTS_WITHIN: Duration = Duration::from_secs(1);

/// What a request waits for that is not taken up within this time.
const HEARD_AFTER: Duration = Duration::from_secs(1);

/// Serves clients until `stop`, then waits until each has its answer.
pub(super) async fn serve(
    socket: Socket,
    state: PathBuf,
    letters: mpsc::Sender<Letter>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let clients = TaskTracker::new();
    let places = Arc::new(Semaphore::new(CLIENTS));
    let state = Arc::new(state);
    loop {
        let stream = tokio::select! {
            accepted = socket.listener().accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!("a client of the control socket could not be taken: {error}");
                    clock.sleep(AFTER_FAILURE).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        // Where all places are taken the client sees that it was left, and says so.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            warn!("a client of the control socket was sent away: {CLIENTS} are there already");
            continue;
        };
        let (letters, clock, state) = (letters.clone(), Arc::clone(&clock), Arc::clone(&state));
        clients.spawn(async move {
            if let Err(error) = client(stream, &state, &letters, clock.as_ref()).await {
                debug!("a client of the control socket left: {error}");
            }
            drop(place);
        });
    }
    drop(letters);
    clients.close();
    tokio::select! {
        () = clients.wait() => {}
        () = clock.sleep(CLIENTS_WITHIN) => {}
    }
}

async fn client(
    stream: UnixStream,
    state: &std::path::Path,
    letters: &mpsc::Sender<Letter>,
    clock: &dyn Clock,
) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    let line = tokio::select! {
        line = first_line(&mut reading) => line?,
        () = clock.sleep(PATIENCE) => return Err(io::Error::new(io::ErrorKind::TimedOut, "it said nothing")),
    };
    let ask = match line.ok_or_else(|| format!("the request is longer than {ASKED_BYTES} bytes")) {
        Ok(line) => read(&line, state),
        Err(message) => Err(message),
    };
    let ask = match ask {
        Ok(ask) => ask,
        Err(message) => return say(&mut writing, &Line::Failed { message }, clock).await,
    };
    let (reply, answer) = oneshot::channel();
    info!(control.ask = ask_word(&ask), "a request came in through the control socket");
    if letters.send(Letter { ask, reply }).await.is_err() {
        return stopping(&mut writing, clock).await;
    }
    let outcome = wait(answer, &mut reading, &mut writing, clock).await?;
    match outcome {
        Some(Outcome::Done { told, code }) => {
            for piece in pieces(&told) {
                say(&mut writing, &Line::Told(piece.to_owned()), clock).await?;
            }
            say(&mut writing, &Line::Done { code }, clock).await
        }
        Some(Outcome::Failed(message)) => say(&mut writing, &Line::Failed { message }, clock).await,
        None => stopping(&mut writing, clock).await,
    }
}

/// The outcome; `None` if the daemon stopped before. A client that leaves ends it: what nobody waits for is not done.
async fn wait(
    mut answer: oneshot::Receiver<Outcome>,
    reading: &mut BufReader<OwnedReadHalf>,
    writing: &mut OwnedWriteHalf,
    clock: &dyn Clock,
) -> io::Result<Option<Outcome>> {
    let mut was_told = false;
    let mut rest = [0];
    loop {
        tokio::select! {
            outcome = &mut answer => return Ok(outcome.ok()),
            read = reading.read(&mut rest) => {
                let why = if read? == 0 { "it did not wait for the answer" } else { "it said more than one line" };
                return Err(io::Error::other(why));
            }
            () = clock.sleep(HEARD_AFTER), if !was_told => {
                was_told = true;
                let text = "a pass is under way; it is taken up between two passes".to_owned();
                say(writing, &Line::Waits(text), clock).await?;
            }
        }
    }
}

async fn stopping(writing: &mut OwnedWriteHalf, clock: &dyn Clock) -> io::Result<()> {
    let message = "the daemon stopped before it took this up: nothing was done; run it again".to_owned();
    say(writing, &Line::Failed { message }, clock).await
}

/// A client's line; `None` if it is too long.
async fn first_line(reading: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = ASKED_BYTES as u64 + 1;
    reading.take(limit).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it said nothing"));
    }
    Ok((line.len() <= ASKED_BYTES).then_some(line))
}

async fn say(writing: &mut OwnedWriteHalf, line: &Line, clock: &dyn Clock) -> io::Result<()> {
    let bytes = written(line);
    tokio::select! {
        said = writing.write_all(&bytes) => said,
        () = clock.sleep(PATIENCE) => Err(io::Error::new(io::ErrorKind::TimedOut, "it does not listen")),
    }
}

/// A text in pieces that each fit into a line.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(TOLD_BYTES);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some(piece)
    })
}

/// What is asked for, without what it is about: for logs.
const fn ask_word(ask: &super::protocol::Ask) -> &'static str {
    use super::protocol::Ask;
    match ask {
        Ask::Resolve { .. } => "resolve",
        Ask::Answer { .. } => "answer",
        Ask::Link { .. } => "link",
        Ask::Unlink { .. } => "unlink",
        Ask::Retry { .. } => "retry",
        Ask::Reconcile { .. } => "reconcile",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_goes_in_pieces_that_fit() {
        let text = "ł".repeat(TOLD_BYTES);
        let pieces: Vec<&str> = pieces(&text).collect();
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= TOLD_BYTES));
        assert_eq!(pieces.concat(), text);
    }
}
