//! The daemon.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::deciding::Clerk;
use super::session::Session;
use crate::clock::SystemClock;
use crate::daemon::control::Control;
use crate::daemon::control::socket::Socket;
use crate::daemon::schedule::Schedule;
use crate::daemon::systemd::Notifier;
use crate::daemon::{self, Daemon, signals};
use crate::domain::safety::RefusalName;
use crate::store::Store;
use crate::store::lock::WriterLock;

/// Runs passes until a signal says stop.
pub(super) async fn run(session: &Session, allow: &[RefusalName]) -> anyhow::Result<u8> {
    let lock = WriterLock::take(&session.settings.state_path)?;
    let store = Store::open(&lock).await?;
    let stop = CancellationToken::new();
    let wake = Arc::new(Notify::new());
    signals::listen(stop.clone(), Arc::clone(&wake)).context("signals cannot be listened to")?;
    let clerk = Clerk { settings: &session.settings, clock: session.clock.as_ref() };
    let socket = Socket::bind(&session.settings.control_socket)?;
    info!(control.socket = %socket.path().display(), "decisions are taken at the control socket");
    let clients = Arc::new(SystemClock::new());
    let (control, inbox) = Control::serve(socket, &session.settings.state_path, clients, &clerk);
    let schedule = session.settings.schedule;
    let silent = crate::sync::Silent;
    let daemon = Daemon {
        world: session.world(&silent),
        sinks: session.sinks(),
        schedule: Schedule::new(schedule.interval, schedule.slow_interval, schedule.jitter),
        stop_within: schedule.stop_within,
        allow: allow.iter().copied().collect::<BTreeSet<_>>(),
        notifier: Notifier,
        inbox,
    };
    let ended = daemon::run(daemon, store, &stop, &wake).await;
    control.close().await;
    ended?;
    Ok(0)
}
