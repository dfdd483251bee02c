//! The daemon as a process: what it tells its service manager, and what people do beside it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;

use chrono::{TimeDelta, Utc};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::served::{Running, Served, code, printed, told};

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
fn passes_go_on_and_the_daemon_stops_though_nobody_takes_its_log() {
    let served = Served::start();
    let talkative = [("RUST_LOG", "trace")];
    let mut running =
        Running::heard_by(std::process::Stdio::piped(), &served, &["run", "--allow", "first-pass"], &talkative);
    for pass in 1..=4 {
        running.hear(&format!("STATUS=idle; pass {pass}"));
        running.signal("-HUP");
    }
    let log = running.daemon.stderr.take().unwrap();
    running.stop();
    // A pipe takes 64 KiB, of which the end may be too little for another line.
    let said = std::io::read_to_string(log).unwrap();
    assert!(said.len() > 60 << 10, "the pipe was full: {}", said.len());
}

#[test]
fn a_daemon_that_ends_well_has_said_everything() {
    let served = Served::start();
    let mut running = Running::heard_by(
        std::process::Stdio::piped(),
        &served,
        &["run", "--allow", "first-pass"],
        &[("RUST_LOG", "debug")],
    );
    let log = running.daemon.stderr.take().unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(log).unwrap());
    running.hear("STATUS=idle; pass 1");
    running.stop();
    let said = reader.join().unwrap();
    assert!(said.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{said}");
    assert!(said.contains("the pass ended: applied") && !said.contains("log lines were lost"), "{said}");
}

