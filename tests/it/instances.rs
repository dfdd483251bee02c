//! `status --all`: many instances on one machine, in every condition.

use std::path::{Path, PathBuf};
use std::time::Duration;

use flowtly_sync::clock::Clock;
use flowtly_sync::commands::status::{Places, all};
use flowtly_sync::render::Style;
use flowtly_sync::render::lists::{Form, Listing};
use flowtly_sync::sandbox::{Fault, When};
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::sync::pass::Request;
use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::firm::{Firm, vat};
use crate::served::{code, command, printed, told};

/// A machine with instances.
struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { root: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(machine.places().configurations).unwrap();
        std::fs::create_dir_all(machine.places().states).unwrap();
        machine
    }

    fn places(&self) -> Places {
        Places { configurations: self.root.path().join("etc"), states: self.root.path().join("lib") }
    }

    fn configuration(&self, name: &str) -> PathBuf {
        self.places().configurations.join(name).join("config.toml")
    }

    fn state(&self, name: &str) -> PathBuf {
        self.places().states.join(format!("flowtly-sync-{name}")).join("flowtly-sync.sqlite")
    }

    /// An instance without a state.
    fn configured(&self, name: &str) {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/hubspot.example.toml");
        put(&self.configuration(name), &std::fs::read(example).unwrap());
    }

    /// An instance with the state of a firm as it is now.
    fn instance(&self, name: &str, firm: &Firm) {
        self.configured(name);
        put(&self.state(name), &std::fs::read(firm.state()).unwrap());
    }

    /// What a daemon holds as long as it runs.
    fn running(&self, name: &str) -> WriterLock {
        WriterLock::take(&self.state(name)).unwrap()
    }

    /// Exit code and JSON.
    async fn look(&self, clock: &dyn Clock) -> (u8, Value) {
        let mut out = Vec::new();
        let code = all(&self.places(), clock, &mut Listing { out: &mut out, form: Form::Json }).await.unwrap();
        (code, serde_json::from_slice(&out).unwrap())
    }

    async fn text(&self, clock: &dyn Clock) -> String {
        let mut out = Vec::new();
        let form = Form::Text(Style::Plain);
        all(&self.places(), clock, &mut Listing { out: &mut out, form }).await.unwrap();
        String::from_utf8(out).unwrap()
    }
}

fn put(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn needs(instance: &Value) -> Vec<&str> {
    instance["needs"].as_array().unwrap().iter().map(|need| need["what"].as_str().unwrap()).collect()
}

fn named<'a>(listed: &'a Value, name: &str) -> &'a Value {
    let all = listed["instances"].as_array().unwrap();
    all.iter().find(|instance| instance["name"] == name).unwrap_or_else(|| panic!("{name} is not listed: {listed:#}"))
}

/// A firm with a conflict and nothing else amiss.
async fn at_odds() -> Firm {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.linked("Beta", &vat(2)).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "city", "Gdańsk");
    firm.reconcile().await;
    assert_eq!(firm.conflicts().await.len(), 1);
    firm
}

