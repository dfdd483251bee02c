//! What options of `init` say: taken as it is said, and judged before any system is asked.

use super::desk::{Desk, Script};
use super::served::{PASSWORD, Pair};
use crate::served::{code, command, printed, told};

const HERE: &str = "http://127.0.0.1";

#[test]
fn what_is_wrong_is_told_together_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        ("--region", "Poland", "--region: `POLAND` does not do"),
        ("--default", "company.statu=active", "--default company.statu: there is no field `statu`; did you mean"),
        ("--default", "contact.typ=main", "--default contact.typ: there is no field `typ`"),
        ("--flowtly-url", "flowtly", "--flowtly-url: this is not a URL"),
        (
            "--flowtly-password-file",
            "none",
            "--flowtly-password-file: a password is somebody's: add --flowtly-username",
        ),
    ];
    for (crm, missing) in [
        (&["--crm", "espocrm"][..], &["--crm-url URL", "--crm-secret-file FILE"][..]),
        (&[], &["--crm NAME", "--crm-url URL", "--crm-secret-file FILE"]),
    ] {
        let mut init = command(folder.path(), &["init"]);
        init.args(crm).args(wrong.iter().flat_map(|(option, value, _)| [option, value]));
        let init = init.stdin(std::process::Stdio::null()).output().unwrap();
        assert_eq!(code(&init), 4, "{}", told(&init));
        for words in wrong.iter().map(|(_, _, words)| words).chain(missing) {
            assert!(told(&init).contains(words), "{words}: {}", told(&init));
        }
        assert!(!told(&init).contains("--flowtly-token-file"), "{}", told(&init));
    }
}

#[test]
fn properties_that_no_system_was_asked_about_are_written_as_they_are_said() {
    let pair = Pair::serve("hubspot");
    let mut init = pair.init(&["--unchecked", "--tax-property", "nip", "--id-property", "our_id"]);
    let output = init.output().unwrap();
    assert_eq!(code(&output), 0, "{}", told(&output));
    let text = || std::fs::read_to_string(pair.path("flowtly-sync.toml")).unwrap();
    assert!(text().contains("\n[mapping.company]\ntax_identity = { number = \"nip\" }\n"), "{}", text());
    assert!(text().contains("\nid_property = \"our_id\"\n"), "{}", text());

    let output = pair.init(&["--unchecked", "--force", "--tax-property", "", "--id-property", ""]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", told(&output));
    assert!(text().contains("\ntax_identity = false\n") && text().contains("\nid_property = \"\"\n"), "{}", text());

    for (tax, id, wanted) in [
        ("name", "our_id", "--tax-property: `name` is already mapped"),
        ("nip", "phone", "--id-property: `phone` holds Flowtly's id"),
    ] {
        let mut init = pair.init(&["--unchecked", "--force", "--tax-property", tax, "--id-property", id]);
        let output = init.output().unwrap();
        assert_eq!(code(&output), 4, "{}", told(&output));
        assert!(told(&output).contains(wanted), "{}", told(&output));
    }
}

#[test]
fn properties_that_do_not_do_are_told_together() {
    let pair = Pair::serve("hubspot");
    let init = pair.init(&["--tax-property", "tin", "--id-property", "phone"]).output().unwrap();
    assert_eq!(code(&init), 4, "{}", told(&init));
    for words in ["--tax-property: HubSpot shows no company property tin", "--id-property: phone is mapped"] {
        assert!(told(&init).contains(words), "{words}: {}", told(&init));
    }
}

#[test]
fn of_two_values_the_last_one_counts_and_an_empty_one_is_none() {
    let pair = Pair::serve("hubspot");
    let twice = ["--yes", "--default", "company.status=lead", "--default", "company.status=active"];
    let init = pair.init(&twice).output().unwrap();
    assert_eq!(code(&init), 0, "{}{}", printed(&init), told(&init));
    let lines = || {
        let text = std::fs::read_to_string(pair.path("flowtly-sync.toml")).unwrap();
        let lines = text.lines().filter(|line| line.trim_start_matches("# ").starts_with("status = "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(), ["status = \"active\""]);

    let init = pair.init(&["--yes", "--force", "--default", "company.status="]).output().unwrap();
    assert_eq!(code(&init), 0, "{}{}", printed(&init), told(&init));
    assert!(lines().len() == 1 && lines()[0].starts_with("# status = "), "{:?}", lines());
}

#[tokio::test]
async fn whoever_answers_is_told_of_a_wrong_option_first_and_loses_nothing() {
    let desk = Desk::furnished("hubspot");
    let token = desk.file("hubspot-token", &desk.crm.secret());
    let password = desk.file("flowtly-password", PASSWORD);
    let username = desk.flowtly.options().username.clone();
    let words = [
        "--crm",
        "hubspot",
        "--flowtly-url",
        HERE,
        "--flowtly-organisation",
        "",
        // Whose it is comes later.
        "--flowtly-password-file",
        &password,
        "--crm-url",
        HERE,
        "--crm-secret-file",
        &token,
        "--region",
        "Poland",
        "--default",
        "company.foo=x",
        "--default",
        "company.status=",
    ];
    let mut script = Script::of([
        ("Flowtly's user", &username),
        ("A header", ""),
        ("telephone numbers", "PL"),
        ("currency", ""),
        ("tin_type", ""),
        ("type of a contact", ""),
    ]);
    let outcome = desk.init(&words, &mut script).await;
    let told = script.told();
    assert_eq!(outcome.code.unwrap(), 0, "{told}\n{}", outcome.printed);
    assert!(script.is_over(), "{told}");
    let first = told.find("Flowtly's user").unwrap();
    for words in ["FAIL  --region: `POLAND` does not do", "FAIL  --default company.foo: there is no field `foo`"] {
        assert!(told.find(words).is_some_and(|place| place < first), "{words}\n{told}");
    }
    assert!(desk.text().contains("\npassword_file = \"flowtly-password\"\n"), "{}", desk.text());
    assert!(!desk.text().contains("foo"), "{}", desk.text());
    assert_eq!(desk.settings().locale().region.as_deref(), Some("PL"));
}
