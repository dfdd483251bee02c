//! A backup comes back that nobody can name: out of a stream, or the newest of a folder.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use flowtly_sync::clock::Clock as _;
use flowtly_sync::commands::restore::{restore, restore_from};
use flowtly_sync::store::copies::{Copies, stage};
use tokio_util::sync::CancellationToken;

use super::faults::with_room_for;
use crate::firm::{Firm, vat};
use crate::served::{Served, code, printed, told, waited_for};

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A pair with a state, and a copy of it.
fn copied() -> (Served, PathBuf) {
    let served = Served::start();
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    let made = served.run(&["backup", "copy.sqlite"]);
    assert_eq!(code(&made), 0, "{}", told(&made));
    let copy = served.path("copy.sqlite");
    (served, copy)
}

#[test]
fn a_copy_comes_back_by_standard_input() {
    let (served, copy) = copied();
    let before = names(&served.path("."));
    let restored = served.command(&["restore", "-"]).stdin(File::open(copy).unwrap()).output().unwrap();
    assert_eq!(code(&restored), 0, "{}", told(&restored));
    assert!(printed(&restored).contains("is now what came by standard input\n"), "{}", printed(&restored));
    let mut after = names(&served.path("."));
    after.retain(|name| !name.contains(".before-restore-"));
    assert_eq!(after, before);
    let status = served.run(&["status"]);
    assert!(printed(&status).contains("has to prove itself (restored)"), "{}", printed(&status));
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
    assert_eq!(code(&served.run(&["diff"])), 0);
}

#[test]
fn of_a_stream_that_is_no_backup_nothing_stays() {
    let (served, copy) = copied();
    let state = fs::read(served.path("flowtly-sync.sqlite")).unwrap();
    let whole = fs::read(&copy).unwrap();
    let part = served.path("part");
    for (length, words) in [(0, "a database of something else"), (whole.len() / 2, "malformed"), (64, "no backup")] {
        fs::write(&part, &whole[..length]).unwrap();
        let before = names(&served.path("."));
        let failed = served.command(&["restore", "-"]).stdin(File::open(&part).unwrap()).output().unwrap();
        assert_eq!(code(&failed), 1);
        assert!(told(&failed).contains("standard input") && told(&failed).contains(words), "{}", told(&failed));
        assert_eq!(names(&served.path(".")), before);
    }
    let before = names(&served.path("."));
    let failed = with_room_for(&served, 64, "restore - < copy.sqlite");
    assert_eq!(code(&failed), 1);
    assert!(told(&failed).contains(".received") && told(&failed).contains("has room"), "{}", told(&failed));
    let failed = served.command(&["restore", "-"]).stdin(File::open(served.path(".")).unwrap()).output().unwrap();
    assert!(code(&failed) == 1 && told(&failed).contains("it cannot be read"), "{}", told(&failed));
    assert_eq!(names(&served.path(".")), before);
    assert_eq!(fs::read(served.path("flowtly-sync.sqlite")).unwrap(), state);
}

