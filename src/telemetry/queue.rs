//! Log lines on their way out of a daemon: whoever logs waits for nobody.
//!
//! A journald that hangs (a frozen disk, a stopped process) no longer empties its sockets, and whoever writes into a full one is
//! stopped: passes, and the workers that answer webhooks. So lines go through a queue to a thread of their own, which alone may be
//! held up. What does not fit is dropped, counted, and told as soon as the queue is empty, which is where the gap is.
//!
//! Written here and not taken from `tracing-appender`: that one tells nobody what it dropped, bounds its queue by lines and not by
//! what they weigh, and brings another crate for dates and one for channels.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How many bytes of lines wait at most? A pass at its most talkative writes less within a second.
const BYTES: usize = 1 << 20;

/// How long are lines waited for when the program ends? A journal that has not taken them by then hangs.
pub(super) const FLUSH: Duration = Duration::from_secs(1);

/// The way in.
#[derive(Clone)]
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    lines: Mutex<Lines>,
    /// There is something to do for the thread.
    filled: Condvar,
    /// There is nothing left to do for it.
    emptied: Condvar,
}

#[derive(Default)]
struct Lines {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    lost: u64,
    /// From the first line that does not fit until the queue is empty and it is told: so there is one gap, and its place is known.
    is_gap: bool,
    is_writing: bool,
}

/// What the thread does next.
enum Next {
    Write(Vec<u8>),
    Tell(u64),
}

impl Queue {
    /// A queue whose lines a thread gives to `write`, one at a time and in their order. How many were lost is given to `tell`,
    /// which may log it.
    pub(super) fn start(
        mut write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
        tell: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { lines: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new() });
        let queue = Self(Arc::clone(&shared));
        let work = move || {
            // What was refused is told once something is taken again: telling it is a line, too, and where nobody takes any (a
            // terminal that was closed) there would be no end of it.
            let mut refused = 0;
            loop {
                match shared.next() {
                    Next::Write(line) => match write(&line) {
                        Ok(()) => shared.lines().lost += std::mem::take(&mut refused),
                        Err(_) => refused += 1,
                    },
                    Next::Tell(lost) => tell(lost),
                }
            }
        };
        // It ends with the process: it holds nothing that would have to be put away.
        thread::Builder::new().name("log".to_owned()).spawn(work)?;
        Ok(queue)
    }

    /// Puts a line into the queue, or counts it as lost.
    pub(super) fn push(&self, line: Vec<u8>) {
        let mut lines = self.0.lines();
        lines.is_gap |= lines.bytes.saturating_add(line.len()) > BYTES;
        if lines.is_gap {
            lines.lost += 1;
            return;
        }
        lines.bytes += line.len();
        lines.waiting.push_back(line);
        drop(lines);
        self.0.filled.notify_one();
    }

    /// Waits until all that was put in is out, for so long at most. Returns whether it is.
    pub(super) fn flush(&self, within: Duration) -> bool {
        let is_busy = |lines: &mut Lines| lines.is_writing || !lines.waiting.is_empty() || lines.lost > 0;
        let waited = self.0.emptied.wait_timeout_while(self.0.lines(), within, is_busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Shared {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to do, once there is something. Nothing wakes an idle thread but a line.
    fn next(&self) -> Next {
        let mut lines = self.lines();
        lines.is_writing = false;
        loop {
            if let Some(line) = lines.waiting.pop_front() {
                lines.bytes = lines.bytes.saturating_sub(line.len());
                lines.is_writing = true;
                return Next::Write(line);
            }
            if lines.lost > 0 {
                lines.is_writing = true;
                lines.is_gap = false;
                return Next::Tell(std::mem::take(&mut lines.lost));
            }
            self.emptied.notify_all();
            lines = self.filled.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

/// One line: the formatter writes each as a whole.
impl io::Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_mins(1);

    type Lines = Arc<Mutex<Vec<Vec<u8>>>>;

    /// A queue to a journal that takes a line each time it is let, and what it took.
    fn held() -> (Queue, mpsc::Sender<()>, Lines) {
        let (lets, let_by) = mpsc::channel::<()>();
        let taken = Lines::default();
        let (journal, told) = (Arc::clone(&taken), Arc::clone(&taken));
        let write = move |line: &[u8]| {
            // Once nobody is there to let it, it takes everything.
            let _ = let_by.recv();
            journal.lock().unwrap().push(line.to_vec());
            Ok(())
        };
        let tell = move |lost| told.lock().unwrap().push(format!("{lost} lost").into_bytes());
        (Queue::start(write, tell).unwrap(), lets, taken)
    }

    #[test]
    fn nobody_waits_for_a_journal_that_hangs_and_what_was_lost_is_told_where_it_is_missing() {
        let (queue, lets, taken) = held();
        let line = |number: u32| format!("{number:0>1024}").into_bytes();
        // Whether one is with the journal already, as the others fill the queue, is the thread's affair.
        for number in 0..3_000 {
            queue.push(line(number));
        }
        assert!(!queue.flush(Duration::ZERO), "a journal that hangs is not waited for without end");
        drop(lets);
        assert!(queue.flush(PATIENCE));
        queue.push(b"later".to_vec());
        assert!(queue.flush(PATIENCE));
        let mut taken = taken.lock().unwrap().clone();
        assert_eq!(taken.pop().unwrap(), b"later");
        let told = String::from_utf8(taken.pop().unwrap()).unwrap();
        let in_order: Vec<Vec<u8>> = (0..3_000).map(line).take(taken.len()).collect();
        assert_eq!(taken, in_order, "what was taken is the beginning, in its order");
        assert!((1024..=1025).contains(&taken.len()), "{}", taken.len());
        assert_eq!(told, format!("{} lost", 3_000 - taken.len()));
    }

    #[test]
    fn what_the_journal_refuses_is_told_once_it_takes_something_and_never_before() {
        let (told, hears) = mpsc::channel();
        let tell = move |lost| told.send(lost).unwrap();
        let mut refusals = 3_i32;
        let write = move |_: &[u8]| {
            let refuses = refusals > 0;
            refusals -= 1;
            if refuses { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
        };
        let queue = Queue::start(write, tell).unwrap();
        for _ in 0..3 {
            queue.push(b"refused".to_vec());
        }
        assert!(queue.flush(PATIENCE), "nothing is left to do");
        assert!(hears.try_recv().is_err(), "nobody would hear it");
        queue.push(b"taken".to_vec());
        assert_eq!(hears.recv_timeout(PATIENCE).unwrap(), 3);
    }
}
