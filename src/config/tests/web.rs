//! What is served, and what must be said for that.

use std::time::Duration;

use rstest::rstest;
use secrecy::ExposeSecret as _;

use super::{environment, load_file, load_with, told};

#[test]
fn nothing_is_served_until_somebody_says_so() {
    assert!(load_file("").unwrap().web.is_none());
    let web = load_file("[web]\nenabled = true").unwrap().web.unwrap();
    assert_eq!(web.bind, "127.0.0.1:9464".parse().unwrap());
    assert!(web.token.is_none() && web.public_url.is_none());
    assert_eq!((web.stuck_after, web.missed_beats), (Duration::from_mins(15), 3));
}

#[rstest]
#[case::everywhere("bind = \"0.0.0.0:9464\"", "beyond loopback the figures need a token; set web.token_file")]
#[case::everywhere_else("bind = \"[::]:9464\"", "beyond loopback the figures need a token")]
#[case::a_name("bind = \"localhost:9464\"", "this must be an address and a port")]
#[case::a_url("public_url = \"sync.example.com\"", "this is not a URL")]
#[case::not_encrypted("public_url = \"http://sync.example.com\"", "use https")]
fn what_cannot_be_served_is_told(#[case] line: &str, #[case] wanted: &str) {
    let told = told(&format!("[web]\nenabled = true\n{line}"));
    assert!(told.len() == 1 && told[0].contains(wanted), "{told:?}");
}

#[test]
fn beyond_loopback_a_token_is_enough() {
    let environment = environment(&[("FLOWTLY_SYNC__WEB__TOKEN", "figures")]);
    let settings = load_with("[web]\nenabled = true\nbind = \"0.0.0.0:9464\"", &environment).unwrap();
    assert_eq!(settings.web.unwrap().token.unwrap().expose_secret(), "figures");
    assert!(!settings.shown.contains("figures"), "{}", settings.shown);
}

#[test]
fn hubspots_webhooks_need_the_url_that_they_are_signed_with() {
    let secret = environment(&[("FLOWTLY_SYNC__HUBSPOT__WEBHOOK__SECRET", "hush")]);
    let told = load_with("[web]\nenabled = true", &secret).unwrap_err();
    assert!(told.len() == 1 && told[0].contains("web.public_url: the webhooks of this CRM are signed"), "{told:?}");
    let text = "[web]\nenabled = true\npublic_url = \"https://sync.example.com\"";
    let settings = load_with(text, &secret).unwrap();
    assert!(settings.crm.webhook().is_some());
    assert!(!format!("{settings:?}").contains("hush"));
    assert!(load_file("").unwrap().crm.webhook().is_none());
}

#[rstest]
#[case::short("secret", "write at least 16 letters, digits and hyphens")]
#[case::needs_another_spelling("0123456789/abcdef", "this secret does not do for a path")]
fn a_secret_in_a_path_is_long_and_plain(#[case] secret: &str, #[case] wanted: &str) {
    let environment = environment(&[("FLOWTLY_SYNC__FLOWTLY__WEBHOOK__SECRET", secret)]);
    let told = load_with("", &environment).unwrap_err();
    assert!(told.len() == 1 && told[0].contains(wanted), "{told:?}");
    let in_a_header = load_with("[flowtly.webhook]\nheader = \"X-Secret\"", &environment).unwrap();
    assert!(in_a_header.flowtly.webhook().is_some(), "a header holds anything");
}

#[test]
fn a_line_of_espocrm_that_is_no_webhook_is_told_and_not_shown() {
    let variables =
        [("FLOWTLY_SYNC__ESPOCRM__API_KEY", "key"), ("FLOWTLY_SYNC__ESPOCRM__WEBHOOK__KEYS", "aa11 hush Lead.update")];
    let told = load_with("crm.kind = \"espocrm\"", &environment(&variables)).unwrap_err();
    let told = told.iter().find(|line| line.contains("line 1 is no webhook")).unwrap_or_else(|| panic!("{told:?}"));
    assert!(!told.contains("hush"), "{told}");
}
