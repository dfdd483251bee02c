//! `backup`: a copy of the state, made while it may be in use.

use std::io::Write;
use std::path::Path;

use crate::config::Settings;
use crate::store;

/// Copies the state into a new file, for its owner alone. Exit code 0.
pub async fn backup(settings: &Settings, into: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let size = store::backup::backup(&settings.state_path, into).await?;
    writeln!(out, "copied and checked: {} ({} KiB)", into.display(), size.div_ceil(1024))?;
    writeln!(out, "It holds personal data. To put it back: flowtly-sync restore {}", into.display())?;
    Ok(0)
}
