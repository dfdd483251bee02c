//! What the systemd units promise together, read from `deploy/` and held against the binary's own defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use flowtly_sync::commands::STOP_TAKES;
use flowtly_sync::connector::registry::SYSTEMS;
use flowtly_sync::connector::setup::{Answer, PASSWORD, TOKEN};

use crate::served::{Running, Served, code, command, printed, told};

const SERVICES: [&str; 3] = ["flowtly-sync.service", "flowtly-sync@.service", "flowtly-sync-reconcile.service"];

/// Where the sandbox of a unit begins; it ends where the section does.
const SANDBOX: &str = "# It needs the network, its state, and nothing else.\n";

fn text(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// What a unit says for a key, in the unit's order; comments say nothing. `%i` is the instance `acme`.
fn said(unit: &str, key: &str) -> Vec<String> {
    let text = text(&format!("deploy/{unit}")).replace("%i", "acme");
    text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned).collect()
}

fn once(unit: &str, key: &str) -> String {
    let said = said(unit, key);
    assert_eq!(said.len(), 1, "{unit} says {key} once: {said:?}");
    said[0].clone()
}

/// What of the compiled-in defaults a key is.
fn default(section: &str, key: &str) -> String {
    let defaults: toml::Table = text("config/default.toml").parse().unwrap();
    defaults[section][key].as_str().unwrap().to_owned()
}

#[test]
fn every_service_stands_in_the_same_sandbox() {
    let sandboxes: BTreeSet<String> = SERVICES
        .map(|unit| {
            let text = text(&format!("deploy/{unit}"));
            let after = text.split_once(SANDBOX).expect("a unit has a sandbox").1;
            after.split("\n[").next().unwrap().trim_end().to_owned()
        })
        .into();
    assert_eq!(sandboxes.len(), 1, "{sandboxes:#?}");
    let sandbox = sandboxes.first().unwrap();
    for line in
        ["DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "UMask=0077"]
    {
        assert!(sandbox.lines().any(|said| said == line), "{line}");
    }
}

#[test]
fn a_pair_of_the_template_shares_nothing_with_another_one() {
    let [one, pair, pass] = SERVICES;
    for key in ["ConfigurationDirectory", "StateDirectory", "LoadCredential", "User", "ConditionDirectoryNotEmpty"] {
        assert!(said(pair, key).iter().all(|said| said.contains("acme")), "{key} is of the instance");
    }
    assert_eq!(
        once(pass, "User"),
        one.trim_end_matches(".service"),
        "the name that systemd makes of the daemon's unit"
    );
    for key in [
        "ConfigurationDirectory",
        "StateDirectory",
        "StateDirectoryMode",
        "LoadCredential",
        "SetCredential",
        "ConditionDirectoryNotEmpty",
    ] {
        assert_eq!(said(one, key), said(pass, key), "daemon and pass share {key}");
    }
    for key in [
        "Type",
        "ExecStart",
        "ExecReload",
        "Restart",
        "RestartPreventExitStatus",
        "RestartSec",
        "TimeoutStartSec",
        "TimeoutStopSec",
        "WatchdogSec",
        "WantedBy",
        "StateDirectoryMode",
    ] {
        assert_eq!(said(one, key), said(pair, key), "one and many agree on {key}");
    }
}

const EXAMPLES: [&str; 5] = ["hubspot", "espocrm", "odoo", "pipedrive", "custom-fields"];

/// The binary, started with the directories that systemd makes for a unit, finds there what the unit's head says to put there.
#[test]
fn the_binary_finds_configuration_secrets_and_state_where_a_unit_puts_them() {
    for (unit, example) in SERVICES.iter().flat_map(|unit| EXAMPLES.map(|example| (*unit, example))) {
        let place = Place::of(unit, &text(&format!("config/{example}.example.toml")));
        for credential in said(unit, "LoadCredential") {
            let (name, source) = credential.split_once(':').unwrap();
            let secrets = Path::new("/etc").join(once(unit, "ConfigurationDirectory")).join("secrets");
            assert_eq!(Path::new(source), secrets.join(name), "{unit}");
            assert_eq!(Path::new(&once(unit, "ConditionDirectoryNotEmpty")), secrets, "{unit}");
            std::fs::write(place.credentials().join(name), "secret").unwrap();
        }
        let shown = place.run(&["check", "--show-config"]);
        assert_eq!(code(&shown), 0, "{unit}, {example}: {}", told(&shown));
        let path = place.state.join("flowtly-sync.sqlite");
        assert!(printed(&shown).contains(&path.display().to_string()), "{unit}: {}", printed(&shown));
    }
}

/// Every setting that names the file of a secret, and under which name the units hand that over: it stands behind the setting.
fn secrets() -> BTreeMap<String, String> {
    let mut secrets = BTreeMap::new();
    let mappings = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mapping")).unwrap();
    let mappings = mappings.map(|file| format!("config/mapping/{}", file.unwrap().file_name().to_string_lossy()));
    for file in mappings.chain(["config/default.toml".to_owned()]) {
        let mut section = String::new();
        for line in text(&file).lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, rest)) = line.split_once(" = \"\"")
                && key.ends_with("_file")
            {
                let name = rest.strip_prefix(" # \"").and_then(|rest| rest.strip_suffix('"'));
                let name = name.unwrap_or_else(|| panic!("{file}: {section}.{key} has no name behind it: {line}"));
                assert!(secrets.insert(format!("{section}.{key}"), name.to_owned()).is_none());
            }
        }
    }
    secrets
}

