//! The compiled-in files: complete, commented, sound.

use std::path::Path;

use toml::Table;

use super::super::load::load_text;
use super::{CREDENTIALS, environment, load_file, told};
use crate::config::{Environment, FlowtlyCredentials, Key, LogFormat, Problems};
use crate::connector::registry::SYSTEMS;
use crate::domain::custom::CustomField;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::domain::rules::Direction;
use crate::domain::value::Text;

const DEFAULTS: &str = include_str!("../../../config/default.toml");
const EXAMPLE: &str = include_str!("../../../config/hubspot.example.toml");

/// All keys of a table that are not tables.
fn leaves(table: &Table, parent: &Key) -> Vec<Key> {
    table
        .iter()
        .flat_map(|(name, value)| {
            let key = parent.child(name);
            value.as_table().map_or_else(|| vec![key.clone()], |inner| leaves(inner, &key))
        })
        .collect()
}

#[test]
fn every_key_of_the_defaults_is_read() {
    let keys = leaves(&toml::from_str(DEFAULTS).unwrap(), &Key::ROOT);
    assert!(keys.len() > 50, "the defaults have lost keys: {}", keys.len());
    for system in SYSTEMS {
        let mut own = leaves(&toml::from_str(system.defaults).unwrap(), &Key::ROOT);
        // A property may have any name, a date's too.
        own.retain(|key| key.parts()[0] != "mapping");
        assert!(own.len() > 10, "the defaults of {} have lost keys: {}", system.label, own.len());
        for key in keys.iter().filter(|key| **key != Key::of("crm.kind")).chain(&own) {
            // No setting is a date, so that whoever reads the key must complain.
            let told = told(&format!("crm.kind = {:?}\n{key} = 1979-05-27", system.name));
            let complains = told.iter().any(|line| line.contains(&format!(" {key}: ")));
            assert!(complains, "nothing reads {key} for {}: {told:?}", system.label);
        }
    }
    assert!(told("crm.kind = 1979-05-27")[0].contains(" crm.kind: "));
}

#[test]
fn every_key_that_is_read_has_a_default() {
    assert_eq!(told(""), Vec::<String>::new());
    for system in SYSTEMS {
        let told = told(&format!("crm.kind = {:?}", system.name));
        assert!(!told.iter().any(|line| line.contains("there is no value")), "{told:?}");
    }
}

#[test]
fn every_key_of_the_defaults_has_a_comment() {
    // What a CRM maps says itself what it is.
    let of_systems = SYSTEMS.iter().map(|system| system.defaults.split("\n[mapping.").next().unwrap());
    let mut explained = false;
    let mut silent = Vec::new();
    for line in DEFAULTS.lines().chain(of_systems.flat_map(str::lines)) {
        // A comment explains the group of lines below it.
        explained = line.starts_with('#') || explained && !line.is_empty();
        if !explained && line.contains('=') {
            silent.push(line);
        }
    }
    // The contact's rules are the company's, explained there.
    silent.retain(|line| {
        !["direction", "conflict", "first", "drift", "create_", "gone", "match_"]
            .iter()
            .any(|rule| line.starts_with(rule))
    });
    assert_eq!(silent, Vec::<&str>::new());
}

#[test]
fn the_example_is_a_complete_set_up() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("flowtly-password"), "correct horse\n").unwrap();
    std::fs::write(directory.path().join("hubspot-token"), "pat-eu1-00123").unwrap();
    let path = directory.path().join("sync.toml");
    let settings = load_text(Some((&path, EXAMPLE)), &Environment::default()).unwrap();

    let FlowtlyCredentials::Login { username, .. } = &settings.flowtly.credentials else { panic!("no login") };
    assert_eq!(username, "sync@example.com");
    let rules = settings.kind_rules(Kind::Company);
    assert_eq!(rules.defaults.get(&(Side::Flowtly, Field::Country)), Some(&Text::whole("PL")));
    assert_eq!(rules.defaults.get(&(Side::Flowtly, Field::TaxIdentity)), Some(&Text::of([(Part::TinType, "nip")])));
    let meaningful = EXAMPLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    assert!(meaningful <= 10, "the example has grown to {meaningful} lines");
}

