//! Walks, and what appeared since.

use std::time::Duration;

use super::*;
use crate::connector::port::{Evidence, Extent, Frontier};
use crate::sandbox::{CrmServer, Fault};

async fn walk(firm: &Firm, extent: Extent) -> (Vec<u64>, crate::connector::port::WalkEnd) {
    let mut walk = firm.connector.walk(Kind::Company, extent).await.unwrap();
    let (pages, end) = all(walk.as_mut()).await;
    (pages.iter().flat_map(|rows| numbers(rows)).collect(), end)
}

fn firms(firm: &Firm, count: u64) -> Vec<u64> {
    (0..count).map(|n| firm.server.add_organization(&[("name", &format!("Firm {n}"))])).collect()
}

/// What appears behind a mark and the second in which it was set: what was made in that second may come once more.
async fn later(firm: &Firm, mark: &Frontier) -> Vec<u64> {
    firm.clock.advance(Duration::from_secs(1));
    let (_, mark) = firm.connector.appeared(Kind::Company, mark).await.unwrap();
    numbers(&firm.connector.appeared(Kind::Company, &mark).await.unwrap().0)
}

#[tokio::test]
async fn everything_is_walked_by_id_and_a_page_that_shifts_hides_nothing() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.page_size = 2);
    let ids = firms(&firm, 5);
    let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
    let Step::Page(first) = walk.next().await.unwrap() else { panic!() };
    assert_eq!(numbers(&first), &ids[..2]);
    // Under page numbers the fourth would now be the third, and never be seen.
    firm.server.archive(Kind::Company, ids[0]);
    firm.server.edit_record(Kind::Company, ids[3], "name", "Edited");
    let (pages, end) = all(walk.as_mut()).await;
    assert_eq!(pages.iter().flat_map(|rows| numbers(rows)).collect::<Vec<_>>(), &ids[2..]);
    assert_eq!((end.evidence, end.started), (Evidence::Key, now()));
}

#[tokio::test]
async fn what_changed_is_asked_for_by_whole_seconds() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.page_size = 2);
    let ids = firms(&firm, 4);
    firm.clock.advance(Duration::from_millis(10_400));
    firm.server.edit_record(Kind::Company, ids[2], "name", "Edited");
    firm.clock.advance(Duration::from_secs(1));
    firm.server.edit_record(Kind::Company, ids[0], "name", "Edited");
    let (changed, end) = walk(&firm, Extent::Since(now() + Duration::from_millis(10_900))).await;
    assert_eq!(changed, [ids[2], ids[0]], "the oldest first, and the second itself is asked for");
    assert_eq!(end.evidence, Evidence::Key);
    let query =
        firm.server.log().into_iter().rev().find(|request| request.query.contains("updated_since")).unwrap().query;
    assert!(query.contains("updated_since=2026-11-23T12%3A00%3A10Z"), "{query}");
}

#[tokio::test]
async fn what_is_edited_during_a_walk_of_changes_comes_again_and_hides_nothing() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.page_size = 2);
    let ids = firms(&firm, 5);
    firm.clock.advance(Duration::from_secs(5));
    let mut walk = firm.connector.walk(Kind::Company, Extent::Since(now())).await.unwrap();
    let Step::Page(first) = walk.next().await.unwrap() else { panic!() };
    assert_eq!(numbers(&first), &ids[..2]);
    firm.server.edit_record(Kind::Company, ids[0], "name", "Edited");
    let (pages, _) = all(walk.as_mut()).await;
    let rest: Vec<u64> = pages.iter().flat_map(|rows| numbers(rows)).collect();
    assert_eq!(rest, [ids[2], ids[3], ids[4], ids[0]]);
}

#[tokio::test]
async fn what_appeared_lies_behind_the_highest_id_of_the_walk() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.page_size = 2);
    firms(&firm, 3);
    firm.clock.advance(Duration::from_mins(1));
    let (_, end) = walk(&firm, Extent::Complete).await;
    let (nothing, frontier) = firm.connector.appeared(Kind::Company, &end.frontier).await.unwrap();
    assert_eq!(nothing, []);
    let new = firms(&firm, 3);
    let (appeared, frontier) = firm.connector.appeared(Kind::Company, &frontier).await.unwrap();
    assert_eq!(numbers(&appeared), new.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(later(&firm, &frontier).await, [] as [u64; 0], "not again and again");
}

#[tokio::test]
async fn what_came_back_or_was_edited_meanwhile_is_taken_from_the_page_that_is_read_anyway() {
    let firm = Firm::plain();
    let ids = firms(&firm, 3);
    firm.server.archive(Kind::Company, ids[1]);
    firm.clock.advance(Duration::from_mins(1));
    let (walked, end) = walk(&firm, Extent::Complete).await;
    assert_eq!(walked, [ids[0], ids[2]]);
    firm.clock.advance(Duration::from_secs(1));
    firm.server.restore(Kind::Company, ids[1]);
    firm.server.edit_record(Kind::Company, ids[0], "name", "Edited");
    let (appeared, frontier) = firm.connector.appeared(Kind::Company, &end.frontier).await.unwrap();
    assert_eq!(numbers(&appeared), [ids[1], ids[0]]);
    assert_eq!(later(&firm, &frontier).await, [] as [u64; 0], "not again and again");
}

