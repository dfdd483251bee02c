//! A side that keeps failing is tried ever more slowly, told once, and told again when it is well. Pure: time is an
//! argument, and what is to be told is returned.
//!
//! A side that cannot be read holds up every pass. One that can be read and not written holds up only the kind of record
//! that it did not take, and one that takes no new records only those: `sync::apply` leaves that alone until its next try. Which sides fail is kept in the state; a start
//! tries each at once, and goes on counting.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::schedule::{After, Schedule};
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::record::{Kind, Side};
use crate::store::quarantine::{Fails, Illness, Illnesses};
use crate::sync::PassError;
use crate::sync::apply::{Uncreated, Unwritten};
use crate::sync::pass::{Ending, Report};

/// What is worth telling, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A side fails, or fails in another way than before.
    Ill {
        /// Which.
        side: Side,
        /// How.
        illness: Illness,
        /// What it said, for the log: without its own words.
        told: String,
    },
    /// It is well again.
    Well {
        /// Which.
        side: Side,
        /// How it had failed.
        illness: Illness,
    },
}

/// The sides that fail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quarantine {
    sides: Illnesses,
}

/// How one side failed just now.
#[derive(Debug, Clone)]
struct Failure<'a> {
    side: Side,
    fails: Fails,
    kinds: BTreeSet<Kind>,
    uncreated: BTreeSet<Kind>,
    locked: bool,
    /// For how long the side asks to be left alone.
    asked: Duration,
    words: &'a str,
    /// The same for the log.
    told: String,
}

impl Quarantine {
    /// What an earlier run knew. Its sides are tried at once: whoever starts the program may have mended them.
    pub fn after_a_start(sides: Illnesses, now: DateTime<Utc>) -> Self {
        let mut quarantine = Self { sides };
        quarantine.hurry(now);
        quarantine
    }

    /// A person wants every side to be tried now.
    pub fn hurry(&mut self, now: DateTime<Utc>) {
        for illness in self.sides.values_mut() {
            illness.next_try = illness.next_try.min(now);
        }
    }

    /// The sides that fail, to be kept.
    pub const fn sides(&self) -> &Illnesses {
        &self.sides
    }

    /// A pass failed. What comes next, and what is to be told; a pass that was stopped, or whose state failed, says nothing
    /// about a side.
    pub fn failed(&mut self, error: &PassError, schedule: &Schedule, now: DateTime<Utc>) -> (After, Vec<News>) {
        let words = error.to_string();
        let (side, locked) = match error {
            PassError::Side { side, error } => (*side, is_locked(error.kind)),
            PassError::WrongAccount { side, .. } | PassError::AccountNotTold { side, .. } => (*side, true),
            PassError::Store(_) | PassError::Stopped => return (After::Passed, Vec::new()),
        };
        let asked = left_alone(error);
        let (kinds, uncreated) = (BTreeSet::new(), BTreeSet::new());
        let failure = Failure {
            side,
            fails: Fails::Reading,
            kinds,
            uncreated,
            locked,
            asked,
            words: &words,
            told: error.unquoted(),
        };
        let told = self.note(failure, schedule, now);
        (after(self.sides.get(&side)), told.into_iter().collect())
    }

