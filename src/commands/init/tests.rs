//! From what a CRM says of itself to the text of a configuration, by tables.

use std::path::Path;

use rstest::rstest;

use super::answers::{Answers, Held};
use super::file::{self, Beside};
use super::mapping::{Proposal, propose};
use super::newborn::{Newborn, Value};
use crate::config::{Settings, load_new};
use crate::connector::port::{Offered, Presence, Property, PropertySort};
use crate::connector::registry::{CrmSystem, SYSTEMS};
use crate::connector::setup::Answer;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};

fn crm(name: &str) -> &'static CrmSystem {
    SYSTEMS.iter().find(|system| system.name == name).unwrap()
}

fn settings(name: &str) -> Settings {
    Answers::new(crm(name)).draft(Path::new("flowtly-sync.toml")).unwrap()
}

/// The usual properties of companies, changed.
fn properties(settings: &Settings, change: impl Fn(&mut Property)) -> Vec<Property> {
    let paths = settings.shape(Side::Crm, Kind::Company).paths();
    let mut properties: Vec<Property> = paths.map(|path| Property::new(path, Presence::Present)).collect();
    properties.iter_mut().for_each(change);
    properties
}

fn text(path: &str, label: &str) -> Offered {
    let property = Property {
        sort: Some(PropertySort::Text),
        type_name: Some("string".to_owned()),
        ..Property::new(path, Presence::Present)
    };
    Offered { property, label: Some(label.to_owned()), is_custom: true }
}

fn proposal(name: &str, offered: &[Offered], change: impl Fn(&mut Property)) -> Proposal {
    let settings = settings(name);
    let (crm, flowtly) = (settings.shape(Side::Crm, Kind::Company), settings.shape(Side::Flowtly, Kind::Company));
    let properties = properties(&settings, change);
    propose(crm, flowtly, settings.kind_rules(Kind::Company), &properties, offered)
}

fn lines(proposal: &Proposal) -> String {
    proposal.lines("make it there").join("\n")
}

fn set(proposal: &Proposal) -> Vec<String> {
    proposal.settings().iter().map(|(key, value)| format!("{key} = {value}")).collect()
}

#[rstest]
#[case("hubspot", "# tax_identity = { number = \"vat_number\" }")]
#[case("espocrm", "# tax_identity = { number = \"cVatNumber\" }")]
#[case("odoo", "# country = { whole = \"country_id\", countries = \"code\" }")]
#[case("pipedrive", "# phone = \"custom:Phone\"")]
fn what_an_account_has_is_a_comment_and_changes_nothing(#[case] name: &str, #[case] line: &str) {
    let proposal = proposal(name, &[], |_| {});
    assert_eq!(set(&proposal), Vec::<String>::new());
    let lines = lines(&proposal);
    assert!(lines.lines().any(|one| one == line), "{lines}");
    assert!(lines.lines().all(|line| line.starts_with('#')), "{lines}");
    let uncommented: Vec<&str> = lines.lines().map(|line| line.trim_start_matches("# ")).collect();
    let defaults: toml::Table = crm(name).defaults.parse().unwrap();
    assert_eq!(
        uncommented.join("\n").parse::<toml::Table>().unwrap(),
        *defaults["mapping"]["company"].as_table().unwrap(),
        "the comments say the usual mapping, word by word"
    );
}

#[test]
fn what_is_missing_is_left_out_with_its_reason_and_what_might_be_meant_is_a_comment() {
    let offered = [text("nip", "NIP"), text("notes", "Notes"), text("hs_currency", "Currency")];
    let proposal = proposal("hubspot", &offered, |property| {
        if property.path == "vat_number" {
            property.presence = Presence::Missing;
        }
    });
    assert_eq!(set(&proposal), ["mapping.company.tax_identity = false"]);
    let lines = lines(&proposal);
    for line in [
        "# company: the property vat_number (tax_identity.number) is missing: its field is left alone. To have it, make it",
        "tax_identity = false",
        "# tax_identity = { number = \"nip\" }   # perhaps: \"NIP\", string",
        "# These might be meant as well; none of them is mapped:",
        "# currency = \"hs_currency\"   # perhaps: \"Currency\", string",
    ] {
        assert!(lines.lines().any(|one| one.starts_with(line)), "{line}\n{lines}");
    }
    let in_force: Vec<&str> = lines.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(in_force, ["tax_identity = false"], "nothing that is guessed is in force");
}

#[test]
fn one_part_that_is_missing_takes_nothing_else_away() {
    let proposal = proposal("odoo", &[], |property| {
        if property.path == "street2" {
            property.presence = Presence::Missing;
        }
    });
    assert_eq!(set(&proposal), ["mapping.company.address.unit = false"]);
    assert!(lines(&proposal).contains("\naddress = { unit = false }"), "{}", lines(&proposal));
}

#[test]
fn what_cannot_be_written_is_left_out_and_says_how_it_can_be_had() {
    let proposal = proposal("espocrm", &[], |property| {
        if property.path == "phoneNumber" {
            property.writable = Some(false);
        }
    });
    assert_eq!(set(&proposal), ["mapping.company.phone = false"]);
    let lines = lines(&proposal);
    assert!(lines.contains("which cannot be written") && lines.contains("read_only"), "{lines}");
}

