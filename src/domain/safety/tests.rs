//! One table row per accident that a limit prevents.

use rstest::rstest;

use super::*;

const LIMITS: Limits = Limits {
    creates: Limit { count: 50, share: 0.10 },
    updates: Limit { count: 100, share: 0.20 },
    blanked: Limit { count: 20, share: 0.05 },
    shrink: Limit { count: 10, share: 0.05 },
};

/// A state that has had its first pass, with 1,000 companies and 1,000 contacts a side.
fn settled() -> Circumstances {
    let mut known = BTreeMap::new();
    for side in Side::BOTH {
        for kind in Kind::BOTH {
            known.insert((side, kind), 1_000);
        }
    }
    Circumstances { known, ..Circumstances::default() }
}

fn creates(side: Side, count: u64) -> Totals {
    Totals { creates: BTreeMap::from([(side, count)]), ..Totals::default() }
}

fn updates(side: Side, count: u64) -> Totals {
    Totals { updates: BTreeMap::from([(side, count)]), ..Totals::default() }
}

fn blanked(side: Side, count: u64) -> Totals {
    Totals { blanked: BTreeMap::from([(side, count)]), ..updates(side, 1) }
}

fn names(refusals: &[Refusal]) -> Vec<(RefusalName, Option<Side>, u64, u64)> {
    refusals.iter().map(|refusal| (refusal.name, refusal.side, refusal.found, refusal.allowed)).collect()
}

#[rstest]
#[case::a_lost_state_creates_the_whole_firm_again(creates as fn(Side, u64) -> Totals, RefusalName::TooManyCreates, 200)]
#[case::a_new_normal_form_rewrites_every_record(updates, RefusalName::TooManyUpdates, 400)]
#[case::a_property_that_was_emptied_by_mistake_clears_the_other_side(blanked, RefusalName::TooManyBlankedValues, 100)]
fn a_plan_beyond_count_and_share_is_refused(
    #[case] totals: fn(Side, u64) -> Totals,
    #[case] name: RefusalName,
    #[case] most: u64,
) {
    for side in Side::BOTH {
        assert_eq!(judge(&totals(side, most), &LIMITS, &settled()), vec![]);
        let refusals = judge(&totals(side, most + 1), &LIMITS, &settled());
        assert_eq!(names(&refusals), vec![(name, Some(side), most + 1, most)]);
        let allowed = Circumstances { allowed: BTreeSet::from([name]), ..settled() };
        assert_eq!(judge(&totals(side, most + 1), &LIMITS, &allowed), vec![]);
    }
}

#[rstest]
#[case::creates(creates as fn(Side, u64) -> Totals, RefusalName::TooManyCreates, 50)]
#[case::updates(updates, RefusalName::TooManyUpdates, 100)]
#[case::cleared_values(blanked, RefusalName::TooManyBlankedValues, 20)]
fn a_small_firm_is_not_stopped_by_its_share_and_an_unknown_one_is_ruled_by_the_count(
    #[case] totals: fn(Side, u64) -> Totals,
    #[case] name: RefusalName,
    #[case] count: u64,
) {
    let small = Circumstances { known: BTreeMap::from([((Side::Crm, Kind::Company), 3)]), ..Circumstances::default() };
    for circumstances in [small, Circumstances::default()] {
        assert_eq!(judge(&totals(Side::Crm, count), &LIMITS, &circumstances), vec![]);
        let refusals = judge(&totals(Side::Crm, count + 1), &LIMITS, &circumstances);
        assert_eq!(names(&refusals), vec![(name, Some(Side::Crm), count + 1, count)]);
    }
}

#[test]
fn the_share_is_of_the_records_of_that_side_alone() {
    let mut circumstances = settled();
    circumstances.known.retain(|(side, _), _| *side == Side::Flowtly);
    assert_eq!(judge(&creates(Side::Flowtly, 200), &LIMITS, &circumstances), vec![]);
    let refusals = judge(&creates(Side::Crm, 200), &LIMITS, &circumstances);
    assert_eq!(names(&refusals), vec![(RefusalName::TooManyCreates, Some(Side::Crm), 200, 50)]);
}

