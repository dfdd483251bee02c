//! An alarm that needs no looking at the clock: it goes off when its time has come, the time that the machine was suspended
//! counted, and when somebody sets the machine's date (`timerfd_create(2)`).

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// A date that does not come: only that the date is set ends a wait for it.
const NEVER: Duration = Duration::from_secs(1 << 33);

/// An alarm that is set.
#[derive(Debug)]
pub(crate) struct Alarm {
    time: AsyncFd<OwnedFd>,
    date: AsyncFd<OwnedFd>,
}

impl Alarm {
    /// Goes off after `time`, which is not zero. Fails where the system has no such timers.
    pub(crate) fn after(time: Duration) -> io::Result<Self> {
        let date = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        Ok(Self {
            time: timer(TimerfdClockId::Boottime, TimerfdTimerFlags::empty(), time)?,
            date: timer(TimerfdClockId::Realtime, date, NEVER)?,
        })
    }

    /// Returns when it goes off.
    pub(crate) async fn rings(&self) -> io::Result<()> {
        tokio::select! {
            ready = self.time.readable() => ready.map(drop),
            ready = self.date.readable() => ready.map(drop),
        }
    }
}

#[expect(
    deprecated,
    reason = "sound for a descriptor that is owned; what takes its place is unsafe, which is forbidden here"
)]
fn timer(clock: TimerfdClockId, flags: TimerfdTimerFlags, time: Duration) -> io::Result<AsyncFd<OwnedFd>> {
    let timer = timerfd_create(clock, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let value = Timespec::try_from(time).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    timerfd_settime(&timer, flags, &Itimerspec { it_interval: once, it_value: value })?;
    AsyncFd::new(timer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_alarm_goes_off_by_itself() {
        Alarm::after(Duration::from_millis(1)).unwrap().rings().await.unwrap();
    }

    #[tokio::test]
    async fn an_alarm_is_silent_before_its_time() {
        let early = Alarm::after(Duration::from_mins(1)).unwrap();
        let soon = Alarm::after(Duration::from_millis(1)).unwrap();
        tokio::select! {
            biased;
            _ = early.rings() => panic!("a minute has not gone by"),
            rung = soon.rings() => rung.unwrap(),
        }
    }
}
