//! The only formatter for people: text, Markdown, JSON.
//!
//! In reading order: a [`style`] says whether there are colours; [`clean`] makes what systems deliver harmless on a
//! terminal and in a table; [`words`] are what several reports share; [`lines`] are short lists in two forms; [`json`]
//! is for programs. Of these are made the [`plan`] report of a pass or a dry run, and the [`lists`] of the other commands.
//!
//! Everything writes into a [`std::io::Write`] and returns what that says: a reader that closes its end is no panic, and where the
//! output of a command ends up, no failure either: [`Patient`].
//!
//! Architecture invariant: what is shown was computed elsewhere. Nothing here reads the state, a system or a clock.

pub mod style;
pub mod clean;
pub mod words;
pub mod lines;
pub mod json;
pub mod plan;
pub mod lists;
pub mod progress;

use std::io::{self, Write};

pub use plan::{Detail, Format, PlanReport};
pub use style::Style;

/// Output that goes on where nobody reads it any more (`flowtly-sync links | head`): that is not worth a word, and what was found out
/// holds all the same.
#[derive(Debug)]
pub struct Patient<W> {
    inner: W,
    is_closed: bool,
}

impl<W: Write> Patient<W> {
    /// Writes into `inner` for as long as somebody reads.
    pub const fn new(inner: W) -> Self {
        Self { inner, is_closed: false }
    }

    fn unless_closed<T>(&mut self, otherwise: T, write: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.is_closed {
            return Ok(otherwise);
        }
        match write(&mut self.inner) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(otherwise)
            }
            written => written,
        }
    }
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_closed(bytes.len(), |inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(io::ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn who_stops_reading_stops_nothing_and_a_full_disk_does() {
        let mut out = Patient::new(Closed(io::ErrorKind::BrokenPipe));
        writeln!(out, "one").unwrap();
        writeln!(out, "two").unwrap();
        out.flush().unwrap();
        writeln!(Patient::new(Closed(io::ErrorKind::StorageFull)), "one").unwrap_err();
        let mut told = Vec::new();
        write!(Patient::new(&mut told), "all of it").unwrap();
        assert_eq!(told, b"all of it");
    }
}
