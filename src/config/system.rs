//! Which CRM a configuration is about: the one that `crm.kind` names, else the one whose section is there.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::environment::{Environment, PREFIX};
use super::key::Key;
use super::positions::Found;
use crate::connector::registry::{CrmSystem, SYSTEMS};

/// The CRM that is meant where nothing names one.
pub(super) const FIRST: &CrmSystem = match SYSTEMS.first() {
    Some(system) => system,
    None => panic!("there is no CRM"),
};

/// The CRMs that the user's file and variables speak of.
pub(super) struct Sections {
    systems: &'static [CrmSystem],
    /// The one that holds.
    pub(super) chosen: &'static CrmSystem,
    /// `crm.kind` names it.
    named: bool,
}

impl Sections {
    /// Looks for `crm.kind` and for sections. A `crm.kind` that names no CRM is told by whoever reads it.
    pub(super) fn of(
        systems: &'static [CrmSystem],
        text: &str,
        found: &BTreeMap<Key, Found>,
        environment: &Environment,
    ) -> Self {
        let kind_key = Key::of("crm.kind");
        let variable =
            environment.settings().find(|(name, _)| *name == kind_key.variable()).map(|(_, kind)| kind.to_owned());
        let written = || {
            let file: Table = text.parse().ok()?;
            file.get("crm")?.get("kind")?.as_str().map(str::to_owned)
        };
        let kind = variable.or_else(written);
        let named = systems.iter().find(|system| Some(system.name) == kind.as_deref());
        let variables: Vec<Key> =
            environment.settings().filter_map(|(name, _)| Some(Key::of_variable(name.get(PREFIX.len()..)?))).collect();
        let has_section = |system: &&CrmSystem| found.keys().chain(&variables).any(|key| is_of(key, system));
        let chosen = named.or_else(|| systems.iter().find(has_section)).or(systems.first()).unwrap_or(FIRST);
        Self { systems, chosen, named: named.is_some() }
    }

    /// What is told about a key of the section of another CRM than the chosen one.
    pub(super) fn of_another(&self, key: &Key) -> Option<(String, String)> {
        let other = self.systems.iter().find(|system| is_of(key, system) && system.name != self.chosen.name)?;
        let chosen = self.chosen;
        let message = if self.named {
            format!("this is a setting of {}, and crm.kind is \"{}\"", other.label, chosen.name)
        } else {
            format!("this is a setting of {}, and there are settings of {}, too", other.label, chosen.label)
        };
        let mend = format!("set crm.kind = \"{}\", or remove what belongs to {}", other.name, other.label);
        Some((message, mend))
    }

    /// Fills in `crm.kind` where the user left it out.
    pub(super) fn name_the_chosen(&self, tree: &mut Table) {
        let kind = tree.get_mut("crm").and_then(|crm| crm.get_mut("kind"));
        if let Some(kind) = kind.filter(|kind| kind.as_str() == Some("")) {
            *kind = Value::String(self.chosen.name.to_owned());
        }
    }
}

fn is_of(key: &Key, system: &CrmSystem) -> bool {
    key.parts().first().is_some_and(|part| part == system.name)
}
