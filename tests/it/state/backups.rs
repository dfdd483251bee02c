//! A backup is made while the program runs, and an old one comes back.

use std::fs::metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flowtly_sync::commands::backup::{backup, backup_to};
use flowtly_sync::commands::restore::restore;
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sync::pass::{Ending, Request};
use sqlx::Connection as _;
use tokio_util::sync::CancellationToken;

use super::bench::{counts, more_work, number, pass_on, raw};
use crate::firm::{Firm, vat};
use crate::served::{Served, code, told};

fn copy_of(firm: &Firm) -> PathBuf {
    firm.state().with_file_name("backup.sqlite")
}

async fn back_up(firm: &Firm) -> anyhow::Result<String> {
    let mut out = Vec::new();
    backup(&firm.settings(), &copy_of(firm), &CancellationToken::new(), &mut out).await?;
    Ok(String::from_utf8(out).unwrap())
}

async fn put_back(firm: &Firm) -> anyhow::Result<String> {
    let mut out = Vec::new();
    restore(&firm.settings(), firm.clock.as_ref(), &copy_of(firm), &mut out).await?;
    Ok(String::from_utf8(out).unwrap())
}

/// Root restores for a service that has a user of its own.
#[tokio::test]
async fn a_restored_state_belongs_to_whom_the_one_before_did() {
    const SERVICE: u32 = 65_532;
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    firm.reconcile().await;
    back_up(&firm).await.unwrap();
    let (state, folder) = (firm.state(), firm.state().with_file_name(""));
    let lock = state.with_file_name(format!("{}.lock", state.file_name().unwrap().to_str().unwrap()));
    let give = |path: &Path| chown(path, Some(SERVICE), Some(SERVICE));
    if give(&state).is_err() {
        return; // Nobody but root can try it.
    }
    let of = |path: &Path| (metadata(path).unwrap().uid(), metadata(path).unwrap().gid());
    give(&lock).unwrap();
    put_back(&firm).await.unwrap();
    assert_eq!([of(&state), of(&lock)], [(SERVICE, SERVICE); 2], "as the one before");
    for file in [&state, &lock] {
        std::fs::remove_file(file).unwrap();
    }
    put_back(&firm).await.unwrap();
    assert_eq!(of(&state), of(&folder), "as the folder, where there was none");
    for file in [&state, &lock] {
        std::fs::remove_file(file).unwrap();
    }
    give(&folder).unwrap();
    put_back(&firm).await.unwrap();
    assert_eq!([of(&state), of(&lock)], [(SERVICE, SERVICE); 2], "the service's, whoever made it");
}

#[tokio::test]
async fn a_backup_is_made_while_the_state_is_open_and_is_for_its_owner_alone() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    // A writer holds the state, in the middle of a transaction.
    let mut store = firm.store().await;
    let mut transaction = store.begin().await.unwrap();
    sqlx::query("INSERT INTO mark (name, value) VALUES ('half', 'done')").execute(&mut *transaction).await.unwrap();
    let told = back_up(&firm).await.unwrap();
    assert!(told.contains("backup.sqlite"), "{told}");
    transaction.rollback().await.unwrap();
    store.close().await.unwrap();
    assert_eq!(metadata(copy_of(&firm)).unwrap().permissions().mode() & 0o777, 0o600);
    let mut copy = sqlx::sqlite::SqliteConnectOptions::new().filename(copy_of(&firm));
    copy = copy.read_only(true);
    let mut copy = sqlx::ConnectOptions::connect(&copy).await.unwrap();
    let count = |text: &'static str| sqlx::query_scalar::<_, i64>(text);
    assert_eq!(count("SELECT count(*) FROM link").fetch_one(&mut copy).await.unwrap(), 1);
    assert_eq!(count("SELECT count(*) FROM mark WHERE name = 'half'").fetch_one(&mut copy).await.unwrap(), 0);
    copy.close().await.unwrap();
}

#[tokio::test]
async fn a_backup_replaces_nothing_and_leaves_nothing_half() {
    let firm = Firm::new();
    let error = back_up(&firm).await.unwrap_err().to_string();
    assert!(error.contains("no state"), "{error}");
    assert!(!copy_of(&firm).exists());
    firm.linked("Alfa", &vat(1)).await;
    std::fs::write(copy_of(&firm), "somebody's").unwrap();
    let error = back_up(&firm).await.unwrap_err().to_string();
    assert!(error.contains("there already"), "{error}");
    assert_eq!(std::fs::read(copy_of(&firm)).unwrap(), b"somebody's");
    let mut out = Vec::new();
    let nowhere = firm.state().with_file_name("no-folder").join("backup.sqlite");
    let error = backup(&firm.settings(), &nowhere, &CancellationToken::new(), &mut out).await.unwrap_err().to_string();
    assert!(error.contains("no-folder") && error.contains("folder exists"), "{error}");
}