#[test]
fn what_a_person_names_is_in_force() {
    let mut proposal = proposal("pipedrive", &[], |property| property.presence = Presence::Missing);
    proposal.choose(Field::TaxIdentity, Part::Number, "custom:NIP \"PL\"");
    proposal.leave_out(Field::Phone, Part::Whole, "as was said");
    assert!(
        set(&proposal).contains(&"mapping.company.tax_identity.number = 'custom:NIP \"PL\"'".to_owned()),
        "{:?}",
        set(&proposal)
    );
    let lines = lines(&proposal);
    assert!(lines.contains("\ntax_identity = { number = \"custom:NIP \\\"PL\\\"\" }"), "{lines}");
    assert_eq!(proposal.left_out(Field::TaxIdentity, Part::Number), None);
    assert!(proposal.left_out(Field::Phone, Part::Whole).is_some());
}

/// Everything answered, as it would be at the end of a conversation.
fn answered(name: &str) -> Answers {
    let mut answers = Answers::new(crm(name));
    for side in Side::BOTH {
        while let Some(question) = answers.next(side) {
            match question.answer {
                Answer::Url(usual) => answers.say(side, &question, usual.unwrap_or("https://crm.example.com")),
                Answer::Optional if question.key == "headers" => {
                    answers.say_headers(&[("X-Instance".to_owned(), "1hkzxrub".to_owned())]);
                }
                Answer::Text | Answer::Optional => answers.say(side, &question, "sync@example.com"),
                Answer::Secret(file) | Answer::OptionalSecret(file) => {
                    let held = Held { text: "hunter2".into(), file: file.to_owned(), is_there: false };
                    answers.hold(side, &question, Some(held));
                }
            }
        }
    }
    answers
}

fn value(kind: Kind, name: &str, choices: &[&str], taken: Option<&str>) -> Value {
    Value {
        kind,
        name: name.to_owned(),
        words: name.to_owned(),
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        taken: taken.map(str::to_owned),
    }
}

#[test]
fn the_file_says_what_was_answered_and_holds_no_secret() {
    for system in SYSTEMS {
        let answers = answered(system.name);
        let proposals = Kind::BOTH.map(|kind| {
            let settings = settings(system.name);
            let crm = settings.shape(Side::Crm, kind);
            let properties: Vec<Property> = crm.paths().map(|path| Property::new(path, Presence::Present)).collect();
            propose(crm, settings.shape(Side::Flowtly, kind), settings.kind_rules(kind), &properties, &[])
        });
        let beside = Beside {
            mapping: Some(proposals.map(|proposal| proposal.lines(""))),
            section: file::id_property("", Some("there is none")),
            scope: file::scope(&system.setup, |_| true),
            newborn: Newborn {
                values: vec![
                    value(Kind::Company, "status", &["active", "lead"], Some("active")),
                    value(Kind::Company, "tin_type", &["vat", "nip"], None),
                    value(Kind::Contact, "type", &[], None),
                ],
            },
            ..Beside::default()
        };
        let text = file::text(&answers, &beside);
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 230), "{text}");
        let secrets: Vec<_> = answers.secrets.iter().map(|(key, held)| (key.clone(), held.text.clone())).collect();
        let settings = load_new(Path::new("flowtly-sync.toml"), &text, &secrets).unwrap();
        assert_eq!(settings.crm.id_property(), None, "{text}");
        assert_eq!(settings.flowtly.organisation.as_deref(), Some("sync@example.com"));
        let defaults = &settings.kind_rules(Kind::Company).defaults;
        assert_eq!(defaults.len(), 1, "what was not taken is a comment: {text}");
        for line in [
            "password_file = \"flowtly-password\"",
            "\"X-Instance\" = \"1hkzxrub\"",
            "status = \"active\"   # there are also lead",
            "# tin_type = \"vat\"   # the most used one; there are also nip",
            "# type = \"\"",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }
}

#[test]
fn a_file_of_answers_alone_reads_from_the_top() {
    let text = file::text(&answered("hubspot"), &Beside { region: Some("PL".to_owned()), ..Beside::default() });
    let in_force: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(
        in_force,
        [
            "[locale]",
            "[flowtly]",
            "base_url = \"https://api.flowtly.eu\"",
            "username = \"sync@example.com\"",
            "password_file = \"flowtly-password\"",
            "organisation = \"sync@example.com\"",
            "[flowtly.headers]",
            "\"X-Instance\" = \"1hkzxrub\"",
            "[hubspot]",
            "base_url = \"https://api.hubapi.com\"",
            "token_file = \"hubspot-token\"",
        ]
    );
    assert!(text.contains("# region = \"PL\"   # most of Flowtly's companies are there"), "{text}");
    for line in text.lines().filter(|line| line.starts_with('#')) {
        assert!(line.chars().count() <= 128, "{line}");
    }
}
