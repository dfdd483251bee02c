//! `restore`: a backup takes the place of the state.

use std::fs::{File, metadata};
use std::io::Write;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use anyhow::bail;
use tokio_util::sync::CancellationToken;

use super::session::unless_stopped;
use crate::clock::Clock;
use crate::config::Settings;
use crate::render::clean::Word;
use crate::store;
use crate::store::lock::{WriterLock, lock_path};
use crate::store::restore::{Ready, ready, ready_from};

/// Puts a backup, or the newest one in a folder, in the place of the state, which must not be in use, and says what comes next.
/// Exit code 0.
pub async fn restore(settings: &Settings, clock: &dyn Clock, from: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let state = &settings.state_path;
    // Looked at before the lock, which makes a file of its own.
    let owner = owner(state);
    let lock = WriterLock::take(state)?;
    let now = clock.now();
    let newest = if from.is_dir() { Some(store::copies::newest(from, state, now).await?) } else { None };
    let from = newest.as_deref().unwrap_or(from);
    let ready = ready(&lock, from, now).await?;
    put(state, owner, ready, clock, &from.display().to_string(), out).await
}

/// The same with a backup that comes in a stream, for where there is no other way to bring a file in. Of one that is stopped, or
/// fails, nothing stays.
pub async fn restore_from(
    settings: &Settings,
    clock: &dyn Clock,
    (input, is_terminal): (File, bool),
    stop: &CancellationToken,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    if is_terminal {
        bail!("a copy of the state is not typed: read it from a file, `flowtly-sync restore - < FILE`");
    }
    let state = &settings.state_path;
    let owner = owner(state);
    let lock = WriterLock::take(state)?;
    let ready = unless_stopped(stop, ready_from(&lock, input, clock.now())).await?;
    put(state, owner, ready, clock, "what came by standard input", out).await
}

async fn put(
    state: &Path,
    owner: Option<Owner>,
    ready: Ready<'_>,
    clock: &dyn Clock,
    what: &str,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let kept = ready.take_place(clock.now()).await?;
    writeln!(out, "restored: {} is now {what}", state.display())?;
    if let Some(kept) = kept {
        writeln!(out, "The state that was there is kept: {}", kept.display())?;
    }
    if let Some(owner) = owner {
        for file in [state.to_path_buf(), lock_path(state)] {
            given_to(owner, &file, out)?;
        }
    }
    writeln!(
        out,
        "It is old, and has to prove itself: it links and asks, fills blanks, overwrites nothing by itself, and creates \
         nothing until it is allowed. Look at `flowtly-sync diff`, then `flowtly-sync reconcile --allow first-pass`."
    )?;
    Ok(0)
}

/// User and group.
type Owner = (u32, u32);

/// Whose the state is to be: whose it was, or whose the folder is, where there was none, or one that root made beside the service.
/// In a folder of root's (a volume that a group may write to) it is whoever's who restores it.
fn owner(state: &Path) -> Option<Owner> {
    let owner = |path: &Path| {
        let owner = metadata(path).ok().map(|file| (file.uid(), file.gid()));
        owner.filter(|(user, _)| *user != 0)
    };
    owner(state).or_else(|| owner(store::folder_of(state)))
}

/// A file that root makes would be closed to the service; who is not root can give nothing away, and is told.
fn given_to(owner: Owner, file: &Path, out: &mut dyn Write) -> std::io::Result<()> {
    let is = metadata(file).map(|file| (file.uid(), file.gid()));
    if is.is_ok_and(|is| is.0 == owner.0) {
        return Ok(());
    }
    let (user, group) = owner;
    match chown(file, Some(user), Some(group)) {
        Ok(()) => Ok(()),
        Err(error) => {
            let (shown, file) = (file.display(), Word(file));
            writeln!(out, "{shown} is yours now ({error}); for whom it was before: chown {user}:{group} {file}")
        }
    }
}
