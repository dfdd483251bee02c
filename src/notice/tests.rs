//! A board with carriers that do as they are told, under a clock that stands still.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::carrier::{Carrier, Undelivered};
use super::letter::{Letter, Tally};
use super::topic::{Held, Standing, Topic, Turn};
use super::{Board, Plan};
use crate::clock::{Clock, ManualClock, StillClock};
use crate::daemon::schedule::ticks::Ticks;
use crate::domain::record::Side;

/// Keeps what it is given, and fails as often as it is told to.
#[derive(Debug, Default)]
struct Fake {
    letters: Mutex<Vec<Letter>>,
    failures: Mutex<VecDeque<Undelivered>>,
    tried: Mutex<usize>,
    /// Never answers where it is there.
    hangs: Option<Notify>,
}

#[async_trait]
impl Carrier for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn carry(&self, letter: &Letter) -> Result<(), Undelivered> {
        *self.tried.lock().unwrap() += 1;
        if let Some(hangs) = &self.hangs {
            hangs.notified().await;
        }
        if let Some(failure) = self.failures.lock().unwrap().pop_front() {
            return Err(failure);
        }
        self.letters.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

impl Fake {
    fn fails(&self, failures: impl IntoIterator<Item = Undelivered>) {
        self.failures.lock().unwrap().extend(failures);
    }

    /// What was told, in words of ours, a letter a line.
    fn told(&self) -> Vec<Vec<(&'static str, Turn)>> {
        let letters = self.letters.lock().unwrap();
        letters.iter().map(|letter| letter.notices.iter().map(|notice| (notice.topic, notice.turn)).collect()).collect()
    }
}

/// Longer than the waits between tries, and no longer than the last notices may take.
const LONG: Duration = Duration::from_secs(15);

fn clock() -> Arc<StillClock> {
    Arc::new(StillClock::new("2026-11-24T06:00:00Z".parse().unwrap(), LONG))
}

fn plan(fake: &Arc<Fake>, folder: &Path, digest: Option<Ticks>) -> Plan {
    let carriers: Vec<Arc<dyn Carrier>> = vec![Arc::clone(fake) as Arc<dyn Carrier>];
    Plan { name: "firm".to_owned(), carriers, digest, state: folder.join("state.sqlite") }
}

fn board(fake: &Arc<Fake>, folder: &Path, clock: &Arc<impl Clock + 'static>, digest: Option<Ticks>) -> Board {
    Board::open(plan(fake, folder, digest), Arc::clone(clock) as Arc<dyn Clock>)
}

/// At half past seven.
fn daily() -> Ticks {
    Ticks::parse("30 7 * * *", crate::daemon::schedule::zone::Zone::UTC).unwrap()
}

/// A clock that moves as somebody waits, at six.
fn moving() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(clock().now()))
}

fn conflicts(count: u64, newest: i64) -> Standing {
    Standing::from([(Topic::Conflicts, Held { count, newest, ..Held::default() })])
}

fn pass() -> Tally {
    Tally { passes: 1, written: 3, ..Tally::default() }
}

/// Gives the others their turns until it is so.
async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

/// Puts it up on a board of its own: what a daemon that is started again each time would tell.
async fn post(fake: &Arc<Fake>, folder: &Path, standing: Standing) {
    let board = board(fake, folder, &clock(), None);
    board.post(standing, BTreeSet::new(), pass());
    board.close().await;
}

#[tokio::test]
async fn a_change_is_told_once_across_restarts_and_again_when_it_is_well() {
    let (fake, folder) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap());
    for standing in
        [Standing::new(), conflicts(2, 5), conflicts(2, 5), conflicts(1, 4), conflicts(2, 6), Standing::new()]
    {
        post(&fake, folder.path(), standing.clone()).await;
        post(&fake, folder.path(), standing).await;
    }
    let wanted = [("conflicts", Turn::Begins), ("conflicts", Turn::Grows), ("conflicts", Turn::Ends)];
    assert_eq!(fake.told(), wanted.map(|told| vec![told]));
}