/// No setting is known to the program that the list above has not.
#[test]
fn every_setting_that_ends_in_file_has_a_name_behind_it() {
    fn files(prefix: &str, table: &toml::Table, found: &mut BTreeSet<String>) {
        for (key, value) in table {
            let dotted = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            if let Some(table) = value.as_table() {
                files(&dotted, table, found);
            } else if key.ends_with("_file") {
                found.insert(dotted);
            }
        }
    }
    let mut found = BTreeSet::new();
    for system in SYSTEMS {
        files("", &text(&format!("config/mapping/{}.toml", system.name)).parse().unwrap(), &mut found);
    }
    files("", &text("config/default.toml").parse().unwrap(), &mut found);
    assert_eq!(found, secrets().into_keys().collect());
    assert!(found.len() >= 17, "{found:?}");
}

/// What the configuration and `init` know as a secret, every unit hands over, and nothing else; and people are told these names.
#[test]
fn a_unit_hands_over_every_secret_that_is_asked_for() {
    let secrets = secrets();
    let names: BTreeSet<&str> = secrets.values().map(String::as_str).collect();
    assert_eq!(names.len(), secrets.len(), "each has a name of its own: {secrets:?}");
    for unit in SERVICES {
        let handed_over = said(unit, "LoadCredential");
        let handed_over: Vec<&str> = handed_over.iter().map(|said| said.split(':').next().unwrap()).collect();
        assert_eq!(handed_over.iter().copied().collect::<BTreeSet<_>>(), names, "{unit}");
        assert_eq!(handed_over.len(), names.len(), "{unit}: none twice");
    }
    let of_crms = SYSTEMS.iter().flat_map(|system| system.setup.questions);
    for question in of_crms.chain([&PASSWORD, &TOKEN]) {
        if let Answer::Secret(name) | Answer::OptionalSecret(name) = question.answer {
            assert!(names.contains(name), "`init` writes {name}");
        }
    }
    let examples = EXAMPLES.map(|example| format!("config/{example}.example.toml"));
    let mut told = BTreeSet::new();
    for file in examples.iter().map(String::as_str).chain(["README.md"]) {
        for line in text(file).lines() {
            let Some((key, value)) = line.split_once(" = \"") else { continue };
            if key.ends_with("_file") {
                let name = value.split('"').next().unwrap();
                assert!(names.contains(name), "{file}: no unit hands {name} over");
                told.insert(name.to_owned());
            }
        }
    }
    assert!(told.contains("hubspot-webhook") && told.contains("mail-password"), "{told:?}");
}

