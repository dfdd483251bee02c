//! Whether the daemon is alive, and whether it does its work. Judging is pure: the signs and the time are arguments.

use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::Access;
use serde::Serialize;

use crate::daemon::watch::Signs;
use crate::store::free_bytes;

/// How little space on the disk keeps the state from being written?
const NEEDED_BYTES: u64 = 1 << 20;

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    /// All is as it ought to be.
    pub(super) ok: bool,
    /// What is not.
    pub(super) reasons: Vec<String>,
    /// When a pass last came to its end.
    pub(super) last_pass: Option<DateTime<Utc>>,
}

impl Health {
    fn of(signs: &Signs, reasons: Vec<String>) -> Self {
        Self { ok: reasons.is_empty(), reasons, last_pass: signs.passed }
    }
}

/// Whether the process gets on: what feeds the watchdog moved not long ago.
/// `elapsed` is the time of [`Clock::elapsed`](crate::clock::Clock::elapsed): neither a machine that was suspended nor a date that
/// is set makes a daemon look stuck, or alive.
pub(super) fn is_alive(signs: &Signs, elapsed: Duration, stuck_after: Duration) -> Health {
    let reasons = match signs.turned.map(|turned| elapsed.saturating_sub(turned)) {
        Some(still) if still <= stuck_after => Vec::new(),
        Some(still) => vec![format!("nothing has moved for {}", words(still))],
        None => vec!["the daemon has not begun".to_owned()],
    };
    Health::of(signs, reasons)
}

/// Whether a pass is under way, and gets on.
pub(super) fn is_passing(signs: &Signs, elapsed: Duration, stuck_after: Duration) -> bool {
    signs.is_passing && is_alive(signs, elapsed, stuck_after).ok
}

/// Whether it does its work: passes come to their end, both sides can be talked to, and the state can be written. A pass that
/// quiet hours, a cron expression or a low budget put off (beyond the `beat`) is not missed before its time, nor is the next one
/// while the last one `is_passing` still.
pub(super) fn is_ready(
    signs: &Signs,
    now: DateTime<Utc>,
    is_passing: bool,
    beat: Duration,
    pass_within: Duration,
    writable: Result<(), io::Error>,
) -> Health {
    let mut reasons = Vec::new();
    let put_off = signs.due.map(|due| due - TimeDelta::from_std(beat).unwrap_or(TimeDelta::MAX));
    match signs.passed {
        Some(passed) if !is_over(now - put_off.map_or(passed, |at| at.max(passed)), pass_within) => {}
        None if put_off.is_some_and(|at| !is_over(now - at, pass_within)) => {}
        // One that takes long gets on, or `/healthz` tells that it does not; the first one is a first load.
        Some(_) | None if is_passing => {}
        Some(passed) => reasons.push(format!("no pass has ended for {}", words(since(passed, now)))),
        None => reasons.push("no pass has ended since the start".to_owned()),
    }
    for (side, begun) in &signs.ill {
        reasons.push(format!("{side} keeps failing, for {}", words(since(*begun, now))));
    }
    if let Err(error) = writable {
        reasons.push(format!("the state cannot be written: {error}"));
    }
    Health::of(signs, reasons)
}

/// Whether the state could be written now. Nothing is, and it is not opened: who closes a state lets go of SQLite's locks
/// ([`Store`](crate::store::Store)).
pub(super) fn is_writable(state: &Path) -> io::Result<()> {
    rustix::fs::access(state, Access::WRITE_OK)?;
    if free_bytes(state)? < NEEDED_BYTES {
        return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full"));
    }
    Ok(())
}

fn is_over(time: TimeDelta, limit: Duration) -> bool {
    time > TimeDelta::from_std(limit).unwrap_or(TimeDelta::MAX)
}

fn since(moment: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - moment).to_std().unwrap_or_default()
}

fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds / 60) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::domain::record::Side;
    use crate::store::Store;
    use crate::store::lock::WriterLock;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(minute: u32) -> DateTime<Utc> {
        format!("2026-11-23T08:{minute:02}:00Z").parse().unwrap()
    }

    fn signs() -> Signs {
        Signs { turned: Some(10 * MINUTE), passed: Some(at(10)), ..Signs::default() }
    }

    #[test]
    fn who_moved_a_moment_ago_is_alive() {
        assert!(is_alive(&signs(), 11 * MINUTE, 5 * MINUTE).ok);
        let stuck = is_alive(&signs(), 16 * MINUTE, 5 * MINUTE);
        assert_eq!(stuck.reasons, ["nothing has moved for 6 min"]);
        assert!(!is_alive(&Signs::default(), 10 * MINUTE, MINUTE).ok, "it has not begun");
    }

    #[test]
    fn a_pass_that_takes_long_is_not_late_while_it_gets_on() {
        let under_way = Signs { is_passing: true, turned: Some(59 * MINUTE), ..signs() };
        assert!(is_passing(&under_way, 60 * MINUTE, 5 * MINUTE) && !is_passing(&under_way, 70 * MINUTE, 5 * MINUTE));
        assert!(!is_passing(&signs(), 10 * MINUTE, 5 * MINUTE), "none is under way");
        assert!(is_ready(&under_way, at(59), true, 5 * MINUTE, 15 * MINUTE, Ok(())).ok);
        assert!(!is_ready(&under_way, at(59), false, 5 * MINUTE, 15 * MINUTE, Ok(())).ok, "it hangs");
    }

    #[test]
    fn whoever_passes_and_writes_is_ready_and_else_all_reasons_are_told() {
        assert!(is_ready(&signs(), at(12), false, 5 * MINUTE, 15 * MINUTE, Ok(())).ok);
        let mut ill = signs();
        ill.ill.insert(Side::Crm, at(20));
        let health =
            is_ready(&ill, at(30), false, 5 * MINUTE, 15 * MINUTE, Err(io::Error::other("read-only file system")));
        let wanted = [
            "no pass has ended for 20 min",
            "CRM keeps failing, for 10 min",
            "the state cannot be written: read-only file system",
        ];
        assert_eq!((health.ok, health.reasons), (false, wanted.map(str::to_owned).to_vec()));
        assert_eq!(
            is_ready(&Signs::default(), at(0), false, MINUTE, MINUTE, Ok(())).reasons,
            ["no pass has ended since the start"]
        );
    }

    #[test]
    fn a_pass_that_was_put_off_is_not_missed_before_its_time() {
        let is_ready = |signs: &Signs, minute| is_ready(signs, at(minute), false, 5 * MINUTE, 15 * MINUTE, Ok(())).ok;
        let put_off = Signs { due: Some(at(40)), ..signs() };
        assert!(is_ready(&put_off, 39) && is_ready(&put_off, 50));
        assert!(!is_ready(&put_off, 51), "its time came, and it did not");
        let usual = Signs { due: Some(at(15)), ..signs() };
        assert!(is_ready(&usual, 25) && !is_ready(&usual, 26));
        let at_night = Signs { due: Some(at(40)), ..Signs::default() };
        assert!(is_ready(&at_night, 39) && !is_ready(&at_night, 51), "it was started in quiet hours");
    }

    #[test]
    fn a_state_that_is_not_there_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        assert_eq!(is_writable(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::write(&path, "").unwrap();
        is_writable(&path).unwrap();
    }

    /// The locks that the kernel knows on a file (`proc_locks(5)`), without the numbers of their lines.
    fn locks_on(path: &Path) -> Vec<String> {
        let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let on_it = locks.lines().filter(|line| line.contains(&inode));
        on_it.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    #[tokio::test]
    async fn asking_whether_a_state_can_be_written_lets_go_of_no_lock_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        let store = Store::open(&WriterLock::take(&path).unwrap()).await.unwrap();
        let held = locks_on(&path);
        assert!(!held.is_empty(), "whoever has a state open keeps others from removing its log");
        is_writable(&path).unwrap();
        assert_eq!(locks_on(&path), held);
        store.close().await.unwrap();
    }
}