#[test]
fn a_socket_that_is_handed_over_and_not_served_is_told() {
    let served = Served::start();
    let mut command = std::process::Command::new("sh");
    let script = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" run --log-format json 3</dev/null";
    command.args(["-c", script, env!("CARGO_BIN_EXE_flowtly-sync")]).current_dir(served.path("."));
    let mut daemon = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(daemon.stderr.take().unwrap()).lines();
    let mut lines = lines.map(|line| line.unwrap()).take_while(|line| !line.contains("the pass ended"));
    let told = lines.any(|line| line.contains("\"WARN\"") && line.contains("set web.enabled"));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert!(told);
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

/// Replaces a text of the configuration, or adds one at its end.
fn reconfigure(served: &Served, from: &str, to: &str) {
    let path = served.path("flowtly-sync.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_sighup_takes_up_a_configuration_if_and_only_if_it_is_valid() {
    let served = Served::start();
    let running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 1");
    reconfigure(&served, "[locale]", "[schedule]\nintervall = \"1s\"\n[locale]");
    running.signal("-HUP");
    running.hear("RELOADING=1\nMONOTONIC_USEC=");
    running.hear("STATUS=the new configuration is not valid");
    running.hear("STATUS=a pass is under way: asking both sides; the new configuration is not valid");
    running.hear("STATUS=idle; pass 2");
    // The state is held, so that no other one can be taken up.
    reconfigure(&served, "[schedule]\nintervall = \"1s\"", "[state]\npath = \"elsewhere.sqlite\"");
    running.signal("-HUP");
    running.hear("STATUS=the new configuration is not valid");
    running.hear("STATUS=idle; pass 3");
    assert!(!served.path("elsewhere.sqlite").exists());
    reconfigure(&served, "[state]\npath = \"elsewhere.sqlite\"", "[schedule]\ninterval = \"1s\"");
    running.signal("-HUP");
    running.hear("RELOADING=1");
    running.hear("READY=1");
    running.hear("STATUS=idle; pass 4");
    // Nobody wakes it: this is the new beat.
    running.hear("STATUS=idle; pass 5");
    let beside = served.run(&["reconcile"]);
    assert_eq!(code(&beside), 0, "its control socket is still there: {}{}", printed(&beside), told(&beside));
    running.stop();
}

/// Who reloads is a person: what they changed is not left to the morning.
#[test]
fn a_sighup_at_night_starts_a_pass_by_the_new_configuration() {
    let served = Served::start();
    let (now, hours) = (Utc::now(), TimeDelta::hours(3));
    let night =
        format!("[schedule]\nquiet = [\"{}-{}\"]\n", (now - hours).format("%H:%M"), (now + hours).format("%H:%M"));
    let path = served.path("flowtly-sync.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n{night}")).unwrap();
    let running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; quiet until");
    std::fs::write(&path, format!("{text}\n{night}jitter = 0.2\n")).unwrap();
    running.signal("-HUP");
    running.hear("RELOADING=1");
    running.hear("STATUS=idle; pass 1");
    running.stop();
    assert_eq!(code(&served.run(&["diff"])), 0);
}

#[test]
fn what_a_reload_does_not_take_up_is_told() {
    let served = Served::start();
    let path = served.path("flowtly-sync.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let log = std::fs::File::create(served.path("log")).unwrap();
    let running = Running::heard_by(log.into(), &served, &["run", "--allow", "first-pass"], &[]);
    running.hear("STATUS=idle; pass 1");
    for (pass, more) in [(2, "[schedule]\njitter = 0.2\n"), (3, "[log]\nlevel = \"debug\"\n")] {
        std::fs::write(&path, format!("{text}\n{more}")).unwrap();
        running.signal("-HUP");
        running.hear(&format!("STATUS=idle; pass {pass}"));
    }
    running.stop();
    let log = std::fs::read_to_string(served.path("log")).unwrap();
    assert_eq!(log.matches("is taken up by a restart alone").count(), 1, "{log}");
}

#[test]
fn a_watchdog_is_fed_between_beats_and_during_a_pass() {
    let served = Served::start();
    let watched = [("WATCHDOG_USEC", "300000")];
    let running = Running::with(&served, &["run", "--allow", "first-pass"], &watched);
    running.hear("WATCHDOG=1");
    running.hear("STATUS=idle; pass 1");
    running.hear("WATCHDOG=1");
    running.hear("WATCHDOG=1");
    running.stop();
}

/// A system that takes connections and never answers.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn a_stop_is_told_as_it_begins_though_a_pass_is_under_way_that_has_to_be_left() {
    let served = Served::start();
    let (listener, url) = silent();
    let variables = [("FLOWTLY_SYNC__HUBSPOT__BASE_URL", url.as_str()), ("FLOWTLY_SYNC__SCHEDULE__STOP_WITHIN", "5s")];
    let mut running = Running::with(&served, &["run", "--allow", "first-pass"], &variables);
    let _asked = listener.accept().unwrap();
    running.signal("-TERM");
    running.hear("STOPPING=1");
    assert!(running.daemon.try_wait().unwrap().is_none(), "it was told before the pass was left");
    assert_eq!(running.daemon.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn an_end_by_an_error_of_the_state_is_told_too() {
    let served = Served::start();
    let mut running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 1");
    let state = sqlx::sqlite::SqliteConnectOptions::new().filename(served.path("flowtly-sync.sqlite"));
    let mut state = state.connect().await.unwrap();
    sqlx::query("DROP TABLE pass").execute(&mut state).await.unwrap();
    state.close().await.unwrap();
    running.signal("-HUP");
    running.hear("STOPPING=1");
    assert_eq!(running.daemon.wait().unwrap().code(), Some(1));
}

#[test]
fn whoever_can_only_start_a_program_asks_the_daemon_by_one() {
    let served = Served::start();
    let off = served.run(&["health"]);
    assert_eq!(code(&off), 1);
    assert!(told(&off).contains("web.enabled"), "{}", told(&off));
    // Nobody else asks for a port at this address, so that it stays free.
    let free = std::net::TcpListener::bind("127.0.0.3:0").unwrap().local_addr().unwrap().to_string();
    let web = [("FLOWTLY_SYNC__WEB__ENABLED", "true"), ("FLOWTLY_SYNC__WEB__BIND", free.as_str())];
    let ask = |arguments: &[&str]| served.command(arguments).envs(web).output().unwrap();
    let nobody = ask(&["health"]);
    assert_eq!(code(&nobody), 1);
    assert!(told(&nobody).contains(&format!("no daemon answers at {free}")), "{}", told(&nobody));
    let running = Running::with(&served, &["run", "--allow", "first-pass"], &web);
    running.hear("STATUS=idle; pass 1");
    for arguments in [&["health"][..], &["health", "--ready"]] {
        let asked = ask(arguments);
        assert_eq!(code(&asked), 0, "{arguments:?}: {}{}", printed(&asked), told(&asked));
        let answer: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
        assert_eq!(answer["ok"], true);
    }
    running.stop();
}
