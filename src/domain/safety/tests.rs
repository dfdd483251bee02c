//! One table row per accident that a limit prevents.

use rstest::rstest;

use super::*;

const LIMITS: Limits = Limits {
    creates: Limit { count: 50, share: 0.10 },
    updates: Limit { count: 100, share: 0.20 },
    blanked: Limit { count: 20, share: 0.05 },
    links: Limit { count: 40, share: 0.10 },
    conflicts: Limit { count: 30, share: 0.05 },
    pauses: Limit { count: 20, share: 0.05 },
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

fn links(_: Side, count: u64) -> Totals {
    Totals { links: count, ..Totals::default() }
}

fn conflicts(_: Side, count: u64) -> Totals {
    Totals { conflicts: count, ..Totals::default() }
}

fn pauses(side: Side, count: u64) -> Totals {
    Totals { local: count, pauses: BTreeMap::from([(side, count)]), ..Totals::default() }
}

#[rstest]
#[case::a_placeholder_tax_number_joins_strangers(links as fn(Side, u64) -> Totals, RefusalName::TooManyLinks, None, 200)]
#[case::two_robots_write_every_record_on_both_sides(conflicts, RefusalName::TooManyConflicts, None, 100)]
#[case::somebody_archives_the_whole_portal(pauses, RefusalName::TooManyPauses, Some(Side::Crm), 100)]
fn a_flood_is_refused_and_counts_with_what_was_done_today(
    #[case] totals: fn(Side, u64) -> Totals,
    #[case] name: RefusalName,
    #[case] side: Option<Side>,
    #[case] most: u64,
) {
    assert_eq!(judge(&totals(Side::Crm, most), &LIMITS, &settled()), vec![]);
    let refusals = judge(&totals(Side::Crm, most + 1), &LIMITS, &settled());
    assert_eq!(names(&refusals), vec![(name, side, most + 1, most)]);
    let after = Circumstances { done_today: totals(Side::Crm, most), ..settled() };
    assert_eq!(names(&judge(&totals(Side::Crm, 1), &LIMITS, &after)), vec![(name, side, most + 1, most)]);
    assert_eq!(judge(&Totals::default(), &LIMITS, &after), vec![]);
    let first = Circumstances { first_pass: true, allowed: BTreeSet::from([RefusalName::FirstPass]), ..settled() };
    assert_eq!(judge(&totals(Side::Crm, most + 1), &LIMITS, &first), vec![]);
}

#[test]
fn pairs_are_measured_by_the_side_that_has_fewer_records() {
    let mut circumstances = settled();
    circumstances.known.insert((Side::Flowtly, Kind::Company), 0);
    circumstances.known.insert((Side::Flowtly, Kind::Contact), 500);
    assert_eq!(judge(&links(Side::Crm, 50), &LIMITS, &circumstances), vec![]);
    let refusals = judge(&links(Side::Crm, 51), &LIMITS, &circumstances);
    assert_eq!(names(&refusals), vec![(RefusalName::TooManyLinks, None, 51, 50)]);
    assert!(refusals[0].message.contains("50 of 500 records of the side that has fewer"), "{}", refusals[0].message);
}

fn uneven(told: Option<u64>, shown: u64) -> Circumstances {
    let not_whole = BTreeMap::from([((Side::Flowtly, Kind::Company), Uneven { told, shown })]);
    Circumstances { not_whole, ..settled() }
}

#[test]
fn a_walk_that_was_not_whole_refuses_what_rests_on_knowing_every_record() {
    for totals in [links(Side::Crm, 1), creates(Side::Crm, 1), creates(Side::Flowtly, 1)] {
        let refusals = judge(&totals, &LIMITS, &uneven(Some(500), 300));
        assert_eq!(names(&refusals), vec![(RefusalName::WalkNotWhole, Some(Side::Flowtly), 200, 0)]);
        assert!(refusals[0].message.contains("told of 500 and showed 300"), "{}", refusals[0].message);
        // Allowing the first pass does not stand for it.
        let first = Circumstances {
            first_pass: true,
            allowed: BTreeSet::from([RefusalName::FirstPass]),
            ..uneven(Some(500), 300)
        };
        assert_eq!(judge(&totals, &LIMITS, &first).len(), 1);
        let allowed = Circumstances { allowed: BTreeSet::from([RefusalName::WalkNotWhole]), ..uneven(Some(500), 300) };
        assert_eq!(judge(&totals, &LIMITS, &allowed), vec![]);
    }
    let idle = [
        Totals::default(),
        creates(Side::Crm, 0),
        updates(Side::Crm, 1),
        pauses(Side::Crm, 1),
        conflicts(Side::Crm, 1),
    ];
    for totals in idle {
        assert_eq!(judge(&totals, &LIMITS, &uneven(Some(500), 300)), vec![], "{totals:?}");
    }
    let moved = judge(&links(Side::Crm, 1), &LIMITS, &uneven(Some(300), 300));
    assert_eq!(moved[0].found, 1, "the totals moved while it was read: {}", moved[0].message);
    assert_eq!(judge(&links(Side::Crm, 1), &LIMITS, &uneven(None, 7))[0].found, 7);
}

fn canaries(asked: u64, seen: Option<u64>, named: bool) -> Circumstances {
    let unseen = vec![Example::of_record(Side::Crm, Kind::Company, RemoteId::new("900"))];
    let canaries = BTreeMap::from([(Side::Crm, Canaries { asked, seen, named, unseen })]);
    Circumstances { canaries, ..settled() }
}

#[rstest]
#[case::none_before_the_first_link(0, Some(0), false, None)]
#[case::one_of_the_lowest_is_enough(3, Some(1), false, None)]
#[case::none_of_the_lowest(3, Some(0), false, Some(3))]
#[case::the_only_one(1, Some(0), false, Some(1))]
#[case::every_named_one(2, Some(2), true, None)]
#[case::a_named_one_is_missing(2, Some(1), true, Some(1))]
#[case::it_could_not_be_told(2, None, false, Some(2))]
#[case::it_could_not_be_told_and_there_are_none(0, None, false, None)]
#[case::it_could_not_be_told_of_named_ones(2, None, true, Some(2))]
fn a_side_where_the_pairs_are_not_is_refused(
    #[case] asked: u64,
    #[case] seen: Option<u64>,
    #[case] named: bool,
    #[case] missing: Option<u64>,
) {
    // Also where the plan does nothing: something is wrong, and a person should know.
    let refusals = judge(&Totals::default(), &LIMITS, &canaries(asked, seen, named));
    let found: Vec<_> = refusals.iter().map(|refusal| (refusal.name, refusal.side, refusal.found)).collect();
    let expected: Vec<_> =
        missing.map(|missing| (RefusalName::CanaryNotSeen, Some(Side::Crm), missing)).into_iter().collect();
    assert_eq!(found, expected);
    assert!(refusals.iter().all(|refusal| refusal.ids() == "company CRM 900"), "{refusals:?}");
    let allowed =
        Circumstances { allowed: BTreeSet::from([RefusalName::CanaryNotSeen]), ..canaries(asked, seen, named) };
    assert_eq!(judge(&Totals::default(), &LIMITS, &allowed), vec![]);
}

/// Each guard with what it needs taken away.
#[rstest]
#[case::creates(creates as fn(Side, u64) -> Totals)]
#[case::updates(updates)]
#[case::cleared_values(blanked)]
#[case::links(links)]
#[case::conflicts(conflicts)]
#[case::pauses(pauses)]
fn a_count_that_cannot_be_held_against_a_share_trips(#[case] totals: fn(Side, u64) -> Totals) {
    let limits = |share| {
        let limit = Limit { count: 10, share };
        Limits {
            creates: limit,
            updates: limit,
            blanked: limit,
            links: limit,
            conflicts: limit,
            pauses: limit,
            shrink: limit,
        }
    };
    assert_eq!(judge(&totals(Side::Crm, 11), &limits(0.5), &settled()), vec![]);
    for share in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
        assert_eq!(judge(&totals(Side::Crm, 11), &limits(share), &settled()).len(), 1, "{share}");
    }
    assert_eq!(judge(&totals(Side::Crm, 11), &limits(0.5), &Circumstances::default()).len(), 1, "nothing is known");
    let endless = Circumstances { done_today: totals(Side::Crm, u64::MAX), ..settled() };
    assert_eq!(judge(&totals(Side::Crm, 1), &limits(0.5), &endless).len(), 1);
}

