//! What a configuration comes to, and what is told about one that is wrong.

use std::path::Path;

use super::load::load_text;
use super::{Environment, Settings};

mod custom;
mod defaults;
mod log;
mod mapping;
mod notices;
mod problems;
mod rules;
mod schedule;
mod scope;
mod secrets;
mod systems;
mod values;
mod web;

/// The least that must be said: who we are.
const CREDENTIALS: [(&str, &str); 2] =
    [("FLOWTLY_SYNC__FLOWTLY__TOKEN", "flowtly-secret"), ("FLOWTLY_SYNC__HUBSPOT__TOKEN", "hubspot-secret")];

/// An environment with credentials and some more.
fn environment(more: &[(&str, &str)]) -> Environment {
    CREDENTIALS.iter().chain(more).copied().collect()
}

/// What a file's text comes to, credentials given; or its problems as they are told.
fn load_file(text: &str) -> Result<Settings, Vec<String>> {
    load_with(text, &environment(&[]))
}

/// What a file's text comes to in an environment.
fn load_with(text: &str, environment: &Environment) -> Result<Settings, Vec<String>> {
    load_text(Some((Path::new("sync.toml"), text)), environment)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// The problems of a file's text.
fn told(text: &str) -> Vec<String> {
    load_file(text).err().unwrap_or_default()
}
