//! `init` with somebody who answers: each answer is tried at once, and a wrong one is asked again with the reason.

use std::os::unix::fs::PermissionsExt as _;

use flowtly_sync::domain::field::{Field, Part};
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::{Fault, When};

use super::desk::{Desk, Script};
use super::served::{files, mode};

const HERE: &str = "http://127.0.0.1";

#[tokio::test]
async fn wrong_answers_are_asked_again_until_all_of_it_works() {
    let desk = Desk::furnished("hubspot");
    let (password, token) = (desk.password(), desk.crm.secret());
    let mut script = Script::of([
        ("Which CRM", "salesforce"),
        ("Which CRM", "HubSpot"),
        ("Flowtly's URL", "flowtly.example"),
        ("Flowtly's URL", "http://flowtly.example"),
        ("Flowtly's URL", HERE),
        ("Flowtly's user", "sync@example.com"),
        ("Password", ""),
        ("Password", "hunter2"),
        ("organisation", ""),
        ("A header", "tenant"),
        ("A header", "X-Instance=1hkzxrub"),
        // Refused: who we are is asked again, and what was answered is proposed.
        ("Flowtly's user", &desk.flowtly.options().username),
        ("Password", &password),
        ("organisation", ""),
        ("A header", "-"),
        ("The CRM's URL", HERE),
        ("HubSpot's token", "pat-hunter3"),
        ("HubSpot's token", &token),
        ("telephone numbers", "Poland"),
        ("telephone numbers", "pl"),
        ("currency of a company", ""),
        ("status of a company", ""),
        ("tax_identity.tin_type of a company", ""),
        ("type of a contact", ""),
    ]);
    let outcome = desk.init(&[], &mut script).await;
    let told = script.told();
    assert_eq!(outcome.code.unwrap(), 0, "{told}\n{}", outcome.printed);
    assert!(script.is_over(), "{told}");
    for words in [
        "FAIL  there is no such CRM here; it is one of hubspot, espocrm, odoo, pipedrive",
        "FAIL  this is not a URL; write it as",
        "FAIL  the connection would not be encrypted; use https",
        "FAIL  an answer is needed here",
        "FAIL  write NAME=VALUE",
        "      the credential is refused: set flowtly.username and flowtly.password_file anew",
        "Flowtly's user [sync@example.com]?",
        "ok    Flowtly answers as account ",
        "HubSpot refused the token",
        "ok    HubSpot answers as account 20000001; companies and contacts can be read",
        "FAIL  `POLAND` does not do; this must be two letters",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    for secret in ["hunter2", "hunter3", &token] {
        assert!(!told.contains(secret), "{secret} was told: {told}");
        assert!(!outcome.printed.contains(secret) && !desk.text().contains(secret));
    }
    assert_eq!(files(&desk.path("")), ["flowtly-password", "flowtly-sync.toml", "hubspot-token"]);
    assert_eq!(mode(&desk.path("flowtly-password")), 0o600);
    assert_eq!(std::fs::read_to_string(desk.path("hubspot-token")).unwrap(), format!("{token}\n"));
    let settings = desk.settings();
    assert_eq!(settings.locale().region.as_deref(), Some("PL"));
    assert!(settings.flowtly.headers.is_empty(), "it was taken back");
    let defaults = &settings.kind_rules(Kind::Company).defaults;
    let tax = &defaults[&(Side::Flowtly, Field::TaxIdentity)];
    assert!(tax.part(Part::TinType).is_some(), "{}", desk.text());
}

#[tokio::test]
async fn html_in_place_of_json_and_a_server_that_is_not_there_ask_for_the_url_again() {
    let desk = Desk::furnished("espocrm");
    let (password, key) = (desk.password(), desk.crm.secret());
    desk.crm.faults().when(When::always().path("/api/v1/Account").times(1), Fault::Html);
    let closed = std::net::TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
    let closed = format!("http://{closed}");
    let password = desk.file("password", &password);
    let username = desk.flowtly.options().username.clone();
    let words = [
        "--crm",
        "espocrm",
        "--flowtly-url",
        HERE,
        "--flowtly-username",
        &username,
        "--flowtly-password-file",
        &password,
        "--flowtly-organisation",
        "",
        "--region",
        "PL",
    ];
    let mut script = Script::of([
        ("A header", ""),
        ("The CRM's URL", &closed),
        ("The CRM's URL", HERE),
        ("Key of the API user", &key),
        ("Secret of the API user", ""),
        ("The CRM's URL", ""),
        ("currency", ""),
        ("status", ""),
        ("tin_type", ""),
        ("type of a contact", "-"),
    ]);
    let outcome = desk.init(&words, &mut script).await;
    let told = script.told();
    assert_eq!(outcome.code.unwrap(), 0, "{told}\n{}", outcome.printed);
    assert!(told.contains("FAIL  nobody answers there: "), "{told}");
    assert!(told.contains(&format!("The CRM's URL [{HERE}")), "what was answered is proposed: {told}");
    assert!(told.contains("ok    EspoCRM answers and does not say which account it is"), "{told}");
    assert!(
        outcome.printed.contains("warn"),
        "without a type no contact is created, which is told: {}",
        outcome.printed
    );
    assert!(desk.text().lines().any(|line| line.starts_with("# type = ")), "{}", desk.text());
}

#[tokio::test]
async fn what_options_say_wrongly_is_told_and_asked() {
    let desk = Desk::furnished("pipedrive");
    let (password, token) = (desk.file("password", &desk.password()), desk.file("token", &desk.crm.secret()));
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let username = desk.flowtly.options().username.clone();
    let words = [
        "--crm",
        "pipedrive",
        "--flowtly-url",
        "not a url",
        "--flowtly-username",
        &username,
        "--flowtly-password-file",
        &password,
        "--flowtly-organisation",
        "",
        "--crm-url",
        HERE,
        "--crm-secret-file",
        &token,
        "--region",
        "PL",
        "--tax-property",
        "NIP",
    ];
    let mut script = Script::of([
        ("Flowtly's URL", HERE),
        ("A header", ""),
        ("currency", ""),
        ("status", ""),
        ("tin_type", ""),
        ("type of a contact", ""),
    ]);
    let outcome = desk.init(&words, &mut script).await;
    let told = script.told();
    assert_eq!(outcome.code.unwrap(), 0, "{told}\n{}", outcome.printed);
    assert!(told.contains("FAIL  --flowtly-url: this is not a URL"), "{told}");
    assert!(told.contains("FAIL  --tax-property: Pipedrive shows no company property NIP"), "{told}");
    let open = format!("warn  others may read {token}: chmod 600 {token}");
    assert!(told.contains(&open), "{told}");
    assert!(desk.text().contains("token_file = \"token\""), "a secret that stands there is named: {}", desk.text());
}

#[tokio::test]
async fn whoever_goes_away_in_the_middle_leaves_nothing_behind() {
    let desk = Desk::furnished("odoo");
    let mut script =
        Script::of([("Which CRM", "odoo"), ("Flowtly's URL", HERE), ("Flowtly's user", "sync@example.com")]);
    let outcome = desk.init(&[], &mut script).await;
    assert_eq!(outcome.code.unwrap_err().to_string(), "no answer came; nothing was written");
    assert_eq!(files(&desk.path("")), Vec::<String>::new());
    assert_eq!(outcome.printed, "");
}

#[tokio::test]
async fn a_secret_that_stands_there_is_proposed_and_another_one_does_not_replace_it() {
    let desk = Desk::furnished("hubspot");
    let (password, token) = (desk.file("flowtly-password", &desk.password()), desk.file("hubspot-token", "old"));
    let username = desk.flowtly.options().username.clone();
    let words = [
        "--crm",
        "hubspot",
        "--flowtly-url",
        HERE,
        "--flowtly-username",
        &username,
        "--crm-url",
        HERE,
        "--region",
        "PL",
        "--flowtly-organisation",
        "",
    ];
    let mut script = Script::of([
        ("Password", ""),
        ("A header", ""),
        ("HubSpot's token", &desk.crm.secret()),
        ("HubSpot's token", ""),
    ]);
    let outcome = desk.init(&words, &mut script).await;
    let told = script.told();
    assert!(outcome.code.is_err(), "the old one is refused, and nobody answers any more");
    assert!(told.contains(&format!("Password of that user [the one in {password}]")), "{told}");
    assert!(told.contains(&format!("FAIL  {token} holds another secret: --force replaces it")), "{told}");
    assert!(told.contains("HubSpot refused the token"), "{told}");
    assert_eq!(std::fs::read_to_string(token).unwrap(), "old");
}
