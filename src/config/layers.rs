//! Compiled-in defaults, the user's file and variables become one tree that remembers where each key was set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat};
use toml::{Table, Value};

use super::environment::{Environment, PREFIX};
use super::key::Key;
use super::positions::{self, Found, Sort};
use super::problem::{Place, Problem};
use super::system::{self, Sections};
use crate::connector::registry::{CrmSystem, SYSTEMS};

/// Every key with its default; the CRM's own are in its [`CrmSystem::defaults`].
const DEFAULTS: &str = include_str!("../../config/default.toml");
/// Flowtly's own shape.
const FLOWTLY_MAPPING: &str = include_str!("../../config/mapping/flowtly.toml");

/// Tables whose keys are names of the user's choice or of a record's fields: whoever reads them checks them.
const OPEN: [&str; 17] = [
    "flowtly.headers",
    "flowtly.defaults.company",
    "flowtly.defaults.contact",
    "crm.defaults.company",
    "crm.defaults.contact",
    "rules.company.fields",
    "rules.contact.fields",
    "scope.crm.company",
    "scope.crm.contact",
    "scope.flowtly.company",
    "scope.flowtly.contact",
    "mapping.company",
    "mapping.contact",
    "mapping.flowtly.company",
    "mapping.flowtly.contact",
    "custom.company",
    "custom.contact",
];

/// The merged tree. It holds secrets that variables set, so it has no `Debug`.
pub(super) struct Layers {
    tree: Table,
    file: Option<PathBuf>,
    found: BTreeMap<Key, Found>,
    variables: BTreeMap<Key, String>,
    system: &'static CrmSystem,
}

/// What the defaults say of a key.
enum Known {
    Sort(Sort),
    Open,
    Missing,
}

impl Layers {
    /// Merges the layers; adds what is wrong with keys to `problems`. `None` if the file is not TOML.
    pub(super) fn gather(
        file: Option<(&Path, &str)>,
        environment: &Environment,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let text = file.map_or("", |(_, text)| text);
        let mut layers = Self {
            tree: Table::new(),
            file: file.map(|(path, _)| path.to_owned()),
            found: BTreeMap::new(),
            variables: BTreeMap::new(),
            system: system::FIRST,
        };
        match positions::index(text) {
            Ok(found) => layers.found = found,
            Err(errors) => {
                problems.extend(errors.into_iter().map(|error| Problem {
                    place: layers.place_in_file(error.position),
                    key: Key::ROOT,
                    message: format!("this is not TOML: {}", error.message),
                    mend: "see https://toml.io for how tables, texts and lists are written".to_owned(),
                }));
                return None;
            }
        }
        // Which keys there are depends on a setting of the user's.
        let sections = Sections::of(SYSTEMS, text, &layers.found, environment);
        layers.system = sections.chosen;
        let defaults = [DEFAULTS, FLOWTLY_MAPPING, layers.system.defaults];
        let known = match merge(&defaults, "", &Environment::default()) {
            Ok(known) => known,
            Err(error) => return layers.give_up(problems, &error),
        };
        layers.check_file(&known, &sections, problems);
        let accepted = layers.check_variables(&known, &sections, environment, problems);
        if layers.found.values().any(|found| found.overflows) {
            return None;
        }
        match merge(&defaults, text, &accepted) {
            Ok(tree) => layers.tree = tree,
            Err(error) => return layers.give_up(problems, &error),
        }
        sections.name_the_chosen(&mut layers.tree);
        Some(layers)
    }