#[tokio::test]
async fn every_instance_is_a_line_whatever_is_wrong_with_it_and_the_worst_is_first() {
    let machine = Machine::new();
    let well = Firm::new();
    well.linked("Alfa", &vat(1)).await;
    machine.instance("acme", &well);
    machine.instance("busy", &at_odds().await);
    machine.instance("idle", &well);
    let fresh = Firm::new();
    fresh.client("Alfa", Some(&vat(1)));
    fresh.pass(Request::default()).await.unwrap();
    machine.instance("fresh", &fresh);
    let failing = Firm::new();
    failing.linked("Alfa", &vat(1)).await;
    failing.crm.faults().when(When::always(), Fault::Unreachable);
    failing.pass(Request::default()).await.unwrap_err();
    machine.instance("locked", &failing);
    machine.configured("newcomer");
    machine.instance("typo", &well);
    put(&machine.configuration("typo"), b"[schedule]\nintervall = \"5m\"\n[hubspot\n");
    machine.instance("slip", &well);
    let slip = std::fs::read_to_string(machine.configuration("slip")).unwrap();
    put(&machine.configuration("slip"), format!("{slip}\n[schedule]\ninterval = \"soon\"\nquite = []\n").as_bytes());
    machine.configured("damaged");
    put(&machine.state("damaged"), b"this is no database, and it is long enough to look like one");
    machine.instance("future", &well);
    let newer = sqlx::sqlite::SqliteConnectOptions::new().filename(machine.state("future"));
    let mut newer = newer.connect().await.unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").execute(&mut newer).await.unwrap();
    newer.close().await.unwrap();
    // What cannot be looked into: the state's folder is none, and the configuration leads nowhere.
    machine.configured("walled");
    std::fs::write(machine.places().states.join("flowtly-sync-walled"), "").unwrap();
    std::os::unix::fs::symlink("nowhere", machine.places().configurations.join("dangling")).unwrap();
    // What is no instance.
    std::fs::create_dir(machine.places().configurations.join("secrets")).unwrap();
    put(&machine.places().configurations.join("README"), b"");
    put(&machine.places().configurations.join("config.toml"), b"");
    let locks = ["acme", "busy", "fresh", "locked", "slip"].map(|name| machine.running(name));
    // A daemon in the middle of a write keeps nobody waiting.
    let mut store = Store::open(&locks[0]).await.unwrap();
    let mut half = store.begin().await.unwrap();
    sqlx::query("INSERT INTO mark (name, value) VALUES ('half', 'done')").execute(&mut *half).await.unwrap();

    let (code, listed) = machine.look(well.clock.as_ref()).await;
    assert_eq!(code, 4, "a configuration is wrong");
    let order: Vec<&str> =
        listed["instances"].as_array().unwrap().iter().map(|instance| instance["name"].as_str().unwrap()).collect();
    let wanted = [
        "dangling", "slip", "typo", "damaged", "future", "walled", "idle", "newcomer", "locked", "fresh", "busy",
        "acme",
    ];
    assert_eq!(order, wanted, "{listed:#}");
    for (name, wanted, words) in [
        ("acme", vec![], ""),
        ("busy", vec!["waiting"], "conflicts wait: `flowtly-sync conflicts`"),
        ("damaged", vec!["unreadable"], "restore a backup"),
        ("dangling", vec!["configuration", "stopped"], "put a readable file there"),
        ("fresh", vec!["refused"], "(the state is new): look at `diff`"),
        ("future", vec!["unreadable"], "install that release"),
        ("idle", vec!["stopped"], "`systemctl start flowtly-sync@idle`"),
        ("locked", vec!["failed"], "the last pass failed: CRM: "),
        ("newcomer", vec!["stopped"], "it has made no pass yet: `systemctl start flowtly-sync@newcomer`"),
        ("slip", vec!["configuration"], "(and 1 more); what runs goes by what it read before"),
        ("typo", vec!["configuration", "stopped"], "/etc/typo/secrets STATE_DIRECTORY="),
        ("typo", vec!["configuration", "stopped"], "this is not TOML"),
        ("walled", vec!["unreadable"], "check that the file and its folder exist"),
    ] {
        let instance = named(&listed, name);
        assert_eq!(needs(instance), wanted, "{instance:#}");
        let first = instance["needs"][0]["text"].as_str().unwrap_or_default();
        assert!(first.contains(words), "{name}: {first}");
    }
    let acme = named(&listed, "acme");
    assert_eq!((&acme["running"], &acme["last_pass"]["outcome"]), (&true.into(), &"applied".into()));
    assert_eq!((&acme["certificate"]["equal"], &acme["waiting"]["conflicts"]), (&1.into(), &0.into()));
    assert_eq!(named(&listed, "typo")["certificate"]["equal"], 1, "its state is where the defaults say");
    let totals = &listed["totals"];
    assert_eq!(
        (&totals["instances"], &totals["need_a_person"], &totals["running"]),
        (&12.into(), &11.into(), &5.into())
    );
    assert_eq!(totals["waiting"]["conflicts"], 1);

    let text = machine.text(well.clock.as_ref()).await;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("INSTANCE  DAEMON   LAST PASS"), "{text}");
    assert_eq!(lines.len(), 1 + 12 + 1 + 3, "a line each: {text}");
    assert!(lines[12].starts_with("acme") && lines[12].ends_with("1 of 1 equal  -"), "{text}");
    assert!(text.contains("\n12 instances: 5 running, 11 in need of a person\n1 conflict, 0 questions, "), "{text}");
    half.rollback().await.unwrap();
}

#[tokio::test]
async fn the_exit_code_is_that_of_the_worst() {
    let machine = Machine::new();
    let well = Firm::new();
    well.linked("Alfa", &vat(1)).await;
    machine.instance("acme", &well);
    let _acme = machine.running("acme");
    assert_eq!(machine.look(well.clock.as_ref()).await.0, 0);
    machine.instance("busy", &at_odds().await);
    let _busy = machine.running("busy");
    assert_eq!(machine.look(well.clock.as_ref()).await.0, 2);
    let fresh = Firm::new();
    fresh.client("Alfa", Some(&vat(1)));
    fresh.pass(Request::default()).await.unwrap();
    machine.instance("fresh", &fresh);
    let fresh = machine.running("fresh");
    assert_eq!(machine.look(well.clock.as_ref()).await.0, 3);
    drop(fresh);
    assert_eq!(machine.look(well.clock.as_ref()).await.0, 1, "it does not run");
    put(&machine.configuration("acme"), b"");
    assert_eq!(machine.look(well.clock.as_ref()).await.0, 4);
}

