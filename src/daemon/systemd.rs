//! What systemd is told (`sd_notify(3)`); nothing where there is no systemd.

use std::pin::pin;
use std::time::Duration;

use sd_notify::NotifyState;
use tracing::debug;

use crate::clock::Clock;

/// How often is the service manager told that a start goes on, and how long does it then wait for the next word?
const WORD_EVERY: Duration = Duration::from_secs(2);
const WORD_LASTS: Duration = Duration::from_secs(30);

/// Tells systemd how the service is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notifier {
    watchdog: Option<Duration>,
}

impl Notifier {
    /// As the environment of the process says: `$NOTIFY_SOCKET` and `$WATCHDOG_USEC`.
    pub fn of_process() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled() }
    }

    /// As if a service manager wanted a sign of life so often.
    #[cfg(test)]
    pub(super) const fn watched(watchdog: Option<Duration>) -> Self {
        Self { watchdog }
    }

    /// What a part of the start comes to. However long it takes, the service manager waits for it.
    pub async fn waits_for<T>(self, clock: &dyn Clock, part: impl Future<Output = T>) -> T {
        let mut part = pin!(part);
        let micros = u32::try_from(WORD_LASTS.as_micros()).unwrap_or(u32::MAX);
        loop {
            tokio::select! {
                biased;
                done = &mut part => return done,
                () = clock.sleep(WORD_EVERY) => send(&[NotifyState::ExtendTimeoutUsec(micros)]),
            }
        }
    }

    /// Configuration, state and lock stand.
    pub fn ready(self) {
        send(&[NotifyState::Ready]);
    }

    /// The configuration is read again; [`Self::ready`] says when that is done.
    pub fn reloading(self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => send(&[NotifyState::Reloading, now]),
            Err(error) => debug!("the monotonic clock cannot be read: {error}"),
        }
    }

    /// One line for `systemctl status`; no personal data.
    pub fn status(self, text: &str) {
        send(&[NotifyState::Status(text)]);
    }

    /// Within which time the service manager wants a sign of life.
    pub const fn watchdog(self) -> Option<Duration> {
        self.watchdog
    }

    /// The sign of life.
    pub fn alive(self) {
        send(&[NotifyState::Watchdog]);
    }

    /// The service begins to stop. To be said before what a stop may take; to say it twice is harmless.
    pub fn stopping(self) {
        send(&[NotifyState::Stopping]);
    }
}

fn send(states: &[NotifyState<'_>]) {
    // A service manager that does not listen is no reason to fail.
    if let Err(error) = sd_notify::notify(states) {
        debug!("the service manager was not told: {error}");
    }
}