#[rstest]
#[case::creates(creates as fn(Side, u64) -> Totals, RefusalName::TooManyCreates, 200)]
#[case::updates(updates, RefusalName::TooManyUpdates, 400)]
#[case::cleared_values(blanked, RefusalName::TooManyBlankedValues, 100)]
fn a_storm_in_small_plans_is_stopped_by_the_sliding_day(
    #[case] totals: fn(Side, u64) -> Totals,
    #[case] name: RefusalName,
    #[case] most: u64,
) {
    let done = |side, count| Circumstances { done_today: totals(side, count), ..settled() };
    assert_eq!(judge(&totals(Side::Crm, 30), &LIMITS, &done(Side::Crm, most - 30)), vec![]);
    let refusals = judge(&totals(Side::Crm, 30), &LIMITS, &done(Side::Crm, most - 29));
    assert_eq!(names(&refusals), vec![(name, Some(Side::Crm), most + 1, most)]);
    assert_eq!(judge(&totals(Side::Crm, 30), &LIMITS, &done(Side::Flowtly, most)), vec![], "the other side's day");
    assert_eq!(judge(&Totals::default(), &LIMITS, &done(Side::Crm, most * 2)), vec![], "nothing more is planned");
}

#[test]
fn a_filter_that_hides_half_the_firm_is_not_taken_for_deletions() {
    let listed =
        |count| Circumstances { listed: BTreeMap::from([((Side::Crm, Kind::Contact), Some(count))]), ..settled() };
    assert_eq!(judge(&Totals::default(), &LIMITS, &listed(1_000)), vec![]);
    assert_eq!(judge(&Totals::default(), &LIMITS, &listed(1_200)), vec![]);
    assert_eq!(judge(&Totals::default(), &LIMITS, &listed(950)), vec![]);
    let refusals = judge(&Totals::default(), &LIMITS, &listed(949));
    assert_eq!(names(&refusals), vec![(RefusalName::ShrunkenListing, Some(Side::Crm), 51, 50)]);
    let allowed = Circumstances { allowed: BTreeSet::from([RefusalName::ShrunkenListing]), ..listed(0) };
    assert_eq!(judge(&Totals::default(), &LIMITS, &allowed), vec![]);
}

#[test]
fn a_few_records_of_a_small_side_may_go() {
    let circumstances = |listed| Circumstances {
        known: BTreeMap::from([((Side::Flowtly, Kind::Company), 12)]),
        listed: BTreeMap::from([((Side::Flowtly, Kind::Company), Some(listed))]),
        ..Circumstances::default()
    };
    assert_eq!(judge(&Totals::default(), &LIMITS, &circumstances(2)), vec![]);
    let refusals = judge(&Totals::default(), &LIMITS, &circumstances(1));
    assert_eq!(names(&refusals), vec![(RefusalName::ShrunkenListing, Some(Side::Flowtly), 11, 10)]);
}

#[test]
fn a_walk_whose_size_cannot_be_told_trips_and_one_that_was_not_made_does_not() {
    let circumstances = Circumstances { listed: BTreeMap::from([((Side::Crm, Kind::Company), None)]), ..settled() };
    let refusals = judge(&Totals::default(), &LIMITS, &circumstances);
    assert_eq!(names(&refusals), vec![(RefusalName::ShrunkenListing, Some(Side::Crm), 1_000, 50)]);
    let new_state = Circumstances { known: BTreeMap::new(), ..circumstances };
    assert_eq!(judge(&Totals::default(), &LIMITS, &new_state).len(), 1);
    assert_eq!(judge(&Totals::default(), &LIMITS, &settled()), vec![]);
}

#[test]
fn a_kind_that_nothing_was_known_of_cannot_shrink() {
    let circumstances =
        Circumstances { listed: BTreeMap::from([((Side::Crm, Kind::Company), Some(0))]), ..Circumstances::default() };
    assert_eq!(judge(&Totals::default(), &LIMITS, &circumstances), vec![]);
}

