//! Whether the state can be opened, who writes it, and which accounts it belongs to.

use std::collections::BTreeMap;

use super::{failure, ok};
use crate::config::Settings;
use crate::domain::record::Side;
use crate::render::lists::check::Finding;
use crate::store::lock::WriterLock;
use crate::store::{Store, StoreError, mark};

const AREA: &str = "state";

/// Looks at the state, and returns the accounts that it belongs to. Writes nothing.
pub(super) async fn look(settings: &Settings) -> (Vec<Finding>, BTreeMap<Side, String>) {
    let path = &settings.state_path;
    if !path.exists() {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let finding = match folder.filter(|folder| !folder.is_dir()) {
            Some(folder) => failure(
                AREA,
                format!("the folder {} is not there", folder.display()),
                Some("make it, or set state.path".to_owned()),
            ),
            None => ok(AREA, format!("there is none at {} yet; the first pass makes it", path.display())),
        };
        return (vec![finding], BTreeMap::new());
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
            findings.push(ok(AREA, format!("in use by {holder}; decisions have to wait until it is stopped")));
        }
        Ok(None) => {}
        Err(error) => findings.push(failure(AREA, error.to_string(), None)),
    }
    (findings, known)
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