#[tokio::test]
async fn only_a_sound_state_of_ours_is_restored_and_the_present_one_stays_where_it_fails() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    back_up(&firm).await.unwrap();
    let good = std::fs::read(copy_of(&firm)).unwrap();
    let before = std::fs::read(firm.state()).unwrap();
    let refused = async |wanted: &str| {
        let error = put_back(&firm).await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
        assert_eq!(std::fs::read(firm.state()).unwrap(), before, "{wanted}");
        assert!(!firm.state().with_file_name("state.sqlite.restoring").exists(), "{wanted}");
    };

    std::fs::remove_file(copy_of(&firm)).unwrap();
    refused("no such file").await;
    std::fs::write(copy_of(&firm), "this is no database, and it is long enough to look like one").unwrap();
    refused("no backup of a state").await;
    std::fs::write(copy_of(&firm), "").unwrap();
    refused("a database of something else").await;
    let mut damaged = good.clone();
    let page = damaged.len() / 4096 / 2;
    damaged[page * 4096..(page + 1) * 4096].fill(0xA5);
    std::fs::write(copy_of(&firm), &damaged).unwrap();
    refused("damaged").await;

    std::fs::write(copy_of(&firm), &good).unwrap();
    let held = firm.store().await;
    let lock = flowtly_sync::store::lock::WriterLock::take(&firm.state()).unwrap();
    held.close().await.unwrap();
    refused("in use by process").await;
    drop(lock);

    std::fs::copy(firm.state(), copy_of(&firm)).unwrap();
    let mut newer = sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(copy_of(&firm)))
        .await
        .unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET version = 99999 WHERE version = 1").execute(&mut newer).await.unwrap();
    newer.close().await.unwrap();
    refused("newer release").await;
}

#[tokio::test]
async fn what_is_replaced_is_kept_whole_with_what_its_log_holds() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    back_up(&firm).await.unwrap();
    firm.linked("Beta", &vat(2)).await;
    // The program died: the last commits are in the write-ahead log alone.
    let store = firm.store().await;
    firm.client("Gamma", Some(&vat(3)));
    let (store, report) = pass_on(&firm, store, Request { complete: true, ..Request::default() }).await;
    assert_eq!(report.unwrap().ending, Ending::Applied);
    let log = firm.state().with_file_name("state.sqlite-wal");
    let (file, wal) = (std::fs::read(firm.state()).unwrap(), std::fs::read(&log).unwrap());
    store.close().await.unwrap();
    std::fs::write(firm.state(), file).unwrap();
    std::fs::write(&log, wal).unwrap();

    let told = put_back(&firm).await.unwrap();
    assert!(told.contains("--allow first-pass"), "{told}");
    assert!(!log.exists());
    assert_eq!(number(&firm, "SELECT count(*) FROM link").await, 1);
    let mode = metadata(firm.state()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let folder = std::fs::read_dir(firm.state().parent().unwrap()).unwrap();
    let kept = folder.map(|entry| entry.unwrap().path()).find(|path| path.to_string_lossy().contains("before-restore"));
    std::fs::copy(kept.unwrap(), firm.state()).unwrap();
    assert_eq!(number(&firm, "SELECT count(*) FROM link").await, 3, "what was kept is the state as it was");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_backup_takes_the_place_of_a_state_that_is_lost_and_of_a_restore_that_was_killed() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    back_up(&firm).await.unwrap();
    std::fs::remove_file(firm.state()).unwrap();
    std::fs::write(firm.state().with_file_name("state.sqlite.restoring"), "half of it").unwrap();
    let told = put_back(&firm).await.unwrap();
    assert!(!told.contains("is kept"), "{told}");
    assert_eq!(firm.links().await.len(), 1);
    firm.assert_settled().await;
}

#[tokio::test]
async fn nothing_is_restored_over_itself() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let mut out = Vec::new();
    let error = restore(&firm.settings(), firm.clock.as_ref(), &firm.state(), &mut out).await.unwrap_err().to_string();
    assert!(error.contains("it is the state itself"), "{error}");
    firm.assert_settled().await;
}