#[tokio::test]
async fn a_daemon_that_makes_no_passes_is_told_and_quiet_hours_are_waited_for() {
    let machine = Machine::new();
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    machine.instance("acme", &firm);
    machine.instance("nights", &firm);
    // It is eight in the morning.
    let text = std::fs::read_to_string(machine.configuration("nights")).unwrap();
    put(&machine.configuration("nights"), format!("{text}\n[schedule]\nquiet = [\"08:00-12:00\"]\n").as_bytes());
    let _locks = ["acme", "nights"].map(|name| machine.running(name));
    firm.wait(Duration::from_mins(25));
    assert_eq!(machine.look(firm.clock.as_ref()).await.0, 0);
    firm.wait(Duration::from_mins(25));
    let (code, listed) = machine.look(firm.clock.as_ref()).await;
    assert_eq!(code, 1);
    assert_eq!((needs(named(&listed, "acme")), needs(named(&listed, "nights"))), (vec!["overdue"], vec![]));
    firm.wait(Duration::from_hours(5));
    let (_, listed) = machine.look(firm.clock.as_ref()).await;
    assert_eq!(needs(named(&listed, "nights")), ["overdue"]);
}

/// No copy is due of a state that has to prove itself, nor by the pass that proves it; then one is.
#[tokio::test]
async fn copies_that_are_not_made_are_told_once_the_state_has_proved_itself() {
    let machine = Machine::new();
    let firm = Firm::new();
    firm.client("Alfa", Some(&vat(1)));
    let look = async || {
        put(&machine.state("acme"), &std::fs::read(firm.state()).unwrap());
        let text = std::fs::read_to_string(machine.configuration("acme")).unwrap();
        if !text.contains("[backup]") {
            put(&machine.configuration("acme"), format!("{text}\n[backup]\ndirectory = \"copies\"\n").as_bytes());
        }
        let _lock = machine.running("acme");
        let (_, listed) = machine.look(firm.clock.as_ref()).await;
        named(&listed, "acme")["needs"].clone()
    };
    machine.configured("acme");
    for _ in 0..2 {
        firm.beat().await;
        let needs = look().await;
        assert!(needs.as_array().unwrap().len() == 1 && needs[0]["what"] == "refused", "{needs}");
        let told = needs[0]["text"].as_str().unwrap();
        assert!(told.ends_with("; until then it is not copied"), "{told}");
    }
    firm.reconcile().await;
    assert_eq!(look().await, serde_json::json!([]));
    firm.reconcile().await;
    let needs = look().await;
    assert!(needs.as_array().unwrap().len() == 1 && needs[0]["what"] == "backup", "{needs}");
    assert!(needs[0]["text"].as_str().unwrap().contains("no copy of the state was made in"), "{needs}");
}

#[tokio::test]
async fn the_service_without_a_name_is_listed_where_it_has_a_state_and_may_rest_between_passes() {
    let machine = Machine::new();
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    machine.instance("acme", &firm);
    let _acme = machine.running("acme");
    std::fs::copy(machine.configuration("acme"), machine.places().configurations.join("config.toml")).unwrap();
    let (_, listed) = machine.look(firm.clock.as_ref()).await;
    assert_eq!(listed["totals"]["instances"], 1);
    put(&machine.places().states.join("flowtly-sync/flowtly-sync.sqlite"), &std::fs::read(firm.state()).unwrap());
    let (code, listed) = machine.look(firm.clock.as_ref()).await;
    assert_eq!((code, &named(&listed, "flowtly-sync.service")["running"]), (0, &false.into()));
}

#[tokio::test]
async fn hundreds_are_listed() {
    let machine = Machine::new();
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    for number in 0..200 {
        machine.instance(&format!("pair-{number:03}"), &firm);
    }
    let (code, listed) = machine.look(firm.clock.as_ref()).await;
    assert_eq!((code, &listed["totals"]["certificate"]["equal"]), (1, &200.into()));
}

#[test]
fn the_command_needs_no_configuration_of_its_own_and_reads_no_secret() {
    let machine = Machine::new();
    machine.configured("acme");
    let places = machine.places();
    let (etc, lib) = (places.configurations.display().to_string(), places.states.display().to_string());
    let listed = command(machine.root.path(), &["status", "--all", &etc, "--states", &lib]).output().unwrap();
    assert_eq!(code(&listed), 1, "{}", told(&listed));
    assert!(printed(&listed).contains("it has made no pass yet"), "{}", printed(&listed));
    assert!(!machine.state("acme").parent().unwrap().exists(), "and leaves nothing behind");
    let nothing = command(machine.root.path(), &["status", "--all", &lib, "--states", &lib]).output().unwrap();
    assert_eq!(code(&nothing), 1);
    assert!(told(&nothing).contains("there is no instance in"), "{}", told(&nothing));
    let nowhere = command(machine.root.path(), &["status", "--all", "nowhere"]).output().unwrap();
    assert_eq!(code(&nowhere), 1);
    assert!(told(&nowhere).contains("nowhere cannot be read: name the folder"), "{}", told(&nowhere));
}
