//! Which instances there are: the folders of their configurations, and of their states, as the template unit names them.

use std::fs::{self, DirEntry};
use std::io;
use std::path::PathBuf;

use anyhow::Context as _;

/// How the folder of a state begins; the instance's name follows after a hyphen.
const STATE: &str = "flowtly-sync";

/// The service that is no instance, whose configuration stands in the folder itself.
const ALONE: &str = "flowtly-sync.service";

/// Where secrets of that service are, beside the folders of instances.
const SECRETS: &str = "secrets";

/// The file in the folder of a configuration.
const CONFIGURATION: &str = "config.toml";

/// Where instances are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The folder with a folder for each instance's configuration, named as the instance is.
    pub configurations: PathBuf,
    /// The folder with a folder for each instance's state, `flowtly-sync-NAME`.
    pub states: PathBuf,
}

/// Where the things of one instance are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// What it is called.
    pub(super) name: String,
    /// What its unit is called.
    pub(super) unit: String,
    /// The folder of its configuration.
    pub(super) configuration: PathBuf,
    /// The folder of its state.
    pub(super) state: PathBuf,
    /// It is no instance of the template: another unit, by the clock, may make its passes.
    pub(super) is_alone: bool,
}

impl Place {
    /// Its configuration.
    pub(super) fn file(&self) -> PathBuf {
        self.configuration.join(CONFIGURATION)
    }

    /// Its secrets.
    pub(super) fn secrets(&self) -> PathBuf {
        self.configuration.join(SECRETS)
    }
}

/// All instances, by name, the service without a name last. Fails where the folder itself cannot be read.
pub(super) fn found(places: &Places) -> anyhow::Result<Vec<Place>> {
    let folder = places.configurations.display();
    let entries = fs::read_dir(&places.configurations)
        .and_then(Iterator::collect::<io::Result<Vec<DirEntry>>>)
        .with_context(|| format!("{folder} cannot be read: name the folder of the configurations with --all DIR"))?;
    let mut found: Vec<Place> = entries.iter().filter_map(|entry| instance(places, entry)).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    if places.configurations.join(CONFIGURATION).exists() {
        found.push(Place {
            name: ALONE.to_owned(),
            unit: STATE.to_owned(),
            configuration: places.configurations.clone(),
            state: places.states.join(STATE),
            is_alone: true,
        });
    }
    Ok(found)
}

/// The instance that a folder is of. One that may not be looked into is an instance, too.
fn instance(places: &Places, entry: &DirEntry) -> Option<Place> {
    let name = entry.file_name().to_string_lossy().into_owned();
    let configuration = entry.path();
    let is_file = fs::metadata(&configuration).is_ok_and(|meta| !meta.is_dir());
    let is_of_alone = name == SECRETS && !configuration.join(CONFIGURATION).exists();
    (!is_file && !is_of_alone && !name.starts_with('.')).then(|| Place {
        unit: format!("{STATE}@{name}"),
        state: places.states.join(format!("{STATE}-{name}")),
        name,
        configuration,
        is_alone: false,
    })
}