#[tokio::test]
async fn what_is_not_known_stands_as_it_was_told_last() {
    let (fake, folder) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap());
    let refused = Standing::from([(Topic::Refused, Held::named(["first-pass"]))]);
    post(&fake, folder.path(), refused.clone()).await;
    // Another process, whose first pass failed.
    let after = board(&fake, folder.path(), &clock(), None);
    after.post(Standing::new(), BTreeSet::from([Topic::Refused, Topic::BackupFails]), pass());
    after.close().await;
    post(&fake, folder.path(), refused).await;
    post(&fake, folder.path(), Standing::new()).await;
    assert_eq!(fake.told(), [vec![("refused", Turn::Begins)], vec![("refused", Turn::Ends)]]);
}

#[tokio::test]
async fn one_carrier_that_hangs_has_no_other_one_tell_it_again() {
    #[derive(Debug)]
    struct Other(Arc<Fake>);
    #[async_trait]
    impl Carrier for Other {
        fn name(&self) -> &'static str {
            "other"
        }
        async fn carry(&self, letter: &Letter) -> Result<(), Undelivered> {
            self.0.carry(letter).await
        }
    }
    let (well, folder) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap());
    for _ in 0..2 {
        let hangs = Arc::new(Fake { hangs: Some(Notify::new()), ..Fake::default() });
        let mut plan = plan(&hangs, folder.path(), None);
        plan.carriers.push(Arc::new(Other(Arc::clone(&well))));
        let impatient = StillClock::impatient("2026-11-24T06:00:00Z".parse().unwrap(), LONG);
        let board = Board::open(plan, Arc::new(impatient));
        board.post(conflicts(2, 5), BTreeSet::new(), pass());
        // What the other told is kept by then.
        until(|| *hangs.tried.lock().unwrap() > 0 && folder.path().join("state.sqlite.notices").exists()).await;
        board.close().await;
    }
    assert_eq!(well.told(), [vec![("conflicts", Turn::Begins)]]);
}

#[tokio::test]
async fn a_board_in_the_place_of_another_one_has_nobody_wait_and_tells_nothing_twice() {
    let (fake, folder) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap());
    let before = board(&fake, folder.path(), &clock(), None);
    before.post(conflicts(2, 5), BTreeSet::new(), pass());
    let after = Board::after(Some(before), plan(&fake, folder.path(), None), clock());
    after.post(conflicts(2, 5), BTreeSet::new(), pass());
    assert!(fake.told().is_empty(), "nobody has waited yet");
    after.close().await;
    assert_eq!(fake.told(), [vec![("conflicts", Turn::Begins)]]);
}

#[tokio::test]
async fn a_stop_by_an_error_is_told_and_so_is_the_next_pass_that_ends() {
    let (fake, folder) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap());
    post(&fake, folder.path(), conflicts(2, 5)).await;
    for _ in 0..2 {
        // It stops before any pass: nothing else is known, and nothing else is told.
        let board = board(&fake, folder.path(), &clock(), None);
        board.stopped("state");
        board.close().await;
    }
    post(&fake, folder.path(), conflicts(2, 5)).await;
    let wanted = [("conflicts", Turn::Begins), ("stopped", Turn::Begins), ("stopped", Turn::Ends)];
    assert_eq!(fake.told(), wanted.map(|told| vec![told]));
}