/// With every secret that a configuration can ask for the service starts where its unit put them.
#[test]
fn what_the_readme_configures_is_handed_over() {
    for unit in SERVICES {
        let configuration = text("config/hubspot.example.toml")
            + "\n[web]\nenabled = true\ntoken_file = \"web-token\"\npublic_url = \"https://sync.example.com\"\n\
               [hubspot.webhook]\nsecret_file = \"hubspot-webhook\"\n\
               [traces]\nendpoint = \"http://127.0.0.1:4318/v1/traces\"\nauthorization_file = \"collector-token\"\n\
               [notices.mail]\nhost = \"mail.example.com\"\nusername = \"sync\"\npassword_file = \"mail-password\"\n\
               from = \"sync@example.com\"\nto = [\"ops@example.com\"]\n\
               [notices.webhook]\nurl_file = \"hook-url\"\nsecret_file = \"hook-secret\"\n";
        let place = Place::of(unit, &configuration);
        for credential in said(unit, "LoadCredential") {
            let name = credential.split(':').next().unwrap();
            let secret = if name == "hook-url" { "https://chat.example.com/hook" } else { "secret" };
            std::fs::write(place.credentials().join(name), secret).unwrap();
        }
        let shown = place.run(&["check", "--show-config"]);
        assert_eq!(code(&shown), 0, "{unit}: {}", told(&shown));
    }
}

/// Where a secret's file is missing, systemd hands over what the unit says instead, and the program says which one it lacks.
#[test]
fn a_secret_that_is_missing_is_named_by_the_program() {
    for unit in SERVICES {
        let instead: Vec<_> = said(unit, "SetCredential");
        let names = |said: &[String]| -> Vec<String> {
            said.iter().map(|said| said.split_once(':').unwrap().0.to_owned()).collect()
        };
        assert_eq!(names(&instead), names(&said(unit, "LoadCredential")), "{unit}");
        let place = Place::of(unit, &text("config/hubspot.example.toml"));
        for credential in &instead {
            let (name, value) = credential.split_once(':').unwrap();
            assert_eq!(value, "\\n", "an empty line, as systemd.exec(5) writes it");
            std::fs::write(place.credentials().join(name), "\n").unwrap();
        }
        std::fs::write(place.credentials().join("flowtly-password"), "secret").unwrap();
        let refused = place.run(&["run"]);
        assert_eq!(code(&refused), 4, "{unit}: {}", told(&refused));
        assert!(told(&refused).contains("hubspot-token is empty"), "{unit}: {}", told(&refused));
        assert!(!told(&refused).contains("flowtly-password is empty"), "{unit}: {}", told(&refused));
    }
    for daemon in [SERVICES[0], SERVICES[1]] {
        assert_eq!(once(daemon, "RestartPreventExitStatus"), "4", "and is not started again and again for it");
    }
}

/// The directories that systemd makes for a unit.
struct Place {
    root: tempfile::TempDir,
    configuration: PathBuf,
    state: PathBuf,
}

impl Place {
    fn of(unit: &str, configuration: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let place = Self {
            configuration: root.path().join("etc").join(once(unit, "ConfigurationDirectory")),
            state: root.path().join("lib").join(once(unit, "StateDirectory")),
            root,
        };
        for directory in [&place.configuration, &place.state, &place.credentials()] {
            std::fs::create_dir_all(directory).unwrap();
        }
        std::fs::write(place.configuration.join("config.toml"), configuration).unwrap();
        place
    }

    fn credentials(&self) -> PathBuf {
        self.root.path().join("credentials")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.surround(command(self.root.path(), arguments)).output().unwrap()
    }

    fn command(&self, program: &str) -> Command {
        self.surround(Command::new(program))
    }

    /// With the variables that systemd sets.
    fn surround(&self, mut command: Command) -> Command {
        command
            .env("CONFIGURATION_DIRECTORY", &self.configuration)
            .env("STATE_DIRECTORY", &self.state)
            .env("CREDENTIALS_DIRECTORY", self.credentials());
        command
    }
}

#[test]
fn a_unit_calls_what_the_binary_offers() {
    let root = tempfile::tempdir().unwrap();
    for unit in SERVICES {
        let line = once(unit, "ExecStart");
        let mut words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words.remove(0), "/usr/bin/flowtly-sync", "{unit}");
        words.push("--help");
        assert_eq!(code(&command(root.path(), &words).output().unwrap()), 0, "{unit}: {line}");
    }
}

