//! Dated copies of the state, made by the daemon after its passes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flowtly_sync::clock::Clock as _;
use flowtly_sync::commands::restore::restore;
use flowtly_sync::daemon::backups::{Backups, Plan};
use flowtly_sync::metrics::Metrics;
use flowtly_sync::store::copies::stage;
use flowtly_sync::store::mark::{self, Mark};
use flowtly_sync::store::pass::PassRecord;
use flowtly_sync::sync::pass::Ending;

use super::bench::more_work;
use super::quarantine::run_beside;
use crate::firm::{Firm, vat};
use crate::served::{Running, Served, code, printed, told, waited_for};

const HOUR: Duration = Duration::from_hours(1);

fn plan(firm: &Firm, keep: usize) -> Plan {
    Plan { folder: firm.state().with_file_name("copies"), every: HOUR, keep }
}

fn backups(firm: &Firm) -> (Backups, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    (Backups::start(firm.state(), Some(metrics.clone()), firm.clock.clone()), metrics)
}

/// A pass ends, and whoever makes copies has done what he was asked for.
async fn passed(firm: &Firm, backups: &Backups, plan: &Plan) {
    firm.reconcile().await;
    let mut store = firm.store().await;
    backups.passed(plan, &mut store).await.unwrap();
    backups.rest().await;
    store.close().await.unwrap();
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_made_when_it_is_due_and_the_oldest_go() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(90)).await;
    let (plan, (backups, metrics)) = (plan(&firm, 3), backups(&firm));
    passed(&firm, &backups, &plan).await;
    let first = names(&plan.folder);
    assert_eq!(first.len(), 1, "{first:?}");
    passed(&firm, &backups, &plan).await;
    assert_eq!(names(&plan.folder), first, "it is not due yet");
    for round in 0..4 {
        firm.wait(HOUR);
        more_work(&firm, round);
        passed(&firm, &backups, &plan).await;
    }
    let kept = names(&plan.folder);
    assert!(kept.len() == 3 && !kept.contains(&first[0]), "{kept:?}");
    assert!(kept.iter().all(|name| name.starts_with("flowtly-sync-") && name.ends_with("Z.sqlite")), "{kept:?}");
    assert_eq!(mode(&plan.folder), 0o700);
    assert!(kept.iter().all(|name| mode(&plan.folder.join(name)) == 0o600), "they are for their owner alone");
    assert_eq!(names(firm.state().parent().unwrap()).iter().filter(|name| name.contains("copying")).count(), 0);
    let stamp = metrics.text().lines().find_map(|line| {
        line.strip_prefix("flowtly_sync_last_backup_timestamp_seconds ").and_then(|value| value.parse::<f64>().ok())
    });
    #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
    let now = firm.clock.now().timestamp() as f64;
    assert!(stamp.is_some_and(|stamp| (now - stamp).abs() < 5.0), "{stamp:?}");
    // Each is a state that comes back.
    let copy = plan.folder.join(&kept[1]);
    restore(&firm.settings(), firm.clock.as_ref(), &copy, &mut Vec::new()).await.unwrap();
    for _ in 0..2 {
        firm.reconcile().await;
    }
    firm.assert_settled().await;
    assert_eq!(firm.flowtly.client_count(), firm.hubspot.company_count(), "nothing is doubled");
}

