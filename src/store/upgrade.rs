//! A state of an older release is copied before it is brought to the schema of this one: nothing leads back but that copy.
//!
//! The copy stands beside the state until the next upgrade. The older release takes it by `restore`.

use std::fs;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use super::backup::{Half, check_copy, failed, lacks_room, make_new, remove_if_there, size, sync_folder, vacuum};
use super::{Connection, StoreError, beside, folder_of};

/// How the name of such a copy ends; the schema that it has follows.
const ENDING: &str = ".before-upgrade-";

/// Copies the state, which has this schema, through the connection of who is about to change it. One of the same schema is
/// replaced; that of an upgrade before stays until [`keep`].
pub(super) async fn copy(connection: &mut Connection, state: &Path, schema: i64) -> Result<PathBuf, StoreError> {
    info!(state.schema = schema, "the state is of an older release (schema {schema}) and is copied first");
    let copy = beside(state, &format!("{ENDING}{schema}"));
    match make(connection, state, &copy).await {
        Ok(()) => Ok(copy),
        Err(StoreError::File { path, message }) => {
            let message = format!("{}: {message}", path.display());
            Err(StoreError::NotCopied { path: state.to_path_buf(), message })
        }
        Err(StoreError::Corrupt { message, .. }) => Err(StoreError::Corrupt { path: state.to_path_buf(), message }),
        Err(error) => Err(error),
    }
}

async fn make(connection: &mut Connection, state: &Path, copy: &Path) -> Result<(), StoreError> {
    let fresh = beside(state, ".upgrading");
    remove_if_there(&fresh)?;
    // What is changed then may take as much again.
    lacks_room(state, &fresh, size(state))?;
    make_new(&fresh)?;
    let half = Half::of(&fresh);
    vacuum(connection, state, &fresh).await?;
    check_copy(&fresh).await?;
    fs::rename(&fresh, copy).map_err(|error| failed(copy, &error))?;
    half.keep();
    sync_folder(copy)
}

/// The state has been brought to the schema of this release: this is the copy that leads back, and one of an upgrade before goes.
pub(super) fn keep(state: &Path, copy: &Path) {
    info!(
        "the state was brought to the schema of this release; as it was before it is kept, for the release before: {}",
        copy.display()
    );
    for (_, older) in copies(state).into_iter().filter(|(_, other)| other != copy) {
        if let Err(error) = remove_if_there(&older) {
            warn!("the copy of an upgrade before stays: {error}");
        }
    }
}

/// The newest copy that a release can read which knows this schema.
pub(super) fn readable(state: &Path, known: i64) -> Option<PathBuf> {
    copies(state).into_iter().filter(|(schema, _)| *schema <= known).max().map(|(_, copy)| copy)
}

/// The copies beside the state with their schemas. Where the folder cannot be read there is none for whoever looks.
fn copies(state: &Path) -> Vec<(i64, PathBuf)> {
    let begins = beside(state, ENDING);
    let begins = begins.file_name().unwrap_or_default().to_string_lossy();
    let entries = fs::read_dir(folder_of(state)).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let schema = name.to_str()?.strip_prefix(&*begins)?.parse().ok()?;
            Some((schema, state.with_file_name(name)))
        })
        .collect()
}
