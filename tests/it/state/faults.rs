//! Disks that are full or may not be written: told with the mend, nothing lost, and agreement once it is mended.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};

use flowtly_sync::store::{Store, StoreError};
use flowtly_sync::sync::PassError;
use sqlx::Row as _;

use super::bench::{allowed, busy_firm, counts, number, pass_on, texts};
use crate::firm::Firm;
use crate::served::{Served, code, told};

/// What a firm of [`busy_firm`] has in the end, however often the disk was full.
fn assert_whole(firm: &Firm, when: &str) {
    assert_eq!(counts(firm), [(9, 9), (8, 8)], "{when}");
    assert_eq!(texts(&firm.flowtly.clients(), "name"), texts(&firm.hubspot.companies(), "name"), "{when}");
    assert_eq!(texts(&firm.flowtly.contacts(), "email"), texts(&firm.hubspot.contacts(), "email"), "{when}");
    assert_eq!(firm.client_text(1, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"), "{when}");
}

async fn pages(store: &mut Store) -> i64 {
    sqlx::query("PRAGMA page_count").fetch_one(store.connection()).await.unwrap().get(0)
}

/// Every write that a system carried out stands in the journal, as being sent or as closed.
async fn assert_journalled(firm: &Firm, before: [(usize, usize); 2], when: &str) {
    let made: usize = counts(firm).iter().zip(before).map(|(now, was)| now.0 + now.1 - was.0 - was.1).sum();
    let journalled =
        number(firm, "SELECT count(*) FROM intent WHERE op = 'create' AND (sending IS NOT NULL OR closed IS NOT NULL)");
    assert!(i64::try_from(made).unwrap() <= journalled.await, "{when}: {made} were made");
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_pass_is_gone_on_with_once_there_is_room() {
    let (mut met, mut in_the_middle) = (0, 0);
    for room in 0..40 {
        let when = format!("{room} pages left");
        let firm = busy_firm().await;
        let before = counts(&firm);
        let mut store = firm.store().await;
        let limit = pages(&mut store).await + room;
        let pragma = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {limit}"));
        sqlx::query(pragma).execute(store.connection()).await.unwrap();
        let (store, outcome) = pass_on(&firm, store, allowed()).await;
        store.close().await.unwrap();
        match outcome {
            Ok(_) => {
                assert!(met > 0, "the disk was never full");
                break;
            }
            Err(PassError::Store(error @ StoreError::Full(_))) => {
                met += 1;
                let told = error.to_string();
                assert!(told.contains("no room is left") && told.contains("free space"), "{told}");
            }
            Err(other) => panic!("{when}: {other}"),
        }
        in_the_middle += u32::from(counts(&firm) != before);
        assert_journalled(&firm, before, &when).await;
        // Space is freed.
        for _ in 0..3 {
            firm.reconcile().await;
            firm.wait(std::time::Duration::from_mins(10));
        }
        assert_whole(&firm, &when);
        firm.assert_settled().await;
    }
    assert!(met >= 5 && in_the_middle >= 5, "full at {met} places only, {in_the_middle} of them while it wrote");
}

#[tokio::test]
async fn a_state_that_turns_read_only_is_told_and_nothing_is_sent() {
    let firm = busy_firm().await;
    let mut store = firm.store().await;
    sqlx::query("PRAGMA query_only = ON").execute(store.connection()).await.unwrap();
    let writes = firm.writes();
    let (store, outcome) = pass_on(&firm, store, allowed()).await;
    store.close().await.unwrap();
    let Err(PassError::Store(error @ StoreError::ReadOnly(_))) = outcome else { panic!("{outcome:?}") };
    assert!(error.to_string().contains("make the file, its folder and its disk writable"), "{error}");
    assert_eq!(firm.writes(), writes, "what the journal cannot hold is not sent");
    firm.reconcile().await;
    assert_whole(&firm, "after it was writable again");
    firm.assert_settled().await;
}

/// The real program, whose files may not grow beyond `blocks` of 512 bytes each: what a full disk does to it.
pub(super) fn with_room_for(served: &Served, blocks: u32, arguments: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_flowtly-sync");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{program}' {arguments}");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(served.path("."));
    command.output().unwrap()
}

#[test]
fn the_program_says_that_the_disk_is_full_and_ends_in_agreement_once_it_is_not() {
    let served = Served::start();
    let (mut failed, mut blocks) = (0, 8);
    loop {
        let output = with_room_for(&served, blocks, "reconcile --allow first-pass");
        if code(&output) == 0 {
            break;
        }
        failed += 1;
        assert_eq!(code(&output), 1, "{blocks}: {}", told(&output));
        let said = told(&output);
        assert!(
            said.contains("look at the disk") || said.contains("free space") || said.contains("has room"),
            "{blocks}: {said}"
        );
        assert!(!said.contains("panicked"), "{said}");
        blocks *= 2;
        assert!(blocks < 1_000_000, "never enough");
    }
    assert!(failed >= 4, "full at {failed} sizes only");
    let diff = served.run(&["diff"]);
    assert_eq!(code(&diff), 0, "{}", told(&diff));
}

#[test]
fn the_program_says_what_may_not_be_written() {
    let served = Served::start();
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    // Whoever runs the tests, root too: somebody else owns the folder.
    let readable = |name: &str, mode| {
        std::fs::set_permissions(served.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for name in ["flowtly-sync.toml", "flowtly-password", "hubspot-token", "flowtly-sync.sqlite"] {
        readable(name, 0o444);
    }
    readable("flowtly-sync.sqlite.lock", 0o444);
    readable(".", 0o555);
    let program = served.path("flowtly-sync");
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = if is_root {
        // The build folder may be closed to others. Copied by a process of its own: while anybody has a program open to be
        // written, such as a child of another test that was forked just now, it cannot be started.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_flowtly-sync")).arg(&program).status().unwrap();
        assert!(copied.success());
        let mut command = Command::new(&program);
        command.uid(65_534).gid(65_534);
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_flowtly-sync"))
    };
    let output = command.arg("reconcile").current_dir(served.path(".")).output().unwrap();
    readable(".", 0o755);
    assert_eq!(code(&output), 1, "{}", told(&output));
    assert!(told(&output).contains("may be written"), "{}", told(&output));
    readable("flowtly-sync.sqlite", 0o600);
    readable("flowtly-sync.sqlite.lock", 0o600);
    assert_eq!(code(&served.run(&["reconcile"])), 0);
}

#[test]
fn a_backup_that_finds_no_room_leaves_nothing_and_a_restore_leaves_the_state() {
    let served = Served::start();
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    let failed = with_room_for(&served, 64, "backup copy.sqlite");
    assert_eq!(code(&failed), 1);
    assert!(told(&failed).contains("copy.sqlite") && told(&failed).contains("has room"), "{}", told(&failed));
    assert!(!served.path("copy.sqlite").exists());

    assert_eq!(code(&served.run(&["backup", "copy.sqlite"])), 0);
    let before = std::fs::read(served.path("flowtly-sync.sqlite")).unwrap();
    let failed = with_room_for(&served, 64, "restore copy.sqlite");
    assert_eq!(code(&failed), 1);
    assert!(told(&failed).contains("has room"), "{}", told(&failed));
    assert_eq!(std::fs::read(served.path("flowtly-sync.sqlite")).unwrap(), before);
    let left: Vec<String> = std::fs::read_dir(served.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("restor"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(code(&served.run(&["diff"])), 0);
}