    /// The CRM that the configuration is about.
    pub(super) fn system(&self) -> &'static CrmSystem {
        self.system
    }

    /// The merged value of a key.
    pub(super) fn value(&self, key: &Key) -> Option<&Value> {
        lookup(&self.tree, key)
    }

    /// The sort of a key's value as the user wrote it.
    pub(super) fn sort(&self, key: &Key) -> Option<Sort> {
        let written = self.found.get(key).filter(|_| !self.is_variable(key)).map(|found| found.sort);
        written.or_else(|| self.value(key).map(Sort::of))
    }

    /// Whether a variable sets the key.
    pub(super) fn is_variable(&self, key: &Key) -> bool {
        self.variables.contains_key(key)
    }

    /// Where the file sets the key, if it does to more than an empty text; a variable may still win.
    pub(super) fn place_written(&self, key: &Key) -> Option<Place> {
        let found = self.found.get(key).filter(|found| !found.empty)?;
        Some(self.place_in_file(Some(found.position)))
    }

    /// Whether the file or a variable sets the key.
    pub(super) fn is_set(&self, key: &Key) -> bool {
        self.is_variable(key) || self.found.contains_key(key)
    }

    /// Where a key is set; a key that is not set has the place where it ought to be.
    pub(super) fn place(&self, key: &Key) -> Place {
        match (self.variables.get(key), self.found.get(key)) {
            (Some(name), _) => Place::Variable(name.clone()),
            (None, Some(found)) => self.place_in_file(Some(found.position)),
            (None, None) => self.place_in_file(None),
        }
    }

    /// The user's file.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The names of the variables that set something.
    pub(super) fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.variables.values().map(String::as_str)
    }

    /// The merged tree.
    pub(super) fn into_tree(self) -> Table {
        self.tree
    }

    fn place_in_file(&self, position: Option<(usize, usize)>) -> Place {
        self.file.clone().map_or(Place::Defaults, |path| Place::File { path, position })
    }

    fn check_file(&self, known: &Table, sections: &Sections, problems: &mut Vec<Problem>) {
        let mut told: Vec<&Key> = Vec::new();
        // Tables come before what is in them: an unknown table is told once, its keys are not.
        for (key, found) in &self.found {
            if told.iter().any(|told| key.parts().starts_with(told.parts())) {
                continue;
            }
            let problem = match know(known, key) {
                Known::Missing => Some(sections.of_another(key).unwrap_or_else(|| unknown(known, key))),
                Known::Sort(Sort::Table) if found.sort != Sort::Table => Some((
                    format!("this is a table of settings, not {}", found.sort.describe()),
                    format!("write [{key}] and its settings below"),
                )),
                Known::Sort(sort) if sort != Sort::Table && found.sort == Sort::Table => {
                    // Whoever reads the key tells it.
                    told.push(key);
                    None
                }
                Known::Sort(_) | Known::Open => found
                    .overflows
                    .then(|| ("the number is too large".to_owned(), "whole numbers have at most 64 bits".to_owned())),
            };
            if let Some((message, mend)) = problem {
                told.push(key);
                problems.push(Problem { place: self.place(key), key: key.clone(), message, mend });
            }
        }
    }

    /// Keeps the variables that name a known key, and returns them as they are to be merged.
    fn check_variables(
        &mut self,
        known: &Table,
        sections: &Sections,
        environment: &Environment,
        problems: &mut Vec<Problem>,
    ) -> Environment {
        let mut accepted = Vec::new();
        for (name, value) in environment.settings() {
            let key = Key::of_variable(name.get(PREFIX.len()..).unwrap_or_default());
            let problem = match know(known, &key) {
                Known::Missing => Some(sections.of_another(&key).unwrap_or_else(|| unknown(known, &key))),
                Known::Sort(Sort::Table) => Some((
                    "this is a table of settings".to_owned(),
                    "name one setting of it after another `__`".to_owned(),
                )),
                Known::Sort(Sort::List) => Some((
                    "a list cannot be set by a variable".to_owned(),
                    "write it into the configuration file".to_owned(),
                )),
                // The `config` crate would take other characters for a path's syntax.
                Known::Open if !key.parts().iter().all(|part| is_bare(part)) => Some((
                    "a variable cannot name this key".to_owned(),
                    "write it into the configuration file".to_owned(),
                )),
                Known::Sort(_) | Known::Open => None,
            };
            if let Some((message, mend)) = problem {
                problems.push(Problem { place: Place::Variable(name.to_owned()), key, message, mend });
            } else {
                accepted.push((name.to_owned(), value.to_owned()));
                self.variables.insert(key, name.to_owned());
            }
        }
        problems.extend(environment.garbled().map(|name| Problem {
            place: Place::Variable(name.to_owned()),
            key: Key::of_variable(name.get(PREFIX.len()..).unwrap_or_default()),
            message: "the value is not UTF-8".to_owned(),
            mend: "set it to a text in UTF-8".to_owned(),
        }));
        accepted.into_iter().collect()
    }

    fn give_up(&self, problems: &mut Vec<Problem>, error: &config::ConfigError) -> Option<Self> {
        problems.push(Problem {
            place: self.place_in_file(None),
            key: Key::ROOT,
            message: format!("the layers cannot be merged: {error}"),
            mend: "check that no key is a table in one place and a value in another".to_owned(),
        });
        None
    }
}

/// The known key that was probably meant: among `known` names, the one nearest to `name`.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

fn merge(compiled: &[&str], text: &str, variables: &Environment) -> Result<Table, config::ConfigError> {
    let mut builder = Config::builder();
    for layer in compiled.iter().chain([&text]) {
        builder = builder.add_source(File::from_str(layer, FileFormat::Toml));
    }
    let variables = variables.settings().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    // Without `try_parsing`: it would read "00123" as the number 123.
    let source = config::Environment::with_prefix(PREFIX.trim_end_matches('_'))
        .prefix_separator("__")
        .separator("__")
        .source(Some(variables));
    builder.add_source(source).build()?.try_deserialize()
}

fn lookup<'a>(tree: &'a Table, key: &Key) -> Option<&'a Value> {
    let (first, rest) = key.parts().split_first()?;
    rest.iter().try_fold(tree.get(first)?, |value, part| value.get(part))
}

fn know(known: &Table, key: &Key) -> Known {
    let open = OPEN.iter().any(|open| {
        let open = Key::of(open);
        key.parts().len() > open.parts().len() && key.parts().starts_with(open.parts())
    });
    if open { Known::Open } else { lookup(known, key).map_or(Known::Missing, |value| Known::Sort(Sort::of(value))) }
}

fn unknown(known: &Table, key: &Key) -> (String, String) {
    let parent = key.parent();
    let siblings = if parent == Key::ROOT { Some(known) } else { lookup(known, &parent).and_then(Value::as_table) };
    let names: Vec<&str> = siblings.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let elsewhere = || {
        let mut same = Vec::new();
        collect_same(known, &Key::ROOT, key.last(), &mut same);
        same.into_iter().next()
    };
    let mend = match nearest(key.last(), names.iter().copied()) {
        Some(name) => format!("did you mean `{}`?", parent.child(name)),
        None => match elsewhere() {
            Some(other) => format!("did you mean `{other}`?"),
            None => format!("known here: {}", names.join(", ")),
        },
    };
    ("there is no such setting".to_owned(), mend)
}

fn collect_same(table: &Table, parent: &Key, name: &str, same: &mut Vec<Key>) {
    for (candidate, value) in table {
        let key = parent.child(candidate);
        if candidate == name {
            same.push(key.clone());
        }
        if let Value::Table(inner) = value {
            collect_same(inner, &key, name, same);
        }
    }
}

fn is_bare(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