/// `systemctl reload` fails where the configuration is not valid, before the process is told anything.
#[test]
fn a_reload_looks_at_the_configuration_first() {
    for unit in [SERVICES[0], SERVICES[1]] {
        let [look, tell] = &said(unit, "ExecReload")[..] else { panic!("{unit}") };
        assert_eq!(tell, "/bin/kill -HUP $MAINPID");
        let script = look.strip_prefix("/bin/sh -c '").and_then(|script| script.strip_suffix('\'')).unwrap();
        // systemd writes one sign for two of them.
        let script = script.replace("$$", "$").replace("/usr/bin/flowtly-sync", env!("CARGO_BIN_EXE_flowtly-sync"));
        let place = Place::of(unit, &text("config/hubspot.example.toml"));
        for name in ["flowtly-password", "hubspot-token"] {
            std::fs::write(place.credentials().join(name), "secret").unwrap();
        }
        let looked = || place.command("/bin/sh").args(["-c", &script]).output().unwrap();
        let valid = looked();
        assert_eq!((code(&valid), printed(&valid)), (0, String::new()), "{unit}: {}", told(&valid));
        let file = place.configuration.join("config.toml");
        std::fs::write(&file, "unheard_of = 1\n".to_owned() + &text_of(&file)).unwrap();
        let refused = looked();
        assert_eq!((code(&refused), printed(&refused)), (4, String::new()), "{unit}");
        assert!(told(&refused).contains("unheard_of"), "{unit}: {}", told(&refused));
        std::fs::remove_dir_all(place.credentials()).unwrap();
        assert_eq!(code(&looked()), 0, "{unit}: without its secrets it can tell nothing");
    }
}

#[test]
fn times_and_addresses_agree_with_the_defaults() {
    let stop_within = flowtly_sync::config::parse_duration(&default("schedule", "stop_within")).unwrap();
    let retry = flowtly_sync::config::parse_duration(&default("http", "retry_max_elapsed")).unwrap();
    for unit in SERVICES {
        let stop = seconds(&once(unit, "TimeoutStopSec"));
        assert!(stop > stop_within + STOP_TAKES, "{unit} is not killed while it stops");
        for watchdog in said(unit, "WatchdogSec") {
            assert!(seconds(&watchdog) > retry, "{unit} is not killed while it waits for a system");
        }
    }
    assert_eq!(once("flowtly-sync.socket", "ListenStream"), default("web", "bind"));
    let told = format!("{}s", STOP_TAKES.as_secs());
    for file in ["deploy/flowtly-sync.service", "config/default.toml"] {
        assert!(
            text(file).contains(&format!("{told} ")),
            "{file} says how long a stop takes beyond schedule.stop_within"
        );
    }
}

/// systemd opens no socket for a service that runs.
#[test]
fn whoever_enables_the_socket_is_told_to_stop_the_service_first() {
    let head = text("deploy/flowtly-sync.socket");
    let place = |words: &str| head.find(words).unwrap_or_else(|| panic!("{words}"));
    assert!(place("systemctl stop flowtly-sync") < place("systemctl enable --now flowtly-sync.socket"));
    assert!(place("systemctl enable --now flowtly-sync.socket") < place("systemctl start flowtly-sync"));
}

/// A pair's socket is its own, and is as patient as the service's.
#[test]
fn a_pair_has_a_socket_of_its_own() {
    let (one, pair) = ("flowtly-sync.socket", "flowtly-sync@.socket");
    assert_eq!(once(pair, "ListenStream"), "/run/flowtly-sync-web-acme.sock");
    assert_eq!(once(pair, "SocketMode"), "0660", "for who is named");
    for key in ["Backlog", "TriggerLimitIntervalSec", "TriggerLimitBurst", "WantedBy"] {
        assert_eq!(said(one, key), said(pair, key), "{key}");
    }
    assert_eq!(said(pair, "Service"), Vec::<String>::new(), "a socket is for the service of its name");
    assert!(text("Cargo.toml").contains("\"deploy/flowtly-sync@.socket\""), "the package has it");
}

/// With the socket a stop of the service alone lasts until the next client comes.
#[test]
fn whoever_stops_the_service_is_told_of_its_socket() {
    let line = "systemctl stop flowtly-sync.socket flowtly-sync";
    let head = text("deploy/flowtly-sync.socket");
    assert!(head.contains(line) && head.contains("systemctl restart flowtly-sync.socket"), "{head}");
    let readme = text("README.md");
    let restoring = readme.split_once("`restore` needs the daemon stopped").unwrap().1;
    assert!(restoring.split("\n\n").next().unwrap().contains(line), "{restoring}");
}

