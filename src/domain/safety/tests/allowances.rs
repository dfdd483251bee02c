//! What a person allows, and for which numbers.

use rstest::rstest;

use super::*;

#[test]
fn a_new_state_only_plans_until_it_is_allowed() {
    let first = Circumstances { first_pass: true, ..settled() };
    for totals in acting() {
        assert_eq!(names(&judge(&totals, &LIMITS, &first)), vec![(RefusalName::FirstPass, None, 1, 0)]);
        let allowed = Circumstances { allowed: BTreeSet::from([RefusalName::FirstPass]), ..first.clone() };
        assert_eq!(judge(&totals, &LIMITS, &allowed), vec![]);
        assert_eq!(judge(&totals, &LIMITS, &settled()), vec![]);
    }
    let idle =
        Totals { agreed: 5, skipped: BTreeMap::from([("outside the scope".to_owned(), 9)]), ..Totals::default() };
    assert_eq!(judge(&idle, &LIMITS, &first), vec![]);
}

#[test]
fn allowing_the_first_pass_stands_for_its_numbers_but_not_for_a_shrunken_listing() {
    let totals = Totals {
        creates: BTreeMap::from([(Side::Crm, 5_000)]),
        updates: BTreeMap::from([(Side::Crm, 5_000)]),
        blanked: BTreeMap::from([(Side::Crm, 5_000)]),
        ..Totals::default()
    };
    let first = Circumstances {
        first_pass: true,
        listed: BTreeMap::from([((Side::Crm, Kind::Company), Some(0))]),
        ..settled()
    };
    let shrunken = (RefusalName::ShrunkenListing, Some(Side::Crm), 1_000, 50);
    assert_eq!(names(&judge(&totals, &LIMITS, &first)), vec![(RefusalName::FirstPass, None, 10_000, 0), shrunken]);
    let allowed = Circumstances { allowed: BTreeSet::from([RefusalName::FirstPass]), ..first };
    assert_eq!(names(&judge(&totals, &LIMITS, &allowed)), vec![shrunken]);
    let later = Circumstances { first_pass: false, listed: BTreeMap::new(), ..allowed };
    assert_eq!(judge(&totals, &LIMITS, &later).len(), 3, "only of the first pass");
}

#[test]
fn an_allowance_stands_for_the_refusal_that_it_names_and_for_no_other() {
    let mut totals = creates(Side::Crm, 5_000);
    totals.updates.insert(Side::Crm, 5_000);
    totals.updates.insert(Side::Flowtly, 5_000);
    let circumstances = Circumstances { allowed: BTreeSet::from([RefusalName::TooManyCreates]), ..settled() };
    let too_many = |side| (RefusalName::TooManyUpdates, Some(side), 5_000, 400);
    assert_eq!(names(&judge(&totals, &LIMITS, &circumstances)), vec![too_many(Side::Flowtly), too_many(Side::Crm)]);
}

#[rstest]
#[case(100, 110, true)]
#[case(100, 111, false)]
#[case(9, 9, true)]
#[case(9, 10, false)]
#[case(0, 0, true)]
#[case(u64::MAX, u64::MAX, true)]
fn an_allowance_covers_what_was_shown_and_a_tenth_more(#[case] shown: u64, #[case] found: u64, #[case] covered: bool) {
    assert_eq!(allowance_covers(shown, found), covered);
}

fn allowing(name: RefusalName, shown: Vec<Shown>) -> Circumstances {
    Circumstances { allowed: BTreeSet::from([name]), shown, ..settled() }
}

