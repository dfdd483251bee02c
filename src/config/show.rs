//! The effective configuration, for people: TOML, with secrets as `***`.

use std::path::Path;

use toml::{Table, Value};

use super::key::Key;
use super::layers::Layers;
use super::secret::FILE;

const MASK: &str = "***";

/// The merged layers as TOML, with the state's path as it came out.
pub(super) fn show(layers: Layers, state_path: &Path) -> String {
    let file = layers.file().map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
    let variables: Vec<&str> = layers.variable_names().collect();
    let variables = if variables.is_empty() { "no variables".to_owned() } else { variables.join(", ") };
    let mut tree = layers.into_tree();
    for secret in secrets(&tree, &Key::ROOT) {
        mask(&mut tree, &secret);
    }
    // A header may be a credential as well as a tenant's name.
    let headers = tree.get("flowtly").and_then(|flowtly| flowtly.get("headers")).and_then(Value::as_table);
    for name in headers.map(|headers| headers.keys().cloned().collect::<Vec<_>>()).unwrap_or_default() {
        mask(&mut tree, &Key::of("flowtly.headers").child(&name));
    }
    if let Some(Value::Table(state)) = tree.get_mut("state") {
        state.insert("path".to_owned(), Value::String(state_path.display().to_string()));
    }
    let body = toml::to_string_pretty(&tree).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"));
    format!("# Defaults, then {file}, then {variables}.\n{body}")
}

/// The keys that have a neighbour for a file.
fn secrets(table: &Table, parent: &Key) -> Vec<Key> {
    let mut found = Vec::new();
    for (name, value) in table {
        let key = parent.child(name);
        if let Value::Table(inner) = value {
            found.extend(secrets(inner, &key));
        } else if table.contains_key(&format!("{name}{FILE}")) {
            found.push(key);
        }
    }
    found
}

fn mask(tree: &mut Table, key: &Key) {
    let Some((last, parents)) = key.parts().split_last() else { return };
    let table = parents.iter().try_fold(tree, |table, part| table.get_mut(part).and_then(Value::as_table_mut));
    if let Some(value) = table.and_then(|table| table.get_mut(last))
        && value.as_str() != Some("")
    {
        *value = Value::String(MASK.to_owned());
    }
}