    /// A pass ended, so that both sides could be read. Returns what is to be told.
    pub fn passed(
        &mut self,
        ending: &Ending,
        failing: &BTreeMap<Side, PortError>,
        unwritten: &BTreeMap<(Side, Kind), Unwritten>,
        uncreated: &BTreeMap<(Side, Kind), Uncreated>,
        schedule: &Schedule,
        now: DateTime<Utc>,
    ) -> Vec<News> {
        let mut news = Vec::new();
        let kinds = |wanted: Side| of_side(wanted, unwritten.keys());
        let without_new = |wanted: Side| of_side(wanted, uncreated.keys());
        for side in Side::BOTH {
            // Where some of it arrived, the side is not ill; where nothing was tried, nothing is known.
            let has_failed = unwritten.iter().any(|((theirs, _), why)| *theirs == side && *why == Unwritten::Failed);
            let refusal = uncreated.iter().find_map(|((theirs, _), why)| match why {
                Uncreated::Refused(error) if *theirs == side => Some(error),
                Uncreated::Refused(_) | Uncreated::Held => None,
            });
            let Some(error) = failing.get(&side).filter(|_| has_failed).or(refusal) else { continue };
            let (words, locked) = (error.to_string(), is_locked(error.kind));
            let failure = Failure {
                side,
                fails: Fails::Writing,
                kinds: kinds(side),
                uncreated: without_new(side),
                locked,
                asked: error.retry_after.unwrap_or_default(),
                words: &words,
                told: error.unquoted(),
            };
            news.extend(self.note(failure, schedule, now));
        }
        let was_written = ending.was_carried_out();
        let is_well = |side: Side, illness: &Illness| match illness.fails {
            Fails::Reading => true,
            Fails::Writing => was_written && kinds(side).is_empty() && without_new(side).is_empty(),
        };
        for (side, illness) in std::mem::take(&mut self.sides) {
            if is_well(side, &illness) {
                news.push(News::Well { side, illness });
            } else {
                self.sides.insert(side, illness);
            }
        }
        news
    }

    /// Notes a failure. Told are the first one and one of another sort, not the same again.
    fn note(&mut self, failure: Failure<'_>, schedule: &Schedule, now: DateTime<Utc>) -> Option<News> {
        let Failure { side, fails, kinds, uncreated, locked, asked, words, told } = failure;
        let before = self.sides.get(&side);
        let mut illness = Illness {
            fails,
            kinds,
            uncreated,
            times: before.map_or(0, |before| before.times).saturating_add(1),
            since: before.map_or(now, |before| before.since),
            next_try: now,
            locked,
            words: words.to_owned(),
        };
        let sort = |illness: &Illness| (illness.fails, illness.spares_changes(), illness.locked);
        let is_news = before.is_none_or(|before| sort(before) != sort(&illness));
        let gap = schedule.base(after(Some(&illness))).max(asked);
        let gap = TimeDelta::from_std(gap).unwrap_or(TimeDelta::MAX);
        illness.next_try = now.checked_add_signed(gap).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.sides.insert(side, illness.clone());
        is_news.then_some(News::Ill { side, illness, told })
    }
}

/// For how long a side that could not be read asks to be left alone: it is not tried before.
pub fn left_alone(error: &PassError) -> Duration {
    match error {
        PassError::Side { error, .. } => error.retry_after.unwrap_or_default(),
        PassError::WrongAccount { .. }
        | PassError::AccountNotTold { .. }
        | PassError::Store(_)
        | PassError::Stopped => Duration::ZERO,
    }
}

/// What a pass that ended has to say about its sides.
pub fn ended(quarantine: &mut Quarantine, report: &Report, schedule: &Schedule, now: DateTime<Utc>) -> Vec<News> {
    let Report { ending, failing, unwritten, uncreated, .. } = report;
    quarantine.passed(ending, failing, unwritten, uncreated, schedule, now)
}

fn of_side<'a>(wanted: Side, places: impl Iterator<Item = &'a (Side, Kind)>) -> BTreeSet<Kind> {
    places.filter(|(side, _)| *side == wanted).map(|(_, kind)| *kind).collect()
}

fn after(illness: Option<&Illness>) -> After {
    match illness {
        None => After::Passed,
        Some(illness) if illness.locked => After::Locked,
        Some(illness) => After::Failed { failures: illness.times },
    }
}