/// A daemon that cannot open its state is started every ten seconds, and puts up why it stops.
async fn starts_in_vain(fake: &Arc<Fake>, folder: &Path, clock: &Arc<StillClock>, times: u32) {
    for _ in 0..times {
        let board = board(fake, folder, clock, None);
        board.stopped("state");
        board.close().await;
        clock.advance(Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_full_disk_is_told_once_however_often_the_daemon_is_started() {
    let (fake, folder, clock) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap(), clock());
    post(&fake, folder.path(), conflicts(2, 5)).await;
    // No new file can be made.
    std::fs::create_dir(folder.path().join("state.sqlite.notices.new")).unwrap();
    starts_in_vain(&fake, folder.path(), &clock, 10).await;
    post(&fake, folder.path(), conflicts(2, 5)).await;
    let wanted = [("conflicts", Turn::Begins), ("stopped", Turn::Begins), ("stopped", Turn::Ends)];
    assert_eq!(fake.told(), wanted.map(|told| vec![told]));
}

#[tokio::test]
async fn where_nothing_can_be_remembered_a_stop_is_told_about_once_an_hour() {
    let (fake, folder, clock) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap(), clock());
    // Nothing can be written, not even over what is there.
    std::fs::create_dir(folder.path().join("state.sqlite.notices")).unwrap();
    clock.advance(Duration::from_mins(10));
    starts_in_vain(&fake, folder.path(), &clock, 6 * 60 * 3).await;
    let told = fake.told().len();
    assert!((3..=6).contains(&told), "{told} letters in three hours");
}

#[tokio::test]
async fn a_stop_after_a_pass_is_told_though_it_cannot_be_remembered() {
    let (fake, folder, clock) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap(), clock());
    std::fs::create_dir(folder.path().join("state.sqlite.notices")).unwrap();
    clock.advance(Duration::from_mins(10));
    let board = board(&fake, folder.path(), &clock, None);
    board.post(Standing::new(), BTreeSet::new(), pass());
    board.stopped("state");
    board.close().await;
    assert_eq!(fake.told(), [vec![("stopped", Turn::Begins)]]);
}

#[tokio::test]
async fn what_may_help_is_tried_again_at_once_and_the_rest_after_the_next_pass() {
    let (fake, folder, clock) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap(), clock());
    fake.fails([Undelivered::for_now("busy"), Undelivered::for_now("busy")]);
    post(&fake, folder.path(), conflicts(1, 1)).await;
    assert_eq!((*fake.tried.lock().unwrap(), fake.told().len()), (3, 1));
    fake.fails([
        Undelivered::for_good("no"),
        Undelivered::for_now("busy"),
        Undelivered::for_now("busy"),
        Undelivered::for_now("busy"),
    ]);
    let board = board(&fake, folder.path(), &clock, None);
    board.post(conflicts(2, 2), BTreeSet::new(), pass());
    board.close().await;
    assert_eq!(*fake.tried.lock().unwrap(), 4, "there is no use in trying again");
    post(&fake, folder.path(), conflicts(2, 2)).await;
    assert_eq!((*fake.tried.lock().unwrap(), fake.told().len()), (7, 1), "three times in all");
    post(&fake, folder.path(), conflicts(2, 2)).await;
    assert_eq!(fake.told().len(), 2, "it was not forgotten");
}