/// A state is lost with its disk, or an older one comes back: as long as nobody looked at what it plans, it is worth less than the
/// copies of the one before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_has_to_prove_itself_pushes_out_no_copy_of_the_one_before() {
    for is_restored in [false, true] {
        let firm = Firm::new();
        firm.linked("Alfa", &vat(1)).await;
        let (plan, (backups, metrics)) = (plan(&firm, 2), backups(&firm));
        for _ in 0..2 {
            passed(&firm, &backups, &plan).await;
            firm.wait(HOUR);
        }
        let good = names(&plan.folder);
        firm.linked("Beta", &vat(2)).await;
        if is_restored {
            let copy = plan.folder.join(&good[1]);
            restore(&firm.settings(), firm.clock.as_ref(), &copy, &mut Vec::new()).await.unwrap();
        } else {
            std::fs::remove_file(firm.state()).unwrap();
        }
        // As the daemon does that starts anew.
        let (backups, _) = if is_restored { (backups, metrics) } else { self::backups(&firm) };
        for _ in 0..=plan.keep {
            firm.wait(2 * HOUR);
            assert_eq!(firm.beat().await.ending, Ending::Refused);
            let mut store = firm.store().await;
            backups.passed(&plan, &mut store).await.unwrap();
            backups.rest().await;
            store.close().await.unwrap();
            assert_eq!(names(&plan.folder), good, "restored: {is_restored}");
            assert_eq!(backups.fails(), None, "none is due, and nobody knows whether one could be made");
        }
        assert!(
            !stage(&firm.state()).await.unwrap().is_proved,
            "nor is one of a state that turned so since it was asked for"
        );
        passed(&firm, &backups, &plan).await;
        let kept = names(&plan.folder);
        assert!(kept.len() == 2 && kept[0] == good[1] && kept[1] > good[1], "{kept:?}");
        assert_eq!(backups.fails(), Some(false));
    }
}