#[test]
fn an_allowance_stands_for_what_was_shown_and_a_tenth_more_then_it_is_refused_with_both_numbers() {
    let name = RefusalName::TooManyCreates;
    let refusals = judge(&creates(Side::Crm, 1_000), &LIMITS, &settled());
    let shown = remember(&[], |_| false, &refusals);
    assert_eq!(judge(&creates(Side::Crm, 1_100), &LIMITS, &allowing(name, shown.clone())), vec![]);
    let again = judge(&creates(Side::Crm, 1_101), &LIMITS, &allowing(name, shown.clone()));
    assert_eq!(names(&again), vec![(name, Some(Side::Crm), 1_101, 200)]);
    assert!(
        again[0].message.starts_with(
            "the allowance stands for what was shown and a tenth more: that was 1000, now there are 1101 records to be \
             created in CRM; 1101 records"
        ),
        "{}",
        again[0].message
    );
    // What was shown on one side says nothing about the other.
    let other = judge(&creates(Side::Flowtly, 300), &LIMITS, &allowing(name, shown.clone()));
    assert_eq!(names(&other), vec![(name, Some(Side::Flowtly), 300, 200)]);
    // Whoever was refused again was told the new number.
    let shown = remember(&shown, |allowed| allowed == name, &again);
    assert_eq!(judge(&creates(Side::Crm, 1_101), &LIMITS, &allowing(name, shown)), vec![]);
}

#[test]
fn what_a_refused_pass_never_showed_stands_as_it_was_found() {
    let shown = remember(&[], |_| false, &judge(&updates(Side::Crm, 1_000), &LIMITS, &settled()));
    assert_eq!(judge(&creates(Side::Crm, 1_101), &LIMITS, &allowing(RefusalName::TooManyCreates, shown)), vec![]);
    assert_eq!(judge(&creates(Side::Crm, 1_101), &LIMITS, &allowing(RefusalName::TooManyCreates, vec![])), vec![]);
}

#[test]
fn what_was_shown_falls_but_never_grows_unless_somebody_asked() {
    let name = RefusalName::TooManyCreates;
    let pass = |shown: &[Shown], count, asked: bool| {
        remember(shown, |_| asked, &judge(&creates(Side::Crm, count), &LIMITS, &settled()))
    };
    let found = |shown: &[Shown]| shown.iter().map(|shown| shown.number.found).collect::<Vec<_>>();
    let shown = pass(&[], 1_000, false);
    assert_eq!(found(&shown), [1_000]);
    let shown = pass(&shown, 60_000, false);
    assert_eq!(found(&shown), [1_000], "a later pass of the daemon, which nobody may have looked at");
    assert_eq!(judge(&creates(Side::Crm, 60_000), &LIMITS, &allowing(name, shown.clone())).len(), 1);
    let shown = pass(&shown, 900, false);
    assert_eq!(found(&shown), [900]);
    assert_eq!(found(&pass(&shown, 5_000, true)), [5_000]);
    let both = remember(&shown, |_| false, &judge(&creates(Side::Flowtly, 700), &LIMITS, &settled()));
    assert_eq!(found(&both), [900, 0], "a side that came later was not in what was shown");
}

#[test]
fn the_first_pass_is_allowed_for_each_of_its_numbers() {
    let first = Circumstances { first_pass: true, ..settled() };
    let totals = Totals {
        links: 1_000,
        creates: BTreeMap::from([(Side::Crm, 100)]),
        conflicts: 10,
        questions: 3,
        ..Totals::default()
    };
    let shown = remember(&[], |_| false, &judge(&totals, &LIMITS, &first));
    let allowed = Circumstances { first_pass: true, ..allowing(RefusalName::FirstPass, shown) };
    assert_eq!(judge(&totals, &LIMITS, &allowed), vec![]);
    let grown = Totals { links: 1_100, creates: BTreeMap::from([(Side::Crm, 110)]), conflicts: 11, ..totals.clone() };
    assert_eq!(judge(&grown, &LIMITS, &allowed), vec![]);
    // The same number of actions, but not the same plan: what was to be linked is to be created.
    let doubled = Totals { links: 0, creates: BTreeMap::from([(Side::Crm, 1_100)]), ..totals.clone() };
    let refusals = judge(&doubled, &LIMITS, &allowed);
    assert_eq!(refusals.len(), 1);
    assert!(refusals[0].message.contains("that was 100, now there are 1100 records to be created in CRM"));
    for unseen in [updates(Side::Flowtly, 1), blanked(Side::Crm, 1), pauses(Side::Crm, 1), creates(Side::Flowtly, 1)] {
        assert_eq!(judge(&unseen, &LIMITS, &allowed).len(), 1, "{unseen:?}");
    }
    let asks = Totals { questions: 50, ..totals };
    assert_eq!(judge(&asks, &LIMITS, &allowed), vec![], "asking harms nobody");
}
