//! SIGTERM and SIGINT stop, SIGHUP wakes.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Turns signals into `stop` and `wake` for as long as the program runs.
pub fn listen(stop: CancellationToken, wake: Arc<Notify>) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = terminate.recv() => { info!("SIGTERM: stopping"); stop.cancel(); }
                Some(()) = interrupt.recv() => { info!("SIGINT: stopping"); stop.cancel(); }
                Some(()) = hang_up.recv() => wake.notify_one(),
                else => return,
            }
        }
    });
    Ok(())
}
