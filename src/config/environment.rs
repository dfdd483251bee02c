//! The environment as a value, so that tests inject one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// How variables that set a key begin; `__` separates the key's parts.
pub(super) const PREFIX: &str = "FLOWTLY_SYNC__";

/// Variables by name. Its `Debug` shows names only: values may be secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    garbled: BTreeSet<String>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os())
    }

    /// The environment that another process of this user, or any of whom root asks for, was started with (proc(5)).
    pub fn of_other_process(pid: u32) -> io::Result<Self> {
        let block = std::fs::read(format!("/proc/{pid}/environ"))?;
        let entries = block.split(|byte| *byte == 0).filter_map(|entry| {
            let (name, value) = entry.split_at_checked(entry.iter().position(|byte| *byte == b'=')?)?;
            Some((OsString::from_vec(name.to_vec()), OsString::from_vec(value.get(1..)?.to_vec())))
        });
        Ok(Self::of(entries))
    }

    fn of(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            if let Ok(value) = value.into_string() {
                environment.variables.insert(name, value);
            } else {
                environment.garbled.insert(name);
            }
        }
        environment
    }

    /// What systemd tells a service of its directories, and nothing else.
    pub fn of_service(configuration: &Path, state: &Path, credentials: &Path) -> Self {
        let directories = [
            ("CONFIGURATION_DIRECTORY", configuration),
            ("STATE_DIRECTORY", state),
            ("CREDENTIALS_DIRECTORY", credentials),
        ];
        directories.into_iter().map(|(name, path)| (name, path.to_string_lossy())).collect()
    }

    /// The file that is named for it, if one is (`FLOWTLY_SYNC_CONFIG`).
    pub fn configuration_file(&self) -> Option<PathBuf> {
        self.get("FLOWTLY_SYNC_CONFIG").map(PathBuf::from)
    }

    /// Whether nobody wants colours (<https://no-color.org>).
    pub fn forbids_colour(&self) -> bool {
        self.get("NO_COLOR").is_some()
    }

    /// The stream that goes to the journal (`JOURNAL_STREAM`, systemd.exec(5)): its device and inode.
    pub(crate) fn journal_stream(&self) -> Option<&str> {
        self.get("JOURNAL_STREAM")
    }

    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Where systemd keeps the state (`STATE_DIRECTORY`, systemd.exec(5)); the first, if it names several.
    pub(crate) fn state_directory(&self) -> Option<PathBuf> {
        self.directory("STATE_DIRECTORY")
    }

    /// Where systemd puts credentials (`CREDENTIALS_DIRECTORY`, systemd.exec(5)).
    pub(crate) fn credentials_directory(&self) -> Option<PathBuf> {
        self.directory("CREDENTIALS_DIRECTORY")
    }

    /// Where systemd expects configuration (`CONFIGURATION_DIRECTORY`, systemd.exec(5)); the first, if it names several.
    pub(crate) fn configuration_directory(&self) -> Option<PathBuf> {
        self.directory("CONFIGURATION_DIRECTORY")
    }

    /// The variables that set keys, with their names.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Names of variables that set keys and are not text.
    pub(super) fn garbled(&self) -> impl Iterator<Item = &str> {
        self.garbled.iter().filter(|name| name.starts_with(PREFIX)).map(String::as_str)
    }

    fn directory(&self, name: &str) -> Option<PathBuf> {
        self.get(name).and_then(|list| list.split(':').next()).map(PathBuf::from)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, garbled: BTreeSet::new() }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
