//! `init` where nobody is asked: the real program, by options.

use rstest::rstest;

use super::served::{PASSWORD, Pair, files, mode};
use crate::served::{code, command, printed, told};

/// The file that holds the CRM's secret, as the units name it.
fn secret_name(crm: &str) -> &'static str {
    match crm {
        "hubspot" => "hubspot-token",
        "espocrm" => "espocrm-key",
        "odoo" => "odoo-api-key",
        _ => "pipedrive-token",
    }
}

#[rstest]
#[case("hubspot", &[])]
#[case("espocrm", &[])]
#[case("odoo", &["--crm-login", "sync@example.com", "--id-property", "x_flowtly_id"])]
#[case("pipedrive", &[])]
fn what_is_written_keeps_both_systems_in_agreement(#[case] crm: &'static str, #[case] further: &[&str]) {
    let pair = Pair::serve(crm);
    let mut further = further.to_vec();
    further.extend(["--yes", "--region", "pl"]);
    let init = pair.init(&further).output().unwrap();
    assert_eq!(code(&init), 0, "{}{}", printed(&init), told(&init));
    assert!(printed(&init).contains("ok    configuration  read, and without problems"), "{}", printed(&init));
    assert!(printed(&init).contains("  flowtly-sync diff "), "{}", printed(&init));
    assert_eq!(told(&init).lines().filter(|line| line.starts_with("ok    ")).count(), 2, "{}", told(&init));
    assert_eq!(pair.files(), {
        let mut names = vec!["flowtly-password", "flowtly-sync.toml", secret_name(crm)];
        names.sort_unstable();
        names
    });

    let text = std::fs::read_to_string(pair.path("flowtly-sync.toml")).unwrap();
    for (what, held) in [("the file", &text), ("standard output", &printed(&init)), ("standard error", &told(&init))] {
        // The password of the embedded Flowtly is a word that stands in names too.
        assert!(!held.contains(&pair.crm_secret) && !held.contains(&format!("\"{PASSWORD}\"")), "{what}: {held}");
    }
    assert!(text.contains("region = \"PL\""), "{text}");
    for secret in ["flowtly-password", secret_name(crm)] {
        assert_eq!(mode(&pair.path(secret)), 0o600, "{secret}");
    }
    assert_eq!(std::fs::read_to_string(pair.path(secret_name(crm))).unwrap(), format!("{}\n", pair.crm_secret));

    let diff = pair.run(&["diff"]);
    assert_eq!(code(&diff), 2, "{}{}", printed(&diff), told(&diff));
    let pass = pair.run(&["reconcile", "--allow", "first-pass"]);
    assert_eq!(code(&pass), 0, "{}{}", printed(&pass), told(&pass));
    let diff = pair.run(&["diff"]);
    assert_eq!(code(&diff), 0, "{}{}", printed(&diff), told(&diff));
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &[&str]| command(folder.path(), line).stdin(std::process::Stdio::null()).output().unwrap();
    let init = run(&["init"]);
    assert_eq!(code(&init), 4);
    let told_first = told(&init);
    for option in ["--crm NAME", "--flowtly-username", "--flowtly-password-file", "--crm-url", "--crm-secret-file"] {
        assert!(told_first.contains(option), "{option}: {told_first}");
    }
    let init = run(&["init", "--crm", "espocrm", "--flowtly-username", "sync@example.com", "--yes"]);
    assert_eq!(code(&init), 4);
    for option in ["--flowtly-password-file FILE", "--crm-url URL", "--crm-secret-file FILE"] {
        assert!(told(&init).contains(option), "{option}: {}", told(&init));
    }
    assert!(!told(&init).contains("--crm NAME") && !told(&init).contains("token-file"), "{}", told(&init));
    assert_eq!(printed(&init), "");
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

#[test]
fn wrong_answers_are_told_by_their_options_all_at_once() {
    let pair = Pair::serve("hubspot");
    let init = pair
        .init(&["--crm-database", "x", "--flowtly-header", "no name=x", "--default", "company.statu=active"])
        .args(["--region", "Poland"])
        .output()
        .unwrap();
    assert_eq!(code(&init), 4, "{}", told(&init));
    for line in ["--crm-database is nothing that HubSpot has", "--flowtly-header: this is no name of a header"] {
        assert!(told(&init).contains(line), "{line}: {}", told(&init));
    }
    for (further, wanted) in [
        (["--default", "company.statu=active"], "--default company.statu: there is no field `statu`; did you mean"),
        (["--region", "Poland"], "--region: `POLAND` does not do"),
        (["--tax-property", "tin"], "--tax-property: HubSpot shows no company property tin"),
        (["--tax-property", "name"], "--tax-property: name is mapped to something else already"),
        (["--id-property", "phone"], "--id-property: phone is mapped to something else already"),
    ] {
        let init = pair.init(&further).output().unwrap();
        assert_eq!(code(&init), 4, "{further:?}: {}", told(&init));
        assert!(told(&init).contains(wanted), "{wanted}: {}", told(&init));
    }
    let init = pair.init(&["--default", "nothing"]).output().unwrap();
    assert_eq!(code(&init), 4, "{}", told(&init));
    assert_eq!(pair.files(), Vec::<String>::new());
}

#[test]
fn a_file_that_is_there_is_not_replaced_by_accident() {
    let pair = Pair::serve("hubspot");
    std::fs::write(pair.path("flowtly-sync.toml"), "# mine\n").unwrap();
    let init = pair.init(&["--yes"]).output().unwrap();
    assert_eq!(code(&init), 1);
    assert!(told(&init).contains("flowtly-sync.toml is there already: --force replaces it"), "{}", told(&init));
    assert_eq!(std::fs::read_to_string(pair.path("flowtly-sync.toml")).unwrap(), "# mine\n");
    assert_eq!(pair.files(), ["flowtly-sync.toml"]);

    std::fs::write(pair.path("hubspot-token"), "another\n").unwrap();
    let init = pair.init(&["--yes", "--output", "other.toml"]).output().unwrap();
    assert_eq!(code(&init), 4);
    assert!(told(&init).contains("hubspot-token holds another secret"), "{}", told(&init));

    let init = pair.init(&["--yes", "--force"]).output().unwrap();
    assert_eq!(code(&init), 0, "{}{}", printed(&init), told(&init));
    assert_eq!(std::fs::read_to_string(pair.path("hubspot-token")).unwrap(), format!("{}\n", pair.crm_secret));
    let files = pair.files();
    let kept = files.iter().find(|name| name.starts_with("flowtly-sync.toml.before-init-")).unwrap();
    assert!(printed(&init).contains(&format!("\nkept: {kept} (what it replaced)\n")), "{}", printed(&init));
    assert_eq!(std::fs::read_to_string(pair.path(kept)).unwrap(), "# mine\n");

    let init = pair.init(&["--yes", "--output", "another one.toml"]).output().unwrap();
    assert_eq!(code(&init), 0, "{}{}", printed(&init), told(&init));
    assert!(printed(&init).contains("  flowtly-sync --config 'another one.toml' check"), "{}", printed(&init));
    assert_eq!(code(&pair.run(&["--config", "another one.toml", "check"])), 0);
}

#[test]
fn a_system_that_does_not_answer_leaves_nothing_behind_unless_that_is_wanted() {
    let pair = Pair::serve("odoo");
    // No other test listens at this address.
    let closed = std::net::TcpListener::bind("127.0.0.3:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}");
    let args = ["--yes", "--crm-url", &url];
    let mut init = command(&pair.path(""), &["init", "--crm", "odoo", "--flowtly-url", &pair.flowtly_url]);
    init.args(["--flowtly-username", &pair.username]).args(args).stdin(std::process::Stdio::null());
    init.arg("--flowtly-password-file").arg(pair.elsewhere("password"));
    init.arg("--crm-secret-file").arg(pair.elsewhere("secret"));
    let output = init.output().unwrap();
    assert_eq!(code(&output), 1, "{}", told(&output));
    for words in ["CRM: Odoo", "look at base_url, the network", "nothing was written; --unchecked"] {
        assert!(told(&output).contains(words), "{words}: {}", told(&output));
    }
    assert_eq!(pair.files(), Vec::<String>::new());

    let output = init.arg("--unchecked").output().unwrap();
    assert_eq!(code(&output), 0, "{}", told(&output));
    assert!(printed(&output).contains("No system was asked whether this works."), "{}", printed(&output));
    assert_eq!(pair.files(), ["flowtly-password", "flowtly-sync.toml", "odoo-api-key"]);
    assert_eq!(code(&pair.run(&["check", "--show-config"])), 0);
}

#[test]
fn a_refused_credential_is_told_with_its_mend_and_never_shown() {
    let pair = Pair::serve("pipedrive");
    std::fs::write(pair.elsewhere("secret"), "hunter2").unwrap();
    let init = pair.init(&["--yes"]).output().unwrap();
    assert_eq!(code(&init), 1);
    assert!(
        told(&init).contains("CRM: Pipedrive") && told(&init).contains("the credential is refused"),
        "{}",
        told(&init)
    );
    assert!(!told(&init).contains("hunter2"), "{}", told(&init));
    std::fs::write(pair.elsewhere("password"), "hunter3").unwrap();
    let init = pair.init(&["--yes"]).output().unwrap();
    assert_eq!(code(&init), 1);
    assert!(told(&init).contains("Flowtly: ") && told(&init).contains("set flowtly.username"), "{}", told(&init));
    assert!(!told(&init).contains("hunter3"), "{}", told(&init));
    assert_eq!(pair.files(), Vec::<String>::new());
}

#[test]
fn what_is_done_next_is_told_with_the_file_that_it_is_done_with() {
    let pair = Pair::serve("hubspot");
    std::fs::create_dir(pair.path("folder")).unwrap();
    for (further, named, next) in [
        (["--config", "folder/a.toml"], None, "\n  flowtly-sync --config folder/a.toml check "),
        (["--output", "folder/b.toml"], Some("folder/b.toml"), "\n  flowtly-sync check "),
        (["--config", "./flowtly-sync.toml"], None, "\n  flowtly-sync check "),
        (
            ["--output", "flowtly-sync.toml"],
            Some("folder/b.toml"),
            "\n  flowtly-sync --config flowtly-sync.toml check ",
        ),
    ] {
        let mut init = pair.init(&further);
        init.args(["--unchecked", "--force"]).envs(named.map(|named| ("FLOWTLY_SYNC_CONFIG", named)));
        let init = init.output().unwrap();
        assert_eq!(code(&init), 0, "{further:?}: {}", told(&init));
        assert!(printed(&init).contains(next), "{further:?}: {}", printed(&init));
    }
}

#[test]
fn a_folder_in_which_nothing_can_be_written_is_told_first() {
    let folder = tempfile::tempdir().unwrap();
    for output in ["missing/flowtly-sync.toml", "/proc/flowtly-sync.toml"] {
        let init = command(folder.path(), &["init", "--output", output]).output().unwrap();
        assert_eq!(code(&init), 1, "{}", told(&init));
        assert!(told(&init).contains("nothing can be written in "), "{}", told(&init));
    }
    let init = command(folder.path(), &["init", "--force", "--output", "."]).output().unwrap();
    assert_eq!(code(&init), 1, "{}", told(&init));
    assert!(told(&init).contains(". is a folder: name a file in it with --output"), "{}", told(&init));
}

#[test]
fn a_service_s_folders_are_where_files_are_written_and_looked_for() {
    let pair = Pair::serve("espocrm");
    let folders = tempfile::tempdir().unwrap();
    for name in ["etc", "secrets", "state"] {
        std::fs::create_dir(folders.path().join(name)).unwrap();
    }
    let of_service = |command: &mut std::process::Command| {
        command
            .env("CONFIGURATION_DIRECTORY", folders.path().join("etc"))
            .env("CREDENTIALS_DIRECTORY", folders.path().join("secrets"))
            .env("STATE_DIRECTORY", folders.path().join("state"))
            .output()
            .unwrap()
    };
    // Secrets by their variables, as any command takes them.
    let mut init = command(&pair.path(""), &["init", "--yes", "--crm", "espocrm", "--flowtly-url", &pair.flowtly_url]);
    init.args(["--flowtly-username", &pair.username, "--crm-url", &pair.crm_url]).stdin(std::process::Stdio::null());
    init.env("FLOWTLY_SYNC__FLOWTLY__PASSWORD", PASSWORD).env("FLOWTLY_SYNC__ESPOCRM__API_KEY", &pair.crm_secret);
    let init = of_service(&mut init);
    assert_eq!(code(&init), 0, "{}{}", printed(&init), told(&init));
    assert_eq!(files(&folders.path().join("etc")), ["config.toml"]);
    assert_eq!(files(&folders.path().join("secrets")), ["espocrm-key", "flowtly-password"]);
    assert!(printed(&init).contains("\n  flowtly-sync check "), "{}", printed(&init));
    let check = of_service(&mut command(&pair.path(""), &["check"]));
    assert_eq!(code(&check), 0, "{}{}", printed(&check), told(&check));

    // And what stands there already needs no option.
    std::fs::remove_file(folders.path().join("etc/config.toml")).unwrap();
    let mut again = command(&pair.path(""), &["init", "--yes", "--crm", "espocrm", "--flowtly-url", &pair.flowtly_url]);
    again.args(["--flowtly-username", &pair.username, "--crm-url", &pair.crm_url]).stdin(std::process::Stdio::null());
    let again = of_service(&mut again);
    assert_eq!(code(&again), 0, "{}{}", printed(&again), told(&again));
    assert!(!printed(&again).contains("for its owner alone"), "{}", printed(&again));
}
