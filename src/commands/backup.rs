//! `backup`: a copy of the state, made while it may be in use.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;

use super::session::unless_stopped;
use crate::config::Settings;
use crate::store;

/// Copies the state into a new file, for its owner alone. Exit code 0. Of one that is stopped nothing stays.
pub async fn backup(
    settings: &Settings,
    into: &Path,
    stop: &CancellationToken,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let size = unless_stopped(stop, store::backup::backup(&settings.state_path, into)).await?;
    writeln!(out, "copied and checked: {} ({} KiB)", into.display(), size.div_ceil(1024))?;
    writeln!(out, "It holds personal data. To put it back: flowtly-sync restore {}", into.display())?;
    Ok(0)
}

/// Writes a copy of the state to `out`, for where there is no other way to bring a file out. It is made and checked in a folder of
/// its own first, for its owner alone, of which nothing stays, be it stopped. Exit code 0.
pub async fn backup_to(
    settings: &Settings,
    is_terminal: bool,
    stop: &CancellationToken,
    out: File,
) -> anyhow::Result<u8> {
    if is_terminal {
        bail!("a copy of the state is no text for a terminal: write it into a file, `flowtly-sync backup - > FILE`");
    }
    let state = &settings.state_path;
    // An image that holds nothing but the program has no folder for temporary files.
    let folder = tempfile::tempdir().or_else(|_| tempfile::tempdir_in(store::folder_of(state)));
    let folder = folder.context("no temporary folder can be made for the copy")?;
    let path = folder.path().join("copy.sqlite");
    unless_stopped(stop, store::backup::backup(state, &path)).await?;
    let copy = File::open(&path).context("the copy cannot be read")?;
    // From here on nothing stays even if the program is killed.
    fs::remove_file(&path).context("the copy cannot be removed")?;
    let (mut copy, mut out) = (tokio::fs::File::from_std(copy), tokio::fs::File::from_std(out));
    let written = async {
        tokio::io::copy(&mut copy, &mut out).await?;
        out.flush().await
    };
    // Told also where the reader is gone: half a copy is a failure, other than half a list.
    let told = async { written.await.map_err(|error| anyhow!("the copy was not written whole: {error}")) };
    unless_stopped(stop, told).await?;
    Ok(0)
}
