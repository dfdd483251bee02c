//! Secrets are taken as they are, from files and variables alone, and never shown.

use std::path::Path;

use rstest::rstest;
use secrecy::ExposeSecret;

use super::super::load::load_text;
use super::{environment, load_with};
use crate::config::{Environment, FlowtlyCredentials, Settings};

fn in_directory(directory: &Path, text: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let environment: Environment = [("FLOWTLY_SYNC__FLOWTLY__TOKEN", "t")].iter().chain(variables).copied().collect();
    load_text(Some((&directory.join("sync.toml"), text)), &environment).map_err(|problems| problems.to_string())
}

/// The password that a user has in a configuration.
fn password(directory: &Path, text: &str, variables: &[(&str, &str)]) -> String {
    let who = [("FLOWTLY_SYNC__FLOWTLY__USERNAME", "u"), ("FLOWTLY_SYNC__HUBSPOT__TOKEN", "t")];
    let environment: Environment = who.iter().chain(variables).copied().collect();
    let settings = load_text(Some((&directory.join("sync.toml"), text)), &environment).unwrap();
    let FlowtlyCredentials::Login { password, .. } = &settings.flowtly.credentials else { panic!("no login") };
    password.expose_secret().to_owned()
}

#[rstest]
#[case("00123")]
#[case("1e5")]
#[case("true")]
#[case(" with blanks ")]
#[case("a,b")]
fn a_secret_in_a_variable_stays_as_it_is(#[case] secret: &str) {
    assert_eq!(password(Path::new("."), "", &[("FLOWTLY_SYNC__FLOWTLY__PASSWORD", secret)]), secret);
}

#[rstest]
#[case("00123\n", "00123")]
#[case("00123\r\n", "00123")]
#[case(" padded \n\n", " padded \n")]
fn a_secret_in_a_file_loses_its_last_line_break_alone(#[case] content: &str, #[case] secret: &str) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("token"), content).unwrap();
    assert_eq!(password(directory.path(), "flowtly.password_file = \"token\"", &[]), secret);
}

#[test]
fn a_relative_file_stands_in_the_credentials_directory_where_there_is_one() {
    let beside = tempfile::tempdir().unwrap();
    let credentials = tempfile::tempdir().unwrap();
    std::fs::write(beside.path().join("token"), "beside").unwrap();
    std::fs::write(credentials.path().join("token"), "credential").unwrap();
    let text = "flowtly.password_file = \"token\"";
    assert_eq!(password(beside.path(), text, &[]), "beside");
    let variable = ("CREDENTIALS_DIRECTORY", credentials.path().to_str().unwrap());
    assert_eq!(password(beside.path(), text, &[variable]), "credential");
    let absolute = format!("flowtly.password_file = {:?}", beside.path().join("token"));
    assert_eq!(password(beside.path(), &absolute, &[variable]), "beside");
}

#[test]
fn a_variable_wins_over_a_file_that_the_configuration_names() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("token"), "of the file").unwrap();
    let variable = ("FLOWTLY_SYNC__FLOWTLY__PASSWORD", "of the variable");
    assert_eq!(password(directory.path(), "flowtly.password_file = \"token\"", &[variable]), "of the variable");
}