#[test]
fn of_a_stream_that_is_stopped_nothing_stays() {
    let (served, copy) = copied();
    let (before, whole) = (names(&served.path(".")), fs::read(copy).unwrap());
    let mut restoring = served.command(&["restore", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = restoring.stdin.take().unwrap();
    input.write_all(&whole[..whole.len() / 2]).unwrap();
    let received = served.path("flowtly-sync.sqlite.received");
    waited_for("the file that is read into", || received.metadata().is_ok_and(|file| file.len() > 0));
    let line = format!("kill -TERM {}", restoring.id());
    assert!(std::process::Command::new("sh").args(["-c", &line]).status().unwrap().success());
    let stopped = restoring.wait_with_output().unwrap();
    drop(input);
    assert_eq!(code(&stopped), 1);
    assert!(told(&stopped).contains("stopped"), "{}", told(&stopped));
    assert_eq!(names(&served.path(".")), before);
    assert_eq!(code(&served.run(&["diff"])), 0);
}

#[tokio::test]
async fn a_copy_is_not_typed() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let input = (File::open("/dev/null").unwrap(), true);
    let stop = CancellationToken::new();
    let error = restore_from(&firm.settings(), firm.clock.as_ref(), input, &stop, &mut Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("restore - < FILE"), "{error}");
    firm.assert_settled().await;
}

fn folder(firm: &Firm) -> PathBuf {
    firm.state().with_file_name("copies")
}

/// A dated copy of the state as it is, and a day goes by.
async fn dated(firm: &Firm) -> PathBuf {
    let mut store = firm.store().await;
    let copies = Copies::of(&folder(firm), store.connection()).await.unwrap();
    let copy = copies.put(&stage(&firm.state()).await.unwrap(), firm.clock.now()).unwrap();
    store.close().await.unwrap();
    firm.wait(Duration::from_hours(24));
    copy
}

async fn put_back(firm: &Firm) -> Result<String, String> {
    let mut out = Vec::new();
    let restored = restore(&firm.settings(), firm.clock.as_ref(), &folder(firm), &mut out).await;
    restored.map(|_| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn of_a_folder_the_newest_copy_of_the_states_accounts_comes_back() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let oldest = dated(&firm).await;
    firm.linked("Beta", &vat(2)).await;
    let newest = dated(&firm).await;
    firm.linked("Gamma", &vat(3)).await;
    // Of a clock that was wrong, and of somebody else.
    let own = oldest.file_name().unwrap().to_str().unwrap();
    let ahead = format!("{}29991231T000000Z.sqlite", &own[..own.len() - "20261123T080000Z.sqlite".len()]);
    fs::copy(&oldest, folder(&firm).join(ahead)).unwrap();
    let others =
        folder(&firm).join(format!("flowtly-sync-0000abcd-{}.sqlite", firm.clock.now().format("%Y%m%dT%H%M%SZ")));
    fs::write(&others, "of others").unwrap();
    fs::write(folder(&firm).join("notes.txt"), "").unwrap();

    let told = put_back(&firm).await.unwrap();
    assert!(told.contains(&format!("is now {}\n", newest.display())), "{told}");
    assert_eq!(firm.links().await.len(), 2);

    // Nothing tells whose are wanted.
    fs::remove_file(firm.state()).unwrap();
    let error = put_back(&firm).await.unwrap_err();
    let lines = [&others, &newest].map(|copy| format!("\n  flowtly-sync restore {}", copy.display()));
    assert!(error.contains("several pairs of accounts") && error.ends_with(&lines.concat()), "{error}");
    assert!(!firm.state().exists());
    fs::rename(&others, firm.state().with_file_name("others")).unwrap();
    let told = put_back(&firm).await.unwrap();
    assert!(told.contains(&format!("is now {}\n", newest.display())), "{told}");
    assert_eq!(firm.links().await.len(), 2);
}

#[tokio::test]
async fn a_folder_without_a_copy_of_the_states_accounts_changes_nothing() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    fs::create_dir(folder(&firm)).unwrap();
    let error = put_back(&firm).await.unwrap_err();
    assert!(error.ends_with("copies holds no dated copy; name a file that `flowtly-sync backup` made"), "{error}");
    let copy = dated(&firm).await;
    let others = folder(&firm).join("flowtly-sync-0000abcd-20260101T000000Z.sqlite");
    fs::rename(&copy, &others).unwrap();
    let error = put_back(&firm).await.unwrap_err();
    assert!(error.contains("none of the accounts of the state that is there"), "{error}");
    assert!(error.ends_with(&format!("\n  flowtly-sync restore {}", others.display())), "{error}");
    firm.assert_settled().await;
}

/// Whose the state is that was there cannot be told, and looking for it takes nothing of it away.
#[tokio::test]
async fn of_a_folder_a_copy_comes_back_in_the_place_of_what_nothing_can_read() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let copy = dated(&firm).await;
    let damaged: [&[u8]; 2] = [b"nothing that a database would be, and then some more of it", b"nor a log of one"];
    fs::write(firm.state(), damaged[0]).unwrap();
    fs::write(firm.state().with_file_name("state.sqlite-wal"), damaged[1]).unwrap();
    let told = put_back(&firm).await.unwrap();
    assert!(told.contains(&format!("is now {}\n", copy.display())), "{told}");
    let kept = names(firm.state().parent().unwrap());
    let kept = kept.iter().filter(|name| name.contains(".before-restore-"));
    let kept: Vec<Vec<u8>> = kept.map(|name| fs::read(firm.state().with_file_name(name)).unwrap()).collect();
    assert_eq!(kept, damaged);
    firm.assert_settled().await;
}
