//! `restore`: a backup takes the place of the state.

use std::io::Write;
use std::path::Path;

use crate::clock::Clock;
use crate::config::Settings;
use crate::store;
use crate::store::lock::WriterLock;

/// Puts a backup in the place of the state, which must not be in use, and says what comes next. Exit code 0.
pub async fn restore(settings: &Settings, clock: &dyn Clock, from: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let lock = WriterLock::take(&settings.state_path)?;
    let kept = store::backup::restore(&lock, from, clock.now()).await?;
    writeln!(out, "restored: {} is now {}", settings.state_path.display(), from.display())?;
    if let Some(kept) = kept {
        writeln!(out, "The state that was there is kept: {}", kept.display())?;
    }
    writeln!(
        out,
        "It is old, and has to prove itself: it links and asks, fills blanks, overwrites nothing by itself, and creates \
         nothing until it is allowed. Look at `flowtly-sync diff`, then `flowtly-sync reconcile --allow first-pass`."
    )?;
    Ok(0)
}