#[rstest]
#[case(
    "[hubspot]\ntoken = \"pat-1\"",
    "put it into a file and name that with token_file, or set FLOWTLY_SYNC__HUBSPOT__TOKEN"
)]
#[case("[hubspot]\ntoken = 123", "put it into a file")]
#[case("[hubspot]\ntoken_file = \"nowhere\"", "nowhere cannot be read: ")]
#[case("[hubspot]\ntoken_file = \"empty\"", "empty is empty; write the secret into it")]
#[case("", "there is no credential for HubSpot")]
#[case("[hubspot]\ntoken = \"\"", "there is no credential for HubSpot")]
fn a_secret_that_is_missing_or_in_the_wrong_place_is_told(#[case] text: &str, #[case] wanted: &str) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("empty"), "\n").unwrap();
    let told = in_directory(directory.path(), text, &[]).unwrap_err();
    assert!(told.contains(wanted), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(!told.contains("pat-1"), "{told}");
}

#[test]
fn a_secret_in_the_configuration_file_is_told_even_if_a_variable_wins() {
    let told = load_with("hubspot.token = \"pat-1\"", &environment(&[])).unwrap_err();
    assert!(
        told.len() == 1 && told[0].starts_with("sync.toml:1:9: hubspot.token: a secret does not stand"),
        "{told:?}"
    );
    assert!(load_with("hubspot.token = \"\"", &environment(&[])).is_ok());
}

#[rstest]
#[case(&[("USERNAME", "u"), ("PASSWORD", "p"), ("TOKEN", "t")], "say either username and password, or a token")]
#[case(&[("USERNAME", "u")], "there is a username without a password")]
#[case(&[("PASSWORD", "p")], "there is a password without a username")]
#[case(&[("PASSWORD", "p"), ("PASSWORD_FILE", "f"), ("USERNAME", "u")], "the secret is given twice")]
fn one_way_to_log_in_is_wanted(#[case] variables: &[(&str, &str)], #[case] wanted: &str) {
    let environment: Environment = variables
        .iter()
        .map(|(name, value)| (format!("FLOWTLY_SYNC__FLOWTLY__{name}"), (*value).to_owned()))
        .chain([("FLOWTLY_SYNC__HUBSPOT__TOKEN".to_owned(), "t".to_owned())])
        .collect();
    let told = load_with("", &environment).unwrap_err();
    assert!(told.len() == 1 && told[0].contains(wanted), "{told:?}");
}

#[test]
fn a_login_is_a_username_and_a_password() {
    let environment: Environment = [
        ("FLOWTLY_SYNC__FLOWTLY__USERNAME", "sync"),
        ("FLOWTLY_SYNC__FLOWTLY__PASSWORD", "007"),
        ("FLOWTLY_SYNC__HUBSPOT__TOKEN", "t"),
    ]
    .into_iter()
    .collect();
    let settings = load_with("", &environment).unwrap();
    let FlowtlyCredentials::Login { username, password } = &settings.flowtly.credentials else { panic!("no login") };
    assert_eq!((username.as_str(), password.expose_secret()), ("sync", "007"));
}

#[test]
fn flowtlys_token_file_is_named_so_that_it_can_be_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "t").unwrap();
    let environment: Environment = [("FLOWTLY_SYNC__HUBSPOT__TOKEN", "t")].into_iter().collect();
    let text = "flowtly.token_file = \"token\"";
    let settings = load_text(Some((&directory.path().join("sync.toml"), text)), &environment).unwrap();
    let FlowtlyCredentials::TokenFile(path) = &settings.flowtly.credentials else { panic!("no file") };
    assert_eq!(*path, file);
}

#[test]
fn secrets_are_shown_nowhere() {
    let environment: Environment = [
        ("FLOWTLY_SYNC__FLOWTLY__USERNAME", "sync"),
        ("FLOWTLY_SYNC__FLOWTLY__PASSWORD", "hush-password"),
        ("FLOWTLY_SYNC__HUBSPOT__TOKEN", "hush-token"),
        ("FLOWTLY_SYNC__FLOWTLY__HEADERS__X-KEY", "hush-header"),
    ]
    .into_iter()
    .collect();
    let settings = load_with("", &environment).unwrap();
    assert_eq!(settings.flowtly.headers["x-key"].expose_secret(), "hush-header");
    let everywhere = format!("{settings:?}\n{settings:#?}\n{}\n{environment:?}", settings.show());
    assert!(!everywhere.contains("hush"), "{everywhere}");
    let shown: toml::Table = toml::from_str(settings.show()).unwrap();
    assert_eq!(shown["flowtly"]["password"].as_str(), Some("***"));
    assert_eq!(shown["flowtly"]["headers"]["x-key"].as_str(), Some("***"));
    assert_eq!(shown["flowtly"]["token"].as_str(), Some(""));
}

#[test]
fn problems_show_no_secrets() {
    let text =
        "[flowtly]\nbase_url = \"https://sync:hush@example.com\"\n[hubspot]\ntoken = \"hush\"\n[http]\ntimeout = 1";
    let told = load_with(text, &environment(&[("FLOWTLY_SYNC__FLOWTLY__TOKEN", "hush")])).unwrap_err();
    assert!(told.len() >= 2 && !told.iter().any(|line| line.contains("hush")), "{told:?}");
}
