//! The command line as a user types it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::served::{Served, code, command, printed, told};

#[test]
fn a_new_user_checks_looks_allows_and_is_in_agreement() {
    let served = Served::start();
    let check = served.run(&["check"]);
    assert_eq!(code(&check), 0, "{}{}", printed(&check), told(&check));
    assert_eq!(code(&served.run(&["diff"])), 2);
    assert!(!served.path("flowtly-sync.sqlite").exists(), "a dry run leaves no state");
    let refused = served.run(&["reconcile"]);
    assert_eq!(code(&refused), 3, "{}", printed(&refused));
    assert!(printed(&refused).contains("--allow first-pass"), "{}", printed(&refused));
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    let mode = std::fs::metadata(served.path("flowtly-sync.sqlite")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "the state is for its owner alone");
    let diff = served.run(&["diff", "--format", "json"]);
    assert_eq!(code(&diff), 0, "{}", printed(&diff));
    let report: serde_json::Value = serde_json::from_slice(&diff.stdout).unwrap();
    assert_eq!(report["actions"], serde_json::json!([]));
    assert_eq!(code(&served.run(&["status"])), 0);
    assert_eq!(code(&served.run(&["explain", "company:flowtly:1"])), 0);
}

#[test]
fn a_refused_credential_is_told_once_with_its_side_and_mend() {
    let served = Served::start();
    std::fs::write(served.path("hubspot-token"), "pat-hunter3").unwrap();
    let refused = served.run(&["reconcile"]);
    assert_eq!(code(&refused), 1);
    assert!(
        told(&refused).contains("CRM: ") && told(&refused).contains("HubSpot refused the token"),
        "{}",
        told(&refused)
    );
    assert!(!told(&refused).contains("hunter3"), "a secret is never told");
    std::fs::write(served.path("hubspot-token"), "sandbox-token").unwrap();
    std::fs::write(served.path("flowtly-password"), "hunter2").unwrap();
    let refused = served.run(&["diff"]);
    assert_eq!(code(&refused), 1);
    assert!(told(&refused).contains("Flowtly: "), "{}", told(&refused));
    assert!(!told(&refused).contains("hunter2"), "a secret is never told");
}

#[test]
fn a_server_that_is_no_api_is_a_wrong_setting_and_not_an_empty_list() {
    let served = Served::start();
    let file = served.path("flowtly-sync.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("[hubspot]", "clients_path = \"/nothing-here\"\n[hubspot]")
            .replacen("[flowtly.defaults]", "clients_path = \"/nothing-here\"\n[flowtly.defaults]", 1)
            .replace(
                "contact = { type = \"main\" }\nclients_path = \"/nothing-here\"\n",
                "contact = { type = \"main\" }\n",
            ),
    )
    .unwrap();
    let failed = served.run(&["reconcile", "--allow", "first-pass"]);
    assert_eq!(code(&failed), 1, "{}{}", printed(&failed), told(&failed));
    assert!(told(&failed).contains("clients_path"), "{}", told(&failed));
}

#[test]
fn all_problems_of_a_configuration_are_told_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        "[schedule]\ninterval = \"soon\"\nintervall = \"5m\"\n[flowtly]\nusername = \"x\"\n[crm]\nkind = \"hubspto\"\n";
    std::fs::write(directory.path().join("flowtly-sync.toml"), text).unwrap();
    let output = command(directory.path(), &["reconcile"]).output().unwrap();
    assert_eq!(code(&output), 4);
    for word in ["flowtly-sync.toml:2", "flowtly-sync.toml:3", "flowtly-sync.toml:7", "interval", "hubspot"] {
        assert!(told(&output).contains(word), "{word}: {}", told(&output));
    }
}

#[test]
fn a_state_that_cannot_be_used_is_told_and_left_alone() {
    let served = Served::start();
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    let state = served.path("flowtly-sync.sqlite");
    let good = std::fs::read(&state).unwrap();

    std::fs::write(&state, b"this is no database, and it is long enough to look like one").unwrap();
    for arguments in [["reconcile"], ["diff"], ["status"]] {
        let output = served.run(&arguments);
        assert_eq!(code(&output), 1, "{arguments:?}");
        assert!(told(&output).contains("damaged"), "{}", told(&output));
    }

    std::fs::write(&state, &good).unwrap();
    let newer = Command::new("sqlite3")
        .arg(&state)
        .arg("UPDATE _sqlx_migrations SET version = 99999 WHERE version = 1")
        .status();
    // Where the sqlite3 shell is not installed the other cases still count.
    if newer.is_ok_and(|status| status.success()) {
        for arguments in [["reconcile"], ["diff"], ["status"]] {
            let output = served.run(&arguments);
            assert_eq!(code(&output), 1, "{arguments:?}");
            assert!(told(&output).contains("newer release"), "{}", told(&output));
        }
    }
}

#[test]
fn the_most_talkative_log_holds_no_personal_data_and_no_secret() {
    let served = Served::start();
    let diff = served.run(&["diff", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_slice(&diff.stdout).unwrap();
    let labels: Vec<&str> =
        plan["actions"].as_array().unwrap().iter().map(|action| action["label"].as_str().unwrap()).collect();
    assert!(labels.len() > 10, "there is something that could leak");
    let pass = served.command(&["reconcile", "--allow", "first-pass"]).env("RUST_LOG", "trace").output().unwrap();
    assert_eq!(code(&pass), 0);
    let log = told(&pass);
    assert!(
        log.contains("\"name\":\"action\"") && log.contains("\"name\":\"pass\""),
        "actions are traced: {}",
        &log[..log.len().min(2_000)]
    );
    assert!(log.contains("\"name\":\"http"), "calls are traced");
    for label in labels {
        assert!(!log.contains(label), "the log names {label}");
    }
    for secret in ["sandbox-token", "Bearer ", "@", "+48 "] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

#[test]
fn the_demo_ends_in_agreement() {
    for seed in ["plain", "messy"] {
        let directory = tempfile::tempdir().unwrap();
        let output = command(directory.path(), &["demo", "--companies", "30", "--seed", seed]).output().unwrap();
        assert_eq!(code(&output), 0, "{seed}: {}", told(&output));
        assert!(printed(&output).contains("0 pairs differ without a reason"), "{}", printed(&output));
    }
}

#[test]
fn what_ends_the_program_is_an_error_in_the_journal_where_standard_error_goes_there() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().unwrap();
    let told = |names: &std::path::Path| {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let stream = std::fs::metadata(names).unwrap();
        let named = format!("{}:{}", stream.dev(), stream.ino());
        let mut command = command(folder.path(), &["status", "--all", "nowhere"]);
        command.env("JOURNAL_STREAM", named).stderr(log).output().unwrap();
        std::fs::read_to_string(folder.path().join("log")).unwrap()
    };
    std::fs::write(folder.path().join("log"), "").unwrap();
    let of_journal = told(&folder.path().join("log"));
    assert!(of_journal.starts_with("<3>"), "{of_journal}");
    let elsewhere = told(folder.path());
    assert_eq!(of_journal.strip_prefix("<3>"), Some(elsewhere.as_str()));
}
