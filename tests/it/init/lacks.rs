//! `init` with a CRM that lacks what the mapping usually names.

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::{Kind, Side};
use std::sync::Arc;

use flowtly_sync::sandbox::hubspot::ObjectType;
use flowtly_sync::sandbox::{HubSpotOptions, HubSpotServer};

use super::desk::{Desk, Script};

const HERE: &str = "http://127.0.0.1";

/// A portal as it is when nobody has made anything in it, but for these properties.
fn bare(properties: &[&str]) -> Desk {
    let mut made = None;
    let desk = Desk::with(|clock| {
        let portal = HubSpotServer::new(HubSpotOptions { flowtly_id: false, ..HubSpotOptions::default() }, clock);
        made = Some(portal.clone());
        Arc::new(portal)
    });
    let portal = made.unwrap();
    // Whoever filled it in needed one.
    portal.remove_property(ObjectType::Company, "vat_number");
    for name in properties {
        portal.add_property(ObjectType::Company, name);
    }
    desk
}

/// Everything that a portal is reached by, and nobody is asked.
fn words(desk: &Desk) -> Vec<String> {
    let password = desk.file("flowtly-password", &desk.password());
    let token = desk.file("hubspot-token", &desk.crm.secret());
    let username = desk.flowtly.options().username.clone();
    let words = [
        "--crm",
        "hubspot",
        "--flowtly-url",
        HERE,
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
    ];
    words.map(str::to_owned).to_vec()
}

async fn made(desk: &Desk, further: &[&str], script: &mut Script) -> Result<u8, String> {
    let mut words = words(desk);
    words.extend(further.iter().map(|word| (*word).to_owned()));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = desk.init(&words, script).await;
    outcome.code.map_err(|unfinished| unfinished.to_string())
}

fn maps_tax(desk: &Desk) -> Option<String> {
    let settings = desk.settings();
    let cells = &settings.shape(Side::Crm, Kind::Company).cells;
    cells.iter().find(|cell| cell.field == Field::TaxIdentity).map(|cell| cell.path.clone())
}

#[tokio::test]
async fn what_is_missing_is_left_out_and_what_might_be_meant_is_only_named() {
    let desk = bare(&["nip", "flowtly_ref"]);
    let mut script = Script::default();
    assert_eq!(made(&desk, &["--yes"], &mut script).await, Ok(0), "{}", script.told());
    assert_eq!(maps_tax(&desk), None);
    assert_eq!(desk.settings().crm.id_property(), None);
    let text = desk.text();
    for line in [
        "tax_identity = false",
        "id_property = \"\"",
        "# tax_identity = { number = \"nip\" }   # perhaps:",
        "# id_property = \"flowtly_ref\"   # perhaps:",
    ] {
        assert!(text.lines().any(|one| one.starts_with(line)), "{line}\n{text}");
    }
    assert!(text.contains("the property vat_number (tax_identity.number) is missing"), "{text}");
    assert!(script.told().contains("warn  company: the property vat_number"), "{}", script.told());
    assert!(script.told().contains("warn  company: the property flowtly_id, which holds"), "{}", script.told());
}

#[tokio::test]
async fn a_property_that_is_named_is_mapped() {
    let desk = bare(&["nip", "flowtly_ref"]);
    let mut script = Script::default();
    let further = ["--yes", "--tax-property", "nip", "--id-property", "flowtly_ref"];
    assert_eq!(made(&desk, &further, &mut script).await, Ok(0), "{}", script.told());
    assert_eq!(maps_tax(&desk).as_deref(), Some("nip"));
    assert_eq!(desk.settings().crm.id_property(), Some("flowtly_ref"));
}

#[tokio::test]
async fn what_is_missing_is_added_where_that_is_wanted() {
    let desk = bare(&[]);
    let mut script = Script::default();
    assert_eq!(made(&desk, &["--yes", "--add-missing"], &mut script).await, Ok(0), "{}", script.told());
    assert!(script.told().contains("ok    added to HubSpot: flowtly_id, vat_number"), "{}", script.told());
    assert_eq!(maps_tax(&desk).as_deref(), Some("vat_number"));
    assert_eq!(desk.settings().crm.id_property(), Some("flowtly_id"));
}

#[tokio::test]
async fn the_property_for_our_id_is_added_under_the_name_that_it_is_given() {
    let desk = bare(&["vat_number"]);
    let mut script = Script::default();
    let further = ["--yes", "--add-missing", "--id-property", "psa_client"];
    assert_eq!(made(&desk, &further, &mut script).await, Ok(0), "{}", script.told());
    assert!(script.told().contains("ok    added to HubSpot: psa_client\n"), "{}", script.told());
    assert_eq!(desk.settings().crm.id_property(), Some("psa_client"));
}

#[tokio::test]
async fn somebody_is_asked_what_to_do_about_it() {
    let desk = bare(&["nip"]);
    let mut script = Script::of([
        ("A header", ""),
        ("Add to HubSpot what it lacks", ""),
        ("The property that holds the tax number", "vat"),
        ("The property that holds the tax number", "nip"),
        ("The property that holds Flowtly's id", ""),
        ("currency", ""),
        ("status", ""),
        ("tin_type", ""),
        ("type of a contact", ""),
    ]);
    assert_eq!(made(&desk, &[], &mut script).await, Ok(0), "{}", script.told());
    let told = script.told();
    assert!(script.is_over(), "{told}");
    assert!(told.contains("HubSpot has no property vat_number, flowtly_id"), "{told}");
    assert!(told.contains("perhaps it is nip ("), "{told}");
    assert!(told.contains("FAIL  HubSpot shows no company property vat"), "{told}");
    assert_eq!(maps_tax(&desk).as_deref(), Some("nip"));
    assert_eq!(desk.settings().crm.id_property(), None);
}

#[tokio::test]
async fn without_a_terminal_proposals_are_written_down_and_not_taken() {
    let desk = bare(&["vat_number"]);
    let mut words = words(&desk);
    let end = words.len() - 2;
    words.truncate(end);
    words.extend(["--no-input", "--default", "company.currency=EUR"].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut script = Script::default();
    let outcome = desk.init(&words, &mut script).await;
    assert_eq!(outcome.code.unwrap(), 0, "{}", outcome.printed);
    assert!(outcome.printed.contains("warn  Flowtly        company: Flowtly demands status"), "{}", outcome.printed);
    let settings = desk.settings();
    let defaults = &settings.kind_rules(Kind::Company).defaults;
    assert_eq!(defaults.keys().collect::<Vec<_>>(), [&(Side::Flowtly, Field::Currency)]);
    assert!(desk.text().contains("\n# region = "), "{}", desk.text());
    assert!(desk.text().lines().any(|line| line.starts_with("# status = \"")), "{}", desk.text());
}
