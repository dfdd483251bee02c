//! Whether the state can be opened, who writes it, and which accounts it belongs to.

use std::collections::BTreeMap;
use std::path::Path;

use super::{failure, ok, warning};
use crate::config::{Environment, Settings};
use crate::domain::record::Side;
use crate::render::lists::check::Finding;
use crate::store::lock::WriterLock;
use crate::store::{Store, StoreError, folder_of, free_bytes, mark};

const AREA: &str = "state";

/// Below this nothing works well: logs, temporary files and the write-ahead log need room too.
const LITTLE: u64 = 64 * MEBIBYTE;

const MEBIBYTE: u64 = 1 << 20;

/// Looks at the state, and returns the accounts that it belongs to. Writes nothing.
pub(super) async fn look(settings: &Settings) -> (Vec<Finding>, BTreeMap<Side, String>) {
    let path = &settings.state_path;
    if !path.exists() {
        let finding = absent(path, Environment::of_process().state_directory().as_deref());
        return (std::iter::once(finding).chain(room(path)).collect(), BTreeMap::new());
    }
    let mut findings = Vec::new();
    let mut known = BTreeMap::new();
    match accounts(settings).await {
        Ok(accounts) => {
            known = accounts;
            findings.push(ok(AREA, format!("{} can be read", path.display())));
        }
        // These errors say their mend.
        Err(error) => findings.push(failure(AREA, error.to_string(), None)),
    }
    match WriterLock::holder(path) {
        Ok(Some(holder)) => {
            findings.push(ok(AREA, format!("in use by {holder}; a daemon takes decisions while it runs")));
        }
        Ok(None) => {}
        Err(error) => findings.push(failure(AREA, error.to_string(), None)),
    }
    findings.extend(room(path));
    (findings, known)
}

/// No state is there yet. Nor need the folder be that systemd makes as the service starts.
fn absent(state: &Path, of_service: Option<&Path>) -> Finding {
    let folder = state.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| !folder.is_dir()) {
        Some(folder) if of_service == Some(folder) => {
            let message =
                format!("there is none at {} yet; the service makes the folder as it starts", state.display());
            ok(AREA, message)
        }
        Some(folder) => failure(
            AREA,
            format!("the folder {} is not there", folder.display()),
            Some("make it, or set state.path".to_owned()),
        ),
        None => ok(AREA, format!("there is none at {} yet; the first pass makes it", state.display())),
    }
}

/// How much room there is where the state is, told where the system tells it. A backup, and a dry run's working copy, need
/// as much as the state has.
fn room(state: &Path) -> Option<Finding> {
    let folder = folder_of(state);
    let free = free_bytes(folder).ok()?;
    let size = std::fs::metadata(state).map_or(0, |file| file.len());
    Some(told_room(folder, free, size))
}

fn told_room(folder: &Path, free: u64, size: u64) -> Finding {
    let needed = size.saturating_mul(2).max(LITTLE);
    let message = format!("{} MiB are free in {}", free / MEBIBYTE, folder.display());
    if free >= needed {
        ok(AREA, message)
    } else {
        let mend = format!("free space there: {} MiB at least, twice the size of the state", needed / MEBIBYTE);
        warning(AREA, message, mend)
    }
}

async fn accounts(settings: &Settings) -> Result<BTreeMap<Side, String>, StoreError> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut accounts = BTreeMap::new();
    for side in Side::BOTH {
        accounts.extend(mark::account(store.connection(), side).await?.map(|id| (side, id)));
    }
    store.close().await?;
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::render::lists::check::Health;

    #[rstest]
    #[case::plenty(1_000, 1, Health::Ok)]
    #[case::little(63, 1, Health::Warning)]
    #[case::less_than_twice_the_state(1_000, 501, Health::Warning)]
    #[case::twice_the_state(1_000, 500, Health::Ok)]
    fn little_room_is_a_warning(#[case] free: u64, #[case] size: u64, #[case] health: Health) {
        let finding = told_room(Path::new("/var/lib"), free * MEBIBYTE, size * MEBIBYTE);
        assert_eq!(finding.health, health, "{}", finding.message);
        assert!(finding.message.contains(&format!("{free} MiB are free in /var/lib")), "{}", finding.message);
    }

    #[test]
    fn a_folder_that_the_service_makes_as_it_starts_is_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        let of_service = folder.path().join("flowtly-sync");
        let state = of_service.join("flowtly-sync.sqlite");
        let told = |of_service| absent(&state, of_service);
        assert_eq!(told(Some(of_service.as_path())).health, Health::Ok);
        assert_eq!(told(Some(folder.path())).health, Health::Failure);
        assert_eq!(told(None).health, Health::Failure);
    }

    #[test]
    fn the_room_of_a_folder_is_known() {
        let directory = tempfile::tempdir().unwrap();
        assert!(room(&directory.path().join("state.sqlite")).is_some());
        assert!(room(&directory.path().join("missing").join("state.sqlite")).is_none());
    }
}
