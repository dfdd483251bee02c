use super::*;
use crate::domain::record::{Kind, RemoteId, Side};

fn hint(id: &str) -> Hint {
    Hint { side: Side::Crm, kind: Kind::Company, id: RemoteId::new(id), sure: true }
}

fn event(key: u64, id: &str) -> Event {
    Event { key: Some(key), hints: vec![hint(id)] }
}

#[test]
fn an_event_that_comes_twice_and_a_record_that_waits_are_one_hint() {
    let hints = Hints::in_memory();
    let posted = hints.post(vec![event(1, "17"), event(1, "17"), event(2, "17"), event(3, "18")]).unwrap();
    assert_eq!(posted, Posted { accepted: 2, duplicate: 2 });
    assert_eq!(hints.waiting(), 2);
    hints.take(&hints.wanted());
    hints.looked();
    assert_eq!(hints.post(vec![event(1, "17")]).unwrap(), Posted { accepted: 0, duplicate: 1 });
    assert_eq!(hints.waiting(), 0, "it was looked at");
    assert_eq!(hints.post(vec![event(9, "17")]).unwrap().accepted, 1, "another event is another hint");
}

#[test]
fn hints_outlive_a_restart_and_half_a_line_spoils_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.sqlite");
    let hints = Hints::beside(&state).unwrap();
    hints.post(vec![event(1, "17"), event(2, "18"), event(3, "19")]).unwrap();
    hints.take(&BTreeSet::from([hint("18")]));
    hints.looked();
    hints.post(vec![event(4, "20")]).unwrap();
    drop(hints);
    let path = folder.path().join("state.sqlite.hints");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"side\":\"crm\",\"ki");
    std::fs::write(&path, text).unwrap();
    let hints = Hints::beside(&state).unwrap();
    assert_eq!(hints.wanted(), BTreeSet::from([hint("17"), hint("19"), hint("20")]));
    hints.post(vec![event(1, "21")]).unwrap();
    drop(hints);
    let hints = Hints::beside(&state).unwrap();
    assert_eq!(hints.waiting(), 4);
    hints.take(&hints.wanted());
    hints.looked();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn beyond_what_is_kept_everything_is_to_be_walked() {
    let hints = Hints::in_memory();
    let events = (0..=WAITING as u64).map(|number| event(number, &number.to_string())).collect();
    hints.post(events).unwrap();
    assert!(hints.has_overflown());
    hints.walks(false);
    hints.looked();
    assert!(hints.has_overflown(), "what changed alone is not enough");
    hints.walks(true);
    assert!(!hints.has_overflown(), "it is under way");
    hints.put_back();
    assert!(hints.has_overflown(), "the walk failed");
    hints.walks(true);
    hints.looked();
    assert!(!hints.has_overflown());
}

#[test]
fn what_found_no_room_is_no_duplicate_when_it_is_delivered_once_more() {
    let hints = Hints::in_memory();
    let flood = (0..WAITING as u64).map(|number| event(number, &number.to_string())).collect();
    hints.post(flood).unwrap();
    let late = || vec![event(70_001, "late"), event(70_002, "late"), event(3, "3")];
    assert_eq!(hints.post(late()).unwrap(), Posted { accepted: 1, duplicate: 2 });
    assert_eq!(hints.post(late()).unwrap(), Posted { accepted: 1, duplicate: 2 });
    hints.walks(true);
    hints.take(&hints.wanted());
    hints.looked();
    assert_eq!(hints.post(late()).unwrap().accepted, 1);
    assert_eq!(hints.wanted(), BTreeSet::from([hint("late")]), "there is room now");
    assert_eq!(hints.post(late()).unwrap().accepted, 0);
}

#[test]
fn that_there_were_too_many_outlives_a_restart_until_everything_was_walked() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.sqlite");
    let hints = Hints::beside(&state).unwrap();
    let flood = (0..=WAITING as u64).map(|number| event(number, &number.to_string())).collect();
    hints.post(flood).unwrap();
    hints.post(vec![event(70_001, "early")]).unwrap();
    assert_eq!(hints.wanted(), BTreeSet::from([hint("early")]));
    drop(hints);
    let hints = Hints::beside(&state).unwrap();
    assert!(hints.has_overflown());
    hints.walks(true);
    drop(hints);
    let hints = Hints::beside(&state).unwrap();
    assert!(hints.has_overflown(), "it had not ended");
    hints.walks(true);
    hints.looked();
    drop(hints);
    let hints = Hints::beside(&state).unwrap();
    assert!(!hints.has_overflown());
    assert_eq!(hints.waiting(), 0, "the walk looked at it");
}