#[test]
fn every_example_is_a_set_up_as_it_stands() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let examples: Vec<_> = files.filter(|path| path.to_str().unwrap().ends_with(".example.toml")).collect();
    assert!(examples.len() > SYSTEMS.len(), "one for each CRM, and one for declared fields: {examples:?}");
    let directory = tempfile::tempdir().unwrap();
    for secret in ["flowtly-password", "hubspot-token", "espocrm-key", "odoo-api-key", "pipedrive-token"] {
        std::fs::write(directory.path().join(secret), "pat-eu1-00123").unwrap();
    }
    for example in examples {
        let text = std::fs::read_to_string(&example).unwrap();
        let loaded = load_text(Some((&directory.path().join("sync.toml"), &text)), &Environment::default());
        let told: Vec<String> = loaded.err().iter().flat_map(Problems::iter).map(ToString::to_string).collect();
        assert_eq!(told, Vec::<String>::new(), "{}", example.display());
    }
}

#[test]
fn the_example_of_declared_fields_says_what_it_means_to() {
    let settings = load_file(&declared_example()).unwrap();
    let names: Vec<&str> =
        settings.fields(Kind::Company).iter().filter_map(|field| field.custom()).map(CustomField::name).collect();
    assert_eq!(names, ["account_manager", "customer_since", "score", "segment", "vip"]);
    let rules = settings.kind_rules(Kind::Company);
    let direction = |name: &str| rules.fields[&Field::Custom(CustomField::new(Kind::Company, name).unwrap())].direction;
    assert_eq!((direction("score"), direction("segment")), (Direction::ToFlowtly, Direction::Both));
    assert_eq!(settings.shape(Side::Crm, Kind::Company).scope.len(), 2);
}

/// Without what the tests configure already.
fn declared_example() -> String {
    let text = include_str!("../../../config/custom-fields.example.toml");
    text[text.find("[scope.crm.company]").unwrap()..].to_owned()
}

#[test]
fn without_a_file_defaults_and_variables_hold() {
    let settings = load_text(None, &environment(&[])).unwrap();
    assert_eq!(settings.state_path, Path::new("flowtly-sync.sqlite"));
    assert_eq!(settings.schedule.interval.as_secs(), 300);
    assert_eq!(settings.schedule.slow_interval.as_secs(), 21_600);
    assert_eq!(settings.schedule.stop_within.as_secs(), 30);
    assert_eq!(settings.log.format, LogFormat::Auto);
    assert_eq!(settings.log.filter, "warn,flowtly_sync=info");
    assert_eq!(settings.limits.creates.count, 50);
    assert_eq!(settings.http.timeout.as_secs(), 30);
    assert_eq!(settings.locale().region, None);
    assert_eq!(settings.flowtly.base_url.as_str(), "https://api.flowtly.eu/");
    assert_eq!(settings.flowtly.search_parameter, None);
    assert_eq!(settings.crm.base_url().as_str(), "https://api.hubapi.com/");
    assert_eq!(settings.crm.id_property(), Some("flowtly_id"));
}

#[test]
fn nothing_said_at_all_names_both_credentials() {
    let problems = load_text(None, &Environment::default()).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "defaults: flowtly.username: there is no credential for Flowtly; set username and password_file, or token_file",
            "defaults: hubspot.token_file: there is no credential for HubSpot; set token_file, or FLOWTLY_SYNC__HUBSPOT__TOKEN",
        ]
    );
}

#[test]
fn what_is_shown_is_toml_that_says_where_it_came_from() {
    let settings = load_file("[http]\ntimeout = \"1m\"").unwrap();
    let shown = settings.show();
    assert!(shown.starts_with("# Defaults, then sync.toml, then "), "{shown}");
    assert!(CREDENTIALS.iter().all(|(name, _)| shown.contains(name)), "{shown}");
    let table: Table = toml::from_str(shown).unwrap();
    assert_eq!(table["http"]["timeout"].as_str(), Some("1m"));
    assert_eq!(table["crm"]["kind"].as_str(), Some("hubspot"));
    assert_eq!(table["hubspot"]["limits"]["burst"].as_integer(), Some(90));
    assert_eq!(table["mapping"]["company"]["tax_identity"]["number"].as_str(), Some("vat_number"));
    assert_eq!(table["mapping"]["flowtly"]["company"]["address"]["unit"].as_str(), Some("addressLocaleNumber"));
    assert!(leaves(&table, &Key::ROOT).len() > 90);
}