/// Three pairs and a contact, a backup, then weeks in which people and the daemon go on; the old state comes back with edits
/// that nobody synced.
#[tokio::test]
async fn a_state_from_weeks_ago_doubles_nothing_and_overwrites_nothing() {
    let firm = Firm::configured("[rules.company.fields]\nphone = { conflict = \"flowtly\", first = \"flowtly\" }\n");
    let (alfa, alfa_crm) = firm.linked("Alfa", &vat(1)).await;
    let (beta, beta_crm) = firm.linked("Beta", &vat(2)).await;
    let (gamma, gamma_crm) = firm.linked("Gamma", &vat(3)).await;
    firm.person(alfa, "Jan Kowalski", "jan@alfa.pl");
    for (client, phone) in [(alfa, "+48 22 111 11 11"), (beta, "+48 22 222 22 22"), (gamma, "+48 22 333 33 33")] {
        firm.flowtly.edit_client(client, "addressPhoneNumber", phone);
        firm.flowtly.edit_client(client, "addressCity", "Kraków");
    }
    firm.reconcile().await;
    back_up(&firm).await.unwrap();

    for week in 1..=3 {
        firm.wait(Duration::from_hours(24 * 7));
        more_work(&firm, week);
        firm.hubspot.edit_company(alfa_crm, "phone", &format!("+48 22 444 44 4{week}"));
        firm.flowtly.edit_client(beta, "addressCity", format!("Miasto {week}"));
        firm.reconcile().await;
        firm.assert_settled().await;
    }
    let (companies, contacts) = (firm.pairs(Kind::Company).await, firm.pairs(Kind::Contact).await);
    let together = counts(&firm);
    // Two edits that were not synced. The first takes a phone number back to what it was when the backup was made, so
    // that to the old state only the other side seems to have moved.
    firm.hubspot.edit_company(alfa_crm, "phone", "+48 22 111 11 11");
    firm.flowtly.edit_client(gamma, "addressPhoneNumber", "+48 22 999 99 99");

    put_back(&firm).await.unwrap();
    let writes = firm.writes();
    let report = firm.pass(Request { complete: true, ..Request::default() }).await.unwrap();
    assert_eq!((report.ending, report.refusals[0].name), (Ending::Refused, RefusalName::FirstPass));
    assert_eq!(firm.writes(), writes, "nothing happens until it is allowed");
    firm.reconcile().await;
    firm.reconcile().await;

    assert_eq!(counts(&firm), together, "nothing is doubled");
    let sorted = |mut pairs: Vec<(String, String)>| {
        pairs.sort();
        pairs
    };
    assert_eq!(sorted(firm.pairs(Kind::Company).await), sorted(companies));
    assert_eq!(sorted(firm.pairs(Kind::Contact).await), sorted(contacts));
    let phones = |client, company| {
        (
            firm.client_text(client, "addressPhoneNumber").unwrap(),
            firm.hubspot.company_property(company, "phone").unwrap(),
        )
    };
    assert_eq!(phones(alfa, alfa_crm), ("+48 22 444 44 43".to_owned(), "+48 22 111 11 11".to_owned()));
    assert_eq!(phones(gamma, gamma_crm), ("+48 22 999 99 99".to_owned(), "+48 22 333 33 33".to_owned()));
    assert_eq!(firm.hubspot.company_property(beta_crm, "city").as_deref(), Some("Miasto 3"));
    assert_eq!(firm.disputed().await, [Field::Phone, Field::Phone], "it asks instead");
    firm.assert_at_rest().await;

    // People answer, and all is well again.
    firm.hubspot.edit_company(alfa_crm, "phone", "+48 22 444 44 43");
    firm.hubspot.edit_company(gamma_crm, "phone", "+48 22 999 99 99");
    firm.reconcile().await;
    assert!(firm.conflicts().await.is_empty());
    firm.assert_settled().await;
    firm.flowtly.edit_client(alfa, "addressPhoneNumber", "+48 22 555 55 55");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(alfa_crm, "phone").as_deref(), Some("+48 22 555 55 55"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_backup_that_was_made_in_the_middle_of_a_write_recovers_it_weeks_later() {
    use flowtly_sync::sandbox::{Fault, When};
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    firm.client("Alfa", Some(&vat(1)));
    let create = When::always().method(http::Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::DropAfter);
    firm.reconcile().await;
    assert_eq!(number(&firm, "SELECT count(*) FROM intent WHERE closed IS NULL").await, 1);
    back_up(&firm).await.unwrap();
    firm.reconcile().await;
    firm.assert_settled().await;
    firm.wait(Duration::from_hours(24 * 20));
    put_back(&firm).await.unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (2, 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_restored_state_never_creates_before_both_sides_were_walked_whole() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    back_up(&firm).await.unwrap();
    firm.company("Beta", Some(&vat(2)));
    firm.reconcile().await;
    put_back(&firm).await.unwrap();
    let mut state = raw(&firm).await;
    assert_eq!(sqlx::query_scalar::<_, i64>("SELECT count(*) FROM cursor").fetch_one(&mut state).await.unwrap(), 0);
    state.close().await.unwrap();
    // An incremental pass is asked for: it walks everything all the same.
    let report = firm.pass(Request { complete: false, allow: [RefusalName::FirstPass].into() }).await.unwrap();
    assert!(report.complete);
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (2, 2));
    firm.assert_settled().await;
}

#[test]
fn a_backup_is_made_beside_the_daemon_and_is_not_put_back_beside_it() {
    use std::io::BufRead as _;
    let served = Served::start();
    let mut daemon = served
        .command(&["run", "--allow", "first-pass", "--log-format", "json"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(daemon.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("the pass ended: applied")), "the first pass ended");
    // Nobody waits for a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    let made = served.run(&["backup", "copy.sqlite"]);
    assert_eq!(code(&made), 0, "{}", told(&made));
    assert_eq!(metadata(served.path("copy.sqlite")).unwrap().permissions().mode() & 0o777, 0o600);
    let again = served.run(&["backup", "copy.sqlite"]);
    assert_eq!(code(&again), 1);
    assert!(told(&again).contains("there already"), "{}", told(&again));
    let refused = served.run(&["restore", "copy.sqlite"]);
    assert_eq!(code(&refused), 1);
    assert!(told(&refused).contains(&format!("in use by process {}", daemon.id())), "{}", told(&refused));
    daemon.kill().unwrap();
    daemon.wait().unwrap();

    let restored = served.run(&["restore", "copy.sqlite"]);
    assert_eq!(code(&restored), 0, "{}", told(&restored));
    let status = served.run(&["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("restored"), "it says that it has to prove itself");
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    assert_eq!(code(&served.run(&["diff"])), 0);
}

#[test]
fn a_backup_to_standard_output_is_one_that_can_be_put_back_and_leaves_no_file() {
    let served = Served::start();
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    let names = || {
        let mut names: Vec<_> =
            std::fs::read_dir(served.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    // There is no folder for temporary files, as in an image that holds the program alone.
    let made = served.command(&["backup", "-"]).env("TMPDIR", served.path("nowhere")).output().unwrap();
    assert_eq!(code(&made), 0, "{}", told(&made));
    assert_eq!(names(), before);
    std::fs::write(served.path("copy.sqlite"), made.stdout).unwrap();
    let restored = served.run(&["restore", "copy.sqlite"]);
    assert_eq!(code(&restored), 0, "{}", told(&restored));

    // Nobody reads it: half a copy is no copy.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let failed = served.command(&["backup", "-"]).stdout(full).output().unwrap();
    assert_eq!(code(&failed), 1);
    assert!(told(&failed).contains("not written whole"), "{}", told(&failed));
}

#[tokio::test]
async fn a_backup_is_not_written_to_a_terminal() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let path = copy_of(&firm);
    let out = std::fs::File::create(&path).unwrap();
    let error = backup_to(&firm.settings(), true, &CancellationToken::new(), out).await.unwrap_err().to_string();
    assert!(error.contains("terminal") && std::fs::read(path).unwrap().is_empty(), "{error}");
}

/// What is stopped half-way leaves nothing that a person would take for a copy, and nothing to read.
#[tokio::test]
async fn a_backup_that_is_stopped_leaves_nothing() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let stop = CancellationToken::new();
    stop.cancel();
    let mut out = Vec::new();
    let error = backup(&firm.settings(), &copy_of(&firm), &stop, &mut out).await.unwrap_err().to_string();
    assert!(error.contains("stopped") && out.is_empty(), "{error}");
    assert!(!copy_of(&firm).exists());
}