#[tokio::test]
async fn what_appeared_since_a_walk_of_changes_goes_by_ids() {
    let firm = Firm::plain();
    let old = firms(&firm, 2);
    firm.clock.advance(Duration::from_mins(1));
    let (changed, end) = walk(&firm, Extent::Since(now() + Duration::from_secs(30))).await;
    assert_eq!(changed, [] as [u64; 0]);
    let new = firms(&firm, 1);
    let (appeared, frontier) = firm.connector.appeared(Kind::Company, &end.frontier).await.unwrap();
    assert_eq!(numbers(&appeared), new);
    assert!(!new.contains(&old[1]));
    assert_eq!(later(&firm, &frontier).await, [] as [u64; 0]);
}

#[tokio::test]
async fn whatever_date_an_import_gives_it_what_appeared_is_shown() {
    let long_ago = time("2019-05-01T00:00:00Z").timestamp_millis();
    for walks_before in [false, true] {
        let firm = Firm::plain();
        firms(&firm, 2);
        firm.clock.advance(Duration::from_mins(1));
        if walks_before {
            walk(&firm, Extent::Complete).await;
        }
        let (changed, end) = walk(&firm, Extent::Since(now() + Duration::from_secs(30))).await;
        assert_eq!(changed, [] as [u64; 0]);
        let imported = firm.server.import_organization(&[("name", "Imported")], long_ago);
        let (appeared, frontier) = firm.connector.appeared(Kind::Company, &end.frontier).await.unwrap();
        assert_eq!(numbers(&appeared), [imported]);
        assert_eq!(later(&firm, &frontier).await, [] as [u64; 0], "not again and again");
    }
}

#[tokio::test]
async fn a_change_that_is_shown_hides_nothing_below_it() {
    let firm = Firm::plain();
    firms(&firm, 1);
    firm.clock.advance(Duration::from_mins(1));
    walk(&firm, Extent::Complete).await;
    let new = firms(&firm, 2);
    firm.clock.advance(Duration::from_mins(1));
    firm.server.edit_record(Kind::Company, new[1], "name", "Edited");
    let (changed, end) = walk(&firm, Extent::Since(now() + Duration::from_secs(90))).await;
    assert_eq!(changed, [new[1]], "the other one is not delivered");
    let (appeared, _) = firm.connector.appeared(Kind::Company, &end.frontier).await.unwrap();
    assert!(numbers(&appeared).contains(&new[0]), "{appeared:?}");
}

#[tokio::test]
async fn the_highest_id_is_asked_for_once() {
    let firm = Firm::plain();
    firms(&firm, 2);
    firm.connector.properties(Kind::Company).await.unwrap();
    let mut asked = Vec::new();
    for _ in 0..3 {
        firm.server.clear_log();
        walk(&firm, Extent::Since(now() + Duration::from_mins(5))).await;
        asked.push(firm.server.counts().requests);
    }
    assert_eq!(asked, [2, 1, 1]);
}

#[tokio::test]
async fn in_an_account_that_was_empty_everything_appeared() {
    let firm = Firm::plain();
    let (_, end) = walk(&firm, Extent::Complete).await;
    let imported = firm.server.import_organization(&[("name", "A")], 0);
    assert_eq!(numbers(&firm.connector.appeared(Kind::Company, &end.frontier).await.unwrap().0), [imported]);
}

#[tokio::test]
async fn what_was_made_in_the_second_of_the_beginning_has_appeared() {
    let firm = Firm::plain();
    firm.clock.advance(Duration::from_millis(300));
    let before = firms(&firm, 1);
    let (_, end) = walk(&firm, Extent::Complete).await;
    firm.clock.advance(Duration::from_millis(300));
    let new = firms(&firm, 1);
    let (appeared, _) = firm.connector.appeared(Kind::Company, &end.frontier).await.unwrap();
    assert!(numbers(&appeared).contains(&new[0]), "{before:?} {appeared:?}");
}

#[tokio::test]
async fn a_list_that_goes_round_in_a_circle_is_no_protocol() {
    let firm = Firm::plain();
    firms(&firm, 1);
    firm.connector.properties(Kind::Company).await.unwrap();
    firm.server.faults().next_times(3, Fault::EndlessNext);
    let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
    let error = loop {
        match walk.next().await {
            Ok(Step::Page(_)) => {}
            Ok(Step::End(end)) => panic!("{end:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, ErrorKind::Protocol);
}

#[tokio::test]
async fn another_systems_mark_is_refused() {
    let firm = Firm::plain();
    let mark = Frontier("page 7".into());
    assert_eq!(firm.connector.appeared(Kind::Company, &mark).await.unwrap_err().kind, ErrorKind::Setting);
}
