//! The only formatter for people: text, Markdown, JSON.
//!
//! In reading order: a [`style`] says whether there are colours; [`clean`] makes what systems deliver harmless on a
//! terminal and in a table; [`words`] are what several reports share; [`lines`] are short lists in two forms; [`json`]
//! is for programs. Of these are made the [`plan`] report of a pass or a dry run, and the [`lists`] of the other commands.
//!
//! Everything writes into a [`std::io::Write`] and returns what that says: a reader that closes its end is no panic, see
//! [`is_closed_pipe`].
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

pub use plan::{Detail, Format, PlanReport};
pub use style::Style;

/// Whether an error only says that nobody reads the output any more (`flowtly-sync links | head`): not worth a word.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn only_a_closed_pipe_is_a_closed_pipe() {
        let broken: std::io::Result<()> = Err(std::io::ErrorKind::BrokenPipe.into());
        assert!(is_closed_pipe(&broken.context("printing").unwrap_err()));
        let full: std::io::Result<()> = Err(std::io::ErrorKind::StorageFull.into());
        assert!(!is_closed_pipe(&full.context("printing").unwrap_err()));
        assert!(!is_closed_pipe(&anyhow::anyhow!("broken pipe")));
    }
}
