//! `restore`: a backup takes the place of the state.

use std::fs::metadata;
use std::io::Write;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::config::Settings;
use crate::store;
use crate::store::lock::WriterLock;

/// Puts a backup in the place of the state, which must not be in use, and says what comes next. Exit code 0.
pub async fn restore(settings: &Settings, clock: &dyn Clock, from: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let state = &settings.state_path;
    // Looked at before the lock, which makes a file of its own.
    let owner = owner(state);
    let lock = WriterLock::take(state)?;
    let kept = store::backup::restore(&lock, from, clock.now()).await?;
    writeln!(out, "restored: {} is now {}", settings.state_path.display(), from.display())?;
    if let Some(kept) = kept {
        writeln!(out, "The state that was there is kept: {}", kept.display())?;
    }
    if let Some(owner) = owner {
        for file in [state.clone(), store::lock::lock_path(state)] {
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
fn owner(state: &Path) -> Option<Owner> {
    let folder =
        state.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(PathBuf::from("."), PathBuf::from);
    let owner = |path: &Path| metadata(path).ok().map(|file| (file.uid(), file.gid()));
    owner(state).filter(|(user, _)| *user != 0).or_else(|| owner(&folder))
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
            let file = file.display();
            writeln!(out, "{file} is yours now ({error}); for whom it was before: chown {user}:{group} {file}")
        }
    }
}
