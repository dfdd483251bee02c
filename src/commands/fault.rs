//! Faults of this program itself: a panic is told without what it holds, which may be anybody's data, and ends it as an error does.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{AssertUnwindSafe, Location};

use futures_util::FutureExt as _;
use thiserror::Error;

use crate::telemetry::Pace;

/// A panic in what was to be done. Where it happened was told as it did.
#[derive(Debug, Error)]
#[error("this is a fault of the program, please report it with the line before; nothing that was written is lost")]
pub(super) struct Fault;

/// Has every panic told by its place.
pub(super) fn tell_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        super::complain_of(&told(panic.location(), &Backtrace::capture()), Pace::GoesOn);
    }));
}

fn told(location: Option<&Location<'_>>, backtrace: &Backtrace) -> String {
    let place = location.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    if backtrace.status() == BacktraceStatus::Captured {
        format!("the program failed at {place}\n{backtrace}")
    } else {
        format!("the program failed at {place}")
    }
}

/// What `work` comes to. One that panics fails, so that people can be told.
pub(super) async fn caught<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // What it leaves half done is the journal's, as after a kill; nothing of it is used again but to tell.
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(Fault.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_its_place_is_all_that_is_told() {
        let failed = caught::<()>(async {
            tokio::task::yield_now().await;
            std::panic::resume_unwind(Box::new("Jan Kowalski"))
        });
        let error = failed.await.unwrap_err();
        assert!(error.is::<Fault>() && !format!("{error:?}").contains("Kowalski"), "{error:?}");
        assert_eq!(caught(async { Ok(7) }).await.unwrap(), 7);
        let here = Location::caller();
        let text = told(Some(here), &Backtrace::disabled());
        assert!(text.starts_with("the program failed at src/commands/fault.rs:"), "{text}");
    }
}
