//! A configuration that is not in its file yet: as `init` makes one out of what it was told, answer by answer.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use toml::Value;

use super::environment::{Environment, PREFIX};
use super::key::Key;
use super::load::load_text;
use super::problem::Problems;
use super::settings::Settings;

/// How often a request is sent again that failed, and may be: whoever waits for an answer at a prompt is told soon.
const TRIES: &str = "2";

/// How long one request may take.
const TIMEOUT: &str = "20s";

/// Reads settings as [`load`](super::load()) would read them from the file at `path`, and secrets that are in no file yet.
/// Variables of the process have no say: what is judged here is what was answered.
pub(crate) fn load_draft(
    path: &Path,
    settings: &[(Key, Value)],
    secrets: &[(Key, SecretString)],
) -> Result<Settings, Problems> {
    let lines: Vec<String> = settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    load_new(path, &lines.join("\n"), secrets)
}

/// The same of a text that is going to be written there.
pub(crate) fn load_new(path: &Path, text: &str, secrets: &[(Key, SecretString)]) -> Result<Settings, Problems> {
    let variables = secrets.iter().map(|(key, secret)| (key.variable(), secret.expose_secret().to_owned()));
    let patience = [("HTTP__RETRY_MAX_TRIES", TRIES), ("HTTP__TIMEOUT", TIMEOUT)];
    let patience = patience.map(|(name, value)| (format!("{PREFIX}{name}"), value.to_owned()));
    load_text(Some((path, text)), &variables.chain(patience).collect())
}

/// A secret as its variable gives it.
pub(crate) fn secret_variable(environment: &Environment, key: &Key) -> Option<SecretString> {
    environment.get(&key.variable()).map(SecretString::from)
}
