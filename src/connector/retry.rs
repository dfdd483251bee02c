//! Delays between tries. The only file that names `backoff`, and only as a calculator of delays.

use std::time::Duration;

/// How long to go on trying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrySettings {
    /// The first delay.
    pub initial: Duration,
    /// The longest delay, jitter included.
    pub max_interval: Duration,
    /// The longest time over all tries of a call, waits included.
    pub max_elapsed: Duration,
    /// The most tries.
    pub max_tries: u32,
}
