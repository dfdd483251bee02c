//! What systemd is told (`sd_notify(3)`); nothing where there is no systemd.

use sd_notify::NotifyState;
use tracing::debug;

/// Tells systemd how the service is.
#[derive(Debug, Clone, Copy)]
pub struct Notifier;

impl Notifier {
    /// Configuration, state and lock stand.
    pub fn ready(self) {
        send(&[NotifyState::Ready]);
    }

    /// One line for `systemctl status`; no personal data.
    pub fn status(self, text: &str) {
        send(&[NotifyState::Status(text)]);
    }

    /// The service is stopping.
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