const fn is_locked(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unauthorized | ErrorKind::Forbidden)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::store::StoreError;

    const MINUTE: Duration = Duration::from_mins(1);

    fn schedule() -> Schedule {
        Schedule::new(5 * MINUTE, 360 * MINUTE, 0.1)
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn unread(side: Side, kind: ErrorKind) -> PassError {
        PassError::Side { side, error: PortError::new(kind, "no reply") }
    }

    /// A pass in which what is written to the CRM's companies came to this.
    fn wrote(quarantine: &mut Quarantine, ending: &Ending, came_to: Option<Unwritten>, at: DateTime<Utc>) -> Vec<News> {
        let failing = match came_to {
            Some(Unwritten::Failed) => BTreeMap::from([(Side::Crm, PortError::new(ErrorKind::Connect, "not now"))]),
            Some(Unwritten::Held) | None => BTreeMap::new(),
        };
        let unwritten = came_to.into_iter().map(|why| ((Side::Crm, Kind::Company), why)).collect();
        quarantine.passed(ending, &failing, &unwritten, &BTreeMap::new(), &schedule(), at)
    }

    /// A pass that wrote what was to be written, and in which new companies in the CRM came to this.
    fn made(quarantine: &mut Quarantine, came_to: Option<Uncreated>, at: DateTime<Utc>) -> Vec<News> {
        let uncreated = came_to.into_iter().map(|why| ((Side::Crm, Kind::Company), why)).collect();
        quarantine.passed(&Ending::Partly, &BTreeMap::new(), &BTreeMap::new(), &uncreated, &schedule(), at)
    }

    fn forbidden() -> Uncreated {
        Uncreated::Refused(PortError::new(ErrorKind::Forbidden, "no right to make any"))
    }

    fn ill(news: &[News]) -> Vec<Side> {
        let side = |news: &News| match news {
            News::Ill { side, .. } => Some(*side),
            News::Well { .. } => None,
        };
        news.iter().filter_map(side).collect()
    }

    fn well(news: &[News]) -> Vec<Side> {
        let side = |news: &News| match news {
            News::Well { side, .. } => Some(*side),
            News::Ill { .. } => None,
        };
        news.iter().filter_map(side).collect()
    }

    #[test]
    fn a_side_that_keeps_failing_is_tried_ever_more_slowly_and_told_once() {
        let mut quarantine = Quarantine::default();
        let mut gaps = Vec::new();
        let mut told = Vec::new();
        for time in 1..=9 {
            let (next, news) = quarantine.failed(&unread(Side::Crm, ErrorKind::Timeout), &schedule(), at(0));
            assert_eq!(next, After::Failed { failures: time });
            told.extend(ill(&news));
            gaps.push((quarantine.sides()[&Side::Crm].next_try - at(0)).num_minutes());
        }
        assert_eq!(gaps, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
        assert_eq!(told, [Side::Crm]);
        let news = wrote(&mut quarantine, &Ending::Applied, None, at(9));
        assert_eq!((well(&news), ill(&news)), (vec![Side::Crm], vec![]));
        assert!(quarantine.sides().is_empty());
        let (next, news) = quarantine.failed(&unread(Side::Crm, ErrorKind::Timeout), &schedule(), at(10));
        assert_eq!((next, ill(&news)), (After::Failed { failures: 1 }, vec![Side::Crm]), "a new illness is news");
    }

    #[rstest]
    #[case::unauthorized(unread(Side::Flowtly, ErrorKind::Unauthorized))]
    #[case::forbidden(unread(Side::Flowtly, ErrorKind::Forbidden))]
    #[case::wrong_account(
        PassError::WrongAccount { side: Side::Flowtly, found: "a".into(), expected: "b".into() }
    )]
    fn a_refused_credential_is_never_hammered(#[case] error: PassError) {
        let mut quarantine = Quarantine::default();
        let (next, news) = quarantine.failed(&error, &schedule(), at(0));
        assert_eq!((next, ill(&news)), (After::Locked, vec![Side::Flowtly]));
        assert_eq!(quarantine.sides()[&Side::Flowtly].next_try, at(360));
    }

    #[test]
    fn a_side_that_fails_in_another_way_is_told_again_and_keeps_its_count() {
        let mut quarantine = Quarantine::default();
        let mut told = Vec::new();
        for kind in [ErrorKind::Timeout, ErrorKind::Connect, ErrorKind::Unauthorized, ErrorKind::Unauthorized] {
            told.push(!quarantine.failed(&unread(Side::Crm, kind), &schedule(), at(1)).1.is_empty());
        }
        assert_eq!(told, [true, false, true, false]);
        let news = wrote(&mut quarantine, &Ending::Partly, Some(Unwritten::Failed), at(2));
        assert_eq!((ill(&news), well(&news)), (vec![Side::Crm], vec![]));
        let illness = &quarantine.sides()[&Side::Crm];
        assert_eq!((illness.fails, illness.times, illness.since), (Fails::Writing, 5, at(1)));
    }

    #[rstest]
    #[case::written(Ending::Applied, None, true)]
    #[case::written_in_part(Ending::Partly, None, true)]
    #[case::refused(Ending::Refused, None, false)]
    #[case::planned(Ending::Planned, None, false)]
    #[case::left_alone(Ending::Partly, Some(Unwritten::Held), false)]
    #[case::failed_again(Ending::Partly, Some(Unwritten::Failed), false)]
    fn only_a_pass_that_wrote_makes_a_side_well_that_could_not_be_written(
        #[case] ending: Ending,
        #[case] came_to: Option<Unwritten>,
        #[case] is_well: bool,
    ) {
        let mut quarantine = Quarantine::default();
        wrote(&mut quarantine, &Ending::Partly, Some(Unwritten::Failed), at(0));
        let news = wrote(&mut quarantine, &ending, came_to, at(5));
        assert_eq!((well(&news).len(), ill(&news).len()), (usize::from(is_well), 0));
        assert_eq!(quarantine.sides().is_empty(), is_well);
    }

    #[test]
    fn a_side_that_took_some_of_it_is_not_ill() {
        let mut quarantine = Quarantine::default();
        let failing = BTreeMap::from([(Side::Crm, PortError::new(ErrorKind::Forbidden, "not this one"))]);
        let (all, none) = (BTreeMap::new(), BTreeMap::new());
        let news = quarantine.passed(&Ending::Partly, &failing, &all, &none, &schedule(), at(0));
        assert_eq!((news, quarantine), (vec![], Quarantine::default()));
    }

    #[test]
    fn a_side_that_takes_no_new_records_is_told_once_and_until_it_does() {
        let mut quarantine = Quarantine::default();
        assert_eq!(ill(&made(&mut quarantine, Some(forbidden()), at(0))), [Side::Crm]);
        let illness = quarantine.sides()[&Side::Crm].clone();
        assert!(illness.spares_changes() && illness.locked, "{illness:?}");
        assert_eq!(illness.uncreated.iter().copied().collect::<Vec<_>>(), [Kind::Company]);
        assert_eq!(made(&mut quarantine, Some(Uncreated::Held), at(5)), [], "changes were written meanwhile");
        assert_eq!(made(&mut quarantine, Some(forbidden()), at(360)), [], "the same again");
        assert_eq!(quarantine.sides()[&Side::Crm].times, 2);
        assert_eq!(well(&made(&mut quarantine, None, at(720))), [Side::Crm]);
        assert!(quarantine.sides().is_empty());
    }

    #[test]
    fn a_side_that_takes_no_new_records_and_then_no_changes_is_told_again() {
        let mut quarantine = Quarantine::default();
        made(&mut quarantine, Some(forbidden()), at(0));
        let failing = BTreeMap::from([(Side::Crm, PortError::new(ErrorKind::Forbidden, "no right to write"))]);
        let unwritten = BTreeMap::from([((Side::Crm, Kind::Company), Unwritten::Failed)]);
        let uncreated = BTreeMap::from([((Side::Crm, Kind::Company), Uncreated::Held)]);
        let news = quarantine.passed(&Ending::Partly, &failing, &unwritten, &uncreated, &schedule(), at(5));
        assert_eq!(ill(&news), [Side::Crm]);
        let illness = &quarantine.sides()[&Side::Crm];
        assert!(!illness.spares_changes() && illness.words == "no right to write", "{illness:?}");
        // Left alone, it is not forgotten what it does not take; nor told anew because contacts cannot be made either.
        let unwritten = BTreeMap::from([((Side::Crm, Kind::Company), Unwritten::Held)]);
        let mut uncreated = uncreated;
        uncreated.insert((Side::Crm, Kind::Contact), forbidden());
        let news = quarantine.passed(&Ending::Partly, &BTreeMap::new(), &unwritten, &uncreated, &schedule(), at(10));
        let illness = &quarantine.sides()[&Side::Crm];
        assert_eq!((news.len(), illness.kinds.len(), illness.uncreated.len()), (0, 1, 2));
    }

    #[test]
    fn a_side_that_is_left_alone_is_not_counted_again() {
        let mut quarantine = Quarantine::default();
        wrote(&mut quarantine, &Ending::Partly, Some(Unwritten::Failed), at(0));
        let before = quarantine.clone();
        wrote(&mut quarantine, &Ending::Partly, Some(Unwritten::Held), at(1));
        assert_eq!(quarantine, before);
    }

    #[test]
    fn a_side_that_asks_to_be_left_alone_is_not_tried_before() {
        let mut quarantine = Quarantine::default();
        let error = PortError { retry_after: Some(50 * MINUTE), ..PortError::new(ErrorKind::RateLimited, "later") };
        let unread = PassError::Side { side: Side::Crm, error: error.clone() };
        quarantine.failed(&unread, &schedule(), at(0));
        assert_eq!((left_alone(&unread), quarantine.sides()[&Side::Crm].next_try), (50 * MINUTE, at(50)));
        let unwritten = BTreeMap::from([((Side::Flowtly, Kind::Contact), Unwritten::Failed)]);
        let failing = BTreeMap::from([(Side::Flowtly, error)]);
        quarantine.passed(&Ending::Partly, &failing, &unwritten, &BTreeMap::new(), &schedule(), at(0));
        assert_eq!(quarantine.sides()[&Side::Flowtly].next_try, at(50));
    }

    #[test]
    fn one_side_says_nothing_about_the_other() {
        let mut quarantine = Quarantine::default();
        quarantine.failed(&unread(Side::Crm, ErrorKind::Timeout), &schedule(), at(0));
        quarantine.failed(&unread(Side::Crm, ErrorKind::Timeout), &schedule(), at(5));
        let (next, news) = quarantine.failed(&unread(Side::Flowtly, ErrorKind::Timeout), &schedule(), at(10));
        assert_eq!((next, ill(&news)), (After::Failed { failures: 1 }, vec![Side::Flowtly]));
        assert_eq!(quarantine.sides()[&Side::Crm].times, 2);
    }

    #[test]
    fn what_is_no_sides_fault_is_noted_against_none() {
        let mut quarantine = Quarantine::default();
        for error in [PassError::Stopped, PassError::Store(StoreError::Full("full".into()))] {
            assert_eq!(quarantine.failed(&error, &schedule(), at(0)), (After::Passed, vec![]));
        }
        assert!(quarantine.sides().is_empty());
    }

    #[test]
    fn a_start_tries_at_once_and_goes_on_counting() {
        let mut quarantine = Quarantine::default();
        for _ in 0..4 {
            quarantine.failed(&unread(Side::Crm, ErrorKind::Timeout), &schedule(), at(0));
        }
        let mut again = Quarantine::after_a_start(quarantine.sides().clone(), at(1));
        assert_eq!(again.sides()[&Side::Crm].next_try, at(1));
        let (next, news) = again.failed(&unread(Side::Crm, ErrorKind::Timeout), &schedule(), at(2));
        assert_eq!((next, news), (After::Failed { failures: 5 }, vec![]));
    }
}
