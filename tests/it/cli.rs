//! The binary as a user runs it, against the `sandbox` command on loopback.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_flowtly-sync");

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A served sandbox, and a directory with the configuration that it printed.
pub struct Served {
    server: Child,
    directory: tempfile::TempDir,
}

impl Served {
    pub fn start() -> Self {
        Self::with(&["--companies", "8"])
    }

    /// With these options of the sandbox.
    fn with(sample: &[&str]) -> Self {
        let mut server = Command::new(BINARY)
            .arg("sandbox")
            .args(sample)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut configuration = String::new();
        for line in BufReader::new(server.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            configuration.push_str(&line);
            configuration.push('\n');
            if line.starts_with("token_file") {
                break;
            }
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("flowtly-sync.toml"), configuration).unwrap();
        std::fs::write(directory.path().join("flowtly-password"), "sandbox").unwrap();
        std::fs::write(directory.path().join("hubspot-token"), "sandbox-token\n").unwrap();
        Self { server, directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        command(self.directory.path(), arguments)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(directory);
    for name in
        ["FLOWTLY_SYNC_CONFIG", "STATE_DIRECTORY", "CONFIGURATION_DIRECTORY", "CREDENTIALS_DIRECTORY", "RUST_LOG"]
    {
        command.env_remove(name);
    }
    command
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

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

/// `run` beside which commands are typed.
struct Running {
    daemon: Child,
    notify: UnixDatagram,
}

impl Running {
    fn start(served: &Served, arguments: &[&str]) -> Self {
        let path = served.path("notify");
        let _ = std::fs::remove_file(&path);
        let notify = UnixDatagram::bind(&path).unwrap();
        notify.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = served.command(arguments);
        let daemon = command.env("NOTIFY_SOCKET", path).stderr(Stdio::null()).spawn().unwrap();
        let running = Self { daemon, notify };
        running.hear("READY=1");
        running
    }

    fn hear(&self, wanted: &str) {
        loop {
            let mut buffer = [0; 4096];
            let length = self.notify.recv(&mut buffer).unwrap();
            if String::from_utf8_lossy(&buffer[..length]).contains(wanted) {
                return;
            }
        }
    }

    fn signal(&self, name: &str) {
        let line = format!("kill {name} {}", self.daemon.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    fn stop(mut self) {
        self.signal("-TERM");
        self.hear("STOPPING=1");
        assert_eq!(self.daemon.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[test]
fn the_daemon_says_when_it_is_ready_keeps_others_out_and_stops_on_sigterm() {
    let served = Served::start();
    let running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 1");
    let second = served.run(&["run"]);
    assert_eq!(code(&second), 1);
    assert!(told(&second).contains(&format!("in use by process {}", running.daemon.id())), "{}", told(&second));
    assert_eq!(code(&served.run(&["status"])), 0, "what reads may read");
    running.signal("-HUP");
    running.hear("STATUS=idle; pass 2");
    running.stop();
    assert!(!served.path("flowtly-sync.sqlite.control").exists());
    assert_eq!(code(&served.run(&["diff"])), 0, "it left a state in agreement");
}

fn list(served: &Served, what: &str) -> Vec<serde_json::Value> {
    let output = served.run(&[what, "--json"]);
    assert_eq!(code(&output), 0, "{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn decisions_and_passes_beside_a_running_daemon_go_through_its_socket() {
    let served = Served::with(&["--companies", "60", "--seed", "messy"]);
    let running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 1");
    let mode = std::fs::metadata(served.path("flowtly-sync.sqlite.control")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the socket is for its owner alone");

    let conflicts = list(&served, "conflicts");
    let number = conflicts.first().expect("the messy sandbox has conflicts")["id"].to_string();
    let resolved = served.run(&["conflicts", "resolve", &number, "--take", "crm"]);
    assert_eq!(code(&resolved), 0, "{}", told(&resolved));
    assert!(printed(&resolved).contains("CRM's value shall hold"), "{}", printed(&resolved));
    let pass = served.run(&["reconcile", "--full"]);
    assert_eq!(code(&pass), 2, "others wait: {}{}", printed(&pass), told(&pass));
    assert!(list(&served, "conflicts").iter().all(|conflict| conflict["id"] != conflicts[0]["id"]));
    let again = served.run(&["conflicts", "resolve", &number, "--take", "crm"]);
    assert_eq!(code(&again), 1);
    assert!(told(&again).contains("(any more)"), "{}", told(&again));

    let questions = list(&served, "questions");
    let number = questions.first().expect("the messy sandbox has questions")["id"].to_string();
    let answered = served.run(&["questions", "answer", &number, "--postpone", "7d"]);
    assert_eq!(code(&answered), 0, "{}", told(&answered));
    assert!(printed(&answered).contains("put off until"), "{}", printed(&answered));

    let retried = served.run(&["failures", "retry", "--all"]);
    assert_eq!(code(&retried), 0, "{}", told(&retried));
    assert_eq!(code(&served.run(&["failures"])), 0);
    assert!(!list(&served, "history").is_empty());
    running.stop();
}

#[test]
fn a_killed_daemons_socket_keeps_nobody_out() {
    let served = Served::start();
    let mut running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 1");
    running.daemon.kill().unwrap();
    running.daemon.wait().unwrap();
    assert!(served.path("flowtly-sync.sqlite.control").exists(), "as it was left");
    assert_eq!(code(&served.run(&["reconcile"])), 0, "nobody holds the state");
    let running = Running::start(&served, &["run"]);
    running.hear("STATUS=idle");
    let pass = served.run(&["reconcile"]);
    assert_eq!(code(&pass), 0, "{}{}", printed(&pass), told(&pass));
    running.stop();
}

#[test]
fn a_holder_without_a_socket_is_named_with_the_socket_that_did_not_answer() {
    let served = Served::start();
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    let _held = flowtly_sync::store::lock::WriterLock::take(&served.path("flowtly-sync.sqlite")).unwrap();
    for arguments in [&["failures", "retry", "--all"][..], &["reconcile"], &["links", "remove", "company", "1"]] {
        let output = served.run(arguments);
        assert_eq!(code(&output), 1);
        let words = [format!("in use by process {}", std::process::id()), ".control did not answer".to_owned()];
        for word in words {
            assert!(told(&output).contains(&word), "{word}: {}", told(&output));
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
