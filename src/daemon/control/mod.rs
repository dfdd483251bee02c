//! The control socket: people's decisions while the daemon holds the state.
//!
//! [`protocol`] is what is said, [`socket`] the file, `server` the clients, [`client`] the command's side, and [`inbox`] what
//! is asked for, until the daemon takes it up between two passes. A decision is carried out by a [`Desk`]: the commands' own
//! functions, injected, so that it makes no difference whether a daemon runs.

pub mod protocol;
pub mod socket;
mod server;
pub mod client;
pub mod inbox;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
pub use inbox::{Desk, Hurry, Inbox, Post};
pub(crate) use server::CLIENTS_WITHIN;
use socket::Socket;

/// How many requests may wait for the end of a pass.
const WAITING: usize = 16;

/// A socket that is served.
#[derive(Debug)]
pub struct Control {
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Control {
    /// Serves `socket` in the background for the daemon that holds `state`; what comes in is in the post. `clock` is the
    /// machine's: clients are real.
    pub fn serve(socket: Socket, state: &Path, clock: Arc<dyn Clock>) -> (Self, Post) {
        let (sender, letters) = mpsc::channel(WAITING);
        let stop = CancellationToken::new();
        let state = protocol::full_path(state);
        let server = tokio::spawn(server::serve(socket, state, sender, clock, stop.clone()));
        (Self { stop, server }, Post::new(Some(letters)))
    }

    /// No socket: nothing ever comes in.
    pub fn none(desk: &dyn Desk) -> Inbox<'_> {
        Inbox::at(desk, Post::new(None))
    }

    /// Takes no more clients, and returns when those that are there have their answer. The post must be gone by then.
    pub async fn close(self) {
        self.stop.cancel();
        // A server that panicked has told so already.
        let _ = self.server.await;
    }
}
