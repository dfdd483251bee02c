//! Pages that rot, and write-ahead logs that were not folded in, or only in part.

use std::path::{Path, PathBuf};

use flowtly_sync::commands::backup::backup;
use flowtly_sync::commands::restore::restore;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::mark::{self, Mark};
use flowtly_sync::store::{Store, StoreError};
use flowtly_sync::sync::PassError;
use flowtly_sync::sync::pass::Report;
use rstest::rstest;
use sqlx::Connection as _;
use tokio_util::sync::CancellationToken;

use super::bench::{allowed, busy_firm, counts, number, pass_on, raw};
use crate::firm::Firm;

/// The root page of a table or an index rots; without a name, a page in the middle of the file.
async fn rot(firm: &Firm, name: Option<&'static str>) {
    let mut connection = raw(firm).await;
    let page: i64 = match name {
        Some(name) => sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = ?1").bind(name),
        None => sqlx::query_scalar("SELECT page_count / 2 FROM pragma_page_count"),
    }
    .fetch_one(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let size = number(firm, "SELECT page_size FROM pragma_page_size").await;
    let mut bytes = std::fs::read(firm.state()).unwrap();
    let (page, size) = (usize::try_from(page).unwrap(), usize::try_from(size).unwrap());
    bytes[(page - 1) * size..page * size].fill(0xA5);
    std::fs::write(firm.state(), bytes).unwrap();
}

/// A pass from the start of the program on: opening the state is part of it.
async fn start(firm: &Firm) -> Result<Report, PassError> {
    let store = Store::open(&WriterLock::take(&firm.state()).unwrap()).await?;
    let (store, outcome) = pass_on(firm, store, allowed()).await;
    // What is damaged may not close either.
    let _ = store.close().await;
    outcome
}

async fn back_up(firm: &Firm) -> PathBuf {
    let copy = firm.state().with_file_name("backup.sqlite");
    backup(&firm.settings(), &copy, &CancellationToken::new(), &mut Vec::new()).await.unwrap();
    copy
}

async fn assert_mended_by(firm: &Firm, copy: &Path) {
    restore(&firm.settings(), firm.clock.as_ref(), copy, &mut Vec::new()).await.unwrap();
    firm.reconcile().await;
    firm.reconcile().await;
    assert_eq!(counts(firm), [(9, 9), (8, 8)]);
    firm.assert_settled().await;
}

#[rstest]
#[case::in_the_middle(None)]
#[case::of_an_index(Some("seen_record"))]
#[case::of_the_links(Some("link_flowtly"))]
#[case::of_the_records(Some("seen"))]
#[tokio::test]
async fn damage_is_found_after_an_unclean_stop_before_anything_is_sent(#[case] place: Option<&'static str>) {
    let firm = busy_firm().await;
    let copy = back_up(&firm).await;
    let mut store = firm.store().await;
    mark::set(store.connection(), Mark::Running, "2").await.unwrap();
    store.close().await.unwrap();
    rot(&firm, place).await;
    let requests = firm.flowtly.counts().requests + firm.hubspot.counts().requests;
    let error = start(&firm).await.unwrap_err();
    let told = error.to_string();
    assert!(matches!(error, PassError::Store(StoreError::Corrupt { .. } | StoreError::Damaged(_))), "{error:?}");
    assert!(told.contains("damaged") && told.contains("flowtly-sync restore"), "{told}");
    let now = firm.flowtly.counts().requests + firm.hubspot.counts().requests;
    assert_eq!(now, requests, "nobody is even asked");
    // It is not forgotten that the stop was unclean.
    assert!(start(&firm).await.is_err());
    assert_mended_by(&firm, &copy).await;
}

#[rstest]
#[case::in_the_middle(None)]
#[case::of_an_index(Some("seen_record"))]
#[case::of_the_links(Some("link_flowtly"))]
#[case::of_the_records(Some("seen"))]
#[tokio::test]
async fn damage_that_is_met_stops_the_pass_and_sends_nothing_unjournalled(#[case] place: Option<&'static str>) {
    let firm = busy_firm().await;
    let copy = back_up(&firm).await;
    rot(&firm, place).await;
    match start(&firm).await {
        Err(PassError::Store(error)) => {
            let told = error.to_string();
            assert!(told.contains("damaged") && told.contains("flowtly-sync restore"), "{told}");
            // From now on it is looked for.
            assert!(matches!(start(&firm).await, Err(PassError::Store(_))));
        }
        Err(other) => panic!("{other}"),
        // A page that nobody needed: whatever was done was done right.
        Ok(_) => assert_eq!(place, None),
    }
    assert_mended_by(&firm, &copy).await;
}

#[rstest]
#[case::of_a_table(Some("seen"))]
#[case::of_an_index(Some("link_flowtly"))]
#[tokio::test]
async fn what_is_damaged_makes_no_backup(#[case] place: Option<&'static str>) {
    let firm = busy_firm().await;
    rot(&firm, place).await;
    let copy = firm.state().with_file_name("backup.sqlite");
    let error =
        backup(&firm.settings(), &copy, &CancellationToken::new(), &mut Vec::new()).await.unwrap_err().to_string();
    assert!(error.contains("damaged"), "{error}");
    assert!(!copy.exists());
}

#[tokio::test]
async fn a_state_that_nothing_can_read_is_kept_with_its_log_when_a_backup_takes_its_place() {
    let firm = busy_firm().await;
    let copy = back_up(&firm).await;
    lay_out(&firm, b"nothing that a database would be, and then some more of it", b"nor a log of one");
    assert_mended_by(&firm, &copy).await;
    let folder = std::fs::read_dir(firm.state().parent().unwrap()).unwrap();
    let mut kept: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    kept.retain(|path| path.to_string_lossy().contains("before-restore"));
    kept.sort();
    let texts: Vec<Vec<u8>> = kept.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(texts.len(), 2, "{kept:?}");
    assert!(texts[0].starts_with(b"nothing that a database"), "{kept:?}");
    assert_eq!(texts[1], b"nor a log of one", "{kept:?}");
}

/// The state and its write-ahead log as they are on the disk in the moment when the program is killed.
fn killed(firm: &Firm) -> (Vec<u8>, Vec<u8>) {
    let log = firm.state().with_file_name("state.sqlite-wal");
    (std::fs::read(firm.state()).unwrap(), std::fs::read(log).unwrap())
}

fn lay_out(firm: &Firm, file: &[u8], log: &[u8]) {
    std::fs::write(firm.state(), file).unwrap();
    std::fs::write(firm.state().with_file_name("state.sqlite-wal"), log).unwrap();
    let _ = std::fs::remove_file(firm.state().with_file_name("state.sqlite-shm"));
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_kill_before_the_log_was_folded_in() {
    let firm = busy_firm().await;
    let store = firm.store().await;
    let (store, outcome) = pass_on(&firm, store, allowed()).await;
    outcome.unwrap();
    let (file, log) = killed(&firm);
    assert!(log.len() > 32, "there is something to fold in");
    store.close().await.unwrap();
    let links = number(&firm, "SELECT count(*) FROM link").await;
    lay_out(&firm, &file, &log);
    assert_eq!(number(&firm, "SELECT count(*) FROM link").await, links);
    firm.wait(std::time::Duration::from_mins(1));
    assert_eq!(counts(&firm), [(9, 9), (8, 8)]);
    firm.assert_settled().await;
}

/// A disk that lied: of the log only a part is left, and with it only a part of the journal. What was written is found again by
/// what it is.
#[rstest]
#[case(0)]
#[case(32)]
#[case(10_000)]
#[tokio::test]
async fn a_log_that_was_cut_off_doubles_nothing(#[case] offset: usize) {
    let firm = busy_firm().await;
    let store = firm.store().await;
    let (store, outcome) = pass_on(&firm, store, allowed()).await;
    outcome.unwrap();
    let (file, log) = killed(&firm);
    store.close().await.unwrap();
    firm.wait(std::time::Duration::from_mins(30));
    let steps = 6;
    for step in 0..steps {
        let cut = (offset + step * log.len() / steps).min(log.len());
        lay_out(&firm, &file, &log[..cut]);
        for _ in 0..3 {
            firm.reconcile().await;
            firm.wait(std::time::Duration::from_mins(10));
        }
        assert_eq!(counts(&firm), [(9, 9), (8, 8)], "cut at {cut} of {}", log.len());
        assert!(firm.conflicts().await.is_empty() && firm.questions().await.is_empty(), "cut at {cut}");
        firm.assert_settled().await;
    }
}