/// A plan that asks for fewer copies makes the failure of one that is wanted no more a thing of the past.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_over_where_no_copy_is_due_any_more() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let (mut plan, (backups, _)) = (plan(&firm, 3), backups(&firm));
    assert_eq!(backups.fails(), None);
    passed(&firm, &backups, &plan).await;
    assert_eq!(backups.fails(), Some(false));
    let in_the_way = firm.state().with_file_name("state.sqlite.copying");
    std::fs::create_dir_all(in_the_way.join("full")).unwrap();
    firm.wait(HOUR);
    passed(&firm, &backups, &plan).await;
    assert_eq!(backups.fails(), Some(true));
    plan.every = 24 * HOUR;
    passed(&firm, &backups, &plan).await;
    assert_eq!((backups.fails(), names(&plan.folder).len()), (Some(false), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_shared_and_only_own_copies_are_pruned() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let (plan, (backups, _)) = (plan(&firm, 1), backups(&firm));
    std::fs::create_dir(&plan.folder).unwrap();
    let others = ["flowtly-sync-00000000-20200101T000000Z.sqlite", "flowtly-sync.sqlite", "notes.txt"];
    for name in others {
        std::fs::write(plan.folder.join(name), "somebody's").unwrap();
    }
    for _ in 0..3 {
        passed(&firm, &backups, &plan).await;
        firm.wait(HOUR);
    }
    let kept = names(&plan.folder);
    assert!(kept.len() == 4 && others.iter().all(|name| kept.iter().any(|kept| kept == name)), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_copy_shows_the_middle_of_a_pass_and_what_a_killed_one_left_is_taken_away() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let (plan, (backups, _)) = (plan(&firm, 3), backups(&firm));
    let half = firm.state().with_file_name("state.sqlite.copying");
    std::fs::write(&half, "half of it").unwrap();
    let mut store = firm.store().await;
    mark::set(store.connection(), Mark::Running, "7").await.unwrap();
    backups.passed(&plan, &mut store).await.unwrap();
    backups.rest().await;
    assert!(names(&plan.folder).is_empty() && !half.exists() && backups.fails() != Some(true));
    mark::clear(store.connection(), Mark::Running).await.unwrap();
    backups.passed(&plan, &mut store).await.unwrap();
    backups.rest().await;
    assert_eq!(names(&plan.folder).len(), 1, "the end of the pass asked again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_takes_nothing_is_told_and_holds_up_no_pass() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let (plan, (backups, metrics)) = (plan(&firm, 3), backups(&firm));
    std::fs::write(&plan.folder, "no folder").unwrap();
    let before = firm.clock.now();
    run_beside(&firm, Duration::from_hours(3), Some((&backups, &plan))).await;
    backups.rest().await;
    assert_eq!(backups.fails(), Some(true));
    assert!(metrics.text().contains("flowtly_sync_backup_failing 1"));
    let mut passes = super::quarantine::passes_since(&firm, before).await;
    let is_whole = |pass: &PassRecord| pass.outcome.as_deref() == Some("applied");
    // The time may end in the middle of the last one.
    passes.pop_if(|last| !is_whole(last));
    assert!(passes.len() >= 12 && passes.iter().all(is_whole), "{passes:?}");
    std::fs::remove_file(&plan.folder).unwrap();
    passed(&firm, &backups, &plan).await;
    assert!(backups.fails() != Some(true) && metrics.text().contains("flowtly_sync_backup_failing 0"));
    assert_eq!(names(&plan.folder).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_ahead_stops_no_copies_and_costs_none() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    let (plan, (backups, _)) = (plan(&firm, 2), backups(&firm));
    passed(&firm, &backups, &plan).await;
    let own = names(&plan.folder).remove(0);
    let ahead = format!("{}29991231T000000Z.sqlite", &own[..own.len() - "20261123T080000Z.sqlite".len()]);
    std::fs::copy(plan.folder.join(&own), plan.folder.join(&ahead)).unwrap();
    firm.wait(HOUR);
    passed(&firm, &backups, &plan).await;
    let kept = names(&plan.folder);
    assert!(kept.len() == 2 && kept.contains(&own) && !kept.contains(&ahead), "{kept:?}");
}

/// Adds lines to the configuration of a served pair.
fn configure(served: &Served, lines: &str) {
    let path = served.path("flowtly-sync.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{text}\n{lines}")).unwrap();
}

#[test]
fn the_daemon_keeps_copies_that_status_tells_of_and_restore_takes() {
    let served = Served::start();
    configure(&served, "[backup]\ndirectory = \"copies\"\n");
    let before = served.run(&["status"]);
    assert_eq!(code(&before), 1, "there is no state yet");
    let running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 1");
    // It is made beside everything else, and an end waits for a slow disk only so long.
    waited_for("a copy", || !names(&served.path("copies")).is_empty());
    running.stop();
    let kept = names(&served.path("copies"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    let status = printed(&served.run(&["status"]));
    assert!(status.contains("Copies of the state\n  the newest of 1 copy was made at 20"), "{status}");
    let status: serde_json::Value = serde_json::from_slice(&served.run(&["status", "--json"]).stdout).unwrap();
    assert_eq!((&status["backup"]["kept"], &status["backup"]["error"]), (&1.into(), &serde_json::Value::Null));
    let copy = PathBuf::from("copies").join(&kept[0]);
    let restored = served.run(&["restore", &copy.display().to_string()]);
    assert_eq!(code(&restored), 0, "{}", told(&restored));
    assert_eq!(code(&served.run(&["reconcile", "--allow", "first-pass"])), 0);
}

#[test]
fn that_no_copy_can_be_made_is_a_notice() {
    let served = Served::start();
    let letters = served.path("letters");
    let hook = format!("cat >> {0}; echo >> {0}", letters.display());
    configure(
        &served,
        &format!(
            "[backup]\ndirectory = \"flowtly-password\"\n[notices.command]\nrun = [\"/bin/sh\", \"-c\", \"{hook}\"]\n"
        ),
    );
    let running = Running::start(&served, &["run", "--allow", "first-pass"]);
    running.hear("STATUS=idle; pass 1");
    for pass in 2..30 {
        running.signal("-HUP");
        running.hear(&format!("STATUS=idle; pass {pass}"));
        if std::fs::read_to_string(&letters).is_ok_and(|letters| letters.contains("\"topic\":\"backup-fails\"")) {
            break;
        }
    }
    running.stop();
    let letters = std::fs::read_to_string(&letters).unwrap();
    assert!(letters.contains("No copy of the state can be made; the log says the mend"), "{letters}");
    assert_eq!(letters.matches("\"topic\":\"backup-fails\"").count(), 1, "{letters}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_there_keeps_who_may_read_it() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(90)).await;
    let (plan, (backups, _)) = (plan(&firm, 3), backups(&firm));
    std::fs::create_dir(&plan.folder).unwrap();
    std::fs::set_permissions(&plan.folder, std::fs::Permissions::from_mode(0o750)).unwrap();
    passed(&firm, &backups, &plan).await;
    assert_eq!(mode(&plan.folder), 0o750);
    let copies = names(&plan.folder);
    assert_eq!((copies.len(), mode(&plan.folder.join(&copies[0]))), (1, 0o600));
}
