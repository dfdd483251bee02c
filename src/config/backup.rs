//! Which copies of the state the daemon keeps.

use std::path::Path;
use std::time::Duration;

use super::reader::Reader;
use crate::daemon::backups::Plan;

/// Reads `[backup]`; none where no folder is named. A relative one stands in the state's folder.
pub(super) fn read(reader: &mut Reader<'_>, state: &Path) -> Option<Plan> {
    let folder = reader.optional("backup.directory");
    let every = reader.duration("backup.every", Duration::from_mins(1)..=Duration::from_hours(24 * 30));
    let keep = reader.size("backup.keep", 10_000);
    Some(Plan { folder: state.with_file_name("").join(folder?), every, keep })
}