#[test]
fn a_walk_of_everything_looks_at_whatever_waited_as_it_began() {
    let hints = Hints::in_memory();
    hints.post(vec![event(1, "17")]).unwrap();
    hints.walks(false);
    hints.looked();
    assert_eq!(hints.waiting(), 1, "what changed alone says nothing of it");
    hints.walks(true);
    hints.post(vec![event(2, "18")]).unwrap();
    hints.put_back();
    assert_eq!(hints.wanted(), BTreeSet::from([hint("17"), hint("18")]), "the walk failed");
    hints.walks(true);
    hints.post(vec![event(3, "18")]).unwrap();
    hints.looked();
    assert_eq!(hints.wanted(), BTreeSet::from([hint("18")]), "it came meanwhile");
}

/// A disk that hangs is one that has the file locked and does not come back.
#[test]
fn while_the_disk_hangs_whoever_looks_or_takes_does_not_wait() {
    let hints = Hints::in_memory();
    hints.post(vec![event(1, "17")]).unwrap();
    let disk = hints.spool.lock().unwrap();
    std::thread::scope(|threads| {
        let posts = threads.spawn(|| hints.post(vec![event(2, "18")]).unwrap());
        // Whether the delivery has come to the disk by now or not.
        assert_eq!(hints.waiting(), 1, "what is not on the disk does not wait yet");
        assert!(!hints.has_overflown());
        hints.take(&hints.wanted());
        hints.put_back();
        assert!(!posts.is_finished(), "its sender is not answered yet");
        drop(disk);
        assert_eq!(posts.join().unwrap().accepted, 1);
    });
    assert_eq!(hints.waiting(), 2);
}

#[tokio::test]
async fn what_says_only_that_something_changed_wants_a_walk() {
    let hints = Hints::in_memory();
    hints.post(vec![Event { key: None, hints: Vec::new() }]).unwrap();
    hints.walk_wanted().await;
    hints.walks(false);
    let soon = std::time::Duration::from_millis(20);
    let quiet = tokio::time::timeout(soon, hints.walk_wanted()).await;
    assert!(quiet.is_err(), "nothing is left to look at");
}

#[tokio::test]
async fn whoever_waits_is_woken_by_what_comes() {
    let hints = Hints::in_memory();
    let (waits, posts) = (Arc::clone(&hints), Arc::clone(&hints));
    let waiter = tokio::spawn(async move { tokio::join!(waits.named(), waits.walk_wanted()) });
    tokio::task::yield_now().await;
    posts.post(vec![event(1, "17"), Event { key: None, hints: Vec::new() }]).unwrap();
    waiter.await.unwrap();
}

#[test]
fn a_record_that_changes_while_it_is_looked_at_is_looked_at_once_more() {
    let hints = Hints::in_memory();
    hints.post(vec![event(1, "17"), event(2, "18")]).unwrap();
    hints.take(&hints.wanted());
    assert_eq!(hints.waiting(), 0);
    assert_eq!(hints.post(vec![event(3, "17")]).unwrap().accepted, 1);
    hints.looked();
    assert_eq!(hints.wanted(), BTreeSet::from([hint("17")]));
    hints.take(&hints.wanted());
    hints.put_back();
    assert_eq!(hints.wanted(), BTreeSet::from([hint("17")]), "the pass failed");
}

#[test]
fn what_a_pass_was_looking_at_when_the_machine_stopped_is_looked_at_after_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.sqlite");
    let hints = Hints::beside(&state).unwrap();
    hints.post(vec![event(1, "17")]).unwrap();
    hints.take(&hints.wanted());
    drop(hints);
    assert_eq!(Hints::beside(&state).unwrap().waiting(), 1);
}