/// A folder on another disk is given to the user that the unit names, and is let through its sandbox.
#[test]
fn whoever_keeps_copies_on_another_disk_is_told_of_the_units_user() {
    let [_, pair, _] = SERVICES;
    let readme = text("README.md");
    let told = readme.split_once("A folder on another disk").unwrap().1.split_once("[Service]").unwrap();
    let user = once(pair, "User");
    for line in
        [format!("useradd --system --shell /usr/sbin/nologin {user}\n"), format!("-o {user} -g {user} /srv/copies")]
    {
        assert!(told.0.contains(&line), "{line}");
    }
    assert!(told.0.contains("RequiresMountsFor=/srv/copies/acme\n"));
    assert!(told.1.starts_with("\nReadWritePaths=/srv/copies/acme\n"));
    assert_eq!(once(pair, "ProtectSystem"), "strict", "else nothing were to be let through");
}

/// systemd and the configuration write these alike: `75s`, `15min`.
fn seconds(text: &str) -> Duration {
    flowtly_sync::config::parse_duration(&text.replace("min", "m")).unwrap()
}

#[test]
fn what_waits_for_a_person_is_no_failure_of_the_pass_by_the_clock() {
    let [_, _, pass] = SERVICES;
    assert_eq!(once(pass, "SuccessExitStatus"), "2");
    assert_eq!(once(pass, "Type"), "oneshot");
    let timer = "flowtly-sync-reconcile.timer";
    assert_eq!(said(timer, "Unit"), Vec::<String>::new(), "a timer is for the service of its name");
    assert_eq!((once(timer, "Persistent"), once(timer, "WantedBy")), ("true".to_owned(), "timers.target".to_owned()));
    assert!(!seconds(&once(timer, "RandomizedDelaySec")).is_zero());
}

/// What the timer starts, without the program's name.
fn pass_by_the_clock() -> Vec<String> {
    let [_, _, pass] = SERVICES;
    once(pass, "ExecStart").split(' ').skip(1).map(str::to_owned).collect()
}

/// Every text that the reports of a pass over these systems hold of a record: labels, values, candidates.
fn of_records(report: &serde_json::Value, found: &mut BTreeSet<String>) {
    match report {
        serde_json::Value::Object(object) => {
            // Reasons, names of fields and the like are this program's own words.
            let ours =
                ["says", "reason", "why", "field", "kind", "side", "op", "refusals", "speaks_for", "speaks_against"];
            object
                .iter()
                .filter(|(key, _)| !ours.contains(&key.as_str()))
                .for_each(|(_, value)| of_records(value, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| of_records(item, found)),
        // What stands anywhere, an id (which logs do hold) or one word in small letters, tells nobody from another.
        serde_json::Value::String(text)
            if text.chars().count() >= 5
                && !text.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, 'a'..='z' | '_' | '-')) =>
        {
            found.insert(text.clone());
        }
        serde_json::Value::String(_)
        | serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_) => {}
    }
}

