//! Which CRM a configuration is about.

use rstest::rstest;

use super::super::positions::index;
use super::super::system::Sections;
use super::{load_file, told};
use crate::config::Key;
use crate::connector::registry::{CrmSystem, SYSTEMS};
use crate::connector::setup::Setup;

/// What is asked about neither of them.
const NOTHING: Setup = Setup { questions: &[], scopes: &[], make: "", adds: false };

/// Two CRMs that nobody has.
const TWO: &[CrmSystem] = &[
    CrmSystem { name: "alpha", label: "Alpha", defaults: "", read: |_| None, setup: NOTHING },
    CrmSystem { name: "beta", label: "Beta", defaults: "", read: |_| None, setup: NOTHING },
];

fn sections(text: &str, variables: &[(&str, &str)]) -> Sections {
    Sections::of(TWO, text, &index(text).unwrap(), &variables.iter().copied().collect())
}

#[rstest]
#[case("", &[], "alpha")]
#[case("[beta]", &[], "beta")]
#[case("beta.base_url = \"\"", &[], "beta")]
#[case("[crm]\nkind = \"\"\n[beta]", &[], "beta")]
#[case("", &[("FLOWTLY_SYNC__BETA__TOKEN", "x")], "beta")]
#[case("[alpha]\n[beta]", &[], "alpha")]
#[case("[crm]\nkind = \"beta\"\n[alpha]", &[], "beta")]
#[case("[crm]\nkind = \"alpha\"\n[alpha]", &[("FLOWTLY_SYNC__CRM__KIND", "beta")], "beta")]
#[case("[crm]\nkind = \"gamma\"\n[beta]", &[], "beta")]
fn the_kind_says_which_crm_is_meant_and_else_the_section(
    #[case] text: &str,
    #[case] variables: &[(&str, &str)],
    #[case] chosen: &str,
) {
    assert_eq!(sections(text, variables).chosen.name, chosen);
}

#[rstest]
#[case("[alpha]\n[beta]", "this is a setting of Beta, and there are settings of Alpha, too")]
#[case("[crm]\nkind = \"alpha\"\n[beta]", "this is a setting of Beta, and crm.kind is \"alpha\"")]
fn a_key_of_another_crm_is_told_with_the_kind_to_set(#[case] text: &str, #[case] wanted: &str) {
    let sections = sections(text, &[]);
    for key in ["beta", "beta.base_url"] {
        let (message, mend) = sections.of_another(&Key::of(key)).unwrap();
        assert_eq!(message, wanted);
        assert_eq!(mend, "set crm.kind = \"beta\", or remove what belongs to Beta");
    }
    assert_eq!(sections.of_another(&Key::of("alpha.base_url")), None);
    assert_eq!(sections.of_another(&Key::of("http.timeout")), None);
}

#[test]
fn the_sections_of_two_crms_are_a_problem() {
    for other in SYSTEMS.iter().filter(|system| system.name != "hubspot") {
        let told = told(&format!("[crm]\nkind = \"hubspot\"\n[{}]\nbase_url = \"\"", other.name));
        let wanted = format!("sync.toml:3:2: {}: this is a setting of {}, ", other.name, other.label);
        assert!(told.len() == 1 && told[0].starts_with(&wanted), "{told:?}");
    }
}

#[rstest]
#[case("[crm]\nkind = \"salesforce\"")]
#[case("[crm]\nkind = 5")]
#[case("crm.kind = \"HubSpot\"")]
fn a_kind_that_is_none_is_told_once(#[case] text: &str) {
    let told = told(text);
    assert!(told.len() == 1 && told[0].contains(" crm.kind: "), "{told:?}");
}

#[test]
fn what_is_shown_names_the_crm_that_was_found() {
    for text in ["", "[crm]\nkind = \"\"", "[hubspot]\npage_size = 7"] {
        let shown: toml::Table = load_file(text).unwrap().show().parse().unwrap();
        assert_eq!(shown["crm"]["kind"].as_str(), Some("hubspot"));
    }
}

#[test]
fn every_crm_has_a_name_of_its_own_that_variables_can_say() {
    for (place, system) in SYSTEMS.iter().enumerate() {
        assert!(system.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{}", system.name);
        assert!(SYSTEMS[..place].iter().all(|other| other.name != system.name && other.label != system.label));
        let defaults: toml::Table = system.defaults.parse().unwrap();
        assert!(defaults[system.name].get("base_url").is_some(), "{}", system.name);
    }
}