#[test]
fn a_shrink_that_cannot_be_held_against_a_share_trips() {
    let listed = |count| Circumstances { listed: BTreeMap::from([((Side::Crm, Kind::Company), count)]), ..settled() };
    let limits = |share| Limits { shrink: Limit { count: 10, share }, ..LIMITS };
    assert_eq!(judge(&Totals::default(), &limits(0.5), &listed(Some(900))), vec![]);
    assert_eq!(judge(&Totals::default(), &limits(f64::NAN), &listed(Some(900))).len(), 1);
    assert_eq!(judge(&Totals::default(), &limits(0.5), &listed(None)).len(), 1);
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

#[test]
fn every_refusal_says_what_was_found_what_is_allowed_and_how_to_allow_it() {
    let totals = Totals {
        links: 300,
        creates: BTreeMap::from([(Side::Crm, 812)]),
        updates: BTreeMap::from([(Side::Flowtly, 900)]),
        blanked: BTreeMap::from([(Side::Flowtly, 500)]),
        conflicts: 150,
        local: 400,
        pauses: BTreeMap::from([(Side::Crm, 400)]),
        ..Totals::default()
    };
    let canary = |asked, seen, named| Canaries { asked, seen, named, unseen: vec![] };
    let not_whole = BTreeMap::from([
        ((Side::Flowtly, Kind::Company), Uneven { told: Some(500), shown: 300 }),
        ((Side::Flowtly, Kind::Contact), Uneven { told: None, shown: 300 }),
    ]);
    let circumstances = Circumstances {
        listed: BTreeMap::from([((Side::Flowtly, Kind::Company), Some(3)), ((Side::Crm, Kind::Contact), None)]),
        not_shown: BTreeMap::from([(
            (Side::Flowtly, Kind::Company),
            (1..9).map(|n| RemoteId::new(n.to_string())).collect(),
        )]),
        not_whole,
        canaries: BTreeMap::from([(Side::Flowtly, canary(3, Some(0), false)), (Side::Crm, canary(4, Some(2), true))]),
        done_today: Totals { conflicts: 7, ..creates(Side::Crm, 5) },
        ..settled()
    };
    let refusals = judge(&totals, &LIMITS, &circumstances);
    let told: Vec<String> = refusals
        .iter()
        .map(|refusal| {
            let ending = format!("; to allow it once: `--allow {}`", refusal.name);
            let says = refusal.message.strip_suffix(&ending).expect("how to allow it");
            format!("{} {}/{} {says}", refusal.name, refusal.found, refusal.allowed)
        })
        .collect();
    assert_eq!(
        told,
        [
            "too-many-creates 817/200 817 records to be created in CRM (812 in this plan, 5 within the last day), at most \
             200 of 2000 records",
            "too-many-updates 900/400 900 records to be updated in Flowtly (900 in this plan, 0 within the last day), at \
             most 400 of 2000 records",
            "too-many-blanked-values 500/100 500 values to be cleared in Flowtly (500 in this plan, 0 within the last day), \
             at most 100 of 2000 records",
            "too-many-links 300/200 300 links to be made (300 in this plan, 0 within the last day), at most 200 of 2000 \
             records of the side that has fewer",
            "too-many-conflicts 157/100 157 new conflicts (150 in this plan, 7 within the last day), at most 100 of 2000 \
             records of the side that has fewer",
            "too-many-pauses 400/100 400 pairs archived, gone or merged in CRM (400 in this plan, 0 within the last day), at \
             most 100 of 2000 records",
            "shrunken-listing 997/50 Flowtly shows 3 company records and had 1000: 997 fewer, at most 50 may be missing; \
             look whether the account, the permissions or a filter changed",
            "shrunken-listing 1000/50 how many contact records CRM has could not be told, and it had 1000; repeat the pass \
             first",
            "walk-not-whole 200/0 the list of company records in Flowtly could not be read whole: it told of 500 and showed \
             300; the plan links or creates records, for which every one must be known; repeat the pass first",
            "walk-not-whole 300/0 the list of contact records in Flowtly could not be read whole: it told of no number and \
             showed 300; the plan links or creates records, for which every one must be known; repeat the pass first",
            "canary-not-seen 3/2 none of the 3 lowest pairs was found in Flowtly; look whether the account or the \
             permissions changed",
            "canary-not-seen 2/0 2 of the 4 pairs that limits.canaries names were found in CRM; look whether the account or \
             the permissions changed, or name others",
        ]
    );
    let shrunken = &refusals[6];
    assert_eq!(shrunken.examples.len(), FEW);
    assert_eq!(refusals[8].examples, shrunken.examples);
    // Each name has words of its own where an allowance is held against what was shown.
    let shown = remember(&[], |_| false, &judge(&updates(Side::Crm, 1), &LIMITS, &circumstances));
    let allowed = |name| Circumstances { allowed: BTreeSet::from([name]), shown: shown.clone(), ..settled() };
    let listed = BTreeMap::from([((Side::Flowtly, Kind::Company), Some(0)), ((Side::Crm, Kind::Contact), Some(0))]);
    let grown = Circumstances { listed, ..allowed(RefusalName::ShrunkenListing) };
    assert_eq!(judge(&Totals::default(), &LIMITS, &grown), vec![], "a tenth more");
    let listed = BTreeMap::from([((Side::Flowtly, Kind::Contact), Some(0))]);
    let grown = Circumstances { listed, ..allowed(RefusalName::ShrunkenListing) };
    let again = judge(&Totals::default(), &LIMITS, &grown);
    assert!(
        again[0].message.starts_with(
            "the allowance stands for what was shown and a tenth more: that was 0, now there are 1000 records not shown in \
             Flowtly (contact); Flowtly shows 0 contact records"
        ),
        "{}",
        again[0].message
    );
    let words: BTreeSet<&str> = RefusalName::ALL.into_iter().map(RefusalName::counts).collect();
    assert_eq!(words.len(), RefusalName::ALL.len());
    assert!(!words.contains(""));
}

mod examples {
    use super::*;
    use crate::domain::field::Field;
    use crate::domain::plan::{Action, ActionId, Change, KeyKind, Op, Reason, RecordRef};
    use crate::domain::value::Text;

    fn action(id: u32, op: Op, reason: Reason) -> Action {
        let record = |side| Some(RecordRef { side, id: RemoteId::new(id.to_string()), parent: None });
        Action {
            id: ActionId(id),
            kind: Kind::Company,
            label: format!("Firma {id}"),
            link: None,
            flowtly: record(Side::Flowtly),
            crm: record(Side::Crm),
            op,
            reason,
        }
    }

    fn update(id: u32, cleared: usize, changed: usize) -> Action {
        let change = |after: &str| Change {
            field: Field::Phone,
            before: Text::whole("before"),
            after: Text::whole(after),
            source: Text::whole(after),
            reason: Reason::Moved { side: Side::Flowtly },
        };
        let all = (0..cleared).map(|_| change("")).chain((0..changed).map(|_| change("after"))).collect();
        action(id, Op::Update { side: Side::Crm, changes: all }, Reason::Moved { side: Side::Flowtly })
    }

    fn ids(examples: &[Example]) -> Vec<&str> {
        examples.iter().filter_map(|example| example.flowtly.as_ref()).map(RemoteId::as_str).collect()
    }

    #[test]
    fn the_records_with_the_most_cleared_values_come_first_and_only_a_few_are_kept() {
        let mut worst = Worst::default();
        for (id, cleared) in (1..).zip([1, 2, 1, 9, 1, 1, 3]) {
            worst.note(&update(id, cleared, 1));
        }
        worst.note(&update(8, 0, 20));
        let blanked = worst.of(RefusalName::TooManyBlankedValues, Some(Side::Crm));
        assert_eq!(ids(&blanked), ["4", "7", "2", "1", "3"]);
        assert_eq!(blanked[0].values, Some(9));
        assert_eq!(ids(&worst.of(RefusalName::TooManyUpdates, Some(Side::Crm)))[0], "8");
        assert_eq!(worst.of(RefusalName::TooManyBlankedValues, Some(Side::Flowtly)), []);
    }

    #[test]
    fn the_links_for_which_least_speaks_come_first_and_creates_in_their_order() {
        let mut worst = Worst::default();
        let keys = [KeyKind::StoredId, KeyKind::TaxNumber, KeyKind::NameAndCountry, KeyKind::Configured(0)];
        for (id, by) in (1..).zip(keys) {
            worst.note(&action(id, Op::Link, Reason::Matched { by }));
        }
        assert_eq!(ids(&worst.of(RefusalName::TooManyLinks, None)), ["4", "3", "2", "1"]);
        for id in 10..20 {
            worst.note(&action(id, Op::Create { side: Side::Crm, fields: vec![], parent: None }, Reason::New));
            worst.note(&action(id, Op::Pause { side: Side::Crm }, Reason::Archived { side: Side::Crm }));
        }
        assert_eq!(ids(&worst.of(RefusalName::TooManyCreates, Some(Side::Crm))), ["10", "11", "12", "13", "14"]);
        assert_eq!(ids(&worst.of(RefusalName::TooManyPauses, Some(Side::Crm))), ["10", "11", "12", "13", "14"]);
        assert_eq!(worst.overall().len(), FEW);
    }

    #[test]
    fn the_less_speaks_for_a_link_the_worse_it_is() {
        let keys = [
            KeyKind::StoredId,
            KeyKind::TaxNumber,
            KeyKind::EmailAndName,
            KeyKind::NameAndCountry,
            KeyKind::Email,
            KeyKind::Configured(1),
            KeyKind::Name,
        ];
        let by_hand = (1, Reason::LinkedByHand);
        let reasons: Vec<(u32, Reason)> =
            std::iter::once(by_hand).chain((2..).zip(keys.map(|by| Reason::Matched { by }))).collect();
        for two in reasons.windows(2) {
            let mut worst = Worst::default();
            for (id, reason) in two {
                worst.note(&action(*id, Op::Link, reason.clone()));
            }
            let order = [two[1].0.to_string(), two[0].0.to_string()];
            assert_eq!(ids(&worst.of(RefusalName::TooManyLinks, None)), order);
        }
    }

    #[test]
    fn a_first_pass_shows_what_it_clears_before_what_it_creates_and_links() {
        let mut worst = Worst::default();
        worst.note(&action(1, Op::Link, Reason::LinkedByHand));
        worst.note(&action(2, Op::Create { side: Side::Flowtly, fields: vec![], parent: None }, Reason::New));
        worst.note(&update(3, 1, 0));
        worst.note(&update(4, 0, 9));
        let first = Circumstances { first_pass: true, worst, ..settled() };
        assert_eq!(ids(&judge(&creates(Side::Crm, 1), &LIMITS, &first)[0].examples), ["3", "2", "1"]);
    }

    #[test]
    fn a_refusal_carries_them_and_its_message_and_ids_hold_no_names() {
        let mut worst = Worst::default();
        worst.note(&update(4, 2, 0));
        let refusals = judge(&blanked(Side::Crm, 500), &LIMITS, &Circumstances { worst, ..settled() });
        assert_eq!(refusals[0].examples[0].label, "Firma 4");
        assert_eq!(refusals[0].ids(), "company Flowtly 4, CRM 4");
        assert!(!refusals[0].message.contains("Firma"), "{}", refusals[0].message);
    }
}