/// The very line of the unit, refused, carried out, and beside a daemon: what stands in the journal afterwards is about nobody.
#[test]
fn the_pass_by_the_clock_prints_sums_and_nothing_of_any_record() {
    let served = Served::with(&["--companies", "60", "--seed", "messy"]);
    let line = pass_by_the_clock();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let mut known = BTreeSet::new();
    let mut look = || {
        let shown = served.run(&["diff", "--full", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
        of_records(&report["actions"], &mut known);
        let conflicts = served.run(&["conflicts", "--json"]);
        of_records(&serde_json::from_slice(&conflicts.stdout).unwrap_or_default(), &mut known);
    };
    look();
    let mut said = Vec::new();
    let refused = served.run(&line);
    assert_eq!(code(&refused), 3, "{}", told(&refused));
    assert!(printed(&refused).contains("\nRefused\n  first-pass: "), "{}", printed(&refused));
    said.push(refused);
    let allowed = served.run(&[line.as_slice(), &["--allow", "first-pass"]].concat());
    assert_eq!(code(&allowed), 2, "{}", told(&allowed));
    for wanted in ["\nTotals\n", "  Flowtly: ", "carried out: ", "\nWaits for a person\n", "\nCertificate\n"] {
        assert!(printed(&allowed).contains(wanted), "{wanted}: {}", printed(&allowed));
    }
    said.push(allowed);
    look();
    let running = Running::start(&served, &["run"]);
    let beside = served.run(&line);
    assert_eq!(code(&beside), 2, "{}", told(&beside));
    assert!(printed(&beside).contains("\nCertificate\n"), "{}", printed(&beside));
    running.stop();
    said.push(beside);
    assert!(known.len() > 100, "there is something that could be told: {}", known.len());
    for output in said {
        let said = printed(&output) + &told(&output);
        let leaked: Vec<&String> = known.iter().filter(|known| said.contains(known.as_str())).collect();
        assert!(leaked.is_empty(), "{leaked:?} in {said}");
    }
    let loud = served.run(&["reconcile", "--full"]);
    assert!(printed(&loud).len() > 100, "a person is told more: {}", printed(&loud));
}

/// The very line of the unit does what the daemon does beside its passes.
#[test]
fn the_pass_by_the_clock_tells_people_and_copies_the_state() {
    let served = Served::start();
    let letters = served.path("letters");
    let path = served.path("flowtly-sync.toml");
    let hook = format!(
        "\n[notices.command]\nrun = [\"/bin/sh\", \"-c\", \"cat >> {0}; echo >> {0}\"]\n[backup]\ndirectory = \"copies\"\n",
        letters.display()
    );
    std::fs::write(&path, text_of(&path) + &hook).unwrap();
    let line = pass_by_the_clock();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    for _ in 0..2 {
        let refused = served.run(&line);
        assert_eq!(code(&refused), 3, "{}", told(&refused));
    }
    let heard = text_of(&letters);
    assert_eq!(heard.lines().count(), 1, "once, however many passes follow: {heard}");
    assert!(heard.contains("\"topic\":\"refused\"") && heard.contains("first-pass"), "{heard}");
    assert!(!served.path("copies").exists(), "of a state that has to prove itself there is no copy");
    assert_eq!(code(&served.run(&[line.as_slice(), &["--allow", "first-pass"]].concat())), 0);
    let copies = || std::fs::read_dir(served.path("copies")).unwrap().count();
    assert_eq!(copies(), 1);
    let heard = text_of(&letters);
    assert!(heard.lines().count() == 2 && heard.contains("\"turn\":\"ends\""), "{heard}");
    // A side that cannot be reached is told of once, and when it is well again.
    let well = text_of(&path);
    let crm =
        well.lines().rev().find_map(|line| line.strip_prefix("base_url = ")).expect("the sandbox says where it is");
    std::fs::write(&path, well.replace(crm, "\"http://127.0.0.1:9\"") + "\n[http]\nretry_max_elapsed = \"1s\"\n")
        .unwrap();
    for _ in 0..2 {
        assert_eq!(code(&served.run(&line)), 1);
    }
    std::fs::write(&path, &well).unwrap();
    assert_eq!((code(&served.run(&line)), copies()), (0, 1), "the next one is not due yet");
    let heard = text_of(&letters);
    assert!(heard.lines().count() == 4 && heard.contains("\"topic\":\"side-fails\""), "{heard}");
    // A person who stands by needs neither.
    std::fs::remove_dir_all(served.path("copies")).unwrap();
    assert_eq!(code(&served.run(&["reconcile"])), 0);
    assert!(!served.path("copies").exists());
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The alert about a daemon that does not answer has nothing but the job's name to go by.
#[test]
fn the_scrape_configuration_has_the_job_and_the_address_that_the_alerts_and_the_daemon_have() {
    let (scrape, alerts) = (text("deploy/prometheus/scrape.yml"), text("deploy/prometheus/alerts.yml"));
    let job = alerts.split_once("up{job=\"").unwrap().1.split('"').next().unwrap();
    assert!(scrape.contains(&format!("job_name: {job}\n")));
    assert!(scrape.contains(&format!("targets: [\"{}\"]\n", default("web", "bind"))));
    assert!(scrape.contains("type: Bearer\n") && scrape.contains("credentials_file: "), "as web.token_file demands");
    assert!(text("Cargo.toml").contains("\"deploy/prometheus/scrape.yml\""), "the package has it");
}