fn acting() -> Vec<Totals> {
    vec![
        creates(Side::Crm, 1),
        updates(Side::Flowtly, 1),
        Totals { links: 1, ..Totals::default() },
        Totals { stamps: 1, ..Totals::default() },
        Totals { conflicts: 1, ..Totals::default() },
        Totals { questions: 1, ..Totals::default() },
        Totals { local: 1, ..Totals::default() },
    ]
}

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

#[test]
fn refusals_come_in_the_order_of_their_names() {
    let mut totals = creates(Side::Crm, 5_000);
    totals.updates.insert(Side::Crm, 5_000);
    totals.blanked.insert(Side::Crm, 5_000);
    let circumstances = Circumstances {
        listed: BTreeMap::from([((Side::Crm, Kind::Company), None), ((Side::Flowtly, Kind::Contact), Some(0))]),
        ..settled()
    };
    let order: Vec<RefusalName> = judge(&totals, &LIMITS, &circumstances).iter().map(|refusal| refusal.name).collect();
    assert_eq!(
        order,
        vec![
            RefusalName::TooManyCreates,
            RefusalName::TooManyUpdates,
            RefusalName::TooManyBlankedValues,
            RefusalName::ShrunkenListing,
            RefusalName::ShrunkenListing,
        ]
    );
}

#[test]
fn every_refusal_tells_its_numbers_and_how_to_allow_it() {
    let totals = creates(Side::Crm, 812);
    let refusals = judge(&totals, &LIMITS, &Circumstances { done_today: creates(Side::Crm, 5), ..settled() });
    assert_eq!(
        refusals[0].message,
        "817 records to be created in CRM (812 in this plan, 5 within the last day), at most 200 of 2000 records; to allow \
         it once: `--allow too-many-creates`"
    );
    let circumstances = Circumstances {
        first_pass: true,
        listed: BTreeMap::from([((Side::Flowtly, Kind::Company), Some(3)), ((Side::Crm, Kind::Company), None)]),
        ..settled()
    };
    for refusal in judge(&totals, &LIMITS, &circumstances) {
        assert!(refusal.message.ends_with(&format!("`--allow {}`", refusal.name)), "{}", refusal.message);
        let number = if refusal.name == RefusalName::FirstPass { 812 } else { refusal.found };
        assert!(refusal.message.contains(&number.to_string()), "{}", refusal.message);
    }
}

#[rstest]
#[case::not_a_number(f64::NAN)]
#[case::negative(-0.5)]
#[case::more_than_all(1.5)]
#[case::without_end(f64::INFINITY)]
fn a_share_that_cannot_be_evaluated_allows_nothing(#[case] share: f64) {
    let limits = Limits { creates: Limit { count: 50, share }, ..LIMITS };
    assert_eq!(judge(&creates(Side::Crm, 50), &limits, &settled()), vec![]);
    assert_eq!(judge(&creates(Side::Crm, 51), &limits, &settled()).len(), 1);
}

#[test]
fn a_share_is_not_one_short_for_being_binary() {
    let limits = Limits { creates: Limit { count: 0, share: 0.29 }, ..LIMITS };
    let hundred = Circumstances { known: BTreeMap::from([((Side::Crm, Kind::Company), 100)]), ..settled() };
    assert_eq!(judge(&creates(Side::Crm, 29), &limits, &hundred), vec![]);
    assert_eq!(judge(&creates(Side::Crm, 30), &limits, &hundred).len(), 1);
}

#[test]
fn a_share_of_all_or_nothing_is_one() {
    let limits = |share| Limits { creates: Limit { count: 0, share }, ..LIMITS };
    assert_eq!(judge(&creates(Side::Crm, 2_000), &limits(1.0), &settled()), vec![]);
    assert_eq!(judge(&creates(Side::Crm, 2_001), &limits(1.0), &settled()).len(), 1);
    assert_eq!(judge(&creates(Side::Crm, 1), &limits(0.0), &settled()).len(), 1);
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

#[test]
fn a_refusal_is_parsed_from_the_word_that_it_shows() {
    for name in RefusalName::ALL {
        assert_eq!(RefusalName::parse(&name.to_string()), Some(name));
    }
    assert_eq!(RefusalName::parse("too-many"), None);
}
