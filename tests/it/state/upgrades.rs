//! A state of an older release is copied before it is brought to the schema of this one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use flowtly_sync::commands::restore::restore;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::{Store, StoreError};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::bench::number;
use super::faults::with_room_for;
use super::releases::{change, refused};
use crate::firm::{Firm, vat};
use crate::served::{Running, Served, code, told, waited_for};

/// As the release before left it.
const OLDER: [&str; 2] = ["DROP INDEX seen_gone", "DELETE FROM _sqlx_migrations WHERE version >= 7"];

/// What tells the release.
const SCHEMA: &str = "SELECT max(version) FROM _sqlx_migrations";

fn beside(firm: &Firm, ending: &str) -> PathBuf {
    firm.state().with_file_name(format!("state.sqlite{ending}"))
}

/// The files beside a state that are more than its log and its lock.
fn more(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.contains("grad")).collect();
    names.sort();
    names
}

async fn opened(file: &Path) -> SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap()
}

async fn schema_of(copy: &Path) -> i64 {
    let mut copy = opened(copy).await;
    let schema = sqlx::query_scalar(SCHEMA).fetch_one(&mut copy).await.unwrap();
    copy.close().await.unwrap();
    schema
}

#[tokio::test]
async fn the_state_of_an_older_release_is_kept_as_it_was_until_the_next_upgrade() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let folder = firm.state().with_file_name("");
    assert_eq!(more(&folder), Vec::<String>::new(), "of a new state there is nothing to keep");
    change(&firm, &OLDER).await;
    std::fs::write(beside(&firm, ".before-upgrade-5"), "of the upgrade before").unwrap();
    std::fs::write(beside(&firm, ".upgrading"), "half of it").unwrap();
    std::fs::write(beside(&firm, ".before-upgrade-notes"), "somebody's").unwrap();
    firm.diff().await;
    assert_eq!(more(&folder).len(), 3, "who only looks leaves nothing");
    let links = firm.links().await;
    assert_eq!(more(&folder), ["state.sqlite.before-upgrade-6", "state.sqlite.before-upgrade-notes"]);
    let copy = beside(&firm, ".before-upgrade-6");
    assert_eq!((schema_of(&copy).await, number(&firm, SCHEMA).await), (6, 8));
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let whole = std::fs::read(&copy).unwrap();
    firm.linked("Beta", &vat(2)).await;
    assert_eq!(std::fs::read(&copy).unwrap(), whole, "it stays as it is");

    restore(&firm.settings(), firm.clock.as_ref(), &copy, &mut Vec::new()).await.unwrap();
    assert_eq!(firm.links().await.len(), links.len());
    firm.reconcile().await;
    firm.assert_settled().await;
}

/// What cannot be brought to the new schema is as it was, by however many steps; and both copies are there.
#[tokio::test]
async fn an_upgrade_that_fails_changes_nothing_and_removes_no_copy() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    change(&firm, &["DELETE FROM _sqlx_migrations WHERE version >= 6"]).await;
    std::fs::write(beside(&firm, ".before-upgrade-4"), "of the upgrade before").unwrap();
    for _ in 0..2 {
        let error = refused(&firm).await;
        assert!(matches!(error, StoreError::Migration { .. }) && error.to_string().contains("seen_gone"), "{error}");
        assert_eq!(number(&firm, SCHEMA).await, 5, "nothing of it was done");
        let kept = ["state.sqlite.before-upgrade-4", "state.sqlite.before-upgrade-5"];
        assert_eq!(more(&firm.state().with_file_name("")), kept);
    }
    change(&firm, &["DROP INDEX seen_gone"]).await;
    firm.assert_settled().await;
    assert_eq!(more(&firm.state().with_file_name("")), ["state.sqlite.before-upgrade-5"]);
}

#[tokio::test]
async fn who_goes_back_to_the_release_before_is_told_of_the_copy() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'from the future', 1, x'00', 1)";
    change(&firm, &[newer]).await;
    let told = refused(&firm).await.to_string();
    assert!(told.ends_with("or restore a backup made by this one"), "{told}");
    for schema in [6, 7, 9998] {
        std::fs::write(beside(&firm, &format!(".before-upgrade-{schema}")), "").unwrap();
    }
    let told = refused(&firm).await.to_string();
    let line = format!("`flowtly-sync restore {}`", beside(&firm, ".before-upgrade-7").display());
    assert!(told.ends_with(&line), "{told}");
    let read = Store::open_read_only(&firm.state()).await.unwrap_err().to_string();
    assert_eq!(read, told);
}

/// A pair whose state is that of the release before.
async fn older() -> Served {
    let served = Served::start();
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    let mut state = opened(&served.path("flowtly-sync.sqlite")).await;
    for statement in OLDER {
        sqlx::query(statement).execute(&mut state).await.unwrap();
    }
    state.close().await.unwrap();
    served
}

#[tokio::test]
async fn a_state_that_cannot_be_copied_is_not_upgraded() {
    let served = older().await;
    let failed = with_room_for(&served, 64, "reconcile");
    assert_eq!(code(&failed), 1);
    let said = told(&failed);
    assert!(said.contains("no copy of it can be made") && said.contains("make room there"), "{said}");
    assert!(said.contains("it is as it was"), "{said}");
    assert_eq!(more(&served.path(".")), Vec::<String>::new());
    assert_eq!(schema_of(&served.path("flowtly-sync.sqlite")).await, 6);
    let upgraded = served.run(&["reconcile", "--log-format", "json"]);
    assert_eq!(code(&upgraded), 0, "{}", told(&upgraded));
    let copy = "flowtly-sync.sqlite.before-upgrade-6";
    assert!(told(&upgraded).contains(&format!("{copy}\"")), "the log says where it is: {}", told(&upgraded));
    assert_eq!(more(&served.path(".")), [copy]);
}

/// A copy of a large state, and what is done to it then, may take longer than the unit allows for a start.
#[tokio::test]
async fn the_service_manager_is_asked_to_wait_for_an_upgrade() {
    let served = older().await;
    let path = served.path("flowtly-sync.sqlite");
    let mut writer = opened(&path).await;
    let held = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let running = Running::starting(Stdio::null(), &served, &["run"], &[]);
    running.hear("EXTEND_TIMEOUT_USEC=30000000");
    assert!(WriterLock::holder(&path).unwrap().is_some());
    waited_for("the copy", || more(&served.path(".")) == ["flowtly-sync.sqlite.before-upgrade-6"]);
    held.rollback().await.unwrap();
    writer.close().await.unwrap();
    running.hear("READY=1");
    running.hear("STATUS=idle");
    running.stop();
    assert_eq!(schema_of(&path).await, 8);
}
