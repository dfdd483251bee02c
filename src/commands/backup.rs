//! `backup`: a copy of the state, made while it may be in use.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use crate::config::Settings;
use crate::store;

/// Copies the state into a new file, for its owner alone. Exit code 0.
pub async fn backup(settings: &Settings, into: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let size = store::backup::backup(&settings.state_path, into).await?;
    writeln!(out, "copied and checked: {} ({} KiB)", into.display(), size.div_ceil(1024))?;
    writeln!(out, "It holds personal data. To put it back: flowtly-sync restore {}", into.display())?;
    Ok(0)
}

/// Writes a copy of the state to `out`, for where there is no other way to bring a file out. It is made and checked in a folder of
/// its own first, for its owner alone, of which nothing stays. Exit code 0.
pub async fn backup_to(settings: &Settings, is_terminal: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    if is_terminal {
        bail!("a copy of the state is no text for a terminal: write it into a file, `flowtly-sync backup - > FILE`");
    }
    let state = &settings.state_path;
    // An image that holds nothing but the program has no folder for temporary files.
    let folder = tempfile::tempdir().or_else(|_| {
        let folder = state.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::tempdir_in(folder)
    });
    let folder = folder.context("no temporary folder can be made for the copy")?;
    let path = folder.path().join("copy.sqlite");
    store::backup::backup(state, &path).await?;
    let mut copy = File::open(&path).context("the copy cannot be read")?;
    // From here on nothing stays even if the program is killed.
    fs::remove_file(&path).context("the copy cannot be removed")?;
    let written = io::copy(&mut copy, out).and_then(|_| out.flush());
    // Told also where the reader is gone: half a copy is a failure, other than half a list.
    written.map_err(|error| anyhow!("the copy was not written whole: {error}"))?;
    Ok(0)
}