#[tokio::test]
async fn a_carrier_that_hangs_holds_up_nobody_and_is_given_the_newest() {
    let (fake, folder) =
        (Arc::new(Fake { hangs: Some(Notify::new()), ..Fake::default() }), tempfile::tempdir().unwrap());
    let board = board(&fake, folder.path(), &clock(), None);
    board.post(conflicts(1, 1), BTreeSet::new(), pass());
    until(|| *fake.tried.lock().unwrap() == 1).await;
    for newest in 2..50 {
        board.post(conflicts(1, newest), BTreeSet::new(), pass());
    }
    board.post(Standing::from([(Topic::SideFails(Side::Crm), Held::named(["reading"]))]), BTreeSet::new(), pass());
    assert_eq!(board.standing().len(), 1);
    for letters in 1..=2 {
        until(|| *fake.tried.lock().unwrap() == letters).await;
        fake.hangs.as_ref().unwrap().notify_one();
        until(|| fake.told().len() == letters).await;
    }
    board.close().await;
    let told = fake.told();
    assert_eq!(told[0], [("conflicts", Turn::Begins)]);
    assert_eq!(told[1], [("side-fails", Turn::Begins), ("conflicts", Turn::Ends)]);
    assert_eq!(told.len(), 2);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_carrier_that_hangs() {
    let (fake, folder) =
        (Arc::new(Fake { hangs: Some(Notify::new()), ..Fake::default() }), tempfile::tempdir().unwrap());
    let impatient = Arc::new(StillClock::impatient(clock().now(), LONG));
    let board = board(&fake, folder.path(), &impatient, None);
    board.post(conflicts(1, 1), BTreeSet::new(), pass());
    board.close().await;
    assert_eq!(fake.told().len(), 0);
    let well = Arc::new(Fake::default());
    post(&well, folder.path(), conflicts(1, 1)).await;
    assert_eq!(well.told().len(), 1, "it is told after the next start");
}

#[tokio::test]
async fn once_a_day_is_told_what_was_done_and_what_waits() {
    let (fake, folder, clock) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap(), clock());
    for hour in 0..50 {
        let board = board(&fake, folder.path(), &clock, Some(daily()));
        board.post(if hour < 30 { conflicts(1, 1) } else { Standing::new() }, BTreeSet::new(), pass());
        board.close().await;
        clock.advance(Duration::from_hours(1));
    }
    let letters = fake.letters.lock().unwrap();
    let digests: Vec<_> = letters.iter().filter_map(|letter| letter.digest.clone()).collect();
    assert_eq!(digests.len(), 2, "{letters:?}");
    assert_eq!(digests[0].done.passes, 2, "from six to half past seven: {digests:?}");
    assert_eq!((digests[1].done.passes, digests[1].done.written), (24, 72));
    assert_eq!((digests[0].waits.len(), digests[1].waits.len()), (1, 1));
}

#[tokio::test]
async fn between_passes_a_carrier_that_fails_is_tried_for_a_digest_alone_and_nothing_is_written() {
    let (fake, folder, clock) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap(), moving());
    fake.fails((0..10_000).map(|_| Undelivered::for_good("no")));
    let board = board(&fake, folder.path(), &clock, Some(daily()));
    board.post(conflicts(1, 1), BTreeSet::new(), pass());
    let file = folder.path().join("state.sqlite.notices");
    until(|| file.exists()).await;
    std::fs::remove_file(&file).unwrap();
    let begun = clock.now();
    until(|| clock.now() - begun > chrono::TimeDelta::minutes(80)).await;
    assert_eq!(*fake.tried.lock().unwrap(), 1, "after the pass");
    until(|| clock.now() - begun > chrono::TimeDelta::hours(80)).await;
    assert_eq!(*fake.tried.lock().unwrap(), 1 + 4, "and at four times of a digest");
    assert!(!file.exists(), "nothing new is to be remembered");
    board.post(conflicts(1, 1), BTreeSet::new(), pass());
    until(|| file.exists()).await;
    assert_eq!(*fake.tried.lock().unwrap(), 1 + 4 + 1);
    fake.failures.lock().unwrap().clear();
    board.post(conflicts(1, 1), BTreeSet::new(), pass());
    until(|| !fake.letters.lock().unwrap().is_empty()).await;
    assert_eq!(fake.letters.lock().unwrap()[0].digest.as_ref().unwrap().done.passes, 2, "those since it began");
    board.close().await;
}

#[tokio::test]
async fn a_digest_goes_out_at_its_time_though_no_pass_ends() {
    let (fake, folder, clock) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap(), moving());
    let board = board(&fake, folder.path(), &clock, Some(daily()));
    let begun = clock.now();
    until(|| clock.now() - begun > chrono::TimeDelta::hours(72)).await;
    board.close().await;
    let letters = fake.letters.lock().unwrap();
    let at: Vec<String> = letters.iter().map(|letter| letter.at.format("%d %H:%M").to_string()).collect();
    assert_eq!(at, ["24 07:30", "25 07:30", "26 07:30"]);
    assert!(letters.iter().all(|letter| letter.digest.is_some()));
}
